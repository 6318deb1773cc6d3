//! Whether the lease is certainly still ours, without asking anybody: by the clock of this machine.
//!
//! A process that was stopped (SIGSTOP, a paused machine) goes on in the middle of a thought. Commits
//! are judged by the store; a vendor can't judge us, so every call to one asks here first.

use omnistock_words::Millis;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// The right to call vendors; ends by itself unless prolonged. Clones are the same right.
#[derive(Debug, Clone)]
pub struct Right(Arc<Mutex<Option<(Instant, Millis)>>>);

/// The moment in which a lease was asked for: it runs from then on at the latest.
#[derive(Debug, Clone, Copy)]
pub struct Asked(Instant, Millis);

impl Asked {
    /// Now, before the store is asked.
    pub fn now() -> Self {
        Self(Instant::now(), omnistock_sdk::machine_now())
    }

    /// A tenth is left out: clocks of two machines run at different speeds. Time in which the
    /// machine slept is not in the monotonic clock of every system, so the machine's own is asked too.
    fn until(self, length: Duration) -> (Instant, Millis) {
        let certain = length * 9 / 10;
        let milliseconds = i64::try_from(certain.as_millis()).unwrap_or(i64::MAX);
        (self.0 + certain, self.1.plus(milliseconds))
    }
}

impl Right {
    /// A right from a lease of this length.
    pub fn of(asked: Asked, length: Duration) -> Self {
        Self(Arc::new(Mutex::new(Some(asked.until(length)))))
    }

    fn with<T>(&self, work: impl FnOnce(&mut Option<(Instant, Millis)>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The lease was prolonged; one that has ended stays ended.
    pub fn prolong(&self, asked: Asked, length: Duration) {
        self.with(|until| *until = until.map(|_| asked.until(length)));
    }

    /// Ends it for good.
    pub fn end(&self) {
        self.with(|until| *until = None);
    }

    /// Whether the lease is certainly still ours.
    pub fn holds(&self) -> bool {
        self.with(|until| {
            until.is_some_and(|(instant, wall)| Instant::now() < instant && omnistock_sdk::machine_now() < wall)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LENGTH: Duration = Duration::from_secs(10);

    #[tokio::test(start_paused = true)]
    async fn a_right_ends_before_its_lease_does_unless_prolonged() {
        let right = Right::of(Asked::now(), LENGTH);
        tokio::time::advance(Duration::from_millis(8_900)).await;
        assert!(right.holds());
        let asked = Asked::now();
        tokio::time::advance(Duration::from_millis(200)).await;
        assert!(!right.holds(), "a tenth is left out");
        right.prolong(asked, LENGTH);
        assert!(right.holds());
        tokio::time::advance(Duration::from_millis(8_900)).await;
        assert!(!right.holds(), "it counts from when it was asked for");
    }

    #[tokio::test(start_paused = true)]
    async fn an_ended_right_can_not_be_prolonged() {
        let right = Right::of(Asked::now(), LENGTH);
        let same = right.clone();
        right.end();
        right.prolong(Asked::now(), LENGTH);
        assert!(!same.holds());
    }

    #[test]
    fn the_wall_clock_ends_it_too() {
        let right = Right::of(
            Asked(Instant::now(), omnistock_sdk::machine_now().plus(-20_000)),
            LENGTH,
        );
        assert!(!right.holds(), "the machine slept");
    }
}
