//! Prices, as `src/delivery/{prices,price_call,price_guard}.rs` do it: the planner decides about one at each look,
//! the engine's guard judges it first, a person lets out what it holds, and a call without an answer is read back.

use crate::broken::Broken;
use crate::call::{Job, Outcome};
use crate::intake::ceiling;
use crate::look::Sight;
use crate::sim::Sim;
use crate::worker::{READ_BACK, Worker};
use omnistock_engine::guard::price_fault;
use omnistock_engine::{PriceAnswer, PriceGap};
use omnistock_planner::{
    AGE_STEP, Candidate, HeldPrice, Next, ObservedPrice, ParkedPrice, PriceAction, PriceDocument, PriceFacts,
    PriceTarget, PriceVerdict, Risk, SentPrice, batch, decide_price, settle_price,
};
use omnistock_words::{Millis, Mode, Money, Percent, Price};
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// How far a price may move, as the channels' default guard has it, in hundredths.
pub(crate) const JUMP: i64 = 30;

/// A price that has waited so long goes before numbers.
const OVERDUE: i64 = 3 * AGE_STEP;

/// By listing: what is to be sent, and since when; which price waits for room or for a time, until then; since when
/// something is left to do about it.
#[derive(Debug, Default)]
pub(crate) struct Prices {
    pub(crate) planned: BTreeMap<usize, (Price, Millis)>,
    pub(crate) turns: BTreeMap<usize, Millis>,
    since: BTreeMap<usize, Millis>,
}

fn money(cents: i64) -> Money {
    Money::new(Decimal::new(cents, 2), "EUR".parse().unwrap()).unwrap()
}

fn cents(amount: Money) -> i64 {
    let cents = amount.amount() * Decimal::ONE_HUNDRED;
    i64::try_from(cents.normalize().round()).unwrap_or_default()
}

/// Holds the price where the guard stops it; what it holds already it goes on holding while the newest one has the fault.
fn guard(known: &mut PriceDocument, index: usize, target: Money, now: Millis) {
    if known.held.is_none() && known.published(target.currency()) == Some(target) {
        return;
    }
    let held = known.held.take();
    let from = match &held {
        Some(held) => Some(held.from),
        None if known.released == Some(target) => None,
        None => known.published(target.currency()),
    };
    let fault = from.and_then(|from| Some((from, price_fault(from, target, Percent::whole(JUMP as u32))?)));
    known.held = fault.map(|(from, name)| HeldPrice {
        hold: format!("h-{index}"),
        since: held.as_ref().map_or(now, |held| held.since),
        guard: name.name().to_owned(),
        from,
        to: target,
        rejected: None,
    });
}

/// The channel shows what it should; whether anything changed by that.
fn matched(known: &mut PriceDocument, price: Price) -> bool {
    let of = |known: &PriceDocument| (known.parked.is_some(), known.released, known.accepted.clone());
    let before = of(known);
    known.matched(price);
    before != of(known)
}

/// Whether it was ever read, and what it asked then.
fn read(known: &PriceDocument) -> (bool, Option<Price>) {
    let read = known.observed.as_ref();
    (read.is_some(), read.and_then(|read| read.prices.first().copied()))
}

/// What the listing should ask by the newest ledger.
fn target(sight: &Sight) -> PriceTarget {
    match &sight.promise().price {
        PriceAnswer::Price(amount) => PriceTarget::Price(Price::plain(*amount)),
        PriceAnswer::None(PriceGap::NoList) => PriceTarget::Unmanaged,
        PriceAnswer::None(_) if sight.known => PriceTarget::Missing,
        PriceAnswer::None(_) => PriceTarget::Unknown,
    }
}

