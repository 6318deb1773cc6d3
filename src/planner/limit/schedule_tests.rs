//! Schedules of many who share an account, with take-overs, against a vendor that counts for itself.

#![allow(
    clippy::too_many_lines,
    clippy::needless_for_each,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    reason = "one schedule read from top to bottom; its numbers are small"
)]

use super::tests::{Counter, SECOND};
use super::*;
use omnistock_words::{CallKind, CallLimit, Millis};
use proptest::prelude::*;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

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
    // 36 s a call are enough. Without end it would be where leaders change faster than the very first call is
    // earned: as long as nothing was ever stored, each of them begins with empty buckets.
    while run.calls < most && now < most as i64 * 36_000 {
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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Whatever the schedule: the vendor's own buckets are never overdrawn, and everybody gets a turn.
    #[test]
    fn never_overdrawn_and_nobody_starves(
        shapes in proptest::collection::vec((1u32..200, 100i64..60_000, 1u32..50, 0u32..4, 0u32..3), 1..4),
        seed in any::<u64>(), claimants in 1u32..7, take_overs in any::<bool>(), slow in 1u64..1_400,
    ) {
        const NAMES: [&str; 3] = ["a", "b", "c"];
        let limits: Vec<CallLimit> = shapes.iter().zip(NAMES).map(|((amount, per, burst, call, item), name)| {
            CallLimit::rate(name, *amount, *per, *burst).costs(*call, *item, "units")
        }).collect();
        let run = run(&limits, seed, 400, claimants, take_overs, slow);
        prop_assert!(run.least.iter().all(|least| *least >= 0), "{:?} of {limits:?}", run.least);
        // A whole bucket each, one behind the other, and what is on its way.
        let turn = limits.iter().map(|limit| {
            let full = u64::from(limit.burst) * u64::try_from(limit.per).unwrap() / u64::from(limit.amount) + 1;
            i64::try_from(full).unwrap()
        }).max().unwrap() + 2 * slow as i64 + 5_100;
        prop_assert!(run.longest <= turn * i64::from(claimants + 1), "{} ms of {turn} each", run.longest);
    }
}
