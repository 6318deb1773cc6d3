//! The shop's books: stock locations, inventory items, reservations, orders.

use super::SimulatorSettings;
use super::records::{Counters, Exchange, Faults, Refusal, Sale, Write};
use omnistock_sdk::now;
use omnistock_words::{Millis, Quantity};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::collections::{BTreeMap, VecDeque};
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
        let variant = super::price::Variant::new(self);
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

    fn reserve(
        &mut self,
        line: Option<String>,
        item: &str,
        location: &str,
        quantity: Quantity,
    ) -> Result<String, Refusal> {
        let level = self.level(item, location).ok_or(Refusal::NotListed)?;
        if level.available() < quantity {
            return Err(Refusal::SoldOut);
        }
        level.reserved += quantity;
        let id = self.id("resitem");
        self.reservations.insert(
            id.clone(),
            Reservation {
                line,
                item: item.to_owned(),
                location: location.to_owned(),
                quantity,
            },
        );
        Ok(id)
    }

    pub(super) fn reserve_by_hand(&mut self, sku: &str, location: &str, quantity: Quantity) -> Result<String, Refusal> {
        let item = self.item(sku).map(|(id, _)| id.clone()).ok_or(Refusal::NotListed)?;
        self.reserve(None, &item, location, quantity)
    }

    pub(super) fn check_out(&mut self, sku: &str, units: i64) -> Result<String, Refusal> {
        if self.faults.outage {
            return Err(Refusal::Unreachable);
        }
        let quantity = Quantity::whole(units);
        let (item, found) = self.item(sku).ok_or(Refusal::NotListed)?;
        let location = found.levels.iter().find(|(_, level)| level.available() >= quantity);
        let (item, location) = (
            item.clone(),
            location.map(|(id, _)| id.clone()).ok_or(Refusal::SoldOut)?,
        );
        let (order, line) = self.open(sku, quantity, "pending");
        self.reserve(Some(line.clone()), &item, &location, quantity)?;
        self.sales.push(Sale {
            at: now(),
            sku: sku.to_owned(),
            units,
            order: order.clone(),
            line,
        });
        Ok(order)
    }

    pub(super) fn draft(&mut self, sku: &str, units: i64) -> Result<String, Refusal> {
        self.item(sku).ok_or(Refusal::NotListed)?;
        Ok(self.open(sku, Quantity::whole(units), "draft").0)
    }

    fn open(&mut self, sku: &str, quantity: Quantity, status: &'static str) -> (String, String) {
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

    /// Takes `quantity` off a line's reservation and its level; off the stock as well where it is `packed`.
    fn release(&mut self, line: &str, quantity: Quantity, packed: bool) {
        let found = self
            .reservations
            .iter_mut()
            .find(|(_, held)| held.line.as_deref() == Some(line));
        let Some((id, held)) = found else { return };
        held.quantity -= quantity;
        let (id, item, location, rest) = (id.clone(), held.item.clone(), held.location.clone(), held.quantity);
        if !rest.is_positive() {
            self.reservations.remove(&id);
        }
        if let Some(level) = self.level(&item, &location) {
            level.reserved -= quantity;
            if packed {
                level.stocked -= quantity;
            }
        }
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

    /// An order edit that is confirmed: the line's reservation follows. False where so many are not there, or some are packed.
    pub(super) fn edit(&mut self, id: &str, quantity: Quantity) -> bool {
        let open = |order: &&mut Order| order.status == "pending" && order.fulfilled.is_zero();
        let Some(order) = self.orders.get_mut(id).filter(open) else {
            return false;
        };
        let (line, more) = (order.line.clone(), quantity - order.quantity);
        let mut reservations = self.reservations.values_mut();
        let Some(held) = reservations.find(|held| held.line.as_deref() == Some(line.as_str())) else {
            return false;
        };
        let levels = self.items.get_mut(&held.item).map(|item| &mut item.levels);
        let Some(level) = levels.and_then(|levels| levels.get_mut(&held.location)) else {
            return false;
        };
        if level.available() < more {
            return false;
        }
        (level.reserved, held.quantity) = (level.reserved + more, quantity);
        (order.version, order.updated_at, order.quantity) = (order.version + 1, now(), quantity);
        true
    }

    pub(super) fn remove_product(&mut self, sku: &str) {
        self.items.retain(|_, item| item.sku != sku);
    }

    pub(super) fn shown(&self, sku: &str) -> Option<i64> {
        let (_, item) = self.item(sku)?;
        Some(units(item.levels.values().map(|level| level.available()).sum()))
    }

    pub(super) fn level_of(&self, sku: &str, location: &str) -> Option<(i64, i64)> {
        let level = self.item(sku)?.1.levels.get(location)?;
        Some((units(level.stocked), units(level.reserved)))
    }
}
