//! The figures of a report in some twenty bytes each: a report has millions of them, and they are in memory while it is
//! judged.
//!
//! They lie behind each other on pages, so that nothing is copied while a report grows and no place is kept for figures
//! that do not come.

use crate::StockRow;
use omnistock_words::{LocationName, Quantity, Sku};
use std::collections::BTreeMap;

/// Bytes of a page, and how many bits count them.
const PAGE: usize = 1 << PAGE_BITS;
const PAGE_BITS: u32 = 16;
/// Millionths in one.
const SCALE: i64 = 1_000_000;

/// The figures of a report, in the order in which they came.
#[derive(Clone, Default)]
pub struct StockRows {
    pages: Vec<Vec<u8>>,
    /// Where each of them begins: its page, and its place there. Pages have room for 4 GB, a report for 5,000,000 rows.
    starts: Vec<u32>,
    /// Every place once; figures name it by its number.
    places: Vec<LocationName>,
    numbers: BTreeMap<LocationName, u32>,
}

/// A figure where it lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeenRow<'a> {
    /// The article's SKU.
    pub sku: &'a str,
    /// The place.
    pub location: &'a LocationName,
    /// Units there, of the source's basis.
    pub quantity: Quantity,
    /// False: kept in the books, not for sale.
    pub sellable: bool,
}

impl StockRows {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.starts.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }

    /// Bytes that they take in memory, as far as they ask for them.
    pub fn bytes(&self) -> usize {
        let pages: usize = self.pages.iter().map(Vec::capacity).sum();
        pages + self.starts.capacity() * size_of::<u32>()
    }

    /// Puts a figure behind the others.
    pub fn push(&mut self, row: &StockRow) {
        let start = self.lay_down(row);
        if self.starts.len() == self.starts.capacity() {
            // Twice as many would be half of them for nothing.
            self.starts.reserve_exact(self.starts.len() / 8 + 64);
        }
        self.starts.push(start);
    }

    /// Another figure in the place of one that is there.
    pub fn set(&mut self, index: usize, row: &StockRow) {
        if index >= self.starts.len() {
            return;
        }
        let start = self.lay_down(row);
        if let Some(place) = self.starts.get_mut(index) {
            *place = start;
        }
    }

    /// The figure, where it lies.
    pub fn seen(&self, index: usize) -> Option<SeenRow<'_>> {
        let start = *self.starts.get(index)?;
        let page = self.pages.get(usize::try_from(start >> PAGE_BITS).ok()?)?;
        let mut rest = page.get(usize::try_from(start).ok()? % PAGE..)?;
        let head = number(&mut rest)?;
        let units = number(&mut rest)?;
        let units = (units >> 1).cast_signed() ^ -(units & 1).cast_signed();
        let millionths = if head & 2 == 0 {
            units.checked_mul(SCALE)?
        } else {
            units
        };
        let length = usize::try_from(number(&mut rest)?).ok()?;
        Some(SeenRow {
            sku: std::str::from_utf8(rest.get(..length)?).ok()?,
            location: self.places.get(usize::try_from(head >> 2).ok()?)?,
            quantity: Quantity::of_millionths(millionths),
            sellable: head & 1 == 1,
        })
    }

    /// The figure, to be kept.
    pub fn get(&self, index: usize) -> Option<StockRow> {
        let row = self.seen(index)?;
        Some(StockRow {
            sku: Sku::new(row.sku).ok()?,
            location: row.location.clone(),
            quantity: row.quantity,
            sellable: row.sellable,
        })
    }

    /// All of them, one after the other.
    pub fn iter(&self) -> StockRowsIter<'_> {
        StockRowsIter { rows: self, next: 0 }
    }

    fn lay_down(&mut self, row: &StockRow) -> u32 {
        let (all, sku) = (row.quantity.millionths(), row.sku.as_str().as_bytes());
        let (units, fraction) = if all % SCALE == 0 { (all / SCALE, 0) } else { (all, 2) };
        let mut bytes = Vec::with_capacity(sku.len() + 24);
        put(
            &mut bytes,
            u64::from(self.number_of(&row.location)) << 2 | fraction | u64::from(row.sellable),
        );
        put(&mut bytes, ((units << 1) ^ (units >> 63)).cast_unsigned());
        put(&mut bytes, sku.len() as u64);
        bytes.extend_from_slice(sku);
        let room = |page: &Vec<u8>| page.len() + bytes.len() <= PAGE;
        if !self.pages.last().is_some_and(room) {
            self.pages.push(Vec::with_capacity(PAGE));
        }
        let page = u32::try_from(self.pages.len() - 1).unwrap_or(u32::MAX);
        let Some(last) = self.pages.last_mut() else {
            return u32::MAX;
        };
        let place = u32::try_from(last.len()).unwrap_or(u32::MAX);
        last.extend_from_slice(&bytes);
        page << PAGE_BITS | place
    }

    fn number_of(&mut self, location: &LocationName) -> u32 {
        if let Some(number) = self.numbers.get(location) {
            return *number;
        }
        let number = u32::try_from(self.places.len()).unwrap_or(u32::MAX);
        self.places.push(location.clone());
        self.numbers.insert(location.clone(), number);
        number
    }
}

