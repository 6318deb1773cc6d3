//! What the next commit holds, and committing it. Intents are durable before their calls are made.

use super::catalogue::Index;
use super::encode_listing;
use super::worker::{Stop, Worker};
use crate::history::Decided;
use crate::retry;
use crate::store::{Clear, CommitBatch, CommitError, DocumentWrite, IntentMark, Key, Kind, StoreError};
use omnistock_sdk::now;
use omnistock_words::Sku;
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// Listings in one commit, at most; each is up to two changes of it.
const MOST: usize = 2_000;

/// What the next commit holds.
#[derive(Default)]
pub(super) struct Changes {
    /// The document that can't be read, as the log was told of it.
    pub(super) damaged: Option<String>,
    touched: BTreeSet<Index>,
    intents: BTreeMap<Index, bool>,
    removed: Vec<(String, u64)>,
    clears: Vec<(Sku, u64)>,
    /// What the history tells of it.
    pub(super) told: Decided,
}

impl Changes {
    /// The document has changed.
    pub(super) fn touch(&mut self, index: Index) {
        self.touched.insert(index);
    }

    /// A call is about to be made, or its outcome is known.
    pub(super) fn intend(&mut self, index: Index, open: bool) {
        self.touched.insert(index);
        self.intents.insert(index, open);
    }

    /// The listing is gone.
    pub(super) fn remove(&mut self, index: Index, id: String, version: u64) {
        self.touched.remove(&index);
        self.intents.remove(&index);
        if version > 0 {
            self.removed.push((id, version));
        }
    }

    /// Everything about the SKU is settled, as of this mark.
    pub(super) fn clear(&mut self, sku: Sku, version: u64) {
        self.clears.push((sku, version));
    }

    fn is_empty(&self) -> bool {
        self.touched.is_empty() && self.removed.is_empty() && self.clears.is_empty() && self.told.is_empty()
    }
}

impl Worker {
    /// Makes everything that has changed durable. Waits for a store that is away.
    pub(super) async fn commit(&mut self) -> Result<(), Stop> {
        while !self.changes.is_empty() || self.throttle.ramping.is_changed() {
            let (batch, written) = self.next_batch();
            self.commit_one(&batch).await?;
            for index in written {
                if let Some(entry) = self.catalogue.get_mut(index) {
                    entry.version += 1;
                }
            }
        }
        Ok(())
    }

    fn next_batch(&mut self) -> (CommitBatch, Vec<Index>) {
        let channel = self.parts.channel.as_str().to_owned();
        let mut batch = CommitBatch::default();
        // First: what is counted is never less than what may have been called.
        batch.writes.extend(self.throttle.ramping.write(&self.parts.channel));
        let written: Vec<Index> = self.changes.touched.iter().copied().take(MOST).collect();
        for index in &written {
            self.changes.touched.remove(index);
            let Some(entry) = self.catalogue.get(*index) else {
                continue;
            };
            batch.writes.push(DocumentWrite {
                key: Key::new(Kind::Listing, entry.id.clone()),
                expected: entry.version,
                version: entry.version + 1,
                bytes: Some(encode_listing(&entry.document)),
            });
            if let Some(open) = self.changes.intents.remove(index) {
                batch.intents.push(IntentMark {
                    channel: channel.clone(),
                    listing: entry.id.clone(),
                    open,
                });
            }
        }
        for (id, version) in drain(&mut self.changes.removed) {
            let key = Key::new(Kind::Listing, id.clone());
            batch.writes.push(DocumentWrite {
                key,
                expected: version,
                version: version + 1,
                bytes: None,
            });
            batch.intents.push(IntentMark {
                channel: channel.clone(),
                listing: id,
                open: false,
            });
        }
        // A mark is cleared with or behind the documents that settled it, never before them.
        if self.changes.touched.is_empty() {
            batch.history = self.changes.told.take(now());
            let clears = drain(&mut self.changes.clears);
            self.marks.cleared(clears.len());
            for (sku, version) in clears {
                batch.clears.push(Clear {
                    channel: channel.clone(),
                    sku: sku.as_str().to_owned(),
                    version,
                });
            }
        }
        (batch, written)
    }

    async fn commit_one(&mut self, batch: &CommitBatch) -> Result<(), Stop> {
        let (mut failures, mut doubt) = (0_u32, false);
        loop {
            let outcome = timeout(self.parts.timings.store, self.parts.store.commit(&self.lease, batch)).await;
            let error = match outcome {
                Ok(Ok(())) => break,
                Ok(Err(CommitError::Fenced)) => return Err(Stop::Fenced),
                // The broken commit may have been applied after all.
                Ok(Err(CommitError::Conflict(_) | CommitError::CursorMoved))
                    if doubt && self.applied(batch).await? =>
                {
                    break;
                }
                Ok(Err(CommitError::Conflict(_) | CommitError::CursorMoved)) => return Err(Stop::Again),
                Ok(Err(CommitError::Store(error))) => error,
                Err(_) => StoreError::Unavailable("no answer in time".to_owned()),
            };
            doubt = true;
            failures += 1;
            self.store_away(&error, failures).await?;
        }
        self.parts.board.set_store_error(None);
        Ok(())
    }

    /// Whether every document has the version that the batch gives it.
    async fn applied(&mut self, batch: &CommitBatch) -> Result<bool, Stop> {
        let keys: Vec<Key> = batch.writes.iter().map(|write| write.key.clone()).collect();
        let found = self.patiently(|worker| {
            let (store, keys) = (worker.parts.store.clone(), keys.clone());
            async move { store.load(&keys).await }
        });
        let found = found.await?;
        let same = |(write, stored): (&DocumentWrite, &crate::store::Versioned)| match &write.bytes {
            Some(bytes) => stored.version == write.version && stored.bytes == *bytes,
            None => stored.bytes.is_empty(),
        };
        Ok(batch.writes.iter().zip(&found).all(same))
    }

    /// Asks the store until it answers.
    pub(super) async fn patiently<T, F>(&mut self, ask: impl Fn(&Self) -> F) -> Result<T, Stop>
    where
        F: Future<Output = Result<T, StoreError>> + Send,
    {
        let mut failures = 0;
        loop {
            let error = match timeout(self.parts.timings.store, ask(self)).await {
                Ok(Ok(value)) => {
                    if failures > 0 {
                        self.parts.board.set_store_error(None);
                    }
                    return Ok(value);
                }
                Ok(Err(error)) => error,
                Err(_) => StoreError::Unavailable("no answer in time".to_owned()),
            };
            failures += 1;
            self.store_away(&error, failures).await?;
        }
    }

    /// Says what is wrong with the store and waits a while.
    pub(super) async fn store_away(&mut self, error: &StoreError, failures: u32) -> Result<(), Stop> {
        let sentence = error.to_string();
        if failures == 1 {
            tracing::warn!(channel = %self.parts.channel, "{sentence}; the channel waits");
        }
        self.parts.board.set_store_error(Some(sentence));
        let pause = retry::pause(failures, rand::random());
        tokio::select! {
            () = self.cancel.cancelled() => Err(Stop::Cancelled),
            () = sleep(Duration::from_millis(u64::try_from(pause).unwrap_or(1_000))) => Ok(()),
        }
    }
}

fn drain<T>(items: &mut Vec<T>) -> Vec<T> {
    let from = items.len().saturating_sub(MOST);
    items.split_off(from)
}
