//! Stock figures: a newer one replaces, an older one is ignored, of two for one instant the lower counts.

use crate::apply::{clamped, declared, read_end};
use crate::documents::note;
use crate::{
    Attributes, Complaint, DocumentKey, Documents, MissingRow, Position, SkuDocument, SourceDocument, StockEvent,
    StockRow,
};
use omnistock_words::{Basis, ConnectorName, LocationName, Millis, Missing, Quantity, Settings};
use std::collections::BTreeSet;

/// Rows that are looked up together.
const AHEAD: usize = 32;

/// What closes a complete snapshot.
pub(crate) struct Closing {
    pub(crate) as_of: Millis,
    pub(crate) read_until: Option<Millis>,
    pub(crate) rows: u64,
    pub(crate) total: Quantity,
}

/// Whether figures of the source count at the place; complains once a report and place.
pub(crate) fn accepts(settings: &Settings, source: &ConnectorName, location: &LocationName) -> Result<(), Complaint> {
    match settings.locations.get(location) {
        None => Err(Complaint::UnknownLocation(location.clone())),
        Some(policy) if policy.part_of.is_some() => Err(Complaint::CarvedLocation(location.clone())),
        Some(policy) if policy.source.as_ref().is_some_and(|owner| owner != source) => {
            Err(Complaint::ForeignLocation {
                source: source.clone(),
                location: location.clone(),
            })
        }
        Some(_) => Ok(()),
    }
}

pub(crate) fn stock(
    settings: &Settings,
    documents: &mut Documents,
    event: &StockEvent,
    now: Millis,
    out: &mut Vec<Complaint>,
) {
    if !declared(settings, &event.source, out) {
        return;
    }
    let Some(policy) = settings.sources.get(&event.source) else {
        return;
    };
    let as_of = clamped("stock figure's time", event.as_of, now, out);
    let basis = event.basis.unwrap_or(policy.basis);
    let read_until = read_end(event.read_until, as_of, now);
    let mut refused = BTreeSet::new();
    let empty = SourceDocument::default();
    let most = documents.most_changes() + 2 * event.rows.len();
    let known = documents.sources.get(&event.source).unwrap_or(&empty);
    // Most reports name few places, and those in a row.
    let mut accepted: Option<&LocationName> = None;
    let mut usual = 0;
    for rows in event.rows.chunks(AHEAD) {
        // All are found before any is written: one search does not wait for the memory of another.
        let mut found = [(usize::MAX, usize::MAX); AHEAD];
        for (row, (place, _)) in rows.iter().zip(&mut found) {
            if accepted != Some(&row.location) {
                if let Err(complaint) = accepts(settings, &event.source, &row.location) {
                    if refused.insert(&row.location) {
                        out.push(complaint);
                    }
                    continue;
                }
                accepted = Some(&row.location);
            }
            *place = documents.skus.place_or_default(&row.sku).unwrap_or(usize::MAX);
        }
        for (row, (place, position)) in rows.iter().zip(&mut found) {
            if let Some((_, document)) = documents.skus.seen(*place) {
                usual = position_of(document, (&row.location, &event.source), usual);
                *position = usual;
            }
        }
        for (row, (place, position)) in rows.iter().zip(found) {
            let Some(document) = documents.skus.at(place) else {
                continue;
            };
            let figure = Figure {
                row,
                source: &event.source,
                basis,
                as_of,
                read_until,
                position,
            };
            let changed = write(document, known, &figure, out);
            if describe(document, row, as_of, out) || changed {
                note(&mut documents.changed, most, DocumentKey::Sku(row.sku.clone()));
            }
        }
    }
    if event.complete {
        lacks(documents, event, policy.missing, as_of);
        let total = event.rows.iter().map(|row| row.quantity).sum();
        let rows = u64::try_from(event.rows.len()).unwrap_or(u64::MAX);
        close(
            documents,
            &event.source,
            &Closing {
                as_of,
                read_until,
                rows,
                total,
            },
        );
    } else {
        newest(documents, &event.source, as_of);
    }
}

/// The index of a figure, beyond all where there is none. Most articles have figures of the same places: `usual`,
/// where another has it, is looked at first.
fn position_of(document: &SkuDocument, (location, source): (&LocationName, &ConnectorName), usual: usize) -> usize {
    let same = |known: &Position| known.location == *location && known.source == *source;
    if document.positions.get(usual).is_some_and(same) {
        return usual;
    }
    document.find_position(location, source).unwrap_or(usize::MAX)
}

