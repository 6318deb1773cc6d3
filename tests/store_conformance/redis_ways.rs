//! Ways to a Redis that do not lead there, each with a sentence that says what to do; and changes
//! that wait for replicas that do not answer.

use super::batches::{lease, put, sku, writes};
use super::redis_cluster::RedisCluster;
use super::redis_sentinel::RedisSentinels;
use super::redis_server::{Persistence, RedisServer, wait_until};
use super::redis_tls::RedisTls;
use super::whole::by_sentinels;
use omnistock::store::redis::{RedisLogin, RedisPlace, RedisSettings, RedisStore, RedisWait};
use omnistock::store::{CommitError, Store, StoreError};
use std::time::Duration;
use tokio::time::Instant;

pub(crate) async fn refusal(settings: &RedisSettings) -> String {
    match RedisStore::open(settings).await {
        Err(StoreError::Refused(sentence)) => sentence,
        other => panic!("expected a refusal, got {other:?}"),
    }
}

#[tokio::test]
async fn sentinels_that_do_not_know_the_master_and_servers_that_are_none_are_told_apart() {
    let sentinels = RedisSentinels::start();
    let mut unknown = by_sentinels(&sentinels);
    if let RedisPlace::Sentinel { master, .. } = &mut unknown.place {
        "another".clone_into(master);
    }
    let said = refusal(&unknown).await;
    assert!(said.contains("knows no master `another`"), "{said}");
    let mut none = by_sentinels(&sentinels);
    if let RedisPlace::Sentinel { sentinels: urls, .. } = &mut none.place {
        *urls = vec![sentinels.primary.url()];
    }
    let said = refusal(&none).await;
    assert!(
        said.contains("is no Sentinel") && said.contains("`sentinels`"),
        "{said}"
    );
    let place = RedisPlace::One(sentinels.urls().remove(0).into());
    let said = refusal(&RedisSettings::of(place, "shop")).await;
    assert!(said.contains("is a Sentinel") && said.contains("`sentinels`"), "{said}");
}

/// A Sentinel may be behind: who is named is asked whether it is the primary, and only that is written to.
#[tokio::test]
async fn an_old_primary_that_became_a_replica_is_not_taken_for_one() {
    let sentinels = RedisSentinels::start();
    let settings = by_sentinels(&sentinels);
    let store = RedisStore::open(&settings).await.unwrap();
    let lease = lease(&store).await;
    let done: String = sentinels.primary.ask(&["REPLICAOF", "127.0.0.1", "1"]);
    assert_eq!(done, "OK");
    let batch = writes(vec![put(sku("a"), 0, 1, b"")]);
    let said = store.commit(&lease, &batch).await;
    assert!(
        matches!(said, Err(CommitError::Store(StoreError::Unavailable(_)))),
        "{said:?}"
    );
    let said = RedisStore::open(&settings).await.err();
    assert!(
        matches!(&said, Some(StoreError::Unavailable(text)) if text.contains("is no primary")),
        "{said:?}"
    );
    sentinels.fail_over();
    let wait = async { while store.append(&[b"x".to_vec()]).await.is_err() {} };
    tokio::time::timeout(Duration::from_mins(2), wait)
        .await
        .expect("goes on with the new one");
    let title = store.status().await.unwrap().title;
    let new = format!("at 127.0.0.1:{}", sentinels.replica.port());
    assert!(title.contains(&new), "{title}");
}

