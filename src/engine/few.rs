//! A list that nearly always has one entry: that one lies in place, so that reading it touches no other memory
//! and keeping it needs no other.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::cmp::Ordering;
use std::fmt;
use std::ops::{Deref, DerefMut};

/// A list, read as a slice and written as a plain list.
#[derive(Clone)]
pub struct Few<T>(Held<T>);

#[derive(Clone)]
enum Held<T> {
    One(T),
    /// Any number, also none or one.
    Many(Vec<T>),
}

impl<T> Few<T> {
    /// None.
    pub const fn new() -> Self {
        Self(Held::Many(Vec::new()))
    }

    /// One.
    pub const fn one(entry: T) -> Self {
        Self(Held::One(entry))
    }

    /// All of them, as a vector; afterwards there are none.
    fn drain(&mut self) -> Vec<T> {
        match std::mem::take(self).0 {
            Held::One(entry) => {
                // Another comes.
                let mut entries = Vec::with_capacity(2);
                entries.push(entry);
                entries
            }
            Held::Many(entries) => entries,
        }
    }

    /// Puts an entry behind the others.
    pub fn push(&mut self, entry: T) {
        self.insert(self.len(), entry);
    }

    /// Puts an entry before the one at `index`, behind all where there is none.
    pub fn insert(&mut self, index: usize, entry: T) {
        if self.is_empty() {
            *self = Self::one(entry);
            return;
        }
        let mut entries = self.drain();
        entries.insert(index.min(entries.len()), entry);
        *self = Self(Held::Many(entries));
    }

    /// Takes the entry at `index` out, if there is one.
    pub fn remove(&mut self, index: usize) {
        let mut entries = self.drain();
        if index < entries.len() {
            entries.remove(index);
        }
        *self = Self::from(entries);
    }

    /// Has the same entries as `entries`.
    pub fn set(&mut self, entries: &[T])
    where
        T: Clone,
    {
        match (&mut self.0, entries) {
            (Held::One(known), [entry]) => known.clone_from(entry),
            (_, [entry]) => *self = Self::one(entry.clone()),
            (Held::Many(known), _) => entries.clone_into(known),
            (Held::One(_), _) => *self = Self(Held::Many(entries.to_vec())),
        }
    }
}

impl<T> Deref for Few<T> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        match &self.0 {
            Held::One(entry) => std::slice::from_ref(entry),
            Held::Many(entries) => entries,
        }
    }
}

impl<T> DerefMut for Few<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [T] {
        match &mut self.0 {
            Held::One(entry) => std::slice::from_mut(entry),
            Held::Many(entries) => entries,
        }
    }
}

impl<T> Default for Few<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> From<Vec<T>> for Few<T> {
    fn from(entries: Vec<T>) -> Self {
        if entries.len() == 1 {
            entries.into_iter().collect()
        } else {
            Self(Held::Many(entries))
        }
    }
}

impl<T> FromIterator<T> for Few<T> {
    #[inline]
    fn from_iter<I: IntoIterator<Item = T>>(entries: I) -> Self {
        let mut entries = entries.into_iter();
        let Some(first) = entries.next() else {
            return Self::new();
        };
        let Some(second) = entries.next() else {
            return Self::one(first);
        };
        // Exactly as much room as there are, where that is known.
        let mut all = Vec::with_capacity(entries.size_hint().0.saturating_add(2));
        all.extend([first, second]);
        all.extend(entries);
        Self(Held::Many(all))
    }
}

impl<T> IntoIterator for Few<T> {
    type Item = T;
    type IntoIter = std::iter::Chain<std::option::IntoIter<T>, std::vec::IntoIter<T>>;

    fn into_iter(self) -> Self::IntoIter {
        let (one, many) = match self.0 {
            Held::One(entry) => (Some(entry), Vec::new()),
            Held::Many(entries) => (None, entries),
        };
        one.into_iter().chain(many)
    }
}

impl<'a, T> IntoIterator for &'a Few<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    #[inline]
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// The same entries, in the same order.
impl<T: PartialEq> PartialEq for Few<T> {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T: Eq> Eq for Few<T> {}

impl<T: PartialEq> PartialEq<Vec<T>> for Few<T> {
    #[inline]
    fn eq(&self, other: &Vec<T>) -> bool {
        **self == **other
    }
}

impl<T: Ord> Ord for Few<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        (**self).cmp(&**other)
    }
}

impl<T: Ord> PartialOrd for Few<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T: fmt::Debug> fmt::Debug for Few<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl<T: Serialize> Serialize for Few<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Few<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::deserialize(deserializer).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_is_the_list_that_a_vector_is(first in proptest::collection::vec(0u8..9, 0..4), steps in proptest::collection::vec((0u8..4, 0usize..4, 0u8..9), 0..12)) {
            let (mut few, mut plain) = (Few::from(first.clone()), first);
            for (what, index, entry) in steps {
                match what {
                    0 => {
                        few.insert(index, entry);
                        plain.insert(index.min(plain.len()), entry);
                    }
                    1 => {
                        few.remove(index);
                        plain = plain.iter().enumerate().filter(|(known, _)| *known != index).map(|(_, one)| *one).collect();
                    }
                    2 => {
                        few.push(entry);
                        plain.push(entry);
                    }
                    _ => {
                        plain = vec![entry; index];
                        few.set(&plain);
                    }
                }
                prop_assert_eq!(&few, &plain);
                let text = serde_json::to_string(&plain).unwrap();
                prop_assert_eq!(serde_json::to_string(&few).unwrap(), text.as_str());
                let others = [plain.iter().copied().collect(), serde_json::from_str::<Few<u8>>(&text).unwrap(), few.clone()];
                for other in others {
                    prop_assert_eq!((few.cmp(&other), &few), (Ordering::Equal, &other));
                    prop_assert!(other.into_iter().eq(plain.iter().copied()));
                }
            }
        }
    }
}
