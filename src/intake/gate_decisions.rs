//! What people decided about gates: that a channel goes without the open orders of another, one
//! document a channel, with when and why.

use crate::store::{CommitBatch, CommitError, DocumentWrite, Key, Kind, Lease, Store, StoreError};
use omnistock_words::{ChannelName, Millis};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateDecision {
    /// When it was made.
    pub at: Millis,
    /// Why, in that person's words; may be empty.
    pub reason: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Document {
    schema: u32,
    without: BTreeMap<ChannelName, GateDecision>,
}

/// Decisions by the channel that goes without, with the versions of their documents.
#[derive(Debug, Clone, Default)]
pub(super) struct GateDecisions(BTreeMap<ChannelName, (u64, Document)>);

/// The layout that this program writes.
const SCHEMA: u32 = 1;

fn key(channel: &ChannelName) -> Key {
    Key::new(Kind::Channel, format!("{channel}/gate"))
}

impl GateDecisions {
    pub(super) async fn load(store: &dyn Store, channels: &[ChannelName]) -> Result<Self, StoreError> {
        let keys: Vec<Key> = channels.iter().map(key).collect();
        let found = store.load(&keys).await?;
        let mut decisions = BTreeMap::new();
        for (channel, stored) in channels.iter().zip(found) {
            let document = if stored.bytes.is_empty() {
                Document::default()
            } else {
                let read: Result<Document, _> = serde_json::from_slice(&stored.bytes);
                read.map_err(|error| StoreError::Damaged(format!("the gate's decisions of {channel}: {error}")))?
            };
            decisions.insert(channel.clone(), (stored.version, document));
        }
        Ok(Self(decisions))
    }

    pub(super) fn without(&self, channel: &ChannelName, other: &ChannelName) -> Option<&GateDecision> {
        self.0.get(channel)?.1.without.get(other)
    }

    pub(super) fn list(&self) -> Vec<(ChannelName, ChannelName, GateDecision)> {
        let of = |(channel, (_, document)): (&ChannelName, &(u64, Document))| {
            let one =
                |(other, decision): (&ChannelName, &GateDecision)| (channel.clone(), other.clone(), decision.clone());
            document.without.iter().map(one).collect::<Vec<_>>()
        };
        self.0.iter().flat_map(of).collect()
    }

    pub(super) fn decide(&mut self, channel: &ChannelName, others: &[(ChannelName, GateDecision)]) {
        let document = &mut self.0.entry(channel.clone()).or_default().1;
        document.without.extend(others.iter().cloned());
    }

    /// Whether there was such a decision.
    pub(super) fn withdraw(&mut self, channel: &ChannelName, other: &ChannelName) -> bool {
        let document = self.0.get_mut(channel);
        document.is_some_and(|(_, document)| document.without.remove(other).is_some())
    }

    /// Makes the decisions of a channel durable; they count only then.
    pub(super) async fn save(
        mut self,
        store: &dyn Store,
        lease: &Lease,
        channel: &ChannelName,
    ) -> Result<Self, CommitError> {
        if let Some((version, document)) = self.0.get_mut(channel) {
            document.schema = SCHEMA;
            let write = DocumentWrite {
                key: key(channel),
                expected: *version,
                version: *version + 1,
                bytes: Some(serde_json::to_vec(document).unwrap_or_default()),
            };
            let batch = CommitBatch {
                writes: vec![write],
                ..CommitBatch::default()
            };
            store.commit(lease, &batch).await?;
            *version += 1;
        }
        Ok(self)
    }
}
