//! Dirty marks and intents.

use super::backend::Backend;
use super::batches::{clear, clears, intent, intents, lease, mark, marks};
use omnistock::store::{CommitBatch, Dirty, Store};
use omnistock_words::Millis;

async fn skus(store: &dyn Store, channel: &str, most: usize) -> Vec<String> {
    store
        .dirty(channel, most)
        .await
        .unwrap()
        .into_iter()
        .map(|mark| mark.sku)
        .collect()
}

pub(crate) async fn a_mark_again_keeps_since_and_gets_a_new_version(backend: Backend) {
    let store = &*backend.store;
    let lease = lease(store).await;
    store
        .commit(&lease, &marks(vec![mark("shop", "a", 1_000)]))
        .await
        .unwrap();
    let first = store.dirty("shop", 10).await.unwrap();
    store.commit(&lease, &marks(vec![mark("shop", "a", 5)])).await.unwrap();
    let second = store.dirty("shop", 10).await.unwrap();
    assert_eq!((first.len(), second.len()), (1, 1));
    assert_eq!((first[0].since, second[0].since), (Millis(1_000), Millis(1_000)));
    assert!(second[0].version > first[0].version);
    assert_eq!(store.dirty_count("shop").await.unwrap(), 1);
}

pub(crate) async fn only_the_seen_version_is_cleared(backend: Backend) {
    let store = &*backend.store;
    let lease = lease(store).await;
    store
        .commit(&lease, &marks(vec![mark("shop", "a", 1), mark("shop", "b", 2)]))
        .await
        .unwrap();
    let seen = store.dirty("shop", 10).await.unwrap();
    store.commit(&lease, &marks(vec![mark("shop", "a", 3)])).await.unwrap();
    let both = seen
        .iter()
        .map(|dirty| clear("shop", &dirty.sku, dirty.version))
        .collect();
    store.commit(&lease, &clears(both)).await.unwrap();
    assert_eq!(skus(store, "shop", 10).await, ["a"]);
    assert_eq!(store.dirty_count("shop").await.unwrap(), 1);
    let never = clears(vec![
        clear("shop", "never marked", 1),
        clear("nowhere", "a", seen[0].version),
    ]);
    store.commit(&lease, &never).await.unwrap();
    assert_eq!(skus(store, "shop", 10).await, ["a"]);
}

pub(crate) async fn a_mark_and_an_old_clear_in_one_batch_stay_dirty(backend: Backend) {
    let store = &*backend.store;
    let lease = lease(store).await;
    store.commit(&lease, &marks(vec![mark("shop", "a", 1)])).await.unwrap();
    let seen = store.dirty("shop", 1).await.unwrap()[0].version;
    let batch = CommitBatch {
        marks: vec![mark("shop", "a", 9)],
        clears: vec![clear("shop", "a", seen)],
        ..CommitBatch::default()
    };
    store.commit(&lease, &batch).await.unwrap();
    assert_eq!(skus(store, "shop", 10).await, ["a"]);
}

pub(crate) async fn marks_come_oldest_first(backend: Backend) {
    let store = &*backend.store;
    let lease = lease(store).await;
    let batch = marks(vec![
        mark("shop", "third", 1_767_614_400_002),
        mark("shop", "first", -5),
        mark("shop", "second b", 1_767_614_400_001),
        mark("shop", "second a", 1_767_614_400_001),
    ]);
    store.commit(&lease, &batch).await.unwrap();
    assert_eq!(
        skus(store, "shop", 10).await,
        ["first", "second a", "second b", "third"]
    );
    assert_eq!(skus(store, "shop", 2).await, ["first", "second a"]);
    assert_eq!(skus(store, "shop", 0).await, Vec::<String>::new());
    assert_eq!(store.dirty("shop", 1).await.unwrap()[0].since, Millis(-5));
}

