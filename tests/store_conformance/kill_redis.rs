//! `kill -9` of a Redis that fsyncs every write: nothing acknowledged is lost, nothing is torn. With a daemon at work on
//! it: `tests/redis_kills.rs`. `OMNISTOCK_REDIS_KILLS` sets the rounds (5).

use super::batches::{LONG, put, sku, tell, writes};
use super::redis_server::{Persistence, RedisServer};
use omnistock::store::redis::RedisStore;
use omnistock::store::{CommitError, HistoryId, Lease, Store, StoreError, Way};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(30);

/// Commits one number after the other until told to stop; after a broken connection it looks
/// where the store stands, as the daemon does. Gives how often an answer was missing.
async fn commit_on(store: Arc<RedisStore>, lease: Lease, done: Arc<AtomicU64>, goal: u64) -> u64 {
    let (mut number, mut missing) = (done.load(Ordering::SeqCst), 0);
    while number < goal {
        let next = number + 1;
        let text = next.to_string().into_bytes();
        let mut batch = writes(vec![
            put(sku("left"), number, next, &text),
            put(sku("right"), number, next, &text),
        ]);
        batch.history = vec![tell(1, &["sku/left"], &text)];
        match store.commit(&lease, &batch).await {
            Ok(()) => {
                number = next;
                done.store(number, Ordering::SeqCst);
            }
            Err(CommitError::Store(StoreError::Unavailable(_))) => {
                missing += 1;
                let found = store.load(&[sku("left"), sku("right")]).await;
                let Ok(found) = found else { continue };
                assert_eq!(found[0].version, found[1].version, "torn");
                assert!(
                    found[0].version >= number,
                    "{number} was acknowledged, {} found",
                    found[0].version
                );
                assert!(found[0].version <= next);
                number = found[0].version;
            }
            Err(other) => panic!("{other:?}"),
        }
    }
    missing
}

fn rounds() -> u64 {
    let rounds = std::env::var("OMNISTOCK_REDIS_KILLS").ok();
    rounds.map_or(5, |rounds| rounds.parse().expect("OMNISTOCK_REDIS_KILLS is a number"))
}

