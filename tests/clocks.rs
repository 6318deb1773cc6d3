//! The daemon's clock is wrong: minutes off Redis, the shops and the other daemon of a pair, and set while it runs. Its
//! numbers are right all the same, no order is lost, one daemon writes at a time, and it says whose clock is off. Shops
//! are read back seldom here, so that no reading mends what was decided wrongly. `OMNISTOCK_SEED` sets the seed.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a test"
)]

use crate::several::monitor::Monitor;
use crate::several::pair::{Member, store};
use crate::support::books::{Blind, Erp, buy, unknown_orders};
use crate::support::daemon::Daemon;
use crate::support::fake_clock::FakeClock;
use crate::support::merchant::{Merchant, omnistock};
use crate::support::redis::RedisServer;
use omnistock_sdk::now;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// From the last buyer to every shop being right.
const RIGHT_WITHIN: Duration = Duration::from_secs(15);

fn seed() -> u64 {
    let given = std::env::var("OMNISTOCK_SEED").ok();
    given.map_or(31, |given| given.parse().expect("a number"))
}

/// Nothing but what is decided reads a shop.
fn seldom_read(text: &str) -> String {
    text.replace("audit_every  = \"1s\"", "audit_every  = \"10m\"")
}

/// How often it says that a clock is so far off: dates of answers have no fractions, so a second may be missing.
fn says(text: &str, way: &str) -> usize {
    let words: Vec<&str> = text.split_whitespace().collect();
    let text = words.join(" ");
    let said = [89, 90].map(|seconds| {
        text.matches(&format!(
            "its clock is {seconds} s {way} the one that this daemon goes by"
        ))
        .count()
    });
    said.iter().sum()
}

/// Everything beside the daemons.
struct World {
    merchant: Merchant,
    redis: RedisServer,
    erp: Erp,
    random: StdRng,
    blind: Blind,
}

impl World {
    async fn open(seed: u64) -> Self {
        let (merchant, redis) = (Merchant::open().await, RedisServer::start());
        Self {
            erp: Erp::open(&merchant),
            merchant,
            redis,
            random: StdRng::seed_from_u64(seed),
            blind: Blind::default(),
        }
    }

    /// On Redis, whose clock is right.
    fn daemon(&self, clock: &FakeClock) -> Daemon {
        let section = store(&self.merchant, &self.redis.url(), "omnistock", "state");
        self.start(&self.merchant.text(&section), clock)
    }

    /// With nothing but the machine's own clock.
    fn daemon_alone(&self, clock: &FakeClock) -> Daemon {
        self.start(&self.merchant.embedded(), clock)
    }

    /// The same, with orders that come later than the numbers written meanwhile are read back.
    fn daemon_that_hears_late(&self, clock: &FakeClock) -> Daemon {
        let late = |text: String| text.replace("orders_every = \"300ms\"", "orders_every = \"2500ms\"");
        self.start(&late(self.merchant.embedded()), clock)
    }

    fn start(&self, text: &str, clock: &FakeClock) -> Daemon {
        Daemon::start_with(&self.merchant.write(&seldom_read(text)), &clock.environment())
    }

    /// Buyers buy and the ERP counts, and in the middle of it something happens.
    async fn sells(&mut self, middle: impl AsyncFnOnce()) {
        let stop = CancellationToken::new();
        let buyers = StdRng::seed_from_u64(self.random.random());
        let (before, after) = (self.random.random_range(300..700), self.random.random_range(600..1_000));
        let happens = async {
            tokio::time::sleep(Duration::from_millis(before)).await;
            middle().await;
            tokio::time::sleep(Duration::from_millis(after)).await;
            self.erp.change(&self.merchant, &mut self.random);
            tokio::time::sleep(Duration::from_millis(before)).await;
            stop.cancel();
        };
        tokio::join!(happens, buy(&self.merchant, buyers, &stop));
    }

    /// Twice some load, and everything right behind it.
    async fn sells_twice(&mut self, daemon: &Daemon, what: &str) {
        for _ in 0..2 {
            self.sells(async || {}).await;
            self.right(what, self.merchant.admin, || daemon.log()).await;
        }
        let oversold = self.erp.oversold(&self.merchant, &self.blind);
        println!("{oversold} units oversold, each of a sale that could not be known yet");
    }

