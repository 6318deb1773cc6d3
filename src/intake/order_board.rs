//! What a poller of orders tells people.

use super::orders::UnclearOrder;
use omnistock_words::{Millis, OrderId, Sku};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
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
    pub(super) full: FullReport,
    missed: u64,
    /// Pages that a poll has read which is not at its end.
    pub(super) unended: u64,
    /// Pages that a long full read has listed so far.
    pub(super) listing: u64,
    /// Orders that can't be understood, by the channel's id.
    pub(super) unclear: BTreeMap<String, UnclearOrder>,
}

/// An order, or a change of one, of which neither a webhook nor a poll told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissedOrder {
    /// The channel's id of it.
    pub order: OrderId,
    /// When the buyer bought.
    pub placed_at: Millis,
    /// What was sold, the first few.
    pub skus: Vec<Sku>,
}

/// What the last full read of a channel's orders found.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct FullReport {
    /// When it began; the least instant: there was none yet.
    pub at: Millis,
    /// Orders that the channel listed.
    pub listed: u64,
    /// Orders and changes that had been missed: they are in the ledgers now.
    pub missed: u64,
    /// The first of them.
    pub named: Vec<MissedOrder>,
    /// Open orders that the channel does not have any more.
    pub gone_count: u64,
    /// The first of them, at most [`FullReport::MOST_GONE`].
    pub gone: Vec<OrderId>,
    /// Orders that the list lacks and nobody asked for one by one: there were too many.
    pub unasked: u64,
}

impl FullReport {
    /// Orders that are named as gone.
    pub const MOST_GONE: usize = 500;
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

    /// What the last full read found.
    pub fn full(&self) -> FullReport {
        self.with(|numbers| numbers.full.clone())
    }

    /// Pages that were read of orders that are not read to their end; 0: they are, or one round will do.
    pub fn reading(&self) -> u64 {
        self.with(|numbers| numbers.unended.saturating_add(numbers.listing))
    }

    /// Orders that can't be understood, by the channel's id: they are in no ledger.
    pub fn unclear(&self) -> BTreeMap<String, UnclearOrder> {
        self.with(|numbers| numbers.unclear.clone())
    }

    /// Orders that full reads found and that had been missed, since the start.
    pub fn missed(&self) -> u64 {
        self.with(|numbers| numbers.missed)
    }

    /// A person has given the units of a lost order back.
    pub fn mended(&self, order: &OrderId) {
        self.with(|numbers| {
            let full = &mut numbers.full;
            let before = full.gone.len();
            full.gone.retain(|gone| gone != order);
            full.gone_count = full.gone_count.saturating_sub((before - full.gone.len()) as u64);
        });
    }

    pub(super) fn read_whole(&self, report: FullReport) {
        self.with(|numbers| {
            numbers.missed = numbers.missed.saturating_add(report.missed);
            numbers.full = report;
        });
    }
}
