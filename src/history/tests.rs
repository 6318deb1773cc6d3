//! The room against a store in memory: ledgers of any version, long reports, limits, settings.

use super::*;
use crate::store::memory::Memory;
use crate::store::{CommitBatch, DocumentWrite, HistoryEntry, HistoryId, Key, Kind, Lease, Store, Way};
use omnistock_engine::{DocumentKey, Documents, Event, Position, SkuDocument, StockEvent, StockRow};
use omnistock_words::{Basis as Contains, Millis, Quantity, Settings, Sku};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

async fn leader(store: &Memory) -> Lease {
    store.acquire("tester", Duration::from_mins(10)).await.unwrap().unwrap()
}

fn sku(name: &str) -> Sku {
    Sku::new(name).unwrap()
}

fn ledger(quantity: i64) -> SkuDocument {
    SkuDocument {
        positions: vec![Position {
            location: "berlin".parse().unwrap(),
            source: "erp".parse().unwrap(),
            quantity: Quantity::whole(quantity),
            basis: Contains::Physical,
            as_of: Millis(quantity * 1_000),
            read_until: None,
            sellable: true,
            missing: false,
        }],
        ..SkuDocument::default()
    }
}

fn documents(quantity: i64) -> Documents {
    let mut documents = Documents::default();
    documents.skus.insert(sku("A"), ledger(quantity));
    documents
}

fn rows(count: usize) -> Event {
    let row = |number| StockRow {
        sku: sku(&format!("S-{number:03}")),
        location: "berlin".parse().unwrap(),
        quantity: Quantity::whole(1),
        sellable: true,
        brand: None,
        category: None,
        tags: Vec::new(),
    };
    Event::Stock(StockEvent {
        source: "erp".parse().unwrap(),
        complete: true,
        basis: None,
        as_of: Millis(5),
        read_until: None,
        rows: (0..count).map(row).collect(),
    })
}

/// Commits versions 1 to `versions` of a ledger, one a second, each telling how to get back.
async fn changed(store: &Memory, lease: &Lease, versions: u64) {
    for version in 1..=versions {
        let quantity = i64::try_from(version).unwrap();
        let write = DocumentWrite {
            key: Key::sku(&sku("A")),
            expected: version - 1,
            version,
            bytes: Some(ledger(quantity).encode()),
        };
        let (before, after) = (documents(quantity - 1), documents(quantity));
        let writes = vec![write];
        let at = Millis(quantity * 1_000);
        let history = told(&Settings::default(), (&before, &after), &[], &writes, at);
        let batch = CommitBatch {
            writes,
            history,
            ..CommitBatch::default()
        };
        store.commit(lease, &batch).await.unwrap();
    }
}

#[tokio::test]
async fn a_ledger_is_what_it_was_at_every_version() {
    let store = Memory::new();
    let lease = leader(&store).await;
    changed(&store, &lease, 100).await;
    for version in 1..=100_u64 {
        let quantity = i64::try_from(version).unwrap();
        for near in [HistoryId(0), HistoryId::first_at(Millis(quantity * 1_000))] {
            let found = ledger_at(&store, &sku("A"), version, near).await.unwrap();
            assert_eq!(
                SkuDocument::decode(&found.unwrap()).unwrap(),
                ledger(quantity),
                "{version}"
            );
        }
    }
    assert_eq!(
        ledger_at(&store, &sku("A"), 0, HistoryId(0)).await.unwrap(),
        Some(Vec::new())
    );
}

#[tokio::test]
async fn what_is_forgotten_does_not_harm_what_is_newer() {
    let store = Memory::new();
    let lease = leader(&store).await;
    changed(&store, &lease, 100).await;
    let horizon = HistoryId::first_at(Millis(50_000));
    while store.forget_history(&lease, horizon, 7).await.unwrap() > 0 {}
    for version in 49..=100_u64 {
        let found = ledger_at(&store, &sku("A"), version, HistoryId(0)).await.unwrap();
        let quantity = i64::try_from(version).unwrap();
        assert_eq!(
            SkuDocument::decode(&found.unwrap()).unwrap(),
            ledger(quantity),
            "{version}"
        );
    }
    let gone = ledger_at(&store, &sku("A"), 20, HistoryId(0)).await;
    assert!(!matches!(gone, Ok(Some(_))), "{gone:?}");
}

#[test]
fn a_long_report_is_told_in_pieces_and_only_what_changed() {
    let event = rows(500);
    let changed: Vec<_> = (0..200)
        .map(|number| DocumentKey::Sku(sku(&format!("S-{number:03}"))))
        .collect();
    let nothing = Documents::default();
    let entries = told(
        &Settings::default(),
        (&nothing, &nothing),
        &[(&event, changed)],
        &[],
        Millis(9),
    );
    let (mut about, mut told_rows) = (BTreeSet::new(), 0);
    for entry in &entries {
        let block = Block::decode(&entry.bytes).unwrap();
        assert!(entry.about.len() <= 80, "one reader reads {} SKUs", entry.about.len());
        about.extend(entry.about.iter().cloned());
        for record in block.records {
            let Record::Event { e: Event::Stock(stock) } = record else {
                panic!()
            };
            assert!(!stock.complete, "a part proves no absence");
            told_rows += stock.rows.len();
        }
    }
    assert_eq!((about.len(), told_rows), (200, 200));
    let bytes: usize = entries.iter().map(|entry| entry.bytes.len()).sum();
    assert!(bytes / 200 < 40, "a row takes {} bytes", bytes / 200);
    let none = told(
        &Settings::default(),
        (&nothing, &nothing),
        &[(&event, Vec::new())],
        &[],
        Millis(9),
    );
    assert_eq!(none, [], "a report without news is no history");
}

