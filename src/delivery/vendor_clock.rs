//! The vendor's clock beside ours, by the dates of its answers: sales are told in its time, numbers are read in ours. How
//! far the two are apart widens what may overlap, and what overlaps is read instead of computed.

use super::{ChannelBoard, worker::Worker};
use omnistock_sdk::far_apart;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// Answers of which the nearest counts: one that some cache kept is older than it seems.
const ANSWERS: usize = 3;
/// Nearer is what always counts as possible, milliseconds.
const NEAR: i64 = 1_000;
/// What is further away is nonsense, and no sale can be told from a reading any more, milliseconds.
const MOST: i64 = 86_400_000;

/// What the last answers said.
#[derive(Debug, Default)]
pub(super) struct VendorClock {
    last: VecDeque<i64>,
    /// The furthest that counted so far: what was noted under it is still compared.
    furthest: i64,
    /// What was said of it in the log.
    told: bool,
}

/// What is said of it to people.
#[derive(Debug, Default)]
pub(super) struct ClockBoard(Mutex<Option<String>>);

impl ClockBoard {
    fn say(&self, sentence: Option<String>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = sentence;
    }
}

impl ChannelBoard {
    /// What is wrong with the vendor's clock, or with ours, in one sentence.
    pub fn clock_trouble(&self) -> Option<String> {
        self.clock.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl VendorClock {
    /// Takes in by how much an answer's clock was ahead. By how much the vendor's is.
    fn heard(&mut self, ahead: i64) -> i64 {
        if self.last.len() >= ANSWERS {
            self.last.pop_front();
        }
        self.last.push_back(ahead.clamp(-MOST, MOST));
        let nearest = self
            .last
            .iter()
            .copied()
            .min_by_key(|ahead| ahead.abs())
            .unwrap_or_default();
        if nearest.abs() > NEAR {
            self.furthest = self.furthest.max(nearest.abs());
        }
        nearest
    }
}

impl Worker {
    /// An answer told what time it is there.
    pub(super) fn heard_clock(&mut self, ahead: i64) {
        let ahead = self.vendor_clock.heard(ahead);
        let sentence = far_apart(ahead);
        if let Some(sentence) = sentence.as_ref().filter(|_| !self.vendor_clock.told) {
            tracing::warn!(channel = %self.parts.channel, "{sentence}");
        }
        self.vendor_clock.told = sentence.is_some();
        self.parts.board.clock.say(sentence);
        let skew = super::terms::milliseconds(self.parts.timings.skew).saturating_add(self.vendor_clock.furthest);
        // A difference that grows by less was within the grain of dates.
        if skew > self.vendor.skew.saturating_add(NEAR) {
            self.vendor.skew = skew;
            // What was certain by the narrower one may not be.
            self.look_at_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_of_the_last_answers_counts_and_the_furthest_of_those_stays() {
        let mut clock = VendorClock::default();
        assert_eq!(
            (clock.heard(-300_000), clock.furthest),
            (-300_000, 300_000),
            "nothing else is known"
        );
        let mut clock = VendorClock::default();
        assert_eq!((clock.heard(400), clock.furthest), (400, 0));
        assert_eq!((clock.heard(-300_000), clock.furthest), (400, 0), "some cache kept it");
        clock.heard(-90_000);
        assert_eq!((clock.heard(-90_400), clock.furthest), (-90_000, 90_000));
        clock.heard(0);
        assert_eq!(
            (clock.heard(0), clock.furthest),
            (0, 90_000),
            "what was noted before is still compared"
        );
        assert_eq!(VendorClock::default().heard(i64::MIN), -MOST);
    }
}
