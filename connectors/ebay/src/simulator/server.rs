//! Routes, credentials, quotas and faults of the simulated eBay.

use super::records::{Exchange, Trouble, WriteTrouble};
use super::shop::Shop;
use super::tokens::Owner;
use super::{Shared, inventory, notify, older, orders};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use omnistock_sdk::simulated::{body_of, cut_off};
use serde_json::{Value, json};
use std::sync::Arc;
use url::form_urlencoded;

const TOKEN: &str = "/identity/v1/oauth2/token";
const TRADING: &str = "/ws/api.dll";
const BULK: &str = "/sell/inventory/v1/bulk_update_price_quantity";

/// A call, its parts decoded.
pub(super) struct Call<'a> {
    pub(super) method: &'a Method,
    pub(super) path: &'a str,
    pub(super) query: Vec<(String, String)>,
    pub(super) headers: &'a HeaderMap,
    pub(super) body: &'a [u8],
}

impl Call<'_> {
    /// A value of the query.
    pub(super) fn asked(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(own, _)| own == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The body as JSON; null where it is none.
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(self.body).unwrap_or(Value::Null)
    }

    fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default()
    }

    /// Whether it changes listings.
    fn writes(&self) -> bool {
        self.path == BULK || self.path == TRADING && self.header("x-ebay-api-call-name") == "ReviseInventoryStatus"
    }
}

pub(super) fn routes(shared: Arc<Shared>) -> Router {
    Router::new().fallback(call).with_state(shared)
}

pub(super) fn json_answer(status: u16, body: &Value) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

/// One error, as the vendor writes it.
pub(super) fn error(id: u32, domain: &str, category: &str, message: &str) -> Value {
    json!({"errorId": id, "domain": domain, "category": category, "message": message, "longMessage": message})
}

/// An answer with one error.
pub(super) fn refused(status: u16, id: u32, domain: &str, message: &str) -> Response {
    let category = if status >= 500 { "APPLICATION" } else { "REQUEST" };
    json_answer(status, &json!({"errors": [error(id, domain, category, message)]}))
}

fn broken() -> Response {
    refused(500, 25_001, "API_INVENTORY", "A system error has occurred.")
}

async fn hang(shared: &Shared) -> Response {
    let hang = shared.shop().faults.hang;
    shared.pause(hang).await;
    broken()
}

async fn call(
    State(shared): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let query = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    let call = Call {
        method: &method,
        path: uri.path(),
        query: query.into_owned().collect(),
        headers: &headers,
        body: &body,
    };
    let writes = shared.shop().faults.writes.filter(|_| call.writes());
    match writes {
        None => {}
        Some(WriteTrouble::NeverDone) => return hang(&shared).await,
        Some(WriteTrouble::NeverAnswered) => {
            drop(carry_out(&mut shared.shop(), &call));
            return hang(&shared).await;
        }
        Some(WriteTrouble::LandsLate(after)) => {
            land_late(&shared, after, (method, uri, headers, body));
            return hang(&shared).await;
        }
    }
    if let Some(answer) = notify::prove(&shared, &call).await {
        return answer;
    }
    let answer = carry_out(&mut shared.shop(), &call);
    shared.wake();
    let rate = shared.shop().faults.timeout_after_apply_rate;
    if call.writes() && shared.shop().happens(rate) {
        return hang(&shared).await;
    }
    let trouble = shared.shop().faults.every_call;
    if trouble == Some(Trouble::CutOff) {
        return cut_off(answer).await;
    }
    // Where there is trouble, another than the vendor answers.
    if trouble.is_some() || !shared.shop().remembers {
        return answer;
    }
    remembered(&shared, &call, &uri, answer).await
}

fn land_late(shared: &Arc<Shared>, after: std::time::Duration, parts: (Method, Uri, HeaderMap, Bytes)) {
    shared.later(after, move |shop| {
        let (method, uri, headers, body) = parts;
        let call = Call {
            method: &method,
            path: uri.path(),
            query: Vec::new(),
            headers: &headers,
            body: &body,
        };
        drop(carry_out(shop, &call));
    });
}

/// The answer, after the exchange was remembered.
async fn remembered(shared: &Shared, call: &Call<'_>, uri: &Uri, response: Response) -> Response {
    let (parts, answer) = response.into_parts();
    let answer = body_of(answer).await;
    shared.shop().remember(Exchange {
        method: call.method.to_string(),
        path: call.path.to_owned(),
        query: uri.query().unwrap_or_default().to_owned(),
        headers: call.headers.keys().map(|name| name.as_str().to_owned()).collect(),
        body: serde_json::from_slice(call.body).ok(),
        status: parts.status.as_u16(),
        answer: serde_json::from_slice(&answer).ok(),
    });
    Response::from_parts(parts, answer.into())
}

