//! A channel's first hour: how many of its listings may change in it, so that what a new configuration gets wrong
//! is seen before it is everywhere. The hour begins with the first change, since a closed gate or a dead channel
//! changes nothing; what changed once in it may change again.

use omnistock_words::{Millis, Mode};
use serde::{Deserialize, Serialize};

/// How long a channel is new, milliseconds.
const FIRST: i64 = 3_600_000;
/// A beginning so far ahead, in milliseconds, means that the clock was set back.
const CLOCK_SET_BACK: i64 = 60_000;

/// What is kept of it, across restarts and take-overs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Ramp {
    /// The schema it was written with.
    pub schema: u32,
    /// Whether the channel's own mode was one that writes what is computed, as of the last look.
    live: bool,
    /// When it changed the first listing since it went live.
    began: Option<Millis>,
    /// Listings that changed since then, as far as a limit counted them.
    changed: u32,
}

/// What a channel's ramp lets go, for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RampStanding {
    /// Listings that may change in the first hour.
    pub most: u32,
    /// Listings that have.
    pub changed: u32,
    /// When the hour is over; `None`: it begins with the first change.
    pub until: Option<Millis>,
}

impl RampStanding {
    /// Whether every further listing waits.
    pub fn is_used_up(&self) -> bool {
        self.changed >= self.most
    }
}

impl Ramp {
    /// Takes the channel's own mode over; true where the channel goes live by it: then no listing has changed yet.
    /// `frozen` is a pause: it is neither.
    pub fn mode(&mut self, mode: Mode, now: Millis) -> bool {
        if self.began.is_some_and(|began| began.since(now) > CLOCK_SET_BACK) {
            self.began = Some(now);
        }
        let live = match mode {
            Mode::Live | Mode::DecreaseOnly => true,
            Mode::Observe | Mode::Shadow | Mode::Draining => false,
            Mode::Frozen => self.live,
        };
        let begins = live && !self.live;
        if begins {
            (self.began, self.changed) = (None, 0);
        }
        self.live = live;
        begins
    }

    /// How it stands, while a limit of `most` listings is in force.
    pub fn standing(&self, most: Option<u32>, now: Millis) -> Option<RampStanding> {
        let until = self.began.map(|began| began.plus(FIRST));
        let over = until.is_some_and(|until| until <= now);
        let most = most.filter(|_| self.live && !over)?;
        Some(RampStanding {
            most,
            changed: self.changed,
            until,
        })
    }

    /// Listings that may still change for the first time; `None`: as many as there are.
    pub fn left(&self, most: Option<u32>, now: Millis) -> Option<u32> {
        let standing = self.standing(most, now)?;
        Some(standing.most.saturating_sub(standing.changed))
    }

