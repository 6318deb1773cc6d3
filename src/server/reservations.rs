//! Reservations and availability on the admin listener: what click & collect and a checkout need.
//!
//! A reservation is asked for with an `Idempotency-Key`: who lost the answer asks again with it and is told of the
//! same reservation, or that it is over; the same key for something else is refused. What is answered is durable.

use super::admin::{Answer, Asked, Body, MOST_LISTED, Shared, channel, json, named, path, query, reason};
use super::{ApiError, ApiErrorKind, Listed};
use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use omnistock_words::{ChannelName, LocationName, Millis, Quantity, ReservationId, Sku};
use serde::{Deserialize, Serialize};

/// The header that names a request for a reservation.
pub const KEY_HEADER: &str = "idempotency-key";
/// A reservation ends after at most this many milliseconds: 90 days.
const LONGEST: i64 = 90 * 86_400_000;
/// How long a reservation lasts unless it says so, milliseconds.
const USUAL: i64 = 15 * 60_000;
/// How long a confirmed one waits for its order unless it says so, milliseconds.
const USUAL_CONFIRMED: i64 = 86_400_000;

/// The body of a request for a reservation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReserveBody {
    /// The article.
    pub sku: Sku,
    /// Units, above zero.
    pub quantity: Quantity,
    /// At this place …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<LocationName>,
    /// … or for this channel: one of both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<ChannelName>,
    /// Gone from this instant on; 15 minutes from now unless said, 90 days at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Millis>,
    /// The same as seconds from now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in_seconds: Option<i64>,
}

/// The body of a change of a reservation.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReservationChange {
    /// Gone from this instant on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Millis>,
    /// The same as seconds from now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_in_seconds: Option<i64>,
    /// Why, for the record; at most 500 characters.
    pub reason: String,
}

/// What a reservation is asked for: checked, with an end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReserveAsked {
    /// Names it; the same key is the same reservation.
    pub key: String,
    /// What is asked.
    pub body: ReserveBody,
    /// Its end.
    pub expires_at: Millis,
}

/// What becomes of a reservation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReservationStep {
    /// The buyer has bought: the units stay until the order that names it is known, or until this instant.
    Confirm(Millis),
    /// They stay until this instant.
    Extend(Millis),
    /// They are free again.
    Release,
}

/// A reservation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReservationView {
    /// Our id of it: order lines may name it.
    pub id: ReservationId,
    /// The article.
    pub sku: Sku,
    /// At this place …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<LocationName>,
    /// … or for this channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<ChannelName>,
    /// Units.
    pub quantity: Quantity,
    /// `held`, `confirmed`, `expired`, `released` or `refused`.
    pub state: String,
    /// Gone from this instant on.
    pub expires_at: Millis,
    /// When it was asked for.
    pub asked_at: Millis,
    /// By whom.
    pub by: String,
    /// When the buyer had bought.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmed_at: Option<Millis>,
    /// When it was given back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub released_at: Option<Millis>,
    /// Why it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
}

/// What may be sold and set aside of an article.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AvailabilityView {
    /// The article.
    pub sku: Sku,
    /// As of when.
    pub at: Millis,
    /// By place.
    pub locations: Vec<LocationAvailability>,
    /// By channel.
    pub channels: Vec<ChannelAvailability>,
}

/// What there is at a place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocationAvailability {
    /// The place.
    pub location: LocationName,
    /// What it can sell; below zero where more is sold than there is.
    pub sellable: Quantity,
    /// What can be set aside there, after what the place holds back.
    pub reservable: Quantity,
}

