//! What an order at the shop means to us. The decisions are explained in `README.md`.
//!
//! Lines are judged by their own quantities: the shop's `fulfillment_status` says "fulfilled" as soon as
//! every parcel is packed, also while units are in no parcel yet [observed].

use crate::wire;
use omnistock_sdk::Unclear;
use omnistock_words::{
    FulfilledBy, LineId, Millis, OrderFact, OrderId, OrderLineFact, OrderStatus, Quantity, Revision, Sku,
};

/// Statuses whose orders may still hold stock: what a back-fill asks for. A finished order with units
/// that were never handed over still has them reserved.
pub(crate) const OPEN_STATUSES: [&str; 3] = ["pending", "requires_action", "completed"];

/// The order in our words; `None` for a draft, which nobody has bought. `seen` is an instant before which
/// the state can't have been read: it decides between reports of the same millisecond.
pub(crate) fn fact(order: &wire::Order, seen: Millis) -> Result<Option<OrderFact>, Unclear> {
    if order.draft == Some(true) || order.status == "draft" {
        return Ok(None);
    }
    let finished = matches!(order.status.as_str(), "completed" | "archived");
    let Some(items) = &order.items else {
        return Err(unreadable(order, "the answer has no `items`"));
    };
    let mut lines = items
        .iter()
        .map(|sold| line(order, sold, finished))
        .collect::<Result<Vec<_>, _>>()?;
    let status = if order.status == "canceled" || order.canceled_at.is_some() {
        OrderStatus::Cancelled
    } else {
        common(&lines).unwrap_or(OrderStatus::Open)
    };
    for line in &mut lines {
        if status == OrderStatus::Cancelled || line.status == Some(status) {
            line.status = None;
        }
    }
    let at = match status {
        OrderStatus::Open => None,
        OrderStatus::Cancelled => Some(order.canceled_at.unwrap_or(order.updated_at)),
        OrderStatus::Shipped => Some(handed_over(order).unwrap_or(order.updated_at)),
        OrderStatus::Returned => Some(order.updated_at),
    };
    Ok(Some(OrderFact {
        order: OrderId::new(&order.id).map_err(|error| unreadable(order, &error.to_string()))?,
        revision: Some(Revision {
            number: order.updated_at.0,
            sequence: seen.0,
        }),
        status,
        placed_at: order.created_at,
        at,
        lines,
    }))
}

/// A line that is left out would give its units back, so an order is understood whole or not at all.
fn unreadable(order: &wire::Order, what: &str) -> Unclear {
    Unclear {
        order: order.id.clone(),
        because: format!("{what}; look at it in Medusa"),
    }
}

fn line(order: &wire::Order, line: &wire::Line, finished: bool) -> Result<OrderLineFact, Unclear> {
    let Some(quantity) = line.quantity.0.or(line.detail.quantity.0) else {
        return Err(unreadable(order, &format!("line {} has no quantity", line.id)));
    };
    Ok(OrderLineFact {
        line: LineId::new(&line.id).map_err(|error| unreadable(order, &error.to_string()))?,
        sku: line.variant_sku.as_ref().and_then(|sku| Sku::new(sku).ok()),
        listing: None,
        quantity: quantity.positive(),
        status: Some(standing(quantity, &line.detail, finished)),
        location: None,
        fulfilled_by: FulfilledBy::Merchant,
        reservation: None,
        restock_location: None,
    })
}

/// Packed goods are still in the house: handed over is what was shipped or delivered; where a person
/// finished the order, packed is taken as handed over.
fn standing(quantity: Quantity, detail: &wire::Detail, finished: bool) -> OrderStatus {
    let packed = if finished {
        detail.fulfilled.or_zero()
    } else {
        Quantity::ZERO
    };
    let gone = detail.shipped.or_zero().max(detail.delivered.or_zero()).max(packed);
    let back = detail.return_received.or_zero() + detail.return_dismissed.or_zero();
    if !quantity.is_positive() || gone < quantity {
        OrderStatus::Open
    } else if back >= quantity {
        OrderStatus::Returned
    } else {
        OrderStatus::Shipped
    }
}

/// Where all lines that still sell something stand; shipped, when all that isn't shipped came back.
fn common(lines: &[OrderLineFact]) -> Option<OrderStatus> {
    let mut sold = lines
        .iter()
        .filter(|line| line.quantity.is_positive())
        .filter_map(|line| line.status);
    let first = sold.next()?;
    sold.try_fold(first, |one, other| match (one, other) {
        (OrderStatus::Open, _) | (_, OrderStatus::Open) => None,
        (OrderStatus::Shipped, _) | (_, OrderStatus::Shipped) => Some(OrderStatus::Shipped),
        (one, _) => Some(one),
    })
}

