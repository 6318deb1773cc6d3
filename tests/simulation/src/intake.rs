//! The order pollers and the webhook receiver, as `src/intake/orders.rs` and `webhook.rs` do it:
//! the cursor moves only after the orders it covers are durable.

use crate::broken::Broken;
use crate::call::{Job, Outcome};
use crate::limits::POLLER;
use crate::scenario::{MINUTE, SECOND, Webhooks};
use crate::sim::{Happening, Sim};
use crate::store::About;
use omnistock_engine::Event;
use omnistock_planner::Class;
use omnistock_words::{Millis, OrderFact};
use std::collections::BTreeMap;

/// Longest pause after so many failures in a row, milliseconds: 200, doubling up to 30,000.
pub(crate) fn ceiling(failures: u32) -> i64 {
    (200_i64 << (failures.clamp(1, 9) - 1)).min(30_000)
}

#[derive(Default, Debug)]
pub(crate) struct OrderPoller {
    /// Rises with every planned poll: an earlier plan is void.
    pub(crate) turn: u64,
    pub(crate) planned: Option<i64>,
    polling: bool,
    wanted: bool,
    failures: u32,
    /// The lease under which the poll began.
    token: u64,
    /// The newest entry that was appended and may not be applied yet: also one of a poll that failed
    /// behind it, whose orders the next poll knows.
    appended: u64,
    /// Appended, not applied yet: up to this entry; when the poll began.
    waits: Option<(u64, Millis)>,
    seen: BTreeMap<usize, OrderFact>,
    pub(crate) began: Option<Millis>,
}

#[derive(Default)]
pub(crate) struct StockPoller {
    pub(crate) turn: u64,
    pub(crate) warm: bool,
    /// Reports that this life was handed out already.
    pub(crate) handed: Vec<bool>,
    /// Report held by a guard: which, which guards, since when.
    pub(crate) held: Option<Held>,
    /// Appended, not applied yet: the report and its last entry.
    pub(crate) waits: Option<(usize, u64)>,
    pub(crate) stated: BTreeMap<(usize, usize), i64>,
}

#[derive(Clone)]
pub(crate) struct Held {
    pub(crate) report: usize,
    pub(crate) guards: Vec<&'static str>,
    pub(crate) since: Millis,
}

impl Sim {
    /// Polls a channel's orders after a pause, or earlier where that was planned already.
    pub(crate) fn next_poll(&mut self, daemon: usize, shop: usize, pause: i64) {
        let (life, at) = (self.daemons[daemon].life, self.t + pause);
        let poller = &mut self.daemons[daemon].orders[shop];
        if poller.planned.is_some_and(|planned| planned <= at) {
            return;
        }
        poller.turn += 1;
        poller.planned = Some(at);
        let turn = poller.turn;
        self.plan(
            at,
            Happening::PollOrders {
                daemon,
                life,
                shop,
                turn,
            },
        );
    }

    /// Wakes the poller: somebody needs the newest orders. A failing vendor is not asked faster for it.
    pub(crate) fn hint(&mut self, daemon: usize, shop: usize) {
        let poller = &mut self.daemons[daemon].orders[shop];
        if poller.polling || poller.waits.is_some() {
            poller.wanted = true;
        } else if poller.failures == 0 {
            self.next_poll(daemon, shop, 0);
        }
    }

    pub(crate) fn poll_orders(&mut self, daemon: usize, shop: usize, turn: u64) {
        let (lease, life) = (self.daemons[daemon].lease, self.daemons[daemon].life);
        let poller = &mut self.daemons[daemon].orders[shop];
        if poller.turn != turn {
            self.events -= 1;
            return;
        }
        poller.planned = None;
        if poller.polling || poller.waits.is_some() {
            return;
        }
        let Some(token) = lease else { return };
        if !self.store_answers() {
            return self.poll_failed(daemon, shop, 0);
        }
        let pass = match self.ask(daemon, shop, POLLER) {
            Ok(pass) => pass,
            Err(until) => {
                let wait = until.since(self.now(daemon)).clamp(1, SECOND);
                return self.next_poll(daemon, shop, wait);
            }
        };
        if !self.secure(daemon, shop, token) {
            self.withdraw(daemon, shop, [pass]);
            return self.poll_failed(daemon, shop, 0);
        }
        let poller = &mut self.daemons[daemon].orders[shop];
        (poller.polling, poller.wanted, poller.token) = (true, false, token);
        let cursor = self.store.channels[shop].cursor.1;
        self.send(daemon, life, shop, Job::Orders(cursor, turn), (token, pass));
    }

    fn poll_failed(&mut self, daemon: usize, shop: usize, wish: i64) {
        let random = self.wire.word();
        let poller = &mut self.daemons[daemon].orders[shop];
        poller.polling = false;
        poller.failures = poller.failures.saturating_add(1);
        let pause = omnistock_planner::full_jitter(ceiling(poller.failures), random).max(20);
        self.next_poll(daemon, shop, pause.max(wish));
    }

