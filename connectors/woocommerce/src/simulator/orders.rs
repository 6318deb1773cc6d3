//! `/orders`: lists by time of change, single orders, and placing them without any check of the stock.

use super::answer::{Call, Reply, cut, gmt, page};
use super::full;
use super::records::{ShopLine, ShopOrder};
use super::shop::Shop;
use omnistock_words::Millis;
use serde_json::{Map, Value, json};

const LINES: &str = "line_items";

fn line(shop: &Shop, order: &ShopOrder, line: &ShopLine) -> Value {
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
    if let Some(quantity) = row
        .get_mut("quantity")
        .filter(|_| shop.faults.spoiled_order == Some(order.id))
    {
        quantity.take();
    }
    row
}

pub(super) fn render(shop: &Shop, order: &ShopOrder) -> Value {
    let mut row = core(shop, order);
    full::order(shop, order, &mut row);
    let lines = order.lines.iter();
    let lines: Value = lines.map(|sold| full::line(sold, line(shop, order, sold))).collect();
    full::join(&mut row, json!({ LINES: lines }));
    row
}

/// The fields that the call asks for, as text. Pages of orders are read by the hundred, on the cores of the daemon that is
/// measured: what polls ask for is written without being put together first.
fn asked(shop: &Shop, call: &Call, order: &ShopOrder) -> String {
    let fields = call.query("_fields");
    let few = fields.filter(|_| shop.faults.spoiled_order != Some(order.id));
    let few = few.and_then(|fields| few_text(shop, order, fields));
    few.unwrap_or_else(|| cut(call, render(shop, order)).to_string())
}

/// These fields, where all of them are lines or of the core.
fn few_text(shop: &Shop, order: &ShopOrder, fields: &str) -> Option<String> {
    let mut text = String::from("{");
    for name in fields.split(',').map(str::trim) {
        let value = match name {
            LINES => {
                let lines = order.lines.iter().map(|sold| line_text(shop, sold));
                format!("[{}]", lines.collect::<Vec<_>>().join(","))
            }
            "date_created_gmt" => format!("\"{}\"", gmt(order.created)),
            "date_modified_gmt" => format!("\"{}\"", gmt(order.modified)),
            _ => field(shop, order, name)?.to_string(),
        };
        let comma = if text.len() > 1 { "," } else { "" };
        text.extend([comma, "\"", name, "\":", &value]);
    }
    text.push('}');
    Some(text)
}

/// [`line`] with all that a line has.
fn line_text(shop: &Shop, line: &ShopLine) -> String {
    let quoted = |text: &str| Value::from(text).to_string();
    let sku = shop.products.get(&line.product).map(|product| quoted(&product.sku));
    let units = line.reduced;
    let reduced = if units == 0 {
        String::new()
    } else {
        format!(
            r#"{{"id":{},"key":"_reduced_stock","value":"{units}","display_key":"_reduced_stock","display_value":"{units}"}}"#,
            line.id
        )
    };
    let (total, variation) = (full::total(line), line.parent.map_or(0, |_| line.product));
    format!(
        r#"{{"id":{},"name":{},"product_id":{},"variation_id":{variation},"quantity":{},"sku":{},"meta_data":[{reduced}],"subtotal":"{total}","total":"{total}",{}}}"#,
        line.id,
        quoted(&format!("Article {}", line.sku)),
        line.parent.unwrap_or(line.product),
        line.quantity,
        sku.as_deref().unwrap_or("null"),
        full::LINE,
    )
}

const CORE: [&str; 13] = [
    "id",
    "parent_id",
    "number",
    "status",
    "currency",
    "customer_id",
    "date_created",
    "date_created_gmt",
    "date_modified",
    "date_modified_gmt",
    "date_completed",
    "date_completed_gmt",
    "meta_data",
];

/// All that changes, without the lines.
fn core(shop: &Shop, order: &ShopOrder) -> Value {
    let fields = CORE.into_iter();
    fields
        .filter_map(|name| Some((name.to_owned(), field(shop, order, name)?)))
        .collect::<Map<_, _>>()
        .into()
}