/// When the last parcel left the house.
fn handed_over(order: &wire::Order) -> Option<Millis> {
    let sent = order.fulfillments.iter().filter(|parcel| parcel.canceled.is_none());
    sent.filter_map(|parcel| parcel.shipped.or(parcel.delivered).or(parcel.created))
        .max()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn order(changes: &Value) -> OrderFact {
        let mut order = json!({
            "id": "order_1", "status": "pending", "created_at": "2026-01-05T12:00:00.000Z", "updated_at": "2026-01-05T12:30:00.250Z",
            "canceled_at": null, "is_draft_order": false, "email": "somebody@example.test",
            "items": [{"id": "ordli_1", "variant_sku": "A", "quantity": 3, "detail": {}}], "fulfillments": []
        });
        for (key, value) in changes.as_object().unwrap() {
            order[key] = value.clone();
        }
        fact(&serde_json::from_value(order).unwrap(), Millis(5))
            .unwrap()
            .unwrap()
    }

    fn items(sold: i64, detail: &Value) -> Value {
        json!([{"id": "ordli_1", "variant_sku": "A", "quantity": sold, "detail": detail}])
    }

    #[test]
    fn a_new_order_is_open_with_its_time_of_change_as_revision() {
        let fact = order(&json!({}));
        assert_eq!(
            (fact.status, fact.at, fact.lines[0].status),
            (OrderStatus::Open, None, None)
        );
        let updated: Millis = "2026-01-05T12:30:00.250Z".parse().unwrap();
        assert_eq!(
            fact.revision,
            Some(Revision {
                number: updated.0,
                sequence: 5
            })
        );
        assert_eq!(
            (fact.lines[0].sku.clone(), fact.lines[0].quantity),
            (Sku::new("A").ok(), Quantity::whole(3))
        );
    }

    #[test]
    fn units_decide_not_the_shops_summary() {
        for (status, detail, ours) in [
            ("pending", json!({"fulfilled_quantity": 3}), OrderStatus::Open),
            (
                "pending",
                json!({"fulfilled_quantity": 3, "shipped_quantity": 2}),
                OrderStatus::Open,
            ),
            (
                "pending",
                json!({"fulfilled_quantity": 3, "shipped_quantity": 3}),
                OrderStatus::Shipped,
            ),
            (
                "pending",
                json!({"fulfilled_quantity": 3, "delivered_quantity": 3}),
                OrderStatus::Shipped,
            ),
            ("completed", json!({"fulfilled_quantity": 3}), OrderStatus::Shipped),
            ("archived", json!({"fulfilled_quantity": 2}), OrderStatus::Open),
            (
                "completed",
                json!({"shipped_quantity": 3, "return_received_quantity": 1}),
                OrderStatus::Shipped,
            ),
            (
                "completed",
                json!({"shipped_quantity": 3, "return_received_quantity": 2, "return_dismissed_quantity": 1}),
                OrderStatus::Returned,
            ),
            ("requires_action", json!({}), OrderStatus::Open),
        ] {
            let change = json!({"status": status, "fulfillment_status": "fulfilled", "items": items(3, &detail)});
            assert_eq!(order(&change).status, ours, "{status} {detail}");
        }
    }

    #[test]
    fn a_return_leaves_the_sold_quantity_alone() {
        let fact = order(&json!({"items": items(3, &json!({"shipped_quantity": 3, "return_received_quantity": 2}))}));
        assert_eq!(fact.lines[0].quantity, Quantity::whole(3));
    }

    #[test]
    fn lines_that_differ_from_an_open_order_say_so() {
        let two = json!([
            {"id": "ordli_1", "variant_sku": "A", "quantity": 1, "detail": {"shipped_quantity": 1}},
            {"id": "ordli_2", "variant_sku": null, "quantity": 1, "detail": {}},
        ]);
        let fact = order(&json!({"items": two}));
        assert_eq!(
            (fact.status, fact.lines[0].status, fact.lines[1].status),
            (OrderStatus::Open, Some(OrderStatus::Shipped), None)
        );
        assert_eq!(fact.lines[1].sku, None);
    }

    #[test]
    fn shipped_at_is_when_the_last_parcel_left() {
        let fact = order(&json!({
            "items": items(3, &json!({"fulfilled_quantity": 3, "shipped_quantity": 3})),
            "fulfillments": [
                {"created_at": "2026-01-05T12:05:00Z", "shipped_at": "2026-01-05T12:10:00Z", "canceled_at": null},
                {"created_at": "2026-01-05T12:25:00Z", "shipped_at": null, "canceled_at": "2026-01-05T12:26:00Z"},
            ]
        }));
        assert_eq!(fact.at, "2026-01-05T12:10:00Z".parse().ok());
    }

    #[test]
    fn a_cancelled_order_is_cancelled_whatever_its_lines_say() {
        let fact = order(
            &json!({"status": "canceled", "canceled_at": "2026-01-05T12:20:00Z", "items": items(3, &json!({"shipped_quantity": 3}))}),
        );
        assert_eq!((fact.status, fact.lines[0].status), (OrderStatus::Cancelled, None));
        assert_eq!(fact.at, "2026-01-05T12:20:00Z".parse().ok());
    }

    #[test]
    fn a_draft_is_no_order() {
        let draft = json!({"id": "order_1", "status": "draft", "created_at": "2026-01-05T12:00:00Z", "updated_at": "2026-01-05T12:00:00Z"});
        assert_eq!(fact(&serde_json::from_value(draft).unwrap(), Millis(5)).unwrap(), None);
    }

    #[test]
    fn no_line_is_ever_left_out() {
        let told_once = json!([{"id": "ordli_1", "variant_sku": "A", "detail": {"quantity": 2}}]);
        assert_eq!(
            order(&json!({"items": told_once})).lines[0].quantity,
            Quantity::whole(2)
        );
        let at = "2026-01-05T12:00:00Z";
        let broken = json!({"id": "order_1", "status": "pending", "created_at": at, "updated_at": at, "items": [{"id": "ordli_1"}]});
        let error = fact(&serde_json::from_value(broken).unwrap(), Millis(5)).unwrap_err();
        assert!(error.order == "order_1" && error.because.contains("ordli_1"), "{error}");
    }
}
