//! The ledger's one owner: reads the inbox by cursor, applies events with the pure engine, and
//! commits documents, dirty marks and the next cursor in one step.
//!
//! A crash leaves a batch applied or not applied; there is no third state. Applying an event
//! twice changes nothing, because the engine's facts are sets. Between batches the owner does,
//! one short piece at a time, what nobody asks for: see `upkeep`.

mod ahead;
#[cfg(test)]
mod ahead_test;
mod board;
mod cutover;
mod durable;
mod forgetting;
mod freshened;
mod gathering;
#[cfg(test)]
mod house;
mod lags;
mod loading;
mod marks;
mod measuring;
mod reserving;
#[cfg(test)]
mod reserving_test;
#[cfg(test)]
mod tests;
mod timers;
mod upkeep;
mod walk;

pub use board::{LedgerBoard, OverdueLines};
pub use cutover::Cutovers;
pub use lags::Watched;
pub use upkeep::UpkeepTimes;

use super::cache::Cache;
use super::portion::{Portion, are_light, portions, weighed};
use crate::history::told;
use crate::newest::Newest;
use crate::pace::Pace;
use crate::store::{CommitBatch, CommitError, CursorMove, EntryId, Lease, Store, StoreError};
use arc_swap::ArcSwap;
use durable::Applied;
use marks::{differing, dirty};
use omnistock_engine::{DocumentKey, Documents, Event, Measured, OrderKey, apply, decode_event, dependents};
use omnistock_sdk::now;
use omnistock_words::{ChannelName, Mappings, Millis, Settings, Sku};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

/// Entries applied in one commit, at most.
const BATCH: usize = 1_024;
/// How long the owner sleeps without being woken: appends of other processes are found by then.
const TICK: Duration = Duration::from_millis(250);

/// What the owner works with.
#[derive(Clone)]
pub struct LedgerParts {
    /// The merchant's store.
    pub store: Arc<dyn Store>,
    /// The settings in force.
    pub settings: Arc<ArcSwap<Settings>>,
    /// Which listings people have mapped: orders are taken in units of our SKUs.
    pub mappings: Arc<ArcSwap<Mappings>>,
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
    /// What is seen of each channel.
    pub watched: BTreeMap<ChannelName, Arc<dyn Watched>>,
    /// What it has just written, for those who look at it.
    pub newest: Arc<Newest>,
    /// What the owner measures and everybody who promises reads.
    pub measured: Arc<ArcSwap<Measured>>,
    /// The cutovers as they were at the start.
    pub cutovers: Cutovers,
    /// Times of what happens by itself.
    pub times: UpkeepTimes,
}

/// Whether a guard holds a listing of a SKU at a channel.
pub type HeldAt = dyn Fn(&ChannelName, &Sku) -> bool + Send + Sync;

/// The owner.
pub struct Ledger {
    parts: LedgerParts,
    cache: Cache,
    cursor: Option<EntryId>,
    upkeep: upkeep::Upkeep,
    pace: Pace,
    /// Events of the last batch.
    came: usize,
    /// What follows behind it, where that is known already.
    ahead: Option<ahead::Ahead>,
}

impl Ledger {
    /// An owner that has read nothing yet.
    pub fn new(parts: LedgerParts) -> Self {
        Self {
            parts,
            cache: Cache::default(),
            cursor: None,
            upkeep: upkeep::Upkeep::default(),
            pace: Pace::default(),
            came: 0,
            ahead: None,
        }
    }

