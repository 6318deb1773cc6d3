//! Orders and statements: the highest revision decides, a cancellation without one is final,
//! a statement may come first. The ledgers of all touched SKUs follow in the same step.

use crate::apply::{clamped, declared};
use crate::project::Ledgers;
use crate::{
    Complaint, Composition, Documents, Event, Few, LineStatement, OrderDocument, OrderKey, Past, bundle, named, upkeep,
};
use omnistock_words::{
    ChannelName, ConnectorName, LineId, Millis, OrderFact, OrderLineFact, OrderStatus, Quantity, Revision, Settings,
    Sku,
};
use std::collections::BTreeSet;

const LINES: usize = OrderDocument::LINES;

/// Below every revision that a vendor gives.
const LOWEST: Revision = Revision {
    number: i64::MIN,
    sequence: i64::MIN,
};

pub(crate) fn order(
    settings: &Settings,
    documents: &mut Documents,
    channel: &ChannelName,
    fact: &OrderFact,
    now: Millis,
    out: &mut Vec<Complaint>,
) {
    let key = OrderKey {
        channel: channel.clone(),
        order: fact.order.clone(),
    };
    let declared = settings.channels.get(channel);
    if declared.is_none() {
        out.push(Complaint::UnknownChannel(channel.clone()));
    }
    if upkeep::is_forgotten(documents, &key, declared, fact.placed_at) {
        return out.push(Complaint::Forgotten(key));
    }
    let tidied;
    let fact = if is_tidy(fact, now) {
        fact
    } else {
        tidied = tidy(&key, fact, now, out);
        &tidied
    };
    let (mut ledgers, orders) = Ledgers::of(documents);
    ledgers.look_ahead(fact.lines.iter().filter_map(|line| line.sku.as_ref()), fact.placed_at);
    let Some(document) = orders.or_default(&key) else {
        return;
    };
    let filled = named::filled(document, fact);
    let (told, fact) = (&fact.lines, filled.as_ref().unwrap_or(fact));
    named::complain(&key, fact, out);
    // Nobody has a line yet of an order that was never reported.
    let reported = document.revision.is_some() || document.cancelled.is_some();
    let was = reported.then_some(document.placed_at);
    let mut changed = false;
    if fact.status == OrderStatus::Cancelled && fact.revision.is_none() {
        let at = fact.at.unwrap_or(fact.placed_at);
        let earliest = document.cancelled.map_or(at, |known| known.min(at));
        changed |= document.cancelled != Some(earliest);
        document.cancelled = Some(earliest);
        changed |= adopt(settings, document, &key, (fact, told), LOWEST, out);
    } else {
        let revision = fact.revision.unwrap_or_else(|| arrival(document, fact));
        changed |= adopt(settings, document, &key, (fact, told), revision, out);
    }
    if changed {
        ledgers.follow(key, document, was, out);
        document.shrink();
    }
}

/// Whether [`tidy`] would change nothing and complain of nothing.
fn is_tidy(fact: &OrderFact, now: Millis) -> bool {
    let time = |at: Millis| at <= now && at >= Millis::MIN;
    let line = |line: &OrderLineFact| line.sku.is_some() && !line.quantity.is_negative();
    time(fact.placed_at)
        && fact.at.is_none_or(time)
        && fact.lines.len() <= LINES
        && fact.lines.iter().all(line)
        && fact.lines.is_sorted_by(|one, next| one.line < next.line)
}

/// The fact with sane times, quantities and distinct lines in order of their ids.
fn tidy(key: &OrderKey, fact: &OrderFact, now: Millis, out: &mut Vec<Complaint>) -> OrderFact {
    let mut fact = fact.clone();
    fact.placed_at = clamped("order's time", fact.placed_at, now, out);
    fact.at = fact.at.map(|at| clamped("order's status time", at, now, out));
    for line in &mut fact.lines {
        if line.quantity.is_negative() {
            out.push(Complaint::Negative {
                what: "line quantity",
                quantity: line.quantity,
            });
            line.quantity = Quantity::ZERO;
        }
    }
    // The larger one first, so that it is the one that stays.
    fact.lines
        .sort_by(|a, b| (&a.line, b.quantity, &b.sku).cmp(&(&b.line, a.quantity, &a.sku)));
    fact.lines.dedup_by(|later, kept| {
        let same = later.line == kept.line;
        if same {
            out.push(Complaint::DuplicateLine {
                order: key.clone(),
                line: kept.line.clone(),
            });
        }
        same
    });
    if fact.lines.len() > LINES {
        out.push(Complaint::TooManyLines(key.clone()));
        fact.lines.truncate(LINES);
    }
    fact
}

