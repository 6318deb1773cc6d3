//! A store that knows how long it takes: every question to it is counted by what it is, into buckets that are atomics.

use super::{
    CommitBatch, CommitError, Dirty, Entry, EntryId, HistoryId, HistorySize, Key, Kind, Lease, PastEntry, Standing,
    Store, StoreError, StoreStatus, Versioned, Way,
};
use async_trait::async_trait;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::Instant;

/// Upper ends of buckets, microseconds; what takes longer counts in the last.
const BOUNDS: [u64; 14] = [
    100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 10_000_000,
];

/// What is asked of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// A batch.
    Commit,
    /// Reports for the inbox.
    Append,
    /// Documents by their names.
    Load,
    /// The inbox, marks, intents, lists, the history.
    Read,
    /// The lease, and how the store stands.
    Lease,
}

impl Question {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Commit, Self::Append, Self::Load, Self::Read, Self::Lease];

    /// As a label.
    pub fn name(self) -> &'static str {
        match self {
            Self::Commit => "commit",
            Self::Append => "append",
            Self::Load => "load",
            Self::Read => "read",
            Self::Lease => "lease",
        }
    }
}

/// How long answers took, by what was asked.
#[derive(Debug, Default)]
pub struct StoreTimes([[AtomicU64; BOUNDS.len()]; Question::ALL.len()]);

impl StoreTimes {
    /// The upper end of each bucket with how many answers took at most so long, and longer than the one before.
    pub fn counts(&self, question: Question) -> Vec<(Duration, u64)> {
        let place = Question::ALL.iter().position(|other| *other == question);
        let counts = place.and_then(|place| self.0.get(place)).into_iter().flatten();
        let bounds = BOUNDS.iter().map(|bound| Duration::from_micros(*bound));
        bounds.zip(counts.map(|count| count.load(Ordering::Relaxed))).collect()
    }

    fn record(&self, question: Question, took: Duration) {
        let took = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let bucket = BOUNDS
            .iter()
            .position(|bound| took <= *bound)
            .unwrap_or(BOUNDS.len() - 1);
        let place = Question::ALL.iter().position(|other| *other == question);
        if let Some(count) = place.and_then(|place| self.0.get(place)?.get(bucket)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// A store with its times.
pub struct Timed {
    inner: Arc<dyn Store>,
    times: Arc<StoreTimes>,
}

impl Timed {
    /// The same store, and how long it will have taken.
    pub fn around(inner: Arc<dyn Store>) -> (Arc<dyn Store>, Arc<StoreTimes>) {
        let times = Arc::<StoreTimes>::default();
        let timed = Self {
            inner,
            times: Arc::clone(&times),
        };
        (Arc::new(timed), times)
    }

    /// Also what failed counts: a time-out takes long.
    async fn time<T>(&self, question: Question, answer: impl Future<Output = T>) -> T {
        let begun = Instant::now();
        let answer = answer.await;
        self.times.record(question, begun.elapsed());
        answer
    }
}

#[async_trait]
impl Store for Timed {
    async fn acquire(&self, owner: &str, length: Duration) -> Result<Option<Lease>, StoreError> {
        self.time(Question::Lease, self.inner.acquire(owner, length)).await
    }

    async fn renew(&self, lease: &Lease, length: Duration) -> Result<bool, StoreError> {
        self.time(Question::Lease, self.inner.renew(lease, length)).await
    }

    async fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        self.time(Question::Lease, self.inner.release(lease)).await
    }

    async fn append(&self, events: &[Vec<u8>]) -> Result<Vec<EntryId>, StoreError> {
        self.time(Question::Append, self.inner.append(events)).await
    }

    async fn read(&self, after: EntryId, most: usize) -> Result<Vec<Entry>, StoreError> {
        self.time(Question::Read, self.inner.read(after, most)).await
    }

    async fn cursor(&self) -> Result<EntryId, StoreError> {
        self.time(Question::Read, self.inner.cursor()).await
    }

    async fn load(&self, keys: &[Key]) -> Result<Vec<Versioned>, StoreError> {
        self.time(Question::Load, self.inner.load(keys)).await
    }

    async fn scan(&self, kind: Kind, after: Option<&str>, most: usize) -> Result<Vec<(String, Versioned)>, StoreError> {
        self.time(Question::Read, self.inner.scan(kind, after, most)).await
    }

    async fn standing(&self) -> Result<Standing, StoreError> {
        self.time(Question::Lease, self.inner.standing()).await
    }

    async fn name(&self, lease: &Lease, generation: u64, note: Option<&str>, forget: bool) -> Result<bool, StoreError> {
        self.inner.name(lease, generation, note, forget).await
    }

    async fn commit(&self, lease: &Lease, batch: &CommitBatch) -> Result<(), CommitError> {
        self.time(Question::Commit, self.inner.commit(lease, batch)).await
    }

    async fn dirty_behind(&self, channel: &str, behind: usize, most: usize) -> Result<Vec<Dirty>, StoreError> {
        self.time(Question::Read, self.inner.dirty_behind(channel, behind, most))
            .await
    }

    async fn dirty_count(&self, channel: &str) -> Result<u64, StoreError> {
        self.time(Question::Read, self.inner.dirty_count(channel)).await
    }

    async fn intents(&self, channel: &str) -> Result<Vec<String>, StoreError> {
        self.time(Question::Read, self.inner.intents(channel)).await
    }

    async fn history(
        &self,
        about: Option<&str>,
        from: HistoryId,
        way: Way,
        most: usize,
    ) -> Result<Vec<PastEntry>, StoreError> {
        self.time(Question::Read, self.inner.history(about, from, way, most))
            .await
    }

    async fn forget_history(&self, lease: &Lease, before: HistoryId, most: usize) -> Result<u64, CommitError> {
        self.inner.forget_history(lease, before, most).await
    }

    async fn history_size(&self) -> Result<HistorySize, StoreError> {
        self.inner.history_size().await
    }

    async fn status(&self) -> Result<StoreStatus, StoreError> {
        self.inner.status().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::memory::Memory;

    #[tokio::test]
    async fn each_question_counts_once_where_it_belongs() {
        let (store, times) = Timed::around(Arc::new(Memory::new()));
        store.append(&[b"x".to_vec()]).await.unwrap();
        store.read(EntryId::default(), 10).await.unwrap();
        store.cursor().await.unwrap();
        let count = |question| times.counts(question).into_iter().map(|(_, count)| count).sum::<u64>();
        let all: Vec<u64> = Question::ALL.into_iter().map(count).collect();
        assert_eq!(all, [0, 1, 0, 2, 0]);
        times.record(Question::Commit, Duration::from_micros(700));
        times.record(Question::Commit, Duration::from_hours(1));
        let commits = times.counts(Question::Commit);
        assert_eq!(commits[3], (Duration::from_millis(1), 1));
        assert_eq!(commits[13].1, 1, "what takes longer than all is not lost");
    }
}
