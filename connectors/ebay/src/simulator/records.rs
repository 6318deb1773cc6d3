//! What the simulated eBay can be made to do wrong, and what it remembers of what it was asked.

pub use omnistock_sdk::simulated::{Trouble, WriteTrouble};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;

/// What the vendor does with several SKUs in one `bulk_update_price_quantity`: its definition says both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BatchRule {
    /// Up to 25 are taken.
    #[default]
    Many,
    /// More than one is refused.
    OneRefused,
    /// Of more than one the first is carried out and answered, and nothing is said of the others.
    OneSilent,
}

/// What goes wrong.
#[derive(Debug, Clone, PartialEq)]
pub struct Faults {
    /// Every call is answered so.
    pub every_call: Option<Trouble>,
    /// Calls that write are left alone so.
    pub writes: Option<WriteTrouble>,
    /// As long as a call is left without an answer.
    pub hang: Duration,
    /// The vendor stores at most so many units, without an error.
    pub most_units: Option<i64>,
    /// The row of this SKU fails with a system error.
    pub failing_sku: Option<String>,
    /// Writes are accepted and come to nothing.
    pub forgets: bool,
    /// What is accepted is there so much later.
    pub delay: Duration,
    /// Calls that write are carried out and not answered, at this rate.
    pub timeout_after_apply_rate: f64,
    /// Calls are answered with the vendor's 500 and not carried out, at this rate.
    pub error_rate: f64,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            every_call: None,
            writes: None,
            hang: Duration::from_mins(1),
            most_units: None,
            failing_sku: None,
            forgets: false,
            delay: Duration::ZERO,
            timeout_after_apply_rate: 0.0,
            error_rate: 0.0,
        }
    }
}

/// A call with its answer.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// `GET`, `POST`, …
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// The query, encoded.
    pub query: String,
    /// Names of the headers that came with it, in lower case.
    pub headers: Vec<String>,
    /// The body, where it was JSON.
    pub body: Option<Value>,
    /// The answer's status.
    pub status: u16,
    /// The answer, where it was JSON.
    pub answer: Option<Value>,
}

/// What was called so far.
#[derive(Debug, Clone, Default)]
pub struct Counters {
    /// Calls by method and path, ids left out; of the Trading API by their name.
    pub calls: BTreeMap<String, u64>,
    /// Calls that were refused because there were too many.
    pub throttled: u64,
    /// Changes that were refused because their page had been revised too often.
    pub revisions_refused: u64,
    /// Notifications that were delivered, with their count of attempts.
    pub delivered: Vec<u32>,
}

/// Why a buyer could not buy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// There is no such listing, or it has ended.
    NotListed,
    /// There are not as many.
    SoldOut,
}

/// A sale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sale {
    /// When.
    pub at: omnistock_words::Millis,
    /// What was sold.
    pub sku: String,
    /// How many.
    pub units: i64,
    /// The order's id.
    pub order: String,
    /// The id of its line.
    pub line: String,
}
