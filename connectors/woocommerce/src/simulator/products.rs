//! `/products`: lists, batches, single writes, as observed.

use super::answer::{Call, Reply, cut, gmt, page, refused};
use super::full;
use super::records::PriceWrite;
use super::shop::{Manage, Product, Shop};
use serde_json::{Value, json};
use std::collections::BTreeSet;

pub(super) fn render(shop: &Shop, id: u64, product: &Product) -> Value {
    full::product(shop, id, product, core(shop, id, product))
}

/// The fields that the call asks for, as text.
fn asked(shop: &Shop, call: &Call, id: u64, product: &Product) -> String {
    let row = core(shop, id, product);
    let enough = |fields: &str| fields.split(',').all(|name| row.get(name.trim()).is_some());
    match call.query("_fields") {
        None => full::product_text(shop, id, product, row),
        Some(fields) if enough(fields) => cut(call, row).to_string(),
        Some(_) => cut(call, full::product(shop, id, product, row)).to_string(),
    }
}

fn core(shop: &Shop, id: u64, product: &Product) -> Value {
    let managed = product.manage == Manage::Yes;
    let manage = match product.manage {
        Manage::Yes => json!(true),
        Manage::No => json!(false),
        Manage::Parent => json!("parent"),
    };
    let in_stock = !managed || product.quantity > 0;
    let variable = product.kind == "variable";
    let children = || shop.products.iter().filter(|(_, other)| other.parent == Some(id));
    let variations: Vec<u64> = if variable {
        children().map(|(id, _)| *id).collect()
    } else {
        Vec::new()
    };
    let mut answer = json!({
        "id": id, "name": format!("Article {}", product.sku), "type": product.kind, "status": "publish", "sku": product.sku,
        "manage_stock": manage,
        "stock_quantity": managed.then_some(product.quantity), "stock_status": if in_stock { "instock" } else { "outofstock" },
        "backorders": "no", "low_stock_amount": null, "parent_id": product.parent.unwrap_or(0), "variations": variations,
        "date_modified": gmt(product.modified.plus(shop.offset * 1_000)), "date_modified_gmt": gmt(product.modified),
        "meta_data": [],
    });
    if let Some(fields) = answer.as_object_mut() {
        product.price.render(fields);
    }
    answer
}

/// `None`: not one of these routes.
pub(super) fn answer(shop: &mut Shop, call: &Call) -> Option<Reply> {
    let segments: Vec<&str> = call.path.split('/').skip(1).collect();
    Some(match (call.method.as_str(), segments.as_slice()) {
        ("GET", ["products"]) => list(shop, call),
        ("POST", ["products", "batch"]) => batch(shop, call, None),
        ("GET", ["products", id]) => one(shop, call, id, None),
        ("PUT" | "POST", ["products", id]) => put(shop, call, id, None),
        ("GET", ["products", parent, "variations"]) => variations(shop, call, parent),
        ("POST", ["products", parent, "variations", "batch"]) => match parent_of(shop, parent) {
            Ok(parent) => batch(shop, call, Some(parent)),
            Err(reply) => reply,
        },
        ("GET", ["products", parent, "variations", id]) => one(shop, call, id, Some(parent)),
        ("PUT" | "POST", ["products", parent, "variations", id]) => put(shop, call, id, Some(parent)),
        _ => return None,
    })
}

fn parent_of(shop: &Shop, text: &str) -> Result<u64, Reply> {
    let id = text
        .parse()
        .ok()
        .filter(|id| shop.products.get(id).is_some_and(|product| product.parent.is_none()));
    id.ok_or_else(|| Reply::error(404, "woocommerce_rest_product_invalid_id", "Invalid ID."))
}

/// Parents only, except by SKU, which finds variations too.
fn list(shop: &Shop, call: &Call) -> Reply {
    let skus = call.query("sku").map(|text| text.split(',').collect::<Vec<_>>());
    let include = call.ids("include");
    let after = call.date("modified_after", shop.offset);
    let wanted = |product: &Product| {
        let kind = skus
            .as_ref()
            .map_or(product.parent.is_none(), |skus| skus.contains(&product.sku.as_str()));
        kind && after.is_none_or(|after| product.modified.0 / 1_000 > after.0 / 1_000)
    };
    if skus.is_none() && include.is_none() && after.is_none() {
        return all(shop, call);
    }
    let mut rows = found(shop, include.as_deref());
    rows.retain(|(_, product)| wanted(product));
    if call.query("order") != Some("asc") {
        rows.reverse();
    }
    page(call, rows, &shop.address, |(id, product)| {
        asked(shop, call, *id, product)
    })
}

