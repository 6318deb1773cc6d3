//! Checks while it runs (I15) and when everything has settled: I3, I4, I14, I16.

use crate::call::DEADLINE;
use crate::random::Random;
use crate::scenario::{HOUR, MINUTE, SECOND};
use crate::sim::{Happening, Sim};
use crate::trace::Step;
use omnistock_engine::Event;

/// A mark is never older while its channel is there and somebody leads.
const OLDEST: i64 = 8 * MINUTE;

/// Leaves out movements that figures hold by now: where a complete report confirmed a row without a change, they lie in
/// the ledger until the row changes, and count for nothing. One that comes behind that report is not taken in at all.
fn without_contained(documents: &mut omnistock_engine::Documents) {
    let sources = &documents.sources;
    for (_, ledger) in documents.skus.iter_mut() {
        let positions = &ledger.positions;
        let held = |movement: &omnistock_engine::Movement| {
            let mut there = positions
                .iter()
                .filter(|position| position.location == movement.location);
            there.any(|position| position.effective(sources.get(&position.source)).0 >= movement.contained_from)
        };
        ledger.movements.retain(|movement| !held(movement));
    }
}

impl Sim {
    /// I15, every minute.
    pub(crate) fn check(&mut self) {
        let t = self.t;
        let leads = self
            .daemons
            .iter()
            .any(|daemon| daemon.up && daemon.lease == Some(self.store.token) && daemon.stopped_until <= t);
        for shop in 0..self.scenario.shops.len() {
            let leader = self
                .daemons
                .iter()
                .find(|daemon| daemon.up && daemon.lease == Some(self.store.token));
            let gate = leader.is_some_and(|daemon| daemon.gates.get(shop) == Some(&true));
            let hindered = !leads
                || !gate
                || !self.store_answers()
                || self.world.shops[shop].down_until > t
                || self.world.shops[shop].throttled;
            if hindered {
                self.oracle.clear_since[shop] = t;
                continue;
            }
            let Some((since, sku)) = self.store.channels[shop].marks.oldest().cloned() else {
                continue;
            };
            let clear = t - self.oracle.clear_since[shop].max(since.0 - 1_000);
            let many = self.store.channels[shop].marks.len() as i64;
            // A number and a price each, at the vendor's rate.
            let listings = self.world.shops[shop].listings.len() as i64;
            let calls = 2 * listings * MINUTE / self.scenario.shops[shop].rate.0;
            // Calls without an answer keep their places until their deadline.
            let lost = &mut self.oracle.lost[shop];
            lost.retain(|at| t - at < HOUR);
            let lost = lost.iter().filter(|at| **at > t - clear).count() as i64;
            let stood = lost * DEADLINE / self.scenario.shops[shop].concurrency as i64;
            if clear > OLDEST + many * SECOND + calls + stood {
                let k = self.names.sku(&sku);
                let state = self.worker_state(shop, k);
                self.violate(
                    "I15",
                    Some(k),
                    format!("{sku} waits for {shop} for {} s: {state}", clear / SECOND),
                );
            }
        }
        self.after(MINUTE, Happening::Check);
    }

    /// What the leader's worker does about an article, for people.
    fn worker_state(&self, shop: usize, article: usize) -> String {
        let workers = self
            .daemons
            .iter()
            .enumerate()
            .filter_map(|(d, daemon)| Some((d, daemon.workers.get(shop)?.as_ref()?)));
        let mut sentence = String::new();
        for (daemon, worker) in workers {
            let sku = &self.names.skus[article];
            let listings = &self.world.shops[shop].by_article[article];
            let entries = listings.iter().filter_map(|n| worker.entries[*n].as_ref());
            let entries: Vec<String> = entries
                .map(|e| {
                    format!(
                        "busy {} reading {} asked {:?} reads {} due {:?} {:?}",
                        e.busy, e.reading, e.asked_at, e.reads, e.read_due, e.document
                    )
                })
                .collect();
            sentence += &format!(
                "[daemon {daemon} now {} {:?} in flight {} halves {} fetching {:?} {:?} breaker {:?} throttled {:?} prices {:?} {entries:?}]",
                self.now(daemon),
                worker.work.get(sku),
                worker.in_flight,
                worker.halves.len(),
                worker.fetching,
                worker.orders,
                worker.breaker,
                worker.throttled,
                worker.prices
            );
        }
        sentence
    }

    /// Everything has settled: what is shown is what should be.
    pub(crate) fn finish(&mut self) {
        let (events, orders) = (self.events as i64, self.world.orders.len() as i64);
        self.trace
            .step(Step::End, self.t, [events, orders, self.store.cursor as i64]);
        self.finish_orders();
        self.finish_exits();
        self.finish_numbers();
        if self.scenario.seed.is_multiple_of(8) {
            self.finish_shuffled();
        }
    }

