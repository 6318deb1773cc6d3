//! What the shop answers to reads.

use super::query::Query;
use super::shop::{Item, Order, Shop};
use omnistock_words::{Millis, Quantity};
use serde_json::{Number, Value, json};

/// A number as the vendor writes it.
pub(super) fn number(quantity: Quantity) -> Value {
    quantity
        .to_string()
        .parse::<Number>()
        .map_or(Value::Null, Value::Number)
}

pub(super) fn page(rows: Vec<Value>, name: &str, query: &Query, whole: &[&str], default: usize) -> Option<Value> {
    page_of(rows, name, query, whole, default, |row| row)
}

/// Makes only the rows of the page: a large shop is asked for a hundred of them.
fn page_of<T>(
    rows: Vec<T>,
    name: &str,
    query: &Query,
    whole: &[&str],
    default: usize,
    row: impl Fn(T) -> Value,
) -> Option<Value> {
    let paging = query.paging(default)?;
    let count = rows.len();
    let rows: Vec<Value> = rows
        .into_iter()
        .skip(paging.offset)
        .take(paging.limit)
        .map(|one| query.project(row(one), whole))
        .collect();
    let mut answer = json!({"count": count, "offset": paging.offset, "limit": paging.limit});
    if let Some(fields) = answer.as_object_mut() {
        fields.insert(name.to_owned(), Value::Array(rows));
    }
    Some(answer)
}

pub(super) fn stock_locations(shop: &Shop, query: &Query) -> Option<Value> {
    let rows = shop
        .locations
        .iter()
        .map(|(id, name)| json!({"id": id, "name": name, "address_id": null, "metadata": null}))
        .collect();
    page(rows, "stock_locations", query, &[], 20)
}

pub(super) fn inventory_items(shop: &Shop, query: &Query) -> Option<Value> {
    let (ids, skus) = (query.all("id"), query.all("sku"));
    let admits = |allowed: &Option<Vec<&str>>, value: &str| allowed.as_ref().is_none_or(|all| all.contains(&value));
    let items = shop
        .items
        .iter()
        .filter(|(id, item)| admits(&ids, id) && admits(&skus, &item.sku));
    page_of(items.collect(), "inventory_items", query, &[], 20, |(id, item)| {
        inventory_item(shop, id, item)
    })
}

fn inventory_item(shop: &Shop, id: &str, item: &Item) -> Value {
    let at = Millis(0).to_string();
    let level = |(location, level): (&String, &super::shop::Level)| {
        json!({
            "id": format!("ilev_{id}{location}"), "inventory_item_id": id, "location_id": location,
            "stocked_quantity": number(level.stocked), "reserved_quantity": number(level.reserved), "incoming_quantity": 0,
            "available_quantity": number(level.available()), "metadata": null, "created_at": at, "updated_at": at, "deleted_at": null,
        })
    };
    let levels: Vec<Value> = item.levels.iter().map(level).collect();
    json!({
        "id": id, "sku": super::price::named(&item.sku), "title": item.sku, "requires_shipping": true, "metadata": null, "created_at": at, "updated_at": at,
        "stocked_quantity": number(item.levels.values().map(|level| level.stocked).sum()),
        "reserved_quantity": number(item.levels.values().map(|level| level.reserved).sum()),
        "location_levels": levels, "variants": super::price::linked(shop, id),
    })
}

pub(super) fn reservations(shop: &Shop, query: &Query) -> Option<Value> {
    let held = shop.reservations.iter().filter(|(_, held)| {
        let line = held.line.as_deref().unwrap_or_default();
        query.admits("inventory_item_id", &held.item)
            && query.admits("location_id", &held.location)
            && query.admits("line_item_id", line)
    });
    let rows = held.map(|(id, held)| {
        json!({
            "id": id, "line_item_id": held.line, "inventory_item_id": held.item, "location_id": held.location,
            "quantity": number(held.quantity), "external_id": null, "description": null, "metadata": null, "deleted_at": null,
        })
    });
    page(rows.collect(), "reservations", query, &[], 20)
}

/// Drafts are a list of their own and never among the orders.
pub(super) fn orders(shop: &Shop, query: &Query) -> Option<Value> {
    let since = query
        .one("updated_at[$gte]")
        .map_or(Some(Millis::MIN), |text| text.parse().ok())?;
    let mut found: Vec<(&String, &Order)> = shop.orders.iter().collect();
    found.retain(|(_, order)| {
        order.status != "draft" && order.updated_at >= since && query.admits("status", order.status)
    });
    match query.one("order") {
        Some("updated_at") => found.sort_by_key(|(_, order)| order.updated_at),
        Some("-updated_at") => found.sort_by_key(|(_, order)| std::cmp::Reverse(order.updated_at)),
        _ => found.sort_by_key(|(id, _)| std::cmp::Reverse(*id)),
    }
    page(
        found
            .into_iter()
            .map(|(id, order)| order_json(shop, id, order))
            .collect(),
        "orders",
        query,
        &["items"],
        15,
    )
}

