//! `/orders`: lists by time of change, single orders, and placing them without any check of the stock.

use super::answer::{Call, Reply, cut, gmt, page};
use super::full;
use super::records::{ShopLine, ShopOrder};
use super::shop::Shop;
use omnistock_words::Millis;
use serde_json::{Value, json};

fn line(shop: &Shop, line: &ShopLine) -> Value {
    // Not what was kept of the sale: `get_product() ? get_sku() : null` is asked when the order is shown [src].
    let sku = shop.products.get(&line.product).map(|product| &product.sku);
    let reduced = if line.reduced == 0 {
        json!([])
    } else {
        let units = line.reduced.to_string();
        json!([{"id": line.id, "key": "_reduced_stock", "value": units, "display_key": "_reduced_stock", "display_value": units}])
    };
    let mut row = json!({
        "id": line.id, "name": format!("Article {}", line.sku), "product_id": line.parent.unwrap_or(line.product),
        "variation_id": if line.parent.is_some() { line.product } else { 0 }, "quantity": line.quantity, "sku": sku,
        "meta_data": reduced,
    });
    full::line(line, &mut row);
    row
}

pub(super) fn render(shop: &Shop, order: &ShopOrder) -> Value {
    let mut row = core(shop, order);
    full::order(shop, order, &mut row);
    row
}

/// At least the fields that the call asks for; the caller cuts it.
fn asked(shop: &Shop, call: &Call, order: &ShopOrder) -> Value {
    let mut row = core(shop, order);
    let enough = |fields: &str| fields.split(',').all(|name| row.get(name.trim()).is_some());
    if !call.query("_fields").is_some_and(enough) {
        full::order(shop, order, &mut row);
    }
    row
}

fn core(shop: &Shop, order: &ShopOrder) -> Value {
    let local = |at: Millis| gmt(at.plus(shop.offset * 1_000));
    let mut lines: Vec<Value> = order.lines.iter().map(|sold| line(shop, sold)).collect();
    if shop.faults.spoiled_order == Some(order.id) {
        for line in lines.iter_mut().filter_map(Value::as_object_mut) {
            line.insert("quantity".to_owned(), Value::Null);
        }
    }
    json!({
        "id": order.id, "parent_id": 0, "number": order.id.to_string(), "status": order.status, "currency": "EUR", "customer_id": 0,
        "date_created": local(order.created), "date_created_gmt": gmt(order.created),
        "date_modified": local(order.modified), "date_modified_gmt": gmt(order.modified),
        "date_completed": order.completed.map(local), "date_completed_gmt": order.completed.map(gmt),
        "line_items": lines, "meta_data": [],
    })
}

/// `None`: not one of these routes.
pub(super) fn answer(shop: &mut Shop, call: &Call) -> Option<Reply> {
    let segments: Vec<&str> = call.path.split('/').skip(1).collect();
    Some(match (call.method.as_str(), segments.as_slice()) {
        ("GET", ["orders"]) => list(shop, call),
        ("POST", ["orders"]) => create(shop, call),
        (method, ["orders", id]) => match id.parse().ok().filter(|id| shop.orders.get(*id).is_some()) {
            Some(id) => one(shop, call, method, id),
            None => Reply::error(404, "woocommerce_rest_shop_order_invalid_id", "Invalid ID."),
        },
        _ => return None,
    })
}

fn list(shop: &Shop, call: &Call) -> Reply {
    let statuses: Vec<&str> = call.query("status").unwrap_or("any").split(',').collect();
    let include = call.ids("include");
    let modified = call.date("modified_after", shop.offset);
    let created = call.date("after", shop.offset);
    let later = |at: Millis, than: Option<Millis>| than.is_none_or(|than| at.0 / 1_000 > than.0 / 1_000);
    // "any" leaves the trash out.
    let status = |order: &ShopOrder| {
        if statuses == ["any"] {
            order.status != "trash"
        } else {
            statuses.contains(&order.status.as_str())
        }
    };
    let mut orders: Vec<&ShopOrder> = shop
        .orders
        .changed_after(modified)
        .filter(|order| status(order) && later(order.created, created))
        .filter(|order| include.as_ref().is_none_or(|ids| ids.contains(&order.id)))
        .collect();
    match call.query("orderby").unwrap_or("date") {
        "date" => orders.sort_by_key(|order| (order.created.0 / 1_000, order.id)),
        "modified" => {}
        "id" => orders.sort_by_key(|order| order.id),
        _ => {
            return Reply::invalid(
                "orderby",
                "rest_not_in_enum",
                "orderby is not one of date, modified, id, include, title, and slug.",
            );
        }
    }
    if call.query("order") != Some("asc") {
        orders.reverse();
    }
    page(call, orders, &shop.address, |order| asked(shop, call, order))
}

/// Unknown products and far too many units are taken all the same [observed].
fn create(shop: &mut Shop, call: &Call) -> Reply {
    let items = call
        .body
        .get("line_items")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let mut lines = Vec::new();
    for item in items {
        let by_sku = item.get("sku").and_then(Value::as_str).and_then(|sku| shop.by_sku(sku));
        let variation = item.get("variation_id").and_then(Value::as_u64).filter(|id| *id > 0);
        let product = by_sku
            .or(variation)
            .or_else(|| item.get("product_id").and_then(Value::as_u64))
            .unwrap_or(0);
        let sku = shop
            .products
            .get(&product)
            .map(|product| product.sku.clone())
            .unwrap_or_default();
        lines.push((product, sku, item.get("quantity").and_then(Value::as_i64).unwrap_or(1)));
    }
    let status = call
        .body
        .get("status")
        .and_then(Value::as_str)
        .unwrap_or("pending")
        .to_owned();
    let id = shop.place(&lines, &status);
    Reply::created(shop.orders.get(id).map_or(Value::Null, |order| render(shop, order)))
}

fn one(shop: &mut Shop, call: &Call, method: &str, id: u64) -> Reply {
    let row = |shop: &Shop| {
        shop.orders
            .get(id)
            .map_or(Value::Null, |order| cut(call, render(shop, order)))
    };
    match method {
        "GET" => Reply::ok(row(shop)),
        "PUT" | "POST" => {
            if let Some(status) = call.body.get("status").and_then(Value::as_str) {
                shop.set_status(id, status);
            }
            Reply::ok(row(shop))
        }
        "DELETE" => {
            let last = row(shop);
            if call.query("force") == Some("true") {
                shop.delete(id)
            } else {
                shop.trash(id)
            };
            Reply::ok(last)
        }
        _ => Reply::no_route(),
    }
}
