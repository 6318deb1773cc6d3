//! Calls that write and read prices: planning them, and what became of them.

use super::account::Pass;
use super::call::Job;
use super::catalogue::Index;
use super::prices::told_apart;
use super::results::class;
use super::spent::spent;
use super::worker::Worker;
use crate::retry;
use omnistock_planner::{
    AGE_STEP, Candidate, Class, ListingDocument, Next, ObservedPrice, PriceVerdict, Risk, SentPrice, batch, halves,
    settle_price,
};
use omnistock_sdk::{
    CallKind, Connector, ConnectorError, Grouping, ListingReference, PriceItem, PriceOutcome, PriceReading,
};
use omnistock_words::{Currency, Millis, Price};
use std::collections::{BTreeSet, HashMap};
use std::time::Duration;
use tokio::time::timeout;

/// A price that has waited so long goes before numbers, milliseconds: nothing starves.
const OVERDUE: i64 = 3 * AGE_STEP;

/// Currencies that are kept of one listing, at most.
const MOST_CURRENCIES: usize = 8;

/// A call about prices that is to be made.
#[derive(Debug, Clone)]
pub(super) enum PriceJob {
    /// Sets prices.
    Write(Vec<(Index, PriceItem)>),
    /// Reads prices.
    Read(Vec<(Index, ListingReference)>),
}

/// What became of a call about prices.
pub(super) enum PriceDone {
    /// Prices were set, or not.
    Written(Vec<(Index, PriceItem)>, Result<Vec<PriceOutcome>, ConnectorError>),
    /// Prices that were not sent, because the lease may be somebody else's by now.
    NotSent(Vec<(Index, PriceItem)>),
    /// Prices were read, or not.
    Read(
        Vec<(Index, ListingReference)>,
        Result<Vec<PriceReading>, ConnectorError>,
    ),
}

/// Makes one call; a write only while the lease is certainly ours (`right`).
pub(super) async fn perform(connector: &dyn Connector, job: PriceJob, right: bool, deadline: Duration) -> PriceDone {
    let late = || ConnectorError::unknown(format!("no answer within {} s", deadline.as_secs()));
    let nobody = || ConnectorError::operator("this connector can't write prices");
    match (connector.prices(), job) {
        (_, PriceJob::Write(items)) if !right => PriceDone::NotSent(items),
        (Some(role), PriceJob::Write(items)) => {
            let sent: Vec<PriceItem> = items.iter().map(|(_, item)| item.clone()).collect();
            let result = timeout(deadline, role.write_prices(&sent)).await;
            PriceDone::Written(items, result.unwrap_or_else(|_| Err(late())))
        }
        (Some(role), PriceJob::Read(items)) => {
            let asked: Vec<ListingReference> = items.iter().map(|(_, reference)| reference.clone()).collect();
            let result = timeout(deadline, role.read_prices(&asked)).await;
            PriceDone::Read(items, result.unwrap_or_else(|_| Err(late())))
        }
        (None, PriceJob::Write(items)) => PriceDone::Written(items, Err(nobody())),
        (None, PriceJob::Read(items)) => PriceDone::Read(items, Err(nobody())),
    }
}

fn verdict(outcome: Option<PriceOutcome>) -> PriceVerdict {
    let (class, reason) = match outcome {
        Some(PriceOutcome::Applied { price }) => return PriceVerdict::Applied { price },
        Some(PriceOutcome::Rejected { reason }) => (Class::Rejected, reason),
        Some(PriceOutcome::Failed { reason }) => (Class::Retry { after: None }, reason),
        Some(PriceOutcome::Unknown { reason }) => (Class::Unknown, reason),
        None => (Class::Unknown, "the answer says nothing of this listing".to_owned()),
    };
    PriceVerdict::Failed {
        class,
        reason,
        items: 1,
    }
}

