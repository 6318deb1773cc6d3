//! The vendor's own definitions: Swagger 2.0 models and JSON schemas, held against calls, answers and documents.

use omnistock_amazon::simulator::Exchange;
use serde_json::Value;
use std::path::Path;

const MODELS: [&str; 4] = [
    "listingsItems_2021-08-01",
    "feeds_2021-06-30",
    "orders_2026-01-01",
    "fbaInventory",
];

/// Kinds of notifications, by how they begin, and their schemas.
const NOTIFICATIONS: [(&str, &str); 4] = [
    ("ORDER_CHANGE", "OrderChangeNotification"),
    ("LISTINGS_ITEM_STATUS_CHANGE", "ListingsItemStatusChangeNotification"),
    ("LISTINGS_ITEM_MFN_QUANTITY_CHANGE", "ListingsItemMfnQuantityChange"),
    ("FEED_PROCESSING_FINISHED", "FeedProcessingFinishedNotification"),
];

/// Definitions of the interface's parts, and of the documents of feeds.
pub(crate) struct Definitions {
    models: Vec<Value>,
    feed: Value,
    report: Value,
    notifications: Vec<Value>,
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn rows<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn decoded(text: &str) -> Vec<(String, String)> {
    let pairs = url::form_urlencoded::parse(text.as_bytes());
    pairs
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect()
}

impl Definitions {
    /// `OMNISTOCK_SPECS` names the folder with the vendors' definitions; `None`, and a sentence, where it is not set.
    pub(crate) fn read() -> Option<Self> {
        let Ok(folder) = std::env::var("OMNISTOCK_SPECS") else {
            eprintln!("nothing was held to the vendor's definitions: OMNISTOCK_SPECS is not set");
            return None;
        };
        let read = |file: String| -> Value {
            let path = Path::new(&folder).join("amazon").join(file);
            let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        };
        Some(Self {
            models: MODELS.iter().map(|name| read(format!("models/{name}.json"))).collect(),
            feed: read("schemas/feeds/listings-feed-schema-v2.json".to_owned()),
            report: read("schemas/feeds/listings-feed-processing-report-schema-v2.json".to_owned()),
            notifications: NOTIFICATIONS
                .iter()
                .map(|(_, name)| read(format!("schemas/notifications/{name}.json")))
                .collect(),
        })
    }

    /// Holds a call and its answer to its operation; the operation's name.
    pub(crate) fn hold(&self, exchange: &Exchange) -> Result<String, String> {
        let parts: Vec<&str> = exchange.path.split('/').collect();
        let same = |template: &str| {
            let own: Vec<&str> = template.split('/').collect();
            let fits = |(own, part): (&&str, &&str)| own == part || own.starts_with('{');
            own.len() == parts.len() && own.iter().zip(&parts).all(fits)
        };
        for model in &self.models {
            let paths = model.get("paths").and_then(Value::as_object).unwrap();
            for (_, path) in paths.iter().filter(|(template, _)| same(template)) {
                if let Some(operation) = path.get(exchange.method.to_lowercase()) {
                    held(model, operation, exchange)?;
                    return Ok(text(operation, "operationId").to_owned());
                }
            }
        }
        Err("the definitions have no such call".to_owned())
    }

    /// Holds a document of a feed, or its report, to its schema.
    pub(crate) fn hold_document(&self, document: &Value) -> Result<(), String> {
        let schema = if document.get("messages").is_some() {
            &self.feed
        } else {
            &self.report
        };
        shape(schema, schema, document, "document")
    }

