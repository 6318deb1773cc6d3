//! What an order at Amazon means to us. The decisions are explained in `README.md`.

use crate::wire;
use omnistock_sdk::Unclear;
use omnistock_words::{
    FulfilledBy, LineId, Millis, OrderFact, OrderId, OrderLineFact, OrderStatus, Quantity, Revision, Sku,
};

/// Statuses whose orders may still hold stock: what a back-fill asks for.
pub(crate) const OPEN_STATUSES: &str = "PENDING_AVAILABILITY,PENDING,UNSHIPPED,PARTIALLY_SHIPPED";

/// The order in our words; `None` for one that Amazon only fulfils: it was not sold here. `seen` is an instant before
/// which the state can't have been read: it decides between reports of the same millisecond.
pub(crate) fn fact(order: &wire::Order, seen: Millis) -> Result<Option<OrderFact>, Unclear> {
    if order.sales_channel.channel_name == "NON_AMAZON" {
        return Ok(None);
    }
    let Some(fulfillment) = &order.fulfillment else {
        return Err(unreadable(order, "it does not say where it stands"));
    };
    let pending = matches!(
        fulfillment.fulfillment_status.as_str(),
        "PENDING" | "PENDING_AVAILABILITY"
    );
    let status = match fulfillment.fulfillment_status.as_str() {
        "PENDING_AVAILABILITY" | "PENDING" | "UNSHIPPED" | "PARTIALLY_SHIPPED" => OrderStatus::Open,
        "SHIPPED" => OrderStatus::Shipped,
        // UNFULFILLABLE is said of orders that Amazon fulfils only [the vendor's definition].
        "CANCELLED" | "UNFULFILLABLE" => OrderStatus::Cancelled,
        other => return Err(unreadable(order, &format!("its status `{other}` is not known here"))),
    };
    let fulfilled_by = match fulfillment.fulfilled_by.as_deref() {
        Some("AMAZON") => FulfilledBy::Channel,
        // Where it does not say, the units are taken for ours: too few on sale is the smaller harm.
        _ => FulfilledBy::Merchant,
    };
    let lines = order.order_items.iter();
    let lines = lines.map(|item| line(order, item, status, fulfilled_by, pending));
    let shipped = order.packages.iter().filter_map(|package| package.ship_time).max();
    Ok(Some(OrderFact {
        order: OrderId::new(&order.order_id).map_err(|error| unreadable(order, &error.to_string()))?,
        revision: Some(Revision {
            number: order.last_updated_time.0,
            sequence: seen.0,
        }),
        status,
        placed_at: order.created_time,
        at: match status {
            OrderStatus::Open => None,
            OrderStatus::Shipped => Some(shipped.unwrap_or(order.last_updated_time)),
            OrderStatus::Cancelled | OrderStatus::Returned => Some(order.last_updated_time),
        },
        lines: lines.collect::<Result<_, _>>()?,
    }))
}

/// A line that is left out would give its units back, so an order is understood whole or not at all.
fn unreadable(order: &wire::Order, what: &str) -> Unclear {
    Unclear {
        order: order.order_id.clone(),
        because: format!("{what}; look at it in Seller Central"),
    }
}