    /// A listing is about to change; `counted`: it was counted since the channel went live. True where it is now.
    ///
    /// # Errors
    /// When it may: the end of the first hour.
    pub fn take(&mut self, most: Option<u32>, counted: bool, now: Millis) -> Result<bool, Millis> {
        let counts = match self.left(most, now) {
            Some(0) if !counted => {
                let began = self.began.unwrap_or(now);
                return Err(began.plus(FIRST));
            }
            Some(_) => !counted,
            None => false,
        };
        if self.live {
            self.began = self.began.or(Some(now));
        }
        self.changed = self.changed.saturating_add(u32::from(counts));
        Ok(counts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    const SOME: Option<u32> = Some(2);

    fn live() -> Ramp {
        let mut ramp = Ramp::default();
        assert!(ramp.mode(Mode::Live, Millis(0)));
        ramp
    }

    #[test]
    fn so_many_listings_change_in_the_hour_from_the_first_one_on() {
        let mut ramp = live();
        assert_eq!(ramp.standing(SOME, Millis(9 * FIRST)).unwrap().until, None);
        let began = Millis(10 * FIRST);
        assert_eq!(ramp.take(SOME, false, began), Ok(true));
        assert_eq!(ramp.take(SOME, true, began.plus(1)), Ok(false), "it may change again");
        assert_eq!(ramp.take(SOME, false, began.plus(2)), Ok(true));
        assert!(ramp.standing(SOME, began).unwrap().is_used_up());
        let end = began.plus(FIRST);
        assert_eq!(ramp.take(SOME, false, end.plus(-1)), Err(end));
        assert_eq!(ramp.take(SOME, true, end.plus(-1)), Ok(false));
        assert_eq!(ramp.take(SOME, false, end), Ok(false));
        assert_eq!(ramp.standing(SOME, end), None);
    }

    #[test]
    fn only_a_channel_that_goes_live_has_a_first_hour() {
        let mut ramp = live();
        for mode in [Mode::DecreaseOnly, Mode::Frozen, Mode::Live] {
            assert!(!ramp.mode(mode, Millis(1)), "{mode:?}");
        }
        assert_eq!(
            ramp.take(None, false, Millis(5)),
            Ok(false),
            "without a limit nothing is counted"
        );
        assert_eq!(ramp.left(SOME, Millis(5).plus(FIRST)), None, "but its hour passes");
        for mode in [Mode::Shadow, Mode::Frozen] {
            assert!(!ramp.mode(mode, Millis(6)));
            assert_eq!(
                ramp.take(SOME, false, Millis(7)),
                Ok(false),
                "what is written then is none of it"
            );
        }
        assert!(
            ramp.mode(Mode::Live, Millis(8)),
            "from a freeze that came behind shadow"
        );
        assert_eq!(ramp.left(SOME, Millis(8).plus(FIRST)), Some(2));
        assert!(!ramp.mode(Mode::Draining, Millis(9)) && ramp.mode(Mode::DecreaseOnly, Millis(9)));
    }

    #[test]
    fn a_clock_that_was_set_back_does_not_prolong_it_much() {
        let (mut ramp, day) = (live(), Millis(24 * FIRST));
        ramp.take(SOME, false, day).unwrap();
        ramp.mode(Mode::Live, Millis(0));
        assert_eq!(ramp.standing(SOME, Millis(0)).unwrap().until, Some(Millis(FIRST)));
    }

    proptest! {
        /// Whatever happens in between: between the first change behind going live and an hour later, never more
        /// listings have changed than the limit, and whoever waits is told when it ends.
        #[test]
        fn never_more_in_the_first_hour(
            most in 0u32..6,
            steps in proptest::collection::vec((0i64..200_000, 0u8..20, 0u8..40), 1..400),
        ) {
            let (mut ramp, mut now, mut began) = (Ramp::default(), Millis(0), None);
            let mut changed: BTreeMap<u8, bool> = BTreeMap::new();
            for (passed, listing, what) in steps {
                now = now.plus(passed);
                let mode = match what { 0 => Mode::Shadow, 1 => Mode::Frozen, 2 => Mode::Draining, 3 => Mode::DecreaseOnly, _ => Mode::Live };
                if ramp.mode(mode, now) {
                    changed.clear();
                    began = None;
                }
                if what < 3 { continue; }
                let kept = serde_json::to_vec(&ramp).unwrap();
                ramp = serde_json::from_slice(&kept).unwrap();
                let first = began.is_none_or(|began: Millis| now.since(began) < FIRST);
                match ramp.take(Some(most), changed.contains_key(&listing), now) {
                    Ok(counted) => {
                        began = began.or(Some(now));
                        if first {
                            prop_assert!(counted || changed.contains_key(&listing));
                            changed.insert(listing, true);
                            prop_assert!(changed.len() <= most as usize);
                        }
                    }
                    Err(until) => {
                        prop_assert!(first && changed.len() == most as usize);
                        prop_assert_eq!(until, began.unwrap_or(now).plus(FIRST));
                    }
                }
            }
        }
    }
}
