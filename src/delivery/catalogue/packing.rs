//! A listing in some fifty bytes while nothing is going on with it, and back: nothing of it is lost.
//!
//! Times are told from each other, names without what they share, and a number that says the same as another one not
//! at all. What few listings have at a time is kept as text.

use super::coding::{Beginnings, put, put_signed};
use super::entry::Entry;
#[allow(clippy::wildcard_imports, reason = "names that mean nothing elsewhere")]
use super::record::flag::*;
use super::record::{Packing, share};
use super::skus::SkuBook;
use omnistock_planner::{
    Drained, Dropped, Evidence, Held, ListingDocument, ListingState, Parked, SCHEMA, Target, There,
};
use omnistock_words::{ChannelName, Currency, LocationName, Millis, Mode, Quantity};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

const MODES: [Mode; 6] = [
    Mode::Observe,
    Mode::Shadow,
    Mode::Live,
    Mode::DecreaseOnly,
    Mode::Frozen,
    Mode::Draining,
];

/// What few listings have at a time.
#[derive(Debug, Serialize, Deserialize, PartialEq, Default)]
#[serde(default)]
struct Seldom {
    #[serde(skip_serializing_if = "Option::is_none")]
    there: Option<Box<There>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unwritable: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parked: Option<Parked>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dropped: Option<Dropped>,
    #[serde(skip_serializing_if = "Option::is_none")]
    held: Option<Held>,
    #[serde(skip_serializing_if = "Option::is_none")]
    drained: Option<Drained>,
    attempts: u32,
    contended: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_before: Option<Millis>,
}

/// Packs the listings of one channel.
#[derive(Default)]
pub(super) struct Packer {
    channel: Option<ChannelName>,
    pub(super) book: Arc<SkuBook>,
    names: Beginnings,
    /// Leases under which numbers were sent.
    tokens: Vec<u64>,
    places: Vec<LocationName>,
    pub(super) currencies: Vec<Currency>,
    /// Times are told from here.
    epoch: Millis,
}

/// Whoever gives a listing something new to remember has to pack it, too: this does not compile until it is named here.
fn all_is_packed(entry: &Entry) {
    #[rustfmt::skip]
    let Entry {
        id: _, document, version: _, busy: _, apart: _, reading: _, asked_at: _, reads: _, reserved: _, read_due: _,
        pending: _, missing: _, gone: _, base: _, suspect: _, passed: _, forced: _, drained: _, gap: _, price: _,
        withheld: _, price_state: _, mode: _, target: _, state: _,
    } = entry;
    #[rustfmt::skip]
    let ListingDocument {
        schema: _, channel: _, listing: _, location: _, parent: _, sku: _, there: _, place: _, unwritable: _,
        desired: _, sent: _, accepted: _, changes_left: _, observed: _, unknown: _, parked: _, dropped: _, evidence,
        held: _, released: _, ramped: _, drained: _, attempts: _, contended: _, not_before: _, price: _,
    } = document;
    if let Some(evidence) = evidence {
        #[rustfmt::skip]
        let Evidence { replaced: _, first: _, matched: _, undone: _, changes: _, since: _, last: _ } = evidence;
    }
}

/// Nothing that will end by itself soon is going on with it.
fn rests(entry: &Entry) -> bool {
    let price = entry.price.as_ref();
    let busy = entry.busy || entry.apart || entry.reading || price.is_some_and(|price| price.busy || price.suspect);
    !busy && entry.suspect.is_none() && entry.reserved.is_empty() && entry.document.schema == SCHEMA
}

impl Packer {
    /// Times from then on, and a while before, are short.
    pub(super) fn new(book: Arc<SkuBook>, epoch: Millis) -> Self {
        Self {
            book,
            epoch,
            ..Self::default()
        }
    }

