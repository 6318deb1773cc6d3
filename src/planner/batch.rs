//! Which numbers share a call, and which call goes first: the riskiest.

use omnistock_words::{Millis, Quantity};
use std::collections::BTreeMap;

/// Waiting this long lifts a number by one rank, milliseconds: nothing starves.
pub const AGE_STEP: i64 = 5_000;

/// What a late number costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Risk {
    /// Goes to zero: every sale until then is an oversale.
    ToZero,
    /// Falls.
    Decrease,
    /// Rises, or what is shown is not known.
    Increase,
    /// A price: it oversells nothing.
    Price,
}

impl Risk {
    /// The risk of writing `quantity` where `shown` is shown.
    pub fn of(quantity: Quantity, shown: Option<Quantity>) -> Self {
        match shown {
            _ if !quantity.is_positive() => Self::ToZero,
            Some(shown) if quantity < shown => Self::Decrease,
            _ => Self::Increase,
        }
    }

    /// The place in the queue: the smallest first. Of two that wait equally long the riskier one
    /// goes first; one that has waited `AGE_STEP` longer goes before the next higher risk.
    pub fn turn(self, since: Millis) -> Millis {
        since.plus(AGE_STEP * self as i64)
    }
}

/// A number that is to be written. `K` names it, `G` is what numbers of one call must share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate<K, G> {
    /// Which.
    pub key: K,
    /// The parent or the vendor's location, by the vendor's rule.
    pub group: G,
    /// What a late number costs.
    pub risk: Risk,
    /// Since when it waits.
    pub since: Millis,
    /// Refused before: it gets a call of its own, so that it spoils no other's.
    pub alone: bool,
}

/// Numbers that go out together, riskiest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call<K> {
    /// Which.
    pub keys: Vec<K>,
}

/// Puts candidates into calls of at most `most` numbers of one group. Each candidate is in exactly
/// one call; calls are in the order of their riskiest number.
pub fn batch<K, G: Ord + Clone>(mut candidates: Vec<Candidate<K, G>>, most: usize) -> Vec<Call<K>> {
    let most = most.max(1);
    candidates.sort_by_key(|candidate| candidate.risk.turn(candidate.since));
    let mut calls: Vec<Call<K>> = Vec::new();
    let mut open: BTreeMap<G, usize> = BTreeMap::new();
    for candidate in candidates {
        let place = if candidate.alone {
            None
        } else {
            open.get(&candidate.group).copied()
        };
        if let Some(call) = place
            .and_then(|place| calls.get_mut(place))
            .filter(|call| call.keys.len() < most)
        {
            call.keys.push(candidate.key);
            continue;
        }
        if !candidate.alone {
            open.insert(candidate.group, calls.len());
        }
        calls.push(Call {
            keys: vec![candidate.key],
        });
    }
    calls
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn candidate(key: usize, group: u8, risk: Risk, since: i64) -> Candidate<usize, u8> {
        Candidate {
            key,
            group,
            risk,
            since: Millis(since),
            alone: false,
        }
    }

    #[test]
    fn the_riskiest_goes_first_and_age_lifts() {
        let young = vec![
            candidate(0, 0, Risk::Increase, 99_000),
            candidate(1, 0, Risk::Decrease, 99_000),
            candidate(2, 0, Risk::ToZero, 99_500),
        ];
        assert_eq!(
            batch(young, 1)
                .iter()
                .flat_map(|call| call.keys.clone())
                .collect::<Vec<_>>(),
            [2, 1, 0]
        );
        let old = vec![
            candidate(0, 0, Risk::Increase, 80_000),
            candidate(2, 0, Risk::ToZero, 99_500),
        ];
        assert_eq!(
            batch(old, 1)
                .iter()
                .flat_map(|call| call.keys.clone())
                .collect::<Vec<_>>(),
            [0, 2]
        );
    }

    #[test]
    fn risk_is_told_by_what_is_shown() {
        let five = Quantity::whole(5);
        assert_eq!(Risk::of(Quantity::ZERO, Some(five)), Risk::ToZero);
        assert_eq!(Risk::of(Quantity::ONE, Some(five)), Risk::Decrease);
        assert_eq!(Risk::of(five, Some(Quantity::ONE)), Risk::Increase);
        assert_eq!(Risk::of(five, None), Risk::Increase);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_doubled_mixed_or_too_large(
            rows in proptest::collection::vec((0u8..4, 0usize..3, 0i64..50_000, proptest::bool::weighted(0.1)), 0..120),
            most in 0usize..9,
        ) {
            let risks = [Risk::ToZero, Risk::Decrease, Risk::Increase];
            let candidates: Vec<_> = rows.iter().enumerate().map(|(key, row)| Candidate {
                key, group: row.0, risk: risks[row.1], since: Millis(row.2), alone: row.3,
            }).collect();
            let calls = batch(candidates, most);
            let mut seen: Vec<usize> = calls.iter().flat_map(|call| call.keys.clone()).collect();
            seen.sort_unstable();
            prop_assert_eq!(seen, (0..rows.len()).collect::<Vec<_>>());
            for call in &calls {
                prop_assert!(!call.keys.is_empty() && call.keys.len() <= most.max(1));
                prop_assert!(call.keys.iter().all(|key| rows[*key].0 == rows[call.keys[0]].0));
                prop_assert!(call.keys.len() == 1 || call.keys.iter().all(|key| !rows[*key].3));
            }
        }
    }
}
