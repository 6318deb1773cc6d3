//! Who leads and how far the store has come, on every store; and what Redis notices when it goes back.

use super::backend::Backend;
use super::batches::{LONG, delete, everything, furnished, lease, picture, put, sku, writes};
use super::redis_server::{Persistence, RedisServer};
use omnistock::store::redis::RedisStore;
use omnistock::store::{CommitError, EntryId, Mark, Store};
use std::time::Duration;

pub(crate) async fn an_empty_store_stands_at_nothing(backend: Backend) {
    let standing = backend.store.standing().await.unwrap();
    assert_eq!(
        (standing.leader, standing.mark, standing.note),
        (None, Mark::default(), None)
    );
    assert_eq!(standing.missing, None);
}

pub(crate) async fn the_leader_is_named_until_its_lease_is_over(backend: Backend) {
    let store = &*backend.store;
    let before = omnistock_sdk::now();
    let first = store.acquire("first", LONG).await.unwrap().unwrap();
    let leader = store.standing().await.unwrap().leader.unwrap();
    assert_eq!(leader.owner, "first");
    assert!(leader.since.since(before).abs() < 60_000, "{leader:?} {before}");
    assert!(
        leader.left <= LONG && leader.left + Duration::from_mins(1) > LONG,
        "{leader:?}"
    );
    // Prolonging it is no new beginning.
    assert!(store.renew(&first, LONG).await.unwrap());
    assert_eq!(store.standing().await.unwrap().leader.unwrap().since, leader.since);
    store.release(&first).await.unwrap();
    assert_eq!(store.standing().await.unwrap().leader, None);
}

pub(crate) async fn every_commit_and_every_entry_counts(backend: Backend) {
    let store = &*backend.store;
    let lease = lease(store).await;
    let entry = furnished(store, &lease).await;
    let mark = |commits, entries| Mark {
        generation: 0,
        commits,
        entries,
    };
    assert_eq!(store.standing().await.unwrap().mark, mark(1, 1));
    store
        .commit(&lease, &everything(EntryId(0), entry, vec![put(sku("a"), 5, 6, b"")]))
        .await
        .unwrap();
    store
        .commit(&lease, &writes(vec![delete(sku("a"), 6, 7)]))
        .await
        .unwrap();
    store.commit(&lease, &writes(Vec::new())).await.unwrap();
    // What was refused does not count.
    let outdated = store.commit(&lease, &writes(vec![put(sku("a"), 9, 10, b"")])).await;
    assert!(matches!(outdated, Err(CommitError::Conflict(_))), "{outdated:?}");
    let standing = store.standing().await.unwrap();
    assert_eq!((standing.mark, standing.missing), (mark(4, 1), None));
}

pub(crate) async fn a_name_needs_the_lease_and_stays(mut backend: Backend) {
    let first = lease(&*backend.store).await;
    furnished(&*backend.store, &first).await;
    assert!(
        backend
            .store
            .name(&first, 7, Some("a note: \"ä\""), false)
            .await
            .unwrap()
    );
    let standing = backend.store.standing().await.unwrap();
    assert_eq!(
        standing.mark,
        Mark {
            generation: 7,
            commits: 1,
            entries: 1
        }
    );
    assert_eq!(standing.note.as_deref(), Some("a note: \"ä\""));
    // Work goes on under the new name.
    backend
        .store
        .commit(&first, &writes(vec![put(sku("b"), 0, 1, b"")]))
        .await
        .unwrap();
    backend.store.release(&first).await.unwrap();
    assert!(!backend.store.name(&first, 8, None, false).await.unwrap());
    backend.reopen().await;
    let standing = backend.store.standing().await.unwrap();
    assert_eq!(
        standing.mark,
        Mark {
            generation: 7,
            commits: 2,
            entries: 1
        }
    );
    assert!(standing.note.is_some());
    let second = lease(&*backend.store).await;
    assert!(backend.store.name(&second, 7, None, false).await.unwrap());
    assert_eq!(backend.store.standing().await.unwrap().note, None);
}

pub(crate) async fn what_does_not_fit_together_is_forgotten(backend: Backend) {
    let store = &*backend.store;
    let lease = lease(store).await;
    let entry = furnished(store, &lease).await;
    let own = omnistock::store::Key::new(omnistock::store::Kind::Merchant, "own");
    store
        .commit(&lease, &writes(vec![put(own.clone(), 0, 1, b"kept")]))
        .await
        .unwrap();
    assert!(store.name(&lease, 7, None, true).await.unwrap());
    let found = store.load(&[sku("a"), own]).await.unwrap();
    assert_eq!((found[0].version, found[1].version), (0, 1));
    assert_eq!(store.scan(omnistock::store::Kind::Sku, None, 9).await.unwrap(), []);
    assert_eq!(store.standing().await.unwrap().missing, None);
    // Reports that wait stay, and documents begin anew.
    assert_eq!(store.read(EntryId(0), 9).await.unwrap()[0].id, entry);
    store
        .commit(&lease, &writes(vec![put(sku("a"), 0, 1, b"")]))
        .await
        .unwrap();
}

