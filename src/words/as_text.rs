//! Words that are texts outside: written from the value and read into it without a `String` in between.
//!
//! Documents of the store are read and written for every event: half of that time went into texts that nobody kept.

use serde::de::{Error, Visitor};
use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

/// Reads a text as `T`.
pub(crate) struct Reader<T>(PhantomData<T>);

impl<T> Reader<T> {
    pub(crate) fn new() -> Self {
        Self(PhantomData)
    }
}

impl<T: FromStr<Err: fmt::Display>> Visitor<'_> for Reader<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }
}

/// Digits on their way into a text, from the right.
pub(crate) struct Digits<const N: usize> {
    bytes: [u8; N],
    from: usize,
}

impl<const N: usize> Digits<N> {
    pub(crate) fn new() -> Self {
        Self {
            bytes: [b'0'; N],
            from: N,
        }
    }

    /// One more character in front; nothing where there is no room left.
    #[inline]
    pub(crate) fn mark(&mut self, byte: u8) {
        let place = self.from.checked_sub(1);
        if let Some((from, place)) = place.and_then(|from| Some((from, self.bytes.get_mut(from)?))) {
            (self.from, *place) = (from, byte);
        }
    }

    /// The last `digits` digits of `value` in front.
    #[inline]
    pub(crate) fn number(&mut self, value: u64, digits: usize) {
        let mut left = value;
        for _ in 0..digits {
            // A digit always fits.
            self.mark(b'0' + u8::try_from(left % 10).unwrap_or_default());
            left /= 10;
        }
    }

    /// All of `value` in front.
    #[inline]
    pub(crate) fn whole(&mut self, value: u64) {
        let digits = value.checked_ilog10().map_or(1, |log| log as usize + 1);
        self.number(value, digits);
    }

    #[inline]
    pub(crate) fn as_str(&self) -> &str {
        let bytes = self.bytes.get(self.from..).unwrap_or_default();
        // ASCII only: it never fails.
        std::str::from_utf8(bytes).unwrap_or_default()
    }
}

/// `Serialize` and `Deserialize` by the text: `$write` hands it to a closure, `FromStr` reads it.
macro_rules! as_text {
    ($name:ty, |$value:ident, $take:ident| $write:expr) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let ($value, $take) = (self, |text: &str| serializer.serialize_str(text));
                $write
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_string(crate::as_text::Reader::<Self>::new())
            }
        }
    };
}
pub(crate) use as_text;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_written_from_the_right_and_never_beyond_their_room() {
        let mut digits = Digits::<6>::new();
        digits.number(7, 2);
        digits.mark(b':');
        digits.whole(12);
        assert_eq!(digits.as_str(), "12:07");
        digits.whole(345);
        assert_eq!(digits.as_str(), "512:07");
        let mut zero = Digits::<2>::new();
        zero.whole(0);
        assert_eq!(zero.as_str(), "0");
    }
}
