//! How often one listing may change: the last changes of a day are kept for numbers that fall.

use omnistock_words::{ListingLimit, Millis};
use serde::{Deserialize, Serialize};

/// What is left for one listing, kept with what is known of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangesLeft {
    /// In parts: a change is as many as the period has milliseconds.
    pub left: i64,
    /// As of then.
    pub at: Millis,
}

/// Half of them at once, the others over the period: never more than all in any span of it.
fn shape(limit: ListingLimit) -> (i64, i64, i64) {
    let most = i64::from(limit.most.max(2));
    let per = limit.per.clamp(1, 3_650 * 86_400_000);
    (most / 2, most - most / 2, per)
}

/// Takes one change: what is left behind it, or when there will be one. A number that does not fall leaves a
/// fifth of them to those that do.
pub fn take_change(
    limit: ListingLimit,
    left: Option<ChangesLeft>,
    falls: bool,
    now: Millis,
) -> Result<ChangesLeft, Millis> {
    let (burst, amount, per) = shape(limit);
    let most = burst.saturating_mul(per);
    let there = left.map_or(most, |left| {
        let since = now.since(left.at).clamp(0, most / amount + 1);
        left.left.saturating_add(since.saturating_mul(amount)).min(most)
    });
    let kept = if falls { 0 } else { burst / 5 };
    let need = (1 + kept).saturating_mul(per).min(most);
    if there < need {
        return Err(now.plus((need - there + amount - 1) / amount));
    }
    let at = left.map_or(now, |left| left.at.max(now));
    Ok(ChangesLeft { left: there - per, at })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DAY: ListingLimit = ListingLimit {
        most: 250,
        per: 86_400_000,
    };

    #[test]
    fn the_last_changes_are_kept_for_numbers_that_fall() {
        let (mut left, now) = (None, Millis(1_000));
        let mut taken = 0;
        while let Ok(next) = take_change(DAY, left, false, now) {
            (left, taken) = (Some(next), taken + 1);
        }
        assert_eq!(taken, 100, "a rise leaves 25 of the 125 that go at once");
        while let Ok(next) = take_change(DAY, left, true, now) {
            (left, taken) = (Some(next), taken + 1);
        }
        assert_eq!(taken, 125);
        let wait = take_change(DAY, left, true, now).unwrap_err().since(now);
        assert!(
            (690_000..=692_000).contains(&wait),
            "one comes back every 11.5 minutes: {wait}"
        );
    }

    proptest! {
        #[test]
        fn never_more_than_all_in_any_day(
            pauses in proptest::collection::vec((0i64..4_000_000, any::<bool>()), 1..600),
            most in 2u32..300,
        ) {
            let limit = ListingLimit { most, ..DAY };
            let (mut left, mut now, mut went) = (None, Millis(0), Vec::new());
            for (pause, falls) in pauses {
                now = now.plus(pause);
                match take_change(limit, left, falls, now) {
                    Ok(next) => { left = Some(next); went.push(now); }
                    Err(until) => {
                        prop_assert!(until > now);
                        prop_assert!(take_change(limit, left, falls, until).is_ok());
                        prop_assert!(take_change(limit, left, falls, until.plus(-1)).is_err());
                    }
                }
            }
            for (first, from) in went.iter().enumerate() {
                let within = went[first..].iter().filter(|at| at.since(*from) < 86_400_000).count();
                prop_assert!(within <= most as usize, "{within} of {most}");
            }
        }
    }
}
