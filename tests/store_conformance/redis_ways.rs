//! Ways to a Redis that do not lead there, each with a sentence that says what to do; and changes
//! that wait for replicas that do not answer.

use crate::batches::{lease, put, sku, writes};
use crate::redis_cluster::RedisCluster;
use crate::redis_sentinel::RedisSentinels;
use crate::redis_server::{Persistence, RedisServer, wait_until};
use crate::redis_tls::RedisTls;
use crate::whole::by_sentinels;
use omnistock::store::redis::{RedisPlace, RedisSettings, RedisStore, RedisWait};
use omnistock::store::{CommitError, Store, StoreError};
use std::time::{Duration, Instant};

async fn refusal(settings: &RedisSettings) -> String {
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

fn waiting(server: &RedisServer, on_disk: bool) -> RedisSettings {
    RedisSettings {
        wait: Some(RedisWait {
            replicas: 1,
            on_disk,
            within: Duration::from_millis(700),
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
            assert!(store.renew(&lease, crate::batches::LONG).await.unwrap());
        }
        Instant::now()
    };
    let (late, early) = tokio::join!(slow, meanwhile);
    assert!(early < late, "the lease is prolonged while a change waits");
    let said = store.append(&[b"x".to_vec()]).await;
    assert!(matches!(said, Err(StoreError::Unavailable(_))), "{said:?}");
    replica.signal("CONT");
    let repeated = async {
        loop {
            match store.commit(&lease, &change(1)).await {
                Err(CommitError::Store(StoreError::Unavailable(_))) => {}
                said => return said,
            }
        }
    };
    let said = tokio::time::timeout(Duration::from_secs(30), repeated).await.unwrap();
    assert_eq!(said, Err(CommitError::Conflict(sku("a"))), "it had happened");
    store.commit(&lease, &change(2)).await.unwrap();
}

#[tokio::test]
async fn copies_on_disks_need_a_server_that_can_say_so() {
    let server = RedisServer::keeping(Persistence::Always);
    let version: String = server.ask(&["INFO", "server"]);
    assert!(
        version.contains("redis_version:7.0"),
        "with 7.2 and later, test WAITAOF itself here"
    );
    let said = refusal(&waiting(&server, true)).await;
    assert!(said.contains("`on_disk`") && said.contains("7.2"), "{said}");
}
