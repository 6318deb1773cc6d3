//! The shop as a source of orders: back-fill, changes, pages, and what becomes of an order.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    reason = "helpers of tests"
)]

use crate::support::{Shop, poll, start};
use omnistock_sdk::ErrorClass;
use omnistock_words::{FulfilledBy, OrderFact, OrderId, OrderStatus, Quantity};
use serde_json::json;
use std::collections::BTreeSet;

async fn one(shop: &Shop, order: u64) -> Option<OrderFact> {
    let id = OrderId::new(order.to_string()).unwrap();
    shop.connector.orders().unwrap().order(&id).await.unwrap()
}

fn names(orders: &[OrderFact]) -> BTreeSet<String> {
    orders.iter().map(|order| order.order.to_string()).collect()
}

#[tokio::test]
async fn a_back_fill_has_every_order_whose_goods_may_still_be_there() {
    let shop = start().await;
    shop.add_item("A", &[(shop.berlin, 100)]);
    let (open, part, gone, cancelled, archived) = (
        shop.buy("A", 1).unwrap(),
        shop.buy("A", 3).unwrap(),
        shop.buy("A", 1).unwrap(),
        shop.buy("A", 1).unwrap(),
        shop.buy("A", 1).unwrap(),
    );
    shop.ship(part, 1);
    shop.fulfil(gone);
    shop.cancel(cancelled, true);
    shop.archive(archived);
    for order in [open, part, gone, cancelled, archived] {
        shop.backdate(order, 3_600 * i64::try_from(order % 7 + 1).unwrap());
    }
    let source = shop.connector.orders().unwrap();
    let first = source.orders(None).await.unwrap();
    assert_eq!(
        names(&first.orders),
        BTreeSet::from([open.to_string(), part.to_string()])
    );
    assert!(first.more, "what changed since the back-fill began is read at once");
    let (rest, _) = poll(shop.connector.as_ref(), Some(first.cursor)).await;
    assert!(
        rest.iter()
            .all(|order| order.status != OrderStatus::Open || order.order.as_str() != gone.to_string())
    );
}

#[tokio::test]
async fn a_poll_tells_what_changed_and_again_what_changed_just_before() {
    let shop = start().await;
    shop.add_item("A", &[(shop.berlin, 100)]);
    let (old, new) = (shop.buy("A", 1).unwrap(), shop.buy("A", 1).unwrap());
    shop.backdate(old, 7_200);
    let (_, cursor) = poll(shop.connector.as_ref(), None).await;
    let third = shop.buy("A", 2).unwrap();
    let (changed, cursor) = poll(shop.connector.as_ref(), Some(cursor)).await;
    assert_eq!(
        names(&changed),
        BTreeSet::from([new.to_string(), third.to_string()]),
        "the overlap, and not what is older"
    );
    shop.cancel(old, true);
    let (changed, _) = poll(shop.connector.as_ref(), Some(cursor)).await;
    let told = changed
        .iter()
        .find(|order| order.order.as_str() == old.to_string())
        .unwrap();
    assert_eq!(told.status, OrderStatus::Cancelled);
}

#[tokio::test]
async fn pages_hold_every_order_also_of_one_second_and_while_some_change() {
    let shop = start().await;
    shop.add_item("A", &[(shop.berlin, 1_000)]);
    let orders: Vec<u64> = (0..70).map(|_| shop.buy("A", 1).unwrap()).collect();
    for order in &orders[..40] {
        shop.backdate(*order, 5_000);
    }
    let source = shop.connector.orders().unwrap();
    let first = source.orders(None).await.unwrap();
    assert_eq!(first.orders.len(), 16);
    // Those that were read move behind those that were not.
    for order in &orders[..10] {
        shop.fulfil(*order);
    }
    let (rest, _) = poll(shop.connector.as_ref(), Some(first.cursor)).await;
    let mut seen = names(&first.orders);
    seen.extend(names(&rest));
    assert_eq!(seen, orders.iter().map(ToString::to_string).collect());
}

