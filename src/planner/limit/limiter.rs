//! When a call may go: all buckets that count it, who has waited longest, and what answers told.
//!
//! A call counts from before it is made until it is answered as on its way, and as used from its answer
//! on. So wherever between the two it reaches the vendor, the vendor's own bucket is never found empty.

use super::bucket::{Bucket, Level};
use omnistock_words::{CallKind, CallLimit, Learned, Millis};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One record lets calls go for so long, milliseconds.
pub const SLICE: i64 = 1_500;
/// What was sent reaches the vendor within so long although its sender is gone, milliseconds.
pub const GRACE: i64 = 1_500;
/// Asked again after this long where only the end of a call makes room, milliseconds.
const SOON: i64 = 50;
/// A claim that is not renewed this long after its time is over, milliseconds.
const CLAIM: i64 = 1_000;
/// The pause after a refusal that names none, milliseconds.
const PAUSE: i64 = 1_000;
/// A vendor's wish is followed up to this long, milliseconds.
const MOST_PAUSE: i64 = 3_600_000;
/// Those who wait, at most.
const MOST_CLAIMS: usize = 1_024;

/// Names somebody who asks: of those who wait for one bucket the first goes first.
pub type Claimant = u32;

/// Whether a call may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// Yes, with so many listings. Tell [`Limiter::ended`] when it is over.
    Go {
        /// Names the call.
        pass: u64,
        /// Listings in it, at most.
        items: u32,
    },
    /// Not before this instant; ask again then.
    Wait(Millis),
}

/// What has to be in the store before calls go: after a take-over the successor begins with it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct LimitRecord {
    /// Calls may go until then.
    pub until: Millis,
    /// The levels as of [`GRACE`] later, if everything is used that may be used until then.
    pub levels: Vec<Level>,
    /// No calls before this instant: the vendor said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused: Option<Millis>,
}

impl LimitRecord {
    /// Where what was used is not known: everything, and calls were made up to now that may still be on their way.
    pub fn doubted(now: Millis) -> Self {
        Self {
            until: now,
            ..Self::default()
        }
    }
}

/// A call on its way.
#[derive(Debug, Clone)]
struct Pass {
    kind: CallKind,
    sent: Millis,
    /// By bucket: what it costs, and what had been debited in all when it was sent.
    costs: Vec<(&'static str, i128, i128)>,
}

#[derive(Debug, Clone, Copy)]
struct Claim {
    turn: u64,
    kind: CallKind,
    until: Millis,
}

/// Why calls wait, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Until then.
    pub until: Millis,
    /// The limit as the vendor states it; `None`: the vendor asked for a pause.
    pub limit: Option<String>,
}

/// How much of one limit is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    /// The limit's name.
    pub name: &'static str,
    /// As the vendor states it.
    pub stated: String,
    /// Thousandths of the bucket that are used or on their way.
    pub used: u32,
    /// It runs below its full rate, because calls were refused.
    pub eased: bool,
}

/// The buckets of one account.
#[derive(Debug, Clone, Default)]
pub struct Limiter {
    buckets: Vec<Bucket>,
    /// By bucket: all that was ever debited.
    debited: BTreeMap<&'static str, i128>,
    passes: BTreeMap<u64, Pass>,
    claims: BTreeMap<Claimant, Claim>,
    last: u64,
    paused: Option<Millis>,
    waiting: Option<Waiting>,
    record: Option<LimitRecord>,
    /// Calls in this minute and in the one before.
    recent: (i64, u32, u32),
    /// Since when calls are counted.
    began: Millis,
}

impl Limiter {
    /// Goes on from what the store has; without a record every bucket is empty.
    pub fn new(limits: &[CallLimit], record: Option<&LimitRecord>, now: Millis) -> Self {
        // Nobody had the right to be further ahead: a clock was wrong.
        let ahead = now.plus(SLICE + GRACE);
        let at = record.map_or(now, |record| record.until.plus(GRACE).min(ahead));
        let level = |name: &str| record?.levels.iter().find(|level| level.bucket == name);
        let bucket = |limit: &CallLimit| Bucket::of_record(limit.clone(), level(limit.name), at, now);
        let mut buckets: Vec<Bucket> = limits.iter().map(bucket).collect();
        if let Some(found) = level("found")
            .and_then(|level| level.found)
            .filter(|_| limits.is_empty())
        {
            buckets.push(Bucket::found(found, &[], at));
        }
        let paused = record.and_then(|record| record.paused);
        Self {
            buckets,
            paused: paused.map(|until| until.min(now.plus(MOST_PAUSE))),
            began: now,
            ..Self::default()
        }
    }

    /// Whether calls are limited at all.
    pub fn is_limited(&self) -> bool {
        !self.buckets.is_empty() || self.paused.is_some()
    }

