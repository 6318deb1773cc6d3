//! The SKUs that a channel lists, for everybody who asks.

use super::SkuBook;
use super::bits::Bits;
use omnistock_words::Sku;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What the board keeps of it: a bit for each SKU of a book that other channels may share.
#[derive(Debug, Default)]
pub(super) struct ListedSkus {
    book: Arc<SkuBook>,
    numbers: Mutex<Bits>,
}

impl ListedSkus {
    pub(super) fn new(book: Arc<SkuBook>) -> Self {
        Self {
            book,
            numbers: Mutex::default(),
        }
    }

    pub(super) fn book(&self) -> &Arc<SkuBook> {
        &self.book
    }

    fn numbers(&self) -> MutexGuard<'_, Bits> {
        self.numbers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn contains(&self, sku: &Sku) -> bool {
        let number = self.book.find(sku);
        number.is_some_and(|number| self.numbers().contains(number as usize))
    }

    /// The SKU is listed: its number, until it is removed.
    pub(super) fn insert(&self, sku: &Sku) -> u32 {
        let mut numbers = self.numbers();
        let number = self.book.acquire(sku);
        if !numbers.insert(number as usize) {
            // It is this channel's already.
            self.book.release(number);
        }
        number
    }

    pub(super) fn remove(&self, number: u32) {
        if self.numbers().remove(number as usize) {
            self.book.release(number);
        }
    }

    pub(super) fn clear(&self) {
        let numbers = std::mem::take(&mut *self.numbers());
        for number in numbers.iter().filter_map(|number| u32::try_from(number).ok()) {
            self.book.release(number);
        }
    }
}

impl Drop for ListedSkus {
    fn drop(&mut self) {
        self.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_gives_its_skus_back_and_others_keep_theirs() {
        let book = Arc::new(SkuBook::default());
        let (one, two) = (ListedSkus::new(Arc::clone(&book)), ListedSkus::new(Arc::clone(&book)));
        let (a, b) = (Sku::new("A").unwrap(), Sku::new("B").unwrap());
        let number = one.insert(&a);
        assert_eq!((one.insert(&a), two.insert(&a)), (number, number));
        assert!(one.contains(&a) && !one.contains(&b) && two.insert(&b) != number);
        drop(two);
        assert_eq!((book.find(&a), book.find(&b)), (Some(number), None));
        one.clear();
        assert!(!one.contains(&a) && book.find(&a).is_none());
    }
}
