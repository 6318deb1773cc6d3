//! Who may change something.

use super::backend::Backend;
use super::batches::{LONG, everything, furnished, lease, picture, put, sku, writes};
use omnistock::store::{CommitError, EntryId, Lease, Store};
use std::time::Duration;

const SHORT: Duration = Duration::from_millis(30);

/// Waits until another's lease is over.
async fn steal(store: &dyn Store, owner: &str) -> Lease {
    let wait = async {
        loop {
            if let Some(lease) = store.acquire(owner, LONG).await.unwrap() {
                return lease;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), wait)
        .await
        .expect("a lease ends")
}

pub(crate) async fn one_owner_at_a_time(backend: Backend) {
    let store = &*backend.store;
    let first = store.acquire("first", LONG).await.unwrap().unwrap();
    assert_eq!(first.owner, "first");
    assert!(first.token > 0);
    assert_eq!(store.acquire("second", LONG).await.unwrap(), None);
    assert!(store.renew(&first, LONG).await.unwrap());
}

pub(crate) async fn the_owner_takes_its_lease_again_without_a_new_token(backend: Backend) {
    let store = &*backend.store;
    let first = lease(store).await;
    assert_eq!(lease(store).await, first);
    assert_eq!(
        store.commit(&first, &writes(vec![put(sku("a"), 0, 1, b"")])).await,
        Ok(())
    );
}

pub(crate) async fn a_lease_that_is_over_goes_to_another_with_a_higher_token(backend: Backend) {
    let store = &*backend.store;
    let first = store.acquire("first", SHORT).await.unwrap().unwrap();
    let second = steal(store, "second").await;
    assert!(second.token > first.token);
    assert_eq!(store.acquire("first", LONG).await.unwrap(), None);
}

pub(crate) async fn renewing_keeps_others_out(backend: Backend) {
    let store = &*backend.store;
    let first = store.acquire("first", Duration::from_secs(2)).await.unwrap().unwrap();
    assert!(store.renew(&first, LONG).await.unwrap());
    let begun = tokio::time::Instant::now();
    // Past the first length: only the renewal can be what keeps the second out.
    while begun.elapsed() < Duration::from_millis(2_200) {
        assert_eq!(store.acquire("second", LONG).await.unwrap(), None);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

pub(crate) async fn a_lost_lease_can_not_be_renewed(backend: Backend) {
    let store = &*backend.store;
    let first = store.acquire("first", SHORT).await.unwrap().unwrap();
    let second = steal(store, "second").await;
    assert!(!store.renew(&first, LONG).await.unwrap());
    assert!(store.renew(&second, LONG).await.unwrap());
    let pretender = Lease {
        owner: "first".to_owned(),
        token: second.token,
    };
    assert!(!store.renew(&pretender, LONG).await.unwrap());
}

pub(crate) async fn a_released_lease_is_free_at_once_and_its_token_stays_used(backend: Backend) {
    let store = &*backend.store;
    let first = lease(store).await;
    store.release(&first).await.unwrap();
    assert!(!store.renew(&first, LONG).await.unwrap());
    assert_eq!(
        store.commit(&first, &writes(Vec::new())).await,
        Err(CommitError::Fenced)
    );
    let second = store.acquire("second", LONG).await.unwrap().unwrap();
    assert!(second.token > first.token);
}

pub(crate) async fn releasing_a_lost_lease_does_nothing(backend: Backend) {
    let store = &*backend.store;
    let first = store.acquire("first", SHORT).await.unwrap().unwrap();
    let second = steal(store, "second").await;
    store.release(&first).await.unwrap();
    assert!(store.renew(&second, LONG).await.unwrap());
}

pub(crate) async fn a_fenced_commit_changes_nothing(backend: Backend) {
    let store = &*backend.store;
    let first = store.acquire("first", LONG).await.unwrap().unwrap();
    let entry = furnished(store, &first).await;
    store.release(&first).await.unwrap();
    let second = store.acquire("second", LONG).await.unwrap().unwrap();
    let before = picture(store).await;
    let batch = everything(
        EntryId(0),
        entry,
        vec![put(sku("a"), 5, 6, b"second"), put(sku("b"), 0, 1, b"new")],
    );
    assert_eq!(store.commit(&first, &batch).await, Err(CommitError::Fenced));
    assert_eq!(picture(store).await, before);
    assert_eq!(store.commit(&second, &batch).await, Ok(()));
    assert_ne!(picture(store).await, before);
}

pub(crate) async fn a_fenced_commit_says_so_before_anything_else(backend: Backend) {
    let store = &*backend.store;
    let ours = lease(store).await;
    let stranger = Lease {
        owner: ours.owner.clone(),
        token: ours.token + 1,
    };
    let batch = everything(EntryId(77), EntryId(78), vec![put(sku("a"), 5, 6, b"")]);
    assert_eq!(store.commit(&stranger, &batch).await, Err(CommitError::Fenced));
    assert_eq!(store.commit(&ours, &batch).await, Err(CommitError::CursorMoved));
}
