//! What auctions hold of items, as it was last read: the number of an item is written with that on top.
//!
//! A figure that is too high harms nobody, for buyers see the smaller of the item's and the offer's number. One that is
//! too low shows too few until the next reading of the listing tells the true one, and the number goes out again.

use crate::wire::Item;
use omnistock_words::Quantity;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Items with auctions that are kept in mind, at most; of others eBay's refusal tells.
const MOST: usize = 100_000;

/// What an auction keeps of an item.
pub(crate) fn allotted(item: &Item) -> Quantity {
    item.availability.ship.allocation.auction.unwrap_or_default()
}

/// Units by SKU.
#[derive(Default)]
pub(crate) struct Auctions(Mutex<BTreeMap<String, i64>>);

impl Auctions {
    fn with<T>(&self, look: impl FnOnce(&mut BTreeMap<String, i64>) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The item was read.
    pub(crate) fn note(&self, item: &Item) {
        let units = allotted(item).as_whole().unwrap_or(0);
        self.with(|held| {
            if units <= 0 {
                held.remove(&item.sku);
            } else if held.len() < MOST || held.contains_key(&item.sku) {
                held.insert(item.sku.clone(), units);
            }
        });
    }

    /// Units of this item that are not ours to offer.
    pub(crate) fn of(&self, sku: &str) -> i64 {
        self.with(|held| held.get(sku).copied().unwrap_or(0))
    }
}
