//! Holding the lease: who works. Who is right is decided by the token that every commit carries.
//!
//! A lease in the store runs for three quarters of the configured length, and is prolonged, or asked
//! for, six times within it: a leader that falls silent is replaced within the length. Before a
//! daemon works under a lease it has judged the store: one that has lost something is begun anew. What time it is, the
//! store says: all who may lead go by one clock.

use super::mark::{Finding, Known};
use super::rebuild::Rebuild;
use super::stance::Stance;
use crate::store::{Asked, Lease, Right, Standing, Store, StoreError};
use omnistock_sdk::now;
use omnistock_words::Millis;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// The right to work, from a lease, until another or none is given.
#[derive(Debug, Clone)]
pub(super) struct Grant {
    /// Which term of this daemon it is: a lease that is taken again may have the same token.
    pub(super) term: u64,
    /// What commits carry.
    pub(super) lease: Lease,
    /// What vendor calls ask.
    pub(super) right: Right,
    /// The store's generation.
    pub(super) generation: u64,
    /// What the store has lost and is not known again yet.
    pub(super) rebuild: Option<Rebuild>,
}

/// Takes, prolongs and gives back the lease.
pub(super) struct LeaseKeeper {
    store: Arc<dyn Store>,
    /// What a person calls the store.
    title: String,
    owner: String,
    length: Duration,
    known: watch::Sender<Known>,
    grants: watch::Sender<Option<Grant>>,
    stance: watch::Sender<Stance>,
    beat: Arc<Beat>,
    terms: AtomicU64,
}

/// Whether the keeper still looks.
#[derive(Debug)]
pub(super) struct Beat {
    at: AtomicI64,
    patience: i64,
}

impl Beat {
    /// Whether it has looked within ten seconds and the length of a lease, whether or not the store answered.
    pub(super) fn awake(&self) -> bool {
        now().since(Millis(self.at.load(Ordering::Relaxed))) < self.patience
    }
}

/// What a daemon is called: its machine, its process, and something that no other ever had.
fn owner() -> String {
    let name = std::fs::read_to_string("/etc/hostname").unwrap_or_default();
    let name: String = name
        .trim()
        .chars()
        .filter(|c| !c.is_control() && *c != '/')
        .take(64)
        .collect();
    let machine = if name.is_empty() { "a machine" } else { &name };
    format!("{machine}/{}/{:016x}", std::process::id(), rand::random::<u64>())
}

/// The owner as a person calls it.
fn title(owner: &str) -> String {
    let mut parts = owner.split('/');
    match (parts.next(), parts.next()) {
        (Some(machine), Some(process)) => format!("process {process} on {machine}"),
        _ => owner.to_owned(),
    }
}

impl LeaseKeeper {
    /// A keeper for a new owner. `known`: how far the store had come when this machine last saw it.
    pub(super) fn new(store: Arc<dyn Store>, title: String, length: Duration, known: Known) -> Self {
        Self {
            store,
            title,
            owner: owner(),
            length: length * 3 / 4,
            known: watch::channel(known).0,
            grants: watch::channel(None).0,
            stance: watch::channel(Stance::waiting("the store has not answered yet")).0,
            beat: Arc::new(Beat {
                at: AtomicI64::new(now().0),
                patience: 10_000 + i64::try_from(length.as_millis()).unwrap_or_default(),
            }),
            terms: AtomicU64::new(1),
        }
    }

    /// The grant in force.
    pub(super) fn grants(&self) -> watch::Receiver<Option<Grant>> {
        self.grants.subscribe()
    }

    /// How far the store has come.
    pub(super) fn known(&self) -> watch::Receiver<Known> {
        self.known.subscribe()
    }

    /// Whether this daemon leads, for people; others may note there that what was lost is known again.
    pub(super) fn stance(&self) -> watch::Sender<Stance> {
        self.stance.clone()
    }

    /// Whether it still looks.
    pub(super) fn beat(&self) -> Arc<Beat> {
        Arc::clone(&self.beat)
    }

