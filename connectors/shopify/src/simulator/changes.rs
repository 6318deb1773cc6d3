//! What can be changed through the interface: numbers, all of a call or none, and webhooks.

use super::graph::{Failure, Field, Node, Request};
use super::reads::{gid, id_of, permit};
use super::shop::{BOUND, Shop};
use super::{bulk, hooks, prices};
use apollo_compiler::ast;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const REASONS: [&str; 6] = [
    "correction",
    "cycle_count_available",
    "received",
    "restock",
    "other",
    "shrinkage",
];

/// The answer to one root of a mutation.
pub(super) fn root(shop: &mut Shop, request: &Request, field: &ast::Field) -> Result<Value, Failure> {
    let (payload, members) = match field.name.as_str() {
        "inventorySetQuantities" => (
            set_quantities(shop, request, field)?,
            ["inventoryAdjustmentGroup", "userErrors"],
        ),
        "productVariantsBulkUpdate" => (prices::update(shop, request, field)?, ["productVariants", "userErrors"]),
        "webhookSubscriptionCreate" => (
            hooks::create(shop, request, field),
            ["webhookSubscription", "userErrors"],
        ),
        "webhookSubscriptionUpdate" => (
            hooks::update(shop, request, field),
            ["webhookSubscription", "userErrors"],
        ),
        "webhookSubscriptionDelete" => (
            hooks::delete(shop, request, field),
            ["deletedWebhookSubscriptionId", "userErrors"],
        ),
        "bulkOperationRunQuery" => {
            let query = request.argument(field, "query");
            (
                bulk::begin(shop, query.as_str().unwrap_or_default())?,
                ["bulkOperation", "userErrors"],
            )
        }
        other => {
            return Err(Failure::new(
                "undefinedField",
                format!("Field '{other}' doesn't exist on type 'Mutation'"),
            ));
        }
    };
    let held: Vec<(&'static str, Value)> = members
        .iter()
        .map(|name| (*name, payload.get(name).cloned().unwrap_or_default()))
        .collect();
    let mut node = Node::of("Payload", &held);
    for (name, field) in &mut node.fields {
        // A null object is no leaf.
        if matches!(field, Field::Leaf(Value::Null)) && *name != "deletedWebhookSubscriptionId" {
            *field = Field::One(None);
        }
    }
    request.project(&node, &field.selection_set)
}

pub(super) fn error(place: &[&str], code: &str, message: &str) -> Value {
    json!({"field": place, "message": message, "code": Some(code).filter(|code| !code.is_empty())})
}

fn refused(errors: &[Value]) -> Value {
    json!({"inventoryAdjustmentGroup": null, "userErrors": errors})
}

/// The idempotency key, the checks of the call, then the entries.
fn set_quantities(shop: &mut Shop, request: &Request, field: &ast::Field) -> Result<Value, Failure> {
    permit(shop, "inventorySetQuantities", "write_inventory")?;
    let key = field.directives.get("idempotent").map(|directive| {
        let key = directive.arguments.iter().find(|argument| argument.name == "key");
        key.map(|key| match key.value.as_ref() {
            ast::Value::Variable(name) => request.variables.get(name.as_str()).cloned().unwrap_or_default(),
            other => Value::from(other.as_str().unwrap_or_default()),
        })
    });
    let Some(key) = key
        .flatten()
        .and_then(|key| key.as_str().map(str::to_owned))
        .filter(|key| !key.trim().is_empty())
    else {
        return Err(Failure::new(
            "BAD_REQUEST",
            "The @idempotent directive is required for this mutation but was not provided.",
        ));
    };
    let input = request.argument(field, "input");
    let entries = input
        .get("quantities")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    shop.counters.largest_call = shop.counters.largest_call.max(entries.len());
    well_formed(&input, &entries)?;
    if let Some((before, answer)) = shop.keys.get(&key) {
        let mismatch = error(
            &[],
            "IDEMPOTENCY_KEY_PARAMETER_MISMATCH",
            "The same idempotency key cannot be used with different operation parameters.",
        );
        return Ok(if *before == input {
            answer.clone()
        } else {
            refused(&[mismatch])
        });
    }
    let answer = apply(shop, &input, &entries);
    shop.keys.insert(key, (input, answer.clone()));
    Ok(answer)
}

fn well_formed(input: &Value, entries: &[Value]) -> Result<(), Failure> {
    let members = |value: &Value| {
        value
            .as_object()
            .map(|members| members.keys().cloned().collect::<BTreeSet<_>>())
            .unwrap_or_default()
    };
    let known = |allowed: &[&str], value: &Value, kind: &str| match members(value)
        .into_iter()
        .find(|name| !allowed.contains(&name.as_str()))
    {
        Some(name) => Err(Failure::new(
            "INVALID_VARIABLE",
            format!(
                "Variable $input of type InventorySetQuantitiesInput! was provided invalid value for {name} (Field is not defined on {kind})"
            ),
        )),
        None => Ok(()),
    };
    known(
        &["name", "reason", "referenceDocumentUri", "quantities"],
        input,
        "InventorySetQuantitiesInput",
    )?;
    if entries.len() > 250 {
        return Err(Failure::new(
            "MAX_INPUT_SIZE_EXCEEDED",
            format!(
                "The input array size of {} is greater than the maximum allowed of 250.",
                entries.len()
            ),
        ));
    }
    for entry in entries {
        known(
            &["inventoryItemId", "locationId", "quantity", "changeFromQuantity"],
            entry,
            "InventoryQuantityInput",
        )?;
        if entry.get("changeFromQuantity").is_none() {
            return Err(Failure::new(
                "INVALID_FIELD_ARGUMENTS",
                "InventoryQuantityInput must include the following argument: changeFromQuantity.",
            ));
        }
        if !entry.get("quantity").is_some_and(Value::is_i64) {
            return Err(Failure::new(
                "INVALID_VARIABLE",
                "Variable $input of type InventorySetQuantitiesInput! was provided invalid value for quantities.quantity",
            ));
        }
    }
    Ok(())
}

fn apply(shop: &mut Shop, input: &Value, entries: &[Value]) -> Value {
    let text = |name: &str| input.get(name).and_then(Value::as_str).unwrap_or_default();
    if text("name") != "available" {
        return refused(&[error(
            &["input", "name"],
            "INVALID_NAME",
            "The quantity name must be either 'available' or 'on_hand'.",
        )]);
    }
    if !REASONS.contains(&text("reason")) {
        return refused(&[error(
            &["input", "reason"],
            "INVALID_REASON",
            "The specified reason is invalid. Valid values are: correction, and others.",
        )]);
    }
    let twice = doubled(entries);
    let mut errors = Vec::new();
    let mut writes = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        match checked(shop, entry, &twice) {
            Ok(write) => writes.push(write),
            Err((member, code, message)) => errors.push(error(
                &["input", "quantities", &index.to_string(), member],
                code,
                message,
            )),
        }
    }
    if !errors.is_empty() {
        shop.counters.entries_refused += u64::try_from(errors.len()).unwrap_or_default();
        return refused(&errors);
    }
    for (item, location, quantity) in &writes {
        shop.write(*item, *location, *quantity);
    }
    shop.counters.entries_written += u64::try_from(writes.len()).unwrap_or_default();
    let group = shop.next_id();
    json!({"inventoryAdjustmentGroup": {"id": gid("InventoryAdjustmentGroup", group)}, "userErrors": []})
}

