//! What goes wrong with Redis and its client, each once on a real server.

use super::batches::{LONG, cursor, everything, furnished, lease, mark, marks, picture, put, sku, writes};
use super::redis_server::{Persistence, RedisServer};
use omnistock::store::redis::RedisStore;
use omnistock::store::{CommitError, EntryId, Store, StoreError};
use std::sync::Arc;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(30);

async fn connect(server: &RedisServer) -> RedisStore {
    RedisStore::connect(&server.url().into(), "shop").await.unwrap()
}

async fn refusal(url: &str) -> String {
    match RedisStore::connect(&url.into(), "shop").await {
        Err(StoreError::Refused(sentence)) => sentence,
        other => panic!("expected a refusal, got {other:?}"),
    }
}

#[tokio::test]
async fn a_server_that_forgot_the_scripts_gets_the_whole_batch_again() {
    let server = RedisServer::keeping(Persistence::Nothing);
    let store = connect(&server).await;
    let lease = lease(&store).await;
    let entry = furnished(&store, &lease).await;
    for flushed in ["append", "commit", "dirty", "scan", "renew"] {
        assert_eq!(server.command("SCRIPT FLUSH"), "+OK");
        match flushed {
            "append" => drop(store.append(&[b"x".to_vec()]).await.unwrap()),
            "commit" => store
                .commit(&lease, &everything(EntryId(0), entry, vec![put(sku("a"), 5, 6, b"x")]))
                .await
                .unwrap(),
            "dirty" => assert_eq!(store.dirty("shop", 1).await.unwrap()[0].sku, "marked"),
            "scan" => assert_eq!(
                store.scan(omnistock::store::Kind::Sku, None, 9).await.unwrap()[0]
                    .1
                    .version,
                6
            ),
            _ => assert!(store.renew(&lease, LONG).await.unwrap()),
        }
    }
    assert_eq!(store.cursor().await.unwrap(), entry);
    assert_eq!(store.read(EntryId(0), 9).await.unwrap().len(), 1);
}

/// Acknowledging is part of the script: after NOSCRIPT nothing behind it may have run.
#[tokio::test]
async fn a_batch_that_is_refused_leaves_its_entries_in_the_inbox() {
    let server = RedisServer::keeping(Persistence::Nothing);
    let store = connect(&server).await;
    let lease = lease(&store).await;
    let entry = furnished(&store, &lease).await;
    server.command("SCRIPT FLUSH");
    let batch = everything(EntryId(0), entry, vec![put(sku("a"), 4, 6, b"x")]);
    assert_eq!(store.commit(&lease, &batch).await, Err(CommitError::Conflict(sku("a"))));
    assert_eq!(store.read(EntryId(0), 9).await.unwrap()[0].id, entry);
    assert_eq!(store.cursor().await.unwrap(), EntryId(0));
}

/// Nobody sends a blocking command: a slow answer of one call does not break the others.
#[tokio::test]
async fn callers_share_a_connection_without_holding_each_other_up() {
    let server = RedisServer::keeping(Persistence::Nothing);
    let store = Arc::new(connect(&server).await);
    // Longer than the 500 ms after which the client gives up unless told otherwise.
    assert_eq!(server.command("CLIENT PAUSE 900 ALL"), "+OK");
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let store = Arc::clone(&store);
        tasks.spawn(async move { store.read(EntryId(0), 10).await });
    }
    assert!(
        tasks
            .join_all()
            .await
            .into_iter()
            .all(|answer| answer == Ok(Vec::new()))
    );
}

#[tokio::test]
async fn a_restarted_server_is_found_again_without_help() {
    let mut server = RedisServer::keeping(Persistence::Always);
    let store = connect(&server).await;
    let lease = lease(&store).await;
    furnished(&store, &lease).await;
    let before = picture(&store).await;
    server.kill();
    let down = store.cursor().await;
    assert!(matches!(down, Err(StoreError::Unavailable(_))), "{down:?}");
    server.start_again();
    let wait = async { while store.cursor().await.is_err() {} };
    tokio::time::timeout(PATIENCE, wait).await.expect("connects again");
    assert_eq!(picture(&store).await, before);
    store
        .commit(&lease, &writes(vec![put(sku("a"), 5, 6, b"")]))
        .await
        .unwrap();
}

