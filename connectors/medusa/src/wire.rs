//! The vendor's shapes, only the fields that are used: personal data has no place to go.

use omnistock_words::{Millis, Quantity};
use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer};

/// A number as the vendor writes it. `None`: absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Figure(pub(crate) Option<Quantity>);

impl Figure {
    /// The number, or nothing.
    pub(crate) fn or_zero(self) -> Quantity {
        self.0.unwrap_or_default()
    }
}

impl<'de> Deserialize<'de> for Figure {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number: Option<serde_json::Number> = Option::deserialize(deserializer)?;
        Ok(Self(number.map(|number| nearest(&number.to_string()))))
    }
}

/// From its text, never by way of a float. The server calculates in binary floats, so that 0.3 may
/// come as 0.30000000000000004: rounded to our six digits. What is beyond our range becomes its end: a
/// buyer who orders 10³⁰ of an article that isn't counted must not make an order unreadable.
fn nearest(text: &str) -> Quantity {
    match text.parse::<Decimal>().or_else(|_| Decimal::from_scientific(text)) {
        Ok(value) => Quantity::saturating(value.round_dp(6)),
        Err(_) if text.contains("e-") => Quantity::ZERO,
        Err(_) if text.starts_with('-') => Quantity::MIN,
        Err(_) => Quantity::MAX,
    }
}

/// Answer of `POST /auth/user/emailpass`.
#[derive(Deserialize)]
pub(crate) struct Token {
    #[serde(default)]
    pub(crate) token: Option<String>,
}

/// An amount as the vendor writes it, exactly; a number or a text. `None`: absent or null.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Amount(pub(crate) Option<Decimal>);

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::Number(number) => number.to_string(),
            serde_json::Value::String(text) => text,
            _ => return Ok(Self(None)),
        };
        let value = text.parse::<Decimal>().or_else(|_| Decimal::from_scientific(&text));
        Ok(Self(value.ok().map(|value| value.round_dp(6))))
    }
}

/// Answer of `GET /admin/inventory-items` where only who sells them is asked.
#[derive(Deserialize)]
pub(crate) struct SoldItems {
    pub(crate) inventory_items: Vec<SoldItem>,
}

/// An article with the variants that sell it.
#[derive(Deserialize)]
pub(crate) struct SoldItem {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) sku: Option<String>,
    #[serde(default)]
    pub(crate) location_levels: Option<Vec<Level>>,
    #[serde(default)]
    pub(crate) variants: Option<Vec<LinkedVariant>>,
}

/// A variant that an article is linked to.
#[derive(Deserialize)]
pub(crate) struct LinkedVariant {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) sku: Option<String>,
    #[serde(default)]
    pub(crate) product_id: Option<String>,
}

/// Answer of `GET /admin/product-variants`.
#[derive(Deserialize)]
pub(crate) struct Variants {
    pub(crate) variants: Vec<Variant>,
}

/// A variant with its prices.
#[derive(Deserialize)]
pub(crate) struct Variant {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) prices: Option<Vec<VariantPrice>>,
}

/// One price of a variant: major units.
#[derive(Deserialize)]
pub(crate) struct VariantPrice {
    #[serde(default)]
    pub(crate) id: Option<String>,
    pub(crate) currency_code: String,
    #[serde(default)]
    pub(crate) amount: Amount,
    #[serde(default)]
    pub(crate) min_quantity: Amount,
    #[serde(default)]
    pub(crate) max_quantity: Amount,
    /// Filled where the fields of `price_rules` are asked for, and `{}` elsewhere [observed on 2.21.2].
    #[serde(default)]
    pub(crate) rules: Option<serde_json::Map<String, serde_json::Value>>,
    /// The same as the vendor's definition has it.
    #[serde(default)]
    pub(crate) price_rules: Option<Vec<PriceRule>>,
}

