//! Copies on disks (`on_disk` of `wait`, by `WAITAOF`): a server before 7.2 is refused; one from 7.2 on acknowledges
//! what disks have, and nothing else. Which of the two is seen goes by the redis-server that is installed.

use super::batches::{LONG, everything, furnished, lease, picture, put, sku, writes};
use super::redis_server::{Persistence, RedisServer, wait_until};
use super::redis_ways::{refusal, waiting};
use super::whole::acl_line;
use omnistock::store::redis::{RedisLogin, RedisSettings, RedisStore};
use omnistock::store::{CommitError, EntryId, Lease, Store, StoreError};

/// A primary and a replica that has everything, both keeping so much.
fn pair(persistence: Persistence) -> (RedisServer, RedisServer) {
    let primary = RedisServer::keeping(persistence);
    let port = primary.port().to_string();
    let follows = ["--replicaof", "127.0.0.1", &port, "--repl-diskless-sync-delay", "0"];
    let replica = RedisServer::keeping_with(persistence, &follows);
    wait_until("the replica has everything", || {
        let told: String = replica.ask(&["INFO", "replication"]);
        told.contains("master_link_status:up")
    });
    (primary, replica)
}

fn knows_waitaof(server: &RedisServer) -> bool {
    let told: Vec<Option<redis::Value>> = server.ask(&["COMMAND", "INFO", "WAITAOF"]);
    told.iter().any(Option::is_some)
}

#[tokio::test]
async fn copies_on_disks_need_a_server_that_can_say_so() {
    let (primary, replica) = pair(Persistence::Always);
    let settings = waiting(&primary, true);
    if !knows_waitaof(&primary) {
        let said = refusal(&settings).await;
        assert!(said.contains("`on_disk`") && said.contains("7.2"), "{said}");
        return;
    }
    // Not the whole suite: each change waits for an fsync of the replica, and changes go one after the other.
    let store = RedisStore::open(&settings).await.unwrap();
    let lease = lease(&store).await;
    let entry = furnished(&store, &lease).await;
    let batch = everything(EntryId(0), entry, vec![put(sku("a"), 5, 6, b"")]);
    store.commit(&lease, &batch).await.unwrap();
    picture(&store).await;
    needs_both_disks(&primary, &replica, &store, &lease).await;
    // A primary without a file is refused at the start.
    let said = refusal(&settings).await;
    assert!(said.contains("`wait`") && said.contains("appendonly"), "{said}");
    assert_eq!(primary.command("CONFIG SET appendonly yes"), "+OK");
    // The user with the least rights misses the command at the start, not in the middle of work.
    assert_eq!(primary.command(&acl_line().replace("PASSWORD", "secret")), "+OK");
    let settings = RedisSettings {
        login: RedisLogin {
            username: Some("omnistock".to_owned()),
            password: Some("secret".to_owned().into()),
        },
        prefix: "omnistock".to_owned(),
        ..settings
    };
    let said = refusal(&settings).await;
    assert!(said.contains("'waitaof'") && said.contains("rights"), "{said}");
    assert_eq!(primary.command("ACL SETUSER omnistock +waitaof"), "+OK");
    RedisStore::open(&settings).await.unwrap();
}

async fn commits(store: &RedisStore, lease: &Lease, from: u64) {
    let batch = writes(vec![put(sku("a"), from, from + 1, b"")]);
    assert_eq!(store.commit(lease, &batch).await, Ok(()));
}

/// A replica that keeps nothing, or hangs, or a primary that keeps nothing: the change is there and not acknowledged.
async fn needs_both_disks(primary: &RedisServer, replica: &RedisServer, store: &RedisStore, lease: &Lease) {
    let unacknowledged = async |from: u64| {
        let said = store
            .commit(lease, &writes(vec![put(sku("a"), from, from + 1, b"")]))
            .await;
        let Err(CommitError::Store(StoreError::Unavailable(text))) = said else {
            panic!("{said:?}")
        };
        assert!(text.contains("may have happened"), "{text}");
        assert_eq!(
            store.load(&[sku("a")]).await.unwrap()[0].version,
            from + 1,
            "it had happened"
        );
        text
    };
    assert_eq!(replica.command("CONFIG SET appendonly no"), "+OK");
    let text = unacknowledged(6).await;
    assert!(text.contains("0 of 1 replicas had it on their disks"), "{text}");
    assert_eq!(replica.command("CONFIG SET appendonly yes"), "+OK");
    wait_until("the replica's file is there", || {
        let told: String = replica.ask(&["INFO", "persistence"]);
        told.contains("aof_rewrite_in_progress:0") && told.contains("aof_rewrite_scheduled:0")
    });
    commits(store, lease, 7).await;
    replica.signal("STOP");
    unacknowledged(8).await;
    replica.signal("CONT");
    assert_eq!(primary.command("CONFIG SET appendonly no"), "+OK");
    let text = unacknowledged(9).await;
    assert!(text.contains("appendonly"), "{text}");
    assert!(store.renew(lease, LONG).await.unwrap());
}

/// What was acknowledged is on the replica's disk: it is there although both were killed and only the replica comes back.
#[tokio::test]
async fn what_is_on_the_disks_survives_the_loss_of_the_primary_and_a_kill_of_the_replica() {
    let (primary, mut replica) = pair(Persistence::EverySecond);
    let settings = waiting(&primary, true);
    if !knows_waitaof(&primary) {
        let said = refusal(&settings).await;
        assert!(said.contains("7.2"), "{said}");
        return;
    }
    let store = RedisStore::open(&settings).await.unwrap();
    let lease = lease(&store).await;
    for number in 0..5 {
        commits(&store, &lease, number).await;
    }
    drop(primary);
    replica.kill();
    replica.start_again();
    assert_eq!(replica.command("REPLICAOF NO ONE"), "+OK");
    let store = RedisStore::open(&RedisSettings::at(replica.url().into(), "shop"))
        .await
        .unwrap();
    assert_eq!(store.load(&[sku("a")]).await.unwrap()[0].version, 5);
}
