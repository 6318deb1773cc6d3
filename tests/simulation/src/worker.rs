//! One channel's worker, as `src/delivery/{worker,start,launch}.rs` do it: its memory under one lease,
//! its rounds (look, plan, commit, launch: what is launched is durable), and when it wakes.

use crate::broken::Broken;
use crate::call::{DEADLINE, Job, Outcome};
use crate::prices::Prices;
use crate::results::fetch_failed;
use crate::scenario::{MINUTE, SECOND};
use crate::sim::{Happening, Sim};
use omnistock_planner::{Breaker, Fetched, ListingDocument, Permit, Reserved, Vendor, WorkList};
use omnistock_words::{Millis, Quantity, Settings, Sku, WriteMeaning};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;

/// New SKUs that are looked at in one round, at most.
const MOST_LOOKS: usize = 2_000;
/// Between complete read-backs.
pub(crate) const AUDIT: i64 = 20 * MINUTE;
/// Between a yes and its read-back.
pub(crate) const READ_BACK: i64 = SECOND;
/// How far the vendor's clock may be off ours.
const SKEW: i64 = SECOND;

/// One number at the channel, in the worker's memory.
pub(crate) struct Entry {
    pub(crate) document: ListingDocument,
    pub(crate) version: u64,
    pub(crate) busy: bool,
    pub(crate) reading: bool,
    pub(crate) asked_at: Option<Millis>,
    pub(crate) reads: u32,
    pub(crate) reserved: Vec<Reserved>,
    pub(crate) read_due: Option<Millis>,
    pub(crate) pending: bool,
    pub(crate) missing: u32,
}

/// A complete read-back on its way.
#[derive(Default)]
pub(crate) struct Audit {
    pub(crate) cursor: usize,
    pub(crate) seen: BTreeSet<usize>,
    pub(crate) running: bool,
    pub(crate) not_before: Option<Millis>,
    pub(crate) failures: u32,
}

pub(crate) struct Worker {
    /// Told apart from every other worker there ever was.
    pub(crate) id: u64,
    pub(crate) shop: usize,
    pub(crate) token: u64,
    pub(crate) vendor: Vendor,
    pub(crate) entries: Vec<Option<Entry>>,
    pub(crate) due: BTreeSet<(Millis, usize)>,
    pub(crate) work: WorkList,
    pub(crate) touched: BTreeSet<usize>,
    pub(crate) intents: BTreeMap<usize, bool>,
    pub(crate) clears: Vec<(Sku, u64)>,
    pub(crate) breaker: Breaker,
    pub(crate) in_flight: usize,
    pub(crate) halves: VecDeque<Job>,
    pub(crate) audit: Option<Audit>,
    pub(crate) audit_at: Millis,
    pub(crate) primed: bool,
    pub(crate) orders: Option<Fetched>,
    pub(crate) fetching: Option<Millis>,
    pub(crate) fetch_after: Millis,
    pub(crate) fetch_failures: u32,
    pub(crate) settings: Rc<Settings>,
    pub(crate) stamp: u64,
    pub(crate) gate: bool,
    pub(crate) marked: u64,
    turn: u64,
    pub(crate) prices: Prices,
    /// Calls that wait for the store to have their intents, and their rights; what ended meanwhile.
    pub(crate) committing: Option<Vec<Job>>,
    pub(crate) passes: Vec<u64>,
    pub(crate) throttled: Option<Millis>,
    /// Calls that were planned since the last one that reads.
    pub(crate) writes: u32,
    pub(crate) queued: Vec<(Job, Millis, Outcome)>,
}

impl Worker {
    /// Reads it then, or earlier if that was planned.
    pub(crate) fn schedule(&mut self, index: usize, at: Millis) {
        let Some(entry) = &mut self.entries[index] else { return };
        let at = entry.read_due.map_or(at, |due| due.min(at));
        if let Some(due) = entry.read_due.replace(at) {
            self.due.remove(&(due, index));
        }
        self.due.insert((at, index));
    }

    pub(crate) fn unschedule(&mut self, index: usize) {
        if let Some(due) = self.entries[index].as_mut().and_then(|entry| entry.read_due.take()) {
            self.due.remove(&(due, index));
        }
    }

    pub(crate) fn free(&self, index: usize) -> bool {
        self.entries[index]
            .as_ref()
            .is_some_and(|entry| !entry.busy && !entry.reading)
    }

    pub(crate) fn next_due(&self) -> Option<Millis> {
        self.due
            .iter()
            .find(|(_, index)| self.free(*index))
            .map(|(due, _)| *due)
    }

    pub(crate) fn intend(&mut self, index: usize, open: bool) {
        self.touched.insert(index);
        self.intents.insert(index, open);
    }

