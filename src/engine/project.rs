//! From an order to the ledgers of its SKUs: each ledger holds exactly the lines that the
//! order's document says, so a dropped line or a changed SKU releases by itself.

use crate::{DocumentKey, Documents, LineRecord, OrderDocument, OrderKey, Part, SkuDocument, Statement};
use omnistock_words::{Component, Millis, OrderLineFact, OrderStatus, Quantity, Sku};
use std::collections::BTreeMap;

/// Brings the ledgers of all SKUs that the order ever touched into line with it.
pub(crate) fn project(documents: &mut Documents, key: &OrderKey, order: &OrderDocument) {
    let mut wanted: BTreeMap<&Sku, Vec<LineRecord>> = order.touched.iter().map(|sku| (sku, Vec::new())).collect();
    for line in &order.lines {
        let Some(sku) = &line.sku else { continue };
        let composition = order
            .compositions
            .iter()
            .find(|known| known.line == line.line && known.sku == *sku);
        let part = if composition.is_some() {
            Part::Bundle
        } else {
            Part::Whole
        };
        if let Some(records) = wanted.get_mut(sku) {
            records.push(record(key, order, line, part, Quantity::ONE));
        }
        for Component { sku: part, quantity } in composition.into_iter().flat_map(|known| &known.parts) {
            if let Some(records) = wanted.get_mut(part) {
                records.push(record(key, order, line, Part::Of(sku.clone()), *quantity));
            }
        }
    }
    for (sku, records) in wanted {
        if records.is_empty() && !documents.skus.contains_key(sku) {
            continue;
        }
        if documents
            .skus
            .or_default(sku)
            .is_some_and(|document| replace(document, key, records))
        {
            documents.mark(DocumentKey::Sku(sku.clone()));
        }
    }
}

/// One line as a SKU sees it, `per` units of the SKU for each unit of the line.
fn record(key: &OrderKey, order: &OrderDocument, line: &OrderLineFact, part: Part, per: Quantity) -> LineRecord {
    let status = if order.cancelled.is_some() {
        OrderStatus::Cancelled
    } else {
        line.status.unwrap_or(order.status)
    };
    let statements = order
        .statements
        .iter()
        .filter(|stated| stated.line == line.line)
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
        let stood = past
            .lines
            .iter()
            .any(|(id, status, quantity)| *id == line.line && holds(*status) && *quantity >= line.quantity);
        if !stood {
            break;
        }
        since = since.min(past.at);
    }
    since
}

/// Replaces the order's lines in a ledger; true where anything changed.
pub(crate) fn replace(document: &mut SkuDocument, key: &OrderKey, mut records: Vec<LineRecord>) -> bool {
    records.sort_by(|a, b| (a.rank(), &a.quantity).cmp(&(b.rank(), &b.quantity)));
    let ours = |line: &LineRecord| line.channel == key.channel && line.order == key.order;
    if document.lines.iter().filter(|line| ours(line)).eq(records.iter()) {
        return false;
    }
    document.lines.retain(|line| !ours(line));
    for record in records {
        let index = document.lines.partition_point(|line| line.rank() <= record.rank());
        document.lines.insert(index, record);
    }
    true
}
