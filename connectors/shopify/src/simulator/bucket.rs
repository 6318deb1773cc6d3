//! The bucket of query costs. What a query costs is modelled after recorded answers, not known: two points a list and
//! its objects by the square root of how many are asked for, ten a change.

use serde_json::{Value, json};
use tokio::time::Instant;

/// No query may cost more.
pub(super) const DEAREST: i64 = 1_000;

pub(super) struct Bucket {
    pub(super) most: i64,
    restored: i64,
    /// Thousandths of a point at `at`.
    left: i64,
    at: Instant,
}

impl Bucket {
    pub(super) fn new(most: i64, restored: i64) -> Self {
        Self {
            most,
            restored,
            left: most * 1_000,
            at: Instant::now(),
        }
    }

    fn fill(&mut self) {
        let now = Instant::now();
        let elapsed = i64::try_from(now.saturating_duration_since(self.at).as_millis()).unwrap_or(i64::MAX);
        self.left = self
            .left
            .saturating_add(self.restored.saturating_mul(elapsed))
            .min(self.most * 1_000);
        self.at = now;
    }

    /// Whether a query that may cost so much is let through; what it did cost is taken then.
    pub(super) fn admits(&mut self, requested: i64) -> bool {
        self.fill();
        self.left >= requested * 1_000
    }

    pub(super) fn take(&mut self, actual: i64) {
        self.left -= actual * 1_000;
    }

    pub(super) fn empty(&mut self) {
        self.fill();
        self.left = 0;
    }

    /// What an answer says of costs.
    pub(super) fn told(&self, requested: i64, actual: Option<i64>) -> Value {
        json!({"cost": {"requestedQueryCost": requested, "actualQueryCost": actual, "throttleStatus":
            {"maximumAvailable": self.most, "currentlyAvailable": self.left.max(0) / 1_000, "restoreRate": self.restored}}})
    }
}

/// The square root, rounded up.
pub(super) fn root(number: i64) -> i64 {
    (0..=1_000).find(|root| root * root >= number).unwrap_or(1_000)
}

/// What an answer did cost: as above, by what came.
pub(super) fn cost_of_answer(value: &Value) -> i64 {
    match value {
        Value::Object(members) => {
            let page = members.contains_key("nodes") || members.contains_key("edges");
            i64::from(!page) + members.values().map(cost_of_answer).sum::<i64>()
        }
        Value::Array(values) if values.first().is_some_and(Value::is_object) => {
            let count = i64::try_from(values.len()).unwrap_or(i64::MAX);
            2 + root(count) * values.iter().map(cost_of_answer).max().unwrap_or_default()
        }
        _ => 0,
    }
}
