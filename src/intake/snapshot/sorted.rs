//! The rows of a report in the order in which they are judged.

use omnistock_sdk::{StockReport, StockRows};
use omnistock_words::Sku;

/// The rows of a report by SKU and location. A report has millions of them, and they are there once: of their order
/// only their places are kept, where it is another one, and the engine is handed the rows of one SKU at a time.
pub(in crate::intake) struct Sorted<'a> {
    pub(super) rows: &'a StockRows,
    /// `None`: they are sorted as they came, as most are.
    order: Option<Vec<u32>>,
}

impl<'a> Sorted<'a> {
    pub(in crate::intake) fn new(report: &'a StockReport) -> Self {
        let rows = &report.rows;
        let key = |place: usize| rows.seen(place).map(|row| (row.sku, row.location));
        let order = (!(0..rows.len()).is_sorted_by_key(key)).then(|| {
            let mut order: Vec<u32> = (0..u32::try_from(rows.len()).unwrap_or(u32::MAX)).collect();
            order.sort_by_key(|place| key(index(*place)));
            order
        });
        Self { rows, order }
    }

    /// The place of the row that is the so many-th in order.
    pub(super) fn place(&self, nth: usize) -> Option<u32> {
        match &self.order {
            Some(order) => order.get(nth).copied(),
            None => u32::try_from(nth).ok().filter(|_| nth < self.rows.len()),
        }
    }

    /// The SKU of the row that is the so many-th in order.
    pub(super) fn sku(&self, nth: usize) -> Option<&'a str> {
        self.rows.seen(index(self.place(nth)?)).map(|row| row.sku)
    }

    /// Every SKU once, in their order.
    pub(in crate::intake) fn skus(&self) -> impl Iterator<Item = Sku> {
        let mut last = None;
        let skus = (0..self.rows.len()).filter_map(|nth| self.sku(nth));
        skus.filter(move |sku| last.replace(*sku) != Some(*sku))
            .filter_map(|sku| Sku::new(sku).ok())
    }
}

/// The place of a row as it is counted in memory.
pub(super) fn index(place: u32) -> usize {
    usize::try_from(place).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::snapshot::tests::report;

    #[test]
    fn of_the_order_of_sorted_rows_nothing_is_kept() {
        let sorted = report(&[("A", "berlin", 1), ("A", "munich", 1), ("B", "berlin", 1)]);
        assert_eq!(Sorted::new(&sorted).order, None);
        let other = report(&[("A", "munich", 1), ("A", "berlin", 1), ("B", "berlin", 1)]);
        assert_eq!(Sorted::new(&other).order, Some(vec![1, 0, 2]));
    }
}
