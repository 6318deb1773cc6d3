//! The text of a name: short ones lie in place, so that a copy and a comparison touch no other memory.

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// Bytes that lie in place; most SKUs, ids and declared names are shorter.
const SHORT: usize = 22;

/// Text without a NUL character, as all names are. A copy never allocates.
#[derive(Clone, Debug)]
pub(crate) enum Text {
    /// Its length, and its bytes with zeros behind them.
    Short(u8, [u8; SHORT]),
    /// Longer ones are shared.
    Long(Arc<str>),
}

impl Text {
    #[inline]
    pub(crate) fn new(text: &str) -> Self {
        let mut bytes = [0; SHORT];
        match (bytes.get_mut(..text.len()), u8::try_from(text.len())) {
            (Some(place), Ok(length)) if !text.contains('\0') => {
                place.copy_from_slice(text.as_bytes());
                Self::Short(length, bytes)
            }
            _ => Self::Long(Arc::from(text)),
        }
    }

    #[inline]
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Short(length, bytes) => {
                let bytes = bytes.get(..usize::from(*length)).unwrap_or_default();
                std::str::from_utf8(bytes).unwrap_or_default()
            }
            Self::Long(text) => text,
        }
    }
}

/// Three numbers that compare as the bytes do; two bytes are in the second and in the third.
#[inline]
fn words(bytes: &[u8; SHORT]) -> (u64, u64, u64) {
    let word = |from: usize| {
        let bytes = bytes.get(from..from + 8).and_then(|bytes| bytes.try_into().ok());
        bytes.map_or(0, u64::from_be_bytes)
    };
    (word(0), word(8), word(SHORT - 8))
}

impl PartialEq for Text {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            // Equal bytes have equal lengths: no text holds a zero.
            (Self::Short(_, one), Self::Short(_, other)) => words(one) == words(other),
            (Self::Long(one), Self::Long(other)) => one == other,
            _ => false,
        }
    }
}

impl Eq for Text {}

impl Ord for Text {
    /// As the texts compare: the zeros behind a short one sort before every character.
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Short(_, one), Self::Short(_, other)) => words(one).cmp(&words(other)),
            (Self::Long(one), Self::Long(other)) if Arc::ptr_eq(one, other) => Ordering::Equal,
            _ => self.as_str().cmp(other.as_str()),
        }
    }
}

impl PartialOrd for Text {
    #[inline]
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Hash for Text {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            // As `str` does it; a table may be asked with one.
            Self::Short(length, bytes) => {
                state.write(bytes.get(..usize::from(*length)).unwrap_or_default());
                state.write_u8(0xFF);
            }
            Self::Long(text) => text.hash(state),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::hash::DefaultHasher;

    fn hash(value: &(impl Hash + ?Sized)) -> u64 {
        let mut hasher = DefaultHasher::new();
        value.hash(&mut hasher);
        hasher.finish()
    }

    proptest! {
        #[test]
        fn it_is_told_apart_sorted_and_hashed_as_its_text(one in "[ -~ä日]{0,30}", other in "[aä\u{1}]{0,30}") {
            for (one, other) in [(&one, &other), (&other, &one), (&one, &one)] {
                let (short, next) = (Text::new(one), Text::new(other));
                prop_assert_eq!(short.as_str(), one.as_str());
                prop_assert_eq!(short == next, one == other);
                prop_assert_eq!(short.cmp(&next), one.cmp(other));
                prop_assert_eq!(hash(&short), hash(one.as_str()));
            }
        }

        #[test]
        fn one_and_its_beginning_are_two(text in "[a-c]{1,26}", cut in 0usize..26) {
            let begins: &str = &text.chars().take(cut).collect::<String>();
            prop_assert_eq!(Text::new(begins).cmp(&Text::new(&text)), begins.cmp(text.as_str()));
            prop_assert_eq!(Text::new(begins) == Text::new(&text), begins == text);
        }
    }

    #[test]
    fn it_takes_three_words_and_so_does_none() {
        assert_eq!(size_of::<Option<Text>>(), 24);
        assert_eq!(Text::new("a\0").as_str(), "a\0");
        assert_ne!(Text::new("a\0"), Text::new("a"));
    }
}
