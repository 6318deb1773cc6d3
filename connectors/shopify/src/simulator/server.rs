//! The HTTP side: faults, tokens, costs, answers.

use super::bucket::cost_of_answer;
use super::graph::{Failure, Request};
use super::records::{Exchange, Trouble, WriteTrouble};
use super::shop::{CLIENT_ID, Shop, TOKEN};
use super::{Shared, bucket, changes, reads};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Uri};
use omnistock_sdk::simulated::{CANARY, cut_off};
use rand::Rng;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

pub(super) fn routes(shared: Arc<Shared>) -> Router {
    Router::new().fallback(handle).with_state(shared)
}

/// What happens to a call beside its answer.
enum Fate {
    Answered(Response<Body>),
    /// Kept back for so long.
    Hung(Response<Body>, Duration),
    /// Carried out so much later, and never answered.
    Late(String, Value, Duration, Duration),
}

async fn handle(
    State(shared): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let latency = shared.shop().faults.latency;
    shared.pause(latency).await;
    let fate = answer(&mut shared.shop(), &method, &uri, &headers, &body);
    shared.wake();
    let cuts = shared.shop().faults.every_call == Some(Trouble::CutOff);
    match fate {
        Fate::Answered(response) if cuts => cut_off(response).await,
        Fate::Answered(response) => response,
        Fate::Hung(response, hang) => {
            shared.pause(hang).await;
            response
        }
        Fate::Late(version, call, late, hang) => {
            // The caller may be gone by then, and this with him: it lands all the same.
            shared.later(late, move |shop| drop(graphql(shop, &version, &call)));
            shared.pause(hang).await;
            page(504, "gateway timeout")
        }
    }
}

fn answer(shop: &mut Shop, method: &Method, uri: &Uri, headers: &HeaderMap, body: &Bytes) -> Fate {
    let path = uri.path();
    if shop.faults.outage {
        shop.counters.errors_injected += 1;
        return Fate::Answered(page(503, "<html><body>Service unavailable</body></html>"));
    }
    let host = headers.get("host").and_then(|host| host.to_str().ok());
    if host.is_some_and(|host| host.starts_with("localhost")) {
        return Fate::Answered(page(404, "<!DOCTYPE html><title>404 Not Found</title>"));
    }
    if let Some(trouble) = shop
        .faults
        .every_call
        .filter(|trouble| !matches!(trouble, Trouble::Throttled(_)))
        && let Some(response) = trouble.answer(|| page(500, "<html><body><h1>Something went wrong</h1></body></html>"))
    {
        shop.counters.errors_injected += 1;
        return Fate::Answered(response);
    }
    if path == "/admin/oauth/access_token" && method == Method::POST {
        return Fate::Answered(log_in(shop, body));
    }
    if let Some(file) = path.strip_prefix("/bulk/") {
        return Fate::Answered(part(shop, file, headers));
    }
    let version = path
        .strip_prefix("/admin/api/")
        .and_then(|rest| rest.strip_suffix("/graphql.json"));
    let Some(version) = version.filter(|_| method == Method::POST) else {
        return Fate::Answered(json_page(404, &json!({"errors": "Not Found"})));
    };
    if !admitted(shop, headers) {
        shop.counters.unauthorized += 1;
        let sentence = "[API] Invalid API key or access token (unrecognized login or wrong password)";
        return Fate::Answered(json_page(401, &json!({ "errors": sentence })));
    }
    if shop.happens(shop.faults.error_rate) {
        shop.counters.errors_injected += 1;
        let status = [500, 502, 503]
            .get(shop.random.random_range(0..3_usize))
            .copied()
            .unwrap_or(500);
        return Fate::Answered(page(status, "<html><body><h1>Something went wrong</h1></body></html>"));
    }
    let Ok(call) = serde_json::from_slice::<Value>(body) else {
        return Fate::Answered(json_page(
            400,
            &json!({"errors": {"query": "Required parameter missing or invalid"}}),
        ));
    };
    carry_out(shop, version, call)
}

fn carry_out(shop: &mut Shop, version: &str, call: Value) -> Fate {
    let is_write = call
        .get("query")
        .and_then(Value::as_str)
        .is_some_and(|query| query.trim_start().starts_with("mutation"));
    if is_write && let Some(trouble) = shop.faults.writes {
        shop.counters.timeouts_injected += 1;
        let hang = shop.faults.hang;
        return match trouble {
            WriteTrouble::NeverDone => Fate::Hung(page(504, "gateway timeout"), hang),
            WriteTrouble::NeverAnswered => Fate::Hung(graphql(shop, version, &call), hang),
            WriteTrouble::LandsLate(late) => Fate::Late(version.to_owned(), call, late, hang),
        };
    }
    if is_write && shop.happens(shop.faults.timeout_before_apply_rate) {
        shop.counters.timeouts_injected += 1;
        return Fate::Late(version.to_owned(), call, shop.faults.late_landing, shop.faults.hang);
    }
    let response = graphql(shop, version, &call);
    if is_write && shop.happens(shop.faults.timeout_after_apply_rate) {
        shop.counters.timeouts_injected += 1;
        return Fate::Hung(response, shop.faults.hang);
    }
    Fate::Answered(response)
}

