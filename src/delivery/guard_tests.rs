//! Channel guards at work: what is held, what still falls, and the ways out.

use super::HoldDecision;
use super::house::{House, Run, house, until};
use omnistock_engine::LineRecord;
use omnistock_planner::ListingState;
use omnistock_sdk::now;
use omnistock_words::{
    ChannelName, FulfilledBy, LineId, Millis, Mode, OrderId, OrderStatus, Quantity, Settings, WriteMeaning,
};

/// A line of another channel that sells from the same place.
fn elsewhere(order: &str, units: i64, placed_at: Millis) -> LineRecord {
    LineRecord {
        placed_at,
        channel: ChannelName::new("market").unwrap(),
        order: OrderId::new(order).unwrap(),
        line: LineId::new("1").unwrap(),
        quantity: Quantity::whole(units),
        status: OrderStatus::Open,
        at: placed_at,
        open_at: placed_at,
        left_at: None,
        fulfilled_by: FulfilledBy::Merchant,
        statements: omnistock_engine::Few::new(),
        extra: None,
    }
}

pub(super) fn sku(n: usize) -> String {
    format!("A{n:02}")
}

/// So many listings that show 5 of 5, and a worker that has seen it.
pub(super) async fn at_work(write: WriteMeaning, listings: usize) -> (House, Run) {
    let skus: Vec<String> = (0..listings).map(sku).collect();
    let rows: Vec<(&str, i64, i64)> = skus.iter().map(|sku| (sku.as_str(), 5, 5)).collect();
    let house = house(write, &rows).await;
    let run = house.start();
    house.quiet().await;
    (house, run)
}

/// One report with these figures.
pub(super) async fn report(house: &House, rows: &[(usize, i64)]) {
    house
        .applying
        .send_modify(|(active, ever)| (*active, *ever) = (*active + 1, *ever + 1));
    for (n, number) in rows {
        house.stock(&sku(*n), *number).await;
    }
    house.applying.send_modify(|(active, _)| *active -= 1);
}

pub(super) async fn held(house: &House, listings: u64) -> String {
    until("they are held", async || {
        house.board.count(ListingState::Held) == listings && house.dirty().await == 0
    })
    .await;
    let hold = house.board.hold().unwrap();
    assert_eq!(hold.listings, listings);
    hold.id
}

async fn decide(house: &House, id: &str, decision: HoldDecision) {
    let answer = house.board.decide(id, decision).unwrap();
    house.wake.notify_one();
    answer.await.unwrap();
}

async fn a_report_that_zeroes_half(write: WriteMeaning) {
    let (house, run) = at_work(write, 24).await;
    let rows: Vec<(usize, i64)> = (0..24).map(|n| (n, if n < 12 { 0 } else { 4 })).collect();
    report(&house, &rows).await;
    let id = held(&house, 12).await;
    until("the others went on", async || house.number(&sku(20)) == 4).await;
    assert!((0..12).all(|n| house.number(&sku(n)) == 5));
    assert!(
        house.calls().iter().flatten().all(|(_, number)| *number > 0),
        "no zero went out"
    );
    assert_eq!(
        house.board.hold().unwrap().to_string(),
        "newly_zero: 12 of 24 listings would newly show zero (limit 10%), \
         first A00 keeps 5, A01 keeps 5, A02 keeps 5, A03 keeps 5, A04 keeps 5"
    );
    // Orders still lower it, and a restart forgets nothing.
    assert!(house.board.holds(&sku(3).parse().unwrap()));
    house.sold(&sku(3), elsewhere("m1", 2, now())).await;
    until("an order lowers it", async || house.number(&sku(3)) == 3).await;
    run.kill().await;
    let run = house.start();
    assert_eq!(held(&house, 12).await, id, "the same name after a restart");
    house.sold(&sku(3), elsewhere("m2", 1, now())).await;
    until("an order lowers it again", async || house.number(&sku(3)) == 2).await;
    assert_eq!(house.number(&sku(4)), 5);
    // Rejected: it stays, quietly.
    decide(&house, &id, HoldDecision::Reject("cut off".to_owned())).await;
    assert_eq!(house.board.hold().unwrap().rejected.as_deref(), Some("cut off"));
    // Stock again: nothing is left of the fault there.
    house.stock(&sku(5), 7).await;
    until("it is released", async || house.number(&sku(5)) == 7).await;
    held(&house, 11).await;
    decide(&house, &id, HoldDecision::Approve("they are gone".to_owned())).await;
    house.quiet().await;
    assert!((0..12).filter(|n| *n != 5).all(|n| house.number(&sku(n)) == 0));
    assert_eq!(house.board.hold(), None);
    run.stop().await;
}

#[tokio::test]
async fn half_a_channel_is_held_until_a_person_lets_it_go() {
    a_report_that_zeroes_half(WriteMeaning::Available).await;
}

#[tokio::test]
async fn a_channel_that_keeps_reservations_apart_is_held_too() {
    a_report_that_zeroes_half(WriteMeaning::Gross).await;
}

