//! A store that an earlier version left behind is read, gets the tables of today, and works on.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test")]

use omnistock::delivery::decode_listing;
use omnistock::store::embedded::Embedded;
use omnistock::store::{CommitBatch, EntryId, HistoryEntry, HistoryId, Key, Kind, Store, StoreError, Way};
use omnistock_engine::{Event, OrderDocument, SkuDocument, SourceDocument, decode_event};
use omnistock_words::{Millis, Quantity};
use std::path::Path;
use std::time::Duration;

const VERSION_1: &str = include_str!("samples/store-1.sql");
const SKU: &str = "GUERTEL-38-BL";

fn older(folder: &Path) -> rusqlite::Connection {
    let database = rusqlite::Connection::open(folder.join("omnistock.db")).unwrap();
    database.execute_batch(VERSION_1).unwrap();
    database
}

async fn bytes(store: &dyn Store, kind: Kind, id: &str) -> Vec<u8> {
    store.load(&[Key::new(kind, id)]).await.unwrap().remove(0).bytes
}

#[tokio::test]
async fn documents_and_events_of_an_earlier_version_are_read_and_written_anew() {
    let folder = tempfile::tempdir().unwrap();
    drop(older(folder.path()));
    let store = Embedded::open(folder.path()).unwrap();

    let stored = bytes(&store, Kind::Sku, SKU).await;
    assert!(stored.starts_with(br#"{"v":1,"#));
    let ledger = SkuDocument::decode(&stored).unwrap();
    assert_eq!((ledger.positions.len(), ledger.lines.len()), (2, 2));
    let anew = ledger.encode();
    assert!(anew.starts_with(br#"{"v":3,"#));
    assert_eq!(SkuDocument::decode(&anew).unwrap(), ledger);

    let order = OrderDocument::decode(&bytes(&store, Kind::Order, "shop_de/219").await).unwrap();
    assert_eq!(order.lines[0].quantity, Quantity::ONE);
    assert!(order.touched.iter().any(|sku| sku.as_str() == SKU));
    let source = SourceDocument::decode(&bytes(&store, Kind::Source, "erp").await).unwrap();
    assert_eq!((source.rows, source.snapshots.len()), (240, 5));
    let listing = "market/iitem_01000000000000000000000094/sloc_01000000000000000000000001";
    let listing = decode_listing(&bytes(&store, Kind::Listing, listing).await).unwrap();
    assert_eq!(listing.sku.unwrap().as_str(), SKU);

    let waiting = store.read(EntryId(0), 10).await.unwrap();
    let Event::Order { order, .. } = decode_event(&waiting[0].bytes).unwrap() else {
        panic!("the event that waits is an order");
    };
    assert_eq!(order.order.as_str(), "173");
    assert_eq!(store.cursor().await.unwrap(), EntryId(1506));
}

#[tokio::test]
async fn its_marks_and_intents_stay_and_new_work_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    drop(older(folder.path()));
    for round in 1..=2_u64 {
        // The second time the tables are those of today.
        let store = Embedded::open(folder.path()).unwrap();
        assert_eq!(store.dirty("market", 9).await.unwrap()[0].sku, SKU);
        assert_eq!(store.intents("market").await.unwrap().len(), 1);
        assert_eq!(store.history_size().await.unwrap().entries, round - 1);
        let lease = store.acquire("next", Duration::from_mins(1)).await.unwrap().unwrap();
        assert_eq!(
            lease.token,
            1_795_316_993_000 + round,
            "behind every token that was ever given"
        );
        let batch = CommitBatch {
            history: vec![HistoryEntry {
                at: Millis(5_000),
                about: vec![format!("sku/{SKU}")],
                bytes: vec![1],
            }],
            ..CommitBatch::default()
        };
        store.commit(&lease, &batch).await.unwrap();
        let told = store
            .history(Some(&format!("sku/{SKU}")), HistoryId(0), Way::Forward, 9)
            .await;
        assert_eq!(told.unwrap().len() as u64, round);
    }
}

#[test]
fn a_store_of_a_later_version_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let database = older(folder.path());
    database.pragma_update(None, "user_version", 99).unwrap();
    drop(database);
    let Err(StoreError::Refused(sentence)) = Embedded::open(folder.path()) else {
        panic!("opened");
    };
    assert!(sentence.contains("newer omnistock"), "{sentence}");
    let database = rusqlite::Connection::open(folder.path().join("omnistock.db")).unwrap();
    let tables: i64 = database
        .query_row("SELECT count(*) FROM sqlite_schema WHERE name = 'history'", [], |row| {
            row.get(0)
        })
        .unwrap();
    assert_eq!(tables, 0);
}