/// A page of all of them: shops of a million products are read to the end.
fn all(shop: &Shop, call: &Call) -> Reply {
    let render = |id: &u64| {
        let product = shop.products.get(id);
        product.map_or_else(String::new, |product| asked(shop, call, *id, product))
    };
    if call.query("order") == Some("asc") {
        page(call, &shop.tops, &shop.address, render)
    } else {
        page(call, shop.tops.iter().rev(), &shop.address, render)
    }
}

/// The products with these ids, else all, by id.
fn found<'a>(shop: &'a Shop, include: Option<&[u64]>) -> Vec<(&'a u64, &'a Product)> {
    let Some(ids) = include else {
        return shop.products.iter().collect();
    };
    let ids: BTreeSet<u64> = ids.iter().copied().collect();
    ids.iter().filter_map(|id| shop.products.get_key_value(id)).collect()
}

fn variations(shop: &Shop, call: &Call, parent: &str) -> Reply {
    let parent = match parent_of(shop, parent) {
        Ok(parent) => parent,
        Err(reply) => return reply,
    };
    let include = call.ids("include");
    let mut rows = found(shop, include.as_deref());
    rows.retain(|(_, product)| product.parent == Some(parent));
    if call.query("order") != Some("asc") {
        rows.reverse();
    }
    page(call, rows, &shop.address, |(id, product)| {
        asked(shop, call, *id, product)
    })
}

fn one(shop: &Shop, call: &Call, id: &str, parent: Option<&str>) -> Reply {
    let known = id
        .parse()
        .ok()
        .and_then(|id: u64| shop.products.get(&id).map(|product| (id, product)));
    match known.filter(|(_, product)| {
        parent.is_none_or(|parent| product.parent.map(|id| id.to_string()).as_deref() == Some(parent))
    }) {
        Some((id, product)) => Reply::text(asked(shop, call, id, product)),
        None => Reply::error(404, "woocommerce_rest_product_invalid_id", "Invalid ID."),
    }
}

/// A single write checks types, a batch does not.
fn put(shop: &mut Shop, call: &Call, id: &str, parent: Option<&str>) -> Reply {
    if call
        .body
        .get("stock_quantity")
        .is_some_and(|quantity| !quantity.is_i64())
    {
        return Reply::invalid(
            "stock_quantity",
            "rest_invalid_type",
            "stock_quantity is not of type integer.",
        );
    }
    let parent = parent.and_then(|parent| parent.parse().ok());
    let mut item = call.body.clone();
    if let Some(item) = item.as_object_mut() {
        item.insert("id".to_owned(), json!(id.parse::<u64>().ok()));
    }
    match update(shop, &item, parent) {
        Err(refused) => Reply {
            status: 400,
            body: refused.get("error").map(Value::to_string).unwrap_or_default(),
            headers: Vec::new(),
        },
        Ok(id) => {
            let product = shop.products.get(&id);
            Reply::text(product.map_or_else(String::new, |product| asked(shop, call, id, product)))
        }
    }
}

fn batch(shop: &mut Shop, call: &Call, parent: Option<u64>) -> Reply {
    let list = |name: &str| {
        call.body
            .get(name)
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default()
    };
    let (items, created) = (list("update"), list("create"));
    shop.counters.largest_batch = shop.counters.largest_batch.max(items.len() + created.len());
    if items.len() + created.len() > 100 {
        return Reply::error(
            413,
            "woocommerce_rest_request_entity_too_large",
            "Unable to accept more than 100 items for this request.",
        );
    }
    let mut answer = Vec::new();
    if parent.is_none() && !created.is_empty() {
        let rows: Vec<String> = created.iter().map(|item| create(shop, item).to_string()).collect();
        answer.push(format!("\"create\":[{}]", rows.join(",")));
    }
    if !items.is_empty() {
        let rows: Vec<String> = items.iter().map(|item| updated(shop, item, parent)).collect();
        answer.push(format!("\"update\":[{}]", rows.join(",")));
    }
    // `_fields` empties the answer of a batch; an empty one is an empty list.
    if answer.is_empty() || call.query("_fields").is_some() {
        return Reply::ok(&json!([]));
    }
    Reply::text(format!("{{{}}}", answer.join(",")))
}

