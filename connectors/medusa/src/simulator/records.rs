//! What the outside may set and see of a simulated shop: faults, counters, logs.

pub use omnistock_sdk::simulated::{Trouble, WriteTrouble};
use omnistock_words::Millis;
use std::collections::BTreeMap;
use std::time::Duration;

/// One call with its answer, for those who hold it to the vendor's definition.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// Such as `GET`.
    pub method: String,
    /// Without the query.
    pub path: String,
    /// What stands behind the `?`.
    pub query: String,
    /// The call's body, where it has one.
    pub body: Option<serde_json::Value>,
    /// The answer's status.
    pub status: u16,
    /// The answer's body.
    pub answer: serde_json::Value,
}

/// What goes wrong. Rates are shares of calls from 0 to 1.
#[derive(Debug, Clone)]
pub struct Faults {
    /// Calls answered with 500 and not carried out.
    pub error_rate: f64,
    /// Nobody is reachable: 502 of the proxy in front for every call, and no buyer gets in.
    pub outage: bool,
    /// Writes that are carried out and then not answered.
    pub timeout_after_apply_rate: f64,
    /// How long such a write is left without an answer.
    pub hang: Duration,
    /// Before each call is carried out.
    pub latency: Duration,
    /// What every call is answered with.
    pub every_call: Option<Trouble>,
    /// What becomes of every write.
    pub writes: Option<WriteTrouble>,
    /// A level stores at most so many units, without an error.
    pub most_units: Option<i64>,
    /// This order comes without its lines.
    pub bare_order: Option<String>,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            error_rate: 0.0,
            outage: false,
            timeout_after_apply_rate: 0.0,
            hang: Duration::from_mins(1),
            latency: Duration::ZERO,
            every_call: None,
            writes: None,
            most_units: None,
            bare_order: None,
        }
    }
}

/// What was called and what went wrong.
#[derive(Debug, Clone, Default)]
pub struct Counters {
    /// Calls by method and route, such as `GET /admin/orders`.
    pub calls: BTreeMap<String, u64>,
    /// Calls that failed because of `error_rate` or `outage`.
    pub errors_injected: u64,
    /// Writes left without an answer.
    pub timeouts_injected: u64,
    /// Calls refused for their credentials.
    pub unauthorized: u64,
    /// Levels written.
    pub items_written: u64,
    /// Batches refused, whole.
    pub batches_refused: u64,
    /// Variants whose prices were written.
    pub prices_written: u64,
    /// The largest batch that was sent, refused ones too.
    pub largest_batch: usize,
}

/// Why a buyer got nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No location has that many.
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
    pub order: String,
    /// Its line.
    pub line: String,
}

/// One number written through the interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// When.
    pub at: Millis,
    /// Of what.
    pub sku: String,
    /// The stock location's id.
    pub location: String,
    /// The stocked quantity just before, whole units.
    pub before: i64,
    /// The stocked quantity from then on, whole units.
    pub after: i64,
}