    /// Waits until every shop shows what is left and the leader, at this port, knows every order.
    async fn right(&self, what: &str, admin: u16, log: impl Fn() -> String) {
        let (begun, left) = (Instant::now(), self.erp.left(&self.merchant));
        let lost = || unknown_orders(&self.merchant, admin);
        while !self.merchant.both_show(|index| left[index]) || !lost().is_empty() {
            let late = begun.elapsed() > RIGHT_WITHIN;
            assert!(
                !late,
                "{what}: not right within {RIGHT_WITHIN:?}, not known {:?}\n{left:?}\n{}\n{}\n{:#}",
                lost(),
                self.merchant.shown(),
                log(),
                self.merchant.status(),
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        println!("{what}: right {} ms after the last buyer", begun.elapsed().as_millis());
    }
}

/// The daemon alone is off: it goes by the clock of its store, and says so.
async fn off_alone(seconds: i64, way: &str, correction: &str) {
    let mut world = World::open(seed()).await;
    let clock = FakeClock::ahead(world.merchant.folder.path(), "daemon", seconds);
    let mut daemon = world.daemon(&clock);
    world.sells_twice(&daemon, &format!("{seconds} s off")).await;
    let warns = |text: &str| {
        [89, 90].iter().any(|seconds| {
            text.contains(&format!(
                "The clock of redis is {seconds} s {way} the one of this machine"
            ))
        })
    };
    let redis = |value: &serde_json::Value| warns(&value.to_string());
    world.merchant.status_says(&daemon, "/store/warnings", redis).await;
    let log = daemon.everything();
    let corrected = |seconds: &i32| log.contains(&format!("it is {seconds} s {correction} than this daemon thought"));
    assert!(warns(&log) && [89, 90].iter().any(corrected), "{log}");
    // Its times are those of the others, so that a person can compare them.
    let at = world.merchant.status()["at"].as_str().unwrap_or_default().to_owned();
    let minute = |text: &str| text.get(..16).map(str::to_owned);
    let around = [-2_000, 0, 2_000].map(|apart| minute(&now().plus(apart).to_string()));
    assert!(around.contains(&minute(&at)), "{at}, it is {}", now());
    let file = world.merchant.folder.path().join("omnistock.toml");
    let checked = omnistock(&["-c", file.to_str().unwrap(), "check", "--live"], &clock.environment());
    assert!(checked.code == Some(1) && says(&checked.out, way) == 2, "{checked:?}");
    daemon.terminate();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_daemon_that_is_ahead_goes_by_the_clock_of_its_store() {
    off_alone(90, "behind", "earlier").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_daemon_that_is_behind_goes_by_the_clock_of_its_store() {
    off_alone(-90, "ahead of", "later").await;
}

/// Nobody knows better than the daemon's machine, which is off: sales are told in another time than readings.
async fn off_from_the_shops(seconds: i64, way: &str) {
    let mut world = World::open(seed()).await;
    // News is late on purpose: the numbers are what is judged here.
    world.blind.add(now(), now().plus(3_600_000));
    let clock = FakeClock::ahead(world.merchant.folder.path(), "daemon", seconds);
    let mut daemon = world.daemon_that_hears_late(&clock);
    world
        .sells_twice(&daemon, &format!("{seconds} s off from the shops"))
        .await;
    let tells = |value: &serde_json::Value| {
        let text = value.to_string();
        ["shop: its clock", "market: its clock"]
            .iter()
            .all(|start| text.contains(start))
            && says(&text, way) == 2
    };
    world.merchant.status_says(&daemon, "/attention", tells).await;
    assert_eq!(says(&daemon.everything(), way), 2, "once a channel\n{}", daemon.log());
    daemon.terminate();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shops_whose_clocks_are_behind_are_kept_right_and_told_of() {
    off_from_the_shops(90, "behind").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shops_whose_clocks_are_ahead_are_kept_right_and_told_of() {
    off_from_the_shops(-90, "ahead of").await;
}

/// Somebody sets the clock while the daemon works.
async fn set_while_it_works(offsets: &[i64], start: impl Fn(&World, &FakeClock) -> Daemon) {
    let mut world = World::open(seed()).await;
    let clock = FakeClock::ahead(world.merchant.folder.path(), "daemon", 0);
    let mut daemon = start(&world, &clock);
    let admin = world.merchant.admin;
    world.right("the beginning", admin, || daemon.log()).await;
    for seconds in offsets {
        let set = now();
        world.sells(async || clock.set(*seconds)).await;
        world
            .right(&format!("set to {seconds} s off"), admin, || daemon.log())
            .await;
        world.blind.add(set, now());
        assert!(daemon.runs());
        assert_eq!(world.merchant.get("/health/live").unwrap().status, 200);
    }
    let oversold = world.erp.oversold(&world.merchant, &world.blind);
    println!("{oversold} units oversold, each of a sale that could not be known yet");
    daemon.terminate();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_is_set_beside_a_store_that_knows_better_changes_nothing() {
    set_while_it_works(&[600, 0, -600], World::daemon).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_is_set_where_nobody_knows_better_costs_a_moment() {
    set_while_it_works(&[600, 0, -600], World::daemon_alone).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_daemons_whose_clocks_are_minutes_apart_never_write_both() {
    let mut world = World::open(seed()).await;
    let monitor = Monitor::start(world.redis.port());
    let folder = world.merchant.folder.path().to_owned();
    let member = |name: &str, seconds: i64| {
        let clock = FakeClock::ahead(&folder, name, seconds);
        Member::start_under(
            &world.merchant,
            &world.redis.url(),
            name,
            &clock.environment(),
            seldom_read,
        )
    };
    let mut leader = member("first", 90);
    leader.comes_to_lead().await;
    let mut standby = member("second", -90);
    standby.comes_to_stand_by().await;
    for round in 1..=4 {
        let paused = now();
        world
            .sells(async || {
                leader.signal("-STOP");
                standby.comes_to_lead().await;
            })
            .await;
        let what = format!("take-over {round}");
        world.right(&what, standby.admin, || standby.daemon.log()).await;
        world.blind.add(paused, now());
        leader.signal("-CONT");
        leader.comes_to_stand_by().await;
        assert!(standby.leads(), "{}", standby.standing());
        world.right(&what, standby.admin, || standby.daemon.log()).await;
        std::mem::swap(&mut leader, &mut standby);
    }
    let seen = monitor.seen();
    assert!(seen.stale.is_empty(), "{:#?}", seen.stale);
    assert!(seen.leases >= 5 && seen.applied > 20, "{seen:?}");
    let oversold = world.erp.oversold(&world.merchant, &world.blind);
    println!(
        "{} commits under {} leases, none stale; {oversold} units oversold",
        seen.applied, seen.leases
    );
}
