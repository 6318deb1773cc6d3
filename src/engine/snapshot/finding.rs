//! What a guard found in a report, and what is remembered of reports to judge later ones by.

use crate::guard::{GuardName, Window};
use omnistock_words::{LocationName, Percent, Quantity, Sku};
use std::collections::BTreeSet;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Why a snapshot is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which limit.
    pub guard: GuardName,
    /// How much is affected: rows, or units for the sum.
    pub affected: Quantity,
    /// Out of how much.
    pub whole: Quantity,
    /// The limit.
    pub limit: Percent,
    /// The factor that the rows moved by, such as `x12` or `1/10`.
    pub factor: Option<String>,
    /// The first SKUs affected.
    pub examples: Vec<Sku>,
}

impl fmt::Display for Finding {
    /// One sentence for people: the setting that stopped the report, how much, and where to look first.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            guard,
            affected,
            whole,
            limit,
            ..
        } = self;
        let name = guard.name();
        match (guard, &self.factor) {
            (GuardName::UnitFactor, Some(factor)) => {
                write!(
                    f,
                    "{name}: {affected} of {whole} changed rows moved by exactly {factor}"
                )?;
            }
            (GuardName::RowsMissing, _) => write!(f, "{name}: {affected} of {whole} rows are missing (limit {limit})")?,
            (GuardName::TotalDrop, _) => {
                write!(
                    f,
                    "{name}: {affected} of {whole} units are gone without orders (limit {limit})"
                )?;
            }
            (GuardName::NewlyZero, _) => write!(f, "{name}: {affected} of {whole} rows fell to zero (limit {limit})")?,
            _ => write!(f, "{name}: {affected} of {whole} (limit {limit})")?,
        }
        let examples: Vec<&str> = self.examples.iter().map(Sku::as_str).collect();
        if examples.is_empty() {
            Ok(())
        } else {
            write!(f, ", first {}", examples.join(", "))
        }
    }
}

/// The rows that a guard stopped a report for, as numbers: enough to tell whether another report has the same fault.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Affected(BTreeSet<u64>);

impl Affected {
    pub(super) fn of<'a>(rows: impl Iterator<Item = &'a (Sku, LocationName)>) -> Self {
        let hash = |row: &(Sku, LocationName)| {
            let mut hasher = DefaultHasher::new();
            row.hash(&mut hasher);
            hasher.finish()
        };
        Self(rows.map(hash).collect())
    }

    /// Whether a newer report has the same fault: the same rows, but for one in ten.
    pub fn agrees(&self, newer: &Self) -> bool {
        let different = self.0.symmetric_difference(&newer.0).count();
        !self.0.is_empty() && different.saturating_mul(10) <= self.0.len()
    }
}

/// Unexplained falls of a source's single changes within the last 15 minutes: the units gone from
/// each row, and whether it fell to zero. The judge of the next change counts them in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Recent {
    pub(super) falls: Window<(Sku, LocationName)>,
    pub(super) zeros: Window<(Sku, LocationName)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_one_sentence_that_says_where_to_look() {
        let finding = |guard, factor: Option<&str>, examples: &[&str]| Finding {
            guard,
            affected: Quantity::whole(12),
            whole: Quantity::whole(40),
            limit: Percent::whole(10),
            factor: factor.map(str::to_owned),
            examples: examples.iter().map(|sku| sku.parse().unwrap()).collect(),
        };
        for (finding, sentence) in [
            (
                finding(GuardName::RowsMissing, None, &["A", "B"]),
                "rows_missing: 12 of 40 rows are missing (limit 10%), first A, B",
            ),
            (
                finding(GuardName::TotalDrop, None, &["A"]),
                "total_drop: 12 of 40 units are gone without orders (limit 10%), first A",
            ),
            (
                finding(GuardName::NewlyZero, None, &["A"]),
                "newly_zero: 12 of 40 rows fell to zero (limit 10%), first A",
            ),
            (
                finding(GuardName::UnitFactor, Some("1/12"), &[]),
                "unit_factor: 12 of 40 changed rows moved by exactly 1/12",
            ),
        ] {
            assert_eq!(finding.to_string(), sentence);
        }
    }

    #[test]
    fn reports_agree_when_nine_of_ten_rows_at_fault_are_the_same() {
        let rows = |from: usize| -> Affected {
            let rows: Vec<_> = (from..from + 20)
                .map(|n| (n.to_string().parse().unwrap(), "one".parse().unwrap()))
                .collect();
            Affected::of(rows.iter())
        };
        assert!(rows(0).agrees(&rows(0)) && rows(0).agrees(&rows(1)));
        assert!(!rows(0).agrees(&rows(2)));
        assert!(!Affected::default().agrees(&Affected::default()));
    }
}
