//! The vendor's shapes: only the fields we use, tolerant of what is missing, extra or of another type.
//!
//! Names, addresses and e-mail of buyers have no field here, so they end at this parser.

use omnistock_words::{Millis, Quantity, Sku};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// Who keeps the count of an article.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum ManageStock {
    /// Itself: the only kind that can be written.
    Yes,
    /// Nobody: quantities that are sent are ignored without an error.
    #[default]
    No,
    /// The variation's product.
    Parent,
}

impl<'de> Deserialize<'de> for ManageStock {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(match Value::deserialize(from)? {
            Value::Bool(true) => Self::Yes,
            Value::String(text) if text == "parent" => Self::Parent,
            _ => Self::No,
        })
    }
}

/// A product, or a variation of one.
#[derive(Debug, Clone, Deserialize)]
#[serde(from = "ProductRow")]
pub(crate) struct Product {
    pub(crate) id: u64,
    pub(crate) sku: Option<Sku>,
    /// `simple`, `variable`, `variation`, `grouped`, `external`, or a plugin's own.
    pub(crate) kind: String,
    pub(crate) manage_stock: ManageStock,
    /// Null where nobody counts.
    pub(crate) stock_quantity: Option<Quantity>,
    pub(crate) name: String,
    /// GTIN, UPC, EAN or ISBN; versions before 9.2 don't have it.
    pub(crate) gtin: String,
    pub(crate) prices: Prices,
}

/// All its fields side by side: a flattened part would have every other field kept in memory until the row ends, and a
/// product has sixty.
#[derive(Deserialize)]
struct ProductRow {
    id: u64,
    #[serde(default, deserialize_with = "sku")]
    sku: Option<Sku>,
    #[serde(default, rename = "type", deserialize_with = "text")]
    kind: String,
    #[serde(default)]
    manage_stock: ManageStock,
    #[serde(default, deserialize_with = "quantity")]
    stock_quantity: Option<Quantity>,
    #[serde(default, deserialize_with = "text")]
    name: String,
    #[serde(default, rename = "global_unique_id", deserialize_with = "text")]
    gtin: String,
    #[serde(default, deserialize_with = "text")]
    regular_price: String,
    #[serde(default, deserialize_with = "text")]
    sale_price: String,
    #[serde(default, deserialize_with = "yes")]
    on_sale: bool,
}

impl From<ProductRow> for Product {
    fn from(row: ProductRow) -> Self {
        let prices = Prices {
            regular_price: row.regular_price,
            sale_price: row.sale_price,
            on_sale: row.on_sale,
        };
        Self {
            id: row.id,
            sku: row.sku,
            kind: row.kind,
            manage_stock: row.manage_stock,
            stock_quantity: row.stock_quantity,
            name: row.name,
            gtin: row.gtin,
            prices,
        }
    }
}

/// What a product asks: text, empty where there is none.
#[derive(Debug, Clone, Default)]
pub(crate) struct Prices {
    pub(crate) regular_price: String,
    pub(crate) sale_price: String,
    /// Whether the sale price counts now: the shop has looked at its dates.
    pub(crate) on_sale: bool,
}

/// The shop's currency.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Current {
    #[serde(default, deserialize_with = "text")]
    pub(crate) code: String,
}

/// The vendor's error, of a whole call or of one item of a batch.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct VendorError {
    #[serde(default, deserialize_with = "text")]
    pub(crate) code: String,
    #[serde(default, deserialize_with = "text")]
    pub(crate) message: String,
}

/// What a batch says of one item: the whole product, or its id and an error.
#[derive(Debug, Clone, Deserialize)]
#[serde(from = "BatchRow")]
pub(crate) struct BatchItem {
    /// Null where the item was sent without one.
    pub(crate) id: Option<u64>,
    pub(crate) error: Option<VendorError>,
    pub(crate) manage_stock: ManageStock,
    pub(crate) stock_quantity: Option<Quantity>,
    pub(crate) prices: Prices,
}

