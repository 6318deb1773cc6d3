//! What people may ask of a channel's listings: an audit, and what becomes of refused ones.

use super::Worst;
use omnistock_planner::DriftClass;
use omnistock_words::{ChannelName, Millis, Quantity};
use serde::{Deserialize, Serialize};

/// The body of `audit`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AuditBody {
    /// One channel; all unless said.
    pub channel: Option<ChannelName>,
    /// Write what writing can put right.
    pub fix: bool,
    /// Write every listing, also those that are right.
    pub force: bool,
}

/// The listings of one class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditClass {
    /// Why they differ.
    pub class: DriftClass,
    /// How many.
    pub count: u64,
    /// Units shown that do not exist.
    pub excess: Quantity,
    /// The one with the largest difference.
    #[serde(default)]
    pub worst: Option<Worst>,
    /// When others began to change them, where that is known.
    #[serde(default)]
    pub since: Option<Millis>,
    /// Milliseconds between two of their changes of the listing that they change most often.
    #[serde(default)]
    pub every: Option<i64>,
}

/// How the audit of one channel stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditView {
    /// The channel.
    pub channel: ChannelName,
    /// It still reads, or was just asked for.
    pub running: bool,
    /// Why it did not come to its end.
    #[serde(default)]
    pub failed: Option<String>,
    /// Listings that were read.
    pub listings: u64,
    /// Of these the ones that show what they should.
    pub equal: u64,
    /// Held, refused, left alone, not counted, or on their way.
    pub not_compared: u64,
    /// The others by class.
    pub classes: Vec<AuditClass>,
    /// Listings that are written now; without `fix` and `force`: that `fix` would write.
    pub writes: u64,
    /// Listings that differ and are left as they are.
    pub left: u64,
    /// `fix` or `force` was asked for.
    pub fixing: bool,
}

impl AuditView {
    /// Listings that differ.
    pub fn differ(&self) -> u64 {
        self.classes.iter().map(|class| class.count).sum()
    }
}

/// The body of `parked/retry` and `parked/drop`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ParkedBody {
    /// One channel; all unless said.
    pub channel: Option<ChannelName>,
    /// Ids of the vendor, or SKUs.
    pub listings: Vec<String>,
    /// All that are refused, instead of `listings`.
    pub all: bool,
    /// Why, for the record; at most 500 characters.
    pub reason: String,
}

/// What was asked of listings, by channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParkedAnswer {
    /// The channel.
    pub channel: ChannelName,
    /// The vendor's ids.
    pub listings: Vec<String>,
}
