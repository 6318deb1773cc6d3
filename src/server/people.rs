//! Routes of what people change while the daemon runs, each with its reason for the record.

use super::admin::{Answer, Body, Shared, json, reason};
use super::{
    ApiError, AuditBody, AuditView, ChannelAnswer, ChannelBody, Listed, OverrideView, ParkedAnswer, ParkedBody,
    SetBody, UnsetBody,
};
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;

/// A reason that may be left out.
pub(super) fn short(reason: &str) -> Result<(), ApiError> {
    if reason.chars().count() > 500 {
        return Err(ApiError::bad_request("`reason` must be at most 500 characters"));
    }
    Ok(())
}

pub(super) async fn change_channel(State(view): Shared, headers: HeaderMap, body: Body) -> Answer<ChannelAnswer> {
    let asked: ChannelBody = json(&headers, body)?;
    short(&asked.reason)?;
    view.channel(asked).await.map(Json)
}

pub(super) async fn set(State(view): Shared, headers: HeaderMap, body: Body) -> Answer<OverrideView> {
    let mut asked: SetBody = json(&headers, body)?;
    asked.reason = reason(&asked.reason)?.to_owned();
    view.set(asked).await.map(Json)
}

pub(super) async fn unset(State(view): Shared, headers: HeaderMap, body: Body) -> Answer<OverrideView> {
    let asked: UnsetBody = json(&headers, body)?;
    short(&asked.reason)?;
    view.unset(asked).await.map(Json)
}

pub(super) async fn overrides(State(view): Shared) -> Json<Listed<OverrideView>> {
    Json(Listed::whole(view.overrides().await))
}

pub(super) async fn audit(State(view): Shared, headers: HeaderMap, body: Body) -> Answer<Listed<AuditView>> {
    let asked: AuditBody = json(&headers, body)?;
    view.audit(asked).await.map(|found| Json(Listed::whole(found)))
}

pub(super) async fn audits(State(view): Shared) -> Json<Listed<AuditView>> {
    Json(Listed::whole(view.audits().await))
}

pub(super) async fn retry(state: Shared, headers: HeaderMap, body: Body) -> Answer<Listed<ParkedAnswer>> {
    refused(state, &headers, body, false).await
}

pub(super) async fn drop(state: Shared, headers: HeaderMap, body: Body) -> Answer<Listed<ParkedAnswer>> {
    refused(state, &headers, body, true).await
}

async fn refused(State(view): Shared, headers: &HeaderMap, body: Body, drop: bool) -> Answer<Listed<ParkedAnswer>> {
    let mut asked: ParkedBody = json(headers, body)?;
    if drop {
        asked.reason = reason(&asked.reason)?.to_owned();
    }
    short(&asked.reason)?;
    if asked.all != asked.listings.is_empty() {
        return Err(ApiError::bad_request(
            "name listings, or say that all are meant: one of both",
        ));
    }
    view.settle_parked(asked, drop)
        .await
        .map(|found| Json(Listed::whole(found)))
}
