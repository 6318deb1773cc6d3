//! The board's counts and lists of listings by their state.

use super::board::{ChannelBoard, MOST_LISTED, ParkedListing, UnmappedListing};
use omnistock_planner::{ListingDocument, ListingState};
use std::sync::atomic::Ordering;

impl ChannelBoard {
    /// Moves a listing from one state to another; `None` where it comes or goes.
    pub(super) fn moved(
        &self,
        id: &str,
        document: &ListingDocument,
        from: Option<ListingState>,
        to: Option<ListingState>,
    ) {
        let place = |state: ListingState| self.states.get(state as usize);
        if from != to {
            if let Some(count) = from.and_then(place) {
                count.fetch_sub(1, Ordering::Relaxed);
            }
            if let Some(count) = to.and_then(place) {
                count.fetch_add(1, Ordering::Relaxed);
            }
        }
        let listed = |state: Option<ListingState>| matches!(state, Some(ListingState::Parked | ListingState::Unmapped));
        if from != to && listed(from) || listed(to) {
            self.list(id, document, to);
        }
    }

    fn list(&self, id: &str, document: &ListingDocument, to: Option<ListingState>) {
        let (listing, location, sku) = (
            document.listing.clone(),
            document.location.clone(),
            document.sku.clone(),
        );
        let mut texts = self.texts();
        texts.parked.remove(id);
        texts.unmapped.remove(id);
        if to == Some(ListingState::Parked) && texts.parked.len() < MOST_LISTED {
            let refused = document.parked.as_ref();
            let reason = refused
                .map(|parked| parked.reason.clone())
                .or_else(|| document.unwritable.clone());
            let at = refused.map(|parked| parked.at);
            let parked = ParkedListing {
                listing,
                location,
                sku,
                reason: reason.unwrap_or_default(),
                at,
            };
            texts.parked.insert(id.to_owned(), parked);
        } else if to == Some(ListingState::Unmapped) && texts.unmapped.len() < MOST_LISTED {
            texts
                .unmapped
                .insert(id.to_owned(), UnmappedListing { listing, location, sku });
        }
    }
}
