//! The record of what people and programs changed: who, when, why, and what it was before and after.

use super::Listed;
use super::admin::{Answer, Asked, MOST_LISTED, Shared, query};
use axum::Json;
use axum::extract::State;
use omnistock_words::Millis;
use serde::{Deserialize, Serialize};

/// One change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogEntry {
    /// When.
    pub at: Millis,
    /// Who; empty where an older version wrote it.
    #[serde(default)]
    pub who: String,
    /// What it is about, such as `channel shop`.
    pub what: String,
    /// As it was; none where it was nothing, or nobody knows.
    #[serde(default)]
    pub before: Option<String>,
    /// As it is from then on.
    pub after: String,
    /// Why, in that person's words; may be empty.
    #[serde(default)]
    pub reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OfLog {
    /// The last seven days unless said.
    since: Option<Millis>,
    /// Entries at most, up to 10,000; 100 unless said.
    limit: Option<usize>,
}

pub(super) async fn log(State(view): Shared, asked: Asked<OfLog>) -> Answer<Listed<LogEntry>> {
    let asked = query(asked)?;
    let since = asked
        .since
        .unwrap_or_else(|| omnistock_sdk::now().plus(-7 * 86_400_000));
    view.log(since, asked.limit.unwrap_or(100).min(MOST_LISTED))
        .await
        .map(Json)
}
