//! What happens without an event, as the owner's own work: a bounded piece between two batches, so
//! that nothing stalls, and through the same commit, so that token and versions are checked.
//!
//! Times of single SKUs are in [`Timers`]. A cause that concerns many (a rule begins or ends, a source
//! falls silent or speaks again, a lag has changed) is a [`World`]: a walk over all SKU documents, page
//! by page, marks what was another number in it. How far all times are done with is stored, so that the
//! first walk of a start finds what fell due while the daemon was down.

use super::lags::Meters;
use super::marks::{World, dirty};
use super::timers::Timers;
use super::walk::Walk;
use super::{Cutovers, Ledger};
use crate::store::{CommitBatch, CommitError, DocumentWrite, Key, Kind, Lease};
use omnistock_engine::{Documents, dependents, due_own, due_shared};
use omnistock_sdk::now;
use omnistock_words::{ChannelName, Millis, Settings, Sku};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;

/// SKUs in one piece of work, at most.
pub(super) const PAGE: usize = 400;
/// Marks in one commit, at most.
const MARKS: usize = 10_000;
/// Worlds that are told apart; beyond it everything is marked.
const WORLDS: usize = 8;
/// A clock that goes back by more was set back, in milliseconds.
const SET_BACK: i64 = 1_000;

/// Times of what happens by itself, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UpkeepTimes {
    /// An order is kept so long after both its lives have ended.
    pub retain: i64,
    /// Between two pages of a walk that nobody waits for.
    pub page: i64,
    /// Between two such walks.
    pub walk: i64,
    /// Between two looks at the lags.
    pub measure: i64,
    /// Between two writes of the measurements.
    pub save: i64,
    /// How long a lower lag has to hold before it counts.
    pub patience: i64,
}

impl Default for UpkeepTimes {
    fn default() -> Self {
        Self {
            retain: 30 * 86_400_000,
            page: 250,
            walk: 600_000,
            measure: 1_000,
            save: 30_000,
            patience: 600_000,
        }
    }
}

/// Up to when all times are done with: their marks are durable.
#[derive(Serialize, Deserialize)]
struct Done {
    v: u32,
    until: Millis,
}

fn done_key() -> Key {
    Key::new(Kind::Merchant, "timers")
}

/// The document of a channel's measurements.
pub(super) fn lags_key(channel: &ChannelName) -> Key {
    Key::new(Kind::Channel, format!("{channel}/lags"))
}

/// The owner's memory of all this.
#[derive(Default)]
pub(super) struct Upkeep {
    /// The lease under which it began.
    token: Option<u64>,
    /// When it did: what was placed earlier says nothing of how long a channel is blind.
    pub(super) began: Millis,
    pub(super) timers: Timers,
    pub(super) meters: Meters,
    pub(super) walk: Option<Walk>,
    pub(super) causes: Vec<World>,
    /// More causes than are told apart.
    pub(super) everything: bool,
    /// Times shared by many SKUs are causes up to here.
    looked: Millis,
    done_version: u64,
    done_until: Millis,
    settings: Option<Arc<Settings>>,
    pub(super) measured_at: Millis,
    pub(super) saved_at: Millis,
    pub(super) forgot_at: Millis,
    pub(super) forget_after: Option<String>,
    /// When reservations were last gone through, and how far.
    pub(super) reservations: (Millis, Option<String>),
    pub(super) walked_at: Millis,
}

impl Upkeep {
    /// What was not committed is not certain: the next piece begins anew.
    pub(super) fn interrupted(&mut self) {
        self.token = None;
        if let Some(walk) = self.walk.take() {
            self.everything |= walk.everything;
            walk.worlds.into_iter().for_each(|world| self.cause(world));
        }
    }

    /// Something has changed that is in no SKU's document.
    pub(super) fn cause(&mut self, world: World) {
        if self.causes.len() < WORLDS {
            self.causes.push(world);
        } else {
            self.everything = true;
        }
    }

    /// The instant up to which nothing about the SKU was left undone.
    pub(super) fn last_looked(&self, sku: &Sku, now: Millis) -> Millis {
        self.timers.overdue(sku, now).map_or(now, |due| due.plus(-1))
    }

    /// An order has become durable; one from before we watched measures nothing.
    pub(super) fn ordered(&mut self, channel: &ChannelName, placed_at: Millis, now: Millis) {
        if placed_at >= self.began {
            self.meters.ordered(channel, now.since(placed_at), now);
        }
    }
}

impl Ledger {
    /// Once a lease: what the store knows of cutovers, lags and times.
    pub(super) async fn begin(&mut self, lease: &Lease) -> Result<(), CommitError> {
        if self.upkeep.token == Some(lease.token) {
            return Ok(());
        }
        self.settle_cutovers(lease).await?;
        let (settings, at) = (self.parts.settings.load_full(), now());
        let keys: Vec<Key> = settings.channels.keys().map(lags_key).chain([done_key()]).collect();
        let mut found = self.parts.store.load(&keys).await?.into_iter();
        for (channel, stored) in settings.channels.keys().zip(&mut found) {
            self.upkeep.meters.load(channel, stored.version, &stored.bytes);
        }
        let done = found.next().unwrap_or_default();
        // Without the document nothing fell due: delivery looks at every listing when it begins.
        let until = serde_json::from_slice::<Done>(&done.bytes).map_or(at, |done| done.until.min(at));
        let upkeep = &mut self.upkeep;
        (upkeep.done_version, upkeep.done_until, upkeep.looked) = (done.version, until, at);
        (upkeep.began, upkeep.walked_at) = (at, at);
        upkeep.settings = Some(settings);
        upkeep.token = Some(lease.token);
        let measured = self.parts.measured.load_full();
        let sources = None;
        upkeep.cause(World {
            at: until,
            measured,
            sources,
        });
        Ok(())
    }

