//! How often one listing may change: the last changes of a day are kept for numbers that fall, and of those
//! some for numbers that fall to zero: at least one for each number that shares them, up to half of what may go at once.

use crate::Risk;
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

/// So many of `burst` are left to what is riskier: a fifth by numbers that rise and by prices, a tenth by numbers that
/// fall and not to zero; and by both one for each of the `numbers` that share them, up to half of `burst`. A number
/// can't fall to zero twice without rising in between, and neither a rise nor what follows it takes one of those: so of
/// that many numbers none waits to fall to zero. Of more, those beyond it may.
fn kept(burst: i64, numbers: u32, risk: Risk) -> i64 {
    let each = i64::from(numbers).min(burst / 2).max(1);
    match risk {
        Risk::ToZero => 0,
        Risk::Decrease => (burst / 10).max(each),
        Risk::Increase | Risk::Price => (burst / 5).max(each),
    }
}

/// Takes one change: what is left behind it, or when there will be one. The last ones are kept for what is riskiest.
/// `numbers` share them, from 1 on.
pub fn take_change(
    limit: ListingLimit,
    numbers: u32,
    left: Option<ChangesLeft>,
    risk: Risk,
    now: Millis,
) -> Result<ChangesLeft, Millis> {
    let (burst, amount, per) = shape(limit);
    let most = burst.saturating_mul(per);
    let there = left.map_or(most, |left| {
        let since = now.since(left.at).clamp(0, most / amount + 1);
        left.left.saturating_add(since.saturating_mul(amount)).min(most)
    });
    let need = (1 + kept(burst, numbers, risk)).saturating_mul(per).min(most);
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
        of_parent: false,
        prices: false,
    };

    #[test]
    fn the_last_changes_are_kept_for_numbers_that_fall_and_of_those_some_for_zero() {
        let (mut left, now) = (None, Millis(1_000));
        let mut taken = 0;
        for (risk, total) in [
            (Risk::Price, 100),
            (Risk::Increase, 100),
            (Risk::Decrease, 113),
            (Risk::ToZero, 125),
        ] {
            while let Ok(next) = take_change(DAY, 1, left, risk, now) {
                (left, taken) = (Some(next), taken + 1);
            }
            assert_eq!(taken, total, "{risk:?}");
        }
        let wait = take_change(DAY, 1, left, Risk::ToZero, now).unwrap_err().since(now);
        assert!(
            (690_000..=692_000).contains(&wait),
            "one comes back every 11.5 minutes: {wait}"
        );
    }

    fn any_risk() -> impl Strategy<Value = Risk> {
        prop_oneof![
            Just(Risk::ToZero),
            Just(Risk::Decrease),
            Just(Risk::Increase),
            Just(Risk::Price)
        ]
    }

    proptest! {
        #[test]
        fn never_more_than_all_in_any_day(
            pauses in proptest::collection::vec((0i64..4_000_000, any_risk()), 1..600),
            most in 2u32..300,
        ) {
            let limit = ListingLimit { most, ..DAY };
            let (mut left, mut now, mut went) = (None, Millis(0), Vec::new());
            for (pause, risk) in pauses {
                now = now.plus(pause);
                match take_change(limit, 1, left, risk, now) {
                    Ok(next) => { left = Some(next); went.push(now); }
                    Err(until) => {
                        prop_assert!(until > now);
                        prop_assert!(take_change(limit, 1, left, risk, until).is_ok());
                        prop_assert!(take_change(limit, 1, left, risk, until.plus(-1)).is_err());
                    }
                }
            }
            for (first, from) in went.iter().enumerate() {
                let within = went[first..].iter().filter(|at| at.since(*from) < 86_400_000).count();
                prop_assert!(within <= most as usize, "{within} of {most}");
            }
        }

        /// Numbers that share their changes go up and down as they like, each change as soon as it may: no fall to zero
        /// ever waits, not even where all of them fall at once.
        #[test]
        fn falling_to_zero_never_waits(
            steps in proptest::collection::vec((0i64..200_000, 0u8..4, any::<proptest::sample::Index>()), 1..2_000),
            most in 4u32..300,
            numbers in any::<proptest::sample::Index>(),
        ) {
            let limit = ListingLimit { most, ..DAY };
            let numbers = 1 + numbers.index(usize::try_from(most / 4).unwrap());
            let together = u32::try_from(numbers).unwrap();
            let (mut left, mut now, mut all) = (None, Millis(0), vec![3; numbers]);
            let last = (0..numbers).map(|number| (0, 0, number));
            let steps = steps.into_iter().map(|(pause, wanted, number)| (pause, wanted, number.index(numbers)));
            for (pause, wanted, number) in steps.chain(last) {
                now = now.plus(pause);
                let shown = &mut all[number];
                let risk = match wanted.cmp(shown) {
                    std::cmp::Ordering::Equal => continue,
                    std::cmp::Ordering::Less if wanted == 0 => Risk::ToZero,
                    std::cmp::Ordering::Less => Risk::Decrease,
                    std::cmp::Ordering::Greater => Risk::Increase,
                };
                match take_change(limit, together, left, risk, now) {
                    Ok(next) => (left, *shown) = (Some(next), wanted),
                    Err(until) => prop_assert!(risk != Risk::ToZero, "it waits until {until}"),
                }
            }
        }
    }
}
