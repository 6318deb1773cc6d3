//! The limiter against a vendor that counts for itself.

use super::*;
use omnistock_words::{CallKind, CallLimit, Learned, Millis};
use proptest::prelude::*;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

/// A small stream of numbers, so that a schedule is one seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most.max(1)
    }
}

/// The vendor's own count of one limit, in exact whole numbers: what it must never see below zero.
struct Counter {
    limit: CallLimit,
    /// In units times the period's milliseconds.
    level: i128,
    at: i64,
    least: i128,
}

impl Counter {
    fn new(limit: &CallLimit) -> Self {
        let per = limit.per.as_millis() as i128;
        let level = i128::from(limit.burst) * per;
        Self {
            limit: limit.clone(),
            level,
            at: 0,
            least: level,
        }
    }

    fn arrives(&mut self, kind: CallKind, items: u32, at: i64) {
        if !self.limit.counts(kind) {
            return;
        }
        let per = self.limit.per.as_millis() as i128;
        let most = i128::from(self.limit.burst) * per;
        self.level = (self.level + i128::from(at - self.at) * i128::from(self.limit.amount)).min(most);
        let cost = i128::from(self.limit.per_call) + i128::from(self.limit.per_item) * i128::from(items);
        self.level -= (cost * per).min(most);
        (self.at, self.least) = (at, self.least.min(self.level));
    }
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Arrive(usize),
    End(u64, u64),
    Ask(u32, u64),
    TakeOver,
}

struct Run {
    calls: u64,
    least: Vec<i128>,
    longest: i64,
    records: u64,
    take_overs: u64,
}

/// Claimants ask whenever they may until so many calls were made; calls take their time, arrive somewhere in it,
/// and from time to time the daemon is gone with everything that was not in the store.
fn run(limits: &[CallLimit], seed: u64, most: u64, claimants: u32, take_overs: bool, slow: u64) -> Run {
    let mut dice = Dice(seed);
    let mut counters: Vec<Counter> = limits.iter().map(Counter::new).collect();
    let (mut now, mut life, mut number) = (0_i64, 0_u64, 0_usize);
    let mut store: Option<LimitRecord> = None;
    let mut limiter = Limiter::new(limits, None, Millis(now));
    let mut steps = BinaryHeap::new();
    let mut on_wire: BTreeMap<usize, (CallKind, u32)> = BTreeMap::new();
    let mut since: BTreeMap<u32, i64> = BTreeMap::new();
    let mut run = Run {
        calls: 0,
        least: Vec::new(),
        longest: 0,
        records: 0,
        take_overs: 0,
    };
    let kinds = [CallKind::Write, CallKind::Read, CallKind::Orders];
    for claimant in 0..claimants {
        steps.push(Reverse((0, Step::Ask(claimant, 0))));
    }
    if take_overs {
        steps.push(Reverse((5_000, Step::TakeOver)));
    }
    while run.calls < most {
        let Some(Reverse((at, step))) = steps.pop() else { break };
        now = at;
        match step {
            Step::Arrive(call) => {
                let (kind, items) = on_wire.remove(&call).unwrap();
                counters
                    .iter_mut()
                    .for_each(|counter| counter.arrives(kind, items, now));
                run.calls += 1;
            }
            Step::End(pass, of) if of == life => limiter.ended(pass, &[], Millis(now)),
            Step::End(..) => {}
            Step::Ask(claimant, of) => {
                if of != life {
                    continue;
                }
                let kind = kinds[claimant as usize % 3];
                let wanted = 1 + dice.below(60) as u32;
                let from = *since.entry(claimant).or_insert(now);
                match limiter.ask(claimant, kind, wanted, Millis(now)) {
                    Ask::Wait(until) => {
                        assert!(until.0 > now);
                        steps.push(Reverse((until.0, Step::Ask(claimant, life))));
                    }
                    Ask::Go { pass, items } => {
                        assert!(items >= 1 && items <= wanted);
                        if !limiter.secured(Millis(now)) {
                            let record = limiter.record(Millis(now));
                            store = Some(record.clone());
                            limiter.stored(record);
                            run.records += 1;
                        }
                        assert!(limiter.secured(Millis(now)));
                        run.longest = run.longest.max(now - from);
                        since.remove(&claimant);
                        number += 1;
                        on_wire.insert(number, (kind, items));
                        let way = dice.below(slow) as i64;
                        let back = dice.below(slow) as i64;
                        steps.push(Reverse((now + way, Step::Arrive(number))));
                        steps.push(Reverse((now + way + back, Step::End(pass, life))));
                        let pause = if dice.below(50) == 0 {
                            dice.below(20_000)
                        } else {
                            dice.below(5)
                        };
                        steps.push(Reverse((now + pause as i64, Step::Ask(claimant, life))));
                    }
                }
            }
            Step::TakeOver => {
                life += 1;
                run.take_overs += 1;
                now += dice.below(6_000) as i64;
                // What was on the wire arrives all the same, and nobody hears the answer.
                while let Some(Reverse((at, Step::Arrive(call)))) = steps.peek().filter(|step| step.0.0 <= now) {
                    let (kind, items) = on_wire.remove(call).unwrap();
                    counters
                        .iter_mut()
                        .for_each(|counter| counter.arrives(kind, items, *at));
                    run.calls += 1;
                    steps.pop();
                }
                since.clear();
                limiter = Limiter::new(limits, store.as_ref(), Millis(now));
                let started = steps
                    .into_vec()
                    .into_iter()
                    .filter(|Reverse((_, step))| matches!(step, Step::Arrive(_)));
                steps = started.collect();
                for claimant in 0..claimants {
                    steps.push(Reverse((now, Step::Ask(claimant, life))));
                }
                steps.push(Reverse((now + 1_000 + dice.below(40_000) as i64, Step::TakeOver)));
            }
        }
    }
    run.least = counters.iter().map(|counter| counter.least).collect();
    run
}

