//! Under load the next batch is fetched while the one before it is being committed: its entries, and the documents that
//! its orders name and that are not in memory. Only of small entries, as orders are: two batches of a large report would
//! take twice its memory.
//!
//! Nothing of it counts before that commit is done, and after any trouble it is forgotten. Nobody else writes these
//! documents, and what is committed upon them says which versions it has seen.

use super::durable::Applied;
use super::{BATCH, Ledger};
use crate::intake::cache::store_key;
use crate::intake::portion::are_light;
use crate::store::{CommitError, Entry, EntryId, Key, Lease, StoreError, Versioned};
use omnistock_engine::{DocumentKey, Event, OrderKey, decode_event};
use std::collections::BTreeSet;

/// Entries that were fetched before their turn.
pub(super) struct Ahead {
    pub(super) behind: EntryId,
    entries: Vec<Entry>,
}

type Fetched = (Vec<Entry>, Vec<(DocumentKey, Versioned)>);

impl Ledger {
    /// The next entries behind this one.
    pub(super) async fn next_entries(&mut self, behind: EntryId) -> Result<Vec<Entry>, StoreError> {
        match self.ahead.take().filter(|ahead| ahead.behind == behind) {
            Some(ahead) => Ok(ahead.entries),
            None => self.parts.store.read(behind, BATCH).await,
        }
    }

    /// Commits; with `next` meanwhile fetches what follows behind that entry.
    pub(super) async fn settle(
        &mut self,
        lease: &Lease,
        applied: Applied,
        next: Option<EntryId>,
    ) -> Result<(), CommitError> {
        let commit = self.commit(lease, &applied.batch, &applied.written);
        let Some(behind) = next else {
            commit.await?;
            self.committed(applied);
            return Ok(());
        };
        let (fetched, done) = tokio::join!(self.fetch(behind), commit);
        done?;
        self.committed(applied);
        // What could not be fetched is read in its turn, and its trouble told then.
        if let Ok((entries, documents)) = fetched {
            self.cache.take_ahead(documents)?;
            // Fewer may be more by then: they are read anew.
            self.ahead = (entries.len() == BATCH).then_some(Ahead { behind, entries });
        }
        Ok(())
    }

    async fn fetch(&self, behind: EntryId) -> Result<Fetched, StoreError> {
        let entries = self.parts.store.read(behind, BATCH).await?;
        if !are_light(&entries) {
            return Ok(Fetched::default());
        }
        let named: BTreeSet<DocumentKey> = entries.iter().flat_map(|entry| self.named(&entry.bytes)).collect();
        let absent: Vec<DocumentKey> = named.into_iter().filter(|key| !self.cache.knows(key)).collect();
        if absent.is_empty() {
            return Ok((entries, Vec::new()));
        }
        let keys: Vec<Key> = absent.iter().map(store_key).collect();
        let stored = self.parts.store.load(&keys).await?;
        Ok((entries, absent.into_iter().zip(stored).collect()))
    }

    /// The documents of an order and of what it sells; what else is needed is loaded when it is applied.
    fn named(&self, bytes: &[u8]) -> Vec<DocumentKey> {
        let Ok(Event::Order { channel, order }) = decode_event(bytes) else {
            return Vec::new();
        };
        let order = self.parts.mappings.load().ours(&channel, order);
        let skus = order.lines.into_iter().filter_map(|line| line.sku);
        let key = OrderKey {
            channel,
            order: order.order,
        };
        skus.map(DocumentKey::Sku).chain([DocumentKey::Order(key)]).collect()
    }
}
