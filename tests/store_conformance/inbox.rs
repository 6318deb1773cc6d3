//! Reports that wait: order, cursor, trimming.

use super::backend::Backend;
use super::batches::{cursor, everything, furnished, lease, picture, put, sku};
use omnistock::store::{CommitError, EntryId};
use std::sync::Arc;

pub(crate) async fn entries_come_back_in_order(backend: Backend) {
    let store = &*backend.store;
    let events: Vec<Vec<u8>> = (0..100).map(|number: u32| number.to_string().into_bytes()).collect();
    let ids = store.append(&events).await.unwrap();
    assert_eq!(ids.len(), 100);
    assert!(ids[0] > EntryId(0) && ids.is_sorted_by(|a, b| a < b));
    let entries = store.read(EntryId(0), 1_000).await.unwrap();
    assert_eq!(entries.iter().map(|entry| entry.id).collect::<Vec<_>>(), ids);
    assert_eq!(entries.into_iter().map(|entry| entry.bytes).collect::<Vec<_>>(), events);
}

pub(crate) async fn ids_rise_over_calls_and_after_trimming(mut backend: Backend) {
    let lease = lease(&*backend.store).await;
    let first = backend.store.append(&[b"a".to_vec(), b"b".to_vec()]).await.unwrap();
    backend
        .store
        .commit(&lease, &cursor(EntryId(0), first[1]))
        .await
        .unwrap();
    let second = backend.store.append(&[b"c".to_vec()]).await.unwrap();
    assert!(second[0] > first[1]);
    backend.reopen().await;
    let third = backend.store.append(&[b"d".to_vec()]).await.unwrap();
    assert!(third[0] > second[0]);
}

pub(crate) async fn a_page_is_as_long_as_asked(backend: Backend) {
    let store = &*backend.store;
    let ids = store.append(&vec![b"x".to_vec(); 10]).await.unwrap();
    assert_eq!(store.read(EntryId(0), 0).await.unwrap(), Vec::new());
    let page = store.read(EntryId(0), 4).await.unwrap();
    assert_eq!(page.iter().map(|entry| entry.id).collect::<Vec<_>>(), ids[..4]);
    let page = store.read(ids[3], 4).await.unwrap();
    assert_eq!(page.iter().map(|entry| entry.id).collect::<Vec<_>>(), ids[4..8]);
    assert_eq!(store.read(ids[9], 4).await.unwrap(), Vec::new());
}

pub(crate) async fn the_cursor_moves_with_the_commit_and_drops_what_is_behind_it(mut backend: Backend) {
    let lease = lease(&*backend.store).await;
    assert_eq!(backend.store.cursor().await.unwrap(), EntryId(0));
    let ids = backend.store.append(&vec![b"x".to_vec(); 10]).await.unwrap();
    backend.store.commit(&lease, &cursor(EntryId(0), ids[5])).await.unwrap();
    for _ in 0..2 {
        assert_eq!(backend.store.cursor().await.unwrap(), ids[5]);
        let rest = backend.store.read(EntryId(0), 100).await.unwrap();
        assert_eq!(rest.iter().map(|entry| entry.id).collect::<Vec<_>>(), ids[6..]);
        backend.reopen().await;
    }
}

pub(crate) async fn a_cursor_elsewhere_leaves_everything_untouched(backend: Backend) {
    let store = &*backend.store;
    let lease = lease(store).await;
    let entry = furnished(store, &lease).await;
    let before = picture(store).await;
    let batch = everything(
        EntryId(entry.0 + 1),
        EntryId(entry.0 + 2),
        vec![put(sku("a"), 5, 6, b"second")],
    );
    assert_eq!(store.commit(&lease, &batch).await, Err(CommitError::CursorMoved));
    assert_eq!(picture(store).await, before);
}

pub(crate) async fn appending_needs_no_lease(backend: Backend) {
    let store = &*backend.store;
    let somebody = store.acquire("somebody", super::batches::LONG).await.unwrap().unwrap();
    let ids = store.append(&[b"from a standby".to_vec()]).await.unwrap();
    assert_eq!(store.read(EntryId(0), 10).await.unwrap()[0].id, ids[0]);
    store.release(&somebody).await.unwrap();
}

pub(crate) async fn appending_nothing_is_fine(backend: Backend) {
    assert_eq!(backend.store.append(&[]).await.unwrap(), Vec::new());
    assert_eq!(backend.store.read(EntryId(0), 10).await.unwrap(), Vec::new());
}

pub(crate) async fn concurrent_appends_all_arrive_once(backend: Backend) {
    let mut tasks = tokio::task::JoinSet::new();
    for caller in 0..20_u8 {
        let store = Arc::clone(&backend.store);
        tasks.spawn(async move {
            let mut seen = Vec::new();
            for number in 0..10_u8 {
                let ids = store
                    .append(&[vec![caller, number], vec![caller, number + 100]])
                    .await
                    .unwrap();
                seen.push((ids[0], vec![caller, number]));
                seen.push((ids[1], vec![caller, number + 100]));
            }
            seen
        });
    }
    let mut told: Vec<(EntryId, Vec<u8>)> = tasks.join_all().await.into_iter().flatten().collect();
    told.sort();
    let entries = backend.store.read(EntryId(0), 1_000).await.unwrap();
    assert_eq!(
        entries
            .into_iter()
            .map(|entry| (entry.id, entry.bytes))
            .collect::<Vec<_>>(),
        told
    );
}

pub(crate) async fn many_entries_in_one_call(backend: Backend) {
    let store = &*backend.store;
    let events: Vec<Vec<u8>> = (0..12_000_u32).map(|number| number.to_be_bytes().to_vec()).collect();
    let ids = store.append(&events).await.unwrap();
    assert!(ids.is_sorted_by(|a, b| a < b));
    let entries = store.read(EntryId(0), 20_000).await.unwrap();
    assert!(entries.iter().map(|entry| &entry.bytes).eq(&events));
    assert!(entries.iter().map(|entry| &entry.id).eq(&ids));
}

pub(crate) async fn entries_may_hold_any_bytes(backend: Backend) {
    let store = &*backend.store;
    let events = vec![Vec::new(), vec![0, 255, 13, 10], vec![7; 1 << 20]];
    store.append(&events).await.unwrap();
    let entries = store.read(EntryId(0), 10).await.unwrap();
    assert_eq!(entries.into_iter().map(|entry| entry.bytes).collect::<Vec<_>>(), events);
}

pub(crate) async fn status_counts_what_waits(backend: Backend) {
    let store = &*backend.store;
    let lease = lease(store).await;
    let ids = store.append(&vec![b"x".to_vec(); 3]).await.unwrap();
    assert_eq!(store.status().await.unwrap().inbox, 3);
    store.commit(&lease, &cursor(EntryId(0), ids[1])).await.unwrap();
    let status = store.status().await.unwrap();
    assert_eq!(status.inbox, 1);
    assert!(!status.title.is_empty());
}
