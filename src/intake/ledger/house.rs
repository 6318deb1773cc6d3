//! An owner on a store in memory, whose workers the tests play.

use super::*;
use crate::store::Key;
use crate::store::memory::Memory;
use omnistock_engine::SkuDocument;
use omnistock_words::{
    Basis, ChannelPolicy, ChannelSettings, LocationPolicy, Match, PolicyPatch, Quantity, Rule, SourcePolicy,
};
use serde_json::{Value, json};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::time::{Instant, sleep};
use tokio_util::task::TaskTracker;

/// A channel whose worker is played by the test.
#[derive(Default)]
pub(super) struct Played(pub(super) Mutex<Vec<i64>>, pub(super) AtomicBool);

impl Watched for Played {
    fn pushes(&self) -> Vec<i64> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
    fn at_zero(&self) -> BTreeMap<Sku, Millis> {
        BTreeMap::new()
    }
    fn lists(&self, _: &Sku) -> Option<bool> {
        Some(true)
    }
    fn back_filled(&self) -> bool {
        self.1.load(Ordering::Relaxed)
    }
}

pub(super) struct House {
    pub(super) parts: LedgerParts,
    pub(super) store: Arc<Memory>,
    pub(super) lease: Lease,
    pub(super) shop: Arc<Played>,
    pub(super) folder: tempfile::TempDir,
}

pub(super) fn policy() -> SourcePolicy {
    SourcePolicy::new(Basis::Physical)
}

/// An ERP, berlin, and the channels shop and market that both sell all of it.
pub(super) fn settings(source: SourcePolicy) -> Settings {
    let mut settings = Settings::default();
    settings.sources.insert("erp".parse().unwrap(), source);
    settings
        .locations
        .insert("berlin".parse().unwrap(), LocationPolicy::default());
    for name in ["shop", "market"] {
        let policy = ChannelPolicy {
            locations: vec!["berlin".parse().unwrap()],
            ..ChannelPolicy::default()
        };
        let channel = ChannelSettings {
            connector: name.parse().unwrap(),
            template: None,
            policy,
        };
        settings.channels.insert(name.parse().unwrap(), channel);
    }
    settings
}

pub(super) fn sku(index: usize) -> Sku {
    format!("A{index:05}").parse().unwrap()
}

impl House {
    pub(super) async fn open(settings: Settings) -> Self {
        let (folder, store) = (tempfile::tempdir().unwrap(), Arc::new(Memory::new()));
        let lease = store.acquire("owner", Duration::from_mins(9)).await.unwrap().unwrap();
        let shop = Arc::new(Played::default());
        let watched: Arc<dyn Watched> = Arc::clone(&shop) as Arc<dyn Watched>;
        let cutovers = Cutovers::load(store.as_ref(), folder.path().join("cutover.json"))
            .await
            .unwrap();
        let parts = LedgerParts {
            store: Arc::clone(&store) as Arc<dyn Store>,
            settings: Arc::new(ArcSwap::from_pointee(settings)),
            mappings: Arc::default(),
            lease: watch::channel(Some(lease.clone())).1,
            applied: watch::channel(EntryId::default()).0,
            wake: Arc::default(),
            channels: BTreeMap::new(),
            held: Arc::new(|_, _| false),
            board: Arc::default(),
            watched: BTreeMap::from([("shop".parse().unwrap(), watched)]),
            newest: Arc::default(),
            measured: Arc::default(),
            cutovers,
            times: UpkeepTimes {
                page: 5,
                walk: 50,
                measure: 20,
                save: 20,
                patience: 100,
                ..UpkeepTimes::default()
            },
        };
        Self {
            parts,
            store,
            lease,
            shop,
            folder,
        }
    }

    pub(super) fn start(&self) -> tokio::task::JoinHandle<()> {
        TaskTracker::new().spawn(Ledger::new(self.parts.clone()).run(CancellationToken::new()))
    }

    /// Reports, and waits until they are in the ledgers.
    pub(super) async fn tell(&self, events: &[Value]) {
        let bytes: Vec<Vec<u8>> = events.iter().map(|event| event.to_string().into_bytes()).collect();
        let last = *self.store.append(&bytes).await.unwrap().last().unwrap();
        self.parts.wake.notify_one();
        let mut applied = self.parts.applied.subscribe();
        tokio::time::timeout(Duration::from_secs(30), applied.wait_for(|cursor| *cursor >= last))
            .await
            .expect("in time")
            .unwrap();
    }

    /// So many SKUs with ten units each.
    pub(super) async fn stock(&self, skus: usize) {
        let (as_of, erp) = (now(), "erp");
        let row = |index| json!({ "sku": sku(index), "location": "berlin", "quantity": "10" });
        let rows: Vec<Value> = (0..skus).map(row).collect();
        let chunk =
            |rows: &[Value]| json!({ "type": "stock", "source": erp, "complete": false, "as_of": as_of, "rows": rows });
        let mut events: Vec<Value> = rows.chunks(500).map(chunk).collect();
        events.push(json!({ "type": "snapshot", "source": erp, "as_of": as_of, "rows": skus, "total": "10" }));
        self.tell(&events).await;
        self.clean().await;
    }

    pub(super) async fn dirty(&self, channel: &str) -> Vec<String> {
        let marks = self.store.dirty(channel, 100_000).await.unwrap();
        marks.into_iter().map(|mark| mark.sku).collect()
    }

    /// Plays the workers: everything is looked at.
    pub(super) async fn clean(&self) {
        for channel in ["shop", "market"] {
            let clears = self.store.dirty(channel, 100_000).await.unwrap().into_iter();
            let clears = clears.map(|mark| crate::store::Clear {
                channel: channel.to_owned(),
                sku: mark.sku,
                version: mark.version,
            });
            let batch = CommitBatch {
                clears: clears.collect(),
                ..CommitBatch::default()
            };
            self.store.commit(&self.lease, &batch).await.unwrap();
        }
    }

    pub(super) async fn document(&self, sku: &Sku) -> SkuDocument {
        let found = self.store.load(&[Key::sku(sku)]).await.unwrap().remove(0);
        SkuDocument::decode(&found.bytes).unwrap()
    }

    /// What the shop may show now.
    pub(super) async fn promise(&self, sku: &Sku) -> Quantity {
        let settings = self.parts.settings.load_full();
        let mut documents = Documents::default();
        documents.skus.insert(sku.clone(), self.document(sku).await);
        self.parts.measured.load().feed(&mut documents);
        let promise = omnistock_engine::promise(&settings, &documents, &"shop".parse().unwrap(), sku, now());
        promise.quantity.unwrap()
    }
}

pub(super) async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !holds().await {
        assert!(Instant::now() < deadline, "not in time: {what}");
        sleep(Duration::from_millis(5)).await;
    }
}

pub(super) fn order(channel: &str, id: usize, status: &str, placed_at: Millis, units: usize) -> Value {
    json!({ "type": "order", "channel": channel, "order": id.to_string(), "revision": { "number": 1, "sequence": 1 },
            "status": status, "placed_at": placed_at, "at": placed_at,
            "lines": [{ "line": "1", "sku": sku(0), "quantity": units.to_string() }] })
}

pub(super) fn rule(until: Millis) -> Rule {
    Rule {
        matches: Match::default(),
        channels: Some(vec!["shop".parse().unwrap()]),
        from: None,
        until: Some(until),
        set: PolicyPatch {
            max_shown: Some(Quantity::whole(4)),
            ..PolicyPatch::default()
        },
        place: String::new(),
    }
}
