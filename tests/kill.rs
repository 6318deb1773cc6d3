//! `kill -9` at any moment, under load: no order is lost or counted twice, and every channel is
//! right within five seconds of the next start. `OMNISTOCK_KILLS` sets the rounds (20).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test"
)]

use crate::support::daemon::Daemon;
use crate::support::redis::RedisServer;
use omnistock::demo::{Erp, StoreSection, World, buyers, write_configuration};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// From the start of the program to every channel being right.
const RIGHT_WITHIN: Duration = Duration::from_secs(5);

fn rounds() -> u32 {
    std::env::var("OMNISTOCK_KILLS")
        .ok()
        .map_or(20, |rounds| rounds.parse().expect("OMNISTOCK_KILLS is a number"))
}

async fn right(world: &World, daemon: &Daemon, round: u32) -> Duration {
    let Some(took) = world.settled(RIGHT_WITHIN).await else {
        let differing: Vec<_> = world.differing().into_iter().take(10).collect();
        panic!(
            "round {round}: not right within {RIGHT_WITHIN:?}: {differing:?}\n{}",
            daemon.log()
        );
    };
    took
}

/// Rounds with one world: later on what is scarce is sold, the rest shows the most it may, and little could go wrong.
const ROUNDS_A_WORLD: u32 = 20;

/// All rounds, each world on a store of its own.
async fn survives(store: impl Fn() -> (Option<RedisServer>, StoreSection), seed: u64) {
    let (mut left, mut slowest) = (rounds(), Duration::ZERO);
    while left > 0 {
        let (folder, (_server, section)) = (tempfile::tempdir().unwrap(), store());
        let first = rounds() - left + 1;
        let last = rounds().min(first + ROUNDS_A_WORLD - 1);
        slowest = slowest.max(in_one_world(folder.path(), section, seed + u64::from(first), first..=last).await);
        left = rounds() - last;
    }
    println!(
        "{} kills: right within {} ms at the latest",
        rounds(),
        slowest.as_millis()
    );
}

/// How long it took at the latest until all channels were right.
async fn in_one_world(folder: &Path, store: StoreSection, seed: u64, rounds: RangeInclusive<u32>) -> Duration {
    let world = Arc::new(World::open(&[]).await.unwrap());
    let erp = Erp::new(folder.join("erp"), Arc::clone(&world)).unwrap();
    let file = write_configuration(folder, &world, &store, (0, 0)).await.unwrap();
    let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
    tasks.spawn(erp.run(stop.clone()));
    let mut random = StdRng::seed_from_u64(seed);
    let mut daemon = Daemon::start(&file);
    assert!(
        world.settled(Duration::from_secs(15)).await.is_some(),
        "never right\n{}",
        daemon.log()
    );
    let mut slowest = Duration::ZERO;
    for round in rounds {
        let selling = CancellationToken::new();
        let crowd = tasks.spawn(buyers(Arc::clone(&world), selling.clone()));
        tokio::time::sleep(Duration::from_millis(random.random_range(50..900))).await;
        daemon.kill();
        tokio::time::sleep(Duration::from_millis(random.random_range(0..200))).await;
        // Some rounds sell on while the next life begins.
        if round % 3 == 0 {
            daemon = Daemon::start(&file);
            tokio::time::sleep(Duration::from_millis(random.random_range(0..400))).await;
            selling.cancel();
            crowd.await.unwrap();
        } else {
            selling.cancel();
            crowd.await.unwrap();
            daemon = Daemon::start(&file);
        }
        slowest = slowest.max(right(&world, &daemon, round).await);
    }
    daemon.terminate();
    stop.cancel();
    tasks.close();
    tasks.wait().await;
    world.close().await;
    slowest
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_at_any_moment_on_the_embedded_store() {
    survives(|| (None, StoreSection::Embedded), 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_at_any_moment_on_redis() {
    let server = || {
        let redis = RedisServer::start();
        let section = StoreSection::Redis(redis.url());
        (Some(redis), section)
    };
    survives(server, 2).await;
}
