//! Calls to channels: they arrive or not, are applied or not, land late, and are answered or not.

use crate::broken::Broken;
use crate::fault::Fault;
use crate::scenario::{MINUTE, SECOND};
use crate::sim::{Happening, Sim};
use crate::trace::Step;
use omnistock_planner::{Class, Verdict};
use omnistock_words::{Millis, Quantity};

/// One call to a vendor lasts at most so long.
pub(crate) const DEADLINE: i64 = MINUTE;
/// Listings on one page of a catalogue.
const PAGE: usize = 25;
/// How far a poll of orders reaches back behind its cursor.
pub(crate) const OVERLAP: i64 = 2 * MINUTE;

/// A number on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) listing: usize,
    pub(crate) number: i64,
    /// What it may replace, where the channel compares.
    pub(crate) expected: Option<i64>,
    /// Rises with every intent.
    pub(crate) intent: u64,
}

#[derive(Debug, Clone)]
pub(crate) enum Job {
    Write(Vec<Item>),
    Read(Vec<usize>),
    Page(usize),
    /// Listing, cents.
    Price(Vec<(usize, i64)>),
    /// Behind this instant of the vendor's clock; asked by this turn of the poller.
    Orders(Option<Millis>, u64),
}

/// What a channel shows of one listing.
#[derive(Debug, Clone)]
pub(crate) struct Reading {
    pub(crate) listing: usize,
    pub(crate) number: i64,
    /// Order, line, units.
    pub(crate) aside: Vec<(usize, usize, i64)>,
    /// Cents.
    pub(crate) price: Option<i64>,
}

#[derive(Debug, Clone)]
pub(crate) enum Outcome {
    Failed(Class),
    Written(Vec<Verdict>),
    Read(Vec<Reading>),
    /// And where the next page begins.
    Page(Vec<Reading>, Option<usize>),
    /// Which of them were taken.
    Priced(Vec<bool>),
    /// Order and state, the next cursor, our fetch sequence.
    Orders(Vec<(usize, usize)>, Option<Millis>, i64),
}

pub(crate) struct Call {
    pub(crate) daemon: usize,
    /// The worker's (or the life's) number: answers to another one are dropped.
    pub(crate) of: u64,
    pub(crate) shop: usize,
    pub(crate) job: Job,
    /// The sender's token, and the right to the call under it.
    pub(crate) pass: (u64, u64),
    pub(crate) sent: i64,
    /// When it was sent, our clock.
    pub(crate) begun: Millis,
    pub(crate) given_up: bool,
    pub(crate) arrived: bool,
    pub(crate) outcome: Option<Outcome>,
}

impl Sim {
    /// Puts a call on the wire; decides what the network does to it.
    pub(crate) fn send(&mut self, daemon: usize, of: u64, shop: usize, job: Job, pass: (u64, u64)) {
        let begun = self.now(daemon);
        let (given_up, arrived, outcome) = (false, false, None);
        let sent = self.t;
        let call = Call {
            daemon,
            of,
            shop,
            job,
            pass,
            sent,
            begun,
            given_up,
            arrived,
            outcome,
        };
        let index = self.keep(call);
        let (quick, slow) = self.scenario.shops[shop].latency;
        let way = self.wire.range(quick / 2, quick) + if self.wire.chance(30) { slow } else { 0 };
        if self.fault(Fault::TimeoutBefore, 12) {
            self.oracle.lost[shop].push(sent);
            return self.after(DEADLINE, Happening::Deadline(index));
        }
        if self.fault(Fault::LateLanding, 12) {
            let late = self.dice().range(DEADLINE - 20 * SECOND, 3 * DEADLINE);
            self.after(late, Happening::Arrive(index));
            self.oracle.lost[shop].push(sent);
            return self.after(DEADLINE, Happening::Deadline(index));
        }
        self.after(way, Happening::Arrive(index));
    }

    fn keep(&mut self, call: Call) -> usize {
        self.made += 1;
        self.calls.insert(self.made, Box::new(call));
        self.made
    }

