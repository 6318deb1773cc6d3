//! A store whose commits break on request, before or after they were applied.

use crate::store::memory::Memory;
use crate::store::{
    CommitBatch, CommitError, Dirty, Entry, EntryId, HistoryId, HistorySize, Key, Kind, Lease, PastEntry, Standing,
    Store, StoreError, StoreStatus, Versioned, Way,
};
use async_trait::async_trait;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

#[derive(Default)]
pub(super) struct Shaky {
    inner: Memory,
    /// So many commits of intents break; every other one is applied all the same.
    pub(super) breaks: AtomicU32,
    /// Commits of workers: each clears a mark, or opens or closes an intent.
    pub(super) rounds: AtomicU32,
}

#[async_trait]
impl Store for Shaky {
    async fn commit(&self, lease: &Lease, batch: &CommitBatch) -> Result<(), CommitError> {
        if !batch.intents.is_empty() || !batch.clears.is_empty() {
            self.rounds.fetch_add(1, Ordering::Relaxed);
        }
        let left = self.breaks.load(Ordering::Relaxed);
        if left == 0 || batch.intents.is_empty() {
            return self.inner.commit(lease, batch).await;
        }
        self.breaks.store(left - 1, Ordering::Relaxed);
        if left.is_multiple_of(2) {
            self.inner.commit(lease, batch).await?;
        }
        Err(StoreError::Unavailable("connection reset".to_owned()).into())
    }

    async fn history(
        &self,
        about: Option<&str>,
        from: HistoryId,
        way: Way,
        most: usize,
    ) -> Result<Vec<PastEntry>, StoreError> {
        self.inner.history(about, from, way, most).await
    }

    async fn forget_history(&self, lease: &Lease, before: HistoryId, most: usize) -> Result<u64, CommitError> {
        self.inner.forget_history(lease, before, most).await
    }

    async fn history_size(&self) -> Result<HistorySize, StoreError> {
        self.inner.history_size().await
    }

    async fn acquire(&self, owner: &str, length: Duration) -> Result<Option<Lease>, StoreError> {
        self.inner.acquire(owner, length).await
    }

    async fn renew(&self, lease: &Lease, length: Duration) -> Result<bool, StoreError> {
        self.inner.renew(lease, length).await
    }

    async fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        self.inner.release(lease).await
    }

    async fn standing(&self) -> Result<Standing, StoreError> {
        self.inner.standing().await
    }

    async fn name(&self, lease: &Lease, generation: u64, note: Option<&str>, forget: bool) -> Result<bool, StoreError> {
        self.inner.name(lease, generation, note, forget).await
    }

    async fn append(&self, events: &[Vec<u8>]) -> Result<Vec<EntryId>, StoreError> {
        self.inner.append(events).await
    }

    async fn read(&self, after: EntryId, most: usize) -> Result<Vec<Entry>, StoreError> {
        self.inner.read(after, most).await
    }

    async fn cursor(&self) -> Result<EntryId, StoreError> {
        self.inner.cursor().await
    }

    async fn load(&self, keys: &[Key]) -> Result<Vec<Versioned>, StoreError> {
        self.inner.load(keys).await
    }

    async fn scan(&self, kind: Kind, after: Option<&str>, most: usize) -> Result<Vec<(String, Versioned)>, StoreError> {
        self.inner.scan(kind, after, most).await
    }

    async fn dirty_behind(&self, channel: &str, behind: usize, most: usize) -> Result<Vec<Dirty>, StoreError> {
        self.inner.dirty_behind(channel, behind, most).await
    }

    async fn dirty_count(&self, channel: &str) -> Result<u64, StoreError> {
        self.inner.dirty_count(channel).await
    }

    async fn intents(&self, channel: &str) -> Result<Vec<String>, StoreError> {
        self.inner.intents(channel).await
    }

    async fn status(&self) -> Result<StoreStatus, StoreError> {
        self.inner.status().await
    }
}
