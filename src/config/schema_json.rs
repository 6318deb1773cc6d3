//! The configuration as a JSON Schema, with which an editor completes and checks: `omnistock schema`.
//!
//! Made of the lists that `check` reads by, and of the types by which connectors read their own keys. A file need
//! not be whole, since others and the environment add to it: the schema says of no key that it has to be there.

use super::remarks::Remarks;
use super::schema::{CONNECTOR, Form, SECTIONS, SOURCE, Shape};
use super::schema_kinds::{self, Kind, Typed};
use crate::registry::CONNECTORS;
use omnistock_sdk::{ConnectorSpec, own_settings};
use serde_json::{Map, Value, json};

type Own = omnistock_sdk::Shape;

/// The schema (draft 2020-12) of every file of a configuration.
pub fn json_schema() -> Value {
    let remarks = Remarks::of_the_reference();
    let sections: Map<String, Value> = SECTIONS
        .iter()
        .map(|shape| (shape.name.to_owned(), section(shape, &remarks)))
        .collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "omnistock configuration",
        "description": concat!("/etc/omnistock/omnistock.toml and conf.d/*.toml beside it, version ", env!("CARGO_PKG_VERSION")),
        "type": "object",
        "properties": sections,
        "additionalProperties": false,
        "$defs": definitions(),
    })
}

/// What many keys hold.
fn definitions() -> Value {
    let text = |pattern: &str, about: &str| json!({ "type": "string", "pattern": pattern, "description": about });
    let reference = |key: &str| json!({ "type": "object", "properties": { key: text(".", "its name") }, "required": [key], "additionalProperties": false });
    let number = |pattern: &str, about: &str| json!({ "anyOf": [{ "type": "integer" }, text(pattern, about)] });
    json!({
        "secret": {
            "description": "Where a secret is; it never stands here itself.",
            "anyOf": [reference("credential"), reference("file"), reference("env")],
        },
        "duration": text("^(?=.)([0-9]+w)?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$", "a time like \"15s\", \"10m\", \"1h30m\" or \"400d\""),
        "percent": text("^[0-9]+([.][0-9]+)?%$", "a percentage like \"5%\""),
        "quantity": number("^-?[0-9]+([.][0-9]+)?$", "a quantity like 20 or \"2.5\""),
        "decimal": number("^-?[0-9]+([.][0-9]+)?$", "a number like \"4.90\""),
        "instant": { "type": "string", "format": "date-time", "description": "an instant with its offset like 2026-11-27T00:00:00Z" },
        "currency": text("^[A-Z]{3}$", "a currency code like \"EUR\""),
    })
}

fn section(shape: &Shape, remarks: &Remarks) -> Value {
    let table = if shape.name == "connectors" {
        let kinds: Vec<Value> = CONNECTORS.iter().flat_map(|spec| connector(spec, remarks)).collect();
        json!({ "anyOf": kinds })
    } else {
        let properties = shape.keys.names().map(|key| {
            let kind = schema_kinds::section(shape.name).and_then(|typed| typed.kind(key));
            (
                key.to_owned(),
                remarked(kind.map_or_else(|| json!({}), of_kind), remarks.of(shape.name, key)),
            )
        });
        closed(properties.collect())
    };
    match shape.form {
        Form::One => table,
        Form::List => json!({ "type": "array", "items": table }),
        Form::Named(what) => json!({
            "type": "object",
            "description": format!("[{}.NAME]: each is a {what}", shape.name),
            "propertyNames": { "pattern": "^[a-z0-9_]{1,64}$" },
            "additionalProperties": table,
        }),
    }
}

