//! The history of a store that layout 1 began: a list of ids per subject, read and forgotten beside the index of today.

use super::batches::{lease, tell};
use super::redis_server::{Persistence, RedisServer};
use omnistock::store::redis::RedisStore;
use omnistock::store::{CommitBatch, HistoryId, Store, Way};
use omnistock_words::Millis;

async fn open(server: &RedisServer) -> RedisStore {
    RedisStore::connect(&server.url().into(), "shop").await.unwrap()
}

async fn numbers(store: &RedisStore, about: &str, from: HistoryId, way: Way, most: usize) -> Vec<u8> {
    let found = store.history(Some(about), from, way, most).await.unwrap();
    found.into_iter().map(|entry| entry.bytes[0]).collect()
}

/// What a program of layout 1 left behind.
fn begun_by_layout_1(server: &RedisServer) {
    for number in 1..=3 {
        let (id, bytes) = (format!("{number}000-0"), number.to_string());
        let added: String = server.ask(&["XADD", "{shop}:history", &id, "a", "[\"sku/A\"]", "b", &bytes]);
        let _length: i64 = server.ask(&["RPUSH", "{shop}:history_about:sku/A", &id]);
        assert_eq!(added, id);
    }
    server.command("SET {shop}:last_history 3000-0");
    server.command("SET {shop}:history_bytes 18");
    assert_eq!(server.command("SET {shop}:layout 1"), "+OK");
}

#[tokio::test]
async fn what_layout_1_listed_is_found_before_what_came_since_and_forgotten_like_it() {
    let server = RedisServer::keeping(Persistence::Nothing);
    begun_by_layout_1(&server);
    let store = open(&server).await;
    let lease = lease(&store).await;
    for number in 4..=6_u8 {
        let entry = tell(i64::from(number) * 1_000, &["sku/A"], &[number + b'0']);
        let batch = CommitBatch {
            history: vec![entry],
            ..CommitBatch::default()
        };
        store.commit(&lease, &batch).await.unwrap();
    }
    drop(store);
    // Also once it has become layout 2.
    let store = open(&server).await;
    assert_eq!(numbers(&store, "sku/A", HistoryId(0), Way::Forward, 9).await, b"123456");
    assert_eq!(numbers(&store, "sku/A", HistoryId::END, Way::Back, 4).await, b"6543");
    let behind = HistoryId::first_at(Millis(2_001));
    assert_eq!(numbers(&store, "sku/A", behind, Way::Forward, 2).await, b"34");
    assert_eq!(numbers(&store, "sku/A", behind, Way::Back, 9).await, b"21");

    let before = HistoryId::first_at(Millis(5_000));
    assert_eq!(store.forget_history(&lease, before, 2).await, Ok(2));
    assert_eq!(numbers(&store, "sku/A", HistoryId(0), Way::Forward, 9).await, b"3456");
    assert_eq!(store.forget_history(&lease, before, 9).await, Ok(2));
    assert_eq!(server.command("EXISTS {shop}:history_about:sku/A"), ":0");
    assert_eq!(numbers(&store, "sku/A", HistoryId(0), Way::Forward, 9).await, b"56");
}

/// Enough for several blocks of the index: pages, places in the middle, and forgetting across their borders.
#[tokio::test]
async fn many_entries_about_one_subject_are_found_from_any_place() {
    let server = RedisServer::keeping(Persistence::Nothing);
    let store = open(&server).await;
    let lease = lease(&store).await;
    let number = |at: i64| u8::try_from(at % 251).unwrap();
    for from in (0..200).step_by(8) {
        let entries = (from..from + 8).map(|at| tell(at, &["sku/A", "sku/\u{1}"], &[number(at)]));
        let batch = CommitBatch {
            history: entries.collect(),
            ..CommitBatch::default()
        };
        store.commit(&lease, &batch).await.unwrap();
    }
    let mut gone = 0;
    for forgotten in [0_i64, 1, 31, 32, 33, 63, 64, 100, 191, 199] {
        let before = HistoryId::first_at(Millis(forgotten));
        let now = store.forget_history(&lease, before, 1_000).await.unwrap();
        gone += i64::try_from(now).unwrap();
        assert_eq!(gone, forgotten);
        for about in ["sku/A", "sku/\u{1}"] {
            for at in [0, 30, 31, 32, 33, 64, 99, 128, 198, 199, 200, 300] {
                let place = HistoryId::first_at(Millis(at));
                let behind: Vec<u8> = (forgotten.max(at)..200).map(number).collect();
                let before: Vec<u8> = (forgotten..at.min(200)).rev().map(number).collect();
                // The first place of an instant is its first entry's own; at the very first there is none.
                let own = usize::from(at > 0 && (forgotten..200).contains(&at));
                assert_eq!(
                    numbers(&store, about, place, Way::Forward, 40).await,
                    behind.into_iter().skip(own).take(40).collect::<Vec<_>>()
                );
                assert_eq!(
                    numbers(&store, about, place, Way::Back, 40).await,
                    before.into_iter().take(40).collect::<Vec<_>>()
                );
            }
        }
    }
}