fn group(document: &ListingDocument, grouping: Grouping) -> String {
    let group = match grouping {
        Grouping::Any => None,
        Grouping::Parent => document.parent.as_ref().map(omnistock_words::ListingId::as_str),
        Grouping::Location => document.location.as_ref().map(omnistock_words::VendorLocation::as_str),
    };
    group.unwrap_or_default().to_owned()
}

impl Worker {
    /// Calls for prices that have waited longer than any number should let them.
    pub(super) fn plan_overdue_prices(&mut self, room: usize, now: Millis, jobs: &mut Vec<(Job, Pass)>) -> usize {
        let late = self
            .prices
            .planned
            .values()
            .any(|planned| now.since(planned.since) > OVERDUE);
        if late {
            self.plan_prices(room.min(1), now, jobs)
        } else {
            0
        }
    }

    /// Calls for prices, the oldest first. What finds no room waits for it, and is computed anew then.
    pub(super) fn plan_prices(&mut self, room: usize, now: Millis, jobs: &mut Vec<(Job, Pass)>) -> usize {
        let Some(terms) = self
            .prices
            .terms
            .filter(|_| room > 0 && !self.prices.planned.is_empty())
        else {
            return 0;
        };
        self.wait_for_changes(now);
        let candidate = |(index, planned): (&Index, &super::prices::PlannedPrice)| {
            let document = &self.catalogue.get(*index)?.document;
            Some(Candidate {
                key: *index,
                group: group(document, terms.grouping),
                risk: Risk::Price,
                since: planned.since,
                alone: document.price.as_ref().is_some_and(|price| price.parked.is_some()),
            })
        };
        let candidates = self.prices.planned.iter().filter_map(candidate).collect();
        let mut used = 0;
        for call in batch(candidates, terms.max_write).into_iter().take(room) {
            let Some(pass) = self.throttle.ask(CallKind::Price, call.keys.len()) else {
                break;
            };
            // The oldest first: what the limit has no room for waits for it.
            let keys = call.keys.into_iter().take(pass.items);
            let items: Vec<_> = keys.filter_map(|index| self.intend_price(index, now)).collect();
            if items.is_empty() {
                pass.withdraw();
                continue;
            }
            jobs.push((Job::Price(PriceJob::Write(items)), pass));
            used += 1;
        }
        used
    }

    /// Prices whose listing may not change any more now wait until it may.
    fn wait_for_changes(&mut self, now: Millis) {
        let may = |index: &Index| {
            let document = &self.catalogue.get(*index)?.document;
            Some((*index, self.price_waits(document, now)?))
        };
        let waiting: Vec<_> = self.prices.planned.keys().filter_map(may).collect();
        for (index, until) in waiting {
            if let Some(planned) = self.prices.planned.remove(&index) {
                self.prices.turns.set(planned.sku, until);
            }
        }
    }

    /// What was planned and found no room.
    pub(super) fn queue_prices(&mut self) {
        for (_, planned) in std::mem::take(&mut self.prices.planned) {
            self.prices.turns.set(planned.sku, planned.since);
        }
    }

    /// Puts the price on the wire, as far as memory and the next commit are concerned.
    fn intend_price(&mut self, index: Index, now: Millis) -> Option<(Index, PriceItem)> {
        let planned = self.prices.planned.remove(&index)?;
        let document = &self.catalogue.get(index)?.document;
        let left = self.throttle.change(&self.catalogue, document, Risk::Price, now);
        let left = match left.and_then(|left| self.take_ramp(index, now).map(|()| left)) {
            Ok(left) => left,
            // Another price of the same call took the last change that they share.
            Err(until) => {
                self.prices.turns.set(planned.sku, until);
                return None;
            }
        };
        let entry = self.catalogue.get_mut(index)?;
        entry.document.changes_left = left;
        self.throttle.changed(&entry.document);
        let token = self.lease.token;
        self.prices.reads.drop(&index);
        let reference = self
            .catalogue
            .get(index)
            .map(|entry| super::launch::reference(&entry.document))?;
        let (known, document) = self.catalogue.price(index)?;
        known.busy = true;
        document.open = true;
        document.sent = Some(SentPrice {
            price: planned.price,
            at: now,
            token,
        });
        self.changes.touch(index);
        self.price_sent(index);
        if planned.drift {
            self.parts.board.price_drifted();
        }
        self.catalogue.show(index, self.gate, &self.parts.board);
        let item = PriceItem {
            reference,
            price: planned.price,
        };
        Some((index, item))
    }

