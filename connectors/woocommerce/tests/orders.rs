//! The shop as a source of orders: back-fill, changes, cancellations, trash, and what a poll must never miss.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests"
)]

use crate::support::{build, poll, start, table};
use omnistock_sdk::{Cursor, ErrorClass, Hint, RawRequest, Received, now};
use omnistock_woocommerce::simulator::{Faults, Simulator};
use omnistock_words::{OrderFact, OrderId, OrderStatus, Quantity};
use serde_json::json;
use std::collections::BTreeMap;

/// What remains of several reports: the highest revision of each order.
fn newest(orders: Vec<OrderFact>) -> BTreeMap<u64, OrderFact> {
    let mut newest: BTreeMap<u64, OrderFact> = BTreeMap::new();
    for order in orders {
        let id = order.order.as_str().parse().unwrap();
        if newest.get(&id).is_none_or(|other| other.revision < order.revision) {
            newest.insert(id, order);
        }
    }
    newest
}

fn id(order: u64) -> OrderId {
    OrderId::new(order.to_string()).unwrap()
}

#[tokio::test]
async fn the_back_fill_brings_open_orders_and_leaves_a_cursor_at_its_start() {
    let (shop, connector) = start().await;
    shop.add_product("A", 1_000);
    let open: Vec<u64> = (0..230).map(|_| shop.buy("A", 1).unwrap()).collect();
    let unpaid = shop.check_out_unpaid("A", 2).unwrap();
    let source = connector.orders().unwrap();
    let first = source.orders(None).await.unwrap();
    assert!(first.more && first.orders.len() == 100);
    // Placed while the back-fill runs.
    let late = shop.buy("A", 5).unwrap();
    let (rest, cursor) = poll(connector.as_ref(), Some(first.cursor)).await;
    let all = newest(first.orders.into_iter().chain(rest).collect());
    assert!(open.iter().chain([&unpaid, &late]).all(|order| all.contains_key(order)));
    assert_eq!(
        all[&unpaid].status,
        OrderStatus::Open,
        "units are set aside before payment"
    );
    assert_eq!(all[&late].lines[0].quantity, Quantity::whole(5));
    assert_eq!(all[&late].lines[0].sku.as_ref().unwrap().as_str(), "A");
    let (again, _) = poll(connector.as_ref(), Some(cursor)).await;
    assert!(
        newest(again).contains_key(&late),
        "the overlap covers the seconds before"
    );
}

#[tokio::test]
async fn finished_orders_are_no_part_of_the_back_fill() {
    let (shop, connector) = start().await;
    shop.add_product("A", 10);
    let done = shop.buy("A", 1).unwrap();
    shop.complete(done);
    let first = connector.orders().unwrap().orders(None).await.unwrap();
    assert!(first.orders.is_empty());
}

#[tokio::test]
async fn an_order_is_seen_right_after_it_was_placed_and_followed_to_its_end() {
    let (shop, connector) = start().await;
    shop.add_product("A", 10);
    let (_, mut cursor) = poll(connector.as_ref(), None).await;
    let order = shop.buy("A", 4).unwrap();
    let mut last = None;
    for (act, expected) in [
        ("", OrderStatus::Open),
        ("completed", OrderStatus::Shipped),
        ("refunded", OrderStatus::Returned),
        ("cancelled", OrderStatus::Cancelled),
    ] {
        if !act.is_empty() {
            assert!(shop.set_status(order, act));
        }
        let (orders, next) = poll(connector.as_ref(), Some(cursor)).await;
        let now = newest(orders)
            .remove(&order)
            .unwrap_or_else(|| panic!("not seen after {act}"));
        assert_eq!(now.status, expected, "{act}");
        assert!(
            now.revision > last,
            "a later report of the same second must win: {:?} after {last:?}",
            now.revision
        );
        (cursor, last) = (next, now.revision);
    }
    assert_eq!(
        shop.shown("A"),
        Some(10),
        "the shop took its units back when it was cancelled"
    );
}

