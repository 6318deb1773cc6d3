//! Carrying out an audit: the whole channel is read once more, beside the worker's own readings, so that
//! nothing is written by looking. What differs is compared again behind a fetch of the channel's orders.

use super::account::Pass;
use super::audit::{AuditAsked, AuditReport, AuditStanding};
use super::call::Job;
use super::catalogue::Index;
use super::results::class;
use super::spent::spent;
use super::worker::{Stop, Worker};
use crate::retry;
use omnistock_planner::{Comparison, Observed, Reserved, Work, compare, document_id};
use omnistock_sdk::{CallKind, ConnectorError, Cursor, ListingPage, ListingReading, now};
use omnistock_words::{ListingId, Millis, Sku};

/// Listings that differ and are compared again, at most; the others count as they were first seen.
const MOST_SUSPECTS: usize = 10_000;
/// Failed pages in a row that end an audit.
const MOST_FAILURES: u32 = 8;

/// An audit on its way.
pub(super) struct Auditing {
    asked: AuditAsked,
    report: AuditReport,
    cursor: Option<Cursor>,
    running: bool,
    not_before: Option<Millis>,
    failures: u32,
    /// Read and not compared yet.
    readings: Vec<ListingReading>,
    /// They differed at first sight.
    suspects: Vec<ListingReading>,
    /// When the last page was read.
    complete: Option<Millis>,
}

impl Auditing {
    /// Whether orders are waited for, fetched from then on.
    pub(super) fn orders_from(&self) -> Option<Millis> {
        self.complete
            .filter(|_| self.readings.is_empty() && !self.suspects.is_empty())
    }

    /// When the next page may be read.
    pub(super) fn due(&self, now: Millis) -> Option<Millis> {
        let reads = !self.running && self.complete.is_none() && self.readings.is_empty();
        reads.then(|| self.not_before.unwrap_or(now))
    }
}

impl Worker {
    /// Begins what was asked for, and compares what was read.
    pub(super) async fn go_on_auditing(&mut self) -> Result<(), Stop> {
        if let Some(asked) = self.parts.board.audit.take() {
            let report = AuditReport {
                asked,
                ..AuditReport::default()
            };
            self.auditing = Some(Auditing {
                asked,
                report,
                cursor: None,
                running: false,
                not_before: None,
                failures: 0,
                readings: Vec::new(),
                suspects: Vec::new(),
                complete: None,
            });
        }
        let Some(auditing) = &mut self.auditing else {
            return Ok(());
        };
        let readings = std::mem::take(&mut auditing.readings);
        if !readings.is_empty() {
            return self.compare_readings(readings, false).await;
        }
        let Some(complete) = auditing.complete else {
            return Ok(());
        };
        let known = self.orders.is_some_and(|orders| orders.begun >= complete);
        if auditing.suspects.is_empty() || known {
            let suspects = std::mem::take(&mut auditing.suspects);
            self.compare_readings(suspects, true).await?;
            self.end_audit();
        }
        Ok(())
    }

    pub(super) fn plan_audit(&mut self, now: Millis, jobs: &mut Vec<(Job, Pass)>) -> usize {
        let Some(auditing) = &mut self.auditing else { return 0 };
        if auditing.due(now).is_none_or(|due| due > now) {
            return 0;
        }
        let Some(pass) = self.throttle.ask(CallKind::Read, 1) else {
            return 0;
        };
        auditing.running = true;
        jobs.push((Job::Audit(auditing.cursor.clone()), pass));
        1
    }

    /// A page was read for the audit alone.
    pub(super) fn audited_page(&mut self, page: Result<ListingPage, ConnectorError>, at: Millis) {
        let page = match page {
            Ok(page) => page,
            Err(error) => return self.no_audit_page(&error, at),
        };
        self.answered();
        self.parts.board.read(page.listings.len());
        let Some(auditing) = &mut self.auditing else { return };
        if page.next.is_some() && page.next == auditing.cursor {
            let sentence = "the channel's catalogue does not go on: its next page is the same again";
            return self.no_audit_page(&ConnectorError::retry(sentence), at);
        }
        auditing.running = false;
        auditing.failures = 0;
        auditing.complete = page.next.is_none().then_some(at);
        auditing.cursor = page.next;
        auditing.report.listings += page.listings.len() as u64;
        auditing.readings = page.listings;
        self.parts
            .board
            .audit
            .set(AuditStanding::Running(auditing.report.listings));
    }

    fn no_audit_page(&mut self, error: &ConnectorError, at: Millis) {
        self.channel_failed(error, at);
        let Some(auditing) = &mut self.auditing else { return };
        auditing.running = false;
        auditing.failures += 1;
        let wait = retry::delay(auditing.failures, rand::random());
        auditing.not_before = Some(at.plus(i64::try_from(wait.as_millis()).unwrap_or(1_000)));
        // Who asked for it does not wait for a person, nor for tomorrow.
        let long = class(error) == omnistock_planner::Class::Operator || spent(error).is_some();
        if auditing.failures >= MOST_FAILURES || long {
            self.auditing = None;
            self.parts.board.audit.set(AuditStanding::Failed(error.message.clone()));
        }
    }