    /// The call is at the channel.
    pub(crate) fn arrive(&mut self, index: usize) {
        let Some(mut call) = self.calls.remove(&index) else {
            return;
        };
        let outcome = self.perform(&call);
        let given_up = call.given_up;
        let lost = self.fault(Fault::TimeoutAfter, 12);
        let (_, slow) = self.scenario.shops[call.shop].latency;
        let (quick, sent) = (self.scenario.shops[call.shop].latency.0, call.sent);
        if given_up {
            return; // Its sender has long gone on.
        }
        (call.arrived, call.outcome) = (true, Some(outcome));
        let shop = call.shop;
        self.calls.insert(index, call);
        if lost {
            self.oracle.lost[shop].push(sent);
            return self.plan(sent + DEADLINE, Happening::Deadline(index));
        }
        let way = self.wire.range(quick / 2, quick) + if self.wire.chance(30) { slow } else { 0 };
        self.after(way, Happening::Answer(index));
    }

    /// No answer in time: what became of it is not known.
    pub(crate) fn deadline(&mut self, index: usize) {
        let Some(call) = self.calls.get_mut(&index) else { return };
        if call.given_up || (call.arrived && call.sent + DEADLINE > self.t) {
            return;
        }
        let (daemon, of, shop) = (call.daemon, call.of, call.shop);
        let (job, begun, pass) = (call.job.clone(), call.begun, call.pass);
        if call.arrived {
            self.calls.remove(&index);
        } else {
            call.given_up = true;
        }
        self.hand_over(
            daemon,
            of,
            shop,
            (job, pass),
            begun,
            Outcome::Failed(Class::Unknown),
            index,
        );
    }

    pub(crate) fn answer(&mut self, index: usize) {
        let Some(call) = self.calls.get(&index) else { return };
        let daemon = &self.daemons[call.daemon];
        if daemon.up && daemon.stopped_until > self.t {
            let until = daemon.stopped_until;
            return self.plan(until, Happening::Answer(index));
        }
        let Some(call) = self.calls.remove(&index) else { return };
        let call = *call;
        let Some(outcome) = call.outcome else { return };
        let job = (call.job, call.pass);
        self.hand_over(call.daemon, call.of, call.shop, job, call.begun, outcome, index);
    }

    #[allow(clippy::too_many_arguments, reason = "one place, all of them needed")]
    fn hand_over(
        &mut self,
        daemon: usize,
        of: u64,
        shop: usize,
        (job, pass): (Job, (u64, u64)),
        begun: Millis,
        outcome: Outcome,
        index: usize,
    ) {
        let this = &self.daemons[daemon];
        if !this.up {
            return;
        }
        if this.stopped_until > self.t {
            // It wakes up to an answer that is not there any more.
            let call = Call {
                daemon,
                of,
                shop,
                job,
                pass,
                sent: self.t,
                begun,
                given_up: false,
                arrived: true,
                outcome: Some(outcome),
            };
            let until = this.stopped_until;
            let index = self.keep(call);
            return self.plan(until, Happening::Answer(index));
        }
        self.pass_ended(daemon, shop, pass, &outcome);
        self.trace
            .step(Step::Answer, self.t, [daemon as i64, shop as i64, index as i64]);
        match job {
            Job::Orders(_, turn) => self.orders_came(daemon, of, shop, turn, begun, outcome),
            job => self.ended(daemon, of, shop, job, begun, outcome),
        }
    }

    /// What the channel does with a call.
    fn perform(&mut self, call: &Call) -> Outcome {
        let (t, shop) = (self.t, call.shop);
        let too_many = self.vendor_counts(call);
        self.oracle_refused(shop);
        if self.world.shops[shop].down_until > t {
            return Outcome::Failed(Class::Retry { after: None });
        }
        if too_many || (self.world.shops[shop].throttled && !self.quiet && self.nature.chance(300)) {
            let after = self.nature.range(1, 20) * SECOND;
            return Outcome::Failed(Class::Retry { after: Some(after) });
        }
        self.oracle_polled(call);
        match &call.job {
            Job::Write(items) => self.perform_write(shop, items, call),
            Job::Read(listings) => {
                if listings.iter().any(|n| !self.world.shops[shop].listings[*n].listed) && listings.len() > 1 {
                    // Answers what there is.
                    let there = listings.iter().filter(|n| self.world.shops[shop].listings[**n].listed);
                    return Outcome::Read(there.map(|n| self.reading(shop, *n)).collect());
                }
                let there = listings.iter().filter(|n| self.world.shops[shop].listings[**n].listed);
                Outcome::Read(there.map(|n| self.reading(shop, *n)).collect())
            }
            Job::Page(from) => {
                let count = self.world.shops[shop].listings.len();
                let until = (from + PAGE).min(count);
                let there = (*from..until).filter(|n| self.world.shops[shop].listings[*n].listed);
                let page = there.map(|n| self.reading(shop, n)).collect();
                Outcome::Page(page, (until < count).then_some(until))
            }
            Job::Price(prices) => {
                let mut taken = Vec::with_capacity(prices.len());
                for (listing, cents) in prices {
                    let counter = &mut self.world.shops[shop].listings[*listing];
                    let good = counter.poison <= t && counter.listed;
                    if good {
                        counter.price = Some(*cents);
                    }
                    taken.push(good);
                }
                Outcome::Priced(taken)
            }
            Job::Orders(cursor, _) => self.perform_orders(shop, *cursor),
        }
    }

