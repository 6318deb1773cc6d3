//! Keeping tasks alive: one that panics is started again after a pause, the others go on.

use std::future::Future;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Runs `start()` until `cancel`; when it panics, again after 1 s, 2 s, … 30 s.
pub(super) fn keep_alive<F, W>(tracker: &TaskTracker, cancel: &CancellationToken, name: String, mut start: F)
where
    F: FnMut(CancellationToken) -> W + Send + 'static,
    W: Future<Output = ()> + Send + 'static,
{
    let (inner, cancel) = (tracker.clone(), cancel.clone());
    tracker.spawn(async move {
        let mut pause = Duration::from_secs(1);
        loop {
            match inner.spawn(start(cancel.clone())).await {
                Ok(()) => break,
                Err(error) => tracing::error!(task = name, "a task broke and is started again: {error}"),
            }
            tokio::select! {
                () = cancel.cancelled() => break,
                () = tokio::time::sleep(pause) => {}
            }
            pause = (pause * 2).min(Duration::from_secs(30));
        }
    });
}

/// Waits for all tasks; every 5 s it is said that some still run. `false`: they did not end in time.
pub(super) async fn stopped(tracker: &TaskTracker, within: Duration) -> bool {
    tracker.close();
    let started = tokio::time::Instant::now();
    while !tracker.is_empty() {
        let left = within.saturating_sub(started.elapsed());
        if left.is_zero() {
            return false;
        }
        if tokio::time::timeout(left.min(Duration::from_secs(5)), tracker.wait()).await.is_err() {
            tracing::warn!("still waiting for {} tasks to end", tracker.len());
        }
    }
    true
}