/// What a channel may say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelAvailability {
    /// The channel.
    pub channel: ChannelName,
    /// What its listings should show; none where stock is not counted or not known.
    #[serde(default)]
    pub shown: Option<Quantity>,
    /// `in_stock`, `out_of_stock`, `backorder`, `preorder`, `untracked` or `unknown`.
    pub state: String,
    /// What can be set aside for it, without its cap; none where stock is not counted or not known.
    #[serde(default)]
    pub reservable: Option<Quantity>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OfAvailability {
    sku: String,
    location: Option<String>,
    channel: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OfReservations {
    /// Entries at most, up to 10,000; 100 unless said.
    limit: Option<usize>,
    /// The ended and refused ones, too.
    #[serde(default)]
    all: bool,
}

pub(super) async fn availability(State(view): Shared, asked: Asked<OfAvailability>) -> Answer<AvailabilityView> {
    let asked = query(asked)?;
    let location = asked.location.as_deref().map(named).transpose()?;
    let of = channel(asked.channel.as_deref())?;
    view.availability(named(&asked.sku)?, location, of).await.map(Json)
}

pub(super) async fn list(State(view): Shared, asked: Asked<OfReservations>) -> Answer<Listed<ReservationView>> {
    let asked = query(asked)?;
    let most = asked.limit.unwrap_or(100).min(MOST_LISTED);
    view.reservations(asked.all, most).await.map(Json)
}

fn id(asked: Result<Path<String>, PathRejection>) -> Result<ReservationId, ApiError> {
    named(&path(asked)?)
}

pub(super) async fn show(State(view): Shared, asked: Result<Path<String>, PathRejection>) -> Answer<ReservationView> {
    view.reservation(id(asked)?).await.map(Json)
}

/// The end that is meant.
fn end(at: Option<Millis>, seconds: Option<i64>, usual: i64) -> Result<Millis, ApiError> {
    let now = omnistock_sdk::now();
    let end = match (at, seconds) {
        (Some(_), Some(_)) => {
            return Err(ApiError::bad_request(
                "give `expires_at` or `expires_in_seconds`, not both",
            ));
        }
        (Some(at), None) => at,
        (None, Some(seconds)) => now.plus(seconds.saturating_mul(1_000)),
        (None, None) => now.plus(usual),
    };
    if end <= now || end.since(now) > LONGEST {
        return Err(ApiError::bad_request(
            "a reservation ends in the future, within 90 days",
        ));
    }
    Ok(end)
}

fn key(headers: &HeaderMap) -> Result<String, ApiError> {
    let given = headers.get(KEY_HEADER).and_then(|value| value.to_str().ok());
    let key = given.unwrap_or_default().trim();
    if key.is_empty() || key.len() > 200 {
        let error = ApiError::bad_request("the header Idempotency-Key must hold 1 to 200 printable characters");
        return Err(error.help("give each reservation a key of its own, and the same one when you ask again"));
    }
    Ok(key.to_owned())
}

pub(super) async fn reserve(
    State(view): Shared,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<ReservationView>), ApiError> {
    let body: ReserveBody = json(&headers, body)?;
    let key = key(&headers)?;
    if !body.quantity.is_positive() {
        return Err(ApiError::bad_request("`quantity` must be above zero"));
    }
    if body.location.is_some() == body.channel.is_some() {
        return Err(ApiError::bad_request("name a `location` or a `channel`: one of both"));
    }
    let expires_at = end(body.expires_at, body.expires_in_seconds, USUAL);
    let asked = ReserveAsked {
        key,
        // Who asks again later with the same instant is told what came of it, also when that has passed.
        expires_at: match expires_at {
            Ok(end) => end,
            Err(_) if body.expires_in_seconds.is_none() && body.expires_at.is_some_and(past) => Millis(0),
            Err(error) => return Err(error),
        },
        body,
    };
    let made = view.reserve(asked).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

fn past(at: Millis) -> bool {
    at <= omnistock_sdk::now()
}

/// The words of a change; a request without a body means the usual.
fn change(headers: &HeaderMap, body: Body) -> Result<ReservationChange, ApiError> {
    let change: ReservationChange = match body {
        Ok(bytes) if bytes.is_empty() => ReservationChange::default(),
        body => json(headers, body)?,
    };
    if change.reason.chars().count() > 500 {
        return Err(ApiError::bad_request("`reason` must be at most 500 characters"));
    }
    Ok(change)
}

pub(super) async fn confirm(
    State(view): Shared,
    asked: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    body: Body,
) -> Answer<ReservationView> {
    let change = change(&headers, body)?;
    let end = end(change.expires_at, change.expires_in_seconds, USUAL_CONFIRMED)?;
    let step = ReservationStep::Confirm(end);
    view.change_reservation(id(asked)?, step, change.reason.trim().to_owned())
        .await
        .map(Json)
}

pub(super) async fn extend(
    State(view): Shared,
    asked: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    body: Body,
) -> Answer<ReservationView> {
    let change: ReservationChange = json(&headers, body)?;
    if change.expires_at.is_none() && change.expires_in_seconds.is_none() {
        return Err(ApiError::bad_request(
            "say until when: `expires_at` or `expires_in_seconds`",
        ));
    }
    let end = end(change.expires_at, change.expires_in_seconds, USUAL)?;
    let why = reason(&change.reason)?.to_owned();
    view.change_reservation(id(asked)?, ReservationStep::Extend(end), why)
        .await
        .map(Json)
}

/// A person's release, with a reason.
pub(super) async fn release(
    State(view): Shared,
    asked: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    body: Body,
) -> Answer<ReservationView> {
    let change: ReservationChange = json(&headers, body)?;
    if change.expires_at.is_some() || change.expires_in_seconds.is_some() {
        return Err(ApiError::bad_request("a release has no end of its own"));
    }
    let why = reason(&change.reason)?.to_owned();
    view.change_reservation(id(asked)?, ReservationStep::Release, why)
        .await
        .map(Json)
}

/// A program's release: a buyer who did not buy.
pub(super) async fn drop(State(view): Shared, asked: Result<Path<String>, PathRejection>) -> Answer<ReservationView> {
    view.change_reservation(id(asked)?, ReservationStep::Release, String::new())
        .await
        .map(Json)
}

impl ApiError {
    /// 422: understood, but it contradicts what was asked before.
    pub fn unprocessable(error: impl Into<String>) -> Self {
        Self::new(ApiErrorKind::Unprocessable, error)
    }
}
