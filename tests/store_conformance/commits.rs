//! Documents: versions and atomicity.

use super::backend::Backend;
use super::batches::{delete, everything, furnished, lease, mark, marks, picture, put, sku, writes};
use omnistock::store::{
    CommitBatch, CommitError, DocumentWrite, EntryId, Key, Kind, MOST_NUMBER, Store, StoreError, Versioned,
};
use std::sync::Arc;

pub(crate) fn document(version: u64, bytes: &[u8]) -> Versioned {
    Versioned {
        version,
        bytes: bytes.to_vec(),
    }
}

pub(crate) async fn ids(store: &dyn Store, kind: Kind) -> Vec<String> {
    store
        .scan(kind, None, 1_000)
        .await
        .unwrap()
        .into_iter()
        .map(|(id, _)| id)
        .collect()
}

pub(crate) async fn documents_come_back_as_written(backend: Backend) {
    let store = &*backend.store;
    let lease = lease(store).await;
    store
        .commit(
            &lease,
            &writes(vec![put(sku("a"), 0, 3, b"one"), put(sku("b"), 0, MOST_NUMBER, b"")]),
        )
        .await
        .unwrap();
    let found = store.load(&[sku("a"), sku("b")]).await.unwrap();
    assert_eq!(found, [document(3, b"one"), document(MOST_NUMBER, b"")]);
    store
        .commit(&lease, &writes(vec![put(sku("a"), 3, 4, b"two")]))
        .await
        .unwrap();
    assert_eq!(store.load(&[sku("a")]).await.unwrap(), [document(4, b"two")]);
}

pub(crate) async fn a_missing_document_has_version_zero(backend: Backend) {
    assert_eq!(
        backend.store.load(&[sku("nowhere")]).await.unwrap(),
        [Versioned::default()]
    );
    assert_eq!(backend.store.load(&[]).await.unwrap(), []);
}

pub(crate) async fn documents_come_in_the_order_of_the_keys(backend: Backend) {
    let store = &*backend.store;
    let lease = lease(store).await;
    let order = Key::new(Kind::Order, "shop/1");
    let batch = writes(vec![
        put(sku("a"), 0, 1, b"a"),
        put(sku("b"), 0, 2, b"b"),
        put(order.clone(), 0, 3, b"o"),
    ]);
    store.commit(&lease, &batch).await.unwrap();
    let asked = [sku("b"), order, sku("missing"), sku("a"), sku("b")];
    let versions: Vec<u64> = store
        .load(&asked)
        .await
        .unwrap()
        .into_iter()
        .map(|found| found.version)
        .collect();
    assert_eq!(versions, [2, 3, 0, 1, 2]);
}

pub(crate) async fn an_outdated_version_leaves_everything_untouched(backend: Backend) {
    let store = &*backend.store;
    let lease = lease(store).await;
    let entry = furnished(store, &lease).await;
    let before = picture(store).await;
    for wrong in [4, 6, 0] {
        let batch = everything(
            EntryId(0),
            entry,
            vec![put(sku("new"), 0, 1, b"n"), put(sku("a"), wrong, 9, b"x")],
        );
        assert_eq!(store.commit(&lease, &batch).await, Err(CommitError::Conflict(sku("a"))));
        assert_eq!(picture(store).await, before);
    }
    let batch = everything(
        EntryId(0),
        entry,
        vec![put(sku("new"), 0, 1, b"n"), put(sku("a"), 5, 9, b"x")],
    );
    assert_eq!(store.commit(&lease, &batch).await, Ok(()));
    assert_ne!(picture(store).await, before);
}

pub(crate) async fn a_document_that_must_not_exist_but_does_is_a_conflict(backend: Backend) {
    let store = &*backend.store;
    let lease = lease(store).await;
    store
        .commit(&lease, &writes(vec![put(sku("a"), 0, 1, b"")]))
        .await
        .unwrap();
    let again = writes(vec![put(sku("a"), 0, 2, b"")]);
    assert_eq!(store.commit(&lease, &again).await, Err(CommitError::Conflict(sku("a"))));
}

