//! What an outcome means: one table for calls that failed and for items that were refused.

use crate::{Accepted, ListingDocument, Observed, Parked};
use omnistock_words::{Millis, Quantity};

/// What has to happen next after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Certainly not done; worth another try, not before `after` milliseconds where the vendor said so.
    Retry {
        /// The vendor's own wish, milliseconds.
        after: Option<i64>,
    },
    /// It may have been done.
    Unknown,
    /// Refused as it is.
    Rejected,
    /// A person has to mend something.
    Operator,
}

/// What became of one number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Done; with the number the vendor says it shows, where it says so.
    Applied {
        /// As answered.
        quantity: Option<Quantity>,
    },
    /// Certainly not done: the vendor shows another number than was expected, or somebody else was
    /// writing at that moment.
    Stale {
        /// The number it shows, where it says so: it counts as read.
        quantity: Option<Quantity>,
        /// The vendor's words.
        reason: String,
    },
    /// Not done, or perhaps.
    Failed {
        /// What has to happen next.
        class: Class,
        /// The vendor's words.
        reason: String,
        /// The call failed as a whole, with so many items in it; 1 for what was said of this item alone.
        items: usize,
    },
}

/// What happens next to the number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Read it back.
    ReadBack {
        /// The vendor's answer shows another number than was sent: at once.
        at_once: bool,
    },
    /// Look again then.
    LookAt(Millis),
    /// Halve the call.
    Bisect,
    /// It is parked.
    Parked,
    /// The channel stands still until a person has acted; it is asked again from time to time.
    Stop,
}

/// Calls in a row that may be left undone with nothing new in the answer, before the listing is parked.
const MOST_CONTENDED: u32 = 4;

/// What is known behind an outcome, and what happens next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    /// The document to store. With [`Next::Bisect`] it is as it was.
    pub document: ListingDocument,
    /// What happens next.
    pub next: Next,
}

/// A pause between 0 and `ceiling` milliseconds ("full jitter"), chosen by `random`.
pub fn full_jitter(ceiling: i64, random: u32) -> i64 {
    let product = i128::from(ceiling.max(0)) * i128::from(random) / i128::from(u32::MAX);
    i64::try_from(product).unwrap_or(ceiling)
}

/// The one table. `ceiling` is the longest pause in milliseconds for the document's attempts, `random` any number,
/// `settings` the stamp of the settings. What was sent is in the document.
pub fn settle(
    document: &ListingDocument,
    verdict: Verdict,
    settings: u64,
    ceiling: i64,
    random: u32,
    now: Millis,
) -> Settlement {
    let before = document.clone();
    let mut document = document.clone();
    let (class, reason, items) = match verdict {
        Verdict::Applied { quantity } => return applied(document, quantity, now),
        Verdict::Stale { quantity, reason } => {
            let pause = full_jitter(ceiling, random);
            return stale(document, quantity, reason, settings, pause, now);
        }
        Verdict::Failed { class, reason, items } => (class, reason, items),
    };
    document.attempts = document.attempts.saturating_add(1);
    let next = match class {
        Class::Retry { after } => later(
            &mut document,
            now.plus(full_jitter(ceiling, random).max(after.unwrap_or(0))),
        ),
        Class::Unknown => {
            document.unknown = true;
            later(&mut document, now.plus(full_jitter(ceiling, random)))
        }
        Class::Rejected if items > 1 => {
            return Settlement {
                document: before,
                next: Next::Bisect,
            };
        }
        Class::Rejected => park(&mut document, reason, settings, now),
        // Not this number's fault: no attempt is counted, and it goes out as soon as the channel does.
        Class::Operator => {
            document.attempts = before.attempts;
            Next::Stop
        }
    };
    Settlement { document, next }
}

fn later(document: &mut ListingDocument, at: Millis) -> Next {
    document.not_before = Some(at);
    Next::LookAt(at)
}