/// Also a draft, as the vendor does; the lines have their own quantity only where that of their detail is asked for by name.
pub(super) fn order(shop: &Shop, id: &str, query: &Query) -> Option<Value> {
    let mut row = order_json(shop, id, shop.orders.get(id)?);
    if query
        .one("fields")
        .is_some_and(|fields| !fields.split(',').any(|field| field == "items.detail.quantity"))
    {
        let lines = row.get_mut("items").and_then(Value::as_array_mut);
        for line in lines.into_iter().flatten().filter_map(Value::as_object_mut) {
            line.remove("quantity");
        }
    }
    Some(json!({"order": query.project(row, &[])}))
}

fn order_json(shop: &Shop, id: &str, order: &Order) -> Value {
    let parcels: Vec<Value> = order
        .parcels
        .iter()
        .map(|parcel| {
            let (created, shipped) = (parcel.created_at.to_string(), parcel.shipped_at.map(|at| at.to_string()));
            json!({
                "id": "ful_1", "created_at": created, "updated_at": created, "packed_at": created, "shipped_at": shipped,
                "delivered_at": null, "canceled_at": null, "location_id": null, "requires_shipping": true, "data": {},
                "provider_id": "manual_manual", "shipping_option_id": null, "metadata": null,
            })
        })
        .collect();
    // The vendor looks at parcels only, not at units that are in none.
    let fulfilment = match order.parcels.as_slice() {
        [] => "not_fulfilled",
        all if all.iter().all(|parcel| parcel.shipped_at.is_some()) => "shipped",
        all if all.iter().any(|parcel| parcel.shipped_at.is_some()) => "partially_shipped",
        _ => "fulfilled",
    };
    let mut answer = json!({
        "id": id, "display_id": 1, "status": order.status, "is_draft_order": order.status == "draft", "version": order.version,
        "region_id": "reg_1", "customer_id": "cus_1", "sales_channel_id": "sc_1", "email": "buyer@example.test", "currency_code": "eur",
        "payment_status": "not_paid", "fulfillment_status": fulfilment, "summary": {}, "payment_collections": [], "shipping_methods": [],
        "created_at": order.created_at.to_string(), "updated_at": order.updated_at.to_string(),
        "canceled_at": order.canceled_at.map(|at| at.to_string()), "items": [line_json(order)], "fulfillments": parcels,
    });
    if let Some(fields) = answer.as_object_mut() {
        fields.extend(TOTALS.iter().map(|name| ((*name).to_owned(), Value::from(0))));
        if shop.faults.bare_order.as_deref() == Some(id) {
            fields.remove("items");
        }
    }
    answer
}

fn line_json(order: &Order) -> Value {
    let (created, changed) = (order.created_at.to_string(), order.updated_at.to_string());
    let mut answer = json!({
        "id": order.line, "title": order.sku, "variant_sku": super::price::named(&order.sku), "variant_title": "x", "unit_price": 10, "quantity": number(order.quantity),
        "requires_shipping": true, "is_discountable": true, "is_tax_inclusive": false, "metadata": {}, "created_at": created, "updated_at": created,
        "detail": {
            "id": format!("orditem_{}", order.line), "item_id": order.line, "version": order.version, "metadata": {}, "created_at": created,
            "updated_at": changed, "quantity": number(order.quantity), "fulfilled_quantity": number(order.fulfilled),
            "shipped_quantity": number(order.shipped), "delivered_quantity": 0, "return_requested_quantity": 0, "return_received_quantity": 0,
            "return_dismissed_quantity": number(order.dismissed), "written_off_quantity": 0,
        },
    });
    if let Some(fields) = answer.as_object_mut() {
        fields.extend(EMPTY.iter().map(|name| ((*name).to_owned(), Value::Null)));
        fields.extend(TOTALS.iter().map(|name| ((*name).to_owned(), Value::from(0))));
    }
    answer
}

/// What the product has and an order copies; nobody here looks at it.
const EMPTY: [&str; 12] = [
    "subtitle",
    "thumbnail",
    "variant_id",
    "product_id",
    "product_title",
    "product_description",
    "product_subtitle",
    "product_type",
    "product_collection",
    "product_handle",
    "variant_barcode",
    "variant_option_values",
];

/// Money that every order and line has and nobody here looks at.
const TOTALS: [&str; 24] = [
    "original_item_total",
    "original_item_subtotal",
    "original_item_tax_total",
    "item_total",
    "item_subtotal",
    "item_tax_total",
    "original_total",
    "original_subtotal",
    "original_tax_total",
    "total",
    "subtotal",
    "tax_total",
    "discount_total",
    "discount_tax_total",
    "gift_card_total",
    "gift_card_tax_total",
    "shipping_total",
    "shipping_subtotal",
    "shipping_tax_total",
    "original_shipping_total",
    "original_shipping_subtotal",
    "original_shipping_tax_total",
    "refundable_total",
    "refundable_total_per_unit",
];
