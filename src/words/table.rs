//! A map for many entries under names: found by a hash, told apart by the name itself, and the
//! same on every machine and in every run, unlike the map of the standard library.

use crate::mixed::hash;
use std::borrow::Borrow;
use std::fmt;
use std::hash::Hash;

/// Entries by key. A lookup costs the same for ten entries and for a million. The order in which
/// entries are walked depends on nothing but what was put in and taken out before.
#[derive(Clone)]
pub struct Table<K, V> {
    /// In rooms of [`ROOM`], all but the last of them full: a table that grows moves no entry.
    rooms: Vec<Vec<(K, V)>>,
    /// For each slot the hash and the index + 1 of an entry, or zeros; a power of two of them, at
    /// most three quarters of them taken. An entry lies in the first free slot from its hash on.
    slots: Vec<(u32, u32)>,
}

/// Entries in a room; a power of two.
const ROOM: usize = 512;

/// Entries are counted in 32 bits, less the zero that marks a free slot.
const MOST: usize = u32::MAX as usize - 1;

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Self {
            rooms: Vec::new(),
            slots: Vec::new(),
        }
    }
}

impl<K: Hash + Eq, V> Table<K, V> {
    /// The slot and the index of a key.
    fn find<Q: Eq + ?Sized>(&self, key: &Q, hash: u32) -> Option<(usize, usize)>
    where
        K: Borrow<Q>,
    {
        let mask = self.slots.len().wrapping_sub(1);
        let mut slot = hash as usize & mask;
        loop {
            let (other, place) = *self.slots.get(slot)?;
            let index = (place as usize).checked_sub(1)?;
            if other == hash && self.entry(index).is_some_and(|(known, _)| known.borrow() == key) {
                return Some((slot, index));
            }
            slot = (slot + 1) & mask;
        }
    }

    /// The value of a key.
    pub fn get<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        let (_, index) = self.find(key, hash(key))?;
        self.entry(index).map(|(_, value)| value)
    }

    /// The value of a key, to be changed.
    pub fn get_mut<Q: Hash + Eq + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        let (_, index) = self.find(key, hash(key))?;
        self.at(index)
    }

    /// Whether there is a value.
    pub fn contains_key<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.find(key, hash(key)).is_some()
    }

    /// Puts a value in the place of what was there, which it returns.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        let hash = hash(&key);
        if let Some((_, index)) = self.find(&key, hash) {
            return self.at(index).map(|known| std::mem::replace(known, value));
        }
        self.add(hash, key, value);
        None
    }

    /// The value of a key; where there is none, a default one is put there first. `None` only
    /// behind the four billionth entry.
    pub fn or_default(&mut self, key: &K) -> Option<&mut V>
    where
        K: Clone,
        V: Default,
    {
        let index = self.place_or_default(key)?;
        self.at(index)
    }

    /// Where the entry of a key lies, for [`Self::at`] and [`Self::seen`]; it lies there until anything is removed.
    pub fn place<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<usize>
    where
        K: Borrow<Q>,
    {
        self.find(key, hash(key)).map(|(_, index)| index)
    }

    /// Where the entry of a key lies, for [`Self::at`]; where there is none, a default one is put there
    /// first. It lies there until anything is removed. `None` only behind the four billionth entry.
    pub fn place_or_default(&mut self, key: &K) -> Option<usize>
    where
        K: Clone,
        V: Default,
    {
        let hash = hash(key);
        if let Some((_, index)) = self.find(key, hash) {
            return Some(index);
        }
        let index = self.len();
        self.add(hash, key.clone(), V::default());
        (index < self.len()).then_some(index)
    }

    fn add(&mut self, hash: u32, key: K, value: V) {
        let count = self.len();
        if count >= MOST {
            return;
        }
        if let Some(room) = self.rooms.last_mut().filter(|room| room.len() < ROOM) {
            // Small tables stay small; behind the first room there will be more.
            if room.len() == room.capacity() && count >= ROOM {
                room.reserve_exact(ROOM - room.len());
            }
            room.push((key, value));
        } else {
            let mut room = Vec::with_capacity(if count == 0 { 0 } else { ROOM });
            room.push((key, value));
            self.rooms.push(room);
        }
        if (count + 1) * 4 > self.slots.len() * 3 {
            self.spread((self.slots.len() * 2).max(8));
        }
        self.seat(hash, count + 1);
    }

    /// Writes an entry's place, its index + 1, into the first free slot.
    fn seat(&mut self, hash: u32, place: usize) {
        let mask = self.slots.len().wrapping_sub(1);
        let mut slot = hash as usize & mask;
        while self.slots.get(slot).is_some_and(|(_, taken)| *taken != 0) {
            slot = (slot + 1) & mask;
        }
        if let (Some(free), Ok(place)) = (self.slots.get_mut(slot), u32::try_from(place)) {
            *free = (hash, place);
        }
    }

    /// As many slots as are asked for, with what lay in the old ones.
    fn spread(&mut self, slots: usize) {
        let old = std::mem::replace(&mut self.slots, vec![(0, 0); slots]);
        for (hash, place) in old.into_iter().filter(|(_, place)| *place != 0) {
            self.seat(hash, place as usize);
        }
    }

    /// Takes a value out.
    pub fn remove<Q: Hash + Eq + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let (slot, index) = self.find(key, hash(key))?;
        self.free(slot);
        let last = self.rooms.last_mut()?.pop()?;
        if self.rooms.last().is_some_and(Vec::is_empty) {
            self.rooms.pop();
        }
        let count = self.len();
        if index == count {
            return Some(last.1);
        }
        // The last entry moves here: its slot says so.
        let (mask, mut slot) = (self.slots.len().wrapping_sub(1), hash(&last.0) as usize);
        while let Some(seat) = self.slots.get_mut(slot & mask).filter(|seat| seat.1 != 0) {
            if seat.1 as usize == count + 1 {
                seat.1 = u32::try_from(index + 1).unwrap_or_default();
                break;
            }
            slot += 1;
        }
        let (_, value) = std::mem::replace(self.entry_mut(index)?, last);
        Some(value)
    }

    /// Frees a slot and draws up those behind it that could not have it before.
    fn free(&mut self, mut hole: usize) {
        let mask = self.slots.len().wrapping_sub(1);
        let mut slot = hole;
        loop {
            slot = (slot + 1) & mask;
            let Some(next) = self.slots.get(slot).copied().filter(|(_, place)| *place != 0) else {
                break;
            };
            let home = next.0 as usize & mask;
            // How far the entry lies behind its home, and how far the hole does.
            if slot.wrapping_sub(home) & mask >= slot.wrapping_sub(hole) & mask {
                if let Some(seat) = self.slots.get_mut(hole) {
                    *seat = next;
                }
                hole = slot;
            }
        }
        if let Some(seat) = self.slots.get_mut(hole) {
            *seat = (0, 0);
        }
    }
}

