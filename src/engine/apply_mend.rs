//! A person's word on an order line. It may come before the order, like a statement; the newest counts.

use crate::apply::{clamped, declared};
use crate::project::Ledgers;
use crate::{Complaint, Documents, Event, LineMend, OrderKey};
use omnistock_words::{Millis, Settings};

pub(crate) fn mended(
    settings: &Settings,
    documents: &mut Documents,
    event: &Event,
    now: Millis,
    out: &mut Vec<Complaint>,
) {
    let Event::Mended {
        channel,
        order,
        line,
        source,
        quantity,
        as_of,
        at,
        ..
    } = event
    else {
        return;
    };
    if source.as_ref().is_some_and(|source| !declared(settings, source, out)) {
        return;
    }
    let at = clamped("mend's time", *at, now, out);
    let mend = LineMend {
        line: line.clone(),
        source: source.clone(),
        quantity: quantity.positive(),
        as_of: as_of.map_or(at, |as_of| clamped("mend's figures' time", as_of, now, out)),
        at,
    };
    let key = OrderKey {
        channel: channel.clone(),
        order: order.clone(),
    };
    let (mut ledgers, orders) = Ledgers::of(documents);
    let Some(document) = orders.or_default(&key) else {
        return;
    };
    if document.mend(mend) {
        ledgers.follow(key, document, Some(document.placed_at), out);
    }
}
