//! The names of documents: any characters, any length that is allowed, and scans through them in order.

use super::backend::Backend;
use super::batches::{delete, lease, mark, put, sku, writes};
use super::commits::{document, ids};
use omnistock::store::{CommitBatch, Kind};
use omnistock_words::Millis;

const ODD: [&str; 12] = [
    "",
    " ",
    " lead and trail ",
    "a\nb\r\n",
    "{shop}",
    "}{",
    "ümläut 雪 🦀",
    "tab\there",
    "nul\0inside",
    "(",
    "[a",
    "-1 + ' \" ; %",
];

pub(crate) async fn bytes_and_odd_names_survive(mut backend: Backend) {
    let before = lease(&*backend.store).await;
    let bytes: Vec<u8> = (0..=255).collect();
    let mut sorted: Vec<String> = ODD.iter().map(|id| (*id).to_owned()).collect();
    sorted.sort();
    for (version, name) in (1..).zip(ODD) {
        let batch = CommitBatch {
            writes: vec![put(sku(name), 0, version, &bytes)],
            marks: vec![mark(name, name, 1)],
            intents: vec![super::batches::intent(name, name, true)],
            ..CommitBatch::default()
        };
        backend.store.commit(&before, &batch).await.unwrap();
    }
    backend.reopen().await;
    assert_eq!(ids(&*backend.store, Kind::Sku).await, sorted);
    for (version, name) in (1..).zip(ODD) {
        assert_eq!(
            backend.store.load(&[sku(name)]).await.unwrap(),
            [document(version, &bytes)],
            "{name:?}"
        );
        assert_eq!(backend.store.dirty(name, 9).await.unwrap()[0].sku, name);
        assert_eq!(backend.store.intents(name).await.unwrap(), [name]);
    }
}

pub(crate) async fn the_longest_names_survive(backend: Backend) {
    let store = &*backend.store;
    let lease = lease(store).await;
    let longest = "ä".repeat(500);
    let mut batch = writes(vec![put(sku(&longest), 0, 1, &vec![9; 1 << 20])]);
    batch.marks = vec![mark(&longest, &longest, Millis::MAX.0)];
    store.commit(&lease, &batch).await.unwrap();
    assert_eq!(store.load(&[sku(&longest)]).await.unwrap()[0].bytes.len(), 1 << 20);
    let dirty = store.dirty(&longest, 1).await.unwrap().remove(0);
    assert_eq!((dirty.sku, dirty.since), (longest, Millis::MAX));
}

pub(crate) async fn a_scan_goes_through_all_in_byte_order(backend: Backend) {
    let store = &*backend.store;
    let lease = lease(store).await;
    let mut names: Vec<String> = (0..57).map(|number| format!("{}", number * 7_919 % 1_000)).collect();
    names.extend(["Z", "a", "ä", "~"].map(str::to_owned));
    let batch = names.iter().map(|name| put(sku(name), 0, 1, name.as_bytes())).collect();
    store.commit(&lease, &writes(batch)).await.unwrap();
    names.sort();
    let (mut seen, mut after): (Vec<String>, Option<String>) = (Vec::new(), None);
    loop {
        let page = store.scan(Kind::Sku, after.as_deref(), 10).await.unwrap();
        let Some((last, _)) = page.last() else { break };
        assert!(page.len() <= 10);
        after = Some(last.clone());
        assert!(page.iter().all(|(id, found)| found.bytes == id.as_bytes()));
        seen.extend(page.into_iter().map(|(id, _)| id));
    }
    assert_eq!(seen, names);
    assert_eq!(store.scan(Kind::Sku, Some("Y"), 1).await.unwrap()[0].0, "Z");
    assert_eq!(store.scan(Kind::Sku, None, 0).await.unwrap(), []);
    assert_eq!(store.scan(Kind::Hold, None, 10).await.unwrap(), []);
}

pub(crate) async fn a_scan_forgets_what_was_deleted(backend: Backend) {
    let store = &*backend.store;
    let lease = lease(store).await;
    store
        .commit(
            &lease,
            &writes(vec![put(sku("a"), 0, 1, b""), put(sku("b"), 0, 1, b"")]),
        )
        .await
        .unwrap();
    store
        .commit(&lease, &writes(vec![delete(sku("a"), 1, 2), put(sku("c"), 0, 2, b"")]))
        .await
        .unwrap();
    assert_eq!(ids(store, Kind::Sku).await, ["b", "c"]);
}
