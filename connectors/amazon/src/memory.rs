//! What Amazon said yes to and does not show yet, and what it refused only afterwards.
//!
//! A yes means that a change is queued. Until it is seen, a reading that still shows another number is told with a time
//! before the yes: it says nothing of what came behind. Nothing of this is durable, and nothing has to be: without it
//! readings count as they are, and what is not right is written again.

use omnistock_words::Millis;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Changes that are remembered, at most; one more is read as it is shown.
const MOST: usize = 200_000;

/// What was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum What {
    Quantity,
    Price,
}

impl What {
    /// The attribute that the vendor names in its issues.
    pub(crate) fn attribute(self) -> &'static str {
        match self {
            Self::Quantity => "fulfillment_availability",
            Self::Price => "purchasable_offer",
        }
    }
}

type Key = (What, String);

/// A change that may still take effect.
#[derive(Debug)]
pub(crate) struct Queued {
    value: String,
    /// When the call was about to be made.
    sent: Millis,
    /// Since when it may take effect: the call, the yes, or the end of its feed.
    since: Millis,
    feed: Option<String>,
    /// Another value was on its way when this one was sent: it may be shown in between.
    covers: bool,
}

#[derive(Default)]
struct State {
    queued: BTreeMap<Key, Queued>,
    /// Value and the vendor's words, until it is told.
    refused: BTreeMap<Key, (String, String)>,
}

/// The memory of one account.
pub(crate) struct Memory {
    /// So long after a yes another number may still be shown, milliseconds.
    settle: i64,
    /// So long for a feed, milliseconds.
    patience: i64,
    state: Mutex<State>,
}

