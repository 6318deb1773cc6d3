//! Many seeds, each in one thread; what is said of them.

use crate::Arguments;
use crate::broken::Broken;
use crate::kept::KEPT;
use crate::oracle::Violation;
use crate::scenario::Cut;
use crate::shrink;
use crate::sim::Sim;
use crate::trace::clock;
use serde_json::json;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What a seed has at least.
pub(crate) const EVENTS: u64 = 20_000;
pub(crate) const ORDERS: u64 = 200;
const CHANNELS: usize = 4;
/// Seeds within which each variant must be caught.
const WITHIN: u64 = 500;

/// What became of a seed.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    pub(crate) seed: u64,
    pub(crate) hash: u64,
    pub(crate) events: u64,
    pub(crate) orders: u64,
    pub(crate) channels: usize,
    pub(crate) writes: u64,
    pub(crate) checks: u64,
    pub(crate) violation: Option<Violation>,
    pub(crate) story: Vec<String>,
}

/// Runs one seed.
pub(crate) fn seed(seed: u64, cut: &Cut, broken: Option<Broken>, story: bool) -> Outcome {
    let mut sim = Sim::new(seed, cut, broken, story);
    sim.run();
    Outcome {
        seed,
        hash: sim.trace.hash(),
        events: sim.events,
        orders: sim.world.orders.len() as u64,
        channels: sim.scenario.shops.len(),
        writes: sim.intents,
        checks: sim.oracle.checks,
        violation: sim.oracle.violation,
        story: sim.trace.sentences,
    }
}

/// Runs seeds on several threads until `enough` says so; outcomes in the order of seeds.
fn several(
    seeds: &[u64],
    threads: usize,
    broken: Option<Broken>,
    enough: impl Fn(&Outcome) -> bool + Sync,
) -> Vec<Outcome> {
    let (next, last) = (AtomicUsize::new(0), AtomicUsize::new(seeds.len()));
    let outcomes = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..threads.clamp(1, 64) {
            scope.spawn(|| {
                loop {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    if place >= last.load(Ordering::Relaxed) {
                        break;
                    }
                    let outcome = seed(seeds[place], &Cut::default(), broken, false);
                    if enough(&outcome) {
                        last.fetch_min(place + 1, Ordering::Relaxed);
                    }
                    outcomes.lock().unwrap().push(outcome);
                }
            });
        }
    });
    let mut outcomes = outcomes.into_inner().unwrap();
    outcomes.sort_by_key(|outcome: &Outcome| outcome.seed);
    outcomes
}

/// A seed that is too small proves too little.
fn too_small(outcome: &Outcome) -> bool {
    outcome.violation.is_none() && (outcome.events < EVENTS || outcome.orders < ORDERS || outcome.channels < CHANNELS)
}

fn say(json: bool, value: &serde_json::Value, text: &str) {
    if json {
        println!("{value}");
    } else {
        println!("{text}");
    }
}

fn tell(arguments: &Arguments, outcome: &Outcome) {
    let Some(violation) = &outcome.violation else { return };
    let value = json!({"seed": outcome.seed, "invariant": violation.invariant, "at": clock(violation.t), "what": violation.sentence, "sku": violation.sku});
    let text = format!(
        "seed {}: {} at {}: {}",
        outcome.seed,
        violation.invariant,
        clock(violation.t),
        violation.sentence
    );
    say(arguments.json, &value, &text);
}

/// Only one seed.
pub(crate) fn one(arguments: &Arguments, number: u64) -> bool {
    let outcome = seed(number, &Cut::default(), None, arguments.verbose);
    if arguments.verbose {
        outcome.story.iter().for_each(|sentence| eprintln!("{sentence}"));
    }
    tell(arguments, &outcome);
    if outcome.violation.is_some() && !arguments.no_shrink {
        shrink::story(arguments, &outcome, None);
    }
    let (hash, events, orders) = (format!("{:016x}", outcome.hash), outcome.events, outcome.orders);
    let value = json!({"seed": number, "hash": hash, "events": events, "orders": orders, "writes": outcome.writes, "checks": outcome.checks, "violations": usize::from(outcome.violation.is_some())});
    let text = format!(
        "seed {number}: hash {hash}, {events} events, {orders} orders, {} intents, {} checks, {}",
        outcome.writes,
        outcome.checks,
        if outcome.violation.is_some() {
            "VIOLATED"
        } else {
            "no violation"
        }
    );
    say(arguments.json, &value, &text);
    outcome.violation.is_none()
}

