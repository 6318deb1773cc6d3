//! What one commit holds.

use super::{EntryId, HistoryEntry, Key};
use omnistock_words::Millis;

/// Moves the inbox cursor; entries up to `to` are dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CursorMove {
    /// Where it must stand.
    pub from: EntryId,
    /// Where it goes.
    pub to: EntryId,
}

/// Writes one document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentWrite {
    /// Which.
    pub key: Key,
    /// The version it must have now; 0: it must not exist.
    pub expected: u64,
    /// The version it gets; greater than `expected`.
    pub version: u64,
    /// Its bytes; `None` deletes it.
    pub bytes: Option<Vec<u8>>,
}

/// Marks a SKU dirty on a channel. A mark on a dirty SKU keeps `since` and gets a new version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirtyMark {
    /// The channel.
    pub channel: String,
    /// The SKU.
    pub sku: String,
    /// When the cause came in.
    pub since: Millis,
}

/// Clears a mark if it is still the one that was seen; otherwise it stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clear {
    /// The channel.
    pub channel: String,
    /// The SKU.
    pub sku: String,
    /// The version that was seen.
    pub version: u64,
}

/// Opens or closes an intent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntentMark {
    /// The channel.
    pub channel: String,
    /// The listing's document id.
    pub listing: String,
    /// True before the call is made, false once its outcome is known.
    pub open: bool,
}

/// All checks (token, cursor, versions) come before the first change; then everything is applied.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CommitBatch {
    /// The inbox cursor.
    pub cursor: Option<CursorMove>,
    /// Documents; a key at most once.
    pub writes: Vec<DocumentWrite>,
    /// New dirty marks.
    pub marks: Vec<DirtyMark>,
    /// Marks to clear.
    pub clears: Vec<Clear>,
    /// Intents.
    pub intents: Vec<IntentMark>,
    /// What the history tells of it, in order.
    pub history: Vec<HistoryEntry>,
}

impl CommitBatch {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.cursor.is_none()
            && self.writes.is_empty()
            && self.marks.is_empty()
            && self.clears.is_empty()
            && self.intents.is_empty()
            && self.history.is_empty()
    }
}