/// The line of the documentation, with what it says is needed besides.
#[tokio::test]
async fn sentinels_and_waiting_need_one_more_right_each_and_miss_it_at_the_start() {
    let sentinels = RedisSentinels::start();
    let line = super::whole::acl_line().replace("PASSWORD", "secret");
    assert_eq!(sentinels.primary.command(&line), "+OK");
    let mut settings = RedisSettings {
        prefix: "omnistock".to_owned(),
        ..by_sentinels(&sentinels)
    };
    settings.login = RedisLogin {
        username: Some("omnistock".to_owned()),
        password: Some("secret".to_owned().into()),
    };
    let said = refusal(&settings).await;
    assert!(said.contains("'role'") && said.contains("rights"), "{said}");
    assert_eq!(sentinels.primary.command("ACL SETUSER omnistock +role"), "+OK");
    RedisStore::open(&settings).await.unwrap();
    settings.wait = waiting(&sentinels.primary, false).wait;
    let said = refusal(&settings).await;
    assert!(said.contains("'wait'") && said.contains("rights"), "{said}");
    assert_eq!(sentinels.primary.command("ACL SETUSER omnistock +wait"), "+OK");
    RedisStore::open(&settings).await.unwrap();
}

#[tokio::test]
async fn a_node_of_a_cluster_is_no_server_of_its_own() {
    let cluster = RedisCluster::start();
    let place = RedisPlace::One(cluster.urls().remove(0).into());
    let said = refusal(&RedisSettings::of(place, "shop")).await;
    assert!(
        said.contains("part of a Cluster") && said.contains("`cluster`"),
        "{said}"
    );
}

fn behind(redis: &RedisTls, authority: Option<&str>) -> RedisSettings {
    let mut settings = RedisSettings::at(redis.url().into(), "shop");
    settings.certificates.authority = authority.map(|name| redis.file(name));
    settings
}

#[tokio::test]
async fn a_server_whose_authority_is_not_trusted_is_refused() {
    let redis = RedisTls::start(false);
    for authority in [Some("other.pem"), None] {
        let said = refusal(&behind(&redis, authority)).await;
        let address = format!("127.0.0.1:{}", redis.port);
        assert!(
            said.contains("`certificate_authority`") && said.contains(&address),
            "{authority:?}: {said}"
        );
    }
    let said = refusal(&behind(&redis, Some("no-such-file.pem"))).await;
    assert!(said.contains("no-such-file.pem can't be read"), "{said}");
    let said = refusal(&behind(&redis, Some("client.key"))).await;
    assert!(said.contains("PEM"), "{said}");
    RedisStore::open(&behind(&redis, Some("own.pem"))).await.unwrap();
}

/// A certificate says whom it is for.
#[tokio::test]
async fn a_server_of_another_name_is_refused() {
    let redis = RedisTls::start(false);
    let mut settings = behind(&redis, Some("own.pem"));
    settings.place = RedisPlace::One(format!("rediss://localhost:{}", redis.port).into());
    let said = refusal(&settings).await;
    assert!(said.contains("certificate") && said.contains("name"), "{said}");
}

#[tokio::test]
async fn a_server_that_wants_a_certificate_gets_ours() {
    let redis = RedisTls::start(true);
    let mut settings = behind(&redis, Some("own.pem"));
    let said = RedisStore::open(&settings).await.err();
    assert!(said.is_some(), "no certificate was shown");
    settings.certificates.certificate = Some(redis.file("client.pem"));
    let key = std::fs::read_to_string(redis.file("client.key")).unwrap();
    settings.certificates.key = Some(key.into());
    let store = RedisStore::open(&settings).await.unwrap();
    let lease = lease(&store).await;
    store
        .commit(&lease, &writes(vec![put(sku("a"), 0, 1, b"")]))
        .await
        .unwrap();
}

pub(crate) fn waiting(server: &RedisServer, on_disk: bool) -> RedisSettings {
    RedisSettings {
        wait: Some(RedisWait {
            replicas: 1,
            on_disk,
            within: Duration::from_secs(2),
        }),
        ..RedisSettings::at(server.url().into(), "shop")
    }
}

