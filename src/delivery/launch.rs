//! From numbers to calls: the riskiest first, as many as there is room for.

use super::account::Pass;
use super::call::{Done, Ending, Job, perform};
use super::catalogue::Index;
use super::look::Planned;
use super::price_call::PriceJob;
use super::worker::{Audit, Worker};
use omnistock_planner::{Candidate, Class, Fetched, ListingDocument, Risk, Sent, batch};
use omnistock_sdk::{CallKind, Grouping, ListingKey, ListingReference, WriteItem, now};
use omnistock_words::Millis;
use std::collections::HashMap;
use tokio::time::timeout;

/// A reading that is later than this goes before writes, milliseconds.
const OVERDUE: i64 = 500;

pub(super) fn reference(document: &ListingDocument) -> ListingReference {
    let key = ListingKey {
        listing: document.listing.clone(),
        location: document.location.clone(),
    };
    ListingReference {
        key,
        parent: document.parent.clone(),
    }
}

impl Worker {
    /// The calls to make now. Numbers without room stay in the queue and are computed anew at their turn.
    pub(super) fn plan(&mut self, planned: Vec<Planned>) -> Vec<(Job, Pass)> {
        let now = now();
        let mut room = self.room(now);
        let mut jobs = Vec::new();
        self.throttle.until = self.throttle.until.filter(|until| *until > now);
        self.release_halves(room, now);
        while room > 0
            && let Some(pass) = self.ask_for_half()
            && let Some(half) = self.halves.pop_front()
        {
            self.intend_again(&half, now);
            jobs.push((half, pass));
            room -= 1;
        }
        let overdue = self.catalogue.next_due().is_some_and(|due| now.since(due) > OVERDUE);
        if room > 0 && overdue && (planned.is_empty() || self.throttle.reads_first()) {
            room -= self.plan_read(now, &mut jobs);
        }
        room -= self.plan_overdue_prices(room, now, &mut jobs);
        room -= self.plan_writes(planned, room, now, &mut jobs);
        room -= self.plan_prices(room, now, &mut jobs);
        self.queue_prices();
        while room > 0 {
            let more = self.plan_read(now, &mut jobs);
            let more = if more == 0 {
                self.plan_price_read(now, &mut jobs)
            } else {
                more
            };
            if more == 0 {
                break;
            }
            room -= more;
        }
        if room > 0 {
            room -= self.plan_audit(now, &mut jobs);
        }
        if room > 0 {
            self.plan_page(now, &mut jobs);
        }
        self.in_flight += jobs.len();
        jobs
    }

    /// Halves of a refused call wait for nothing but room: when the channel has gone away meanwhile,
    /// their numbers go back (they were certainly not taken).
    fn release_halves(&mut self, room: usize, now: Millis) {
        if room > 0 || !self.breaker.is_open() {
            return;
        }
        while let Some(half) = self.halves.pop_front() {
            match half {
                Job::Write(items) => {
                    let indexes = items.iter().map(|(index, _)| *index).collect::<Vec<_>>();
                    self.failed(&indexes, Class::Retry { after: None }, "the channel went away", now);
                }
                Job::Read(items) => self.read_again(&items, now),
                Job::Price(PriceJob::Write(items)) => {
                    let indexes = items.iter().map(|(index, _)| *index).collect::<Vec<_>>();
                    self.prices_failed(&indexes, Class::Retry { after: None }, "the channel went away", now);
                }
                Job::Price(PriceJob::Read(items)) => self.read_prices_again(&items, now),
                Job::Page(_) | Job::PricedPage(_) | Job::Audit(_) => {}
            }
        }
    }

    /// A half goes behind a commit of its own: its intent was durable for the whole call, but the store may have
    /// gone back to an older state since, and nobody else would ask it.
    fn intend_again(&mut self, half: &Job, now: Millis) {
        match half {
            Job::Write(items) => {
                for (index, _) in items {
                    let sent = self
                        .catalogue
                        .get_mut(*index)
                        .and_then(|entry| entry.document.sent.as_mut());
                    if let Some(sent) = sent {
                        sent.at = now;
                    }
                    self.changes.intend(*index, true);
                }
            }
            Job::Price(PriceJob::Write(items)) => {
                for (index, _) in items {
                    let price = self.catalogue.price(*index);
                    if let Some(sent) = price.and_then(|(_, document)| document.sent.as_mut()) {
                        sent.at = now;
                    }
                    self.changes.touch(*index);
                }
            }
            Job::Read(_) | Job::Price(PriceJob::Read(_)) | Job::Page(_) | Job::PricedPage(_) | Job::Audit(_) => {}
        }
    }

