//! What a poller of orders tells people.

use omnistock_words::Millis;
use std::sync::{Mutex, PoisonError};

/// What a poller tells people.
#[derive(Default)]
pub struct OrderBoard {
    inner: Mutex<OrderNumbers>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct OrderNumbers {
    pub(super) polls: u64,
    pub(super) orders: u64,
    pub(super) last: Option<Millis>,
    pub(super) error: Option<String>,
}

impl OrderBoard {
    pub(super) fn with<T>(&self, change: impl FnOnce(&mut OrderNumbers) -> T) -> T {
        change(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Polls made and orders taken in since the start.
    pub fn totals(&self) -> (u64, u64) {
        self.with(|numbers| (numbers.polls, numbers.orders))
    }

    /// When the last good poll began, and why the last one failed.
    pub fn last(&self) -> (Option<Millis>, Option<String>) {
        self.with(|numbers| (numbers.last, numbers.error.clone()))
    }
}
