//! How many facts a core applies to warm ledgers, and how many promises it computes from them,
//! beside a plain subtraction loop over the same data. `cargo bench -p omnistock-engine`.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::cast_possible_truncation,
    clippy::disallowed_methods,
    reason = "a program that measures: a panic is how it fails, the clock is its purpose"
)]

mod spent;
mod world;

use criterion::{Criterion, Throughput};
use omnistock_engine::{Documents, Event, apply, promises};
use omnistock_words::{Quantity, Sku};
use spent::{Spent, Watch};
use std::collections::HashMap;
use std::hint::black_box;
use std::time::Duration;
use world::{Dice, NOW, SKUS, World};

/// As the daemon has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Facts a round.
const FACTS: usize = 100_000;
/// A shell takes what changed after a batch of so many events.
const BATCH: usize = 250;
const KINDS: [&str; 5] = ["stock_rows", "new_orders", "revised_orders", "statements", "movements"];

/// Applies all of it to the ledgers; only the applying is timed.
#[inline(never)]
fn applied(world: &World, documents: &mut Documents, events: &[(Event, usize)]) -> Spent {
    let start = Watch::start();
    for batch in events.chunks(BATCH) {
        for (event, _) in batch {
            black_box(apply(&world.settings, documents, event, NOW));
        }
        black_box(documents.take_changed());
    }
    start.stop()
}

#[inline(never)]
fn promised(world: &World, documents: &Documents, order: &[Sku]) -> Spent {
    let start = Watch::start();
    for sku in order {
        black_box(promises(&world.settings, documents, sku, NOW));
    }
    start.stop()
}

/// What a program without a ledger does: one counter an article, set and counted down.
fn counted(world: &World, events: &[(Event, usize)]) -> Spent {
    let mut counters: HashMap<Sku, Quantity> = world.skus.iter().map(|sku| (sku.clone(), Quantity::ZERO)).collect();
    let start = Watch::start();
    for (event, _) in events {
        match event {
            Event::Stock(stock) => {
                for row in &stock.rows {
                    *counters.get_mut(&row.sku).unwrap() = row.quantity;
                }
            }
            Event::Order { order, .. } => {
                for line in &order.lines {
                    *counters.get_mut(line.sku.as_ref().unwrap()).unwrap() -= line.quantity;
                }
            }
            Event::Movement { sku, quantity, .. } => *counters.get_mut(sku).unwrap() += *quantity,
            _ => {}
        }
    }
    black_box(&counters);
    start.stop()
}

/// Counter minus a fixed number, for every article and channel.
fn subtracted(world: &World, order: &[Sku]) -> Spent {
    let counters: HashMap<Sku, Quantity> = world.skus.iter().map(|sku| (sku.clone(), Quantity::whole(9))).collect();
    let start = Watch::start();
    for sku in order {
        for held in 0..4 {
            black_box((counters[sku] - Quantity::whole(held)).positive());
        }
    }
    start.stop()
}

/// Elements a second, of time that passed and of time on a core.
#[derive(Clone, Copy)]
struct Rate {
    wall: u64,
    core: u64,
    /// On a core, in the round that was disturbed least.
    best: u64,
}

/// Measures, and gives the rates of all rounds together; `None` where the filter left it out.
fn measure(criterion: &mut Criterion, name: &str, elements: usize, mut round: impl FnMut() -> Spent) -> Option<Rate> {
    let (mut rounds, mut time, mut best) = (0_u128, Spent::default(), Duration::MAX);
    let mut group = criterion.benchmark_group("ledger");
    group.sample_size(10).throughput(Throughput::Elements(elements as u64));
    group.bench_function(name, |bencher| {
        bencher.iter_custom(|times| {
            let spent: Spent = (0..times)
                .map(|_| round())
                .inspect(|one| best = best.min(one.core))
                .sum();
            rounds += u128::from(times);
            time = [time, spent].into_iter().sum();
            spent.wall
        });
    });
    group.finish();
    if rounds == 0 {
        return None;
    }
    let rate = |rounds, time: Duration| (rounds * elements as u128 * 1_000_000_000 / time.as_nanos().max(1)) as u64;
    let (wall, core, best) = (rate(rounds, time.wall), rate(rounds, time.core), rate(1, best));
    println!("{{\"name\":\"{name}\",\"figure\":{wall},\"on_a_core\":{core},\"best_round\":{best},\"unit\":\"1/s\"}}");
    Some(Rate { wall, core, best })
}

/// `holds` is about the time that passed; `on_a_core` leaves out the time in which others had it,
/// not what they take of caches and memory: the best round is nearest to an idle machine.
fn line(name: &str, rate: Option<Rate>, limit: u64) {
    let Some(Rate { wall, core, best }) = rate else { return };
    let holds = wall >= limit;
    println!(
        "{{\"name\":\"{name}\",\"figure\":{wall},\"on_a_core\":{core},\"best_round\":{best},\"unit\":\"1/s\",\"limit\":{limit},\"holds\":{holds}}}"
    );
}

fn ratio(name: &str, ours: Option<Rate>, plain: Option<Rate>) {
    let (Some(ours), Some(plain)) = (ours, plain) else {
        return;
    };
    let percent = ours.core * 1_000 / plain.core.max(1);
    println!(
        "{{\"name\":\"{name}_share_of_plain_loop\",\"figure\":{}.{},\"unit\":\"%\",\"plain\":{}}}",
        percent / 10,
        percent % 10,
        plain.core
    );
}

fn main() {
    let mut criterion = Criterion::default()
        .configure_from_args()
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(3));
    let criterion = &mut criterion;
    let mut world = World::new();
    let events = world.stream(None, FACTS);
    let elements = events.iter().map(|(_, weight)| weight).sum();
    let warm = world.documents.clone();
    let ours = measure(criterion, "apply", elements, || {
        applied(&world, &mut warm.clone(), &events)
    });
    let plain = measure(criterion, "apply_plain", elements, || counted(&world, &events));
    line("events_per_s", ours, 1_000_000);
    ratio("events", ours, plain);
    for (index, kind) in KINDS.iter().enumerate() {
        // Two of the six kinds are new orders.
        let kind_index = if index == 0 { 0 } else { index + 1 };
        let events = world.stream(Some(kind_index), FACTS / 4);
        let elements = events.iter().map(|(_, weight)| weight).sum();
        measure(criterion, &format!("apply_{kind}"), elements, || {
            applied(&world, &mut warm.clone(), &events)
        });
    }
    let mut after = warm.clone();
    for (event, _) in &events {
        drop(apply(&world.settings, &mut after, event, NOW));
    }
    let mut order = world.skus.clone();
    let mut dice = Dice::new(3);
    for index in (1..order.len()).rev() {
        order.swap(index, dice.below(index + 1));
    }
    let ours = measure(criterion, "promises", SKUS * 4, || promised(&world, &after, &order));
    let plain = measure(criterion, "promises_plain", SKUS * 4, || subtracted(&world, &order));
    line("promises_per_s", ours, 500_000);
    ratio("promises", ours, plain);
    criterion.final_summary();
}
