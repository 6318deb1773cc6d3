//! The names of a merchant's keys: all with one hash tag, so that they live in one slot.

use crate::store::{Kind, StoreError};

/// `{prefix}:…`. Channels stand at the end, so that no name of one can look like another key.
#[derive(Debug, Clone)]
pub(super) struct Keys {
    tag: String,
}

impl Keys {
    pub(super) fn new(prefix: &str) -> Result<Self, StoreError> {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_' || byte == b'-';
        if (1..=64).contains(&prefix.len()) && prefix.bytes().all(allowed) {
            return Ok(Self {
                tag: format!("{{{prefix}}}"),
            });
        }
        let rule = "1 to 64 characters out of a-z, 0-9, _ and -";
        Err(StoreError::Refused(format!(
            "the prefix {prefix:?} under [store] is not valid: {rule}"
        )))
    }

    fn named(&self, name: &str) -> String {
        format!("{}:{name}", self.tag)
    }

    /// Hash: owner, token, until (ms).
    pub(super) fn lease(&self) -> String {
        self.named("lease")
    }

    /// Decimal text.
    pub(super) fn cursor(&self) -> String {
        self.named("cursor")
    }

    /// Stream; ids `n-0`. Only ever trimmed up to the cursor.
    pub(super) fn inbox(&self) -> String {
        self.named("inbox")
    }

    /// Decimal text: the highest id given to an entry.
    pub(super) fn last_entry(&self) -> String {
        self.named("last_entry")
    }

    /// Decimal text: the highest version given to a mark.
    pub(super) fn last_mark(&self) -> String {
        self.named("last_mark")
    }

    /// Stream; ids are time and a number within. Fields: `a` subjects as JSON, `b` bytes.
    pub(super) fn history(&self) -> String {
        self.named("history")
    }

    /// Text: the highest id given to an entry of the history.
    pub(super) fn last_history(&self) -> String {
        self.named("last_history")
    }

    /// Decimal text: how large the history is.
    pub(super) fn history_bytes(&self) -> String {
        self.named("history_bytes")
    }

    /// Hash: subject → numbers of its oldest full block and of the one that is filled now (4 bytes each), then the
    /// ids of the entries about it that are in that one (9 bytes each), ascending.
    pub(super) fn history_index(&self) -> String {
        self.named("history_index")
    }

    /// Hash: subject and number (4 bytes) → a full block of ids.
    pub(super) fn history_blocks(&self) -> String {
        self.named("history_blocks")
    }

    /// Text: there may be lists of layout 1.
    pub(super) fn history_lists(&self) -> String {
        self.named("history_lists")
    }

    /// Layout 1. List of ids, ascending: the entries about a subject.
    pub(super) fn history_about(&self, about: &str) -> String {
        format!("{}:history_about:{about}", self.tag)
    }

    /// Decimal text: how the keys are laid out.
    pub(super) fn layout(&self) -> String {
        self.named("layout")
    }

    /// Exists only while a start checks the user's rights.
    pub(super) fn probe(&self) -> String {
        self.named("probe")
    }

    /// Hash: id → version (8 bytes, big-endian) and bytes.
    pub(super) fn documents(&self, kind: Kind) -> String {
        format!("{}:documents:{}", self.tag, kind.name())
    }

    /// Sorted set of ids, all with score 0: ordered by their bytes.
    pub(super) fn index(&self, kind: Kind) -> String {
        format!("{}:index:{}", self.tag, kind.name())
    }

    /// Hash: sku → version of its mark.
    pub(super) fn marks(&self, channel: &str) -> String {
        format!("{}:marks:{channel}", self.tag)
    }

    /// Sorted set: sku by the time it was first marked (ms).
    pub(super) fn marks_by_age(&self, channel: &str) -> String {
        format!("{}:marks_by_age:{channel}", self.tag)
    }

    /// Set of listings.
    pub(super) fn intents(&self, channel: &str) -> String {
        format!("{}:intents:{channel}", self.tag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_can_not_break_the_hash_tag() {
        assert_eq!(Keys::new("shop-1").unwrap().inbox(), "{shop-1}:inbox");
        for prefix in ["", "a}b", "{", "A", "ä", &"a".repeat(65)] {
            assert!(matches!(Keys::new(prefix), Err(StoreError::Refused(_))), "{prefix}");
        }
    }
}
