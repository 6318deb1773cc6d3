//! One plan or reload: how far it is, who waits for it, and what came of it.

use super::Asked;
use crate::server::{ApiError, PlanJob, PlanView, PlanWhat};
use omnistock_sdk::now;
use omnistock_words::Millis;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::timeout;

/// How far it is.
#[derive(Debug, Default)]
pub(in crate::daemon) struct Progress {
    looked: AtomicU64,
    articles: AtomicU64,
}

impl Progress {
    /// There are so many articles.
    pub(in crate::daemon) fn of(&self, articles: u64) {
        self.articles.store(articles, Ordering::Relaxed);
    }

    /// So many more were looked at.
    pub(in crate::daemon) fn looked(&self, more: usize) {
        let looked = self.looked.fetch_add(more as u64, Ordering::Relaxed) + more as u64;
        // Articles that came meanwhile.
        self.articles.fetch_max(looked, Ordering::Relaxed);
    }
}

/// How it stands.
#[derive(Debug, Default)]
struct Standing {
    waiting: u64,
    /// What was counted is being kept or brought into force: too late to cancel.
    closing: bool,
    cancelled: bool,
    outcome: Option<Result<PlanView, ApiError>>,
}

/// A plan or a reload.
pub(in crate::daemon) struct Job<W> {
    pub(super) id: String,
    pub(super) name: String,
    what: PlanWhat,
    by: String,
    since: Millis,
    pub(in crate::daemon) progress: Progress,
    work: Mutex<Option<W>>,
    standing: watch::Sender<Standing>,
}

impl<W> Job<W> {
    pub(super) fn new(asked: Asked<W>) -> Self {
        let standing = Standing {
            waiting: 1,
            ..Standing::default()
        };
        Self {
            id: format!("{:016x}", rand::random::<u64>()),
            name: asked.name,
            what: asked.what,
            by: asked.by,
            since: now(),
            progress: Progress::default(),
            work: Mutex::new(Some(asked.work)),
            standing: watch::channel(standing).0,
        }
    }

    /// What it is called.
    fn word(&self) -> &'static str {
        match self.what {
            PlanWhat::Plan => "plan",
            PlanWhat::Reload => "reload",
        }
    }

    /// Whether it is not over.
    pub(super) fn runs(&self) -> bool {
        self.standing.borrow().outcome.is_none()
    }

    /// One more waits for it.
    pub(super) fn join(&self) {
        self.standing.send_modify(|standing| standing.waiting += 1);
    }

    /// One waits no longer. True: nobody does, and it is cancelled.
    pub(super) fn leave(&self, by: &str) -> bool {
        self.standing.send_if_modified(|standing| {
            standing.waiting = standing.waiting.saturating_sub(1);
            if standing.waiting > 0 || standing.closing || standing.outcome.is_some() {
                return false;
            }
            standing.cancelled = true;
            let error = format!("the {} was cancelled by {by}: nothing was changed", self.word());
            standing.outcome = Some(Err(ApiError::conflict(error)));
            true
        })
    }

    /// The first who asks carries it out.
    pub(super) fn take(&self) -> Option<W> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// From now on it is not cancelled any more; `false`: it was.
    pub(super) fn close(&self) -> bool {
        self.standing.send_if_modified(|standing| {
            standing.closing = !standing.cancelled;
            standing.closing
        })
    }

    /// What came of it, unless that is known.
    pub(super) fn end(&self, outcome: Result<PlanView, ApiError>) {
        self.standing.send_modify(|standing| {
            standing.outcome.get_or_insert(outcome);
        });
    }

    pub(super) async fn cancelled(&self) {
        // The sender is this job's own: it does not go.
        drop(self.standing.subscribe().wait_for(|standing| standing.cancelled).await);
    }

    /// Waits for its end, not longer than this.
    pub(in crate::daemon) async fn ended(&self, most: Duration) {
        let mut standing = self.standing.subscribe();
        let ended = standing.wait_for(|standing| standing.outcome.is_some());
        drop(timeout(most, ended).await);
    }

    /// How it stands.
    pub(in crate::daemon) fn view(&self) -> PlanJob {
        let standing = self.standing.borrow();
        PlanJob {
            id: self.id.clone(),
            what: self.what,
            running: standing.outcome.is_none(),
            cancelled: standing.cancelled,
            waiting: if standing.outcome.is_none() {
                standing.waiting
            } else {
                0
            },
            since: self.since,
            looked: self.progress.looked.load(Ordering::Relaxed),
            articles: self.progress.articles.load(Ordering::Relaxed),
            plan: standing.outcome.as_ref().and_then(|outcome| outcome.clone().ok()),
        }
    }

    /// The same for who waits: a refusal as one.
    pub(in crate::daemon) fn answer(&self) -> Result<PlanJob, ApiError> {
        let refusal = self.standing.borrow().outcome.clone().and_then(Result::err);
        refusal.map_or_else(|| Ok(self.view()), Err)
    }

    /// Why nothing else is begun.
    pub(super) fn busy(&self) -> ApiError {
        let view = self.view();
        let (word, by) = (self.word(), &self.by);
        let share = (view.looked * 100).checked_div(view.articles).unwrap_or_default();
        let error = format!(
            "a {word} that {by} asked for is on its way ({share} % of the articles), and only one is computed at a time"
        );
        ApiError::conflict(error).help("nothing was changed; ask again when it is done")
    }

    pub(super) fn too_long(&self) -> ApiError {
        let error = format!("the {} was not done within an hour: nothing was changed", self.word());
        ApiError::unavailable(error).help("`omnistock status` says what the daemon waits for")
    }

    /// This daemon does not lead any more.
    pub(in crate::daemon) fn lost(&self) -> ApiError {
        let error = format!(
            "this daemon lost the lead during the {}: nothing was changed",
            self.word()
        );
        ApiError::conflict(error).help("ask the daemon that leads now")
    }

    /// This daemon ends.
    pub(in crate::daemon) fn stopping(&self) -> ApiError {
        let error = format!("the daemon stops, and with it the {}: nothing was changed", self.word());
        ApiError::unavailable(error).help("ask again when it is back")
    }

    pub(super) fn broke_off(&self) -> ApiError {
        let error = format!("the {} broke off", self.word());
        ApiError::unavailable(error).help("the daemon's log says why; `omnistock log` says what was changed")
    }
}
