//! From changed documents to a commit, and what is known once it is done.

use super::Ledger;
use crate::intake::cache::store_key;
use crate::store::{CommitBatch, CommitError, DocumentWrite, EntryId, Lease};
use omnistock_engine::{DocumentKey, Documents, due_own};
use omnistock_sdk::now;
use omnistock_words::{ChannelName, Millis};
use std::collections::BTreeSet;

/// A batch that is ready to commit.
pub(super) struct Applied {
    pub(super) documents: Documents,
    pub(super) written: Vec<(DocumentKey, u64)>,
    pub(super) batch: CommitBatch,
    pub(super) woken: BTreeSet<ChannelName>,
    pub(super) to: Option<EntryId>,
    pub(super) events: u64,
    /// A report of stock is among its events.
    pub(super) report: bool,
    pub(super) at: Millis,
    /// Orders that were not known before: where, and when they were placed.
    pub(super) ordered: Vec<(ChannelName, Millis)>,
}

impl Ledger {
    /// The writes of these documents, each with the version it will have.
    pub(super) fn writes(
        &self,
        documents: &Documents,
        changed: &BTreeSet<DocumentKey>,
        batch: &mut CommitBatch,
    ) -> Vec<(DocumentKey, u64)> {
        let mut written = Vec::with_capacity(changed.len());
        for key in changed {
            let bytes = match key {
                DocumentKey::Sku(sku) => documents.skus.get(sku).map(omnistock_engine::SkuDocument::encode),
                DocumentKey::Order(order) => documents.orders.get(order).map(omnistock_engine::OrderDocument::encode),
                DocumentKey::Source(source) => documents
                    .sources
                    .get(source)
                    .map(omnistock_engine::SourceDocument::encode),
            };
            let expected = self.cache.version(key);
            let version = expected + 1;
            batch.writes.push(DocumentWrite {
                key: store_key(key),
                expected,
                version,
                bytes,
            });
            written.push((key.clone(), version));
        }
        written
    }

    /// Until it is done nobody finds in memory what it writes: a mark of it may be seen before its answer is here.
    pub(super) async fn commit(
        &self,
        lease: &Lease,
        batch: &CommitBatch,
        written: &[(DocumentKey, u64)],
    ) -> Result<(), CommitError> {
        self.parts.newest.doubt(written.iter().map(|(key, _)| key));
        self.parts.store.commit(lease, batch).await
    }

    pub(super) fn committed(&mut self, applied: Applied) {
        let newest = Some(&*self.parts.newest).filter(|_| !applied.report);
        self.cache.keep(&applied.documents, &applied.written, newest);
        self.parts.newest.settle();
        if let Some(to) = applied.to {
            self.cursor = Some(to);
            self.parts.applied.send_replace(to);
        }
        self.wake(&applied.woken);
        let settings = self.parts.settings.load();
        for (key, _) in &applied.written {
            if let DocumentKey::Sku(sku) = key {
                let due = due_own(&settings, &applied.documents, sku, applied.at);
                self.upkeep.timers.set(sku, due);
            }
        }
        let now = now();
        for (channel, placed_at) in applied.ordered {
            self.upkeep.ordered(&channel, placed_at, now);
        }
        self.parts.board.applied(applied.events);
    }
}
