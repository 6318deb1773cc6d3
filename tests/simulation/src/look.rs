//! Looking at SKUs, as `src/delivery/{look,sight}.rs` do it: the newest ledger, the promise, and what
//! the planner says of each listing.

use crate::broken::Broken;
use crate::promised::Promises;
use crate::sim::Sim;
use crate::worker::{Entry, Worker};
use omnistock_engine::{Attributes, Promise, State, needs, resolve_listing};
use omnistock_planner::{Action, Facts, OwnLine, Parked, Risk, Target, Why, decide, fresh, shown, target};
use omnistock_words::{LocationName, Millis, Mode, Quantity, Sku, WriteMeaning};
use std::rc::Rc;

/// A number that is to be sent.
pub(crate) struct Planned {
    pub(crate) index: usize,
    pub(crate) sku: Sku,
    pub(crate) quantity: Quantity,
    pub(crate) target: Quantity,
    pub(crate) expected: Option<Quantity>,
    pub(crate) risk: Risk,
    pub(crate) since: Millis,
    /// When it was made, from the ledgers as they are.
    pub(crate) at: Millis,
}

/// What the ledger says of a SKU, for all of its listings.
pub(crate) struct Sight {
    shop: usize,
    promises: Promises,
    policies: Rc<Vec<(Mode, Quantity)>>,
    pub(crate) known: bool,
    lines: Rc<Vec<OwnLine>>,
    sole: bool,
    since: Millis,
    seen_at: Millis,
    marked_at: Option<Millis>,
}

impl Sight {
    /// What the channel may promise.
    pub(crate) fn promise(&self) -> &Promise {
        &self.promises[self.shop].1
    }
}

/// What a listing should show, and what that is decided by.
struct Aim {
    mode: Mode,
    target: Target,
    factor: Quantity,
    fresh: bool,
}

impl Sim {
    /// Decides about every listing of these SKUs. What is settled gets its mark cleared.
    pub(crate) fn look(&mut self, daemon: usize, worker: &mut Worker, skus: Vec<Sku>, now: Millis) -> Vec<Planned> {
        let mut planned = Vec::new();
        for sku in skus {
            let Some(work) = worker.work.get(&sku).cloned() else {
                continue;
            };
            let listings: Vec<usize> = self.world.shops[worker.shop].by_article[self.names.sku(&sku)]
                .iter()
                .copied()
                .filter(|index| worker.entries[*index].is_some())
                .collect();
            let mut settled = true;
            if !listings.is_empty() {
                let sight = self.sight(worker, &sku, listings.len() == 1, &work, now);
                for index in listings {
                    let before = planned.len();
                    settled &= self.act(daemon, worker, index, &sku, &sight, now, &mut planned);
                    if let Some(write) = planned.get(before) {
                        let risk = write.risk;
                        worker.work.queue(&sku, risk);
                    }
                }
            }
            if settled && let Some(version) = worker.work.done(&sku) {
                worker.clears.push((sku, version));
            }
        }
        planned
    }

    fn sight(&mut self, worker: &Worker, sku: &Sku, sole: bool, work: &omnistock_planner::Work, now: Millis) -> Sight {
        let (shop, article) = (worker.shop, self.names.sku(sku));
        let (promises, policies) = self.promised(&worker.settings, article, now);
        let lines = self.own_lines(article, shop, worker.vendor.write == WriteMeaning::Gross);
        let promises = crate::broken::promises(self.broken, self, worker, sku, promises);
        let state = promises[shop].1.state;
        let sold_so = matches!(state, State::Backorder | State::Preorder | State::Untracked);
        Sight {
            known: article >= self.scenario.skus || sold_so || self.promised.spoken_of(article),
            shop,
            promises,
            policies,
            lines,
            sole,
            since: work.since,
            seen_at: work.seen_at,
            marked_at: work.marked_at,
        }
    }

    /// Carries out what needs no call, plans what does. True: nothing is left to do.
    #[allow(clippy::too_many_arguments, reason = "one place, all of them needed")]
    fn act(
        &mut self,
        daemon: usize,
        worker: &mut Worker,
        index: usize,
        sku: &Sku,
        sight: &Sight,
        now: Millis,
        planned: &mut Vec<Planned>,
    ) -> bool {
        self.look_at_price(worker, index, sight, sight.policies[worker.shop].0, now);
        let Some(entry) = &worker.entries[index] else {
            return true;
        };
        if entry.busy && !self.broken(Broken::TwoInFlight) {
            return false; // Its outcome comes back here, with the newest number.
        }
        let aim = self.aim(worker, entry, sku, sight, now);
        let (action, risk) = self.decide(worker, entry, sight, &aim, now);
        let (fresh, number) = (aim.fresh, aim.target);
        if let (Target::Number(number), Some(entry)) = (number, &mut worker.entries[index]) {
            entry.document.desired = Some(number);
        }
        let Action::Write {
            quantity,
            target,
            expected,
            ..
        } = action
        else {
            return self.carry_out(daemon, worker, index, sku, &action, fresh, now);
        };
        let sku = sku.clone();
        let since = sight.since;
        planned.push(Planned {
            index,
            sku,
            quantity,
            target,
            expected,
            risk,
            since,
            at: now,
        });
        left(worker, index)
    }