/// The same side by side, as [`ProductRow`].
#[derive(Deserialize)]
struct BatchRow {
    #[serde(default)]
    id: Option<u64>,
    #[serde(default)]
    error: Option<VendorError>,
    #[serde(default)]
    manage_stock: ManageStock,
    #[serde(default, deserialize_with = "quantity")]
    stock_quantity: Option<Quantity>,
    #[serde(default, deserialize_with = "text")]
    regular_price: String,
    #[serde(default, deserialize_with = "text")]
    sale_price: String,
    #[serde(default, deserialize_with = "yes")]
    on_sale: bool,
}

impl From<BatchRow> for BatchItem {
    fn from(row: BatchRow) -> Self {
        let prices = Prices {
            regular_price: row.regular_price,
            sale_price: row.sale_price,
            on_sale: row.on_sale,
        };
        Self {
            id: row.id,
            error: row.error,
            manage_stock: row.manage_stock,
            stock_quantity: row.stock_quantity,
            prices,
        }
    }
}

/// The answer to a batch: one entry per item sent, in the same order.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct BatchAnswer {
    #[serde(default)]
    pub(crate) update: Vec<BatchItem>,
}

/// One article of an order.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Line {
    pub(crate) id: u64,
    /// The article's present SKU; empty or null when it has none or is gone.
    #[serde(default, deserialize_with = "sku")]
    pub(crate) sku: Option<Sku>,
    #[serde(default)]
    pub(crate) product_id: Option<u64>,
    /// 0 where the product is none of several.
    #[serde(default)]
    pub(crate) variation_id: Option<u64>,
    /// What was ordered; a refund does not change it.
    #[serde(default, deserialize_with = "quantity")]
    pub(crate) quantity: Option<Quantity>,
}

/// An order.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Order {
    pub(crate) id: u64,
    #[serde(default, deserialize_with = "text")]
    pub(crate) status: String,
    #[serde(default, deserialize_with = "instant")]
    pub(crate) date_created_gmt: Option<Millis>,
    #[serde(default, deserialize_with = "instant")]
    pub(crate) date_modified_gmt: Option<Millis>,
    #[serde(default, deserialize_with = "instant")]
    pub(crate) date_completed_gmt: Option<Millis>,
    /// Required: what has none is not an order.
    pub(crate) line_items: Vec<Line>,
}

/// A registered webhook. Its secret is never told.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Webhook {
    pub(crate) id: u64,
    /// `active`, `paused` or `disabled`.
    #[serde(default, deserialize_with = "text")]
    pub(crate) status: String,
    #[serde(default, deserialize_with = "text")]
    pub(crate) topic: String,
    #[serde(default, deserialize_with = "text")]
    pub(crate) delivery_url: String,
}

/// The only field that bodies of `.deleted` topics have, and one that all others have too.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Identified {
    pub(crate) id: u64,
}

/// An instant of a `_gmt` field: naive, whole seconds.
pub(crate) fn parse_gmt(text: &str) -> Option<Millis> {
    text.parse().or_else(|_| format!("{text}Z").parse()).ok()
}

/// The same the other way round: `2026-01-05T12:00:00`, cut to the second.
pub(crate) fn print_gmt(at: Millis) -> String {
    at.to_string().chars().take(19).collect()
}

fn text<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    Ok(match Value::deserialize(from)? {
        Value::String(text) => text,
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    })
}

fn yes<'de, D: Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    Ok(Value::deserialize(from)? == Value::Bool(true))
}

fn sku<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Sku>, D::Error> {
    text(from).map(|text| Sku::new(text).ok())
}

fn instant<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Millis>, D::Error> {
    text(from).map(|text| parse_gmt(&text))
}

/// Plugins send decimals, and numbers as text.
fn quantity<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Quantity>, D::Error> {
    text(from).map(|text| read_quantity(text.trim()))
}

