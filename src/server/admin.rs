//! The admin listener: health, metrics and `/api/v1/…`, one route a client command. Reads are
//! GET, changes are POST with JSON. Every refusal is `{"error": …, "help": …}`.

use super::caller::{Access, known_callers};
use super::guard::programs_only;
use super::listener::Limits;
use super::places::Place;
use super::{
    ApiError, ApiErrorKind, ChannelStatus, Decision, Explanation, Hold, ItemView, Listed, Parked, ShortOrder, Status,
    SyncAnswer, Unmapped, View,
};
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection, QueryRejection};
use axum::extract::{DefaultBodyLimit, Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use omnistock_words::{ChannelName, ConnectorName, Millis, Sku};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;

pub use super::caller::exposure_warning;

pub(super) type Shared = State<Arc<dyn View>>;
pub(super) type Answer<T> = Result<Json<T>, ApiError>;

/// The admin listener's routes for callers on this machine.
pub fn router(view: Arc<dyn View>, limits: &Limits) -> Router {
    router_for(view, limits, Access::default())
}

/// The admin listener's routes: all of [`super::routes`], and who may use them.
pub fn router_for(view: Arc<dyn View>, limits: &Limits, access: Access) -> Router {
    let routes = super::routes::all();
    let whole = routes.into_iter().fold(Router::new(), |router, route| {
        router.route(route.about.path, route.handler)
    });
    whole
        .fallback(no_such_route)
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(limits.most_body))
        .layer(from_fn_with_state(limits.answer, in_time))
        .layer(from_fn_with_state(Arc::new(access), known_callers))
        .layer(from_fn(programs_only))
        .with_state(view)
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = match self.kind {
            ApiErrorKind::BadRequest => StatusCode::BAD_REQUEST,
            ApiErrorKind::Forbidden => StatusCode::FORBIDDEN,
            ApiErrorKind::NotFound => StatusCode::NOT_FOUND,
            ApiErrorKind::Unauthorized => StatusCode::UNAUTHORIZED,
            ApiErrorKind::Conflict => StatusCode::CONFLICT,
            ApiErrorKind::Unprocessable => StatusCode::UNPROCESSABLE_ENTITY,
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

pub(super) async fn live(State(view): Shared) -> Response {
    health(if view.live() {
        Vec::new()
    } else {
        vec!["a loop has stopped deciding".to_owned()]
    })
}

pub(super) async fn ready(State(view): Shared) -> Response {
    match view.ready().await {
        Ok(()) => health(Vec::new()),
        Err(reasons) if reasons.is_empty() => health(vec!["not ready".to_owned()]),
        Err(reasons) => health(reasons),
    }
}

pub(super) async fn metrics(State(view): Shared) -> Response {
    ([(header::CONTENT_TYPE, super::metrics::CONTENT_TYPE)], view.metrics()).into_response()
}

pub(super) async fn status(State(view): Shared) -> Json<Status> {
    Json(view.status().await)
}

/// The channels' part of the status.
pub(super) async fn channels(State(view): Shared) -> Json<Listed<ChannelStatus>> {
    Json(Listed::whole(view.status().await.channels))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OfChannel {
    channel: Option<String>,
    /// As of when; now unless said.
    at: Option<Millis>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OfSku {
    sku: String,
    channel: Option<String>,
    /// As of when; now unless said.
    at: Option<Millis>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Since {
    /// The last 24 hours unless said.
    since: Option<Millis>,
}

pub(super) type Asked<T> = Result<Query<T>, QueryRejection>;

pub(super) fn query<T>(asked: Asked<T>) -> Result<T, ApiError> {
    asked
        .map(|Query(value)| value)
        .map_err(|refused| ApiError::bad_request(refused.body_text()))
}

pub(super) fn path(asked: Result<Path<String>, PathRejection>) -> Result<String, ApiError> {
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

pub(super) async fn item(State(view): Shared, sku: Result<Path<String>, PathRejection>) -> Answer<ItemView> {
    let sku: Sku = named(&path(sku)?)?;
    view.item(sku).await.map(Json)
}

pub(super) async fn explain_path(
    State(view): Shared,
    sku: Result<Path<String>, PathRejection>,
    asked: Asked<OfChannel>,
) -> Answer<Listed<Explanation>> {
    let (sku, asked) = (path(sku)?, query(asked)?);
    explained(&view, &sku, asked.channel.as_deref(), asked.at).await
}

/// The same with the SKU as a parameter, for SKUs such as `..` that can't be part of a path.
pub(super) async fn explain(State(view): Shared, asked: Asked<OfSku>) -> Answer<Listed<Explanation>> {
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

pub(super) async fn shorts(State(view): Shared, asked: Asked<Since>) -> Answer<Listed<ShortOrder>> {
    let since = query(asked)?
        .since
        .unwrap_or_else(|| omnistock_sdk::now().plus(-86_400_000));
    view.shorts(since).await.map(Json)
}

pub(super) async fn holds(State(view): Shared) -> Json<Listed<Hold>> {
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

pub(super) async fn approve(
    state: Shared,
    id: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    body: Body,
) -> Answer<Hold> {
    decide(state, Decision::Approve, &path(id)?, &headers, body).await
}

pub(super) async fn reject(
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
pub(super) struct OfList {
    channel: Option<String>,
    /// Entries at most, up to 10,000; 100 unless said.
    limit: Option<usize>,
}

pub(super) const MOST_LISTED: usize = 10_000;

pub(super) async fn parked(State(view): Shared, asked: Asked<OfList>) -> Answer<Listed<Parked>> {
    let asked = query(asked)?;
    view.parked(
        channel(asked.channel.as_deref())?,
        asked.limit.unwrap_or(100).min(MOST_LISTED),
    )
    .await
    .map(Json)
}

pub(super) async fn unmapped(State(view): Shared, asked: Asked<OfList>) -> Answer<Listed<Unmapped>> {
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

pub(super) async fn sync(State(view): Shared, headers: HeaderMap, body: Body) -> Answer<SyncAnswer> {
    let asked: SyncBody = json(&headers, body)?;
    view.sync(asked.connector, asked.full).await.map(Json)
}
