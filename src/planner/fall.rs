//! A number that fell, or rose, without anything known that explains it: a sale that nobody told of, or somebody
//! else's hand.

use crate::Facts;
use crate::shown::{self, Anchor};
use omnistock_words::{Millis, Quantity, WriteMeaning};

/// What was certain, and what was read behind it: whether known orders explain the difference can be asked again
/// when more of them are known.
#[derive(Debug, Clone, Copy)]
pub struct Unexplained {
    accepted: Anchor,
    reading: Anchor,
    /// Units that vanished; negative: that appeared.
    pub units: Quantity,
}

impl Unexplained {
    /// When the number was still certain, and when the reading was over, our clock.
    pub fn between(&self) -> (Millis, Millis) {
        (self.accepted.from, self.reading.to)
    }

    /// What is left without an explanation by now; `None`: orders came that explain it all.
    pub fn still(&self, facts: &Facts<'_>) -> Option<Self> {
        between(self.accepted, self.reading, facts)
    }
}

/// The difference that no known order explains, where there is one: of a number that was seen to be right after we wrote
/// it, and, where it fell, with orders that were fetched behind the reading. Of a sale that may or may not be in the
/// reading either is believed. A vendor that keeps its reservations apart subtracts them itself: there nothing falls.
pub fn unexplained(facts: &Facts<'_>) -> Option<Unexplained> {
    let document = facts.document;
    let right_once = document.evidence.is_some_and(|evidence| evidence.matched);
    if facts.vendor.write != WriteMeaning::Available || document.unknown || !document.confirmed() || !right_once {
        return None;
    }
    let (accepted, reading) = (shown::accepted(facts)?, shown::observed(facts)?);
    let fetched = facts.orders.is_some_and(|orders| orders.begun >= reading.to);
    between(accepted, reading, facts).filter(|found| fetched || found.units.is_negative())
}

fn between(accepted: Anchor, reading: Anchor, facts: &Facts<'_>) -> Option<Unexplained> {
    let known = shown::by_reading(accepted, reading, facts);
    let found = |units: Quantity| Unexplained {
        accepted,
        reading,
        units,
    };
    if reading.quantity < known.low {
        Some(found(known.low - reading.quantity))
    } else if reading.quantity > known.high {
        Some(found(known.high - reading.quantity))
    } else {
        None
    }
}

#[cfg(test)]
#[path = "fall_test.rs"]
mod tests;
