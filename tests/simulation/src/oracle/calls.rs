//! What is on the wire, and what is kept: I2 at the channel, I4, I8, I9, I12, I13.

use crate::call::{Call, Item, Job};
use crate::scenario::MINUTE;
use crate::sim::Sim;
use crate::store::About;
use crate::worker::Worker;
use omnistock_words::OrderFact;

/// Entries of the inbox that wait, at most.
const INBOX: usize = 5_000;

impl Sim {
    /// I8: a call is made behind its durable intent, under the token that counts, and alone.
    pub(crate) fn oracle_launch(&mut self, worker: &Worker, job: &Job) {
        let Job::Write(items) = job else { return };
        for item in items {
            let state = &self.store.channels[worker.shop];
            let sent = state.listings[item.listing]
                .as_ref()
                .and_then(|(_, document)| document.sent.clone());
            let durable = state.intents.contains(&item.listing)
                && sent.is_some_and(|sent| sent.token == worker.token && sent.quantity.as_whole() == Some(item.number));
            let article = self.world.shops[worker.shop].listings[item.listing].article;
            if !durable {
                self.violate(
                    "I8",
                    Some(article),
                    format!("a call to {} is made without a durable intent", worker.shop),
                );
            }
            if worker.token != self.store.token {
                self.violate(
                    "I8",
                    Some(article),
                    format!(
                        "a call to {} is made under token {}, {} counts",
                        worker.shop, worker.token, self.store.token
                    ),
                );
            }
            let same = |call: &Call| {
                call.of == worker.id
                    && matches!(&call.job, Job::Write(other) if other.iter().any(|one| one.listing == item.listing))
            };
            if self.calls.values().filter(|call| !call.given_up).any(|call| same(call)) {
                self.violate(
                    "I8",
                    Some(article),
                    format!("two calls to {} for one listing at once", worker.shop),
                );
            }
        }
    }

    /// I2 at the channel: what is applied goes back only where the outcome was unknown.
    pub(crate) fn oracle_applied(&mut self, shop: usize, item: Item, applied: u64, call: &Call) {
        let article = self.world.shops[shop].listings[item.listing].article;
        let worker = self.daemons[call.daemon].workers.get(shop).and_then(Option::as_ref);
        let gone = call.given_up || worker.is_some_and(|worker| worker.id != call.of) || !self.daemons[call.daemon].up;
        let asleep = self.daemons[call.daemon].stopped_until > self.t || worker.is_none();
        // A later leader treats the outcome as unknown.
        let over = call.pass.0 != self.store.token;
        if item.intent < applied && !gone && !asleep && !over {
            let sentence = format!(
                "{shop} applies an older number of listing {} over a newer one",
                item.listing
            );
            self.violate("I2", Some(article), sentence);
        }
    }

    /// I4: what is answered 2xx is durable: in the inbox or in the ledgers.
    pub(crate) fn oracle_promised(&mut self, order: usize, state: usize) {
        let waits = self
            .store
            .inbox
            .iter()
            .any(|entry| matches!(entry.about, About::Order(known, at, _) if known == order && at >= state));
        let mirror = &self.store.mirror;
        let known = mirror.known.get(order).is_some_and(|known| known.state >= state) || mirror.forgotten.has(order);
        if !waits && !known {
            let article = self.world.orders[order].lines[0].article;
            self.violate(
                "I4",
                Some(article),
                format!("order {order} is answered 2xx and is nowhere"),
            );
        }
    }

    /// I9: a channel that refuses everything is left in peace. That calls keep to the vendor's limit is counted
    /// by [`Sim::vendor_counts`].
    pub(crate) fn oracle_refused(&mut self, shop: usize) {
        let t = self.t;
        let down = self.world.shops[shop].down_until > t;
        let refused = &mut self.oracle.refused[shop];
        if !down {
            refused.clear();
            return;
        }
        refused.retain(|at| t - at < MINUTE);
        refused.push(t);
        let most = 60 * self.scenario.daemons;
        if refused.len() > most {
            let calls = refused.len();
            self.violate(
                "I9",
                None,
                format!("{shop} is down and got {calls} calls within a minute"),
            );
        }
    }

    /// The channel has answered a poll of its orders in this life.
    pub(crate) fn oracle_polled(&mut self, call: &Call) {
        if let Job::Orders(..) = call.job
            && self.daemons[call.daemon].life == call.of
        {
            self.oracle.lives[call.daemon].polled[call.shop] = true;
        }
    }

    /// I12: everything has its bound.
    pub(crate) fn oracle_bounds(&mut self, worker: &Worker) {
        let listings = worker.entries.len();
        let halves: usize = worker
            .halves
            .iter()
            .map(|half| if let Job::Write(items) = half { items.len() } else { 1 })
            .sum();
        let found = [
            ("inbox", self.store.inbox.len(), INBOX),
            ("work list", worker.work.len(), self.scenario.articles()),
            ("halves", halves, 2 * listings),
            ("intents", self.store.channels[worker.shop].intents.len(), listings),
            (
                "marks",
                self.store.channels[worker.shop].marks.len(),
                self.scenario.articles(),
            ),
        ];
        if let Some((what, size, most)) = found.into_iter().find(|(_, size, most)| size > most) {
            self.violate(
                "I12",
                None,
                format!("{what} of {} holds {size}, at most {most} are meant", worker.shop),
            );
        }
    }

    /// I13: nothing personal goes in.
    pub(crate) fn oracle_secret(&mut self, fact: &OrderFact) {
        let marked = |text: &str| text.contains('@');
        let lines = fact
            .lines
            .iter()
            .any(|line| marked(line.line.as_str()) || line.sku.as_ref().is_some_and(|sku| marked(sku.as_str())));
        if marked(fact.order.as_str()) || lines {
            self.violate("I13", None, format!("order {} carries a buyer's address", fact.order));
        }
    }

    pub(crate) fn oracle_stale_commit(&mut self, daemon: usize, token: u64) {
        let current = self.store.token;
        self.violate(
            "I8",
            None,
            format!("daemon {daemon} commits under token {token}, {current} counts"),
        );
    }
}
