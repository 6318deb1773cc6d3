//! From numbers to calls, as `src/delivery/launch.rs` does it: the riskiest first, as many as there is
//! room for, and none before its intent is durable.

use crate::broken::Broken;
use crate::call::{Item, Job};
use crate::limits::WORKER;
use crate::look::Planned;
use crate::scenario::SECOND;
use crate::sim::Sim;
use crate::trace::Step;
use crate::worker::{Audit, READ_BACK, Worker};
use omnistock_planner::{Candidate, Class, Limiter, Permit, Sent, batch};
use omnistock_words::{Millis, Quantity};
use std::collections::BTreeMap;

/// The dirty marks are looked at so often also without a wake-up.
const TICK: i64 = 5 * SECOND;
/// A reading that is later than this goes before writes.
const OVERDUE: i64 = 500;
/// Of so many calls where they are few, one may be a late reading although numbers wait.
const READS: u32 = 4;

impl Sim {
    pub(crate) fn take_marks(&mut self, worker: &mut Worker, now: Millis) {
        let state = &self.store.channels[worker.shop];
        if worker.marked == state.marked {
            return;
        }
        worker.marked = state.marked;
        for (sku, version, since) in state.marks.iter() {
            if worker.work.mark(sku, version, since, now) {
                for index in &self.world.shops[worker.shop].by_article[self.names.sku(sku)] {
                    if let Some(entry) = &mut worker.entries[*index] {
                        if !entry.pending {
                            // The reading that settled it speaks of the mark before.
                            (entry.asked_at, entry.reads) = (None, 0);
                        }
                        entry.pending = true;
                    }
                }
            }
        }
    }

    pub(crate) fn pause_of(&self, worker: &Worker, now: Millis) -> i64 {
        let room = worker.room(self.scenario.shops[worker.shop].concurrency, now);
        if worker.primed && (worker.work.is_ready() || worker.work.is_queued() && room > 0) {
            return worker.throttled.map_or(1, |until| until.since(now).clamp(1, TICK));
        }
        let mut next = worker.work.next();
        let mut at = |time: Option<Millis>| next = [next, time].into_iter().flatten().min();
        if room > 0 {
            at(worker.next_due());
            at(Some(worker.audit_at).filter(|_| worker.audit.is_none()));
            let audit = worker.audit.as_ref().filter(|audit| !audit.running);
            at(audit.map(|audit| audit.not_before.unwrap_or(now)));
            at(worker.prices.turns.values().min().copied());
        } else if let Permit::Wait(until) = worker.breaker.permit(now) {
            at(Some(until));
        }
        if worker.may_fetch(now) {
            at(Some(worker.fetch_after));
        }
        let wait = next.map_or(i64::MAX, |next| next.since(now).max(1));
        let wait = wait.max(worker.throttled.map_or(1, |until| until.since(now)));
        TICK.min(wait)
    }

    pub(crate) fn plan_calls(
        &mut self,
        daemon: usize,
        worker: &mut Worker,
        planned: Vec<Planned>,
        now: Millis,
    ) -> Vec<Job> {
        let shop = worker.shop;
        let most = self.scenario.shops[shop].concurrency;
        worker.throttled = None;
        let mut passes = Vec::new();
        let wanted = !planned.is_empty() || calls_wait(worker, now);
        while wanted && passes.len() < worker.room(most, now) {
            match self.ask(daemon, shop, WORKER) {
                Ok(pass) => passes.push(pass),
                Err(until) => {
                    worker.throttled = Some(until);
                    break;
                }
            }
        }
        let mut room = passes.len();
        let mut jobs = Vec::new();
        if worker.room(most, now) == 0 && worker.breaker.is_open() {
            while let Some(half) = worker.halves.pop_front() {
                match half {
                    Job::Write(items) => {
                        self.failed(daemon, worker, &items, Class::Retry { after: None }, now);
                    }
                    Job::Read(items) => self.read_again(worker, &items, now),
                    _ => {}
                }
            }
        }
        while room > 0
            && let Some(half) = worker.halves.pop_front()
        {
            intend_again(worker, &half, now);
            jobs.push(half);
            room -= 1;
        }
        let overdue = worker.next_due().is_some_and(|due| now.since(due) > OVERDUE);
        if room > 0 && overdue && (planned.is_empty() || self.reads_first(daemon, worker)) {
            room -= self.plan_read(worker, now, &mut jobs);
        }
        room -= self.plan_overdue_prices(worker, room, now, &mut jobs);
        room -= self.plan_writes(worker, planned, room, now, &mut jobs);
        room -= self.plan_prices(worker, room, now, &mut jobs);
        self.queue_prices(worker);
        while room > 0 {
            let more = self.plan_read(worker, now, &mut jobs);
            if more == 0 {
                break;
            }
            room -= more;
        }
        if room > 0 {
            plan_page(worker, now, &mut jobs);
        }
        for job in &jobs {
            worker.writes = match job {
                Job::Write(_) | Job::Price(_) => worker.writes.saturating_add(1),
                _ => 0,
            };
        }
        worker.in_flight += jobs.len();
        self.withdraw(daemon, shop, passes.split_off(jobs.len()));
        if worker.throttled.is_some() && jobs.len() < passes.len() {
            worker.throttled = None;
        }
        worker.passes = passes;
        jobs
    }

