//! The vendor's bucket of query costs, as its answers tell of it: a call waits until there is room for it.
//!
//! Every answer says what is left; between answers what flows in is reckoned from the rate that was told. Calls on
//! their way are set apart, so that parallel ones do not count the same points twice. Amounts are thousandths of a point.

use crate::wire::Cost;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Before the first answer: what the smallest plan has [documented].
const BUCKET: i64 = 2_000_000;
const RESTORED: i64 = 100_000;

/// Longer than this nobody waits here: the caller is told when to come again.
const PATIENCE: Duration = Duration::from_secs(5);

struct Bucket {
    /// Left at `at`, less what is on its way.
    left: i64,
    most: i64,
    /// A second.
    restored: i64,
    at: Instant,
    on_the_way: i64,
    /// What one object of a call of this name was last reckoned with.
    costs: BTreeMap<&'static str, i64>,
}

impl Bucket {
    fn fill(&mut self, now: Instant) {
        let elapsed = i64::try_from(now.saturating_duration_since(self.at).as_millis()).unwrap_or(i64::MAX);
        let flown = self.restored.saturating_mul(elapsed) / 1_000;
        self.left = self.left.saturating_add(flown).min(self.most - self.on_the_way);
        self.at = now;
    }

    /// Until that much is there.
    fn until(&self, cost: i64) -> Duration {
        let missing = cost.min(self.most).saturating_sub(self.left).max(0);
        let milliseconds = missing.saturating_mul(1_000) / self.restored.max(1) + 1;
        if missing == 0 {
            Duration::ZERO
        } else {
            Duration::from_millis(milliseconds.unsigned_abs())
        }
    }
}

/// Points set apart for one call; given back when the answer tells what is left, or when the call is given up.
pub(crate) struct Reserved<'a> {
    throttle: &'a Throttle,
    cost: i64,
    objects: i64,
}

impl Drop for Reserved<'_> {
    fn drop(&mut self) {
        let mut bucket = self.throttle.bucket();
        bucket.on_the_way = bucket.on_the_way.saturating_sub(self.cost).max(0);
    }
}

/// One bucket: an app in a shop.
pub(crate) struct Throttle(Mutex<Bucket>);

impl Throttle {
    /// Full, of the smallest plan.
    pub(crate) fn new(now: Instant) -> Self {
        Self(Mutex::new(Bucket {
            left: BUCKET,
            most: BUCKET,
            restored: RESTORED,
            at: now,
            on_the_way: 0,
            costs: BTreeMap::new(),
        }))
    }

    fn bucket(&self) -> MutexGuard<'_, Bucket> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets apart what `call` with so many objects is likely to cost (`points` each while no answer told it), and says
    /// how long to wait before it is sent. `Err`: that would be too long, and nothing is set apart.
    pub(crate) fn reserve(
        &self,
        call: &'static str,
        points: u32,
        objects: usize,
        now: Instant,
    ) -> Result<(Reserved<'_>, Duration), Duration> {
        let mut bucket = self.bucket();
        bucket.fill(now);
        let objects = i64::try_from(objects).unwrap_or(i64::MAX).max(1);
        let each = bucket
            .costs
            .get(call)
            .copied()
            .unwrap_or_else(|| i64::from(points) * 1_000);
        let cost = each.saturating_mul(objects);
        let wait = bucket.until(cost);
        if wait > PATIENCE {
            return Err(wait);
        }
        bucket.left = bucket.left.saturating_sub(cost);
        bucket.on_the_way = bucket.on_the_way.saturating_add(cost);
        drop(bucket);
        Ok((
            Reserved {
                throttle: self,
                cost,
                objects,
            },
            wait,
        ))
    }

    /// Takes in what an answer to `call` told.
    pub(crate) fn learn(&self, call: &'static str, reserved: Reserved<'_>, cost: &Cost, now: Instant) {
        let objects = reserved.objects;
        drop(reserved);
        let mut bucket = self.bucket();
        if let Some(requested) = cost.requested {
            bucket
                .costs
                .insert(call, requested / objects + i64::from(requested % objects > 0));
        }
        let Some(status) = &cost.status else { return };
        bucket.most = status.most.max(1);
        bucket.restored = status.restored.max(1);
        bucket.left = status.left.saturating_sub(bucket.on_the_way);
        bucket.at = now;
    }

