//! The shop's books: locations, items, levels, and the logs.

use super::SimulatorSettings;
use super::bucket::Bucket;
use super::deliver::Pending;
use super::hooks::Hook;
use super::orders::Order;
use super::records::{Counters, Exchange, Faults, Sale, Write};
use omnistock_sdk::now;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use tokio::time::Instant;

pub(super) const TOKEN: &str = "shpat_c0ffee5ec4e789abcdef0123456789ab";
pub(super) const CLIENT_ID: &str = "0123456789abcdef0123456789abcdef";
pub(super) const CLIENT_SECRET: &str = "shpss_c0ffee5ec4e7-of-the-simulator";

/// What an app needs for everything that the connector does.
pub(super) const SCOPES: [&str; 8] = [
    "read_products",
    "write_products",
    "write_inventory",
    "read_inventory",
    "read_locations",
    "read_orders",
    "read_merchant_managed_fulfillment_orders",
    "read_third_party_fulfillment_orders",
];

/// The largest number that the shop holds.
pub(super) const BOUND: i64 = 1_000_000_000;

/// Exchanges that are remembered; older ones are forgotten.
const MOST_EXCHANGES: usize = 20_000;

pub(super) struct Location {
    pub(super) name: String,
    pub(super) service: bool,
}

pub(super) struct Item {
    pub(super) sku: String,
    pub(super) tracked: bool,
    pub(super) sold: Variant,
}

/// What sells an item: amounts as texts.
#[derive(Debug, Clone)]
pub(super) struct Variant {
    pub(super) id: u64,
    pub(super) product: u64,
    pub(super) price: String,
    pub(super) compare_at: Option<String>,
}

/// An item at a location.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Level {
    pub(super) id: u64,
    pub(super) available: i64,
    /// Sold and still there.
    pub(super) committed: i64,
    /// What reads show until then.
    before: Option<(i64, Instant)>,
}

impl Level {
    /// What a read shows.
    pub(super) fn shown(&self) -> i64 {
        self.before
            .filter(|(_, until)| Instant::now() < *until)
            .map_or(self.available, |(before, _)| before)
    }
}

/// A bulk operation.
pub(super) struct Bulk {
    pub(super) ready: Instant,
    pub(super) file: String,
}

pub(super) struct Shop {
    pub(super) address: String,
    /// What prices are in.
    pub(super) currency: String,
    pub(super) locations: BTreeMap<u64, Location>,
    pub(super) items: BTreeMap<u64, Item>,
    skus: HashMap<String, u64>,
    /// By item and location.
    pub(super) levels: BTreeMap<(u64, u64), Level>,
    pub(super) orders: BTreeMap<u64, Order>,
    pub(super) hooks: BTreeMap<u64, Hook>,
    pub(super) pending: Vec<Pending>,
    pub(super) bulks: BTreeMap<u64, Bulk>,
    pub(super) bucket: Bucket,
    pub(super) scopes: BTreeSet<String>,
    /// Tokens of the app that are good, and until when.
    pub(super) tokens: HashMap<String, Instant>,
    pub(super) token_life: std::time::Duration,
    pub(super) token_revoked: bool,
    /// The app hands out no tokens any more.
    pub(super) uninstalled: bool,
    /// Signs webhooks.
    pub(super) secret: String,
    /// Keys of writes with what they were given with and answered.
    pub(super) keys: HashMap<String, (Value, Value)>,
    pub(super) faults: Faults,
    pub(super) counters: Counters,
    pub(super) sales: Vec<Sale>,
    pub(super) writes: Vec<Write>,
    pub(super) exchanges: VecDeque<Exchange>,
    pub(super) random: StdRng,
    last_id: u64,
}

impl Shop {
    pub(super) fn new(settings: &SimulatorSettings, address: String) -> Self {
        Self {
            address,
            currency: "EUR".to_owned(),
            locations: BTreeMap::new(),
            items: BTreeMap::new(),
            skus: HashMap::new(),
            levels: BTreeMap::new(),
            orders: BTreeMap::new(),
            hooks: BTreeMap::new(),
            pending: Vec::new(),
            bulks: BTreeMap::new(),
            bucket: Bucket::new(settings.bucket, settings.restored),
            scopes: SCOPES.iter().map(|scope| (*scope).to_owned()).collect(),
            tokens: HashMap::new(),
            token_life: settings.token_life,
            token_revoked: false,
            uninstalled: false,
            secret: CLIENT_SECRET.to_owned(),
            keys: HashMap::new(),
            faults: settings.faults.clone(),
            counters: Counters::default(),
            sales: Vec::new(),
            writes: Vec::new(),
            exchanges: VecDeque::new(),
            random: StdRng::seed_from_u64(settings.seed),
            last_id: 1_000_000_000,
        }
    }