/// Whom a price is for, such as a region.
#[derive(Deserialize)]
pub(crate) struct PriceRule {
    pub(crate) attribute: String,
    pub(crate) value: String,
}

/// Answer of `POST /admin/products/{id}/variants/batch`.
#[derive(Deserialize)]
pub(crate) struct VariantBatch {
    #[serde(default)]
    pub(crate) updated: Vec<UpdatedVariant>,
}

/// A variant after the write.
#[derive(Deserialize)]
pub(crate) struct UpdatedVariant {
    pub(crate) id: String,
}

/// Answer of `GET /admin/stock-locations`.
#[derive(Deserialize)]
pub(crate) struct StockLocations {
    pub(crate) stock_locations: Vec<StockLocation>,
    pub(crate) count: usize,
}

/// One place.
#[derive(Deserialize)]
pub(crate) struct StockLocation {
    pub(crate) id: String,
    pub(crate) name: String,
}

/// Answer of `GET /admin/inventory-items`.
#[derive(Deserialize)]
pub(crate) struct InventoryItems {
    pub(crate) inventory_items: Vec<InventoryItem>,
    pub(crate) count: usize,
}

/// One article with its levels.
#[derive(Deserialize)]
pub(crate) struct InventoryItem {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) sku: Option<String>,
    #[serde(default)]
    pub(crate) location_levels: Option<Vec<Level>>,
    #[serde(default)]
    pub(crate) variants: Option<Vec<LinkedVariant>>,
}

/// Answer of `GET /admin/product-variants` where only what they take of articles is asked.
#[derive(Deserialize)]
pub(crate) struct Takers {
    pub(crate) variants: Vec<Taker>,
}

/// A variant with the articles that it takes.
#[derive(Deserialize)]
pub(crate) struct Taker {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) sku: Option<String>,
    #[serde(default)]
    pub(crate) title: Option<String>,
    #[serde(default)]
    pub(crate) inventory_items: Option<Vec<Link>>,
}

/// How many units of an article one of a variant takes.
#[derive(Deserialize)]
pub(crate) struct Link {
    pub(crate) inventory_item_id: String,
    #[serde(default)]
    pub(crate) required_quantity: Figure,
}

/// An article at a place.
#[derive(Deserialize)]
pub(crate) struct Level {
    pub(crate) location_id: String,
    #[serde(default)]
    pub(crate) stocked_quantity: Figure,
    #[serde(default)]
    pub(crate) reserved_quantity: Figure,
}

/// Answer of `GET /admin/reservations`.
#[derive(Deserialize)]
pub(crate) struct Reservations {
    pub(crate) reservations: Vec<Reservation>,
    pub(crate) count: usize,
}

/// Units that the shop keeps apart.
#[derive(Deserialize)]
pub(crate) struct Reservation {
    pub(crate) id: String,
    /// The order's line; none: a person set units aside.
    #[serde(default)]
    pub(crate) line_item_id: Option<String>,
    pub(crate) inventory_item_id: String,
    pub(crate) location_id: String,
    #[serde(default)]
    pub(crate) quantity: Figure,
}

/// Answer of `POST /admin/inventory-items/location-levels/batch`. Its `available_quantity` is left out:
/// it is the one from before the write [observed].
#[derive(Deserialize)]
pub(crate) struct BatchAnswer {
    #[serde(default)]
    pub(crate) updated: Vec<UpdatedLevel>,
}

/// A level after the write.
#[derive(Deserialize)]
pub(crate) struct UpdatedLevel {
    pub(crate) inventory_item_id: String,
    pub(crate) location_id: String,
    #[serde(default)]
    pub(crate) stocked_quantity: Figure,
}

/// Answer of `GET /admin/orders`.
#[derive(Deserialize)]
pub(crate) struct Orders {
    pub(crate) orders: Vec<Order>,
}

/// Answer of `GET /admin/orders/{id}`.
#[derive(Deserialize)]
pub(crate) struct OneOrder {
    pub(crate) order: Order,
}

