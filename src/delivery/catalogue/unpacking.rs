//! The way back: a packed listing as it was.

use super::{MODES, Packer, Seldom, likely};
use crate::delivery::catalogue::coding::Reader;
use crate::delivery::catalogue::entry::Entry;
#[allow(clippy::wildcard_imports, reason = "names that mean nothing elsewhere")]
use crate::delivery::catalogue::record::flag::*;
use crate::delivery::catalogue::record::{Unpacking, shared};
use omnistock_engine::guard::Baseline;
use omnistock_planner::{
    Accepted, ChangesLeft, Evidence, Gap, ListingDocument, ListingState, Observed, Sent, Target, document_id,
};
use omnistock_words::{ListingId, LocationName, Quantity, VendorLocation};

impl Packer {
    /// The vendor's id and location of a packed listing.
    pub(in crate::delivery::catalogue) fn key(&self, record: &[u8]) -> Option<(ListingId, Option<VendorLocation>)> {
        self.open(record).map(|(_, key)| key)
    }

    fn open<'a>(&self, record: &'a [u8]) -> Option<(Unpacking<'a>, (ListingId, Option<VendorLocation>))> {
        let mut from = Reader(record);
        let mut unpacking = Unpacking {
            flags: from.number()?,
            from,
            last: self.epoch.0,
        };
        let listing = self.names.read(&mut unpacking.from, |text| ListingId::new(text).ok())?;
        let location = unpacking.part(LOCATION, |left| {
            self.names.read(&mut left.from, |text| VendorLocation::new(text).ok())
        })?;
        Some((unpacking, (listing, location)))
    }

    /// The id of a packed listing's document.
    pub(in crate::delivery::catalogue) fn id(&self, record: &[u8]) -> Option<String> {
        let (listing, location) = self.key(record)?;
        Some(document_id(self.channel.as_ref()?, &listing, location.as_ref()))
    }

    /// The listing as it was packed.
    pub(in crate::delivery::catalogue) fn unpack(&self, record: &[u8]) -> Option<Entry> {
        let (mut left, (listing, location)) = self.open(record)?;
        let mut document = ListingDocument::new(self.channel.clone()?, listing, location);
        document.sku = left.part(SKU, |left| self.book.sku(left.from.small()?))?;
        document.parent = left.part(PARENT, |left| {
            self.names.read(&mut left.from, |text| ListingId::new(text).ok())
        })?;
        document.place = left.part(PLACE, |left| match left.from.number()? {
            0 => self.names.read(&mut left.from, |text| LocationName::new(text).ok()),
            place => shared(&self.places, place),
        })?;
        let version = left.from.number()?;
        let mut entry = Entry::new(document, version);
        let kind = states(&mut left, &mut entry)?;
        let number = if kind == 0 && !left.has(AIMED) {
            Some(left.from.quantity()?)
        } else {
            None
        };
        self.numbers(&mut left, &mut entry.document)?;
        entry.target = match kind {
            0 => Target::Number(number.or(entry.document.desired)?),
            1 => Target::Untracked,
            _ => Target::Unknown,
        };
        evidence(&mut left, &mut entry.document)?;
        course(&mut left, &mut entry)?;
        self.unpack_price(&mut left, &mut entry)?;
        Some(entry)
    }

    fn numbers(&self, left: &mut Unpacking<'_>, document: &mut ListingDocument) -> Option<()> {
        document.desired = left.part(DESIRED, |left| left.from.quantity())?;
        let desired = document.desired;
        document.sent = left.part(SENT, |left| {
            let (quantity, target, expected) = if left.has(SENT_PLAIN) {
                (desired?, desired?, None)
            } else {
                (left.from.quantity()?, left.from.quantity()?, left.maybe()?)
            };
            let at = left.time()?;
            let token = match left.from.number()? {
                0 => left.from.number()?,
                place => shared(&self.tokens, place)?,
            };
            Some(Sent {
                quantity,
                target,
                at,
                token,
                expected,
            })
        })?;
        let sent = document.sent.as_ref().map(|sent| (sent.quantity, sent.at));
        document.accepted = left.part(ACCEPTED, |left| {
            let (quantity, sent_at) = if left.has(ACCEPTED_PLAIN) {
                sent?
            } else {
                (left.from.quantity()?, left.time()?)
            };
            let at = left.time()?;
            Some(Accepted { quantity, sent_at, at })
        })?;
        let likely = likely(document);
        document.observed = left.part(OBSERVED, |left| {
            let quantity = if left.has(OBSERVED_PLAIN) {
                likely
            } else {
                left.maybe()?
            };
            let (at, until) = (left.time()?, left.time()?);
            Some(Observed { quantity, at, until })
        })?;
        Some(())
    }
}

