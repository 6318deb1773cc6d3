//! The limit of calls that each vendor states: the product's limiter, shared by the worker and the poller of
//! orders, with its record in the store; and the vendor's own count, which judges it.

use crate::broken::Broken;
use crate::call::{Call, Job, Outcome};
use crate::sim::Sim;
use crate::worker::Worker;
use omnistock_planner::{Ask, Class, GRACE, LimitRecord, Limiter};
use omnistock_words::{CallKind, CallLimit, Learned, Millis};

/// How far daemons' clocks may be apart, milliseconds.
const CLOCKS: i64 = 600;

/// Who asks.
pub(crate) const WORKER: u32 = 0;
pub(crate) const POLLER: u32 = 1;

impl Sim {
    /// The limiter of a daemon that begins to lead: from the record; where the store went back meanwhile, as if all had
    /// been used by now.
    pub(crate) fn limiter(&self, daemon: usize, shop: usize) -> Limiter {
        let (per_minute, burst) = self.scenario.shops[shop].rate;
        let limit = CallLimit::rate("calls", per_minute as u32, 60_000, burst as u32);
        let now = self.now(daemon);
        let record = self.store.channels[shop].limits.as_ref().map(|(generation, record)| {
            let whole = *generation == self.store.generation;
            if whole {
                record.clone()
            } else {
                LimitRecord::doubted(now)
            }
        });
        Limiter::new(&[limit], record.as_ref(), now)
    }

    /// The right to a call, or when to ask again.
    pub(crate) fn ask(&mut self, daemon: usize, shop: usize, claimant: u32) -> Result<u64, Millis> {
        let now = self.now(daemon);
        if self.broken(Broken::NoLimiter) {
            return Ok(0);
        }
        let Some(limiter) = self.daemons[daemon].limiters.get_mut(shop) else {
            return Err(now.plus(100));
        };
        match limiter.ask(claimant, CallKind::Write, 1, now) {
            Ask::Go { pass, .. } => Ok(pass),
            Ask::Wait(until) => Err(until),
        }
    }

    /// What the calls may use that were let go is in the store, or the lease is gone.
    pub(crate) fn secure(&mut self, daemon: usize, shop: usize, token: u64) -> bool {
        let now = self.now(daemon);
        let Some(limiter) = self.daemons[daemon].limiters.get_mut(shop) else {
            return true;
        };
        if limiter.secured(now) || self.broken == Some(Broken::NoLimiter) {
            return true;
        }
        if !self.store.holds(daemon, token) {
            return false;
        }
        let record = limiter.record(now);
        self.store.channels[shop].limits = Some((self.store.generation, record.clone()));
        limiter.stored(record);
        true
    }

    /// A worker's round is durable, with what its calls may use; else none of them is made.
    pub(crate) fn durable(&mut self, daemon: usize, worker: &mut Worker) -> bool {
        let may =
            self.commit(daemon, worker) && (worker.passes.is_empty() || self.secure(daemon, worker.shop, worker.token));
        if !may {
            self.withdraw(daemon, worker.shop, std::mem::take(&mut worker.passes));
        }
        may
    }

    /// Calls that were let go and are not made.
    pub(crate) fn withdraw(&mut self, daemon: usize, shop: usize, passes: impl IntoIterator<Item = u64>) {
        if let Some(limiter) = self.daemons[daemon].limiters.get_mut(shop) {
            passes.into_iter().for_each(|pass| limiter.withdrawn(pass));
        }
    }

    /// A call is over, as far as its sender knows.
    pub(crate) fn pass_ended(&mut self, daemon: usize, shop: usize, pass: (u64, u64), outcome: &Outcome) {
        let now = self.now(daemon);
        if self.daemons[daemon].lease != Some(pass.0) {
            return;
        }
        let refused = match outcome {
            Outcome::Failed(Class::Retry { after: Some(after) }) => Some(Learned::Throttled { after: Some(*after) }),
            _ => None,
        };
        if let Some(limiter) = self.daemons[daemon].limiters.get_mut(shop) {
            limiter.ended(pass.1, refused.as_slice(), now);
        }
    }

    /// The vendor counts a call. What lands after its sender has given it up, or long after its sender is gone,
    /// comes on top. True: there are too many.
    pub(crate) fn vendor_counts(&mut self, call: &Call) -> bool {
        let (t, shop) = (self.t, call.shop);
        let (per_minute, burst) = self.scenario.shops[shop].rate;
        let sender = &self.daemons[call.daemon];
        let worker = sender.workers.get(shop).and_then(Option::as_ref);
        let works = if let Job::Orders(..) = call.job {
            sender.up && sender.life == call.of
        } else {
            worker.is_some_and(|worker| worker.id == call.of)
        };
        if call.given_up || !works && t - call.sent > GRACE {
            return false;
        }
        let (level, at) = self.world.shops[shop].counter;
        let full = burst * 60_000;
        let level = (level + (t - at).min(3_600_000) * per_minute).min(full) - 60_000;
        self.world.shops[shop].counter = (level.max(-full), t);
        // Clocks are not the same everywhere.
        let slack = CLOCKS * per_minute + 60_000;
        if level < -slack {
            let over = -level / 60_000;
            self.violate(
                "I9",
                None,
                format!("{shop} got {over} calls more than {burst} and {per_minute} a minute allow"),
            );
        }
        level < -slack
    }
}
