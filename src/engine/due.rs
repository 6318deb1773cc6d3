//! When a promise or a price changes by itself: the shell looks again at that time.
//!
//! What is shared by many SKUs (a rule's end, a source that falls silent) is kept apart from what
//! is a SKU's own, so that the shell needs one time for the first and one a SKU for the second.

use crate::{Documents, SourceDocument, needs};
use omnistock_words::{ConnectorName, LocationName, Millis, Settings, Sku, Stale};
use std::collections::BTreeMap;

/// The earliest instant after `now`.
struct Next {
    now: Millis,
    next: Option<Millis>,
}

impl Next {
    fn after(now: Millis) -> Self {
        Self { now, next: None }
    }

    fn at(&mut self, instant: Millis) {
        if instant > self.now {
            self.next = Some(self.next.map_or(instant, |known| known.min(instant)));
        }
    }
}

/// The next instant after `now` at which the promise or price of `sku` may change without an
/// event: a reservation ends, a price begins or ends, a rule begins or ends, a figure grows too
/// old. `None`: never. Reads the documents that [`needs`] names.
pub fn due(settings: &Settings, documents: &Documents, sku: &Sku, now: Millis) -> Option<Millis> {
    let own = needs(settings, sku);
    let own = own.iter().filter_map(|sku| due_own(settings, documents, sku, now));
    own.chain(due_shared(settings, &documents.sources, now)).min()
}

/// As [`due`], but only what the SKU's own document holds: reservations, prices, and figures that
/// no complete snapshot confirms. Bundles that it is part of change at the same time.
pub fn due_own(settings: &Settings, documents: &Documents, sku: &Sku, now: Millis) -> Option<Millis> {
    let document = documents.skus.get(sku)?;
    let mut next = Next::after(now);
    for reservation in &document.reservations {
        next.at(reservation.expires_at);
    }
    for price in &document.prices {
        price.from.into_iter().chain(price.until).for_each(|at| next.at(at));
    }
    for position in &document.positions {
        let confirmed = documents
            .sources
            .get(&position.source)
            .and_then(|source| source.complete_as_of);
        let shared = !position.missing && confirmed.is_some_and(|as_of| position.as_of <= as_of);
        let limit = limit(settings, &position.source, Some(&position.location));
        if let Some(limit) = limit.filter(|_| !shared) {
            next.at(too_old(position.as_of, limit));
        }
    }
    next.next
}

/// As [`due`], but only what many SKUs share: rules, and the figures that the newest complete
/// snapshot of a source confirms. Every SKU may change then.
pub fn due_shared(
    settings: &Settings,
    sources: &BTreeMap<ConnectorName, SourceDocument>,
    now: Millis,
) -> Option<Millis> {
    let mut next = Next::after(now);
    settings.rules.next_change(now).into_iter().for_each(|at| next.at(at));
    for (name, source) in sources {
        let Some(as_of) = source.complete_as_of else { continue };
        let places = settings.locations.keys().map(Some);
        let limits = places.chain([None]).filter_map(|place| limit(settings, name, place));
        limits.for_each(|limit| next.at(too_old(as_of, limit)));
    }
    next.next
}

/// A figure exactly as old as it may be still counts.
fn too_old(as_of: Millis, limit: i64) -> Millis {
    as_of.plus(limit.saturating_add(1))
}

/// How old a source's figure may become there before something changes, in milliseconds.
fn limit(settings: &Settings, source: &ConnectorName, place: Option<&LocationName>) -> Option<i64> {
    let policy = settings.sources.get(source)?;
    let place = place.and_then(|place| settings.locations.get(place)?.max_age);
    match policy.stale {
        Stale::Keep => None,
        Stale::OnlyDecrease => place.or(policy.max_age),
        Stale::ZeroAfter(limit) => Some(limit),
    }
}