async fn connect(server: &RedisServer) -> RedisStore {
    RedisStore::connect(&server.url().into(), "shop").await.unwrap()
}

/// An older copy holds the same lease: only what this handle has seen since can tell.
#[tokio::test]
async fn a_store_that_went_back_takes_no_commit_from_one_who_saw_more() {
    let server = RedisServer::keeping(Persistence::Nothing);
    let store = connect(&server).await;
    let lease = lease(&store).await;
    furnished(&store, &lease).await;
    assert!(store.name(&lease, 7, None, false).await.unwrap());
    store
        .commit(&lease, &writes(vec![put(sku("b"), 0, 1, b"")]))
        .await
        .unwrap();
    server.command("HINCRBY {shop}:lease commits -1");
    let before = picture(&store).await;
    let batch = writes(vec![put(sku("b"), 1, 2, b"")]);
    assert_eq!(store.commit(&lease, &batch).await, Err(CommitError::Fenced));
    // A look takes nothing back; only naming it does.
    assert_eq!(store.standing().await.unwrap().mark.commits, 1);
    assert_eq!(store.commit(&lease, &batch).await, Err(CommitError::Fenced));
    assert_eq!(picture(&store).await, before);
    assert!(store.name(&lease, 8, Some("lost"), false).await.unwrap());
    store.commit(&lease, &batch).await.unwrap();
    // Another generation is another store.
    server.command("HSET {shop}:lease generation 6");
    assert_eq!(
        store.commit(&lease, &writes(Vec::new())).await,
        Err(CommitError::Fenced)
    );
}

#[tokio::test]
async fn what_is_gone_is_missed_until_the_store_is_named_anew() {
    let server = RedisServer::keeping(Persistence::Nothing);
    let store = connect(&server).await;
    let lease = lease(&store).await;
    furnished(&store, &lease).await;
    assert!(store.name(&lease, 7, None, false).await.unwrap());
    store
        .commit(
            &lease,
            &writes(vec![put(sku("b"), 0, 1, b""), put(sku("c"), 0, 1, b"")]),
        )
        .await
        .unwrap();
    store
        .commit(&lease, &writes(vec![delete(sku("c"), 1, 2)]))
        .await
        .unwrap();
    assert_eq!(store.standing().await.unwrap().missing, None);
    server.command("DEL {shop}:documents:sku");
    let missing = store.standing().await.unwrap().missing.unwrap();
    assert_eq!(missing, "0 of 2 documents are there");
    server.command("DEL {shop}:inbox");
    assert!(store.name(&lease, 8, None, false).await.unwrap());
    assert_eq!(store.standing().await.unwrap().missing, None);
    // Reports that come now are read, none is waited for in vain.
    let ids = store.append(&[b"x".to_vec()]).await.unwrap();
    let cursor = store.cursor().await.unwrap();
    assert_eq!(store.read(cursor, 9).await.unwrap().len(), 1);
    assert_eq!(cursor.0 + 1, ids[0].0);
    server.command("DEL {shop}:inbox");
    let missing = store.standing().await.unwrap().missing.unwrap();
    assert_eq!(missing, "0 of 1 reports that wait are there");
    // Even the counters: places rise all the same.
    store.append(&[b"y".to_vec()]).await.unwrap();
    server.command("DEL {shop}:last_entry {shop}:cursor");
    assert!(store.standing().await.unwrap().missing.is_some());
    assert!(store.name(&lease, 9, None, false).await.unwrap());
    assert_eq!(store.standing().await.unwrap().missing, None);
    assert!(store.append(&[b"z".to_vec()]).await.unwrap()[0] > ids[0]);
}

#[tokio::test]
async fn a_restarted_server_is_another_one_and_lacks_nothing() {
    let mut server = RedisServer::keeping(Persistence::Always);
    let store = connect(&server).await;
    let lease = lease(&store).await;
    furnished(&store, &lease).await;
    let before = store.standing().await.unwrap();
    server.restart();
    let wait = async {
        loop {
            if let Ok(standing) = store.standing().await {
                break standing;
            }
        }
    };
    let after = tokio::time::timeout(Duration::from_secs(30), wait).await.unwrap();
    assert_ne!(after.server, before.server);
    assert_eq!((after.mark, after.missing), (before.mark, None));
    assert_eq!(server.command("FLUSHALL"), "+OK");
    assert!(store.standing().await.unwrap().mark.lacks(&after.mark));
}