#[tokio::test]
async fn the_trash_is_looked_at_too_and_a_vanished_order_is_none() {
    let (shop, connector) = start().await;
    shop.add_product("A", 10);
    let (open, done, gone) = (
        shop.buy("A", 1).unwrap(),
        shop.buy("A", 1).unwrap(),
        shop.buy("A", 1).unwrap(),
    );
    let (_, cursor) = poll(connector.as_ref(), None).await;
    shop.complete(done);
    shop.trash(open);
    shop.trash(done);
    shop.delete(gone);
    let (orders, _) = poll(connector.as_ref(), Some(cursor)).await;
    let orders = newest(orders);
    assert_eq!(orders[&open].status, OrderStatus::Cancelled);
    assert_eq!(
        orders[&done].status,
        OrderStatus::Shipped,
        "tidying up does not bring goods back"
    );
    let source = connector.orders().unwrap();
    assert_eq!(source.order(&id(gone)).await.unwrap(), None);
    assert_eq!(
        source.order(&id(open)).await.unwrap().unwrap().status,
        OrderStatus::Cancelled
    );
    assert_eq!(source.order(&OrderId::new("../products").unwrap()).await.unwrap(), None);
    shop.set_faults(Faults {
        outage: true,
        ..Faults::default()
    });
    assert!(
        source.order(&id(gone)).await.is_err(),
        "a shop that is down has not lost the order"
    );
}

/// Pages from `cursor` on; after each, five orders change that were placed long before.
async fn poll_while_orders_change(
    shop: &Simulator,
    cursor: Option<Cursor>,
    placed: &[u64],
) -> BTreeMap<u64, OrderFact> {
    let mut table = table(shop);
    table["overlap_ms"] = json!(3_600_000);
    let connector = build(table);
    let source = connector.orders().unwrap();
    let (mut seen, mut cursor, mut victims) = (Vec::new(), cursor, placed.iter());
    loop {
        let page = source.orders(cursor.as_ref()).await.unwrap();
        seen.extend(page.orders);
        let backfill_over =
            page.cursor.0.contains("changed") && cursor.is_none_or(|before| before.0.contains("backfill"));
        if !page.more || backfill_over {
            return newest(seen);
        }
        cursor = Some(page.cursor);
        // Each of these leaves its place in the list, and all behind it move forward.
        for victim in victims.by_ref().take(5) {
            shop.complete(*victim);
        }
    }
}

/// 350 orders, one a second, the oldest first.
fn place_many(shop: &Simulator) -> Vec<u64> {
    shop.add_product("A", 10_000);
    let placed: Vec<u64> = (0..350).map(|_| shop.buy("A", 1).unwrap()).collect();
    for (order, seconds) in placed.iter().zip((10..360i64).rev()) {
        shop.backdate(*order, seconds);
    }
    placed
}

#[tokio::test]
async fn orders_that_change_between_pages_make_a_poll_miss_nobody() {
    let (shop, _) = start().await;
    let mut long = table(&shop);
    long["overlap_ms"] = json!(3_600_000);
    let (_, cursor) = poll(build(long).as_ref(), None).await;
    let placed = place_many(&shop);
    let seen = poll_while_orders_change(&shop, Some(cursor), &placed).await;
    let missed: Vec<_> = placed.iter().filter(|order| !seen.contains_key(order)).collect();
    assert!(missed.is_empty(), "{missed:?}");
}