/// One row of a report with what the report says of all of them.
struct Figure<'a> {
    row: &'a StockRow,
    source: &'a ConnectorName,
    basis: Basis,
    as_of: Millis,
    read_until: Option<Millis>,
    /// Where the known figure was last seen.
    position: usize,
}

/// Writes one figure; true where the document changed.
fn write(document: &mut SkuDocument, source: &SourceDocument, figure: &Figure<'_>, out: &mut Vec<Complaint>) -> bool {
    let Figure { row, as_of, .. } = *figure;
    // A complete snapshot newer than this figure did not have the row, or it would be known.
    let missing = source.complete_as_of.is_some_and(|complete| complete > as_of);
    let seen = document.positions.get(figure.position);
    let still = seen.is_some_and(|known| known.location == row.location && known.source == *figure.source);
    let place = if still {
        Ok(figure.position)
    } else {
        document.find_position(&row.location, figure.source)
    };
    let index = match place {
        Ok(index) => index,
        Err(index) => {
            contain_movements(document, &row.location, as_of);
            let new = Position {
                location: row.location.clone(),
                source: figure.source.clone(),
                quantity: row.quantity,
                basis: figure.basis,
                as_of,
                read_until: figure.read_until,
                sellable: row.sellable,
                missing,
            };
            document.positions.insert(index, new);
            return true;
        }
    };
    let Some(known) = document.positions.get_mut(index) else {
        return false;
    };
    let (known_as_of, known_until) = known.effective(Some(source));
    if as_of < known_as_of {
        out.push(Complaint::OldFigure {
            source: figure.source.clone(),
            sku: row.sku.clone(),
            location: row.location.clone(),
            as_of,
        });
        return false;
    }
    let given = (row.quantity, row.sellable, figure.basis);
    if as_of == known_as_of {
        let before = (known.quantity, known.sellable, known.basis);
        let lower = given < before;
        // In doubt the read took as long as the longer one.
        let read_until = figure.read_until.max(known_until);
        let longer = read_until != known_until;
        if (given.0, given.1) != (before.0, before.1) {
            out.push(Complaint::SameInstant {
                source: figure.source.clone(),
                sku: row.sku.clone(),
                location: row.location.clone(),
                kept: if lower { given.0 } else { before.0 },
            });
        }
        if lower || longer {
            (known.quantity, known.sellable, known.basis) = given.min(before);
            (known.as_of, known.read_until, known.missing) = (as_of, read_until, missing);
        }
        return lower || longer;
    }
    // It is newer than the figure, and than the snapshot that confirmed it: something changes.
    (known.quantity, known.sellable, known.basis) = given;
    (known.as_of, known.read_until, known.missing) = (as_of, figure.read_until, missing);
    contain_movements(document, &row.location, as_of);
    true
}

/// Forgets movements that the figure contains: they never count again, since figures only get newer.
fn contain_movements(document: &mut SkuDocument, location: &LocationName, as_of: Millis) {
    document
        .movements
        .retain(|movement| movement.location != *location || movement.contained_from > as_of);
}

/// Takes over what rules match; the newest report that says anything wins.
fn describe(document: &mut SkuDocument, row: &StockRow, as_of: Millis, out: &mut Vec<Complaint>) -> bool {
    if row.brand.is_none() && row.category.is_none() && row.tags.is_empty() {
        return false;
    }
    let mut whole = true;
    let mut short = |text: &String| match text.char_indices().nth(SkuDocument::TEXT) {
        Some((end, _)) => {
            whole = false;
            text.get(..end).unwrap_or_default().to_owned()
        }
        None => text.clone(),
    };
    let mut tags: Vec<String> = row.tags.iter().map(&mut short).collect();
    let (brand, category) = (
        row.brand.as_ref().map(&mut short),
        row.category.as_ref().map(&mut short),
    );
    tags.sort_unstable();
    tags.dedup();
    if !whole || tags.len() > SkuDocument::TAGS {
        out.push(Complaint::TooManyTags(row.sku.clone()));
        tags.truncate(SkuDocument::TAGS);
    }
    let given = Attributes {
        as_of,
        brand,
        category,
        tags,
    };
    let newer = given > document.attributes;
    if newer {
        document.attributes = given;
    }
    newer
}