    pub(super) fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// Whether something of this rate happens now.
    pub(super) fn happens(&mut self, rate: f64) -> bool {
        rate > 0.0 && self.random.random_bool(rate.clamp(0.0, 1.0))
    }

    pub(super) fn remember(&mut self, exchange: Exchange) {
        if self.exchanges.len() >= MOST_EXCHANGES {
            self.exchanges.pop_front();
        }
        self.exchanges.push_back(exchange);
    }

    pub(super) fn add_location(&mut self, name: &str, service: bool) -> u64 {
        let id = self.next_id();
        self.locations.insert(
            id,
            Location {
                name: name.to_owned(),
                service,
            },
        );
        id
    }

    pub(super) fn add_item(&mut self, sku: &str, levels: &[(u64, i64)]) -> u64 {
        let product = self.next_id();
        self.add_variant(product, sku, levels)
    }

    pub(super) fn add_variant(&mut self, product: u64, sku: &str, levels: &[(u64, i64)]) -> u64 {
        let id = self.next_id();
        let sold = Variant {
            id: self.next_id(),
            product,
            price: "10.00".to_owned(),
            compare_at: None,
        };
        self.items.insert(
            id,
            Item {
                sku: sku.to_owned(),
                tracked: true,
                sold,
            },
        );
        self.skus.insert(sku.to_owned(), id);
        for (location, available) in levels {
            self.stock_at(id, *location, *available);
        }
        id
    }

    /// Stocks an item at a location.
    pub(super) fn stock_at(&mut self, item: u64, location: u64, available: i64) {
        let level = Level {
            id: self.next_id(),
            available: available.min(BOUND),
            ..Level::default()
        };
        self.levels.insert((item, location), level);
        self.level_changed(item, location, "inventory_levels/connect");
    }

    pub(super) fn by_sku(&self, sku: &str) -> Option<u64> {
        self.skus.get(sku).copied()
    }

    pub(super) fn sku(&self, item: u64) -> String {
        self.items.get(&item).map(|item| item.sku.clone()).unwrap_or_default()
    }

    pub(super) fn set_tracked(&mut self, sku: &str, tracked: bool) {
        if let Some(item) = self.by_sku(sku).and_then(|id| self.items.get_mut(&id)) {
            item.tracked = tracked;
        }
    }

    pub(super) fn remove_level(&mut self, sku: &str, location: u64) {
        if let Some(item) = self.by_sku(sku)
            && self.levels.remove(&(item, location)).is_some()
        {
            self.level_changed(item, location, "inventory_levels/disconnect");
        }
    }

    pub(super) fn remove_item(&mut self, sku: &str) {
        if let Some(item) = self.skus.remove(sku) {
            self.items.remove(&item);
            self.levels.retain(|(other, _), _| *other != item);
        }
    }

    /// What is left to sell, whatever was there, by the interface.
    pub(super) fn write(&mut self, item: u64, location: u64, quantity: i64) {
        let lag = self.faults.read_lag;
        let quantity = self.faults.most_units.map_or(quantity, |most| quantity.min(most));
        let Some(level) = self.levels.get_mut(&(item, location)) else {
            return;
        };
        let before = std::mem::replace(&mut level.available, quantity);
        level.before = (!lag.is_zero()).then(|| (before, Instant::now() + lag));
        self.writes.push(Write {
            at: now(),
            sku: self.sku(item),
            location,
            before,
            after: quantity,
        });
        self.level_changed(item, location, "inventory_levels/update");
    }

    /// Units that come to what is left to sell, and to what is sold and still there.
    pub(super) fn shift(&mut self, item: u64, location: u64, available: i64, committed: i64) {
        if !self.items.get(&item).is_some_and(|item| item.tracked) {
            return;
        }
        let Some(level) = self.levels.get_mut(&(item, location)) else {
            return;
        };
        level.available += available;
        level.committed += committed;
        if available != 0 {
            self.level_changed(item, location, "inventory_levels/update");
        }
    }

    pub(super) fn set_stock(&mut self, sku: &str, location: u64, quantity: i64) {
        let Some(item) = self.by_sku(sku) else { return };
        if let Some(level) = self.levels.get_mut(&(item, location)) {
            level.available = quantity;
        }
        self.level_changed(item, location, "inventory_levels/update");
    }

    /// What is left to sell over all locations; `None` where it is not listed or not counted.
    pub(super) fn shown(&self, sku: &str) -> Option<i64> {
        let item = self.by_sku(sku)?;
        self.items.get(&item).filter(|item| item.tracked)?;
        Some(self.levels_of(item).map(|(_, level)| level.available).sum())
    }

    /// Levels of an item by location.
    pub(super) fn levels_of(&self, item: u64) -> impl Iterator<Item = (u64, &Level)> {
        self.levels
            .range((item, 0)..=(item, u64::MAX))
            .map(|((_, location), level)| (*location, level))
    }
}