pub(crate) async fn channels_have_marks_of_their_own(backend: Backend) {
    let store = &*backend.store;
    let lease = lease(store).await;
    store
        .commit(
            &lease,
            &marks(vec![mark("one", "a", 1), mark("two", "a", 2), mark("two", "b", 3)]),
        )
        .await
        .unwrap();
    let two: Vec<Dirty> = store.dirty("two", 10).await.unwrap();
    store
        .commit(&lease, &clears(vec![clear("two", "a", two[0].version)]))
        .await
        .unwrap();
    assert_eq!(skus(store, "one", 10).await, ["a"]);
    assert_eq!(skus(store, "two", 10).await, ["b"]);
    assert_eq!(store.dirty_count("three").await.unwrap(), 0);
    assert_eq!(skus(store, "three", 10).await, Vec::<String>::new());
}

pub(crate) async fn a_mark_after_a_clear_starts_a_new_age(backend: Backend) {
    let store = &*backend.store;
    let lease = lease(store).await;
    store.commit(&lease, &marks(vec![mark("shop", "a", 1)])).await.unwrap();
    let first = store.dirty("shop", 1).await.unwrap().remove(0);
    store
        .commit(&lease, &clears(vec![clear("shop", "a", first.version)]))
        .await
        .unwrap();
    assert_eq!(store.dirty_count("shop").await.unwrap(), 0);
    store.commit(&lease, &marks(vec![mark("shop", "a", 50)])).await.unwrap();
    let second = store.dirty("shop", 1).await.unwrap().remove(0);
    assert_eq!(second.since, Millis(50));
    assert!(
        second.version > first.version,
        "an old clear could take the new mark away"
    );
}

pub(crate) async fn ten_thousand_marks_and_clears(backend: Backend) {
    let store = &*backend.store;
    let lease = lease(store).await;
    let all = (0..10_000)
        .map(|number| mark("shop", &format!("sku {number:05}"), number))
        .collect();
    store.commit(&lease, &marks(all)).await.unwrap();
    let dirty = store.dirty("shop", 20_000).await.unwrap();
    assert_eq!(dirty.len(), 10_000);
    assert!(dirty.is_sorted_by(|a, b| a.since < b.since && a.version < b.version));
    let behind = async |behind, most| store.dirty_behind("shop", behind, most).await.unwrap();
    assert_eq!(behind(9_990, 20).await, dirty[9_990..]);
    assert_eq!(behind(3, 4_500).await, dirty[3..4_503]);
    assert!(behind(10_000, 2).await.is_empty() && behind(3, 0).await.is_empty());
    let all_but_last = dirty[..9_999]
        .iter()
        .map(|seen| clear("shop", &seen.sku, seen.version))
        .collect();
    store.commit(&lease, &clears(all_but_last)).await.unwrap();
    assert_eq!(skus(store, "shop", 10).await, ["sku 09999"]);
}

pub(crate) async fn intents_open_and_close(mut backend: Backend) {
    let lease_before = lease(&*backend.store).await;
    let open = intents(vec![
        intent("shop", "b", true),
        intent("shop", "a", true),
        intent("other", "c", true),
    ]);
    backend.store.commit(&lease_before, &open).await.unwrap();
    backend.store.commit(&lease_before, &open).await.unwrap();
    backend.reopen().await;
    assert_eq!(backend.store.intents("shop").await.unwrap(), ["a", "b"]);
    let lease = lease(&*backend.store).await;
    let close = intents(vec![intent("shop", "a", false), intent("shop", "never opened", false)]);
    backend.store.commit(&lease, &close).await.unwrap();
    assert_eq!(backend.store.intents("shop").await.unwrap(), ["b"]);
    assert_eq!(backend.store.intents("other").await.unwrap(), ["c"]);
    assert_eq!(backend.store.intents("nowhere").await.unwrap(), Vec::<String>::new());
}

pub(crate) async fn the_last_word_on_an_intent_stands(backend: Backend) {
    let store = &*backend.store;
    let lease = lease(store).await;
    let batch = intents(vec![
        intent("shop", "a", true),
        intent("shop", "a", false),
        intent("shop", "b", false),
        intent("shop", "b", true),
    ]);
    store.commit(&lease, &batch).await.unwrap();
    assert_eq!(store.intents("shop").await.unwrap(), ["b"]);
}
