//! Routes, credentials, methods and faults of the simulated server.

use super::Shared;
use super::domain::admits;
use super::records::{Record, World};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use omnistock_sdk::simulated::{Trouble, cut_off};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

pub(super) const DATABASE: &str = "books";
pub(super) const LOGIN: &str = "stock-bot";
pub(super) const KEY: &str = "c0ffee5ec4e7-api-key";
const USER: i64 = 2;

/// What goes wrong.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    /// The proxy before it answers 502 with a page.
    pub outage: bool,
    /// Every call is answered 200 with the page where people log in.
    pub login_page: bool,
    /// So many of the next calls fail inside the server.
    pub errors: u32,
    /// So many of the next calls find their session ended.
    pub sessions_ended: u32,
    /// Before each answer.
    pub latency: Duration,
    /// Pages are cut to so many records, whatever was asked for.
    pub most_records: Option<usize>,
    /// Pages come in the wrong order.
    pub disorder: bool,
    /// Models that the user may not read.
    pub denied: BTreeSet<String>,
    /// What every call is answered with.
    pub every_call: Option<Trouble>,
}

/// What was called so far.
#[derive(Debug, Clone, Default)]
pub struct Counters {
    /// Calls by `model.method`, and logins as `authenticate`.
    pub calls: BTreeMap<String, u64>,
    /// Calls by interface: `/jsonrpc`, `/json/2`.
    pub interfaces: BTreeMap<String, u64>,
}

type Act = Box<dyn FnOnce(&mut World) + Send>;

/// The server's state.
pub(super) struct Office {
    pub(super) world: World,
    pub(super) faults: Faults,
    pub(super) counters: Counters,
    pub(super) key_ended: bool,
    pub(super) while_paging: Option<Act>,
}