    async fn settle_cutovers(&mut self, lease: &Lease) -> Result<(), CommitError> {
        let store = self.parts.store.as_ref();
        let settings = self.parts.settings.load_full();
        // Loaded again: another daemon may have led meanwhile.
        let mut cutovers = Cutovers::load(store, self.parts.cutovers.mirror().to_owned()).await?;
        cutovers.begin(store, &settings, now()).await?;
        if let Some(batch) = cutovers.write() {
            store.commit(lease, &batch).await?;
        }
        let mirror = cutovers.reflect().await.err();
        if let Some(error) = &mirror {
            tracing::warn!("{error}");
        }
        let settled = cutovers.settle(&settings);
        if settled != *settings {
            // What people set may be laid over them at the same moment: neither is lost.
            self.parts.settings.rcu(|current| cutovers.settle(current));
        }
        self.parts.board.set_cutovers(cutovers.sources().clone(), mirror);
        self.parts.cutovers = cutovers;
        Ok(())
    }

    /// One piece of what nobody asks for, the most urgent first; `false`: nothing to do now.
    pub(super) async fn keep(&mut self, lease: &Lease) -> Result<bool, CommitError> {
        self.cache.trim();
        let at = now();
        self.look_at_the_clock(at).await?;
        self.measure(lease, at).await?;
        self.forget_reservations(lease, at).await?;
        Ok(self.fire(lease, at).await? || self.go_on(lease, at).await? || self.forget_some(lease, at).await?)
    }

    /// Notices times that many SKUs share, new settings, and a clock that was set.
    async fn look_at_the_clock(&mut self, at: Millis) -> Result<(), CommitError> {
        let settings = self.parts.settings.load_full();
        let mut documents = Documents::default();
        self.load_sources(&settings, &mut documents).await?;
        let upkeep = &mut self.upkeep;
        let other = upkeep
            .settings
            .as_ref()
            .is_none_or(|known| !Arc::ptr_eq(known, &settings));
        let passed = due_shared(&settings, &documents.sources, upkeep.looked).is_some_and(|due| due <= at);
        let set_back = upkeep.looked.since(at) > SET_BACK;
        if other || passed || set_back || upkeep.timers.beyond(at) && upkeep.walk.is_none() {
            upkeep.cause(World {
                at: upkeep.looked,
                measured: self.parts.measured.load_full(),
                sources: None,
            });
        }
        if set_back {
            upkeep.done_until = upkeep.done_until.min(at);
        }
        upkeep.looked = if set_back { at } else { upkeep.looked.max(at) };
        upkeep.settings = Some(settings);
        Ok(())
    }

    /// Looks at the SKUs whose time has come, some at a time.
    async fn fire(&mut self, lease: &Lease, at: Millis) -> Result<bool, CommitError> {
        let due = self.upkeep.timers.due(at, PAGE);
        if due.is_empty() {
            return Ok(false);
        }
        let settings = self.parts.settings.load_full();
        let mut documents = Documents::default();
        self.load_sources(&settings, &mut documents).await?;
        let affected: BTreeSet<(Sku, Millis)> = due
            .iter()
            .flat_map(|(due, sku)| {
                let then = due.plus(-1);
                dependents(&settings, sku).into_iter().map(move |sku| (sku, then))
            })
            .collect();
        let known = Documents::default();
        self.load_needs(&settings, affected.iter().map(|(sku, _)| sku), &known, &mut documents)
            .await?;
        self.parts.measured.load().feed(&mut documents);
        let mut marks = BTreeSet::new();
        for (sku, then) in &affected {
            let channels = super::differing(&settings, (&documents, *then), (&documents, at), sku);
            marks.extend(channels.into_iter().map(|channel| (channel, sku.clone())));
        }
        self.commit_marks(lease, &marks, at).await?;
        for (_, sku) in &due {
            let next = due_own(&settings, &documents, sku, at);
            self.upkeep.timers.set(sku, next);
        }
        self.save_progress(lease, at).await?;
        Ok(true)
    }

    /// Marks, in as many commits as they need: each mark stands for itself.
    pub(super) async fn commit_marks(
        &mut self,
        lease: &Lease,
        marks: &BTreeSet<(ChannelName, Sku)>,
        at: Millis,
    ) -> Result<(), CommitError> {
        for some in dirty(marks, at).chunks(MARKS) {
            let batch = CommitBatch {
                marks: some.to_vec(),
                ..CommitBatch::default()
            };
            self.parts.store.commit(lease, &batch).await?;
        }
        self.wake(&marks.iter().map(|(channel, _)| channel.clone()).collect());
        Ok(())
    }

    /// Stores that all times up to `at` are done with, if they are.
    pub(super) async fn save_progress(&mut self, lease: &Lease, at: Millis) -> Result<(), CommitError> {
        let upkeep = &mut self.upkeep;
        let left = upkeep.walk.is_some() || upkeep.everything || !upkeep.causes.is_empty();
        if left || !upkeep.timers.due(at, 1).is_empty() || upkeep.done_until >= at {
            return Ok(());
        }
        let bytes = serde_json::to_vec(&Done { v: 1, until: at }).unwrap_or_default();
        let write = DocumentWrite {
            key: done_key(),
            expected: upkeep.done_version,
            version: upkeep.done_version + 1,
            bytes: Some(bytes),
        };
        let batch = CommitBatch {
            writes: vec![write],
            ..CommitBatch::default()
        };
        self.parts.store.commit(lease, &batch).await?;
        (self.upkeep.done_version, self.upkeep.done_until) = (self.upkeep.done_version + 1, at);
        Ok(())
    }
}
