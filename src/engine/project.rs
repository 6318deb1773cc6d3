//! From an order to the ledgers of its SKUs: each ledger holds exactly the lines that the
//! order's document says, so a dropped line or a changed SKU releases by itself.

use crate::{
    Complaint, DocumentKey, Documents, LineRecord, OrderDocument, OrderKey, Part, Past, SkuDocument, Statement,
};
use omnistock_words::{Component, Millis, OrderLineFact, OrderStatus, Quantity, Sku};
use std::collections::BTreeMap;

/// Orders with more SKUs are sorted by SKU first; with fewer every SKU looks through all lines.
const FEW: usize = 8;

/// Brings the ledgers of all SKUs that the order ever touched into line with it; `new`: none of
/// them has a line of it yet.
pub(crate) fn project(
    documents: &mut Documents,
    key: &OrderKey,
    order: &OrderDocument,
    new: bool,
    out: &mut Vec<Complaint>,
) {
    if order.touched.len() > FEW {
        return project_many(documents, key, order, new, out);
    }
    for sku in &order.touched {
        let mut records = Vec::new();
        each(key, order, |touched, record| {
            if touched == sku {
                records.push(record());
            }
        });
        follow(documents, (key, new), sku, records, out);
    }
}

fn project_many(documents: &mut Documents, key: &OrderKey, order: &OrderDocument, new: bool, out: &mut Vec<Complaint>) {
    let mut wanted: BTreeMap<&Sku, Vec<LineRecord>> = order.touched.iter().map(|sku| (sku, Vec::new())).collect();
    each(key, order, |sku, record| {
        if let Some(records) = wanted.get_mut(sku) {
            records.push(record());
        }
    });
    for (sku, records) in wanted {
        follow(documents, (key, new), sku, records, out);
    }
}

/// Every SKU that a line touches, with what its ledger says of the line.
fn each<'a>(key: &OrderKey, order: &'a OrderDocument, mut then: impl FnMut(&'a Sku, &dyn Fn() -> LineRecord)) {
    // By line: an order may have thousands.
    let compositions: BTreeMap<_, _> = order
        .compositions
        .iter()
        .map(|known| ((&known.line, &known.sku), known))
        .collect();
    for line in &order.lines {
        let Some(sku) = &line.sku else { continue };
        let composition = compositions.get(&(&line.line, sku)).copied();
        let part = || {
            if composition.is_some() {
                Part::Bundle
            } else {
                Part::Whole
            }
        };
        then(sku, &|| record(key, order, line, part(), Quantity::ONE));
        for Component { sku: part, quantity } in composition.into_iter().flat_map(|known| &known.parts) {
            then(part, &|| record(key, order, line, Part::Of(sku.clone()), *quantity));
        }
    }
}

fn follow(
    documents: &mut Documents,
    (key, new): (&OrderKey, bool),
    sku: &Sku,
    mut records: Vec<LineRecord>,
    out: &mut Vec<Complaint>,
) {
    if records.is_empty() && (new || !documents.skus.contains_key(sku)) {
        return;
    }
    let Some(document) = documents.skus.or_default(sku) else {
        return;
    };
    let was = document.overfull;
    let changed = if new {
        sort(&mut records);
        put(document, records);
        true
    } else {
        replace(document, key, records)
    };
    if document.overfull && !was {
        out.push(Complaint::TooManyOrderLines(sku.clone()));
    }
    if changed {
        documents.mark(DocumentKey::Sku(sku.clone()));
    }
}

