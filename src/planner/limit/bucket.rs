//! One bucket in exact whole numbers: what is in it, what comes back, and when there is enough.
//!
//! A level is counted in parts of a unit so small that a millisecond of the slowest rate is many of them,
//! and what comes back is rounded down: never more than the rate, and less by no measure.

use omnistock_words::{CallKind, CallLimit, Millis};
use serde::{Deserialize, Serialize};

/// Parts of one unit.
const UNIT: i128 = 1_000_000_000_000_000;
/// The factor of a bucket that runs at its full rate.
pub(super) const FULL: i128 = 1_000;
/// A rate is never eased below this factor.
const LEAST: i128 = 50;
/// What the factor gains in a second without a refusal.
const GAIN: i128 = 20;
/// Refusals closer to each other than this, in milliseconds, count once: they met the same burst.
const APART: i64 = 5_000;
/// Milliseconds that are waited for what one call took too much, at most.
const MOST_OWED: i64 = 3_600_000;
/// A bucket that was made up after refusals is gone once it runs at so many times the rate that was refused.
const FORGOTTEN: i128 = 4 * FULL;

/// The level of a bucket as of an instant, as it is kept in the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Level {
    /// Which bucket.
    pub bucket: String,
    /// Thousandths of a unit that are certainly left then.
    pub left: i64,
    /// How far its rate is eased, in thousandths.
    pub factor: u32,
    /// Units a minute of a bucket that was made up after refusals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found: Option<u32>,
}

/// A bucket.
#[derive(Debug, Clone)]
pub(super) struct Bucket {
    pub(super) limit: CallLimit,
    /// Made up after refusals of a vendor that states no limit.
    pub(super) found: bool,
    level: i128,
    at: Millis,
    factor: i128,
    gained: Millis,
    refused: Option<Millis>,
    /// Calls on their way may still use so much.
    pub(super) in_flight: i128,
}

impl Bucket {
    /// Full.
    pub(super) fn new(limit: CallLimit, now: Millis) -> Self {
        let mut bucket = Self {
            limit,
            found: false,
            level: 0,
            at: now,
            factor: FULL,
            gained: now,
            refused: None,
            in_flight: 0,
        };
        bucket.level = bucket.capacity();
        bucket
    }

    /// As the store has it, as of an instant that may be yet to come: what comes back until then is in it
    /// already. Empty where the store has none: somebody may have used it up a moment ago.
    pub(super) fn of_record(limit: CallLimit, level: Option<&Level>, at: Millis, now: Millis) -> Self {
        let mut bucket = Self::new(limit, at);
        let left = level.map_or(0, |level| level.left);
        bucket.level = (i128::from(left) * (UNIT / 1_000)).clamp(0, bucket.capacity());
        bucket.factor = level.map_or(FULL, |level| i128::from(level.factor).clamp(LEAST, FULL));
        let ahead = i128::from(at.since(now).max(0));
        let back = ahead.min(bucket.level / bucket.flow());
        bucket.level -= back * bucket.flow();
        bucket.at = at.plus(-i64::try_from(back).unwrap_or_default());
        bucket
    }

    /// One that a vendor's refusals are a sign of: half of what went out in the last minute.
    pub(super) fn found(per_minute: u32, kinds: &'static [CallKind], now: Millis) -> Self {
        let minute = 60_000;
        let amount = per_minute.max(60);
        let mut limit = CallLimit::rate("found", amount, minute, (amount / 60).max(1)).of(kinds);
        "what it took before it refused calls".clone_into(&mut limit.stated);
        let mut bucket = Self::new(limit, now);
        (bucket.found, bucket.level) = (true, 0);
        bucket
    }

    pub(super) fn capacity(&self) -> i128 {
        i128::from(self.limit.burst.max(1)) * UNIT
    }

    /// Parts that come back in a millisecond.
    fn flow(&self) -> i128 {
        let per = i128::from(self.limit.per.max(1));
        (i128::from(self.limit.amount.max(1)) * self.factor * (UNIT / FULL) / per).max(1)
    }

    /// The level then, calls on their way not taken off.
    pub(super) fn level(&self, now: Millis) -> i128 {
        let since = i128::from(now.since(self.at).max(0));
        (self.level + since * self.flow()).min(self.capacity())
    }

    fn settle(&mut self, now: Millis) {
        self.level = self.level(now);
        self.at = self.at.max(now);
    }

    /// Parts that a call with so many listings costs; at most all that the bucket holds.
    pub(super) fn cost(&self, items: u32) -> i128 {
        let units = i128::from(self.limit.per_call) + i128::from(self.limit.per_item) * i128::from(items);
        self.parts(units)
    }

