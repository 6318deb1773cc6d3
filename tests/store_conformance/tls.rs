//! TLS to Sentinels and to a Cluster, as the user with the least rights: every kind of change, and a fail-over.

use super::batches::{everything, furnished, lease, picture, put, sku, writes};
use super::redis_cluster::RedisCluster;
use super::redis_sentinel::{MASTER, RedisSentinels};
use super::redis_server::RedisServer;
use super::redis_tls::Certificates;
use super::redis_ways::refusal;
use super::whole::acl_line;
use omnistock::store::redis::{RedisCertificates, RedisLogin, RedisPlace, RedisSettings, RedisStore};
use omnistock::store::{EntryId, Lease, Store};
use std::time::Duration;

/// The least rights that docs/durability.md names, and those named for this way besides.
fn least_user(servers: &[&RedisServer], besides: &str) {
    let line = acl_line().replace("PASSWORD", "secret");
    for server in servers {
        assert_eq!(server.command(&format!("{line} {besides}")), "+OK");
    }
}

fn settings(place: RedisPlace, certificates: &Certificates) -> RedisSettings {
    RedisSettings {
        login: RedisLogin {
            username: Some("omnistock".to_owned()),
            password: Some("secret".to_owned().into()),
        },
        certificates: RedisCertificates {
            authority: Some(certificates.file("own.pem")),
            ..RedisCertificates::default()
        },
        ..RedisSettings::of(place, "omnistock")
    }
}

/// A store with something of everything in it, read back.
async fn at_work(settings: &RedisSettings) -> (RedisStore, Lease) {
    let store = RedisStore::open(settings).await.unwrap();
    let lease = lease(&store).await;
    let entry = furnished(&store, &lease).await;
    let batch = everything(EntryId(0), entry, vec![put(sku("a"), 5, 6, b"over TLS")]);
    store.commit(&lease, &batch).await.unwrap();
    assert_eq!(store.load(&[sku("a")]).await.unwrap()[0].bytes, b"over TLS");
    let again = RedisStore::open(settings).await.unwrap();
    assert_eq!(picture(&again).await, picture(&store).await);
    (store, lease)
}

/// Nobody is spoken to whose authority is not the one that was named.
async fn trusts_nobody_else(settings: &RedisSettings, certificates: &Certificates) {
    let mut other = settings.clone();
    other.certificates.authority = Some(certificates.file("other.pem"));
    let said = refusal(&other).await;
    assert!(said.contains("`certificate_authority`"), "{said}");
}

#[tokio::test]
async fn behind_tls_by_sentinels_as_the_least_user_also_after_a_fail_over() {
    let certificates = Certificates::make();
    let sentinels = RedisSentinels::start_behind(&certificates);
    least_user(&[&sentinels.primary, &sentinels.replica], "+role");
    let rights = "+sentinel|get-master-addr-by-name";
    sentinels.tell_sentinels(&["ACL", "SETUSER", "asker", "on", ">whom", "resetkeys", "-@all", rights]);
    let login = RedisLogin {
        username: Some("asker".to_owned()),
        password: Some("whom".to_owned().into()),
    };
    let place = RedisPlace::Sentinel {
        sentinels: sentinels.urls(),
        master: MASTER.to_owned(),
        database: 0,
        login,
    };
    let settings = settings(place, &certificates);
    trusts_nobody_else(&settings, &certificates).await;
    let (store, lease) = at_work(&settings).await;
    let before = store.status().await.unwrap().title;
    sentinels.fail_over();
    let moved = async {
        loop {
            let title = store.status().await.map(|status| status.title).unwrap_or_default();
            if !title.is_empty() && title != before {
                return title;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let title = tokio::time::timeout(Duration::from_mins(2), moved)
        .await
        .expect("follows");
    assert!(title.ends_with(&format!("(primary of {MASTER})")), "{title}");
    assert_eq!(store.load(&[sku("a")]).await.unwrap()[0].version, 6);
    store
        .commit(&lease, &writes(vec![put(sku("a"), 6, 7, b"")]))
        .await
        .unwrap();
}

#[tokio::test]
async fn behind_tls_on_a_cluster_as_the_least_user() {
    let certificates = Certificates::make();
    let cluster = RedisCluster::start_behind(&certificates);
    let nodes: Vec<&RedisServer> = cluster.nodes.iter().collect();
    least_user(&nodes, "+asking");
    // One address is enough: the others are named by the Cluster, with the port where they speak TLS.
    let one = cluster.urls().remove((cluster.owner("omnistock") + 1) % 3);
    let settings = settings(RedisPlace::Cluster(vec![one]), &certificates);
    trusts_nobody_else(&settings, &certificates).await;
    let (store, _) = at_work(&settings).await;
    let keys: i64 = cluster.nodes[cluster.owner("omnistock")].ask(&["DBSIZE"]);
    assert!(keys > 5, "the keys are at the owner of the slot: {keys}");
    let title = store.status().await.unwrap().title;
    assert!(title.ends_with("(Cluster)"), "{title}");
}
