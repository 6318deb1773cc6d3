//! The vendor's shapes: only the fields that we ask for. Buyers' data is not asked for and has no field here.

use omnistock_words::{Millis, Quantity, Sku};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// Answer of the token endpoint.
#[derive(Deserialize)]
pub(crate) struct Token {
    pub(crate) access_token: String,
    /// Seconds; 0: not told.
    #[serde(default)]
    pub(crate) expires_in: u64,
}

/// Every answer of the interface.
#[derive(Deserialize)]
pub(crate) struct Envelope {
    #[serde(default)]
    pub(crate) data: Value,
    /// A list; the login's refusals are a text instead.
    #[serde(default)]
    pub(crate) errors: Value,
    #[serde(default)]
    pub(crate) extensions: Extensions,
}

/// One error of a whole call.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct CallError {
    #[serde(default)]
    pub(crate) message: String,
    #[serde(default)]
    pub(crate) extensions: ErrorExtensions,
}

/// What kind of error it is.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct ErrorExtensions {
    #[serde(default)]
    pub(crate) code: String,
}

/// What comes beside the data.
#[derive(Default, Deserialize)]
pub(crate) struct Extensions {
    #[serde(default)]
    pub(crate) cost: Option<Cost>,
}

/// What a call cost; thousandths of a point.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Cost {
    #[serde(default, rename = "requestedQueryCost", deserialize_with = "points")]
    pub(crate) requested: Option<i64>,
    #[serde(default, rename = "throttleStatus")]
    pub(crate) status: Option<Status>,
}

/// The bucket after a call; thousandths of a point.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Status {
    #[serde(rename = "maximumAvailable", deserialize_with = "sure_points")]
    pub(crate) most: i64,
    #[serde(rename = "currentlyAvailable", deserialize_with = "sure_points")]
    pub(crate) left: i64,
    #[serde(rename = "restoreRate", deserialize_with = "sure_points")]
    pub(crate) restored: i64,
}

/// Some of a list, and where to go on.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Page<T> {
    pub(crate) nodes: Vec<T>,
    #[serde(default, rename = "pageInfo")]
    pub(crate) info: PageInfo,
}

impl<T> Page<T> {
    /// Where the next page begins; `None` after the last.
    pub(crate) fn next(&self) -> Option<String> {
        self.info.more.then(|| self.info.end.clone()).flatten()
    }
}

/// Whether there is more.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct PageInfo {
    #[serde(default, rename = "hasNextPage")]
    pub(crate) more: bool,
    #[serde(default, rename = "endCursor")]
    pub(crate) end: Option<String>,
}

/// What a change was refused for.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct UserError {
    /// The path to the argument, such as `["input", "quantities", "3", "quantity"]`.
    #[serde(default)]
    pub(crate) field: Option<Vec<String>>,
    #[serde(default)]
    pub(crate) message: String,
    #[serde(default)]
    pub(crate) code: Option<String>,
}

/// A place of the shop.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Location {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) name: String,
    /// Kept by a service of its own, whose stock is not the merchant's to count.
    #[serde(default, rename = "isFulfillmentService")]
    pub(crate) service: bool,
}

/// An id, and nothing else.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Identified {
    pub(crate) id: String,
}

/// The stock side of a variant.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Item {
    pub(crate) id: String,
    #[serde(default, deserialize_with = "sku")]
    pub(crate) sku: Option<Sku>,
    #[serde(default)]
    pub(crate) tracked: bool,
    /// At the location that was asked for.
    #[serde(default, rename = "inventoryLevel")]
    pub(crate) level: Option<Quantities>,
    /// What is sold of it, where that was asked for.
    #[serde(default)]
    pub(crate) variant: Option<Variant>,
}

/// What buyers see of an item: amounts are texts in the shop's currency.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Variant {
    pub(crate) id: String,
    pub(crate) price: String,
    #[serde(default)]
    pub(crate) compare_at_price: Option<String>,
    /// Not told by the answer to a change.
    #[serde(default)]
    pub(crate) product: Option<Identified>,
}

/// The shop as a whole.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ShopFacts {
    pub(crate) currency_code: String,
}

/// Amounts of a level by their names.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Quantities {
    #[serde(default)]
    pub(crate) quantities: Vec<NamedQuantity>,
}

impl Quantities {
    /// What is left to sell.
    pub(crate) fn available(&self) -> Option<Quantity> {
        self.quantities
            .iter()
            .find(|one| one.name == "available")
            .map(|one| Quantity::whole(one.quantity))
    }
}

/// One amount.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct NamedQuantity {
    pub(crate) name: String,
    pub(crate) quantity: i64,
}

/// An item at a location.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Level {
    pub(crate) item: Item,
    #[serde(default)]
    pub(crate) location: Option<Identified>,
    #[serde(flatten)]
    pub(crate) amounts: Quantities,
}

