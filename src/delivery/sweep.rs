//! A look at every SKU of the channel, some at a time: what waits for its turn is a number, or a bit.
//!
//! And what was looked at and waits for such a look to come: of that only the mark is kept that was seen. So a million
//! SKUs of which the same is to be done take no entry of the work list each.

use super::bits::Bits;
use super::worker::{MOST_LOOKS, Worker};
use omnistock_sdk::now;
use omnistock_words::{Millis, Sku};

/// How far the look at all of them is.
#[derive(Default)]
pub(super) struct Sweep {
    /// The number of the next SKU.
    next: usize,
    /// Numbers that are still to come.
    left: usize,
    /// When it began.
    since: Millis,
    /// Those that were looked at for another reason since then.
    looked: Bits,
    deferred: Deferred,
}

impl Sweep {
    /// Goes over all numbers from here on; one that is on its way begins anew, where it is.
    fn begin(&mut self, numbers: usize, now: Millis) {
        self.next = if self.left > 0 { self.next } else { 0 };
        (self.left, self.since) = (numbers, now);
        (self.looked, self.deferred) = (Bits::default(), Deferred::default());
    }

    /// The next number of so many.
    fn take(&mut self, numbers: usize) -> Option<usize> {
        while self.left > 0 {
            let number = if self.next < numbers { self.next } else { 0 };
            (self.next, self.left) = (number + 1, self.left - 1);
            if !self.looked.contains(number) {
                return Some(number);
            }
        }
        self.looked = Bits::default();
        None
    }

    /// Numbers that are still to come, and SKUs that wait for the next one.
    pub(super) fn waiting(&self) -> usize {
        self.left + self.deferred.count
    }

    pub(super) fn is_on(&self) -> bool {
        self.left > 0
    }
}

/// The mark that was seen of SKUs for which there is nothing to do before all are looked at.
#[derive(Default)]
struct Deferred {
    /// By number, of the mark's version the last digits; 0: none.
    marks: Vec<u32>,
    count: usize,
}

/// The last digits of a mark's version, and never 0.
fn digits(version: u64) -> u32 {
    let digits = u32::try_from(version & u64::from(u32::MAX)).unwrap_or(u32::MAX);
    digits.max(1)
}

impl Deferred {
    fn at(&self, number: usize) -> u32 {
        self.marks.get(number).copied().unwrap_or_default()
    }

    fn knows(&self, number: usize, version: u64) -> bool {
        self.at(number) == digits(version)
    }

    fn put(&mut self, number: usize, mark: u32) {
        if number >= self.marks.len() {
            if number >= self.marks.capacity() {
                // Twice as many would be half of them for nothing.
                self.marks
                    .reserve_exact(number + 1 - self.marks.len() + number / 8 + 64);
            }
            self.marks.resize(number + 1, 0);
        }
        if let Some(place) = self.marks.get_mut(number) {
            let before = std::mem::replace(place, mark);
            self.count += usize::from(mark != 0);
            self.count = self.count.saturating_sub(usize::from(before != 0));
        }
    }
}

impl Worker {
    /// Looks at every SKU that has a listing, as soon as there is room for it.
    pub(super) fn look_at_all(&mut self) {
        self.sweep.begin(self.catalogue.numbers(), now());
        // What was deferred is marked all the same: it is read again.
        self.marks.begin_anew();
    }

    /// The next of all SKUs, as many as one round looks at.
    pub(super) fn go_on_sweeping(&mut self) {
        let numbers = self.catalogue.numbers();
        while self.sweep.is_on() && self.work.ready() < MOST_LOOKS {
            let Some(number) = self.sweep.take(numbers) else { return };
            if let Some(sku) = self.catalogue.sku_numbered(number) {
                let since = self.sweep.since;
                self.work.look(&sku, since, since);
            }
        }
    }

    /// Whether something is to be looked at without waiting.
    pub(super) fn is_ready(&self) -> bool {
        self.work.is_ready() || self.sweep.is_on()
    }

    /// The SKU is looked at now: what waited for it is done with.
    pub(super) fn sweeps(&mut self, sku: &Sku) {
        if !self.sweep.is_on() && self.sweep.deferred.count == 0 {
            return;
        }
        if let Some(number) = self.catalogue.number(sku) {
            if self.sweep.is_on() {
                self.sweep.looked.insert(number);
            }
            if self.sweep.deferred.at(number) != 0 {
                self.sweep.deferred.put(number, 0);
            }
        }
    }

    /// Nothing is to be done about the SKU before all are looked at: until then only another mark concerns it.
    pub(super) fn defer(&mut self, sku: &Sku) {
        let Some(number) = self.catalogue.number(sku) else {
            return;
        };
        if let Some(mark) = self.work.done(sku) {
            self.sweep.deferred.put(number, digits(mark));
        }
    }

    /// Whether the mark was seen, and waits for the look at all.
    pub(super) fn is_deferred(&self, sku: &Sku, version: u64) -> bool {
        let number = || self.catalogue.number(sku);
        self.sweep.deferred.count > 0 && number().is_some_and(|number| self.sweep.deferred.knows(number, version))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_comes_once_unless_it_was_looked_at_and_a_new_sweep_goes_on_where_it_is() {
        let mut sweep = Sweep::default();
        assert_eq!(sweep.take(9), None);
        sweep.begin(5, Millis(1));
        sweep.looked.insert(2);
        assert_eq!((sweep.take(5), sweep.take(5)), (Some(0), Some(1)));
        assert_eq!((sweep.take(5), sweep.waiting()), (Some(3), 1));
        sweep.begin(6, Millis(2));
        let rest: Vec<usize> = std::iter::from_fn(|| sweep.take(6)).collect();
        assert_eq!(rest, [4, 5, 0, 1, 2, 3], "all of them, the one before is forgotten");
        assert!(!sweep.is_on());
    }

    #[test]
    fn a_million_skus_that_wait_take_few_bytes() {
        const SKUS: usize = 1_000_000;
        let mut sweep = Sweep::default();
        sweep.begin(SKUS, Millis(1));
        for number in 0..SKUS {
            sweep.deferred.put(number, digits(number as u64));
        }
        assert_eq!(sweep.waiting(), 2 * SKUS);
        let bytes = sweep.deferred.marks.capacity() * size_of::<u32>();
        assert!(bytes < 5 * SKUS, "{bytes} bytes: 20 MB at four channels");
    }

    #[test]
    fn a_deferred_mark_is_known_until_another_one_comes() {
        let mut deferred = Deferred::default();
        for number in [70_000, 3, 3] {
            deferred.put(number, digits(u64::from(u32::MAX) + 1));
        }
        assert_eq!(deferred.count, 2);
        assert!(deferred.knows(3, u64::from(u32::MAX) + 1) && !deferred.knows(3, 8) && !deferred.knows(4, 8));
        deferred.put(3, 0);
        assert_eq!((deferred.count, deferred.at(3), deferred.at(1_000_000)), (1, 0, 0));
        assert!(deferred.marks.capacity() < 80_000, "{}", deferred.marks.capacity());
    }
}