    fn reading(&self, shop: usize, listing: usize) -> Reading {
        let counter = &self.world.shops[shop].listings[listing];
        Reading {
            listing,
            number: counter.number,
            aside: counter.aside.clone(),
            price: counter.price,
        }
    }

    fn perform_write(&mut self, shop: usize, items: &[Item], call: &Call) -> Outcome {
        let t = self.t;
        let bad = |sim: &Self, item: &Item| {
            let counter = &sim.world.shops[shop].listings[item.listing];
            counter.poison > t || !counter.listed
        };
        if self.on(Fault::WholeCall) && items.len() > 1 && items.iter().any(|item| bad(self, item)) {
            return Outcome::Failed(Class::Rejected);
        }
        let mut verdicts = Vec::with_capacity(items.len());
        for item in items {
            let failed = |class| Verdict::Failed {
                class,
                reason: "refused".to_owned(),
                items: 1,
            };
            if bad(self, item) {
                verdicts.push(failed(Class::Rejected));
                continue;
            }
            if self.fault(Fault::ItemError, 40) {
                verdicts.push(failed(Class::Retry { after: None }));
                continue;
            }
            let number = self.world.shops[shop].listings[item.listing].number;
            if item.expected.is_some_and(|expected| expected != number) {
                let (quantity, reason) = (Some(Quantity::whole(number)), "stale compare value".to_owned());
                verdicts.push(Verdict::Stale { quantity, reason });
                continue;
            }
            let most = self.scenario.shops[shop].most;
            let counter = &mut self.world.shops[shop].listings[item.listing];
            let cap = if counter.clamp.0 > t { counter.clamp.1 } else { most };
            let applied = counter.applied;
            counter.number = item.number.min(cap);
            counter.raised = false;
            counter.applied = counter.applied.max(item.intent);
            let shown = counter.number;
            self.trace
                .step(Step::Applied, t, [shop as i64, item.listing as i64, shown]);
            self.oracle_applied(shop, *item, applied, call);
            self.tell(|sim| {
                format!(
                    "{shop} shows {shown} of {} (listing {})",
                    sim.listing_name(shop, item.listing),
                    item.listing
                )
            });
            let told = self.scenario.shops[shop].counter.then(|| Quantity::whole(shown));
            verdicts.push(Verdict::Applied { quantity: told });
        }
        Outcome::Written(verdicts)
    }

    pub(crate) fn listing_name(&self, shop: usize, listing: usize) -> &str {
        self.names.skus[self.world.shops[shop].listings[listing].article].as_str()
    }

    /// Orders changed behind the cursor, with an overlap; without a cursor all of them.
    fn perform_orders(&mut self, shop: usize, cursor: Option<Millis>) -> Outcome {
        let overlap = if self.broken(Broken::PollWithoutOverlap) {
            -2 * MINUTE
        } else {
            OVERLAP
        };
        let updates = &self.world.shops[shop].updates;
        let from = cursor.map_or(0, |cursor| {
            updates.partition_point(|(at, _)| *at < cursor.plus(-overlap))
        });
        let mut orders: Vec<usize> = updates[from..].iter().map(|(_, order)| *order).collect();
        orders.sort_unstable();
        orders.dedup();
        let newest = updates.last().map(|(at, _)| *at);
        if self.broken(Broken::NoPoll) {
            orders.clear();
        }
        let told = orders
            .into_iter()
            .map(|order| (order, self.world.orders[order].history.len() - 1));
        Outcome::Orders(told.collect(), newest.or(cursor), self.t)
    }
}
