//! Orders as the vendor tells them, and what they mean here.

use super::*;
use omnistock_words::{LocationName, Sku};
use proptest::prelude::*;
use serde_json::{Value, json};

fn places() -> Places {
    let known = |name: &str| Place::Known(LocationName::new(name).unwrap());
    Places::of_places([
        ("1", known("berlin")),
        ("2", known("hamburg")),
        ("3", Place::Foreign),
        ("4", Place::Unknown),
    ])
}

fn parcel(at: &str, status: &str, location: u64, units: &[(u64, i64)]) -> Value {
    let lines: Vec<Value> = units
        .iter()
        .map(|(line, units)| json!({"quantity": units, "lineItem": {"id": format!("gid://shopify/LineItem/{line}")}}))
        .collect();
    json!({"status": status, "createdAt": at, "location": {"id": format!("gid://shopify/Location/{location}")}, "fulfillmentLineItems": {"nodes": lines}})
}

fn task(location: u64, units: &[(u64, i64)]) -> Value {
    let lines: Vec<Value> = units
        .iter()
        .map(|(line, units)| json!({"remainingQuantity": units, "lineItem": {"id": format!("gid://shopify/LineItem/{line}")}}))
        .collect();
    json!({"assignedLocation": {"location": {"id": format!("gid://shopify/Location/{location}")}}, "lineItems": {"nodes": lines}})
}

fn sold(id: u64, sku: &str, current: i64, open: i64) -> Value {
    json!({"id": format!("gid://shopify/LineItem/{id}"), "sku": sku, "currentQuantity": current, "unfulfilledQuantity": open})
}

fn order(lines: &Value, parcels: &Value, tasks: &Value, cancelled: Option<&str>) -> OrderFact {
    let order = json!({"id": "gid://shopify/Order/9", "createdAt": "2026-01-05T12:00:00Z", "updatedAt": "2026-01-05T12:30:00Z",
        "cancelledAt": cancelled, "lineItems": {"nodes": lines}, "fulfillments": parcels, "fulfillmentOrders": {"nodes": tasks}});
    fact(&serde_json::from_value(order).unwrap(), &places(), Millis(5)).unwrap()
}

const PARCEL: &str = "2026-01-05T12:10:00Z";

#[test]
fn a_new_order_is_open_pinned_to_where_it_is_to_leave_from() {
    let fact = order(
        &json!([sold(1, "A", 3, 3)]),
        &json!([]),
        &json!([task(1, &[(1, 3)])]),
        None,
    );
    assert_eq!(
        (fact.order.as_str(), fact.status, fact.at),
        ("9", OrderStatus::Open, None)
    );
    let line = &fact.lines[0];
    assert_eq!(
        (line.line.as_str(), line.sku.clone(), line.quantity, line.status),
        ("1", Sku::new("A").ok(), Quantity::whole(3), None)
    );
    assert_eq!(line.location.as_ref().map(LocationName::as_str), Some("berlin"));
    let changed: Millis = "2026-01-05T12:30:00Z".parse().unwrap();
    assert_eq!(
        fact.revision,
        Some(Revision {
            number: changed.0,
            sequence: 5
        })
    );
}

#[test]
fn part_of_a_line_that_left_leaves_it_open_with_all_its_units() {
    let parcels = json!([parcel(PARCEL, "SUCCESS", 1, &[(1, 1)])]);
    let fact = order(
        &json!([sold(1, "A", 3, 2), sold(2, "B", 1, 1)]),
        &parcels,
        &json!([task(1, &[(1, 2)]), task(2, &[(2, 1)])]),
        None,
    );
    assert_eq!(
        (fact.status, fact.lines[0].quantity, fact.lines[0].status),
        (OrderStatus::Open, Quantity::whole(3), None)
    );
    assert_eq!(
        fact.lines[1].location.as_ref().map(LocationName::as_str),
        Some("hamburg")
    );
}