/// The change may have happened: repeating it tells, and it is never applied twice.
#[tokio::test]
async fn a_commit_whose_answer_got_lost_is_recognised_when_repeated() {
    let mut server = RedisServer::keeping(Persistence::Always);
    let store = connect(&server).await;
    let lease = lease(&store).await;
    let batch = writes(vec![put(sku("a"), 0, 1, b"once")]);
    store.commit(&lease, &batch).await.unwrap();
    server.restart();
    let repeated = async {
        loop {
            match store.commit(&lease, &batch).await {
                Err(CommitError::Store(StoreError::Unavailable(_))) => {}
                said => return said,
            }
        }
    };
    let said = tokio::time::timeout(PATIENCE, repeated).await.unwrap();
    assert_eq!(said, Err(CommitError::Conflict(sku("a"))));
}

/// The answer comes too late, the change does not: what the caller heard as "may have happened" did.
#[tokio::test]
async fn a_server_that_hangs_is_not_waited_for_and_its_late_commit_is_recognised() {
    let server = RedisServer::keeping(Persistence::Nothing);
    let store = connect(&server).await;
    let lease = lease(&store).await;
    let batch = writes(vec![put(sku("a"), 0, 1, b"once")]);
    server.signal("STOP");
    let said = tokio::time::timeout(PATIENCE, store.commit(&lease, &batch))
        .await
        .expect("a deadline");
    let Err(CommitError::Store(StoreError::Unavailable(text))) = said else {
        panic!("{said:?}")
    };
    assert!(text.contains("may have happened"), "{text}");
    server.signal("CONT");
    let repeated = async {
        loop {
            match store.commit(&lease, &batch).await {
                Err(CommitError::Store(StoreError::Unavailable(_))) => {}
                said => return said,
            }
        }
    };
    let said = tokio::time::timeout(PATIENCE, repeated).await.unwrap();
    assert_eq!(said, Err(CommitError::Conflict(sku("a"))));
    assert_eq!(store.load(&[sku("a")]).await.unwrap()[0].bytes, b"once");
}

/// RESP3 tells of the end of a connection by itself: the next change goes over a new one, once.
#[tokio::test]
async fn an_idle_connection_that_died_does_not_cost_a_call() {
    let server = RedisServer::keeping(Persistence::Nothing);
    let store = connect(&server).await;
    for number in 1..=5_u64 {
        assert!(server.command("CLIENT KILL TYPE normal SKIPME yes").starts_with(':'));
        // The second answer comes after the killed ones were closed; then our side has to look once.
        assert_eq!(server.command("PING"), "+PONG");
        for _ in 0..1_000 {
            tokio::task::yield_now().await;
        }
        assert_eq!(store.append(&[b"x".to_vec()]).await, Ok(vec![EntryId(number)]));
    }
}

/// One that was waiting when the server stopped answering is not used again, so that it does not
/// hold up every following call for as long.
#[tokio::test]
async fn after_a_missed_deadline_nobody_waits_as_long_again() {
    let server = RedisServer::keeping(Persistence::Nothing);
    let store = connect(&server).await;
    server.signal("STOP");
    assert!(matches!(store.cursor().await, Err(StoreError::Unavailable(_))));
    let begun = tokio::time::Instant::now();
    for _ in 0..3 {
        assert!(matches!(store.cursor().await, Err(StoreError::Unavailable(_))));
    }
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    server.signal("CONT");
    let wait = async { while store.cursor().await.is_err() {} };
    tokio::time::timeout(PATIENCE, wait).await.expect("connects again");
}

#[tokio::test]
async fn a_server_that_may_evict_is_refused_with_the_command_that_mends_it() {
    let server = RedisServer::keeping_with(Persistence::Nothing, &["--maxmemory-policy", "allkeys-lru"]);
    let said = refusal(&server.url()).await;
    assert!(
        said.contains("allkeys-lru") && said.contains("CONFIG SET maxmemory-policy noeviction"),
        "{said}"
    );
    assert_eq!(server.command("CONFIG SET maxmemory-policy noeviction"), "+OK");
    let store = connect(&server).await;
    server.command("CONFIG SET maxmemory-policy volatile-ttl");
    let warnings = store.status().await.unwrap().warnings;
    assert!(
        warnings.iter().any(|warning| warning.contains("volatile-ttl")),
        "{warnings:?}"
    );
}

