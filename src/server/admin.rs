//! The admin listener: health, metrics and `/api/v1/…`, one route a client command. Reads are
//! GET, changes are POST with JSON. Every refusal is `{"error": …, "help": …}`.

use super::guard::programs_only;
use super::listener::Limits;
use super::people;
use super::places::Place;
use super::{
    ApiError, ApiErrorKind, Decision, Explanation, Hold, ItemView, Listed, Parked, ShortOrder, Status, SyncAnswer,
    Unmapped, View,
};
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection, QueryRejection};
use axum::extract::{DefaultBodyLimit, Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use omnistock_words::{ChannelName, ConnectorName, Millis, Sku};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;

pub use super::guard::exposure_warning;

pub(super) type Shared = State<Arc<dyn View>>;
pub(super) type Answer<T> = Result<Json<T>, ApiError>;

/// The routes of the admin listener.
pub fn router(view: Arc<dyn View>, limits: &Limits) -> Router {
    Router::new()
        .route("/health/live", get(live))
        .route("/health/ready", get(ready))
        .route("/metrics", get(metrics))
        .route("/api/v1/status", get(status))
        .route("/api/v1/items/{sku}", get(item))
        .route("/api/v1/items/{sku}/explain", get(explain_path))
        .route("/api/v1/explain", get(explain))
        .route("/api/v1/shorts", get(shorts))
        .route("/api/v1/holds", get(holds))
        .route("/api/v1/holds/{id}/approve", post(approve))
        .route("/api/v1/holds/{id}/reject", post(reject))
        .route("/api/v1/parked", get(parked))
        .route("/api/v1/parked/retry", post(people::retry))
        .route("/api/v1/parked/drop", post(people::drop))
        .route("/api/v1/audit", get(people::audits).post(people::audit))
        .route("/api/v1/listings/unmapped", get(unmapped))
        .merge(super::orders::routes())
        .route("/api/v1/sync", post(sync))
        .route("/api/v1/channel", post(people::change_channel))
        .route("/api/v1/plan", post(people::plan))
        .route("/api/v1/reload", post(people::reload))
        .route("/api/v1/set", get(people::overrides).post(people::set))
        .route("/api/v1/set/remove", post(people::unset))
        .fallback(no_such_route)
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(limits.most_body))
        .layer(from_fn_with_state(limits.answer, in_time))
        .layer(from_fn(programs_only))
        .with_state(view)
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = match self.kind {
            ApiErrorKind::BadRequest => StatusCode::BAD_REQUEST,
            ApiErrorKind::Forbidden => StatusCode::FORBIDDEN,
            ApiErrorKind::NotFound => StatusCode::NOT_FOUND,
            ApiErrorKind::Conflict => StatusCode::CONFLICT,
            ApiErrorKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        };
        (status, Json(self)).into_response()
    }
}

/// No request waits longer than the daemon's deadline, whatever it waits for.
async fn in_time(State(deadline): State<Duration>, request: Request, next: Next) -> Response {
    let _answering = request.extensions().get::<Arc<Place>>().map(Place::answering);
    tokio::time::timeout(deadline, next.run(request))
        .await
        .unwrap_or_else(|_| {
            ApiError::unavailable(format!("the daemon did not answer within {} s", deadline.as_secs())).into_response()
        })
}

async fn no_such_route() -> ApiError {
    ApiError::not_found("there is no such route").help("routes begin with /api/v1/, /health/ or are /metrics")
}

async fn wrong_method() -> Response {
    let error = ApiError::bad_request("this route does not take this method").help("reads are GET, changes are POST");
    (StatusCode::METHOD_NOT_ALLOWED, Json(error)).into_response()
}

#[derive(Serialize)]
struct Health {
    ok: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reasons: Vec<String>,
}

fn health(reasons: Vec<String>) -> Response {
    let ok = reasons.is_empty();
    let status = if ok {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, Json(Health { ok, reasons })).into_response()
}

async fn live(State(view): Shared) -> Response {
    health(if view.live() {
        Vec::new()
    } else {
        vec!["a loop has stopped deciding".to_owned()]
    })
}

async fn ready(State(view): Shared) -> Response {
    match view.ready().await {
        Ok(()) => health(Vec::new()),
        Err(reasons) if reasons.is_empty() => health(vec!["not ready".to_owned()]),
        Err(reasons) => health(reasons),
    }
}

async fn metrics(State(view): Shared) -> Response {
    ([(header::CONTENT_TYPE, super::metrics::CONTENT_TYPE)], view.metrics()).into_response()
}