#[tokio::test]
async fn behind_a_busy_poll_the_next_one_begins_with_the_newest_orders_and_misses_nobody() {
    let (shop, _) = start().await;
    let mut long = table(&shop);
    long["overlap_ms"] = json!(3_600_000);
    let connector = build(long);
    let (_, cursor) = poll(connector.as_ref(), None).await;
    let mut placed = place_many(&shop);
    let (_, cursor) = poll(connector.as_ref(), Some(cursor)).await;
    let late = shop.buy("A", 1).unwrap();
    shop.backdate(late, 200);
    let newest = shop.buy("A", 1).unwrap();
    let page = connector.orders().unwrap().orders(Some(&cursor)).await.unwrap();
    assert!(page.more && page.orders.len() < 100 && page.orders.iter().any(|order| order.order == id(newest)));
    placed.extend([late, newest]);
    let seen = poll_while_orders_change(&shop, Some(cursor), &placed).await;
    let missed: Vec<_> = placed.iter().filter(|order| !seen.contains_key(order)).collect();
    assert!(missed.is_empty(), "{missed:?}");
}

#[tokio::test]
async fn orders_that_are_finished_between_pages_make_a_back_fill_miss_nobody() {
    let (shop, _) = start().await;
    let placed = place_many(&shop);
    let seen = poll_while_orders_change(&shop, None, &placed).await;
    let missed: Vec<_> = placed.iter().filter(|order| !seen.contains_key(order)).collect();
    assert!(missed.is_empty(), "{missed:?}");
}

#[tokio::test]
async fn a_variation_is_sold_under_its_own_sku_and_buyers_stay_unknown() {
    let (shop, connector) = start().await;
    shop.add_variation("P", "V-S", 10);
    let order = shop.buy("V-S", 2).unwrap();
    let fact = connector.orders().unwrap().order(&id(order)).await.unwrap().unwrap();
    assert_eq!(fact.lines[0].sku.as_ref().unwrap().as_str(), "V-S");
    assert!(!format!("{fact:?}").contains("example.test"));
}

/// The one line of an order as a poll from the beginning and a look at it alone tell it, which is the same.
async fn line_of(connector: &dyn omnistock_sdk::Connector, order: u64) -> omnistock_words::OrderLineFact {
    let (told, _) = poll(connector, None).await;
    let one = connector.orders().unwrap().order(&id(order)).await.unwrap().unwrap();
    assert_eq!(newest(told)[&order].lines, one.lines);
    assert_eq!((one.status, one.lines.len()), (OrderStatus::Open, 1));
    one.lines[0].clone()
}

#[tokio::test]
async fn a_line_of_an_article_that_is_gone_comes_without_sku_and_otherwise_whole() {
    let (shop, connector) = start().await;
    let product = shop.add_product("A", 10);
    let variation = shop.add_variation("P", "V-S", 10);
    for (sku, listing) in [("A", product), ("V-S", variation)] {
        let order = shop.buy(sku, 2).unwrap();
        let before = line_of(connector.as_ref(), order).await;
        assert_eq!(before.sku.as_ref().map(omnistock_words::Sku::as_str), Some(sku));
        shop.remove_product(sku);
        let after = line_of(connector.as_ref(), order).await;
        assert_eq!(
            after.sku, None,
            "the shop asks the article for its SKU, and there is none"
        );
        assert_eq!(after.listing.as_ref().unwrap().as_str(), listing.to_string());
        assert_eq!(
            omnistock_words::OrderLineFact {
                sku: before.sku.clone(),
                ..after
            },
            before
        );
    }
}

#[tokio::test]
async fn a_line_is_told_by_the_present_sku_of_its_article() {
    let (shop, connector) = start().await;
    shop.add_product("A", 10);
    let order = shop.buy("A", 2).unwrap();
    let before = line_of(connector.as_ref(), order).await;
    shop.rename("A", "B");
    let after = line_of(connector.as_ref(), order).await;
    assert_eq!(after.sku.as_ref().map(omnistock_words::Sku::as_str), Some("B"));
    assert_eq!(
        (after.line, after.listing, after.quantity),
        (before.line, before.listing, before.quantity)
    );
}