#[tokio::test]
async fn a_server_that_refuses_config_is_used_and_status_says_what_is_unknown() {
    let server = RedisServer::keeping(Persistence::Always);
    server.command("ACL SETUSER narrow on >secret ~{shop}:* +@all -@admin -@dangerous");
    let url = format!("redis://narrow:secret@127.0.0.1:{}/", server.port());
    let store = RedisStore::connect(&url.into(), "shop").await.unwrap();
    let lease = lease(&store).await;
    store
        .commit(&lease, &writes(vec![put(sku("a"), 0, 1, b"")]))
        .await
        .unwrap();
    let warnings = store.status().await.unwrap().warnings;
    assert!(
        warnings
            .iter()
            .any(|warning| warning.contains("maxmemory-policy, appendonly, appendfsync")),
        "{warnings:?}"
    );
    assert!(warnings.iter().any(|warning| warning.contains("INFO")), "{warnings:?}");
}

#[tokio::test]
async fn a_user_without_a_needed_right_is_refused_at_start() {
    let server = RedisServer::keeping(Persistence::Nothing);
    server.command("ACL SETUSER without on >secret ~* +@all -xtrim");
    let url = format!("redis://without:secret@127.0.0.1:{}/", server.port());
    let said = refusal(&url).await;
    assert!(said.contains("rights"), "{said}");
    server.command("ACL SETUSER elsewhere on >secret ~{other}:* +@all");
    let url = format!("redis://elsewhere:secret@127.0.0.1:{}/", server.port());
    assert!(refusal(&url).await.contains("rights"));
}

#[tokio::test]
async fn passwords_are_in_no_message() {
    let server = RedisServer::keeping_with(Persistence::Nothing, &["--requirepass", "right-horse"]);
    let wrong = format!("redis://:wrong-horse@127.0.0.1:{}/", server.port());
    let unusable = format!("redis://user:wrong-horse@127.0.0.1:{}/not-a-number", server.port());
    let scheme = "http://user:wrong-horse@127.0.0.1/".to_owned();
    let none = server.url();
    for url in [wrong, unusable, scheme, none] {
        let said = refusal(&url).await;
        assert!(!said.contains("horse") && said.contains("[store]"), "{said}");
    }
    let right = format!("redis://:right-horse@127.0.0.1:{}/", server.port());
    let store = RedisStore::connect(&right.into(), "shop").await.unwrap();
    let status = store.status().await.unwrap();
    assert!(
        status.title.starts_with("redis 7") || status.title.starts_with("redis 8"),
        "{}",
        status.title
    );
    assert!(
        status.title.ends_with(&format!("at 127.0.0.1:{}", server.port())),
        "{}",
        status.title
    );
    assert!(!format!("{store:?} {status:?}").contains("horse"));
    drop(server);
    let gone = format!("redis://:right-horse@127.0.0.1:{}/", 1);
    let said = RedisStore::connect(&gone.into(), "shop").await.unwrap_err();
    assert!(
        matches!(&said, StoreError::Unavailable(text) if text.contains("127.0.0.1:1") && !text.contains("horse")),
        "{said}"
    );
}

#[tokio::test]
async fn a_full_server_changes_nothing_and_goes_on_by_itself() {
    let server = RedisServer::keeping(Persistence::Nothing);
    let store = connect(&server).await;
    let lease = lease(&store).await;
    let entry = furnished(&store, &lease).await;
    let before = picture(&store).await;
    assert_eq!(server.command("CONFIG SET maxmemory 1mb"), "+OK");
    let batch = everything(EntryId(0), entry, vec![put(sku("a"), 5, 6, &[1; 1_000])]);
    let said = store.commit(&lease, &batch).await;
    assert!(matches!(said, Err(CommitError::Store(StoreError::Full(_)))), "{said:?}");
    let said = store.append(&[vec![1; 100]]).await;
    assert!(matches!(said, Err(StoreError::Full(_))), "{said:?}");
    assert_eq!(picture(&store).await, before);
    assert_eq!(server.command("CONFIG SET maxmemory 0"), "+OK");
    store.commit(&lease, &batch).await.unwrap();
}

