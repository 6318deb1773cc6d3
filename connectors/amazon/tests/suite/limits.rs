//! A large account at the vendor's documented limits, on a clock of its own: no slower than they force us to be, and what
//! sells out waits for nobody.
//!
//! The calls are let go by the buckets that the connector states, riskiest number first, as the daemon does; the
//! simulator has buckets of its own and tells what it refused.

use crate::support::{World, applied, item, listing};
use omnistock_amazon::simulator::SimulatorSettings;
use omnistock_sdk::{CallKind, CallLimit};
use serde_json::json;
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

const SKUS: usize = 20_000;
const CHANGED: usize = SKUS / 50;

/// One bucket, as its vendor keeps it: full at first.
struct Bucket {
    limit: CallLimit,
    next: Instant,
    burst: u32,
}

impl Bucket {
    fn of(world: &World, kind: CallKind) -> Self {
        let mut limits = world.connector.limits().calls.into_iter();
        let limit = limits.find(|limit| limit.counts(kind)).unwrap();
        let burst = limit.burst;
        Self {
            limit,
            next: Instant::now(),
            burst,
        }
    }

    /// Waits for the right to one more.
    async fn one(&mut self) {
        if self.burst > 0 {
            self.burst -= 1;
            // What flows in counts from the first use on.
            self.next = Instant::now();
            return;
        }
        let per = u64::try_from(self.limit.per).unwrap();
        self.next += Duration::from_millis(per.div_ceil(u64::from(self.limit.amount)));
        sleep_until(self.next).await;
    }
}

async fn large() -> World {
    let world = World::start(SimulatorSettings::default(), &json!({"deadline_ms": 120_000})).await;
    for number in 0..SKUS {
        world.amazon.add(&format!("S-{number:05}"), 5);
    }
    world
}

#[tokio::test(start_paused = true)]
async fn two_percent_of_twenty_thousand_take_no_longer_than_amazon_makes_them() {
    let world = large().await;
    let mut waiting: VecDeque<(String, i64)> = (0..CHANGED)
        .map(|number| (format!("S-{:05}", number * 50), 7))
        .collect();
    let mut bucket = Bucket::of(&world, CallKind::Write);
    let (began, mut sold_out) = (Instant::now(), None);
    let mut accepted = 0;
    while let Some((sku, units)) = waiting.pop_front() {
        bucket.one().await;
        assert!(applied(&world.write(&sku, units).await), "{sku}");
        accepted += 1;
        if accepted == CHANGED / 2 {
            // In the middle of it an article sells out: the riskiest goes first.
            waiting.push_front(("S-00001".to_owned(), 0));
            sold_out = Some(Instant::now());
        }
        if units == 0 {
            let took = sold_out.unwrap().elapsed();
            assert!(took < Duration::from_secs(5), "a sell-out waited {took:?}");
            eprintln!(
                "amazon: a sell-out in the middle is accepted after {:.1} s",
                took.as_secs_f64()
            );
        }
    }
    let (took, counters) = (began.elapsed(), world.amazon.counters());
    let calls = counters.calls["patchListingsItem"];
    let allowed = Duration::from_millis((calls - 5) * 200);
    eprintln!(
        "amazon, {CHANGED} of {SKUS} changed: {calls} patches, the last accepted after {:.1} s where the limits allow {:.1} s",
        took.as_secs_f64(),
        allowed.as_secs_f64()
    );
    assert_eq!(counters.throttled, 0, "it waits before it is refused");
    assert!(took >= allowed, "the simulator let more through than it may");
    assert!(took * 10 <= allowed * 11, "{took:?} where {allowed:?} are allowed");
}

#[tokio::test(start_paused = true)]
async fn a_feed_takes_all_of_them_in_three_calls_while_reads_keep_their_pace() {
    let world = large().await;
    let many: Vec<_> = (0..10_000).map(|number| item(&format!("S-{number:05}"), 6)).collect();
    let reads = async {
        let (mut bucket, began) = (Bucket::of(&world, CallKind::Read), Instant::now());
        for page in 0..30 {
            bucket.one().await;
            let references: Vec<_> = (0..20)
                .map(|number| listing(&format!("S-{:05}", page * 20 + number)))
                .collect();
            assert_eq!(world.channel().read(&references).await.unwrap().len(), 20);
        }
        began.elapsed()
    };
    let (outcomes, took) = tokio::join!(world.channel().write(&many), reads);
    assert!(outcomes.unwrap().iter().all(applied));
    assert!(took < Duration::from_secs(8), "30 reads beside it took {took:?}");
    let calls = world.amazon.counters().calls;
    let of_feed = ["createFeedDocument", "document", "createFeed"].map(|name| calls[name]);
    assert_eq!((of_feed, calls.get("patchListingsItem")), ([1, 1, 1], None));
    tokio::time::sleep(Duration::from_secs(400)).await;
    assert!((0..10_000).all(|number| world.amazon.shown(&format!("S-{number:05}")) == Some(6)));
    let counters = world.amazon.counters();
    assert_eq!((counters.throttled, counters.calls["createFeed"]), (0, 1));
    assert_eq!(counters.calls.get("patchListingsItem"), None);
}

#[tokio::test]
async fn the_rate_that_an_answer_tells_is_handed_over() {
    let settings = SimulatorSettings {
        limited: true,
        ..SimulatorSettings::immediate()
    };
    let world = World::start(settings, &json!({})).await;
    world.amazon.add("A", 5);
    let (_, told) = omnistock_sdk::learning(world.look("A")).await;
    let rate = omnistock_sdk::Learned::Rate {
        limit: "searches",
        amount: 1,
        per: 200,
        burst: 5,
    };
    assert!(told.contains(&rate), "{told:?}");
}
