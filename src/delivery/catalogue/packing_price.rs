//! The price of a packed listing.

use super::coding::{Reader, put, put_signed};
use super::entry::Entry;
use super::packing::Packer;
use super::record::flag::{PRICE, PRICE_KNOWN};
use super::record::{Packing, Unpacking, share, shared};
use crate::delivery::prices::PriceEntry;
use omnistock_planner::{AcceptedPrice, HeldPrice, ObservedPrice, ParkedPrice, PriceDocument, PriceTarget, SentPrice};
use omnistock_words::{Currency, Millis, Money, Price};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

mod flag {
    // Of the document.
    pub(super) const DESIRED: u64 = 1;
    pub(super) const SENT: u64 = 1 << 1;
    pub(super) const ACCEPTED: u64 = 1 << 2;
    pub(super) const OBSERVED: u64 = 1 << 3;
    pub(super) const SELDOM: u64 = 1 << 4;
    // Of what was found out.
    pub(super) const GAP: u64 = 1 << 2;
    pub(super) const PASSED: u64 = 1 << 3;
    pub(super) const SINCE: u64 = 1 << 4;
}

/// What few prices have at a time.
#[derive(Serialize, Deserialize, PartialEq, Default)]
#[serde(default)]
struct Seldom {
    open: bool,
    unknown: bool,
    parked: Option<ParkedPrice>,
    held: Option<HeldPrice>,
    released: Option<Money>,
    attempts: u32,
    undone: u32,
    not_before: Option<Millis>,
}

/// Prices are told as the one before where they are that: its place, counted from one, or 0 and the price.
#[derive(Default)]
struct Earlier(Vec<Vec<u8>>);

impl Packer {
    pub(super) fn pack_price(&mut self, out: &mut Packing, entry: &Entry) -> Option<()> {
        let mut earlier = Earlier::default();
        if let Some(document) = &entry.document.price {
            out.set(PRICE, true);
            self.pack_document(out, document, &mut earlier)?;
        }
        if let Some(known) = &entry.price {
            out.set(PRICE_KNOWN, true);
            self.pack_known(out, known, &mut earlier)?;
        }
        Some(())
    }

    fn pack_document(&mut self, out: &mut Packing, document: &PriceDocument, earlier: &mut Earlier) -> Option<()> {
        // A new field does not compile until it is packed, too.
        #[rustfmt::skip]
        let PriceDocument {
            desired: _, sent: _, open: _, accepted: _, observed: _, unknown: _, parked: _, held: _, released: _,
            attempts: _, undone: _, not_before: _,
        } = document;
        let seldom = Seldom {
            open: document.open,
            unknown: document.unknown,
            parked: document.parked.clone(),
            held: document.held.clone(),
            released: document.released,
            attempts: document.attempts,
            undone: document.undone,
            not_before: document.not_before,
        };
        let some = seldom != Seldom::default();
        let flags = [
            (flag::DESIRED, document.desired.is_some()),
            (flag::SENT, document.sent.is_some()),
            (flag::ACCEPTED, document.accepted.is_some()),
            (flag::OBSERVED, document.observed.is_some()),
            (flag::SELDOM, some),
        ];
        let flags = flags.into_iter().filter(|(_, there)| *there).map(|(flag, _)| flag);
        put(&mut out.bytes, flags.sum());
        if let Some(price) = &document.desired {
            self.put_price(out, price, earlier)?;
        }
        if let Some(sent) = &document.sent {
            self.put_price(out, &sent.price, earlier)?;
            out.time(sent.at);
            put(&mut out.bytes, sent.token);
        }
        if let Some(accepted) = &document.accepted {
            self.put_price(out, &accepted.price, earlier)?;
            out.time(accepted.at);
        }
        if let Some(read) = &document.observed {
            put(&mut out.bytes, read.prices.len() as u64);
            for price in &read.prices {
                self.put_price(out, price, earlier)?;
            }
            out.time(read.at);
        }
        if some {
            // Plain data with text keys always serialises.
            let text = serde_json::to_vec(&seldom).ok()?;
            put(&mut out.bytes, text.len() as u64);
            out.bytes.extend_from_slice(&text);
        }
        Some(())
    }

    fn pack_known(&mut self, out: &mut Packing, known: &PriceEntry, earlier: &mut Earlier) -> Option<()> {
        #[rustfmt::skip]
        let PriceEntry { target: _, gap: _, busy: _, suspect: _, passed: _, since: _ } = known;
        let kind = match known.target {
            PriceTarget::Price(_) => 0,
            PriceTarget::Missing => 1,
            PriceTarget::Unmanaged => 2,
            PriceTarget::Unknown => 3,
        };
        let flags = [
            (flag::GAP, known.gap.is_some()),
            (flag::PASSED, known.passed.is_some()),
            (flag::SINCE, known.since.is_some()),
        ];
        let flags = flags.into_iter().filter(|(_, there)| *there).map(|(flag, _)| flag);
        put(&mut out.bytes, kind + flags.sum::<u64>());
        if let PriceTarget::Price(price) = &known.target {
            self.put_price(out, price, earlier)?;
        }
        if let Some(gap) = &known.gap {
            put(&mut out.bytes, gap.len() as u64);
            out.bytes.extend_from_slice(gap.as_bytes());
        }
        if let Some(passed) = known.passed {
            self.put_price(out, &Price::plain(passed), earlier)?;
        }
        if let Some(since) = known.since {
            out.time(since);
        }
        Some(())
    }