/// An order.
#[derive(Deserialize)]
pub(crate) struct Order {
    pub(crate) id: String,
    pub(crate) status: String,
    pub(crate) created_at: Millis,
    pub(crate) updated_at: Millis,
    #[serde(default)]
    pub(crate) canceled_at: Option<Millis>,
    #[serde(default, rename = "is_draft_order")]
    pub(crate) draft: Option<bool>,
    /// Its lines. An answer that leaves them out doesn't say that there are none.
    #[serde(default)]
    pub(crate) items: Option<Vec<Line>>,
    #[serde(default)]
    pub(crate) fulfillments: Vec<Fulfilment>,
}

/// A line of an order.
#[derive(Deserialize)]
pub(crate) struct Line {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) variant_sku: Option<String>,
    #[serde(default)]
    pub(crate) quantity: Figure,
    #[serde(default)]
    pub(crate) detail: Detail,
}

/// How far a line has come, in units of the line.
#[derive(Deserialize, Default)]
pub(crate) struct Detail {
    #[serde(default)]
    pub(crate) quantity: Figure,
    #[serde(default, rename = "fulfilled_quantity")]
    pub(crate) fulfilled: Figure,
    #[serde(default, rename = "shipped_quantity")]
    pub(crate) shipped: Figure,
    #[serde(default, rename = "delivered_quantity")]
    pub(crate) delivered: Figure,
    #[serde(default, rename = "return_received_quantity")]
    pub(crate) return_received: Figure,
    #[serde(default, rename = "return_dismissed_quantity")]
    pub(crate) return_dismissed: Figure,
}

/// A parcel.
#[derive(Deserialize)]
pub(crate) struct Fulfilment {
    #[serde(default, rename = "created_at")]
    pub(crate) created: Option<Millis>,
    #[serde(default, rename = "shipped_at")]
    pub(crate) shipped: Option<Millis>,
    #[serde(default, rename = "delivered_at")]
    pub(crate) delivered: Option<Millis>,
    #[serde(default, rename = "canceled_at")]
    pub(crate) canceled: Option<Millis>,
}

/// Only `updated_at` of the newest order.
#[derive(Deserialize)]
pub(crate) struct Newest {
    pub(crate) orders: Vec<Changed>,
}

/// When an order changed.
#[derive(Deserialize)]
pub(crate) struct Changed {
    pub(crate) updated_at: Millis,
}

/// Any object: only that there is one matters.
#[derive(Deserialize)]
pub(crate) struct Anything {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_are_read_as_they_are_meant() {
        for (text, meant) in [
            ("5", Some("5")),
            ("1.5", Some("1.5")),
            ("-2.5", Some("-2.5")),
            ("0.30000000000000004", Some("0.3")),
            ("1e-7", Some("0")),
            ("1e-40", Some("0")),
            ("1e30", Some("1000000000000")),
            ("-1e20", Some("-1000000000000")),
            ("null", None),
        ] {
            let figure: Figure = serde_json::from_str(text).unwrap();
            assert_eq!(
                figure.0.map(|quantity| quantity.to_string()).as_deref(),
                meant,
                "{text}"
            );
        }
        assert!(serde_json::from_str::<Figure>("\"5\"").is_err());
    }

    proptest! {
        #[test]
        fn any_whole_number_survives(units in -1_000_000_000_000_i64..=1_000_000_000_000) {
            let figure: Figure = serde_json::from_str(&units.to_string()).unwrap();
            prop_assert_eq!(figure.0, Some(Quantity::whole(units)));
        }

        #[test]
        fn thousandths_survive_the_vendors_floats(thousandths in 0_i64..1_000_000_000_000) {
            let quantity = Quantity::saturating(Decimal::new(thousandths, 3));
            let figure: Figure = serde_json::from_str(&quantity.to_string()).unwrap();
            prop_assert_eq!(figure.0, Some(quantity));
        }
    }
}
