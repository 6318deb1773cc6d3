//! Why a listing's number does not move: refused by the channel, stopped by a guard, drained, dropped.

use omnistock_words::{Millis, Quantity};
use serde::{Deserialize, Serialize};

/// Kept aside, because the channel refuses it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parked {
    /// The vendor's own words.
    pub reason: String,
    /// Since when.
    pub at: Millis,
    /// The promise that was refused: another one is tried.
    pub target: Option<Quantity>,
    /// The stamp of the settings it was refused under: under others it is tried again.
    pub settings: u64,
}

/// Stopped by a guard: this number stays, less what is sold, and is never raised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// The hold's name, such as `h-3f2a41`: the same for everything that was stopped together.
    pub hold: String,
    /// Since when.
    pub since: Millis,
    /// What was published.
    pub from: Quantity,
    /// What of it is left.
    pub quantity: Quantity,
    /// Units that were known to be sold when it was last lowered.
    pub taken: Quantity,
    /// A person's reason to keep it so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejected: Option<String>,
}

/// Brought to zero by the mode `draining`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drained {
    /// What it showed before; `None`: nobody had read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Quantity>,
    /// Since when.
    pub at: Millis,
}

/// Left alone by a person's decision, until its SKU is another one or a person has it tried again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dropped {
    /// Since when.
    pub at: Millis,
    /// Why, in that person's words.
    pub reason: String,
}