pub(crate) async fn a_deleted_document_is_gone_and_can_come_again(backend: Backend) {
    let store = &*backend.store;
    let lease = lease(store).await;
    store
        .commit(&lease, &writes(vec![put(sku("a"), 0, 1, b"one")]))
        .await
        .unwrap();
    let outdated = writes(vec![delete(sku("a"), 7, 8)]);
    assert_eq!(
        store.commit(&lease, &outdated).await,
        Err(CommitError::Conflict(sku("a")))
    );
    store
        .commit(&lease, &writes(vec![delete(sku("a"), 1, 2)]))
        .await
        .unwrap();
    assert_eq!(store.load(&[sku("a")]).await.unwrap(), [Versioned::default()]);
    let blind = writes(vec![put(sku("a"), 1, 3, b"blind")]);
    assert_eq!(store.commit(&lease, &blind).await, Err(CommitError::Conflict(sku("a"))));
    store
        .commit(&lease, &writes(vec![put(sku("a"), 0, 3, b"again")]))
        .await
        .unwrap();
    assert_eq!(store.load(&[sku("a")]).await.unwrap(), [document(3, b"again")]);
    assert_eq!(ids(store, Kind::Sku).await, ["a"]);
}

pub(crate) async fn a_repeated_commit_is_recognised(backend: Backend) {
    let store = &*backend.store;
    let lease = lease(store).await;
    let entry = furnished(store, &lease).await;
    let with_cursor = everything(EntryId(0), entry, vec![put(sku("a"), 5, 6, b"x")]);
    store.commit(&lease, &with_cursor).await.unwrap();
    let after = picture(store).await;
    assert_eq!(store.commit(&lease, &with_cursor).await, Err(CommitError::CursorMoved));
    for once in [
        writes(vec![put(sku("a"), 6, 7, b"y")]),
        writes(vec![delete(sku("a"), 7, 8)]),
    ] {
        store.commit(&lease, &once).await.unwrap();
        assert_eq!(store.commit(&lease, &once).await, Err(CommitError::Conflict(sku("a"))));
    }
    assert_ne!(picture(store).await, after);
}

pub(crate) async fn kinds_do_not_mix(backend: Backend) {
    let store = &*backend.store;
    let lease = lease(store).await;
    let all: Vec<DocumentWrite> = Kind::ALL
        .iter()
        .zip(1..)
        .map(|(kind, version)| put(Key::new(*kind, "same"), 0, version, &[]))
        .collect();
    store.commit(&lease, &writes(all)).await.unwrap();
    for (kind, version) in Kind::ALL.iter().zip(1..) {
        assert_eq!(
            store.load(&[Key::new(*kind, "same")]).await.unwrap(),
            [document(version, b"")]
        );
        assert_eq!(
            store.scan(*kind, None, 10).await.unwrap(),
            [("same".to_owned(), document(version, b""))]
        );
    }
}

pub(crate) async fn an_empty_batch_is_fine_and_still_fenced(backend: Backend) {
    let store = &*backend.store;
    let lease = lease(store).await;
    assert_eq!(store.commit(&lease, &CommitBatch::default()).await, Ok(()));
    store.release(&lease).await.unwrap();
    assert_eq!(
        store.commit(&lease, &CommitBatch::default()).await,
        Err(CommitError::Fenced)
    );
}

fn ten_thousand(expected: u64, version: u64) -> Vec<DocumentWrite> {
    (0..10_000)
        .map(|number| put(sku(&format!("sku {number:05}")), expected, version, b"0123456789"))
        .collect()
}

pub(crate) async fn ten_thousand_writes_in_one_batch(backend: Backend) {
    let store = &*backend.store;
    let lease = lease(store).await;
    store.commit(&lease, &writes(ten_thousand(0, 1))).await.unwrap();
    store.commit(&lease, &writes(ten_thousand(1, 2))).await.unwrap();
    let keys: Vec<Key> = ten_thousand(0, 1).into_iter().map(|write| write.key).collect();
    assert!(store.load(&keys).await.unwrap().iter().all(|found| found.version == 2));
    let found = store.scan(Kind::Sku, None, 20_000).await.unwrap();
    assert_eq!((found.len(), found[9_999].0.as_str()), (10_000, "sku 09999"));
    let gone = keys.into_iter().map(|key| delete(key, 2, 3)).collect();
    store.commit(&lease, &writes(gone)).await.unwrap();
    assert_eq!(ids(store, Kind::Sku).await, Vec::<String>::new());
}

pub(crate) async fn ten_thousand_writes_with_one_conflict_change_nothing(backend: Backend) {
    let store = &*backend.store;
    let lease = lease(store).await;
    let last = sku("sku 09999");
    store
        .commit(&lease, &writes(vec![put(last.clone(), 0, 9, b"")]))
        .await
        .unwrap();
    let refused = store.commit(&lease, &writes(ten_thousand(0, 1))).await;
    assert_eq!(refused, Err(CommitError::Conflict(last)));
    assert_eq!(ids(store, Kind::Sku).await, ["sku 09999"]);
}