    fn put_price(&mut self, out: &mut Packing, price: &Price, earlier: &mut Earlier) -> Option<()> {
        let mut bytes = vec![u8::from(price.compare_at.is_some())];
        for money in [Some(price.amount), price.compare_at].into_iter().flatten() {
            self.put_money(&mut bytes, money)?;
        }
        let known = earlier.0.iter().position(|other| *other == bytes);
        put(&mut out.bytes, known.map_or(0, |place| place as u64 + 1));
        if known.is_none() {
            out.bytes.extend_from_slice(&bytes);
            earlier.0.push(bytes);
        }
        Some(())
    }

    /// `None`: it can't be read back, so it is not packed.
    fn put_money(&mut self, into: &mut Vec<u8>, money: Money) -> Option<()> {
        let amount = money.amount();
        let place = share(&mut self.currencies, &money.currency());
        let digits = i64::try_from(amount.mantissa()).ok()?;
        if place == 0 || Money::new(amount, money.currency()).is_err() || digits == 0 && amount.is_sign_negative() {
            return None;
        }
        put(into, place);
        put(into, u64::from(amount.scale()));
        put_signed(into, digits);
        Some(())
    }

    pub(super) fn unpack_price(&self, left: &mut Unpacking<'_>, entry: &mut Entry) -> Option<()> {
        let mut earlier = Vec::new();
        entry.document.price = left.part(PRICE, |left| self.unpack_document(left, &mut earlier).map(Box::new))?;
        entry.price = left.part(PRICE_KNOWN, |left| self.unpack_known(left, &mut earlier).map(Box::new))?;
        Some(())
    }

    fn unpack_document(&self, left: &mut Unpacking<'_>, earlier: &mut Vec<Price>) -> Option<PriceDocument> {
        let flags = left.from.number()?;
        let has = |flag: u64| flags & flag != 0;
        let mut document = PriceDocument::default();
        if has(flag::DESIRED) {
            document.desired = Some(self.price(&mut left.from, earlier)?);
        }
        if has(flag::SENT) {
            let price = self.price(&mut left.from, earlier)?;
            let (at, token) = (left.time()?, left.from.number()?);
            document.sent = Some(SentPrice { price, at, token });
        }
        if has(flag::ACCEPTED) {
            let price = self.price(&mut left.from, earlier)?;
            let at = left.time()?;
            document.accepted = Some(AcceptedPrice { price, at });
        }
        if has(flag::OBSERVED) {
            let count = left.from.number()?;
            let prices = (0..count).map(|_| self.price(&mut left.from, earlier));
            let prices = prices.collect::<Option<Vec<_>>>()?;
            let at = left.time()?;
            document.observed = Some(ObservedPrice { prices, at });
        }
        if has(flag::SELDOM) {
            let seldom: Seldom = serde_json::from_slice(left.from.bytes()?).ok()?;
            (document.open, document.unknown) = (seldom.open, seldom.unknown);
            (document.parked, document.held, document.released) = (seldom.parked, seldom.held, seldom.released);
            (document.attempts, document.undone) = (seldom.attempts, seldom.undone);
            document.not_before = seldom.not_before;
        }
        Some(document)
    }

    fn unpack_known(&self, left: &mut Unpacking<'_>, earlier: &mut Vec<Price>) -> Option<PriceEntry> {
        let flags = left.from.number()?;
        let has = |flag: u64| flags & flag != 0;
        let target = match flags & 3 {
            0 => PriceTarget::Price(self.price(&mut left.from, earlier)?),
            1 => PriceTarget::Missing,
            2 => PriceTarget::Unmanaged,
            _ => PriceTarget::Unknown,
        };
        let mut known = PriceEntry {
            target,
            ..PriceEntry::default()
        };
        if has(flag::GAP) {
            known.gap = Some(std::str::from_utf8(left.from.bytes()?).ok()?.to_owned());
        }
        if has(flag::PASSED) {
            known.passed = Some(self.price(&mut left.from, earlier)?.amount);
        }
        if has(flag::SINCE) {
            known.since = Some(left.time()?);
        }
        Some(known)
    }

    fn price(&self, from: &mut Reader<'_>, earlier: &mut Vec<Price>) -> Option<Price> {
        let place = from.number()?;
        if place > 0 {
            return shared(earlier, place);
        }
        let compared = from.number()? > 0;
        let amount = self.money(from)?;
        let compare_at = if compared { Some(self.money(from)?) } else { None };
        let price = Price { amount, compare_at };
        earlier.push(price);
        Some(price)
    }

    fn money(&self, from: &mut Reader<'_>) -> Option<Money> {
        let currency: Currency = shared(&self.currencies, from.number()?)?;
        let (scale, digits) = (from.small()?, from.signed()?);
        Money::new(
            Decimal::try_from_i128_with_scale(i128::from(digits), scale).ok()?,
            currency,
        )
        .ok()
    }
}