    /// Whether a call with up to `items` listings may go now. Whoever has to wait keeps a place in the queue,
    /// as long as it asks again when it is told to.
    pub fn ask(&mut self, claimant: Claimant, kind: CallKind, items: u32, now: Millis) -> Ask {
        self.claims.retain(|_, claim| claim.until.plus(CLAIM) >= now);
        let (items, until) = match self.paused.filter(|until| *until > now) {
            Some(until) => (0, until),
            None => self.look(claimant, kind, items.max(1), now),
        };
        if items == 0 {
            return self.wait(claimant, kind, until, now);
        }
        self.claims.remove(&claimant);
        self.go(kind, items, now)
    }

    fn wait(&mut self, claimant: Claimant, kind: CallKind, until: Millis, now: Millis) -> Ask {
        let until = until.max(now.plus(1));
        self.last += 1;
        let turn = self.claims.get(&claimant).map_or(self.last, |claim| claim.turn);
        if self.claims.len() < MOST_CLAIMS {
            self.claims.insert(claimant, Claim { turn, kind, until });
        }
        Ask::Wait(until)
    }

    /// Listings that may go now, or when to ask again.
    fn look(&mut self, claimant: Claimant, kind: CallKind, wanted: u32, now: Millis) -> (u32, Millis) {
        let (mut items, mut until, mut why) = (wanted, now, None);
        let own = self.claims.get(&claimant).map_or(u64::MAX, |claim| claim.turn);
        let before = |bucket: &Bucket| {
            let older = self
                .claims
                .iter()
                .filter(|(other, claim)| **other != claimant && claim.turn < own);
            let counted = older.filter(|(_, claim)| bucket.limit.counts(claim.kind));
            counted.map(|_| bucket.cost(1)).sum::<i128>()
        };
        for bucket in self.buckets.iter().filter(|bucket| bucket.limit.counts(kind)) {
            let aside = before(bucket);
            let free = bucket.items(now, aside, wanted);
            items = items.min(free);
            // What those before it need comes first; the whole bucket is enough for each of them in turn.
            let need = (aside + bucket.cost(1)).min(bucket.capacity());
            let ready = bucket.ready(now, need).unwrap_or(now.plus(SOON));
            // There is enough, and all of it is for those before it: they come in their own time.
            let ready = if free == 0 { ready.max(now.plus(SOON)) } else { ready };
            if why.is_none() || ready > until {
                (until, why) = (until.max(ready), Some(bucket.limit.stated.clone()));
            }
        }
        if items == 0 {
            self.waiting = Some(Waiting { until, limit: why });
        }
        (items, until)
    }

    fn go(&mut self, kind: CallKind, items: u32, now: Millis) -> Ask {
        let mut costs = Vec::new();
        for bucket in self.buckets.iter_mut().filter(|bucket| bucket.limit.counts(kind)) {
            let (name, cost) = (bucket.limit.name, bucket.cost(items));
            bucket.in_flight += cost;
            costs.push((name, cost, self.debited.get(name).copied().unwrap_or_default()));
        }
        self.count(now);
        self.last += 1;
        let pass = self.last;
        self.passes.insert(pass, Pass { kind, sent: now, costs });
        Ask::Go { pass, items }
    }

    /// What it took a minute lately. Of a minute that has only begun, and of a daemon that has, as much as would be
    /// if it went on so: else a refusal in the first seconds would look like a vendor that takes next to nothing.
    fn per_minute(&self, now: Millis) -> u32 {
        let (minute, this, before) = self.recent;
        let counted = now.since(self.began.max(Millis(minute * 60_000))).clamp(1_000, 60_000);
        let this = i64::from(this) * 60_000 / counted;
        u32::try_from(this).unwrap_or(u32::MAX).max(before)
    }

    fn count(&mut self, now: Millis) {
        let minute = now.0.div_euclid(60_000);
        let (at, this, _) = self.recent;
        self.recent = match minute - at {
            0 => (at, this.saturating_add(1), self.recent.2),
            1 => (minute, 1, this),
            _ => (minute, 1, 0),
        };
    }

    /// A call is over, answered or not: what it cost counts from now on. `told` is what its answer said.
    pub fn ended(&mut self, pass: u64, told: &[Learned], now: Millis) {
        let Some(mut pass) = self.passes.remove(&pass) else {
            return;
        };
        for (name, cost, _) in &mut pass.costs {
            let Some(bucket) = self.buckets.iter_mut().find(|bucket| bucket.limit.name == *name) else {
                continue;
            };
            bucket.in_flight = (bucket.in_flight - *cost).max(0);
            let true_cost = told.iter().find_map(|told| match told {
                Learned::Cost { limit, cost } if limit == name => Some(*cost),
                _ => None,
            });
            match true_cost {
                // No vendor keeps us from going beyond it: it is ours to keep.
                Some(units) if *name == CallLimit::OF_SETTINGS => *cost = bucket.charge(units, now),
                _ => {
                    *cost = true_cost.map_or(*cost, |units| bucket.parts(i128::from(units)));
                    bucket.debit(*cost, now);
                }
            }
            *self.debited.entry(name).or_default() += *cost;
        }
        let mut refused = false;
        for told in told {
            match told {
                Learned::Throttled { after } => {
                    refused = true;
                    self.throttled(pass.kind, *after, now);
                }
                Learned::Left { limit, left, reset } => self.left(&pass, limit, *left, *reset, now),
                Learned::Rate {
                    limit,
                    amount,
                    per,
                    burst,
                } => self.restate(limit, *amount, *per, *burst, now),
                Learned::Cost { .. } => {}
            }
        }
        if !refused {
            self.gain(&pass, now);
        }
    }

