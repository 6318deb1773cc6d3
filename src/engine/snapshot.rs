//! Judging a report against what is known, before any of it is applied.

mod finding;

use crate::contained::{Figure, contained};
use crate::guard::{Factors, LEAST, units};
use crate::{Position, SkuDocument, SourceDocument, StockRow};
use omnistock_words::{
    ConnectorName, LocationName, Millis, Missing, OrderStatus, Percent, Quantity, Settings, Sku, SourceGuard,
};
use std::collections::BTreeSet;

pub use crate::guard::GuardName;
pub use finding::{Affected, Finding, Recent};

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
    /// Changes before this one, where it is no complete report.
    recent: Option<&'a Recent>,
    counts_missing: bool,
    known: u64,
    before: Quantity,
    factors: Factors,
    missing: Vec<(Sku, LocationName)>,
    falls: Vec<Fall>,
}

/// A figure that fell without a known order that explains it.
#[derive(Debug)]
struct Fall {
    row: (Sku, LocationName),
    units: Quantity,
    to_zero: bool,
}

/// How many SKUs a finding names.
const EXAMPLES: usize = 5;

fn examples<'b>(rows: impl Iterator<Item = &'b (Sku, LocationName)>) -> Vec<Sku> {
    let mut named: Vec<Sku> = Vec::new();
    for (sku, _) in rows {
        if named.len() >= EXAMPLES {
            break;
        }
        if named.last() != Some(sku) {
            named.push(sku.clone());
        }
    }
    named
}

fn count(rows: usize) -> u64 {
    u64::try_from(rows).unwrap_or(u64::MAX)
}

impl<'a> Judge<'a> {
    /// Begins with a complete report of `source` as of `as_of`.
    pub fn new(settings: &'a Settings, source: &'a ConnectorName, as_of: Millis, now: Millis) -> Self {
        let policy = settings.sources.get(source);
        Self {
            settings,
            source,
            guard: policy.map_or_else(SourceGuard::default, |policy| policy.guard),
            as_of: as_of.min(now),
            now,
            baseline: false,
            recent: None,
            counts_missing: policy.is_some_and(|policy| policy.missing != Missing::Keep),
            known: 0,
            before: Quantity::ZERO,
            factors: Factors::default(),
            missing: Vec::new(),
            falls: Vec::new(),
        }
    }

