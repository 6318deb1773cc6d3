//! What is to be looked at when its time comes: each thing has at most one time, the earliest.

use omnistock_words::Millis;
use std::collections::{BTreeMap, BTreeSet};

/// Things by their time. Holds no more than there are things.
#[derive(Debug)]
pub(super) struct Turns<K> {
    by_time: BTreeSet<(Millis, K)>,
    times: BTreeMap<K, Millis>,
}

impl<K> Default for Turns<K> {
    fn default() -> Self {
        Self {
            by_time: BTreeSet::new(),
            times: BTreeMap::new(),
        }
    }
}

impl<K: Ord + Clone> Turns<K> {
    /// Its turn is then, or earlier if that was said before.
    pub(super) fn set(&mut self, key: K, at: Millis) {
        let at = self.times.get(&key).map_or(at, |known| at.min(*known));
        if let Some(old) = self.times.insert(key.clone(), at) {
            self.by_time.remove(&(old, key.clone()));
        }
        self.by_time.insert((at, key));
    }

    /// Its turn is over.
    pub(super) fn drop(&mut self, key: &K) {
        if let Some(at) = self.times.remove(key) {
            self.by_time.remove(&(at, key.clone()));
        }
    }

    /// When the next one has its turn.
    pub(super) fn next(&self) -> Option<Millis> {
        self.by_time.first().map(|(at, _)| *at)
    }

    /// Those whose turn has come, the earliest first, at most so many; they are forgotten.
    pub(super) fn take(&mut self, now: Millis, most: usize) -> Vec<K> {
        let due = self.by_time.iter().take_while(|(at, _)| *at <= now).take(most);
        let due: Vec<K> = due.map(|(_, key)| key.clone()).collect();
        for key in &due {
            self.drop(key);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_one_turn_the_earliest() {
        let mut turns = Turns::default();
        turns.set("b", Millis(5));
        turns.set("a", Millis(9));
        turns.set("a", Millis(3));
        turns.set("a", Millis(7));
        turns.set("c", Millis(8));
        assert_eq!(turns.next(), Some(Millis(3)));
        assert_eq!(turns.take(Millis(2), 9), Vec::<&str>::new());
        assert_eq!(turns.take(Millis(8), 2), ["a", "b"]);
        turns.drop(&"c");
        assert_eq!((turns.next(), turns.take(Millis(99), 9)), (None, vec![]));
    }
}
