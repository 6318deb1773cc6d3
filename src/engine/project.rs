//! From an order to the ledgers of its SKUs: each ledger holds exactly the lines that the
//! order's document says, so a dropped line or a changed SKU releases by itself.

use crate::documents::note;
use crate::{
    Complaint, DocumentKey, Documents, Few, LineExtra, LineRecord, OrderDocument, OrderKey, Part, Past, SkuDocument,
    Statement,
};
use omnistock_words::{Component, Millis, OrderLineFact, OrderStatus, Quantity, Sku, Table};
use std::collections::BTreeMap;
use std::hint::black_box;

/// Orders with more SKUs are sorted by SKU first; with fewer every SKU looks through all lines.
const FEW: usize = 8;

/// Ledgers of an order that are looked for before it is; nearly all orders have no more.
const AHEAD: usize = 2;

/// The ledgers while an order is at hand.
pub(crate) struct Ledgers<'a> {
    skus: &'a mut Table<Sku, SkuDocument>,
    changed: &'a mut Vec<DocumentKey>,
    most: usize,
    /// Where some of them lie, beyond all of them otherwise. None is taken out meanwhile.
    ahead: [usize; AHEAD],
}

impl<'a> Ledgers<'a> {
    /// The ledgers, and the orders apart from them.
    pub(crate) fn of(documents: &'a mut Documents) -> (Self, &'a mut Table<OrderKey, OrderDocument>) {
        let most = documents.most_changes();
        let Documents {
            skus, orders, changed, ..
        } = documents;
        let ahead = [usize::MAX; AHEAD];
        let ledgers = Self {
            skus,
            changed,
            most,
            ahead,
        };
        (ledgers, orders)
    }

    /// Finds the ledgers of some articles before the order is found that changes them: so neither search
    /// waits for the memory of the other.
    /// `at`: when the order was placed.
    pub(crate) fn look_ahead<'b>(&mut self, articles: impl Iterator<Item = &'b Sku>, at: Millis) {
        for (place, sku) in self.ahead.iter_mut().zip(articles) {
            *place = self.skus.place(sku).unwrap_or(usize::MAX);
        }
        for place in self.ahead {
            // The lines of that instant are what is needed next.
            black_box(self.skus.seen(place).map(|(_, known)| known.lines.glimpse(at)));
        }
    }

    /// The ledger of an article, an empty one where there is none.
    fn ledger(&mut self, sku: &Sku) -> Option<&mut SkuDocument> {
        let is = |place: &usize| self.skus.seen(*place).is_some_and(|(known, _)| known == sku);
        match self.ahead.iter().copied().find(is) {
            Some(place) => self.skus.at(place),
            None => self.skus.or_default(sku),
        }
    }

    /// Brings the ledgers of all SKUs that a changed order ever touched into line with it; `was`: when the
    /// buyer bought as their lines of it say, `None` where none of them has a line of it yet.
    pub(crate) fn follow(
        &mut self,
        key: OrderKey,
        order: &OrderDocument,
        was: Option<Millis>,
        out: &mut Vec<Complaint>,
    ) {
        if order.touched.len() > FEW {
            self.many(&key, order, was, out);
        } else {
            for sku in &order.touched {
                let mut records = Found::default();
                if order.compositions.is_empty() {
                    for line in order.lines.iter().filter(|line| line.sku.as_ref() == Some(sku)) {
                        records.push(record(&key, order, line, Part::Whole, Quantity::ONE));
                    }
                } else {
                    each(&key, order, |touched, record| {
                        if touched == sku {
                            records.push(record());
                        }
                    });
                }
                self.one((&key, was), sku, &mut records, out);
            }
        }
        note(self.changed, self.most, DocumentKey::Order(key));
    }

    fn many(&mut self, key: &OrderKey, order: &OrderDocument, was: Option<Millis>, out: &mut Vec<Complaint>) {
        let mut wanted: BTreeMap<&Sku, Found> = order.touched.iter().map(|sku| (sku, Found::default())).collect();
        each(key, order, |sku, record| {
            if let Some(records) = wanted.get_mut(sku) {
                records.push(record());
            }
        });
        for (sku, mut records) in wanted {
            self.one((key, was), sku, &mut records, out);
        }
    }

    fn one(
        &mut self,
        (key, was): (&OrderKey, Option<Millis>),
        sku: &Sku,
        records: &mut Found,
        out: &mut Vec<Complaint>,
    ) {
        if records.is_empty() && (was.is_none() || !self.skus.contains_key(sku)) {
            return;
        }
        let Some(document) = self.ledger(sku) else {
            return;
        };
        let overfull = document.overfull;
        let changed = match was {
            None => {
                records.put(document);
                true
            }
            Some(placed_at) => replace(document, key, placed_at, records),
        };
        if document.overfull && !overfull {
            out.push(Complaint::TooManyOrderLines(sku.clone()));
        }
        if changed {
            note(self.changed, self.most, DocumentKey::Sku(sku.clone()));
        }
    }
}