    async fn compare_readings(&mut self, readings: Vec<ListingReading>, finally: bool) -> Result<(), Stop> {
        let id = |reading: &ListingReading| {
            let key = &reading.reference.key;
            document_id(&self.parts.channel, &key.listing, key.location.as_ref())
        };
        let found: Vec<(Option<Index>, ListingReading)> = readings
            .into_iter()
            .map(|reading| (self.catalogue.find(&id(&reading)), reading))
            .collect();
        let sku = |index: &Option<Index>| self.catalogue.get((*index)?)?.document.sku.clone();
        let mut skus: Vec<Sku> = found.iter().filter_map(|(index, _)| sku(index)).collect();
        skus.sort();
        skus.dedup();
        let documents = self.documents(&skus.iter().collect::<Vec<_>>()).await?;
        let now = now();
        for (index, reading) in found {
            let compared = index.map_or(Comparison::Not, |index| {
                self.compare_one(index, &reading, &documents, now)
            });
            self.count(index, reading, compared, finally, now);
        }
        Ok(())
    }

    fn compare_one(
        &self,
        index: Index,
        reading: &ListingReading,
        documents: &omnistock_engine::Documents,
        now: Millis,
    ) -> Comparison {
        let Some(entry) = self.catalogue.get(index).filter(|entry| !entry.busy && !entry.gone) else {
            return Comparison::Not;
        };
        let written = entry.document.accepted.as_ref();
        if entry.document.sku != reading.sku || written.is_some_and(|written| reading.read_at < written.at) {
            return Comparison::Not;
        }
        let Some((sku, ledger)) = entry
            .document
            .sku
            .as_ref()
            .and_then(|sku| Some((sku, documents.skus.get(sku)?)))
        else {
            return Comparison::Not;
        };
        let entries = self
            .catalogue
            .of(sku)
            .into_iter()
            .filter_map(|index| self.catalogue.get(index));
        let offers: Vec<ListingId> = entries.map(|entry| entry.document.listing.clone()).collect();
        let sight = self.sight(sku, documents, ledger, offers, &Work::at(now), now);
        let aim = self.aim(&entry, sku, &sight, now);
        let mut document = entry.document.clone();
        document.observed = Some(Observed {
            quantity: reading.quantity,
            at: reading.read_at,
            until: now,
        });
        let reserved: Vec<Reserved> = reading
            .reserved
            .iter()
            .map(|line| Reserved {
                order: line.order.clone(),
                line: line.line.clone(),
                quantity: line.quantity,
            })
            .collect();
        let mut facts = self.facts(&entry, &sight, &aim, now);
        facts.document = &document;
        facts.reserved = reserved.as_slice();
        compare(&facts)
    }

    fn count(
        &mut self,
        index: Option<Index>,
        reading: ListingReading,
        compared: Comparison,
        finally: bool,
        now: Millis,
    ) {
        let Some(auditing) = &mut self.auditing else { return };
        let report = &mut auditing.report;
        let (mut write, mut differs) = (auditing.asked.force, false);
        match compared {
            Comparison::Not => {
                report.not_compared += 1;
                return;
            }
            Comparison::Equal => report.equal += 1,
            Comparison::Differs(..) if !finally && auditing.suspects.len() < MOST_SUSPECTS => {
                return auditing.suspects.push(reading);
            }
            Comparison::Differs(class, gap) => {
                let entry = index.and_then(|index| self.catalogue.get(index));
                let evidence = entry.and_then(|entry| entry.document.evidence);
                report.differs(
                    class,
                    gap,
                    (&reading.reference.key.listing, reading.sku.as_ref()),
                    evidence,
                );
                differs = true;
                write |= class.can_be_fixed();
            }
        }
        let writable = index.is_some_and(|index| self.catalogue.get(index).is_some_and(|entry| entry.is_written()));
        write &= writable;
        report.writes += u64::from(write);
        report.left += u64::from(differs && !write);
        let asked = auditing.asked;
        if let (Some(index), true) = (index, write && (asked.fix || asked.force)) {
            self.put_right(index, reading, asked.force, now);
        }
    }

    /// Takes the reading over, so that the next look decides by it.
    fn put_right(&mut self, index: Index, reading: ListingReading, force: bool, now: Millis) {
        if let Some(entry) = self.catalogue.get_mut(index) {
            entry.forced |= force;
        }
        self.take_reading(index, reading, now);
    }

    fn end_audit(&mut self) {
        if let Some(auditing) = self.auditing.take() {
            self.parts
                .board
                .audit
                .set(AuditStanding::Done(Box::new(auditing.report)));
        }
    }
}