/// The revision of a report that has none: that of its arrival, unless it says nothing new.
fn arrival(document: &OrderDocument, fact: &OrderFact) -> Revision {
    match document.revision {
        None => Revision {
            number: i64::MIN,
            sequence: 0,
        },
        Some(known) if says(document, fact) => known,
        Some(known) => Revision {
            number: known.number,
            sequence: known.sequence.saturating_add(1),
        },
    }
}

/// Whether the order already stands as the report says.
fn says(document: &OrderDocument, fact: &OrderFact) -> bool {
    (document.status, document.placed_at, document.at)
        == (fact.status, fact.placed_at, fact.at.unwrap_or(fact.placed_at))
        && document.lines == fact.lines
}

/// Remembers the revision and takes it over if it is the highest; true where anything changed. `told`: its lines
/// before what they don't name was filled in.
fn adopt(
    settings: &Settings,
    document: &mut OrderDocument,
    key: &OrderKey,
    (fact, told): (&OrderFact, &[OrderLineFact]),
    revision: Revision,
    out: &mut Vec<Complaint>,
) -> bool {
    let mut changed = touch(settings, document, &fact.lines, out);
    changed |= remember(document, fact, revision);
    let take = match document.revision {
        None => true,
        Some(known) if known == revision => {
            let differs = !says(document, fact);
            if differs {
                out.push(Complaint::SameRevision(key.clone()));
            }
            differs && weight(told, fact) > weight_of(document)
        }
        Some(known) => {
            if revision < known && revision != LOWEST {
                out.push(Complaint::OldRevision(key.clone()));
            }
            revision > known
        }
    };
    if take {
        named::replaced(document, told, revision);
        document.revision = Some(revision);
        document.status = fact.status;
        document.placed_at = fact.placed_at;
        document.at = fact.at.unwrap_or(fact.placed_at);
        document.lines.set(&fact.lines);
    } else {
        changed |= named::older(document, told, revision);
    }
    changed |= take;
    changed
}

/// Of two reports of one revision the heavier wins: more units, then any fixed order.
type Weight = (bool, Quantity, String);

fn weight(lines: &[OrderLineFact], fact: &OrderFact) -> Weight {
    let text = serde_json::to_string(&(lines, fact.status, fact.placed_at, fact.at.unwrap_or(fact.placed_at)));
    (
        fact.status != OrderStatus::Cancelled,
        lines.iter().map(|line| line.quantity).sum(),
        text.unwrap_or_default(),
    )
}

fn weight_of(document: &OrderDocument) -> Weight {
    let lines = named::as_told(document);
    let text = serde_json::to_string(&(lines, document.status, document.placed_at, document.at));
    let units = document.lines.iter().map(|line| line.quantity).sum();
    (
        document.status != OrderStatus::Cancelled,
        units,
        text.unwrap_or_default(),
    )
}

/// Names the SKUs of a report as touched; a bundle keeps the parts of its first recording.
fn touch(settings: &Settings, document: &mut OrderDocument, lines: &[OrderLineFact], out: &mut Vec<Complaint>) -> bool {
    let mut more = Few::new();
    // By line, where there are bundles: an order may have thousands.
    let mut recorded: Option<BTreeSet<(LineId, Sku)>> = None;
    for line in lines {
        let Some(sku) = &line.sku else { continue };
        if settings.bundles.parts(sku).is_none() {
            if document.touched.binary_search(sku).is_err() {
                more.push(sku.clone());
            }
            continue;
        }
        let recorded = recorded.get_or_insert_with(|| {
            let known = document.compositions.iter();
            known.map(|known| (known.line.clone(), known.sku.clone())).collect()
        });
        let new = !recorded.contains(&(line.line.clone(), sku.clone()));
        if new && let Some(parts) = bundle::parts(settings, sku) {
            if parts.is_empty() && bundle::is_circular(settings, sku) {
                out.push(Complaint::BundleCycle(sku.clone()));
            }
            recorded.insert((line.line.clone(), sku.clone()));
            for part in &parts {
                more.push(part.sku.clone());
            }
            document.compositions.push(Composition {
                line: line.line.clone(),
                sku: sku.clone(),
                parts,
            });
        }
        more.push(sku.clone());
    }
    document.touch(more)
}

