//! The HTTP side: faults, credentials, routes, answers.

use super::answer::{Call, Reply};
use super::records::{Faults, Trouble, WriteTrouble};
use super::shop::Shop;
use super::{Shared, auth, hooks, orders, price, products, trouble};
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, Method, Response, StatusCode, Uri};
use bytes::Bytes;
use omnistock_sdk::simulated::cut_off;
use rand::Rng;
use std::sync::Arc;

const PREFIX: &str = "/wp-json/wc/v3";

pub(super) fn routes(shared: Arc<Shared>) -> Router {
    Router::new().fallback(handle).with_state(shared)
}

async fn handle(State(shared): State<Arc<Shared>>, method: Method, uri: Uri, body: Bytes) -> Response<Body> {
    let latency = shared.shop().faults.latency;
    shared.pause(latency).await;
    let (response, hang) = if trouble::keeps_back(&shared, &method, &uri, &body) {
        let faults = shared.shop().faults.clone();
        (
            page(504, "<html><body><h1>504 Gateway Time-out</h1></body></html>"),
            Some(faults),
        )
    } else {
        answer(&mut shared.shop(), &method, &uri, &body)
    };
    shared.wake();
    if let Some(faults) = hang {
        shared.pause(faults.hang).await;
    }
    if shared.shop().faults.every_call == Some(Trouble::CutOff) {
        return cut_off(response).await;
    }
    response
}

/// The answer, and whether it is to be kept back.
pub(super) fn answer(shop: &mut Shop, method: &Method, uri: &Uri, body: &Bytes) -> (Response<Body>, Option<Faults>) {
    let Some(path) = uri.path().strip_prefix(PREFIX) else {
        return (page(404, "<!DOCTYPE html><title>Page not found</title>"), None);
    };
    *shop
        .counters
        .calls
        .entry(format!("{method} {}", route(path)))
        .or_default() += 1;
    if let Some(refusal) = injected(shop) {
        shop.counters.errors_injected += 1;
        return (refusal, None);
    }
    let query = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
        .into_owned()
        .collect();
    let json = if body.is_empty() {
        Ok(serde_json::Value::Null)
    } else {
        serde_json::from_slice(body)
    };
    let mut call = Call {
        method: method.to_string(),
        path: path.to_owned(),
        query,
        body: serde_json::Value::Null,
    };
    if let Some(refusal) = auth::refuse(shop, &call) {
        return (respond(refusal), None);
    }
    match json {
        Ok(json) => call.body = json,
        Err(_) => return (respond(Reply::no_json()), None),
    }
    let reply = products::answer(shop, &call)
        .or_else(|| orders::answer(shop, &call))
        .or_else(|| hooks::answer(shop, &call))
        .or_else(|| price::answer(shop, &call));
    let rate = shop.faults.timeout_after_apply_rate;
    let never_answered = shop.faults.writes == Some(WriteTrouble::NeverAnswered);
    let hang = method != Method::GET && (never_answered || shop.happens(rate));
    shop.counters.timeouts_injected += u64::from(hang);
    (
        respond(reply.unwrap_or_else(Reply::no_route)),
        hang.then(|| shop.faults.clone()),
    )
}

/// Ids out of the path, so that calls can be counted.
fn route(path: &str) -> String {
    let segment = |text: &str| {
        if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
            "{id}".to_owned()
        } else {
            text.to_owned()
        }
    };
    path.split('/').map(segment).collect::<Vec<_>>().join("/")
}

fn injected(shop: &mut Shop) -> Option<Response<Body>> {
    if shop.faults.outage {
        return Some(page(
            503,
            "<html><body>Briefly unavailable for scheduled maintenance.</body></html>",
        ));
    }
    if let Some(response) = shop.faults.every_call.and_then(|trouble| trouble.answer(broken)) {
        return Some(response);
    }
    if !shop.happens(shop.faults.error_rate) {
        return None;
    }
    Some(match shop.random.random_range(0..4) {
        0 => {
            let mut reply = Reply::error(429, "too_many_requests", "Too many requests.");
            reply.headers.push(("retry-after", "1".to_owned()));
            respond(reply)
        }
        1 => broken(),
        2 => page(502, "<html><body><h1>502 Bad Gateway</h1></body></html>"),
        _ => page(
            503,
            "<html><body><h1>503 Service Temporarily Unavailable</h1></body></html>",
        ),
    })
}

/// The shop's own 500.
fn broken() -> Response<Body> {
    respond(Reply::error(
        500,
        "internal_server_error",
        "<p>There has been a critical error on this website.</p>",
    ))
}

pub(super) fn page(status: u16, html: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(html));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response
        .headers_mut()
        .insert("content-type", HeaderValue::from_static("text/html; charset=UTF-8"));
    response
}

pub(super) fn respond(reply: Reply) -> Response<Body> {
    let mut response = Response::new(Body::from(reply.body));
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(
        "content-type",
        HeaderValue::from_static("application/json; charset=UTF-8"),
    );
    for (name, value) in reply.headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}
