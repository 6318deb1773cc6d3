//! The connector as a source: finds finished files, hands each out once, puts it away on request.

use crate::content::{self, FileFacts};
use crate::depot::{Depot, Meant};
use crate::folder::{self, Content, Found, Kind, MOST_FILES};
use crate::looks::Looks;
use crate::problem::Refusal;
use crate::settings::Plan;
use async_trait::async_trait;
use omnistock_sdk::{ConnectorError, LocationCodes, Refused, Report, StockSource, Ticket, Verdict};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// A folder that doesn't answer for so long (a dead network mount) is given up until the next poll.
const DEADLINE: Duration = Duration::from_mins(2);
/// One poll waits at most so long for a file to settle.
const MOST_WAIT: Duration = Duration::from_secs(1);

/// A place with files, and what this process has done with them.
pub(crate) struct FileSource {
    plan: Arc<Plan>,
    meant: Arc<Meant>,
    depot: Box<dyn Depot>,
    codes: Arc<LocationCodes>,
    state: Mutex<State>,
    /// One poll at a time.
    turn: tokio::sync::Mutex<()>,
}

struct State {
    looks: Looks,
    /// Handed out by this process and still there.
    handed: BTreeSet<Ticket>,
    /// Refused, but not to be moved: tried again with each poll. They are in `handed` as well.
    stuck: Vec<(Found, String)>,
    crowded: bool,
}

enum Taken {
    Report(Report),
    Refused(Refusal),
    Changed,
}

impl FileSource {
    /// Files of `depot` that are `meant`; `settle`: how long one must be unchanged, unset by how it came.
    pub(crate) fn new(
        plan: Plan,
        depot: Box<dyn Depot>,
        meant: Arc<Meant>,
        settle: Option<Duration>,
        codes: LocationCodes,
    ) -> Self {
        let state = State {
            looks: Looks::new(settle),
            handed: BTreeSet::new(),
            stuck: Vec::new(),
            crowded: false,
        };
        Self {
            plan: Arc::new(plan),
            meant,
            depot,
            codes: Arc::new(codes),
            state: Mutex::new(state),
            turn: tokio::sync::Mutex::new(()),
        }
    }

    /// Lists and probes the folders; changes nothing.
    pub(crate) async fn check(&self) -> Result<(), ConnectorError> {
        self.depot.check().await
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it holds the lock; and the state stays usable if it did.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is there and was not handed out, oldest first.
    async fn look(&self) -> Result<Vec<Found>, ConnectorError> {
        let listings = self.depot.list().await?;
        let crowded = listings.iter().any(|(_, crowded)| *crowded);
        let mut found: Vec<Found> = listings.into_iter().flat_map(|(found, _)| found).collect();
        found.sort_by(|a, b| a.order().cmp(&b.order()));
        let mut state = self.state();
        if crowded && !state.crowded {
            tracing::warn!("more than {MOST_FILES} files to read in one folder: only some are looked at in one go");
        }
        state.crowded = crowded;
        state.looks.note(&found, Instant::now());
        let there: BTreeSet<Ticket> = found.iter().map(Found::ticket).collect();
        // With a cut listing, what isn't listed may still be there.
        if !crowded {
            state.handed.retain(|ticket| there.contains(ticket));
            state.stuck.retain(|(file, _)| there.contains(&file.ticket()));
        }
        found.retain(|file| !state.handed.contains(&file.ticket()));
        Ok(found)
    }

    /// Looks until the oldest file has settled, or as long as one poll may wait.
    async fn settled(&self) -> Result<Vec<Found>, ConnectorError> {
        let begun = Instant::now();
        loop {
            let mut found = self.look().await?;
            let now = Instant::now();
            let waits: Vec<Duration> = found.iter().map(|file| self.state().looks.wait(file, now)).collect();
            let left = MOST_WAIT.saturating_sub(now.saturating_duration_since(begun));
            // One that needs longer than this poll may wait doesn't hold up those behind it.
            let oldest = waits.iter().copied().find(|wait| *wait <= left).unwrap_or_default();
            if oldest.is_zero() {
                let mut waits = waits.iter();
                found.retain(|_| waits.next().is_some_and(Duration::is_zero));
                return Ok(found);
            }
            tokio::time::sleep(oldest).await;
        }
    }

    async fn take(&self, file: &Found) -> Result<Option<Report>, ConnectorError> {
        match self.read(file).await? {
            Taken::Changed => Ok(None),
            Taken::Report(report) => {
                self.state().handed.insert(file.ticket());
                Ok(Some(report))
            }
            Taken::Refused(refusal) => {
                if refusal.unfinished && !self.state().looks.cut_off(file, Instant::now()) {
                    return Ok(None);
                }
                self.refuse(file, refusal.reason).await
            }
        }
    }

    async fn read(&self, file: &Found) -> Result<Taken, ConnectorError> {
        if file.path.file_name().and_then(std::ffi::OsStr::to_str).is_none() {
            let message = "the file's name is not UTF-8: rename it";
            return Ok(Taken::Refused(Refusal::whole(&file.name, message)));
        }
        let max_bytes = self.plan.max_bytes;
        let bytes = match self.depot.read(file, max_bytes).await? {
            Content::Whole(bytes) => bytes,
            Content::Changed => return Ok(Taken::Changed),
            Content::TooLarge => {
                let message = format!("has {} bytes, more than max_bytes = {max_bytes}", file.print.size);
                return Ok(Taken::Refused(Refusal::whole(&file.name, &message)));
            }
        };
        let mut proof = None;
        if let Some(done) = self.meant.done_file.as_ref().filter(|done| done.proves()) {
            let Some(text) = self.depot.read_done(&done.beside(&file.path)).await? else {
                return Ok(Taken::Changed);
            };
            proof = Some((done.clone(), text));
        }
        let (plan, codes, seen) = (Arc::clone(&self.plan), Arc::clone(&self.codes), file.clone());
        blocking(&file.path.display().to_string(), move || {
            let proven = proof.map_or(Ok(()), |(done, text)| done.check(&seen.name, &bytes, &text));
            let outcome = proven.and_then(|()| parse(&plan, &codes, &seen, bytes));
            Ok(outcome.map_or_else(Taken::Refused, Taken::Report))
        })
        .await
    }

    /// Puts the file aside; where that fails, it is tried again later and never read again.
    /// No report when its writer went on meanwhile: then it is looked at anew.
    async fn refuse(&self, file: &Found, reason: String) -> Result<Option<Report>, ConnectorError> {
        let report = |reason| {
            let title = file.name.clone();
            Ok(Some(Report::Refused(Refused { title, reason })))
        };
        if !self.meant.put_away {
            self.state().handed.insert(file.ticket());
            return report(reason);
        }
        match self.move_away(&file.path, file.print, Some(&reason)).await {
            Ok(true) => report(reason),
            Ok(false) => Ok(None),
            Err(error) => {
                let mut state = self.state();
                if state.handed.insert(file.ticket()) {
                    state.stuck.push((file.clone(), reason));
                }
                Err(error)
            }
        }
    }

    /// The done file goes when its file has moved; one that a crash leaves is older than the next file.
    async fn move_away(&self, path: &Path, print: folder::Print, reason: Option<&str>) -> Result<bool, ConnectorError> {
        let moved = self.depot.put_away(path, print, reason).await?;
        if let (true, Some(done)) = (moved, &self.meant.done_file)
            && let Err(error) = self.depot.remove_done(&done.beside(path)).await
        {
            tracing::warn!("{error}");
        }
        Ok(moved)
    }

    /// Tries again to put aside what could not be.
    async fn unstick(&self) -> Result<Option<(Ticket, Report)>, ConnectorError> {
        let Some((file, reason)) = self.state().stuck.first().cloned() else {
            return Ok(None);
        };
        let report = self.refuse(&file, reason).await?;
        self.state().stuck.retain(|(other, _)| other.ticket() != file.ticket());
        Ok(report.map(|report| (file.ticket(), report)))
    }
}

#[async_trait]
impl StockSource for FileSource {
    async fn begin(&self) -> Result<(), ConnectorError> {
        let mut state = self.state();
        state.handed = state.stuck.iter().map(|(file, _)| file.ticket()).collect();
        Ok(())
    }

