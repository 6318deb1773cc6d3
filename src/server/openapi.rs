//! `openapi.json`: the table of routes as `OpenAPI` 3.1, with the schemas of `schemas.json`.

use super::routes::{About, all};
use axum::Json;
use serde_json::{Map, Value, json};
use std::sync::OnceLock;

const SCHEMAS: &str = include_str!("schemas.json");

/// What a status code of a refusal means, whoever gives it.
const REFUSALS: [(u16, &str); 9] = [
    (400, "The request itself is wrong."),
    (401, "A token is needed, or it is not known."),
    (403, "The token may only read, or a web page asks."),
    (404, "There is no such thing."),
    (405, "The route does not take this method."),
    (409, "Not as things stand."),
    (422, "It contradicts what was asked before."),
    (431, "The header is too large."),
    (503, "The daemon can't say at the moment."),
];
/// What every route may answer.
const ALWAYS: [u16; 5] = [400, 401, 403, 405, 503];

/// The description as it is served.
pub fn document() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(made)
}

pub(super) async fn serve() -> Json<&'static Value> {
    Json(document())
}

fn made() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for route in all() {
        let path = paths.entry(route.about.path).or_insert_with(|| json!({}));
        if let Some(methods) = path.as_object_mut() {
            methods.insert(route.about.method.to_owned(), operation(&route.about));
        }
    }
    // The file is part of the program, and a test reads it.
    let schemas: Value = serde_json::from_str(SCHEMAS).unwrap_or_default();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "omnistock",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "The admin listener. Programs on the same machine need no token; others send `Authorization: Bearer`.",
            "license": { "name": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "security": [{}, { "token": [] }],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
        },
    })
}

fn reference(schema: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{schema}") })
}

fn json_of(schema: &str) -> Value {
    json!({ "application/json": { "schema": reference(schema) } })
}

/// The name in braces of a path, if it has one.
fn in_path(path: &str) -> Option<&str> {
    Some(path.split_once('{')?.1.split_once('}')?.0)
}

fn parameters(about: &About) -> Vec<Value> {
    let mut parameters: Vec<Value> = in_path(about.path)
        .map(|name| {
            let schema = if name == "sku" { "PathSku" } else { "PathId" };
            json!({ "name": name, "in": "path", "required": true, "schema": reference(schema) })
        })
        .into_iter()
        .collect();
    parameters.extend(about.query.iter().map(
        |one| json!({ "name": one.name, "in": "query", "required": one.required, "schema": reference(one.schema) }),
    ));
    if about.keyed {
        parameters.push(json!({
            "name": "Idempotency-Key", "in": "header", "required": true, "schema": reference("IdempotencyKey"),
            "description": "Names the request: the same key is the same reservation.",
        }));
    }
    parameters
}

fn operation(about: &About) -> Value {
    let (status, schema) = about.answer;
    let content = if schema.is_empty() {
        json!({ super::metrics::MEDIA_TYPE: { "schema": { "type": "string" } } })
    } else {
        json_of(schema)
    };
    let mut responses = Map::new();
    responses.insert(
        status.to_string(),
        json!({ "description": about.summary, "content": content }),
    );
    for (status, description) in REFUSALS {
        if ALWAYS.contains(&status) || about.refusals.contains(&status) {
            let schema = if status == 503 && schema == "Health" {
                schema
            } else {
                "Error"
            };
            let refusal = json!({ "description": description, "content": json_of(schema) });
            responses.insert(status.to_string(), refusal);
        }
    }
    let mut operation = json!({
        "operationId": format!("{}{}", about.method, about.path.replace(['/', '.'], "_").replace(['{', '}'], "")),
        "summary": about.summary,
        "parameters": parameters(about),
        "responses": responses,
    });
    if let (Some(schema), Some(operation)) = (about.body, operation.as_object_mut()) {
        let body = json!({ "required": !about.body_optional, "content": json_of(schema) });
        operation.insert("requestBody".to_owned(), body);
    }
    operation
}
