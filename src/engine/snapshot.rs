//! Judging a complete report against what is known, before any of it is applied.

use crate::contained::contained_by;
use crate::{Position, SkuDocument, SourceDocument, StockRow};
use omnistock_words::{
    ConnectorName, LocationName, Millis, Missing, OrderStatus, Percent, Quantity, Settings, Sku, SourceGuard,
};
use std::fmt;

/// A limit on unexplained change of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GuardName {
    /// Rows that are gone.
    RowsMissing,
    /// The sum fell.
    TotalDrop,
    /// Rows that are newly zero.
    NewlyZero,
}

impl GuardName {
    /// The name in settings and texts.
    pub fn name(self) -> &'static str {
        match self {
            Self::RowsMissing => "rows_missing",
            Self::TotalDrop => "total_drop",
            Self::NewlyZero => "newly_zero",
        }
    }
}

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
    /// The first SKUs affected.
    pub examples: Vec<Sku>,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {} of {} (limit {})",
            self.guard.name(),
            self.affected,
            self.whole,
            self.limit
        )
    }
}

/// What a row of the report, or its absence, means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowVerdict {
    /// Nothing to write: it inherits the snapshot's instant.
    Unchanged,
    /// To be written.
    Rewrite(StockRow),
    /// The report lacks this place, which the source gave before.
    Missing(LocationName),
}

/// Whether the report may be applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Yes.
    Pass,
    /// No: the last good one stays until a person or a newer report decides.
    Held(Vec<Finding>),
}

/// Judges one report in one pass over SKUs.
#[derive(Debug)]
pub struct Judge<'a> {
    settings: &'a Settings,
    source: &'a ConnectorName,
    guard: SourceGuard,
    as_of: Millis,
    now: Millis,
    /// Whether there was a complete snapshot before: without one there is nothing to compare with.
    baseline: bool,
    counts_missing: bool,
    known: u64,
    missing: Count,
    zero: Count,
    fell: Count,
    before: Quantity,
    unexplained: Quantity,
}

/// How many, and which came first.
#[derive(Debug, Default)]
struct Count {
    rows: u64,
    examples: Vec<Sku>,
}

impl Count {
    fn add(&mut self, sku: &Sku) {
        self.rows = self.rows.saturating_add(1);
        if self.examples.len() < EXAMPLES && self.examples.last() != Some(sku) {
            self.examples.push(sku.clone());
        }
    }

    /// A finding where the share is above the limit. Shares over many never act below ten.
    fn judge(&self, guard: GuardName, part: Quantity, whole: Quantity, limit: Percent) -> Option<Finding> {
        let over = self.rows >= LEAST && limit.exceeded_by(part.decimal(), whole.decimal());
        over.then(|| Finding {
            guard,
            affected: part,
            whole,
            limit,
            examples: self.examples.clone(),
        })
    }
}

/// Whether a share over many rows or listings is above its limit: more than the share, and at least ten.
pub fn over(part: u64, whole: u64, limit: Percent) -> bool {
    part >= LEAST && limit.exceeded_by(units(part).decimal(), units(whole).decimal())
}

/// How many SKUs a finding names.
const EXAMPLES: usize = 5;
/// Below so many rows no share acts.
const LEAST: u64 = 10;

fn units(rows: u64) -> Quantity {
    Quantity::whole(i64::try_from(rows).unwrap_or(i64::MAX))
}

impl<'a> Judge<'a> {
    /// Begins with a complete report of `source` as of `as_of`.
    pub fn new(settings: &'a Settings, source: &'a ConnectorName, as_of: Millis, now: Millis) -> Self {
        let (missing, zero, fell) = (Count::default(), Count::default(), Count::default());
        let guard = settings
            .sources
            .get(source)
            .map_or_else(SourceGuard::default, |policy| policy.guard);
        let counts_missing = settings
            .sources
            .get(source)
            .is_some_and(|policy| policy.missing != Missing::Keep);
        let (known, before, unexplained) = (0, Quantity::ZERO, Quantity::ZERO);
        let as_of = as_of.min(now);
        Self {
            settings,
            source,
            guard,
            as_of,
            now,
            baseline: false,
            counts_missing,
            known,
            missing,
            zero,
            fell,
            before,
            unexplained,
        }
    }

