//! Units held back: a number, a share, or the Poisson quantile of sales that nobody has seen yet.

use crate::{Documents, SkuDocument};
use omnistock_words::{ChannelName, ChannelPolicy, Millis, Percent, Quantity, SafetyStock, Settings};
use rust_decimal::Decimal;

/// A day in milliseconds: the window over which sales are counted.
const DAY: i64 = 86_400_000;
/// An hour: a burst counts at once.
const HOUR: i64 = 3_600_000;
/// Beyond so many expected unseen sales the maximum is held back without computing.
const MOST_EXPECTED: i64 = 50_000;

/// Sales that other channels may have made unseen by `channel`, in thousandths of a unit;
/// `None` where a lag was never measured. Each channel's rate is the higher of its last day
/// (with half a unit as prior) and its last hour.
pub(crate) fn expected(
    settings: &Settings,
    documents: &Documents,
    document: &SkuDocument,
    channel: &ChannelName,
    policy: &ChannelPolicy,
    now: Millis,
) -> Option<i64> {
    let push = documents.lags.get(channel)?.push.max(0);
    let mut sum = Decimal::ZERO;
    for other in settings.channels.keys().filter(|other| *other != channel) {
        let lag = Decimal::from(documents.lags.get(other)?.order.max(0).saturating_add(push));
        let sold = |window: i64| -> Decimal {
            let recent = document
                .lines
                .iter()
                .filter(|line| line.channel == *other && line.takes_stock() && now.since(line.placed_at) <= window);
            recent.map(|line| line.quantity).sum::<Quantity>().decimal()
        };
        let day = (sold(DAY) + Decimal::new(5, 1)) / Decimal::from(DAY);
        let hour = sold(HOUR) / Decimal::from(HOUR);
        sum = sum.saturating_add(day.max(hour).saturating_mul(lag));
    }
    let thousandths = sum
        .saturating_mul(policy.expected_sales.max(Decimal::ZERO))
        .saturating_mul(Decimal::ONE_THOUSAND)
        .ceil();
    Some(i64::try_from(thousandths).unwrap_or(i64::MAX))
}

/// The least b with P(Poisson(m) > b) ≤ `chance`, m in thousandths; `None` above 50 expected.
/// Decimals throughout: the same on every machine.
pub fn quantile(expected: i64, chance: Percent) -> Option<i64> {
    if expected > MOST_EXPECTED {
        return None;
    }
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

/// What `value` leaves, and the sales expected unseen in thousandths where they were measured.
pub(crate) fn hold(
    value: Quantity,
    held: SafetyStock,
    decimals: u32,
    expect: impl Fn() -> Option<i64>,
) -> (Quantity, Option<i64>) {
    let SafetyStock::Adaptive { chance, max } = held else {
        return (after(value, held, decimals), None);
    };
    let expected = expect();
    let units = expected
        .and_then(|expected| quantile(expected, chance))
        .map_or(max, |b| Quantity::whole(b).min(max));
    (after(value, SafetyStock::Units(units), decimals), expected)
}

/// What `value` leaves after a number or a share is held back; at least zero. A share is rounded
/// up to the unit. Adaptive is resolved by the caller.
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
    }

    #[test]
    fn a_share_is_rounded_up() {
        let whole = Quantity::whole;
        assert_eq!(after(whole(10), SafetyStock::Share(Percent::whole(5)), 0), whole(9));
        assert_eq!(after(whole(5), SafetyStock::Units(whole(5)), 0), whole(0));
        assert_eq!(after(whole(3), SafetyStock::Units(whole(5)), 0), whole(0));
    }
}
