//! What the ledger's owner tells with a batch: events, the ledgers they replaced, what became short.

use super::{Block, PastLedger, Record, SHORTS, Short, about};
use crate::checksum::checksum;
use crate::store::{DocumentWrite, HistoryEntry, Kind};
use omnistock_engine::{DocumentKey, Documents, Event, StockEvent, shorts};
use omnistock_words::{Millis, Settings, Sku};
use std::collections::BTreeSet;

/// Rows of a long report in one record, at most.
const ROWS: usize = 16;
/// SKUs in one block: who reads about one reads the others, too.
const SKUS: usize = 64;

/// An event with the documents it has changed.
pub type Applied<'a> = (&'a Event, Vec<DocumentKey>);

/// The name of settings: equal settings have equal names. 16 hexadecimal digits.
pub fn settings_name(settings: &Settings) -> String {
    checksum(serde_json::to_vec(settings).unwrap_or_default(), 16)
}

/// Blocks as they fill up.
#[derive(Default)]
pub(super) struct Blocks {
    full: Vec<Block>,
    open: Block,
}

impl Blocks {
    /// Adds records about these SKUs.
    pub(super) fn add<'a>(&mut self, record: Record, skus: impl IntoIterator<Item = &'a Sku>) {
        if self.open.about.len() >= SKUS {
            self.close();
        }
        self.open.about.extend(skus.into_iter().map(about));
        self.open.records.push(record);
    }

    /// Adds a subject to the open block.
    pub(super) fn about(&mut self, subject: &str) {
        self.open.about.insert(subject.to_owned());
    }

    /// What follows stands in a block of its own.
    pub(super) fn close(&mut self) {
        if !self.open.records.is_empty() || !self.open.past.is_empty() {
            self.full.push(std::mem::take(&mut self.open));
        }
    }

    /// Whether the next record begins a block.
    pub(super) fn is_fresh(&self) -> bool {
        self.open.records.is_empty() || self.open.about.len() >= SKUS
    }

    fn past(&mut self, ledger: PastLedger) {
        let subject = about(&ledger.sku);
        let last = self.full.iter_mut().rev().find(|block| block.about.contains(&subject));
        let block = match last {
            Some(block) if !self.open.about.contains(&subject) => block,
            _ => &mut self.open,
        };
        block.about.insert(subject);
        block.past.push(ledger);
    }

    pub(super) fn entries(mut self, at: Millis) -> Vec<HistoryEntry> {
        self.close();
        let entry = |block: Block| HistoryEntry {
            at,
            bytes: block.encode(),
            about: block.about.into_iter().collect(),
        };
        self.full.into_iter().map(entry).collect()
    }
}

fn skus<'a>(touched: &'a [DocumentKey]) -> BTreeSet<&'a Sku> {
    let sku = |key: &'a DocumentKey| match key {
        DocumentKey::Sku(sku) => Some(sku),
        _ => None,
    };
    touched.iter().filter_map(sku).collect()
}

/// Of a long report the rows that changed something, in pieces; other events as they are.
fn tell_event(blocks: &mut Blocks, event: &Event, touched: &BTreeSet<&Sku>) {
    match event {
        Event::Stock(stock) => {
            let rows: Vec<_> = stock.rows.iter().filter(|row| touched.contains(&row.sku)).collect();
            for rows in rows.chunks(ROWS) {
                let part = StockEvent {
                    complete: false,
                    rows: rows.iter().map(|row| (*row).clone()).collect(),
                    ..StockEvent {
                        rows: Vec::new(),
                        source: stock.source.clone(),
                        ..*stock
                    }
                };
                let e = Event::Stock(part);
                blocks.add(Record::Event { e }, rows.iter().map(|row| &row.sku));
            }
        }
        Event::Missing { source, as_of, rows } => {
            let rows: Vec<_> = rows.iter().filter(|row| touched.contains(&row.sku)).collect();
            for rows in rows.chunks(ROWS) {
                let e = Event::Missing {
                    source: source.clone(),
                    as_of: *as_of,
                    rows: rows.iter().map(|row| (*row).clone()).collect(),
                };
                blocks.add(Record::Event { e }, rows.iter().map(|row| &row.sku));
            }
        }
        _ => blocks.add(Record::Event { e: event.clone() }, touched.iter().copied()),
    }
}

/// The history of a batch. Events that changed no ledger are none of it: a source that says every
/// few seconds that nothing has changed would fill it.
pub fn told(
    settings: &Settings,
    (before, after): (&Documents, &Documents),
    events: &[Applied<'_>],
    writes: &[DocumentWrite],
    at: Millis,
) -> Vec<HistoryEntry> {
    let (mut blocks, mut changed) = (Blocks::default(), BTreeSet::new());
    for (event, touched) in events {
        let touched = skus(touched);
        if !touched.is_empty() {
            tell_event(&mut blocks, event, &touched);
            changed.extend(touched);
        }
    }
    for sku in changed {
        tell_shorts(&mut blocks, settings, (before, after), sku, at);
    }
    for write in writes
        .iter()
        .filter(|write| write.key.kind == Kind::Sku && write.expected > 0)
    {
        let (Ok(sku), Some(new)) = (Sku::new(&write.key.id), &write.bytes) else {
            continue;
        };
        if let Some(old) = before.skus.get(&sku) {
            blocks.past(PastLedger::between(sku, write.version, &old.encode(), new));
        }
    }
    blocks.entries(at)
}

fn tell_shorts(
    blocks: &mut Blocks,
    settings: &Settings,
    (before, after): (&Documents, &Documents),
    sku: &Sku,
    at: Millis,
) {
    // The ledger that is not short now was hardly ever short before: the second look is rare.
    let now = shorts(settings, after, sku, at);
    let was = shorts(settings, before, sku, at);
    let lines: BTreeSet<_> = now.keys().chain(was.keys()).collect();
    for line in lines {
        let (from, to) = (
            was.get(line).copied().unwrap_or_default(),
            now.get(line).copied().unwrap_or_default(),
        );
        if from == to {
            continue;
        }
        let (channel, order, id, placed_at) = line.clone();
        let short = Short {
            channel,
            order,
            line: id,
            sku: sku.clone(),
            placed_at,
            from,
            to,
        };
        blocks.add(Record::Short(Box::new(short)), [sku]);
        blocks.about(SHORTS);
    }
}
