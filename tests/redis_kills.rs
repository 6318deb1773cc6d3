//! `kill -9` of Redis under load, again and again, with a daemon at work on it, each time to what docs/durability.md
//! promises: with `appendfsync always` nothing is lost and nobody's help is needed; with `everysec` at most the last
//! two seconds, which is noticed, and made up for once the ERP has reported. `OMNISTOCK_REDIS_KILLS` sets the rounds (5).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a test"
)]

#[path = "redis_kills/judge.rs"]
mod judge;

use crate::several::load::{MUCH, buy, written_after};
use crate::several::pair::store;
use crate::support::daemon::Daemon;
use crate::support::merchant::{ARTICLES, Merchant, sku};
use crate::support::redis::{Persistence, RedisServer};
use judge::{Judge, Place, Sample};
use omnistock_sdk::now;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// From the start of the server to both channels being right; a fault takes this long, a rebuild a few seconds.
const RIGHT_WITHIN: Duration = Duration::from_mins(1);
/// What an `everysec` server may lose.
const MAY_LOSE: Duration = Duration::from_secs(2);
/// An answer that the judge got so long before the kill, the daemon had got, too.
const ANSWERED: Duration = Duration::from_millis(500);

fn rounds() -> u32 {
    let rounds = std::env::var("OMNISTOCK_REDIS_KILLS").ok();
    rounds.map_or(5, |rounds| rounds.parse().expect("OMNISTOCK_REDIS_KILLS is a number"))
}

/// What is there and not sold of every article, by the channels' own books. Nothing is kept back and nothing is capped,
/// so that one order too few or twice is seen.
fn left(merchant: &Merchant) -> BTreeMap<String, i64> {
    let mut left: BTreeMap<String, i64> = (0..ARTICLES).map(|index| (sku(index), MUCH)).collect();
    let market = merchant.market.sales().into_iter().map(|sale| (sale.sku, sale.units));
    let shop = merchant.shop.sales().into_iter().map(|sale| (sale.sku, sale.units));
    for (sku, units) in market.chain(shop) {
        *left.entry(sku).or_default() -= units;
    }
    left
}

/// A merchant with its daemon on a Redis that is killed.
struct Trial {
    merchant: Merchant,
    redis: RedisServer,
    daemon: Daemon,
    random: StdRng,
    /// At work since the server came up last.
    judge: Option<Judge>,
}

/// What one kill led to.
struct Outcome {
    /// Moments before the kill; the oldest first.
    before: Vec<Sample>,
    killed: Instant,
    /// What was in the server when it had come up again.
    found: Place,
    /// Whether the daemon said that the store lost data.
    said: bool,
    took: Duration,
}

impl Trial {
    async fn begin(persistence: Persistence, seed: u64) -> Self {
        // A file that is never written anew can be cut where it was some time ago.
        let redis = RedisServer::keeping_with(persistence, &["--auto-aof-rewrite-percentage", "0"]);
        let merchant = Merchant::open().await;
        // No test of take-over: long enough for a busy machine, and so that more is answered between two looks.
        let lease = store(&merchant, &redis.url(), "omnistock", "state").replace("\"1000ms\"", "\"4s\"");
        let daemon = Daemon::start(&merchant.write(&merchant.text(&lease)));
        merchant.drop_stock(|_| Some(MUCH));
        merchant.settles(&daemon, |_| MUCH).await;
        Self {
            judge: Some(Judge::start(&redis)),
            merchant,
            redis,
            daemon,
            random: StdRng::seed_from_u64(seed),
        }
    }

    /// Kills the server under load and starts it again; `stops`: as if the machine had stopped, what was written in
    /// the last moments is gone from the disk.
    async fn round(&mut self, number: u32, stops: bool) -> Outcome {
        let stop = CancellationToken::new();
        let load = Duration::from_millis(self.random.random_range(200..1_400));
        let away = Duration::from_millis(self.random.random_range(0..300));
        // Now and then so little that the daemon had not looked since: only answers to its own commits tell of it.
        let most = if number.is_multiple_of(4) { 120 } else { 1_500 };
        let unwritten = Duration::from_millis(self.random.random_range(20..most));
        let (redis, judge) = (&mut self.redis, &mut self.judge);
        let trouble = async {
            tokio::time::sleep(load).await;
            redis.kill();
            let killed = Instant::now();
            let before = judge.take().expect("it looks").seen();
            if stops {
                let early = |sample: &&Sample| sample.at + unwritten < killed;
                let then = before.iter().rfind(early).or(before.first()).expect("it looked");
                let file = std::fs::OpenOptions::new()
                    .write(true)
                    .open(judge::file(redis))
                    .unwrap();
                file.set_len(then.bytes).unwrap();
            }
            tokio::time::sleep(away).await;
            redis.start_again();
            let (begun, found) = (Instant::now(), judge::place(redis));
            *judge = Some(Judge::start(redis));
            stop.cancel();
            (before, killed, found, begun)
        };
        let ((before, killed, found, begun), ()) = tokio::join!(trouble, buy(&self.merchant, u64::from(number), &stop));
        let said = self.comes_right(number).await;
        Outcome {
            before,
            killed,
            found,
            said,
            took: begun.elapsed(),
        }
    }