#[tokio::test]
async fn an_order_lives_from_open_in_parts_to_shipped() {
    let shop = start().await;
    shop.add_item("A", &[(shop.berlin, 5)]);
    shop.add_item("B", &[(shop.hamburg, 5)]);
    let order = shop.buy_basket(&[("A", 3), ("B", 1)]).unwrap();
    let fact = one(&shop, order).await.unwrap();
    assert_eq!((fact.status, fact.lines.len()), (OrderStatus::Open, 2));
    let places: Vec<String> = fact
        .lines
        .iter()
        .map(|line| line.location.as_ref().unwrap().to_string())
        .collect();
    assert_eq!(places, ["berlin", "hamburg"]);
    shop.ship(order, 1);
    let fact = one(&shop, order).await.unwrap();
    assert_eq!(
        (fact.status, fact.lines[0].quantity, fact.lines[0].status),
        (OrderStatus::Open, Quantity::whole(3), None)
    );
    shop.ship(order, 2);
    let fact = one(&shop, order).await.unwrap();
    assert_eq!(
        (fact.status, fact.lines[0].status, fact.lines[1].status),
        (OrderStatus::Open, Some(OrderStatus::Shipped), None)
    );
    shop.fulfil(order);
    let fact = one(&shop, order).await.unwrap();
    assert_eq!((fact.status, fact.at), (OrderStatus::Shipped, shop.updated_at(order)));
    assert_eq!(
        (shop.level("A", shop.berlin), shop.level("B", shop.hamburg)),
        (Some((2, 0)), Some((4, 0)))
    );
}

#[tokio::test]
async fn edits_refunds_and_cancels_leave_what_left_and_what_is_still_to_leave() {
    let shop = start().await;
    shop.add_item("A", &[(shop.berlin, 50)]);
    shop.add_item("B", &[(shop.berlin, 50)]);
    let units = async |order: u64| -> Vec<Quantity> {
        one(&shop, order)
            .await
            .unwrap()
            .lines
            .iter()
            .map(|line| line.quantity)
            .collect()
    };
    let edited = shop.buy("A", 5).unwrap();
    shop.edit_down(edited, 2);
    shop.edit_add(edited, "B", 4).unwrap();
    assert_eq!(units(edited).await, [Quantity::whole(3), Quantity::whole(4)]);
    let before = shop.buy("A", 5).unwrap();
    shop.refund_unshipped(before, 2, false);
    assert_eq!(units(before).await, [Quantity::whole(3)]);
    let after = shop.buy("A", 5).unwrap();
    shop.ship(after, 2);
    shop.refund_shipped(after, 2, None);
    assert_eq!(
        units(after).await,
        [Quantity::whole(5)],
        "two left, three are still to leave"
    );
    let cancelled = shop.buy("A", 5).unwrap();
    let shown = shop.shown("A").unwrap();
    shop.cancel(cancelled, false);
    assert_eq!(one(&shop, cancelled).await.unwrap().status, OrderStatus::Cancelled);
    assert_eq!(
        shop.shown("A"),
        Some(shown),
        "a cancel without restock brings nothing back at the shop"
    );
    let part = shop.buy("A", 5).unwrap();
    shop.ship(part, 1);
    shop.cancel(part, true);
    let fact = one(&shop, part).await.unwrap();
    assert_eq!(
        (fact.status, fact.lines[0].quantity),
        (OrderStatus::Shipped, Quantity::ONE)
    );
}

#[tokio::test]
async fn an_order_that_is_moved_or_left_to_a_service_says_so() {
    let shop = start().await;
    let service = shop.add_service_location("Somebody's depot");
    shop.add_item("A", &[(shop.berlin, 5), (shop.hamburg, 5)]);
    shop.add_item("S", &[(service, 5)]);
    let moved = shop.buy("A", 2).unwrap();
    shop.move_order(moved, shop.hamburg);
    let fact = one(&shop, moved).await.unwrap();
    assert_eq!(fact.lines[0].location.as_ref().unwrap().as_str(), "hamburg");
    assert_eq!(
        (shop.level("A", shop.berlin), shop.level("A", shop.hamburg)),
        (Some((5, 0)), Some((3, 2)))
    );
    let split = shop.buy("A", 8).unwrap();
    assert_eq!(
        one(&shop, split).await.unwrap().lines[0].location,
        None,
        "five from one place, three from the other"
    );
    let theirs = shop.buy("S", 1).unwrap();
    let fact = one(&shop, theirs).await.unwrap();
    assert_eq!(
        (fact.lines[0].location.clone(), fact.lines[0].fulfilled_by),
        (None, FulfilledBy::Other)
    );
}