    /// A call was not made after all: it costs nothing.
    pub fn withdrawn(&mut self, pass: u64) {
        let Some(pass) = self.passes.remove(&pass) else { return };
        for (name, cost, _) in &pass.costs {
            if let Some(bucket) = self.buckets.iter_mut().find(|bucket| bucket.limit.name == *name) {
                bucket.in_flight = (bucket.in_flight - cost).max(0);
            }
        }
    }

    fn left(&mut self, pass: &Pass, limit: &str, left: u32, reset: Option<i64>, now: Millis) {
        let Some(bucket) = self.buckets.iter_mut().find(|bucket| bucket.limit.name == limit) else {
            return;
        };
        let debited = self.debited.get(bucket.limit.name).copied().unwrap_or_default();
        let own = pass.costs.iter().find(|(name, ..)| *name == limit);
        // What other calls cost that ended behind its sending may not be in the vendor's figure yet.
        let later = own.map_or(i128::MAX / 4, |(_, cost, before)| (debited - before - cost).max(0));
        bucket.told(left, later, reset, now);
    }

    fn restate(&mut self, limit: &str, amount: u32, per: i64, burst: u32, now: Millis) {
        if let Some(bucket) = self.buckets.iter_mut().find(|bucket| bucket.limit.name == limit) {
            bucket.restate(amount, per, burst, now);
        }
    }

    fn throttled(&mut self, kind: CallKind, after: Option<i64>, now: Millis) {
        let until = now.plus(after.unwrap_or(PAUSE).clamp(1, MOST_PAUSE));
        self.paused = Some(self.paused.map_or(until, |old| old.max(until)));
        self.waiting = Some(Waiting { until, limit: None });
        // Calls go again, but what was found out about the rate has to be durable first.
        self.record = None;
        if !self.buckets.iter().any(|bucket| bucket.limit.counts(kind)) {
            self.buckets.push(Bucket::found(self.per_minute(now), &[], now));
        }
        for bucket in self.buckets.iter_mut().filter(|bucket| bucket.limit.counts(kind)) {
            bucket.refuse(now);
        }
    }

    fn gain(&mut self, pass: &Pass, now: Millis) {
        // A call that was on its way when another one was refused says nothing of the new rate.
        if self.paused.is_some_and(|until| until > now || pass.sent < until) {
            return;
        }
        self.paused = None;
        self.buckets
            .retain_mut(|bucket| !bucket.limit.counts(pass.kind) || bucket.gain(now) || bucket.in_flight > 0);
    }

    /// Whether calls that were let go now are covered by the record in the store.
    pub fn secured(&self, now: Millis) -> bool {
        if self.buckets.is_empty() && self.paused.is_none() {
            return true;
        }
        let Some(record) = &self.record else { return false };
        let then = record.until.plus(GRACE);
        now <= record.until
            && self.buckets.iter().all(|bucket| {
                let kept = record.levels.iter().find(|level| level.bucket == bucket.limit.name);
                kept.is_some_and(|level| Bucket::thousandths(bucket.floor(then)) >= level.left)
            })
    }

    /// What the store has to have before the calls that were let go are made. It is in force once
    /// [`Limiter::stored`] is told.
    pub fn record(&self, now: Millis) -> LimitRecord {
        let until = now.plus(SLICE);
        let then = until.plus(GRACE);
        let level = |bucket: &Bucket| {
            let left = (bucket.floor(then) - bucket.slice(SLICE)).max(0);
            bucket.kept(Bucket::thousandths(left))
        };
        LimitRecord {
            until,
            levels: self.buckets.iter().map(level).collect(),
            paused: self.paused,
        }
    }

    /// The record is durable.
    pub fn stored(&mut self, record: LimitRecord) {
        self.record = Some(record);
    }

    /// Until when calls may go that were let go now: behind it they are not to be made any more.
    pub fn until(&self) -> Option<Millis> {
        self.record.as_ref().map(|record| record.until)
    }

    /// Why calls wait now; `None`: they don't.
    pub fn waiting(&self, now: Millis) -> Option<Waiting> {
        self.waiting.clone().filter(|waiting| waiting.until > now)
    }

    /// How much of each limit is used.
    pub fn usage(&self, now: Millis) -> Vec<Usage> {
        let usage = |bucket: &Bucket| Usage {
            name: bucket.limit.name,
            stated: bucket.limit.stated.clone(),
            used: u32::try_from(1_000 - bucket.floor(now) * 1_000 / bucket.capacity()).unwrap_or(1_000),
            eased: bucket.eased(),
        };
        self.buckets.iter().map(usage).collect()
    }
}
