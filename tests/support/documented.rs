//! Whether an answer of the admin listener is one that `openapi.json` names, with the shape that it states.
#![allow(dead_code, clippy::unwrap_used, clippy::panic, reason = "all of this is for tests")]

use omnistock::server::openapi::document;
use serde_json::Value;

/// The route whose path this is.
fn route(path: &str) -> Option<&'static Value> {
    let path = path.split('?').next().unwrap();
    let wanted: Vec<&str> = path.split('/').collect();
    let same = |template: &str| {
        let parts: Vec<&str> = template.split('/').collect();
        let fits = |(part, wanted): (&&str, &&str)| part.starts_with('{') || part == wanted;
        parts.len() == wanted.len() && parts.iter().zip(&wanted).all(fits)
    };
    let paths = document()["paths"].as_object().unwrap();
    // What is spelled out goes before what is a name.
    paths.get(path).or_else(|| {
        paths
            .iter()
            .find(|(template, _)| same(template))
            .map(|(_, route)| route)
    })
}

/// Panics unless the answer is documented.
pub(crate) fn is_documented(method: &str, path: &str, status: u16, body: &str) {
    let Some(route) = route(path) else {
        assert!(
            matches!(status, 401 | 403 | 404),
            "{path} is in no description, and answered {status}"
        );
        return;
    };
    let Some(operation) = route.get(method.to_lowercase()) else {
        assert!(
            matches!(status, 401 | 403 | 405),
            "{method} {path} is in no description, and answered {status}"
        );
        return;
    };
    let response = &operation["responses"][status.to_string()];
    assert!(
        !response.is_null(),
        "{method} {path} answered {status}, which is not documented: {body}"
    );
    let Some(schema) = response.pointer("/content/application~1json/schema") else {
        return;
    };
    let value: Value = serde_json::from_str(body).unwrap_or_else(|_| panic!("{method} {path}: no JSON: {body}"));
    if let Err(wrong) = fits(schema, &value, "") {
        panic!("{method} {path} {status}: {wrong} in {body}");
    }
}

/// The part of JSON Schema that the description uses.
pub(crate) fn fits(schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    if let Some(reference) = schema["$ref"].as_str() {
        let named = document().pointer(reference.trim_start_matches('#'));
        return fits(named.ok_or_else(|| format!("{reference} is not there"))?, value, at);
    }
    if let Some(any) = schema["anyOf"].as_array() {
        let fitting = any.iter().any(|one| fits(one, value, at).is_ok());
        return if fitting {
            Ok(())
        } else {
            Err(format!("{at}: none of the choices"))
        };
    }
    let is = |kind: &str| match kind {
        "null" => value.is_null(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("{other} is no type that the description uses"),
    };
    let kinds = match &schema["type"] {
        Value::String(kind) => vec![kind.as_str()],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    if !kinds.is_empty() && !kinds.iter().any(|kind| is(kind)) {
        return Err(format!("{at}: {value} is not {}", kinds.join(" or ")));
    }
    if let Some(choices) = schema["enum"].as_array().filter(|choices| !choices.contains(value)) {
        return Err(format!("{at}: {value} is none of {choices:?}"));
    }
    if let Some(items) = value.as_array() {
        for (index, item) in items.iter().enumerate() {
            fits(&schema["items"], item, &format!("{at}/{index}"))?;
        }
    }
    let Some(object) = value.as_object() else { return Ok(()) };
    let required = schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str);
    for name in required {
        if !object.contains_key(name) {
            return Err(format!("{at}: {name} is missing"));
        }
    }
    for (name, part) in object {
        let known = schema["properties"].get(name);
        let other = &schema["additionalProperties"];
        match known.or_else(|| other.is_object().then_some(other)) {
            Some(schema) => fits(schema, part, &format!("{at}/{name}"))?,
            // An answer says nothing that is not described.
            None if schema["properties"].is_object() => return Err(format!("{at}: {name} is not described")),
            None => {}
        }
    }
    Ok(())
}
