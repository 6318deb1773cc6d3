//! Several daemons on one merchant, and several merchants on one Redis, as real processes: who works
//! is replaced in time, and who was replaced can't change anything any more.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a test"
)]

#[path = "several/load.rs"]
pub(crate) mod load;
#[path = "several/monitor.rs"]
pub(crate) mod monitor;
#[path = "several/pair.rs"]
pub(crate) mod pair;

use crate::support::daemon::Daemon;
use crate::support::merchant::{ARTICLES, Merchant, omnistock, sku, until, usual};
use crate::support::redis::RedisServer;
use load::{MUCH, buy, left, written_after};
use monitor::Monitor;
use omnistock_sdk::now;
use omnistock_words::Millis;
use pair::{LEASE, Member, store};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Waits until both channels show what is left.
async fn right(merchant: &Merchant, members: &[&Member]) {
    let instead = || {
        let logs: Vec<String> = members.iter().map(|member| member.daemon.log()).collect();
        format!("{}\n{}", merchant.shown(), logs.join("\n--\n"))
    };
    until(
        "both channels right",
        || merchant.both_show(|index| left(merchant, index)),
        instead,
    )
    .await;
}

/// Two daemons, the first of which leads, and both channels right.
async fn two(merchant: &Merchant, redis: &RedisServer) -> [Member; 2] {
    let first = Member::start(merchant, &redis.url(), "first");
    first.comes_to_lead().await;
    let second = Member::start(merchant, &redis.url(), "second");
    second.comes_to_stand_by().await;
    merchant.drop_stock(|_| Some(MUCH));
    right(merchant, &[&first, &second]).await;
    [first, second]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_leader_is_replaced_within_the_lease_and_a_second() {
    let (merchant, redis) = (Merchant::open().await, RedisServer::start());
    let [mut first, second] = two(&merchant, &redis).await;
    let stop = CancellationToken::new();
    let measured = async {
        tokio::time::sleep(Duration::from_millis(700)).await;
        first.daemon.kill();
        let killed = now();
        // What the dead one had on the wire arrives at once; from here on it is the standby's.
        let others = || written_after(&merchant, killed.plus(100)).first().map(|write| write.0);
        until("the standby pushes", || others().is_some(), || second.daemon.log()).await;
        stop.cancel();
        others().unwrap().since(killed)
    };
    let (took, ()) = tokio::join!(measured, buy(&merchant, 1, &stop));
    println!("the standby's first push came {took} ms after the kill (lease {LEASE} ms)");
    assert!(took <= LEASE + 1_000, "{took} ms\n{}", second.daemon.log());
    assert!(second.leads(), "{}", second.standing());
    right(&merchant, &[&second]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_standby_takes_webhooks_and_says_who_leads() {
    let (mut merchant, redis) = (Merchant::open().await, RedisServer::start());
    let [first, mut second] = two(&merchant, &redis).await;
    let ready = second.get("/health/ready").unwrap();
    let wanted = format!("process {} on ", first.daemon.id());
    assert_eq!(ready.status, 503);
    assert!(
        ready.body.contains("standing by, ") && ready.body.contains(&wanted),
        "{}",
        ready.body
    );
    let file = Member::file(&merchant, "second");
    let said = omnistock(&["-c", file.to_str().unwrap(), "status"], &[]);
    assert!(
        said.out.contains("standing by") && said.out.contains("nothing needs attention"),
        "{said:?}"
    );
    // Durable at the standby, applied by the leader.
    merchant.webhooks = second.webhooks;
    let body = format!(
        r#"{{"id":90001,"status":"processing","date_created_gmt":"2026-01-05T12:00:00","date_modified_gmt":"2026-01-05T12:00:00","line_items":[{{"id":1,"sku":"{}","quantity":1,"product_id":1,"variation_id":0}}]}}"#,
        sku(0)
    );
    assert_eq!(merchant.webhook(&body).unwrap().status, 200);
    let lowered = |index: usize| MUCH - i64::from(index == 0);
    until(
        "the leader applied it",
        || merchant.market_shows(lowered),
        || first.daemon.log(),
    )
    .await;
    // A leader that ends as asked gives its lease back: nobody waits for its end.
    let mut first = first;
    first.daemon.terminate();
    let ended = now();
    second.comes_to_lead().await;
    assert!(now().since(ended) < 10_000);
    second.daemon.terminate();
}

/// Calls that two channels can have on the wire at once: three of the shop, two of the market, as their connectors say.
const ON_THE_WIRE: usize = 3 + 2;
/// Until a call that was made is over at the vendor, milliseconds: the connectors' `deadline_ms`.
const DEADLINE: i64 = 2_000;
/// What one call writes is written within this time, milliseconds.
const ONE_CALL: i64 = 20;

/// How many calls wrote these numbers, at least; oldest first.
fn calls(written: &[(Millis, String, i64)]) -> usize {
    let begins = written.windows(2).filter(|pair| pair[1].0.since(pair[0].0) > ONE_CALL);
    begins.count() + usize::from(!written.is_empty())
}

/// Rounds of the split brain; the soak makes more.
fn rounds() -> u32 {
    let rounds = std::env::var("OMNISTOCK_SPLITS").ok();
    rounds.map_or(5, |rounds| rounds.parse().expect("OMNISTOCK_SPLITS is a number"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_that_was_paused_changes_nothing_afterwards() {
    let (merchant, redis) = (Merchant::open().await, RedisServer::start());
    let monitor = Monitor::start(redis.port());
    let [mut leader, mut standby] = two(&merchant, &redis).await;
    let (mut late, mut late_rounds) = (0, 0);
    for round in 1..=rounds() {
        let stop = CancellationToken::new();
        let paused = async {
            tokio::time::sleep(Duration::from_millis(150 + u64::from(round % 7) * 60)).await;
            leader.signal("-STOP");
            standby.comes_to_lead().await;
            tokio::time::sleep(Duration::from_millis(2 * LEASE.unsigned_abs())).await;
            stop.cancel();
        };
        tokio::join!(paused, buy(&merchant, u64::from(round), &stop));
        right(&merchant, &[&standby]).await;
        let resumed = now();
        leader.signal("-CONT");
        leader.comes_to_stand_by().await;
        let known = now();
        right(&merchant, &[&standby, &leader]).await;
        // It does not go on telling of work that another one does now.
        let told = ["progress_timestamp_seconds", "source_age_seconds", "source_stale"];
        let silent = || {
            let metrics = leader.get("/metrics").map(|answer| answer.body);
            metrics.is_some_and(|metrics| !told.iter().any(|name| metrics.contains(&format!("omnistock_{name}{{"))))
        };
        until("its metrics tell of no work", silent, || leader.daemon.log()).await;
        // Nothing was sold since: whatever promises more than what is left is from before the pause.
        let wrong = written_after(&merchant, resumed)
            .into_iter()
            .filter(|(_, article, number)| {
                (0..ARTICLES).any(|index| sku(index) == *article && left(&merchant, index) < *number)
            });
        let wrong: Vec<_> = wrong.collect();
        // Only what was half on the wire when it was stopped: so many calls, and none once it knows that it stands by.
        let late_calls = calls(&wrong);
        assert!(late_calls <= ON_THE_WIRE, "round {round}: {wrong:?}");
        let after = wrong.iter().filter(|(when, ..)| when.since(known) > DEADLINE);
        assert_eq!(after.count(), 0, "round {round}, known at {known}: {wrong:?}");
        late += late_calls;
        late_rounds += u32::from(late_calls > 0);
        assert!(standby.leads(), "round {round}: {}", standby.standing());
        std::mem::swap(&mut leader, &mut standby);
    }
    let seen = monitor.seen();
    println!(
        "{} rounds: {} commits applied, {} refused, {} leases, {} stale; {late} calls that were on the wire arrived late and were put right",
        rounds(),
        seen.applied,
        seen.refused,
        seen.leases,
        seen.stale.len()
    );
    assert!(seen.stale.is_empty(), "{:#?}", seen.stale);
    assert!(seen.applied > 50 && seen.leases > u64::from(rounds()), "{seen:?}");
    // The right is looked at before each call, but a process can be stopped between that look and its last byte on the
    // wire: seldom, and what it writes then is put right at once, as each round has seen.
    assert!(
        late_rounds <= 1 + rounds() / 10,
        "vendors were called under leases that were over, in {late_rounds} rounds"
    );
    leader.daemon.terminate();
    standby.daemon.terminate();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_merchants_on_one_redis_know_nothing_of_each_other() {
    let redis = RedisServer::start();
    let (one, two) = (Merchant::open().await, Merchant::open().await);
    let start = |merchant: &Merchant, prefix: &str| {
        Daemon::start(&merchant.write(&merchant.text(&store(merchant, &redis.url(), prefix, "state"))))
    };
    let (mut first, mut second) = (start(&one, "one"), start(&two, "two"));
    let more = |index: usize| usual(index) + 100;
    one.drop_stock(|index| Some(usual(index)));
    two.drop_stock(|index| Some(more(index)));
    one.settles(&first, usual).await;
    two.settles(&second, more).await;
    // The same SKU is sold at one of them.
    one.shop.buy(&sku(0), 4).unwrap();
    one.settles(&first, |index| usual(index) - if index == 0 { 4 } else { 0 })
        .await;
    assert!(two.both_show(more), "{}", two.shown());
    // Each keeps working while the other is gone.
    first.kill();
    two.market.buy(&sku(0), 2).unwrap();
    two.settles(&second, |index| more(index) - if index == 0 { 2 } else { 0 })
        .await;
    second.terminate();
}

/// What the plain unit may not do, the one of many may not do either.
#[test]
fn the_unit_for_a_merchant_is_as_hardened_as_the_plain_one() {
    let unit = |name: &str| {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("systemd")
            .join(name);
        let text = std::fs::read_to_string(path).unwrap();
        let from = text.find("Environment=MALLOC_ARENA_MAX").unwrap();
        text.split_at(from).1.to_owned()
    };
    assert_eq!(unit("omnistock@.service"), unit("omnistock.service"));
}
