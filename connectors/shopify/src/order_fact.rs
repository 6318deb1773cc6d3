//! What an order at the shop means to us. The decisions are explained in `README.md`.

use crate::gid::number;
use crate::places::{Place, Places};
use crate::wire;
use omnistock_sdk::Unclear;
use omnistock_words::{
    FulfilledBy, LineId, Millis, OrderFact, OrderId, OrderLineFact, OrderStatus, Quantity, Revision,
};

/// What is known of one line beside itself.
#[derive(Default)]
struct Way {
    /// Units handed over.
    gone: i64,
    /// Places that handed over, or are to hand over, units of it; by global id.
    places: Vec<String>,
}

/// The order in our words. `seen` is an instant before which the state can't have been read: it decides between
/// reports of the same second. An order is understood whole or not at all: a line left out would give units back.
pub(crate) fn fact(order: &wire::Order, places: &Places, seen: Millis) -> Result<OrderFact, Unclear> {
    let mut lines = order
        .line_items
        .nodes
        .iter()
        .map(|sold| line(order, sold, places))
        .collect::<Result<Vec<_>, _>>()?;
    let shipped = |line: &OrderLineFact| line.status == Some(OrderStatus::Shipped);
    let status = if order.cancelled_at.is_none() {
        let mut sold = lines.iter().filter(|line| line.quantity.is_positive()).peekable();
        // A line of which everything was taken out says nothing about the others; where that is all of them, nothing is sold.
        if sold.peek().is_none() {
            OrderStatus::Cancelled
        } else if sold.all(shipped) {
            OrderStatus::Shipped
        } else {
            OrderStatus::Open
        }
    } else if lines.iter().any(shipped) {
        // What had left the house before the rest was cancelled did not come back by that.
        OrderStatus::Shipped
    } else {
        OrderStatus::Cancelled
    };
    for line in &mut lines {
        if line.status == Some(status) || status == OrderStatus::Cancelled {
            line.status = None;
        }
    }
    let at = match status {
        OrderStatus::Open => None,
        OrderStatus::Shipped => Some(handed_over(order).unwrap_or(order.updated_at)),
        OrderStatus::Cancelled | OrderStatus::Returned => Some(order.cancelled_at.unwrap_or(order.updated_at)),
    };
    let id = number(&order.id).ok_or_else(|| unreadable(order, "its id is not one of Shopify's"))?;
    Ok(OrderFact {
        order: OrderId::new(id).map_err(|error| unreadable(order, &error.to_string()))?,
        revision: Some(Revision {
            number: order.updated_at.0,
            sequence: seen.0,
        }),
        status,
        placed_at: order.created_at,
        at,
        lines,
    })
}

pub(crate) fn unreadable(order: &wire::Order, what: &str) -> Unclear {
    Unclear {
        order: order.id.clone(),
        because: format!("{what}; look at it in Shopify"),
    }
}

fn line(order: &wire::Order, line: &wire::Line, places: &Places) -> Result<OrderLineFact, Unclear> {
    let way = way(order, &line.id);
    let open = line.unfulfilled_quantity.max(0);
    // Units that were taken out before they left (edits, refunds) are sold no more; those that had left, or are
    // still to leave, are, whatever was paid back for them.
    let cancelled = order.cancelled_at.is_some();
    let sold = if cancelled && way.gone > 0 {
        way.gone
    } else {
        (way.gone + open).max(line.current_quantity)
    };
    let status = if way.gone >= sold && sold > 0 {
        OrderStatus::Shipped
    } else if cancelled {
        OrderStatus::Cancelled
    } else {
        OrderStatus::Open
    };
    let (location, fulfilled_by) = whence(&way, places);
    let id = number(&line.id).ok_or_else(|| unreadable(order, "the id of a line is not one of Shopify's"))?;
    Ok(OrderLineFact {
        line: LineId::new(id).map_err(|error| unreadable(order, &error.to_string()))?,
        sku: line.sku.clone(),
        listing: None,
        quantity: Quantity::whole(sold.max(0)),
        status: Some(status),
        location,
        fulfilled_by,
        reservation: None,
        restock_location: None,
    })
}

fn way(order: &wire::Order, line: &str) -> Way {
    let mut way = Way::default();
    let pass = |way: &mut Way, place: Option<&wire::Identified>| {
        if let Some(place) = place.filter(|place| !way.places.contains(&place.id)) {
            way.places.push(place.id.clone());
        }
    };
    for parcel in sent(order) {
        let units: i64 = parcel
            .fulfillment_line_items
            .nodes
            .iter()
            .filter(|part| part.line_item.id == line)
            .filter_map(|part| part.quantity)
            .sum();
        if units > 0 {
            way.gone = way.gone.saturating_add(units);
            pass(&mut way, parcel.location.as_ref());
        }
    }
    for task in order.fulfillment_orders.iter().flat_map(|tasks| &tasks.nodes) {
        if task
            .line_items
            .nodes
            .iter()
            .any(|part| part.line_item.id == line && part.remaining_quantity > 0)
        {
            pass(&mut way, task.assigned_location.location.as_ref());
        }
    }
    way
}

/// Parcels that were neither taken back nor failed.
fn sent(order: &wire::Order) -> impl Iterator<Item = &wire::Fulfilment> {
    order.fulfillments.iter().filter(|parcel| parcel.status == "SUCCESS")
}

/// Where a line comes from: a place only where all of it has the same one. A service whose place we don't know takes
/// nothing from any place of ours.
fn whence(way: &Way, places: &Places) -> (Option<omnistock_words::LocationName>, FulfilledBy) {
    let all: Vec<Place> = way.places.iter().map(|place| places.of_gid(place)).collect();
    match all.as_slice() {
        [Place::Known(name)] => (Some(name.clone()), FulfilledBy::Merchant),
        all if !all.is_empty() && all.iter().all(|place| *place == Place::Foreign) => (None, FulfilledBy::Other),
        _ => (None, FulfilledBy::Merchant),
    }
}

/// When the last parcel left the house.
fn handed_over(order: &wire::Order) -> Option<Millis> {
    sent(order).map(|parcel| parcel.created_at).max()
}

#[cfg(test)]
#[path = "order_fact_tests.rs"]
mod tests;