#[tokio::test]
async fn a_replica_is_unavailable_and_not_refused() {
    let primary = RedisServer::keeping(Persistence::Nothing);
    let replica = RedisServer::keeping(Persistence::Nothing);
    let store = connect(&replica).await;
    let lease = lease(&store).await;
    assert_eq!(
        replica.command(&format!("REPLICAOF 127.0.0.1 {}", primary.port())),
        "+OK"
    );
    let said = store.commit(&lease, &writes(vec![put(sku("a"), 0, 1, b"")])).await;
    assert!(
        matches!(
            said,
            Err(CommitError::Store(StoreError::Unavailable(_)) | CommitError::Fenced)
        ),
        "{said:?}"
    );
    let said = store.append(&[b"x".to_vec()]).await;
    assert!(matches!(&said, Err(StoreError::Unavailable(_))), "{said:?}");
    assert_eq!(replica.command("REPLICAOF NO ONE"), "+OK");
    assert!(store.append(&[b"x".to_vec()]).await.is_ok());
}

#[tokio::test]
async fn merchants_on_one_server_do_not_see_each_other_and_stay_in_one_slot() {
    let server = RedisServer::keeping(Persistence::Nothing);
    let one = connect(&server).await;
    let two = RedisStore::connect(&server.url().into(), "shop-2").await.unwrap();
    let lease_of_one = lease(&one).await;
    furnished(&one, &lease_of_one).await;
    assert!(two.acquire("another", LONG).await.unwrap().is_some());
    assert_eq!(two.append(&[b"x".to_vec()]).await.unwrap(), [EntryId(1)]);
    assert_eq!(two.load(&[sku("a")]).await.unwrap()[0].version, 0);
    let client = redis::Client::open(server.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let keys: Vec<String> = redis::cmd("KEYS").arg("*").query_async(&mut connection).await.unwrap();
    assert!(
        keys.len() > 8
            && keys
                .iter()
                .all(|key| key.starts_with("{shop}:") || key.starts_with("{shop-2}:")),
        "{keys:?}"
    );
    assert!(!keys.iter().any(|key| key.ends_with(":probe")), "{keys:?}");
}

#[tokio::test]
async fn a_newer_layout_is_refused() {
    let server = RedisServer::keeping(Persistence::Nothing);
    assert_eq!(server.command("SET {shop}:layout 3"), "+OK");
    assert!(refusal(&server.url()).await.contains("newer omnistock"));
    assert_eq!(server.command("SET {shop}:layout 2"), "+OK");
    connect(&server).await;
}

#[tokio::test]
async fn foreign_data_under_our_names_is_damage_and_stays() {
    let server = RedisServer::keeping(Persistence::Nothing);
    let store = connect(&server).await;
    let lease = lease(&store).await;
    server.command("SET {shop}:documents:sku foreign");
    let said = store.load(&[sku("a")]).await;
    assert!(matches!(said, Err(StoreError::Damaged(_))), "{said:?}");
    let said = store.commit(&lease, &writes(vec![put(sku("a"), 0, 1, b"")])).await;
    assert!(
        matches!(said, Err(CommitError::Store(StoreError::Damaged(_)))),
        "{said:?}"
    );
    assert_eq!(server.command("STRLEN {shop}:documents:sku"), ":7");
}

/// A commit costs the same few commands however many documents it has: a chunk is one command.
#[tokio::test]
async fn a_commit_is_one_call_and_few_commands() {
    let server = RedisServer::keeping(Persistence::Nothing);
    let store = connect(&server).await;
    let lease = lease(&store).await;
    let ids = store.append(&vec![b"x".to_vec(); 100]).await.unwrap();
    server.command("CONFIG RESETSTAT");
    let mut batch = cursor(EntryId(0), ids[99]);
    batch.writes = (0..100)
        .map(|number| put(sku(&number.to_string()), 0, 1, &[7; 400]))
        .collect();
    batch.marks = marks((0..100).map(|number| mark("shop", &number.to_string(), 1)).collect()).marks;
    store.commit(&lease, &batch).await.unwrap();
    let client = redis::Client::open(server.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let told: String = redis::cmd("INFO")
        .arg("commandstats")
        .query_async(&mut connection)
        .await
        .unwrap();
    let calls: u64 = told
        .lines()
        .filter_map(|line| line.split("calls=").nth(1)?.split(',').next()?.parse::<u64>().ok())
        .sum();
    assert!(told.contains("cmdstat_evalsha:calls=1,"), "{told}");
    assert!(calls <= 20, "{calls} commands: {told}");
}
