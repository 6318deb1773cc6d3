//! The one named state that a listing's quantity is in.

use crate::{ListingDocument, Target};
use omnistock_words::Mode;
use serde::{Deserialize, Serialize};

/// Exactly one of these; together they add up to the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ListingState {
    /// Read back and right.
    InSync,
    /// Another number has to go out.
    Pending,
    /// On the wire.
    InFlight,
    /// Answered yes, not read back yet.
    Accepted,
    /// Stopped by a guard.
    Held,
    /// Refused by the channel.
    Parked,
    /// No SKU, or one that no source knows.
    Unmapped,
    /// Not counted on purpose.
    Excluded,
    /// Observe, shadow or frozen.
    Paused,
}

impl ListingState {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 9] = [
        Self::InSync,
        Self::Pending,
        Self::InFlight,
        Self::Accepted,
        Self::Held,
        Self::Parked,
        Self::Unmapped,
        Self::Excluded,
        Self::Paused,
    ];

    /// Its name in metrics, interfaces and texts.
    pub fn name(self) -> &'static str {
        match self {
            Self::InSync => "in_sync",
            Self::Pending => "pending",
            Self::InFlight => "in_flight",
            Self::Accepted => "accepted",
            Self::Held => "held",
            Self::Parked => "parked",
            Self::Unmapped => "unmapped",
            Self::Excluded => "excluded",
            Self::Paused => "paused",
        }
    }
}

/// What a state is told from, beside the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "five independent facts, named")]
pub struct StateFacts {
    /// What may be written.
    pub mode: Mode,
    /// Whether the channel may be written at all.
    pub gate: bool,
    /// What it should show.
    pub target: Target,
    /// A call with it is on its way.
    pub in_flight: bool,
    /// It has to be looked at, or the last look found something to do.
    pub dirty: bool,
    /// A guard holds it.
    pub held: bool,
}

/// The state of a listing's quantity.
pub fn state(document: &ListingDocument, facts: &StateFacts) -> ListingState {
    if document.sku.is_none() {
        return ListingState::Unmapped;
    }
    if document.dropped.is_some() {
        return ListingState::Excluded;
    }
    if document.unwritable.is_some() {
        return ListingState::Parked;
    }
    match (facts.mode, facts.target) {
        (Mode::Observe | Mode::Shadow | Mode::Frozen, _) => return ListingState::Paused,
        (_, Target::Number(_)) => {}
        (_, Target::Untracked) => return ListingState::Excluded,
        // Before the gate opens figures are still on their way; behind it no source knows the SKU.
        (_, Target::Unknown) => {
            return if facts.gate {
                ListingState::Unmapped
            } else {
                ListingState::Pending
            };
        }
    }
    if facts.held {
        ListingState::Held
    } else if facts.in_flight {
        ListingState::InFlight
    } else if document.parked.is_some() {
        ListingState::Parked
    } else if facts.dirty || document.unknown || !facts.gate {
        ListingState::Pending
    } else if document.confirmed() {
        ListingState::InSync
    } else {
        ListingState::Accepted
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Accepted, Observed, Parked};
    use omnistock_words::{ChannelName, ListingId, Millis, Quantity, Sku};
    use proptest::prelude::*;

    fn document() -> ListingDocument {
        let mut document = ListingDocument::new(ChannelName::new("shop").unwrap(), ListingId::new("7").unwrap(), None);
        document.sku = Some(Sku::new("A").unwrap());
        document
    }

    const LIVE: StateFacts = StateFacts {
        mode: Mode::Live,
        gate: true,
        target: Target::Number(Quantity::ONE),
        in_flight: false,
        dirty: false,
        held: false,
    };

    #[test]
    fn every_state_has_a_name_of_its_own() {
        let mut names: Vec<&str> = ListingState::ALL.iter().map(|state| state.name()).collect();
        assert!(names.contains(&"in_sync") && names.contains(&"paused"));
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ListingState::ALL.len());
    }

    #[test]
    fn a_number_goes_from_pending_to_in_sync() {
        let mut document = document();
        assert_eq!(
            state(&document, &StateFacts { dirty: true, ..LIVE }),
            ListingState::Pending
        );
        assert_eq!(
            state(
                &document,
                &StateFacts {
                    dirty: true,
                    in_flight: true,
                    ..LIVE
                }
            ),
            ListingState::InFlight
        );
        document.accepted = Some(Accepted {
            quantity: Quantity::ONE,
            sent_at: Millis(1),
            at: Millis(2),
        });
        assert_eq!(state(&document, &LIVE), ListingState::Accepted);
        document.observed = Some(Observed {
            quantity: Some(Quantity::ONE),
            at: Millis(3),
            until: Millis(4),
        });
        assert_eq!(state(&document, &LIVE), ListingState::InSync);
        document.parked = Some(Parked {
            reason: "no".to_owned(),
            at: Millis(5),
            target: None,
            settings: 0,
        });
        assert_eq!(state(&document, &LIVE), ListingState::Parked);
        assert_eq!(
            state(
                &document,
                &StateFacts {
                    mode: Mode::Shadow,
                    ..LIVE
                }
            ),
            ListingState::Paused
        );
    }

    #[test]
    fn without_a_figure_it_is_unmapped_once_the_gate_is_open() {
        let unknown = StateFacts {
            target: Target::Unknown,
            ..LIVE
        };
        assert_eq!(state(&document(), &unknown), ListingState::Unmapped);
        assert_eq!(
            state(&document(), &StateFacts { gate: false, ..unknown }),
            ListingState::Pending
        );
        assert_eq!(
            state(
                &document(),
                &StateFacts {
                    target: Target::Untracked,
                    ..LIVE
                }
            ),
            ListingState::Excluded
        );
    }

    proptest! {
        #[test]
        fn states_add_up_to_the_catalogue(rows in proptest::collection::vec((0usize..6, 0usize..3, any::<[bool; 7]>()), 0..50)) {
            let modes = [Mode::Observe, Mode::Shadow, Mode::Live, Mode::DecreaseOnly, Mode::Frozen, Mode::Draining];
            let targets = [Target::Number(Quantity::ZERO), Target::Untracked, Target::Unknown];
            let states: Vec<_> = rows.iter().map(|(mode, target, [gate, in_flight, dirty, held, mapped, unwritable, unknown])| {
                let mut document = document();
                if !mapped { document.sku = None; }
                document.unwritable = unwritable.then(|| "no".to_owned());
                document.unknown = *unknown;
                state(&document, &StateFacts { mode: modes[*mode], target: targets[*target], gate: *gate, in_flight: *in_flight, dirty: *dirty, held: *held })
            }).collect();
            let total: usize = ListingState::ALL.iter().map(|one| states.iter().filter(|state| *state == one).count()).sum();
            prop_assert_eq!(total, rows.len());
        }
    }
}
