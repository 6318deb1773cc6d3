//! Polls one source: a report is judged against the ledgers as a whole before any of it is
//! applied, then appended in chunks, then acknowledged.
//!
//! A crash before the acknowledgement reads the same report again; rows that were applied
//! already are then unchanged. A held report stays with its source and is judged anew.

mod appended;
mod held;
mod statements;

use super::applying::Applying;
use super::board::{Refusal, SourceBoard};
use super::deadline::{REPORT, WORD, within};
use super::gate::GateKeeper;
use super::holds::{Decision, Holds};
use super::inbox::Inbox;
use super::rejections::{self, Rejection};
use super::schedule::Schedule;
use crate::store::{Key, Lease, Store, StoreError};
use appended::Appended;
use arc_swap::ArcSwap;
use held::Held;
use omnistock_engine::SourceDocument;
use omnistock_engine::snapshot::Recent;
use omnistock_sdk::{Connector, ConnectorError, Refused, Report, StockSource, Ticket, Verdict, now};
use omnistock_words::{ChannelName, ConnectorName, LineId, Millis, OrderId, Quantity, Settings, Sku};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, mpsc, watch};
use tokio_util::sync::CancellationToken;

/// What a poller works with.
#[derive(Clone)]
pub struct StockParts {
    /// The source.
    pub source: ConnectorName,
    /// Its connector.
    pub connector: Arc<dyn Connector>,
    /// When it is polled.
    pub schedule: Schedule,
    /// The merchant's store.
    pub store: Arc<dyn Store>,
    /// The settings in force.
    pub settings: Arc<ArcSwap<Settings>>,
    /// The lease held now.
    pub lease: watch::Receiver<Option<Lease>>,
    /// The way into the ledger.
    pub inbox: Inbox,
    /// Told of complete snapshots.
    pub gate: Arc<GateKeeper>,
    /// Held reports.
    pub holds: Arc<Holds>,
    /// Told while a report is being applied.
    pub applying: Applying,
    /// For people.
    pub board: Arc<SourceBoard>,
    /// Rung by `omnistock sync`.
    pub wake: Arc<Notify>,
    /// Whether some channel lists a SKU; for the list of those that none does.
    pub listed: Arc<Listed>,
}

/// Whether some channel lists a SKU; `None` while that is not known.
pub type Listed = dyn Fn(&Sku) -> Option<bool> + Send + Sync;

/// Events that are handed over at once; one has some hundred rows.
const AT_ONCE: usize = 20;

/// Between attempts to tell which SKUs no channel lists, while channels are still being read.
const UNLISTED_AGAIN: Duration = Duration::from_millis(500);

/// Polls one source.
pub struct StockPoller {
    parts: StockParts,
    /// The token of the term that what follows was remembered in.
    term: Option<u64>,
    held: Option<Held>,
    /// A fault that a person rejected.
    rejection: Option<Rejection>,
    /// Single changes of the last 15 minutes. Not kept over a restart: they begin anew.
    recent: Recent,
    /// A report that could not be taken in yet.
    unfinished: Option<(Ticket, Report)>,
    /// A report that is in the inbox, and not put away yet.
    appended: Option<(Ticket, Appended)>,
    /// SKUs of the newest report that no channel lists so far, the last one first; kept only until every channel was read.
    unlisted: Vec<Sku>,
    /// The newest order list as stated: a list names every order again, and only what differs is news.
    stated: HashMap<(ChannelName, OrderId, LineId), Quantity>,
    decisions: (mpsc::Sender<Decision>, mpsc::Receiver<Decision>),
}

#[derive(Debug, thiserror::Error)]
enum TakeError {
    #[error(transparent)]
    Vendor(#[from] ConnectorError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the ledger has ended")]
    Ended,
}

impl StockPoller {
    /// A poller that has read nothing yet.
    pub fn new(parts: StockParts) -> Self {
        Self {
            parts,
            term: None,
            held: None,
            rejection: None,
            recent: Recent::default(),
            unfinished: None,
            appended: None,
            unlisted: Vec::new(),
            stated: HashMap::new(),
            decisions: mpsc::channel(1),
        }
    }

    /// What an earlier reader was handed and did not acknowledge comes again.
    async fn begin(&self) {
        let (source, connector) = (&self.parts.source, &self.parts.connector);
        let Some(role) = connector.stock() else { return };
        if let Err(error) = within(source.as_str(), "a reader begins", WORD, role.begin()).await {
            tracing::warn!(%source, "{error}");
        }
    }

    /// Works until `cancel`. Trouble is shown on the board and tried again.
    pub async fn run(mut self, cancel: CancellationToken) {
        self.begin().await;
        let mut failures = 0_u32;
        let mut warm = false;
        while !cancel.is_cancelled() {
            let token = self.parts.lease.borrow().as_ref().map(|lease| lease.token);
            let Some(token) = token else {
                tokio::select! {
                    () = cancel.cancelled() => break,
                    () = tokio::time::sleep(Duration::from_millis(100)) => continue,
                }
            };
            warm &= !self.begins(token);
            let round = async {
                if !warm {
                    self.warm().await?;
                    warm = true;
                }
                self.take_all().await
            };
            let due = match round.await {
                Ok(()) => {
                    failures = 0;
                    self.parts.board.error(None, now());
                    self.parts.schedule.next(now()).unwrap_or(Millis::MAX)
                }
                Err(error) => {
                    failures = failures.saturating_add(1);
                    tracing::warn!(source = %self.parts.source, "the source was not read: {error}");
                    self.parts.board.error(Some(error.to_string()), now());
                    let pause = crate::retry::delay(failures, rand::random());
                    now().plus(i64::try_from(pause.as_millis()).unwrap_or(i64::MAX))
                }
            };
            self.wait(due, &cancel).await;
        }
    }