/// The change is there, but nobody is told that it is safe; and nobody else is held up meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_hangs_keeps_changes_from_being_acknowledged() {
    let primary = RedisServer::keeping(Persistence::Nothing);
    let port = primary.port().to_string();
    let follows = ["--replicaof", "127.0.0.1", &port, "--repl-diskless-sync-delay", "0"];
    let replica = RedisServer::keeping_with(Persistence::Nothing, &follows);
    wait_until("the replica has everything", || {
        replica
            .ask::<String>(&["INFO", "replication"])
            .contains("master_link_status:up")
    });
    let store = RedisStore::open(&waiting(&primary, false)).await.unwrap();
    let lease = lease(&store).await;
    let change = |from| writes(vec![put(sku("a"), from, from + 1, b"")]);
    store.commit(&lease, &change(0)).await.unwrap();
    replica.signal("STOP");
    let slow = async {
        let said = store.commit(&lease, &change(1)).await;
        let Err(CommitError::Store(StoreError::Unavailable(text))) = said else {
            panic!("{said:?}")
        };
        assert!(
            text.contains("0 of 1 replicas") && text.contains("may have happened"),
            "{text}"
        );
        Instant::now()
    };
    let meanwhile = async {
        for _ in 0..20 {
            assert!(store.renew(&lease, super::batches::LONG).await.unwrap());
        }
        Instant::now()
    };
    let (late, early) = tokio::join!(slow, meanwhile);
    assert!(early < late, "the lease is prolonged while a change waits");
    let said = store.append(&[b"x".to_vec()]).await;
    assert!(matches!(said, Err(StoreError::Unavailable(_))), "{said:?}");
    replica.signal("CONT");
    // On a busy machine the replica may need a while again; each time, repeating tells.
    let answered = async |from| loop {
        match store.commit(&lease, &change(from)).await {
            Err(CommitError::Store(StoreError::Unavailable(_))) => {}
            said => return said,
        }
    };
    let said = tokio::time::timeout(Duration::from_secs(30), answered(1))
        .await
        .unwrap();
    assert_eq!(said, Err(CommitError::Conflict(sku("a"))), "it had happened");
    let said = tokio::time::timeout(Duration::from_secs(30), answered(2))
        .await
        .unwrap();
    assert!(
        said == Ok(()) || said == Err(CommitError::Conflict(sku("a"))),
        "{said:?}"
    );
    assert_eq!(store.load(&[sku("a")]).await.unwrap()[0].version, 3);
}

#[tokio::test]
async fn a_primary_short_of_replicas_is_waited_for() {
    let server = RedisServer::keeping(Persistence::Nothing);
    let store = RedisStore::open(&RedisSettings::at(server.url().into(), "shop"))
        .await
        .unwrap();
    let lease = lease(&store).await;
    let batch = writes(vec![put(sku("a"), 0, 1, b"")]);
    assert_eq!(server.command("CONFIG SET min-replicas-to-write 1"), "+OK");
    let said = store.commit(&lease, &batch).await;
    assert!(
        matches!(&said, Err(CommitError::Store(StoreError::Unavailable(text))) if text.contains("min-replicas-to-write")),
        "{said:?}"
    );
    assert_eq!(store.load(&[sku("a")]).await.unwrap()[0].version, 0);
    assert_eq!(server.command("CONFIG SET min-replicas-to-write 0"), "+OK");
    store.commit(&lease, &batch).await.unwrap();
}

/// docs/durability.md names tests: each of them exists.
#[test]
fn the_tests_that_the_documentation_names_are_there() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut sources = String::new();
    for folder in [
        "tests",
        "tests/operator",
        "tests/store_conformance",
        "src/delivery",
        "src/store/redis",
        "src/store/embedded",
    ] {
        for entry in std::fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "rs") {
                sources += &std::fs::read_to_string(path).unwrap();
            }
        }
    }
    let page = std::fs::read_to_string(root.join("docs/durability.md")).unwrap();
    let named: Vec<&str> = page
        .split('`')
        .filter(|word| word.contains("::") && !word.contains([' ', '…']))
        .filter_map(|word| word.rsplit("::").next())
        .collect();
    assert!(named.len() > 25, "{named:?}");
    let missing: Vec<&&str> = named
        .iter()
        .filter(|name| !sources.contains(&format!("fn {name}(")))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}
