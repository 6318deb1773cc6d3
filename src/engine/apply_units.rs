//! Movements, reservations and price amounts of one SKU.

use crate::apply::{clamped, declared};
use crate::{
    Complaint, ContainedAfter, DocumentKey, Documents, Event, Movement, PriceEntry, Refusal, Reservation, SkuDocument,
    SourceDocument, apply_stock, reservable,
};
use omnistock_words::{ConnectorName, Millis, Quantity, Settings, Sku};
use rust_decimal::Decimal;

pub(crate) fn movement(
    settings: &Settings,
    documents: &mut Documents,
    event: &Event,
    now: Millis,
    out: &mut Vec<Complaint>,
) {
    let Event::Movement {
        source,
        id,
        sku,
        location,
        quantity,
        at,
        contained,
    } = event
    else {
        return;
    };
    if !declared(settings, source, out) {
        return;
    }
    // Another source's movement at a place is welcome; an undeclared or carved place is not.
    match apply_stock::accepts(settings, source, location) {
        Ok(()) | Err(Complaint::ForeignLocation { .. }) => {}
        Err(complaint) => return out.push(complaint),
    }
    let at = clamped("movement's time", *at, now, out);
    let contained_from = contained.map_or(at, |ContainedAfter::ByDelay(delay)| at.plus(delay.max(0)));
    let (known, Some(document)) = (&documents.sources, documents.skus.or_default(sku)) else {
        return;
    };
    let figures = document.positions.iter();
    let mut newest = figures
        .filter(|position| position.location == *location)
        .map(|position| position.effective(known.get(&position.source)).0);
    if newest.any(|as_of| as_of >= contained_from) {
        return;
    }
    let movement = Movement {
        source: source.clone(),
        id: id.clone(),
        location: location.clone(),
        quantity: *quantity,
        at,
        contained_from,
    };
    let known = &documents.sources;
    if record(document, movement, |source| known.get(source), sku, out) {
        documents.mark(DocumentKey::Sku(sku.clone()));
    }
}

/// Takes a movement in, each id once; true where the document changed.
fn record<'a>(
    document: &mut SkuDocument,
    movement: Movement,
    source: impl Fn(&ConnectorName) -> Option<&'a SourceDocument>,
    sku: &Sku,
    out: &mut Vec<Complaint>,
) -> bool {
    let same = |known: &Movement| (&known.source, &known.id).cmp(&(&movement.source, &movement.id));
    match document.movements.binary_search_by(same) {
        Ok(index) => {
            let Some(known) = document.movements.get_mut(index).filter(|known| **known != movement) else {
                return false;
            };
            out.push(Complaint::SameMovement {
                source: movement.source.clone(),
                id: movement.id.clone(),
            });
            let rank = |movement: &Movement| {
                (
                    movement.quantity,
                    movement.at,
                    movement.location.clone(),
                    movement.contained_from,
                )
            };
            let smaller = rank(&movement) < rank(known);
            if smaller {
                *known = movement;
            }
            smaller
        }
        Err(index) => {
            // Most articles have none, and then one.
            document
                .movements
                .reserve_exact(usize::from(document.movements.is_empty()));
            document.movements.insert(index, movement);
            if document.movements.len() > SkuDocument::MOVEMENTS && !thin_out(document, source) {
                out.push(Complaint::TooManyMovements(sku.clone()));
            }
            true
        }
    }
}

/// Makes room for a movement: those that figures contain go, else the one that adds most. So what is
/// left never says more than there is, whatever the order of arrival. True where all that counts is kept.
fn thin_out<'a>(document: &mut SkuDocument, source: impl Fn(&ConnectorName) -> Option<&'a SourceDocument>) -> bool {
    let figures: Vec<_> = document
        .positions
        .iter()
        .map(|position| {
            (
                position.location.clone(),
                position.effective(source(&position.source)).0,
            )
        })
        .collect();
    let contained = |movement: &Movement| {
        let mut figures = figures.iter();
        figures.any(|(location, as_of)| *location == movement.location && *as_of >= movement.contained_from)
    };
    document.movements.retain(|movement| !contained(movement));
    if document.movements.len() <= SkuDocument::MOVEMENTS {
        return true;
    }
    let most = document.movements.iter().enumerate();
    let most = most.max_by(|(_, a), (_, b)| (a.quantity, &a.source, &a.id).cmp(&(b.quantity, &b.source, &b.id)));
    if let Some(index) = most.map(|(index, _)| index) {
        document.movements.remove(index);
    }
    false
}

