//! What the outside may set and see of a simulated shop: faults, counters, logs.

pub use omnistock_sdk::simulated::{Trouble, WriteTrouble};
use omnistock_words::Millis;
use std::collections::BTreeMap;
use std::time::Duration;

/// What goes wrong. Rates are shares of calls or deliveries from 0 to 1.
#[derive(Debug, Clone)]
pub struct Faults {
    /// Calls answered with 500, 502 or 503 and not carried out.
    pub error_rate: f64,
    /// Calls answered with `THROTTLED`, whatever is in the bucket, and not carried out.
    pub throttle_rate: f64,
    /// Calls answered with a 200 and an `INTERNAL_SERVER_ERROR`, not carried out.
    pub internal_error_rate: f64,
    /// Nobody is reachable: 503 for every call, and no buyer gets in.
    pub outage: bool,
    /// Writes that are carried out and then not answered.
    pub timeout_after_apply_rate: f64,
    /// Writes that are not answered and carried out `late_landing` later.
    pub timeout_before_apply_rate: f64,
    /// How long after its arrival such a write lands.
    pub late_landing: Duration,
    /// How long a write that times out is left without an answer.
    pub hang: Duration,
    /// Before each call is carried out.
    pub latency: Duration,
    /// How long reads show the number from before a write.
    pub read_lag: Duration,
    /// Another version that serves all calls, as when the one asked for is retired.
    pub served_version: Option<String>,
    /// Deliveries that come twice.
    pub duplicate_webhook_rate: f64,
    /// Deliveries that never come.
    pub lose_webhook_rate: f64,
    /// Between event and delivery, anything from nothing to twice as much: they overtake each other.
    pub webhook_delay: Duration,
    /// Between two attempts of a delivery; after eight more the subscription is removed.
    pub webhook_retry: Duration,
    /// How long a bulk operation takes.
    pub bulk_time: Duration,
    /// What every call is answered with. Throttling comes as the vendor's `THROTTLED` inside a 200, with its costs
    /// where it says when to come back.
    pub every_call: Option<Trouble>,
    /// What becomes of every change.
    pub writes: Option<WriteTrouble>,
    /// No number stays above so many units: another app of the shop sees to that at once.
    pub most_units: Option<i64>,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            error_rate: 0.0,
            throttle_rate: 0.0,
            internal_error_rate: 0.0,
            outage: false,
            timeout_after_apply_rate: 0.0,
            timeout_before_apply_rate: 0.0,
            late_landing: Duration::from_secs(5),
            hang: Duration::from_secs(90),
            latency: Duration::ZERO,
            read_lag: Duration::ZERO,
            served_version: None,
            duplicate_webhook_rate: 0.0,
            lose_webhook_rate: 0.0,
            webhook_delay: Duration::from_secs(1),
            webhook_retry: Duration::from_mins(1),
            bulk_time: Duration::from_millis(100),
            every_call: None,
            writes: None,
            most_units: None,
        }
    }
}

/// What was called and what went wrong.
#[derive(Debug, Clone, Default)]
pub struct Counters {
    /// Calls by the name of their operation.
    pub calls: BTreeMap<String, u64>,
    /// Calls that failed because of `error_rate`, `internal_error_rate` or `outage`.
    pub errors_injected: u64,
    /// Writes left without an answer.
    pub timeouts_injected: u64,
    /// Calls refused for their token.
    pub unauthorized: u64,
    /// Calls refused because the bucket was empty, or by `throttle_rate`.
    pub throttled: u64,
    /// Points that calls took out of the bucket.
    pub points: u64,
    /// Numbers set.
    pub entries_written: u64,
    /// Entries that an error named.
    pub entries_refused: u64,
    /// The largest number of entries in one call, refused ones too.
    pub largest_call: usize,
    /// Tokens handed out to the app.
    pub tokens: u64,
    /// Deliveries answered with 2xx.
    pub webhooks_delivered: u64,
    /// Attempts not answered with 2xx.
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
    /// Where.
    pub location: u64,
    /// What was left to sell just before.
    pub before: i64,
    /// What is left from then on.
    pub after: i64,
}

/// One call as it was understood, for those who hold it to the vendor's schema.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// The document.
    pub query: String,
    /// Its variables.
    pub variables: serde_json::Value,
    /// The answer's body.
    pub answer: serde_json::Value,
}
