//! Lists that look through the whole store take turns, so that they never have all cores to themselves while the
//! ledger waits for one. Work that goes on for long has a turn for each of its pieces, between theirs.

use crate::server::ApiError;
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

/// How long one may wait for those before it; well below the deadline of the listener.
const WAIT: Duration = Duration::from_secs(5);

/// Whose turn it is.
pub(super) struct Turns(Semaphore);

impl Default for Turns {
    fn default() -> Self {
        Self(Semaphore::new(1))
    }
}

impl Turns {
    /// Ends when it is dropped; refused where those before it take too long.
    pub(super) async fn mine(&self) -> Result<SemaphorePermit<'_>, ApiError> {
        let busy = || {
            ApiError::unavailable("another list that looks through the whole store is being put together")
                .help("ask again in a few seconds")
        };
        timeout(WAIT, self.next()).await.map_err(|_| busy())?
    }

    /// The same for a piece of long work, which has its own deadline: it waits as long as it takes.
    pub(super) async fn next(&self) -> Result<SemaphorePermit<'_>, ApiError> {
        let closed = |_| ApiError::unavailable("the daemon is stopping");
        self.0.acquire().await.map_err(closed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn one_at_a_time_and_who_waits_too_long_is_told() {
        let turns = Turns::default();
        let first = turns.mine().await.unwrap();
        let refused = turns.mine().await.unwrap_err();
        assert!(refused.to_string().contains("another list"), "{refused}");
        drop(first);
        assert!(turns.mine().await.is_ok());
    }
}
