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
    id: Box<str>,
    what: What,
}

/// What it may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    /// Newly show zero.
    Zero,
    /// Ask this.
    Price(Money),
}

impl Approved {
    /// It may newly show zero.
    pub fn zero(listing: &ListingDocument) -> Self {
        Self::of(listing, What::Zero)
    }

    /// It may ask this.
    pub fn price(listing: &ListingDocument, price: Money) -> Self {
        Self::of(listing, What::Price(price))
    }

    fn of(listing: &ListingDocument, what: What) -> Self {
        let id = listing.id().into_boxed_str();
        Self { id, what }
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
        for Approved { id, what } in approved {
            let Some(index) = self.catalogue.find(&id) else {
                continue;
            };
            if let Some(entry) = self.catalogue.get_mut(index) {
                match what {
                    What::Zero => entry.document.released = true,
                    What::Price(price) => {
                        if let Some(document) = entry.document.price.as_deref_mut() {
                            document.released = Some(price);
                        }
                    }
                }
                self.changes.touch(index);
            }
        }
    }
}
