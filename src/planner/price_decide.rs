//! What to do about one price now, and the state it is in.

use crate::price::MOST_UNDONE;
use crate::{ListingDocument, ListingState};
use omnistock_words::{Millis, Mode, Price};

/// What a listing should ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PriceTarget {
    /// This.
    Price(Price),
    /// There should be a price, and none may be written: no floor, no amount.
    Missing,
    /// Prices of this listing are nobody's business here: no list is configured for it.
    Unmanaged,
    /// No source knows the SKU yet.
    Unknown,
}

/// Everything a decision about one price is made from.
#[derive(Debug, Clone, Copy)]
pub struct PriceFacts<'a> {
    /// What may be written. Modes that only concern numbers (`decrease_only`, `draining`) let prices go on.
    pub mode: Mode,
    /// Whether the channel may be written at all.
    pub gate: bool,
    /// What it should ask.
    pub target: PriceTarget,
    /// What is known of it.
    pub document: &'a ListingDocument,
    /// A guard has to judge it first.
    pub suspect: bool,
    /// The stamp of the settings.
    pub settings: u64,
    /// Now, our clock.
    pub now: Millis,
}

/// What to do about one price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PriceAction {
    /// Nothing, until something changes.
    Nothing,
    /// The channel shows it: what was refused or let out before is over.
    Matches,
    /// Read it, then decide again.
    Read,
    /// Write it.
    Write {
        /// What was read is not what was accepted.
        drift: bool,
    },
    /// Decide again then.
    Wait {
        /// When.
        until: Millis,
    },
    /// Keep aside with this reason.
    Park(String),
}

/// What to do about one price now. Never asks to write what is not allowed or not known.
pub fn decide_price(facts: &PriceFacts<'_>) -> PriceAction {
    let Some(known) = facts.document.price.as_deref().filter(|_| facts.document.sku.is_some()) else {
        return PriceAction::Nothing;
    };
    // Nothing is written; but a call whose outcome is unknown is still read back.
    let unwritten = if known.unknown {
        PriceAction::Read
    } else {
        PriceAction::Nothing
    };
    if facts.document.dropped.is_some() {
        return unwritten;
    }
    let PriceTarget::Price(target) = facts.target else {
        return unwritten;
    };
    if matches!(facts.mode, Mode::Observe | Mode::Shadow | Mode::Frozen) || !facts.gate {
        return unwritten;
    }
    if known.held.is_some() || facts.suspect {
        return unwritten;
    }
    let refused = |parked: &crate::ParkedPrice| parked.price == target && parked.settings == facts.settings;
    let shown = known.shown(target.currency());
    if !known.unknown && known.confirmed() && shown == Some(target) {
        return PriceAction::Matches;
    }
    if known.parked.as_ref().is_some_and(refused) {
        return unwritten;
    }
    if let Some(until) = known.not_before.filter(|until| *until > facts.now) {
        return PriceAction::Wait { until };
    }
    if known.observed.is_none() {
        // Where it was never read nobody knows what a guard should compare with.
        return PriceAction::Read;
    }
    let accepted = known.accepted.as_ref().map(|accepted| accepted.price);
    if known.unknown {
        return PriceAction::Write { drift: false };
    }
    if accepted != Some(target) {
        return PriceAction::Write { drift: false };
    }
    if !known.confirmed() {
        return PriceAction::Nothing; // Its read-back is still to come: it will look again.
    }
    if known.undone >= MOST_UNDONE {
        let shows = shown.map_or("no price".to_owned(), |price| price.to_string());
        return PriceAction::Park(format!(
            "the channel said yes to {target} {MOST_UNDONE} times and shows {shows}: look for another program that writes its prices"
        ));
    }
    PriceAction::Write { drift: true }
}

/// The one named state that a listing's price is in.
pub fn price_state(facts: &PriceFacts<'_>, in_flight: bool, dirty: bool) -> ListingState {
    let document = facts.document;
    if document.sku.is_none() {
        return ListingState::Unmapped;
    }
    let Some(known) = document.price.as_deref().filter(|_| document.dropped.is_none()) else {
        return ListingState::Excluded;
    };
    if facts.target == PriceTarget::Unmanaged {
        return ListingState::Excluded;
    }
    if matches!(facts.mode, Mode::Observe | Mode::Shadow | Mode::Frozen) {
        return ListingState::Paused;
    }
    match facts.target {
        // Before the gate opens prices are still on their way.
        PriceTarget::Missing | PriceTarget::Unknown if !facts.gate => return ListingState::Pending,
        PriceTarget::Missing => return ListingState::Parked,
        PriceTarget::Unknown => return ListingState::Unmapped,
        PriceTarget::Price(_) | PriceTarget::Unmanaged => {}
    }
    if known.held.is_some() {
        ListingState::Held
    } else if in_flight {
        ListingState::InFlight
    } else if known.parked.is_some() {
        ListingState::Parked
    } else if dirty || known.unknown || facts.suspect || !facts.gate {
        ListingState::Pending
    } else if known.confirmed() {
        ListingState::InSync
    } else {
        ListingState::Accepted
    }
}

#[cfg(test)]
#[path = "price_test.rs"]
mod tests;
