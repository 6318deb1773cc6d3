//! A vendor that has a way of its own for many numbers, and one that shows late what it said yes to.

use super::fake::Fake;
use super::house::{house_of, until};
use omnistock_sdk::{CallKind, CallLimit, CallLimits};
use omnistock_words::WriteMeaning;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::Instant;

const MANY: usize = 200;
const FROM: usize = 50;

/// Listings `P0`, `P1`, … that show 9 and should show 4; the first is sold out.
fn rows(ids: &[String]) -> Vec<(&str, i64, i64)> {
    let stock = |id: &str| if id == "P0" { 0 } else { 4 };
    ids.iter().map(|id| (id.as_str(), 9, stock(id))).collect()
}

#[tokio::test]
async fn many_numbers_go_the_way_for_many_and_what_sells_out_goes_at_once() {
    let small = CallLimit::rate("changes", 100, 1_000, 5)
        .of(&[CallKind::Write])
        .costs(0, 1, "changes");
    let large = CallLimit::rate("feeds", 1, 300, 1).of(&[CallKind::Bulk]);
    let limits = CallLimits {
        calls: vec![small, large],
        per_listing: None,
    };
    let mut fake = Fake::limited(WriteMeaning::Available, 1_000, limits);
    fake.bulk = Some(FROM);
    let ids: Vec<String> = (0..MANY).map(|number| format!("P{number}")).collect();
    let house = house_of(fake, &rows(&ids)).await;
    let run = house.start();
    let right = |id: &String| house.number(id) == if id == "P0" { 0 } else { 4 };
    until("all are written", async || ids.iter().all(right)).await;
    let calls = house.calls();
    let large = calls.iter().filter(|call| call.len() >= FROM).count();
    assert!((1..=2).contains(&large), "{large} calls the way for many");
    let small = calls.iter().filter(|call| call.len() < FROM);
    assert!(
        small.clone().all(|call| call.len() <= 5),
        "never more than their bucket holds"
    );
    assert!(
        small.flatten().any(|(id, number)| id == "P0" && *number == 0),
        "{calls:?}"
    );
    let arrived = house.fake.arrivals();
    let bulk = arrived.iter().filter(|(_, kind, _)| *kind == CallKind::Bulk);
    assert!(bulk.clone().count() == large && bulk.clone().all(|(.., items)| *items >= 50));
    run.stop().await;
}

#[tokio::test]
async fn what_waits_for_the_gate_is_looked_at_when_it_opens_and_no_mark_is_lost() {
    let ids: Vec<String> = (0..MANY).map(|number| format!("P{number}")).collect();
    let house = house_of(Fake::new(WriteMeaning::Available), &rows(&ids)).await;
    house.gate.send_replace(false);
    let run = house.start();
    until("all wait", async || house.board.totals().waiting == MANY as u64).await;
    assert!(house.calls().is_empty());
    house.stock("P7", 2).await;
    house.gate.send_replace(true);
    until("all are written", async || {
        ids.iter().all(|id| match id.as_str() {
            "P0" => house.number(id) == 0,
            "P7" => house.number(id) == 2,
            _ => house.number(id) == 4,
        })
    })
    .await;
    house.quiet().await;
    until("nothing waits", async || house.board.totals().waiting == 0).await;
    run.stop().await;
}

#[tokio::test]
async fn where_the_way_for_many_is_closed_numbers_go_in_small_calls() {
    let small = CallLimit::rate("changes", 500, 1_000, 5)
        .of(&[CallKind::Write])
        .costs(0, 1, "changes");
    let closed = CallLimit::rate("feeds", 1, 3_600_000, 1).of(&[CallKind::Bulk]);
    let limits = CallLimits {
        calls: vec![small, closed],
        per_listing: None,
    };
    let mut fake = Fake::limited(WriteMeaning::Available, 1_000, limits);
    fake.bulk = Some(FROM);
    let ids: Vec<String> = (0..80).map(|number| format!("P{number}")).collect();
    let house = house_of(fake, &rows(&ids)).await;
    let run = house.start();
    until("all are written", async || ids.iter().all(|id| house.number(id) < 9)).await;
    assert!(house.calls().iter().all(|call| call.len() <= 5));
    run.stop().await;
}

#[tokio::test]
async fn a_read_back_waits_as_long_as_the_vendor_takes() {
    let settles = Duration::from_millis(600);
    let mut fake = Fake::new(WriteMeaning::Available);
    fake.settles = settles;
    let house = house_of(fake, &[("P0", 9, 4)]).await;
    let run = house.start();
    until("it is written", async || house.number("P0") == 4).await;
    let (written, before) = {
        let shop = house.fake.shop.lock().unwrap();
        (shop.called_at[0], shop.reads)
    };
    until("it is read back", async || {
        house.fake.shop.lock().unwrap().reads > before
    })
    .await;
    assert!(written.elapsed() >= settles, "after {:?}", written.elapsed());
    run.stop().await;
}

#[tokio::test]
async fn a_number_rises_behind_orders_of_a_vendor_that_finds_them_late() {
    let late = Duration::from_millis(700);
    let mut fake = Fake::new(WriteMeaning::Available);
    fake.late = late;
    let house = house_of(fake, &[("P0", 3, 3), ("P1", 9, 4)]).await;
    let run = house.start();
    until("the other one fell", async || house.number("P1") == 4).await;
    until("it was read", async || house.board.totals().audits > 0).await;
    let before = Instant::now();
    house.stock("P0", 8).await;
    house.wake.notify_one();
    until("it has risen", async || house.number("P0") == 8).await;
    let fetches = house.orders.fetches.load(Ordering::Relaxed);
    assert!(
        before.elapsed() + Duration::from_secs(1) >= late,
        "after {:?}",
        before.elapsed()
    );
    assert!(
        (1..=3).contains(&fetches),
        "{fetches} fetches: it asks again only when that can help"
    );
    run.stop().await;
}
