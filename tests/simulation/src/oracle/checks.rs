//! Checks behind every event: I1 to I13, and I15.

use crate::look::Planned;
use crate::oracle::Violation;
use crate::scenario::{MINUTE, SECOND};
use crate::sim::Sim;
use crate::worker::Worker;
use omnistock_engine::{Offer, explained};
use omnistock_words::{Mode, Quantity};

/// A sale that is younger may be wiped out: the fetch that a raise rests on is that old at most.
const BLIND: i64 = 10 * SECOND;
/// One number in so many is explained anew.
const EXPLAINED: u64 = 16;
/// Units that must be there before a zero counts as unexplained.
const PLENTY: i64 = 6;

/// The number that the channel was last known to show.
fn last_known(worker: &Worker, index: usize) -> Option<Quantity> {
    let document = &worker.entries[index].as_ref()?.document;
    let read = document.observed.as_ref().and_then(|observed| observed.quantity);
    if document.confirmed() {
        read
    } else {
        document.accepted.as_ref().map(|accepted| accepted.quantity).or(read)
    }
}

impl Sim {
    pub(crate) fn violate(&mut self, invariant: &'static str, sku: Option<usize>, sentence: String) {
        if self.oracle.violation.is_none() {
            let sku = sku.map(|k| self.names.skus[k].as_str().to_owned());
            self.tell(|_| format!("VIOLATION of {invariant}: {sentence}"));
            self.oracle.violation = Some(Violation {
                invariant,
                t: self.t,
                sentence,
                sku,
            });
        }
    }

    /// I1, I2, I6, I11: a number is about to go out.
    pub(crate) fn oracle_intent(&mut self, worker: &Worker, write: &Planned) {
        if worker.token != self.store.token {
            return; // Planned under a token that is over: the commit refuses it, and I8 judges whether it does.
        }
        let (shop, article) = (worker.shop, self.names.sku(&write.sku));
        self.oracle.checks += 1;
        let factor = self.world.shops[shop].listings[write.index].factor;
        let Some(target) = write.target.as_whole() else { return };
        let bound = self.bound_on(shop, article);
        if target * factor > bound.max(0) {
            let sentence = format!(
                "{shop} is promised {target} × {factor} of {}, at most {bound} can be kept",
                write.sku
            );
            let why = self.why_bound(shop, article);
            self.violate("I1", Some(article), format!("{sentence}: {why}"));
        }
        let version = (self.store.generation, self.version_of(worker, &write.sku));
        let seen = &mut self.oracle.seen[shop][write.index];
        let before = std::mem::replace(&mut seen.version, version);
        if version < before {
            let sentence = format!(
                "{shop}: a number of {} was made from ledgers {version:?}, an earlier one from {before:?}",
                write.sku
            );
            self.violate("I2", Some(article), sentence);
        }
        self.oracle_raise(worker, write, article);
        self.oracle_range(worker, write, article, target, bound);
        if self.oracle.checks.is_multiple_of(EXPLAINED) {
            self.oracle_explain(worker, write, article);
        }
    }

    /// I5: a number that rises does not wipe out sales that the channel made and we have not seen, but
    /// for those of the last seconds; and a channel that counts down by itself gets no more than the promise.
    pub(crate) fn oracle_raise(&mut self, worker: &Worker, write: &Planned, article: usize) {
        let (shop, t) = (worker.shop, self.t);
        if self.scenario.shops[shop].gross {
            return;
        }
        if write.quantity > write.target {
            let sentence = format!(
                "{shop} is sent {} of {}, promised are {}",
                write.quantity, write.sku, write.target
            );
            self.violate("I1", Some(article), sentence);
        }
        let shown = Quantity::whole(self.world.shops[shop].listings[write.index].number);
        if write.expected.is_some_and(|expected| expected != shown) {
            return; // The channel compares and will not take it.
        }
        // By what we know it may be a fall: that goes out at once, whatever it wipes out.
        if write.quantity <= shown || last_known(worker, write.index).is_none_or(|last| write.quantity <= last) {
            return;
        }
        // Units that a channel that compares, or a person there, may have put back can hide a sale from a reading.
        let changed = |order: &usize| self.world.orders[*order].history.len() > 1;
        let back = self.world.shops[shop]
            .updates
            .iter()
            .rev()
            .map(|(_, order)| *order)
            .take(40);
        let mut back = back.filter(changed).filter(|order| {
            let lines = &self.world.orders[*order].lines;
            lines.iter().any(|line| line.article == article)
        });
        let raised = self.world.shops[shop].listings[write.index].raised;
        if self.scenario.shops[shop].compares && (raised || back.next().is_some()) {
            return;
        }
        // A fetch sees what was sold before it began; one lasts a minute at most.
        let fetched = worker
            .orders
            .map_or(0, |orders| write.at.since(orders.begun).clamp(0, MINUTE));
        let blind = BLIND + fetched;
        let mirror = &self.store.mirror;
        let unseen = self.world.shops[shop].updates.iter().rev().map(|(_, order)| *order);
        let recent = unseen.take_while(|order| t - self.world.orders[*order].placed < 10 * MINUTE);
        let unseen = recent.filter(|order| {
            let record = &self.world.orders[*order];
            let known = mirror.known.has(*order) || mirror.forgotten.has(*order);
            !known && t - record.placed > blind && record.lines.iter().any(|line| line.article == article)
        });
        if let Some(order) = unseen.last() {
            let sentence = format!(
                "{shop}: {} rises from {shown} to {} over order {order}, which nobody has seen (expected {:?})",
                write.sku, write.quantity, write.expected
            );
            self.violate("I5", Some(article), sentence);
        }
    }