    /// The listing in few bytes; `None`: something is going on with it.
    pub(super) fn pack(&mut self, entry: &Entry) -> Option<Vec<u8>> {
        all_is_packed(entry);
        let document = &entry.document;
        if !rests(entry) || *self.channel.get_or_insert_with(|| document.channel.clone()) != document.channel {
            return None;
        }
        let mut out = Packing {
            flags: 0,
            bytes: Vec::with_capacity(96),
            last: self.epoch.0,
        };
        self.pack_key(&mut out, entry)?;
        pack_states(&mut out, entry);
        self.pack_numbers(&mut out, document);
        pack_evidence(&mut out, document);
        pack_course(&mut out, entry);
        self.pack_price(&mut out, entry)?;
        let mut record = Vec::with_capacity(out.bytes.len() + 6);
        put(&mut record, out.flags);
        record.extend_from_slice(&out.bytes);
        Some(record)
    }

    fn pack_key(&mut self, out: &mut Packing, entry: &Entry) -> Option<()> {
        let document = &entry.document;
        self.names.put(&mut out.bytes, document.listing.as_str());
        if let Some(location) = &document.location {
            out.set(LOCATION, true);
            self.names.put(&mut out.bytes, location.as_str());
        }
        if let Some(sku) = &document.sku {
            out.set(SKU, true);
            put(&mut out.bytes, u64::from(self.book.find(sku)?));
        }
        if let Some(parent) = &document.parent {
            out.set(PARENT, true);
            self.names.put(&mut out.bytes, parent.as_str());
        }
        if let Some(place) = &document.place {
            out.set(PLACE, true);
            let shared = share(&mut self.places, place);
            put(&mut out.bytes, shared);
            if shared == 0 {
                self.names.put(&mut out.bytes, place.as_str());
            }
        }
        put(&mut out.bytes, entry.version);
        Some(())
    }

    fn pack_numbers(&mut self, out: &mut Packing, document: &ListingDocument) {
        let desired = document.desired;
        if let Some(desired) = desired {
            out.set(DESIRED, true);
            out.quantity(desired);
        }
        if let Some(sent) = &document.sent {
            out.set(SENT, true);
            let same = desired == Some(sent.quantity) && sent.target == sent.quantity && sent.expected.is_none();
            if !out.set(SENT_PLAIN, same) {
                out.quantity(sent.quantity);
                out.quantity(sent.target);
                out.maybe(sent.expected);
            }
            out.time(sent.at);
            let shared = share(&mut self.tokens, &sent.token);
            put(&mut out.bytes, shared);
            if shared == 0 {
                put(&mut out.bytes, sent.token);
            }
        }
        if let Some(accepted) = &document.accepted {
            out.set(ACCEPTED, true);
            let sent = document.sent.as_ref();
            let same = sent.is_some_and(|sent| sent.quantity == accepted.quantity && sent.at == accepted.sent_at);
            if !out.set(ACCEPTED_PLAIN, same) {
                out.quantity(accepted.quantity);
                out.time(accepted.sent_at);
            }
            out.time(accepted.at);
        }
        if let Some(read) = &document.observed {
            out.set(OBSERVED, true);
            let same = read.quantity.is_some() && read.quantity == likely(document);
            if !out.set(OBSERVED_PLAIN, same) {
                out.maybe(read.quantity);
            }
            out.time(read.at);
            out.time(read.until);
        }
    }
}

/// What is most likely read.
fn likely(document: &ListingDocument) -> Option<Quantity> {
    let accepted = document.accepted.as_ref().map(|accepted| accepted.quantity);
    accepted.or(document.desired)
}

fn pack_states(out: &mut Packing, entry: &Entry) {
    let place = |state: Option<ListingState>| state.map_or(0, |state| state as u64 + 1);
    let mode = MODES.iter().position(|mode| *mode == entry.mode).unwrap_or_default() as u64;
    let target = match entry.target {
        Target::Number(_) => 0,
        Target::Untracked => 1,
        Target::Unknown => 2,
    };
    // The most frequent state of a price is to have none: two bytes hold them all.
    let states = place(entry.state) * 10 + place(entry.price_state);
    put(&mut out.bytes, (states * 6 + mode) * 3 + target);
    if let Target::Number(number) = entry.target
        && !out.set(AIMED, entry.document.desired == Some(number))
    {
        out.quantity(number);
    }
}

