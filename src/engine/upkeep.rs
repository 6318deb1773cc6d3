//! The end of orders: what waits too long for a source, and what may be forgotten.

use crate::contained::{Figure, contained};
use crate::picture::Picture;
use crate::project::{Found, replace};
use crate::{DocumentKey, Documents, LineRecord, OrderDocument, OrderKey, SkuDocument};
use omnistock_words::{
    Absorb, ChannelSettings, ConnectorName, FulfilledBy, LineId, Millis, OrderStatus, Quantity, Settings, Sku,
    SourcePolicy,
};

/// An order line that no figure contains although it should by now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overdue {
    /// The order.
    pub key: OrderKey,
    /// The line.
    pub line: LineId,
    /// Units of the SKU that are still subtracted.
    pub quantity: Quantity,
    /// When it was placed.
    pub placed_at: Millis,
}

/// Lines of which it is known how long they took, from which on that is called usual.
const ENOUGH: usize = 5;

/// How long a line may wait for the source, in milliseconds: its `absorb_alarm`, else twice what is usual,
/// which is what 19 of 20 lines of this SKU took. `None`: not enough lines to say.
fn patience(policy: &SourcePolicy, source: &ConnectorName, document: &SkuDocument) -> Option<i64> {
    if policy.absorb_alarm.is_some() {
        return policy.absorb_alarm;
    }
    let stated = |line: &LineRecord| {
        let mut stated = line.statements.iter();
        let stated = stated.find(|stated| stated.source == *source && stated.quantity >= line.quantity);
        stated.map(|stated| stated.as_of)
    };
    let reached = |line: &LineRecord| match policy.absorb {
        Absorb::ByReference => stated(line),
        Absorb::ByStatus => line.left_at,
        Absorb::ByDelay(_) | Absorb::Never => None,
    };
    let usual = if let Absorb::ByDelay(delay) = policy.absorb {
        Some(delay)
    } else {
        let lines = document.lines.iter();
        let mut took: Vec<i64> = lines
            .filter_map(|line| Some(reached(line)?.since(line.placed_at)))
            .collect();
        took.sort_unstable();
        let place = (took.len() * 19).div_ceil(20).saturating_sub(1);
        took.get(place).copied().filter(|_| took.len() >= ENOUGH)
    };
    usual.map(|usual| usual.max(0).saturating_mul(2))
}

/// Lines of `sku` that are subtracted for longer than `absorb_alarm` of a source that reports it, or than
/// twice what is usual. They never expire by themselves: somebody has to look.
pub fn overdue(settings: &Settings, documents: &Documents, sku: &Sku, now: Millis) -> Vec<Overdue> {
    let mut picture = Picture::of(settings, documents, sku, now, false);
    let document = picture.document;
    let alarms = document
        .positions
        .iter()
        .filter_map(|p| patience(settings.sources.get(&p.source)?, &p.source, document));
    let Some(limit) = alarms.min() else { return Vec::new() };
    let mut found = Vec::new();
    for line in document
        .lines
        .iter()
        .filter(|line| line.takes_stock() && now.since(line.placed_at) > limit)
    {
        let quantity = line.quantity - picture.contained_of(line);
        if quantity.is_positive() {
            let key = OrderKey {
                channel: line.channel.clone(),
                order: line.order.clone(),
            };
            found.push(Overdue {
                key,
                line: line.line.clone(),
                quantity,
                placed_at: line.placed_at,
            });
        }
    }
    found
}

/// Forgets an order if both its lives ended at least `retain` milliseconds ago; true where it did.
/// The order and every SKU that it touched must be loaded. Afterwards `changed` names the order,
/// whose document is gone: the shell deletes it. Later reports of it are counted, never applied.
pub fn forget(settings: &Settings, documents: &mut Documents, key: &OrderKey, retain: i64, now: Millis) -> bool {
    let Some(order) = documents.orders.get(key) else {
        return false;
    };
    let stated = order
        .statements
        .iter()
        .flat_map(|stated| &stated.said)
        .map(|said| said.last);
    let last = stated
        .chain(order.mends.iter().map(|mend| mend.at))
        .chain([order.at])
        .chain(order.cancelled)
        .max()
        .unwrap_or(order.at);
    if now.since(last) < retain || !ended(settings, documents, key, order) {
        return false;
    }
    let placed_at = order.revision.map(|_| order.placed_at);
    let (touched, was) = (order.touched.clone(), order.placed_at);
    for sku in touched {
        if documents
            .skus
            .get_mut(&sku)
            .is_some_and(|document| replace(document, key, was, &mut Found::default()))
        {
            documents.mark(DocumentKey::Sku(sku));
        }
    }
    documents.orders.remove(key);
    documents.mark(DocumentKey::Order(key.clone()));
    if let (Some(placed_at), Some(connector)) = (placed_at, connector(settings, key)) {
        let source = documents.sources.entry(connector.clone()).or_default();
        let known = source.forgotten.entry(key.channel.clone()).or_insert(placed_at);
        *known = placed_at.max(*known);
        documents.mark(DocumentKey::Source(connector));
    }
    true
}

/// Whether no source and no channel still subtracts anything of the order.
fn ended(settings: &Settings, documents: &Documents, key: &OrderKey, order: &OrderDocument) -> bool {
    order.touched.iter().all(|sku| {
        let Some(document) = documents.skus.get(sku) else {
            return false;
        };
        let sources = |source: &ConnectorName| documents.sources.get(source);
        let figures = Figure::all(settings, sources, document);
        let mut ours = document
            .lines
            .iter()
            .filter(|line| line.channel == key.channel && line.order == key.order);
        ours.all(|line| {
            let over = line.status != OrderStatus::Open
                || line.fulfilled_by != FulfilledBy::Merchant
                || line.released() >= line.quantity;
            let taken = line.takes_stock() && contained(settings, sources, &figures, line, |_| true) < line.quantity;
            over && !taken
        })
    })
}

fn connector(settings: &Settings, key: &OrderKey) -> Option<ConnectorName> {
    settings
        .channels
        .get(&key.channel)
        .map(|channel| channel.connector.clone())
}

/// Whether a report speaks of an order that is not known any more.
pub(crate) fn is_forgotten(
    documents: &Documents,
    key: &OrderKey,
    channel: Option<&ChannelSettings>,
    placed_at: Millis,
) -> bool {
    let known = || documents.orders.get(key).is_some_and(|order| order.revision.is_some());
    let mark = || {
        let source = documents.sources.get(&channel?.connector)?;
        source.forgotten.get(&key.channel)
    };
    mark().is_some_and(|mark| placed_at <= *mark) && !known()
}
