//! From numbers to calls: the riskiest first, as many as there is room for.

use super::call::{Done, Ending, Job, perform};
use super::catalogue::Index;
use super::look::Planned;
use super::price_call::PriceJob;
use super::worker::{Audit, Worker, has_orders};
use omnistock_planner::{Candidate, Class, Fetched, ListingDocument, Sent, batch};
use omnistock_sdk::{Grouping, ListingKey, ListingReference, WriteItem, now};
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
    pub(super) fn plan(&mut self, planned: Vec<Planned>) -> Vec<Job> {
        let now = now();
        let mut room = self.room(now);
        let mut jobs = Vec::new();
        self.release_halves(room, now);
        while room > 0
            && let Some(half) = self.halves.pop_front()
        {
            jobs.push(half);
            room -= 1;
        }
        if room > 0 && self.catalogue.next_due().is_some_and(|due| now.since(due) > OVERDUE) {
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
                Job::Price(PriceJob::Read(_)) | Job::Page(_) | Job::PricedPage(_) => {}
            }
        }
    }

    fn plan_writes(&mut self, planned: Vec<Planned>, room: usize, now: Millis, jobs: &mut Vec<Job>) -> usize {
        if room == 0 || planned.is_empty() {
            return 0;
        }
        let candidates: Vec<_> = planned.iter().filter_map(|write| self.candidate(write)).collect();
        let mut calls = batch(candidates, self.limits.write);
        calls.truncate(room);
        let mut planned: HashMap<Index, Planned> = planned.into_iter().map(|write| (write.index, write)).collect();
        let used = calls.len();
        for call in calls {
            let writes = call.keys.iter().filter_map(|index| planned.remove(index));
            let items = writes.filter_map(|write| self.intend(&write, now)).collect();
            jobs.push(Job::Write(items));
        }
        used
    }

    fn candidate(&self, write: &Planned) -> Option<Candidate<Index, String>> {
        let document = &self.catalogue.get(write.index)?.document;
        let group = match self.limits.grouping {
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
        let token = self.lease.token;
        self.catalogue.unschedule(write.index);
        let entry = self.catalogue.get_mut(write.index)?;
        entry.busy = true;
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
        self.changes.told.sent(&entry.document, write.quantity, write.target);
        self.changes.intend(write.index, true);
        self.work.unqueue(&write.sku);
        if write.drift {
            self.parts.board.drifted();
        }
        self.catalogue.show(write.index, self.gate, &self.parts.board);
        Some((write.index, item))
    }

    fn plan_read(&mut self, now: Millis, jobs: &mut Vec<Job>) -> usize {
        if self.catalogue.next_due().is_none_or(|due| due > now) {
            return 0;
        }
        // What is due soon comes along: one call instead of two.
        let soon = i64::try_from(self.parts.timings.read_back.as_millis() / 2).unwrap_or_default();
        let mut items = Vec::new();
        for index in self.catalogue.due(now.plus(soon), self.limits.read) {
            self.catalogue.unschedule(index);
            if let Some(entry) = self.catalogue.get_mut(index) {
                entry.reading = true;
                items.push((index, reference(&entry.document)));
            }
        }
        jobs.push(Job::Read(items));
        1
    }

    fn plan_page(&mut self, now: Millis, jobs: &mut Vec<Job>) {
        if self.audit.is_none() && now >= self.audit_at {
            self.audit = Some(Audit::default());
        }
        let Some(audit) = &mut self.audit else { return };
        if audit.running || audit.not_before.is_some_and(|at| at > now) {
            return;
        }
        audit.running = true;
        let cursor = audit.cursor.clone();
        let priced = self.prices.terms.is_some();
        jobs.push(if priced {
            Job::PricedPage(cursor)
        } else {
            Job::Page(cursor)
        });
    }

    /// Makes the calls, behind the commit that holds their intents.
    pub(super) fn launch(&mut self, jobs: Vec<Job>) {
        for job in jobs {
            self.breaker.begin();
            self.parts.board.call();
            let (connector, endings) = (self.parts.connector.clone(), self.endings.clone());
            let (deadline, right) = (self.parts.timings.call, self.parts.right.clone());
            self.tasks.spawn(async move {
                // Without a receiver the worker is gone, and its intents tell the next one.
                drop(endings.send(perform(connector, job, &right, deadline).await).await);
            });
        }
        self.fetch_orders();
    }

    fn fetch_orders(&mut self) {
        let now = now();
        if !self.may_fetch(now) || now < self.fetch_after {
            return;
        }
        if !has_orders(self.parts.connector.as_ref()) {
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
                    })
                    .await,
            );
        });
    }
}