    /// Works until `cancel`; the lease stays, for [`Self::release`].
    pub(super) async fn run(self, cancel: CancellationToken) {
        while !cancel.is_cancelled() {
            let pause = self.turn().await;
            tokio::select! {
                () = cancel.cancelled() => break,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Gives the lease back, so that a standby need not wait for its end. After everybody has stopped working.
    pub(super) async fn release(store: &dyn Store, grant: Option<Grant>) {
        let Some(grant) = grant else { return };
        grant.right.end();
        match tokio::time::timeout(Duration::from_secs(2), store.release(&grant.lease)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!("the lease was not given back: {error}"),
            Err(_) => tracing::warn!("the lease was not given back: the store does not answer"),
        }
    }

    /// One look; how long until the next.
    async fn turn(&self) -> Duration {
        let (step, limit) = (self.length / 6, self.length / 2);
        self.beat.at.store(now().0, Ordering::Relaxed);
        let grant = self.grants.borrow().clone();
        // An answer that comes after the lease may be over is worth nothing.
        let answer = tokio::time::timeout(limit, self.look(grant.as_ref())).await;
        let trouble = match answer {
            Ok(Ok(wait)) => return wait.min(step),
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("{} does not answer within {} s", self.title, limit.as_secs_f32()),
        };
        // Said once, not with every turn.
        let new = self.stance.send_if_modified(|stance| {
            let new = stance.trouble.as_ref() != Some(&trouble);
            stance.trouble = Some(trouble.clone());
            new
        });
        if new {
            tracing::warn!("{trouble}");
        }
        if grant.is_some_and(|grant| !grant.right.holds()) {
            self.step_down("its lease is over");
        }
        step
    }

    /// Nobody works under the grant any more: vendor calls from here on, commits by the next holder's token.
    fn step_down(&self, why: &str) {
        self.grants.send_if_modified(|grant| {
            let Some(old) = grant.take() else { return false };
            old.right.end();
            tracing::warn!(token = old.lease.token, "this daemon leads no longer: {why}");
            self.stance.send_modify(Stance::stands_by);
            true
        });
    }

    async fn look(&self, grant: Option<&Grant>) -> Result<Duration, StoreError> {
        if let Some(grant) = grant {
            let asked = Asked::now();
            if self.store.renew(&grant.lease, self.length).await? {
                grant.right.prolong(asked, self.length);
                let standing = self.store.standing().await?;
                if self.catch_up(&standing) {
                    // What waits for a time, and what was read when, begins anew: by a new token, as after a loss.
                    self.step_down("it is later than it knew");
                    self.store.release(&grant.lease).await?;
                    return self.stand_by().await;
                }
                return self.led(grant, &standing).await;
            }
            self.step_down("its lease is somebody else's, or the store has lost it");
        }
        self.stand_by().await
    }

    /// Goes by the store's clock where it is ahead; whether that was news. A leader's time never goes back: what it has
    /// noted would lie in the future.
    fn catch_up(&self, standing: &Standing) -> bool {
        let later = standing.ahead > 0;
        if later {
            self.correct(standing.ahead);
        }
        later
    }

    fn correct(&self, by: i64) {
        omnistock_sdk::correct_clock(by);
        self.beat.at.store(now().0, Ordering::Relaxed);
        let (seconds, way) = (by.abs() / 1_000, if by > 0 { "later" } else { "earlier" });
        tracing::warn!(
            "it is {seconds} s {way} than this daemon thought, by the clock of {}; its own is wrong, was set or stood still",
            self.title
        );
    }

    /// Leading: is the store still what it was?
    async fn led(&self, grant: &Grant, standing: &Standing) -> Result<Duration, StoreError> {
        let finding = self.known.borrow().judge(standing);
        match finding {
            Finding::Lost { what, .. } => {
                self.step_down(&format!("the store has lost something: {what}"));
                // A new token: what still runs under the old one can't change anything.
                self.store.release(&grant.lease).await?;
                return self.stand_by().await;
            }
            Finding::Moved => tracing::warn!("another redis answers than before, and it has all that is known of"),
            Finding::Whole => {}
        }
        self.saw(standing);
        self.stance.send_if_modified(|stance| stance.trouble.take().is_some());
        Ok(self.length)
    }

    fn saw(&self, standing: &Standing) {
        self.known.send_if_modified(|known| {
            let before = known.clone();
            known.see(standing);
            *known != before
        });
    }

    async fn stand_by(&self) -> Result<Duration, StoreError> {
        let standing = self.store.standing().await?;
        if standing.ahead != 0 {
            self.correct(standing.ahead);
        }
        if let Some(leader) = standing.leader.as_ref().filter(|leader| leader.owner != self.owner) {
            // What this daemon knows stays: should the leader fall silent now, it is needed.
            if !matches!(self.known.borrow().judge(&standing), Finding::Lost { .. }) {
                self.saw(&standing);
            }
            self.stance
                .send_if_modified(|stance| stance.follows(&title(&leader.owner), leader.since));
            return Ok(leader.left.max(Duration::from_millis(5)));
        }
        let asked = Asked::now();
        if let Some(lease) = self.store.acquire(&self.owner, self.length).await? {
            self.lead(lease, Right::of(asked, self.length)).await?;
        }
        Ok(self.length)
    }

    /// Judges the store before anybody works: from here on nobody else changes it.
    async fn lead(&self, lease: Lease, right: Right) -> Result<(), StoreError> {
        let standing = self.store.standing().await?;
        let known = self.known.borrow().clone();
        let under_way = standing.note.as_deref().and_then(Rebuild::decode);
        let (naming, rebuild) = match known.judge(&standing) {
            Finding::Lost { what, torn } => {
                tracing::error!("the store has lost something: {what}; nothing is written until it is known again");
                let later = known.mark.generation.max(standing.mark.generation) + 1;
                (
                    Some((later.max(generation(now())), torn)),
                    Some(Rebuild { at: now(), what }),
                )
            }
            _ if standing.mark.generation == 0 => (Some((generation(now()), false)), None),
            _ => (None, under_way),
        };
        let mut mark = standing.mark;
        if let Some((generation, forget)) = naming {
            let note = rebuild.as_ref().map(Rebuild::encode);
            if !self.store.name(&lease, generation, note.as_deref(), forget).await? {
                return Ok(()); // Somebody else's already: looked at again with the next turn.
            }
            mark = self.store.standing().await?.mark;
        }
        self.known.send_replace(Known {
            mark,
            server: standing.server,
        });
        if !right.holds() {
            return self.store.release(&lease).await; // All this took too long.
        }
        tracing::info!(token = lease.token, "this daemon leads");
        self.stance.send_replace(Stance::leads(now(), rebuild.clone()));
        self.grants.send_replace(Some(Grant {
            term: self.terms.fetch_add(1, Ordering::Relaxed),
            lease,
            right,
            generation: mark.generation,
            rebuild,
        }));
        Ok(())
    }
}

/// Later beginnings have higher numbers, also when the one before is not known any more.
fn generation(at: Millis) -> u64 {
    u64::try_from(at.0).unwrap_or(1)
}
