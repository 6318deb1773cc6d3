//! How everything stands: the facts of `omnistock status`. Missing fields read as empty, so
//! that a command line may speak to a daemon that is one version older.

use super::{Compared, NotifierStatus, SteeredStatus};
pub use omnistock_planner::ListingState;
use omnistock_words::{ChannelName, ConnectorName, Millis, Mode, Quantity};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The whole picture, taken at `at`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Status {
    /// The daemon's version.
    pub version: String,
    /// When this was said, the daemon's clock.
    pub at: Millis,
    /// When the daemon started.
    pub started_at: Millis,
    /// Whether this daemon leads or stands by, and since when.
    pub standing: String,
    /// What needs a person; each a few words such as `2 held, h-412 paged 03:01`.
    pub attention: Vec<String>,
    /// Whether channels may be written.
    pub gate: Gate,
    /// Where state lives.
    pub store: StoreLine,
    /// Every channel, in the order of their names.
    pub channels: Vec<ChannelStatus>,
    /// Prices of all listings by state.
    pub prices: StateCounts,
    /// Every source, in the order of their names.
    pub sources: Vec<SourceStatus>,
    /// Whom it tells what needs a person.
    pub notifiers: Vec<NotifierStatus>,
    /// Facts that were counted and set aside, by name, such as `as_of_in_the_future`.
    pub complaints: BTreeMap<String, u64>,
    /// The command that helps most now.
    pub next: Option<String>,
}

/// After a start nothing is written before everything needed was read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Gate {
    /// Open for every channel.
    pub open: bool,
    /// What is missing, each one sentence.
    pub missing: Vec<String>,
}

/// Where state lives.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct StoreLine {
    /// Such as `embedded /var/lib/omnistock`.
    pub title: String,
    /// What may be lost and the like, each one sentence.
    pub warnings: Vec<String>,
    /// Reports that are durable and wait to be applied.
    pub inbox: u64,
}

/// Listings by state. Every listing is in exactly one, so the sum is the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs, reason = "the fields are the states of ListingState")]
pub struct StateCounts {
    pub in_sync: u64,
    pub pending: u64,
    pub in_flight: u64,
    pub accepted: u64,
    pub held: u64,
    pub parked: u64,
    pub unmapped: u64,
    pub excluded: u64,
    pub paused: u64,
}

impl StateCounts {
    /// How many are in `state`.
    pub fn get(&self, state: ListingState) -> u64 {
        match state {
            ListingState::InSync => self.in_sync,
            ListingState::Pending => self.pending,
            ListingState::InFlight => self.in_flight,
            ListingState::Accepted => self.accepted,
            ListingState::Held => self.held,
            ListingState::Parked => self.parked,
            ListingState::Unmapped => self.unmapped,
            ListingState::Excluded => self.excluded,
            ListingState::Paused => self.paused,
        }
    }

    /// Counts so many more in `state`.
    pub fn add(&mut self, state: ListingState, more: u64) {
        let count = match state {
            ListingState::InSync => &mut self.in_sync,
            ListingState::Pending => &mut self.pending,
            ListingState::InFlight => &mut self.in_flight,
            ListingState::Accepted => &mut self.accepted,
            ListingState::Held => &mut self.held,
            ListingState::Parked => &mut self.parked,
            ListingState::Unmapped => &mut self.unmapped,
            ListingState::Excluded => &mut self.excluded,
            ListingState::Paused => &mut self.paused,
        };
        *count = count.saturating_add(more);
    }

    /// The catalogue.
    pub fn total(&self) -> u64 {
        ListingState::ALL
            .iter()
            .map(|state| self.get(*state))
            .fold(0, u64::saturating_add)
    }

    /// Pending, in flight or accepted.
    pub fn waiting(&self) -> u64 {
        self.pending
            .saturating_add(self.in_flight)
            .saturating_add(self.accepted)
    }

    /// Excluded or paused.
    pub fn other(&self) -> u64 {
        self.excluded.saturating_add(self.paused)
    }
}

/// From the moment an order or report was known until the channel answered yes, milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Lag {
    /// Half of the updates were faster.
    pub p50_ms: u64,
    /// 99 of 100 were faster.
    pub p99_ms: u64,
}