impl<K, V> Table<K, V> {
    /// The value at a place, see [`Self::place_or_default`].
    #[inline]
    pub fn at(&mut self, place: usize) -> Option<&mut V> {
        self.entry_mut(place).map(|(_, value)| value)
    }

    /// The entry at a place, see [`Self::place`].
    #[inline]
    pub fn seen(&self, place: usize) -> Option<(&K, &V)> {
        self.entry(place).map(|(key, value)| (key, value))
    }

    #[inline]
    fn entry(&self, index: usize) -> Option<&(K, V)> {
        self.rooms.get(index / ROOM)?.get(index % ROOM)
    }

    #[inline]
    fn entry_mut(&mut self, index: usize) -> Option<&mut (K, V)> {
        self.rooms.get_mut(index / ROOM)?.get_mut(index % ROOM)
    }

    /// How many entries.
    #[inline]
    pub fn len(&self) -> usize {
        match self.rooms.split_last() {
            Some((last, full)) => full.len() * ROOM + last.len(),
            None => 0,
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rooms.is_empty()
    }

    /// Every entry.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.rooms.iter().flatten().map(|(key, value)| (key, value))
    }

    /// Every entry, to be changed.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&K, &mut V)> {
        self.rooms.iter_mut().flatten().map(|(key, value)| (&*key, value))
    }

    /// Every key.
    pub fn keys(&self) -> impl Iterator<Item = &K> {
        self.rooms.iter().flatten().map(|(key, _)| key)
    }

    /// Every value.
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.rooms.iter().flatten().map(|(_, value)| value)
    }
}

impl<K, V> IntoIterator for Table<K, V> {
    type Item = (K, V);
    type IntoIter = std::iter::Flatten<std::vec::IntoIter<Vec<(K, V)>>>;

    fn into_iter(self) -> Self::IntoIter {
        self.rooms.into_iter().flatten()
    }
}

impl<K: Hash + Eq, V> FromIterator<(K, V)> for Table<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut table = Self::default();
        for (key, value) in entries {
            table.insert(key, value);
        }
        table
    }
}

/// The same entries, in whatever order.
impl<K: Hash + Eq, V: PartialEq> PartialEq for Table<K, V> {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().all(|(key, value)| other.get(key) == Some(value))
    }
}

impl<K: Hash + Eq, V: Eq> Eq for Table<K, V> {}

impl<K: fmt::Debug, V: fmt::Debug> fmt::Debug for Table<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn it_holds_what_a_sorted_map_holds(first in 0u32..1_200, steps in proptest::collection::vec((0u8..3, 0u32..1_200, any::<i32>()), 0..400)) {
            let (mut table, mut plain) = (Table::<String, i32>::default(), BTreeMap::new());
            for key in (0..first).map(|key| format!("ART-{key:04}")) {
                prop_assert_eq!(table.insert(key.clone(), -1), plain.insert(key, -1));
            }
            for (what, key, value) in steps {
                let key = format!("ART-{key:04}");
                match what {
                    0 => prop_assert_eq!(table.remove(&key), plain.remove(&key)),
                    1 if value % 2 == 0 => {
                        let place = table.place_or_default(&key).unwrap();
                        *table.at(place).unwrap() = value;
                        plain.insert(key, value);
                    }
                    1 => prop_assert_eq!(table.insert(key.clone(), value), plain.insert(key, value)),
                    _ => {
                        *table.or_default(&key).unwrap() ^= value;
                        *plain.entry(key).or_default() ^= value;
                    }
                }
                prop_assert_eq!(table.len(), plain.len());
            }
            for key in (0..1_200).map(|key| format!("ART-{key:04}")) {
                prop_assert_eq!(table.get(&key), plain.get(&key));
            }
            let mut walked: Vec<_> = table.iter().collect();
            walked.sort();
            prop_assert!(walked.into_iter().eq(&plain));
            let again: Table<_, _> = plain.into_iter().rev().collect();
            prop_assert_eq!(again, table);
        }
    }
}
