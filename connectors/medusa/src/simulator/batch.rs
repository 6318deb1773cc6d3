//! `POST /admin/inventory-items/location-levels/batch`: all levels or none.

use super::pages::number;
use super::records::Write;
use super::shop::{Shop, units};
use omnistock_sdk::now;
use omnistock_words::Quantity;
use rust_decimal::Decimal;
use serde_json::{Value, json};

/// The status and body of a refusal.
pub(super) type Refused = (u16, Value);

struct Row {
    item: String,
    location: String,
    quantity: Quantity,
}

fn invalid(message: &str) -> Refused {
    (
        400,
        json!({"type": "invalid_data", "message": format!("Invalid request: {message}")}),
    )
}

/// What is kept of a number: of less than a ten-thousandth nothing, and of a huge one as much as we can hold.
fn stored(text: &str) -> Quantity {
    let least = Quantity::saturating(Decimal::new(1, 4));
    match text.parse::<Quantity>() {
        Ok(quantity) if quantity.is_positive() && quantity < least => Quantity::ZERO,
        Ok(quantity) => quantity,
        Err(_) if text.contains("e-") => Quantity::ZERO,
        Err(_) if text.starts_with('-') => Quantity::MIN,
        Err(_) => Quantity::MAX,
    }
}

fn row(at: usize, value: &Value) -> Result<Row, Refused> {
    let text = |name: &str| {
        let text = value.get(name).and_then(Value::as_str).map(str::to_owned);
        text.ok_or_else(|| invalid(&format!("Field 'update, {at}, {name}' is required")))
    };
    let field = format!("'update, {at}, stocked_quantity'");
    // A text instead of a number gets the same words as nothing.
    let Some(Value::Number(given)) = value.get("stocked_quantity") else {
        return Err(invalid(&format!("Field {field} is required")));
    };
    let quantity = stored(&given.to_string());
    if quantity.is_negative() {
        return Err(invalid(&format!(
            "Value for field {field} too small, expected at least: '0'"
        )));
    }
    Ok(Row {
        item: text("inventory_item_id")?,
        location: text("location_id")?,
        quantity,
    })
}

/// Carries out a batch.
pub(super) fn update(shop: &mut Shop, body: &[u8]) -> Result<Value, Refused> {
    let body: Value = serde_json::from_slice(body)
        .map_err(|error| (400, json!({"message": error.to_string(), "type": "invalid_data"})))?;
    let given = body
        .get("update")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    shop.counters.largest_batch = shop.counters.largest_batch.max(given.len());
    let checked = rows(shop, &given);
    if checked.is_err() {
        shop.counters.batches_refused += 1;
    }
    let rows = checked?;
    let mut updated: Vec<Value> = Vec::new();
    for row in rows {
        let answer = apply(shop, &row);
        // One level twice: the later one wins and is answered once.
        updated.retain(|other| other.get("id") != answer.get("id"));
        updated.push(answer);
    }
    Ok(json!({"created": [], "updated": updated}))
}

fn rows(shop: &mut Shop, given: &[Value]) -> Result<Vec<Row>, Refused> {
    let rows: Vec<Row> = given
        .iter()
        .enumerate()
        .map(|(at, value)| row(at, value))
        .collect::<Result<_, _>>()?;
    let mut missing: Vec<String> = Vec::new();
    for row in &rows {
        if shop.level(&row.item, &row.location).is_none() {
            missing.push(format!("Item {} is not stocked at location {}", row.item, row.location));
        }
    }
    if missing.is_empty() {
        Ok(rows)
    } else {
        Err((404, json!({"type": "not_found", "message": missing.join(", ")})))
    }
}

fn apply(shop: &mut Shop, row: &Row) -> Value {
    let most = shop.faults.most_units.map_or(Quantity::MAX, Quantity::whole);
    let Some(level) = shop.level(&row.item, &row.location) else {
        return Value::Null;
    };
    let before = *level;
    level.stocked = row.quantity.min(most);
    let after = level.stocked;
    shop.counters.items_written += 1;
    let sku = shop
        .items
        .get(&row.item)
        .map(|item| item.sku.clone())
        .unwrap_or_default();
    let write = Write {
        at: now(),
        sku,
        location: row.location.clone(),
        before: units(before.stocked),
        after: units(after),
    };
    shop.writes.push(write);
    json!({
        "id": format!("ilev_{}{}", row.item, row.location), "inventory_item_id": row.item, "location_id": row.location,
        "stocked_quantity": number(after), "reserved_quantity": number(before.reserved), "incoming_quantity": 0,
        // Calculated before the write, as in the real server.
        "available_quantity": number(before.available()),
    })
}
