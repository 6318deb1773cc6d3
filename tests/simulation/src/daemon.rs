//! A daemon: its lives, its clock, its lease. Everything it knows by itself dies with it.

use crate::fault::Fault;
use crate::intake::{OrderPoller, StockPoller};
use crate::scenario::{MINUTE, SECOND};
use crate::sim::{Happening, Sim};
use crate::trace::Step;
use crate::worker::Worker;
use omnistock_engine::gate::Conditions;
use omnistock_planner::Limiter;
use omnistock_words::{Millis, Settings};
use std::rc::Rc;

/// How long a lease lasts.
pub(crate) const LEASE: i64 = 16 * SECOND;

pub(crate) struct Daemon {
    pub(crate) up: bool,
    pub(crate) life: u64,
    pub(crate) stopped_until: i64,
    /// Its clock is ahead of the world's by so much.
    pub(crate) clock: i64,
    pub(crate) lease: Option<u64>,
    /// The generation of the store that it began with.
    pub(crate) generation: u64,
    pub(crate) cursor: Option<u64>,
    pub(crate) ledger_planned: bool,
    pub(crate) due: Option<Millis>,
    pub(crate) applied: u64,
    pub(crate) orders: Vec<OrderPoller>,
    pub(crate) stock: StockPoller,
    pub(crate) conditions: Vec<Conditions>,
    pub(crate) gates: Vec<bool>,
    pub(crate) workers: Vec<Option<Box<Worker>>>,
    /// By channel, while it leads.
    pub(crate) limiters: Vec<Limiter>,
    pub(crate) settings: Rc<Settings>,
    pub(crate) stamp: u64,
}

impl Daemon {
    pub(crate) fn new(_: usize) -> Self {
        Self {
            up: false,
            life: 0,
            stopped_until: 0,
            clock: 0,
            lease: None,
            generation: 0,
            cursor: None,
            ledger_planned: false,
            due: None,
            applied: 0,
            orders: Vec::new(),
            stock: StockPoller::default(),
            conditions: Vec::new(),
            gates: Vec::new(),
            workers: Vec::new(),
            limiters: Vec::new(),
            settings: Rc::default(),
            stamp: 0,
        }
    }
}

impl Sim {
    /// The daemon's clock.
    pub(crate) fn now(&self, daemon: usize) -> Millis {
        Millis(self.t + self.daemons[daemon].clock)
    }

    pub(crate) fn start(&mut self, daemon: usize) {
        if self.daemons[daemon].up {
            return;
        }
        let shops = self.scenario.shops.len();
        let stated = std::mem::take(&mut self.daemons[daemon].stock.stated);
        let settings = Rc::clone(&self.settings);
        let conditions = self
            .names
            .channels
            .iter()
            .map(|channel| Conditions::of(&settings, channel))
            .collect();
        let (life, clock) = (self.daemons[daemon].life + 1, self.daemons[daemon].clock);
        self.daemons[daemon] = Daemon {
            up: true,
            life,
            clock,
            generation: self.store.generation,
            orders: (0..shops).map(|_| OrderPoller::default()).collect(),
            conditions,
            gates: vec![false; shops],
            workers: (0..shops).map(|_| None).collect(),
            settings,
            stamp: self.stamp,
            ..Daemon::new(daemon)
        };
        if self.broken == Some(crate::broken::Broken::StatementsOnce) {
            self.daemons[daemon].stock.stated = stated;
        }
        self.oracle.starts(daemon);
        self.trace.step(Step::Life, self.t, [daemon as i64, life as i64, 1]);
        self.tell(|_| format!("daemon {daemon} starts (life {life})"));
        self.after(0, Happening::Lease { daemon, life });
    }

    pub(crate) fn kill(&mut self, daemon: usize) {
        if self.daemons[daemon].up && !self.quiet {
            self.end_life(daemon);
            let pause = self.nature.range(1, 60) * SECOND;
            self.after(pause, Happening::Start(daemon));
        }
        if !self.quiet {
            let pause = self.nature.gap(25 * MINUTE);
            self.after(pause, Happening::Kill(daemon));
        }
    }