/// Items at locations that stand in a call more than once: each of their entries is to blame.
fn doubled(entries: &[Value]) -> BTreeSet<(u64, u64)> {
    let mut seen = BTreeSet::new();
    let pairs = entries.iter().filter_map(|entry| {
        Some((
            id_of("InventoryItem", entry.get("inventoryItemId")?)?,
            id_of("Location", entry.get("locationId")?)?,
        ))
    });
    pairs.filter(|pair| !seen.insert(*pair)).collect()
}

type Problem = (&'static str, &'static str, &'static str);

fn checked(shop: &Shop, entry: &Value, twice: &BTreeSet<(u64, u64)>) -> Result<(u64, u64, i64), Problem> {
    let member = |name: &str| entry.get(name).cloned().unwrap_or_default();
    let item = id_of("InventoryItem", &member("inventoryItemId")).filter(|item| shop.items.contains_key(item));
    let item = item.ok_or((
        "inventoryItemId",
        "INVALID_INVENTORY_ITEM",
        "The specified inventory item could not be found.",
    ))?;
    if shop.items.get(&item).is_some_and(|item| !item.tracked) {
        // The schema has no code for it; a user error's code may be null.
        return Err(("inventoryItemId", "", "The inventory item must be tracked."));
    }
    let location = id_of("Location", &member("locationId")).filter(|location| shop.locations.contains_key(location));
    let location = location.ok_or((
        "locationId",
        "INVALID_LOCATION",
        "The specified location could not be found.",
    ))?;
    if twice.contains(&(item, location)) {
        return Err((
            "locationId",
            "NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR",
            "The combination of inventoryItemId and locationId must be unique.",
        ));
    }
    let level = shop.levels.get(&(item, location)).copied();
    let level = level.ok_or((
        "locationId",
        "ITEM_NOT_STOCKED_AT_LOCATION",
        "The specified inventory item is not stocked at the location.",
    ))?;
    let quantity = member("quantity").as_i64().unwrap_or_default();
    if quantity > BOUND {
        return Err((
            "quantity",
            "INVALID_QUANTITY_TOO_HIGH",
            "The quantity can't be higher than 1,000,000,000.",
        ));
    }
    if quantity < -BOUND {
        return Err((
            "quantity",
            "INVALID_QUANTITY_TOO_LOW",
            "The quantity can't be lower than -1,000,000,000.",
        ));
    }
    match member("changeFromQuantity").as_i64() {
        Some(expected) if expected != level.available => Err((
            "changeFromQuantity",
            "CHANGE_FROM_QUANTITY_STALE",
            "The changeFromQuantity value does not match persisted value.",
        )),
        _ => Ok((item, location, quantity)),
    }
}
