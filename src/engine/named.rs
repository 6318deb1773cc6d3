//! Lines that a report names no article for, although an earlier one did: shops tell the article's present SKU, and
//! none once it is deleted. The units stay sold: what was last named counts, in whatever order the reports came.

use crate::{Complaint, OrderDocument, OrderKey};
use omnistock_words::{LineId, OrderFact, OrderLineFact, Revision, Sku};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The newest report that named a line which the document's own report does not name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    /// The line; the document's own report may lack it.
    pub line: LineId,
    /// Which report.
    pub revision: Revision,
    /// What it named.
    pub sku: Sku,
}

/// By line: the newest report that named it, and what; of two of one revision the later name.
type Known = BTreeMap<LineId, (Revision, Sku)>;

fn known(document: &OrderDocument) -> Known {
    let each = document.named.iter();
    each.map(|named| (named.line.clone(), (named.revision, named.sku.clone())))
        .collect()
}

/// What the document's own report named the line; not what was filled in.
fn own<'a>(document: &'a OrderDocument, known: &Known, line: &LineId) -> Option<&'a Sku> {
    let index = document.lines.binary_search_by(|own| own.line.cmp(line)).ok()?;
    let sku = document.lines.get(index)?.sku.as_ref()?;
    let filled = known.get(line).is_some_and(|(_, known)| known == sku);
    (!filled).then_some(sku)
}

fn name(known: &mut Known, line: &LineId, revision: Revision, sku: &Sku) {
    let newest = known.entry(line.clone()).or_insert_with(|| (revision, sku.clone()));
    if (newest.0, &newest.1) < (revision, sku) {
        *newest = (revision, sku.clone());
    }
}

/// What all reports have named so far.
fn all(document: &OrderDocument) -> Known {
    let mut all = known(document);
    if let Some(revision) = document.revision {
        let kept = all.clone();
        for line in &document.lines {
            if let Some(sku) = own(document, &kept, &line.line) {
                name(&mut all, &line.line, revision, sku);
            }
        }
    }
    all
}

/// Beyond as many lines as an order may have, the rest is forgotten.
fn keep(document: &mut OrderDocument, known: Known) {
    let each = known.into_iter().take(OrderDocument::LINES);
    let each = each.map(|(line, (revision, sku))| Named { line, revision, sku });
    document.named = each.collect();
}

/// The document's lines as its own report told them.
pub(crate) fn as_told(document: &OrderDocument) -> Vec<OrderLineFact> {
    let kept = known(document);
    let told = |line: &OrderLineFact| OrderLineFact {
        sku: own(document, &kept, &line.line).cloned(),
        ..line.clone()
    };
    document.lines.iter().map(told).collect()
}

/// The report with what is known of the lines that it doesn't name; `None` where it names all, or nothing is known.
pub(crate) fn filled(document: &OrderDocument, fact: &OrderFact) -> Option<OrderFact> {
    if fact.lines.iter().all(|line| line.sku.is_some()) {
        return None;
    }
    let (all, mut filled) = (all(document), fact.clone());
    for line in filled.lines.iter_mut().filter(|line| line.sku.is_none()) {
        line.sku = all.get(&line.line).map(|(_, sku)| sku.clone());
    }
    Some(filled)
}

/// Lines of which no report has said what was sold.
pub(crate) fn complain(key: &OrderKey, fact: &OrderFact, out: &mut Vec<Complaint>) {
    for line in fact.lines.iter().filter(|line| line.sku.is_none()) {
        out.push(Complaint::NoSku {
            order: key.clone(),
            line: line.line.clone(),
        });
    }
}

/// Before the report with these lines becomes the document's own: what it doesn't name is kept.
pub(crate) fn replaced(document: &mut OrderDocument, told: &[OrderLineFact], revision: Revision) {
    let by_told = |line: &LineId| {
        let index = told.binary_search_by(|own| own.line.cmp(line)).ok();
        index.and_then(|index| told.get(index)?.sku.as_ref())
    };
    let named = |line: &OrderLineFact| line.sku.is_none() || by_told(&line.line).is_some();
    let before = document.revision < Some(revision);
    if before && document.named.is_empty() && document.lines.iter().all(named) {
        return;
    }
    let mut all = all(document);
    all.retain(|line, (known, sku)| by_told(line).is_none_or(|own| *known == revision && *sku > *own));
    keep(document, all);
}

/// A report that doesn't become the document's own, and what it names that the document doesn't. True: that is new.
pub(crate) fn older(document: &mut OrderDocument, told: &[OrderLineFact], revision: Revision) -> bool {
    let kept = known(document);
    let same = document.revision == Some(revision);
    let news = |line: &OrderLineFact, sku: &Sku| own(document, &kept, &line.line).is_none_or(|own| same && sku > own);
    let mut all = kept.clone();
    for line in told {
        if let Some(sku) = line.sku.as_ref().filter(|sku| news(line, sku)) {
            name(&mut all, &line.line, revision, sku);
        }
    }
    if all == kept {
        return false;
    }
    let mut lines: Vec<OrderLineFact> = document.lines.iter().cloned().collect();
    for line in &mut lines {
        if own(document, &kept, &line.line).is_none() {
            line.sku = all.get(&line.line).map(|(_, sku)| sku.clone());
        }
    }
    document.lines.set(&lines);
    keep(document, all);
    true
}