impl Memory {
    /// Nothing is remembered yet.
    pub(crate) fn new(settle: i64, patience: i64) -> Self {
        Self {
            settle,
            patience,
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// So long after `since` it may still take effect, milliseconds.
    fn longest(&self, queued: &Queued) -> i64 {
        if queued.feed.is_some() {
            self.patience
        } else {
            self.settle
        }
    }

    /// A change to this value is about to be sent, in this feed or by itself: from now on it may take effect, whatever
    /// becomes of the answer. What was remembered before, for [`Self::withdrawn`].
    pub(crate) fn sending(
        &self,
        what: What,
        sku: &str,
        value: &str,
        sent: Millis,
        feed: Option<&str>,
    ) -> Option<Queued> {
        let mut state = self.state();
        if state.queued.len() >= MOST {
            let longest = self.settle.max(self.patience);
            state.queued.retain(|_, queued| sent.since(queued.since) < longest);
        }
        let key = (what, sku.to_owned());
        state.refused.remove(&key);
        let before = state.queued.remove(&key);
        let under_way = |old: &Queued| sent.since(old.since) < self.longest(old);
        if state.queued.len() < MOST {
            let covered = before.as_ref().filter(|old| under_way(old));
            let queued = Queued {
                value: value.to_owned(),
                sent,
                since: sent,
                feed: feed.map(str::to_owned),
                covers: covered.is_some_and(|old| old.covers || old.value != value),
            };
            state.queued.insert(key, queued);
        }
        before
    }

    /// Amazon said yes to the change that was sent.
    pub(crate) fn accepted(&self, what: What, sku: &str, at: Millis) {
        if let Some(queued) = self.state().queued.get_mut(&(what, sku.to_owned())) {
            queued.since = at;
        }
    }

    /// The change that was sent is certainly not done: what was before it counts again.
    pub(crate) fn withdrawn(&self, what: What, sku: &str, before: Option<Queued>) {
        let (mut state, key) = (self.state(), (what, sku.to_owned()));
        match before {
            Some(before) => drop(state.queued.insert(key, before)),
            None => drop(state.queued.remove(&key)),
        }
    }

    /// Amazon took a feed, and named it so.
    pub(crate) fn feed_named(&self, own: &str, name: &str, at: Millis) {
        let mut state = self.state();
        let of_feed = |one: &&mut Queued| one.feed.as_deref() == Some(own);
        for one in state.queued.values_mut().filter(of_feed) {
            (one.feed, one.since) = (Some(name.to_owned()), at);
        }
    }

    /// The feed that this SKU is still in.
    pub(crate) fn feed_of(&self, what: What, sku: &str, now: Millis) -> Option<String> {
        let state = self.state();
        let queued = state.queued.get(&(what, sku.to_owned()))?;
        let waits = now.since(queued.since) < self.patience;
        queued.feed.clone().filter(|_| waits)
    }

    /// Whether a change of this SKU may still be queued.
    pub(crate) fn is_queued(&self, what: What, sku: &str, now: Millis) -> bool {
        let state = self.state();
        let queued = state.queued.get(&(what, sku.to_owned()));
        queued.is_some_and(|queued| now.since(queued.since) < self.settle)
    }

    /// What Amazon said against just this value after it had said yes; told once, so that another try is made.
    pub(crate) fn refusal(&self, what: What, sku: &str, value: &str) -> Option<String> {
        let mut state = self.state();
        let key = (what, sku.to_owned());
        if state.refused.get(&key).is_some_and(|(refused, _)| refused == value) {
            return state.refused.remove(&key).map(|(_, words)| words);
        }
        None
    }

    /// A reading of this value began at `read_at`: the time as of which it may be believed. `against` is what Amazon
    /// has to say against the attribute.
    pub(crate) fn seen(
        &self,
        what: What,
        sku: &str,
        value: Option<&str>,
        read_at: Millis,
        against: Option<&str>,
    ) -> Millis {
        let mut state = self.state();
        let key = (what, sku.to_owned());
        let Some(queued) = state.queued.get(&key) else {
            return read_at;
        };
        let (wanted, in_feed) = (Some(queued.value.as_str()) == value, queued.feed.is_some());
        let under_way = read_at.since(queued.since) < self.longest(queued);
        if wanted && (in_feed || queued.covers && under_way) {
            // It may have been so before; the feed, or the change before this one, is still to come.
            return read_at;
        }
        if !wanted && under_way {
            return read_at.min(queued.sent.plus(-1));
        }
        let ended = state.queued.remove(&key);
        if let (false, Some(words), Some(queued)) = (wanted, against, ended) {
            state.refused.insert(key, (queued.value, words.to_owned()));
        }
        read_at
    }

    /// A feed has ended. `refused` has the vendor's words by SKU; where nobody knows what was done (`lost`), readings
    /// count as they are from now on.
    pub(crate) fn feed_ended(&self, feed: &str, refused: &BTreeMap<String, String>, lost: bool, at: Millis) {
        let mut state = self.state();
        let State { queued, refused: told } = &mut *state;
        queued.retain(|(what, sku), one| {
            if one.feed.as_deref() != Some(feed) {
                return true;
            }
            if let Some(words) = refused.get(sku) {
                told.insert((*what, sku.clone()), (one.value.clone(), words.clone()));
                return false;
            }
            (one.feed, one.since) = (None, at);
            !lost
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const Q: What = What::Quantity;

    fn memory() -> Memory {
        let memory = Memory::new(1_000, 5_000);
        memory.sending(Q, "A", "8", Millis(100), None);
        memory.accepted(Q, "A", Millis(110));
        memory
    }

    fn in_feed(skus: &[&str]) -> Memory {
        let memory = Memory::new(1_000, 5_000);
        for sku in skus {
            memory.sending(Q, sku, "8", Millis(100), Some("f"));
        }
        memory.feed_named("f", "f", Millis(110));
        memory
    }

    fn seen(memory: &Memory, value: &str, at: i64) -> Millis {
        memory.seen(Q, "A", Some(value), Millis(at), None)
    }

    #[test]
    fn the_old_number_behind_a_yes_is_told_as_old_until_the_new_one_is_seen() {
        let memory = memory();
        assert_eq!(seen(&memory, "5", 200), Millis(99));
        assert_eq!(
            memory.seen(What::Price, "A", Some("5"), Millis(200), None),
            Millis(200),
            "nothing of its price"
        );
        assert_eq!(seen(&memory, "8", 300), Millis(300));
        assert_eq!(
            seen(&memory, "5", 400),
            Millis(400),
            "it was seen: what differs now is news"
        );
    }

    #[test]
    fn a_yes_that_comes_to_nothing_is_found_and_its_reason_told_once() {
        let memory = memory();
        assert_eq!(
            memory.seen(Q, "A", Some("5"), Millis(1_200), Some("8541: no")),
            Millis(1_200)
        );
        assert_eq!(memory.refusal(Q, "A", "9"), None, "another number was not refused");
        assert_eq!(memory.refusal(Q, "A", "8").as_deref(), Some("8541: no"));
        assert_eq!(memory.refusal(Q, "A", "8"), None, "it may be tried again");
    }

    #[test]
    fn a_feed_holds_its_listings_until_it_ends_or_is_given_up() {
        let memory = in_feed(&["A", "B"]);
        assert_eq!(memory.feed_of(Q, "A", Millis(3_000)).as_deref(), Some("f"));
        assert_eq!(seen(&memory, "5", 4_000), Millis(99), "longer than any settling");
        assert_eq!(memory.feed_of(Q, "A", Millis(5_200)), None, "given up");
        let refused = BTreeMap::from([("B".to_owned(), "90220: no".to_owned())]);
        memory.feed_ended("f", &refused, false, Millis(4_000));
        assert_eq!(memory.feed_of(Q, "A", Millis(4_000)), None);
        assert_eq!(
            seen(&memory, "5", 4_500),
            Millis(99),
            "it settles from the feed's end on"
        );
        assert_eq!(seen(&memory, "5", 5_100), Millis(5_100));
        assert_eq!(memory.refusal(Q, "B", "8").as_deref(), Some("90220: no"));
    }

    #[test]
    fn what_became_of_a_lost_feed_is_for_the_next_reading_to_say() {
        let memory = in_feed(&["A"]);
        memory.feed_ended("f", &BTreeMap::new(), true, Millis(200));
        assert_eq!(seen(&memory, "5", 300), Millis(300));
    }

    #[test]
    fn there_and_back_again_is_not_confirmed_by_what_was_there_first() {
        let memory = memory();
        memory.sending(Q, "A", "5", Millis(150), None);
        memory.accepted(Q, "A", Millis(160));
        assert_eq!(seen(&memory, "5", 200), Millis(200), "what is wanted is shown");
        assert_eq!(
            seen(&memory, "8", 300),
            Millis(149),
            "the change between was queued first"
        );
        assert_eq!(seen(&memory, "8", 1_200), Millis(1_200), "it settled on this one");
    }

    #[test]
    fn a_change_without_an_answer_may_still_be_queued_and_one_that_was_refused_is_not() {
        let memory = Memory::new(1_000, 5_000);
        let before = memory.sending(Q, "A", "8", Millis(100), None);
        assert!(memory.is_queued(Q, "A", Millis(500)));
        assert_eq!(seen(&memory, "5", 200), Millis(99));
        memory.withdrawn(Q, "A", before);
        assert!(!memory.is_queued(Q, "A", Millis(500)));
        assert_eq!(seen(&memory, "5", 300), Millis(300));
        let memory = self::memory();
        let before = memory.sending(Q, "A", "9", Millis(200), None);
        memory.withdrawn(Q, "A", before);
        assert_eq!(
            seen(&memory, "8", 300),
            Millis(300),
            "the change before it still counts"
        );
        assert!(!memory.is_queued(Q, "A", Millis(300)), "and was seen");
    }
}
