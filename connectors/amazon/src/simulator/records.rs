//! What the outside may set and see of a simulated Amazon: settings, faults, counters, exchanges.

pub use omnistock_sdk::simulated::{Trouble, WriteTrouble};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How a simulated Amazon starts.
#[derive(Debug, Clone)]
pub struct SimulatorSettings {
    /// Its loopback port; 0 takes a free one.
    pub port: u16,
    /// How long a token is good.
    pub token_life: Duration,
    /// Whether the documented limits are kept; without them everything is taken at once.
    pub limited: bool,
    /// How long a change is queued behind its yes.
    pub applies_after: Duration,
    /// How long a feed takes.
    pub feed_takes: Duration,
    /// How late orders and their changes are found by a search.
    pub orders_after: Duration,
}

impl Default for SimulatorSettings {
    /// As Amazon is: limited, and slow to apply and to tell.
    fn default() -> Self {
        Self {
            port: 0,
            token_life: Duration::from_hours(1),
            limited: true,
            applies_after: Duration::from_secs(45),
            feed_takes: Duration::from_mins(5),
            orders_after: Duration::from_mins(2),
        }
    }
}

impl SimulatorSettings {
    /// Without limits and without delay, for questions that are about neither.
    pub fn immediate() -> Self {
        Self {
            limited: false,
            applies_after: Duration::ZERO,
            feed_takes: Duration::ZERO,
            orders_after: Duration::ZERO,
            ..Self::default()
        }
    }
}

/// What becomes of feeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FeedFate {
    /// They are processed, message by message.
    #[default]
    Processed,
    /// Half of their messages are carried out, then they are given up.
    Fatal,
    /// They stay in progress.
    Stuck,
    /// They are cancelled before they begin.
    Cancelled,
}

/// What is wrong with documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentTrouble {
    /// Their addresses are told without their ids.
    Nameless,
    /// Their addresses are good no more.
    Expired,
}

/// What goes wrong.
#[derive(Debug, Clone)]
pub struct Faults {
    /// What every call is answered with.
    pub every_call: Option<Trouble>,
    /// Operations that `every_call` is kept to, such as `getFeed`, or `document` for what is laid down and fetched; none:
    /// it is all of them.
    pub calls: BTreeSet<&'static str>,
    /// Operations that are carried out and not answered.
    pub silent: BTreeSet<&'static str>,
    /// What becomes of every write.
    pub writes: Option<WriteTrouble>,
    /// How long a call without an answer stays open.
    pub hang: Duration,
    /// At most so many units are stored, without an error.
    pub most_units: Option<i64>,
    /// SKUs whose changes are refused for now: the quota of their class of attributes is used up.
    pub throttled_skus: BTreeSet<String>,
    /// SKUs whose changes are invalid.
    pub invalid_skus: BTreeSet<String>,
    /// Changes are accepted, and fail when they are applied; the listing then has an issue.
    pub fail_later: bool,
    /// What becomes of feeds that are begun from now on.
    pub feeds: FeedFate,
    /// What is wrong with the documents of feeds and reports.
    pub documents: Option<DocumentTrouble>,
}

impl Faults {
    /// What a call of this operation is answered with.
    pub(super) fn answer_to(&self, operation: &str) -> Option<Trouble> {
        self.every_call
            .filter(|_| self.calls.is_empty() || self.calls.contains(operation))
    }
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            every_call: None,
            calls: BTreeSet::new(),
            silent: BTreeSet::new(),
            writes: None,
            hang: Duration::from_mins(1),
            most_units: None,
            throttled_skus: BTreeSet::new(),
            invalid_skus: BTreeSet::new(),
            fail_later: false,
            feeds: FeedFate::default(),
            documents: None,
        }
    }
}

/// What was called and what went wrong.
#[derive(Debug, Clone, Default)]
pub struct Counters {
    /// Calls by operation, such as `patchListingsItem`; refused ones too.
    pub calls: BTreeMap<&'static str, u64>,
    /// Calls refused because there were too many.
    pub throttled: u64,
    /// Calls refused for their token.
    pub unauthorized: u64,
    /// Tokens handed out.
    pub tokens: u64,
    /// Numbers and prices that took effect.
    pub applied: u64,
    /// SKUs that were changed while a feed with another change of them was on its way.
    pub crossed: u64,
}

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

/// Why a buyer got nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There are not so many.
    #[error("sold out")]
    SoldOut,
    /// No such article, or none of one's own stock.
    #[error("no such article")]
    NotListed,
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