/// Many seeds, behind those that once failed; the last line sums up.
pub(crate) fn many(arguments: &Arguments) -> bool {
    let asked = arguments.start..arguments.start.saturating_add(arguments.seeds);
    let again: Vec<u64> = KEPT.iter().copied().filter(|seed| !asked.contains(seed)).collect();
    let again = several(&again, arguments.threads, None, |_| false);
    let outcomes = several(&asked.collect::<Vec<u64>>(), arguments.threads, None, |_| false);
    let failed = again
        .iter()
        .chain(&outcomes)
        .filter(|outcome| outcome.violation.is_some());
    let failed: Vec<&Outcome> = failed.collect();
    failed.iter().take(20).for_each(|outcome| tell(arguments, outcome));
    if let Some(first) = failed.first().filter(|_| !arguments.no_shrink) {
        shrink::story(arguments, first, None);
    }
    let small: Vec<u64> = outcomes
        .iter()
        .filter(|outcome| too_small(outcome))
        .map(|outcome| outcome.seed)
        .collect();
    let sum = |of: fn(&Outcome) -> u64| outcomes.iter().map(of).sum::<u64>();
    let (events, orders) = (sum(|outcome| outcome.events), sum(|outcome| outcome.orders));
    let (writes, checks) = (sum(|outcome| outcome.writes), sum(|outcome| outcome.checks));
    let hash = outcomes
        .iter()
        .fold(0_u64, |sum, outcome| sum.rotate_left(5) ^ outcome.hash);
    let (seeds, violations) = (outcomes.len(), failed.len());
    let value = json!({"seeds": seeds, "start": arguments.start, "kept": again.len(), "violations": violations, "too_small": small, "events": events, "orders": orders, "intents": writes, "checks": checks, "hash": format!("{hash:016x}")});
    let text = format!(
        "{seeds} seeds from {} and {} that once failed: {violations} violations, {} too small, {events} events, {orders} orders, {writes} intents, {checks} checks, hash {hash:016x}",
        arguments.start,
        again.len(),
        small.len()
    );
    say(arguments.json, &value, &text);
    violations == 0 && small.is_empty()
}

/// The first seed that catches the variant, and whether it is caught as the table says.
fn catch(arguments: &Arguments, variant: Broken) -> (bool, Option<Outcome>) {
    let seeds = arguments.start..arguments.start.saturating_add(WITHIN.min(arguments.seeds));
    let outcomes = several(
        &seeds.collect::<Vec<u64>>(),
        arguments.threads,
        Some(variant),
        |outcome| outcome.violation.is_some(),
    );
    let caught = outcomes.into_iter().find(|outcome| outcome.violation.is_some());
    let as_told = caught
        .as_ref()
        .and_then(|outcome| outcome.violation.as_ref())
        .is_some_and(|violation| {
            variant
                .invariants()
                .split(' ')
                .any(|invariant| invariant == violation.invariant)
        });
    (as_told, caught)
}

fn tell_variant(arguments: &Arguments, variant: Broken) -> bool {
    let (as_told, caught) = catch(arguments, variant);
    let violation = caught.as_ref().and_then(|outcome| outcome.violation.clone());
    let (seed, by) = (
        caught.map(|outcome| outcome.seed),
        violation.as_ref().map(|violation| violation.invariant),
    );
    let value =
        json!({"variant": variant.name(), "caught": as_told, "seed": seed, "by": by, "expected": variant.invariants()});
    let text = match (&violation, seed) {
        (Some(violation), Some(seed)) => format!(
            "{:<24} {} by {} with seed {seed} at {}: {}",
            variant.name(),
            if as_told { "caught" } else { "CAUGHT BY ANOTHER" },
            violation.invariant,
            clock(violation.t),
            violation.sentence
        ),
        _ => format!("{:<24} NOT CAUGHT within {WITHIN} seeds", variant.name()),
    };
    say(arguments.json, &value, &text);
    as_told
}

/// One variant: holds where it was caught.
pub(crate) fn break_one(arguments: &Arguments, variant: Broken) -> bool {
    tell_variant(arguments, variant)
}

/// Every variant: holds where each was caught.
pub(crate) fn break_all(arguments: &Arguments) -> bool {
    let caught = Broken::ALL
        .iter()
        .filter(|variant| tell_variant(arguments, **variant))
        .count();
    let all = Broken::ALL.len();
    say(
        arguments.json,
        &json!({"variants": all, "caught": caught}),
        &format!("{caught} of {all} variants caught"),
    );
    caught == all
}

/// What can be broken, and which invariant catches it.
pub(crate) fn list(json: bool) -> bool {
    for variant in Broken::ALL {
        let value = json!({"variant": variant.name(), "invariants": variant.invariants(), "what": variant.sentence()});
        say(
            json,
            &value,
            &format!(
                "{:<24} {:<12} {}",
                variant.name(),
                variant.invariants(),
                variant.sentence()
            ),
        );
    }
    true
}