pub(crate) async fn what_can_not_be_meant_is_refused(backend: Backend) {
    let store = &*backend.store;
    let lease = lease(store).await;
    let before = picture(store).await;
    let nonsense = [
        writes(vec![put(sku("a"), 0, 1, b""), put(sku("a"), 0, 2, b"")]),
        writes(vec![put(sku("a"), 0, 0, b"")]),
        writes(vec![put(sku("a"), 0, MOST_NUMBER + 1, b"")]),
        writes(vec![put(sku(&"a".repeat(1_001)), 0, 1, b"")]),
        super::batches::cursor(EntryId(2), EntryId(1)),
        marks(vec![mark("shop", "a", i64::MAX)]),
        marks((0..50_001).map(|number| mark("shop", "a", number)).collect()),
    ];
    for batch in nonsense {
        let said = store.commit(&lease, &batch).await;
        assert!(
            matches!(said, Err(CommitError::Store(StoreError::Refused(_)))),
            "{said:?}"
        );
    }
    assert_eq!(picture(store).await, before);
}

pub(crate) async fn concurrent_commits_to_one_document_apply_once(backend: Backend) {
    let lease = lease(&*backend.store).await;
    let mut tasks = tokio::task::JoinSet::new();
    for caller in 0..20_u8 {
        let (store, lease) = (Arc::clone(&backend.store), lease.clone());
        tasks.spawn(async move {
            store
                .commit(&lease, &writes(vec![put(sku("a"), 0, 1, &[caller])]))
                .await
        });
    }
    let answers = tasks.join_all().await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    assert!(
        answers
            .iter()
            .all(|answer| matches!(answer, Ok(()) | Err(CommitError::Conflict(_))))
    );
}

/// The failing ones do not take the others with them.
pub(crate) async fn concurrent_commits_to_many_documents_all_apply(backend: Backend) {
    let lease = lease(&*backend.store).await;
    let mut tasks = tokio::task::JoinSet::new();
    for caller in 0..100_u64 {
        let (store, lease) = (Arc::clone(&backend.store), lease.clone());
        let expected = if caller % 3 == 0 { 5 } else { 0 };
        tasks.spawn(async move {
            let said = store
                .commit(&lease, &writes(vec![put(sku(&caller.to_string()), expected, 6, b"")]))
                .await;
            assert_eq!(said.is_ok(), expected == 0, "{said:?}");
        });
    }
    tasks.join_all().await;
    assert_eq!(ids(&*backend.store, Kind::Sku).await.len(), 66);
}

/// A caller that gives up does not take its request back: it is "not yet" or "done", and repeating it tells.
pub(crate) async fn a_commit_given_up_on_is_not_yet_or_done(backend: Backend) {
    let store = &*backend.store;
    let lease = lease(store).await;
    for number in 0..20 {
        let batch = writes(vec![put(sku(&number.to_string()), 0, 1, b"once")]);
        let given_up = tokio::time::timeout(std::time::Duration::ZERO, store.commit(&lease, &batch)).await;
        let repeated = store.commit(&lease, &batch).await;
        assert!(
            matches!(repeated, Ok(()) | Err(CommitError::Conflict(_))),
            "{given_up:?} {repeated:?}"
        );
        let found = store.load(&[sku(&number.to_string())]).await.unwrap();
        assert_eq!(found, [document(1, b"once")]);
    }
}

pub(crate) async fn everything_is_there_after_opening_again(mut backend: Backend) {
    let before = lease(&*backend.store).await;
    let entry = furnished(&*backend.store, &before).await;
    backend.store.append(&[b"waits".to_vec()]).await.unwrap();
    backend
        .store
        .commit(
            &before,
            &everything(EntryId(0), entry, vec![put(sku("b"), 0, 1, b"new")]),
        )
        .await
        .unwrap();
    let written = picture(&*backend.store).await;
    backend.reopen().await;
    assert_eq!(picture(&*backend.store).await, written);
    backend.store.release(&before).await.unwrap();
    let after = backend
        .store
        .acquire("another", super::batches::LONG)
        .await
        .unwrap()
        .unwrap();
    assert!(after.token > before.token);
}
