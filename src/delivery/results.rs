//! What became of calls: documents, breaker, board, and what happens next.

use super::call::{Done, Ending, Job};
use super::catalogue::Index;
use super::spent::spent;
use super::terms::milliseconds;
use super::worker::Worker;
use crate::retry;
use omnistock_planner::{Class, Fetched, Next, Verdict, groups, halves, settle};
use omnistock_sdk::{ConnectorError, ErrorClass, ItemOutcome, ListingReference, WriteItem, now};
use omnistock_words::{Millis, Sku};
use std::time::Duration;

/// The vendor's class in the planner's words.
pub(super) fn class(error: &ConnectorError) -> Class {
    let milliseconds = |after: std::time::Duration| i64::try_from(after.as_millis()).unwrap_or(i64::MAX);
    match &error.class {
        ErrorClass::Retry { after } => Class::Retry {
            after: after.map(milliseconds),
        },
        ErrorClass::Spent { .. } => Class::Retry { after: spent(error) },
        ErrorClass::Unknown => Class::Unknown,
        ErrorClass::Rejected => Class::Rejected,
        ErrorClass::Operator => Class::Operator,
    }
}

fn verdict(outcome: Option<ItemOutcome>) -> Verdict {
    let (class, reason) = match outcome {
        Some(ItemOutcome::Applied { quantity }) => return Verdict::Applied { quantity },
        Some(ItemOutcome::Stale { quantity, reason }) => return Verdict::Stale { quantity, reason },
        Some(ItemOutcome::Rejected { reason }) => (Class::Rejected, reason),
        Some(ItemOutcome::Failed { reason }) => (Class::Retry { after: None }, reason),
        Some(ItemOutcome::Unknown { reason }) => (Class::Unknown, reason),
        None => (Class::Unknown, "the answer says nothing of this listing".to_owned()),
    };
    Verdict::Failed {
        class,
        reason,
        items: 1,
    }
}

impl Worker {
    /// Takes in what became of a call.
    pub(super) fn take(&mut self, ending: Ending) {
        let at = ending.at;
        if let Some(ahead) = ending.ahead {
            self.heard_clock(ahead);
        }
        if !matches!(ending.done, Done::Fetched(_)) {
            self.in_flight = self.in_flight.saturating_sub(1);
        }
        match ending.done {
            Done::Written {
                items,
                result: Ok(outcomes),
            } => self.written(&items, outcomes, at),
            Done::Written {
                items,
                result: Err(error),
            } => self.not_written(items, &error, at),
            // Certainly not taken: it goes again should the lease turn out to be ours after all.
            Done::NotSent(items) => {
                let indexes: Vec<Index> = items.iter().map(|(index, _)| *index).collect();
                self.no_probe(at);
                let reason = "not sent: the lease may be over";
                self.failed(&indexes, Class::Retry { after: None }, reason, at);
            }
            Done::Read {
                items,
                result: Ok(readings),
            } => self.read(items, readings, at),
            Done::Read {
                items,
                result: Err(error),
            } => self.not_read(items, &error, at),
            Done::Page(Ok(page)) => self.page(page, at),
            Done::PricedPage(Ok(page)) => self.priced_page(page, at),
            Done::Page(Err(error)) | Done::PricedPage(Err(error)) => self.no_page(&error, at),
            Done::Audit(page) => self.audited_page(page, at),
            Done::Price(done) => self.take_prices(done, at),
            Done::Fetched(Ok(begun)) => {
                self.fetching = false;
                self.fetch_failures = 0;
                // What happened just before may be missing in it; sooner than that the next one is no better.
                let begun = begun.plus(-self.limits.late);
                self.fetch_after = begun.plus(2 * self.limits.late);
                self.orders = Some(Fetched { begun, applied: at });
                self.work.orders_came(at);
            }
            Done::Fetched(Err(sentence)) => {
                self.fetching = false;
                self.fetch_failures = self.fetch_failures.saturating_add(1);
                self.fetch_after = at.plus(retry::pause(self.fetch_failures, rand::random()));
                self.parts.board.error(Class::Retry { after: None }, at, &sentence);
            }
        }
    }

