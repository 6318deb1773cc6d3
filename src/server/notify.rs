//! Who is told what needs a person, and how that goes.

use super::admin::{Answer, Body, Shared, json};
use super::routes::{Route, change};
use super::{ApiError, Listed};
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use omnistock_words::Millis;
use serde::{Deserialize, Serialize};

/// One `[[notify]]`, as `status` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotifierStatus {
    /// What it is called.
    pub name: String,
    /// `exec` or `url`.
    pub way: String,
    /// Messages that got through since the start.
    pub sent: u64,
    /// Attempts that failed since the start.
    pub failed: u64,
    /// Matters that came and went untold, because there were too many.
    pub left_out: u64,
    /// Matters that were told and are not over.
    pub open: u64,
    /// Since when nothing gets through.
    #[serde(default)]
    pub failing_since: Option<Millis>,
    /// Why the last attempt failed; none when it did not.
    #[serde(default)]
    pub last_error: Option<String>,
}

/// The body of `notify/test`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NotifyTestBody {
    /// One notifier; all unless said.
    pub name: Option<String>,
}

/// How a test went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotifyAnswer {
    /// What the notifier is called.
    pub name: String,
    /// `exec` or `url`.
    pub way: String,
    /// Why the message did not get through; none when it did.
    #[serde(default)]
    pub error: Option<String>,
    /// How long it took.
    pub milliseconds: u64,
}

/// Its route.
pub(super) fn route() -> Route {
    change(
        "/api/v1/notify/test",
        post(test),
        ("NotifyTestBody", "NotifyAnswers"),
        "Send a test message to whoever is told what needs a person.",
    )
}

async fn test(State(view): Shared, headers: HeaderMap, body: Body) -> Answer<Listed<NotifyAnswer>> {
    let asked: NotifyTestBody = json(&headers, body)?;
    let name = asked.name.as_deref();
    if name.is_some_and(|name| name.is_empty() || name.chars().count() > 64) {
        return Err(ApiError::bad_request("`name` must be 1 to 64 characters"));
    }
    view.try_notifiers(asked)
        .await
        .map(|answers| Json(Listed::whole(answers)))
}
