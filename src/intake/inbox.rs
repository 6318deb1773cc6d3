//! The way into the ledger: append durably, wait until it was applied.

use crate::store::{EntryId, Store, StoreError};
use arc_swap::ArcSwap;
use omnistock_engine::{Event, encode_event};
use omnistock_words::{ChannelName, Mappings, OrderFact};
use std::sync::Arc;
use tokio::sync::{Notify, watch};

/// Appends events and tells the ledger. Cheap to clone.
#[derive(Clone)]
pub struct Inbox {
    store: Arc<dyn Store>,
    wake: Arc<Notify>,
    applied: watch::Receiver<EntryId>,
    mappings: Arc<ArcSwap<Mappings>>,
}

impl Inbox {
    /// An inbox of `store`; `applied` is the ledger's cursor as committed, `wake` wakes the ledger.
    pub fn new(store: Arc<dyn Store>, wake: Arc<Notify>, applied: watch::Receiver<EntryId>) -> Self {
        Self {
            store,
            wake,
            applied,
            mappings: Arc::default(),
        }
    }

    /// Which listings people have mapped.
    #[must_use]
    pub fn mapped(mut self, mappings: Arc<ArcSwap<Mappings>>) -> Self {
        self.mappings = mappings;
        self
    }

    /// The order in units of our SKUs, as the ledger will take it.
    pub fn ours(&self, channel: &ChannelName, order: OrderFact) -> OrderFact {
        self.mappings.load().ours(channel, order)
    }

    /// Durable when it answers. Orders are kept as their channel reports them. Answers the place of the last event; `None` when there was none.
    pub async fn append(&self, events: &[Event]) -> Result<Option<EntryId>, StoreError> {
        if events.is_empty() {
            return Ok(None);
        }
        let bytes: Vec<Vec<u8>> = events.iter().map(encode_event).collect();
        let ids = self.store.append(&bytes).await?;
        self.wake.notify_one();
        Ok(ids.last().copied())
    }

    /// Returns once everything up to `id` is in the ledgers; `false` when the ledger has ended.
    pub async fn applied(&self, id: Option<EntryId>) -> bool {
        let Some(id) = id else { return true };
        let mut applied = self.applied.clone();
        applied.wait_for(|cursor| *cursor >= id).await.is_ok()
    }

    /// Returns once everything that is in the inbox now is in the ledgers.
    pub async fn drained(&self) -> Result<bool, StoreError> {
        let mut after = *self.applied.borrow();
        loop {
            // Bounded: each round goes on behind the last entry seen, and entries are finite.
            let entries = self.store.read(after, 1_000).await?;
            let Some(last) = entries.last() else { break };
            after = last.id;
            if entries.len() < 1_000 {
                break;
            }
        }
        Ok(self.applied(Some(after)).await)
    }
}
