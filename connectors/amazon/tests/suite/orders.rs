//! Orders and depots: what is sold from whose shelf, found late and page by page.

use crate::support::World;
use omnistock_amazon::simulator::SimulatorSettings;
use omnistock_conformance::whole::poll;
use omnistock_sdk::{Cursor, Report, now};
use omnistock_words::{FulfilledBy, Millis, OrderFact, OrderStatus, Quantity};
use serde_json::json;
use std::time::Duration;

async fn world(changes: serde_json::Value) -> World {
    let world = World::start(SimulatorSettings::immediate(), &changes).await;
    world.amazon.add("A", 1_000);
    world
}

#[tokio::test]
async fn units_that_are_cancelled_of_an_order_are_sold_no_more() {
    let world = world(json!({})).await;
    let order = world.amazon.buy("A", 5).unwrap();
    assert!(world.amazon.pay(&order) && world.amazon.ship(&order, 1) && world.amazon.cancel(&order, 2));
    let (facts, _) = poll(&*world.connector, None).await;
    assert_eq!(
        (facts[0].status, facts[0].lines[0].quantity),
        (OrderStatus::Open, Quantity::whole(3))
    );
    assert_eq!(world.amazon.shown("A"), Some(997));
}

#[tokio::test]
async fn what_leaves_amazons_depots_is_not_taken_from_own_stock() {
    let world = world(json!({})).await;
    world.amazon.add_at_depot("F", 3);
    world.amazon.buy("F", 1).unwrap();
    let (facts, _) = poll(&*world.connector, None).await;
    assert_eq!(facts[0].lines[0].fulfilled_by, FulfilledBy::Channel);
}

#[tokio::test]
async fn an_order_that_is_found_late_is_told_by_a_later_poll() {
    let settings = SimulatorSettings {
        orders_after: Duration::from_millis(1_500),
        ..SimulatorSettings::immediate()
    };
    let world = World::start(settings, &json!({"overlap_ms": 0})).await;
    world.amazon.add("A", 9);
    let (_, cursor) = poll(&*world.connector, None).await;
    let order = world.amazon.buy("A", 1).unwrap();
    let (facts, cursor) = poll(&*world.connector, Some(cursor)).await;
    expect(&world, &order, facts, cursor).await;
}

#[tokio::test]
async fn an_order_from_just_before_the_back_fill_is_told_by_a_later_poll() {
    const LATE: i64 = 800;
    let settings = SimulatorSettings {
        orders_after: Duration::from_millis(800),
        ..SimulatorSettings::immediate()
    };
    let world = World::start(settings, &json!({"overlap_ms": 0})).await;
    world.amazon.add("A", 9);
    world.look("A").await;
    let order = world.amazon.buy("A", 1).unwrap();
    let bought = now();
    passes(bought.plus(20)).await;
    let (facts, cursor) = poll(&*world.connector, None).await;
    // The poll behind it comes when Amazon knows everything of before it.
    passes(now().plus(LATE)).await;
    expect(&world, &order, facts, cursor).await;
}

async fn passes(until: Millis) {
    while now() <= until {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Polls until the order is told.
async fn expect(world: &World, order: &str, mut facts: Vec<OrderFact>, mut cursor: Cursor) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    while facts.is_empty() {
        assert!(tokio::time::Instant::now() < deadline, "{order} is lost");
        tokio::time::sleep(Duration::from_millis(100)).await;
        (facts, cursor) = poll(&*world.connector, Some(cursor)).await;
    }
    assert_eq!(facts[0].order.as_str(), order);
}

#[tokio::test]
async fn a_page_that_leads_nowhere_any_more_has_its_poll_begin_anew() {
    let world = world(json!({})).await;
    for _ in 0..130 {
        world.amazon.buy("A", 1).unwrap();
    }
    let orders = world.connector.orders().unwrap();
    let first = orders.orders(None).await.unwrap();
    assert!(first.more && first.orders.len() == 100);
    let lost = |cursor: &Cursor| {
        let mut lost: serde_json::Value = serde_json::from_str(&cursor.0).unwrap();
        lost["token"] = json!("of another day");
        Cursor(lost.to_string())
    };
    let (facts, _) = poll(&*world.connector, Some(lost(&first.cursor))).await;
    assert_eq!(facts.len(), 130, "nothing is missing, and nothing came twice");
    let again = orders.orders(Some(&lost(&first.cursor))).await.unwrap();
    let page = orders.orders(Some(&again.cursor)).await.unwrap();
    assert!(again.more && page.orders.len() == 100);
    let error = orders.orders(Some(&lost(&page.cursor))).await.unwrap_err();
    assert!(
        error.message.contains("paginationToken"),
        "it is no loop without a word: {error}"
    );
}

#[tokio::test]
async fn no_person_is_asked_for() {
    let world = world(json!({})).await;
    world.amazon.remember_exchanges();
    let order = world.amazon.buy("A", 1).unwrap();
    poll(&*world.connector, None).await;
    world
        .connector
        .orders()
        .unwrap()
        .order(&order.parse().unwrap())
        .await
        .unwrap()
        .unwrap();
    let exchanges = world.amazon.exchanges();
    assert_eq!(exchanges.len(), 2);
    for exchange in exchanges {
        let asked = exchange
            .query
            .split('&')
            .find_map(|pair| pair.strip_prefix("includedData="));
        assert_eq!(asked, Some("FULFILLMENT%2CPACKAGES"), "{}", exchange.query);
        let answer = exchange.answer.to_string();
        assert!(
            !world.amazon.buyer().iter().any(|word| answer.contains(word)),
            "{}",
            exchange.query
        );
    }
}

#[tokio::test(start_paused = true)]
async fn the_depots_are_a_place_of_their_own_read_whole() {
    let world = world(json!({})).await;
    for number in 0..120 {
        world.amazon.add_at_depot(&format!("F-{number:03}"), number);
    }
    let stock = world.connector.stock().unwrap();
    let (_, report) = stock.poll().await.unwrap().unwrap();
    let Report::Stock(report) = report else {
        panic!("{report:?}")
    };
    assert!(report.complete && report.rows.len() == 120);
    assert!(report.rows.iter().all(|row| row.location.as_str() == "depot"));
    let row = report.rows.iter().find(|row| row.sku.as_str() == "F-077").unwrap();
    assert_eq!(
        row.quantity,
        Quantity::whole(77),
        "what can be sold, not what is inbound or set aside"
    );
    assert_eq!(stock.poll().await.unwrap(), None);
    assert!(stock.poll().await.unwrap().is_some(), "the next round reads anew");
}

#[tokio::test]
async fn without_the_setting_there_are_no_depots() {
    let world = world(json!({"fba": false})).await;
    assert!(world.connector.stock().is_none());
}