    /// A half of a refused call goes as it is: with as many listings as it has.
    fn ask_for_half(&mut self) -> Option<Pass> {
        let (kind, items) = match self.halves.front()? {
            Job::Write(items) => (CallKind::Write, items.len()),
            Job::Read(items) | Job::Price(PriceJob::Read(items)) => (CallKind::Read, items.len()),
            Job::Price(PriceJob::Write(items)) => (CallKind::Price, items.len()),
            Job::Page(_) | Job::PricedPage(_) | Job::Audit(_) => (CallKind::Read, 1),
        };
        let pass = if kind == CallKind::Write {
            self.throttle.ask_to_write(self.limits.bulk, items)?
        } else {
            self.throttle.ask(kind, items)?
        };
        if pass.items < items
            && let Some(whole) = self.halves.pop_front()
        {
            let (first, rest) = whole.split(pass.items);
            self.halves.push_front(rest);
            self.halves.push_front(first);
        }
        Some(pass)
    }

    fn plan_writes(
        &mut self,
        mut planned: Vec<Planned>,
        room: usize,
        now: Millis,
        jobs: &mut Vec<(Job, Pass)>,
    ) -> usize {
        if room == 0 || planned.is_empty() {
            return 0;
        }
        planned.retain(|write| self.may_change(write, now));
        self.ramp(&mut planned, now);
        let candidates: Vec<_> = planned.iter().filter_map(|write| self.candidate(write)).collect();
        let mut calls = batch(candidates, self.limits.write);
        calls.truncate(room);
        let mut planned: HashMap<Index, Planned> = planned.into_iter().map(|write| (write.index, write)).collect();
        let mut used = 0;
        for call in calls {
            if let Err(until) = self.spend(&call.keys, now) {
                for write in call.keys.iter().filter_map(|index| planned.get(index)) {
                    self.work.unqueue(&write.sku);
                    self.work.wait(&write.sku, until);
                }
                continue;
            }
            let Some(pass) = self.throttle.ask_to_write(self.limits.bulk, call.keys.len()) else {
                break;
            };
            // Riskiest first: what the limit has no room for stays in the queue.
            let keys = call.keys.iter().take(pass.items);
            let writes = keys.filter_map(|index| planned.remove(index)).collect::<Vec<_>>();
            let items: Vec<_> = writes.iter().filter_map(|write| self.intend(write, now)).collect();
            if items.is_empty() {
                pass.withdraw();
                continue;
            }
            jobs.push((Job::Write(items), pass));
            used += 1;
        }
        used
    }

    /// A call that only repeats what failed is paid from the channel's budget of retries.
    fn spend(&mut self, keys: &[Index], now: Millis) -> Result<(), Millis> {
        let failed = |index: &Index| {
            self.catalogue
                .get(*index)
                .is_some_and(|entry| entry.document.attempts > 0)
        };
        if keys.iter().all(failed) {
            let spent = self.retries.spend(now);
            if spent.is_ok() {
                self.parts.board.retried();
            }
            return spent;
        }
        self.retries.called();
        Ok(())
    }

    /// Whether the listing may change once more by the vendor's limit for one listing; else it is looked at again then.
    fn may_change(&mut self, write: &Planned, now: Millis) -> bool {
        let Some(entry) = self.catalogue.get(write.index) else {
            return false;
        };
        match self.throttle.change(&self.catalogue, &entry.document, write.risk, now) {
            Ok(_) => true,
            Err(until) => {
                self.work.unqueue(&write.sku);
                self.work.wait(&write.sku, until);
                false
            }
        }
    }

    fn candidate(&self, write: &Planned) -> Option<Candidate<Index, String>> {
        let document = &self.catalogue.get(write.index)?.document;
        let group = match self.limits.grouping {
            // The way for many takes its time: what sells out does not go along.
            Grouping::Any if self.limits.bulk.is_some() && write.risk == Risk::ToZero => Some("0"),
            Grouping::Any => None,
            Grouping::Parent => document.parent.as_ref().map(omnistock_words::ListingId::as_str),
            Grouping::Location => document.location.as_ref().map(omnistock_words::VendorLocation::as_str),
        };
        let group = group.unwrap_or_default().to_owned();
        Some(Candidate {
            key: write.index,
            group,
            risk: write.risk,
            since: write.since,
            alone: document.parked.is_some(),
        })
    }