    /// The channel has answered, whatever it said of single items.
    pub(super) fn answered(&mut self) {
        self.breaker.answered();
        self.parts.board.set_stopped(None);
        if let Some(since) = self.away_since.take() {
            let seconds = now().since(since).max(0) / 1_000;
            tracing::info!(channel = %self.parts.channel, seconds, "the channel answers again, after {seconds} s");
        }
    }

    /// A call failed as a whole: what that means for the channel.
    pub(super) fn channel_failed(&mut self, error: &ConnectorError, at: Millis) {
        let class = class(error);
        self.parts.board.error(class, at, &error.message);
        if spent(error).is_some() {
            return self.no_probe(at);
        }
        let open = self.breaker.is_open();
        match class {
            Class::Retry { after: Some(after) } => self.breaker.hold(at.plus(after.max(1))),
            Class::Retry { after: None } | Class::Unknown => {
                let failures = self.breaker.failures().saturating_add(1);
                self.breaker.failed(at, retry::ceiling(failures), rand::random());
            }
            Class::Rejected => self.answered(),
            Class::Operator => {
                let probe = i64::try_from(self.parts.timings.probe.as_millis()).unwrap_or(30_000);
                self.breaker.hold(at.plus(probe));
                if self.parts.board.stopped().as_ref() != Some(&error.message) {
                    tracing::error!(channel = %self.parts.channel, "the channel stands still: {}", error.message);
                }
                self.parts.board.set_stopped(Some(error.message.clone()));
                self.away_since.get_or_insert(at);
            }
        }
        // A first wish to be left alone is a limit and no outage.
        let away = self.breaker.is_open() && (open || self.breaker.failures() > 0);
        if away && self.away_since.is_none() {
            self.away_since = Some(at);
            tracing::warn!(channel = %self.parts.channel, "the channel is away and asked seldom from now on: {}", error.message);
        }
    }

    fn written(&mut self, items: &[(Index, WriteItem)], outcomes: Vec<ItemOutcome>, at: Millis) {
        self.answered();
        let mut outcomes = outcomes.into_iter();
        for (index, _) in items {
            let verdict = verdict(outcomes.next());
            if let Verdict::Failed { class, reason, .. } = &verdict {
                self.parts.board.error(*class, at, reason);
            }
            self.settled(*index, verdict, at, rand::random());
        }
    }

    fn not_written(&mut self, items: Vec<(Index, WriteItem)>, error: &ConnectorError, at: Millis) {
        self.channel_failed(error, at);
        let indexes: Vec<Index> = items.iter().map(|(index, _)| *index).collect();
        if !self.failed(&indexes, class(error), &error.message, at) {
            return;
        }
        // A group of a refused call that is refused again goes one by one.
        let apart = items
            .iter()
            .all(|(index, _)| self.catalogue.get(*index).is_some_and(|entry| entry.apart));
        for (index, _) in &items {
            if let Some(entry) = self.catalogue.get_mut(*index) {
                entry.apart = true;
            }
        }
        for group in groups(items, apart).unwrap_or_default().into_iter().rev() {
            self.halves.push_front(Job::Write(group));
        }
    }

    /// A call with these numbers failed as a whole. True: it is to be halved; the numbers stay on their way.
    pub(super) fn failed(&mut self, indexes: &[Index], class: Class, reason: &str, at: Millis) -> bool {
        // One pause for all, so that they go out together again.
        let (random, mut bisect) = (rand::random(), false);
        for index in indexes {
            let verdict = Verdict::Failed {
                class,
                reason: reason.to_owned(),
                items: indexes.len(),
            };
            bisect |= self.settled(*index, verdict, at, random);
        }
        bisect
    }

