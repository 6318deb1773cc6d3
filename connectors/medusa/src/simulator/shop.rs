//! The shop's books: stock locations, inventory items, reservations, orders.

use super::SimulatorSettings;
use super::records::{Counters, Exchange, Faults, Refusal, Sale, Write};
use omnistock_sdk::now;
use omnistock_words::{Millis, Quantity};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;
use tokio::time::Instant;

pub(super) const EMAIL: &str = "admin@example.test";
pub(super) const PASSWORD: &str = "password-c0ffee5ec4e7-of-the-simulator";
pub(super) const API_KEY: &str = "sk_c0ffee5ec4e789abcdef0123456789abcdef0123456789abcdef0123456789ab";

/// Exchanges that are remembered; older ones are forgotten.
const MOST_EXCHANGES: usize = 2_000;

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Level {
    pub(super) stocked: Quantity,
    pub(super) reserved: Quantity,
}

impl Level {
    pub(super) fn available(self) -> Quantity {
        self.stocked - self.reserved
    }
}

pub(super) struct Item {
    pub(super) sku: String,
    pub(super) variant: super::price::Variant,
    pub(super) levels: BTreeMap<String, Level>,
}

pub(super) struct Reservation {
    pub(super) line: Option<String>,
    pub(super) item: String,
    pub(super) location: String,
    pub(super) quantity: Quantity,
    /// Of the item for one unit of the line.
    pub(super) each: i64,
}

pub(super) struct Parcel {
    pub(super) created_at: Millis,
    pub(super) shipped_at: Option<Millis>,
}

/// An order with its one line.
pub(super) struct Order {
    pub(super) status: &'static str,
    pub(super) version: u32,
    pub(super) created_at: Millis,
    pub(super) updated_at: Millis,
    pub(super) canceled_at: Option<Millis>,
    pub(super) line: String,
    pub(super) sku: String,
    pub(super) quantity: Quantity,
    pub(super) fulfilled: Quantity,
    pub(super) shipped: Quantity,
    /// Came back and are not for sale any more.
    pub(super) dismissed: Quantity,
    pub(super) parcels: Vec<Parcel>,
}

pub(super) struct Shop {
    pub(super) faults: Faults,
    pub(super) counters: Counters,
    pub(super) sales: Vec<Sale>,
    pub(super) writes: Vec<Write>,
    pub(super) token_life: Duration,
    pub(super) tokens: BTreeMap<String, Instant>,
    pub(super) api_key_revoked: bool,
    /// The admin user may not log in any more.
    pub(super) locked_out: bool,
    pub(super) locations: BTreeMap<String, String>,
    pub(super) items: BTreeMap<String, Item>,
    /// Items whose own variants take other items, too.
    pub(super) kits: BTreeSet<String>,
    pub(super) reservations: BTreeMap<String, Reservation>,
    pub(super) orders: BTreeMap<String, Order>,
    random: StdRng,
    made: u64,
    /// Whether exchanges are kept: they are large.
    pub(super) remembers: bool,
    pub(super) exchanges: VecDeque<Exchange>,
}

/// Whole units, for logs.
pub(super) fn units(quantity: Quantity) -> i64 {
    quantity.floor(0).as_whole().unwrap_or_default()
}

impl Shop {
    pub(super) fn remember(&mut self, exchange: Exchange) {
        if self.exchanges.len() >= MOST_EXCHANGES {
            self.exchanges.pop_front();
        }
        self.exchanges.push_back(exchange);
    }

    pub(super) fn new(settings: &SimulatorSettings) -> Self {
        Self {
            remembers: false,
            exchanges: VecDeque::new(),
            faults: settings.faults.clone(),
            counters: Counters::default(),
            sales: Vec::new(),
            writes: Vec::new(),
            token_life: settings.token_life,
            tokens: BTreeMap::new(),
            api_key_revoked: false,
            locked_out: false,
            locations: BTreeMap::new(),
            items: BTreeMap::new(),
            kits: BTreeSet::new(),
            reservations: BTreeMap::new(),
            orders: BTreeMap::new(),
            random: StdRng::seed_from_u64(settings.seed),
            made: 0,
        }
    }

    /// Whether something of this rate happens now.
    pub(super) fn happens(&mut self, rate: f64) -> bool {
        rate > 0.0 && self.random.random::<f64>() < rate
    }

    /// An id that sorts by age, as the vendor's do.
    pub(super) fn id(&mut self, prefix: &str) -> String {
        self.made += 1;
        format!("{prefix}_01{:024}", self.made)
    }

    pub(super) fn add_location(&mut self, name: &str) -> String {
        let id = self.id("sloc");
        self.locations.insert(id.clone(), name.to_owned());
        id
    }