async fn status(State(view): Shared) -> Json<Status> {
    Json(view.status().await)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfChannel {
    channel: Option<String>,
    /// As of when; now unless said.
    at: Option<Millis>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfSku {
    sku: String,
    channel: Option<String>,
    /// As of when; now unless said.
    at: Option<Millis>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Since {
    /// The last 24 hours unless said.
    since: Option<Millis>,
}

pub(super) type Asked<T> = Result<Query<T>, QueryRejection>;

pub(super) fn query<T>(asked: Asked<T>) -> Result<T, ApiError> {
    asked
        .map(|Query(value)| value)
        .map_err(|refused| ApiError::bad_request(refused.body_text()))
}

fn path(asked: Result<Path<String>, PathRejection>) -> Result<String, ApiError> {
    asked
        .map(|Path(value)| value)
        .map_err(|refused| ApiError::bad_request(refused.body_text()))
}

pub(super) fn named<T: std::str::FromStr<Err = omnistock_words::NameError>>(text: &str) -> Result<T, ApiError> {
    text.parse()
        .map_err(|error| ApiError::bad_request(format!("`{text}` is {error}")))
}

pub(super) fn channel(text: Option<&str>) -> Result<Option<ChannelName>, ApiError> {
    text.map(named).transpose()
}

async fn item(State(view): Shared, sku: Result<Path<String>, PathRejection>) -> Answer<ItemView> {
    let sku: Sku = named(&path(sku)?)?;
    view.item(sku).await.map(Json)
}

async fn explain_path(
    State(view): Shared,
    sku: Result<Path<String>, PathRejection>,
    asked: Asked<OfChannel>,
) -> Answer<Listed<Explanation>> {
    let (sku, asked) = (path(sku)?, query(asked)?);
    explained(&view, &sku, asked.channel.as_deref(), asked.at).await
}

/// The same with the SKU as a parameter, for SKUs such as `..` that can't be part of a path.
async fn explain(State(view): Shared, asked: Asked<OfSku>) -> Answer<Listed<Explanation>> {
    let asked = query(asked)?;
    explained(&view, &asked.sku, asked.channel.as_deref(), asked.at).await
}

async fn explained(
    view: &Arc<dyn View>,
    sku: &str,
    of: Option<&str>,
    at: Option<Millis>,
) -> Answer<Listed<Explanation>> {
    let (sku, of) = (named(sku)?, channel(of)?);
    let found = match at {
        Some(at) => view.explain_at(sku, of, at).await?,
        None => view.explain(sku, of).await?,
    };
    Ok(Json(Listed::whole(found)))
}

async fn shorts(State(view): Shared, asked: Asked<Since>) -> Answer<Listed<ShortOrder>> {
    let since = query(asked)?
        .since
        .unwrap_or_else(|| omnistock_sdk::now().plus(-86_400_000));
    view.shorts(since).await.map(Json)
}

async fn holds(State(view): Shared) -> Json<Listed<Hold>> {
    Json(Listed::whole(view.holds().await))
}

/// The body of a decision.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecisionBody {
    /// Why, for the record; 1 to 500 characters.
    pub reason: String,
}

pub(super) type Body = Result<Bytes, BytesRejection>;

async fn approve(
    state: Shared,
    id: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    body: Body,
) -> Answer<Hold> {
    decide(state, Decision::Approve, &path(id)?, &headers, body).await
}

async fn reject(
    state: Shared,
    id: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    body: Body,
) -> Answer<Hold> {
    decide(state, Decision::Reject, &path(id)?, &headers, body).await
}

/// What a person gives as the reason, without the space around it.
pub(super) fn reason(given: &str) -> Result<&str, ApiError> {
    let reason = given.trim();
    if reason.is_empty() || reason.chars().count() > 500 {
        return Err(ApiError::bad_request("`reason` must be 1 to 500 characters").help("say why, for the record"));
    }
    Ok(reason)
}

async fn decide(State(view): Shared, decision: Decision, id: &str, headers: &HeaderMap, body: Body) -> Answer<Hold> {
    let asked: DecisionBody = json(headers, body)?;
    view.decide_hold(id, decision, reason(&asked.reason)?).await.map(Json)
}

/// A JSON body, with an error that names the key. The content type is demanded because forms of
/// web pages can't send it.
pub(super) fn json<T: DeserializeOwned>(headers: &HeaderMap, body: Body) -> Result<T, ApiError> {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    if kind.split(';').next().map(str::trim) != Some("application/json") {
        return Err(ApiError::bad_request("the body must be sent as application/json"));
    }
    let body = body.map_err(|refused| ApiError::bad_request(refused.body_text()))?;
    let mut reader = serde_json::Deserializer::from_slice(&body);
    serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let place = error.path().to_string();
        ApiError::bad_request(format!(
            "the body is not as it should be at `{place}`: {}",
            error.into_inner()
        ))
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfList {
    channel: Option<String>,
    /// Entries at most, up to 10,000; 100 unless said.
    limit: Option<usize>,
}

pub(super) const MOST_LISTED: usize = 10_000;

async fn parked(State(view): Shared, asked: Asked<OfList>) -> Answer<Listed<Parked>> {
    let asked = query(asked)?;
    view.parked(
        channel(asked.channel.as_deref())?,
        asked.limit.unwrap_or(100).min(MOST_LISTED),
    )
    .await
    .map(Json)
}

async fn unmapped(State(view): Shared, asked: Asked<OfList>) -> Answer<Listed<Unmapped>> {
    let asked = query(asked)?;
    view.unmapped(
        channel(asked.channel.as_deref())?,
        asked.limit.unwrap_or(100).min(MOST_LISTED),
    )
    .await
    .map(Json)
}

/// The body of `sync`.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SyncBody {
    /// One connector; all unless said.
    pub connector: Option<ConnectorName>,
    /// Forget the places to go on from.
    pub full: bool,
}

async fn sync(State(view): Shared, headers: HeaderMap, body: Body) -> Answer<SyncAnswer> {
    let asked: SyncBody = json(&headers, body)?;
    view.sync(asked.connector, asked.full).await.map(Json)
}
