//! The worker from the mark to the read-back, when all goes well.

use super::Ended;
use super::fake::{Fake, Fault};
use super::house::{House, house, until};
use crate::store::Store;
use omnistock_engine::LineRecord;
use omnistock_planner::ListingState;
use omnistock_sdk::{ReservedLine, now};
use omnistock_words::{
    ChannelName, FulfilledBy, LineId, Millis, Mode, OrderId, OrderStatus, Quantity, SameSku, Settings, WriteMeaning,
};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

fn line(order: &str, units: i64, placed_at: Millis) -> LineRecord {
    LineRecord {
        placed_at,
        channel: ChannelName::new("shop").unwrap(),
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

#[tokio::test]
async fn a_start_brings_every_listing_to_its_number() {
    let house = house(
        WriteMeaning::Available,
        &[("A", 3, 5), ("B", 9, 9), ("C", 7, 0), ("D", 1, 2)],
    )
    .await;
    let run = house.start();
    house.quiet().await;
    assert_eq!(
        [
            house.number("A"),
            house.number("B"),
            house.number("C"),
            house.number("D")
        ],
        [5, 9, 0, 2]
    );
    assert_eq!(house.calls()[0][0], ("C".to_owned(), 0), "to zero first");
    assert!(
        house.calls().iter().flatten().all(|(id, _)| id != "B"),
        "what is right is not written"
    );
    assert_eq!(house.board.totals().writes, 3);
    assert!(house.board.lag.count() >= 1);
    assert_eq!(run.stop().await, Ended::Cancelled);
}

#[tokio::test]
async fn listings_of_one_sku_share_what_there_is() {
    let house = house(WriteMeaning::Available, &[("A", 0, 7)]).await;
    {
        let mut shop = house.fake.shop.lock().unwrap();
        shop.numbers.insert("A2".to_owned(), 0);
        shop.skus.insert("A2".to_owned(), Some("A".to_owned()));
    }
    let mut settings = Settings::clone(&house.settings.load());
    for channel in settings.channels.values_mut() {
        channel.policy.same_sku = SameSku::Split;
    }
    house.settings.store(settings.into());
    let run = house.start();
    house.quiet().await;
    assert_eq!([house.number("A"), house.number("A2")], [4, 3]);
    house.stock("A", 2).await;
    until("both have followed", async || {
        [house.number("A"), house.number("A2")] == [1, 1]
    })
    .await;
    assert_eq!(run.stop().await, Ended::Cancelled);
}

#[tokio::test]
async fn a_change_reaches_the_channel_in_milliseconds() {
    let mut house = house(WriteMeaning::Available, &[("A", 5, 5)]).await;
    house.timings.tick = Duration::from_mins(1);
    let run = house.start();
    house.quiet().await;
    let mut best = Duration::MAX;
    for stock in (0..5).rev() {
        let begun = tokio::time::Instant::now();
        house.stock("A", stock).await;
        until("the number is there", async || house.number("A") == stock).await;
        best = best.min(*house.fake.shop.lock().unwrap().called_at.last().unwrap() - begun);
    }
    assert!(best < Duration::from_millis(50), "{best:?}");
    run.stop().await;
}

#[tokio::test]
async fn own_sales_need_no_call() {
    let house = house(WriteMeaning::Available, &[("A", 3, 5)]).await;
    let run = house.start();
    house.quiet().await;
    let calls = house.calls().len();
    let placed = now().plus(50);
    until("the sale is behind the last reading", async || now() > placed).await;
    house.fake.shop.lock().unwrap().numbers.insert("A".to_owned(), 4);
    house.sold("A", line("o1", 1, now())).await;
    house.quiet().await;
    assert_eq!((house.number("A"), house.calls().len()), (4, calls));
    run.stop().await;
}

#[tokio::test]
async fn a_raise_waits_for_orders_and_a_decrease_does_not() {
    let house = house(WriteMeaning::Available, &[("A", 5, 5), ("B", 5, 5)]).await;
    let run = house.start();
    house.quiet().await;
    house.orders.held.store(true, Ordering::Relaxed);
    house.stock("A", 8).await;
    house.stock("B", 2).await;
    until("the decrease is out", async || house.number("B") == 2).await;
    until("orders are asked for", async || {
        house.orders.fetches.load(Ordering::Relaxed) > 0
    })
    .await;
    assert_eq!((house.number("A"), house.dirty().await), (5, 1));
    house.orders.held.store(false, Ordering::Relaxed);
    house.quiet().await;
    assert_eq!(house.number("A"), 8);
    run.stop().await;
}

#[tokio::test]
async fn gross_adds_what_the_channel_keeps_apart_for_known_orders() {
    let house = house(WriteMeaning::Gross, &[("A", 5, 5)]).await;
    let run = house.start();
    house.quiet().await;
    let reserved = |order: &str, units| ReservedLine {
        order: Some(OrderId::new(order).unwrap()),
        line: LineId::new("1").unwrap(),
        quantity: Quantity::whole(units),
    };
    house
        .fake
        .shop
        .lock()
        .unwrap()
        .reserved
        .insert("A".to_owned(), vec![reserved("o1", 2), reserved("unseen", 1)]);
    let calls = house.calls().len();
    house.sold("A", line("o1", 2, now())).await;
    house.quiet().await;
    assert_eq!(
        (house.number("A"), house.calls().len()),
        (5, calls),
        "3 promised + 2 kept apart = 5, as it is"
    );
    house.stock("A", 9).await;
    house.quiet().await;
    assert_eq!(house.number("A"), 9, "7 promised + 2 kept apart");
    run.stop().await;
}

#[tokio::test]
async fn an_intent_without_outcome_is_sent_again_with_the_newest_number() {
    let house = house(WriteMeaning::Available, &[("A", 9, 5)]).await;
    house.fake.shop.lock().unwrap().faults.push_back(Fault::Hang);
    let run = house.start();
    until("a call is on its way", async || {
        !Store::intents(house.store.as_ref(), "shop").await.unwrap().is_empty()
    })
    .await;
    run.kill().await;
    // What is shown is right again; but the 5 may still land.
    house.stock("A", 9).await;
    let run = house.start();
    house.quiet().await;
    assert_eq!(house.calls().last().unwrap(), &[("A".to_owned(), 9)]);
    assert!(Store::intents(house.store.as_ref(), "shop").await.unwrap().is_empty());
    run.stop().await;
}

#[tokio::test]
async fn a_lost_answer_leads_to_the_number_again_and_a_read() {
    let house = house(WriteMeaning::Available, &[("A", 9, 5)]).await;
    house.fake.shop.lock().unwrap().faults.push_back(Fault::LostAnswer);
    let run = house.start();
    house.quiet().await;
    assert_eq!(house.calls(), [[("A".to_owned(), 5)], [("A".to_owned(), 5)]]);
    assert_eq!(house.board.totals().errors[1], 1);
    run.stop().await;
}

#[tokio::test]
async fn while_one_call_is_slow_others_go_and_newer_numbers_wait() {
    let house = house(WriteMeaning::Available, &[("A", 9, 9), ("B", 9, 9)]).await;
    let run = house.start();
    house.quiet().await;
    house
        .fake
        .shop
        .lock()
        .unwrap()
        .faults
        .push_back(Fault::Slow(Duration::from_millis(400)));
    house.stock("A", 8).await;
    until("the slow call is on its way", async || {
        house.board.count(ListingState::InFlight) == 1
    })
    .await;
    for stock in [7, 6, 5] {
        house.stock("A", stock).await;
    }
    house.stock("B", 3).await;
    until("the other is out", async || house.number("B") == 3).await;
    assert_eq!(house.number("A"), 9, "not held up by the slow one");
    house.quiet().await;
    let sent: Vec<i64> = house
        .calls()
        .into_iter()
        .flatten()
        .filter(|(id, _)| id == "A")
        .map(|(_, number)| number)
        .collect();
    assert_eq!(sent, [8, 5], "only the newest of those that waited");
    run.stop().await;
}

fn with_mode(house: &House, mode: Mode) {
    let mut settings = Settings::clone(&house.settings.load());
    settings
        .channels
        .values_mut()
        .for_each(|channel| channel.policy.mode = mode);
    house.settings.store(settings.into());
}

#[tokio::test]
async fn shadow_writes_nothing_and_live_catches_up() {
    let house = house(WriteMeaning::Available, &[("A", 9, 4)]).await;
    with_mode(&house, Mode::Shadow);
    let run = house.start();
    until("it is paused", async || {
        house.board.count(ListingState::Paused) == 1 && house.dirty().await == 0
    })
    .await;
    assert!(house.calls().is_empty());
    with_mode(&house, Mode::Live);
    house.quiet().await;
    assert_eq!(house.number("A"), 4);
    run.stop().await;
}

#[tokio::test]
async fn behind_a_closed_gate_nothing_is_written() {
    let house = house(WriteMeaning::Available, &[("A", 9, 4)]).await;
    house.gate.send_replace(false);
    let run = house.start();
    until("read back", async || house.board.totals().audits > 0).await;
    until("it waits", async || house.board.count(ListingState::Pending) == 1).await;
    assert!(house.calls().is_empty());
    house.gate.send_replace(true);
    house.quiet().await;
    assert_eq!(house.number("A"), 4);
    run.stop().await;
}

#[tokio::test]
async fn an_edit_by_hand_is_found_by_the_read_back_and_counted() {
    let mut house = house(WriteMeaning::Available, &[("A", 9, 4), ("B", 9, 4)]).await;
    house.timings.audit_every = Duration::from_millis(80);
    let run = house.start();
    house.quiet().await;
    {
        let mut shop = house.fake.shop.lock().unwrap();
        shop.numbers.insert("A".to_owned(), 50);
        shop.numbers.insert("B".to_owned(), 1);
    }
    until("both are mended", async || {
        house.number("A") == 4 && house.number("B") == 4
    })
    .await;
    assert!(house.board.totals().drift >= 2);
    assert!(
        house.orders.fetches.load(Ordering::Relaxed) > 0,
        "1 is presumed a sale first"
    );
    run.stop().await;
}

/// Each settles by a reading of its own: the one that settled first must not be asked again for the
/// other's sake, in turn without end.
#[tokio::test]
async fn two_places_whose_readings_come_one_by_one_settle_both() {
    let mut house = House::new(WriteMeaning::Gross).await;
    house.fake = Arc::new(Fake::reading_one_by_one(WriteMeaning::Gross));
    house.open_place("hamburg");
    house.list("A@berlin", 5);
    house.list("A@hamburg", 7);
    house.stocks("A", &[("berlin", 5), ("hamburg", 7)]).await;
    let run = house.start();
    house.quiet().await;
    house.fake.shop.lock().unwrap().reads = 0;
    house.stocks("A", &[("berlin", 5), ("hamburg", 4)]).await;
    house.quiet().await;
    assert_eq!((house.number("A@berlin"), house.number("A@hamburg")), (5, 4));
    assert_eq!(house.calls(), [[("A@hamburg".to_owned(), 4)]]);
    let reads = house.fake.shop.lock().unwrap().reads;
    assert!((2..=6).contains(&reads), "{reads} calls to read two listings");
    run.stop().await;
}