    /// Whether a term begins. Another daemon may have led since the last one, taken reports in and heard people: what
    /// was stated is stated again, and what would confirm a held report counts from now on.
    fn begins(&mut self, token: u64) -> bool {
        if self.term.replace(token) == Some(token) {
            return false;
        }
        self.stated.clear();
        if let Some(held) = &mut self.held {
            held.counts_from(now());
        }
        true
    }

    async fn wait(&mut self, due: Millis, cancel: &CancellationToken) {
        let pause = Duration::from_millis(u64::try_from(due.since(now())).unwrap_or_default());
        let (parts, unlisted) = (&self.parts, &mut self.unlisted);
        let decided = tokio::select! {
            () = tell_unlisted(parts, unlisted) => None,
            () = cancel.cancelled() => None,
            () = parts.wake.notified() => None,
            () = tokio::time::sleep(pause) => None,
            decision = self.decisions.1.recv() => decision,
        };
        if let Some(decision) = decided
            && let Err(error) = self.decide(decision).await
        {
            tracing::warn!(source = %self.parts.source, "the decision was not carried out: {error}");
            self.parts.board.error(Some(error.to_string()), now());
        }
    }

    /// Reports from before a restart are applied first; a source known to the store opens its part of the gate.
    async fn warm(&mut self) -> Result<(), TakeError> {
        if !self.parts.inbox.drained().await? {
            return Err(TakeError::Ended);
        }
        self.rejection = rejections::load(&self.parts).await?;
        let key = Key::source(&self.parts.source);
        let stored = self
            .parts
            .store
            .load(&[key])
            .await?
            .into_iter()
            .next()
            .unwrap_or_default();
        let known = SourceDocument::decode(&stored.bytes).ok();
        let as_of = known.and_then(|document| document.complete_as_of);
        if let Some(as_of) = as_of.filter(|_| !stored.bytes.is_empty()) {
            self.parts.board.complete(as_of);
            self.parts.gate.snapshot_known(&self.parts.source);
        }
        Ok(())
    }

    async fn take_all(&mut self) -> Result<(), TakeError> {
        let connector = Arc::clone(&self.parts.connector);
        let Some(role) = connector.stock() else { return Ok(()) };
        self.conclude(role).await?;
        // Bounded by what the source has; a source that never ends would starve decisions, hence the limit.
        for _ in 0..1_000 {
            let next = match self.unfinished.take() {
                Some(next) => Some(next),
                None => within(self.parts.source.as_str(), "its report", REPORT, role.poll()).await?,
            };
            let Some((ticket, report)) = next else { break };
            match report {
                Report::Refused(refused) => self.refused(refused),
                Report::Stock(report) => self.take(role, ticket, report).await?,
                Report::Statements(report) => {
                    let taken = self.state(role, &ticket, report.clone()).await;
                    if taken.is_err() {
                        // The source hands a report out once: it is tried again from here.
                        self.unfinished = Some((ticket, Report::Statements(report)));
                    }
                    taken?;
                }
            }
        }
        Ok(())
    }

    /// Says to the source what became of its report.
    async fn tell(&self, role: &dyn StockSource, ticket: &Ticket, verdict: &Verdict) -> Result<(), ConnectorError> {
        let (who, what) = (self.parts.source.as_str(), "what became of its report");
        within(who, what, WORD, role.acknowledge(ticket, verdict)).await
    }

    fn refused(&self, refused: Refused) {
        tracing::error!(source = %self.parts.source, "refused {}: {}", refused.title, refused.reason);
        self.parts.board.refuse(Refusal {
            title: refused.title,
            reason: refused.reason,
            at: now(),
        });
    }
}

/// Counts what no channel lists and forgets it, once every channel was read; the last one comes first. `false`: not yet.
fn count_unlisted(parts: &StockParts, skus: &mut Vec<Sku>) -> bool {
    // While channels are being read, the first look at one that is not known ends it.
    loop {
        match skus.last().map(|sku| (parts.listed)(sku)) {
            Some(Some(true)) => drop(skus.pop()),
            Some(None) => {
                if skus.len() < skus.capacity() / 2 {
                    skus.shrink_to_fit();
                }
                return false;
            }
            Some(Some(false)) | None => break,
        }
    }
    skus.retain(|sku| (parts.listed)(sku) != Some(true));
    let first = skus.iter().rev().take(100).map(ToString::to_string).collect();
    parts.board.unlisted(skus.len() as u64, first);
    *skus = Vec::new();
    true
}

/// Tells what no channel lists once that can be known; never ends.
async fn tell_unlisted(parts: &StockParts, skus: &mut Vec<Sku>) {
    while !skus.is_empty() && !count_unlisted(parts, skus) {
        tokio::time::sleep(UNLISTED_AGAIN).await;
    }
    std::future::pending::<()>().await;
}
