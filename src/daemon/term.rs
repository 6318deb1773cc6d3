//! One term: everything that works under one lease. It begins with nothing in memory and ends at once
//! with its lease, so that no cache and no half-done step outlives it.

use super::house::House;
use super::lease::Grant;
use super::parts::Parts;
use super::stance::Stance;
use super::supervise::{Ends, stopped};
use crate::intake::{GateKeeper, Holds, Intake};
use crate::retry;
use crate::store::{EntryId, Lease, Store};
use arc_swap::ArcSwap;
use omnistock_sdk::now;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long tasks may take to end when they are told to go on to a good place.
const GENTLY: Duration = Duration::from_secs(10);
/// Between looks whether what was lost is known again.
const KNOWN_EVERY: Duration = Duration::from_millis(100);

/// What people may ask of a term; of none, where this daemon stands by.
pub(super) struct Life {
    pub(super) intake: Intake,
    pub(super) holds: Arc<Holds>,
    /// The gate, and the lease under which decisions about it are stored; `None`: standing by.
    pub(super) gate: Option<(Arc<GateKeeper>, Lease)>,
}

impl Life {
    /// Webhooks are taken in, nothing is worked at.
    pub(super) fn idle(house: &House) -> Self {
        let applied = watch::channel(EntryId::default()).1;
        Self {
            intake: house.intake(applied, BTreeMap::new()),
            holds: Arc::default(),
            gate: None,
        }
    }
}

/// Begins and ends terms as leases come and go.
pub(super) struct Terms {
    pub(super) house: Arc<House>,
    pub(super) life: Arc<ArcSwap<Life>>,
    pub(super) stance: watch::Sender<Stance>,
}

impl Terms {
    /// Works until `cancel`; then the last term ends gently.
    pub(super) async fn run(self, mut grants: watch::Receiver<Option<Grant>>, cancel: CancellationToken) {
        loop {
            let grant = tokio::select! {
                () = cancel.cancelled() => return,
                grant = granted(&mut grants) => grant,
            };
            let Some(grant) = grant else { return };
            let term = grant.term;
            // A channel that a person has frozen is not written by a daemon that does not know it yet.
            tokio::select! {
                () = cancel.cancelled() => return,
                () = over(&mut grants, term) => continue,
                () = self.house.steer.load(&self.house) => {}
            }
            let (ends, tracker) = (Ends::default(), TaskTracker::new());
            self.begin(grant, &tracker, &ends);
            let stop = tokio::select! {
                () = cancel.cancelled() => true,
                () = over(&mut grants, term) => false,
            };
            if stop {
                ends.gently.cancel();
                if !stopped(&tracker, GENTLY).await {
                    tracing::error!("work did not end in time; the next start takes care of it");
                }
                ends.at_once.cancel();
                return;
            }
            self.life.store(Arc::new(Life::idle(&self.house)));
            ends.at_once.cancel();
            // Only what blocks a thread can take long; it works for nobody any more.
            if !stopped(&tracker, GENTLY).await {
                tracing::error!("some work of the last term does not end; it can't change anything any more");
            }
            self.house.channels.values().for_each(|channel| channel.board.forget());
        }
    }

    fn begin(&self, grant: Grant, tracker: &TaskTracker, ends: &Ends) {
        let parts = Parts::new(&self.house, &grant, ends.clone());
        let life = Arc::new(parts.spawn(tracker));
        self.life.store(Arc::clone(&life));
        let Some((gate, lease)) = life.gate.clone() else { return };
        let (store, stance) = (Arc::clone(&self.house.store), self.stance.clone());
        let house = Arc::clone(&self.house);
        ends.spawn(tracker, async move { house.steer.keep(&house).await });
        ends.spawn(tracker, async move {
            decisions(&gate, store.as_ref()).await;
            if grant.rebuild.is_some() {
                recovered(&gate, store.as_ref(), &lease, grant.generation).await;
                stance.send_modify(|stance| stance.recovered(now()));
            }
        });
    }
}

/// Returns once this term is not the one in force any more.
async fn over(grants: &mut watch::Receiver<Option<Grant>>, term: u64) {
    let other = |next: &Option<Grant>| next.as_ref().is_none_or(|next| next.term != term);
    drop(grants.wait_for(other).await);
}

/// The grant in force, once there is one; `None`: there will be none any more.
async fn granted(grants: &mut watch::Receiver<Option<Grant>>) -> Option<Grant> {
    grants.wait_for(Option::is_some).await.ok()?.clone()
}

/// Reads what people decided about gates, once the store answers.
async fn decisions(gate: &GateKeeper, store: &dyn Store) {
    let mut failures = 0;
    while let Err(error) = gate.load(store).await {
        failures += 1;
        tracing::warn!("decisions about gates were not read: {error}");
        tokio::time::sleep(retry::delay(failures, rand::random())).await;
    }
}

/// Ends once all that was lost is known again and the store's note of the loss is gone.
async fn recovered(gate: &GateKeeper, store: &dyn Store, lease: &Lease, generation: u64) {
    loop {
        if gate.knows() {
            match store.name(lease, generation, None, false).await {
                Ok(true) => return tracing::info!("what the store had lost is known again"),
                Ok(false) => return std::future::pending().await,
                Err(error) => tracing::debug!("the note of the loss stays for now: {error}"),
            }
        }
        tokio::time::sleep(KNOWN_EVERY).await;
    }
}
