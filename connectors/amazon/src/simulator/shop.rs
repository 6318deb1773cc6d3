//! What a simulated Amazon knows: listings with their attributes, changes that are queued, orders, feeds, tokens.

use super::bucket::Buckets;
use super::feeds::{Document, Feed};
use super::orders::Order;
use super::queue::SellersQueue;
use super::records::{Counters, Exchange, Faults, SimulatorSettings};
use omnistock_sdk::simulated::CANARY;
use omnistock_words::Millis;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, VecDeque};
use tokio::time::Instant;

/// The seller's id.
pub(super) const SELLER: &str = "A2SIMULATED";
/// Germany and France: they share one quantity.
pub(super) const STORES: [&str; 2] = ["A1PA6795UKMFR9", "A13V1IB3VIYZZH"];
pub(super) const CURRENCY: &str = "EUR";
pub(super) const CLIENT: &str = "amzn1.application-oa2-client.simulated";
/// Exchanges that are kept.
const MOST_EXCHANGES: usize = 4_000;

/// One offer.
pub(super) struct Listing {
    pub(super) created: Millis,
    pub(super) changed: Millis,
    /// By name in snake case; each an array of objects.
    pub(super) attributes: BTreeMap<String, Vec<Map<String, Value>>>,
    pub(super) issues: Vec<Value>,
    /// Units at Amazon's depots.
    pub(super) depot: Option<i64>,
}

/// A change on its way.
struct Queued {
    sku: String,
    patches: Vec<Value>,
    fails: bool,
}

/// Everything.
pub(super) struct Shop {
    pub(super) settings: SimulatorSettings,
    /// Its address, without a slash at the end.
    pub(super) origin: String,
    /// When it began.
    pub(super) started: Instant,
    pub(super) faults: Faults,
    pub(super) counters: Counters,
    pub(super) buckets: Buckets,
    pub(super) listings: BTreeMap<String, Listing>,
    /// By when they are due, then in the order of their coming.
    queued: BTreeMap<(Instant, u64), Queued>,
    pub(super) orders: Vec<Order>,
    pub(super) feeds: BTreeMap<String, Feed>,
    pub(super) documents: BTreeMap<String, Document>,
    /// Tokens with their end, and whether they may only read.
    pub(super) tokens: BTreeMap<String, (Instant, bool)>,
    pub(super) locked_out: bool,
    pub(super) exchanges: VecDeque<Exchange>,
    pub(super) remembers: bool,
    pub(super) queue: SellersQueue,
    last: u64,
    clock: Millis,
}

impl Shop {
    pub(super) fn new(settings: SimulatorSettings, origin: String) -> Self {
        Self {
            settings,
            origin,
            started: Instant::now(),
            faults: Faults::default(),
            counters: Counters::default(),
            buckets: Buckets::default(),
            listings: BTreeMap::new(),
            queued: BTreeMap::new(),
            orders: Vec::new(),
            feeds: BTreeMap::new(),
            documents: BTreeMap::new(),
            tokens: BTreeMap::new(),
            locked_out: false,
            exchanges: VecDeque::new(),
            remembers: false,
            queue: SellersQueue::default(),
            last: 0,
            clock: Millis(0),
        }
    }

