//! What a listing should show, and whether a reading of it is good enough to decide by.

use crate::{ListingDocument, Target};
use omnistock_words::{LocationName, Millis, Quantity};

/// How old a reading may be that a number is decided by, milliseconds.
const READING_LIFE: i64 = 5_000;

/// Readings that a listing waits for while new marks keep coming.
const MOST_READS: u32 = 3;

/// Whether what was last read of the listing may be decided by at `now`.
///
/// The reading was asked for (`asked_at`), is young, and began behind the newest mark (`marked_at`):
/// a sale that became known behind the reading may or may not be in it. Marks that never end must
/// not starve the listing: after some `reads` it goes on, and is verified later.
pub fn fresh(
    document: &ListingDocument,
    asked_at: Option<Millis>,
    marked_at: Option<Millis>,
    reads: u32,
    now: Millis,
) -> bool {
    let read = document.observed.as_ref().filter(|_| document.confirmed());
    let young = read
        .zip(asked_at)
        .is_some_and(|(read, asked)| read.at >= asked && now.since(read.until) <= READING_LIFE);
    let behind = marked_at.is_none_or(|marked| read.is_some_and(|read| read.at >= marked));
    young && (behind || reads >= MOST_READS)
}

/// What the listing should show of a promise of `whole` units (`None`: not counted on purpose where
/// `untracked`, else not known): all of it, or its place's part of the `split`. A place that is not
/// in the pool (`pooled`) is not written; one in the pool without a part shows none.
pub fn target(
    document: &ListingDocument,
    (whole, untracked): (Option<Quantity>, bool),
    split: &[(LocationName, Quantity)],
    pooled: impl Fn(&LocationName) -> bool,
) -> Target {
    let Some(whole) = whole else {
        return if untracked { Target::Untracked } else { Target::Unknown };
    };
    match (&document.location, &document.place) {
        (None, _) => Target::Number(whole),
        (Some(_), None) => Target::Unknown,
        (Some(_), Some(place)) => match split.iter().find(|(other, _)| other == place) {
            Some((_, part)) => Target::Number(*part),
            None if pooled(place) => Target::Number(Quantity::ZERO),
            None => Target::Untracked,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Accepted, Observed};
    use omnistock_words::{ChannelName, ListingId, VendorLocation};

    fn document(read: i64) -> ListingDocument {
        let mut document = ListingDocument::new(ChannelName::new("shop").unwrap(), ListingId::new("7").unwrap(), None);
        document.observed = Some(Observed {
            quantity: Some(Quantity::ONE),
            at: Millis(read),
            until: Millis(read + 5),
        });
        document
    }

    #[test]
    fn a_reading_is_asked_for_young_and_behind_the_newest_mark() {
        let asked = Some(Millis(100));
        assert!(fresh(&document(100), asked, Some(Millis(100)), 1, Millis(5_105)));
        assert!(!fresh(&document(100), asked, None, 1, Millis(5_106)), "too old");
        assert!(
            !fresh(&document(99), asked, None, 1, Millis(110)),
            "not the one asked for"
        );
        assert!(!fresh(&document(100), None, None, 1, Millis(110)), "not asked for");
        assert!(!fresh(&document(100), asked, Some(Millis(101)), 2, Millis(110)));
        assert!(
            fresh(&document(100), asked, Some(Millis(101)), 3, Millis(110)),
            "marks never end"
        );
        let mut written = document(100);
        written.accepted = Some(Accepted {
            quantity: Quantity::ONE,
            sent_at: Millis(90),
            at: Millis(101),
        });
        assert!(
            !fresh(&written, asked, None, 3, Millis(110)),
            "from before the last write"
        );
    }

    #[test]
    fn a_listing_of_a_place_shows_its_part() {
        let (berlin, hamburg) = (
            LocationName::new("berlin").unwrap(),
            LocationName::new("hamburg").unwrap(),
        );
        let split = [(berlin.clone(), Quantity::ONE)];
        let whole = (Some(Quantity::whole(5)), false);
        let aim = |document: &ListingDocument| target(document, whole, &split, |place| *place == hamburg);
        assert_eq!(aim(&document(1)), Target::Number(Quantity::whole(5)));
        let mut placed = document(1);
        placed.location = Some(VendorLocation::new("L1").unwrap());
        assert_eq!(aim(&placed), Target::Unknown, "nobody has said which place that is");
        placed.place = Some(berlin);
        assert_eq!(aim(&placed), Target::Number(Quantity::ONE));
        placed.place = Some(hamburg.clone());
        assert_eq!(aim(&placed), Target::Number(Quantity::ZERO));
        placed.place = Some(LocationName::new("s01").unwrap());
        assert_eq!(aim(&placed), Target::Untracked);
        assert_eq!(target(&placed, (None, true), &[], |_| true), Target::Untracked);
        assert_eq!(target(&placed, (None, false), &[], |_| true), Target::Unknown);
    }
}
