//! What people set while the daemon runs, kept in the store: read before a term works at anything, changed
//! by one commit together with its history, and ended by a timer.
//!
//! After a crash it is there or not, as the answer that the person got says; an answer that says neither
//! leaves it to the store, which is asked again before anything else is changed.

use super::house::House;
use super::mappings::{Maps, Said};
use crate::history::{Person, decided_by_person};
use crate::retry;
use crate::store::{CommitBatch, CommitError, DocumentWrite, HistoryEntry, Key, Kind, Lease, Store, StoreError};
use arc_swap::ArcSwap;
use omnistock_sdk::now;
use omnistock_words::{Mappings, Settings, Sku, Steering};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, Notify};

/// The layout that this program writes.
const SCHEMA: u32 = 1;
/// The timer looks so often also without an end: the clock may have been set.
const LOOK: Duration = Duration::from_mins(1);

#[derive(Debug, Default, Serialize, Deserialize)]
struct Document {
    schema: u32,
    steering: Steering,
}

fn key() -> Key {
    Key::new(Kind::Merchant, "steering")
}

/// What the store has; `version` is unknown before it was read, and behind a commit without an answer.
#[derive(Debug, Default)]
struct Known {
    version: Option<u64>,
    steering: Steering,
}

/// Cutovers are set once by the ledger's owner, into the settings in force.
fn settle(laid: &mut Settings, current: &Settings) {
    for (name, source) in &mut laid.sources {
        let settled = current.sources.get(name).and_then(|source| source.cutover);
        source.cutover = source.cutover.or(settled);
    }
}

/// What people have set, beside the configuration that it is laid over.
pub(super) struct Steer {
    /// The configuration's settings.
    base: ArcSwap<Settings>,
    known: Mutex<Known>,
    /// The same for those who only look.
    shown: ArcSwap<Steering>,
    changed: Notify,
    /// Listings that people have mapped.
    maps: Maps,
}

impl Steer {
    /// Nothing is set yet.
    pub(super) fn new(base: Arc<Settings>) -> Self {
        Self {
            base: ArcSwap::new(base),
            known: Mutex::default(),
            shown: ArcSwap::default(),
            changed: Notify::new(),
            maps: Maps::default(),
        }
    }

    /// What was set, the ended among it.
    pub(super) fn shown(&self) -> Arc<Steering> {
        self.shown.load_full()
    }

    /// The configuration's settings.
    pub(super) fn base(&self) -> Arc<Settings> {
        self.base.load_full()
    }

    /// Reads it from the store until that answers, and lays it over the settings in force.
    pub(super) async fn load(&self, house: &House) {
        let mut failures = 0;
        while let Err(error) = self.read(house.store.as_ref()).await {
            failures += 1;
            tracing::error!("nothing is worked at before it is known what people have set: {error}");
            tokio::time::sleep(retry::delay(failures, rand::random())).await;
        }
        self.apply(house);
    }

    /// Listings that people have mapped, in force.
    pub(super) fn mappings(&self) -> Arc<ArcSwap<Mappings>> {
        self.maps.in_force()
    }

    /// Says which SKUs listings sell. Durable and in force when it answers.
    ///
    /// # Errors
    /// As of [`Self::change`].
    pub(super) async fn map(
        &self,
        house: &House,
        lease: &Lease,
        said: &Said,
        history: Vec<HistoryEntry>,
    ) -> Result<(), CommitError> {
        let changed = self.maps.change(house.store.as_ref(), lease, said, history).await;
        if changed.is_ok() {
            self.apply(house);
            house.wakes.values().for_each(|wake| wake.notify_one());
        }
        self.changed.notify_one();
        changed
    }

    /// The settings with all that people have set, by now.
    fn over(&self, base: &Settings) -> Settings {
        let mut laid = self.shown().lay(base, now());
        self.maps.in_force().load().lay(&mut laid);
        laid
    }

