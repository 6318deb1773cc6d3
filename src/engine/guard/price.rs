//! Guards on prices: one that moves too far, by a slipped decimal point or into another currency,
//! and too many that move at once. A held price never stops stock.

use super::{GuardName, over};
use omnistock_words::{Money, Percent};
use rust_decimal::Decimal;

/// A published price and the one that would take its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceChange<K> {
    /// Which listing.
    pub key: K,
    /// What is published.
    pub old: Money,
    /// What would be.
    pub new: Money,
    /// How far this one may move.
    pub jump: Percent,
}

/// Why the change of one price is held: another currency; a factor of 10, 100 or 1,000 up or down,
/// within rounding and whatever the limit says; or |new − old| ÷ old above the limit.
pub fn price_fault(old: Money, new: Money, limit: Percent) -> Option<GuardName> {
    let (before, after) = (old.amount(), new.amount());
    if old.currency() != new.currency() {
        Some(GuardName::Currency)
    } else if slipped(before, after, old.currency().digits()) || slipped(after, before, old.currency().digits()) {
        Some(GuardName::Factor)
    } else {
        let jumps = limit.exceeded_by((after - before).abs(), before);
        jumps.then_some(GuardName::PriceJump)
    }
}

/// Whether `large` divided by 10, 100 or 1,000 and rounded to the currency's digits is `small`.
fn slipped(small: Decimal, large: Decimal, digits: u32) -> bool {
    // Half a unit of the last digit is what rounding may have moved the small one by.
    let half = Decimal::new(5, digits.saturating_add(1));
    small > Decimal::ZERO
        && [10, 100, 1_000].map(Decimal::from).into_iter().any(|times| {
            let off = small.checked_mul(times).map(|scaled| (scaled - large).abs());
            off.zip(half.checked_mul(times)).is_some_and(|(off, most)| off <= most)
        })
}

/// Judges all price changes of one report at a channel as a whole: `whole` prices are published
/// there, and at most the share `limit` may change. What is held, with the guard that holds it.
pub fn price_faults<K: Clone>(changes: &[PriceChange<K>], whole: u64, limit: Percent) -> Vec<(K, GuardName)> {
    let changed: Vec<_> = changes.iter().filter(|change| change.old != change.new).collect();
    let many = over(u64::try_from(changed.len()).unwrap_or(u64::MAX), whole, limit);
    let fault = |change: &&PriceChange<K>| {
        let own = price_fault(change.old, change.new, change.jump);
        let guard = own.or(many.then_some(GuardName::PricesChanged))?;
        Some((change.key.clone(), guard))
    };
    changed.iter().filter_map(fault).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn money(text: &str) -> Money {
        let (amount, currency) = text.split_once(' ').unwrap_or((text, "EUR"));
        Money::new(amount.parse().unwrap(), currency.parse().unwrap()).unwrap()
    }

    #[test]
    fn a_price_is_held_by_jump_factor_and_currency() {
        let (wide, usual) = (Percent::whole(5_000), Percent::whole(30));
        for (limit, old, new, fault) in [
            (Percent::whole(50), "50", "27", None),
            (Percent::whole(50), "50", "23", Some(GuardName::PriceJump)),
            (usual, "35", "22", Some(GuardName::PriceJump)),
            (usual, "35", "45", None),
            (usual, "10", "13", None),
            (wide, "2.49", "24.90", Some(GuardName::Factor)),
            (wide, "24.95", "2.50", Some(GuardName::Factor)),
            (wide, "24.95", "2.49", Some(GuardName::Factor)),
            (wide, "24.95", "2.48", None),
            (wide, "1999", "19.99", Some(GuardName::Factor)),
            (wide, "0.99", "990", Some(GuardName::Factor)),
            (wide, "2.49", "24.85", Some(GuardName::Factor)),
            (wide, "2.49", "25.10", None),
            (wide, "150 JPY", "15 JPY", Some(GuardName::Factor)),
            (wide, "20", "20 USD", Some(GuardName::Currency)),
            (wide, "0", "5", Some(GuardName::PriceJump)),
            (wide, "5", "0", None),
            (usual, "0", "0", None),
        ] {
            assert_eq!(price_fault(money(old), money(new), limit), fault, "{old} {new}");
        }
    }

    fn changes(n: u64, new: &str) -> Vec<PriceChange<u64>> {
        let change = |key| PriceChange {
            key,
            old: money("10"),
            new: money(new),
            jump: Percent::whole(30),
        };
        (0..n).map(change).collect()
    }

    #[test]
    fn too_many_at_once_are_held_all_of_them() {
        let held = |n, whole, new: &str| price_faults(&changes(n, new), whole, Percent::whole(20)).len();
        assert_eq!(held(20, 100, "10.50"), 0);
        assert_eq!(held(21, 100, "10.50"), 21);
        assert_eq!(held(9, 9, "10.50"), 0, "below ten never");
        assert_eq!(held(50, 100, "10"), 0, "what stays the same is no change");
        assert_eq!(held(2, 100, "14"), 2, "each by itself");
    }
}