    /// Whether a late reading may go before numbers that wait: where calls are few, it may seldom.
    fn reads_first(&self, daemon: usize, worker: &Worker) -> bool {
        let limiter = self.daemons[daemon].limiters.get(worker.shop);
        !limiter.is_some_and(Limiter::is_limited) || worker.writes + 1 >= READS
    }

    pub(crate) fn plan_writes(
        &mut self,
        worker: &mut Worker,
        planned: Vec<Planned>,
        room: usize,
        now: Millis,
        jobs: &mut Vec<Job>,
    ) -> usize {
        if room == 0 || planned.is_empty() {
            return 0;
        }
        let alone = |index: usize| {
            worker.entries[index]
                .as_ref()
                .is_some_and(|entry| entry.document.parked.is_some())
        };
        let candidates = planned.iter().map(|write| Candidate {
            key: write.index,
            group: 0,
            risk: write.risk,
            since: write.since,
            alone: alone(write.index) && !self.broken(Broken::PoisonNotIsolated),
        });
        let mut calls = batch(
            candidates.collect::<Vec<Candidate<usize, u8>>>(),
            self.scenario.shops[worker.shop].max_write,
        );
        calls.truncate(room);
        let mut planned: BTreeMap<usize, Planned> = planned.into_iter().map(|write| (write.index, write)).collect();
        let used = calls.len();
        for call in calls {
            let writes: Vec<Planned> = call.keys.iter().filter_map(|index| planned.remove(index)).collect();
            let items = writes.iter().filter_map(|write| self.put_on_wire(worker, write, now));
            jobs.push(Job::Write(items.collect()));
        }
        used
    }

    /// Puts the number on the wire, as far as memory and the next commit are concerned.
    pub(crate) fn put_on_wire(&mut self, worker: &mut Worker, write: &Planned, now: Millis) -> Option<Item> {
        worker.unschedule(write.index);
        let token = worker.token;
        let entry = worker.entries[write.index].as_mut()?;
        (entry.busy, entry.asked_at, entry.reads) = (true, None, 0);
        entry.document.sent = Some(Sent {
            quantity: write.quantity,
            target: write.target,
            expected: write.expected,
            at: now,
            token,
        });
        worker.intend(write.index, true);
        worker.work.unqueue(&write.sku);
        self.intents += 1;
        let number = write.quantity.as_whole()?;
        let (shop, index) = (worker.shop as i64, write.index as i64);
        self.trace.step(Step::Intent, self.t, [shop, index, number]);
        self.oracle_intent(worker, write);
        Some(Item {
            listing: write.index,
            number,
            expected: write.expected.and_then(Quantity::as_whole),
            intent: self.intents,
        })
    }

    pub(crate) fn plan_read(&mut self, worker: &mut Worker, now: Millis, jobs: &mut Vec<Job>) -> usize {
        if worker.next_due().is_none_or(|due| due > now) {
            return 0;
        }
        // What is due soon comes along: one call instead of two.
        let until = now.plus(READ_BACK / 2);
        let due = worker
            .due
            .iter()
            .take_while(|(due, _)| *due <= until)
            .map(|(_, index)| *index);
        let most = self.scenario.shops[worker.shop].max_read;
        let items: Vec<usize> = due.filter(|index| worker.free(*index)).take(most).collect();
        for index in &items {
            worker.unschedule(*index);
            if let Some(entry) = &mut worker.entries[*index] {
                entry.reading = true;
            }
        }
        jobs.push(Job::Read(items));
        1
    }

    /// Makes the calls, behind the commit that holds their intents.
    pub(crate) fn launch(&mut self, daemon: usize, worker: &mut Worker, jobs: Vec<Job>) {
        let passes = std::mem::take(&mut worker.passes);
        for (job, pass) in jobs.into_iter().zip(passes) {
            worker.breaker.begin();
            self.oracle_launch(worker, &job);
            self.send(daemon, worker.id, worker.shop, job, (worker.token, pass));
        }
        let now = self.now(daemon);
        if worker.may_fetch(now) && now >= worker.fetch_after {
            worker.fetching = Some(now);
            self.hint(daemon, worker.shop);
        }
    }
}

/// A half goes behind a commit of its own: the store may have gone back since the whole call's.
fn intend_again(worker: &mut Worker, half: &Job, now: Millis) {
    let Job::Write(items) = half else { return };
    for item in items {
        let entry = worker.entries[item.listing].as_mut();
        if let Some(sent) = entry.and_then(|entry| entry.document.sent.as_mut()) {
            sent.at = now;
        }
        worker.intend(item.listing, true);
    }
}

/// Whether there is something to call for besides numbers.
fn calls_wait(worker: &Worker, now: Millis) -> bool {
    let page = match &worker.audit {
        Some(audit) => !audit.running && audit.not_before.is_none_or(|at| at <= now),
        None => now >= worker.audit_at,
    };
    page || !worker.halves.is_empty()
        || !worker.prices.planned.is_empty()
        || worker.next_due().is_some_and(|due| due <= now)
}

fn plan_page(worker: &mut Worker, now: Millis, jobs: &mut Vec<Job>) -> usize {
    if worker.audit.is_none() && now >= worker.audit_at {
        worker.audit = Some(Audit::default());
    }
    let Some(audit) = &mut worker.audit else { return 0 };
    if audit.running || audit.not_before.is_some_and(|at| at > now) {
        return 0;
    }
    audit.running = true;
    jobs.push(Job::Page(audit.cursor));
    1
}
