//! Keeping tasks alive: one that panics is started again after a pause, the others go on.

use std::future::Future;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// What has not ended this long after it was told to waits for something that is away and is left: calls to
/// vendors have 5 s to end, and what was not committed is as after a crash.
const GRACE: Duration = Duration::from_secs(6);

/// How the tasks of a term end.
#[derive(Debug, Clone, Default)]
pub(super) struct Ends {
    /// They go on to a good place and end by themselves.
    pub(super) gently: CancellationToken,
    /// They are dropped where they wait: what they would do next, they may not do any more.
    pub(super) at_once: CancellationToken,
}

impl Ends {
    /// Runs something that ends with either.
    pub(super) fn spawn(&self, tracker: &TaskTracker, work: impl Future<Output = ()> + Send + 'static) {
        let ends = self.clone();
        tracker.spawn(async move {
            tokio::select! {
                () = ends.gently.cancelled() => {}
                () = ends.at_once.cancelled() => {}
                () = work => {}
            }
        });
    }
}

/// Runs `start()` until told to end; when it panics, again after 1 s, 2 s, … 30 s.
pub(super) fn keep_alive<F, W>(tracker: &TaskTracker, ends: &Ends, name: String, mut start: F)
where
    F: FnMut(CancellationToken) -> W + Send + 'static,
    W: Future<Output = ()> + Send + 'static,
{
    let (inner, cancel, at_once) = (tracker.clone(), ends.gently.clone(), ends.at_once.clone());
    tracker.spawn(async move {
        let mut pause = Duration::from_secs(1);
        loop {
            let (work, stop, drop_it) = (start(cancel.clone()), cancel.clone(), at_once.clone());
            let work = async move {
                tokio::select! {
                    () = drop_it.cancelled() => true,
                    () = work => true,
                    () = overdue(&stop) => false,
                }
            };
            match inner.spawn(work).await {
                Ok(true) => break,
                Ok(false) => {
                    tracing::warn!(
                        task = name,
                        "did not end in time and was left; the next start goes on from there"
                    );
                    break;
                }
                Err(error) => tracing::error!(task = name, "a task broke and is started again: {error}"),
            }
            tokio::select! {
                () = cancel.cancelled() => break,
                () = at_once.cancelled() => break,
                () = tokio::time::sleep(pause) => {}
            }
            pause = (pause * 2).min(Duration::from_secs(30));
        }
    });
}

async fn overdue(cancel: &CancellationToken) {
    cancel.cancelled().await;
    tokio::time::sleep(GRACE).await;
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
        if tokio::time::timeout(left.min(Duration::from_secs(5)), tracker.wait())
            .await
            .is_err()
        {
            tracing::warn!("still waiting for {} tasks to end", tracker.len());
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[tokio::test(start_paused = true)]
    async fn a_task_that_does_not_end_is_left_and_keeps_nobody_waiting() {
        let (tracker, ends) = (TaskTracker::new(), Ends::default());
        keep_alive(&tracker, &ends, "stuck".to_owned(), |_| std::future::pending());
        tokio::time::sleep(Duration::from_mins(1)).await;
        assert!(!tracker.is_empty(), "while nobody stops it, it goes on");
        ends.gently.cancel();
        assert!(stopped(&tracker, GRACE + Duration::from_secs(1)).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_term_that_is_over_is_dropped_where_it_waits() {
        let (tracker, ends) = (TaskTracker::new(), Ends::default());
        keep_alive(&tracker, &ends, "stuck".to_owned(), |_| std::future::pending());
        ends.spawn(&tracker, std::future::pending());
        ends.at_once.cancel();
        assert!(stopped(&tracker, Duration::from_millis(1)).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_panics_is_started_again() {
        let (tracker, ends) = (TaskTracker::new(), Ends::default());
        let starts = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&starts);
        keep_alive(&tracker, &ends, "breaks".to_owned(), move |cancel| {
            let start = counted.fetch_add(1, Ordering::Relaxed);
            async move {
                assert!(start >= 2, "breaks twice");
                cancel.cancelled().await;
            }
        });
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert_eq!(starts.load(Ordering::Relaxed), 3);
        ends.gently.cancel();
        assert!(stopped(&tracker, Duration::from_secs(1)).await);
    }
}
