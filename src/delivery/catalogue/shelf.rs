//! Records of a few bytes each, side by side: an allocation of its own would cost as much as one of them.

use super::coding::{Reader, put};

/// Records that lie in one piece of memory.
const PAGE: usize = 32;

/// Records by their number, counted from zero.
#[derive(Default)]
pub(super) struct Shelf {
    pages: Vec<Box<[u8]>>,
    records: usize,
}

impl Shelf {
    pub(super) fn len(&self) -> usize {
        self.records
    }

    /// Bytes that it takes in memory, as far as it asks for them.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        let pages: usize = self.pages.iter().map(|page| page.len()).sum();
        pages + self.pages.capacity() * size_of::<Box<[u8]>>()
    }

    /// The record; an empty one where there is none.
    pub(super) fn get(&self, index: usize) -> &[u8] {
        self.find(index).map_or(&[], |(record, _)| record)
    }

    /// The record, and what lies in front of it on its page.
    fn find(&self, index: usize) -> Option<(&[u8], usize)> {
        let page = self.pages.get(index / PAGE)?;
        let mut reader = Reader(page);
        for _ in 0..index % PAGE {
            reader.bytes()?;
        }
        let before = page.len() - reader.0.len();
        Some((reader.bytes()?, before))
    }

    /// Puts a record behind the others.
    pub(super) fn push(&mut self, record: &[u8]) {
        if self.records.is_multiple_of(PAGE) {
            if self.pages.len() == self.pages.capacity() {
                // Twice as many would be half of them for nothing.
                self.pages.reserve_exact(self.pages.len() / 8 + 8);
            }
            self.pages.push(Box::default());
        }
        if let Some(page) = self.pages.last_mut() {
            let mut bytes = std::mem::take(page).into_vec();
            bytes.reserve_exact(record.len() + 2);
            put(&mut bytes, record.len() as u64);
            bytes.extend_from_slice(record);
            *page = bytes.into_boxed_slice();
        }
        self.records += 1;
    }

    /// Puts another record in its place.
    pub(super) fn set(&mut self, index: usize, record: &[u8]) {
        let Some((old, before)) = self.find(index).map(|(old, before)| (old.len(), before)) else {
            return;
        };
        let Some(page) = self.pages.get_mut(index / PAGE) else {
            return;
        };
        if old == record.len() {
            let end = before + head(old) + old;
            if let Some(place) = page.get_mut(before + head(old)..end) {
                place.copy_from_slice(record);
            }
            return;
        }
        let behind = page.get(before + head(old) + old..).unwrap_or_default();
        let mut bytes = Vec::with_capacity(before + head(record.len()) + record.len() + behind.len());
        bytes.extend_from_slice(page.get(..before).unwrap_or_default());
        put(&mut bytes, record.len() as u64);
        bytes.extend_from_slice(record);
        bytes.extend_from_slice(behind);
        *page = bytes.into_boxed_slice();
    }
}

/// Bytes that a record's length takes.
fn head(mut length: usize) -> usize {
    let mut bytes = 1;
    while length >= 0x80 {
        length >>= 7;
        bytes += 1;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_record_is_what_was_last_put_there(lengths in proptest::collection::vec(0_usize..300, 1..80), steps in proptest::collection::vec((0_usize..80, 0_usize..300, any::<u8>()), 0..60)) {
            let (mut shelf, mut model) = (Shelf::default(), Vec::new());
            for length in lengths {
                model.push(vec![b'a'; length]);
                shelf.push(&vec![b'a'; length]);
            }
            for (index, length, byte) in steps {
                let record = vec![byte; length];
                shelf.set(index, &record);
                if let Some(place) = model.get_mut(index) {
                    *place = record;
                }
            }
            prop_assert_eq!(shelf.len(), model.len());
            for (index, record) in model.iter().enumerate() {
                prop_assert_eq!(shelf.get(index), record.as_slice());
            }
            prop_assert!(shelf.get(model.len()).is_empty());
        }
    }
}