/// An exception: its name, its words, the status that JSON-2 answers with.
struct Failure(&'static str, String, u16);

impl Office {
    pub(super) fn new(version: i64) -> Self {
        Self {
            world: World::new(version),
            faults: Faults::default(),
            counters: Counters::default(),
            key_ended: false,
            while_paging: None,
        }
    }

    fn key_is(&self, given: Option<&str>) -> bool {
        !self.key_ended && given == Some(KEY)
    }
}

pub(super) fn routes(shared: Arc<Shared>) -> Router {
    Router::new().fallback(call).with_state(shared)
}

async fn call(
    State(shared): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let latency = shared.shop().faults.latency;
    shared.pause(latency).await;
    let (response, cut) = {
        let mut office = shared.shop();
        let cut = office.faults.every_call == Some(Trouble::CutOff);
        (answer(&mut office, &method, uri.path(), &headers, &body), cut)
    };
    if cut { cut_off(response).await } else { response }
}

/// What the server says when it fails outside of a method.
fn broken() -> Response {
    let page = "<!DOCTYPE html><title>500 Internal Server Error</title><h1>Internal Server Error</h1>";
    (
        StatusCode::INTERNAL_SERVER_ERROR,
        [(header::CONTENT_TYPE, "text/html")],
        page,
    )
        .into_response()
}

fn answer(office: &mut Office, method: &Method, path: &str, headers: &HeaderMap, body: &[u8]) -> Response {
    if office.faults.outage {
        return (
            StatusCode::BAD_GATEWAY,
            "<html><head><title>502 Bad Gateway</title></head><center>nginx</center></html>",
        )
            .into_response();
    }
    if office.faults.login_page {
        return (
            StatusCode::OK,
            [(header::CONTENT_TYPE, "text/html")],
            "<!DOCTYPE html><html><form action=\"/web/login\">",
        )
            .into_response();
    }
    if let Some(response) = office.faults.every_call.and_then(|trouble| trouble.answer(broken)) {
        return response;
    }
    let given: Value = serde_json::from_slice(body).unwrap_or_default();
    if method == Method::POST && path == "/jsonrpc" {
        *office.counters.interfaces.entry(path.to_owned()).or_default() += 1;
        return rpc(office, &given);
    }
    let Some((model, name)) = path.strip_prefix("/json/2/").and_then(|rest| rest.split_once('/')) else {
        return (StatusCode::NOT_FOUND, "<!DOCTYPE html><title>404 Not Found</title>").into_response();
    };
    if office.world.version < 19 || method != Method::POST {
        return (StatusCode::NOT_FOUND, "<!DOCTYPE html><title>404 Not Found</title>").into_response();
    }
    *office.counters.interfaces.entry("/json/2".to_owned()).or_default() += 1;
    let bearer = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '));
    let admitted = bearer.is_some_and(|(kind, key)| kind.eq_ignore_ascii_case("bearer") && office.key_is(Some(key)));
    let outcome = if admitted {
        carry_out(office, model, name, &given)
    } else {
        Err(Failure(
            "werkzeug.exceptions.Unauthorized",
            "Invalid apikey".to_owned(),
            401,
        ))
    };
    match outcome {
        Ok(value) => reply(200, &value),
        Err(Failure(name, message, status)) => {
            // In this order, as documented: it is cut off in our messages.
            let (name, message) = (json!(name), json!(message));
            let body = format!(
                r#"{{"name": {name}, "message": {message}, "arguments": [{message}], "context": {{}}, "debug": "Traceback (most recent call last):\n  File"}}"#
            );
            raw(status, body)
        }
    }
}

fn reply(status: u16, body: &Value) -> Response {
    raw(status, body.to_string())
}

fn raw(status: u16, body: String) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

fn rpc(office: &mut Office, given: &Value) -> Response {
    let at = |path: &str| given.pointer(path).cloned().unwrap_or_default();
    let text = |path: &str| given.pointer(path).and_then(Value::as_str);
    let outcome = match (text("/params/service"), text("/params/method")) {
        (Some("common"), Some("version")) => {
            let version = office.world.version;
            Ok(
                json!({"server_version": format!("{version}.0"), "server_version_info": [version, 0, 0, "final", 0, ""], "protocol_version": 1}),
            )
        }
        (Some("common"), Some("authenticate")) => {
            *office.counters.calls.entry("authenticate".to_owned()).or_default() += 1;
            authenticate(office, &at("/params/args"))
        }
        (Some("object"), Some("execute_kw")) => execute(office, &at("/params/args")),
        _ => Err(Failure("builtins.KeyError", "service".to_owned(), 404)),
    };
    reply(
        200,
        &match outcome {
            Ok(result) => json!({"jsonrpc": "2.0", "id": given.get("id"), "result": result}),
            Err(Failure(name, message, _)) => {
                let expired = name.ends_with("SessionExpiredException");
                let title = if expired {
                    "Odoo Session Expired"
                } else {
                    "Odoo Server Error"
                };
                json!({"jsonrpc": "2.0", "id": given.get("id"), "error": {"code": if expired { 100 } else { 200 }, "message": title,
                "data": {"name": name, "debug": "Traceback (most recent call last):\n  File", "message": message, "arguments": [message], "context": {}}}})
            }
        },
    )
}

fn authenticate(office: &Office, arguments: &Value) -> Result<Value, Failure> {
    let text = |index: usize| arguments.get(index).and_then(Value::as_str);
    if text(0) != Some(DATABASE) {
        let name = text(0).unwrap_or_default();
        return Err(Failure(
            "psycopg2.OperationalError",
            format!("FATAL:  database \"{name}\" does not exist"),
            500,
        ));
    }
    Ok(if text(1) == Some(LOGIN) && office.key_is(text(2)) {
        json!(USER)
    } else {
        json!(false)
    })
}

fn execute(office: &mut Office, arguments: &Value) -> Result<Value, Failure> {
    let text = |index: usize| arguments.get(index).and_then(Value::as_str);
    if text(0) != Some(DATABASE) || arguments.get(1) != Some(&json!(USER)) || !office.key_is(text(2)) {
        return Err(Failure("odoo.exceptions.AccessDenied", "Access Denied".to_owned(), 401));
    }
    let (model, name) = (text(3).unwrap_or_default(), text(4).unwrap_or_default());
    let mut named = arguments.get(6).and_then(Value::as_object).cloned().unwrap_or_default();
    if let Some(domain) = arguments.get(5).and_then(|positional| positional.get(0)) {
        named.insert("domain".to_owned(), domain.clone());
    }
    carry_out(office, model, name, &Value::Object(named))
}

fn carry_out(office: &mut Office, model: &str, method: &str, named: &Value) -> Result<Value, Failure> {
    *office.counters.calls.entry(format!("{model}.{method}")).or_default() += 1;
    if office.faults.sessions_ended > 0 {
        office.faults.sessions_ended -= 1;
        return Err(Failure(
            "odoo.http.SessionExpiredException",
            "Session expired".to_owned(),
            403,
        ));
    }
    if office.faults.errors > 0 {
        office.faults.errors -= 1;
        return Err(Failure(
            "psycopg2.errors.SerializationFailure",
            "could not serialize access due to concurrent update".to_owned(),
            500,
        ));
    }
    if office.faults.denied.contains(model) {
        let words = format!(
            "You are not allowed to access '{model}' records.\n\nThis operation is allowed for the following groups:\n\t- Inventory/User"
        );
        return Err(Failure("odoo.exceptions.AccessError", words, 403));
    }
    if !office.world.tables.contains_key(model) {
        return Err(Failure("builtins.KeyError", model.to_owned(), 404));
    }
    match method {
        "fields_get" => Ok(fields_get(&office.world, model, named)),
        "search_count" => Ok(json!(found(&office.world, model, named)?.len())),
        "search_read" => search_read(office, model, named),
        _ => Err(Failure(
            "builtins.AttributeError",
            format!("type object '{model}' has no attribute '{method}'"),
            404,
        )),
    }
}

fn fields_get(world: &World, model: &str, named: &Value) -> Value {
    let wanted = named
        .get("allfields")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str);
    let known: Map<String, Value> = wanted
        .filter(|field| world.knows(model, field))
        .map(|field| (field.to_owned(), json!({"type": "float"})))
        .collect();
    Value::Object(known)
}

