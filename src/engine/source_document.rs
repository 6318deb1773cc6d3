//! One source: its complete snapshots.

use crate::encoding::{self, DecodeError};
use omnistock_words::{ChannelName, Millis, Quantity};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is known of a source as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SourceDocument {
    /// The newest complete snapshot; rows it had unchanged are as of this instant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub complete_as_of: Option<Millis>,
    /// The end of its read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_until: Option<Millis>,
    /// Instants of the newest complete snapshots, ascending, at most [`SourceDocument::SNAPSHOTS`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub snapshots: Vec<Millis>,
    /// Rows of the newest complete snapshot.
    pub rows: u64,
    /// The sum of its quantities.
    pub total: Quantity,
    /// Channels of this connector: orders placed up to this instant that are not known have ended
    /// and were forgotten.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub forgotten: BTreeMap<ChannelName, Millis>,
    /// The newest figure of any kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub newest: Option<Millis>,
    /// Figures of this instant were stopped by a guard, and a person let them through.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approved: Option<Millis>,
}

impl SourceDocument {
    /// How many complete snapshots are remembered; `zero_after` counts at most so many.
    pub const SNAPSHOTS: usize = 64;

    /// JSON with a schema version.
    pub fn encode(&self) -> Vec<u8> {
        encoding::encode(self)
    }

    /// Reads what [`Self::encode`] wrote.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        encoding::decode(bytes)
    }
}