fn line(
    order: &wire::Order,
    item: &wire::OrderItem,
    status: OrderStatus,
    fulfilled_by: FulfilledBy,
    pending: bool,
) -> Result<OrderLineFact, Unclear> {
    let units = item
        .fulfillment
        .as_ref()
        .filter(|_| !pending && status != OrderStatus::Cancelled);
    let gone = units.and_then(|units| units.quantity_fulfilled);
    let left = units.and_then(|units| units.quantity_unfulfilled);
    // What was cancelled of a line is neither fulfilled nor to be fulfilled any more.
    let sold = gone
        .zip(left)
        .map_or(item.quantity_ordered, |(gone, left)| gone.saturating_add(left));
    let out = status == OrderStatus::Open && left == Some(0) && gone.is_some_and(|gone| gone > 0);
    Ok(OrderLineFact {
        line: LineId::new(&item.order_item_id).map_err(|error| unreadable(order, &error.to_string()))?,
        sku: item.product.seller_sku.as_ref().and_then(|sku| Sku::new(sku).ok()),
        listing: None,
        quantity: Quantity::whole(sold.clamp(0, item.quantity_ordered.max(0))),
        status: out.then_some(OrderStatus::Shipped),
        location: None,
        fulfilled_by,
        reservation: None,
        restock_location: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn wire_order(status: &str, by: &str, items: &Value) -> wire::Order {
        serde_json::from_value(json!({
            "orderId": "302-1", "createdTime": "2026-01-05T12:00:00Z", "lastUpdatedTime": "2026-01-05T12:30:00.250Z",
            "salesChannel": {"channelName": "AMAZON", "marketplaceId": "A1PA6795UKMFR9"},
            "buyer": {"buyerName": "Somebody"}, "fulfillment": {"fulfillmentStatus": status, "fulfilledBy": by},
            "orderItems": items,
        }))
        .unwrap()
    }

    fn told(status: &str, items: &Value) -> OrderFact {
        fact(&wire_order(status, "MERCHANT", items), Millis(5))
            .unwrap()
            .unwrap()
    }

    fn item(ordered: i64, gone: i64, left: i64) -> Value {
        json!({"orderItemId": "1", "quantityOrdered": ordered, "product": {"sellerSku": "A"},
               "fulfillment": {"quantityFulfilled": gone, "quantityUnfulfilled": left}})
    }

    #[test]
    fn every_status_has_its_meaning() {
        for (theirs, ours) in [
            ("PENDING_AVAILABILITY", OrderStatus::Open),
            ("PENDING", OrderStatus::Open),
            ("UNSHIPPED", OrderStatus::Open),
            ("PARTIALLY_SHIPPED", OrderStatus::Open),
            ("SHIPPED", OrderStatus::Shipped),
            ("CANCELLED", OrderStatus::Cancelled),
        ] {
            let fact = told(theirs, &json!([item(3, 0, 3)]));
            assert_eq!(
                (fact.status, fact.lines[0].quantity),
                (ours, Quantity::whole(3)),
                "{theirs}"
            );
        }
        let strange = fact(&wire_order("HELD", "MERCHANT", &json!([])), Millis(5)).unwrap_err();
        assert!(
            strange.order == "302-1" && strange.because.contains("HELD"),
            "{strange}"
        );
    }

    #[test]
    fn what_was_cancelled_of_a_line_is_sold_no_more() {
        let fact = told("PARTIALLY_SHIPPED", &json!([item(5, 1, 2), item(2, 2, 0)]));
        assert_eq!(fact.lines[0].quantity, Quantity::whole(3));
        assert_eq!(
            (fact.lines[0].status, fact.lines[1].status),
            (None, Some(OrderStatus::Shipped))
        );
    }

    #[test]
    fn a_pending_order_holds_what_was_ordered_whatever_else_it_says() {
        assert_eq!(
            told("PENDING", &json!([item(4, 0, 0)])).lines[0].quantity,
            Quantity::whole(4)
        );
    }

    #[test]
    fn what_amazon_fulfils_takes_nothing_from_own_stock() {
        let fact = fact(&wire_order("UNSHIPPED", "AMAZON", &json!([item(1, 0, 1)])), Millis(5));
        assert_eq!(fact.unwrap().unwrap().lines[0].fulfilled_by, FulfilledBy::Channel);
    }

    #[test]
    fn orders_of_other_shops_are_not_amazons() {
        let mut order = wire_order("UNSHIPPED", "AMAZON", &json!([item(1, 0, 1)]));
        "NON_AMAZON".clone_into(&mut order.sales_channel.channel_name);
        assert_eq!(fact(&order, Millis(5)).unwrap(), None);
    }

    #[test]
    fn a_shipped_order_left_with_its_last_parcel() {
        let mut order = wire_order("SHIPPED", "MERCHANT", &json!([item(1, 1, 0)]));
        order.packages = serde_json::from_value(json!([{"shipTime": "2026-01-05T12:10:00Z"}, {}])).unwrap();
        let fact = fact(&order, Millis(5)).unwrap().unwrap();
        assert_eq!(fact.at, "2026-01-05T12:10:00Z".parse().ok());
    }
}
