//! Routes, tokens, limits and faults of the simulated server.

use super::answer::{Answer, failed, failed_with, ok, with_status};
use super::records::{Exchange, Trouble, WriteTrouble};
use super::shop::{CLIENT, SELLER, Shop};
use super::{Shared, bucket, depot, feeds, listings, orders, queue};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, HeaderValue, Method, Uri};
use axum::response::Response;
use omnistock_sdk::simulated::{body_of, cut_off};
use serde_json::json;
use std::sync::Arc;
use tokio::time::Instant;

pub(super) fn routes(shared: Arc<Shared>) -> Router {
    // Feeds are larger than what a server takes by itself.
    Router::new()
        .fallback(call)
        .layer(DefaultBodyLimit::max(64 << 20))
        .with_state(shared)
}

/// A request, whole.
#[derive(Clone)]
struct Request {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
}

/// Where a path leads.
enum Route {
    Login,
    Search,
    Item(String),
    Document(String),
    Feeds,
    Feed(String),
    Documents,
    Report(String),
    Orders,
    Order(String),
    Depot,
    Nowhere,
}

fn decoded(text: &str) -> String {
    // A path is not a form: its plus is a plus.
    let form = format!("x={}", text.replace('+', "%2B"));
    let mut pairs = url::form_urlencoded::parse(form.as_bytes());
    pairs.next().map(|(_, value)| value.into_owned()).unwrap_or_default()
}

fn route(path: &str) -> Route {
    let parts: Vec<String> = path.trim_start_matches('/').split('/').map(decoded).collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    match parts.as_slice() {
        ["auth", "o2", "token"] => Route::Login,
        ["documents", id] => Route::Document((*id).to_owned()),
        ["listings", "2021-08-01", "items", seller] if *seller == SELLER => Route::Search,
        ["listings", "2021-08-01", "items", seller, sku] if *seller == SELLER => Route::Item((*sku).to_owned()),
        ["feeds", "2021-06-30", "feeds"] => Route::Feeds,
        ["feeds", "2021-06-30", "feeds", id] => Route::Feed((*id).to_owned()),
        ["feeds", "2021-06-30", "documents"] => Route::Documents,
        ["feeds", "2021-06-30", "documents", id] => Route::Report((*id).to_owned()),
        ["orders", "2026-01-01", "orders"] => Route::Orders,
        ["orders", "2026-01-01", "orders", id] => Route::Order((*id).to_owned()),
        ["fba", "inventory", "v1", "summaries"] => Route::Depot,
        _ => Route::Nowhere,
    }
}

/// The vendor's name of the operation.
fn operation(route: &Route, method: &Method) -> &'static str {
    match (route, method.as_str()) {
        (Route::Login, _) => "token",
        (Route::Search, "GET") => "searchListingsItems",
        (Route::Item(_), "GET") => "getListingsItem",
        (Route::Item(_), "PATCH") => "patchListingsItem",
        (Route::Document(_), _) => "document",
        (Route::Feeds, "POST") => "createFeed",
        (Route::Feeds, "GET") => "getFeeds",
        (Route::Feed(_), "GET") => "getFeed",
        (Route::Documents, "POST") => "createFeedDocument",
        (Route::Report(_), "GET") => "getFeedDocument",
        (Route::Orders, "GET") => "searchOrders",
        (Route::Order(_), "GET") => "getOrder",
        (Route::Depot, "GET") => "getInventorySummaries",
        _ => "nothing",
    }
}

fn writes(operation: &str) -> bool {
    matches!(operation, "patchListingsItem" | "createFeed")
}

async fn call(
    State(shared): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if headers.contains_key("x-amz-target") {
        return queue::call(&shared, &headers, &body).await;
    }
    let request = Request {
        method,
        uri,
        headers,
        body,
    };
    let name = operation(&route(request.uri.path()), &request.method);
    let trouble = shared.shop().faults.writes.filter(|_| writes(name));
    match trouble {
        None => {}
        Some(WriteTrouble::NeverDone) => return hang(&shared).await,
        Some(WriteTrouble::NeverAnswered) => {
            drop(carry_out(&mut shared.shop(), &request));
            return hang(&shared).await;
        }
        Some(WriteTrouble::LandsLate(after)) => {
            let request = request.clone();
            shared.later(after, move |shop| drop(carry_out(shop, &request)));
            return hang(&shared).await;
        }
    }
    let answer = carry_out(&mut shared.shop(), &request);
    if shared.shop().faults.silent.contains(name) {
        return hang(&shared).await;
    }
    let every = shared.shop().faults.answer_to(name);
    if every == Some(Trouble::CutOff) {
        return cut_off(answer).await;
    }
    if every.is_some() || !shared.shop().remembers || matches!(name, "token" | "document" | "nothing") {
        return answer;
    }
    remembered(&shared, &request, answer).await
}

/// The answer, after the exchange was remembered.
async fn remembered(shared: &Shared, request: &Request, response: Response) -> Response {
    let (parts, answer) = response.into_parts();
    let answer = body_of(answer).await;
    shared.shop().remember(Exchange {
        method: request.method.to_string(),
        path: request.uri.path().to_owned(),
        query: request.uri.query().unwrap_or_default().to_owned(),
        body: serde_json::from_slice(&request.body).ok(),
        status: parts.status.as_u16(),
        answer: serde_json::from_slice(&answer).unwrap_or_default(),
    });
    Response::from_parts(parts, answer.into())
}