pub(crate) fn reservation(
    settings: &Settings,
    documents: &mut Documents,
    event: &Event,
    now: Millis,
    out: &mut Vec<Complaint>,
) {
    let Event::Reservation {
        id,
        sku,
        location,
        channel,
        quantity,
        expires_at,
        asked: _,
    } = event
    else {
        return;
    };
    let asked = Reservation {
        id: id.clone(),
        location: location.clone(),
        channel: channel.clone(),
        quantity: quantity.positive(),
        expires_at: (*expires_at).clamp(Millis::MIN, Millis::MAX),
    };
    if quantity.is_negative() {
        return out.push(Complaint::ReservationRefused {
            id: id.clone(),
            sku: sku.clone(),
            because: Refusal::Negative,
        });
    }
    let Some(document) = documents.skus.or_default(sku) else {
        return;
    };
    let before = document.reservations.clone();
    document.reservations.retain(|known| known.expires_at > now);
    let previous = document.reservations.iter().position(|known| known.id == *id);
    if previous.and_then(|index| document.reservations.get(index)) != Some(&asked) {
        let previous = previous.map(|index| document.reservations.remove(index));
        if asked.quantity.is_positive() {
            // What is set aside already stays, also when there is less by now: its buyer was told that it does.
            let kept = previous.as_ref().is_some_and(|held| keeps(held, &asked, now));
            let granted = if kept {
                Ok(())
            } else {
                grant(settings, documents, sku, &asked, now)
            };
            match granted {
                Ok(()) => put(documents, sku, asked),
                Err(because) => {
                    out.push(Complaint::ReservationRefused {
                        id: id.clone(),
                        sku: sku.clone(),
                        because,
                    });
                    if let Some(previous) = previous {
                        put(documents, sku, previous);
                    }
                }
            }
        }
    }
    if documents
        .skus
        .get(sku)
        .is_some_and(|document| document.reservations != before)
    {
        documents.mark(DocumentKey::Sku(sku.clone()));
    }
}

fn put(documents: &mut Documents, sku: &Sku, reservation: Reservation) {
    let Some(document) = documents.skus.or_default(sku) else {
        return;
    };
    let index = document.reservations.partition_point(|known| known.id < reservation.id);
    document.reservations.insert(index, reservation);
}

/// Whether no unit is asked for that is not held, and only the end is another one.
fn keeps(held: &Reservation, asked: &Reservation, now: Millis) -> bool {
    (&held.location, &held.channel) == (&asked.location, &asked.channel)
        && asked.quantity <= held.quantity
        && asked.expires_at > now
}

/// Whether the units can be set aside now; what a line already took of them needs no room.
fn grant(
    settings: &Settings,
    documents: &Documents,
    sku: &Sku,
    asked: &Reservation,
    now: Millis,
) -> Result<(), Refusal> {
    if asked.expires_at <= now {
        return Err(Refusal::Expired);
    }
    if settings.bundles.contains_key(sku) {
        return Err(Refusal::Bundle);
    }
    if documents
        .skus
        .get(sku)
        .is_some_and(|document| document.reservations.len() >= SkuDocument::RESERVATIONS)
    {
        return Err(Refusal::TooMany);
    }
    let taken: Quantity = documents.skus.get(sku).map_or(Quantity::ZERO, |document| {
        let naming = document
            .lines
            .iter()
            .filter(|line| line.takes_stock() && line.reservation() == Some(&asked.id));
        naming.map(|line| line.quantity).sum()
    });
    let most = match (&asked.location, &asked.channel) {
        (Some(location), None) if settings.locations.contains_key(location) => {
            reservable::reservable_at(settings, documents, location, sku, now)
        }
        (None, Some(channel)) if settings.channels.contains_key(channel) => {
            reservable::reservable_for(settings, documents, channel, sku, now).ok_or(Refusal::Unknown)?
        }
        _ => return Err(Refusal::NoTarget),
    };
    let enough = asked.quantity - taken <= most || !(asked.quantity - taken).is_positive();
    if enough { Ok(()) } else { Err(Refusal::NotEnough(most)) }
}

pub(crate) fn price(
    settings: &Settings,
    documents: &mut Documents,
    event: &Event,
    now: Millis,
    out: &mut Vec<Complaint>,
) {
    let Event::Price {
        source,
        list,
        sku,
        price,
        from,
        until,
    } = event
    else {
        return;
    };
    let Some(declared) = settings.price_lists.get(list) else {
        return out.push(Complaint::UnknownList(list.clone()));
    };
    if declared.from != *source || declared.currency != price.currency() {
        return out.push(Complaint::ForeignPrice {
            list: list.clone(),
            sku: sku.clone(),
        });
    }
    if price.amount() < Decimal::ZERO {
        return out.push(Complaint::NegativePrice {
            list: list.clone(),
            sku: sku.clone(),
        });
    }
    let bounded = |at: &Option<Millis>| at.map(|at| at.clamp(Millis::MIN, Millis::MAX));
    let (from, until) = (bounded(from), bounded(until));
    let entry = PriceEntry {
        list: list.clone(),
        price: *price,
        from,
        until,
    };
    let Some(document) = documents.skus.or_default(sku) else {
        return;
    };
    let place = document
        .prices
        .binary_search_by(|known| (&known.list, known.from, known.until).cmp(&(list, from, until)));
    match place {
        Ok(index) => match document.prices.get_mut(index) {
            Some(known) if *known != entry => *known = entry,
            _ => return,
        },
        Err(_) if document.prices.len() >= SkuDocument::PRICES => {
            // An amount that has ended is of no use any more.
            document
                .prices
                .retain(|known| known.until.is_none_or(|until| until > now));
            if document.prices.len() >= SkuDocument::PRICES {
                return out.push(Complaint::TooManyPrices {
                    list: list.clone(),
                    sku: sku.clone(),
                });
            }
            let index = document
                .prices
                .partition_point(|known| (&known.list, known.from, known.until) < (list, from, until));
            document.prices.insert(index, entry);
        }
        Err(index) => document.prices.insert(index, entry),
    }
    documents.mark(DocumentKey::Sku(sku.clone()));
}