    /// So many units; at most all that the bucket holds.
    pub(super) fn parts(&self, units: i128) -> i128 {
        (units * UNIT).min(self.capacity())
    }

    /// Listings that a call may have, where others have set aside so much.
    pub(super) fn items(&self, now: Millis, aside: i128, wanted: u32) -> u32 {
        let free = self.level(now) - self.in_flight - aside;
        if free < self.cost(1) {
            return 0;
        }
        let per_item = i128::from(self.limit.per_item) * UNIT;
        if per_item == 0 {
            return wanted;
        }
        let call = i128::from(self.limit.per_call) * UNIT;
        let most = ((free - call) / per_item).max(1);
        u32::try_from(most).unwrap_or(u32::MAX).min(wanted)
    }

    /// When so much is there beside what is on its way. `None`: not before a call on its way has ended.
    pub(super) fn ready(&self, now: Millis, need: i128) -> Option<Millis> {
        let need = need + self.in_flight;
        let missing = need - self.level(now);
        if missing <= 0 {
            return Some(now);
        }
        if need > self.capacity() {
            return None;
        }
        let wait = (missing + self.flow() - 1) / self.flow();
        Some(now.max(self.at).plus(i64::try_from(wait).unwrap_or(i64::MAX)))
    }

    /// A call ended: its cost counts from now on.
    pub(super) fn debit(&mut self, cost: i128, now: Millis) {
        self.settle(now);
        self.level = (self.level - cost).max(0);
    }

    /// A call ended that turned out to be so many units: what was not there is owed, and comes back before anything else
    /// does. The parts of it.
    pub(super) fn charge(&mut self, units: u32, now: Millis) -> i128 {
        self.settle(now);
        let cost = i128::from(units) * UNIT;
        let owed = (cost - self.level).max(0) / self.flow();
        self.level = (self.level - cost).max(0);
        self.at = self.at.plus(i64::try_from(owed).unwrap_or(MOST_OWED).min(MOST_OWED));
        cost
    }

    /// The vendor says what is left. `later` is what was debited since the call was sent and may not be in it.
    pub(super) fn told(&mut self, left: u32, later: i128, reset: Option<i64>, now: Millis) {
        self.settle(now);
        let said = self.parts(i128::from(left));
        self.level = self.level.min(said).max((said - later).max(0));
        if let Some(reset) = reset {
            self.at = self.at.max(now.plus(reset.clamp(0, 86_400_000)));
        }
    }

    /// The limit is another one than was stated; what is in the bucket stays.
    pub(super) fn restate(&mut self, amount: u32, per: i64, burst: u32, now: Millis) {
        self.settle(now);
        (self.limit.amount, self.limit.burst, self.limit.per) = (amount.max(1), burst.max(1), per);
        self.level = self.level.min(self.capacity());
    }

    /// Refused although there was room: half of the rate from now on.
    pub(super) fn refuse(&mut self, now: Millis) {
        self.settle(now);
        self.gained = now;
        if self.refused.is_some_and(|at| now.since(at) < APART) {
            return;
        }
        self.refused = Some(now);
        self.factor = (self.factor.min(FULL) / 2).max(LEAST);
        self.level = 0;
    }

    /// A call was taken: a little of the rate comes back. False: the bucket is of no use any more.
    pub(super) fn gain(&mut self, now: Millis) -> bool {
        let seconds = i128::from(now.since(self.gained).max(0) / 1_000);
        if seconds > 0 {
            self.settle(now);
            self.gained = now;
            let most = if self.found { FORGOTTEN } else { FULL };
            self.factor = (self.factor + seconds.min(3_600) * GAIN).min(most);
        }
        !self.found || self.factor < FORGOTTEN
    }

    /// Whether it runs below its full rate.
    pub(super) fn eased(&self) -> bool {
        self.factor < FULL
    }

    /// What is certainly left then if every call on its way arrives as late as that.
    pub(super) fn floor(&self, then: Millis) -> i128 {
        (self.level(then) - self.in_flight).max(0)
    }

    /// The part of the bucket that one record makes free to be used.
    pub(super) fn slice(&self, time: i64) -> i128 {
        (self.capacity() / 8)
            .max(self.flow() * i128::from(time))
            .max(self.cost(1))
    }

    /// Thousandths of a unit in so many parts, rounded down.
    pub(super) fn thousandths(parts: i128) -> i64 {
        i64::try_from(parts / (UNIT / 1_000)).unwrap_or(i64::MAX)
    }

    pub(super) fn kept(&self, left: i64) -> Level {
        Level {
            bucket: self.limit.name.to_owned(),
            left,
            factor: u32::try_from(self.factor.min(FULL)).unwrap_or(1_000),
            found: self.found.then_some(self.limit.amount),
        }
    }
}
