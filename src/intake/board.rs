//! What a source tells people: its last report, what was refused, what is not known.

use omnistock_words::Millis;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};

/// Refused reports that are remembered, at most.
const REFUSALS: usize = 20;
/// Unknown names that are remembered, at most; the rest is only counted.
const NAMES: usize = 100;

/// A report that was taken over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceReport {
    /// What a person calls it.
    pub title: String,
    /// As of when its figures are.
    pub as_of: Millis,
    /// When it was in the ledgers.
    pub taken_at: Millis,
    /// Its rows.
    pub rows: u64,
    /// Rows that changed something.
    pub changed: u64,
}

/// A report that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What a person calls it.
    pub title: String,
    /// Why, with file, line and column.
    pub reason: String,
    /// When.
    pub at: Millis,
}

#[derive(Debug, Clone, Default)]
struct Facts {
    last: Option<SourceReport>,
    complete_as_of: Option<Millis>,
    taken: u64,
    refusals: VecDeque<Refusal>,
    refused: u64,
    old: u64,
    unknown_locations: BTreeMap<String, u64>,
    unknown_channels: BTreeMap<String, u64>,
    unlisted: (u64, Vec<String>),
    /// Since when, and why.
    error: Option<(Millis, String)>,
}

/// A source's board.
#[derive(Default)]
pub struct SourceBoard {
    inner: Mutex<Facts>,
}

impl SourceBoard {
    fn with<T>(&self, change: impl FnOnce(&mut Facts) -> T) -> T {
        change(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A report is in the ledgers.
    pub fn taken(&self, report: SourceReport) {
        self.with(|facts| {
            facts.last = Some(report);
            facts.taken += 1;
            facts.error = None;
        });
    }

    /// All figures are as of then or later: a complete report says so, now or before a restart. An older one of them
    /// changes nothing.
    pub fn complete(&self, as_of: Millis) {
        self.with(|facts| facts.complete_as_of = facts.complete_as_of.max(Some(as_of)));
    }

    /// As of when the newest complete report is.
    pub fn complete_as_of(&self) -> Option<Millis> {
        self.with(|facts| facts.complete_as_of)
    }

    /// A report was refused.
    pub fn refuse(&self, refusal: Refusal) {
        self.with(|facts| {
            facts.refused += 1;
            if facts.refusals.len() >= REFUSALS {
                facts.refusals.pop_front();
            }
            facts.refusals.push_back(refusal);
        });
    }

    /// A report was older than what is known: what it says that is not newer was ignored.
    pub fn old(&self) {
        self.with(|facts| facts.old += 1);
    }

    /// How many reports were older than what was known.
    pub fn old_reports(&self) -> u64 {
        self.with(|facts| facts.old)
    }

    /// Places the newest report names and nobody declared, with their rows.
    pub fn unknown_locations(&self, names: BTreeMap<String, u64>) {
        self.with(|facts| facts.unknown_locations = names.into_iter().take(NAMES).collect());
    }

    /// Channels the newest statement names and nobody declared, with their rows.
    pub fn unknown_channels(&self, names: BTreeMap<String, u64>) {
        self.with(|facts| facts.unknown_channels = names.into_iter().take(NAMES).collect());
    }

    /// SKUs of the newest report that no channel lists: how many, and the first of them.
    pub fn unlisted(&self, count: u64, first: Vec<String>) {
        self.with(|facts| facts.unlisted = (count, first.into_iter().take(NAMES).collect()));
    }

    /// The source could not be read; `None`: it could. It fails since the first time in a row, whatever it said then.
    pub fn error(&self, error: Option<String>, now: Millis) {
        self.with(|facts| {
            let since = facts.error.take().map_or(now, |(since, _)| since);
            facts.error = error.map(|why| (since, why));
        });
    }

    /// The last report that was taken over.
    pub fn last(&self) -> Option<SourceReport> {
        self.with(|facts| facts.last.clone())
    }

    /// How many reports were taken over since the start.
    pub fn taken_total(&self) -> u64 {
        self.with(|facts| facts.taken)
    }

    /// How many reports were refused, and the latest of them.
    pub fn refusals(&self) -> (u64, Vec<Refusal>) {
        self.with(|facts| (facts.refused, facts.refusals.iter().cloned().collect()))
    }

    /// Unknown places and channels of the newest report, with their rows.
    pub fn unknown(&self) -> (BTreeMap<String, u64>, BTreeMap<String, u64>) {
        self.with(|facts| (facts.unknown_locations.clone(), facts.unknown_channels.clone()))
    }

    /// See [`Self::unlisted`].
    pub fn not_listed(&self) -> (u64, Vec<String>) {
        self.with(|facts| facts.unlisted.clone())
    }

    /// Since when the source can't be read, and why now.
    pub fn trouble(&self) -> Option<(Millis, String)> {
        self.with(|facts| facts.error.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_fails_since_the_first_time_in_a_row() {
        let board = SourceBoard::default();
        for (why, at) in [(Some("no answer"), 1), (Some("answer 500"), 2)] {
            board.error(why.map(str::to_owned), Millis(at));
        }
        assert_eq!(board.trouble(), Some((Millis(1), "answer 500".to_owned())));
        board.error(None, Millis(3));
        board.error(Some("no answer".to_owned()), Millis(4));
        assert_eq!(board.trouble(), Some((Millis(4), "no answer".to_owned())));
    }

    #[test]
    fn neither_single_changes_nor_an_old_export_tell_how_old_the_figures_are() {
        let board = SourceBoard::default();
        assert_eq!(board.complete_as_of(), None);
        board.complete(Millis(500));
        for as_of in [900, 100] {
            board.taken(SourceReport {
                title: "changes".to_owned(),
                as_of: Millis(as_of),
                taken_at: Millis(1_000),
                rows: 1,
                changed: 1,
            });
        }
        board.complete(Millis(100));
        assert_eq!(board.complete_as_of(), Some(Millis(500)));
    }
}
