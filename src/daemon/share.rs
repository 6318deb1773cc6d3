//! A share of one core: long work goes on a moment, lets others go first, and rests as long as it took, with what it
//! waited for. So it has half of a core at most, and less where others have much to do.

use std::time::Duration;
use tokio::time::Instant;

/// So long it goes on before others may go first.
const SLICE: Duration = Duration::from_millis(2);
/// What took longer has waited for others, and not worked.
const REST: Duration = Duration::from_millis(500);

/// A piece of work.
pub(super) struct Share {
    begun: Instant,
    /// When others were last let go first.
    since: Instant,
}

impl Share {
    /// Work begins.
    pub(super) fn begin() -> Self {
        let now = Instant::now();
        Self { begun: now, since: now }
    }

    /// Lets others go first, where it went on for a moment.
    pub(super) async fn step(&mut self) {
        if self.since.elapsed() >= SLICE {
            tokio::task::yield_now().await;
            self.since = Instant::now();
        }
    }

    /// Rests as long as the piece took.
    pub(super) async fn rest(self) {
        tokio::time::sleep(self.begun.elapsed().min(REST)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_rests_as_long_as_it_took() {
        let (begun, mut share) = (Instant::now(), Share::begin());
        for _ in 0..3 {
            tokio::time::advance(SLICE).await;
            share.step().await;
        }
        tokio::time::advance(SLICE / 2).await;
        share.step().await;
        let worked = begun.elapsed();
        share.rest().await;
        assert!(begun.elapsed() >= 2 * worked, "{:?} of {:?}", worked, begun.elapsed());
    }
}