/// One of [`CORE`].
fn field(shop: &Shop, order: &ShopOrder, name: &str) -> Option<Value> {
    let local = |at: Millis| gmt(at.plus(shop.offset * 1_000));
    Some(match name {
        "id" => order.id.into(),
        "parent_id" | "customer_id" => 0.into(),
        "number" => order.id.to_string().into(),
        "status" => order.status.as_str().into(),
        "currency" => "EUR".into(),
        "date_created" => local(order.created).into(),
        "date_created_gmt" => gmt(order.created).into(),
        "date_modified" => local(order.modified).into(),
        "date_modified_gmt" => gmt(order.modified).into(),
        "date_completed" => order.completed.map(local).into(),
        "date_completed_gmt" => order.completed.map(gmt).into(),
        "meta_data" => json!([]),
        _ => return None,
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
    // "any" leaves the trash out.
    let mut ids = shop.orders.changed_after(modified, statuses == ["trash"]);
    let both = statuses.contains(&"trash") && statuses.len() > 1;
    if both {
        ids.extend(shop.orders.changed_after(modified, true));
    }
    if statuses != ["any"] || created.is_some() || include.is_some() {
        let later = |at: Millis| created.is_none_or(|than| at.0 / 1_000 > than.0 / 1_000);
        let asked = |order: &ShopOrder| statuses == ["any"] || statuses.contains(&order.status.as_str());
        ids.retain(|id| include.as_ref().is_none_or(|ids| ids.contains(id)));
        ids.retain(|id| {
            shop.orders
                .get(*id)
                .is_some_and(|order| asked(order) && later(order.created))
        });
    }
    let by =
        |time: fn(&ShopOrder) -> Millis| move |id: &u64| (shop.orders.get(*id).map(|order| time(order).0 / 1_000), *id);
    match call.query("orderby").unwrap_or("date") {
        "date" => ids.sort_by_cached_key(by(|order| order.created)),
        "modified" if both => ids.sort_by_cached_key(by(|order| order.modified)),
        "modified" => {}
        "id" => ids.sort_unstable(),
        _ => {
            return Reply::invalid(
                "orderby",
                "rest_not_in_enum",
                "orderby is not one of date, modified, id, include, title, and slug.",
            );
        }
    }
    if call.query("order") != Some("asc") {
        ids.reverse();
    }
    page(call, ids, &shop.address, |id| {
        let order = shop.orders.get(id);
        order.map_or_else(String::new, |order| asked(shop, call, order))
    })
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
    Reply::created(&shop.orders.get(id).map_or(Value::Null, |order| render(shop, order)))
}

fn one(shop: &mut Shop, call: &Call, method: &str, id: u64) -> Reply {
    let row = |shop: &Shop| {
        shop.orders
            .get(id)
            .map_or(Value::Null, |order| cut(call, render(shop, order)))
    };
    match method {
        "GET" => Reply::ok(&row(shop)),
        "PUT" | "POST" => {
            if let Some(status) = call.body.get("status").and_then(Value::as_str) {
                shop.set_status(id, status);
            }
            Reply::ok(&row(shop))
        }
        "DELETE" => {
            let last = row(shop);
            if call.query("force") == Some("true") {
                shop.delete(id)
            } else {
                shop.trash(id)
            };
            Reply::ok(&last)
        }
        _ => Reply::no_route(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::SimulatorSettings;
    use super::*;

    #[test]
    fn what_is_written_at_once_is_what_is_put_together() {
        let mut shop = Shop::new(&SimulatorSettings::default(), "http://shop.test".to_owned());
        let sold = shop.add_product("A \"1\"", 9);
        let unknown = 4_711;
        let id = shop.place(
            &[(sold, "A \"1\"".to_owned(), 2), (unknown, "B".to_owned(), 1)],
            "processing",
        );
        let order = shop.orders.get(id).unwrap();
        let whole = render(&shop, order);
        for fields in [
            "id, status,line_items",
            "date_completed_gmt,date_modified_gmt,date_created_gmt,number",
            "meta_data",
        ] {
            let text: Value = serde_json::from_str(&few_text(&shop, order, fields).unwrap()).unwrap();
            let named = |name: &str| (name.to_owned(), whole.get(name).cloned().unwrap());
            let expected: Map<String, Value> = fields.split(',').map(str::trim).map(named).collect();
            assert_eq!(text, Value::Object(expected), "{fields}");
        }
        assert_eq!(few_text(&shop, order, "id,billing"), None);
    }
}