impl Sim {
    /// Decides about the price of one listing of the SKU.
    pub(crate) fn look_at_price(&mut self, worker: &mut Worker, index: usize, sight: &Sight, mode: Mode, now: Millis) {
        worker.prices.planned.remove(&index);
        let (gate, settings, off) = (worker.gate, worker.stamp, self.broken(Broken::PriceGuardOff));
        let Some(entry) = &mut worker.entries[index] else {
            return;
        };
        let Some(known) = entry.document.price.as_deref_mut().filter(|known| !known.open) else {
            return; // Not read yet; or its outcome comes back here, with the newest price.
        };
        let target = target(sight);
        let before = (known.desired, known.held.clone());
        if let PriceTarget::Price(price) = target {
            known.desired = Some(price);
            let writes = gate && !matches!(mode, Mode::Observe | Mode::Shadow | Mode::Frozen);
            if writes && !off {
                guard(known, index, price.amount, now);
            }
        }
        let facts = PriceFacts {
            mode,
            gate,
            target,
            document: &entry.document,
            suspect: false,
            settings,
            now,
        };
        let action = decide_price(&facts);
        let Some(known) = entry.document.price.as_deref_mut() else {
            return;
        };
        let (mut read, mut changed) = (false, before.0 != known.desired || before.1 != known.held);
        let waits = matches!(
            action,
            PriceAction::Write { .. } | PriceAction::Wait { .. } | PriceAction::Read
        );
        let since = if waits {
            *worker.prices.since.entry(index).or_insert(now)
        } else {
            worker.prices.since.remove(&index).unwrap_or(now)
        };
        match (action, target) {
            (PriceAction::Write { .. }, PriceTarget::Price(price)) => {
                worker.prices.planned.insert(index, (price, since));
            }
            (PriceAction::Wait { until }, _) => {
                worker.prices.turns.insert(index, until);
            }
            (PriceAction::Read, _) => read = true,
            (PriceAction::Park(reason), PriceTarget::Price(price)) => {
                changed = true;
                known.parked = Some(ParkedPrice {
                    reason,
                    at: now,
                    price,
                    settings,
                });
            }
            (PriceAction::Matches, PriceTarget::Price(price)) => {
                changed |= matched(known, price);
            }
            _ => {}
        }
        if changed {
            worker.touched.insert(index);
        }
        if read {
            worker.schedule(index, now);
        }
    }

    /// SKUs whose price waited for room or for a time: as many as find room, the oldest first.
    pub(crate) fn take_price_turns(&self, worker: &mut Worker, room: usize, now: Millis) {
        let turns = &worker.prices.turns;
        if room == 0 || turns.values().all(|at| *at > now) {
            return;
        }
        let due = turns.iter().filter(|(_, at)| **at <= now);
        let mut due: Vec<(Millis, usize)> = due.map(|(index, at)| (*at, *index)).collect();
        due.sort_unstable();
        for (_, index) in due.into_iter().take(room * self.most_prices(worker.shop)) {
            worker.prices.turns.remove(&index);
            let article = self.world.shops[worker.shop].listings[index].article;
            worker.work.look(&self.names.skus[article], now, now);
        }
    }

    fn most_prices(&self, shop: usize) -> usize {
        self.scenario.shops[shop].max_write.max(10)
    }

    /// A call for prices that have waited longer than any number should let them.
    pub(crate) fn plan_overdue_prices(
        &mut self,
        worker: &mut Worker,
        room: usize,
        now: Millis,
        jobs: &mut Vec<Job>,
    ) -> usize {
        let mut planned = worker.prices.planned.values();
        if planned.any(|(_, since)| now.since(*since) > OVERDUE) {
            self.plan_prices(worker, room.min(1), now, jobs)
        } else {
            0
        }
    }

    /// Calls for prices, behind those for numbers.
    pub(crate) fn plan_prices(&mut self, worker: &mut Worker, room: usize, now: Millis, jobs: &mut Vec<Job>) -> usize {
        if room == 0 || worker.prices.planned.is_empty() {
            return 0;
        }
        let parked = |index: usize| {
            let entry = worker.entries[index].as_ref();
            entry
                .and_then(|entry| entry.document.price.as_ref())
                .is_some_and(|price| price.parked.is_some())
        };
        let candidates = worker.prices.planned.iter().map(|(index, (_, since))| Candidate {
            key: *index,
            group: 0,
            risk: Risk::Price,
            since: *since,
            alone: parked(*index),
        });
        let candidates: Vec<Candidate<usize, u8>> = candidates.collect();
        let mut used = 0;
        for call in batch(candidates, self.most_prices(worker.shop)).into_iter().take(room) {
            let mut send = Vec::new();
            for index in call.keys {
                let planned = worker.prices.planned.remove(&index);
                send.extend(planned.map(|(price, _)| (index, self.intend_price(worker, index, price, now))));
            }
            jobs.push(Job::Price(send));
            used += 1;
        }
        used
    }

    /// What was planned and found no room waits for it, and is computed anew then.
    pub(crate) fn queue_prices(&self, worker: &mut Worker) {
        let planned = std::mem::take(&mut worker.prices.planned);
        worker
            .prices
            .turns
            .extend(planned.into_iter().map(|(index, (_, since))| (index, since)));
    }