fn entry(at: i64, length: usize) -> HistoryEntry {
    HistoryEntry {
        at: Millis(at),
        about: Vec::new(),
        bytes: vec![0; length],
    }
}

#[tokio::test]
async fn the_keeper_forgets_by_age_and_by_size_in_steps() {
    let store = Memory::new();
    let lease = leader(&store).await;
    let batch = CommitBatch {
        history: (0..2_000).map(|second| entry(second * 1_000, 100)).collect(),
        ..CommitBatch::default()
    };
    store.commit(&lease, &batch).await.unwrap();
    let (settings, mut keeper) = (Arc::new(Settings::default()), Keeper::default());
    let mut limits = HistoryLimits {
        keep: 600_000,
        most_bytes: 1_000_000,
    };
    let mut steps = 0;
    while keeper
        .step(&store, &lease, &settings, limits, Millis(2_000_000))
        .await
        .unwrap()
    {
        steps += 1;
    }
    let size = store.history_size().await.unwrap();
    assert_eq!((size.entries, size.oldest.unwrap().at()), (600, Millis(1_400_000)));
    assert!(steps >= 3, "1,400 entries in {steps} steps");
    limits.most_bytes = 20_000;
    while keeper
        .step(&store, &lease, &settings, limits, Millis(2_000_000))
        .await
        .unwrap()
    {}
    let size = store.history_size().await.unwrap();
    assert!((10_000..=20_000).contains(&size.bytes), "{size:?}");
}

#[tokio::test]
async fn settings_are_kept_once_and_go_when_nothing_refers_to_them() {
    let store = Memory::new();
    let lease = leader(&store).await;
    let (first, mut second) = (Settings::default(), Settings::default());
    second.bundles.insert(sku("SET"), Vec::new());
    assert_ne!(settings_name(&first), settings_name(&second));
    let limits = HistoryLimits {
        keep: 1_000,
        most_bytes: u64::MAX,
    };
    for (at, settings) in [(0, &first), (10, &first), (20, &second), (30, &first), (40, &second)] {
        let mut keeper = Keeper::default();
        keeper
            .step(&store, &lease, &Arc::new(settings.clone()), limits, Millis(at))
            .await
            .unwrap();
    }
    assert_eq!(store.scan(Kind::Merchant, None, 9).await.unwrap().len(), 2);
    for settings in [&first, &second] {
        let kept = settings_named(&store, &settings_name(settings)).await.unwrap();
        assert_eq!(kept.as_ref(), Some(settings));
    }
    // Long after the first ones were replaced, they go; those in force stay, however old.
    let mut keeper = Keeper::default();
    keeper
        .step(&store, &lease, &Arc::new(second.clone()), limits, Millis(9_000))
        .await
        .unwrap();
    assert_eq!(settings_named(&store, &settings_name(&first)).await.unwrap(), None);
    assert_eq!(
        settings_named(&store, &settings_name(&second)).await.unwrap(),
        Some(second)
    );
}

#[tokio::test]
async fn decisions_stand_behind_what_they_were_made_from() {
    let (settings, mut decided) = (Arc::new(Settings::default()), Decided::default());
    let channel: omnistock_words::ChannelName = "shop".parse().unwrap();
    let versions = (0..150).map(|number| (sku(&format!("S-{number}")), number)).collect();
    decided.look(&settings, &Documents::default(), versions);
    for number in 0..150 {
        let id = omnistock_words::ListingId::new(format!("L-{number}")).unwrap();
        let listing = omnistock_planner::ListingDocument::new(channel.clone(), id, None);
        let sku = sku(&format!("S-{number}"));
        decided.decided(
            &listing,
            &sku,
            Quantity::whole(number),
            &[],
            &Documents::default(),
            Millis(7),
        );
    }
    let entries = decided.take(Millis(8));
    assert!(decided.is_empty() && entries.len() > 1);
    let mut seen = 0;
    for entry in entries {
        let records = Block::decode(&entry.bytes).unwrap().records;
        assert!(matches!(&records[0], Record::Basis(basis) if basis.settings == settings_name(&settings)));
        for record in &records[1..] {
            let Record::Decision(decision) = record else {
                panic!("{record:?}")
            };
            let number = u64::try_from(seen).unwrap();
            assert_eq!(decision.ledgers, [(decision.sku.clone(), number)]);
            assert!(entry.about.contains(&about(&decision.sku)));
            seen += 1;
        }
    }
    assert_eq!(seen, 150);
    let store = Memory::new();
    assert!(
        blocks(&store, "sku/S-1", HistoryId::END, Way::Back, 9)
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn settings_that_nobody_can_read_do_not_keep_the_rest_from_being_forgotten() {
    let store = Memory::new();
    let lease = leader(&store).await;
    let settings = Arc::new(Settings::default());
    let strange = |name: &str| DocumentWrite {
        key: Key::new(Kind::Merchant, format!("settings/{name}")),
        expected: 0,
        version: 1,
        bytes: Some(vec![9, 0, 0, 0, 255, 255]),
    };
    let batch = CommitBatch {
        // Also where those in force should be.
        writes: vec![strange("0"), strange(&settings_name(&settings))],
        history: vec![entry(1, 1)],
        ..CommitBatch::default()
    };
    store.commit(&lease, &batch).await.unwrap();
    let limits = HistoryLimits {
        keep: 1_000,
        most_bytes: 1_000_000,
    };
    let mut keeper = Keeper::default();
    let forgets = keeper.step(&store, &lease, &settings, limits, Millis(9_000)).await;
    assert!(forgets.unwrap(), "the old entry");
    assert_eq!(store.history_size().await.unwrap().entries, 0);
    let kept = settings_named(&store, &settings_name(&settings)).await.unwrap();
    assert_eq!(kept.as_ref(), Some(settings.as_ref()));
}
