//! What became of calls, as `src/delivery/{results,reading,changes}.rs` do it: documents, breaker,
//! what is read, and the commit that makes it durable.

use crate::broken::Broken;
use crate::call::{Item, Job, Outcome};
use crate::intake::ceiling;
use crate::scenario::SECOND;
use crate::sim::Sim;
use crate::worker::{READ_BACK, Worker};
use omnistock_planner::{Class, Fetched, Next, Verdict, full_jitter, halves, settle};
use omnistock_words::Millis;

/// Between probes of a channel on which a person has to act.
const PROBE: i64 = 30 * SECOND;

impl Sim {
    /// A fetch that began after it was asked for is in the ledgers.
    pub(crate) fn fetched(&mut self, daemon: usize, shop: usize, begun: Millis) {
        let at = self.now(daemon);
        let waits = self.daemons[daemon].workers[shop]
            .as_ref()
            .and_then(|worker| worker.fetching);
        let Some(asked) = waits else { return };
        if begun < asked {
            return self.hint(daemon, shop);
        }
        self.with_worker(daemon, shop, |_, worker| {
            (worker.fetching, worker.fetch_failures) = (None, 0);
            worker.orders = Some(Fetched { begun, applied: at });
            worker.work.orders_came(at);
        });
    }

    /// A call of the worker `of` has ended.
    pub(crate) fn ended(&mut self, daemon: usize, of: u64, shop: usize, job: Job, begun: Millis, outcome: Outcome) {
        let current = self.daemons[daemon].workers.get_mut(shop).and_then(Option::as_mut);
        let Some(current) = current.filter(|worker| worker.id == of) else {
            return;
        };
        if current.committing.is_some() {
            // It waits for the store: endings are taken in behind that.
            return current.queued.push((job, begun, outcome));
        }
        self.with_worker(daemon, shop, |sim, worker| {
            sim.take(daemon, worker, job, begun, outcome);
        });
    }

    pub(crate) fn take(&mut self, daemon: usize, worker: &mut Worker, job: Job, begun: Millis, outcome: Outcome) {
        let at = self.now(daemon);
        worker.in_flight = worker.in_flight.saturating_sub(1);
        match (job, outcome) {
            (Job::Write(items), Outcome::Written(verdicts)) => {
                worker.breaker.answered();
                for (item, verdict) in items.iter().zip(verdicts) {
                    let random = self.wire.word();
                    self.settled(daemon, worker, item, verdict, at, random);
                }
            }
            (Job::Write(items), Outcome::Failed(class)) => {
                self.channel_failed(worker, class, at);
                if self.failed(daemon, worker, &items, class, at)
                    && let Some((first, second)) = halves(items)
                {
                    worker.halves.push_front(Job::Write(second));
                    worker.halves.push_front(Job::Write(first));
                }
            }
            (Job::Read(items), Outcome::Read(readings)) => {
                worker.breaker.answered();
                for index in items {
                    if let Some(entry) = &mut worker.entries[index] {
                        entry.reading = false;
                    }
                    match readings.iter().find(|reading| reading.listing == index) {
                        Some(reading) => self.take_reading(daemon, worker, reading, begun, at),
                        None => self.unreadable(worker, index, at),
                    }
                }
            }
            (Job::Read(items), Outcome::Failed(class)) => {
                self.channel_failed(worker, class, at);
                self.read_again(worker, &items, at);
            }
            (Job::Page(from), Outcome::Page(page, next)) => self.page(daemon, worker, (from, next), &page, begun, at),
            (Job::Page(_), Outcome::Failed(class)) => self.no_page(worker, class, at),
            (Job::Price(prices), outcome) => self.priced(worker, &prices, &outcome, at),
            _ => {}
        }
    }

    pub(crate) fn channel_failed(&mut self, worker: &mut Worker, class: Class, at: Millis) {
        if self.broken(Broken::NoBreaker) {
            return;
        }
        match class {
            Class::Retry { after: Some(after) } => worker.breaker.hold(at.plus(after.max(1))),
            Class::Retry { after: None } | Class::Unknown => {
                let failures = worker.breaker.failures().saturating_add(1);
                worker.breaker.failed(at, ceiling(failures), self.wire.word());
            }
            Class::Rejected => worker.breaker.answered(),
            Class::Operator => worker.breaker.hold(at.plus(PROBE)),
        }
    }