fn found<'a>(world: &'a World, model: &str, named: &Value) -> Result<Vec<&'a Record>, Failure> {
    let domain = named
        .get("domain")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    let all = named.pointer("/context/active_test") == Some(&json!(false));
    let mut rows = Vec::new();
    for record in world.tables.get(model).into_iter().flat_map(|table| table.values()) {
        let visible = all || record.get("active") != Some(&json!(false));
        let admitted =
            admits(world, model, record, domain).map_err(|words| Failure("builtins.ValueError", words, 422))?;
        rows.extend((visible && admitted).then_some(record));
    }
    Ok(rows)
}

fn search_read(office: &mut Office, model: &str, named: &Value) -> Result<Value, Failure> {
    let fields: Vec<&str> = named
        .get("fields")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let unknown = |field: &&&str| **field != "id" && !office.world.knows(model, field);
    if let Some(field) = fields.iter().find(unknown) {
        return Err(Failure(
            "builtins.ValueError",
            format!("Invalid field '{field}' on model '{model}'"),
            422,
        ));
    }
    let mut records = found(&office.world, model, named)?;
    if named.get("order") == Some(&json!("id desc")) {
        records.reverse();
    }
    let limit = named
        .get("limit")
        .and_then(Value::as_u64)
        .and_then(|limit| usize::try_from(limit).ok())
        .unwrap_or(usize::MAX);
    records.truncate(limit.min(office.faults.most_records.unwrap_or(usize::MAX)));
    if office.faults.disorder {
        records.reverse();
    }
    let shown = |record| office.world.shown(record, &fields);
    let rows: Vec<Value> = records.into_iter().map(shown).collect();
    if model == "stock.quant"
        && fields.contains(&"location_id")
        && let Some(act) = office.while_paging.take()
    {
        act(&mut office.world);
    }
    Ok(Value::Array(rows))
}
