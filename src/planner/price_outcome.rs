//! What an outcome means for a price: the same classes as for a number.

use crate::outcome::full_jitter;
use crate::{AcceptedPrice, Class, Next, ParkedPrice, PriceDocument};
use omnistock_words::{Millis, Price};

/// What became of one price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PriceVerdict {
    /// Done; with the price the vendor says it asks, where it says so.
    Applied {
        /// As answered.
        price: Option<Price>,
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

/// What is known of the price behind an outcome, and what happens next. With [`Next::Bisect`] the call is
/// still open and the document as it was. `ceiling` is the longest pause in milliseconds, `random` any
/// number, `settings` the stamp of the settings. What was sent is in the document.
pub fn settle_price(
    document: &PriceDocument,
    verdict: PriceVerdict,
    settings: u64,
    (ceiling, random): (i64, u32),
    now: Millis,
) -> (PriceDocument, Next) {
    let mut after = document.clone();
    let (class, reason, items) = match verdict {
        PriceVerdict::Applied { price } => return applied(after, price, now),
        PriceVerdict::Failed { class, reason, items } => (class, reason, items),
    };
    after.open = false;
    after.attempts = after.attempts.saturating_add(1);
    let pause = full_jitter(ceiling, random);
    let later = |after: &mut PriceDocument, pause: i64| {
        let at = now.plus(pause);
        after.not_before = Some(at);
        Next::LookAt(at)
    };
    let next = match class {
        Class::Retry { after: wish } => later(&mut after, pause.max(wish.unwrap_or(0))),
        Class::Unknown => {
            after.unknown = true;
            later(&mut after, pause)
        }
        Class::Rejected if items > 1 => return (document.clone(), Next::Bisect),
        Class::Rejected => {
            after.not_before = None;
            after.parked = document.sent.as_ref().map(|sent| ParkedPrice {
                reason,
                at: now,
                price: sent.price,
                settings,
            });
            Next::Parked
        }
        // Not this price's fault: no attempt is counted, and it goes out as soon as the channel does.
        Class::Operator => {
            after.attempts = document.attempts;
            Next::Stop
        }
    };
    (after, next)
}

fn applied(mut document: PriceDocument, answered: Option<Price>, now: Millis) -> (PriceDocument, Next) {
    let mut at_once = false;
    if let Some(sent) = &document.sent {
        at_once = answered.is_some_and(|answered| answered != sent.price);
        // What was read so far was read before the answer, also within the same millisecond.
        let read = document.observed.as_ref().map_or(Millis::MIN, |read| read.at.plus(1));
        document.accepted = Some(AcceptedPrice {
            price: sent.price,
            at: now.max(sent.at).max(read),
        });
    }
    (document.open, document.unknown) = (false, false);
    (document.parked, document.not_before) = (None, None);
    document.attempts = 0;
    (document, Next::ReadBack { at_once })
}
