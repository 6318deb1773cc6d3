//! Orders: polls, the back-fill, one by its id.

use super::shop::{Shop, orders};
use omnistock_medusa::simulator::Faults;
use omnistock_sdk::ErrorClass;
use omnistock_words::{OrderFact, OrderStatus, Quantity};
use serde_json::json;

#[tokio::test]
async fn a_sale_a_cancellation_and_a_parcel_are_each_told_by_the_next_poll() {
    let shop = Shop::open().await;
    shop.add("A", 10, 5);
    shop.simulator.draft("A", 2).unwrap();
    let connector = shop.connector(&json!({}));
    let (facts, cursor) = orders(connector.as_ref(), None).await;
    assert_eq!(facts, [], "a draft is not an order");
    let first = shop.simulator.buy("A", 3).unwrap();
    let second = shop.simulator.buy("A", 1).unwrap();
    let (facts, cursor) = orders(connector.as_ref(), Some(cursor)).await;
    assert_eq!(
        facts.iter().map(|fact| fact.order.as_str()).collect::<Vec<_>>(),
        [&first, &second]
    );
    assert_eq!(
        (facts[0].status, facts[0].lines[0].quantity),
        (OrderStatus::Open, Quantity::whole(3))
    );
    assert_eq!(facts[0].lines[0].sku.as_ref().unwrap().as_str(), "A");
    assert!(shop.simulator.cancel(&first));
    assert!(shop.simulator.pack(&second, 1));
    let (facts, cursor) = orders(connector.as_ref(), Some(cursor)).await;
    let status = |order: &str| {
        facts
            .iter()
            .rfind(|fact| fact.order.as_str() == order)
            .map(|fact| fact.status)
    };
    assert_eq!(
        (status(&first), status(&second)),
        (Some(OrderStatus::Cancelled), Some(OrderStatus::Open)),
        "packed is not handed over"
    );
    assert!(shop.simulator.fulfil(&second));
    let (facts, _) = orders(connector.as_ref(), Some(cursor)).await;
    assert_eq!(
        facts.iter().rfind(|fact| fact.order.as_str() == second).unwrap().status,
        OrderStatus::Shipped
    );
}

#[tokio::test]
async fn a_back_fill_has_every_open_order_and_loses_nothing_that_changes_meanwhile() {
    let shop = Shop::open().await;
    shop.add("A", 1_000, 0);
    let placed: Vec<String> = (0..230).map(|_| shop.simulator.buy("A", 1).unwrap()).collect();
    assert!(shop.simulator.cancel(&placed[0]));
    let connector = shop.connector(&json!({}));
    let source = connector.orders().unwrap();
    let first = source.orders(None).await.unwrap();
    assert!(first.more);
    // One that was read and one that wasn't change while pages are read.
    assert!(shop.simulator.cancel(&placed[5]) && shop.simulator.cancel(&placed[225]));
    let (rest, _) = orders(connector.as_ref(), Some(first.cursor)).await;
    let all: Vec<&OrderFact> = first.orders.iter().chain(&rest).collect();
    let last = |order: &str| {
        all.iter()
            .filter(|fact| fact.order.as_str() == order)
            .max_by_key(|fact| fact.revision)
            .map(|fact| fact.status)
    };
    for order in &placed[1..] {
        let cancelled = *order == placed[5] || *order == placed[225];
        assert_eq!(
            last(order),
            Some(if cancelled {
                OrderStatus::Cancelled
            } else {
                OrderStatus::Open
            }),
            "{order}"
        );
    }
}

#[tokio::test]
async fn one_order_is_found_by_its_id_and_an_unknown_one_is_not() {
    let shop = Shop::open().await;
    shop.add("A", 10, 5);
    let (order, draft) = (
        shop.simulator.buy("A", 3).unwrap(),
        shop.simulator.draft("A", 1).unwrap(),
    );
    let connector = shop.connector(&json!({}));
    let found = |id: &str| omnistock_words::OrderId::new(id).unwrap();
    let source = connector.orders().unwrap();
    assert_eq!(
        source.order(&found(&order)).await.unwrap().unwrap().order.as_str(),
        order
    );
    for none in [draft.as_str(), "order_nope", "../users", "%2e%2e"] {
        assert_eq!(source.order(&found(none)).await.unwrap(), None, "{none}");
    }
}

#[tokio::test]
async fn an_order_without_its_lines_is_named_and_not_an_order_of_nothing_and_no_other_waits_for_it() {
    let shop = Shop::open().await;
    shop.add("A", 10, 5);
    let (good, bad) = (shop.simulator.buy("A", 3).unwrap(), shop.simulator.buy("A", 1).unwrap());
    shop.simulator.set_faults(Faults {
        bare_order: Some(bad.clone()),
        ..Faults::default()
    });
    let connector = shop.connector(&json!({}));
    let source = connector.orders().unwrap();
    let id = |id: &str| omnistock_words::OrderId::new(id).unwrap();
    let page = source.orders(None).await.unwrap();
    assert_eq!(page.orders.len(), 1);
    let alone = source.order(&id(&bad)).await.unwrap_err();
    assert_eq!(alone.class, ErrorClass::Operator);
    for told in [page.unclear[0].to_string(), alone.to_string()] {
        assert!(told.starts_with(&format!("order {bad}: ")), "{told}");
        assert!(told.contains("`items`"), "{told}");
    }
    assert!(source.order(&id(&good)).await.unwrap().is_some());
    shop.simulator.set_faults(Faults::default());
    assert!(
        !orders(connector.as_ref(), None).await.0.is_empty(),
        "it goes on once it is mended"
    );
}