/// `[connectors.X]` of one kind: the keys of all connectors, and its own. A kind that reads another table as a
/// source than as a channel has both.
fn connector(spec: &ConnectorSpec, remarks: &Remarks) -> Vec<Value> {
    let shapes = own_settings(spec);
    let faces = shapes.len();
    let table = |(index, own): (usize, &Own)| {
        let writes_only = faces > 1 && index == 0;
        let common = |key: &&str| !(writes_only && SOURCE.contains(key));
        let mut properties: Map<String, Value> = CONNECTOR
            .names()
            .filter(common)
            .map(|key| {
                let kind = schema_kinds::section("connectors").and_then(|typed| typed.kind(key));
                let schema = kind.map_or_else(|| json!({}), of_kind);
                (key.to_owned(), remarked(schema, remarks.of("connectors", key)))
            })
            .collect();
        properties.insert(
            "kind".to_owned(),
            json!({ "const": spec.kind, "description": spec.about }),
        );
        if let Own::Table(own) = own {
            for (key, shape) in own {
                properties.insert((*key).to_owned(), remarked(of_shape(shape), remarks.of(spec.kind, key)));
            }
        }
        closed(properties)
    };
    shapes.iter().enumerate().map(table).collect()
}

fn closed(properties: Map<String, Value>) -> Value {
    let rules = [
        ("type", Value::from("object")),
        ("properties", Value::Object(properties)),
        ("additionalProperties", Value::Bool(false)),
    ];
    rules.map(|(word, rule)| (word.to_owned(), rule)).into_iter().collect()
}

fn remarked(mut schema: Value, remark: Option<&str>) -> Value {
    if let (Some(object), Some(remark)) = (schema.as_object_mut(), remark) {
        object.insert("description".to_owned(), remark.into());
    }
    schema
}

fn of_table(typed: &'static Typed) -> Value {
    let property = |key: &'static str| (key.to_owned(), typed.kind(key).map_or_else(|| json!({}), of_kind));
    closed(typed.keys.names().map(property).collect())
}

fn of_kind(kind: Kind) -> Value {
    let defined = |name: &str| json!({ "$ref": format!("#/$defs/{name}") });
    match kind {
        Kind::Text => json!({ "type": "string", "minLength": 1 }),
        Kind::Boolean => json!({ "type": "boolean" }),
        Kind::Quantity => defined("quantity"),
        Kind::Count(least, most) => json!({ "anyOf": [
            { "type": "integer", "minimum": least, "maximum": most },
            { "type": "string", "pattern": "^[0-9]+$" },
        ] }),
        Kind::Decimal => defined("decimal"),
        Kind::Percent => defined("percent"),
        Kind::Duration => defined("duration"),
        Kind::Instant => defined("instant"),
        Kind::Currency => defined("currency"),
        Kind::Secret => defined("secret"),
        Kind::Words(words) => json!({ "enum": words }),
        Kind::List(member) => json!({ "type": "array", "items": of_kind(*member) }),
        Kind::Map(value) => json!({ "type": "object", "additionalProperties": of_kind(*value) }),
        Kind::Table(typed) => of_table(typed),
        Kind::Either(kinds) => json!({ "anyOf": kinds.iter().map(|kind| of_kind(*kind)).collect::<Vec<_>>() }),
    }
}

/// A connector's own key.
fn of_shape(shape: &Own) -> Value {
    match shape {
        Own::Any => json!({}),
        Own::Text => json!({ "type": "string" }),
        Own::Boolean => json!({ "type": "boolean" }),
        Own::Integer => json!({ "type": "integer" }),
        Own::Number => json!({ "type": "number" }),
        Own::Secret => json!({ "$ref": "#/$defs/secret" }),
        Own::List(member) => json!({ "type": "array", "items": of_shape(member) }),
        Own::Map(value) => json!({ "type": "object", "additionalProperties": of_shape(value) }),
        Own::Table(keys) => closed(
            keys.iter()
                .map(|(key, shape)| ((*key).to_owned(), of_shape(shape)))
                .collect(),
        ),
        Own::Choice(choices) => {
            let words = choices
                .iter()
                .filter(|(_, inside)| inside.is_none())
                .map(|(word, _)| *word);
            let mut any = vec![json!({ "enum": words.collect::<Vec<_>>() })];
            for (word, inside) in choices {
                if let Some(inside) = inside {
                    let properties = Map::from_iter([((*word).to_owned(), of_shape(inside))]);
                    any.push(closed(properties));
                }
            }
            json!({ "anyOf": any })
        }
    }
}
