//! Listings of which somebody told that they may show something else now: they are read at once, instead of when their
//! turn comes.

use super::ChannelBoard;
use super::worker::Worker;
use omnistock_planner::ListingDocument;
use omnistock_sdk::{ListingKey, now};
use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

/// Listings that wait for a worker, at most: as many as go by one call of any vendor. The next complete read-back sees
/// the others.
const MOST: usize = 20_000;

/// What the board keeps of it.
#[derive(Debug, Default)]
pub(super) struct Told(Mutex<HashSet<ListingKey>>);

impl ChannelBoard {
    /// Has these listings read as soon as the channel's limits allow it.
    pub fn look_at(&self, listings: &[ListingKey]) {
        let mut told = self.told.0.lock().unwrap_or_else(PoisonError::into_inner);
        let room = MOST.saturating_sub(told.len());
        told.extend(listings.iter().take(room).cloned());
    }

    fn take_told(&self) -> HashSet<ListingKey> {
        std::mem::take(&mut *self.told.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn forget_told(&self) {
        self.take_told();
    }
}

impl Worker {
    /// Plans readings of listings that somebody told of. One that is not known is left to the next complete read-back.
    pub(super) fn look_at_told(&mut self) {
        for key in self.parts.board.take_told() {
            let document = ListingDocument::new(self.parts.channel.clone(), key.listing, key.location);
            if let Some(index) = self.catalogue.find(&document.id()) {
                self.catalogue.schedule(index, now());
            }
        }
    }
}
