//! Which listings a SKU has at the channel, by the SKU's number; nearly all have one.

use super::Index;
use std::collections::HashMap;

/// Its listings are in the other map.
const SEVERAL: u32 = u32::MAX;

/// Listings by the number of their SKU.
#[derive(Default)]
pub(super) struct Listed {
    /// One more than the only listing; 0: none.
    single: Vec<u32>,
    several: HashMap<u32, Vec<Index>>,
}

impl Listed {
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.single.capacity() * size_of::<u32>()
    }

    fn at(&self, sku: u32) -> u32 {
        self.single.get(sku as usize).copied().unwrap_or_default()
    }

    /// The listings of the SKU, in the order in which they came.
    pub(super) fn of(&self, sku: u32) -> Vec<Index> {
        match self.at(sku) {
            0 => Vec::new(),
            SEVERAL => self.several.get(&sku).cloned().unwrap_or_default(),
            one => vec![one as usize - 1],
        }
    }

    pub(super) fn first_of(&self, sku: u32) -> Option<Index> {
        match self.at(sku) {
            0 => None,
            SEVERAL => self.several.get(&sku)?.first().copied(),
            one => Some(one as usize - 1),
        }
    }

    /// SKUs that have a listing have numbers below this one.
    pub(super) fn numbers(&self) -> usize {
        self.single.len()
    }

    pub(super) fn add(&mut self, sku: u32, index: Index) {
        let mut all = self.of(sku);
        all.push(index);
        self.put(sku, all);
    }

    /// True: it was the last one of the SKU.
    pub(super) fn remove(&mut self, sku: u32, index: Index) -> bool {
        let mut all = self.of(sku);
        all.retain(|other| *other != index);
        let last = all.is_empty();
        self.put(sku, all);
        last
    }

    fn put(&mut self, sku: u32, all: Vec<Index>) {
        let place = sku as usize;
        if place >= self.single.len() {
            if place >= self.single.capacity() {
                // Twice as many would be half of them for nothing.
                self.single.reserve_exact(place + 1 - self.single.len() + place / 8);
            }
            self.single.resize(place + 1, 0);
        }
        self.several.remove(&sku);
        let one = match all.as_slice() {
            [] => 0,
            [one] => u32::try_from(one + 1).unwrap_or(SEVERAL),
            _ => SEVERAL,
        };
        if one == SEVERAL {
            self.several.insert(sku, all);
        }
        if let Some(single) = self.single.get_mut(place) {
            *single = one;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listings_of_a_sku_are_kept_in_the_order_in_which_they_came() {
        let mut listed = Listed::default();
        listed.add(4, 0);
        assert_eq!((listed.of(4), listed.of(3), listed.of(9)), (vec![0], vec![], vec![]));
        listed.add(4, 9);
        listed.add(4, 5);
        listed.add(0, 7);
        assert_eq!((listed.of(4), listed.first_of(4)), (vec![0, 9, 5], Some(0)));
        assert_eq!(
            (listed.numbers(), listed.first_of(0), listed.first_of(1)),
            (5, Some(7), None)
        );
        assert!(!listed.remove(4, 0) && !listed.remove(4, 5));
        assert_eq!((listed.of(4), listed.first_of(4)), (vec![9], Some(9)));
        assert!(listed.remove(4, 9) && listed.of(4).is_empty());
    }
}