    /// One SKU: its document if there is one, the source's document, the rows of the report. The
    /// answer is in the order of the rows, then what is missing. Every SKU that has a position of
    /// this source or a row must be seen exactly once.
    pub fn see(
        &mut self,
        sku: &Sku,
        document: Option<&SkuDocument>,
        source_document: &SourceDocument,
        rows: &[StockRow],
    ) -> Vec<RowVerdict> {
        self.baseline |= source_document.complete_as_of.is_some();
        let Some(document) = document else {
            return rows.iter().cloned().map(RowVerdict::Rewrite).collect();
        };
        let open = self.open(document, source_document);
        let mut explained = open;
        let mut verdicts = Vec::with_capacity(rows.len());
        for row in rows {
            let Some(known) = document.position(&row.location, self.source) else {
                verdicts.push(RowVerdict::Rewrite(row.clone()));
                continue;
            };
            if known.effective(Some(source_document)).0 > self.as_of {
                verdicts.push(RowVerdict::Unchanged);
                continue;
            }
            self.compare(sku, known, row.quantity, &mut explained);
            let same = known.quantity == row.quantity && known.sellable == row.sellable && !known.missing;
            let unchanged =
                same && !open.is_positive() && described(document, row) && !awaited(document, &row.location);
            verdicts.push(if unchanged {
                RowVerdict::Unchanged
            } else {
                RowVerdict::Rewrite(row.clone())
            });
        }
        for known in document.positions.iter().filter(|known| known.source == *self.source) {
            let older = known.effective(Some(source_document)).0 < self.as_of;
            if !older || rows.iter().any(|row| row.location == known.location) {
                continue;
            }
            if !known.missing {
                self.known = self.known.saturating_add(1);
                self.missing.add(sku);
            }
            // A row that is missing again is one report nearer to zero, where the source says so.
            if !known.missing || (self.counts_missing && known.quantity.is_positive()) {
                verdicts.push(RowVerdict::Missing(known.location.clone()));
            }
        }
        verdicts
    }

    /// Units that known orders, movements and reservations may have taken since the last figure.
    fn open(&self, document: &SkuDocument, source: &SourceDocument) -> Quantity {
        let mut sum = Quantity::ZERO;
        for line in document.lines.iter().filter(|line| line.takes_stock()) {
            let known = |name: &ConnectorName| if name == self.source { Some(source) } else { None };
            sum += line.quantity - contained_by(self.settings, known, document, line, |_| true);
        }
        let taken = document
            .movements
            .iter()
            .map(|movement| (-movement.quantity).positive());
        let aside = document
            .reservations
            .iter()
            .filter(|r| r.expires_at > self.now)
            .map(|r| r.quantity);
        sum + taken.sum() + aside.sum()
    }

    fn compare(&mut self, sku: &Sku, known: &Position, quantity: Quantity, explained: &mut Quantity) {
        if known.missing {
            return;
        }
        self.known = self.known.saturating_add(1);
        let (old, new) = (known.quantity.positive(), quantity.positive());
        self.before += old;
        let by_orders = (old - new).positive().min(*explained);
        *explained -= by_orders;
        let fall = old - new - by_orders;
        self.unexplained += fall;
        if fall.is_positive() {
            self.fell.add(sku);
            if new.is_zero() {
                self.zero.add(sku);
            }
        }
    }

    /// After all SKUs.
    pub fn verdict(&self) -> Verdict {
        if !self.baseline {
            return Verdict::Pass;
        }
        let known = units(self.known);
        let findings: Vec<_> = [
            self.missing.judge(
                GuardName::RowsMissing,
                units(self.missing.rows),
                known,
                self.guard.rows_missing,
            ),
            self.fell.judge(
                GuardName::TotalDrop,
                self.unexplained.positive(),
                self.before,
                self.guard.total_drop,
            ),
            self.zero.judge(
                GuardName::NewlyZero,
                units(self.zero.rows),
                known,
                self.guard.newly_zero,
            ),
        ]
        .into_iter()
        .flatten()
        .collect();
        if findings.is_empty() {
            Verdict::Pass
        } else {
            Verdict::Held(findings)
        }
    }
}

/// Whether the row tells nothing new about the article.
fn described(document: &SkuDocument, row: &StockRow) -> bool {
    let known = &document.attributes;
    let silent = row.brand.is_none() && row.category.is_none() && row.tags.is_empty();
    silent
        || (row.brand == known.brand
            && row.category == known.category
            && row.tags.iter().all(|tag| known.tags.contains(tag))
            && known.tags.iter().all(|tag| row.tags.contains(tag)))
}

/// Whether something at the place ends with its next figure: a movement, a return.
fn awaited(document: &SkuDocument, location: &LocationName) -> bool {
    document.movements.iter().any(|movement| movement.location == *location)
        || document.lines.iter().any(|line| {
            line.status == OrderStatus::Returned
                && line.restock_location.as_ref() == Some(location)
                && document
                    .positions
                    .iter()
                    .any(|p| p.location == *location && p.as_of < line.at)
        })
}
