//! A shop, a ledger and a worker between them, for the tests of the worker.

use super::fake::Fake;
use super::shaky::Shaky;
use super::{Account, ChannelBoard, ChannelParts, ChannelWorker, Ended, FreshOrders, Timings};
use crate::newest::Newest;
use crate::store::{Asked, CommitBatch, DirtyMark, DocumentWrite, Key, Lease, Right, Store};
use arc_swap::ArcSwap;
use async_trait::async_trait;
use omnistock_engine::{LineRecord, Measured, Position, SkuDocument, SourceDocument};
use omnistock_planner::ListingState;
use omnistock_sdk::now;
use omnistock_words::{
    Basis, ChannelName, ChannelPolicy, ChannelSettings, ConnectorName, LocationName, LocationPolicy, Mappings, Millis,
    Mode, Quantity, Settings, Sku, SourcePolicy, WriteMeaning,
};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Orders that are fetched when the test lets them.
#[derive(Default)]
pub(super) struct Orders {
    pub(super) held: AtomicBool,
    pub(super) fetches: AtomicU64,
    pub(super) doubts: AtomicU64,
    /// Reads of all orders that were asked for; none of them ends while `held`.
    pub(super) alls: AtomicU64,
}

#[async_trait]
impl FreshOrders for Orders {
    async fn fetch(&self, _: &ChannelName) -> Result<Millis, String> {
        self.fetches.fetch_add(1, Ordering::Relaxed);
        let begun = now();
        while self.held.load(Ordering::Relaxed) {
            sleep(Duration::from_millis(2)).await;
        }
        Ok(begun)
    }

    fn read_all(&self, _: &ChannelName) {
        self.alls.fetch_add(1, Ordering::Relaxed);
    }

    fn all_read_since(&self, _: &ChannelName, _: Millis) -> bool {
        !self.held.load(Ordering::Relaxed)
    }

    fn doubt(&self, _: &ChannelName) {
        self.doubts.fetch_add(1, Ordering::Relaxed);
    }
}

/// A shop, a ledger and a worker between them.
pub(super) struct House {
    pub(super) fake: Arc<Fake>,
    pub(super) orders: Arc<Orders>,
    pub(super) store: Arc<Shaky>,
    pub(super) settings: Arc<ArcSwap<Settings>>,
    pub(super) mappings: Arc<ArcSwap<Mappings>>,
    pub(super) measured: Arc<ArcSwap<Measured>>,
    pub(super) newest: Arc<Newest>,
    pub(super) board: Arc<ChannelBoard>,
    pub(super) wake: Arc<Notify>,
    pub(super) gate: watch::Sender<bool>,
    pub(super) falls: watch::Sender<bool>,
    pub(super) applying: watch::Sender<(u64, u64)>,
    pub(super) timings: Timings,
    pub(super) right: Right,
    pub(super) lease: Lease,
    leases: watch::Sender<Option<Lease>>,
    versions: Mutex<BTreeMap<String, (u64, SkuDocument)>>,
}

pub(super) const SHOP: &str = "shop";

fn settings() -> Settings {
    let mut settings = Settings::default();
    let (erp, berlin) = (ConnectorName::new("erp").unwrap(), LocationName::new("berlin").unwrap());
    settings.sources.insert(erp, SourcePolicy::new(Basis::Physical));
    settings.locations.insert(berlin.clone(), LocationPolicy::default());
    let policy = ChannelPolicy {
        mode: Mode::Live,
        locations: vec![berlin],
        ..ChannelPolicy::default()
    };
    let channel = ChannelSettings {
        connector: ConnectorName::new(SHOP).unwrap(),
        template: None,
        policy,
    };
    settings.channels.insert(ChannelName::new(SHOP).unwrap(), channel);
    settings
}

impl House {
    pub(super) async fn new(write: WriteMeaning) -> Self {
        let store = Arc::new(Shaky::default());
        let lease = store.acquire("test", Duration::from_hours(1)).await.unwrap().unwrap();
        let quick = Duration::from_millis(30);
        Self {
            fake: Arc::new(Fake::new(write)),
            orders: Arc::default(),
            store,
            settings: Arc::new(ArcSwap::from_pointee(settings())),
            mappings: Arc::default(),
            measured: Arc::default(),
            newest: Arc::default(),
            board: Arc::default(),
            wake: Arc::default(),
            gate: watch::channel(true).0,
            falls: watch::channel(false).0,
            applying: watch::channel((0, 0)).0,
            timings: Timings {
                read_back: quick,
                rush: Duration::ZERO,
                tick: Duration::from_millis(20),
                skew: Duration::ZERO,
                stop: quick,
                ..Timings::default()
            },
            right: Right::of(Asked::now(), Duration::from_hours(1)),
            leases: watch::channel(Some(lease.clone())).0,
            lease,
            versions: Mutex::default(),
        }
    }

    /// A listing of a SKU of the same name; `A@berlin` is one of SKU `A` at berlin.
    pub(super) fn list(&self, id: &str, number: i64) {
        let sku = id.split('@').next().map(str::to_owned);
        let mut shop = self.fake.shop.lock().unwrap();
        shop.numbers.insert(id.to_owned(), number);
        shop.skus.insert(id.to_owned(), sku);
    }

