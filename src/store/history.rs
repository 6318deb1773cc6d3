//! The history: what happened, kept for people. Written with the commit it tells of, in the same
//! transaction, so that history and documents never disagree; read by time or by subject; its
//! oldest entries are forgotten in bounded steps.

use omnistock_words::Millis;

/// Milliseconds that a place can say: until the year 2248.
const MOST_MILLIS: i64 = (1 << 43) - 1;
/// Places within one millisecond, as a power of two.
const WITHIN: u32 = 20;

/// The place of an entry in the history. Rises with every entry; tells its time, too: a clock that
/// is set back holds the time up until it has caught up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct HistoryId(pub u64);

impl HistoryId {
    /// Behind every entry.
    pub const END: Self = Self(i64::MAX as u64);

    /// The first place of this millisecond; instants before 1970 count as 1970.
    pub fn first_at(at: Millis) -> Self {
        let clamped = u64::try_from(at.0.clamp(0, MOST_MILLIS)).unwrap_or_default();
        Self(clamped << WITHIN)
    }

    /// When.
    pub fn at(self) -> Millis {
        Millis(i64::try_from(self.0 >> WITHIN).unwrap_or(i64::MAX))
    }

    /// The place that an entry of `at` gets behind this one.
    pub(super) fn next(self, at: Millis) -> Self {
        Self::first_at(at).max(Self(self.0 + 1))
    }

    /// Its millisecond and its number within.
    pub(super) fn parts(self) -> (u64, u64) {
        (self.0 >> WITHIN, self.0 & ((1 << WITHIN) - 1))
    }

    /// The inverse of [`Self::parts`].
    pub(super) fn from_parts(millis: u64, within: u64) -> Self {
        Self((millis << WITHIN).saturating_add(within))
    }
}

/// What a commit adds to the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryEntry {
    /// When it happened.
    pub at: Millis,
    /// What it is about: it is found by each of these.
    pub about: Vec<String>,
    /// What happened, encoded by its writer.
    pub bytes: Vec<u8>,
}

/// An entry as it is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastEntry {
    /// Its place and time.
    pub id: HistoryId,
    /// What happened.
    pub bytes: Vec<u8>,
}

/// Which way the history is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Older entries first.
    Forward,
    /// Newer entries first.
    Back,
}

/// How much history there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HistorySize {
    /// Entries.
    pub entries: u64,
    /// Bytes of all entries with their subjects, without what the store adds.
    pub bytes: u64,
    /// The oldest entry's place.
    pub oldest: Option<HistoryId>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_rise_and_tell_the_time_even_when_the_clock_is_set_back() {
        let first = HistoryId::default().next(Millis(5_000));
        let same = first.next(Millis(5_000));
        let back = same.next(Millis(4_000));
        let later = back.next(Millis(5_001));
        assert!(first < same && same < back && back < later);
        assert_eq!(
            [first, same, back, later].map(HistoryId::at),
            [5_000, 5_000, 5_000, 5_001].map(Millis)
        );
        assert_eq!(HistoryId::from_parts(same.parts().0, same.parts().1), same);
        assert_eq!(HistoryId::first_at(Millis(-7)).at(), Millis(0));
        assert!(HistoryId::first_at(Millis::MAX) < HistoryId::END);
    }
}