fn park(document: &mut ListingDocument, reason: String, settings: u64, now: Millis) -> Next {
    let target = document.sent.as_ref().map(|sent| sent.target);
    document.parked = Some(Parked {
        reason,
        at: now,
        target,
        settings,
    });
    document.not_before = None;
    Next::Parked
}

/// The answer is a reading: the next call replaces what it shows, at once. A vendor that says the same
/// again and again is asked [`MOST_CONTENDED`] times; one that shows another number each time is only
/// selling fast, and is asked on.
fn stale(
    mut document: ListingDocument,
    quantity: Option<Quantity>,
    reason: String,
    settings: u64,
    pause: i64,
    now: Millis,
) -> Settlement {
    let sent = document.sent.clone();
    let expected = sent.as_ref().and_then(|sent| sent.expected);
    let repeats = quantity.is_none() || quantity == expected;
    document.contended = if repeats {
        document.contended.saturating_add(1)
    } else {
        1
    };
    document.unknown = false;
    if quantity.is_some() {
        let at = sent.map_or(now, |sent| sent.at);
        let reading = Observed {
            quantity,
            at,
            until: now,
        };
        // One read while the call was on its way is newer, and stays.
        let _: bool = document.observe(reading);
    } else {
        // Something is there that we don't know: read before the next call.
        (document.accepted, document.observed) = (None, None);
    }
    let next = if document.contended >= MOST_CONTENDED {
        document.contended = 0;
        document.attempts = 0;
        park(&mut document, reason, settings, now)
    } else {
        let pause = if document.contended > 1 { pause } else { 0 };
        document.attempts = document.attempts.saturating_add(1);
        later(&mut document, now.plus(pause))
    };
    Settlement { document, next }
}

