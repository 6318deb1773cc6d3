//! A set of small numbers, a bit each: what is known of every listing of a catalogue.

/// Numbers from zero on.
#[derive(Debug, Default)]
pub(super) struct Bits(Vec<u64>);

impl Bits {
    fn place(number: usize) -> (usize, u64) {
        (number / 64, 1 << (number % 64))
    }

    pub(super) fn contains(&self, number: usize) -> bool {
        let (word, bit) = Self::place(number);
        self.0.get(word).is_some_and(|bits| bits & bit != 0)
    }

    /// True: it is new.
    pub(super) fn insert(&mut self, number: usize) -> bool {
        let (word, bit) = Self::place(number);
        if word >= self.0.len() {
            self.0.resize(word + 1, 0);
        }
        self.0.get_mut(word).is_some_and(|bits| {
            let new = *bits & bit == 0;
            *bits |= bit;
            new
        })
    }

    /// True: it was there.
    pub(super) fn remove(&mut self, number: usize) -> bool {
        let (word, bit) = Self::place(number);
        self.0.get_mut(word).is_some_and(|bits| {
            let there = *bits & bit != 0;
            *bits &= !bit;
            there
        })
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = usize> {
        let bits = self.0.iter().enumerate();
        bits.flat_map(|(word, bits)| {
            (0..64)
                .filter(move |bit| bits >> bit & 1 == 1)
                .map(move |bit| word * 64 + bit)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_there_until_it_is_removed() {
        let mut bits = Bits::default();
        assert!(bits.insert(0) && bits.insert(63) && bits.insert(64) && bits.insert(1_000));
        assert!(!bits.insert(64) && bits.contains(64) && !bits.contains(65) && !bits.contains(9_999));
        assert!(bits.remove(64) && !bits.remove(64) && !bits.remove(9_999));
        assert_eq!(bits.iter().collect::<Vec<_>>(), [0, 63, 1_000]);
    }
}
