//! Answers in the vendor's form, and what stands in a query.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

pub(super) type Answer = Response;

pub(super) fn with_status(status: u16, body: &Value) -> Answer {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

pub(super) fn ok(body: &Value) -> Answer {
    with_status(200, body)
}

pub(super) fn failed(status: u16, code: &str, message: &str) -> Answer {
    with_status(
        status,
        &json!({"errors": [{"code": code, "message": message, "details": ""}]}),
    )
}

/// An error that says more.
pub(super) fn failed_with(status: u16, code: &str, message: &str, details: &str) -> Answer {
    with_status(
        status,
        &json!({"errors": [{"code": code, "message": message, "details": details}]}),
    )
}

/// Adds a member to an object.
pub(super) fn put(object: &mut Value, name: &str, member: Value) {
    if let Some(members) = object.as_object_mut() {
        members.insert(name.to_owned(), member);
    }
}

/// The value of this name.
pub(super) fn given(query: &str, name: &str) -> Option<String> {
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    pairs.find(|(own, _)| own == name).map(|(_, value)| value.into_owned())
}

/// The values of a list.
pub(super) fn list(query: &str, name: &str) -> Vec<String> {
    let text = given(query, name).unwrap_or_default();
    text.split(',')
        .filter(|one| !one.is_empty())
        .map(str::to_owned)
        .collect()
}
