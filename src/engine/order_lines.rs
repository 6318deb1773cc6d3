//! How an order stands: of each line what figures contain, where the rest comes from, and what is nowhere to be found.

use crate::picture::Picture;
use crate::{Documents, LineRecord, OrderKey, Part};
use omnistock_words::{LineId, LocationName, Millis, OrderStatus, Quantity, Settings, Sku};
use rust_decimal::Decimal;

/// Units of a line and where they come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sourced {
    /// The place.
    pub location: LocationName,
    /// Units of the SKU, or of the part.
    pub quantity: Quantity,
    /// The part, where the line sold a bundle.
    pub part: Option<Sku>,
}

/// One line of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderLine {
    /// The channel's id of it.
    pub line: LineId,
    /// What was sold; `None`: nothing that we know.
    pub sku: Option<Sku>,
    /// Units sold and not cancelled.
    pub quantity: Quantity,
    /// Where it stands.
    pub status: OrderStatus,
    /// Units that need no subtracting any more: figures contain them, or a person gave them back.
    pub contained: Quantity,
    /// Where the rest comes from.
    pub sourced: Vec<Sourced>,
    /// Units that are nowhere to be found.
    pub short: Quantity,
    /// Some of it still takes stock.
    pub open: bool,
}

/// The lines of an order; none where it is not known. Every SKU that it touched must be in `documents`.
pub fn order_lines(settings: &Settings, documents: &Documents, key: &OrderKey, now: Millis) -> Vec<OrderLine> {
    let Some(document) = documents.orders.get(key) else {
        return Vec::new();
    };
    let mut lines = Vec::new();
    for line in &document.lines {
        let status = line.status.unwrap_or(document.status);
        let mut answer = OrderLine {
            line: line.line.clone(),
            sku: line.sku.clone(),
            quantity: line.quantity,
            status: document.cancelled.map_or(status, |_| OrderStatus::Cancelled),
            contained: Quantity::ZERO,
            sourced: Vec::new(),
            short: Quantity::ZERO,
            open: false,
        };
        let mut least: Option<Quantity> = None;
        for sku in &document.touched {
            if let Some(contained) = part(settings, documents, key, sku, now, &mut answer) {
                least = Some(least.map_or(contained, |least| least.min(contained)));
            }
        }
        answer.contained = least.unwrap_or_default();
        answer.open = least.is_some_and(|contained| contained < line.quantity);
        lines.push(answer);
    }
    lines
}

/// Adds what a SKU's ledger says of the line; how much of the line it says is contained.
fn part(
    settings: &Settings,
    documents: &Documents,
    key: &OrderKey,
    sku: &Sku,
    now: Millis,
    answer: &mut OrderLine,
) -> Option<Quantity> {
    let line = answer.line.clone();
    let ours = |record: &LineRecord| record.channel == key.channel && record.order == key.order && record.line == line;
    let known = documents.skus.get(sku)?.lines.iter();
    let mut known = known.filter(|record| ours(record) && record.takes_stock());
    known.next()?;
    let mut picture = Picture::of(settings, documents, sku, now, true);
    let mut records = picture.document.lines.iter();
    let record = records.find(|record| ours(record) && record.takes_stock())?;
    // Units of the SKU for one unit of the line.
    let per = record.quantity.decimal().checked_div(answer.quantity.decimal());
    let per = per.filter(|per| *per > Decimal::ZERO)?;
    let lined = |quantity: Quantity| Quantity::saturating(quantity.decimal().checked_div(per).unwrap_or_default());
    let contained = picture.contained_of(record);
    for taken in picture.taken.iter().filter(|taken| ours(taken.line)) {
        match taken.location {
            Some(location) => answer.sourced.push(Sourced {
                location: location.clone(),
                quantity: taken.quantity,
                part: matches!(record.part(), Part::Of(_)).then(|| sku.clone()),
            }),
            None => answer.short = answer.short.max(lined(taken.quantity)),
        }
    }
    Some(lined(contained))
}
