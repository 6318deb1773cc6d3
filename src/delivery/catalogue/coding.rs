//! Numbers, times and names in as few bytes as they need: what lies in memory a million times.

use omnistock_words::Quantity;
use std::collections::HashMap;

/// Beginnings of names that are kept once, at most: their number is one byte.
const MOST_BEGINNINGS: usize = 64;
/// Digits of a number at the end of a name, at most: more do not fit into it.
const MOST_DIGITS: usize = 18;
/// Millionths in one.
const SCALE: i64 = 1_000_000;

/// Appends a number: seven bits a byte, the lowest first.
pub(super) fn put(into: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        into.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    into.push(number.to_le_bytes()[0]);
}

/// Appends a number that may be negative: small ones are short on both sides of zero.
pub(super) fn put_signed(into: &mut Vec<u8>, number: i64) {
    put(into, ((number << 1) ^ (number >> 63)).cast_unsigned());
}

/// Appends a quantity: whole units are shortest.
pub(super) fn put_quantity(into: &mut Vec<u8>, quantity: Quantity) {
    let all = quantity.millionths();
    let (number, fraction) = if all % SCALE == 0 { (all / SCALE, 0) } else { (all, 1) };
    // A quantity is at most 10^18 millionths: two bits are left.
    put(into, (((number << 1) ^ (number >> 63)).cast_unsigned() << 1) | fraction);
}

/// Reads what was appended, in the same order. `None`: it ends too early.
#[derive(Clone)]
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn number(&mut self) -> Option<u64> {
        let (mut number, mut shift) = (0_u64, 0_u32);
        loop {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            number |= u64::from(byte & 0x7f).checked_shl(shift)?;
            if byte & 0x80 == 0 {
                return Some(number);
            }
            shift += 7;
        }
    }

    pub(super) fn index(&mut self) -> Option<usize> {
        usize::try_from(self.number()?).ok()
    }

    pub(super) fn small(&mut self) -> Option<u32> {
        u32::try_from(self.number()?).ok()
    }

    pub(super) fn signed(&mut self) -> Option<i64> {
        let number = self.number()?;
        Some((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
    }

    pub(super) fn quantity(&mut self) -> Option<Quantity> {
        let number = self.number()?;
        let (fraction, number) = (number & 1 == 1, number >> 1);
        let number = (number >> 1).cast_signed() ^ -(number & 1).cast_signed();
        let scale = if fraction { 1 } else { SCALE };
        Some(Quantity::of_millionths(number.checked_mul(scale)?))
    }

    pub(super) fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = self.index()?;
        self.take(length)
    }

    pub(super) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }
}

/// What names begin with, so that of `gid://shopify/InventoryItem/44012345` only the number is kept. Grows only.
#[derive(Default)]
pub(super) struct Beginnings {
    all: Vec<Box<str>>,
    places: HashMap<Box<str>, usize>,
}

/// The name without the number at its end, and that number; zeros in front of it belong to the name.
fn split(text: &str) -> Option<(&str, u64)> {
    let digits = text.bytes().rev().take_while(u8::is_ascii_digit).count();
    let from = text.len() - digits.min(MOST_DIGITS);
    let zeros = text.get(from..)?.bytes().take_while(|byte| *byte == b'0').count();
    let (beginning, number) = text.split_at_checked(from + zeros)?;
    // Two bytes are what it takes to name the beginning and the number: shorter ones are not worth it.
    if number.len() < 3 {
        return None;
    }
    Some((beginning, number.parse().ok()?))
}

impl Beginnings {
    fn place(&mut self, beginning: &str) -> Option<usize> {
        if let Some(place) = self.places.get(beginning) {
            return Some(*place);
        }
        let place = self.all.len();
        if place >= MOST_BEGINNINGS {
            return None;
        }
        self.all.push(beginning.into());
        self.places.insert(beginning.into(), place);
        Some(place)
    }

    pub(super) fn put(&mut self, into: &mut Vec<u8>, text: &str) {
        if let Some((beginning, number)) = split(text)
            && let Some(place) = self.place(beginning)
        {
            put(into, (place as u64) << 1 | 1);
            return put(into, number);
        }
        put(into, (text.len() as u64) << 1);
        into.extend_from_slice(text.as_bytes());
    }

    /// Reads a name and hands it over.
    pub(super) fn read<T>(&self, from: &mut Reader<'_>, take: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let head = from.index()?;
        if head & 1 == 0 {
            return take(std::str::from_utf8(from.take(head >> 1)?).ok()?);
        }
        let (beginning, number) = (self.all.get(head >> 1)?, from.number()?);
        take(&format!("{beginning}{number}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn round(names: &mut Beginnings, text: &str) -> (String, usize) {
        let mut bytes = Vec::new();
        names.put(&mut bytes, text);
        let mut reader = Reader(&bytes);
        let read = names.read(&mut reader, |text| Some(text.to_owned())).unwrap();
        assert!(reader.0.is_empty());
        (read, bytes.len())
    }

    #[test]
    fn numbers_at_the_end_of_names_are_short() {
        let mut names = Beginnings::default();
        for (text, most) in [
            ("gid://shopify/InventoryItem/44012345678901", 8),
            ("1234567890", 6),
            ("SKU-0000123", 2),
            ("AB-1", 5),
            ("", 1),
            ("000", 4),
            ("7000000000000000000000000000001", 32),
        ] {
            let (read, bytes) = round(&mut names, text);
            assert_eq!(read, text);
            assert!(bytes <= most, "{text}: {bytes} bytes");
        }
    }

    proptest! {
        #[test]
        fn everything_is_read_as_it_was_written(number: u64, signed: i64, millionths: i64, names in proptest::collection::vec("[a-zä0]{0,6}[0-9]{0,24}", 0..90)) {
            let quantities = [Quantity::of_millionths(millionths), Quantity::whole(millionths), Quantity::MAX, Quantity::MIN];
            let mut bytes = Vec::new();
            put(&mut bytes, number);
            put_signed(&mut bytes, signed);
            for quantity in quantities { put_quantity(&mut bytes, quantity); }
            let mut reader = Reader(&bytes);
            prop_assert_eq!(reader.number(), Some(number));
            prop_assert_eq!(reader.signed(), Some(signed));
            for quantity in quantities {
                prop_assert_eq!(reader.quantity(), Some(quantity));
            }
            prop_assert_eq!(reader.number(), None);
            let mut beginnings = Beginnings::default();
            for name in names {
                prop_assert_eq!(&round(&mut beginnings, &name).0, &name);
            }
        }
    }
}
