//! Orders: more of them than fit in an answer, and what is asked of eBay's clock.

use crate::support::{connect, start, table};
use omnistock_words::{FulfilledBy, OrderFact, OrderId, OrderStatus};
use serde_json::json;
use std::collections::BTreeSet;

const LIST: &str = "GET /sell/fulfillment/v1/order";

#[tokio::test]
async fn more_orders_than_an_answer_holds_are_all_told() {
    let shop = start().await;
    shop.add("A", 10_000);
    let now = omnistock_sdk::now();
    let mut placed = BTreeSet::new();
    for number in 0..450 {
        // A rush of many in one instant, others over a month.
        let ago = if number < 230 {
            1_000_000
        } else {
            5_000_000 * (450 - number)
        };
        shop.set_now(now.plus(-ago));
        placed.insert(shop.buy("A", 1).unwrap());
    }
    shop.set_now(now);
    let (facts, cursor) = shop.poll(None).await;
    let told: BTreeSet<String> = facts.iter().map(|fact| fact.order.to_string()).collect();
    assert_eq!(told, placed);
    let before = shop.calls(LIST);
    let late = shop.buy("A", 1).unwrap();
    let (facts, _) = shop.poll(Some(cursor)).await;
    assert!(facts.iter().any(|fact| fact.order.as_str() == late));
    assert!(shop.calls(LIST) - before <= 2, "what is old is not read again");
}

#[tokio::test]
async fn an_order_that_changes_while_the_back_fill_is_read_is_told_as_it_became() {
    let shop = start().await;
    shop.add("A", 10_000);
    let now = omnistock_sdk::now();
    let mut orders = Vec::new();
    for number in 0..300 {
        shop.set_now(now.plus(-1_000 * (1_000 - number)));
        orders.push(shop.buy("A", 1).unwrap());
    }
    shop.set_now(now);
    let source = shop.connector.orders().unwrap();
    let mut first = source.orders(None).await.unwrap();
    // Years without an order come first.
    while first.orders.is_empty() {
        first = source.orders(Some(&first.cursor)).await.unwrap();
    }
    assert!(first.more && first.orders.len() < 300);
    for order in [&orders[0], &orders[299]] {
        assert!(shop.cancel(order));
    }
    assert!(shop.send(&orders[150], None));
    let (rest, _) = shop.poll(Some(first.cursor)).await;
    let newest = |order: &String| {
        let same = first
            .orders
            .iter()
            .chain(&rest)
            .filter(|fact| fact.order.as_str() == order);
        same.max_by_key(|fact| fact.revision)
            .unwrap_or_else(|| panic!("{order}"))
            .status
    };
    assert_eq!(newest(&orders[0]), OrderStatus::Cancelled);
    assert_eq!(newest(&orders[299]), OrderStatus::Cancelled);
    assert_eq!(newest(&orders[150]), OrderStatus::Shipped);
    assert_eq!(newest(&orders[149]), OrderStatus::Open);
}

#[tokio::test]
async fn what_was_shipped_before_the_start_is_not_in_the_back_fill() {
    let shop = start().await;
    shop.add("A", 100);
    let now = omnistock_sdk::now();
    shop.set_now(now.plus(-86_400_000));
    let (shipped, open) = (shop.buy("A", 1).unwrap(), shop.buy("A", 2).unwrap());
    assert!(shop.send(&shipped, None) && shop.pay_back(&open));
    shop.set_now(now);
    let (facts, _) = shop.poll(None).await;
    assert_eq!(facts.len(), 1, "{facts:?}");
    let fact = &facts[0];
    assert_eq!(
        (fact.order.as_str(), fact.status),
        (open.as_str(), OrderStatus::Open),
        "money went back, not goods"
    );
    assert_eq!(fact.lines[0].fulfilled_by, FulfilledBy::Merchant);
}

#[tokio::test]
async fn with_two_marketplaces_of_one_account_every_order_counts_once() {
    let shop = start().await;
    shop.add("GERMAN", 5);
    shop.add_elsewhere("BRITISH", "EBAY_GB");
    let british = connect({
        let mut table = table(&shop);
        (table["marketplace"], table["trading"]) = (json!("EBAY_GB"), json!(false));
        table
    });
    let (german, elsewhere) = (shop.buy("GERMAN", 1).unwrap(), shop.buy("BRITISH", 1).unwrap());
    let own = |facts: &[OrderFact]| facts.iter().map(|fact| fact.order.to_string()).collect::<Vec<_>>();
    let mut found = Vec::new();
    for connector in [shop.connector.clone(), british] {
        let source = connector.orders().unwrap();
        let (mut all, mut cursor) = (Vec::new(), None);
        loop {
            let page = source.orders(cursor.as_ref()).await.unwrap();
            all.extend(own(&page.orders));
            if !page.more {
                break;
            }
            cursor = Some(page.cursor);
        }
        all.dedup();
        found.push(all);
        let one = source.order(&OrderId::new(&elsewhere).unwrap()).await.unwrap();
        assert_eq!(one.is_some(), found.len() == 2);
    }
    assert_eq!(found, [[german], [elsewhere]]);
}

/// More orders in a moment than an answer holds, at the very beginning of a window of two years.
#[tokio::test]
async fn a_dense_start_of_a_long_window_is_read() {
    let shop = start().await;
    shop.add("A", 1_000);
    let now = omnistock_sdk::now();
    for number in 0..250 {
        shop.set_now(now.plus(-725 * 86_400_000 + 5_000 + number));
        shop.buy("A", 1).unwrap();
    }
    shop.set_now(now);
    let (facts, _) = shop.poll(None).await;
    let orders: BTreeSet<_> = facts.iter().map(|fact| fact.order.as_str()).collect();
    assert_eq!(orders.len(), 250);
}