    /// Takes in what became of one number. True: the call is to be halved.
    fn settled(&mut self, index: Index, verdict: Verdict, at: Millis, random: u32) -> bool {
        let Some(entry) = self.catalogue.get_mut(index) else {
            return false;
        };
        let ceiling = retry::ceiling(entry.document.attempts.saturating_add(1));
        let yes = match &verdict {
            Verdict::Applied { .. } => entry.document.sent.as_ref().map(|sent| sent.quantity),
            Verdict::Stale { .. } | Verdict::Failed { .. } => None,
        };
        let settlement = settle(&entry.document, verdict, self.stamp, ceiling, random, at);
        if settlement.next == Next::Bisect {
            return true;
        }
        entry.document = settlement.document;
        let said = yes.and(entry.document.accepted.as_ref().map(|accepted| accepted.quantity));
        self.changes.told.answered(&entry.document, said);
        (entry.busy, entry.apart) = (false, false);
        let sku = entry.document.sku.clone();
        self.changes.intend(index, false);
        match settlement.next {
            Next::ReadBack { at_once } => self.accepted(index, at_once, at),
            Next::Parked => self.tell_parked(index),
            Next::LookAt(_) | Next::Stop | Next::Bisect => {}
        }
        if let Some(sku) = sku {
            // What has to wait, the look itself finds out.
            self.work.look(&sku, at, now());
        }
        self.catalogue.show(index, self.gate, &self.parts.board);
        false
    }

    fn tell_parked(&self, index: Index) {
        let Some(entry) = self.catalogue.get(index) else { return };
        let (document, channel) = (&entry.document, &self.parts.channel);
        let reason = document.parked.as_ref().map_or("", |parked| parked.reason.as_str());
        let sku = document.sku.as_ref().map_or("", Sku::as_str);
        tracing::warn!(%channel, listing = %document.listing, sku, "a listing is refused and parked: {reason}");
    }

    pub(super) fn tell_parked_price(&self, index: Index) {
        let Some(entry) = self.catalogue.get(index) else { return };
        let (document, channel) = (&entry.document, &self.parts.channel);
        let parked = document.price.as_ref().and_then(|price| price.parked.as_ref());
        let reason = parked.map_or("", |parked| parked.reason.as_str());
        let sku = document.sku.as_ref().map_or("", Sku::as_str);
        tracing::warn!(%channel, listing = %document.listing, sku, "a price is refused and parked: {reason}");
    }

    /// Milliseconds from a yes to its read-back.
    pub(super) fn read_back(&self) -> i64 {
        milliseconds(self.parts.timings.read_back).max(self.limits.settles)
    }

    fn accepted(&mut self, index: Index, at_once: bool, at: Millis) {
        let later = if self.marks.is_rush() {
            self.parts.timings.rush
        } else {
            Duration::ZERO
        };
        let read_back = self.read_back().saturating_add(milliseconds(later));
        self.catalogue
            .schedule(index, if at_once { at } else { at.plus(read_back) });
        self.parts.board.wrote();
        let sku = self.catalogue.get(index).and_then(|entry| entry.document.sku.clone());
        if let Some(work) = sku
            .and_then(|sku| self.work.get(&sku))
            .filter(|work| work.mark.is_some())
        {
            self.catalogue.unread(index, work.since);
            self.parts.board.lag.record(at.since(work.since));
            self.parts.board.pushed(at.since(work.since.max(self.begun)));
        }
    }

    fn not_read(&mut self, items: Vec<(Index, ListingReference)>, error: &ConnectorError, at: Millis) {
        self.channel_failed(error, at);
        let spent = spent(error);
        if spent.is_none() && class(error) != Class::Rejected {
            return self.read_again(&items, at);
        }
        match halves(items.clone()) {
            Some((first, second)) => {
                self.halves.push_front(Job::Read(second));
                self.halves.push_front(Job::Read(first));
            }
            None => {
                for (index, _) in items {
                    match spent {
                        Some(wait) => self.read_later(index, at.plus(wait)),
                        None => self.unreadable(index, error.message.clone()),
                    }
                }
            }
        }
    }
}
