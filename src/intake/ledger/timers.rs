//! When which SKU's number changes by itself.
//!
//! Kept in memory, at most one entry a SKU and [`Timers::MOST`] in all, and rebuilt by the paged walk
//! over the SKU documents that every start makes anyway. In the store it would cost one more write
//! with every commit of every SKU, to save a walk that never holds anything up. Only the nearest
//! entries are kept: what is further away than the horizon is found by a new walk once that is reached.

use omnistock_words::{Millis, Sku};
use std::collections::{BTreeSet, HashMap};

/// The next due time of each SKU that has one of its own.
#[derive(Debug)]
pub(super) struct Timers {
    by_time: BTreeSet<(Millis, Sku)>,
    by_sku: HashMap<Sku, Millis>,
    most: usize,
    /// From here on entries are missing.
    horizon: Option<Millis>,
}

impl Default for Timers {
    fn default() -> Self {
        Self::keeping(Self::MOST)
    }
}

impl Timers {
    /// Entries, at most.
    const MOST: usize = 100_000;

    fn keeping(most: usize) -> Self {
        Self {
            by_time: BTreeSet::new(),
            by_sku: HashMap::new(),
            most,
            horizon: None,
        }
    }

    /// A walk begins that will set every SKU.
    pub(super) fn begin(&mut self) {
        self.horizon = None;
    }

    /// The SKU is due then; `None`: never.
    pub(super) fn set(&mut self, sku: &Sku, due: Option<Millis>) {
        if let Some(old) = self.by_sku.remove(sku) {
            self.by_time.remove(&(old, sku.clone()));
        }
        let Some(due) = due.filter(|due| self.horizon.is_none_or(|horizon| *due < horizon)) else {
            return;
        };
        self.by_sku.insert(sku.clone(), due);
        self.by_time.insert((due, sku.clone()));
        if self.by_time.len() > self.most
            && let Some((far, sku)) = self.by_time.pop_last()
        {
            self.by_sku.remove(&sku);
            self.horizon = Some(far);
        }
    }

    /// When the SKU was due, if it is and was not looked at since.
    pub(super) fn overdue(&self, sku: &Sku, now: Millis) -> Option<Millis> {
        self.by_sku.get(sku).copied().filter(|due| *due <= now)
    }

    /// What is due, earliest first; it stays until it is set anew.
    pub(super) fn due(&self, now: Millis, most: usize) -> Vec<(Millis, Sku)> {
        let due = self.by_time.iter().take_while(|(due, _)| *due <= now);
        due.take(most).cloned().collect()
    }

    /// Whether everything known is exhausted and a walk has to find what is next.
    pub(super) fn beyond(&self, now: Millis) -> bool {
        self.horizon.is_some_and(|horizon| horizon <= now)
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.by_sku.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sku(number: u8) -> Sku {
        Sku::new(format!("S{number}")).unwrap()
    }

    #[test]
    fn a_sku_has_one_time_and_is_due_until_it_is_set_anew() {
        let mut timers = Timers::default();
        timers.set(&sku(1), Some(Millis(10)));
        timers.set(&sku(1), Some(Millis(20)));
        timers.set(&sku(2), Some(Millis(15)));
        assert_eq!(timers.due(Millis(14), 9), []);
        assert_eq!(timers.due(Millis(30), 1), [(Millis(15), sku(2))]);
        assert_eq!(timers.overdue(&sku(1), Millis(19)), None);
        assert_eq!(timers.overdue(&sku(1), Millis(20)), Some(Millis(20)));
        timers.set(&sku(1), None);
        assert_eq!((timers.due(Millis(30), 9).len(), timers.len()), (1, 1));
    }

    proptest! {
        #[test]
        fn the_nearest_are_kept_and_the_horizon_says_from_where_on_some_lack(
            sets in prop::collection::vec((0_u8..20, prop::option::of(0_i64..50)), 1..80),
        ) {
            let (mut timers, mut all) = (Timers::keeping(5), HashMap::new());
            for (number, due) in sets {
                timers.set(&sku(number), due.map(Millis));
                all.insert(number, due);
            }
            prop_assert!(timers.len() <= 5);
            for now in 0..50 {
                if !timers.beyond(Millis(now)) {
                    let due = all.values().flatten().filter(|due| **due <= now).count();
                    prop_assert_eq!(timers.due(Millis(now), 99).len(), due);
                }
            }
        }
    }
}
