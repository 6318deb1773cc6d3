//! The ledger's one owner: reads the inbox by cursor, applies events with the pure engine, and
//! commits documents, dirty marks and the next cursor in one step.
//!
//! A crash leaves a batch applied or not applied; there is no third state. Applying an event
//! twice changes nothing, because the engine's facts are sets.

use super::cache::{Cache, store_key};
use super::portion::{Portion, portions};
use crate::history::told;
use crate::store::{CommitBatch, CommitError, CursorMove, DirtyMark, DocumentWrite, EntryId, Lease, Store, StoreError};
use arc_swap::ArcSwap;
use omnistock_engine::{
    DocumentKey, Documents, Event, Promise, apply, decode_event, dependents, missing, needs, promises,
};
use omnistock_sdk::now;
use omnistock_words::{ChannelName, Millis, Settings, Sku};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

/// Entries applied in one commit, at most.
const BATCH: usize = 256;
/// How long the owner sleeps without being woken: appends of other processes are found by then.
const TICK: Duration = Duration::from_millis(250);

/// What the owner works with.
#[derive(Clone)]
pub struct LedgerParts {
    /// The merchant's store.
    pub store: Arc<dyn Store>,
    /// The settings in force.
    pub settings: Arc<ArcSwap<Settings>>,
    /// The lease held now; `None` while standing by.
    pub lease: watch::Receiver<Option<Lease>>,
    /// The cursor as committed, for those who wait.
    pub applied: watch::Sender<EntryId>,
    /// Rung by the inbox.
    pub wake: Arc<Notify>,
    /// Rung when a channel has got dirty marks.
    pub channels: BTreeMap<ChannelName, Arc<Notify>>,
    /// Whether a guard holds a listing of the SKU at the channel: then every change of it marks it there.
    pub held: Arc<HeldAt>,
    /// For people.
    pub board: Arc<LedgerBoard>,
}

/// Whether a guard holds a listing of a SKU at a channel.
pub type HeldAt = dyn Fn(&ChannelName, &Sku) -> bool + Send + Sync;

/// What the owner tells people.
#[derive(Default)]
pub struct LedgerBoard {
    inner: Mutex<Numbers>,
}

#[derive(Default, Clone)]
struct Numbers {
    events: u64,
    commits: u64,
    complaints: BTreeMap<String, (u64, String)>,
    error: Option<String>,
    woke: Option<Millis>,
}

