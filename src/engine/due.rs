//! When a promise or a price changes by itself: the shell looks again at that time.

use crate::{Documents, needs};
use omnistock_words::{Millis, Settings, Sku, Stale};

/// The next instant after `now` at which the promise or price of `sku` may change without an
/// event: a reservation ends, a price begins or ends, a rule begins or ends, a figure grows too
/// old. `None`: never. Reads the documents that [`needs`] names.
pub fn due(settings: &Settings, documents: &Documents, sku: &Sku, now: Millis) -> Option<Millis> {
    let mut next: Option<Millis> = None;
    let mut at = |instant: Millis| {
        if instant > now {
            next = Some(next.map_or(instant, |known| known.min(instant)));
        }
    };
    settings.rules.next_change(now).into_iter().for_each(&mut at);
    for sku in needs(settings, sku) {
        let Some(document) = documents.skus.get(&sku) else {
            continue;
        };
        document
            .reservations
            .iter()
            .for_each(|reservation| at(reservation.expires_at));
        for price in &document.prices {
            price.from.into_iter().chain(price.until).for_each(&mut at);
        }
        for position in &document.positions {
            let Some(policy) = settings.sources.get(&position.source) else {
                continue;
            };
            let (as_of, _) = position.effective(documents.sources.get(&position.source));
            let place = settings
                .locations
                .get(&position.location)
                .and_then(|place| place.max_age);
            let limit = match policy.stale {
                Stale::Keep => None,
                Stale::OnlyDecrease => place.or(policy.max_age),
                Stale::ZeroAfter(limit) => Some(limit),
            };
            // A figure exactly as old as it may be still counts.
            if let Some(limit) = limit {
                at(as_of.plus(limit.saturating_add(1)));
            }
        }
    }
    next
}