    /// Changes a ledger and marks it dirty, as the ledger's owner does.
    pub(super) async fn ledger(&self, sku: &str, change: impl FnOnce(&mut SkuDocument)) {
        let (version, document) = {
            let mut versions = self.versions.lock().unwrap();
            let entry = versions.entry(sku.to_owned()).or_default();
            change(&mut entry.1);
            entry.0 += 1;
            entry.clone()
        };
        let write = |key: Key, expected, bytes| DocumentWrite {
            key,
            expected,
            version: expected + 1,
            bytes: Some(bytes),
        };
        let mut batch = CommitBatch::default();
        batch
            .writes
            .push(write(Key::sku(&Sku::new(sku).unwrap()), version - 1, document.encode()));
        let source = Key::source(&ConnectorName::new("erp").unwrap());
        if self.store.load(std::slice::from_ref(&source)).await.unwrap()[0].version == 0 {
            let erp = SourceDocument {
                complete_as_of: Some(Millis(1)),
                newest: Some(Millis(1)),
                ..SourceDocument::default()
            };
            batch.writes.push(write(source, 0, erp.encode()));
        }
        batch.marks.push(DirtyMark {
            channel: SHOP.to_owned(),
            sku: sku.to_owned(),
            since: now(),
        });
        self.store.commit(&self.lease, &batch).await.unwrap();
        self.wake.notify_one();
    }

    /// The ERP has so many.
    pub(super) async fn stock(&self, sku: &str, number: i64) {
        self.stocks(sku, &[("berlin", number)]).await;
    }

    /// The ERP has so many at each of these places.
    pub(super) async fn stocks(&self, sku: &str, places: &[(&str, i64)]) {
        let position = |(place, number): &(&str, i64)| Position {
            location: LocationName::new(*place).unwrap(),
            source: ConnectorName::new("erp").unwrap(),
            quantity: Quantity::whole(*number),
            basis: Basis::Physical,
            as_of: Millis(1),
            read_until: None,
            sellable: true,
            missing: false,
        };
        let positions = places.iter().map(position).collect();
        self.ledger(sku, |document| document.positions = positions).await;
    }

    /// The channel may sell from a second place too.
    pub(super) fn open_place(&self, name: &str) {
        let place = LocationName::new(name).unwrap();
        let mut settings = Settings::clone(&self.settings.load());
        settings.locations.insert(place.clone(), LocationPolicy::default());
        let channels = settings.channels.values_mut();
        channels.for_each(|channel| channel.policy.locations.push(place.clone()));
        self.settings.store(settings.into());
    }

    pub(super) async fn sold(&self, sku: &str, line: LineRecord) {
        self.ledger(sku, |document| document.lines.push(line)).await;
    }

    /// The fake's account, as a term makes it.
    pub(super) fn account(&self) -> Arc<Account> {
        let limits = omnistock_sdk::Connector::limits(self.fake.as_ref());
        Account::new(SHOP, limits.calls, self.store.clone(), false)
    }

    pub(super) fn start(&self) -> Run {
        self.start_with(self.account())
    }

    /// With an account that others share.
    pub(super) fn start_with(&self, account: Arc<Account>) -> Run {
        let parts = ChannelParts {
            channel: ChannelName::new(SHOP).unwrap(),
            store: self.store.clone(),
            settings: self.settings.clone(),
            mappings: self.mappings.clone(),
            connector: self.fake.clone(),
            account,
            lease: self.leases.subscribe(),
            right: self.right.clone(),
            gate: self.gate.subscribe(),
            falls: self.falls.subscribe(),
            applying: self.applying.subscribe(),
            wake: self.wake.clone(),
            orders: self.orders.clone(),
            newest: Arc::clone(&self.newest),
            measured: Arc::clone(&self.measured),
            board: self.board.clone(),
            read_back: Arc::new(|| {}),
            timings: self.timings.clone(),
        };
        let (cancel, tasks) = (CancellationToken::new(), TaskTracker::new());
        let task = tasks.spawn(ChannelWorker::new(parts).run(cancel.clone()));
        Run { cancel, task }
    }

    pub(super) fn number(&self, id: &str) -> i64 {
        self.fake.shop.lock().unwrap().numbers[id]
    }

    pub(super) fn calls(&self) -> Vec<Vec<(String, i64)>> {
        self.fake.shop.lock().unwrap().calls.clone()
    }

    pub(super) async fn dirty(&self) -> u64 {
        self.store.dirty_count(SHOP).await.unwrap()
    }

    /// Another daemon takes the lease.
    pub(super) async fn take_over(&self) {
        self.store.release(&self.lease).await.unwrap();
        self.store
            .acquire("other", Duration::from_mins(1))
            .await
            .unwrap()
            .unwrap();
    }

    /// Waits until all listings are in sync and nothing is dirty.
    pub(super) async fn quiet(&self) {
        let listings = self.fake.shop.lock().unwrap().numbers.len() as u64;
        until("everything is in sync", async || {
            self.board.count(ListingState::InSync) == listings && self.dirty().await == 0
        })
        .await;
    }
}

/// A worker on its way.
pub(super) struct Run {
    cancel: CancellationToken,
    pub(super) task: tokio::task::JoinHandle<Ended>,
}

impl Run {
    /// As `kill -9` does: nothing more happens.
    pub(super) async fn kill(self) {
        self.task.abort();
        drop(self.task.await);
    }

    pub(super) async fn stop(self) -> Ended {
        self.cancel.cancel();
        self.task.await.unwrap()
    }
}

/// Waits for a condition, at most 20 s.
pub(super) async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !holds().await {
        assert!(Instant::now() < deadline, "not in time: {what}");
        sleep(Duration::from_millis(2)).await;
    }
}

/// A house with listings: id and SKU, the number shown, the ERP's figure.
pub(super) async fn house(write: WriteMeaning, listings: &[(&str, i64, i64)]) -> House {
    house_of(Fake::new(write), listings).await
}

/// The same with this shop.
pub(super) async fn house_of(fake: Fake, listings: &[(&str, i64, i64)]) -> House {
    let mut house = House::new(WriteMeaning::Available).await;
    house.fake = Arc::new(fake);
    for (id, shown, stock) in listings {
        house.list(id, *shown);
        house.stock(id, *stock).await;
    }
    house
}
