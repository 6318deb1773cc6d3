//! Orders: told once they are placed, followed to their end, none lost.
#![allow(missing_docs, reason = "the names of cases are sentences")]

use crate::hand::{buy, connector, newest, orders, poll};
use crate::{Applies, Fault, Shop};
use omnistock_sdk::simulated::Trouble;
use omnistock_sdk::{Connector, Cursor};
use omnistock_words::{OrderFact, OrderId, OrderStatus, Quantity};
use std::sync::Arc;
use std::time::Duration;

/// A connector that has read everything so far, one article in stock.
async fn ready(shop: &Shop, stock: i64) -> Applies<(Arc<dyn Connector>, Cursor)> {
    let connector = connector(shop)?;
    let source = orders(&connector)?;
    shop.add("A", stock)?;
    let (facts, cursor) = poll(source, None).await.expect("the back-fill");
    assert_eq!(facts, [], "nothing was sold yet");
    Ok((connector.clone(), cursor))
}

async fn changes(connector: &Arc<dyn Connector>, cursor: Cursor) -> (Vec<OrderFact>, Cursor) {
    let source = connector.orders().expect("a source of orders");
    poll(source, Some(cursor)).await.expect("a poll")
}

/// So many orders of one unit each.
fn many(shop: &Shop, sku: &str, buyers: usize) -> Applies<Vec<String>> {
    let placed = shop.buy_each(sku, 1, buyers)?;
    assert_eq!(placed.len(), buyers, "so many could not be bought of {sku}");
    Ok(placed)
}

pub async fn an_order_is_told_by_the_next_poll_with_its_lines(shop: Shop) -> Applies<()> {
    let (connector, cursor) = ready(&shop, 10).await?;
    let order = buy(&shop, "A", 3)?;
    let (facts, _) = changes(&connector, cursor).await;
    let fact = newest(&facts, &order).expect("the order");
    assert_eq!((fact.status, fact.lines.len()), (OrderStatus::Open, 1));
    let line = &fact.lines[0];
    assert_eq!(
        (line.sku.as_ref().map(omnistock_words::Sku::as_str), line.quantity),
        (Some("A"), Quantity::whole(3))
    );
    assert!(
        fact.revision.is_some(),
        "without a revision late news can't be told from old"
    );
    Ok(())
}

pub async fn the_back_fill_holds_every_open_order_over_all_pages(shop: Shop) -> Applies<()> {
    let connector = connector(&shop)?;
    let source = orders(&connector)?;
    shop.add("A", 1_000)?;
    let placed = many(&shop, "A", 120)?;
    let (facts, _) = poll(source, None).await.expect("the back-fill");
    for order in &placed {
        let fact = newest(&facts, order).unwrap_or_else(|| panic!("{order} is missing"));
        assert_eq!(fact.status, OrderStatus::Open);
    }
    Ok(())
}

pub async fn orders_changed_while_pages_are_read_are_not_lost(shop: Shop) -> Applies<()> {
    let connector = connector(&shop)?;
    let source = orders(&connector)?;
    shop.add("A", 1_000)?;
    let placed = many(&shop, "A", 120)?;
    let first = source.orders(None).await.expect("a page");
    let mut facts = first.orders;
    shop.cancel(&placed[5])?;
    shop.cancel(&placed[115])?;
    let late = buy(&shop, "A", 4)?;
    let (rest, cursor) = changes(&connector, first.cursor).await;
    facts.extend(rest);
    facts.extend(changes(&connector, cursor).await.0);
    for order in placed.iter().chain([&late]) {
        let expected = if *order == placed[5] || *order == placed[115] {
            OrderStatus::Cancelled
        } else {
            OrderStatus::Open
        };
        let fact = newest(&facts, order).unwrap_or_else(|| panic!("{order} is missing"));
        assert_eq!(fact.status, expected, "{order}");
    }
    Ok(())
}

pub async fn orders_of_the_same_instant_are_all_told(shop: Shop) -> Applies<()> {
    let (connector, mut cursor) = ready(&shop, 100).await?;
    for number in 0..12 {
        let order = buy(&shop, "A", 1)?;
        let (facts, next) = changes(&connector, cursor).await;
        assert!(
            newest(&facts, &order).is_some(),
            "order {number} of one second is missing"
        );
        cursor = next;
    }
    Ok(())
}

/// What is told of one order before and after something happens to it: never an older revision.
async fn followed(
    shop: &Shop,
    sold: i64,
    happens: impl Fn(&Shop, &str) -> Applies<()>,
) -> Applies<(OrderFact, OrderFact)> {
    let (connector, cursor) = ready(shop, 10).await?;
    let order = buy(shop, "A", sold)?;
    let (facts, cursor) = changes(&connector, cursor).await;
    let before = newest(&facts, &order).expect("the order").clone();
    // Two changes within one millisecond are told apart by no vendor's clock.
    tokio::time::sleep(Duration::from_millis(2)).await;
    happens(shop, &order)?;
    let (facts, _) = changes(&connector, cursor).await;
    let after = newest(&facts, &order).expect("the change").clone();
    assert!(
        after.revision > before.revision,
        "{:?} after {:?}",
        after.revision,
        before.revision
    );
    let source = orders(&connector)?;
    let id = OrderId::new(&order).expect("an id");
    let one = source.order(&id).await.expect("one order").expect("the order");
    assert_eq!(
        (one.status, &one.lines),
        (after.status, &after.lines),
        "one order and the poll differ"
    );
    Ok((before, after))
}

