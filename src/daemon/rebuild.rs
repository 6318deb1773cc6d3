//! What a store has lost, noted in it until it is known again: a daemon that starts in between goes on
//! with the rebuild instead of taking what is left for all there is.

use omnistock_words::Millis;
use serde::{Deserialize, Serialize};

/// A loss that is not made up for yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Rebuild {
    /// When it was noticed.
    pub(super) at: Millis,
    /// What it was, one sentence.
    pub(super) what: String,
}

impl Rebuild {
    pub(super) fn encode(&self) -> String {
        // Plain data always serialises.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// A note that can't be read is one all the same.
    pub(super) fn decode(note: &str) -> Option<Self> {
        let unreadable = || Self {
            at: omnistock_sdk::now(),
            what: "a loss that an earlier daemon noted".to_owned(),
        };
        (!note.is_empty()).then(|| serde_json::from_str(note).unwrap_or_else(|_| unreadable()))
    }
}