    /// Read-backs of prices that are due; what is due soon comes along.
    pub(super) fn plan_price_read(&mut self, now: Millis, jobs: &mut Vec<(Job, Pass)>) -> usize {
        let Some(terms) = self.prices.terms else { return 0 };
        if self.prices.reads.next().is_none_or(|due| due > now) {
            return 0;
        }
        let soon = i64::try_from(self.parts.timings.read_back.as_millis() / 2).unwrap_or_default();
        let indexes = self.prices.reads.take(now.plus(soon), terms.max_read);
        let free = |index: &Index| {
            let entry = self.catalogue.get(*index).filter(|entry| !entry.gone)?;
            let busy = entry.price.as_ref().is_none_or(|known| known.busy);
            (!busy).then(|| (*index, super::launch::reference(&entry.document)))
        };
        let mut items: Vec<_> = indexes.iter().filter_map(free).collect();
        if items.is_empty() {
            return 0;
        }
        let pass = self.throttle.ask(CallKind::Read, items.len());
        let room = pass.as_ref().map_or(0, |pass| pass.items);
        for (index, _) in items.split_off(room.min(items.len())) {
            self.prices.reads.set(index, self.throttle.until.unwrap_or(now));
        }
        let Some(pass) = pass else { return 0 };
        jobs.push((Job::Price(PriceJob::Read(items)), pass));
        1
    }

    pub(super) fn take_prices(&mut self, done: PriceDone, at: Millis) {
        match done {
            PriceDone::Written(items, Ok(outcomes)) => {
                self.answered();
                let mut outcomes = outcomes.into_iter();
                for (index, _) in items {
                    let verdict = verdict(outcomes.next());
                    if let PriceVerdict::Failed { class, reason, .. } = &verdict {
                        self.parts.board.error(*class, at, reason);
                    }
                    self.price_settled(index, verdict, at, rand::random());
                }
            }
            PriceDone::Written(items, Err(error)) => {
                self.channel_failed(&error, at);
                let indexes: Vec<Index> = items.iter().map(|(index, _)| *index).collect();
                if self.prices_failed(&indexes, class(&error), &error.message, at)
                    && let Some((first, second)) = halves(items)
                {
                    self.halves.push_back(Job::Price(PriceJob::Write(first)));
                    self.halves.push_back(Job::Price(PriceJob::Write(second)));
                }
            }
            PriceDone::NotSent(items) => {
                let indexes: Vec<Index> = items.iter().map(|(index, _)| *index).collect();
                self.no_probe(at);
                self.prices_failed(
                    &indexes,
                    Class::Retry { after: None },
                    "not sent: the lease may be over",
                    at,
                );
            }
            PriceDone::Read(items, Ok(readings)) => self.prices_read(items, readings, at),
            PriceDone::Read(items, Err(error)) => {
                self.channel_failed(&error, at);
                self.prices_not_read(&items, &error, at);
            }
        }
    }

    fn prices_not_read(&mut self, items: &[(Index, ListingReference)], error: &ConnectorError, at: Millis) {
        let spent = spent(error);
        if spent.is_some()
            && let Some((first, second)) = halves(items.to_vec())
        {
            self.halves.push_back(Job::Price(PriceJob::Read(first)));
            self.halves.push_back(Job::Price(PriceJob::Read(second)));
            return;
        }
        let pause = retry::pause(self.breaker.failures().max(3), rand::random());
        self.read_prices_again(items, at.plus(spent.unwrap_or(pause)));
    }