    fn warnings(&self) -> String {
        self.merchant.status()["store"]["warnings"].to_string()
    }

    /// Waits until both channels show what is left and nothing is closed; the ERP reports where the daemon says that
    /// the store lost data, and whether it said so.
    async fn comes_right(&self, number: u32) -> bool {
        // One more sale tells whether work goes on: the other channel is lowered by the daemon alone.
        let article = sku(usize::try_from(number).unwrap() % ARTICLES);
        self.merchant.shop.buy(&article, 1).unwrap();
        let (begun, left) = (Instant::now(), left(&self.merchant));
        let shows = || {
            self.merchant
                .both_show(|index| left.get(&sku(index)).copied().unwrap_or_default())
        };
        let mut reported = None;
        loop {
            let status = self.merchant.status();
            let lost = status["store"]["warnings"]
                .to_string()
                .contains("Nothing is written to a channel");
            if lost && reported.is_none() {
                reported = Some(now());
                // A file's time is that of the kernel's last tick: one of before the loss was noticed counts for nothing.
                tokio::time::sleep(Duration::from_millis(20)).await;
                self.merchant.drop_stock(|_| Some(MUCH));
            }
            if !lost && status["gate"]["open"] == true && shows() {
                break;
            }
            assert!(
                begun.elapsed() < RIGHT_WITHIN,
                "round {number}: not right within {RIGHT_WITHIN:?}, a loss said: {}\n{left:?}\n{}\n{status:#}\n{}",
                reported.is_some(),
                self.merchant.shown(),
                self.daemon.log()
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        // Nothing was sold since: what was lost is read anew before anything is written.
        for (_, article, number) in reported.iter().flat_map(|at| written_after(&self.merchant, *at)) {
            assert!(number <= left[&article], "{article} was promised {number}, {left:?}");
        }
        reported.is_some()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn always_loses_nothing_and_needs_nobody() {
    let mut trial = Trial::begin(Persistence::Always, 11).await;
    let (mut slowest, mut commits) = (Duration::ZERO, 0);
    for number in 1..=rounds() {
        let outcome = trial.round(number, false).await;
        let last = outcome.before.last().expect("it was looked at").place;
        assert!(
            outcome.found >= last,
            "round {number}: {last:?} was there, {:?} found",
            outcome.found
        );
        assert!(!outcome.said, "round {number}: {}", trial.warnings());
        slowest = slowest.max(outcome.took);
        commits = outcome.found.commits;
    }
    println!(
        "{} kills of redis (AOF always) in {commits} commits: nothing lost, right without help within {} ms at the latest",
        rounds(),
        slowest.as_millis()
    );
    trial.daemon.terminate();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_second_loses_two_seconds_at_most_and_what_is_lost_is_noticed_and_made_up_for() {
    let mut trial = Trial::begin(Persistence::EverySecond, 12).await;
    let (mut slowest, mut longest, mut losses, mut stopped) = (Duration::ZERO, Duration::ZERO, 0, 0);
    for number in 1..=rounds() {
        // A killed process rarely loses anything; a machine that stops does.
        let stops = number % 2 == 0;
        let outcome = trial.round(number, stops).await;
        let at = |before: Duration| {
            let early = |sample: &&Sample| sample.at + before < outcome.killed;
            outcome.before.iter().rfind(early).map(|sample| sample.place)
        };
        let (kept, known) = (
            at(MAY_LOSE).or(outcome.before.first().map(|sample| sample.place)),
            at(ANSWERED),
        );
        assert!(
            Some(outcome.found) >= kept,
            "round {number}: {kept:?} was there 2 s before, {:?} found",
            outcome.found
        );
        if Some(outcome.found) < known {
            assert!(
                outcome.said,
                "round {number}: {known:?} was answered, {:?} found",
                outcome.found
            );
        }
        // Whole batches: fewer of them, never a part of one.
        assert!(
            !trial.warnings().contains("documents are there"),
            "{}",
            trial.warnings()
        );
        let there = outcome.before.iter().rfind(|sample| sample.place <= outcome.found);
        let window = there.map_or(MAY_LOSE, |sample| outcome.killed - sample.at);
        if outcome.said {
            longest = longest.max(window);
            losses += 1;
        }
        stopped += u32::from(stops);
        slowest = slowest.max(outcome.took);
    }
    println!(
        "{} kills of redis (AOF everysec), {stopped} of them with what was written last gone as if the machine had stopped: \
         {losses} losses, each noticed, of {} ms at most; right within {} ms at the latest",
        rounds(),
        longest.as_millis(),
        slowest.as_millis()
    );
    trial.daemon.terminate();
}