/// A simple product of a batch's `create`; a SKU is there once.
fn create(shop: &mut Shop, item: &Value) -> Value {
    let sku = item.get("sku").and_then(Value::as_str).unwrap_or_default();
    if let Some(other) = shop.by_sku(sku) {
        shop.counters.items_refused += 1;
        let mut answer = refused(&json!(0), 400, "product_invalid_sku", "Invalid or duplicated SKU.");
        if let Some(data) = answer.pointer_mut("/error/data").and_then(Value::as_object_mut) {
            data.insert("resource_id".to_owned(), json!(other));
            data.insert("unique_sku".to_owned(), json!(format!("{sku}-1")));
        }
        return answer;
    }
    let quantity = item.get("stock_quantity").map_or(0, cast);
    let id = shop.add_product(sku, quantity);
    let product = shop.products.get(&id);
    product.map_or(Value::Null, |product| render(shop, id, product))
}

/// One item of a batch: the product as it is now, or an error.
fn updated(shop: &mut Shop, item: &Value, parent: Option<u64>) -> String {
    match update(shop, item, parent) {
        Err(refused) => refused.to_string(),
        Ok(id) => {
            let product = shop.products.get(&id);
            product.map_or_else(String::new, |product| {
                full::product_text(shop, id, product, core(shop, id, product))
            })
        }
    }
}

/// Carries out one item: whose it was, or the row that refuses it.
fn update(shop: &mut Shop, item: &Value, parent: Option<u64>) -> Result<u64, Value> {
    let given = item.get("id").cloned().unwrap_or(Value::Null);
    let id = given.as_u64().unwrap_or(0);
    let fault = match (shop.products.get(&id), parent) {
        (Some(product), None) if product.parent.is_some() => Some((
            404,
            "woocommerce_rest_invalid_product_id",
            "To manipulate product variations you should use the /products/&lt;product_id&gt;/variations/&lt;id&gt; endpoint.",
        )),
        (Some(product), Some(parent)) if product.parent != Some(parent) => {
            Some((404, "woocommerce_rest_product_variation_invalid_id", "Invalid ID."))
        }
        (Some(_), _) => None,
        (None, None) => Some((400, "woocommerce_rest_product_invalid_id", "Invalid ID.")),
        (None, Some(_)) => Some((404, "woocommerce_rest_product_variation_invalid_id", "Invalid ID.")),
    };
    if let Some((status, code, message)) = fault {
        shop.counters.items_refused += 1;
        return Err(refused(&given, status, code, message));
    }
    let failing = shop.products.get(&id).map(|product| &product.sku);
    if shop.faults.failing_sku.is_some() && failing == shop.faults.failing_sku.as_ref() {
        shop.counters.items_refused += 1;
        let message = "Could not update post in the database.";
        return Err(refused(&given, 500, "db_update_error", message));
    }
    if let (Some(switch), Some(product)) = (
        item.get("manage_stock").and_then(Value::as_bool),
        shop.products.get_mut(&id),
    ) {
        product.manage = if switch { Manage::Yes } else { Manage::No };
    }
    if let Some(product) = shop.products.get_mut(&id).filter(|product| product.kind != "variable")
        && product.price.update(item)
    {
        product.modified = omnistock_sdk::now();
        let write = PriceWrite {
            at: product.modified,
            sku: product.sku.clone(),
            regular: product.price.regular.clone(),
            sale: product.price.sale.clone(),
        };
        shop.price_writes.push(write);
    }
    shop.counters.items_written += u64::from(item.get("stock_quantity").is_some());
    let managed = shop
        .products
        .get(&id)
        .is_some_and(|product| product.manage == Manage::Yes);
    match item.get("stock_quantity") {
        // Not counted: answered like a success, and forgotten.
        Some(quantity) if managed => shop.write(id, cast(quantity)),
        _ => {}
    }
    Ok(id)
}

/// What the vendor's language makes of anything: "abc" is 0, 1.5 is 1.
#[allow(clippy::cast_possible_truncation, reason = "that is what the vendor does")]
fn cast(value: &Value) -> i64 {
    match value {
        Value::Number(number) => number
            .as_i64()
            .unwrap_or_else(|| number.as_f64().unwrap_or_default() as i64),
        Value::String(text) => text.trim().parse().unwrap_or(0),
        Value::Bool(true) => 1,
        _ => 0,
    }
}
