//! A store that loses what it had: flushed, put back from an older copy, documents gone. No channel gets a
//! number from what is left; it is said in words, and everything is right again without an operator once
//! the sources have reported. The judge is the channels' own log of what was written to them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a test"
)]

use crate::several::load::{MUCH, left, written_after};
use crate::several::pair::store;
use crate::support::daemon::Daemon;
use crate::support::merchant::{ARTICLES, Merchant, sku};
use crate::support::redis::RedisServer;
use omnistock_sdk::now;
use omnistock_words::Millis;
use std::path::Path;
use std::time::Duration;

/// What the ERP has of an article later on.
const LATER: i64 = MUCH - 5;

async fn at_work(merchant: &Merchant, redis: &RedisServer) -> Daemon {
    let text = merchant.text(&store(merchant, &redis.url(), "omnistock", "state"));
    let daemon = Daemon::start(&merchant.write(&text));
    merchant.drop_stock(|_| Some(MUCH));
    merchant.settles(&daemon, |_| MUCH).await;
    daemon
}

/// Some of everything is sold, at both channels.
fn sell(merchant: &Merchant) {
    for index in 0..ARTICLES {
        merchant.shop.buy(&sku(index), 2).unwrap();
        merchant.market.buy(&sku(index), 3).unwrap();
    }
}

/// Waits until the loss is said; how long that took.
async fn noticed(merchant: &Merchant, daemon: &Daemon, since: Millis, word: &str) -> i64 {
    let said = |value: &serde_json::Value| value.to_string().contains("lost data") && value.to_string().contains(word);
    merchant.status_says(daemon, "/store/warnings", said).await;
    let took = now().since(since);
    println!("the loss was said after {took} ms");
    took
}

/// Nothing is written until the ERP has reported again; then everything is right, and no number written since
/// the loss promised more than was left of `least` units.
async fn made_up_for(merchant: &Merchant, daemon: &Daemon, since: Millis, stock: i64) {
    // Long enough for polls and complete read-backs (300 ms and 1 s), which open nothing.
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    assert_eq!(
        written_after(merchant, since),
        [],
        "nothing is known, nothing is written\n{}",
        daemon.log()
    );
    assert!(!merchant.status()["gate"]["open"].as_bool().unwrap());
    let gone = MUCH - stock;
    merchant.drop_stock(|_| Some(stock));
    let truth = |index: usize| left(merchant, index) - gone;
    merchant.settles(daemon, truth).await;
    for (_, article, number) in written_after(merchant, since) {
        let index = (0..ARTICLES).find(|index| sku(*index) == article).unwrap();
        assert!(
            number <= truth(index),
            "{article} was promised {number}, there are {}",
            truth(index)
        );
    }
    let rebuilt = |value: &serde_json::Value| value.to_string().contains("was rebuilt by");
    merchant.status_says(daemon, "/store/warnings", rebuilt).await;
    merchant
        .status_says(daemon, "/attention", |value| !value.to_string().contains("rebuilt"))
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flush_in_mid_run_writes_no_wrong_number() {
    let (merchant, redis) = (Merchant::open().await, RedisServer::start());
    let mut daemon = at_work(&merchant, &redis).await;
    sell(&merchant);
    merchant.settles(&daemon, |index| left(&merchant, index)).await;
    let flushed = now();
    assert_eq!(redis.command("FLUSHALL"), "+OK");
    // Sold before anybody can know: the other channel must not be raised over it, nor the market by it.
    merchant.shop.buy(&sku(0), 3).unwrap();
    let took = noticed(&merchant, &daemon, flushed, "flushed").await;
    assert!(took < 2_000, "{took} ms\n{}", daemon.log());
    made_up_for(&merchant, &daemon, flushed, MUCH).await;
    // And from here on as ever, also after a restart.
    merchant.market.buy(&sku(1), 1).unwrap();
    merchant.settles(&daemon, |index| left(&merchant, index)).await;
    daemon.terminate();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rebuild_goes_on_after_a_restart_in_its_middle() {
    let (merchant, redis) = (Merchant::open().await, RedisServer::start());
    let mut daemon = at_work(&merchant, &redis).await;
    // A document of the source stays, so that only the note says that it is not the whole truth.
    sell(&merchant);
    merchant.settles(&daemon, |index| left(&merchant, index)).await;
    let lost = now();
    redis.command("DEL {omnistock}:documents:sku {omnistock}:index:sku");
    noticed(&merchant, &daemon, lost, "evicted").await;
    daemon.kill();
    let daemon = Daemon::start(&merchant.folder.path().join("omnistock.toml"));
    noticed(&merchant, &daemon, lost, "evicted").await;
    made_up_for(&merchant, &daemon, lost, MUCH).await;
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, target).unwrap();
        }
    }
}

/// Redis is stopped, its files of an earlier moment are put back, and it is started again, with or without
/// a daemon that saw what was there in between.
async fn put_back(daemon_lives: bool) {
    let (merchant, mut redis) = (Merchant::open().await, RedisServer::start());
    let mut daemon = at_work(&merchant, &redis).await;
    let (kept, lives) = (tempfile::tempdir().unwrap(), redis.folder().to_owned());
    copy(&lives, kept.path());
    sell(&merchant);
    merchant.drop_stock(|_| Some(LATER));
    merchant
        .settles(&daemon, |index| left(&merchant, index) - (MUCH - LATER))
        .await;
    // The mirror lags by a second.
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    if !daemon_lives {
        daemon.terminate();
    }
    redis.kill();
    for entry in std::fs::read_dir(&lives).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            std::fs::remove_dir_all(path).unwrap();
        } else {
            std::fs::remove_file(path).unwrap();
        }
    }
    copy(kept.path(), &lives);
    let back = now();
    redis.start_again();
    if !daemon_lives {
        daemon = Daemon::start(&merchant.folder.path().join("omnistock.toml"));
    }
    noticed(&merchant, &daemon, back, "older copy").await;
    made_up_for(&merchant, &daemon, back, LATER).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_copy_put_back_is_noticed_by_a_daemon_that_saw_more() {
    put_back(true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_copy_put_back_is_noticed_by_the_file_beside_it() {
    put_back(false).await;
}

/// A restart that loses nothing is no loss: work goes on, without waiting for the ERP.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_of_redis_that_loses_nothing_closes_nothing() {
    let (merchant, mut redis) = (Merchant::open().await, RedisServer::start());
    let daemon = at_work(&merchant, &redis).await;
    redis.kill();
    sell(&merchant);
    redis.start_again();
    merchant.settles(&daemon, |index| left(&merchant, index)).await;
    assert!(!merchant.status()["store"]["warnings"].to_string().contains("lost data"));
}
