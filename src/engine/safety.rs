//! Units held back: a number, a share, or the Poisson quantile of sales that nobody has seen yet.

use crate::blind::Blind;
use crate::documents::Held;
use crate::safety_table::THRESHOLDS;
use omnistock_words::{Millis, Percent, Quantity, SafetyStock};
use rust_decimal::Decimal;

/// Beyond so many expected unseen sales (in thousandths) the maximum is held back without computing.
pub(crate) const MOST_EXPECTED: i64 = 50_000;
/// Fewer units are held back only after so many milliseconds.
const LOWER_AFTER: i64 = 600_000;

/// The least b with P(Poisson(m) > b) ≤ `chance`, m in thousandths; `None` above 50 expected.
/// Whole numbers and decimals throughout: the same on every machine.
pub fn quantile(expected: i64, chance: Percent) -> Option<i64> {
    if expected > MOST_EXPECTED {
        return None;
    }
    match thresholds(chance) {
        Some(row) => i64::try_from(row.partition_point(|most| i64::from(*most) < expected)).ok(),
        None => computed(expected, chance),
    }
}

/// The most expected sales, in thousandths, for which `units` held back are enough.
pub(crate) fn enough_for(units: i64, chance: Percent) -> i64 {
    let (mut low, mut high) = (0, MOST_EXPECTED);
    while low < high {
        let middle = i64::midpoint(low, high + 1);
        if quantile(middle, chance).is_some_and(|b| b <= units) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    low
}

fn thresholds(chance: Percent) -> Option<&'static [u16]> {
    let key = chance.decimal().checked_mul(Decimal::from(10_000))?;
    let row = THRESHOLDS.iter().find(|(known, _)| Decimal::from(*known) == key);
    row.map(|(_, row)| *row)
}

/// As [`quantile`], from the definition.
fn computed(expected: i64, chance: Percent) -> Option<i64> {
    let m = Decimal::new(expected.max(0), 3);
    let wanted = (Decimal::ONE - chance.factor()).max(Decimal::ZERO) * exponential(m)?;
    let (mut term, mut sum) = (Decimal::ONE, Decimal::ONE);
    for b in 0..1_000 {
        if sum >= wanted {
            return Some(b);
        }
        term = term.checked_mul(m)?.checked_div(Decimal::from(b + 1))?;
        sum = sum.checked_add(term)?;
    }
    None
}

/// e to the power of m by its series, m up to 50.
fn exponential(m: Decimal) -> Option<Decimal> {
    let (mut term, mut sum) = (Decimal::ONE, Decimal::ONE);
    for k in 1..400 {
        term = term.checked_mul(m)?.checked_div(Decimal::from(k))?;
        if term.is_zero() {
            break;
        }
        sum = sum.checked_add(term)?;
    }
    Some(sum)
}

/// Adaptive safety stock: what is held back now, and whether it is what is needed now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Adaptive {
    pub(crate) held: Held,
    pub(crate) needed: Quantity,
}

/// What the measured sales ask for, at most `max`; less than `earlier` only after ten minutes in
/// which as much was not needed. Without measurements the maximum.
pub(crate) fn adaptive(
    blind: Option<Blind>,
    (chance, max): (Percent, Quantity),
    earlier: Option<Held>,
    now: Millis,
) -> Adaptive {
    let max = max.positive();
    let needed = blind
        .and_then(|blind| quantile(blind.expected, chance))
        .map_or(max, |b| Quantity::whole(b).min(max));
    let lower_from = now.plus(LOWER_AFTER);
    let held = match earlier {
        Some(earlier) if needed < earlier.units.min(max) && now < earlier.lower_from => Held {
            units: earlier.units.min(max),
            ..earlier
        },
        _ => Held {
            units: needed,
            lower_from,
        },
    };
    Adaptive { held, needed }
}

