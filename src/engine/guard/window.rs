//! The last 15 minutes of a stream of single changes: what changed, each thing once.

use omnistock_words::{Millis, Quantity};
use std::collections::{BTreeMap, BTreeSet};

/// Changes of the last 15 minutes by key, each with an amount. Plain data; at most
/// [`Window::MOST`] keys, of which the oldest go first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window<K: Ord + Clone> {
    changes: BTreeMap<K, (Millis, Quantity)>,
    by_time: BTreeSet<(Millis, K)>,
}

impl<K: Ord + Clone> Default for Window<K> {
    fn default() -> Self {
        Self {
            changes: BTreeMap::new(),
            by_time: BTreeSet::new(),
        }
    }
}

impl<K: Ord + Clone> Window<K> {
    /// Its length in milliseconds.
    pub const LENGTH: i64 = 15 * 60_000;
    /// Keys that are remembered, at most.
    pub const MOST: usize = 100_000;

    /// A change at `at`. A key that is noted again counts once, with its newest time and the sum of its amounts.
    pub fn note(&mut self, key: K, at: Millis, amount: Quantity) {
        let (mut newest, mut sum) = (at, amount);
        if let Some((before, other)) = self.changes.remove(&key) {
            self.by_time.remove(&(before, key.clone()));
            (newest, sum) = (newest.max(before), sum + other);
        }
        self.changes.insert(key.clone(), (newest, sum));
        self.by_time.insert((newest, key));
        while self.changes.len() > Self::MOST {
            let Some((_, oldest)) = self.by_time.pop_first() else {
                break;
            };
            self.changes.remove(&oldest);
        }
    }

    /// Forgets what is older than the window at `now`.
    pub fn expire(&mut self, now: Millis) {
        while let Some((at, key)) = self.by_time.first().cloned() {
            if now.since(at) < Self::LENGTH {
                break;
            }
            self.by_time.remove(&(at, key.clone()));
            self.changes.remove(&key);
        }
    }

    /// Forgets one key: its change was undone.
    pub fn forget(&mut self, key: &K) {
        if let Some((at, _)) = self.changes.remove(key) {
            self.by_time.remove(&(at, key.clone()));
        }
    }

    /// Keys that changed within the window before `now`, with their amounts.
    pub fn within(&self, now: Millis) -> impl Iterator<Item = (&K, Quantity)> {
        self.changes
            .iter()
            .filter(move |(_, (at, _))| now.since(*at) < Self::LENGTH)
            .map(|(key, (_, amount))| (key, *amount))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MINUTE: i64 = 60_000;

    fn keys(window: &Window<u32>, now: i64) -> Vec<u32> {
        window.within(Millis(now)).map(|(key, _)| *key).collect()
    }

    #[test]
    fn a_change_counts_for_15_minutes_and_once() {
        let mut window = Window::default();
        window.note(1, Millis(0), Quantity::ONE);
        window.note(2, Millis(MINUTE), Quantity::ONE);
        window.note(1, Millis(2 * MINUTE), Quantity::ONE);
        assert_eq!(keys(&window, 15 * MINUTE), [1, 2]);
        assert_eq!(keys(&window, 16 * MINUTE), [1], "the second is 15 minutes old");
        assert_eq!(
            window.within(Millis(16 * MINUTE)).next(),
            Some((&1, Quantity::whole(2)))
        );
        window.expire(Millis(17 * MINUTE));
        assert_eq!(window, Window::default());
        window.note(3, Millis(0), Quantity::ONE);
        window.forget(&3);
        assert_eq!(window, Window::default());
    }

    proptest! {
        #[test]
        fn a_window_holds_exactly_the_keys_of_its_time(noted in proptest::collection::vec((0u32..20, 0i64..60), 0..60), now in 0i64..80) {
            let mut window = Window::default();
            for (key, minute) in &noted {
                window.note(*key, Millis(minute * MINUTE), Quantity::ONE);
            }
            let expected: BTreeSet<u32> = noted.iter().filter(|(_, minute)| now - minute < 15).map(|(key, _)| *key).collect();
            prop_assert_eq!(keys(&window, now * MINUTE), expected.iter().copied().collect::<Vec<_>>());
            window.expire(Millis(now * MINUTE));
            prop_assert_eq!(keys(&window, now * MINUTE), expected.into_iter().collect::<Vec<_>>());
            prop_assert_eq!(window.changes.len(), window.by_time.len());
        }
    }

    #[test]
    fn memory_is_bounded() {
        let mut window = Window::<usize>::default();
        for key in 0..Window::<usize>::MOST + 5 {
            window.note(key, Millis(i64::try_from(key).unwrap()), Quantity::ONE);
        }
        assert_eq!(window.changes.len(), Window::<usize>::MOST);
        assert!(
            !window.changes.contains_key(&4) && window.changes.contains_key(&5),
            "the oldest go"
        );
    }
}