    pub(crate) fn room(&self, most: usize, now: Millis) -> usize {
        let free = most.saturating_sub(self.in_flight);
        match self.breaker.permit(now) {
            Permit::Go if self.breaker.is_open() => free.min(1),
            Permit::Go => free,
            Permit::Wait(_) | Permit::Probing => 0,
        }
    }

    pub(crate) fn may_fetch(&self, now: Millis) -> bool {
        self.work.wants_orders() && self.fetching.is_none() && self.breaker.permit(now) == Permit::Go
    }
}

impl Sim {
    /// A worker under a new lease: its listings' documents, and which calls have no outcome.
    #[expect(clippy::too_many_lines, reason = "one field a line")]
    pub(crate) fn begin_worker(&mut self, daemon: usize, shop: usize) {
        let Some(token) = self.daemons[daemon].lease else {
            return;
        };
        let plan = &self.scenario.shops[shop];
        let vendor = Vendor {
            write: if plan.gross {
                WriteMeaning::Gross
            } else {
                WriteMeaning::Available
            },
            compare_and_set: plan.compares,
            grain: plan.grain,
            skew: SKEW,
            decimals: 0,
            least: Quantity::ZERO,
            most: Quantity::whole(plan.most),
            opens: false,
        };
        self.intents += 1;
        let state = &self.store.channels[shop];
        let entries = state.listings.iter().map(|stored| {
            stored.as_ref().map(|(version, document)| Entry {
                document: document.clone(),
                version: *version,
                busy: false,
                reading: false,
                asked_at: None,
                reads: 0,
                reserved: Vec::new(),
                read_due: None,
                pending: true,
                missing: 0,
            })
        });
        let mut worker = Worker {
            id: self.intents,
            shop,
            token,
            vendor,
            entries: entries.collect(),
            due: BTreeSet::new(),
            work: WorkList::default(),
            touched: BTreeSet::new(),
            intents: BTreeMap::new(),
            clears: Vec::new(),
            breaker: Breaker::default(),
            in_flight: 0,
            halves: VecDeque::new(),
            audit: Some(Audit::default()),
            audit_at: Millis::MAX,
            primed: self.broken(Broken::GateOff),
            orders: None,
            fetching: None,
            fetch_after: Millis::MIN,
            fetch_failures: 0,
            settings: Rc::clone(&self.daemons[daemon].settings),
            stamp: self.daemons[daemon].stamp,
            gate: self.daemons[daemon].gates[shop],
            marked: 0,
            turn: 0,
            prices: Prices::default(),
            committing: None,
            passes: Vec::new(),
            throttled: None,
            writes: 0,
            queued: Vec::new(),
        };
        // A call of which only the intent is known may have taken effect.
        for index in self.store.channels[shop].intents.clone() {
            if let Some(entry) = worker.entries[index].as_mut() {
                entry.document.unknown = !self.broken(Broken::UnknownForgotten);
                worker.intend(index, false);
            }
        }
        for (index, entry) in worker.entries.iter_mut().enumerate() {
            let price = entry.as_mut().and_then(|entry| entry.document.price.as_mut());
            if let Some(known) = price.filter(|known| known.open) {
                (known.open, known.unknown) = (false, true);
                worker.touched.insert(index);
            }
        }
        if self.commit(daemon, &mut worker) {
            self.daemons[daemon].workers[shop] = Some(Box::new(worker));
            self.round(daemon, shop);
        } else {
            self.begin_again(daemon, shop);
        }
    }

    pub(crate) fn begin_again(&mut self, daemon: usize, shop: usize) {
        let life = self.daemons[daemon].life;
        self.after(
            500,
            Happening::Round {
                daemon,
                life,
                shop,
                turn: u64::MAX,
            },
        );
    }

    /// Runs `act` on the worker, if there is one, and a round behind it.
    pub(crate) fn with_worker(&mut self, daemon: usize, shop: usize, act: impl FnOnce(&mut Self, &mut Worker)) {
        let Some(mut worker) = self.daemons[daemon].workers.get_mut(shop).and_then(Option::take) else {
            return;
        };
        act(self, &mut worker);
        self.daemons[daemon].workers[shop] = Some(worker);
        self.round(daemon, shop);
    }

    pub(crate) fn marks_came(&mut self, daemon: usize, shop: usize) {
        let pause = self.wire.range(0, 3);
        self.wake_worker(daemon, shop, pause);
    }

    pub(crate) fn gate_changed(&mut self, daemon: usize, shop: usize) {
        let now = self.now(daemon);
        if let Some(worker) = self.daemons[daemon].workers.get_mut(shop).and_then(Option::as_mut) {
            worker.gate = true;
            look_at_all(worker, &self.names.skus, now);
        }
        self.wake_worker(daemon, shop, 0);
    }

