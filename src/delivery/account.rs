//! What all who call one vendor account share: its limits, kept in the store ahead of their use.
//!
//! Before calls are made that the stored record does not cover, a new one is committed: one commit for all
//! calls of some seconds. Whoever takes over begins as if everything had been used that the record let go.

use crate::store::{CommitBatch, CommitError, DocumentWrite, Key, Kind, Lease, Store, StoreError};
use omnistock_planner::{Ask, Claimant, LimitRecord, Limiter, Usage, Waiting};
use omnistock_sdk::{CallKind, CallLimit, Learned, now};
use omnistock_words::Millis;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::timeout;

/// One answer of the store, at most.
const STORE: Duration = Duration::from_secs(30);
/// Conflicts in a row that are taken for an earlier commit of our own whose answer was lost.
const CONFLICTS: u32 = 3;

/// The limits of one vendor account, shared by everything that goes by it. Lives as long as a term.
pub struct Account {
    key: Key,
    limits: Vec<CallLimit>,
    store: Arc<dyn Store>,
    limiter: Mutex<Option<Limiter>>,
    /// The version of the stored record; held while it is read or written.
    version: tokio::sync::Mutex<u64>,
    claimants: AtomicU32,
    /// What the store has may be older than the last calls.
    doubted: bool,
}

/// The right to one call. Dropping it ends the call, as far as the limits are concerned.
pub struct Pass {
    account: Arc<Account>,
    number: u64,
    /// Listings in the call, at most.
    pub(super) items: usize,
    told: Vec<Learned>,
}

impl Pass {
    /// Whether the call may still be begun: not after a sleep over the time that it was let go for.
    pub(super) fn holds(&self) -> bool {
        let until = self.account.limiter().as_ref().and_then(Limiter::until);
        until.is_none_or(|until| now() <= until)
    }

    /// The call is not made: it costs nothing.
    pub(super) fn withdraw(self) {
        if let Some(limiter) = self.account.limiter().as_mut() {
            limiter.withdrawn(self.number);
        }
    }

    /// What the call's answers told.
    pub(super) fn told(&mut self, told: Vec<Learned>) {
        self.told = told;
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        if let Some(limiter) = self.account.limiter().as_mut() {
            limiter.ended(self.number, &self.told, now());
        }
    }
}

impl Account {
    /// The account of this name. Nothing may be asked of it before [`Account::open`].
    /// With `doubted` the store may have lost the newest record: every bucket counts as empty, and calls may still be on
    /// their way.
    pub fn new(name: &str, limits: Vec<CallLimit>, store: Arc<dyn Store>, doubted: bool) -> Arc<Self> {
        Arc::new(Self {
            key: Key::new(Kind::Channel, format!("{name}/limits")),
            limits,
            store,
            limiter: Mutex::default(),
            version: tokio::sync::Mutex::default(),
            claimants: AtomicU32::default(),
            doubted,
        })
    }

    fn limiter(&self) -> MutexGuard<'_, Option<Limiter>> {
        self.limiter.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Names another one who asks: of those who wait the first goes first.
    pub fn claimant(&self) -> Claimant {
        self.claimants.fetch_add(1, Ordering::Relaxed)
    }

    /// Reads what a predecessor left; once is enough.
    pub async fn open(&self) -> Result<(), StoreError> {
        let mut version = self.version.lock().await;
        if self.limiter().is_some() {
            return Ok(());
        }
        let stored = self.load().await?;
        *version = stored.0;
        let at = now();
        let record = if self.doubted {
            Some(LimitRecord::doubted(at))
        } else {
            stored.1
        };
        *self.limiter() = Some(Limiter::new(&self.limits, record.as_ref(), at));
        Ok(())
    }

    async fn load(&self) -> Result<(u64, Option<LimitRecord>), StoreError> {
        let keys = [self.key.clone()];
        let loaded = timeout(STORE, self.store.load(&keys)).await;
        let loaded = loaded.unwrap_or_else(|_| Err(StoreError::Unavailable("no answer in time".to_owned())))?;
        let stored = loaded.into_iter().next().unwrap_or_default();
        // One that can't be read is as none: every bucket counts as empty.
        Ok((stored.version, serde_json::from_slice(&stored.bytes).ok()))
    }

    /// The right to a call with up to `items` listings, or when to ask again. The call may be made once
    /// [`Account::secure`] has succeeded.
    pub fn ask(self: &Arc<Self>, claimant: Claimant, kind: CallKind, items: usize) -> Result<Pass, Millis> {
        let at = now();
        let mut limiter = self.limiter();
        let Some(limiter) = limiter.as_mut() else {
            return Err(at.plus(100));
        };
        match limiter.ask(claimant, kind, u32::try_from(items).unwrap_or(u32::MAX), at) {
            Ask::Wait(until) => Err(until),
            Ask::Go { pass, items } => Ok(Pass {
                account: Arc::clone(self),
                number: pass,
                items: usize::try_from(items).unwrap_or(usize::MAX),
                told: Vec::new(),
            }),
        }
    }

    /// Makes durable what the calls that were let go may use. Without limits there is nothing to do.
    pub async fn secure(&self, lease: &Lease) -> Result<(), CommitError> {
        let mut version = self.version.lock().await;
        let mut conflicts = 0;
        while let Some(record) = self.wanted() {
            let write = DocumentWrite {
                key: self.key.clone(),
                expected: *version,
                version: *version + 1,
                bytes: Some(serde_json::to_vec(&record).unwrap_or_default()),
            };
            let batch = CommitBatch {
                writes: vec![write],
                ..CommitBatch::default()
            };
            let away = || StoreError::Unavailable("no answer in time".to_owned()).into();
            match timeout(STORE, self.store.commit(lease, &batch)).await {
                Ok(Ok(())) => {
                    *version += 1;
                    if let Some(limiter) = self.limiter().as_mut() {
                        limiter.stored(record);
                    }
                }
                // Nobody else writes it under this lease: an earlier commit of ours came through after all.
                Ok(Err(CommitError::Conflict(_))) if conflicts < CONFLICTS => {
                    conflicts += 1;
                    *version = self.load().await?.0;
                }
                Ok(Err(error)) => return Err(error),
                Err(_) => return Err(away()),
            }
        }
        Ok(())
    }

    fn wanted(&self) -> Option<LimitRecord> {
        let at = now();
        let limiter = self.limiter();
        let limiter = limiter.as_ref().filter(|limiter| !limiter.secured(at))?;
        Some(limiter.record(at))
    }

    /// Whether calls are limited at all.
    pub fn is_limited(&self) -> bool {
        self.limiter().as_ref().is_some_and(Limiter::is_limited)
    }

    /// How much of each limit is used, and why calls wait.
    pub fn standing(&self) -> (Vec<Usage>, Option<Waiting>) {
        let at = now();
        let limiter = self.limiter();
        let limiter = limiter.as_ref();
        let usage = limiter.map(|limiter| limiter.usage(at)).unwrap_or_default();
        (usage, limiter.and_then(|limiter| limiter.waiting(at)))
    }
}
