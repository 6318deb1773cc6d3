//! Where a poller of orders stands: its place in the store.

use super::{OrderPoller, PollError};
use crate::store::{CommitBatch, DocumentWrite, Key, Kind, Lease, StoreError};
use omnistock_sdk::Cursor;
use omnistock_words::ChannelName;

/// The document that says how far the orders of a channel were read; empty where they never were.
pub(in crate::intake) fn place_of(channel: &ChannelName) -> Key {
    Key::new(Kind::Channel, format!("{channel}/orders"))
}

impl OrderPoller {
    fn document(&self) -> Key {
        place_of(&self.channel)
    }

    pub(super) async fn load_cursor(&mut self) -> Result<(u64, Option<Cursor>), PollError> {
        let loaded = self.store.load(&[self.document(), self.aside_key()]).await?;
        let mut loaded = loaded.into_iter();
        let (stored, aside) = (loaded.next().unwrap_or_default(), loaded.next().unwrap_or_default());
        self.aside.stored(&aside.bytes, aside.version);
        self.tell_aside();
        if stored.bytes.is_empty() {
            return Ok((stored.version, None));
        }
        let cursor = serde_json::from_slice(&stored.bytes)
            .map_err(|error| StoreError::Damaged(format!("the order cursor of {}: {error}", self.channel)))?;
        Ok((stored.version, Some(cursor)))
    }

    /// The place, with the orders before it that are put aside.
    pub(super) async fn save_cursor(&mut self, lease: &Lease, version: u64, cursor: &Cursor) -> Result<u64, PollError> {
        let bytes = serde_json::to_vec(cursor).unwrap_or_default();
        let write = DocumentWrite {
            key: self.document(),
            expected: version,
            version: version + 1,
            bytes: Some(bytes),
        };
        let batch = CommitBatch {
            writes: std::iter::once(write).chain(self.aside_write()).collect(),
            ..CommitBatch::default()
        };
        self.store.commit(lease, &batch).await?;
        self.aside_written();
        Ok(version + 1)
    }
}
