//! What people see of a channel's prices.

use super::ChannelBoard;
use super::board::{MOST_LISTED, ParkedListing};
use super::price_guard::PriceHold;
use super::prices::PriceEntry;
use omnistock_planner::{ListingDocument, ListingState};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// Counts and lists of prices. Counters are atomics, as those of numbers.
#[derive(Debug, Default)]
pub(super) struct PriceBoard {
    states: [AtomicU64; ListingState::ALL.len()],
    parked: Mutex<BTreeMap<String, ParkedListing>>,
    holds: Mutex<Vec<PriceHold>>,
}

impl ChannelBoard {
    /// How many listings' prices are in each state, in the order of [`ListingState::ALL`]: they add up to
    /// the catalogue, as the states of the numbers do.
    pub fn price_states(&self) -> Vec<(ListingState, u64)> {
        let counts = self.prices.states.iter().map(|count| count.load(Ordering::Relaxed));
        ListingState::ALL.into_iter().zip(counts).collect()
    }

    /// How many prices are in this state.
    pub fn count_prices(&self, state: ListingState) -> u64 {
        let states = self.price_states();
        states
            .into_iter()
            .find(|(other, _)| *other == state)
            .map_or(0, |(_, count)| count)
    }

    /// The first prices that are refused or may not be written; how many there are is in the states.
    pub fn parked_prices(&self) -> Vec<ParkedListing> {
        let parked = self.prices.parked.lock().unwrap_or_else(PoisonError::into_inner);
        parked.values().cloned().collect()
    }

    /// Prices that guards stopped at this channel.
    pub fn price_holds(&self) -> Vec<PriceHold> {
        self.prices.holds.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn set_price_holds(&self, holds: Vec<PriceHold>) {
        *self.prices.holds.lock().unwrap_or_else(PoisonError::into_inner) = holds;
    }

    /// Forgets the prices: the worker begins anew, or nobody works at the channel any more.
    pub(super) fn clear_prices(&self) {
        self.prices
            .states
            .iter()
            .for_each(|count| count.store(0, Ordering::Relaxed));
        self.prices
            .parked
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }

    /// Moves a listing's price from one state to another; `None` where the listing comes or goes.
    pub(super) fn price_moved(
        &self,
        id: &str,
        document: &ListingDocument,
        known: Option<&PriceEntry>,
        from: Option<ListingState>,
        to: Option<ListingState>,
    ) {
        let place = |state: ListingState| self.prices.states.get(state as usize);
        if from != to {
            if let Some(count) = from.and_then(place) {
                count.fetch_sub(1, Ordering::Relaxed);
            }
            if let Some(count) = to.and_then(place) {
                count.fetch_add(1, Ordering::Relaxed);
            }
        }
        let parked = Some(ListingState::Parked);
        if to != parked && from != parked {
            return;
        }
        let mut list = self.prices.parked.lock().unwrap_or_else(PoisonError::into_inner);
        list.remove(id);
        if to != parked || list.len() >= MOST_LISTED {
            return;
        }
        let refused = document.price.as_ref().and_then(|price| price.parked.as_ref());
        let gap = known.and_then(|known| known.gap.clone());
        let reason = gap.or_else(|| refused.map(|refused| refused.reason.clone()));
        let listed = ParkedListing {
            listing: document.listing.clone(),
            location: document.location.clone(),
            sku: document.sku.clone(),
            reason: format!("price: {}", reason.unwrap_or_default()),
            at: refused.map(|refused| refused.at),
        };
        list.insert(id.to_owned(), listed);
    }
}
