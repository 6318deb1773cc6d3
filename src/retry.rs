//! How long to wait before another try: the only place that uses `backoff`.
//!
//! The crate gives the growing ceiling; the jitter below it is the planner's, from a number that is
//! passed in, so that a simulation can repeat it.

use backoff::backoff::Backoff;
use std::time::Duration;

/// The first ceiling.
const FIRST: Duration = Duration::from_millis(200);
/// The highest ceiling.
const MOST: Duration = Duration::from_secs(30);
/// From here on the ceiling is the highest.
const STEPS: u32 = 10;

/// The longest pause in milliseconds after so many failures in a row (1 and more): 200 ms, doubling up to 30 s.
pub fn ceiling(failures: u32) -> i64 {
    let mut delays = backoff::ExponentialBackoff {
        current_interval: FIRST,
        initial_interval: FIRST,
        randomization_factor: 0.0,
        multiplier: 2.0,
        max_interval: MOST,
        max_elapsed_time: None,
        ..backoff::ExponentialBackoff::default()
    };
    let mut last = FIRST;
    for _ in 0..failures.clamp(1, STEPS) {
        last = delays.next_backoff().unwrap_or(MOST);
    }
    i64::try_from(last.as_millis()).unwrap_or(30_000)
}

/// A pause after so many failures in a row: full jitter below the ceiling, and at least 20 ms.
pub fn delay(failures: u32, random: u32) -> Duration {
    let pause = omnistock_planner::full_jitter(ceiling(failures), random);
    Duration::from_millis(u64::try_from(pause).unwrap_or_default().max(20))
}

/// A pause in milliseconds after so many failures in a row, where many wait for the same: half of the ceiling, and
/// jitter up to all of it.
pub fn pause(failures: u32, random: u32) -> i64 {
    let half = ceiling(failures) / 2;
    half + omnistock_planner::full_jitter(half, random)
}

#[cfg(test)]
mod tests {
    use super::{ceiling, pause};

    #[test]
    fn what_many_wait_for_is_not_asked_for_again_at_once() {
        for (random, expected) in [(0, 400), (u32::MAX, 800)] {
            let pause = pause(3, random);
            assert!((expected - 1..=expected).contains(&pause), "{pause}");
        }
    }

    #[test]
    fn pauses_double_up_to_a_limit() {
        let pauses: Vec<i64> = [0, 1, 2, 3, 8, 9, 10, 4_000_000].into_iter().map(ceiling).collect();
        assert_eq!(pauses, [200, 200, 400, 800, 25_600, 30_000, 30_000, 30_000]);
    }
}
