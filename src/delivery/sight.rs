//! What the ledger says of a SKU, for all of its listings.

use super::worker::Worker;
use omnistock_engine::{Documents, Held, Part, Promise, SkuDocument, State, own_lines, promise};
use omnistock_planner::{LineStatus, ListingDocument, OwnLine, Target, Work};
use omnistock_words::{ChannelPolicy, FulfilledBy, ListingId, Millis, OrderStatus, Sku, WriteMeaning};
use std::cell::Cell;

/// What is the same for all listings of a SKU.
pub(super) struct Sight<'a> {
    pub(super) documents: &'a Documents,
    pub(super) ledger: &'a SkuDocument,
    pub(super) promise: Promise,
    pub(super) lines: Vec<OwnLine>,
    pub(super) sole: bool,
    /// The listings of the SKU, where there are several: they may share what there is.
    pub(super) offers: Vec<ListingId>,
    pub(super) seen_at: Millis,
    pub(super) marked_at: Option<Millis>,
    /// What the listings' adaptive safety stock holds back, the most of them.
    pub(super) held: Cell<Option<Held>>,
}

impl Worker {
    pub(super) fn sight<'a>(
        &self,
        sku: &Sku,
        documents: &'a Documents,
        ledger: &'a SkuDocument,
        offers: Vec<ListingId>,
        work: &Work,
        now: Millis,
    ) -> Sight<'a> {
        let channel = &self.parts.channel;
        // Of a bundle's line a vendor that keeps reservations apart sets the parts aside; one that counts
        // down takes it off the bundle's own listing.
        let parts = self.vendor.write == WriteMeaning::Gross;
        let of_parts = ledger
            .lines
            .iter()
            .filter(|line| parts && line.channel == *channel && matches!(line.part(), Part::Of(_)));
        let lines = own_lines(ledger, channel).chain(of_parts.map(omnistock_engine::OwnLine::from));
        let lines = lines
            .filter(|line| line.fulfilled_by == FulfilledBy::Merchant)
            .map(|line| own_line(&line));
        let promise = promise(&self.settings, documents, channel, sku, now);
        let held = Cell::new(promise.held);
        Sight {
            documents,
            ledger,
            promise,
            lines: lines.collect(),
            sole: offers.len() < 2,
            offers,
            seen_at: work.seen_at,
            marked_at: work.marked_at,
            held,
        }
    }
}

fn own_line(line: &omnistock_engine::OwnLine<'_>) -> OwnLine {
    OwnLine {
        order: line.order.clone(),
        line: line.line.clone(),
        quantity: line.quantity,
        status: match line.status {
            OrderStatus::Open => LineStatus::Open,
            OrderStatus::Shipped => LineStatus::Shipped,
            OrderStatus::Cancelled | OrderStatus::Returned => LineStatus::Ended,
        },
        placed_at: line.placed_at,
        at: line.at,
    }
}

/// Whether any source knows the SKU. Once a source is complete the engine takes what it lacks for
/// zero; a listing that no source ever spoke of is somebody else's, and is left alone and listed.
pub fn known(ledger: &SkuDocument, state: State) -> bool {
    let spoken_of = !ledger.positions.is_empty() || !ledger.movements.is_empty() || !ledger.prices.is_empty();
    spoken_of || matches!(state, State::Backorder | State::Preorder | State::Untracked)
}

/// What this listing should show: the promise, or its place's part of it.
pub(crate) fn target(document: &ListingDocument, promise: &Promise, policy: &ChannelPolicy) -> Target {
    let whole = (promise.quantity, promise.state == State::Untracked);
    omnistock_planner::target(document, whole, &promise.split, |place| {
        policy.locations.contains(place)
    })
}