/// Seven bits a byte, the lowest first.
fn put(into: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        into.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    into.push(number.to_le_bytes()[0]);
}

fn number(from: &mut &[u8]) -> Option<u64> {
    let (mut number, mut shift) = (0_u64, 0_u32);
    loop {
        let (byte, rest) = from.split_first()?;
        *from = rest;
        number |= u64::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some(number);
        }
        shift += 7;
    }
}

/// Goes over figures, one after the other.
#[derive(Debug)]
pub struct StockRowsIter<'a> {
    rows: &'a StockRows,
    next: usize,
}

impl Iterator for StockRowsIter<'_> {
    type Item = StockRow;

    fn next(&mut self) -> Option<StockRow> {
        let row = self.rows.get(self.next)?;
        self.next += 1;
        Some(row)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.rows.len() - self.next;
        (left, Some(left))
    }
}

impl ExactSizeIterator for StockRowsIter<'_> {}

impl<'a> IntoIterator for &'a StockRows {
    type Item = StockRow;
    type IntoIter = StockRowsIter<'a>;

    fn into_iter(self) -> StockRowsIter<'a> {
        self.iter()
    }
}

impl FromIterator<StockRow> for StockRows {
    fn from_iter<I: IntoIterator<Item = StockRow>>(rows: I) -> Self {
        let mut all = Self::default();
        rows.into_iter().for_each(|row| all.push(&row));
        all
    }
}

impl PartialEq for StockRows {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && (0..self.len()).all(|index| self.seen(index) == other.seen(index))
    }
}

impl Eq for StockRows {}

impl std::fmt::Debug for StockRows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn row(sku: &str, place: u8, millionths: i64, sellable: bool) -> StockRow {
        StockRow {
            sku: Sku::new(sku).unwrap(),
            location: LocationName::new(format!("store_{place}")).unwrap(),
            quantity: Quantity::of_millionths(millionths),
            sellable,
        }
    }

    proptest! {
        #[test]
        fn figures_are_read_as_they_were_last_put_there(
            given in proptest::collection::vec(("[a-zä0-9]{1,60}", 0_u8..9, any::<i64>(), any::<bool>()), 0..400),
            again in proptest::collection::vec((0_usize..400, "[a-z]{1,9}", -9_i64..9), 0..9),
        ) {
            let mut model: Vec<StockRow> =
                given.iter().map(|(sku, place, units, sellable)| row(sku, *place, *units, *sellable)).collect();
            let mut rows: StockRows = model.iter().cloned().collect();
            for (index, sku, units) in again {
                let other = row(&sku, 3, units * SCALE, true);
                rows.set(index, &other);
                if let Some(place) = model.get_mut(index) {
                    *place = other;
                }
            }
            prop_assert_eq!(rows.iter().collect::<Vec<_>>(), model.clone());
            prop_assert_eq!(rows.len(), model.len());
            prop_assert_eq!(rows.get(model.len()), None);
            prop_assert!(rows == model.into_iter().collect());
        }
    }

    #[test]
    fn a_million_figures_take_some_twenty_megabytes() {
        const ROWS: usize = 100_000;
        let each = (0..ROWS).map(|number| row(&format!("SKU-{number:07}"), 1, 100 * SCALE, true));
        let rows: StockRows = each.collect();
        assert!(rows.bytes() <= 21 * ROWS, "{} bytes", rows.bytes());
        assert_eq!(rows.seen(ROWS - 1).unwrap().sku, "SKU-0099999");
    }
}
