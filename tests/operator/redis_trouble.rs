//! A Redis that is there and can't: loading, read-only, out of memory, out of disk. Webhooks are sent
//! back at once, readiness says why, nothing exits, and everything is right afterwards by itself.

use super::{SmallDisk, order, ready};
use crate::support::daemon::Daemon;
use crate::support::merchant::{Answer, Merchant, sku, until, usual};
use crate::support::redis::{Persistence, RedisServer};
use crate::support::redis_sentinel::{MASTER, PASSWORDS, RedisSentinels};
use std::time::{Duration, Instant};

/// A merchant at work on a Redis.
async fn at_work_on(merchant: &Merchant, redis: &RedisServer) -> Daemon {
    let text = merchant.text(&format!("kind = \"redis\"\nurl = \"{}\"", redis.url()));
    merchant.at_work_on(&text).await
}

/// Readiness is refused for this reason.
async fn refused_because(merchant: &Merchant, daemon: &Daemon, reason: &str) {
    let mut last: Option<Answer> = None;
    let met = || {
        last = merchant.get("/health/ready");
        last.as_ref()
            .is_some_and(|answer| answer.status == 503 && answer.body.contains(reason))
    };
    until(reason, met, || daemon.log()).await;
}

/// What holds while it can't, and after it can again.
async fn is_waited_for(merchant: &Merchant, mut daemon: Daemon, reason: &str, mend: impl FnOnce()) {
    refused_because(merchant, &daemon, reason).await;
    let begun = Instant::now();
    let webhook = merchant.webhook(&order(90_001)).unwrap();
    assert_eq!(webhook.status, 503, "{webhook:?}");
    assert!(webhook.head.contains("retry-after: "), "{webhook:?}");
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "senders hang up after 5 s: {:?}",
        begun.elapsed()
    );
    let status = merchant.command(&["status"]);
    let words: Vec<&str> = status.out.split_whitespace().collect();
    assert!(words.join(" ").contains(reason), "{status:?}");
    assert_eq!(merchant.get("/health/live").unwrap().status, 200, "it lives");
    merchant.shop.buy(&sku(3), 2).unwrap();
    assert!(daemon.runs());

    mend();
    ready(merchant, &daemon).await;
    // One that came in the last moment of the trouble may be sent back once more.
    let accepted = || {
        merchant
            .webhook(&order(90_001))
            .is_some_and(|answer| answer.status == 200)
    };
    until("webhooks are taken again", accepted, || daemon.log()).await;
    merchant
        .settles(&daemon, |index| usual(index) - [1, 0, 0, 2].get(index).unwrap_or(&0))
        .await;
    daemon.terminate();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_is_loading_is_waited_for() {
    let merchant = Merchant::open().await;
    let mut redis = RedisServer::start();
    let daemon = at_work_on(&merchant, &redis).await;
    redis.prepare_loading();
    redis.kill();
    redis.start_loading();
    is_waited_for(&merchant, daemon, "is loading its data", || redis.load_at_once()).await;
}

/// As after a fail-over behind a fixed address: the old primary is a replica now.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_became_a_replica_is_waited_for() {
    let merchant = Merchant::open().await;
    let redis = RedisServer::start();
    let daemon = at_work_on(&merchant, &redis).await;
    // Of nobody, so that it keeps what it has.
    assert_eq!(redis.command("REPLICAOF 127.0.0.1 1"), "+OK");
    let mend = || assert_eq!(redis.command("REPLICAOF NO ONE"), "+OK");
    is_waited_for(&merchant, daemon, "is a read-only replica", mend).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_without_memory_is_waited_for() {
    let merchant = Merchant::open().await;
    let redis = RedisServer::start();
    let daemon = at_work_on(&merchant, &redis).await;
    assert_eq!(redis.command("CONFIG SET maxmemory 1mb"), "+OK");
    let mend = || assert_eq!(redis.command("CONFIG SET maxmemory 0"), "+OK");
    is_waited_for(&merchant, daemon, "has reached its maxmemory", mend).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_whose_disk_is_full_is_waited_for() {
    let merchant = Merchant::open().await;
    let disk = SmallDisk::mount(merchant.folder.path().join("disk"));
    let folder = disk.0.display().to_string();
    let redis = RedisServer::keeping_with(Persistence::EverySecond, &["--dir", &folder]);
    let daemon = at_work_on(&merchant, &redis).await;
    disk.fill();
    is_waited_for(&merchant, daemon, "can't write to its disk", || disk.clear()).await;
}

/// It can't keep its promise, so it exits by itself rather than acknowledge anything.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_exits_because_its_disk_is_full_is_waited_for() {
    let merchant = Merchant::open().await;
    let disk = SmallDisk::mount(merchant.folder.path().join("disk"));
    let folder = disk.0.display().to_string();
    let mut redis = RedisServer::keeping_with(Persistence::Always, &["--dir", &folder]);
    let daemon = at_work_on(&merchant, &redis).await;
    disk.fill();
    let mend = || {
        disk.clear();
        redis.start_again();
    };
    is_waited_for(&merchant, daemon, "does not answer", mend).await;
}

/// The whole way from the configuration, with a password for the Sentinels and another for the servers.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fail_over_by_sentinels_is_followed() {
    let merchant = Merchant::open().await;
    let mut sentinels = RedisSentinels::start_guarded();
    let text = merchant.text(&format!(
        "kind = \"redis\"\nsentinels = {:?}\nmaster = \"{MASTER}\"\npassword = {}\nsentinel_password = {}",
        sentinels.urls(),
        merchant.secret("servers", PASSWORDS.0),
        merchant.secret("sentinels", PASSWORDS.1),
    ));
    let mut daemon = merchant.at_work_on(&text).await;
    let place = format!("(primary of {MASTER})");
    assert!(merchant.command(&["status"]).out.contains(&place));
    sentinels.primary.kill();
    refused_because(&merchant, &daemon, "does not answer").await;
    merchant.shop.buy(&sku(3), 2).unwrap();
    ready(&merchant, &daemon).await;
    let accepted = || {
        merchant
            .webhook(&order(90_001))
            .is_some_and(|answer| answer.status == 200)
    };
    until("webhooks are taken again", accepted, || daemon.log()).await;
    merchant
        .settles(&daemon, |index| usual(index) - [1, 0, 0, 2].get(index).unwrap_or(&0))
        .await;
    assert!(!daemon.everything().contains(PASSWORDS.0) && !daemon.everything().contains(PASSWORDS.1));
    daemon.terminate();
}
