//! Products whose figures have to be read again: what hints, held reports and changes leave behind.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// More than this many are not remembered: everything is read instead.
const MOST: usize = 5_000;

/// Filled by webhooks too, hence shared.
#[derive(Debug, Default)]
pub(crate) struct Touched(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    products: BTreeSet<i64>,
    too_many: bool,
}

impl Touched {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds some.
    pub(crate) fn add(&self, products: impl IntoIterator<Item = i64>) {
        let mut inner = self.inner();
        for product in products {
            if inner.products.len() >= MOST {
                inner.too_many = true;
                break;
            }
            inner.products.insert(product);
        }
    }

    /// Takes all; `None`: everything has to be read.
    pub(crate) fn take(&self) -> Option<BTreeSet<i64>> {
        let inner = std::mem::take(&mut *self.inner());
        (!inner.too_many).then_some(inner.products)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_come_once_and_too_many_mean_everything() {
        let touched = Touched::default();
        touched.add([3, 1, 3]);
        assert_eq!(touched.take(), Some([1, 3].into_iter().collect()));
        assert_eq!(touched.take(), Some(BTreeSet::new()));
        touched.add(0..6_000);
        assert_eq!(touched.take(), None);
        assert_eq!(touched.take(), Some(BTreeSet::new()));
    }
}