/// Every SKU that a line touches, with what its ledger says of the line.
fn each<'a>(key: &OrderKey, order: &'a OrderDocument, mut then: impl FnMut(&'a Sku, &dyn Fn() -> LineRecord)) {
    // By line: an order may have thousands.
    let compositions: BTreeMap<_, _> = order
        .compositions
        .iter()
        .map(|known| ((&known.line, &known.sku), known))
        .collect();
    for line in &order.lines {
        let Some(sku) = &line.sku else { continue };
        let composition = compositions.get(&(&line.line, sku)).copied();
        let part = || {
            if composition.is_some() {
                Part::Bundle
            } else {
                Part::Whole
            }
        };
        then(sku, &|| record(key, order, line, part(), Quantity::ONE));
        for Component { sku: part, quantity } in composition.into_iter().flat_map(|known| &known.parts) {
            then(part, &|| record(key, order, line, Part::Of(sku.clone()), *quantity));
        }
    }
}

/// One line as a SKU sees it, `per` units of the SKU for each unit of the line.
fn record(key: &OrderKey, order: &OrderDocument, line: &OrderLineFact, part: Part, per: Quantity) -> LineRecord {
    let status = if order.cancelled.is_some() {
        OrderStatus::Cancelled
    } else {
        line.status.unwrap_or(order.status)
    };
    let (statements, released) = said_of(order, line, per);
    let left = |status: OrderStatus| matches!(status, OrderStatus::Shipped | OrderStatus::Returned);
    let back = |status: OrderStatus| status == OrderStatus::Returned;
    let named = line.location.is_some() || line.reservation.is_some() || line.restock_location.is_some();
    let plain = !named && part == Part::Whole && released.is_zero() && !back(status);
    let extra = || LineExtra {
        part,
        location: line.location.clone(),
        reservation: line.reservation.clone(),
        restock_location: line.restock_location.clone(),
        released,
        back_at: back(status).then(|| since_when_at_the_latest(order, line, back)),
    };
    LineRecord {
        placed_at: order.placed_at,
        channel: key.channel.clone(),
        order: key.order.clone(),
        line: line.line.clone(),
        quantity: times(line.quantity, per),
        status,
        at: order.cancelled.unwrap_or(order.at),
        open_at: since(order, line, |status| status != OrderStatus::Cancelled),
        left_at: left(status).then(|| since(order, line, left)),
        fulfilled_by: line.fulfilled_by,
        statements,
        extra: if plain { None } else { extra().kept() },
    }
}

/// What sources and people said of a line, and how much of it was given back, in units of the SKU.
fn said_of(order: &OrderDocument, line: &OrderLineFact, per: Quantity) -> (Few<Statement>, Quantity) {
    if order.statements.is_empty() && order.mends.is_empty() {
        return (Few::new(), Quantity::ZERO);
    }
    // They are sorted by line.
    let from = order.statements.partition_point(|stated| stated.line < line.line);
    let stated = order.statements.iter().skip(from);
    let stated = stated.take_while(|stated| stated.line == line.line);
    let mends = || order.mends.iter().filter(|mend| mend.line == line.line);
    let stated = stated.filter_map(|stated| {
        let (as_of, quantity) = stated.counts()?;
        let quantity = times(quantity, per);
        Some(Statement {
            source: stated.source.clone(),
            as_of,
            quantity,
            person: false,
        })
    });
    let mended = mends().filter_map(|mend| {
        Some(Statement {
            source: mend.source.clone()?,
            as_of: mend.as_of,
            quantity: times(mend.quantity, per),
            person: true,
        })
    });
    let statements = stated.chain(mended).collect();
    let released = mends().find(|mend| mend.source.is_none()).map(|mend| mend.quantity);
    (statements, times(released.unwrap_or_default(), per))
}