#[test]
fn a_line_that_left_is_shipped_and_the_order_when_all_did() {
    let parcels = json!([parcel(PARCEL, "SUCCESS", 1, &[(1, 3)])]);
    let part = order(
        &json!([sold(1, "A", 3, 0), sold(2, "B", 1, 1)]),
        &parcels,
        &json!([]),
        None,
    );
    assert_eq!(
        (part.status, part.lines[0].status, part.lines[1].status),
        (OrderStatus::Open, Some(OrderStatus::Shipped), None)
    );
    let both = json!([
        parcel(PARCEL, "SUCCESS", 1, &[(1, 3)]),
        parcel("2026-01-05T12:20:00Z", "SUCCESS", 2, &[(2, 1)])
    ]);
    let whole = order(
        &json!([sold(1, "A", 3, 0), sold(2, "B", 1, 0)]),
        &both,
        &json!([]),
        None,
    );
    assert_eq!(
        (whole.status, whole.at),
        (OrderStatus::Shipped, "2026-01-05T12:20:00Z".parse().ok())
    );
    assert_eq!(
        whole.lines[1].location.as_ref().map(LocationName::as_str),
        Some("hamburg")
    );
    let failed = json!([parcel(PARCEL, "CANCELLED", 1, &[(1, 3)])]);
    assert_eq!(
        order(&json!([sold(1, "A", 3, 3)]), &failed, &json!([]), None).status,
        OrderStatus::Open
    );
}

#[test]
fn a_refund_of_goods_that_left_gives_nothing_back_and_one_before_does() {
    let parcels = json!([parcel(PARCEL, "SUCCESS", 1, &[(1, 1)])]);
    // Three ordered, one left and was paid back, two are still to leave.
    let after = order(&json!([sold(1, "A", 2, 2)]), &parcels, &json!([]), None);
    assert_eq!(after.lines[0].quantity, Quantity::whole(3));
    // Three ordered, two taken out by an edit or a refund before they left.
    let before = order(&json!([sold(1, "A", 1, 1)]), &json!([]), &json!([]), None);
    assert_eq!(before.lines[0].quantity, Quantity::ONE);
    let all = order(&json!([sold(1, "A", 0, 0)]), &json!([]), &json!([]), None);
    assert_eq!(
        (all.status, all.lines[0].quantity),
        (OrderStatus::Cancelled, Quantity::ZERO)
    );
}

#[test]
fn a_cancelled_order_is_cancelled_but_for_what_had_left() {
    let at = Some("2026-01-05T12:20:00Z");
    let fact = order(&json!([sold(1, "A", 0, 0)]), &json!([]), &json!([]), at);
    assert_eq!(
        (fact.status, fact.at, fact.lines[0].status),
        (OrderStatus::Cancelled, "2026-01-05T12:20:00Z".parse().ok(), None)
    );
    let parcels = json!([parcel(PARCEL, "SUCCESS", 1, &[(1, 1)])]);
    let fact = order(
        &json!([sold(1, "A", 3, 2), sold(2, "B", 1, 1)]),
        &parcels,
        &json!([]),
        at,
    );
    assert_eq!(
        (fact.status, fact.lines[0].status, fact.lines[0].quantity),
        (OrderStatus::Shipped, None, Quantity::ONE)
    );
    assert_eq!(fact.lines[1].status, Some(OrderStatus::Cancelled));
}

#[test]
fn a_place_is_named_only_where_all_of_a_line_has_the_same() {
    let lines = json!([sold(1, "A", 2, 2)]);
    let whence = |tasks: Value| {
        let fact = order(&lines, &json!([]), &tasks, None);
        (
            fact.lines[0].location.as_ref().map(ToString::to_string),
            fact.lines[0].fulfilled_by,
        )
    };
    assert_eq!(
        whence(json!([task(1, &[(1, 1)]), task(2, &[(1, 1)])])),
        (None, FulfilledBy::Merchant)
    );
    assert_eq!(whence(json!([task(3, &[(1, 2)])])), (None, FulfilledBy::Other));
    assert_eq!(
        whence(json!([task(3, &[(1, 1)]), task(1, &[(1, 1)])])),
        (None, FulfilledBy::Merchant)
    );
    assert_eq!(whence(json!([task(4, &[(1, 2)])])), (None, FulfilledBy::Merchant));
    assert_eq!(whence(json!([])), (None, FulfilledBy::Merchant));
}

proptest! {
    #[test]
    fn never_fewer_than_what_left_and_what_is_still_to_leave(ordered in 1i64..20, left in 0i64..20, removed in 0i64..20, refunded in 0i64..20) {
        let gone = left.min(ordered);
        let removed = removed.min(ordered - gone);
        let refunded = refunded.min(gone);
        let open = ordered - gone - removed;
        let parcels = if gone > 0 { json!([parcel(PARCEL, "SUCCESS", 1, &[(1, gone)])]) } else { json!([]) };
        let fact = order(&json!([sold(1, "A", ordered - removed - refunded, open)]), &parcels, &json!([]), None);
        prop_assert_eq!(fact.lines[0].quantity, Quantity::whole(gone + open));
        let line = fact.lines[0].status.unwrap_or(fact.status);
        prop_assert_eq!(line == OrderStatus::Shipped, gone > 0 && open == 0);
    }
}