/// One channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelStatus {
    /// Its name.
    pub name: ChannelName,
    /// Its mode.
    #[serde(default)]
    pub mode: Mode,
    /// Listings by the state of their quantity.
    #[serde(default)]
    pub listings: StateCounts,
    /// Of the last updates; none before the first.
    #[serde(default)]
    pub lag: Option<Lag>,
    /// Calls since the start.
    #[serde(default)]
    pub calls: u64,
    /// Calls that failed, since the start.
    #[serde(default)]
    pub errors: u64,
    /// The last failure in the vendor's words, and when.
    #[serde(default)]
    pub last_error: Option<ReportProblem>,
    /// Why nothing is sent at the moment, one sentence.
    #[serde(default)]
    pub waiting: Option<String>,
    /// The limits of the vendor's account that calls go by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<LimitStatus>,
    /// Until when calls wait for one of them, and which: a few words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub throttled: Option<Throttled>,
    /// How many of its listings may change in the first hour after it went live, while it lasts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ramp: Option<RampStatus>,
    /// Its mode comes from the command line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steered: Option<SteeredStatus>,
    /// Listings that were drained, and that wait to be restored.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub drained: u64,
    /// What would be written, and how far the channel is from the truth, where nothing is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compared: Option<Compared>,
    /// When all of its orders were last read, and what says that some were missing; none where it has no orders.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub orders: Option<OrdersStatus>,
}

/// How a channel's first hour stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RampStatus {
    /// Listings that may change in it.
    pub most: u32,
    /// Listings that have.
    pub changed: u32,
    /// When it is over; none: it begins with the first change.
    #[serde(default)]
    pub until: Option<Millis>,
}

/// Whether orders of a channel are missing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct OrdersStatus {
    /// When the last full read of them began.
    pub read_whole_at: Option<Millis>,
    /// Orders that it found and that neither webhooks nor polls had told of; they count now.
    pub missed: u64,
    /// The first of them with their articles, such as `1001 (A, B)`.
    pub missed_orders: Vec<String>,
    /// Open orders that the channel does not have any more, and that still take stock.
    pub gone: u64,
    /// Orders that were not listed and not asked for one by one: there were too many.
    pub unasked: u64,
    /// Orders that can't be understood: they are in no ledger.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unclear: u64,
    /// The first of them with what is wrong, such as `10211: line 3 has no quantity; look at it in Medusa`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unclear_orders: Vec<String>,
    /// Pages read so far of orders that are not read to their end.
    pub reading_pages: u64,
    /// Articles whose number fell without an order that explains it.
    pub fallen: Counted,
    /// Units by which they fell.
    pub fallen_units: Quantity,
    /// Since when.
    pub fallen_since: Option<Millis>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the shape that serde asks for")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// One limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitStatus {
    /// Its name.
    pub name: String,
    /// As the vendor states it, such as `2 calls/s`.
    pub stated: String,
    /// How much is used now, in thousandths.
    pub used_per_mille: u32,
    /// It is kept below what is stated, because calls were refused.
    pub eased: bool,
}

/// Calls wait.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Throttled {
    /// Until then.
    pub until: Millis,
    /// Such as `waits for the limit of the vendor: 2 calls/s`.
    pub reason: String,
}

/// One source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceStatus {
    /// Its name.
    pub name: ConnectorName,
    /// The last report that was taken over.
    #[serde(default)]
    pub last: Option<LastReport>,
    /// As of when its newest complete report is, also one from before this start.
    #[serde(default)]
    pub complete_as_of: Option<Millis>,
    /// That is longer ago than its figures may be old.
    #[serde(default)]
    pub stale: bool,
    /// Orders placed before it count as contained by their status alone.
    #[serde(default)]
    pub cutover: Option<Millis>,
    /// How old its figures may become before something changes, seconds (`max_age`, `stale`).
    #[serde(default)]
    pub limit_seconds: Option<u64>,
    /// Reports that a guard holds.
    #[serde(default)]
    pub held: Vec<ReportProblem>,
    /// Reports that were refused, newest first, a few.
    #[serde(default)]
    pub refused: Vec<ReportProblem>,
    /// What it named and nobody declared: `locations`, `channels`, `skus`.
    #[serde(default)]
    pub unknown: BTreeMap<String, Counted>,
    /// The last failure of reading it.
    #[serde(default)]
    pub last_error: Option<ReportProblem>,
}

/// A report that was taken over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastReport {
    /// Such as a file's name.
    pub title: String,
    /// The instant its figures speak of.
    pub as_of: Millis,
    /// Rows in it.
    pub rows: u64,
}

/// A report that was not taken over, or a call that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportProblem {
    /// Which report or call.
    pub title: String,
    /// When.
    pub at: Millis,
    /// Why, one sentence.
    pub reason: String,
}

/// Things counted, with the first few named.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Counted {
    /// How many different ones.
    pub count: u64,
    /// The first few.
    pub examples: Vec<String>,
}