fn applied(mut document: ListingDocument, answered: Option<Quantity>, now: Millis) -> Settlement {
    let mut at_once = false;
    if let Some(sent) = &document.sent {
        at_once = answered.is_some_and(|answered| answered != sent.quantity);
        // What was read so far was read before the answer, also within the same millisecond.
        let read = document
            .observed
            .as_ref()
            .map_or(Millis::MIN, |observed| observed.at.plus(1));
        document.accepted = Some(Accepted {
            quantity: sent.quantity,
            sent_at: sent.at,
            at: now.max(sent.at).max(read),
        });
    }
    document.unknown = false;
    document.parked = None;
    document.attempts = 0;
    document.contended = 0;
    document.not_before = None;
    Settlement {
        document,
        next: Next::ReadBack { at_once },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Sent;
    use omnistock_words::{ChannelName, ListingId};
    use proptest::prelude::*;

    fn sent() -> ListingDocument {
        let mut document = ListingDocument::new(ChannelName::new("shop").unwrap(), ListingId::new("7").unwrap(), None);
        document.sent = Some(Sent {
            quantity: Quantity::whole(8),
            target: Quantity::whole(5),
            at: Millis(100),
            token: 1,
            expected: None,
        });
        document
    }

    fn failed(class: Class, items: usize) -> Settlement {
        let verdict = Verdict::Failed {
            class,
            reason: "no".to_owned(),
            items,
        };
        settle(&sent(), verdict, 9, 1_000, u32::MAX / 2, Millis(200))
    }

    #[test]
    fn every_class_has_its_row() {
        let retry = failed(Class::Retry { after: None }, 1);
        assert_eq!((retry.next, retry.document.attempts), (Next::LookAt(Millis(699)), 1));
        assert_eq!(
            failed(Class::Retry { after: Some(5_000) }, 9).next,
            Next::LookAt(Millis(5_200))
        );
        assert!(failed(Class::Unknown, 3).document.unknown);
        assert_eq!(
            failed(Class::Rejected, 2),
            Settlement {
                document: sent(),
                next: Next::Bisect
            }
        );
        let parked = failed(Class::Rejected, 1);
        let target = Some(Quantity::whole(5));
        assert_eq!(
            parked.document.parked,
            Some(Parked {
                reason: "no".to_owned(),
                at: Millis(200),
                target,
                settings: 9
            })
        );
        assert_eq!(
            failed(Class::Operator, 4),
            Settlement {
                document: sent(),
                next: Next::Stop
            }
        );
    }

    fn answer(document: &ListingDocument, shows: Option<i64>) -> Settlement {
        let verdict = Verdict::Stale {
            quantity: shows.map(Quantity::whole),
            reason: "stale compare value".to_owned(),
        };
        settle(document, verdict, 9, 1_000, u32::MAX, Millis(200))
    }

    fn sent_again(mut document: ListingDocument) -> ListingDocument {
        let expected = document.observed.as_ref().and_then(|observed| observed.quantity);
        if let Some(sent) = &mut document.sent {
            sent.expected = expected;
        }
        document
    }

    #[test]
    fn a_stale_answer_is_a_reading_and_the_next_call_goes_at_once() {
        let first = answer(&sent(), Some(3));
        assert_eq!(first.next, Next::LookAt(Millis(200)));
        let seen = first.document.observed.as_ref().and_then(|seen| seen.quantity);
        assert_eq!(seen, Some(Quantity::whole(3)));
        let done = settle(
            &first.document,
            Verdict::Applied { quantity: None },
            9,
            0,
            0,
            Millis(300),
        );
        assert_eq!((done.document.contended, done.document.attempts), (0, 0));
        let unread = answer(&first.document, None);
        assert_eq!(
            (unread.document.observed, unread.document.accepted),
            (None, None),
            "read before the next call"
        );
    }

    #[test]
    fn the_same_answer_four_times_parks_with_the_reason() {
        for shows in [Some(3), None] {
            let mut document = sent();
            for call in 1..=4 {
                let settled = answer(&sent_again(document), shows);
                assert_eq!(settled.next == Next::Parked, call == 4, "call {call}");
                document = settled.document;
            }
            assert_eq!(
                document.parked.map(|parked| parked.reason).as_deref(),
                Some("stale compare value")
            );
        }
    }

    #[test]
    fn a_channel_that_sells_fast_is_never_parked_for_it() {
        let mut document = sent();
        for shows in (0..50).rev() {
            let settled = answer(&sent_again(document), Some(shows));
            assert_eq!(settled.next, Next::LookAt(Millis(200)));
            document = settled.document;
        }
    }

    #[test]
    fn success_forgets_the_failures() {
        let mut document = failed(Class::Unknown, 1).document;
        document.parked = failed(Class::Rejected, 1).document.parked;
        let settled = settle(
            &document,
            Verdict::Applied {
                quantity: Some(Quantity::whole(7)),
            },
            9,
            0,
            0,
            Millis(300),
        );
        assert_eq!(
            settled.next,
            Next::ReadBack { at_once: true },
            "the vendor says 7, we sent 8"
        );
        let accepted = Accepted {
            quantity: Quantity::whole(8),
            sent_at: Millis(100),
            at: Millis(300),
        };
        assert_eq!(
            settled.document,
            ListingDocument {
                accepted: Some(accepted),
                ..sent()
            }
        );
    }

    #[test]
    fn a_reading_of_the_same_millisecond_is_older_than_the_answer() {
        let mut document = sent();
        let observed = crate::Observed {
            quantity: Some(Quantity::whole(3)),
            at: Millis(300),
            until: Millis(300),
        };
        document.observed = Some(observed);
        let settled = settle(&document, Verdict::Applied { quantity: None }, 9, 0, 0, Millis(300));
        assert!(!settled.document.confirmed());
    }

    proptest! {
        #[test]
        fn jitter_stays_below_its_ceiling(ceiling in 0i64..10_000_000, random in any::<u32>()) {
            prop_assert!((0..=ceiling).contains(&full_jitter(ceiling, random)));
        }
    }
}
