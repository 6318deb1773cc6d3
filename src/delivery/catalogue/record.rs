//! The bytes of one packed listing while they are put together or taken apart.

use super::coding::{Reader, put_quantity, put_signed};
use omnistock_words::{Millis, Quantity};

/// Values of a kind that are kept once, at most: their place is one byte.
const MOST_SHARED: usize = 127;

/// Which parts follow, and what is the same as something else. What most listings have comes first: it is short.
pub(super) mod flag {
    pub(in crate::delivery::catalogue) const SKU: u64 = 1;
    pub(in crate::delivery::catalogue) const PENDING: u64 = 1 << 1;
    pub(in crate::delivery::catalogue) const DESIRED: u64 = 1 << 2;
    /// The target is what is desired.
    pub(in crate::delivery::catalogue) const AIMED: u64 = 1 << 3;
    pub(in crate::delivery::catalogue) const SENT: u64 = 1 << 4;
    /// What was sent is what is desired, whatever it replaces.
    pub(in crate::delivery::catalogue) const SENT_PLAIN: u64 = 1 << 5;
    pub(in crate::delivery::catalogue) const ACCEPTED: u64 = 1 << 6;
    /// What was accepted is what was sent.
    pub(in crate::delivery::catalogue) const ACCEPTED_PLAIN: u64 = 1 << 7;
    pub(in crate::delivery::catalogue) const OBSERVED: u64 = 1 << 8;
    /// What was read is what was accepted, else what is desired.
    pub(in crate::delivery::catalogue) const OBSERVED_PLAIN: u64 = 1 << 9;
    pub(in crate::delivery::catalogue) const BASE: u64 = 1 << 10;
    /// What was right is what is desired, with nothing to spare.
    pub(in crate::delivery::catalogue) const BASE_PLAIN: u64 = 1 << 11;
    pub(in crate::delivery::catalogue) const EVIDENCE: u64 = 1 << 12;
    pub(in crate::delivery::catalogue) const MATCHED: u64 = 1 << 13;
    /// What was first read is what was accepted.
    pub(in crate::delivery::catalogue) const FIRST_PLAIN: u64 = 1 << 14;
    pub(in crate::delivery::catalogue) const REPLACED: u64 = 1 << 15;
    pub(in crate::delivery::catalogue) const ASKED: u64 = 1 << 16;
    pub(in crate::delivery::catalogue) const PARENT: u64 = 1 << 17;
    pub(in crate::delivery::catalogue) const RAMPED: u64 = 1 << 18;
    pub(in crate::delivery::catalogue) const PRICE: u64 = 1 << 19;
    pub(in crate::delivery::catalogue) const PRICE_KNOWN: u64 = 1 << 20;
    pub(in crate::delivery::catalogue) const LOCATION: u64 = 1 << 21;
    pub(in crate::delivery::catalogue) const PLACE: u64 = 1 << 22;
    pub(in crate::delivery::catalogue) const EVIDENCE_MORE: u64 = 1 << 23;
    pub(in crate::delivery::catalogue) const LEFT: u64 = 1 << 24;
    pub(in crate::delivery::catalogue) const GAP: u64 = 1 << 25;
    pub(in crate::delivery::catalogue) const WITHHELD: u64 = 1 << 26;
    pub(in crate::delivery::catalogue) const UNKNOWN: u64 = 1 << 27;
    pub(in crate::delivery::catalogue) const RELEASED: u64 = 1 << 28;
    pub(in crate::delivery::catalogue) const GONE: u64 = 1 << 29;
    pub(in crate::delivery::catalogue) const PASSED: u64 = 1 << 30;
    pub(in crate::delivery::catalogue) const FORCED: u64 = 1 << 31;
    pub(in crate::delivery::catalogue) const DRAINED: u64 = 1 << 32;
    pub(in crate::delivery::catalogue) const MISSING: u64 = 1 << 33;
    pub(in crate::delivery::catalogue) const SELDOM: u64 = 1 << 34;
    pub(in crate::delivery::catalogue) const READ_DUE: u64 = 1 << 35;
}
/// The place of a value that is kept once, and 0 where there is no room.
pub(super) fn share<T: PartialEq + Clone>(all: &mut Vec<T>, value: &T) -> u64 {
    let known = all.iter().position(|other| other == value);
    let place = known.or_else(|| {
        (all.len() < MOST_SHARED).then(|| {
            all.push(value.clone());
            all.len() - 1
        })
    });
    place.map_or(0, |place| place as u64 + 1)
}

pub(super) fn shared<T: Clone>(all: &[T], place: u64) -> Option<T> {
    all.get(usize::try_from(place).ok()?.checked_sub(1)?).cloned()
}

/// The bytes of one listing while they are put together.
pub(super) struct Packing {
    pub(super) flags: u64,
    pub(super) bytes: Vec<u8>,
    pub(super) last: i64,
}

impl Packing {
    pub(super) fn set(&mut self, flag: u64, whether: bool) -> bool {
        if whether {
            self.flags |= flag;
        }
        whether
    }

    pub(super) fn time(&mut self, at: Millis) {
        put_signed(&mut self.bytes, at.0.wrapping_sub(self.last));
        self.last = at.0;
    }

    pub(super) fn quantity(&mut self, quantity: Quantity) {
        put_quantity(&mut self.bytes, quantity);
    }

    pub(super) fn maybe(&mut self, quantity: Option<Quantity>) {
        self.bytes.push(u8::from(quantity.is_some()));
        if let Some(quantity) = quantity {
            self.quantity(quantity);
        }
    }
}

/// What is left to read of a packed listing.
pub(super) struct Unpacking<'a> {
    pub(super) flags: u64,
    pub(super) from: Reader<'a>,
    pub(super) last: i64,
}

impl Unpacking<'_> {
    pub(super) fn has(&self, flag: u64) -> bool {
        self.flags & flag != 0
    }

    pub(super) fn time(&mut self) -> Option<Millis> {
        self.last = self.last.wrapping_add(self.from.signed()?);
        Some(Millis(self.last))
    }

    #[allow(clippy::option_option, reason = "whether it can be read, and whether it is there")]
    pub(super) fn maybe(&mut self) -> Option<Option<Quantity>> {
        Some(match self.from.number()? {
            0 => None,
            _ => Some(self.from.quantity()?),
        })
    }

    /// What is there where the flag says so.
    #[allow(clippy::option_option, reason = "whether it can be read, and whether it is there")]
    pub(super) fn part<T>(&mut self, flag: u64, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<Option<T>> {
        if self.has(flag) {
            read(self).map(Some)
        } else {
            Some(None)
        }
    }
}