    /// A call with these numbers failed as a whole. True: it is to be halved.
    pub(crate) fn failed(
        &mut self,
        daemon: usize,
        worker: &mut Worker,
        items: &[Item],
        class: Class,
        at: Millis,
    ) -> bool {
        // One pause for all, so that they go out together again.
        let (random, mut bisect) = (self.wire.word(), false);
        let class = match class {
            Class::Rejected if self.broken(Broken::PoisonNotIsolated) => Class::Retry { after: None },
            other => other,
        };
        for item in items {
            let verdict = Verdict::Failed {
                class,
                reason: "the call failed".to_owned(),
                items: items.len(),
            };
            bisect |= self.settled(daemon, worker, item, verdict, at, random);
        }
        bisect
    }

    /// Takes in what became of one number. True: the call is to be halved.
    pub(crate) fn settled(
        &mut self,
        daemon: usize,
        worker: &mut Worker,
        item: &Item,
        verdict: Verdict,
        at: Millis,
        random: u32,
    ) -> bool {
        let (index, stamp) = (item.listing, worker.stamp);
        let Some(entry) = &mut worker.entries[index] else {
            return false;
        };
        let most = if self.broken == Some(Broken::NoBreaker) {
            1
        } else {
            ceiling(entry.document.attempts.saturating_add(1))
        };
        let verdict = crate::broken::verdict(self.broken, &entry.document, verdict);
        let settlement = settle(&entry.document, verdict, stamp, most, random, at);
        if settlement.next == Next::Bisect {
            return true;
        }
        entry.document = settlement.document;
        entry.busy = false;
        if self.broken == Some(Broken::UnknownForgotten) {
            entry.document.unknown = false;
        }
        let sku = entry.document.sku.clone();
        worker.intend(index, false);
        if let Next::ReadBack { at_once } = settlement.next
            && self.broken != Some(Broken::NoReadBack)
        {
            worker.schedule(index, if at_once { at } else { at.plus(READ_BACK) });
        }
        if let Some(sku) = sku {
            let now = self.now(daemon);
            worker.work.look(&sku, at, now);
        }
        false
    }

    /// Makes everything that has changed durable. False: the worker has to begin anew.
    pub(crate) fn commit(&mut self, daemon: usize, worker: &mut Worker) -> bool {
        if worker.touched.is_empty() && worker.clears.is_empty() {
            return true;
        }
        if !self.allowed(daemon, worker.token) {
            return false;
        }
        let shop = worker.shop;
        let stored = &self.store.channels[shop].listings;
        let version = |index: usize| stored[index].as_ref().map_or(0, |(version, _)| *version);
        let same = |index: &usize| {
            worker.entries[*index]
                .as_ref()
                .is_none_or(|entry| entry.version == version(*index))
        };
        if !worker.touched.iter().all(same) && !self.broken(Broken::TokenNotChecked) {
            return false;
        }
        let skip = self.broken(Broken::IntentNotDurable);
        for index in std::mem::take(&mut worker.touched) {
            let open = worker.intents.remove(&index);
            let state = &mut self.store.channels[shop];
            let Some(entry) = &mut worker.entries[index] else {
                (state.listings[index], _) = (None, state.intents.remove(&index));
                continue;
            };
            if skip && open == Some(true) {
                continue;
            }
            entry.version += 1;
            state.listings[index] = Some((entry.version, entry.document.clone()));
            match open {
                Some(true) => drop(state.intents.insert(index)),
                Some(false) => drop(state.intents.remove(&index)),
                None => {}
            }
        }
        for (sku, version) in std::mem::take(&mut worker.clears) {
            let version = if self.broken == Some(Broken::ClearAnyVersion) {
                u64::MAX
            } else {
                version
            };
            self.store.channels[shop].marks.clear(&sku, version);
        }
        true
    }
}

/// Orders were not fetched in time: asked again, slower and slower.
pub(crate) fn fetch_failed(worker: &mut Worker, now: Millis, random: u32) {
    worker.fetching = None;
    worker.fetch_failures = worker.fetch_failures.saturating_add(1);
    let ceiling = ceiling(worker.fetch_failures);
    worker.fetch_after = now.plus(ceiling / 2 + full_jitter(ceiling / 2, random));
}
