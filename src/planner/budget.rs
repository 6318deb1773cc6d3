//! A budget of retries per channel: calls that only repeat what failed are at most a fifth of the calls, so
//! that a channel in trouble is not asked more than one in health.

use omnistock_words::Millis;

/// What a call that is no retry adds, in thousandths of a retry: 20 %.
const SHARE: i64 = 200;
/// Retries that may be saved up.
const MOST: i64 = 10;
/// One retry is allowed at least so often, milliseconds: a quiet channel gets on, too.
const LEAST_EVERY: i64 = 5_000;
const ONE: i64 = 1_000;

/// What may be retried now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryBudget {
    left: i64,
    seen: Option<Millis>,
}

impl Default for RetryBudget {
    fn default() -> Self {
        Self {
            left: MOST * ONE,
            seen: None,
        }
    }
}

impl RetryBudget {
    fn add(&mut self, more: i64) {
        self.left = self.left.saturating_add(more).min(MOST * ONE);
    }

    /// A call goes out that is no retry.
    pub fn called(&mut self) {
        self.add(SHARE);
    }

    /// Whether a retry may go out now; it is spent then. Else: when one may at the latest.
    ///
    /// # Errors
    /// The instant at which time alone allows one.
    pub fn spend(&mut self, now: Millis) -> Result<(), Millis> {
        let passed = self.seen.map_or(0, |seen| now.since(seen).clamp(0, MOST * LEAST_EVERY));
        self.seen = Some(now);
        self.add(passed.saturating_mul(ONE) / LEAST_EVERY);
        if self.left >= ONE {
            self.left -= ONE;
            return Ok(());
        }
        let missing = ONE - self.left;
        Err(now.plus((missing * LEAST_EVERY).div_euclid(ONE) + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_quiet_channel_is_tried_again_now_and_then() {
        let mut budget = RetryBudget::default();
        let saved = (0..99).take_while(|_| budget.spend(Millis(0)).is_ok()).count();
        assert_eq!(saved, 10);
        let Err(later) = budget.spend(Millis(0)) else {
            panic!("it is spent")
        };
        assert_eq!(budget.spend(later), Ok(()), "when it said so");
        assert!(budget.spend(later).is_err());
    }

    proptest! {
        #[test]
        fn retries_are_a_fifth_of_the_calls_and_what_time_allows(steps in proptest::collection::vec((any::<bool>(), 0i64..2_000), 0..400)) {
            let (mut budget, mut now, mut calls, mut retries) = (RetryBudget::default(), Millis(0), 0_i64, 0_i64);
            for (retry, passed) in steps {
                now = now.plus(passed);
                if retry {
                    retries += i64::from(budget.spend(now).is_ok());
                } else {
                    calls += 1;
                    budget.called();
                }
            }
            prop_assert!(retries <= MOST + calls / 5 + now.0 / LEAST_EVERY + 1);
        }
    }
}