    async fn poll(&self) -> Result<Option<(Ticket, Report)>, ConnectorError> {
        let busy = |_| ConnectorError::retry("another poll of the same folder does not end");
        let _turn = timeout(DEADLINE, self.turn.lock()).await.map_err(busy)?;
        // One file in trouble doesn't keep the others waiting; its trouble is told when they are through.
        let mut trouble = match self.unstick().await {
            Ok(Some(report)) => return Ok(Some(report)),
            Ok(None) => None,
            Err(error) => Some(error),
        };
        for file in self.settled().await? {
            match self.take(&file).await {
                Ok(Some(report)) => return Ok(Some((file.ticket(), report))),
                Ok(None) => {}
                Err(error) if self.depot.ends_poll(&error) => return Err(error),
                Err(error) => trouble = trouble.or(Some(error)),
            }
        }
        trouble.map_or(Ok(None), Err)
    }

    async fn acknowledge(&self, ticket: &Ticket, verdict: &Verdict) -> Result<(), ConnectorError> {
        let Some((kind, print, name)) = folder::ticket_parts(ticket) else {
            return Err(ConnectorError::rejected(format!(
                "{:?} is no ticket of a file",
                ticket.0
            )));
        };
        // Statements may be no longer configured: then the file stays where it is.
        let Some(folder) = self.meant.folder(kind).filter(|_| self.meant.put_away) else {
            return Ok(());
        };
        let reason = match verdict {
            Verdict::Rejected(reason) => Some(format!("{name}: {reason}")),
            Verdict::Accepted | Verdict::Superseded => None,
        };
        self.move_away(&folder.join(name), print, reason.as_deref())
            .await
            .map(drop)
    }
}

fn parse(plan: &Plan, codes: &LocationCodes, file: &Found, bytes: Vec<u8>) -> Result<Report, Refusal> {
    let facts = FileFacts {
        title: file.name.clone(),
        modified: file.modified(),
    };
    match (file.kind, &plan.orders) {
        (Kind::Orders, Some(orders)) => content::statements(orders, &facts, bytes, plan.max_bytes),
        _ => content::stock(plan, codes, &facts, bytes),
    }
}

/// Runs file work off the runtime's threads, with a deadline.
pub(crate) async fn blocking<T: Send + 'static>(
    what: &str,
    work: impl FnOnce() -> Result<T, ConnectorError> + Send + 'static,
) -> Result<T, ConnectorError> {
    match timeout(DEADLINE, tokio::task::spawn_blocking(work)).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(error)) => Err(ConnectorError::retry(format!("work on {what} ended early: {error}"))),
        Err(_) => Err(ConnectorError::retry(format!(
            "{what}: no answer from the file system within {} s",
            DEADLINE.as_secs()
        ))),
    }
}