pub async fn a_cancellation_is_told(shop: Shop) -> Applies<()> {
    let (_, after) = followed(&shop, 3, |shop, order| shop.cancel(order)).await?;
    assert_eq!(after.status, OrderStatus::Cancelled);
    assert_eq!(shop.shown("A"), 10, "the vendor sells the units again");
    Ok(())
}

pub async fn a_refund_gives_nothing_back_by_itself(shop: Shop) -> Applies<()> {
    let (before, after) = followed(&shop, 3, |shop, order| shop.refund(order)).await?;
    assert!(
        !matches!(after.status, OrderStatus::Cancelled | OrderStatus::Open),
        "{:?}",
        after.status
    );
    assert_eq!(
        after.lines[0].quantity, before.lines[0].quantity,
        "money went back, not goods"
    );
    assert!(after.lines.iter().all(|line| line.restock_location.is_none()));
    Ok(())
}

pub async fn an_edited_quantity_is_told(shop: Shop) -> Applies<()> {
    let (_, after) = followed(&shop, 2, |shop, order| shop.edit(order, 5)).await?;
    assert_eq!(
        (after.status, after.lines[0].quantity),
        (OrderStatus::Open, Quantity::whole(5))
    );
    assert_eq!(shop.shown("A"), 5);
    Ok(())
}

pub async fn a_partial_shipment_leaves_the_order_open(shop: Shop) -> Applies<()> {
    let (_, after) = followed(&shop, 3, |shop, order| shop.ship_part(order, 1)).await?;
    assert_eq!(
        (after.status, after.lines[0].quantity),
        (OrderStatus::Open, Quantity::whole(3))
    );
    assert_ne!(after.lines[0].status, Some(OrderStatus::Shipped));
    Ok(())
}

pub async fn a_shipment_is_told(shop: Shop) -> Applies<()> {
    let (_, after) = followed(&shop, 3, |shop, order| shop.ship(order)).await?;
    assert_eq!(after.status, OrderStatus::Shipped);
    assert!(after.at.is_some(), "when it left the house");
    assert_eq!(shop.shown("A"), 7);
    Ok(())
}

pub async fn an_order_nobody_knows_is_none(shop: Shop) -> Applies<()> {
    let connector = connector(&shop)?;
    let source = orders(&connector)?;
    for id in [
        shop.no_order(),
        "../products/1".to_owned(),
        "%2e%2e".to_owned(),
        "a b".to_owned(),
    ] {
        let Ok(order) = OrderId::new(&id) else { continue };
        assert_eq!(source.order(&order).await.expect("an answer"), None, "{id}");
    }
    Ok(())
}

pub async fn one_order_is_what_the_poll_says(shop: Shop) -> Applies<()> {
    let (connector, cursor) = ready(&shop, 10).await?;
    let order = buy(&shop, "A", 3)?;
    let (facts, _) = changes(&connector, cursor).await;
    let told = newest(&facts, &order).expect("the order");
    let id = OrderId::new(&order).expect("an id");
    let one = orders(&connector)?
        .order(&id)
        .await
        .expect("one order")
        .expect("the order");
    let same = |fact: &OrderFact| (fact.order.clone(), fact.status, fact.placed_at, fact.lines.clone());
    assert_eq!(same(&one), same(told));
    Ok(())
}

pub async fn buyers_are_not_in_what_is_told(shop: Shop) -> Applies<()> {
    let (connector, cursor) = ready(&shop, 10).await?;
    buy(&shop, "A", 1)?;
    let (facts, cursor) = changes(&connector, cursor).await;
    assert_eq!(facts.len(), 1);
    let told = format!("{facts:?} {cursor:?}");
    for word in shop.buyer() {
        assert!(!told.contains(word), "{word}");
    }
    Ok(())
}

pub async fn a_poll_that_failed_loses_nothing(shop: Shop) -> Applies<()> {
    let (connector, cursor) = ready(&shop, 10).await?;
    let order = buy(&shop, "A", 3)?;
    let source = orders(&connector)?;
    for fault in [
        Fault::EveryCall(Trouble::ServerError),
        Fault::EveryCall(Trouble::Throttled(None)),
        Fault::EveryCall(Trouble::Page),
        Fault::EveryCall(Trouble::EmptyObject),
    ] {
        shop.fault(fault).await?;
        poll(source, Some(cursor.clone())).await.expect_err("a failed poll");
        shop.heal().await;
    }
    let (facts, _) = changes(&connector, cursor).await;
    assert!(newest(&facts, &order).is_some());
    Ok(())
}