    /// Holds a notification to the schema of its kind; the kind.
    pub(crate) fn hold_notification(&self, body: &Value) -> Result<String, String> {
        let kind = [text(body, "NotificationType"), text(body, "notificationType")].concat();
        let place = NOTIFICATIONS.iter().position(|(name, _)| kind.starts_with(name));
        let schema = place.and_then(|place| self.notifications.get(place));
        let schema = schema.ok_or_else(|| format!("there is no kind `{kind}`"))?;
        shape(schema, schema, body, "notification")?;
        Ok(kind)
    }
}

fn held(model: &Value, operation: &Value, exchange: &Exchange) -> Result<(), String> {
    let given = decoded(&exchange.query);
    let known: Vec<&Value> = rows(operation, "parameters").iter().collect();
    for (name, value) in &given {
        let of = known
            .iter()
            .find(|one| text(one, "in") == "query" && text(one, "name") == name);
        let of = of.ok_or_else(|| format!("`{name}` is no parameter of this call"))?;
        parameter(model, of, value).map_err(|error| format!("`{name}`: {error}"))?;
    }
    for one in known
        .iter()
        .filter(|one| one.get("required") == Some(&Value::Bool(true)))
    {
        let there = match text(one, "in") {
            "query" => given.iter().any(|(name, _)| name == text(one, "name")),
            "body" => exchange.body.is_some(),
            _ => true,
        };
        if !there {
            return Err(format!("`{}` is missing", text(one, "name")));
        }
    }
    let body = known
        .iter()
        .find(|one| text(one, "in") == "body")
        .and_then(|one| one.get("schema"));
    if let (Some(schema), Some(body)) = (body, &exchange.body) {
        shape(model, schema, body, "body")?;
    }
    let answer = operation.pointer(&format!("/responses/{}", exchange.status));
    let answer = answer.ok_or_else(|| format!("status {} is not in the definition", exchange.status))?;
    answer
        .get("schema")
        .map_or(Ok(()), |schema| shape(model, schema, &exchange.answer, "answer"))
}

fn parameter(model: &Value, of: &Value, value: &str) -> Result<(), String> {
    if text(of, "type") == "array" {
        let values: Vec<Value> = value.split(',').map(Value::from).collect();
        return shape(model, of, &Value::Array(values), "list");
    }
    let value = match text(of, "type") {
        "integer" => value.parse::<i64>().map_or_else(|_| Value::from(value), Value::from),
        "boolean" => value.parse::<bool>().map_or_else(|_| Value::from(value), Value::from),
        _ => Value::from(value),
    };
    shape(model, of, &value, "value")
}

fn kind(schema: &Value, value: &Value) -> bool {
    match text(schema, "type") {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        _ => true,
    }
}

fn bounds(schema: &Value, value: &Value, path: &str) -> Result<(), String> {
    let limit = |name: &str| schema.get(name).and_then(Value::as_u64);
    let length = value
        .as_array()
        .map(Vec::len)
        .map(|length| u64::try_from(length).unwrap());
    let long = length.zip(limit("maxItems")).is_some_and(|(own, most)| own > most);
    let short = length.zip(limit("minItems")).is_some_and(|(own, least)| own < least);
    let number = value.as_f64();
    let bound = |name: &str| schema.get(name).and_then(Value::as_f64);
    let large = number.zip(bound("maximum")).is_some_and(|(own, most)| own > most);
    let small = number.zip(bound("minimum")).is_some_and(|(own, least)| own < least);
    let date = text(schema, "format") == "date-time";
    let undated = date
        && value
            .as_str()
            .is_none_or(|at| at.parse::<omnistock_words::Millis>().is_err());
    if long || short || large || small || undated {
        return Err(format!("{path} is not within its bounds: {value}"));
    }
    Ok(())
}

fn shape(model: &Value, schema: &Value, value: &Value, path: &str) -> Result<(), String> {
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        let target = model.pointer(reference.trim_start_matches('#'));
        return shape(model, target.unwrap(), value, path);
    }
    if schema == &Value::Bool(false) {
        return Err(format!("{path} may not be there"));
    }
    if !kind(schema, value) {
        return Err(format!("{path} is {value}, which is no {}", text(schema, "type")));
    }
    let known = rows(schema, "enum");
    if !known.is_empty() && !known.contains(value) || schema.get("const").is_some_and(|only| only != value) {
        return Err(format!("{path} is {value}, which it can't be"));
    }
    bounds(schema, value, path)?;
    let choices = rows(schema, "oneOf")
        .iter()
        .filter(|one| shape(model, one, value, path).is_ok());
    if !rows(schema, "oneOf").is_empty() && choices.count() != 1 {
        return Err(format!("{path} is not exactly one of what it may be: {value}"));
    }
    let missing = rows(schema, "required").iter().filter_map(Value::as_str);
    if let Some(name) = missing
        .into_iter()
        .find(|name| value.is_object() && value.get(name).is_none())
    {
        return Err(format!("{path}.{name} is missing"));
    }
    let properties = schema.get("properties").and_then(Value::as_object);
    for (name, member) in value.as_object().into_iter().flatten() {
        match properties.and_then(|properties| properties.get(name)) {
            Some(of) => shape(model, of, member, &format!("{path}.{name}"))?,
            // What the definition does not name, neither of us may invent.
            None if properties.is_some()
                && schema.get("additionalProperties").is_none()
                && schema.get("oneOf").is_none()
                && text(schema, "$comment").is_empty() =>
            {
                return Err(format!("{path}.{name} is not in the definition"));
            }
            None => {}
        }
    }
    let items = schema.get("items").zip(value.as_array());
    items.map_or(Ok(()), |(of, rows)| {
        rows.iter()
            .try_for_each(|row| shape(model, of, row, &format!("{path}[]")))
    })
}