fn three() -> Vec<CallLimit> {
    vec![
        CallLimit::rate("calls", 20, SECOND, 40),
        CallLimit::window("items", 30_000, 60 * SECOND)
            .costs(0, 1, "items")
            .of(&[CallKind::Write]),
        CallLimit::rate("points", 1_000, SECOND, 2_000).costs(10, 2, "points"),
    ]
}

/// `OMNISTOCK_LIMIT_CALLS=1000000` makes it a million.
#[test]
fn three_buckets_at_once_are_never_overdrawn_across_take_overs() {
    let most = std::env::var("OMNISTOCK_LIMIT_CALLS")
        .ok()
        .and_then(|calls| calls.parse().ok());
    let run = run(&three(), 7, most.unwrap_or(100_000), 6, true, 1_400);
    assert!(run.least.iter().all(|least| *least >= 0), "{:?}", run.least);
    println!(
        "{} calls, {} take-overs, {} records: no bucket overdrawn",
        run.calls, run.take_overs, run.records
    );
    assert!(
        run.records * 20 < run.calls,
        "{} records for {} calls",
        run.records,
        run.calls
    );
}

#[test]
fn a_limit_is_used_up_to_its_rate() {
    let limits = [CallLimit::rate("calls", 2, SECOND, 2)];
    let (mut limiter, mut went) = (Limiter::new(&limits, None, Millis(0)), 0);
    let mut now = Millis(0);
    while now < Millis(100_000) {
        match limiter.ask(1, CallKind::Write, 50, now) {
            Ask::Go { pass, items } => {
                assert_eq!(items, 50);
                went += 1;
                limiter.ended(pass, &[], now);
            }
            Ask::Wait(until) => now = until,
        }
    }
    assert_eq!(went, 199, "2 a second for 100 s, from an empty bucket");
}

