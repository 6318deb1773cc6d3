//! Which row of a file stands twice. Most files are sorted: there each row is behind the one before it, and nothing has to
//! be remembered of the others.

use hashbrown::HashTable;
use omnistock_sdk::{SeenRow, StockRow, StockRows};
use omnistock_words::LocationName;
use std::hash::{BuildHasher as _, RandomState};

/// Rows by SKU and location.
#[derive(Default)]
pub(crate) struct Twice {
    /// The places of all rows, from the first one on that is not behind the one before it: a file has millions, so their
    /// names are not kept twice.
    found: Option<HashTable<u32>>,
    hasher: RandomState,
}

fn at(rows: &StockRows, place: u32) -> Option<SeenRow<'_>> {
    rows.seen(usize::try_from(place).ok()?)
}

fn key<'a>(row: &SeenRow<'a>) -> (&'a str, &'a LocationName) {
    (row.sku, row.location)
}

impl Twice {
    /// The place of an earlier row of this SKU and location; all of `rows` were added.
    pub(crate) fn earlier(&mut self, rows: &StockRows, row: &StockRow) -> Option<usize> {
        let this = (row.sku.as_str(), &row.location);
        let last = rows.len().checked_sub(1).and_then(|last| rows.seen(last));
        if self.found.is_none() && last.is_none_or(|last| key(&last) < this) {
            return None;
        }
        let found = self.found.get_or_insert_with(|| {
            let mut found = HashTable::with_capacity(rows.len() + 1);
            let all = 0..u32::try_from(rows.len()).unwrap_or(u32::MAX);
            all.for_each(|place| insert(&mut found, &self.hasher, rows, place));
            found
        });
        let same = |place: &u32| at(rows, *place).is_some_and(|row| key(&row) == this);
        let place = found.find(self.hasher.hash_one(this), same)?;
        usize::try_from(*place).ok()
    }

    /// The last one of `rows` is found from now on.
    pub(crate) fn added(&mut self, rows: &StockRows) {
        let last = rows.len().checked_sub(1).and_then(|last| u32::try_from(last).ok());
        if let (Some(found), Some(last)) = (&mut self.found, last) {
            insert(found, &self.hasher, rows, last);
        }
    }
}

fn insert(found: &mut HashTable<u32>, hasher: &RandomState, rows: &StockRows, place: u32) {
    let hash = |place: &u32| at(rows, *place).map_or(0, |row| hasher.hash_one(key(&row)));
    found.insert_unique(hash(&place), place, hash);
}

#[cfg(test)]
mod tests {
    use super::*;
    use omnistock_words::{Quantity, Sku};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_first_of_two_is_found_whatever_the_order(
            mut given in proptest::collection::vec((0_u16..60, 0_u8..3), 0..80),
            sorted in 0_usize..80,
        ) {
            let sorted = sorted.min(given.len());
            given[..sorted].sort_unstable();
            let (mut twice, mut rows) = (Twice::default(), StockRows::default());
            let mut model: Vec<(u16, u8)> = Vec::new();
            for (sku, place) in given {
                let row = StockRow {
                    sku: Sku::new(format!("S-{sku:03}")).unwrap(),
                    location: LocationName::new(format!("store_{place}")).unwrap(),
                    quantity: Quantity::ONE,
                    sellable: true,
                };
                let known = model.iter().position(|other| *other == (sku, place));
                prop_assert_eq!(twice.earlier(&rows, &row), known);
                if known.is_none() {
                    rows.push(&row);
                    twice.added(&rows);
                    model.push((sku, place));
                }
            }
        }
    }
}
