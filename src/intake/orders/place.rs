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

    pub(super) async fn load_cursor(&self) -> Result<(u64, Option<Cursor>), PollError> {
        let stored = self
            .store
            .load(&[self.document()])
            .await?
            .into_iter()
            .next()
            .unwrap_or_default();
        if stored.bytes.is_empty() {
            return Ok((stored.version, None));
        }
        let cursor = serde_json::from_slice(&stored.bytes)
            .map_err(|error| StoreError::Damaged(format!("the order cursor of {}: {error}", self.channel)))?;
        Ok((stored.version, Some(cursor)))
    }

    pub(super) async fn save_cursor(&self, lease: &Lease, version: u64, cursor: &Cursor) -> Result<u64, PollError> {
        let bytes = serde_json::to_vec(cursor).unwrap_or_default();
        let write = DocumentWrite {
            key: self.document(),
            expected: version,
            version: version + 1,
            bytes: Some(bytes),
        };
        self.store
            .commit(
                lease,
                &CommitBatch {
                    writes: vec![write],
                    ..CommitBatch::default()
                },
            )
            .await?;
        Ok(version + 1)
    }
}
