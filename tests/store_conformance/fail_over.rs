//! The primary is killed under load: work goes on on the new one, and what is there is whole.

use super::batches::{LONG, put, sku, writes};
use super::redis_cluster::RedisCluster;
use super::redis_sentinel::RedisSentinels;
use super::redis_server::RedisServer;
use super::whole::by_sentinels;
use omnistock::store::redis::{RedisPlace, RedisSettings, RedisStore, RedisWait};
use omnistock::store::{CommitError, Lease, Store, StoreError};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// Sentinels and Clusters take seconds to agree; on a busy machine Sentinels even pause for half a minute.
const PATIENCE: Duration = Duration::from_mins(2);

/// What was acknowledged, and how much of it was not there any more after the fail-over.
#[derive(Default)]
struct Books {
    acknowledged: AtomicU64,
    lost: AtomicU64,
    /// How often a change was acknowledged, and how often it was not.
    answered: AtomicU64,
    unanswered: AtomicU64,
    stop: AtomicBool,
}

/// From here on the replica receives nothing, as if the network between the two had ended.
fn cut_off(sentinels: &RedisSentinels) {
    let done: String = sentinels.replica.ask(&["REPLICAOF", "127.0.0.1", "1"]);
    assert_eq!(done, "OK");
}

/// Commits one number after the other to two documents at once until told to stop.
async fn work(store: Arc<RedisStore>, mut lease: Lease, books: Arc<Books>) {
    let mut number = 0;
    while !books.stop.load(Ordering::SeqCst) {
        let next = number + 1;
        let text = next.to_string().into_bytes();
        let both = ["left", "right"].map(|name| put(sku(name), number, next, &text));
        match store.commit(&lease, &writes(both.to_vec())).await {
            Ok(()) => {
                number = next;
                books.acknowledged.store(number, Ordering::SeqCst);
                books.answered.fetch_add(1, Ordering::SeqCst);
            }
            // The lease is gone, or the store is behind what was acknowledged: it is named anew, as a daemon does
            // once it has closed its gates.
            Err(CommitError::Fenced) => {
                if let Ok(Some(again)) = store.acquire("tester", LONG).await {
                    assert!(again.token >= lease.token);
                    lease = again;
                    let generation = store.standing().await.map_or(0, |standing| standing.mark.generation);
                    drop(store.name(&lease, generation + 1, None, false).await);
                }
            }
            Err(CommitError::Conflict(_) | CommitError::Store(StoreError::Unavailable(_))) => {
                books.unanswered.fetch_add(1, Ordering::SeqCst);
                let Ok(found) = store.load(&[sku("left"), sku("right")]).await else {
                    continue;
                };
                assert_eq!(found[0], found[1], "torn");
                let known = books.acknowledged.load(Ordering::SeqCst);
                books
                    .lost
                    .fetch_add(known.saturating_sub(found[0].version), Ordering::SeqCst);
                books.acknowledged.fetch_min(found[0].version, Ordering::SeqCst);
                number = found[0].version;
            }
            Err(other) => panic!("{other:?}"),
        }
    }
}