    pub(super) fn add_product(&mut self, sku: &str, levels: &[(String, i64)]) -> String {
        let id = self.id("iitem");
        let variant = super::price::Variant::new(self, &id);
        let level = |stocked: i64| Level {
            stocked: Quantity::whole(stocked),
            reserved: Quantity::ZERO,
        };
        let levels = levels
            .iter()
            .map(|(location, stocked)| (location.clone(), level(*stocked)))
            .collect();
        self.items.insert(
            id.clone(),
            Item {
                sku: sku.to_owned(),
                variant,
                levels,
            },
        );
        id
    }

    pub(super) fn item(&self, sku: &str) -> Option<(&String, &Item)> {
        self.items.iter().find(|(_, item)| item.sku == sku)
    }

    pub(super) fn level(&mut self, item: &str, location: &str) -> Option<&mut Level> {
        self.items.get_mut(item)?.levels.get_mut(location)
    }

    pub(super) fn set_stock(&mut self, sku: &str, location: &str, quantity: Quantity) -> bool {
        let id = self.item(sku).map(|(id, _)| id.clone()).unwrap_or_default();
        let level = self.level(&id, location).filter(|_| !quantity.is_negative());
        level.map(|level| level.stocked = quantity).is_some()
    }

    pub(super) fn draft(&mut self, sku: &str, units: i64) -> Result<String, Refusal> {
        self.item(sku).ok_or(Refusal::NotListed)?;
        Ok(self.open(sku, Quantity::whole(units), "draft").0)
    }

    pub(super) fn open(&mut self, sku: &str, quantity: Quantity, status: &'static str) -> (String, String) {
        let (order, line, at) = (self.id("order"), self.id("ordli"), now());
        let books = Order {
            status,
            version: 1,
            created_at: at,
            updated_at: at,
            canceled_at: None,
            line: line.clone(),
            sku: sku.to_owned(),
            quantity,
            fulfilled: Quantity::ZERO,
            shipped: Quantity::ZERO,
            dismissed: Quantity::ZERO,
            parcels: Vec::new(),
        };
        self.orders.insert(order.clone(), books);
        (order, line)
    }

    pub(super) fn cancel(&mut self, id: &str) -> bool {
        let Some(order) = self
            .orders
            .get_mut(id)
            .filter(|order| order.status == "pending" && order.fulfilled.is_zero())
        else {
            return false;
        };
        (order.status, order.version, order.updated_at) = ("canceled", order.version + 1, now());
        order.canceled_at = Some(order.updated_at);
        let (line, quantity) = (order.line.clone(), order.quantity);
        self.release(&line, quantity, false);
        true
    }

    pub(super) fn pack(&mut self, id: &str, units: Quantity) -> bool {
        let Some(order) = self.orders.get_mut(id).filter(|order| order.status == "pending") else {
            return false;
        };
        if !units.is_positive() || order.fulfilled + units > order.quantity {
            return false;
        }
        order.fulfilled += units;
        (order.version, order.updated_at) = (order.version + 1, now());
        order.parcels.push(Parcel {
            created_at: order.updated_at,
            shipped_at: None,
        });
        let line = order.line.clone();
        self.release(&line, units, true);
        true
    }

    /// Hands over what is packed, and no more.
    pub(super) fn hand_over(&mut self, id: &str) -> bool {
        let Some(order) = self
            .orders
            .get_mut(id)
            .filter(|order| order.status == "pending" && order.fulfilled.is_positive())
        else {
            return false;
        };
        (order.version, order.updated_at, order.shipped) = (order.version + 1, now(), order.fulfilled);
        for parcel in &mut order.parcels {
            parcel.shipped_at.get_or_insert(order.updated_at);
        }
        true
    }

    pub(super) fn fulfil(&mut self, id: &str) -> bool {
        let Some(left) = self.orders.get(id).map(|order| order.quantity - order.fulfilled) else {
            return false;
        };
        if left.is_positive() && !self.pack(id, left) {
            return false;
        }
        self.hand_over(id)
    }

    /// Everything that was handed over comes back damaged: nothing is stocked again.
    pub(super) fn take_back(&mut self, id: &str) -> bool {
        let Some(order) = self.orders.get_mut(id).filter(|order| order.shipped.is_positive()) else {
            return false;
        };
        (order.version, order.updated_at, order.dismissed) = (order.version + 1, now(), order.shipped);
        true
    }

    pub(super) fn remove_product(&mut self, sku: &str) {
        self.items.retain(|_, item| item.sku != sku);
    }

    pub(super) fn level_of(&self, sku: &str, location: &str) -> Option<(i64, i64)> {
        let level = self.item(sku)?.1.levels.get(location)?;
        Some((units(level.stocked), units(level.reserved)))
    }
}