/// Marks the rows of the source that a complete report does not have.
fn lacks(documents: &mut Documents, event: &StockEvent, rule: Missing, as_of: Millis) {
    let present: BTreeSet<_> = event.rows.iter().map(|row| (&row.sku, &row.location)).collect();
    let source = documents.sources.get(&event.source).cloned().unwrap_or_default();
    let mut gone = Vec::new();
    for (sku, document) in documents.skus.iter_mut() {
        let mut changed = false;
        for position in document
            .positions
            .iter_mut()
            .filter(|position| position.source == event.source)
        {
            if !present.contains(&(sku, &position.location)) {
                changed |= miss(position, &source, rule, as_of);
            }
        }
        if changed {
            gone.push(DocumentKey::Sku(sku.clone()));
        }
    }
    for key in gone {
        documents.mark(key);
    }
}

/// The row is missing as of now this instant: its figure stays, as old as it was, until as many
/// complete reports lacked it as the source's `missing` says; then it is zero.
fn miss(position: &mut Position, source: &SourceDocument, rule: Missing, as_of: Millis) -> bool {
    let (known, read_until) = position.effective(Some(source));
    if known >= as_of {
        return false;
    }
    let first = !position.missing;
    (position.as_of, position.read_until, position.missing) = (known, read_until, true);
    let others = source
        .snapshots
        .iter()
        .filter(|other| **other > known && **other != as_of)
        .count();
    let gone = position.quantity.is_positive()
        && matches!(rule, Missing::ZeroAfter(times) if others + 1 >= usize::try_from(times).unwrap_or(usize::MAX).min(SourceDocument::SNAPSHOTS));
    if gone {
        position.quantity = Quantity::ZERO;
    }
    first || gone
}

pub(crate) fn missing(
    settings: &Settings,
    documents: &mut Documents,
    source: &ConnectorName,
    as_of: Millis,
    rows: &[MissingRow],
    out: &mut Vec<Complaint>,
) {
    if !declared(settings, source, out) {
        return;
    }
    let rule = settings
        .sources
        .get(source)
        .map_or(Missing::Keep, |policy| policy.missing);
    let known = documents.sources.get(source).cloned().unwrap_or_default();
    for row in rows {
        let Some(document) = documents.skus.get_mut(&row.sku) else {
            continue;
        };
        let Ok(index) = document.find_position(&row.location, source) else {
            continue;
        };
        if document
            .positions
            .get_mut(index)
            .is_some_and(|position| miss(position, &known, rule, as_of))
        {
            documents.mark(DocumentKey::Sku(row.sku.clone()));
        }
    }
}

/// Records a complete snapshot.
pub(crate) fn close(documents: &mut Documents, source: &ConnectorName, closing: &Closing) {
    let document = documents.sources.entry(source.clone()).or_default();
    let before = document.clone();
    if let Err(index) = document.snapshots.binary_search(&closing.as_of) {
        document.snapshots.insert(index, closing.as_of);
        if document.snapshots.len() > SourceDocument::SNAPSHOTS {
            document.snapshots.remove(0);
        }
    }
    let newer = document.complete_as_of.is_none_or(|known| known < closing.as_of);
    let lower = document.complete_as_of == Some(closing.as_of)
        && (closing.total, closing.rows) < (document.total, document.rows);
    if document.complete_as_of == Some(closing.as_of) {
        document.read_until = document.read_until.max(closing.read_until);
    }
    if newer {
        (document.complete_as_of, document.read_until) = (Some(closing.as_of), closing.read_until);
    }
    if newer || lower {
        (document.rows, document.total) = (closing.rows, closing.total);
    }
    document.newest = document.newest.max(Some(closing.as_of));
    if *document != before {
        documents.mark(DocumentKey::Source(source.clone()));
    }
}

/// Figures of this instant, or older ones, need no guard any more.
pub(crate) fn approve(documents: &mut Documents, source: &ConnectorName, as_of: Millis) {
    let document = documents.sources.entry(source.clone()).or_default();
    if document.approved < Some(as_of) {
        document.approved = Some(as_of);
        documents.mark(DocumentKey::Source(source.clone()));
    }
}

fn newest(documents: &mut Documents, source: &ConnectorName, as_of: Millis) {
    let document = documents.sources.entry(source.clone()).or_default();
    if document.newest < Some(as_of) {
        document.newest = Some(as_of);
        documents.mark(DocumentKey::Source(source.clone()));
    }
}