fn pack_evidence(out: &mut Packing, document: &ListingDocument) {
    let Some(evidence) = &document.evidence else { return };
    out.set(EVIDENCE, true);
    out.set(MATCHED, evidence.matched);
    if let Some(replaced) = evidence.replaced {
        out.set(REPLACED, true);
        out.quantity(replaced);
    }
    let accepted = document.accepted.as_ref().map(|accepted| accepted.quantity);
    if !out.set(FIRST_PLAIN, evidence.first.is_some() && evidence.first == accepted) {
        out.maybe(evidence.first);
    }
    let more = evidence.undone + evidence.changes > 0 || evidence.since.is_some() || evidence.last.is_some();
    if out.set(EVIDENCE_MORE, more) {
        put(&mut out.bytes, u64::from(evidence.undone));
        put(&mut out.bytes, u64::from(evidence.changes));
        for at in [evidence.since, evidence.last] {
            out.bytes.push(u8::from(at.is_some()));
            if let Some(at) = at {
                out.time(at);
            }
        }
    }
}

/// What is going on with it.
fn pack_course(out: &mut Packing, entry: &Entry) {
    let document = &entry.document;
    for (flag, whether) in [
        (PENDING, entry.pending),
        (UNKNOWN, document.unknown),
        (RELEASED, document.released),
        (RAMPED, document.ramped),
        (GONE, entry.gone),
        (PASSED, entry.passed),
        (FORCED, entry.forced),
        (DRAINED, entry.drained),
    ] {
        out.set(flag, whether);
    }
    if let Some(base) = entry.base {
        out.set(BASE, true);
        let plain = document.desired == Some(base.quantity) && base.spare.is_zero();
        if !out.set(BASE_PLAIN, plain) {
            out.quantity(base.quantity);
            out.quantity(base.spare);
        }
        out.quantity(base.taken);
    }
    if let Some(at) = entry.asked_at {
        out.set(ASKED, true);
        out.time(at);
    }
    put(&mut out.bytes, u64::from(entry.reads));
    if let Some(at) = entry.read_due {
        out.set(READ_DUE, true);
        out.time(at);
    }
    if let Some(left) = &document.changes_left {
        out.set(LEFT, true);
        put_signed(&mut out.bytes, left.left);
        out.time(left.at);
    }
    if let Some(gap) = &entry.gap {
        out.set(GAP, true);
        out.quantity(gap.ours);
        out.quantity(gap.there);
    }
    for (flag, number) in [(WITHHELD, entry.withheld), (MISSING, entry.missing)] {
        if out.set(flag, number > 0) {
            put(&mut out.bytes, u64::from(number));
        }
    }
    pack_seldom(out, document);
}

fn pack_seldom(out: &mut Packing, document: &ListingDocument) {
    let some = document.unwritable.is_some() || document.parked.is_some() || document.dropped.is_some();
    let some = some
        || document.there.is_some()
        || document.held.is_some()
        || document.drained.is_some()
        || document.not_before.is_some();
    if out.set(SELDOM, some || document.attempts > 0 || document.contended > 0) {
        let seldom = Seldom {
            there: document.there.clone(),
            unwritable: document.unwritable.clone(),
            parked: document.parked.clone(),
            dropped: document.dropped.clone(),
            held: document.held.clone(),
            drained: document.drained.clone(),
            attempts: document.attempts,
            contended: document.contended,
            not_before: document.not_before,
        };
        // Plain data with text keys always serialises.
        let text = serde_json::to_vec(&seldom).unwrap_or_default();
        put(&mut out.bytes, text.len() as u64);
        out.bytes.extend_from_slice(&text);
    }
}

#[path = "unpacking.rs"]
mod unpacking;

#[cfg(test)]
#[path = "packing_test.rs"]
mod tests;