async fn hang(shared: &Shared) -> Answer {
    let hang = shared.shop().faults.hang;
    shared.pause(hang).await;
    failed(503, "ServiceUnavailable", "Service is temporarily unavailable.")
}

fn carry_out(shop: &mut Shop, request: &Request) -> Answer {
    let route = route(request.uri.path());
    let name = operation(&route, &request.method);
    *shop.counters.calls.entry(name).or_default() += 1;
    let own = || {
        failed(
            500,
            "InternalFailure",
            "We encountered an internal error. Please try again.",
        )
    };
    if let Some(answer) = shop.faults.answer_to(name).and_then(|trouble| trouble.answer(own)) {
        return answer;
    }
    if matches!(route, Route::Nowhere) {
        return with_status(404, &json!({"message": "no Route matched with those values"}));
    }
    if let Route::Login = route {
        return log_in(shop, &request.body);
    }
    shop.settle();
    let query = request.uri.query().unwrap_or_default();
    if let Route::Document(id) = &route {
        let kind = request.headers.get("content-type").and_then(|kind| kind.to_str().ok());
        let laid_down = (request.method == Method::PUT).then_some((&*request.body, kind.unwrap_or_default()));
        return feeds::document_at(shop, id, query, laid_down);
    }
    if let Some(refused) = refused(shop, &request.headers, name) {
        return refused;
    }
    if shop.settings.limited && !shop.buckets.take(name, Instant::now()) {
        shop.counters.throttled += 1;
        return failed(
            429,
            "QuotaExceeded",
            "You exceeded your quota for the requested resource.",
        );
    }
    let mut answer = perform(shop, &route, request, query);
    if let Ok(rate) = HeaderValue::from_str(&bucket::header(name, shop.settings.limited)) {
        answer.headers_mut().insert("x-amzn-RateLimit-Limit", rate);
    }
    answer
}

fn perform(shop: &mut Shop, route: &Route, request: &Request, query: &str) -> Answer {
    let (body, method) = (&request.body[..], request.method.as_str());
    match (route, method) {
        (Route::Search, "GET") => listings::search(shop, query),
        (Route::Item(sku), "GET") => listings::one(shop, sku, query),
        (Route::Item(sku), "PATCH") => listings::patch(shop, sku, query, body),
        (Route::Feeds, "POST") => feeds::create(shop, body),
        (Route::Feeds, "GET") => feeds::search(shop, query),
        (Route::Feed(id), "GET") => feeds::one(shop, id),
        (Route::Documents, "POST") => feeds::create_document(shop, body),
        (Route::Report(id), "GET") => feeds::report(shop, id, query),
        (Route::Orders, "GET") => orders::search(shop, query),
        (Route::Order(id), "GET") => orders::one(shop, id, query),
        (Route::Depot, "GET") => depot::summaries(shop, query),
        _ => failed(400, "InvalidInput", "There is no such operation"),
    }
}

/// Why the token does not do; `None`: it does.
fn refused(shop: &mut Shop, headers: &HeaderMap, operation: &str) -> Option<Answer> {
    let denied = "Access to requested resource is denied.";
    let token = headers.get("x-amz-access-token").and_then(|value| value.to_str().ok());
    let known = token.and_then(|token| shop.tokens.get(token)).copied();
    let answer = match known {
        _ if shop.locked_out => failed_with(403, "Unauthorized", denied, "The access token you provided is revoked."),
        Some((end, _)) if end <= Instant::now() => failed_with(
            403,
            "Unauthorized",
            denied,
            "The access token you provided has expired.",
        ),
        Some((_, reader))
            if reader && matches!(operation, "patchListingsItem" | "createFeed" | "createFeedDocument") =>
        {
            failed(403, "Unauthorized", denied)
        }
        Some(_) => return None,
        None => failed_with(403, "MissingAuthenticationToken", denied, ""),
    };
    shop.counters.unauthorized += 1;
    Some(answer)
}

/// Login with Amazon.
fn log_in(shop: &mut Shop, body: &[u8]) -> Answer {
    let form: Vec<(String, String)> = url::form_urlencoded::parse(body)
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    let text = |name: &str| {
        form.iter()
            .find(|(own, _)| own == name)
            .map_or("", |(_, value)| value.as_str())
    };
    let wrong = |error: &str| {
        with_status(
            400,
            &json!({"error": error, "error_description": "Client authentication failed"}),
        )
    };
    if text("client_id") != CLIENT || text("client_secret") != Shop::secret("client") {
        return wrong("invalid_client");
    }
    let reader = text("refresh_token") == Shop::secret("reader");
    if shop.locked_out
        || text("grant_type") != "refresh_token"
        || !(reader || text("refresh_token") == Shop::secret("refresh"))
    {
        return wrong("invalid_grant");
    }
    shop.counters.tokens += 1;
    let token = format!("Atza|{}-{}", Shop::secret("access"), shop.number());
    let life = shop.settings.token_life;
    shop.tokens.insert(token.clone(), (Instant::now() + life, reader));
    ok(
        &json!({"access_token": token, "refresh_token": Shop::secret("refresh"), "token_type": "bearer", "expires_in": life.as_secs()}),
    )
}
