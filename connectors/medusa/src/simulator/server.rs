//! Routes, credentials and faults of the simulated server.

use super::query::Query;
use super::records::{Exchange, Trouble, WriteTrouble};
use super::shop::{API_KEY, EMAIL, PASSWORD, Shop};
use super::{Shared, batch, pages, price, trouble};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use omnistock_sdk::simulated::{CANARY, body_of, cut_off};
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::time::Instant;

/// To whom comes to the storefront's interface without its key.
const NO_STOREFRONT: &str = "Publishable API key required in the request header: x-publishable-api-key. You can manage your keys in settings in the dashboard.";

const BATCH: &str = "/admin/inventory-items/location-levels/batch";

pub(super) fn routes(shared: Arc<Shared>) -> Router {
    Router::new().fallback(call).with_state(shared)
}

pub(super) struct Answer {
    response: Response,
    /// Left without an answer.
    hang: bool,
}

impl From<Response> for Answer {
    fn from(response: Response) -> Self {
        Self { response, hang: false }
    }
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
    let writes = uri.path() == BATCH || priced(uri.path());
    if method == Method::POST && writes && trouble::keeps_back(&shared, &method, &uri, &headers, &body) {
        hang(&shared).await;
        return broken();
    }
    let answer = carry_out(&mut shared.shop(), &method, &uri, &headers, &body);
    if answer.hang {
        hang(&shared).await;
    }
    let trouble = shared.shop().faults.every_call;
    if trouble == Some(Trouble::CutOff) {
        return cut_off(answer.response).await;
    }
    // Where there is trouble, another than the vendor answers.
    if trouble.is_some() || !shared.shop().remembers {
        return answer.response;
    }
    remembered(&shared, &method, &uri, &body, answer.response).await
}

/// The answer, after the exchange was remembered; pages that are no JSON are nobody's.
async fn remembered(shared: &Shared, method: &Method, uri: &Uri, body: &[u8], response: Response) -> Response {
    let (parts, answer) = response.into_parts();
    let answer = body_of(answer).await;
    if let Ok(json) = serde_json::from_slice(&answer) {
        shared.shop().remember(Exchange {
            method: method.to_string(),
            path: uri.path().to_owned(),
            query: uri.query().unwrap_or_default().to_owned(),
            body: serde_json::from_slice(body).ok(),
            status: parts.status.as_u16(),
            answer: json,
        });
    }
    Response::from_parts(parts, answer.into())
}

/// As long as a call is left without an answer.
async fn hang(shared: &Shared) {
    let hang = shared.shop().faults.hang;
    shared.pause(hang).await;
}

pub(super) fn carry_out(shop: &mut Shop, method: &Method, uri: &Uri, headers: &HeaderMap, body: &[u8]) -> Answer {
    let path = uri.path();
    let route = if path.starts_with("/admin/orders/") {
        "/admin/orders/{id}"
    } else if priced(path) {
        "/admin/products/{id}/variants/batch"
    } else {
        path
    };
    *shop.counters.calls.entry(format!("{method} {route}")).or_default() += 1;
    if shop.faults.outage {
        shop.counters.errors_injected += 1;
        return (StatusCode::BAD_GATEWAY, "<html><h1>502 Bad Gateway</h1></html>")
            .into_response()
            .into();
    }
    if let Some(response) = shop.faults.every_call.and_then(|trouble| trouble.answer(broken)) {
        shop.counters.errors_injected += 1;
        return response.into();
    }
    let rate = shop.faults.error_rate;
    if shop.happens(rate) {
        shop.counters.errors_injected += 1;
        return broken().into();
    }
    if method == Method::POST && path == "/auth/user/emailpass" {
        return log_in(shop, body).into();
    }
    if path.starts_with("/store/") {
        return json_answer(400, &json!({"type": "not_allowed", "message": NO_STOREFRONT})).into();
    }
    if !path.starts_with("/admin/") {
        return no_route(method, path).into();
    }
    if !admitted(shop, headers) {
        shop.counters.unauthorized += 1;
        return json_answer(401, &json!({"message": "Unauthorized"})).into();
    }
    if method == Method::POST && path == BATCH {
        return write(shop, body);
    }
    if method == Method::POST && priced(path) {
        return write_prices(shop, body);
    }
    if method == Method::GET {
        read(shop, path, uri.query().unwrap_or_default()).into()
    } else {
        no_route(method, path).into()
    }
}

