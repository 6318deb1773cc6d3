//! Every SKU that some channel lists, once, with a number that listings name it by.
//!
//! Shared by all channels: most SKUs are listed at each of them. A SKU that no channel lists any more is forgotten,
//! and its number is given to another one.

use super::coding::{Beginnings, Reader};
use super::shelf::Shelf;
use hashbrown::HashTable;
use omnistock_words::Sku;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{PoisonError, RwLock};

/// The SKUs of all channels.
#[derive(Default)]
pub struct SkuBook(RwLock<Book>);

#[derive(Default)]
struct Book {
    texts: Shelf,
    beginnings: Beginnings,
    numbers: HashTable<u32>,
    hasher: RandomState,
    /// How many channels list it.
    users: Vec<u16>,
    free: Vec<u32>,
}

impl std::fmt::Debug for SkuBook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SkuBook")
    }
}

impl Book {
    fn sku(&self, number: u32) -> Option<Sku> {
        let record = self.texts.get(usize::try_from(number).ok()?);
        self.beginnings.read(&mut Reader(record), |text| Sku::new(text).ok())
    }

    fn find(&self, sku: &Sku) -> Option<u32> {
        let hash = self.hasher.hash_one(sku.as_str());
        let same = |number: &u32| self.sku(*number).as_ref() == Some(sku);
        self.numbers.find(hash, same).copied()
    }

    fn add(&mut self, sku: &Sku) -> u32 {
        let mut record = Vec::new();
        self.beginnings.put(&mut record, sku.as_str());
        let number = if let Some(number) = self.free.pop() {
            self.texts.set(number as usize, &record);
            number
        } else {
            let number = u32::try_from(self.texts.len()).unwrap_or(u32::MAX);
            self.texts.push(&record);
            if self.users.len() == self.users.capacity() {
                self.users.reserve_exact(self.users.len() / 8 + 8);
            }
            self.users.push(0);
            number
        };
        let (texts, beginnings, hasher) = (&self.texts, &self.beginnings, &self.hasher);
        let hash = |number: &u32| {
            let text = beginnings.read(&mut Reader(texts.get(*number as usize)), |text| {
                Some(hasher.hash_one(text))
            });
            text.unwrap_or_default()
        };
        self.numbers.insert_unique(hasher.hash_one(sku.as_str()), number, hash);
        number
    }
}

impl SkuBook {
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        let book = self.0.read().unwrap_or_else(PoisonError::into_inner);
        book.texts.bytes() + book.numbers.allocation_size() + book.users.capacity() * size_of::<u16>()
    }

    /// A channel lists the SKU from now on: its number.
    pub(in crate::delivery) fn acquire(&self, sku: &Sku) -> u32 {
        let mut book = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let number = book.find(sku).unwrap_or_else(|| book.add(sku));
        if let Some(users) = book.users.get_mut(number as usize) {
            *users = users.saturating_add(1);
        }
        number
    }

    /// A channel does not list it any more.
    pub(in crate::delivery) fn release(&self, number: u32) {
        let book = &mut *self.0.write().unwrap_or_else(PoisonError::into_inner);
        let Some(users) = book.users.get_mut(number as usize).filter(|users| **users > 0) else {
            return;
        };
        *users -= 1;
        if *users > 0 {
            return;
        }
        if let Some(sku) = book.sku(number) {
            let hash = book.hasher.hash_one(sku.as_str());
            if let Ok(found) = book.numbers.find_entry(hash, |other| *other == number) {
                found.remove();
            }
        }
        book.texts.set(number as usize, &[]);
        book.free.push(number);
    }

    /// The number of a SKU that some channel lists.
    pub(in crate::delivery) fn find(&self, sku: &Sku) -> Option<u32> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).find(sku)
    }

    /// How many SKUs some channel lists.
    pub fn count(&self) -> u64 {
        let book = self.0.read().unwrap_or_else(PoisonError::into_inner);
        book.texts.len().saturating_sub(book.free.len()) as u64
    }

    /// SKUs that some channel lists, with numbers from this one on, at most `most`, and the number from which on the
    /// others are. A SKU keeps its number while it is listed: who goes on from page to page misses none and meets each once.
    pub fn page(&self, from: u32, most: usize) -> (Vec<Sku>, Option<u32>) {
        let book = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut page = Vec::with_capacity(most);
        for (number, users) in (from..).zip(book.users.iter().skip(from as usize)) {
            if page.len() == most {
                return (page, Some(number));
            }
            page.extend(book.sku(number).filter(|_| *users > 0));
        }
        (page, None)
    }

    /// The SKU with this number.
    pub(in crate::delivery) fn sku(&self, number: u32) -> Option<Sku> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).sku(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sku(text: impl AsRef<str>) -> Sku {
        Sku::new(text).unwrap()
    }

    #[test]
    fn a_sku_has_one_number_until_no_channel_lists_it() {
        let book = SkuBook::default();
        let numbers: Vec<u32> = (0..1_000)
            .map(|one| book.acquire(&sku(format!("SKU-{one:05}"))))
            .collect();
        for (one, number) in numbers.iter().enumerate() {
            assert_eq!(book.sku(*number), Some(sku(format!("SKU-{one:05}"))));
        }
        let again = book.acquire(&sku("SKU-00007"));
        assert_eq!(Some(again), book.find(&sku("SKU-00007")));
        book.release(again);
        assert_eq!(Some(again), book.find(&sku("SKU-00007")), "another channel lists it");
        book.release(again);
        assert_eq!(book.find(&sku("SKU-00007")), None);
        assert_eq!(book.acquire(&sku("other")), again, "its number is used again");
        assert_eq!(
            (book.sku(again), book.find(&sku("other"))),
            (Some(sku("other")), Some(again))
        );
    }

    #[test]
    fn pages_hold_every_sku_that_is_listed_once() {
        let book = SkuBook::default();
        let numbers: Vec<u32> = (0..10).map(|one| book.acquire(&sku(format!("SKU-{one}")))).collect();
        book.release(numbers[3]);
        book.release(numbers[9]);
        assert_eq!(book.count(), 8);
        let (mut from, mut found, mut pages) = (Some(0), Vec::new(), 0);
        while let Some(next) = from {
            let (page, further) = book.page(next, 4);
            assert!(page.len() <= 4);
            found.extend(page);
            (from, pages) = (further, pages + 1);
        }
        let left = (0..9).filter(|one| *one != 3).map(|one| sku(format!("SKU-{one}")));
        assert_eq!(found, left.collect::<Vec<_>>());
        assert!(pages <= 3, "{pages}");
        assert_eq!(book.page(100, 4), (Vec::new(), None));
    }
}