#[test]
fn fractional_rates_keep_their_pace() {
    let limits = [CallLimit::rate("feeds", 56, 10_000 * SECOND, 15)];
    let mut limiter = Limiter::new(&limits, None, Millis(0));
    let Ask::Wait(until) = limiter.ask(1, CallKind::Write, 1, Millis(0)) else {
        panic!("nothing is known of it")
    };
    assert_eq!(until, Millis(178_572), "one in 178.571 s");
    assert!(matches!(limiter.ask(1, CallKind::Write, 1, until), Ask::Go { .. }));
}

#[test]
fn who_waited_first_goes_first() {
    let limits = [CallLimit::rate("points", 10, SECOND, 100).costs(0, 1, "points")];
    let mut limiter = Limiter::new(&limits, None, Millis(0));
    let Ask::Wait(first) = limiter.ask(1, CallKind::Write, 1, Millis(0)) else {
        panic!("empty")
    };
    let Ask::Wait(second) = limiter.ask(2, CallKind::Write, 1, Millis(0)) else {
        panic!("empty")
    };
    assert_eq!((first, second), (Millis(100), Millis(200)));
    assert!(
        matches!(limiter.ask(2, CallKind::Write, 1, Millis(150)), Ask::Wait(_)),
        "it is the other's"
    );
    assert!(matches!(
        limiter.ask(1, CallKind::Write, 1, Millis(150)),
        Ask::Go { .. }
    ));
    assert!(matches!(
        limiter.ask(2, CallKind::Write, 1, Millis(200)),
        Ask::Go { .. }
    ));
}

#[test]
fn a_refusal_pauses_halves_the_rate_and_lets_it_grow_again() {
    let limits = [CallLimit::rate("calls", 100, SECOND, 10)];
    let mut limiter = Limiter::new(&limits, None, Millis(0));
    let Ask::Go { pass, .. } = limiter.ask(1, CallKind::Write, 1, Millis(1_000)) else {
        panic!("full")
    };
    let told = [Learned::Throttled {
        after: Some(7 * SECOND),
    }];
    limiter.ended(pass, &told, Millis(1_010));
    assert_eq!(
        limiter.ask(1, CallKind::Write, 1, Millis(1_020)),
        Ask::Wait(Millis(8_010))
    );
    assert_eq!(
        limiter.waiting(Millis(1_020)).unwrap().limit,
        None,
        "the vendor asked for a pause"
    );
    assert!(limiter.usage(Millis(1_020))[0].eased);
    let mut now = Millis(8_010);
    while limiter.usage(now)[0].eased {
        match limiter.ask(1, CallKind::Write, 1, now) {
            Ask::Go { pass, .. } => limiter.ended(pass, &[], now),
            Ask::Wait(until) => now = until,
        }
        assert!(now < Millis(60_000), "it grows back");
    }
    assert!(now > Millis(20_000), "slowly: {now:?}");
}

/// A vendor that states nothing is asked as fast as it answers, until it refuses.
#[test]
fn an_unknown_limit_is_found_by_refusals() {
    let mut limiter = Limiter::new(&[], None, Millis(0));
    let (mut now, mut went, mut refused) = (Millis(0), BTreeMap::<i64, u32>::new(), 0);
    let mut vendor = Counter::new(&CallLimit::rate("hidden", 5, SECOND, 10));
    while now < Millis(600_000) {
        match limiter.ask(1, CallKind::Write, 1, now) {
            Ask::Go { pass, .. } => {
                vendor.arrives(CallKind::Write, 1, now.0);
                let no = vendor.level < 0;
                if no {
                    vendor.level += 1_000;
                    refused += 1;
                } else {
                    *went.entry(now.0 / 60_000).or_default() += 1;
                }
                let told = [Learned::Throttled { after: None }];
                limiter.ended(pass, if no { &told } else { &[] }, now);
                now = now.plus(20);
            }
            Ask::Wait(until) => now = until,
        }
    }
    let last = went[&9];
    assert!(refused < 60, "{refused} refusals in ten minutes");
    assert!(last > 120, "{last} of 300 calls a minute that it would take");
}

