//! A report that is in the inbox as a whole: what is left to be done for it, without its rows.
//!
//! From here on the ledger has it. Its million rows are not kept while they are applied, which takes minutes; where
//! something fails behind that, it goes on from here.

use super::{AT_ONCE, StockPoller, TakeError, count_unlisted};
use crate::intake::applying::Begun;
use crate::intake::board::SourceReport;
use crate::intake::snapshot::{Judged, Sorted, judge};
use crate::store::EntryId;
use omnistock_engine::Event;
use omnistock_engine::snapshot::Recent;
use omnistock_sdk::{Report, StockReport, StockSource, Ticket, Verdict, now};
use omnistock_words::{Millis, Sku};
use std::collections::BTreeMap;

/// What is known of it.
pub(super) struct Appended {
    /// Its last event in the inbox.
    last: Option<EntryId>,
    /// Channels are told that it is being applied, until it is.
    begun: Option<Begun>,
    title: String,
    as_of: Millis,
    complete: bool,
    rows: u64,
    changed: u64,
    unknown_locations: BTreeMap<String, u64>,
    /// SKUs that no channel was known to list, the last one first.
    unlisted: Vec<Sku>,
    /// Single changes of the last 15 minutes from then on.
    recent: Option<Recent>,
}

impl StockPoller {
    /// Judges a report, and takes it in or holds it.
    pub(super) async fn take(
        &mut self,
        role: &dyn StockSource,
        ticket: Ticket,
        report: StockReport,
    ) -> Result<(), TakeError> {
        match self.judge(role, &ticket, &report).await {
            Ok(None) => Ok(()),
            Ok(Some(appended)) => {
                drop(report);
                self.appended = Some((ticket, appended));
                self.conclude(role).await
            }
            Err(error) => {
                // The source hands a report out once: it is tried again from here.
                self.unfinished = Some((ticket, Report::Stock(report)));
                Err(error)
            }
        }
    }

    /// `None`: it is held.
    async fn judge(
        &mut self,
        role: &dyn StockSource,
        ticket: &Ticket,
        report: &StockReport,
    ) -> Result<Option<Appended>, TakeError> {
        let sorted = Sorted::new(report);
        let mut judged = judge(&self.parts, report, &sorted, &self.recent).await?;
        if !judged.findings.is_empty() && !self.confirmed(&judged, report) {
            self.hold(role, ticket, report, judged).await?;
            return Ok(None);
        }
        let recent = judged.recent.take();
        let appended = self.append_report(report, (&sorted, judged), false).await?;
        Ok(Some(Appended { recent, ..appended }))
    }

    /// Waits for a report that is in the inbox, and puts it away.
    pub(super) async fn conclude(&mut self, role: &dyn StockSource) -> Result<(), TakeError> {
        let Some((ticket, mut appended)) = self.appended.take() else {
            return Ok(());
        };
        let done = self.put_away(role, &ticket, &mut appended).await;
        if done.is_err() {
            self.appended = Some((ticket, appended));
        }
        done
    }

    async fn put_away(
        &mut self,
        role: &dyn StockSource,
        ticket: &Ticket,
        appended: &mut Appended,
    ) -> Result<(), TakeError> {
        self.settle(appended).await?;
        if let Some(recent) = appended.recent.take() {
            self.recent = recent;
        }
        if appended.complete {
            self.lacks_the_fault().await?;
        }
        if let Some(older) = self.held.take() {
            self.parts.holds.clear(&self.parts.source);
            self.tell(role, &older.ticket, &Verdict::Superseded).await?;
        }
        self.tell(role, ticket, &Verdict::Accepted).await?;
        Ok(())
    }

    /// Some at a time: a report of a million rows is never there as events as a whole.
    pub(super) async fn append(
        &self,
        mut events: impl Iterator<Item = Event> + Send,
    ) -> Result<Option<EntryId>, TakeError> {
        let mut last = None;
        loop {
            let some: Vec<Event> = events.by_ref().take(AT_ONCE).collect();
            if some.is_empty() {
                return Ok(last);
            }
            last = self.parts.inbox.append(&some).await?;
        }
    }

    /// The next report is judged against the ledgers, so this one has to be in them.
    pub(super) async fn applied(&self, last: Option<EntryId>) -> Result<(), TakeError> {
        if self.parts.inbox.applied(last).await {
            Ok(())
        } else {
            Err(TakeError::Ended)
        }
    }

    /// Applies a report as a whole; `approved`: because a person said so, which channels are to know too.
    pub(super) async fn apply(
        &mut self,
        report: &StockReport,
        (sorted, judged): (&Sorted<'_>, Judged),
        approved: bool,
    ) -> Result<(), TakeError> {
        let mut appended = self.append_report(report, (sorted, judged), approved).await?;
        self.settle(&mut appended).await
    }

    async fn append_report(
        &self,
        report: &StockReport,
        (sorted, judged): (&Sorted<'_>, Judged),
        approved: bool,
    ) -> Result<Appended, TakeError> {
        let (source, as_of) = (&self.parts.source, report.as_of);
        let approval = approved.then(|| Event::Approved {
            source: source.clone(),
            as_of,
        });
        if let Some(newest) = judged.newer {
            tracing::warn!(
                %source,
                "{} is as of {as_of}, older than what is known of {newest}: an export that came once more, or late; its older figures are ignored",
                report.title
            );
            self.parts.board.old();
        }
        let begun = self.parts.applying.begin();
        let events = approval.into_iter().chain(judged.events(source, report));
        let last = self.append(events).await?;
        let skus = sorted.skus().filter(|sku| (self.parts.listed)(sku) != Some(true));
        let mut unlisted: Vec<Sku> = skus.collect();
        unlisted.reverse();
        Ok(Appended {
            last,
            begun: Some(begun),
            title: report.title.clone(),
            as_of,
            complete: report.complete,
            rows: report.rows.len() as u64,
            changed: judged.changed,
            unknown_locations: report.unknown_locations.clone(),
            unlisted,
            recent: None,
        })
    }

    /// Once it is in the ledgers: tells of it, once.
    async fn settle(&mut self, appended: &mut Appended) -> Result<(), TakeError> {
        if appended.begun.is_none() {
            return Ok(());
        }
        self.applied(appended.last).await?;
        appended.begun = None;
        let board = &self.parts.board;
        board.unknown_locations(appended.unknown_locations.clone());
        self.unlisted = std::mem::take(&mut appended.unlisted);
        count_unlisted(&self.parts, &mut self.unlisted);
        board.taken(SourceReport {
            title: appended.title.clone(),
            as_of: appended.as_of,
            taken_at: now(),
            rows: appended.rows,
            changed: appended.changed,
        });
        if appended.complete {
            board.complete(appended.as_of);
            self.parts.gate.snapshot_taken(&self.parts.source, appended.as_of);
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "appended_test.rs"]
mod tests;