impl LedgerBoard {
    fn with<T>(&self, change: impl FnOnce(&mut Numbers) -> T) -> T {
        change(&mut self.inner.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    /// Events applied and commits made since the start.
    pub fn totals(&self) -> (u64, u64) {
        self.with(|numbers| (numbers.events, numbers.commits))
    }

    /// Complaints by name: how often, and the latest in words.
    pub fn complaints(&self) -> BTreeMap<String, (u64, String)> {
        self.with(|numbers| numbers.complaints.clone())
    }

    /// Why nothing is applied right now.
    pub fn error(&self) -> Option<String> {
        self.with(|numbers| numbers.error.clone())
    }

    /// Whether the owner's loop has woken within the last ten seconds, whether or not its work succeeded.
    pub fn awake(&self, now: Millis) -> bool {
        self.with(|numbers| numbers.woke.is_none_or(|woke| now.since(woke) < 10_000))
    }

    fn woke(&self) {
        self.with(|numbers| numbers.woke = Some(now()));
    }

    fn complain(&self, name: &str, sentence: String) {
        self.with(|numbers| {
            // Names are the engine's own finite set.
            let entry = numbers.complaints.entry(name.to_owned()).or_default();
            *entry = (entry.0 + 1, sentence);
        });
    }
}

/// The owner.
pub struct Ledger {
    parts: LedgerParts,
    cache: Cache,
    cursor: Option<EntryId>,
}

/// Whether two promises lead to the same numbers at a channel.
fn same_numbers(old: &Promise, new: &Promise) -> bool {
    old.quantity == new.quantity
        && old.split == new.split
        && old.only_decrease == new.only_decrease
        && old.price == new.price
        && old.compare_at == new.compare_at
        && old.stock == new.stock
}

/// A batch that is ready to commit.
struct Applied {
    documents: Documents,
    written: Vec<(DocumentKey, u64)>,
    batch: CommitBatch,
    woken: BTreeSet<ChannelName>,
    to: Option<EntryId>,
    events: u64,
}

impl Ledger {
    /// An owner that has read nothing yet.
    pub fn new(parts: LedgerParts) -> Self {
        Self {
            parts,
            cache: Cache::default(),
            cursor: None,
        }
    }

    /// Works until `cancel`. Trouble with the store is waited out; without a lease it stands by.
    pub async fn run(mut self, cancel: CancellationToken) {
        let mut pause = Duration::from_millis(20);
        while !cancel.is_cancelled() {
            self.parts.board.woke();
            let lease = self.parts.lease.borrow().clone();
            let step = match lease {
                Some(lease) => self.step(&lease).await,
                None => Ok(false),
            };
            match step {
                Ok(true) => pause = Duration::from_millis(20),
                Ok(false) => {
                    let wake = Arc::clone(&self.parts.wake);
                    tokio::select! {
                        () = cancel.cancelled() => break,
                        () = wake.notified() => {}
                        () = tokio::time::sleep(TICK) => {}
                    }
                }
                Err(error) => {
                    self.trouble(&error);
                    tokio::select! {
                        () = cancel.cancelled() => break,
                        () = tokio::time::sleep(pause) => {}
                    }
                    pause = (pause * 2).min(Duration::from_secs(1));
                }
            }
        }
    }

    fn trouble(&mut self, error: &CommitError) {
        // What was committed is no longer certain: ask the store again.
        self.cache.forget();
        self.cursor = None;
        match error {
            CommitError::Fenced => tracing::warn!("{error}; standing by"),
            CommitError::CursorMoved | CommitError::Conflict(_) => tracing::info!("{error}; reading again"),
            CommitError::Store(cause) => tracing::warn!("nothing is applied: {cause}"),
        }
        self.parts.board.with(|numbers| numbers.error = Some(error.to_string()));
    }

    /// One batch; `false` when the inbox is empty.
    async fn step(&mut self, lease: &Lease) -> Result<bool, CommitError> {
        let from = match self.cursor {
            Some(cursor) => cursor,
            None => self.parts.store.cursor().await?,
        };
        self.cursor = Some(from);
        self.parts
            .applied
            .send_if_modified(|applied| std::mem::replace(applied, from) != from);
        let entries = self.parts.store.read(from, BATCH).await?;
        if entries.is_empty() {
            self.parts.board.with(|numbers| numbers.error = None);
            return Ok(false);
        }
        let read = entries
            .iter()
            .map(|entry| (entry.id, self.decode(entry.id, &entry.bytes)));
        let mut from = from;
        for Portion { events, to } in portions(&self.parts.settings.load(), read.collect()) {
            let applied = self.apply(&events, from, to).await?;
            self.parts.store.commit(lease, &applied.batch).await?;
            self.committed(&applied);
            from = to.unwrap_or(from);
        }
        Ok(true)
    }

    fn decode(&self, id: EntryId, bytes: &[u8]) -> Option<Event> {
        match decode_event(bytes) {
            Ok(event) => Some(event),
            Err(error) => {
                let sentence = format!("inbox entry {} can't be read and was passed over: {error}", id.0);
                tracing::error!("{sentence}");
                self.parts.board.complain("unreadable_event", sentence);
                None
            }
        }
    }

    async fn apply(&mut self, events: &[Event], from: EntryId, to: Option<EntryId>) -> Result<Applied, StoreError> {
        let settings = self.parts.settings.load_full();
        let at = now();
        let mut documents = self.load(&settings, events).await?;
        let before = documents.clone();
        let mut effects = Vec::new();
        let mut changed = BTreeSet::new();
        let mut own = BTreeSet::new();
        for event in events {
            for complaint in apply(&settings, &mut documents, event, at) {
                tracing::debug!(complaint = complaint.name(), "{complaint}");
                self.parts.board.complain(complaint.name(), complaint.to_string());
            }
            let touched = documents.take_changed();
            if let Event::Order { channel, .. } = event {
                let skus = touched.iter().filter_map(|key| {
                    if let DocumentKey::Sku(sku) = key {
                        Some(sku)
                    } else {
                        None
                    }
                });
                own.extend(skus.map(|sku| (channel.clone(), sku.clone())));
            }
            changed.extend(touched.iter().cloned());
            effects.push((event, touched));
        }
        let mut batch = CommitBatch {
            cursor: to.map(|to| CursorMove { from, to }),
            ..CommitBatch::default()
        };
        let written = self.writes(&documents, &changed, &mut batch);
        batch.history = told(&settings, (&before, &documents), &effects, &batch.writes, at);
        let woken = self
            .marks(&settings, before, &mut documents, &changed, own, at, &mut batch)
            .await?;
        Ok(Applied {
            documents,
            written,
            batch,
            woken,
            to,
            events: events.len() as u64,
        })
    }

    /// Loads what the events touch; the engine asks in at most a few rounds (an order, then its SKUs).
    async fn load(&mut self, settings: &Settings, events: &[Event]) -> Result<Documents, StoreError> {
        let mut documents = Documents::default();
        let sources = settings.sources.keys().cloned().map(DocumentKey::Source).collect();
        self.cache
            .fill(self.parts.store.as_ref(), &mut documents, sources)
            .await?;
        for _ in 0..4 {
            let wanted: BTreeSet<DocumentKey> = events
                .iter()
                .flat_map(|event| missing(settings, &documents, event))
                .collect();
            if wanted.is_empty() {
                break;
            }
            self.cache
                .fill(self.parts.store.as_ref(), &mut documents, wanted.into_iter().collect())
                .await?;
        }
        Ok(documents)
    }

    fn writes(
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

    /// Marks every channel whose promise for an affected SKU is another one than before, and the
    /// channel of an order in any case: it has changed its own number by selling.
    #[allow(clippy::too_many_arguments, reason = "one place, all of them needed")]
    async fn marks(
        &mut self,
        settings: &Settings,
        mut before: Documents,
        after: &mut Documents,
        changed: &BTreeSet<DocumentKey>,
        own: BTreeSet<(ChannelName, Sku)>,
        at: Millis,
        batch: &mut CommitBatch,
    ) -> Result<BTreeSet<ChannelName>, StoreError> {
        let affected: BTreeSet<Sku> = changed
            .iter()
            .filter_map(|key| {
                if let DocumentKey::Sku(sku) = key {
                    Some(sku)
                } else {
                    None
                }
            })
            .flat_map(|sku| dependents(settings, sku))
            .collect();
        let read: BTreeSet<DocumentKey> = affected
            .iter()
            .flat_map(|sku| needs(settings, sku))
            .filter(|sku| !after.skus.contains_key(sku))
            .map(DocumentKey::Sku)
            .collect();
        let mut others = Documents::default();
        self.cache
            .fill(self.parts.store.as_ref(), &mut others, read.into_iter().collect())
            .await?;
        for (sku, document) in others.skus {
            before.skus.insert(sku.clone(), document.clone());
            after.skus.insert(sku, document);
        }
        let mut marks = own;
        for sku in &affected {
            let old = promises(settings, &before, sku, at);
            let new = promises(settings, after, sku, at);
            for ((channel, old), (_, new)) in old.iter().zip(&new) {
                if !same_numbers(old, new) || (self.parts.held)(channel, sku) {
                    marks.insert((channel.clone(), sku.clone()));
                }
            }
        }
        let woken = marks.iter().map(|(channel, _)| channel.clone()).collect();
        batch.marks = marks
            .into_iter()
            .map(|(channel, sku)| DirtyMark {
                channel: channel.to_string(),
                sku: sku.to_string(),
                since: at,
            })
            .collect();
        Ok(woken)
    }

    fn committed(&mut self, applied: &Applied) {
        self.cache.keep(&applied.documents, &applied.written);
        if let Some(to) = applied.to {
            self.cursor = Some(to);
            self.parts.applied.send_replace(to);
        }
        for channel in &applied.woken {
            if let Some(wake) = self.parts.channels.get(channel) {
                wake.notify_one();
            }
        }
        self.parts.board.with(|numbers| {
            numbers.events += applied.events;
            numbers.commits += 1;
            numbers.error = None;
        });
    }
}