#[tokio::test]
async fn what_orders_sold_out_is_explained() {
    let (house, run) = at_work(WriteMeaning::Available, 24).await;
    // The orders of another channel, and a figure that contains them, before this channel looked once.
    house
        .applying
        .send_modify(|(active, ever)| (*active, *ever) = (1, *ever + 1));
    for n in 0..24 {
        let mut line = elsewhere(&format!("m{n}"), 5, now());
        line.status = OrderStatus::Shipped;
        house.sold(&sku(n), line).await;
        house.stock(&sku(n), 0).await;
    }
    house.applying.send_modify(|(active, _)| *active = 0);
    house.quiet().await;
    assert!((0..24).all(|n| house.number(&sku(n)) == 0));
    assert_eq!(house.board.hold(), None);
    run.stop().await;
}

#[tokio::test]
async fn single_changes_are_held_from_the_tenth_on() {
    let (house, run) = at_work(WriteMeaning::Available, 24).await;
    for n in 0..9 {
        house.stock(&sku(n), 0).await;
        until("it is out", async || house.number(&sku(n)) == 0).await;
    }
    for n in 9..12 {
        house.stock(&sku(n), 0).await;
    }
    held(&house, 3).await;
    assert!((9..12).all(|n| house.number(&sku(n)) == 5));
    run.stop().await;
}

/// After a take-over numbers fall before every listing was read: not to a zero that nothing explains.
#[tokio::test]
async fn what_falls_before_the_gate_opens_is_guarded_too() {
    let (house, run) = at_work(WriteMeaning::Available, 24).await;
    run.kill().await;
    house.gate.send_replace(false);
    house.fake.shop.lock().unwrap().no_catalogue = true;
    let rows: Vec<(usize, i64)> = (0..24).map(|n| (n, if n < 12 { 0 } else { 4 })).collect();
    report(&house, &rows).await;
    house.sold(&sku(3), elsewhere("m1", 2, now())).await;
    house.falls.send_replace(true);
    let run = house.start();
    until("the others have fallen, and orders lower what is kept", async || {
        (12..24).all(|n| house.number(&sku(n)) == 4) && house.number(&sku(3)) == 3
    })
    .await;
    assert_eq!(house.board.hold(), None, "it is judged as a whole, with the gate open");
    house.fake.shop.lock().unwrap().no_catalogue = false;
    house.gate.send_replace(true);
    held(&house, 12).await;
    let zeros = house.calls().into_iter().flatten().filter(|(_, number)| *number == 0);
    assert_eq!(zeros.count(), 0);
    run.stop().await;
}

#[tokio::test]
async fn what_the_channel_shows_is_the_baseline_of_a_first_start() {
    let skus: Vec<String> = (0..20).map(sku).collect();
    let rows: Vec<(&str, i64, i64)> = skus.iter().map(|sku| (sku.as_str(), 5, 0)).collect();
    let house = house(WriteMeaning::Available, &rows).await;
    let run = house.start();
    let id = held(&house, 20).await;
    assert!(house.calls().is_empty());
    // A person's mode explains the zeros.
    let mut settings = Settings::clone(&house.settings.load());
    settings
        .channels
        .values_mut()
        .for_each(|channel| channel.policy.mode = Mode::Draining);
    house.settings.store(settings.into());
    house.quiet().await;
    assert!(skus.iter().all(|sku| house.number(sku) == 0));
    assert!(
        house.board.decide(&id, HoldDecision::Reject(String::new())).is_none(),
        "it is over"
    );
    run.stop().await;
}

#[tokio::test]
async fn a_place_that_gives_its_units_to_another_is_no_listing_that_goes_to_zero() {
    let house = House::new(WriteMeaning::Gross).await;
    house.open_place("hamburg");
    for sku in (0..20).map(sku) {
        for place in ["berlin", "hamburg"] {
            house.list(&format!("{sku}@{place}"), 3);
        }
        house.stocks(&sku, &[("berlin", 5), ("hamburg", 0)]).await;
    }
    let run = house.start();
    house.quiet().await;
    assert!((0..20).all(|n| house.number(&format!("{}@berlin", sku(n))) == 5));
    assert!((0..20).all(|n| house.number(&format!("{}@hamburg", sku(n))) == 0));
    // Nothing at either: that is a listing that goes to zero.
    let rows: Vec<String> = (0..20).map(sku).collect();
    house
        .applying
        .send_modify(|(active, ever)| (*active, *ever) = (*active + 1, *ever + 1));
    for sku in &rows {
        house.stocks(sku, &[("berlin", 0), ("hamburg", 0)]).await;
    }
    house.applying.send_modify(|(active, _)| *active -= 1);
    until("what berlin shows is held", async || {
        house.board.count(ListingState::Held) == 20
    })
    .await;
    assert!(rows.iter().all(|sku| house.number(&format!("{sku}@berlin")) == 5));
    run.stop().await;
}