    /// Until a call that costs so much could be made.
    pub(crate) fn until(&self, cost: Option<i64>, now: Instant) -> Duration {
        let mut bucket = self.bucket();
        bucket.fill(now);
        bucket.until(cost.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Status;
    use proptest::prelude::*;

    fn told(left: i64, requested: i64) -> Cost {
        let status = Some(Status {
            most: 2_000_000,
            left: left * 1_000,
            restored: 100_000,
        });
        Cost {
            requested: Some(requested * 1_000),
            status,
        }
    }

    #[test]
    fn a_call_waits_until_its_points_have_flown_in() {
        let start = Instant::now();
        let throttle = Throttle::new(start);
        let (reserved, wait) = throttle.reserve("write", 13, 1, start).ok().unwrap();
        assert_eq!(wait, Duration::ZERO);
        throttle.learn("write", reserved, &told(50, 100), start);
        let (_reserved, wait) = throttle.reserve("write", 13, 1, start).ok().unwrap();
        assert_eq!(
            wait,
            Duration::from_millis(501),
            "50 points are missing at 100 a second"
        );
    }

    #[test]
    fn calls_on_their_way_are_not_promised_twice() {
        let start = Instant::now();
        let throttle = Throttle::new(start);
        let (first, _) = throttle.reserve("read", 500, 1, start).ok().unwrap();
        let (second, _) = throttle.reserve("read", 500, 1, start).ok().unwrap();
        throttle.learn("read", first, &told(600, 500), start);
        let (_third, wait) = throttle.reserve("read", 500, 1, start).ok().unwrap();
        assert_eq!(
            wait,
            Duration::from_millis(4_001),
            "600 are left, 500 of them for the second"
        );
        drop(second);
    }

    #[test]
    fn who_would_wait_too_long_is_told_when_to_come_again() {
        let start = Instant::now();
        let throttle = Throttle::new(start);
        let (reserved, _) = throttle.reserve("read", 10, 1, start).ok().unwrap();
        throttle.learn("read", reserved, &told(0, 1_000), start);
        assert_eq!(
            throttle.reserve("read", 10, 1, start).err(),
            Some(Duration::from_millis(10_001))
        );
        let later = start + Duration::from_secs(10);
        assert_eq!(throttle.reserve("read", 10, 1, later).ok().unwrap().1, Duration::ZERO);
    }

    #[test]
    fn what_one_object_cost_is_reckoned_for_each() {
        let start = Instant::now();
        let throttle = Throttle::new(start);
        let (reserved, _) = throttle.reserve("read", 3, 250, start).ok().unwrap();
        throttle.learn("read", reserved, &told(100, 500), start);
        let (_few, wait) = throttle.reserve("read", 3, 50, start).ok().unwrap();
        assert_eq!(wait, Duration::ZERO, "two points each");
        assert_eq!(
            throttle.reserve("read", 3, 50, start).ok().unwrap().1,
            Duration::from_millis(1_001)
        );
    }

    #[test]
    fn a_call_that_is_given_up_gives_its_points_back() {
        let start = Instant::now();
        let throttle = Throttle::new(start);
        drop(throttle.reserve("read", 2_000, 1, start).ok().unwrap());
        let (_reserved, wait) = throttle
            .reserve("read", 100, 1, start + Duration::from_secs(1))
            .ok()
            .unwrap();
        assert_eq!(wait, Duration::ZERO);
    }

    proptest! {
        #[test]
        fn never_more_than_the_vendor_lets_through(calls in prop::collection::vec((1u32..400, 0u64..2_000), 1..60)) {
            let start = Instant::now();
            let throttle = Throttle::new(start);
            let (mut now, mut sent, mut held) = (start, 0i64, Vec::new());
            for (points, pause) in calls {
                if let Ok((reserved, wait)) = throttle.reserve("any", points, 1, now) {
                    now += wait;
                    sent += i64::from(points) * 1_000;
                    held.push(reserved);
                    let flown = i64::try_from(now.duration_since(start).as_millis()).unwrap() * 100;
                    prop_assert!(sent <= BUCKET + flown, "{sent} after {flown}");
                }
                now += Duration::from_millis(pause);
            }
        }
    }
}