/// What the document itself says, as the only revision of it.
fn only(document: &OrderDocument, revision: Revision) -> Past {
    let lines = document.lines.iter();
    let lines = lines.map(|line| (line.line.clone(), line.status.unwrap_or(document.status), line.quantity));
    Past {
        revision,
        at: document.at,
        lines: lines.collect(),
    }
}

/// Whether the report dates the way of the goods as the document does.
fn dated(document: &OrderDocument, fact: &OrderFact) -> bool {
    let same = |(known, told): (&OrderLineFact, &OrderLineFact)| {
        known.line == told.line
            && known.quantity == told.quantity
            && known.status.unwrap_or(document.status) == told.status.unwrap_or(fact.status)
    };
    document.at == fact.at.unwrap_or(fact.placed_at)
        && document.lines.len() == fact.lines.len()
        && document.lines.iter().zip(&fact.lines).all(same)
}

/// Keeps what dates the way of the goods: the newest revisions, whatever the order of their arrival.
/// The only one that was ever reported is the document itself.
fn remember(document: &mut OrderDocument, fact: &OrderFact, revision: Revision) -> bool {
    let alone = document.past.is_empty();
    if alone {
        match document.revision {
            None => return true,
            Some(known) if known == revision && dated(document, fact) => return false,
            Some(known) => {
                // It and the one that comes.
                document.past.reserve_exact(2);
                document.past.push(only(document, known));
            }
        }
    }
    let lines = fact
        .lines
        .iter()
        .map(|line| (line.line.clone(), line.status.unwrap_or(fact.status), line.quantity));
    let past = Past {
        revision,
        at: fact.at.unwrap_or(fact.placed_at),
        lines: lines.collect(),
    };
    let index = document.past.partition_point(|known| known.revision > revision);
    match document.past.get_mut(index) {
        // Of two reports of one revision the later time dates it: containment must not be assumed early.
        Some(known) if known.revision == revision => {
            let later = past > *known;
            if later {
                *known = past;
            }
            later || alone
        }
        _ if index >= OrderDocument::PAST => false,
        _ => {
            document.past.insert(index, past);
            document.past.truncate(OrderDocument::PAST);
            true
        }
    }
}

pub(crate) fn absorbed(
    settings: &Settings,
    documents: &mut Documents,
    event: &Event,
    now: Millis,
    out: &mut Vec<Complaint>,
) {
    let Event::Absorbed {
        source,
        channel,
        order,
        line,
        quantity,
        as_of,
    } = event
    else {
        return;
    };
    if !declared(settings, source, out) {
        return;
    }
    if quantity.is_negative() {
        out.push(Complaint::Negative {
            what: "stated quantity",
            quantity: *quantity,
        });
    }
    let newest = documents.sources.get(source).and_then(|known| known.newest);
    let as_of = match as_of {
        Some(given) => clamped("statement's time", *given, now, out),
        None => newest.unwrap_or(now),
    };
    let key = OrderKey {
        channel: channel.clone(),
        order: order.clone(),
    };
    let (mut ledgers, orders) = Ledgers::of(documents);
    let Some(document) = orders.or_default(&key) else {
        return;
    };
    ledgers.look_ahead(document.touched.iter(), document.placed_at);
    if state(document, &key, (line, source), (as_of, quantity.positive()), out) {
        ledgers.follow(key, document, Some(document.placed_at), out);
        document.shrink();
    }
}

/// Takes a statement of a source on a line in.
fn state(
    document: &mut OrderDocument,
    key: &OrderKey,
    (line, source): (&LineId, &ConnectorName),
    (as_of, quantity): (Millis, Quantity),
    out: &mut Vec<Complaint>,
) -> bool {
    let place = document
        .statements
        .binary_search_by(|known| (&known.line, &known.source).cmp(&(line, source)));
    let index = match place {
        Ok(index) => index,
        Err(_) if document.statements.len() >= LINES => {
            out.push(Complaint::TooManyLines(key.clone()));
            return false;
        }
        Err(index) => {
            let new = LineStatement {
                line: line.clone(),
                source: source.clone(),
                said: Few::new(),
            };
            document
                .statements
                .reserve_exact(usize::from(document.statements.is_empty()));
            document.statements.insert(index, new);
            index
        }
    };
    document
        .statements
        .get_mut(index)
        .is_some_and(|known| known.say(as_of, quantity))
}