    /// A number that no other had.
    pub(super) fn number(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    /// The time of something that happens: later than everything before it.
    pub(super) fn tick(&mut self) -> Millis {
        self.clock = omnistock_sdk::now().max(self.clock.plus(1));
        self.clock
    }

    /// The time of what happened last: a clock that was pushed on is ahead of the wall's.
    pub(super) fn latest(&self) -> Millis {
        self.clock
    }

    /// A secret that is good here.
    pub(super) fn secret(kind: &str) -> String {
        format!("{kind}-{CANARY}-simulated")
    }

    pub(super) fn remember(&mut self, exchange: Exchange) {
        if self.exchanges.len() == MOST_EXCHANGES {
            self.exchanges.pop_front();
        }
        self.exchanges.push_back(exchange);
    }

    /// Lists an offer of one's own stock. Three at a time are created at the same moment, as by a feed.
    pub(super) fn add(&mut self, sku: &str, units: i64) {
        let own = json!({"fulfillment_channel_code": "DEFAULT", "quantity": units, "lead_time_to_ship_max_days": 2});
        self.list(sku, own, None);
    }

    /// Lists an offer that Amazon fulfils.
    pub(super) fn add_at_depot(&mut self, sku: &str, units: i64) {
        let depot = json!({"fulfillment_channel_code": "AMAZON_EU"});
        self.list(sku, depot, Some(units));
    }

    /// Lists offers of one's own stock, all created at the same moment.
    pub(super) fn add_together(&mut self, skus: &[String], units: i64) {
        let moment = self.moment();
        for sku in skus {
            self.add(sku, units);
            if let Some(listing) = self.listings.get_mut(sku) {
                listing.created = moment;
            }
        }
    }

    fn moment(&self) -> Millis {
        let number = i64::try_from(self.listings.len()).unwrap_or(i64::MAX);
        Millis(1_767_000_000_000 + number / 3)
    }

    fn list(&mut self, sku: &str, availability: Value, depot: Option<i64>) {
        let created = self.moment();
        let price = json!({"marketplace_id": STORES[0], "currency": CURRENCY, "audience": "ALL",
            "our_price": [{"schedule": [{"value_with_tax": 19.9}]}],
            "minimum_seller_allowed_price": [{"schedule": [{"value_with_tax": 9.9}]}]});
        let object = |value: Value| value.as_object().cloned().unwrap_or_default();
        let attributes = BTreeMap::from([
            ("fulfillment_availability".to_owned(), vec![object(availability)]),
            ("purchasable_offer".to_owned(), vec![object(price)]),
        ]);
        let listing = Listing {
            created,
            changed: created,
            attributes,
            issues: Vec::new(),
            depot,
        };
        self.listings.insert(sku.to_owned(), listing);
        self.tell_status(sku);
    }

    /// The entry of one's own stock.
    pub(super) fn own(&mut self, sku: &str) -> Option<&mut Map<String, Value>> {
        let listing = self.listings.get_mut(sku)?;
        let entries = listing.attributes.get_mut("fulfillment_availability")?;
        entries
            .iter_mut()
            .find(|entry| entry.get("fulfillment_channel_code").and_then(Value::as_str) == Some("DEFAULT"))
    }

    /// Units that a buyer is offered.
    pub(super) fn shown(&mut self, sku: &str) -> Option<i64> {
        self.settle();
        Some(self.own(sku)?.get("quantity").and_then(Value::as_i64).unwrap_or(0))
    }

    /// Changes the quantity, by a sale or a person.
    pub(super) fn set_units(&mut self, sku: &str, units: i64) {
        let at = self.tick();
        if let Some(own) = self.own(sku) {
            own.insert("quantity".to_owned(), json!(units));
        }
        if let Some(listing) = self.listings.get_mut(sku) {
            listing.changed = at;
        }
        self.tell_quantity(sku);
    }

    /// Sets what is asked by hand.
    pub(super) fn set_price(&mut self, sku: &str, amount: &Value) {
        let changed = self.tick();
        let Some(listing) = self.listings.get_mut(sku) else {
            return;
        };
        listing.changed = changed;
        let offers = listing.attributes.get_mut("purchasable_offer");
        if let Some(offer) = offers.and_then(|offers| offers.first_mut()) {
            let price = json!([{"schedule": [{"value_with_tax": amount}]}]);
            offer.insert("our_price".to_owned(), price);
        }
    }

    /// Queues changes that were accepted at that moment.
    pub(super) fn queue(&mut self, sku: &str, patches: Vec<Value>, accepted: Instant) {
        let due = accepted + self.settings.applies_after;
        let queued = Queued {
            sku: sku.to_owned(),
            patches,
            fails: self.faults.fail_later,
        };
        let number = self.number();
        self.queued.insert((due, number), queued);
    }

    /// SKUs of changes that are queued.
    pub(super) fn queued(&self) -> impl Iterator<Item = &str> {
        self.queued.values().map(|queued| queued.sku.as_str())
    }

    /// Carries out what is due, feeds first.
    pub(super) fn settle(&mut self) {
        let now = Instant::now();
        self.settle_feeds(now);
        while let Some(first) = self.queued.first_entry().filter(|first| first.key().0 <= now) {
            let queued = first.remove();
            self.carry_out(&queued);
        }
    }

    fn carry_out(&mut self, queued: &Queued) {
        let (at, most) = (self.tick(), self.faults.most_units);
        let Some(listing) = self.listings.get_mut(&queued.sku) else {
            return;
        };
        if queued.fails {
            listing.issues = queued.patches.iter().map(super::listings::issue_of).collect();
            return;
        }
        listing.issues.clear();
        for patch in &queued.patches {
            super::listings::apply(&mut listing.attributes, patch, most);
        }
        listing.changed = at;
        self.counters.applied += 1;
        self.tell_quantity(&queued.sku);
    }
}