/// A number beyond our range becomes its end: what is counted must not look as if nobody counted it.
fn read_quantity(text: &str) -> Option<Quantity> {
    let digits = text
        .trim_start_matches('-')
        .split(['.', 'e'])
        .next()
        .unwrap_or_default();
    let beyond = || {
        let large = digits.len() > 12 || text.contains("e+") || text.contains('e') && !text.contains("e-");
        (large && !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())).then_some(
            if text.starts_with('-') {
                Quantity::MIN
            } else {
                Quantity::MAX
            },
        )
    };
    text.parse().ok().or_else(beyond)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn a_captured_shape_reads_and_drops_the_buyer() {
        let order: Order = serde_json::from_value(json!({
            "id": 101, "parent_id": 0, "status": "processing", "currency": "EUR", "date_created": "2026-11-21T22:08:56",
            "date_created_gmt": "2026-11-21T21:08:56", "date_modified_gmt": "2026-11-21T21:08:57", "date_completed_gmt": null,
            "billing": {"first_name": "A", "email": "a@example.test"}, "refunds": [],
            "line_items": [{"id": 1, "name": "Simple 10", "product_id": 19, "variation_id": 0, "quantity": 3, "sku": "S-010", "price": 9.9},
                           {"id": 2, "quantity": "2", "sku": null}]
        }))
        .unwrap();
        assert_eq!(order.date_modified_gmt, "2026-11-21T21:08:57Z".parse().ok());
        assert_eq!(order.line_items[0].quantity, Some(Quantity::whole(3)));
        assert_eq!(order.line_items[1].quantity, Some(Quantity::whole(2)));
        assert_eq!(order.line_items[1].sku, None);
        assert!(!format!("{order:?}").contains("example.test"));
    }

    #[test]
    fn a_number_beyond_our_range_is_its_end_and_no_text_is_a_number() {
        for (text, meant) in [
            ("7", Some(Quantity::whole(7))),
            ("-2", Some(Quantity::whole(-2))),
            ("9000000000000000", Some(Quantity::MAX)),
            ("-9e15", Some(Quantity::MIN)),
            ("many", None),
            ("", None),
            ("e", None),
        ] {
            assert_eq!(read_quantity(text), meant, "{text}");
        }
    }

    #[test]
    fn the_three_values_of_manage_stock_are_told_apart() {
        let read = |value: Value| {
            serde_json::from_value::<Product>(json!({"id": 1, "sku": "", "manage_stock": value})).unwrap()
        };
        assert_eq!(read(json!(true)).manage_stock, ManageStock::Yes);
        assert_eq!(read(json!(false)).manage_stock, ManageStock::No);
        assert_eq!(read(json!("parent")).manage_stock, ManageStock::Parent);
        assert_eq!(read(json!(null)).manage_stock, ManageStock::No);
        assert_eq!(read(json!(true)).sku, None);
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            "\\PC{0,20}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 6, |inner| {
            let key = prop_oneof![
                Just("id".to_owned()),
                Just("sku".to_owned()),
                Just("status".to_owned()),
                Just("line_items".to_owned()),
                Just("quantity".to_owned()),
                Just("manage_stock".to_owned()),
                Just("stock_quantity".to_owned()),
                Just("error".to_owned()),
                Just("update".to_owned()),
                Just("date_modified_gmt".to_owned()),
                "[a-z_]{1,8}",
            ];
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::btree_map(key, inner, 0..8)
                    .prop_map(|map| map.into_iter().collect::<serde_json::Map<_, _>>().into()),
            ]
        })
    }

    proptest! {
        #[test]
        fn no_json_makes_a_parser_panic(value in any_json()) {
            drop(serde_json::from_value::<Product>(value.clone()));
            drop(serde_json::from_value::<BatchAnswer>(value.clone()));
            drop(serde_json::from_value::<Webhook>(value.clone()));
            if let Ok(order) = serde_json::from_value::<Order>(value) {
                drop(crate::order_fact::fact(&order, Millis(0)));
            }
        }

        #[test]
        fn an_order_reads_whatever_its_optional_fields_hold(junk in any_json()) {
            let order = json!({"id": 7, "status": junk, "date_created_gmt": junk, "date_modified_gmt": junk,
                               "line_items": [{"id": 1, "sku": junk, "quantity": junk}]});
            prop_assert!(serde_json::from_value::<Order>(order).is_ok());
        }

        #[test]
        fn instants_survive_to_the_second(seconds in 0i64..4_000_000_000) {
            let at = Millis(seconds * 1_000);
            prop_assert_eq!(parse_gmt(&print_gmt(at)), Some(at));
        }
    }
}