    pub(crate) fn wake_worker(&mut self, daemon: usize, shop: usize, pause: i64) {
        let life = self.daemons[daemon].life;
        let Some(worker) = self.daemons[daemon].workers.get_mut(shop).and_then(Option::as_mut) else {
            return;
        };
        worker.turn += 1;
        let turn = worker.turn;
        self.after(
            pause,
            Happening::Round {
                daemon,
                life,
                shop,
                turn,
            },
        );
    }

    pub(crate) fn round_turn(&mut self, daemon: usize, shop: usize, turn: u64) {
        match self.daemons[daemon].workers.get(shop).and_then(Option::as_ref) {
            Some(worker) if worker.turn == turn => self.round(daemon, shop),
            // Fenced, or in doubt, a while ago: it begins anew.
            None if turn == u64::MAX => self.begin_worker(daemon, shop),
            // Void: planned before something came earlier.
            _ => self.events -= 1,
        }
    }

    /// Looks, plans, commits, launches.
    pub(crate) fn round(&mut self, daemon: usize, shop: usize) {
        let Some(mut worker) = self.daemons[daemon].workers.get_mut(shop).and_then(Option::take) else {
            return;
        };
        if worker.committing.is_some() || !self.store_answers() {
            let waits = worker.committing.is_some();
            self.daemons[daemon].workers[shop] = Some(worker);
            if !waits {
                self.wake_worker(daemon, shop, 300);
            }
            return;
        }
        let now = self.now(daemon);
        self.settings_changed(daemon, &mut worker, now);
        if worker.fetching.is_some_and(|asked| now.since(asked) > DEADLINE) {
            fetch_failed(&mut worker, now, self.wire.word());
        }
        let mut planned = Vec::new();
        if worker.primed {
            self.take_marks(&mut worker, now);
            let most = self.scenario.shops[shop].concurrency;
            let room = worker.room(most, now);
            self.take_price_turns(&mut worker, room, now);
            let queued = room.saturating_mul(self.scenario.shops[shop].max_write);
            let skus = worker.work.take(now, MOST_LOOKS, queued);
            planned = self.look(daemon, &mut worker, skus, now);
        }
        let jobs = self.plan_calls(daemon, &mut worker, planned, now);
        self.oracle_bounds(&worker);
        worker.committing = Some(jobs);
        let (life, id) = (self.daemons[daemon].life, worker.id);
        let pause = if worker.touched.is_empty() && worker.clears.is_empty() {
            0
        } else {
            self.wire.range(1, 4)
        };
        self.daemons[daemon].workers[shop] = Some(worker);
        if pause == 0 {
            self.committed(daemon, shop, id);
        } else {
            self.after(pause, Happening::Commit { daemon, life, shop, id });
        }
    }

    /// The store has the round's changes, or refuses them; only then calls are made.
    pub(crate) fn committed(&mut self, daemon: usize, shop: usize, id: u64) {
        let slot = self.daemons[daemon].workers.get_mut(shop);
        let Some(mut worker) = slot.and_then(|slot| slot.take_if(|worker| worker.id == id)) else {
            return;
        };
        if !self.store_answers() {
            self.daemons[daemon].workers[shop] = Some(worker);
            let life = self.daemons[daemon].life;
            return self.after(300, Happening::Commit { daemon, life, shop, id });
        }
        let Some(jobs) = worker.committing.take() else {
            self.daemons[daemon].workers[shop] = Some(worker);
            return;
        };
        if self.oracle.violation.is_some() || !self.durable(daemon, &mut worker) {
            // Fenced, or what is in memory is not what is in the store: the worker ends here.
            return self.begin_again(daemon, shop);
        }
        self.launch(daemon, &mut worker, jobs);
        let queued = std::mem::take(&mut worker.queued);
        let busy = !queued.is_empty();
        for (job, begun, outcome) in queued {
            self.take(daemon, &mut worker, job, begun, outcome);
        }
        let pause = if busy {
            0
        } else {
            self.pause_of(&worker, self.now(daemon))
        };
        self.daemons[daemon].workers[shop] = Some(worker);
        self.wake_worker(daemon, shop, pause);
    }

    pub(crate) fn settings_changed(&mut self, daemon: usize, worker: &mut Worker, now: Millis) {
        if !Rc::ptr_eq(&worker.settings, &self.daemons[daemon].settings) {
            worker.settings = Rc::clone(&self.daemons[daemon].settings);
            worker.stamp = self.daemons[daemon].stamp;
            look_at_all(worker, &self.names.skus, now);
        }
    }
}

/// Looks at every SKU that has a listing.
pub(crate) fn look_at_all(worker: &mut Worker, skus: &[Sku], now: Millis) {
    let mut listed = BTreeSet::new();
    for entry in worker.entries.iter().flatten() {
        listed.extend(entry.document.sku.clone());
    }
    for sku in skus.iter().filter(|sku| listed.contains(*sku)) {
        worker.work.look(sku, now, now);
    }
}
