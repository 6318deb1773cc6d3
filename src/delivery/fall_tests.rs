//! Numbers that fall without an order: few are somebody's hand, many are orders that are missing, and an order that comes
//! late explains its fall.

use crate::delivery::house::{House, house, until};
use omnistock_engine::LineRecord;
use omnistock_sdk::now;
use omnistock_words::{FulfilledBy, Millis, OrderStatus, Quantity, Sku, WriteMeaning};
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Five articles at 9, written and seen to be right.
async fn at_work() -> (House, crate::delivery::house::Run) {
    let listings = [("A", 1, 9), ("B", 1, 9), ("C", 1, 9), ("D", 1, 9), ("E", 1, 9)];
    let mut house = house(WriteMeaning::Available, &listings).await;
    house.timings.audit_every = Duration::from_millis(30);
    house.timings.missing_after = Duration::from_millis(20);
    let run = house.start();
    house.quiet().await;
    (house, run)
}

fn change(house: &House, skus: &[&str], number: i64) {
    let mut shop = house.fake.shop.lock().unwrap();
    for sku in skus {
        shop.numbers.insert((*sku).to_owned(), number);
    }
}

async fn put_right(house: &House) {
    until("all are right again", async || {
        ["A", "B", "C", "D", "E"].iter().all(|sku| house.number(sku) == 9)
    })
    .await;
}

fn sale(order: &str, units: i64, placed_at: Millis) -> LineRecord {
    LineRecord {
        placed_at,
        channel: "shop".parse().unwrap(),
        order: order.parse().unwrap(),
        line: "1".parse().unwrap(),
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
async fn three_articles_that_fell_without_an_order_are_told_and_two_are_not() {
    let (house, run) = at_work().await;
    change(&house, &["A", "B"], 7);
    put_right(&house).await;
    until("their orders are looked for", async || {
        house.orders.doubts.load(Ordering::Relaxed) > 0
    })
    .await;
    assert_eq!(house.board.fallen(), None, "two may be a person's hand");
    let before = now();
    change(&house, &["C"], 6);
    until("they are told", async || house.board.fallen().is_some()).await;
    let fallen = house.board.fallen().unwrap();
    let skus: Vec<&str> = fallen.skus.iter().map(Sku::as_str).collect();
    assert_eq!((skus, fallen.units), (vec!["A", "B", "C"], Quantity::whole(7)));
    assert!(fallen.since <= before);
    run.stop().await;
}

#[tokio::test]
async fn somebody_who_raises_as_well_writes_and_no_orders_are_missing() {
    let (house, run) = at_work().await;
    change(&house, &["D", "E"], 12);
    put_right(&house).await;
    change(&house, &["A", "B", "C"], 7);
    put_right(&house).await;
    until("their orders are looked for", async || {
        house.orders.doubts.load(Ordering::Relaxed) > 0
    })
    .await;
    assert_eq!(house.board.fallen(), None);
    run.stop().await;
}

#[tokio::test]
async fn an_order_that_comes_late_explains_its_fall() {
    let (house, run) = at_work().await;
    let sold_at = now();
    change(&house, &["A", "B", "C"], 7);
    until("they are told", async || house.board.fallen().is_some()).await;
    house.sold("B", sale("late", 2, sold_at)).await;
    until("one of three is explained", async || house.board.fallen().is_none()).await;
    run.stop().await;
}
