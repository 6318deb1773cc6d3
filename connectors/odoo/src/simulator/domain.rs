//! Domains as Odoo understands them: prefix operators, paths over references, `child_of`.

use super::records::{Record, World, lines, target};
use serde_json::{Value, json};
use std::cmp::Ordering;

/// Whether a record is meant; `Err`: what is wrong with the domain, in Odoo's words.
pub(super) fn admits(world: &World, model: &str, record: &Record, domain: &[Value]) -> Result<bool, String> {
    let (mut at, mut all) = (0, true);
    while at < domain.len() {
        let (value, next) = term(world, model, record, domain, at)?;
        (all, at) = (all && value, next);
    }
    Ok(all)
}

fn term(world: &World, model: &str, record: &Record, domain: &[Value], at: usize) -> Result<(bool, usize), String> {
    let part = domain.get(at).ok_or("domain is incomplete")?;
    match part.as_str() {
        Some("!") => term(world, model, record, domain, at + 1).map(|(value, next)| (!value, next)),
        Some(operator @ ("|" | "&")) => {
            let (one, next) = term(world, model, record, domain, at + 1)?;
            let (other, next) = term(world, model, record, domain, next)?;
            Ok((if operator == "|" { one || other } else { one && other }, next))
        }
        _ => Ok((leaf(world, model, record, part)?, at + 1)),
    }
}

fn leaf(world: &World, model: &str, record: &Record, part: &Value) -> Result<bool, String> {
    let wrong = || format!("Invalid leaf {part}");
    let (field, operator, wanted) = match part.as_array().map(Vec::as_slice) {
        Some([field, operator, wanted]) => (
            field.as_str().ok_or_else(wrong)?,
            operator.as_str().ok_or_else(wrong)?,
            wanted,
        ),
        _ => return Err(wrong()),
    };
    if let Some((first, rest)) = field.split_once('.') {
        let inner = json!([rest, operator, wanted]);
        if let Some((other, back)) = lines(first) {
            let own = record.get("id");
            let mut found = false;
            for line in world.tables.get(other).into_iter().flat_map(|table| table.values()) {
                found = found || (line.get(back) == own && leaf(world, other, line, &inner)?);
            }
            return Ok(found);
        }
        let other = target(first).ok_or_else(|| format!("Invalid field {model}.{first} in leaf {part}"))?;
        let id = record.get(first).and_then(Value::as_i64);
        return match id.and_then(|id| world.record(other, id)) {
            Some(record) => leaf(world, other, record, &inner),
            None => Ok(false),
        };
    }
    if field != "id" && field != "write_date" && !record.contains_key(field) && !world.knows(model, field) {
        return Err(format!("Invalid field {model}.{field} in leaf {part}"));
    }
    let own = record.get(field).cloned().unwrap_or(json!(false));
    let members = || wanted.as_array().cloned().unwrap_or_default();
    Ok(match operator {
        "=" => own == *wanted,
        "!=" => own != *wanted,
        "in" => members().contains(&own),
        "not in" => !members().contains(&own),
        ">" => compare(&own, wanted) == Some(Ordering::Greater),
        ">=" => matches!(compare(&own, wanted), Some(Ordering::Greater | Ordering::Equal)),
        "<" => compare(&own, wanted) == Some(Ordering::Less),
        "<=" => matches!(compare(&own, wanted), Some(Ordering::Less | Ordering::Equal)),
        "child_of" => own.as_i64().is_some_and(|id| below(world, id, &members())),
        _ => return Err(format!("Invalid operator in leaf {part}")),
    })
}

fn compare(own: &Value, wanted: &Value) -> Option<Ordering> {
    match (own.as_i64(), wanted.as_i64(), own.as_str(), wanted.as_str()) {
        (Some(own), Some(wanted), _, _) => Some(own.cmp(&wanted)),
        (_, _, Some(own), Some(wanted)) => Some(own.cmp(wanted)),
        _ => None,
    }
}

fn below(world: &World, location: i64, roots: &[Value]) -> bool {
    let path = world.field("stock.location", location, "parent_path");
    let path = path.as_str().unwrap_or_default();
    roots
        .iter()
        .filter_map(Value::as_i64)
        .any(|root| path.split('/').any(|id| id == root.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn world() -> (World, Record) {
        let mut world = World::new(18);
        let location = world.add("stock.location", &json!({"usage": "internal", "parent_path": "8/"}));
        let quant = world.add(
            "stock.quant",
            &json!({"location_id": location, "quantity": 3, "owner_id": false}),
        );
        let record = world.record("stock.quant", quant).unwrap().clone();
        (world, record)
    }

    #[test]
    fn terms_are_joined_as_odoo_joins_them() {
        let (world, record) = world();
        let of = |domain: Value| admits(&world, "stock.quant", &record, domain.as_array().unwrap());
        assert_eq!(of(json!([["quantity", ">", 2], ["owner_id", "=", false]])), Ok(true));
        assert_eq!(of(json!(["|", ["quantity", ">", 5], ["quantity", "<=", 3]])), Ok(true));
        assert_eq!(of(json!(["!", ["location_id", "child_of", [8]]])), Ok(false));
        assert_eq!(
            of(json!([
                ["location_id.usage", "=", "internal"],
                ["location_id", "in", [8]]
            ])),
            Ok(true)
        );
        assert!(of(json!([["bogus", "=", 1]])).is_err() && of(json!(["|", ["quantity", ">", 5]])).is_err());
    }
}