    fn end_life(&mut self, daemon: usize) {
        let this = &mut self.daemons[daemon];
        this.up = false;
        this.workers.clear();
        this.limiters.clear();
        this.lease = None;
        let life = this.life;
        self.trace.step(Step::Life, self.t, [daemon as i64, life as i64, 0]);
        self.tell(|_| format!("daemon {daemon} is killed"));
    }

    /// As SIGSTOP does; or its clock jumps.
    pub(crate) fn pause(&mut self, daemon: usize) {
        if self.quiet {
            return;
        }
        if self.fault(Fault::Pause, 1_000) && self.daemons[daemon].up {
            let length = self.nature.range(1, 60) * SECOND;
            self.daemons[daemon].stopped_until = self.t + length;
            self.tell(|_| format!("daemon {daemon} is stopped for {} s", length / SECOND));
        }
        if self.fault(Fault::ClockJump, 1_000) {
            self.daemons[daemon].clock = self.nature.range(-300, 300);
        }
        let pause = self.nature.gap(15 * MINUTE);
        self.after(pause, Happening::Stop(daemon));
    }

    pub(crate) fn store_answers(&self) -> bool {
        self.store_away_until <= self.t
    }

    /// Takes or prolongs the lease, and notices a store that is not the one it was.
    pub(crate) fn lease(&mut self, daemon: usize) {
        let life = self.daemons[daemon].life;
        if self.store_answers() && self.store.generation != self.daemons[daemon].generation {
            // Flushed or failed over: nothing that is remembered can be relied on.
            self.tell(|_| format!("daemon {daemon} sees that the store is another one"));
            self.end_life(daemon);
            return self.start(daemon);
        }
        let held = self.daemons[daemon].lease;
        let next = if self.store_answers() {
            let t = self.t;
            held.filter(|token| self.store.renew(daemon, *token, LEASE, t))
                .or_else(|| self.store.acquire(daemon, LEASE, t))
        } else {
            None
        };
        self.after(LEASE / 4, Happening::Lease { daemon, life });
        if next == held {
            return;
        }
        self.daemons[daemon].lease = next;
        for worker in &mut self.daemons[daemon].workers {
            *worker = None;
        }
        self.daemons[daemon].limiters.clear();
        if let Some(token) = next {
            self.tell(|_| format!("daemon {daemon} leads with token {token}"));
            self.lead(daemon);
        }
    }

    /// Everybody who needs the lease goes to work.
    fn lead(&mut self, daemon: usize) {
        self.daemons[daemon].cursor = None;
        // Another daemon may have led since: what was stated is stated again, and agreement counts from now on.
        if !self.broken(crate::broken::Broken::StatementsOnce) {
            self.daemons[daemon].stock.stated.clear();
        }
        let now = self.now(daemon);
        if let Some(held) = &mut self.daemons[daemon].stock.held {
            held.since = now;
        }
        let shops = 0..self.scenario.shops.len();
        self.daemons[daemon].limiters = shops.map(|shop| self.limiter(daemon, shop)).collect();
        self.wake_ledger(daemon, 0);
        for shop in 0..self.scenario.shops.len() {
            self.next_poll(daemon, shop, 0);
            self.begin_worker(daemon, shop);
        }
        self.next_stock_poll(daemon, 100);
        self.plan_due(daemon);
    }

    /// The daemon's settings were reloaded.
    pub(crate) fn reload(&mut self) {
        self.stamp += 1;
        self.settings = Rc::new(crate::settings::settings(&self.scenario, &self.names, &self.knobs));
        for daemon in 0..self.daemons.len() {
            self.daemons[daemon].settings = Rc::clone(&self.settings);
            self.daemons[daemon].stamp = self.stamp;
            for shop in 0..self.scenario.shops.len() {
                if self.daemons[daemon].up && self.daemons[daemon].stopped_until <= self.t {
                    self.round(daemon, shop);
                }
            }
            self.plan_due(daemon);
        }
    }
}
