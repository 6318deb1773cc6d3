//! What a channel that takes its own sales off our number shows by now, as far as we can know.
//!
//! Expected = the last certain number − own sales behind it. A sale whose time overlaps the
//! write (grain, clock skew, the time the call took) may or may not be in it, a cancellation
//! may or may not have been put back: the answer is a span, and a read closes it.

use crate::{Facts, LineStatus, OwnLine};
use omnistock_words::{Millis, Quantity};
use rust_decimal::Decimal;

/// What may be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// At least.
    pub low: Quantity,
    /// If everything that overlaps is already in it.
    pub point: Quantity,
    /// At most.
    pub high: Quantity,
}

impl Span {
    /// Only one number is possible.
    pub fn exact(&self) -> bool {
        self.low == self.high
    }
}

/// A number that was certainly shown at some instant in `[from, to]`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Anchor {
    pub(crate) quantity: Quantity,
    pub(crate) from: Millis,
    pub(crate) to: Millis,
}

#[derive(PartialEq, Eq)]
enum Side {
    Before,
    Overlaps,
    After,
}

fn side(anchor: Anchor, first: Millis, last: Millis, facts: &Facts<'_>) -> Side {
    let vendor = facts.vendor;
    if first.plus(-vendor.skew) > anchor.to {
        Side::After
    } else if last.plus(vendor.grain).plus(vendor.skew) < anchor.from {
        Side::Before
    } else {
        Side::Overlaps
    }
}

/// Units of the listing; a sale of less than one unit of it counts as its exact part.
fn listing_units(quantity: Quantity, factor: Quantity) -> Quantity {
    if !factor.is_positive() || factor == Quantity::ONE {
        return quantity;
    }
    quantity
        .decimal()
        .checked_div(factor.decimal())
        .map_or(quantity, |units: Decimal| Quantity::saturating(units))
}

fn sold(span: &mut Span, units: Quantity, side: &Side, sole: bool) {
    match side {
        Side::Before => {}
        Side::After => {
            span.low -= units;
            if sole {
                span.point -= units;
                span.high -= units;
            }
        }
        Side::Overlaps => span.low -= units,
    }
}

fn ended(span: &mut Span, units: Quantity, sale: &Side, end: &Side) {
    if *end == Side::Before {
        return; // Both the sale and what was put back are in the anchor.
    }
    if *sale != Side::Before {
        span.low -= units; // Sold behind the anchor and perhaps never put back.
    }
    if *sale != Side::After {
        span.high += units; // Sold before the anchor and perhaps put back behind it.
    }
}

pub(crate) fn since(anchor: Anchor, facts: &Facts<'_>) -> Span {
    let mut span = Span {
        low: anchor.quantity,
        point: anchor.quantity,
        high: anchor.quantity,
    };
    for line in facts.lines {
        apply(&mut span, anchor, line, facts);
    }
    span
}

/// As [`since`], up to a reading: without the sales that may have been made behind it. Those explain
/// nothing of what it shows.
pub(crate) fn until(anchor: Anchor, reading: Option<Anchor>, facts: &Facts<'_>) -> Span {
    let mut span = Span {
        low: anchor.quantity,
        point: anchor.quantity,
        high: anchor.quantity,
    };
    let shows = |line: &&OwnLine| {
        line.status == LineStatus::Ended
            || reading.is_none_or(|reading| side(reading, line.placed_at, line.placed_at, facts) == Side::Before)
    };
    for line in facts.lines.iter().filter(shows) {
        apply(&mut span, anchor, line, facts);
    }
    span
}

/// As [`since`], up to a reading: of the sales that may or may not be in it either is possible.
pub(crate) fn by_reading(anchor: Anchor, reading: Anchor, facts: &Facts<'_>) -> Span {
    let mut span = Span {
        low: anchor.quantity,
        point: anchor.quantity,
        high: anchor.quantity,
    };
    for line in facts.lines {
        match side(reading, line.placed_at, line.placed_at, facts) {
            Side::After => {}
            Side::Before => apply(&mut span, anchor, line, facts),
            Side::Overlaps => {
                let high = span.high;
                apply(&mut span, anchor, line, facts);
                span.high = span.high.max(high);
            }
        }
    }
    span
}

fn apply(span: &mut Span, anchor: Anchor, line: &OwnLine, facts: &Facts<'_>) {
    let units = listing_units(line.quantity, facts.factor);
    let placed = line.placed_at;
    match line.status {
        LineStatus::Open => sold(
            span,
            units,
            &side(anchor, placed, line.at.max(placed), facts),
            facts.sole,
        ),
        LineStatus::Shipped => sold(span, units, &side(anchor, placed, placed, facts), facts.sole),
        LineStatus::Ended => {
            let sale = side(anchor, placed, placed, facts);
            ended(span, units, &sale, &side(anchor, line.at, line.at, facts));
        }
    }
}

pub(crate) fn accepted(facts: &Facts<'_>) -> Option<Anchor> {
    let accepted = facts.document.accepted.as_ref()?;
    Some(Anchor {
        quantity: accepted.quantity,
        from: accepted.sent_at,
        to: accepted.at,
    })
}

pub(crate) fn observed(facts: &Facts<'_>) -> Option<Anchor> {
    let observed = facts.document.observed.as_ref()?;
    Some(Anchor {
        quantity: observed.quantity?,
        from: observed.at,
        to: observed.until,
    })
}

/// What is shown by now, from the newer of the last reading and the last accepted write.
/// Where the outcome of a call is unknown, what it sent is possible as well. `None`: nothing is known.
pub fn shown(facts: &Facts<'_>) -> Option<Span> {
    let anchor = if facts.document.confirmed() {
        observed(facts)
    } else {
        accepted(facts).or_else(|| observed(facts))
    };
    let known = anchor.map(|anchor| since(anchor, facts));
    let sent = facts.document.sent.as_ref().filter(|_| facts.document.unknown);
    let Some(sent) = sent else { return known };
    // It may land at any time, also after this decision.
    let landed = since(
        Anchor {
            quantity: sent.quantity,
            from: sent.at,
            to: facts.now.max(sent.at),
        },
        facts,
    );
    let Some(known) = known else { return Some(landed) };
    Some(Span {
        low: known.low.min(landed.low),
        point: known.point,
        high: known.high.max(landed.high),
    })
}
