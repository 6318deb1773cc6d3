//! How close together things come, and how far apart rounds are to be then.
//!
//! Every round costs the same commits and scripts, whatever it holds. What comes alone waits for nothing; where things
//! come so fast that rounds would hold one or two each, a round waits a moment for more.

use std::time::Duration;
use tokio::time::Instant;

/// More than one thing in so long, for a while, is much: 500 in a second.
const EACH: Duration = Duration::from_millis(2);
/// So much may come at once without being much.
const CALM: Duration = Duration::from_millis(20);
/// It is calm again so long after the last thing, at the latest.
const LONGEST: Duration = Duration::from_millis(50);

/// So much for each of these things.
pub fn each(time: Duration, things: usize) -> Duration {
    time.saturating_mul(u32::try_from(things).unwrap_or(u32::MAX))
}

/// What came lately, and when the last round began.
#[derive(Debug, Default)]
pub struct Pace {
    /// Until when what came would last, one thing after the other.
    busy: Option<Instant>,
    /// Whether that was much when the last things came: a round may take longer than it lasts.
    much: bool,
    begun: Option<Instant>,
}

impl Pace {
    /// So many things came.
    pub fn came(&mut self, things: usize, now: Instant) {
        let more = each(EACH, things);
        let busy = self.busy.map_or(now, |busy| busy.max(now));
        let busy = (busy + more.min(LONGEST)).min(now + LONGEST);
        (self.busy, self.much) = (Some(busy), busy > now + CALM);
    }

    /// A round begins.
    pub fn begin(&mut self, now: Instant) {
        self.begun = Some(now);
    }

    /// There is more than one round can hold: the next one waits for nothing.
    pub fn full(&mut self) {
        self.begun = None;
    }

    /// When the next round is to begin, so long behind the last one; `None`: now.
    pub fn next(&self, apart: Duration, now: Instant) -> Option<Instant> {
        let begun = self.begun.filter(|_| self.much)?;
        Some(begun + apart).filter(|next| *next > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const APART: Duration = Duration::from_millis(10);

    /// Rounds in a second in which something comes at this rate, each as soon as it may.
    fn rounds(rate: u32) -> u32 {
        let (start, mut pace, mut rounds, mut due) = (Instant::now(), Pace::default(), 0, None::<Instant>);
        for number in 0..rate {
            let now = start + Duration::from_secs(1) * number / rate;
            if due.take_if(|due| *due <= now).is_some() {
                rounds += 1;
            }
            pace.came(1, now);
            if due.is_none() {
                due = pace.next(APART, now);
                rounds += u32::from(due.is_none());
                pace.begin(due.unwrap_or(now));
            }
        }
        rounds
    }

    #[test]
    fn what_comes_seldom_waits_for_nothing_and_much_goes_together() {
        assert_eq!(rounds(10), 10);
        assert_eq!(rounds(200), 200);
        let much = rounds(1_000);
        assert!((90..=120).contains(&much), "{much}");
        let more = rounds(20_000);
        assert!((90..=120).contains(&more), "{more}");
    }

    #[test]
    fn a_burst_behind_a_calm_waits_for_nothing_and_is_soon_forgotten() {
        let (start, mut pace) = (Instant::now(), Pace::default());
        assert_eq!(pace.next(APART, start), None);
        pace.came(100_000, start);
        assert_eq!(pace.next(APART, start), None, "no round before it");
        pace.begin(start);
        assert_eq!(pace.next(APART, start), Some(start + APART));
        pace.full();
        assert_eq!(pace.next(APART, start), None, "there is more already");
        let round = start + 10 * LONGEST;
        pace.came(100_000, start);
        pace.begin(start);
        assert!(pace.next(20 * LONGEST, round).is_some(), "however long a round takes");
        pace.came(1, round);
        assert_eq!(pace.next(20 * LONGEST, round), None, "it is over");
    }
}
