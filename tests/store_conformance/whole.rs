//! The whole suite on places that take seconds to start: a Cluster, Sentinels, TLS, a user with the
//! least rights, a primary that waits for its replica. Each case is a merchant of its own.

use super::backend::Backend;
use super::redis_cluster::RedisCluster;
use super::redis_sentinel::{MASTER, RedisSentinels};
use super::redis_server::{Persistence, RedisServer, wait_until};
use super::redis_tls::RedisTls;
use omnistock::store::redis::{RedisLogin, RedisPlace, RedisSettings, RedisStore, RedisWait};
use omnistock::store::{Store, StoreError};
use std::pin::Pin;
use std::time::Duration;

/// A case with its name.
pub(crate) type Case = (&'static str, fn(Backend) -> Pin<Box<dyn Future<Output = ()> + Send>>);

/// Runs every case, and names those that failed.
pub(crate) async fn suite(settings: &RedisSettings) {
    let mut failed = Vec::new();
    for (number, (name, case)) in super::CASES.iter().enumerate() {
        let settings = RedisSettings {
            prefix: format!("case-{number}"),
            ..settings.clone()
        };
        let mut task = tokio::task::JoinSet::new();
        task.spawn(async move { case(Backend::share(settings).await).await });
        if let Some(Err(problem)) = task.join_next().await {
            failed.push(format!("{name}: {problem}"));
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}

pub(crate) fn by_sentinels(sentinels: &RedisSentinels) -> RedisSettings {
    let place = RedisPlace::Sentinel {
        sentinels: sentinels.urls(),
        master: MASTER.to_owned(),
        database: 0,
        login: RedisLogin::default(),
    };
    RedisSettings::of(place, "shop")
}

#[tokio::test]
async fn on_a_cluster_of_three_primaries() {
    let cluster = RedisCluster::start();
    suite(&RedisSettings::of(RedisPlace::Cluster(cluster.urls()), "shop")).await;
    for node in &cluster.nodes {
        let keys: i64 = node.ask(&["DBSIZE"]);
        assert!(keys > 20, "merchants are spread over the primaries: {keys}");
    }
}

#[tokio::test]
async fn on_a_primary_that_sentinels_name() {
    let sentinels = RedisSentinels::start();
    suite(&by_sentinels(&sentinels)).await;
    let store = RedisStore::open(&by_sentinels(&sentinels)).await.unwrap();
    let title = store.status().await.unwrap().title;
    let expected = format!("at 127.0.0.1:{} (primary of {MASTER})", sentinels.primary.port());
    assert!(title.ends_with(&expected), "{title}");
}

#[tokio::test]
async fn behind_tls() {
    let redis = RedisTls::start(false);
    let mut settings = RedisSettings::at(redis.url().into(), "shop");
    settings.certificates.authority = Some(redis.file("own.pem"));
    suite(&settings).await;
}

/// Every change is on the replica before it is acknowledged.
#[tokio::test]
async fn on_a_primary_that_waits_for_its_replica() {
    let primary = RedisServer::keeping(Persistence::Nothing);
    let port = primary.port().to_string();
    let follows = ["--replicaof", "127.0.0.1", &port, "--repl-diskless-sync-delay", "0"];
    let replica = RedisServer::keeping_with(Persistence::Nothing, &follows);
    wait_until("the replica has everything", || {
        replica
            .ask::<String>(&["INFO", "replication"])
            .contains("master_link_status:up")
    });
    let settings = RedisSettings {
        wait: Some(RedisWait {
            replicas: 1,
            on_disk: false,
            within: Duration::from_secs(5),
        }),
        ..RedisSettings::at(primary.url().into(), "shop")
    };
    suite(&settings).await;
}

/// The line of docs/durability.md that makes the user.
pub(crate) fn acl_line() -> String {
    let page = include_str!("../../docs/durability.md");
    let line = page.lines().find(|line| line.starts_with("ACL SETUSER omnistock "));
    line.expect("docs/durability.md states the ACL line").to_owned()
}

/// The user has exactly the rights that the documentation names, and nothing of `CONFIG` and `INFO`.
#[tokio::test]
async fn as_a_user_with_the_least_rights() {
    let server = RedisServer::keeping(Persistence::Nothing);
    let line = acl_line().replace("PASSWORD", "secret");
    assert!(!line.contains("config") && !line.contains("info"), "{line}");
    // Each case is a merchant of its own: the keys are the one thing that differs.
    let line = line.replace("~{omnistock}:*", "~{case-*}:*");
    assert_eq!(server.command(&line), "+OK");
    let url = format!("redis://omnistock:secret@127.0.0.1:{}/", server.port());
    let settings = RedisSettings::at(url.into(), "case-0");
    suite(&settings).await;
    let store = RedisStore::open(&settings).await.unwrap();
    let warnings = store.status().await.unwrap().warnings;
    let unchecked = "maxmemory-policy, appendonly, appendfsync";
    assert!(
        warnings.iter().any(|warning| warning.contains(unchecked)),
        "{warnings:?}"
    );
    // Other merchants' keys are not its own.
    let foreign = RedisSettings::at(settings_url(&server), "other");
    let said = RedisStore::open(&foreign).await.err();
    assert!(
        matches!(&said, Some(StoreError::Refused(text)) if text.contains("rights")),
        "{said:?}"
    );
}

fn settings_url(server: &RedisServer) -> secrecy::SecretString {
    format!("redis://omnistock:secret@127.0.0.1:{}/", server.port()).into()
}

/// No right of the line is one too many: without any of them something is refused at the start.
#[tokio::test]
async fn every_right_of_the_least_user_is_needed_and_missed_at_the_start() {
    let server = RedisServer::keeping(Persistence::Nothing);
    let line = acl_line().replace("PASSWORD", "secret");
    assert_eq!(server.command(&line), "+OK");
    let settings = RedisSettings::at(settings_url(&server), "omnistock");
    RedisStore::open(&settings).await.unwrap();
    let rights: Vec<&str> = line.split(' ').filter(|word| word.starts_with('+')).collect();
    assert!(rights.len() > 20, "{line}");
    for right in rights {
        let without = format!("ACL SETUSER omnistock -{}", right.trim_start_matches('+'));
        assert_eq!(server.command(&without), "+OK", "{without}");
        server.command("SCRIPT FLUSH");
        let said = RedisStore::open(&settings).await.err();
        assert!(
            matches!(&said, Some(StoreError::Refused(text)) if text.contains("rights")),
            "{right}: {said:?}"
        );
        assert_eq!(server.command(&format!("ACL SETUSER omnistock {right}")), "+OK");
    }
}
