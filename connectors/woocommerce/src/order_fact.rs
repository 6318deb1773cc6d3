//! What an order at the shop means to us. The decisions are explained in `README.md`.

use crate::wire;
use omnistock_sdk::Unclear;
use omnistock_words::{
    FulfilledBy, LineId, ListingId, Millis, OrderFact, OrderId, OrderLineFact, OrderStatus, Quantity, Revision,
};

/// Statuses whose orders may still hold stock: what a back-fill asks for.
pub(crate) const OPEN_STATUSES: &str = "pending,processing,on-hold";

/// The order in our words; `None` for a basket that was never sent off. `seen` is an instant before which
/// the state can't have been read: it decides between reports of the same second.
pub(crate) fn fact(order: &wire::Order, seen: Millis) -> Result<Option<OrderFact>, Unclear> {
    let Some(status) = status(order) else {
        return Ok(None);
    };
    let placed_at = order.date_created_gmt.or(order.date_modified_gmt).unwrap_or_default();
    let modified = order.date_modified_gmt.unwrap_or(placed_at);
    let at = match status {
        OrderStatus::Open => None,
        OrderStatus::Shipped => Some(order.date_completed_gmt.unwrap_or(modified)),
        OrderStatus::Cancelled | OrderStatus::Returned => Some(modified),
    };
    Ok(Some(OrderFact {
        order: OrderId::new(order.id.to_string()).map_err(|error| unreadable(order, &error.to_string()))?,
        revision: Some(Revision {
            number: modified.0,
            sequence: seen.0,
        }),
        status,
        placed_at,
        at,
        lines: order
            .line_items
            .iter()
            .map(|sold| line(order, sold))
            .collect::<Result<_, _>>()?,
    }))
}

/// A line that is left out would give its units back, so an order is understood whole or not at all.
fn unreadable(order: &wire::Order, what: &str) -> Unclear {
    Unclear {
        order: order.id.to_string(),
        because: format!("{what}; look at it in WooCommerce"),
    }
}

fn status(order: &wire::Order) -> Option<OrderStatus> {
    Some(match order.status.as_str() {
        "checkout-draft" | "auto-draft" => return None,
        "completed" => OrderStatus::Shipped,
        "refunded" => OrderStatus::Returned,
        // Somebody tidied up: goods that were handed over don't come back by that.
        "trash" if order.date_completed_gmt.is_some() => OrderStatus::Shipped,
        "cancelled" | "failed" | "trash" => OrderStatus::Cancelled,
        // pending, processing, on-hold, and whatever plugins add ("ready to ship"): sold until said otherwise.
        _ => OrderStatus::Open,
    })
}

fn line(order: &wire::Order, line: &wire::Line) -> Result<OrderLineFact, Unclear> {
    let Some(quantity) = line.quantity else {
        return Err(unreadable(
            order,
            &format!("line {} has no `quantity` that is a number", line.id),
        ));
    };
    let listing = line
        .variation_id
        .filter(|id| *id > 0)
        .or(line.product_id.filter(|id| *id > 0));
    Ok(OrderLineFact {
        line: LineId::new(line.id.to_string()).map_err(|error| unreadable(order, &error.to_string()))?,
        sku: line.sku.clone(),
        listing: listing.and_then(|id| ListingId::new(id.to_string()).ok()),
        quantity: quantity.max(Quantity::ZERO),
        status: None,
        location: None,
        fulfilled_by: FulfilledBy::Merchant,
        reservation: None,
        restock_location: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn order(status: &str, completed: Option<&str>) -> wire::Order {
        serde_json::from_value(json!({
            "id": 7, "status": status, "date_created_gmt": "2026-01-05T12:00:00", "date_modified_gmt": "2026-01-05T12:30:00",
            "date_completed_gmt": completed, "line_items": [{"id": 1, "sku": "A", "quantity": 2}, {"id": 2, "sku": "", "quantity": 1}]
        }))
        .unwrap()
    }

    #[test]
    fn every_status_has_its_meaning() {
        for (vendor, ours) in [
            ("pending", Some(OrderStatus::Open)),
            ("processing", Some(OrderStatus::Open)),
            ("on-hold", Some(OrderStatus::Open)),
            ("ready-to-ship", Some(OrderStatus::Open)),
            ("completed", Some(OrderStatus::Shipped)),
            ("cancelled", Some(OrderStatus::Cancelled)),
            ("failed", Some(OrderStatus::Cancelled)),
            ("trash", Some(OrderStatus::Cancelled)),
            ("refunded", Some(OrderStatus::Returned)),
            ("checkout-draft", None),
        ] {
            assert_eq!(
                fact(&order(vendor, None), Millis(5)).unwrap().map(|fact| fact.status),
                ours,
                "{vendor}"
            );
        }
    }

    #[test]
    fn tidying_up_a_finished_order_brings_nothing_back() {
        let fact = fact(&order("trash", Some("2026-01-05T12:10:00")), Millis(5))
            .unwrap()
            .unwrap();
        assert_eq!(fact.status, OrderStatus::Shipped);
        assert_eq!(fact.at, "2026-01-05T12:10:00Z".parse().ok());
    }

    #[test]
    fn a_line_without_sku_is_kept_and_the_revision_is_the_time_of_change() {
        let fact = fact(&order("processing", None), Millis(5)).unwrap().unwrap();
        assert_eq!(fact.lines.len(), 2);
        assert_eq!(
            (fact.lines[1].sku.clone(), fact.lines[1].quantity),
            (None, Quantity::ONE)
        );
        let modified: Millis = "2026-01-05T12:30:00Z".parse().unwrap();
        assert_eq!(
            fact.revision,
            Some(Revision {
                number: modified.0,
                sequence: 5
            })
        );
        assert_eq!(
            (fact.placed_at, fact.at),
            ("2026-01-05T12:00:00Z".parse().unwrap(), None)
        );
    }
}