/// An order.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Order {
    pub(crate) id: String,
    pub(crate) created_at: Millis,
    pub(crate) updated_at: Millis,
    #[serde(default)]
    pub(crate) cancelled_at: Option<Millis>,
    pub(crate) line_items: Page<Line>,
    #[serde(default)]
    pub(crate) fulfillments: Vec<Fulfilment>,
    #[serde(default)]
    pub(crate) fulfillment_orders: Option<Page<FulfilmentOrder>>,
}

/// An article of an order; units.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Line {
    pub(crate) id: String,
    #[serde(default, deserialize_with = "sku")]
    pub(crate) sku: Option<Sku>,
    /// Ordered, less what was refunded or removed.
    pub(crate) current_quantity: i64,
    /// Not handed over yet.
    pub(crate) unfulfilled_quantity: i64,
}

/// A parcel.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Fulfilment {
    #[serde(default)]
    pub(crate) status: String,
    pub(crate) created_at: Millis,
    #[serde(default)]
    pub(crate) location: Option<Identified>,
    pub(crate) fulfillment_line_items: Page<FulfilmentLine>,
}

/// An article in a parcel.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FulfilmentLine {
    #[serde(default)]
    pub(crate) quantity: Option<i64>,
    pub(crate) line_item: Identified,
}

/// What one place is to hand over.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FulfilmentOrder {
    pub(crate) assigned_location: AssignedLocation,
    pub(crate) line_items: Page<FulfilmentOrderLine>,
}

/// The place; none when it was deleted.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct AssignedLocation {
    #[serde(default)]
    pub(crate) location: Option<Identified>,
}

/// An article that a place is to hand over.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FulfilmentOrderLine {
    pub(crate) remaining_quantity: i64,
    pub(crate) line_item: Identified,
}

/// A registered webhook.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Subscription {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) topic: String,
    #[serde(default)]
    pub(crate) uri: String,
    #[serde(default)]
    pub(crate) format: String,
    #[serde(default)]
    pub(crate) include_fields: Vec<String>,
}

/// A read of everything that the vendor does by itself.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BulkOperation {
    pub(crate) id: String,
    pub(crate) status: String,
    #[serde(default)]
    pub(crate) error_code: Option<String>,
    /// None where nothing was found.
    #[serde(default)]
    pub(crate) url: Option<String>,
}

fn sku<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Sku>, D::Error> {
    let text: Option<String> = Option::deserialize(from)?;
    Ok(text.and_then(|text| Sku::new(text).ok()))
}

/// Points as the vendor writes them (whole, or with a fraction) in thousandths, without a float.
fn thousandths(number: &serde_json::Number) -> Option<i64> {
    let quantity: Quantity = number.to_string().parse().ok()?;
    Some(quantity.millionths() / 1_000)
}

fn points<'de, D: Deserializer<'de>>(from: D) -> Result<Option<i64>, D::Error> {
    let number: Option<serde_json::Number> = Option::deserialize(from)?;
    Ok(number.as_ref().and_then(thousandths))
}

fn sure_points<'de, D: Deserializer<'de>>(from: D) -> Result<i64, D::Error> {
    let number = serde_json::Number::deserialize(from)?;
    thousandths(&number).ok_or_else(|| serde::de::Error::custom("not a number of points"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn costs_are_read_whole_and_in_fractions() {
        let cost: Cost = serde_json::from_value(json!({"requestedQueryCost": 13, "actualQueryCost": 10,
            "throttleStatus": {"maximumAvailable": 2000.0, "currentlyAvailable": 1986.5, "restoreRate": 100}}))
        .unwrap();
        let status = cost.status.unwrap();
        assert_eq!(
            (cost.requested, status.most, status.left, status.restored),
            (Some(13_000), 2_000_000, 1_986_500, 100_000)
        );
    }

    #[test]
    fn what_is_not_asked_for_has_no_place() {
        let order = json!({"id": "gid://shopify/Order/1", "createdAt": "2026-06-25T01:33:55Z", "updatedAt": "2026-06-25T01:34:00Z",
            "email": "somebody@example.test", "lineItems": {"nodes": [
                {"id": "gid://shopify/LineItem/2", "sku": "", "currentQuantity": 1, "unfulfilledQuantity": 1, "name": "for Somebody"}]}});
        let order: Order = serde_json::from_value(order).unwrap();
        assert_eq!(order.line_items.nodes[0].sku, None);
        assert!(!format!("{order:?}").to_lowercase().contains("somebody"));
    }

    proptest! {
        #[test]
        fn no_text_makes_a_parser_panic(text in "\\PC{0,60}", number in any::<i64>()) {
            for value in [json!(text), json!(number), json!({"id": text, "nodes": number}), json!([text])] {
                drop(serde_json::from_value::<Envelope>(value.clone()));
                drop(serde_json::from_value::<Order>(value.clone()));
                drop(serde_json::from_value::<Level>(value.clone()));
                drop(serde_json::from_value::<Cost>(value));
            }
        }
    }
}
