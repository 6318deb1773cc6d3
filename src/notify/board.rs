//! What a notifier tells people: whether its messages get through.

use omnistock_words::Millis;
use std::sync::{Mutex, PoisonError};

/// Figures of one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NotifierCounts {
    /// Messages that got through.
    pub sent: u64,
    /// Attempts that failed.
    pub failed: u64,
    /// Matters that came and went untold, because there were too many.
    pub left_out: u64,
    /// Matters that were told and are not over.
    pub open: u64,
    /// Why the last attempt failed, and when; `None`: it did not.
    pub error: Option<(Millis, String)>,
    /// Since when nothing gets through.
    pub failing_since: Option<Millis>,
}

/// Written by the notifier, read by anybody.
#[derive(Debug, Default)]
pub struct NotifierBoard(Mutex<NotifierCounts>);

impl NotifierBoard {
    fn with<T>(&self, change: impl FnOnce(&mut NotifierCounts) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// As it is now.
    pub fn counts(&self) -> NotifierCounts {
        self.with(|counts| counts.clone())
    }

    pub(super) fn sent(&self) {
        self.with(|counts| {
            counts.sent += 1;
            (counts.error, counts.failing_since) = (None, None);
        });
    }

    pub(super) fn failed(&self, at: Millis, why: &str) {
        self.with(|counts| {
            counts.failed += 1;
            counts.error = Some((at, why.to_owned()));
            counts.failing_since.get_or_insert(at);
        });
    }

    pub(super) fn looked(&self, open: u64, left_out: u64) {
        self.with(|counts| {
            counts.open = open;
            counts.left_out += left_out;
        });
    }
}
