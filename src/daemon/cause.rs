//! Events in words: what changed the ledger of one SKU.

use omnistock_engine::Event;
use omnistock_words::{OrderFact, OrderStatus, Sku};

/// What the event says of the SKU, such as `order shop 10211/1, 2 units`; `None`: nothing.
pub(super) fn cause(event: &Event, sku: &Sku) -> Option<String> {
    match event {
        Event::Stock(stock) => {
            let rows = stock.rows.iter().filter(|row| row.sku == *sku);
            let rows: Vec<String> = rows.map(|row| format!("{} {}", row.location, row.quantity)).collect();
            (!rows.is_empty()).then(|| format!("stock {}: {}", stock.source, rows.join(", ")))
        }
        Event::Missing { source, rows, .. } => {
            let rows = rows.iter().filter(|row| row.sku == *sku);
            let rows: Vec<&str> = rows.map(|row| row.location.as_str()).collect();
            (!rows.is_empty()).then(|| format!("not in the snapshot of {source}: {}", rows.join(", ")))
        }
        Event::Snapshot { .. } => None,
        Event::Approved { source, .. } => Some(format!("the report of {source} was approved")),
        Event::Order { channel, order } => Some(format!("order {channel} {}", of_order(order, sku))),
        Event::Absorbed {
            source,
            channel,
            order,
            line,
            quantity,
            ..
        } => Some(format!(
            "{source} contains {quantity} of order {channel} {order}/{line}"
        )),
        Event::Mended {
            channel,
            order,
            line,
            source,
            quantity,
            reason,
            ..
        } => Some(match source {
            Some(source) => {
                format!("a person: {source} contains {quantity} of order {channel} {order}/{line} ({reason})")
            }
            None => format!("a person gave {quantity} of order {channel} {order}/{line} back ({reason})"),
        }),
        Event::Movement {
            source,
            id,
            location,
            quantity,
            ..
        } => Some(format!("movement {source} {id}: {location} {quantity}")),
        Event::Reservation {
            id,
            location,
            channel,
            quantity,
            ..
        } => {
            let place = location.as_ref().map(ToString::to_string);
            let place = place
                .or_else(|| channel.as_ref().map(ToString::to_string))
                .unwrap_or_default();
            Some(if quantity.is_zero() {
                format!("reservation {id} released")
            } else {
                format!("reservation {id}: {quantity} at {place}")
            })
        }
        Event::Price {
            source, list, price, ..
        } => Some(format!("price {source}, {list}: {price}")),
    }
}

fn of_order(order: &OrderFact, sku: &Sku) -> String {
    let status = |status| match status {
        OrderStatus::Open => "",
        OrderStatus::Cancelled => ", cancelled",
        OrderStatus::Shipped => ", shipped",
        OrderStatus::Returned => ", returned",
    };
    let lines: Vec<String> = order
        .lines
        .iter()
        .filter(|line| line.sku.as_ref() == Some(sku))
        .map(|line| {
            let said = status(line.status.unwrap_or(order.status));
            format!("{}/{}, {} units{said}", order.order, line.line, line.quantity)
        })
        .collect();
    if lines.is_empty() {
        // Part of a bundle, or a line that a later revision dropped.
        return format!("{}{}", order.order, status(order.status));
    }
    lines.join("; ")
}