    /// Works until `cancel`. Trouble with the store is waited out; without a lease it stands by.
    pub async fn run(mut self, cancel: CancellationToken) {
        let mut pause = Duration::from_millis(20);
        while !cancel.is_cancelled() {
            self.parts.board.woke();
            self.gather(&cancel).await;
            let lease = self.parts.lease.borrow().clone();
            let step = match lease {
                Some(lease) => self.step(&lease).await,
                None => Ok(false),
            };
            match step {
                Ok(true) => {
                    pause = Duration::from_millis(20);
                    // A store that answers at once would never let anybody else on this thread go on.
                    tokio::task::yield_now().await;
                }
                Ok(false) => {
                    let wake = Arc::clone(&self.parts.wake);
                    tokio::select! {
                        () = cancel.cancelled() => break,
                        () = wake.notified() => {}
                        () = tokio::time::sleep(TICK) => self.cache.idle(),
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
        self.parts.newest.forget();
        (self.cursor, self.ahead) = (None, None);
        self.upkeep.interrupted();
        match error {
            CommitError::Fenced => tracing::warn!("{error}; standing by"),
            CommitError::CursorMoved | CommitError::Conflict(_) => tracing::info!("{error}; reading again"),
            CommitError::Store(cause) => tracing::warn!("nothing is applied: {cause}"),
        }
        self.parts.board.set_error(Some(error.to_string()));
    }

    /// One batch and one piece of upkeep, so that neither starves the other; `false` when there is neither.
    async fn step(&mut self, lease: &Lease) -> Result<bool, CommitError> {
        self.begin(lease).await?;
        let applied = self.take_batch(lease).await?;
        let kept = self.keep(lease).await?;
        Ok(applied || kept)
    }

    /// One batch; `false` when the inbox is empty.
    async fn take_batch(&mut self, lease: &Lease) -> Result<bool, CommitError> {
        let from = match self.cursor {
            Some(cursor) => cursor,
            None => self.parts.store.cursor().await?,
        };
        self.cursor = Some(from);
        self.parts
            .applied
            .send_if_modified(|applied| std::mem::replace(applied, from) != from);
        let entries = self.next_entries(from).await?;
        self.came(entries.len());
        if entries.is_empty() {
            self.parts.board.set_error(None);
            self.parts.newest.rests();
            return Ok(false);
        }
        self.parts.newest.works();
        let mut from = from;
        let full = entries.len() == BATCH && are_light(&entries);
        let last = entries.last().map(|entry| entry.id).filter(|_| full);
        for some in weighed(&entries) {
            let read = some.iter().map(|entry| (entry.id, self.decode(entry.id, &entry.bytes)));
            for Portion { events, to } in portions(&self.parts.settings.load(), read.collect()) {
                let applied = self.apply(&events, from, to).await?;
                self.settle(lease, applied, last.filter(|_| to == last)).await?;
                from = to.unwrap_or(from);
            }
        }
        Ok(true)
    }

    fn decode(&self, id: EntryId, bytes: &[u8]) -> Option<Event> {
        match decode_event(bytes) {
            Ok(Event::Order { channel, order }) => {
                let order = self.parts.mappings.load().ours(&channel, order);
                Some(Event::Order { channel, order })
            }
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
        let (mut changed, mut own, mut ordered) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
        let mut asked = reserving::Asking::load(self.parts.store.as_ref(), events).await?;
        for event in events {
            if !asked.admits(event, at) {
                continue;
            }
            ordered.extend(placed_anew(&documents, event));
            let complaints = apply(&settings, &mut documents, event, at);
            asked.answer(event, &complaints, at);
            for complaint in complaints {
                tracing::debug!(complaint = complaint.name(), "{complaint}");
                self.parts.board.complain(complaint.name(), complaint.to_string());
            }
            let touched = documents.take_changed();
            if let Event::Order { channel, .. } = event {
                own.extend(skus(&touched).map(|sku| (channel.clone(), sku.clone())));
            }
            changed.extend(touched.iter().cloned());
            effects.push((event, touched));
        }
        self.freshened(&settings, &before, &documents, at);
        let mut batch = CommitBatch {
            cursor: to.map(|to| CursorMove { from, to }),
            ..CommitBatch::default()
        };
        let written = self.writes(&documents, &changed, &mut batch);
        batch.history = told(&settings, (&before, &documents), &effects, &batch.writes, at);
        asked.write(&mut batch);
        let woken = self
            .marks(&settings, (before, &mut documents), &changed, own, at, &mut batch)
            .await?;
        Ok(Applied {
            documents,
            written,
            batch,
            woken,
            to,
            events: events.len() as u64,
            report: events
                .iter()
                .any(|event| matches!(event, Event::Stock(_) | Event::Missing { .. })),
            at,
            ordered,
        })
    }

    /// Marks every channel whose promise for an affected SKU is another one than before, and the
    /// channel of an order in any case: it has changed its own number by selling. Where a time of the
    /// SKU has passed that nothing was done about yet, before means before that time.
    async fn marks(
        &mut self,
        settings: &Settings,
        (mut before, after): (Documents, &mut Documents),
        changed: &BTreeSet<DocumentKey>,
        own: BTreeSet<(ChannelName, Sku)>,
        at: Millis,
        batch: &mut CommitBatch,
    ) -> Result<BTreeSet<ChannelName>, StoreError> {
        let affected: BTreeSet<(Sku, Millis)> = skus(changed)
            .flat_map(|sku| {
                let then = self.upkeep.last_looked(sku, at);
                dependents(settings, sku).into_iter().map(move |sku| (sku, then))
            })
            .collect();
        let mut others = Documents::default();
        self.load_needs(settings, affected.iter().map(|(sku, _)| sku), after, &mut others)
            .await?;
        for (sku, document) in others.skus {
            before.skus.insert(sku.clone(), document.clone());
            after.skus.insert(sku, document);
        }
        let measured = self.parts.measured.load_full();
        measured.feed(&mut before);
        measured.feed(after);
        let mut marks = own;
        for (sku, then) in &affected {
            let held = settings
                .channels
                .keys()
                .filter(|channel| (self.parts.held)(channel, sku));
            let channels = differing(settings, (&before, *then), (after, at), sku);
            marks.extend(
                channels
                    .into_iter()
                    .chain(held.cloned())
                    .map(|channel| (channel, sku.clone())),
            );
        }
        batch.marks = dirty(&marks, at);
        Ok(marks.into_iter().map(|(channel, _)| channel).collect())
    }

    fn wake(&self, channels: &BTreeSet<ChannelName>) {
        for wake in channels.iter().filter_map(|channel| self.parts.channels.get(channel)) {
            wake.notify_one();
        }
    }
}

fn skus<'a>(keys: impl IntoIterator<Item = &'a DocumentKey>) -> impl Iterator<Item = &'a Sku> {
    keys.into_iter().filter_map(|key| match key {
        DocumentKey::Sku(sku) => Some(sku),
        _ => None,
    })
}

/// The channel and the time of an order that nothing was reported of before.
fn placed_anew(documents: &Documents, event: &Event) -> Option<(ChannelName, Millis)> {
    let Event::Order { channel, order } = event else {
        return None;
    };
    let key = OrderKey {
        channel: channel.clone(),
        order: order.order.clone(),
    };
    let known = documents.orders.get(&key).is_some_and(|known| known.revision.is_some());
    (!known).then_some((key.channel, order.placed_at))
}