    /// Begins with single rows or movements of `source`, which prove nothing by absence: they are
    /// judged together with those of the last 15 minutes, against the newest complete snapshot.
    /// Only SKUs that have a row are seen.
    pub fn delta(
        settings: &'a Settings,
        source: &'a ConnectorName,
        source_document: &SourceDocument,
        recent: &'a Recent,
        (as_of, now): (Millis, Millis),
    ) -> Self {
        Self {
            baseline: source_document.complete_as_of.is_some(),
            recent: Some(recent),
            known: source_document.rows,
            before: source_document.total.positive(),
            ..Self::new(settings, source, as_of, now)
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
        if self.recent.is_some() {
            return verdicts;
        }
        for known in document.positions.iter().filter(|known| known.source == *self.source) {
            let older = known.effective(Some(source_document)).0 < self.as_of;
            if !older || rows.iter().any(|row| row.location == known.location) {
                continue;
            }
            if !known.missing {
                self.known = self.known.saturating_add(1);
                self.missing.push((sku.clone(), known.location.clone()));
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
        let known = |name: &ConnectorName| if name == self.source { Some(source) } else { None };
        let figures = Figure::all(self.settings, known, document);
        for line in document.lines.iter().filter(|line| line.takes_stock()) {
            sum += line.quantity - contained(self.settings, known, &figures, line, |_| true);
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

    /// Also with what an earlier report lacked: it is kept, and a row that comes back must not be trusted blindly.
    fn compare(&mut self, sku: &Sku, known: &Position, quantity: Quantity, explained: &mut Quantity) {
        if self.recent.is_none() {
            self.known = self.known.saturating_add(1);
            self.before += known.quantity.positive();
        }
        self.fell((sku, &known.location), (known.quantity, quantity), explained);
    }

    /// A movement of the source: what the place had by its figure and earlier movements, and what was added.
    /// Known orders of the SKU explain a fall, less what earlier movements have taken for them already.
    pub fn moved(&mut self, sku: &Sku, document: &SkuDocument, location: &LocationName, added: Quantity) {
        let Some(known) = document.position(location, self.source).filter(|known| !known.missing) else {
            return;
        };
        let others = document
            .movements
            .iter()
            .filter(|movement| movement.location == *location);
        let had = known.quantity + others.map(|movement| movement.quantity).sum();
        let ordered = document.lines.iter().filter(|line| line.takes_stock());
        let ordered: Quantity = ordered.map(|line| line.quantity).sum();
        let taken = document
            .movements
            .iter()
            .map(|movement| (-movement.quantity).positive());
        let mut explained = (ordered - taken.sum()).positive();
        self.fell((sku, location), (had, had + added), &mut explained);
    }

    fn fell(
        &mut self,
        (sku, location): (&Sku, &LocationName),
        figures: (Quantity, Quantity),
        explained: &mut Quantity,
    ) {
        let (old, new) = (figures.0.positive(), figures.1.positive());
        let by_orders = (old - new).positive().min(*explained);
        *explained -= by_orders;
        self.factors.add(old - by_orders, new);
        let units = old - new - by_orders;
        if units.is_positive() {
            self.falls.push(Fall {
                row: (sku.clone(), location.clone()),
                units,
                to_zero: new.is_zero(),
            });
        }
    }

    /// After all SKUs.
    pub fn verdict(&self) -> Verdict {
        if !self.baseline {
            return Verdict::Pass;
        }
        let findings: Vec<_> = [
            self.rows_missing(),
            self.total_drop(),
            self.newly_zero(),
            self.unit_factor(),
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

    /// A finding where `rows` rows are at least ten, and `part` is above its share of the whole.
    fn share<'b>(
        guard: GuardName,
        rows: impl Iterator<Item = &'b (Sku, LocationName)> + Clone,
        (part, whole): (Quantity, Quantity),
        limit: Percent,
    ) -> Option<Finding> {
        let over = count(rows.clone().count()) >= LEAST && limit.exceeded_by(part.decimal(), whole.decimal());
        over.then(|| Finding {
            guard,
            affected: part,
            whole,
            limit,
            factor: None,
            examples: examples(rows),
        })
    }

    fn rows_missing(&self) -> Option<Finding> {
        let part = (units(count(self.missing.len())), units(self.known));
        Self::share(
            GuardName::RowsMissing,
            self.missing.iter(),
            part,
            self.guard.rows_missing,
        )
    }

    fn total_drop(&self) -> Option<Finding> {
        let now: BTreeSet<&(Sku, LocationName)> = self.falls.iter().map(|fall| &fall.row).collect();
        let mut gone: Quantity = self.falls.iter().map(|fall| fall.units).sum();
        let mut rows: Vec<_> = self.falls.iter().map(|fall| &fall.row).collect();
        for (row, units) in self.recent.iter().flat_map(|recent| recent.falls.within(self.as_of)) {
            gone += units;
            if !now.contains(row) {
                rows.push(row);
            }
        }
        Self::share(
            GuardName::TotalDrop,
            rows.into_iter(),
            (gone, self.before),
            self.guard.total_drop,
        )
    }

    fn newly_zero(&self) -> Option<Finding> {
        let zeros = self.falls.iter().filter(|fall| fall.to_zero).map(|fall| &fall.row);
        let now: BTreeSet<&(Sku, LocationName)> = zeros.clone().collect();
        let before = self.recent.iter().flat_map(|recent| recent.zeros.within(self.as_of));
        let before = before.map(|(row, _)| row).filter(|row| !now.contains(row));
        let rows: Vec<_> = zeros.chain(before).collect();
        let part = (units(count(rows.len())), units(self.known));
        Self::share(GuardName::NewlyZero, rows.into_iter(), part, self.guard.newly_zero)
    }

    fn unit_factor(&self) -> Option<Finding> {
        let (factor, rows, changed) = self.factors.finding()?;
        Some(Finding {
            guard: GuardName::UnitFactor,
            affected: units(rows),
            whole: units(changed),
            limit: Percent::whole(50),
            factor: Some(factor),
            examples: Vec::new(),
        })
    }

    /// What the report is at fault for, to compare another one with.
    pub fn affected(&self) -> Affected {
        Affected::of(self.falls.iter().map(|fall| &fall.row).chain(&self.missing))
    }

    /// What was judged is applied: it counts for the single changes of the next 15 minutes.
    pub fn remember(&self, recent: &mut Recent) {
        let at = self.as_of;
        for fall in &self.falls {
            recent.falls.note(fall.row.clone(), at, fall.units);
            if fall.to_zero {
                recent.zeros.note(fall.row.clone(), at, fall.units);
            }
        }
        recent.falls.expire(at);
        recent.zeros.expire(at);
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
                && line.restock_location() == Some(location)
                && document
                    .positions
                    .iter()
                    .any(|p| p.location == *location && p.as_of < line.at)
        })
}