/// What `value` leaves after a number or a share is held back; at least zero. A share is rounded
/// up to the unit. Adaptive without a measurement is its maximum.
pub(crate) fn after(value: Quantity, held: SafetyStock, decimals: u32) -> Quantity {
    match held {
        SafetyStock::Units(units) => (value - units.positive()).positive(),
        // Floors the value itself too: otherwise a little more stock could lower the rest.
        SafetyStock::Share(share) => {
            let kept = (Decimal::ONE - share.factor()).max(Decimal::ZERO);
            value.floor(decimals).multiply(kept).floor(decimals)
        }
        SafetyStock::Adaptive { max, .. } => (value - max.positive()).positive(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn quantiles_are_those_of_the_table() {
        let table = [
            (50, [0, 1, 2]),
            (100, [1, 1, 2]),
            (250, [1, 2, 3]),
            (500, [2, 3, 4]),
            (1_000, [3, 4, 5]),
            (2_000, [5, 6, 8]),
            (5_000, [9, 11, 13]),
            (10_000, [15, 18, 21]),
            (20_000, [28, 31, 35]),
            (50_000, [62, 67, 73]),
        ];
        for (expected, row) in table {
            for (chance, b) in ["5%", "1%", "0.1%"].into_iter().zip(row) {
                assert_eq!(
                    quantile(expected, chance.parse().unwrap()),
                    Some(b),
                    "{expected} {chance}"
                );
            }
        }
        assert_eq!(quantile(0, Percent::whole(1)), Some(0));
        assert_eq!(quantile(1_000, Percent::whole(200)), Some(0));
        assert_eq!(quantile(50_001, Percent::whole(1)), None);
    }

    /// Every step of every row, from the definition: exact at the threshold, one more behind it.
    #[test]
    fn the_table_is_what_the_definition_says() {
        for (key, row) in THRESHOLDS {
            let chance: Percent = format!("{}%", Decimal::new(*key, 4)).parse().unwrap();
            for (b, most) in (0..).zip(row.iter().copied().map(i64::from)) {
                assert_eq!(
                    computed(most, chance).map(|found| found <= b),
                    Some(true),
                    "{chance} {most}"
                );
                if most < MOST_EXPECTED {
                    assert_eq!(computed(most + 1, chance), Some(b + 1), "{chance} {most}");
                    assert_eq!(enough_for(b, chance), most);
                }
            }
            assert_eq!(row.last(), Some(&50_000));
        }
    }

    #[test]
    fn a_share_is_rounded_up() {
        let whole = Quantity::whole;
        assert_eq!(after(whole(10), SafetyStock::Share(Percent::whole(5)), 0), whole(9));
        assert_eq!(after(whole(5), SafetyStock::Units(whole(5)), 0), whole(0));
        assert_eq!(after(whole(3), SafetyStock::Units(whole(5)), 0), whole(0));
    }

    #[test]
    fn it_is_raised_at_once_and_lowered_after_ten_minutes() {
        let rule = (Percent::whole(1), Quantity::whole(6));
        let at = |expected, earlier, now| {
            let blind = Blind {
                expected,
                daily: 0,
                lag: 0,
            };
            adaptive(Some(blind), rule, earlier, Millis(now)).held
        };
        let first = at(250, None, 0);
        assert_eq!(first.units, Quantity::whole(2));
        let raised = at(1_000, Some(first), 1);
        assert_eq!(raised.units, Quantity::whole(4));
        let kept = at(250, Some(raised), 600_000);
        assert_eq!(kept, raised);
        assert_eq!(at(250, Some(kept), 600_001).units, Quantity::whole(2));
        assert_eq!(
            at(900, Some(kept), 600_000).lower_from,
            Millis(1_200_000),
            "as much was needed again"
        );
        assert_eq!(
            at(40_000, Some(kept), 2).units,
            Quantity::whole(6),
            "at most its maximum"
        );
    }

    proptest! {
        #[test]
        fn any_chance_works(expected in 0i64..50_000, chance in 1u32..9_999_999) {
            let chance: Percent = format!("{}%", Decimal::new(chance.into(), 5)).parse().unwrap();
            let b = quantile(expected, chance);
            prop_assert_eq!(b, computed(expected, chance));
            prop_assert!(b.is_some());
            prop_assert!(b <= quantile((expected + 500).min(50_000), chance));
        }
    }
}