    async fn read(&self, store: &dyn Store) -> Result<(), StoreError> {
        self.maps.read(store).await?;
        let mut known = self.known.lock().await;
        let found = store.load(&[key()]).await?.into_iter().next().unwrap_or_default();
        let document = if found.bytes.is_empty() {
            Document::default()
        } else {
            let read: Result<Document, _> = serde_json::from_slice(&found.bytes);
            read.map_err(|error| StoreError::Damaged(format!("what people have set: {error}")))?
        };
        if document.schema > SCHEMA {
            let message = "what people have set was written by a newer program: start that one";
            return Err(StoreError::Damaged(message.to_owned()));
        }
        self.shown.store(Arc::new(document.steering.clone()));
        *known = Known {
            version: Some(found.version),
            steering: document.steering,
        };
        Ok(())
    }

    /// Lays over the settings in force what holds now; everybody looks again where that changes something.
    fn apply(&self, house: &House) {
        let base = self.base();
        let before = house.settings.load_full();
        house.settings.rcu(|current| {
            let mut laid = self.over(&base);
            settle(&mut laid, current);
            if **current == laid {
                Arc::clone(current)
            } else {
                Arc::new(laid)
            }
        });
        if !Arc::ptr_eq(&before, &house.settings.load()) {
            house.ledger_wake.notify_one();
            house.wakes.values().for_each(|wake| wake.notify_one());
        }
    }

    /// Other settings as they would be in force.
    pub(super) fn laid(&self, house: &House, base: &Settings) -> Settings {
        let mut laid = self.over(base);
        settle(&mut laid, &house.settings.load());
        laid
    }

    /// The configuration has been reloaded: it is in force when this returns.
    pub(super) fn replace(&self, house: &House, base: Arc<Settings>) {
        self.base.store(base);
        self.apply(house);
    }

    /// Changes it. Durable and in force when it answers.
    ///
    /// # Errors
    /// The store's. Without an answer of the store it may have been changed all the same: it is read again.
    pub(super) async fn change(
        &self,
        house: &House,
        lease: &Lease,
        (person, skus): (Person, &[Sku]),
        change: impl FnOnce(&mut Steering),
    ) -> Result<(), CommitError> {
        if self.known.lock().await.version.is_none() {
            self.read(house.store.as_ref()).await?;
        }
        let mut known = self.known.lock().await;
        let Some(version) = known.version else {
            let message = "what people have set is being read again";
            return Err(StoreError::Unavailable(message.to_owned()).into());
        };
        let (mut steering, at) = (known.steering.clone(), now());
        steering.forget_ended(at);
        change(&mut steering);
        let document = Document {
            schema: SCHEMA,
            steering,
        };
        let batch = CommitBatch {
            writes: vec![DocumentWrite {
                key: key(),
                expected: version,
                version: version + 1,
                bytes: Some(serde_json::to_vec(&document).unwrap_or_default()),
            }],
            history: decided_by_person(person, skus, at),
            ..CommitBatch::default()
        };
        if let Err(error) = house.store.commit(lease, &batch).await {
            known.version = None;
            self.changed.notify_one();
            return Err(error);
        }
        self.shown.store(Arc::new(document.steering.clone()));
        *known = Known {
            version: Some(version + 1),
            steering: document.steering,
        };
        drop(known);
        self.apply(house);
        self.changed.notify_one();
        Ok(())
    }

    /// Ends what has an end, and reads again what a commit left in doubt; as long as a term works.
    pub(super) async fn keep(&self, house: &House) {
        loop {
            if self.known.lock().await.version.is_none() || self.maps.in_doubt().await {
                self.load(house).await;
            }
            let at = now();
            let wait = self.shown().next_end(at).map_or(i64::MAX, |end| end.since(at).max(1));
            let wait = Duration::from_millis(u64::try_from(wait).unwrap_or(1)).min(LOOK);
            tokio::select! {
                () = self.changed.notified() => {}
                () = tokio::time::sleep(wait) => self.apply(house),
            }
        }
    }
}