async fn until(what: &str, mut met: impl FnMut() -> bool) {
    let wait = async {
        while !met() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.expect(what);
}

/// A store with a lease, at work.
async fn at_work(settings: &RedisSettings) -> (Arc<RedisStore>, Arc<Books>, tokio::task::JoinSet<()>) {
    let store = Arc::new(RedisStore::open(settings).await.unwrap());
    let lease = store.acquire("tester", LONG).await.unwrap().unwrap();
    let books = Arc::new(Books::default());
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(work(Arc::clone(&store), lease, Arc::clone(&books)));
    let started = Arc::clone(&books);
    until("commits", || started.acknowledged.load(Ordering::SeqCst) > 50).await;
    (store, books, tasks)
}

/// Waits until the replica has become the primary.
async fn takes_over(replica: &RedisServer) {
    let primary = || {
        let role = replica.try_ask::<String>(&["INFO", "replication"]);
        role.is_ok_and(|text| text.contains("role:master"))
    };
    until("a new primary", primary).await;
}

/// The old primary is gone: a hundred changes from now on are the new one's; what is there is whole.
async fn goes_on(store: &RedisStore, books: &Books, mut tasks: tokio::task::JoinSet<()>) {
    let now = books.answered.load(Ordering::SeqCst);
    until("changes are acknowledged", || {
        books.answered.load(Ordering::SeqCst) > now + 100
    })
    .await;
    books.stop.store(true, Ordering::SeqCst);
    let ended = tokio::time::timeout(PATIENCE, tasks.join_next()).await;
    ended.expect("work ends").unwrap().unwrap();
    let found = store.load(&[sku("left"), sku("right")]).await.unwrap();
    assert_eq!(found[0], found[1], "torn");
    assert!(found[0].version >= books.acknowledged.load(Ordering::SeqCst));
}

/// Without `wait`, what the replica had not received yet may be lost; never a part of a batch.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sentinels_make_the_replica_the_primary_and_work_goes_on() {
    let mut sentinels = RedisSentinels::start();
    let (store, books, tasks) = at_work(&by_sentinels(&sentinels)).await;
    cut_off(&sentinels);
    let then = books.acknowledged.load(Ordering::SeqCst);
    let on = Arc::clone(&books);
    until("commits go on without the replica", || {
        on.acknowledged.load(Ordering::SeqCst) > then + 20
    })
    .await;
    // The one that was asked goes with the primary.
    sentinels.lose_a_sentinel();
    sentinels.primary.kill();
    takes_over(&sentinels.replica).await;
    goes_on(&store, &books, tasks).await;
    let title = store.status().await.unwrap().title;
    let new = format!("at 127.0.0.1:{}", sentinels.replica.port());
    assert!(title.contains(&new), "{title}");
    let lost = books.lost.load(Ordering::SeqCst);
    assert!(lost > 20, "what the replica never received is lost: {lost}");
}

/// With `wait`, what was acknowledged is on the replica, which becomes the primary.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_by_a_fail_over_where_changes_wait_for_the_replica() {
    let mut sentinels = RedisSentinels::start();
    let settings = RedisSettings {
        wait: Some(RedisWait {
            replicas: 1,
            on_disk: false,
            within: Duration::from_millis(200),
        }),
        ..by_sentinels(&sentinels)
    };
    let (store, books, tasks) = at_work(&settings).await;
    cut_off(&sentinels);
    let on = Arc::clone(&books);
    until("nothing is acknowledged", || on.unanswered.load(Ordering::SeqCst) >= 3).await;
    sentinels.primary.kill();
    takes_over(&sentinels.replica).await;
    // Alone it has nobody to wait for; the old one comes back as its replica.
    let port = sentinels.replica.port().to_string();
    sentinels.primary.add_arguments(&["--replicaof", "127.0.0.1", &port]);
    sentinels.primary.start_again();
    goes_on(&store, &books, tasks).await;
    assert_eq!(books.lost.load(Ordering::SeqCst), 0, "acknowledged, and gone");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_makes_the_replica_the_primary_of_the_slot_and_work_goes_on() {
    let mut cluster = RedisCluster::start();
    // What is configured are the first three; the new primary is learned from them.
    let place = RedisPlace::Cluster(cluster.urls());
    let owner = cluster.owner("shop");
    let replica = cluster.add_replica(owner);
    let (store, books, tasks) = at_work(&RedisSettings::of(place, "shop")).await;
    cluster.nodes[owner].kill();
    takes_over(&cluster.nodes[replica]).await;
    goes_on(&store, &books, tasks).await;
    let title = store.status().await.unwrap().title;
    let new = format!("at 127.0.0.1:{} (Cluster)", cluster.nodes[replica].port());
    assert!(title.contains(&new), "{title}");
}
