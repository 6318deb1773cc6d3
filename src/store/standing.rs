//! How a store stands: who leads, how far it has come, and what of it is gone.

use omnistock_words::Millis;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::fmt;
use std::time::Duration;

/// How far a store has come. In one generation every number only rises, so one that fell means
/// that the store was flushed, restored, or failed over to a server that lacks the last changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Mark {
    /// Which store this is; a higher one is from a later beginning. 0: it was never named.
    pub generation: u64,
    /// Commits applied in this generation.
    pub commits: u64,
    /// The highest place given in the inbox.
    pub entries: u64,
}

/// Who holds the lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leader {
    /// The owner, as it named itself.
    pub owner: String,
    /// Since when it leads without a gap, the store's clock.
    pub since: Millis,
    /// How long its lease still runs.
    pub left: Duration,
}

/// One look at a store; all of it is of the same moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Standing {
    /// Who leads; `None`: the lease is free or over.
    pub leader: Option<Leader>,
    /// How far it has come.
    pub mark: Mark,
    /// How far it had come at least, by answers to this handle's own changes from before it was asked: a store behind
    /// that has lost something. Nothing where a store can't fall behind its handle.
    pub seen: Mark,
    /// What was noted with the generation; the store does not read it.
    pub note: Option<String>,
    /// What should be there and is not, one sentence.
    pub missing: Option<String>,
    /// Which server answered and which history it follows; empty where that can't be told.
    pub server: String,
    /// How many milliseconds later it is by the clock that all who use the store share, beyond what the way to it can
    /// explain (negative: earlier).
    pub ahead: i64,
}

impl Mark {
    /// Whether a store at this mark lacks something that one at `known` had.
    pub fn lacks(&self, known: &Self) -> bool {
        self.generation < known.generation
            || self.generation == known.generation && (self.commits < known.commits || self.entries < known.entries)
    }

    /// The later of two; in one generation, the higher of each number.
    #[must_use]
    pub fn later(self, other: Self) -> Self {
        match self.generation.cmp(&other.generation) {
            Ordering::Less => other,
            Ordering::Greater => self,
            Ordering::Equal => Self {
                generation: self.generation,
                commits: self.commits.max(other.commits),
                entries: self.entries.max(other.entries),
            },
        }
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} commits and {} reports", self.commits, self.entries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_lacks_what_fell_and_a_later_generation_lacks_nothing() {
        let mark = |generation, commits, entries| Mark {
            generation,
            commits,
            entries,
        };
        let known = mark(5, 10, 20);
        for (other, lacks) in [
            (mark(5, 10, 20), false),
            (mark(5, 11, 20), false),
            (mark(5, 9, 21), true),
            (mark(5, 11, 19), true),
            (mark(4, 99, 99), true),
            (mark(6, 0, 0), false),
        ] {
            assert_eq!(other.lacks(&known), lacks, "{other:?}");
        }
        assert_eq!(mark(6, 0, 0).later(known), mark(6, 0, 0));
        assert_eq!(mark(5, 9, 20).later(known), known);
        assert_eq!(mark(5, 9, 21).later(known), mark(5, 10, 21));
    }
}
