//! What became of a sender's webhooks, or of the messages in its queue, and whether it has been silent for longer than usual.
//!
//! Silence alone is no alarm: shops sleep. It is one when orders come in by polls of which no webhook told, and
//! the sender has told of orders before.

use omnistock_words::Millis;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};

/// Gaps between webhooks that are remembered.
const GAPS: usize = 64;
/// Orders that polls found since the last webhook, from which on silence is strange.
const UNTOLD: u64 = 3;
/// No silence is strange before so many milliseconds: vendors deliver late.
const LEAST: i64 = 900_000;
/// So many times as long as the longest usual gap.
const TIMES: i64 = 3;

/// The log is told of one cause once in so many milliseconds: anybody may send, and as often as he likes.
const TELL: i64 = 3_600_000;

/// What a webhook that was taken came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// Nothing that matters here, such as a ping.
    Nothing,
    /// Its sender is read again.
    Look,
    /// Orders, durable.
    Orders,
    /// The same body as one before.
    Repeated,
}

/// Webhooks of a sender since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WebhookTotals {
    /// Answered 200.
    pub accepted: u64,
    /// Of those, bodies that had come before.
    pub repeated: u64,
    /// Not signed by the sender: 401.
    pub unauthorized: u64,
    /// Signed, of no known shape: 400.
    pub malformed: u64,
    /// Not kept: 503.
    pub busy: u64,
}

/// A sender has been silent for longer than usual.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Silence {
    /// Its last webhook.
    pub since: Millis,
    /// Orders found by polls since then.
    pub untold: u64,
}

#[derive(Debug, Default)]
struct Inner {
    totals: WebhookTotals,
    last: Option<Millis>,
    gaps: VecDeque<i64>,
    untold: u64,
    trouble: Option<String>,
    /// When the log was told of a cause.
    told: BTreeMap<&'static str, Millis>,
}

/// A sender's board.
#[derive(Debug, Default)]
pub struct WebhookBoard(Mutex<Inner>);

impl WebhookBoard {
    fn with<T>(&self, change: impl FnOnce(&mut Inner) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// One was taken.
    pub(super) fn took(&self, taken: Taken, now: Millis) {
        self.with(|inner| {
            inner.totals.accepted += 1;
            inner.totals.repeated += u64::from(taken == Taken::Repeated);
            // A ping or an old body says nothing of whether the vendor still sends.
            if matches!(taken, Taken::Nothing | Taken::Repeated) {
                return;
            }
            if let Some(last) = inner.last {
                inner.gaps.push_back(now.since(last).max(0));
                if inner.gaps.len() > GAPS {
                    inner.gaps.pop_front();
                }
            }
            inner.last = Some(now);
            inner.untold = 0;
        });
    }

    /// One was not signed.
    pub(super) fn unauthorized(&self) {
        self.with(|inner| inner.totals.unauthorized += 1);
    }

    /// Whether the log is to be told of this cause.
    pub(super) fn tells(&self, cause: &'static str, now: Millis) -> bool {
        self.with(|inner| {
            let told = inner.told.get(cause).is_some_and(|told| now.since(*told) < TELL);
            if !told {
                inner.told.insert(cause, now);
            }
            !told
        })
    }

    /// One was not understood.
    pub(super) fn malformed(&self) {
        self.with(|inner| inner.totals.malformed += 1);
    }

    /// One could not be kept.
    pub(super) fn busy(&self) {
        self.with(|inner| inner.totals.busy += 1);
    }

    /// Why its queue is not read now.
    pub(super) fn set_trouble(&self, trouble: Option<String>) {
        self.with(|inner| inner.trouble = trouble);
    }

    /// Why its queue is not read now, in one sentence for the operator.
    pub fn trouble(&self) -> Option<String> {
        self.with(|inner| inner.trouble.clone())
    }

    /// A poll found orders that were news.
    pub fn polled(&self, orders: u64) {
        self.with(|inner| inner.untold = inner.untold.saturating_add(orders));
    }

    /// Since the start.
    pub fn totals(&self) -> WebhookTotals {
        self.with(|inner| inner.totals)
    }

    /// When the last one came that told something.
    pub fn last(&self) -> Option<Millis> {
        self.with(|inner| inner.last)
    }

    /// Whether it is silent for longer than usual. A sender that was never heard of since the start has no usual.
    pub fn silence(&self, now: Millis) -> Option<Silence> {
        self.with(|inner| {
            let since = inner.last?;
            let usual = inner.gaps.iter().copied().max().unwrap_or_default();
            let limit = usual.saturating_mul(TIMES).max(LEAST);
            let silent = inner.untold >= UNTOLD && now.since(since) > limit;
            silent.then_some(Silence {
                since,
                untold: inner.untold,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000;

    #[test]
    fn silence_is_strange_when_orders_come_without_a_webhook_for_longer_than_usual() {
        let board = WebhookBoard::default();
        board.polled(100);
        assert_eq!(board.silence(Millis(1_000 * MINUTE)), None, "never heard of");
        for minute in [0, 10, 20] {
            board.took(Taken::Orders, Millis(minute * MINUTE));
        }
        board.polled(2);
        assert_eq!(board.silence(Millis(500 * MINUTE)), None, "a quiet night");
        board.polled(1);
        assert_eq!(
            board.silence(Millis(50 * MINUTE)),
            None,
            "three times the usual ten minutes"
        );
        let silence = Silence {
            since: Millis(20 * MINUTE),
            untold: 3,
        };
        assert_eq!(board.silence(Millis(51 * MINUTE)), Some(silence));
        board.took(Taken::Repeated, Millis(52 * MINUTE));
        assert_eq!(
            board.silence(Millis(52 * MINUTE)),
            Some(silence),
            "an old body proves nothing"
        );
        board.took(Taken::Look, Millis(53 * MINUTE));
        assert_eq!(board.silence(Millis(1_000 * MINUTE)), None, "it speaks again");
    }

    #[test]
    fn vendors_may_be_late() {
        let board = WebhookBoard::default();
        board.took(Taken::Orders, Millis(0));
        board.took(Taken::Orders, Millis(1));
        board.polled(9);
        assert_eq!(board.silence(Millis(15 * MINUTE)), None);
        assert!(board.silence(Millis(16 * MINUTE)).is_some());
    }

    #[test]
    fn the_log_hears_of_a_cause_once_an_hour() {
        let board = WebhookBoard::default();
        let asked = [("a", 0), ("b", 1), ("a", 2), ("b", 59), ("a", 60), ("b", 60)];
        let told = asked.map(|(cause, minute)| board.tells(cause, Millis(minute * MINUTE)));
        assert_eq!(told, [true, true, false, false, true, false]);
    }
}
