//! When a worker's next round is due, if nothing rings before.

use super::worker::Worker;
use omnistock_planner::Permit;
use omnistock_sdk::now;
use omnistock_words::Millis;
use std::time::Duration;
use tokio::time::Instant;

impl Worker {
    /// Until the next thing that has a time.
    pub(super) fn pause(&self) -> Duration {
        let now = now();
        let room = if self.throttle.waits(now) { 0 } else { self.room(now) };
        let more = self.is_ready() || self.reads_marks() || self.work.is_queued() && room > 0;
        if (self.primed || self.falls) && more {
            return Duration::ZERO;
        }
        let mut next = self.work.next();
        let mut at = |time: Option<Millis>| next = [next, time].into_iter().flatten().min();
        at(self.throttle.until.filter(|until| *until > now));
        if room > 0 {
            at(self.catalogue.next_due());
            at(self.next_price());
            at(self.auditing.as_ref().and_then(|auditing| auditing.due(now)));
            at(Some(self.audit_at).filter(|_| self.audit.is_none()));
            at(self
                .audit
                .as_ref()
                .filter(|audit| !audit.running)
                .map(|audit| audit.not_before.unwrap_or(now)));
        } else if let Permit::Wait(until) = self.breaker.permit(now) {
            at(Some(until));
        }
        if self.may_fetch(now) {
            at(Some(self.fetch_after));
        }
        let wait = next.map_or(i64::MAX, |next| next.since(now).max(1));
        let wait = Duration::from_millis(u64::try_from(wait).unwrap_or(1));
        self.parts.timings.tick.min(wait).min(self.unread_marks())
    }

    /// Until marks are read that the ledger has rung for and this round has left.
    fn unread_marks(&self) -> Duration {
        if self.marks.read_at.is_some() || !(self.primed || self.falls) {
            return Duration::MAX;
        }
        let next = self.next_marks();
        next.map_or(Duration::ZERO, |next| next.duration_since(Instant::now()))
    }
}