    pub(crate) fn oracle_range(&mut self, worker: &Worker, write: &Planned, article: usize, target: i64, bound: i64) {
        let shop = worker.shop;
        let cap = self.knobs.max_shown[shop].filter(|_| worker.stamp == self.stamp);
        if target < 0 || cap.is_some_and(|cap| target > cap) || write.quantity > worker.vendor.most {
            let sentence = format!("{shop} is promised {target} of {}, beyond 0 to {cap:?}", write.sku);
            self.violate("I6", Some(article), sentence);
        }
        self.oracle_gate(shop, worker.token);
        let draining = self.knobs.modes[shop] == Mode::Draining;
        let held_back = self.knobs.overrides.iter().any(|set| set.sku == article);
        let plenty = |units: i64| units >= PLENTY;
        if target == 0
            && !draining
            && !held_back
            && plenty(bound - self.knobs.safety[shop])
            && plenty(self.explained_on(shop, article) - self.knobs.safety[shop])
            && plenty(self.expected_listing(shop, write.index))
            && plenty(self.surely_there(shop, write.index) - self.knobs.safety[shop])
        {
            let t = self.t;
            let zeroed = &mut self.oracle.zeroed[shop];
            zeroed.retain(|(at, other)| t - at < 30 * MINUTE && *other != article);
            zeroed.push((t, article));
            if zeroed.len() > 10.max(self.scenario.articles() * 2 / 5) {
                let sentence = format!(
                    "{shop}: {} articles are pushed to zero although they are there",
                    zeroed.len()
                );
                self.violate("I6", Some(article), sentence);
            }
        }
    }

    /// What is truly there for a channel right now, less every open order.
    pub(crate) fn really(&self, shop: usize, article: usize) -> i64 {
        let pool = &self.scenario.shops[shop].behind;
        let parts = self.scenario.parts(&self.knobs.bundles, article);
        let each = parts.iter().map(|(k, per)| {
            let there: i64 = pool.iter().map(|place| self.world.figure(self.cell(*k, *place))).sum();
            there.div_euclid(*per)
        });
        each.min().unwrap_or_default()
    }

    /// I6: nothing goes out before the gate's conditions hold, as the world saw them.
    pub(crate) fn oracle_gate(&mut self, shop: usize, token: u64) {
        let leader = self
            .daemons
            .iter()
            .position(|daemon| daemon.lease == Some(token) && daemon.up);
        let Some(daemon) = leader else { return };
        let life = &self.oracle.lives[daemon];
        let places = |c: usize| &self.scenario.shops[c].behind;
        let own = places(shop);
        let shared =
            (0..self.scenario.shops.len()).filter(|other| places(*other).iter().any(|place| own.contains(place)));
        let unpolled = shared.into_iter().find(|other| !life.polled[*other]);
        let missing = if self.store.mirror.complete.is_none() {
            Some("a complete snapshot".to_owned())
        } else if let Some(other) = unpolled {
            Some(format!("the orders of {other}"))
        } else if !life.read_back[shop] {
            Some("its read-back".to_owned())
        } else {
            None
        };
        if let Some(missing) = missing {
            self.violate("I6", None, format!("{shop} is written before {missing}"));
        }
    }

    /// I11: the explanation of a number leads to that number.
    pub(crate) fn oracle_explain(&mut self, worker: &Worker, write: &Planned, article: usize) {
        let Some(entry) = &worker.entries[write.index] else {
            return;
        };
        let channel = &self.names.channels[worker.shop];
        let listing = Some(&entry.document.listing);
        let told = explained(
            &worker.settings,
            &self.store.documents,
            channel,
            &write.sku,
            Offer { listing, all: &[] },
            write.at,
        );
        let last = told.steps.last().map(|step| step.value.positive());
        let part = match &entry.document.place {
            None => told.quantity,
            Some(place) => told
                .split
                .iter()
                .find(|(other, _)| other == place)
                .map(|(_, part)| *part),
        };
        let draining = write.target.is_zero();
        if last != told.quantity || (part != Some(write.target) && !draining) {
            let sentence = format!(
                "{} of {} are sent, the explanation says {part:?} (last step {last:?})",
                write.target, write.sku
            );
            self.violate("I11", Some(article), sentence);
        }
    }

    /// A buyer took what was not there: counted, and judged where the channel was not blind.
    pub(crate) fn oracle_sale(&mut self, shop: usize, wanted: &[(usize, i64)]) {
        for (article, _) in wanted {
            if self.really(shop, *article) < 0 {
                self.oracle.oversold += 1;
            }
        }
    }
}
