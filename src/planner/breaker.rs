//! A breaker per channel: a dead channel is asked seldom, and by one call at a time.

use crate::full_jitter;
use omnistock_words::Millis;

/// Failed calls in a row that open it.
const FAILURES: u32 = 3;

/// Whether a call may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permit {
    /// Yes.
    Go,
    /// Not before this instant.
    Wait(Millis),
    /// A probe is on its way: its outcome decides.
    Probing,
}

/// Closed, open until an instant, or half-open with one probe on its way.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Breaker {
    failures: u32,
    until: Option<Millis>,
    probing: bool,
}

impl Breaker {
    /// Whether a call may be made now. Changes nothing: tell [`Breaker::begin`] when it is made.
    pub fn permit(&self, now: Millis) -> Permit {
        match self.until {
            Some(until) if until > now => Permit::Wait(until),
            Some(_) if self.probing => Permit::Probing,
            None | Some(_) => Permit::Go,
        }
    }

    /// A call is being made: behind an open breaker it is the probe.
    pub fn begin(&mut self) {
        self.probing = self.until.is_some();
    }

    /// The channel has answered: it is there, whatever it said of single items.
    pub fn answered(&mut self) {
        *self = Self::default();
    }

    /// A call failed. `ceiling` is the longest pause in milliseconds after this many failures in
    /// a row, `random` any number. A call begun before the breaker opened does not open it further.
    pub fn failed(&mut self, now: Millis, ceiling: i64, random: u32) {
        self.failures = self.failures.saturating_add(1);
        if self.failures >= FAILURES || self.probing {
            // At least half of the ceiling: a pause of zero would spin.
            let pause = ceiling / 2 + full_jitter(ceiling / 2, random);
            self.close_until(now.plus(pause.max(1)));
        }
        self.probing = false;
    }

    /// No calls before `until`: the vendor said so, or a person has to act first.
    pub fn hold(&mut self, until: Millis) {
        self.close_until(until);
        self.probing = false;
    }

    fn close_until(&mut self, until: Millis) {
        self.until = Some(self.until.map_or(until, |old| old.max(until)));
    }

    /// Failures in a row.
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// Whether calls are held back.
    pub fn is_open(&self) -> bool {
        self.until.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_opens_after_some_failures_and_lets_one_probe_through() {
        let mut breaker = Breaker::default();
        for _ in 0..2 {
            breaker.begin();
            breaker.failed(Millis(0), 1_000, u32::MAX);
            assert_eq!(breaker.permit(Millis(0)), Permit::Go);
        }
        breaker.begin();
        breaker.failed(Millis(0), 1_000, u32::MAX);
        let Permit::Wait(until) = breaker.permit(Millis(0)) else {
            panic!("open")
        };
        assert!((500..=1_000).contains(&until.0));
        assert_eq!((breaker.is_open(), breaker.failures()), (true, 3));
        assert_eq!(breaker.permit(until), Permit::Go);
        breaker.begin();
        assert_eq!(breaker.permit(until), Permit::Probing, "one at a time");
        breaker.failed(until, 2_000, 0);
        assert_eq!(
            breaker.permit(until),
            Permit::Wait(until.plus(1_000)),
            "a failed probe opens it at once"
        );
        breaker.begin();
        breaker.answered();
        assert_eq!(breaker, Breaker::default());
    }

    #[test]
    fn the_longest_pause_stands() {
        let mut breaker = Breaker::default();
        breaker.hold(Millis(9_000));
        breaker.hold(Millis(3_000));
        assert_eq!(breaker.permit(Millis(8_999)), Permit::Wait(Millis(9_000)));
        assert_eq!(breaker.permit(Millis(9_000)), Permit::Go);
    }
}