/// Which kind of target it has.
fn states(left: &mut Unpacking<'_>, entry: &mut Entry) -> Option<u64> {
    let all = left.from.number()?;
    let (target, all) = (all % 3, all / 3);
    let (mode, all) = (all % 6, all / 6);
    entry.mode = *MODES.get(usize::try_from(mode).ok()?)?;
    let state = |place: u64| {
        let place = usize::try_from(place).ok()?.checked_sub(1)?;
        ListingState::ALL.into_iter().find(|state| *state as usize == place)
    };
    (entry.state, entry.price_state) = (state(all / 10), state(all % 10));
    Some(target)
}

fn evidence(left: &mut Unpacking<'_>, document: &mut ListingDocument) -> Option<()> {
    if !left.has(EVIDENCE) {
        return Some(());
    }
    let mut evidence = Evidence {
        matched: left.has(MATCHED),
        ..Evidence::default()
    };
    evidence.replaced = left.part(REPLACED, |left| left.from.quantity())?;
    evidence.first = if left.has(FIRST_PLAIN) {
        document.accepted.as_ref().map(|accepted| accepted.quantity)
    } else {
        left.maybe()?
    };
    if left.has(EVIDENCE_MORE) {
        (evidence.undone, evidence.changes) = (left.from.small()?, left.from.small()?);
        let time = |left: &mut Unpacking<'_>| {
            Some(match left.from.number()? {
                0 => None,
                _ => Some(left.time()?),
            })
        };
        (evidence.since, evidence.last) = (time(left)?, time(left)?);
    }
    document.evidence = Some(evidence);
    Some(())
}

fn course(left: &mut Unpacking<'_>, entry: &mut Entry) -> Option<()> {
    let document = &mut entry.document;
    (document.unknown, document.released) = (left.has(UNKNOWN), left.has(RELEASED));
    document.ramped = left.has(RAMPED);
    (entry.pending, entry.gone, entry.passed) = (left.has(PENDING), left.has(GONE), left.has(PASSED));
    (entry.forced, entry.drained) = (left.has(FORCED), left.has(DRAINED));
    let desired = document.desired;
    entry.base = left.part(BASE, |left| {
        let (quantity, spare) = if left.has(BASE_PLAIN) {
            (desired?, Quantity::ZERO)
        } else {
            (left.from.quantity()?, left.from.quantity()?)
        };
        let taken = left.from.quantity()?;
        Some(Baseline { quantity, spare, taken })
    })?;
    entry.asked_at = left.part(ASKED, Unpacking::time)?;
    entry.reads = left.from.small()?;
    entry.read_due = left.part(READ_DUE, Unpacking::time)?;
    document.changes_left = left.part(LEFT, |left| {
        let (amount, at) = (left.from.signed()?, left.time()?);
        Some(ChangesLeft { left: amount, at })
    })?;
    entry.gap = left.part(GAP, |left| {
        let (ours, there) = (left.from.quantity()?, left.from.quantity()?);
        Some(Box::new(Gap { ours, there }))
    })?;
    entry.withheld = left.part(WITHHELD, |left| left.from.small())?.unwrap_or_default();
    entry.missing = left.part(MISSING, |left| left.from.small())?.unwrap_or_default();
    if left.has(SELDOM) {
        let seldom: Seldom = serde_json::from_slice(left.from.bytes()?).ok()?;
        (document.unwritable, document.parked, document.dropped) = (seldom.unwritable, seldom.parked, seldom.dropped);
        document.there = seldom.there;
        (document.held, document.drained) = (seldom.held, seldom.drained);
        (document.attempts, document.contended) = (seldom.attempts, seldom.contended);
        document.not_before = seldom.not_before;
    }
    Some(())
}