/// A path with its ids left out.
fn route(call: &Call<'_>) -> String {
    if call.path == TRADING {
        return call.header("x-ebay-api-call-name").to_owned();
    }
    let cut = |part: &str| part.len() > 3 && part.bytes().any(|byte| byte.is_ascii_digit()) && !part.starts_with('v');
    let parts: Vec<&str> = call
        .path
        .split('/')
        .map(|part| if cut(part) { "{id}" } else { part })
        .collect();
    format!("{} {}", call.method, parts.join("/"))
}

fn carry_out(shop: &mut Shop, call: &Call<'_>) -> Response {
    *shop.counters.calls.entry(route(call)).or_default() += 1;
    shop.catch_up();
    if let Some(response) = shop.faults.every_call.and_then(|trouble| trouble.answer(broken)) {
        return response;
    }
    let rate = shop.faults.error_rate;
    if shop.happens(rate) {
        return broken();
    }
    if call.path == TOKEN && call.method == Method::POST {
        let today = shop.today();
        return shop.tokens.mint(call.headers, call.body, today);
    }
    if call.path == TRADING {
        return older::answer(shop, call);
    }
    let known = ["/sell/", "/commerce/notification/v1/", "/developer/analytics/v1_beta/"];
    if !known.iter().any(|start| call.path.starts_with(start)) {
        return (StatusCode::NOT_FOUND, "<html><h1>404 Not Found</h1></html>").into_response();
    }
    let Some(owner) = shop.tokens.bearer(call.headers) else {
        return refused(401, 1_001, "OAuth", "Invalid access token");
    };
    let quota = call.path.split('/').nth(2).unwrap_or_default();
    if !shop.spend(quota) {
        shop.counters.throttled += 1;
        // No header says when to come back.
        return refused(
            429,
            2_001,
            "ACCESS",
            "Too many requests. The request limit has been reached for the resource.",
        );
    }
    let body = call.method == Method::POST || call.method == Method::PUT;
    if body && !call.body.is_empty() && !call.header("content-type").starts_with("application/json") {
        return refused(415, 2_003, "ACCESS", "Unsupported media type");
    }
    by_owner(shop, call, owner)
}

fn by_owner(shop: &mut Shop, call: &Call<'_>, owner: Owner) -> Response {
    let denied = || refused(403, 1_100, "ACCESS", "Insufficient permissions to fulfill the request.");
    let seller = owner == Owner::Seller;
    let path = call.path;
    if path.starts_with("/sell/inventory/v1/") {
        return if seller {
            inventory::answer(shop, call)
        } else {
            denied()
        };
    }
    if path.starts_with("/sell/fulfillment/v1/") {
        return if seller { orders::answer(shop, call) } else { denied() };
    }
    if path == "/sell/account/v1/program/get_opted_in_programs" && seller {
        let programs = if shop.keeps_sold_out {
            vec![json!({"programType": "OUT_OF_STOCK_CONTROL"})]
        } else {
            vec![]
        };
        return json_answer(200, &json!({ "programs": programs }));
    }
    if path.starts_with("/developer/analytics/v1_beta/") {
        return analytics(shop, path, seller);
    }
    if path.starts_with("/commerce/notification/v1/") {
        return notify::answer(shop, call, seller);
    }
    denied()
}

fn analytics(shop: &Shop, path: &str, seller: bool) -> Response {
    if path.ends_with("/user_rate_limit/") && seller {
        return StatusCode::NO_CONTENT.into_response();
    }
    if !path.ends_with("/rate_limit/") || seller {
        return refused(403, 1_100, "ACCESS", "Insufficient permissions to fulfill the request.");
    }
    let row = |(name, (used, most)): (&&'static str, &(u64, u64))| {
        let left = most.saturating_sub(*used);
        let rate = json!({"count": used, "limit": most, "remaining": left,
                          "reset": crate::windows::stamp(shop.tomorrow()), "timeWindow": 86_400});
        let context = if *name == "tradingapi" { "tradingapi" } else { "sell" };
        let resources = json!([{"name": format!("{context}.{name}"), "rates": [rate]}]);
        json!({"apiContext": context, "apiName": name, "apiVersion": "v1", "resources": resources})
    };
    let rows: Vec<Value> = shop.quotas.iter().map(row).collect();
    json_answer(200, &json!({ "rateLimits": rows }))
}
