//! Whether a source has changed its unit: pieces became boxes, or boxes pieces.
//!
//! A row moved by a factor when its new figure is the old one times the factor, or the old one
//! divided by it with the rest cut off. Rows to or from zero say nothing, and what known orders took
//! is put back first. The guard acts where one factor explains more than half of the changed rows,
//! and at least ten.

use super::LEAST;
use omnistock_words::Quantity;
use rust_decimal::Decimal;

/// Usual contents of packs, and slipped decimal points.
const FACTORS: [u32; 11] = [6, 10, 12, 20, 24, 25, 50, 100, 144, 500, 1_000];

/// Counts rows by the factor they moved by.
#[derive(Debug, Default)]
pub(crate) struct Factors {
    changed: u64,
    up: [u64; FACTORS.len()],
    down: [u64; FACTORS.len()],
}

impl Factors {
    /// A row that was known, before (less what known orders took) and after.
    pub(crate) fn add(&mut self, old: Quantity, new: Quantity) {
        if old == new || !old.is_positive() || !new.is_positive() {
            return;
        }
        self.changed = self.changed.saturating_add(1);
        for ((factor, up), down) in FACTORS.iter().zip(&mut self.up).zip(&mut self.down) {
            let times = Decimal::from(*factor);
            *up += u64::from(old.multiply(times) == new);
            *down += u64::from(new < old && fits(new, old, times));
        }
    }

    /// The factor that explains most changed rows, the rows it explains, and all changed rows.
    pub(crate) fn finding(&self) -> Option<(String, u64, u64)> {
        let names = |sign: &'static str| move |factor: &u32| format!("{sign}{factor}");
        let ups = FACTORS.iter().map(names("x")).zip(self.up);
        let downs = FACTORS.iter().map(names("1/")).zip(self.down);
        let (name, rows) = ups.chain(downs).max_by_key(|(_, rows)| *rows)?;
        let most = rows >= LEAST && rows.saturating_mul(2) > self.changed;
        most.then_some((name, rows, self.changed))
    }
}

/// Whether `small` is `large` divided by the factor, exactly or with the rest cut off.
fn fits(small: Quantity, large: Quantity, factor: Decimal) -> bool {
    let back = small.multiply(factor);
    back == large || (small.as_whole().is_some() && back <= large && large < (small + Quantity::ONE).multiply(factor))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(rows: impl IntoIterator<Item = (i64, i64)>) -> Option<(String, u64, u64)> {
        let mut factors = Factors::default();
        for (old, new) in rows {
            factors.add(Quantity::whole(old), Quantity::whole(new));
        }
        factors.finding()
    }

    #[test]
    fn one_factor_for_most_changed_rows_is_a_change_of_unit() {
        assert_eq!(found((1..=10).map(|n| (n, n * 12))), Some(("x12".to_owned(), 10, 10)));
        // Pieces counted in boxes of twelve, the rest cut off.
        assert_eq!(found((13..33).map(|n| (n, n / 12))), Some(("1/12".to_owned(), 20, 20)));
        assert_eq!(found((1..=9).map(|n| (n, n * 100))), None, "below ten never");
        let half = (1..=10).map(|n| (n, n * 10)).chain((1..=10).map(|n| (n, n + 1)));
        assert_eq!(found(half), None, "half of them is not most");
        let zeros = (1..=10).map(|n| (n, n * 10)).chain((1..=90).map(|n| (n, 0)));
        assert_eq!(
            found(zeros),
            Some(("x10".to_owned(), 10, 10)),
            "rows to zero say nothing"
        );
        assert_eq!(found((1..=50).map(|n| (n, n))), None, "nothing changed");
        assert_eq!(
            found((1..=50).map(|_| (30, 4))),
            None,
            "thirty pieces are five boxes of six"
        );
        assert_eq!(found((1..=50).map(|n| (n * 7, n * 7 - 1))), None, "single sales");
    }
}