    /// I4: what was answered 2xx, and every order there is, is in the ledgers.
    fn finish_orders(&mut self) {
        for order in 0..self.world.orders.len() {
            let last = self.world.orders[order].history.len() - 1;
            let mirror = &self.store.mirror;
            if mirror.forgotten.has(order) {
                continue;
            }
            let known = mirror.known.get(order);
            if known.is_none_or(|known| known.state != last) {
                let article = self.world.orders[order].lines[0].article;
                let shop = self.world.orders[order].shop;
                let sentence = format!(
                    "order {order} of {shop} is known as {:?}, its state is {last}",
                    known.map(|known| known.state)
                );
                return self.violate("I4", Some(article), sentence);
            }
        }
    }

    /// I16: nothing is held or parked once its exit was taken.
    fn finish_exits(&mut self) {
        let leads = |daemon: &&crate::daemon::Daemon| daemon.lease == Some(self.store.token);
        let leader = self.daemons.iter().find(leads);
        if let Some(held) = leader.and_then(|daemon| daemon.stock.held.clone()) {
            return self.violate("I16", None, format!("report {} is still held", held.report));
        }
        for shop in 0..self.scenario.shops.len() {
            let listings = self.store.channels[shop].listings.iter().flatten();
            let stuck = listings.map(|(_, document)| document).find(|document| {
                let price = document.price.as_deref();
                let price = price.is_some_and(|price| price.parked.is_some() || price.held.is_some());
                price || document.parked.is_some() || document.unwritable.is_some()
            });
            if let Some(document) = stuck {
                let sku = document.sku.as_ref().map(|sku| self.names.sku(sku));
                let sentence = format!(
                    "listing {} of {shop} is still kept aside: {:?} {:?} {:?}",
                    document.listing, document.parked, document.unwritable, document.price
                );
                return self.violate("I16", sku, sentence);
            }
        }
    }

    /// I14: every channel shows what the ERP's true figures and the rules lead to.
    fn finish_numbers(&mut self) {
        for shop in 0..self.scenario.shops.len() {
            for listing in 0..self.world.shops[shop].listings.len() {
                let record = &self.world.shops[shop].listings[listing];
                let (article, shown, wanted) = (record.article, record.free(), self.expected_listing(shop, listing));
                if shown != wanted {
                    let sentence = format!(
                        "{shop} shows {shown} of {} (listing {listing}), it should be {wanted}",
                        self.names.skus[article]
                    );
                    let sentence = format!("{sentence}: {}", self.worker_state(shop, article));
                    return self.violate("I14", Some(article), sentence);
                }
                let (list, cost) = self.world.prices[article];
                let wanted = self.price_wanted(shop, list, cost);
                let price = self.world.shops[shop].listings[listing].price;
                if price != Some(wanted) {
                    let sentence = format!(
                        "{shop} asks {price:?} for {} (listing {listing}), it should be {wanted}",
                        self.names.skus[article]
                    );
                    let sentence = format!("{sentence}: {}", self.worker_state(shop, article));
                    return self.violate("I14", Some(article), sentence);
                }
            }
        }
    }

    /// I3: the same facts in another order, some of them twice, give the same ledgers.
    fn finish_shuffled(&mut self) {
        let now = omnistock_words::Millis(self.t + MINUTE);
        let mut random = Random::new(self.scenario.seed, 9);
        let replay = |sim: &Self, order: &[usize]| {
            let mut documents = omnistock_engine::Documents::default();
            for index in order {
                let event = &sim.oracle.log[*index];
                omnistock_engine::apply(&sim.settings, &mut documents, event, now);
            }
            without_contained(&mut documents);
            (documents.skus, documents.orders)
        };
        let count = self.oracle.log.len();
        let plain: Vec<usize> = (0..count).collect();
        let mut mixed = plain.clone();
        // Snapshots come as what differs from the one before: they keep their order among themselves.
        let stock = |sim: &Self, index: usize| {
            matches!(
                &*sim.oracle.log[index],
                Event::Stock(_) | Event::Missing { .. } | Event::Snapshot { .. }
            )
        };
        for _ in 0..count / 5 {
            let again = random.below(count.max(1));
            mixed.extend(Some(again).filter(|index| !stock(self, *index)));
        }
        for index in (1..mixed.len()).rev() {
            mixed.swap(index, random.below(index + 1));
        }
        let mut in_order = (0..count).filter(|index| stock(self, *index));
        for index in &mut mixed {
            if stock(self, *index) {
                *index = in_order.next().unwrap_or(*index);
            }
        }
        let (one, other) = (replay(self, &plain), replay(self, &mixed));
        if one != other {
            let differs = one
                .0
                .iter()
                .find(|(sku, document)| other.0.get(*sku) != Some(*document));
            let k = differs.map(|(sku, _)| self.names.sku(sku));
            let name = differs.map(|(sku, _)| sku.clone());
            let lines = name.map(|sku| format!("{sku}: {:?} {:?}", one.0.get(&sku), other.0.get(&sku)));
            let orders = one
                .1
                .iter()
                .find(|(key, document)| other.1.get(*key) != Some(*document));
            let orders = orders.map(|(key, document)| format!("{key}: {document:?} {:?}", other.1.get(key)));
            self.violate(
                "I3",
                k,
                format!("the same facts in another order lead to other ledgers: {lines:?} {orders:?}"),
            );
        }
    }
}