#[tokio::test]
async fn an_order_with_more_lines_than_fit_is_read_whole() {
    let shop = start().await;
    let skus: Vec<String> = (0..310).map(|number| format!("S-{number}")).collect();
    for sku in &skus {
        shop.add_item(sku, &[(shop.berlin, 5)]);
    }
    let basket: Vec<(&str, i64)> = skus.iter().map(|sku| (sku.as_str(), 1)).collect();
    let order = shop.buy_basket(&basket).unwrap();
    let (orders, _) = poll(shop.connector.as_ref(), None).await;
    assert!(
        orders.iter().all(|fact| fact.lines.len() == 310),
        "in the back-fill and in what changed"
    );
    assert_eq!(one(&shop, order).await.unwrap().lines.len(), 310);
    for _ in 0..7 {
        shop.ship(order, 44);
    }
    let fact = one(&shop, order).await.unwrap();
    let gone = fact
        .lines
        .iter()
        .filter(|line| line.status == Some(OrderStatus::Shipped))
        .count();
    assert_eq!(
        (fact.status, gone),
        (OrderStatus::Open, 308),
        "seven parcels do not fit into the first answer either"
    );
}

/// What a poll and a look at the order alone say of it, which is the same.
async fn refusal(shop: &Shop, order: u64) -> String {
    let source = shop.connector.orders().unwrap();
    let id = OrderId::new(order.to_string()).unwrap();
    let alone = source.order(&id).await.unwrap_err();
    assert_eq!(alone.class, ErrorClass::Operator);
    let page = source.orders(None).await.unwrap();
    assert_eq!(
        (page.orders.len(), page.unclear[0].to_string()),
        (0, alone.message.clone())
    );
    assert!(alone.message.contains(&format!("Order/{order}: it has ")), "{alone}");
    alone.message
}

#[tokio::test]
async fn an_order_with_more_parcels_than_can_be_read_is_an_error_and_no_wrong_count() {
    let shop = start().await;
    shop.add_item("A", &[(shop.berlin, 100)]);
    let order = shop.buy("A", 30).unwrap();
    for _ in 0..19 {
        shop.ship(order, 1);
    }
    assert_eq!(one(&shop, order).await.unwrap().lines[0].quantity, Quantity::whole(30));
    shop.ship(order, 1);
    assert!(refusal(&shop, order).await.contains("20 parcels or more"));
}

#[tokio::test]
async fn an_order_with_a_parcel_that_can_not_be_read_whole_is_an_error_and_no_wrong_count() {
    let shop = start().await;
    let skus: Vec<String> = (0..251).map(|number| format!("S-{number}")).collect();
    for sku in &skus {
        shop.add_item(sku, &[(shop.berlin, 5)]);
    }
    // One is left, so that the order is still among the open ones.
    let basket: Vec<(&str, i64)> = skus.iter().map(|sku| (sku.as_str(), 2)).collect();
    let order = shop.buy_basket(&basket).unwrap();
    shop.ship(order, 2 * 251 - 1);
    assert!(
        refusal(&shop, order)
            .await
            .contains("a parcel with more than 250 lines")
    );
}

#[tokio::test]
async fn an_order_that_is_gone_or_not_the_shops_is_none() {
    let shop = start().await;
    shop.add_item("A", &[(shop.berlin, 5)]);
    let order = shop.buy("A", 1).unwrap();
    shop.delete(order);
    assert_eq!(one(&shop, order).await, None);
    let foreign = OrderId::new("order_01J").unwrap();
    assert_eq!(shop.connector.orders().unwrap().order(&foreign).await.unwrap(), None);
}

#[tokio::test]
async fn nothing_of_the_buyer_is_asked_for() {
    let shop = start().await;
    shop.add_item("A", &[(shop.berlin, 5)]);
    shop.buy("A", 1).unwrap();
    poll(shop.connector.as_ref(), None).await;
    for exchange in shop.exchanges() {
        for word in [
            "customer",
            "email",
            "phone",
            "address",
            "firstName",
            "displayName",
            "note",
        ] {
            assert!(!exchange.query.contains(word), "{word}: {}", exchange.query);
        }
    }
    let other = crate::support::build(crate::support::table(&shop, &json!({"version": "2026-04"})));
    assert_eq!(
        poll(other.as_ref(), None).await.0.len(),
        2,
        "in the back-fill, and in what changed since"
    );
}
