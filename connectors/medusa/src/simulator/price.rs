//! Variants and their prices: every article is sold by one, in a product of its own.

use super::pages::page;
use super::query::Query;
use super::shop::Shop;
use rust_decimal::Decimal;
use serde_json::{Map, Number, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// One price of a variant.
#[derive(Debug, Clone)]
pub(super) struct VariantPrice {
    pub(super) id: String,
    pub(super) currency: String,
    pub(super) amount: Decimal,
    /// A region that it is for.
    pub(super) region: Option<String>,
}

/// What sells an article.
#[derive(Debug, Clone)]
pub(super) struct Variant {
    pub(super) id: String,
    pub(super) product: String,
    pub(super) prices: Vec<VariantPrice>,
    /// How many units of which inventory items one of it takes.
    pub(super) takes: BTreeMap<String, i64>,
}

impl Variant {
    /// A new one that asks 9.90 EUR and takes one of this inventory item.
    pub(super) fn new(shop: &mut Shop, item: &str) -> Self {
        let (id, product) = (shop.id("variant"), shop.id("prod"));
        let base = VariantPrice {
            id: shop.id("price"),
            currency: "eur".to_owned(),
            amount: Decimal::new(990, 2),
            region: None,
        };
        Self {
            id,
            product,
            prices: vec![base],
            takes: BTreeMap::from([(item.to_owned(), 1)]),
        }
    }
}

fn number(amount: Decimal) -> Value {
    let text = amount.normalize().to_string();
    text.parse::<Number>().map_or(Value::Null, Value::Number)
}

/// `ruled`: whether prices say whom they are for; elsewhere they say `{}`, as the vendor does.
fn variant_json(sku: &str, variant: &Variant, ruled: bool) -> Value {
    let sku = named(sku);
    let price = |price: &VariantPrice| {
        let region = price.region.iter().filter(|_| ruled);
        let rules: Map<String, Value> = region
            .map(|region| ("region_id".to_owned(), region.clone().into()))
            .collect();
        json!({
            "id": price.id, "title": null, "variant_id": variant.id, "rules": rules, "currency_code": price.currency, "amount": number(price.amount),
            "raw_amount": {"value": price.amount.to_string(), "precision": 20}, "min_quantity": null, "max_quantity": null,
            "price_set_id": format!("pset_{}", variant.id),
            "created_at": "2026-01-05T12:00:00.000Z", "updated_at": "2026-01-05T12:00:00.000Z", "deleted_at": null,
        })
    };
    let prices: Vec<Value> = variant.prices.iter().map(price).collect();
    json!({
        "id": variant.id, "title": sku, "sku": sku, "product_id": variant.product, "manage_inventory": true, "prices": prices,
        "options": [], "barcode": null, "ean": null, "upc": null, "allow_backorder": false, "hs_code": null,
        "origin_country": null, "mid_code": null, "material": null, "weight": null, "length": null, "height": null, "width": null,
        "created_at": "2026-01-05T12:00:00.000Z", "updated_at": "2026-01-05T12:00:00.000Z", "deleted_at": null,
    })
}

/// The variants that an inventory item is linked to, as its page shows them.
pub(super) fn linked(shop: &Shop, item: &str) -> Value {
    let own = shop.items.get(item);
    let kits = shop.kits.iter().filter(|kit| *kit != item);
    let sellers = own.into_iter().chain(kits.filter_map(|kit| shop.items.get(kit)));
    let sellers = sellers.filter(|one| one.variant.takes.contains_key(item));
    sellers
        .map(|one| json!({"id": one.variant.id, "sku": named(&one.sku), "product_id": one.variant.product}))
        .collect()
}

/// What a variant takes of inventory items: told only to who asks.
fn links(variant: &Variant) -> Value {
    let link = |(item, each): (&String, &i64)| {
        json!({"id": format!("pvitem_{item}{}", variant.id), "variant_id": variant.id, "inventory_item_id": item,
               "required_quantity": each})
    };
    variant.takes.iter().map(link).collect()
}

/// `GET /admin/product-variants`.
pub(super) fn variants(shop: &Shop, query: &Query) -> Option<Value> {
    let ids: Option<BTreeSet<&str>> = query.all("id").map(|ids| ids.into_iter().collect());
    let admits = |variant: &Variant| ids.as_ref().is_none_or(|ids| ids.contains(variant.id.as_str()));
    let items = shop.items.values().filter(|item| admits(&item.variant));
    let asked = |fields: &str| fields.split(',').any(|field| field.starts_with("inventory_items"));
    let taking = query.one("fields").is_some_and(asked);
    let ruled = query
        .one("fields")
        .is_none_or(|fields| fields.contains("prices.price_rules"));
    let rows = items
        .map(|item| {
            let mut row = variant_json(&item.sku, &item.variant, ruled);
            if let Some(fields) = row.as_object_mut().filter(|_| taking) {
                fields.insert("inventory_items".to_owned(), links(&item.variant));
            }
            row
        })
        .collect();
    // Whoever asks for anything of a price is told these too.
    let query = query.with("prices.", ",prices.variant_id,prices.rules");
    page(rows, "variants", &query, &[], 20)
}

/// An article without a SKU has `null`.
pub(super) fn named(sku: &str) -> Option<&str> {
    Some(sku).filter(|sku| !sku.is_empty())
}

/// `POST /admin/products/{id}/variants/batch`: all or none. A list of prices is the whole set: what it
/// does not name by its id is deleted, an empty one deletes all. Which product the address names is not looked at.
pub(super) fn update(shop: &mut Shop, body: &[u8]) -> Result<Value, (u16, Value)> {
    let invalid = |message: String| (400, json!({"type": "invalid_data", "message": message}));
    let body: Value = serde_json::from_slice(body).map_err(|error| invalid(error.to_string()))?;
    let rows = body
        .get("update")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let mut planned = Vec::new();
    for row in &rows {
        let id = row.get("id").and_then(Value::as_str).unwrap_or_default();
        let found = shop.items.iter().find(|(_, item)| item.variant.id == id);
        let Some((item, _)) = found else {
            let message = format!("Cannot update non-existing variants with ids: {id}");
            return Err((400, json!({"type": "invalid_data", "message": message})));
        };
        planned.push((item.clone(), prices(row)?));
    }
    let mut updated = Vec::new();
    for (item, prices) in planned {
        let prices = prices.map(|prices| whole_set(shop, prices));
        let Some(item) = shop.items.get_mut(&item) else {
            continue;
        };
        if let Some(prices) = prices {
            item.variant.prices = prices;
        }
        updated.push(variant_json(&item.sku, &item.variant, true));
    }
    shop.counters.prices_written += u64::try_from(updated.len()).unwrap_or_default();
    Ok(json!({"created": [], "updated": updated, "deleted": {"ids": [], "object": "variant", "deleted": false}}))
}

/// Of two prices for the same, the later one counts; one without an id gets one.
fn whole_set(shop: &mut Shop, prices: Vec<VariantPrice>) -> Vec<VariantPrice> {
    let mut whole: Vec<VariantPrice> = Vec::new();
    for mut price in prices {
        if price.id.is_empty() {
            price.id = shop.id("price");
        }
        whole.retain(|other| (&other.currency, &other.region) != (&price.currency, &price.region));
        whole.push(price);
    }
    whole
}

/// `None`: the row does not speak of prices.
fn prices(row: &Value) -> Result<Option<Vec<VariantPrice>>, (u16, Value)> {
    let Some(given) = row.get("prices").and_then(Value::as_array) else {
        return Ok(None);
    };
    let one = |(at, price): (usize, &Value)| {
        let text = |name: &str| price.get(name).and_then(Value::as_str).map(str::to_owned);
        let amount = price.get("amount").filter(|amount| amount.is_number());
        let amount = amount.and_then(|amount| amount.to_string().parse().ok());
        let (Some(amount), Some(currency)) = (amount, text("currency_code")) else {
            // A text instead of a number gets the same words as nothing.
            let message = format!("Invalid request: Field 'update, 0, prices, {at}, amount' is required");
            return Err((400, json!({"type": "invalid_data", "message": message})));
        };
        Ok(VariantPrice {
            id: text("id").unwrap_or_default(),
            currency,
            amount,
            region: price
                .pointer("/rules/region_id")
                .and_then(Value::as_str)
                .map(str::to_owned),
        })
    };
    given.iter().enumerate().map(one).collect::<Result<_, _>>().map(Some)
}