/// One line as a SKU sees it, `per` units of the SKU for each unit of the line.
fn record(key: &OrderKey, order: &OrderDocument, line: &OrderLineFact, part: Part, per: Quantity) -> LineRecord {
    let status = if order.cancelled.is_some() {
        OrderStatus::Cancelled
    } else {
        line.status.unwrap_or(order.status)
    };
    // They are sorted by line.
    let from = order.statements.partition_point(|stated| stated.line < line.line);
    let statements = order
        .statements
        .iter()
        .skip(from)
        .take_while(|stated| stated.line == line.line)
        .filter_map(|stated| {
            let (as_of, quantity) = stated.counts()?;
            let quantity = quantity.multiply(per.decimal());
            Some(Statement {
                source: stated.source.clone(),
                as_of,
                quantity,
            })
        });
    let left = |status: OrderStatus| matches!(status, OrderStatus::Shipped | OrderStatus::Returned);
    let back = |status: OrderStatus| status == OrderStatus::Returned;
    LineRecord {
        placed_at: order.placed_at,
        channel: key.channel.clone(),
        order: key.order.clone(),
        line: line.line.clone(),
        quantity: line.quantity.multiply(per.decimal()),
        part,
        status,
        at: order.cancelled.unwrap_or(order.at),
        open_at: since(order, line, |status| status != OrderStatus::Cancelled),
        left_at: left(status).then(|| since(order, line, left)),
        back_at: back(status).then(|| since_when_at_the_latest(order, line, back)),
        location: line.location.clone(),
        fulfilled_by: line.fulfilled_by,
        reservation: line.reservation.clone(),
        restock_location: line.restock_location.clone(),
        statements: statements.collect(),
    }
}

/// Since when, without a gap up to the newest report, the line stood so in at least its quantity.
fn since(order: &OrderDocument, line: &OrderLineFact, holds: impl Fn(OrderStatus) -> bool) -> Millis {
    let mut since = order.at;
    for past in &order.past {
        let stood = said(past, line).is_some_and(|(status, quantity)| holds(status) && quantity >= line.quantity);
        if !stood {
            break;
        }
        since = since.min(past.at);
    }
    since
}

/// What a revision said of a line; its lines are sorted.
fn said(past: &Past, line: &OrderLineFact) -> Option<(OrderStatus, Quantity)> {
    let index = past.lines.binary_search_by(|(id, ..)| id.cmp(&line.line)).ok()?;
    past.lines.get(index).map(|(_, status, quantity)| (*status, *quantity))
}

/// As [`since`]; where more revisions say so than are remembered, long ago.
fn since_when_at_the_latest(
    order: &OrderDocument,
    line: &OrderLineFact,
    holds: impl Fn(OrderStatus) -> bool,
) -> Millis {
    let forgotten = order.past.len() >= OrderDocument::PAST;
    let always = |past: &Past| said(past, line).is_some_and(|(status, _)| holds(status));
    if forgotten && order.past.iter().all(always) {
        return Millis::MIN;
    }
    since(order, line, holds)
}

fn sort(records: &mut [LineRecord]) {
    if records.len() > 1 {
        records.sort_by(|a, b| (a.rank(), &a.quantity).cmp(&(b.rank(), &b.quantity)));
    }
}

/// Puts the lines where they belong, as far as there is room.
fn put(document: &mut SkuDocument, mut records: Vec<LineRecord>) {
    let room = SkuDocument::LINES.saturating_sub(document.lines.len());
    if records.len() > room {
        document.overfull = true;
        records.truncate(room);
    } else if document.lines.len() + records.len() <= SkuDocument::LINES / 2 {
        document.overfull = false;
    }
    if let [_, _, ..] = records.as_slice() {
        document.lines.extend(records);
        document.lines.sort_by(|a, b| a.rank().cmp(&b.rank()));
    } else {
        for record in records {
            let index = document.lines.partition_point(|line| line.rank() <= record.rank());
            document.lines.insert(index, record);
        }
    }
}

/// Replaces the order's lines in a ledger; true where anything changed.
pub(crate) fn replace(document: &mut SkuDocument, key: &OrderKey, mut records: Vec<LineRecord>) -> bool {
    sort(&mut records);
    let ours = |line: &LineRecord| line.channel == key.channel && line.order == key.order;
    // The usual case: one line, which stays where it is.
    let mut known = document.lines.iter_mut().filter(|line| ours(line));
    if let [record] = records.as_slice()
        && let (Some(line), None) = (known.next(), known.next())
        && line.rank() == record.rank()
    {
        let changed = line != record;
        line.clone_from(record);
        return changed;
    }
    if document.lines.iter().filter(|line| ours(line)).eq(records.iter()) {
        return false;
    }
    document.lines.retain(|line| !ours(line));
    put(document, records);
    true
}
