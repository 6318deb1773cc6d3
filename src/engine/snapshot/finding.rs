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