    /// Puts the number on the wire, as far as memory and the next commit are concerned.
    fn intend(&mut self, write: &Planned, now: Millis) -> Option<(Index, WriteItem)> {
        // Another number of the same call may have taken the last change that they share.
        if !self.may_change(write, now) {
            return None;
        }
        if let Err(until) = self.take_ramp(write.index, now) {
            self.work.unqueue(&write.sku);
            self.work.wait(&write.sku, until);
            return None;
        }
        let token = self.lease.token;
        self.catalogue.unschedule(write.index);
        let document = &self.catalogue.get(write.index)?.document;
        let left = self.throttle.change(&self.catalogue, document, write.risk, now).ok()?;
        let entry = self.catalogue.get_mut(write.index)?;
        entry.document.changes_left = left;
        self.throttle.changed(&entry.document);
        entry.busy = true;
        entry.forced = false;
        let shown = entry.document.observed.as_ref().and_then(|read| read.quantity);
        let evidence = entry.document.evidence.get_or_insert_default();
        evidence.written(shown, write.drift, now);
        entry.asked_at = None;
        entry.reads = 0;
        entry.document.sent = Some(Sent {
            quantity: write.quantity,
            target: write.target,
            at: now,
            token,
            expected: write.expected,
        });
        let item = WriteItem {
            reference: reference(&entry.document),
            quantity: write.quantity,
            expected: write.expected,
        };
        self.parts.board.echoes.sent(&item.reference.key, write.quantity);
        self.changes.told.sent(&entry.document, write.quantity, write.target);
        self.changes.intend(write.index, true);
        self.work.unqueue(&write.sku);
        if write.drift {
            self.parts.board.drifted(write.class);
        }
        self.catalogue.show(write.index, self.gate, &self.parts.board);
        Some((write.index, item))
    }

    fn plan_read(&mut self, now: Millis, jobs: &mut Vec<(Job, Pass)>) -> usize {
        if self.catalogue.next_due().is_none_or(|due| due > now) {
            return 0;
        }
        // What is due soon comes along: one call instead of two.
        let soon = i64::try_from(self.parts.timings.read_back.as_millis() / 2).unwrap_or_default();
        let due = self.catalogue.due(now.plus(soon), self.limits.read);
        let Some(pass) = self.throttle.ask(CallKind::Read, due.len()) else {
            return 0;
        };
        let mut items = Vec::new();
        for index in due.into_iter().take(pass.items) {
            self.catalogue.unschedule(index);
            if let Some(entry) = self.catalogue.get_mut(index) {
                entry.reading = true;
                items.push((index, reference(&entry.document)));
            }
        }
        jobs.push((Job::Read(items), pass));
        1
    }

    fn plan_page(&mut self, now: Millis, jobs: &mut Vec<(Job, Pass)>) {
        if self.audit.is_none() && now >= self.audit_at {
            self.audit = Some(Audit::default());
        }
        let Some(audit) = &mut self.audit else { return };
        if audit.running || audit.not_before.is_some_and(|at| at > now) {
            return;
        }
        let Some(pass) = self.throttle.ask(CallKind::Read, 1) else {
            return;
        };
        audit.running = true;
        let cursor = audit.cursor.clone();
        let priced = self.prices.terms.is_some();
        let job = if priced {
            Job::PricedPage(cursor)
        } else {
            Job::Page(cursor)
        };
        jobs.push((job, pass));
    }

    /// Makes the calls, behind the commit that holds their intents.
    pub(super) fn launch(&mut self, jobs: Vec<(Job, Pass)>) {
        for (job, pass) in jobs {
            self.breaker.begin();
            self.parts.board.call();
            let (connector, endings) = (self.parts.connector.clone(), self.endings.clone());
            let (deadline, right) = (self.parts.timings.call, self.parts.right.clone());
            self.tasks.spawn(async move {
                // Without a receiver the worker is gone, and its intents tell the next one.
                drop(
                    endings
                        .send(perform(connector, job, pass, &right, deadline).await)
                        .await,
                );
            });
        }
        self.fetch_orders();
    }

    fn fetch_orders(&mut self) {
        let now = now();
        if !self.may_fetch(now) || now < self.fetch_after {
            return;
        }
        if self.parts.connector.orders().is_none() {
            // A channel that takes no orders has none that we could miss.
            self.orders = Some(Fetched {
                begun: now,
                applied: now,
            });
            return self.work.orders_came(now);
        }
        self.fetching = true;
        let (orders, channel, endings) = (
            self.parts.orders.clone(),
            self.parts.channel.clone(),
            self.endings.clone(),
        );
        let deadline = self.parts.timings.call;
        self.tasks.spawn(async move {
            let late = || Err("orders could not be fetched in time".to_owned());
            let result = timeout(deadline, orders.fetch(&channel))
                .await
                .unwrap_or_else(|_| late());
            let at: Millis = omnistock_sdk::now();
            drop(
                endings
                    .send(Ending {
                        done: Done::Fetched(result),
                        at,
                        ahead: None,
                    })
                    .await,
            );
        });
    }
}
