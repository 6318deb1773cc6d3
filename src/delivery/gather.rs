//! Under load a round waits a moment for more: its marks, readings of the ledgers and commits cost the same for one
//! article and for fifty.
//!
//! Where thousands of marks come in a second, what is told of an article is outdated before its call ends: rounds are
//! further apart then, the more the faster, up to a second, and the newest number goes once.
//!
//! The waiting is before a round, never within one, and the round behind it reads the marks anew: so all that a report has
//! marked is read before anything of it is judged, as without waiting.

use super::worker::Worker;
use crate::pace::each;
use omnistock_sdk::now;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// Between the beginnings of two rounds, where much comes.
const APART: Duration = Duration::from_millis(10);
/// Where more than 2,000 marks come in a second, each makes the next round wait for so long, ...
const EACH: Duration = Duration::from_micros(500);
/// ... and for no longer than this.
const LONGEST: Duration = Duration::from_secs(1);
/// Nothing more is waited for once so long nothing has come: longer than the ledger's owner gathers, and commits ...
const OVER: Duration = Duration::from_millis(200);
/// ... and once the owner has had nothing to apply for so long: longer than it waits where things come one by one.
const REST: Duration = Duration::from_millis(30);

impl Worker {
    /// When the marks are to be read again; `None`: now.
    pub(super) fn next_marks(&self) -> Option<Instant> {
        // What a report leads to is judged as a whole, and waits for its end already.
        let report = self.parts.applying.borrow().0 > 0;
        let longest = if report { APART } else { LONGEST };
        let apart = each(EACH, self.marks.came).clamp(APART, longest);
        self.marks.pace.next(apart, Instant::now())
    }

    /// Waits for more where much comes, and takes in what ends meanwhile. Numbers that only wait for a call to end go
    /// out as soon as one has.
    pub(super) async fn gather(&mut self, pause: Duration) {
        let (next, mut applying) = (self.next_marks(), self.parts.applying.clone());
        applying.mark_unchanged();
        if let Some(next) = next.filter(|_| !pause.is_zero()) {
            let (wake, cancel) = (self.parts.wake.clone(), self.cancel.clone());
            let (mut over, mut rest) = (Instant::now() + OVER, self.parts.newest.rest());
            while !(self.work.is_queued() && self.room(now()) > 0) {
                let end = end_of_wait(next, over, *rest.borrow_and_update());
                tokio::select! {
                    () = cancel.cancelled() => break,
                    () = sleep_until(end) => break,
                    () = changed(&mut rest) => {}
                    () = changed(&mut applying) => break,
                    // The round behind the wait reads what it rings for.
                    () = wake.notified() => over = Instant::now() + OVER,
                    Some(ending) = self.ended.recv() => self.take(ending),
                }
            }
            self.marks.read_at = None;
        }
    }
}

/// Until when more is waited for: until the next round at the latest; `over`: it counts as over then; `rest`: since when
/// the ledgers' owner has had nothing to apply.
fn end_of_wait(next: Instant, over: Instant, rest: Option<Instant>) -> Instant {
    let rested = rest.map_or(over, |since| since + REST);
    next.min(over).min(rested)
}

/// Resolves when the value changes; never once nobody can change it any more.
pub(super) async fn changed<T>(watched: &mut watch::Receiver<T>) {
    if watched.changed().await.is_err() {
        std::future::pending::<()>().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_more_is_waited_for_once_the_owner_of_the_ledgers_has_rested() {
        let now = Instant::now();
        let (next, over) = (now + LONGEST, now + OVER);
        assert_eq!(end_of_wait(next, over, None), over, "it may be about to commit");
        assert_eq!(end_of_wait(next, over, Some(now)), now + REST);
        assert_eq!(end_of_wait(now + APART, over, Some(now)), now + APART);
    }
}