    /// Puts the price on the wire, as far as memory and the next commit are concerned.
    fn intend_price(&mut self, worker: &mut Worker, index: usize, price: Price, now: Millis) -> i64 {
        let mut told = cents(price.amount);
        if self.broken == Some(Broken::PriceWithoutFloor) {
            told = told * 7 / 10;
        }
        worker.touched.insert(index);
        worker.prices.turns.remove(&index);
        if let Some(known) = worker.entries[index]
            .as_mut()
            .and_then(|entry| entry.document.price.as_mut())
        {
            known.open = true;
            known.sent = Some(SentPrice {
                price: Price::plain(money(told)),
                at: now,
                token: worker.token,
            });
        }
        self.oracle_price(worker.shop, index, told);
        told
    }

    /// What became of a call with prices.
    pub(crate) fn priced(&mut self, worker: &mut Worker, prices: &[(usize, i64)], outcome: &Outcome, at: Millis) {
        let random = self.wire.word();
        for (place, (index, told)) in prices.iter().enumerate() {
            let verdict = match outcome {
                Outcome::Priced(taken) if taken[place] => PriceVerdict::Applied {
                    price: self.scenario.shops[worker.shop]
                        .counter
                        .then(|| Price::plain(money(*told))),
                },
                Outcome::Priced(_) => failed(omnistock_planner::Class::Rejected, 1),
                Outcome::Failed(class) => failed(*class, prices.len()),
                _ => continue,
            };
            self.price_settled(worker, *index, verdict, random, at);
        }
        match outcome {
            Outcome::Failed(class) => self.channel_failed(worker, *class, at),
            _ => worker.breaker.answered(),
        }
    }

    fn price_settled(&mut self, worker: &mut Worker, index: usize, verdict: PriceVerdict, random: u32, at: Millis) {
        let stamp = worker.stamp;
        let Some(entry) = &mut worker.entries[index] else {
            return;
        };
        let Some(known) = entry.document.price.as_deref_mut() else {
            return;
        };
        let most = ceiling(known.attempts.saturating_add(1));
        let (after, next) = settle_price(known, verdict, stamp, (most, random), at);
        *known = after;
        let sku = entry.document.sku.clone();
        worker.touched.insert(index);
        if known_done(&next) {
            worker.prices.since.remove(&index);
        }
        if let Next::ReadBack { at_once } = next {
            worker.schedule(index, if at_once { at } else { at.plus(READ_BACK) });
        }
        if let Some(sku) = sku {
            worker.work.look(&sku, at, at);
        }
    }

    /// Takes over what a listing asks. True: it has to be read again.
    pub(crate) fn take_price(&self, worker: &mut Worker, index: usize, price: Option<i64>, begun: Millis) -> bool {
        let Some(entry) = &mut worker.entries[index] else {
            return false;
        };
        let new = entry.document.price.is_none();
        let known = entry.document.price.get_or_insert_default();
        let before = (read(known), known.unknown, known.undone);
        let taken = known.observe(ObservedPrice {
            prices: price.map(|price| Price::plain(money(price))).into_iter().collect(),
            at: begun,
        });
        let again = !taken && !known.open && !known.confirmed();
        if new || before != (read(known), known.unknown, known.undone) {
            worker.touched.insert(index);
        }
        again
    }

    /// A person looks at held prices: what the ERP really asks is let out.
    pub(crate) fn decide_prices(&mut self) {
        for daemon in 0..self.daemons.len() {
            let at = self.now(daemon);
            for shop in 0..self.scenario.shops.len() {
                let Some(mut worker) = self.daemons[daemon].workers.get_mut(shop).and_then(Option::take) else {
                    continue;
                };
                for index in 0..worker.entries.len() {
                    self.decide_price(&mut worker, index, at);
                }
                self.daemons[daemon].workers[shop] = Some(worker);
            }
        }
    }

    fn decide_price(&mut self, worker: &mut Worker, index: usize, at: Millis) {
        let article = self.world.shops[worker.shop].listings[index].article;
        let (list, cost) = self.world.prices[article];
        let wanted = self.price_wanted(worker.shop, list, cost);
        let Some(known) = worker.entries[index]
            .as_mut()
            .and_then(|entry| entry.document.price.as_mut())
        else {
            return;
        };
        let Some(held) = known.held.take_if(|held| cents(held.to) == wanted) else {
            return;
        };
        known.released = Some(held.to);
        self.oracle.approved.push((worker.shop, index, wanted));
        worker.touched.insert(index);
        worker.work.look(&self.names.skus[article], at, at);
    }
}

/// Nothing is left to do about the price but to see it.
fn known_done(next: &Next) -> bool {
    matches!(next, Next::ReadBack { .. } | Next::Parked)
}

fn failed(class: omnistock_planner::Class, items: usize) -> PriceVerdict {
    let reason = "refused".to_owned();
    PriceVerdict::Failed { class, reason, items }
}
