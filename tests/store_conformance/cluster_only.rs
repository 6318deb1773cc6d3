//! A slot that moves from one primary to another while we work: what is not decided yet is waited
//! for, what is, is followed, and no batch is torn.

use super::batches::{cursor, everything, furnished, lease, picture, put, sku, writes};
use super::redis_cluster::RedisCluster;
use omnistock::store::redis::{RedisPlace, RedisSettings, RedisStore};
use omnistock::store::{CommitError, EntryId, Store, StoreError};

/// A primary that gives a slot away, and the one that takes it.
struct Move<'a> {
    cluster: &'a RedisCluster,
    slot: String,
    from: usize,
    to: usize,
}

impl Move<'_> {
    fn set(&self, node: usize, words: &[&str]) {
        let mut line = vec!["CLUSTER", "SETSLOT", &self.slot];
        line.extend(words);
        assert_eq!(self.cluster.nodes[node].ask::<String>(&line), "OK");
    }

    fn begin(&self) {
        self.set(self.to, &["IMPORTING", &self.cluster.id(self.from)]);
        self.set(self.from, &["MIGRATING", &self.cluster.id(self.to)]);
    }

    /// The keys that are still at the old primary.
    fn keys(&self) -> Vec<String> {
        self.cluster.nodes[self.from].ask(&["CLUSTER", "GETKEYSINSLOT", &self.slot, "100"])
    }

    fn carry(&self, key: &str) {
        let port = self.cluster.nodes[self.to].port().to_string();
        let line = ["MIGRATE", "127.0.0.1", &port, key, "0", "5000"];
        assert_eq!(self.cluster.nodes[self.from].ask::<String>(&line), "OK");
    }

    fn end(&self) {
        for node in [self.to, self.from] {
            self.set(node, &["NODE", &self.cluster.id(self.to)]);
        }
    }
}

#[tokio::test]
async fn a_slot_that_moves_is_followed_and_nothing_is_torn() {
    let cluster = RedisCluster::start();
    let settings = RedisSettings::of(RedisPlace::Cluster(cluster.urls()), "shop");
    let store = RedisStore::open(&settings).await.unwrap();
    let lease = lease(&store).await;
    let entry = furnished(&store, &lease).await;
    let before = picture(&store).await;
    let from = cluster.owner("shop");
    let moves = Move {
        slot: cluster.slot("shop").to_string(),
        to: (from + 1) % 3,
        cluster: &cluster,
        from,
    };
    moves.begin();
    let keys = moves.keys();
    assert!(keys.len() > 5, "{keys:?}");
    // Half there, half here: keys that moved are read there (ASK), calls that need both wait (TRYAGAIN).
    for key in keys
        .iter()
        .filter(|key| key.ends_with("documents:sku") || key.ends_with("lease"))
    {
        moves.carry(key);
    }
    assert_eq!(store.load(&[sku("a")]).await.unwrap()[0].version, 5);
    assert_eq!(store.cursor().await.unwrap(), EntryId(0));
    assert!(store.renew(&lease, super::batches::LONG).await.unwrap());
    let batch = everything(EntryId(0), entry, vec![put(sku("a"), 5, 6, b"moved")]);
    let said = store.commit(&lease, &batch).await;
    assert!(
        matches!(&said, Err(CommitError::Store(StoreError::Unavailable(text))) if text.contains("TRYAGAIN")),
        "{said:?}"
    );
    for key in moves.keys() {
        moves.carry(&key);
    }
    moves.end();
    assert_eq!(
        picture(&store).await,
        before,
        "MOVED was followed, nothing was changed meanwhile"
    );
    // The new primary has never seen our scripts.
    store.commit(&lease, &batch).await.unwrap();
    assert_eq!(store.load(&[sku("a")]).await.unwrap()[0].bytes, b"moved");
    let title = store.status().await.unwrap().title;
    let new = format!("at 127.0.0.1:{}", cluster.nodes[moves.to].port());
    assert!(title.contains(&new), "{title}");
}

#[tokio::test]
async fn a_primary_that_is_away_is_waited_for_and_the_others_show_the_way() {
    let mut cluster = RedisCluster::start();
    let owner = cluster.owner("shop");
    let mut urls = cluster.urls();
    urls.insert(0, "redis://127.0.0.1:1".to_owned());
    let store = RedisStore::open(&RedisSettings::of(RedisPlace::Cluster(urls), "shop"))
        .await
        .unwrap();
    let lease = lease(&store).await;
    store
        .commit(&lease, &writes(vec![put(sku("a"), 0, 1, b"")]))
        .await
        .unwrap();
    cluster.nodes[owner].kill();
    let said = store.commit(&lease, &writes(vec![put(sku("a"), 1, 2, b"")])).await;
    assert!(
        matches!(said, Err(CommitError::Store(StoreError::Unavailable(_)))),
        "{said:?}"
    );
    cluster.nodes[owner].start_again();
    let wait = async {
        while store
            .commit(&lease, &writes(vec![put(sku("a"), 1, 2, b"")]))
            .await
            .is_err()
        {}
    };
    tokio::time::timeout(std::time::Duration::from_mins(1), wait)
        .await
        .expect("goes on by itself");
    store.commit(&lease, &cursor(EntryId(0), EntryId(0))).await.unwrap();
}
