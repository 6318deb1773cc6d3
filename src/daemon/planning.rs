//! Plans and reloads on their way, one at a time: each looks at every article. Who asks for what is being computed
//! already waits for the same; who waits no longer says so, and what nobody waits for is cancelled at once. What came
//! of the last ones is kept for a while, so that who asked can come for it.

mod job;
#[cfg(test)]
mod tests;

pub(super) use job::{Job, Progress};

use crate::server::{ApiError, PlanJob, PlanView, PlanWhat};
use std::collections::VecDeque;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// Of so many it is kept what came of them, and for so long.
const KEPT: usize = 20;
const KEPT_FOR: Duration = Duration::from_hours(1);
/// A plan of millions of articles takes minutes. One that takes this long would be of numbers that are no longer so.
pub(super) const LONGEST: Duration = Duration::from_hours(1);

/// What is asked for.
pub(super) struct Asked<W> {
    pub(super) what: PlanWhat,
    /// The same for whoever asks for the same.
    pub(super) name: String,
    pub(super) by: String,
    /// What its carrier needs to know.
    pub(super) work: W,
}

struct Desk<W> {
    /// The one that waits or is carried out.
    current: Option<Arc<Job<W>>>,
    ended: VecDeque<(Instant, Arc<Job<W>>)>,
}

/// Where plans and reloads are asked for.
pub(super) struct Planning<W> {
    desk: Mutex<Desk<W>>,
    begun: Notify,
    freed: Notify,
}

impl<W> Default for Planning<W> {
    fn default() -> Self {
        let (current, ended) = (None, VecDeque::new());
        Self {
            desk: Mutex::new(Desk { current, ended }),
            begun: Notify::new(),
            freed: Notify::new(),
        }
    }
}

impl<W> Planning<W> {
    fn desk(&self) -> MutexGuard<'_, Desk<W>> {
        let mut desk = self.desk.lock().unwrap_or_else(PoisonError::into_inner);
        let over = |(at, _): &(Instant, _)| at.elapsed() >= KEPT_FOR;
        while desk.ended.len() > KEPT || desk.ended.front().is_some_and(over) {
            desk.ended.pop_front();
        }
        desk
    }

    /// Begins what is asked for, or joins it where it is on its way. Refused while another is.
    pub(super) fn ask(&self, asked: Asked<W>) -> Result<Arc<Job<W>>, ApiError> {
        let mut desk = self.desk();
        if let Some(current) = desk.current.as_ref().filter(|current| current.runs()) {
            if current.name != asked.name {
                return Err(current.busy());
            }
            current.join();
            return Ok(Arc::clone(current));
        }
        let job = Arc::new(Job::new(asked));
        if let Some(over) = desk.current.replace(Arc::clone(&job)) {
            desk.ended.push_back((Instant::now(), over));
        }
        self.begun.notify_one();
        Ok(job)
    }

    /// The job of this name.
    pub(super) fn find(&self, id: &str) -> Result<Arc<Job<W>>, ApiError> {
        let desk = self.desk();
        let mut known = desk.current.iter().chain(desk.ended.iter().map(|(_, job)| job));
        known.find(|job| job.id == id).cloned().ok_or_else(|| {
            let error = ApiError::not_found(format!("no plan or reload {id} is known here (any more)"));
            error.help(
                "they end with the daemon, and are forgotten after an hour: ask anew, and see with `omnistock log` what \
                 was changed",
            )
        })
    }

    /// One who asked waits no longer.
    pub(super) fn leave(&self, job: &Arc<Job<W>>, by: &str) {
        if job.leave(by) {
            self.put_away(job);
        }
    }

    /// Waits for its end, not longer than this. Who hangs up meanwhile waits no longer.
    pub(super) async fn wait(&self, job: &Arc<Job<W>>, by: &str, most: Duration) -> Result<PlanJob, ApiError> {
        let mut asker = Asker {
            planning: self,
            job,
            by,
            answered: false,
        };
        job.ended(most).await;
        asker.answered = true;
        job.answer()
    }

    /// Whether something is on its way.
    pub(super) fn is_busy(&self) -> bool {
        self.desk().current.as_ref().is_some_and(|current| current.runs())
    }

    /// Waits until nothing is on its way.
    pub(super) async fn free(&self) {
        loop {
            let freed = self.freed.notified();
            if self.desk().current.is_none() {
                return;
            }
            freed.await;
        }
    }

    /// Waits for the next job, to be carried out by whoever gets it.
    pub(super) async fn next(&self) -> (Arc<Job<W>>, W) {
        loop {
            let begun = self.begun.notified();
            let current = self.desk().current.clone();
            if let Some((work, job)) = current.and_then(|job| Some((job.take()?, job))) {
                return (job, work);
            }
            begun.await;
        }
    }

    /// Carries a job out: `count` is dropped where it waits once nobody waits for it, it takes too long, or `over`
    /// says why it is for nothing; what it finds goes to `close`, which nothing interrupts any more.
    pub(super) async fn carry_out<C, Closing>(
        &self,
        job: &Arc<Job<W>>,
        count: impl Future<Output = Result<C, ApiError>>,
        over: impl Future<Output = ApiError>,
        close: impl FnOnce(C) -> Closing,
    ) where
        Closing: Future<Output = Result<PlanView, ApiError>>,
    {
        let mut ending = Ending {
            planning: self,
            job,
            outcome: None,
        };
        let counted = tokio::select! {
            biased;
            () = job.cancelled() => return,
            why = over => Err(why),
            () = tokio::time::sleep(LONGEST) => Err(job.too_long()),
            counted = count => counted,
        };
        ending.outcome = match counted {
            Ok(counted) if job.close() => Some(close(counted).await),
            Ok(_) => return,
            Err(error) => Some(Err(error)),
        };
    }

    fn put_away(&self, job: &Arc<Job<W>>) {
        let mut desk = self.desk();
        if desk.current.take_if(|current| Arc::ptr_eq(current, job)).is_some() {
            desk.ended.push_back((Instant::now(), Arc::clone(job)));
            self.freed.notify_waiters();
        }
    }
}

/// Who waits for the answer to a request; one that is dropped before has hung up.
struct Asker<'a, W> {
    planning: &'a Planning<W>,
    job: &'a Arc<Job<W>>,
    by: &'a str,
    answered: bool,
}

impl<W> Drop for Asker<'_, W> {
    fn drop(&mut self) {
        if !self.answered {
            self.planning.leave(self.job, self.by);
        }
    }
}

/// Says what came of a job, also where its carrier breaks.
struct Ending<'a, W> {
    planning: &'a Planning<W>,
    job: &'a Arc<Job<W>>,
    outcome: Option<Result<PlanView, ApiError>>,
}

impl<W> Drop for Ending<'_, W> {
    fn drop(&mut self) {
        let outcome = self.outcome.take();
        self.job.end(outcome.unwrap_or_else(|| Err(self.job.broke_off())));
        self.planning.put_away(self.job);
    }
}
