//! What a person has approved before it comes: of a plan, the listings that it brings to zero, and its prices.
//! It counts once the settings are others; a guard that would stop just that lets it go.

use super::ChannelBoard;
use super::worker::Worker;
use omnistock_planner::ListingDocument;
use omnistock_words::Money;
use std::sync::{Mutex, PoisonError};

/// One listing of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approved {
    id: String,
    /// It may newly show zero.
    pub zero: bool,
    /// It may ask this.
    pub price: Option<Money>,
}

impl Approved {
    /// Nothing of this listing yet.
    pub fn of(listing: &ListingDocument) -> Self {
        Self {
            id: listing.id(),
            zero: false,
            price: None,
        }
    }
}

/// What the board keeps of it, until the worker sees the new settings.
#[derive(Debug, Default)]
pub(super) struct Approvals(Mutex<Vec<Approved>>);

impl ChannelBoard {
    /// Approves what the next settings bring. In memory only: after a restart guards judge anew.
    pub fn approve(&self, approved: Vec<Approved>) {
        *self.approvals.0.lock().unwrap_or_else(PoisonError::into_inner) = approved;
    }
}

impl Worker {
    /// The settings are others: what was approved of them is let out.
    pub(super) fn take_approvals(&mut self) {
        let approved = std::mem::take(
            &mut *self
                .parts
                .board
                .approvals
                .0
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        );
        for Approved { id, zero, price } in approved {
            let Some(index) = self.catalogue.find(&id) else {
                continue;
            };
            if let Some(entry) = self.catalogue.get_mut(index) {
                entry.document.released |= zero;
                if let (Some(document), Some(price)) = (entry.document.price.as_deref_mut(), price) {
                    document.released = Some(price);
                }
                self.changes.touch(index);
            }
        }
    }
}