    /// The versions of the ledgers that a promise for the SKU reads.
    pub(crate) fn version_of(&self, worker: &Worker, sku: &Sku) -> u64 {
        let version = |sku: &Sku| self.store.versions[self.names.sku(sku)];
        needs(&worker.settings, sku).iter().map(version).sum()
    }

    fn aim(&self, worker: &Worker, entry: &Entry, sku: &Sku, sight: &Sight, now: Millis) -> Aim {
        let promise = sight.promise();
        let (mode, factor) = sight.policies[worker.shop];
        let target = if sight.known {
            let whole = (promise.quantity, promise.state == State::Untracked);
            target(&entry.document, whole, &promise.split, |place| {
                self.sells_from(worker, entry, sku, place, now)
            })
        } else {
            Target::Unknown
        };
        let falls = mode == Mode::Live && promise.only_decrease;
        Aim {
            mode: if falls { Mode::DecreaseOnly } else { mode },
            target,
            factor,
            fresh: fresh(&entry.document, entry.asked_at, sight.marked_at, entry.reads, now),
        }
    }

    /// Whether the channel sells the listing's SKU from the place.
    fn sells_from(&self, worker: &Worker, entry: &Entry, sku: &Sku, place: &LocationName, now: Millis) -> bool {
        let (settings, channel) = (&worker.settings, &self.names.channels[worker.shop]);
        let ledger = self.store.documents.skus.get(sku);
        let attributes = ledger.map_or_else(Attributes::default, |ledger| ledger.attributes.clone());
        let listing = Some(&entry.document.listing);
        let policy = resolve_listing(settings, channel, sku, &attributes, listing, now);
        policy.locations.contains(place)
    }

    fn decide(&self, worker: &Worker, entry: &Entry, sight: &Sight, aim: &Aim, now: Millis) -> (Action, Risk) {
        let facts = Facts {
            vendor: &worker.vendor,
            mode: aim.mode,
            gate: worker.gate || self.broken(Broken::GateOff),
            target: aim.target,
            factor: aim.factor,
            document: &entry.document,
            lines: &sight.lines,
            sole: sight.sole,
            fresh: aim.fresh,
            reserved: &entry.reserved,
            reads: entry.reads,
            since: sight.seen_at,
            orders: worker.orders,
            settings: worker.stamp,
            now,
        };
        let action = crate::broken::decision(self.broken, &facts, decide(&facts));
        let risk = match &action {
            Action::Write { quantity, .. } => Risk::of(*quantity, shown(&facts).map(|span| span.high)),
            _ => Risk::Increase,
        };
        (action, risk)
    }

    #[allow(clippy::too_many_arguments, reason = "one place, all of them needed")]
    fn carry_out(
        &mut self,
        daemon: usize,
        worker: &mut Worker,
        index: usize,
        sku: &Sku,
        action: &Action,
        fresh: bool,
        now: Millis,
    ) -> bool {
        let _ = daemon;
        match action {
            Action::Nothing(why) if why.settled() => return settle_listing(worker, index, *why, fresh, now),
            Action::Nothing(_) | Action::Write { .. } => {}
            Action::Read => ask(worker, index, now),
            Action::FetchOrdersFirst => worker.work.wait_for_orders(sku),
            Action::Wait { until } => worker.work.wait(sku, *until),
            Action::Park(reason) => {
                let settings = worker.stamp;
                if let Some(entry) = &mut worker.entries[index] {
                    let (reason, target) = ((*reason).to_owned(), entry.document.desired);
                    entry.document.parked = Some(Parked {
                        reason,
                        at: now,
                        target,
                        settings,
                    });
                }
                worker.touched.insert(index);
                return settle_listing(worker, index, Why::Parked, false, now);
            }
        }
        left(worker, index)
    }
}

/// Has it read. A reading that is still to come is waited for.
fn ask(worker: &mut Worker, index: usize, now: Millis) {
    let Some(entry) = &mut worker.entries[index] else {
        return;
    };
    let read = entry.document.observed.as_ref().map(|read| read.at);
    let waiting = entry.asked_at.is_some_and(|asked| read.is_none_or(|read| read < asked));
    if !waiting {
        entry.asked_at = Some(now);
    }
    if !waiting || !entry.reading {
        worker.schedule(index, now);
    }
}

fn left(worker: &mut Worker, index: usize) -> bool {
    if let Some(entry) = &mut worker.entries[index] {
        entry.pending = true;
    }
    false
}

fn settle_listing(worker: &mut Worker, index: usize, why: Why, fresh: bool, now: Millis) -> bool {
    let Some(entry) = &mut worker.entries[index] else {
        return true;
    };
    entry.pending = false;
    if entry.document.settled(why, fresh) {
        worker.touched.insert(index);
    }
    if why == (Why::Matches { verify: true }) {
        let overlap = 2 * (worker.vendor.grain + worker.vendor.skew) + 1_000;
        worker.schedule(index, now.plus(overlap));
    }
    true
}