    pub(super) fn read_prices_again(&mut self, items: &[(Index, ListingReference)], again: Millis) {
        for (index, _) in items {
            self.prices.reads.set(*index, again);
        }
    }

    /// A call with these prices failed as a whole. True: it is to be halved; the prices stay on their way.
    pub(super) fn prices_failed(&mut self, indexes: &[Index], class: Class, reason: &str, at: Millis) -> bool {
        let (random, mut bisect) = (rand::random(), false);
        for index in indexes {
            let verdict = PriceVerdict::Failed {
                class,
                reason: reason.to_owned(),
                items: indexes.len(),
            };
            bisect |= self.price_settled(*index, verdict, at, random);
        }
        bisect
    }

    fn price_settled(&mut self, index: Index, verdict: PriceVerdict, at: Millis, random: u32) -> bool {
        let settings = self.stamp;
        let Some((known, document)) = self.catalogue.price(index) else {
            return false;
        };
        let ceiling = retry::ceiling(document.attempts.saturating_add(1));
        let (after, next) = settle_price(document, verdict, settings, (ceiling, random), at);
        if next == Next::Bisect {
            return true;
        }
        *document = after;
        known.busy = false;
        self.changes.touch(index);
        if let Next::ReadBack { at_once } = next {
            known.passed = None;
            let read_back = self.read_back();
            self.prices
                .reads
                .set(index, if at_once { at } else { at.plus(read_back) });
        } else if next == Next::Parked {
            self.tell_parked_price(index);
        }
        self.look_again(index);
        self.catalogue.show(index, self.gate, &self.parts.board);
        false
    }

    fn prices_read(&mut self, items: Vec<(Index, ListingReference)>, readings: Vec<PriceReading>, at: Millis) {
        self.answered();
        let mut found: HashMap<_, _> = readings.into_iter().map(|one| (one.key.clone(), one)).collect();
        for (index, reference) in items {
            let reading = found.remove(&reference.key);
            self.take_price(index, reading, at);
            self.look_again(index);
        }
    }

    /// Takes over what a listing asks; `None`: the vendor has no price of its own for it.
    pub(super) fn take_price(&mut self, index: Index, reading: Option<PriceReading>, until: Millis) {
        let currencies: BTreeSet<Currency> = self.settings.price_lists.values().map(|list| list.currency).collect();
        let Some(entry) = self.catalogue.get_mut(index) else {
            return;
        };
        let busy = entry.price.as_ref().is_some_and(|known| known.busy);
        let Some(reading) = reading else {
            if !busy && entry.document.price.take().is_some() {
                entry.price = None;
                self.prices.changed = true;
                self.changes.touch(index);
            }
            return self.catalogue.show(index, self.gate, &self.parts.board);
        };
        entry.price.get_or_insert_default();
        let new = entry.document.price.is_none();
        let document = entry.document.price.get_or_insert_default();
        let before = document.clone();
        let observed = ObservedPrice {
            prices: ours(reading.prices, &currencies),
            at: reading.read_at,
        };
        let taken = document.observe(observed);
        let still_to_read = !taken && !busy && !document.confirmed();
        if new || told_apart(&before, document) {
            self.changes.touch(index);
        }
        if still_to_read {
            self.prices.reads.set(index, until.plus(self.limits.settles.max(1_000)));
        }
        self.catalogue.show(index, self.gate, &self.parts.board);
    }
}

/// Prices in currencies that some list has; of a shop with another one the first, so that people see it.
fn ours(prices: Vec<Price>, currencies: &BTreeSet<Currency>) -> Vec<Price> {
    let first = prices.first().copied();
    let mut kept = prices;
    kept.retain(|price| currencies.contains(&price.currency()));
    if kept.is_empty() {
        kept.extend(first);
    }
    kept.truncate(MOST_CURRENCIES);
    kept
}