#[tokio::test]
async fn an_edited_quantity_is_told_by_a_webhook_and_by_a_read_of_all_orders_and_by_no_poll() {
    let (shop, connector) = start().await;
    shop.add_product("A", 10);
    let order = shop.buy("A", 2).unwrap();
    // Longer ago than a poll looks back.
    shop.backdate(order, 3_600);
    let (_, cursor) = poll(connector.as_ref(), None).await;
    assert!(shop.edit_line(order, 5));
    assert_eq!(shop.shown("A"), Some(5), "the shop itself takes the difference off");
    let (told, _) = poll(connector.as_ref(), Some(cursor)).await;
    assert!(!newest(told).contains_key(&order), "its date stays, and polls go by it");
    let quantity = |orders: Vec<OrderFact>| newest(orders)[&order].lines[0].quantity;
    let (all, _) = poll(connector.as_ref(), None).await;
    assert_eq!(quantity(all), Quantity::whole(5));
    let (headers, body) = shop.delivery("order.updated", order, shop.webhook_secret());
    let request = RawRequest {
        headers,
        query: String::new(),
        body: body.into(),
        received_at: now(),
    };
    match connector.webhooks().unwrap().receive(&request) {
        Ok(Received::Orders(orders)) => assert_eq!(quantity(orders), Quantity::whole(5)),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_order_with_a_line_that_can_not_be_read_is_named_and_never_an_order_with_less_and_no_other_waits_for_it() {
    let (shop, connector) = start().await;
    shop.add_product("A", 10);
    let (good, bad) = (shop.buy("A", 1).unwrap(), shop.buy("A", 2).unwrap());
    shop.set_faults(Faults {
        spoiled_order: Some(bad),
        ..Faults::default()
    });
    let source = connector.orders().unwrap();
    let page = source.orders(None).await.unwrap();
    assert_eq!(page.orders.len(), 1);
    let alone = source.order(&id(bad)).await.unwrap_err();
    assert_eq!(alone.class, ErrorClass::Operator);
    for told in [page.unclear[0].to_string(), alone.to_string()] {
        assert!(told.starts_with(&format!("order {bad}: line ")), "{told}");
        assert!(told.contains("`quantity`"), "{told}");
    }
    assert!(source.order(&id(good)).await.unwrap().is_some());
    let (headers, body) = shop.delivery("order.updated", bad, shop.webhook_secret());
    let request = RawRequest {
        headers,
        query: String::new(),
        body: body.into(),
        received_at: now(),
    };
    assert_eq!(
        connector.webhooks().unwrap().receive(&request),
        Ok(Received::Look(vec![Hint::Order(id(bad))])),
        "refused too often, the shop would send no more"
    );
    shop.set_faults(Faults::default());
    assert_eq!(
        newest(poll(connector.as_ref(), None).await.0).len(),
        2,
        "it goes on once it is mended"
    );
}

#[tokio::test]
async fn a_cursor_of_another_kind_is_refused_with_a_sentence() {
    let (_shop, connector) = start().await;
    let error = connector
        .orders()
        .unwrap()
        .orders(Some(&Cursor("12".to_owned())))
        .await
        .unwrap_err();
    assert!(error.message.contains("not a place among these orders"), "{error}");
}

#[tokio::test]
async fn the_storefront_never_sells_more_than_it_shows() {
    let (shop, _) = start().await;
    shop.add_product("A", 3);
    shop.check_out_unpaid("A", 1).unwrap();
    let shop = std::sync::Arc::new(shop);
    let buyers: Vec<_> = (0..12)
        .map(|_| {
            let shop = shop.clone();
            std::thread::spawn(move || shop.buy("A", 1).is_ok())
        })
        .collect();
    let sold = buyers
        .into_iter()
        .map(|buyer| buyer.join().unwrap())
        .filter(|sold| *sold)
        .count();
    assert_eq!(
        (sold, shop.shown("A")),
        (2, Some(1)),
        "one unit is kept for the buyer who has not paid"
    );
}
