//! Prices: what is wanted, held by the guard, sent. The product delivers numbers today; this is the
//! design's way for prices, on the engine's prices and its guard.

use crate::broken::Broken;
use crate::call::{Job, Outcome};
use crate::scenario::SECOND;
use crate::settings::{CEILING, FLOOR};
use crate::sim::Sim;
use crate::worker::Worker;
use omnistock_engine::guard::price_fault;
use omnistock_words::{Millis, Money, Percent};
use rust_decimal::Decimal;

fn money(cents: i64) -> Money {
    Money::new(Decimal::new(cents, 2), "EUR".parse().unwrap()).unwrap()
}

impl Sim {
    /// The price that the list and the channel's rule lead to, in cents: the oracles' own arithmetic.
    pub(crate) fn price_wanted(&self, shop: usize, list: i64, cost: i64) -> i64 {
        let mut cents = (list * self.scenario.shops[shop].price_factor * 2 + 1_000).div_euclid(2_000);
        if shop == 2 {
            cents = (cents - 99 + 99).div_euclid(100) * 100 + 99;
            cents = if cents - 100 >= (list * self.scenario.shops[shop].price_factor * 2 + 1_000).div_euclid(2_000) {
                cents - 100
            } else {
                cents
            };
        }
        let floor = (cost * FLOOR).div_euclid(1_000) + i64::from((cost * FLOOR) % 1_000 != 0);
        cents.min(CEILING).max(floor)
    }

    pub(crate) fn plan_prices(&mut self, daemon: usize, worker: &mut Worker, now: Millis, jobs: &mut Vec<Job>) {
        if worker.price_wanted.is_empty()
            || !self.store_answers()
            || !self.allowed(daemon, worker.token)
            || now < worker.price_after
            || !worker.gate
        {
            return;
        }
        let mut send = Vec::new();
        for (index, cents) in worker.price_wanted.clone() {
            let old = self.store.channels[worker.shop].prices[index];
            if old == Some(cents) || worker.price_busy.contains(&index) {
                if old == Some(cents) {
                    worker.price_wanted.remove(&index);
                    worker.price_held.remove(&index);
                }
                continue;
            }
            let approved = self.oracle.approved.contains(&(worker.shop, index, cents));
            let jumps = old.is_some_and(|old| price_fault(money(old), money(cents), Percent::whole(30)).is_some());
            if jumps && !approved && !self.broken(Broken::PriceGuardOff) {
                worker.price_held.insert(index, cents);
                continue;
            }
            worker.price_held.remove(&index);
            if send.len() < self.scenario.shops[worker.shop].max_write.max(10) {
                send.push((index, cents));
            }
        }
        if send.is_empty() {
            return;
        }
        for (index, cents) in &mut send {
            if self.broken == Some(Broken::PriceWithoutFloor) {
                *cents = *cents * 7 / 10;
            }
            worker.price_busy.insert(*index);
            self.oracle_price(worker.shop, *index, *cents);
        }
        jobs.push(Job::Price(send));
    }

    /// I7: within floor and ceiling, no jump that nobody approved.
    fn oracle_price(&mut self, shop: usize, listing: usize, cents: i64) {
        let article = self.world.shops[shop].listings[listing].article;
        let cost = self.store.mirror.prices.get(&(article, true)).copied();
        let floor = cost.map(|cost| (cost * FLOOR).div_euclid(1_000) + i64::from((cost * FLOOR) % 1_000 != 0));
        let last = self.oracle.seen[shop][listing].price.replace(cents);
        let approved = self.oracle.approved.contains(&(shop, listing, cents));
        let jump = last.is_some_and(|last| (cents - last).abs() * 100 > last * 30);
        if floor.is_none_or(|floor| cents < floor) || cents > CEILING.max(floor.unwrap_or(0)) {
            self.violate(
                "I7",
                Some(article),
                format!("{shop} is told {cents} cents, floor {floor:?}, ceiling {CEILING}"),
            );
        } else if jump && !approved {
            self.violate(
                "I7",
                Some(article),
                format!("{shop} is told {cents} cents after {last:?} without an approval"),
            );
        }
    }

    pub(crate) fn priced(&mut self, worker: &mut Worker, prices: &[(usize, i64)], outcome: &Outcome, at: Millis) {
        let done = matches!(outcome, Outcome::Priced);
        for (index, cents) in prices {
            worker.price_busy.remove(index);
            if done {
                self.store.channels[worker.shop].prices[*index] = Some(*cents);
                worker.price_at.insert(*index, at);
            }
        }
        if done {
            worker.breaker.answered();
        } else {
            worker.price_after = at.plus(5 * SECOND);
        }
    }

    /// A person looks at held prices: what the ERP really asks is approved.
    pub(crate) fn decide_prices(&mut self) {
        for shop in 0..self.scenario.shops.len() {
            for daemon in 0..self.daemons.len() {
                let held = self.daemons[daemon].workers.get(shop).and_then(Option::as_ref);
                let held: Vec<(usize, i64)> = held
                    .map(|worker| worker.price_held.iter().map(|(n, cents)| (*n, *cents)).collect())
                    .unwrap_or_default();
                for (listing, cents) in held {
                    let article = self.world.shops[shop].listings[listing].article;
                    let (list, cost) = self.world.prices[article];
                    if self.price_wanted(shop, list, cost) == cents {
                        self.oracle.approved.push((shop, listing, cents));
                    }
                }
            }
        }
    }
}