fn times(quantity: Quantity, per: Quantity) -> Quantity {
    if per == Quantity::ONE {
        quantity
    } else {
        quantity.multiply(per.decimal())
    }
}

/// Since when, without a gap up to the newest report, the line stood so in at least its quantity.
fn since(order: &OrderDocument, line: &OrderLineFact, holds: impl Fn(OrderStatus) -> bool) -> Millis {
    let mut since = order.at;
    for past in &order.past {
        let stood = said(past, line).is_some_and(|(status, quantity)| holds(status) && quantity >= line.quantity);
        if !stood {
            break;
        }
        since = since.min(past.at);
    }
    since
}

/// What a revision said of a line; its lines are sorted.
fn said(past: &Past, line: &OrderLineFact) -> Option<(OrderStatus, Quantity)> {
    let index = past.lines.binary_search_by(|(id, ..)| id.cmp(&line.line)).ok()?;
    past.lines.get(index).map(|(_, status, quantity)| (*status, *quantity))
}

/// As [`since`]; where more revisions say so than are remembered, long ago.
fn since_when_at_the_latest(
    order: &OrderDocument,
    line: &OrderLineFact,
    holds: impl Fn(OrderStatus) -> bool,
) -> Millis {
    let forgotten = order.past.len() >= OrderDocument::PAST;
    let always = |past: &Past| said(past, line).is_some_and(|(status, _)| holds(status));
    if forgotten && order.past.iter().all(always) {
        return Millis::MIN;
    }
    since(order, line, holds)
}

/// The lines of one order in one ledger: nearly always one, which then needs no list.
#[derive(Default)]
pub(crate) struct Found {
    one: Option<LineRecord>,
    /// All of them where there are several.
    several: Vec<LineRecord>,
}

impl Found {
    fn push(&mut self, record: LineRecord) {
        if self.is_empty() {
            self.one = Some(record);
        } else {
            self.several.extend(self.one.take());
            self.several.push(record);
        }
    }

    fn is_empty(&self) -> bool {
        self.one.is_none() && self.several.is_empty()
    }

    fn len(&self) -> usize {
        usize::from(self.one.is_some()) + self.several.len()
    }

    fn sort(&mut self) {
        self.several
            .sort_by(|a, b| (a.rank(), &a.quantity).cmp(&(b.rank(), &b.quantity)));
    }

    fn iter(&self) -> impl Iterator<Item = &LineRecord> {
        self.one.iter().chain(&self.several)
    }

    /// Puts the lines where they belong, as far as there is room.
    fn put(&mut self, document: &mut SkuDocument) {
        let lines = &mut document.lines;
        let room = SkuDocument::LINES.saturating_sub(lines.len());
        if self.len() > room {
            document.overfull = true;
            self.sort();
            self.several.truncate(room);
            if room == 0 {
                return;
            }
        } else if document.overfull && lines.len() + self.len() <= SkuDocument::LINES / 2 {
            document.overfull = false;
        }
        if let Some(record) = self.one.take() {
            return lines.put(record);
        }
        if !self.several.is_empty() {
            self.sort();
            lines.put_all(std::mem::take(&mut self.several));
        }
    }
}

/// Replaces the order's lines in a ledger, which say that the buyer bought at `was`, as the order did when
/// the ledger last followed it; true where anything changed.
pub(crate) fn replace(document: &mut SkuDocument, key: &OrderKey, was: Millis, records: &mut Found) -> bool {
    let ours = |line: &LineRecord| line.order == key.order && line.channel == key.channel;
    let before = |line: &LineRecord| (&line.channel, &line.order) < (&key.channel, &key.order);
    // They lie together: a popular article has thousands, which are not all looked at.
    let (first, count) = document.lines.find(was, before, ours);
    // The usual case: one line, which stays where it is.
    if count == 1
        && let (Some(record), Some(line)) = (&records.one, document.lines.get(first))
        && line.rank() == record.rank()
    {
        let changed = line != record;
        if let Some(record) = records.one.take_if(|_| changed) {
            document.lines.overwrite(first, record);
        }
        return changed;
    }
    records.sort();
    if document.lines.iter().skip(first).take(count).eq(records.iter()) {
        return false;
    }
    document.lines.remove(first, count);
    debug_assert!(!document.lines.iter().any(ours), "lines of {key} lie apart");
    records.put(document);
    true
}
