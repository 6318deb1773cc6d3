//! All orders, by id and by the time of their last change: a shop finds both by an index, however many there are.

use super::records::ShopOrder;
use omnistock_words::Millis;
use std::collections::BTreeMap;

/// Orders of the shop.
#[derive(Default)]
pub(super) struct OrderBook {
    orders: BTreeMap<u64, ShopOrder>,
    /// The second of the last change, and the id, in this order: of those that are in use, and of those in the trash.
    used: Vec<(i64, u64)>,
    trashed: Vec<(i64, u64)>,
}

fn second(at: Millis) -> i64 {
    at.0 / 1_000
}

impl OrderBook {
    pub(super) fn get(&self, id: u64) -> Option<&ShopOrder> {
        self.orders.get(&id)
    }

    pub(super) fn insert(&mut self, order: ShopOrder) {
        self.remove(order.id);
        let (place, index) = ((second(order.modified), order.id), self.index(&order));
        // Nearly always the last one: what has just changed.
        let at = index.partition_point(|other| *other < place);
        index.insert(at, place);
        self.orders.insert(order.id, order);
    }

    pub(super) fn remove(&mut self, id: u64) -> Option<ShopOrder> {
        let order = self.orders.remove(&id)?;
        let (place, index) = ((second(order.modified), id), self.index(&order));
        if let Ok(at) = index.binary_search(&place) {
            index.remove(at);
        }
        Some(order)
    }

    fn index(&mut self, order: &ShopOrder) -> &mut Vec<(i64, u64)> {
        if order.status == "trash" {
            &mut self.trashed
        } else {
            &mut self.used
        }
    }

    /// Whether there is such an order, which is changed then.
    pub(super) fn change(&mut self, id: u64, with: impl FnOnce(&mut ShopOrder)) -> bool {
        let Some(mut order) = self.remove(id) else {
            return false;
        };
        with(&mut order);
        self.insert(order);
        true
    }

    /// By their ids.
    pub(super) fn all(&self) -> impl Iterator<Item = &ShopOrder> {
        self.orders.values()
    }

    /// Ids of those in use, or of those in the trash, that were changed in a later second, by the time of it and their
    /// ids; of all without one.
    pub(super) fn changed_after(&self, than: Option<Millis>, trashed: bool) -> Vec<u64> {
        let index = if trashed { &self.trashed } else { &self.used };
        let first = than.map_or(0, |than| index.partition_point(|(at, _)| *at <= second(than)));
        index.iter().skip(first).map(|(_, id)| *id).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_found_by_its_last_change_only() {
        let mut book = OrderBook::default();
        let order = |id: u64, at: i64| ShopOrder {
            id,
            status: "processing".to_owned(),
            created: Millis(0),
            modified: Millis(at),
            paid: None,
            completed: None,
            refund: None,
            lines: Vec::new(),
        };
        for (id, at) in [(1, 9_100), (2, 5_000), (3, 9_900), (1, 7_000)] {
            book.insert(order(id, at));
        }
        let after = |book: &OrderBook, than: i64| -> Vec<u64> { book.changed_after(Some(Millis(than)), false) };
        assert_eq!(after(&book, 5_999), [1, 3]);
        assert_eq!(after(&book, 7_000), [3], "seconds count");
        assert_eq!(book.changed_after(None, false).len(), 3);
        book.change(1, |order| "trash".clone_into(&mut order.status));
        assert_eq!(after(&book, 0), [2, 3]);
        assert_eq!(book.changed_after(None, true), [1]);
        book.change(1, |order| "processing".clone_into(&mut order.status));
        book.remove(3);
        assert_eq!(after(&book, 0), [2, 1]);
    }
}
