//! What an order at eBay means to us. The decisions are explained in `README.md`.

use crate::listing::Listing;
use crate::wire;
use omnistock_sdk::{LocationCodes, Unclear};
use omnistock_words::{
    FulfilledBy, LineId, ListingId, LocationName, Millis, OrderFact, OrderId, OrderLineFact, OrderStatus, Quantity,
    Revision, Sku,
};

/// Our locations, by the vendor's `merchantLocationKey`.
pub(crate) struct Places(pub(crate) LocationCodes);

impl Places {
    /// Where a buyer collects the order: at one of our places, or wherever it is sent from.
    fn of(&self, order: &wire::Order) -> Option<LocationName> {
        let pickup = order.instructions.iter().find_map(|one| one.pickup.as_ref())?;
        self.0.name(&pickup.location)
    }
}

/// The order in our words. `seen` is an instant before which the state can't have been read.
pub(crate) fn fact(order: &wire::Order, places: &Places, seen: Millis) -> Result<OrderFact, Unclear> {
    let status = status(order);
    let at = match status {
        OrderStatus::Open => None,
        OrderStatus::Cancelled => Some(order.cancel.at.unwrap_or(order.modified)),
        // The vendor does not say when it left: not later than the last change.
        OrderStatus::Shipped | OrderStatus::Returned => Some(order.modified),
    };
    let bad = |error: omnistock_words::NameError| Unclear {
        order: order.id.clone(),
        because: format!("{error}; look at it in eBay"),
    };
    let (location, fulfilled_by) = (places.of(order), fulfilled_by(order));
    let line = |line: &wire::Line| {
        Ok(OrderLineFact {
            line: LineId::new(&line.id).map_err(bad)?,
            sku: line.sku.as_deref().and_then(|sku| Sku::new(sku).ok()),
            listing: listing(line),
            quantity: Quantity::whole(line.quantity.max(0)),
            status: own_status(line, status),
            location: location.clone(),
            fulfilled_by,
            reservation: None,
            restock_location: None,
        })
    };
    Ok(OrderFact {
        order: OrderId::new(&order.id).map_err(bad)?,
        revision: Some(Revision {
            number: order.modified.0,
            sequence: seen.0,
        }),
        status,
        placed_at: order.created,
        at,
        lines: order.lines.iter().map(line).collect::<Result<_, Unclear>>()?,
    })
}

/// A line without a SKU names its page, which is the listing where that has no variations.
fn listing(line: &wire::Line) -> Option<ListingId> {
    let page = Listing::Item {
        item: line.page.clone().filter(|_| line.sku.is_none())?,
        variation: None,
    };
    Some(page.reference(None)?.key.listing)
}

/// A cancellation is of a whole order, and not of one that has left. One that is asked for is none yet; money that went
/// back is not goods.
fn status(order: &wire::Order) -> OrderStatus {
    match (order.fulfilment.as_str(), order.cancel.state.as_str()) {
        ("FULFILLED", _) => OrderStatus::Shipped,
        (_, "CANCELED") => OrderStatus::Cancelled,
        // NOT_STARTED, IN_PROGRESS, and whatever is new: sold until said otherwise.
        _ => OrderStatus::Open,
    }
}

/// A line that has left whole before or without the others.
fn own_status(line: &wire::Line, order: OrderStatus) -> Option<OrderStatus> {
    (line.fulfilment == "FULFILLED" && order != OrderStatus::Shipped).then_some(OrderStatus::Shipped)
}

fn fulfilled_by(order: &wire::Order) -> FulfilledBy {
    let ebay = order.instructions.iter().any(|one| one.kind == "FULFILLED_BY_EBAY");
    if ebay {
        FulfilledBy::Channel
    } else {
        FulfilledBy::Merchant
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn order(fulfilment: &str, cancel: &str, lines: &[&str], instruction: &Value) -> OrderFact {
        let line = |(number, status): (usize, &&str)| json!({"lineItemId": format!("1{number}"), "sku": "A", "quantity": 2, "lineItemFulfillmentStatus": status});
        let lines: Vec<Value> = lines.iter().enumerate().map(line).collect();
        let order = json!({"orderId": "12-34567-89012", "creationDate": "2026-01-05T12:00:00.000Z",
            "lastModifiedDate": "2026-01-05T12:30:00.123Z", "orderFulfillmentStatus": fulfilment,
            "cancelStatus": {"cancelState": cancel, "cancelledDate": "2026-01-05T12:20:00.000Z"},
            "fulfillmentStartInstructions": [instruction], "lineItems": lines,
            "buyer": {"username": "a_buyer"}});
        let places = Places(omnistock_sdk::testing::context("ebay", &[("berlin", "B1")]).locations);
        fact(&serde_json::from_value(order).unwrap(), &places, Millis(5)).unwrap()
    }

    #[test]
    fn every_state_has_its_meaning() {
        use OrderStatus::{Cancelled, Open, Shipped};
        for (fulfilment, cancel, ours) in [
            ("NOT_STARTED", "NONE_REQUESTED", Open),
            ("NOT_STARTED", "IN_PROGRESS", Open),
            ("IN_PROGRESS", "NONE_REQUESTED", Open),
            ("NOT_STARTED", "CANCELED", Cancelled),
            ("FULFILLED", "NONE_REQUESTED", Shipped),
            ("FULFILLED", "CANCELED", Shipped),
            ("SOMETHING_NEW", "NONE_REQUESTED", Open),
        ] {
            let fact = order(fulfilment, cancel, &["NOT_STARTED"], &json!({}));
            assert_eq!(fact.status, ours, "{fulfilment} {cancel}");
            assert_eq!(fact.at.is_some(), ours != Open);
        }
        let modified: Millis = "2026-01-05T12:30:00.123Z".parse().unwrap();
        let fact = order("FULFILLED", "NONE_REQUESTED", &["FULFILLED"], &json!({}));
        assert_eq!(
            fact.revision,
            Some(Revision {
                number: modified.0,
                sequence: 5
            })
        );
    }

    #[test]
    fn a_line_that_left_before_the_others_is_shipped() {
        let fact = order(
            "IN_PROGRESS",
            "NONE_REQUESTED",
            &["FULFILLED", "IN_PROGRESS"],
            &json!({}),
        );
        let own: Vec<_> = fact.lines.iter().map(|line| line.status).collect();
        assert_eq!(
            (fact.status, own),
            (OrderStatus::Open, vec![Some(OrderStatus::Shipped), None])
        );
    }

    #[test]
    fn an_order_that_is_collected_names_the_place_and_ebays_depot_is_not_ours() {
        let pickup = json!({"fulfillmentInstructionsType": "SHIP_TO", "pickupStep": {"merchantLocationKey": "B1"}});
        let fact = order("NOT_STARTED", "NONE_REQUESTED", &["NOT_STARTED"], &pickup);
        assert_eq!(fact.lines[0].location.as_ref().unwrap().as_str(), "berlin");
        let depot = json!({"fulfillmentInstructionsType": "FULFILLED_BY_EBAY"});
        let fact = order("NOT_STARTED", "NONE_REQUESTED", &["NOT_STARTED"], &depot);
        assert_eq!(fact.lines[0].fulfilled_by, FulfilledBy::Channel);
    }
}