    pub(crate) fn orders_came(
        &mut self,
        daemon: usize,
        of: u64,
        shop: usize,
        turn: u64,
        begun: Millis,
        outcome: Outcome,
    ) {
        if self.daemons[daemon].life != of {
            return;
        }
        let _ = turn;
        let Outcome::Orders(orders, cursor, sequence) = outcome else {
            let wish = if let Outcome::Failed(Class::Retry { after: Some(after) }) = outcome {
                after
            } else {
                0
            };
            return self.poll_failed(daemon, shop, wish);
        };
        if !self.store_answers() {
            return self.poll_failed(daemon, shop, 0);
        }
        if self.broken(Broken::CursorFirst) {
            self.save_cursor(daemon, shop, cursor);
            if self.nature.chance(30) && !self.quiet {
                return self.poll_failed(daemon, shop, 0); // The process ends in between.
            }
        }
        let mut fresh = false;
        for (order, state) in orders {
            let fact = self.fact(order, state, sequence);
            let poller = &mut self.daemons[daemon].orders[shop];
            if poller
                .seen
                .get(&order)
                .is_some_and(|seen| same_but_sequence(seen, &fact))
            {
                continue;
            }
            poller.seen.insert(order, fact.clone());
            let last = self.append_order(shop, order, state, fact);
            (self.daemons[daemon].orders[shop].appended, fresh) = (last, true);
        }
        if fresh {
            self.wake_ledgers(daemon);
        }
        if !self.save_cursor(daemon, shop, cursor) {
            return self.poll_failed(daemon, shop, 0);
        }
        let poller = &mut self.daemons[daemon].orders[shop];
        poller.polling = false;
        poller.waits = Some((poller.appended, begun));
        self.applied(daemon);
    }

    fn save_cursor(&mut self, daemon: usize, shop: usize, cursor: Option<Millis>) -> bool {
        let token = self.daemons[daemon].orders[shop].token;
        let known = self.store.channels[shop].cursor.1;
        if known == cursor {
            return true;
        }
        if !self.allowed(daemon, token) {
            return false;
        }
        let stored = &mut self.store.channels[shop].cursor;
        *stored = (stored.0 + 1, cursor);
        true
    }

    fn append_order(&mut self, shop: usize, order: usize, state: usize, fact: OrderFact) -> u64 {
        let channel = self.names.channels[shop].clone();
        let sequence = fact.revision.map_or(0, |revision| revision.sequence);
        self.oracle_secret(&fact);
        self.tell(|_| format!("order {order} comes in as state {state}"));
        self.store.append(
            Event::Order { channel, order: fact },
            About::Order(order, state, sequence),
        )
    }

    /// The cursor has moved on: whoever waited for it goes on.
    pub(crate) fn applied(&mut self, daemon: usize) {
        let (applied, life) = (self.daemons[daemon].applied, self.daemons[daemon].life);
        for shop in 0..self.scenario.shops.len() {
            let every = self.scenario.shops[shop].orders_every;
            let poller = &mut self.daemons[daemon].orders[shop];
            let Some((_, begun)) = poller.waits.filter(|(entry, _)| *entry <= applied) else {
                continue;
            };
            (poller.waits, poller.failures, poller.began) = (None, 0, Some(begun));
            let again = std::mem::take(&mut poller.wanted);
            self.update_gates(daemon);
            self.next_poll(daemon, shop, if again { 0 } else { every });
            self.fetched(daemon, shop, begun);
        }
        if self.daemons[daemon].up && self.daemons[daemon].life == life {
            self.stock_applied(daemon);
        }
    }

    /// The channel tells of an order by itself; a daemon that is up takes it, the leader or not.
    pub(crate) fn webhook(&mut self, order: usize, state: usize, attempt: u32) {
        let shop = self.world.orders[order].shop;
        let there = |daemon: &crate::daemon::Daemon| daemon.up && daemon.stopped_until <= self.t;
        let ready: Vec<usize> = (0..self.daemons.len()).filter(|d| there(&self.daemons[*d])).collect();
        let durable_first = !self.broken(Broken::AnswerBeforeDurable);
        if ready.is_empty() || (!self.store_answers() && durable_first) {
            // No 2xx: the channel sends again, some times.
            if attempt < 6 {
                let pause = self.wire.range(5, 10) * SECOND * i64::from(attempt);
                self.after(
                    pause,
                    Happening::Webhook {
                        order,
                        state,
                        attempt: attempt + 1,
                    },
                );
            }
            return;
        }
        let daemon = ready[self.wire.below(ready.len())];
        if self.scenario.shops[shop].webhooks == Webhooks::Hint {
            return self.hint(daemon, shop);
        }
        if !durable_first && (!self.store_answers() || self.nature.chance(20)) {
            self.oracle_promised(order, state);
            return; // Answered 2xx, kept in memory, gone with it.
        }
        // A body's sequence is that of its making: a later fetch is newer.
        let made = self.world.orders[order].history[state].updated.0 - MINUTE;
        let fact = self.fact(order, state, made.min(self.t));
        self.append_order(shop, order, state, fact);
        self.oracle_promised(order, state);
        self.wake_ledgers(daemon);
    }
}

/// Whether this very state of the order was appended before, whatever our fetch sequence says.
fn same_but_sequence(seen: &OrderFact, fact: &OrderFact) -> bool {
    let number = |fact: &OrderFact| fact.revision.map(|revision| revision.number);
    number(seen) == number(fact)
        && (seen.status, seen.placed_at, seen.at) == (fact.status, fact.placed_at, fact.at)
        && seen.lines == fact.lines
}
