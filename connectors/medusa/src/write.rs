//! Sets stocked quantities: one call for many levels, done together or not at all.

use crate::client::Client;
use crate::wire;
use omnistock_sdk::{ConnectorError, ItemOutcome, WriteItem};
use omnistock_words::Quantity;
use serde_json::{Number, Value, json};
use std::collections::BTreeMap;

const PATH: &str = "/admin/inventory-items/location-levels/batch";

/// One outcome per item, in order. A refusal of the whole call is an error: the vendor names the level
/// that it doesn't know, and nothing was written [observed].
pub(crate) async fn write(client: &Client, items: &[WriteItem]) -> Result<Vec<ItemOutcome>, ConnectorError> {
    let rows: Vec<Value> = items.iter().filter_map(row).collect();
    if rows.is_empty() {
        return Ok(items.iter().map(|item| outcome(item, &BTreeMap::new())).collect());
    }
    let answer: wire::BatchAnswer = client
        .post(PATH, &json!({"create": [], "update": rows, "delete": []}))
        .await?;
    let done: BTreeMap<(&str, &str), Option<Quantity>> = answer
        .updated
        .iter()
        .map(|level| {
            (
                (level.inventory_item_id.as_str(), level.location_id.as_str()),
                level.stocked_quantity.0,
            )
        })
        .collect();
    Ok(items.iter().map(|item| outcome(item, &done)).collect())
}

fn row(item: &WriteItem) -> Option<Value> {
    let key = &item.reference.key;
    let location = key.location.as_ref()?;
    Some(
        json!({"inventory_item_id": key.listing.as_str(), "location_id": location.as_str(), "stocked_quantity": number(item.quantity)}),
    )
}

/// A JSON number: a text is refused with the words "is required" [observed].
fn number(quantity: Quantity) -> Value {
    match quantity.as_whole() {
        Some(units) => Value::from(units),
        None => quantity
            .to_string()
            .parse::<Number>()
            .map_or(Value::Null, Value::Number),
    }
}

fn outcome(item: &WriteItem, done: &BTreeMap<(&str, &str), Option<Quantity>>) -> ItemOutcome {
    let key = &item.reference.key;
    let Some(location) = &key.location else {
        return ItemOutcome::Rejected {
            reason: "it is stocked at no location of Medusa, so there is no number to set".to_owned(),
        };
    };
    match done.get(&(key.listing.as_str(), location.as_str())) {
        Some(quantity) => ItemOutcome::Applied { quantity: *quantity },
        None => ItemOutcome::Unknown {
            reason: "the answer doesn't speak of this level".to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use omnistock_sdk::{ListingKey, ListingReference};
    use omnistock_words::{ListingId, VendorLocation};

    fn item(location: Option<&str>, quantity: &str) -> WriteItem {
        let key = ListingKey {
            listing: ListingId::new("iitem_1").unwrap(),
            location: location.map(|location| VendorLocation::new(location).unwrap()),
        };
        WriteItem {
            reference: ListingReference { key, parent: None },
            quantity: quantity.parse().unwrap(),
            expected: None,
        }
    }

    #[test]
    fn quantities_are_numbers_with_exactly_their_digits() {
        for text in ["0", "7", "1.5", "12.345", "1000000000"] {
            let row = row(&item(Some("sloc_1"), text)).unwrap();
            assert_eq!(row["stocked_quantity"].to_string(), text);
        }
    }

    #[test]
    fn what_the_answer_leaves_out_is_unknown_and_what_has_no_place_is_refused() {
        let done = BTreeMap::from([(("iitem_1", "sloc_1"), Some(Quantity::ONE))]);
        assert_eq!(
            outcome(&item(Some("sloc_1"), "1"), &done),
            ItemOutcome::Applied {
                quantity: Some(Quantity::ONE)
            }
        );
        assert!(matches!(
            outcome(&item(Some("sloc_2"), "1"), &done),
            ItemOutcome::Unknown { .. }
        ));
        assert!(matches!(outcome(&item(None, "1"), &done), ItemOutcome::Rejected { .. }));
    }
}