#[test]
fn what_the_answer_says_counts_in_both_directions() {
    let limits = [CallLimit::rate("points", 100, SECOND, 2_000).costs(10, 0, "points")];
    let mut limiter = Limiter::new(&limits, None, Millis(0));
    let left = |left| Learned::Left {
        limit: "points",
        left,
        reset: None,
    };
    let Ask::Go { pass, .. } = limiter.ask(1, CallKind::Write, 1, Millis(100)) else {
        panic!("ten are there")
    };
    limiter.ended(pass, &[left(1_990)], Millis(110));
    let used = |limiter: &Limiter, at| limiter.usage(Millis(at))[0].used;
    assert_eq!(used(&limiter, 110), 5, "nobody had used it before");
    let Ask::Go { pass, .. } = limiter.ask(1, CallKind::Write, 1, Millis(120)) else {
        panic!("full")
    };
    limiter.ended(
        pass,
        &[
            left(40),
            Learned::Cost {
                limit: "points",
                cost: 50,
            },
        ],
        Millis(130),
    );
    assert_eq!(used(&limiter, 130), 980, "somebody else uses it too");
    let Ask::Go { pass, .. } = limiter.ask(1, CallKind::Write, 1, Millis(130)) else {
        panic!("40 are left")
    };
    let reset = Some(30 * SECOND);
    limiter.ended(
        pass,
        &[Learned::Left {
            limit: "points",
            left: 0,
            reset,
        }],
        Millis(140),
    );
    let Ask::Wait(until) = limiter.ask(1, CallKind::Write, 1, Millis(140)) else {
        panic!("none is left")
    };
    assert_eq!(until, Millis(30_240), "not before the vendor's window begins anew");
    let per = SECOND;
    let Ask::Go { pass, .. } = limiter.ask(1, CallKind::Write, 1, until) else {
        panic!("it came")
    };
    limiter.ended(
        pass,
        &[Learned::Rate {
            limit: "points",
            amount: 1,
            per,
            burst: 10,
        }],
        until,
    );
    let Ask::Wait(next) = limiter.ask(1, CallKind::Write, 1, until) else {
        panic!("used up")
    };
    assert_eq!(next.since(until), 10_000, "a point a second from now on");
}

#[test]
fn without_limits_nothing_waits_and_nothing_is_stored() {
    let mut limiter = Limiter::new(&[], None, Millis(0));
    assert!(matches!(
        limiter.ask(1, CallKind::Read, 9, Millis(0)),
        Ask::Go { items: 9, .. }
    ));
    assert!(limiter.secured(Millis(0)) && !limiter.is_limited());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Whatever the schedule: the vendor's own buckets are never overdrawn, and everybody gets a turn.
    #[test]
    fn never_overdrawn_and_nobody_starves(
        shapes in proptest::collection::vec((1u32..200, 100u64..60_000, 1u32..50, 0u32..4, 0u32..3), 1..4),
        seed in any::<u64>(), claimants in 1u32..7, take_overs in any::<bool>(), slow in 1u64..1_400,
    ) {
        const NAMES: [&str; 3] = ["a", "b", "c"];
        let limits: Vec<CallLimit> = shapes.iter().zip(NAMES).map(|((amount, per, burst, call, item), name)| {
            CallLimit::rate(name, *amount, Duration::from_millis(*per), *burst).costs(*call, *item, "units")
        }).collect();
        let run = run(&limits, seed, 400, claimants, take_overs, slow);
        prop_assert!(run.least.iter().all(|least| *least >= 0), "{:?} of {limits:?}", run.least);
        // A whole bucket each, one behind the other, and what is on its way.
        let turn = limits.iter().map(|limit| {
            let full = u64::from(limit.burst) * limit.per.as_millis() as u64 / u64::from(limit.amount) + 1;
            i64::try_from(full).unwrap()
        }).max().unwrap() + 2 * slow as i64 + 5_100;
        prop_assert!(run.longest <= turn * i64::from(claimants + 1), "{} ms of {turn} each", run.longest);
    }
}