/// Whether it is the address of a batch of a product's variants.
fn priced(path: &str) -> bool {
    path.starts_with("/admin/products/") && path.ends_with("/variants/batch")
}

fn json_answer(status: u16, body: &Value) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (
        status,
        [(header::CONTENT_TYPE, "application/json; charset=utf-8")],
        body.to_string(),
    )
        .into_response()
}

pub(super) fn broken() -> Response {
    json_answer(
        500,
        &json!({"code": "unknown_error", "type": "unknown_error", "message": "An unknown error occurred."}),
    )
}

fn no_route(method: &Method, path: &str) -> Response {
    let page =
        format!("<!DOCTYPE html>\n<html lang=\"en\">\n<body>\n<pre>Cannot {method} {path}</pre>\n</body>\n</html>\n");
    (
        StatusCode::NOT_FOUND,
        [(header::CONTENT_TYPE, "text/html; charset=utf-8")],
        page,
    )
        .into_response()
}

fn log_in(shop: &mut Shop, body: &[u8]) -> Response {
    let given: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |name: &str| given.get(name).and_then(Value::as_str);
    if shop.locked_out || text("email") != Some(EMAIL) || text("password") != Some(PASSWORD) {
        shop.counters.unauthorized += 1;
        return json_answer(
            401,
            &json!({"type": "unauthorized", "message": "Invalid email or password"}),
        );
    }
    let token = format!("{}-{CANARY}", shop.id("token"));
    let until = Instant::now() + shop.token_life;
    shop.tokens.insert(token.clone(), until);
    json_answer(200, &json!({"token": token}))
}

fn admitted(shop: &Shop, headers: &HeaderMap) -> bool {
    let Some(given) = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()) else {
        return false;
    };
    if let Some(token) = given.strip_prefix("Bearer ") {
        return shop.tokens.get(token).is_some_and(|until| *until > Instant::now());
    }
    let Some(basic) = given.strip_prefix("Basic ") else {
        return false;
    };
    let text = STANDARD
        .decode(basic)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .unwrap_or_default();
    !shop.api_key_revoked && text.split(':').next() == Some(API_KEY)
}

fn read(shop: &Shop, path: &str, raw: &str) -> Response {
    let query = Query::new(raw);
    let answer = match path {
        "/admin/stock-locations" => pages::stock_locations(shop, &query),
        "/admin/inventory-items" => pages::inventory_items(shop, &query),
        "/admin/product-variants" => price::variants(shop, &query),
        "/admin/reservations" => pages::reservations(shop, &query),
        "/admin/orders" => pages::orders(shop, &query),
        _ => {
            let Some(id) = path.strip_prefix("/admin/orders/") else {
                return no_route(&Method::GET, path);
            };
            let missing = || {
                json_answer(
                    404,
                    &json!({"type": "not_found", "message": format!("Order id not found: {id}")}),
                )
            };
            return pages::order(shop, id, &query).map_or_else(missing, |order| json_answer(200, &order));
        }
    };
    answer.map_or_else(broken, |page| json_answer(200, &page))
}

fn write(shop: &mut Shop, body: &[u8]) -> Answer {
    let done = batch::update(shop, body);
    written(shop, done)
}

fn write_prices(shop: &mut Shop, body: &[u8]) -> Answer {
    let done = price::update(shop, body);
    written(shop, done)
}

fn written(shop: &mut Shop, done: Result<Value, batch::Refused>) -> Answer {
    let response = match done {
        Ok(answer) => json_answer(200, &answer),
        Err((status, answer)) => json_answer(status, &answer),
    };
    let rate = shop.faults.timeout_after_apply_rate;
    let hang = shop.happens(rate) || shop.faults.writes == Some(WriteTrouble::NeverAnswered);
    shop.counters.timeouts_injected += u64::from(hang);
    Answer { response, hang }
}