fn log_in(shop: &mut Shop, body: &[u8]) -> Response<Body> {
    let form: Vec<(String, String)> = url::form_urlencoded::parse(body).into_owned().collect();
    let given = |name: &str| {
        form.iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    };
    if shop.uninstalled || given("client_id") != Some(CLIENT_ID) || given("client_secret") != Some(&shop.secret) {
        shop.counters.unauthorized += 1;
        return json_page(
            400,
            &json!({"error": "invalid_client", "error_description": "client credentials are not right"}),
        );
    }
    let token = format!("shpat_{CANARY}{:016x}", shop.random.random::<u64>());
    shop.tokens.insert(token.clone(), Instant::now() + shop.token_life);
    shop.counters.tokens += 1;
    json_page(
        200,
        &json!({"access_token": token, "scope": "as installed", "expires_in": shop.token_life.as_secs()}),
    )
}

fn admitted(shop: &Shop, headers: &HeaderMap) -> bool {
    let given = headers
        .get("x-shopify-access-token")
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let own = given == TOKEN && !shop.token_revoked;
    own || shop.tokens.get(given).is_some_and(|until| *until > Instant::now())
}

/// A file's bytes, or the range that was asked for.
fn part(shop: &Shop, file: &str, headers: &HeaderMap) -> Response<Body> {
    let id = file.strip_suffix(".jsonl").and_then(|id| id.parse::<u64>().ok());
    let Some(bulk) = id.and_then(|id| shop.bulks.get(&id)) else {
        return page(404, "no such file");
    };
    let bytes = bulk.file.as_bytes();
    let range = headers
        .get("range")
        .and_then(|value| value.to_str().ok()?.strip_prefix("bytes=")?.split_once('-'));
    let Some((from, to)) = range.and_then(|(from, to)| Some((from.parse::<usize>().ok()?, to.parse::<usize>().ok()?)))
    else {
        return Response::new(Body::from(bytes.to_vec()));
    };
    let end = to.saturating_add(1).min(bytes.len());
    let Some(part) = bytes.get(from..end).filter(|part| !part.is_empty()) else {
        return page(416, "no such range");
    };
    let mut response = Response::new(Body::from(part.to_vec()));
    *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    set(
        &mut response,
        "content-range",
        &format!("bytes {from}-{}/{}", end - 1, bytes.len()),
    );
    response
}

/// One call of the interface, counted, paid for, and remembered.
fn graphql(shop: &mut Shop, version: &str, call: &Value) -> Response<Body> {
    let query = call.get("query").and_then(Value::as_str).unwrap_or_default();
    let variables = call.get("variables").cloned().unwrap_or_default();
    let answer = respond(shop, query, &variables);
    let served = shop.faults.served_version.clone().unwrap_or_else(|| version.to_owned());
    let mut response = json_page(200, &answer);
    shop.remember(Exchange {
        query: query.to_owned(),
        variables,
        answer,
    });
    set(&mut response, "x-shopify-api-version", &served);
    response
}

fn respond(shop: &mut Shop, query: &str, variables: &Value) -> Value {
    let request = match Request::read(query, variables.clone(), false) {
        Ok(request) => request,
        Err(failure) => return failed(&failure, None),
    };
    *shop.counters.calls.entry(request.name.clone()).or_default() += 1;
    let requested = request.cost();
    if requested > bucket::DEAREST {
        let sentence = format!(
            "Query cost is {requested}, which exceeds the single query max cost limit ({}).",
            bucket::DEAREST
        );
        return failed(
            &Failure::new("MAX_COST_EXCEEDED", sentence),
            Some(shop.bucket.told(requested, None)),
        );
    }
    if let Some(Trouble::Throttled(after)) = shop.faults.every_call {
        shop.counters.throttled += 1;
        // Without costs it comes from a limit that has nothing to do with them.
        let told = after.map(|_| {
            shop.bucket.empty();
            shop.bucket.told(requested, None)
        });
        return failed(&Failure::new("THROTTLED", "Throttled"), told);
    }
    if !shop.bucket.admits(requested) || shop.happens(shop.faults.throttle_rate) {
        shop.counters.throttled += 1;
        return failed(
            &Failure::new("THROTTLED", "Throttled"),
            Some(shop.bucket.told(requested, None)),
        );
    }
    if shop.happens(shop.faults.internal_error_rate) {
        shop.counters.errors_injected += 1;
        let sentence = "Internal error. Looks like something went wrong on our end.";
        return failed(
            &Failure::new("INTERNAL_SERVER_ERROR", sentence),
            Some(shop.bucket.told(requested, None)),
        );
    }
    let mut data = Map::new();
    for field in &request.roots {
        let value = if request.mutation {
            changes::root(shop, &request, field)
        } else {
            reads::root(shop, &request, field)
        };
        match value {
            Ok(value) => drop(data.insert(field.response_name().to_string(), value)),
            Err(failure) => {
                shop.bucket.take(1);
                return failed(&failure, Some(shop.bucket.told(requested, Some(1))));
            }
        }
    }
    let data = Value::Object(data);
    let actual = if request.mutation {
        requested
    } else {
        cost_of_answer(&data).clamp(1, requested)
    };
    shop.bucket.take(actual);
    shop.counters.points += actual.unsigned_abs();
    json!({"data": data, "extensions": shop.bucket.told(requested, Some(actual))})
}

fn failed(failure: &Failure, extensions: Option<Value>) -> Value {
    let mut body = json!({ "errors": [failure.render()] });
    if let (Some(extensions), Some(members)) = (extensions, body.as_object_mut()) {
        members.insert("extensions".to_owned(), extensions);
    }
    body
}

fn json_page(status: u16, body: &Value) -> Response<Body> {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    set(&mut response, "content-type", "application/json; charset=utf-8");
    response
}

fn page(status: u16, html: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(html));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    set(&mut response, "content-type", "text/html; charset=utf-8");
    response
}

fn set(response: &mut Response<Body>, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}