async fn until(done: &AtomicU64, number: u64) {
    let wait = async {
        while done.load(Ordering::SeqCst) < number {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.expect("commits go on");
}

#[tokio::test]
async fn a_killed_redis_that_always_fsyncs_has_lost_nothing_and_work_goes_on_by_itself() {
    let mut server = RedisServer::keeping(Persistence::Always);
    let store = Arc::new(RedisStore::connect(&server.url().into(), "shop").await.unwrap());
    let lease = store.acquire("tester", LONG).await.unwrap().unwrap();
    let (done, goal) = (Arc::new(AtomicU64::new(0)), (rounds() + 1) * 40);
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(commit_on(Arc::clone(&store), lease, Arc::clone(&done), goal));
    for round in 1..=rounds() {
        until(&done, round * 40).await;
        server.kill();
        server.start_again();
    }
    println!("{} kills of redis (AOF always) in {goal} commits", rounds());
    let missing = tokio::time::timeout(PATIENCE, tasks.join_next())
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    assert!(missing >= 1, "the server was killed under load");
    let found = store.load(&[sku("left"), sku("right")]).await.unwrap();
    assert_eq!((found[0].version, found[1].version), (goal, goal));
    assert_eq!(found[0].bytes, goal.to_string().into_bytes());
    // History and documents never disagree: each number was told once, with its commit.
    let told = store
        .history(Some("sku/left"), HistoryId(0), Way::Forward, 100_000)
        .await
        .unwrap();
    let told: Vec<Vec<u8>> = told.into_iter().map(|entry| entry.bytes).collect();
    assert_eq!(
        told,
        (1..=goal)
            .map(|number| number.to_string().into_bytes())
            .collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn a_killed_redis_without_a_file_has_lost_everything_and_status_said_so() {
    let mut server = RedisServer::keeping(Persistence::Nothing);
    let store = RedisStore::connect(&server.url().into(), "shop").await.unwrap();
    let lease = store.acquire("tester", LONG).await.unwrap().unwrap();
    store
        .commit(&lease, &writes(vec![put(sku("a"), 0, 1, b"")]))
        .await
        .unwrap();
    let warnings = store.status().await.unwrap().warnings;
    assert!(
        warnings
            .iter()
            .any(|warning| warning.contains("everything is lost when it stops")),
        "{warnings:?}"
    );
    server.restart();
    let wait = async {
        loop {
            if let Ok(found) = store.load(&[sku("a")]).await {
                return found[0].version;
            }
        }
    };
    assert_eq!(tokio::time::timeout(PATIENCE, wait).await.unwrap(), 0);
    // The lease went with it: the daemon hears that it is not in charge before it changes anything.
    let said = store.commit(&lease, &writes(vec![put(sku("a"), 0, 2, b"")])).await;
    assert_eq!(said, Err(CommitError::Fenced));
    let again = store.acquire("tester", LONG).await.unwrap().unwrap();
    assert!(again.token > lease.token, "tokens rise even when the last one was lost");
}

/// What was answered since the last look and is gone is told by the next one; until then nothing is changed, and once
/// the store was begun anew it goes on.
#[tokio::test]
async fn what_was_answered_and_is_gone_is_told_by_the_next_look() {
    let server = RedisServer::keeping(Persistence::Nothing);
    let store = RedisStore::connect(&server.url().into(), "shop").await.unwrap();
    let lease = store.acquire("tester", LONG).await.unwrap().unwrap();
    assert!(store.name(&lease, 7, None, false).await.unwrap());
    let change = |from| writes(vec![put(sku("a"), from, from + 1, b"")]);
    for (from, lost) in [(0, "HSET {shop}:lease commits 0"), (1, "SET {shop}:last_entry 2")] {
        let before = store.standing().await.unwrap();
        assert!(!before.mark.lacks(&before.seen), "{before:?}");
        store.commit(&lease, &change(from)).await.unwrap();
        store.append(&[b"x".to_vec(), b"y".to_vec()]).await.unwrap();
        server.command(lost);
        let standing = store.standing().await.unwrap();
        assert!(standing.mark.lacks(&standing.seen), "{lost}: {standing:?}");
        assert!(!standing.mark.lacks(&before.mark), "a look alone would not have told");
        if from == 0 {
            let said = store.commit(&lease, &change(1)).await;
            assert_eq!(said, Err(CommitError::Fenced));
        }
        assert!(store.name(&lease, 8 + from, None, false).await.unwrap());
        let standing = store.standing().await.unwrap();
        assert!(!standing.mark.lacks(&standing.seen), "{standing:?}");
    }
    store.commit(&lease, &change(2)).await.unwrap();
}

/// Waits until the server has handed everything to its disk.
async fn written(server: &RedisServer) {
    let client = redis::Client::open(server.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let wait = async {
        loop {
            let told: String = redis::cmd("INFO")
                .arg("persistence")
                .query_async(&mut connection)
                .await
                .unwrap();
            if told.contains("aof_buffer_length:0\r") && told.contains("aof_pending_bio_fsync:0\r") {
                return;
            }
        }
    };
    tokio::time::timeout(PATIENCE, wait)
        .await
        .expect("everything is written");
}

/// While an fsync is under way, such a server answers before it writes: the last moments may be
/// lost even when only the process is killed.
#[tokio::test]
async fn a_killed_redis_that_fsyncs_every_second_keeps_whole_batches_and_what_it_had_written() {
    let mut server = RedisServer::keeping(Persistence::EverySecond);
    let store = Arc::new(RedisStore::connect(&server.url().into(), "shop").await.unwrap());
    let lease = store.acquire("tester", LONG).await.unwrap().unwrap();
    let done = Arc::new(AtomicU64::new(0));
    commit_on(Arc::clone(&store), lease.clone(), Arc::clone(&done), 50).await;
    written(&server).await;
    commit_on(Arc::clone(&store), lease, done, 100).await;
    let warnings = store.status().await.unwrap().warnings;
    assert!(
        warnings.iter().any(|warning| warning.contains("about 2 s")),
        "{warnings:?}"
    );
    server.restart();
    let wait = async {
        loop {
            if let Ok(found) = store.load(&[sku("left"), sku("right")]).await {
                return found;
            }
        }
    };
    let found = tokio::time::timeout(PATIENCE, wait).await.unwrap();
    assert_eq!(found[0], found[1], "torn");
    assert!((50..=100).contains(&found[0].version), "{found:?}");
}
