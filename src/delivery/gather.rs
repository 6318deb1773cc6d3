//! Under load a round waits a moment for more: its marks, readings of the ledgers and commits cost the same for one
//! article and for fifty.
//!
//! The waiting is before a round, never within one, and the round behind it reads the marks anew: so all that a report has
//! marked is read before anything of it is judged, as without waiting.

use super::worker::Worker;
use omnistock_sdk::now;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// Between the beginnings of two rounds, where much comes.
const APART: Duration = Duration::from_millis(10);

impl Worker {
    /// Waits for more where much comes, and takes in what ends meanwhile. Numbers that only wait for a call to end go
    /// out as soon as one has.
    pub(super) async fn gather(&mut self, pause: Duration) {
        let next = self.marks.pace.next(APART, Instant::now());
        if let Some(next) = next.filter(|_| !pause.is_zero()) {
            let (wake, cancel) = (self.parts.wake.clone(), self.cancel.clone());
            while !(self.work.is_queued() && self.room(now()) > 0) {
                tokio::select! {
                    () = cancel.cancelled() => break,
                    () = sleep_until(next) => break,
                    // The round behind the wait reads what it rings for.
                    () = wake.notified() => {}
                    Some(ending) = self.ended.recv() => self.take(ending),
                }
            }
            self.marks.read_at = None;
        }
        self.marks.pace.begin(Instant::now());
    }
}

/// Resolves when the value changes; never once nobody can change it any more.
pub(super) async fn changed<T>(watched: &mut watch::Receiver<T>) {
    if watched.changed().await.is_err() {
        std::future::pending::<()>().await;
    }
}
