//! Routes of what people change while the daemon runs, each with its reason for the record.

use super::admin::{Answer, Body, Shared, json, reasoned};
use super::{ApiError, ChannelAnswer, ChannelBody, Listed, OverrideView, SetBody, UnsetBody};
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;

/// A reason that may be left out.
fn short(reason: &str) -> Result<(), ApiError> {
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
    asked.reason = reasoned(&asked.reason)?.to_owned();
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
