//! Events change documents: total, and marking only what really changed.

use crate::{
    Complaint, DocumentKey, Documents, Event, OrderKey, apply_mend, apply_order, apply_stock, apply_units, bundle,
};
use omnistock_words::{Millis, Settings, Sku};
use std::collections::BTreeSet;

/// What must be put into `documents` before [`apply`]: the shell loads it (an absent document
/// is an empty one) and asks again, until nothing is missing: at most three rounds.
pub fn missing(settings: &Settings, documents: &Documents, event: &Event) -> Vec<DocumentKey> {
    match event {
        Event::Stock(stock) => lacking(documents, stock.rows.iter().map(|row| &row.sku)),
        Event::Missing { rows, .. } => lacking(documents, rows.iter().map(|row| &row.sku)),
        Event::Snapshot { .. } | Event::Approved { .. } => Vec::new(),
        Event::Movement { sku, .. } | Event::Price { sku, .. } | Event::Reservation { sku, .. } => {
            lacking(documents, [sku])
        }
        Event::Order { channel, order } => {
            let key = OrderKey {
                channel: channel.clone(),
                order: order.order.clone(),
            };
            let sold = order.lines.iter().filter_map(|line| line.sku.as_ref());
            let parts = sold
                .clone()
                .filter_map(|sku| bundle::parts(settings, sku))
                .flatten()
                .map(|part| part.sku);
            of_order(documents, key, &sold.cloned().chain(parts).collect())
        }
        Event::Absorbed { channel, order, .. } | Event::Mended { channel, order, .. } => of_order(
            documents,
            OrderKey {
                channel: channel.clone(),
                order: order.clone(),
            },
            &BTreeSet::new(),
        ),
    }
}

fn lacking<'a>(documents: &Documents, skus: impl IntoIterator<Item = &'a Sku>) -> Vec<DocumentKey> {
    let lacking: BTreeSet<_> = skus
        .into_iter()
        .filter(|sku| !documents.skus.contains_key(*sku))
        .collect();
    lacking.into_iter().cloned().map(DocumentKey::Sku).collect()
}

/// The order first; once it is there, every SKU it ever touched and touches now.
fn of_order(documents: &Documents, key: OrderKey, now: &BTreeSet<Sku>) -> Vec<DocumentKey> {
    match documents.orders.get(&key) {
        None => vec![DocumentKey::Order(key)],
        Some(known) => lacking(documents, known.touched.iter().chain(now)),
    }
}

/// Applies one event. Never fails: what is wrong is told and counted, the state stays defined.
pub fn apply(settings: &Settings, documents: &mut Documents, event: &Event, now: Millis) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    let out = &mut complaints;
    match event {
        Event::Stock(stock) => apply_stock::stock(settings, documents, stock, now, out),
        Event::Missing { source, as_of, rows } => {
            apply_stock::missing(settings, documents, source, (*as_of).clamp(Millis::MIN, now), rows, out);
        }
        Event::Snapshot {
            source,
            as_of,
            read_until,
            rows,
            total,
        } => {
            if declared(settings, source, out) {
                let as_of = clamped("snapshot's time", *as_of, now, out);
                let closing = apply_stock::Closing {
                    as_of,
                    read_until: read_end(*read_until, as_of, now),
                    rows: *rows,
                    total: *total,
                };
                apply_stock::close(documents, source, &closing);
            }
        }
        Event::Approved { source, as_of } => {
            if declared(settings, source, out) {
                let as_of = clamped("approved figures' time", *as_of, now, out);
                apply_stock::approve(documents, source, as_of);
            }
        }
        Event::Order { channel, order } => apply_order::order(settings, documents, channel, order, now, out),
        Event::Absorbed { .. } => apply_order::absorbed(settings, documents, event, now, out),
        Event::Mended { .. } => apply_mend::mended(settings, documents, event, now, out),
        Event::Movement { .. } => apply_units::movement(settings, documents, event, now, out),
        Event::Reservation { .. } => apply_units::reservation(settings, documents, event, now, out),
        Event::Price { .. } => apply_units::price(settings, documents, event, now, out),
    }
    complaints
}

/// The instant, or now with a complaint where it lies ahead.
pub(crate) fn clamped(what: &'static str, given: Millis, now: Millis, out: &mut Vec<Complaint>) -> Millis {
    if given > now {
        out.push(Complaint::FutureClamped { what, given });
        return now;
    }
    given.max(Millis::MIN)
}

/// The end of a read that began at `as_of`: at most now, and nothing where it lies before the beginning.
pub(crate) fn read_end(given: Option<Millis>, as_of: Millis, now: Millis) -> Option<Millis> {
    given.map(|end| end.min(now)).filter(|end| *end > as_of)
}

/// Whether the source is declared; complains where it is not.
pub(crate) fn declared(settings: &Settings, source: &omnistock_words::ConnectorName, out: &mut Vec<Complaint>) -> bool {
    let known = settings.sources.contains_key(source);
    if !known {
        out.push(Complaint::UnknownSource(source.clone()));
    }
    known
}
