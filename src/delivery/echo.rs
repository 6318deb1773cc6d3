//! Numbers that this daemon has set lately. The vendor tells of them as of any other, and they say nothing new: without
//! this, each of our own writes would have orders asked for.

use super::ChannelBoard;
use super::catalogue::Index;
use super::launch::reference;
use super::worker::Worker;
use omnistock_sdk::ListingKey;
use omnistock_words::Quantity;
use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Listings that are remembered, at most and twice; of the others an echo leads to a look.
const MOST: usize = 10_000;
/// Vendors tell within so long, most of them at once: a shop's task runner goes once a minute, and may be behind.
const SPAN: Duration = Duration::from_mins(5);

/// What the board keeps of it.
#[derive(Debug, Default)]
pub(super) struct Echoes(Mutex<Numbers>);

/// The last number of a listing, by the hash of its key: the younger ones and those before.
#[derive(Debug, Default)]
struct Numbers {
    hasher: RandomState,
    young: HashMap<u64, Quantity>,
    old: HashMap<u64, Quantity>,
    /// When the younger half began.
    since: Option<Instant>,
}

impl Numbers {
    /// The older half goes as a whole.
    fn turn(&mut self, now: Instant) {
        let age = self.since.map_or(Duration::MAX, |since| now.duration_since(since));
        if age >= SPAN || self.young.len() >= MOST {
            self.old = std::mem::take(&mut self.young);
            self.since = Some(now);
        }
        if age >= 2 * SPAN {
            self.old = HashMap::new();
        }
    }
}

impl Echoes {
    fn numbers(&self) -> MutexGuard<'_, Numbers> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number goes out now.
    pub(super) fn sent(&self, key: &ListingKey, quantity: Quantity) {
        let mut numbers = self.numbers();
        numbers.turn(Instant::now());
        let key = numbers.hasher.hash_one(key);
        numbers.young.insert(key, quantity);
    }

    fn is_echo(&self, key: &ListingKey, quantity: Quantity) -> bool {
        let mut numbers = self.numbers();
        numbers.turn(Instant::now());
        let key = numbers.hasher.hash_one(key);
        let last = numbers.young.get(&key).or_else(|| numbers.old.get(&key));
        last == Some(&quantity)
    }
}

impl Worker {
    /// A price goes out: the vendor tells of the listing as a whole, with the number that it shows.
    pub(super) fn price_sent(&self, index: Index) {
        let Some(entry) = self.catalogue.get(index) else { return };
        let (yes, read) = (&entry.document.accepted, &entry.document.observed);
        let read = read
            .as_ref()
            .filter(|read| yes.as_ref().is_none_or(|yes| yes.at <= read.at));
        let read = read.and_then(|read| read.quantity);
        if let Some(number) = read.or(yes.as_ref().map(|yes| yes.quantity)) {
            let key = reference(&entry.document).key;
            self.parts.board.echoes.sent(&key, number);
        }
    }
}

impl ChannelBoard {
    /// Whether the listing shows so many because this daemon has just set that: the last number that it sent there.
    pub fn is_echo(&self, key: &ListingKey, quantity: Quantity) -> bool {
        self.echoes.is_echo(key, quantity)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(listing: usize, location: &str) -> ListingKey {
        ListingKey {
            listing: listing.to_string().parse().unwrap(),
            location: location.parse().ok(),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn only_the_last_number_of_the_same_place_is_an_echo_and_for_some_minutes() {
        let (echoes, of) = (Echoes::default(), Quantity::whole);
        echoes.sent(&key(1, "berlin"), of(5));
        echoes.sent(&key(1, "berlin"), of(4));
        assert!(echoes.is_echo(&key(1, "berlin"), of(4)));
        assert!(!echoes.is_echo(&key(1, "berlin"), of(5)), "somebody has set it back");
        assert!(!echoes.is_echo(&key(1, "hamburg"), of(4)) && !echoes.is_echo(&key(2, "berlin"), of(4)));
        tokio::time::advance(SPAN).await;
        echoes.sent(&key(1, "berlin"), of(3));
        assert!(!echoes.is_echo(&key(1, "berlin"), of(4)) && echoes.is_echo(&key(1, "berlin"), of(3)));
        tokio::time::advance(2 * SPAN).await;
        assert!(!echoes.is_echo(&key(1, "berlin"), of(3)), "nothing is told so late");
    }

    #[test]
    fn as_many_as_two_halves_hold_are_remembered() {
        let (echoes, one) = (Echoes::default(), Quantity::ONE);
        for listing in 0..3 * MOST {
            echoes.sent(&key(listing, ""), one);
        }
        let numbers = echoes.numbers();
        assert!(numbers.young.len() + numbers.old.len() <= 2 * MOST);
        drop(numbers);
        assert!(echoes.is_echo(&key(2 * MOST, ""), one) && !echoes.is_echo(&key(0, ""), one));
    }
}
