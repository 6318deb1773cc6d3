//! What the outside may set and see of a simulated shop: faults, counters, orders, logs.

pub use omnistock_sdk::simulated::{Trouble, WriteTrouble};
use omnistock_words::Millis;
use std::collections::BTreeMap;
use std::time::Duration;

/// What goes wrong. Rates are shares of calls or deliveries from 0 to 1.
#[derive(Debug, Clone)]
pub struct Faults {
    /// Calls answered with 429, 500, 502 or 503 and not carried out.
    pub error_rate: f64,
    /// Nobody is reachable: 503 for every call, and no buyer gets in.
    pub outage: bool,
    /// Writes that are carried out and then not answered.
    pub timeout_after_apply_rate: f64,
    /// How long such a write is left without an answer.
    pub hang: Duration,
    /// Before each call is carried out.
    pub latency: Duration,
    /// Deliveries that come twice.
    pub duplicate_webhook_rate: f64,
    /// Deliveries that never come.
    pub lose_webhook_rate: f64,
    /// Between event and delivery, more or less by half; a real shop was seen to take 8 seconds and more.
    pub webhook_delay: Duration,
    /// What every call is answered with.
    pub every_call: Option<Trouble>,
    /// What becomes of every write.
    pub writes: Option<WriteTrouble>,
    /// The shop stores at most so many units, without an error: a plugin's limit.
    pub most_units: Option<i64>,
    /// Items of batches with this SKU fail for a passing reason.
    pub failing_sku: Option<String>,
    /// The lines of this order come without a quantity: a plugin made them.
    pub spoiled_order: Option<u64>,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            error_rate: 0.0,
            outage: false,
            timeout_after_apply_rate: 0.0,
            hang: Duration::from_secs(90),
            latency: Duration::ZERO,
            duplicate_webhook_rate: 0.0,
            lose_webhook_rate: 0.0,
            webhook_delay: Duration::from_secs(8),
            every_call: None,
            writes: None,
            most_units: None,
            failing_sku: None,
            spoiled_order: None,
        }
    }
}

/// What was called and what went wrong.
#[derive(Debug, Clone, Default)]
pub struct Counters {
    /// Calls by method and route, such as `POST /products/batch`.
    pub calls: BTreeMap<String, u64>,
    /// Calls that failed because of `error_rate` or `outage`.
    pub errors_injected: u64,
    /// Writes left without an answer.
    pub timeouts_injected: u64,
    /// Calls refused for their credentials.
    pub unauthorized: u64,
    /// Items of batches carried out.
    pub items_written: u64,
    /// Items of batches refused.
    pub items_refused: u64,
    /// The largest batch that was sent, refused ones too.
    pub largest_batch: usize,
    /// Deliveries answered with 2xx.
    pub webhooks_delivered: u64,
    /// Deliveries not answered with 2xx.
    pub webhooks_failed: u64,
    /// Deliveries that never came.
    pub webhooks_lost: u64,
    /// Deliveries that came twice.
    pub webhooks_doubled: u64,
}

/// Why a buyer got nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not that many are left.
    #[error("sold out")]
    SoldOut,
    /// The shop is down.
    #[error("the shop is not reachable")]
    Unreachable,
    /// No such article.
    #[error("no such article")]
    NotListed,
}

/// One line of the log of sales.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sale {
    /// When.
    pub at: Millis,
    /// What.
    pub sku: String,
    /// How many.
    pub units: i64,
    /// The order.
    pub order: u64,
    /// Its line.
    pub line: u64,
}

/// One number written through the interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// When.
    pub at: Millis,
    /// Of what.
    pub sku: String,
    /// The stock just before.
    pub before: i64,
    /// The stock from then on.
    pub after: i64,
}

/// One price written through the interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceWrite {
    /// When.
    pub at: Millis,
    /// Of what.
    pub sku: String,
    /// The regular price from then on, as text; empty: none.
    pub regular: String,
    /// The sale price from then on; empty: none.
    pub sale: String,
}

/// One article of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShopLine {
    /// Its id.
    pub id: u64,
    /// The product or variation; 0 for one the shop doesn't know.
    pub product: u64,
    /// The product that it is a variation of, if any: the line keeps both ids when the article is gone.
    pub parent: Option<u64>,
    /// The SKU at that time, for the line's name. The interface tells the present one, and none of an article that is gone.
    pub sku: String,
    /// Units ordered.
    pub quantity: i64,
    /// Units taken off the stock for it.
    pub reduced: i64,
}

/// An order as the shop has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShopOrder {
    /// Its id.
    pub id: u64,
    /// The vendor's word.
    pub status: String,
    /// Placed.
    pub created: Millis,
    /// Last changed.
    pub modified: Millis,
    /// Paid for.
    pub paid: Option<Millis>,
    /// Handed over.
    pub completed: Option<Millis>,
    /// The refund of all of it.
    pub refund: Option<u64>,
    /// Its articles.
    pub lines: Vec<ShopLine>,
}
