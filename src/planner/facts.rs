//! What a decision about one number is made from, as plain data.

use crate::ListingDocument;
use omnistock_words::{LineId, Millis, Mode, OrderId, Quantity, WriteMeaning};

/// What the planner has to know of the vendor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vendor {
    /// What a written number means there.
    pub write: WriteMeaning,
    /// Whether a write can depend on the number it replaces.
    pub compare_and_set: bool,
    /// The grain of the vendor's order times, milliseconds: a line placed at `t` was placed in `[t, t + grain]`.
    pub grain: i64,
    /// How far the vendor's clock may be off ours, milliseconds.
    pub skew: i64,
    /// Digits behind the point of a written quantity.
    pub decimals: u32,
    /// The least number the vendor takes.
    pub least: Quantity,
    /// The largest number the vendor takes.
    pub most: Quantity,
    /// A listing without a number gets one by being written; elsewhere the vendor does not count it.
    pub opens: bool,
}

/// What the channel should show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// This promise, in sales units.
    Number(Quantity),
    /// Not counted on purpose: nothing is written.
    Untracked,
    /// No figure yet: nothing is written.
    Unknown,
}

/// Where an order line of this channel stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineStatus {
    /// Sold: the vendor has taken it off, at `placed_at` or up to `at`.
    Open,
    /// Handed over: the vendor took it off at `placed_at`.
    Shipped,
    /// Cancelled or returned at `at`: the vendor may have put it back.
    Ended,
}

/// One line of an order that this channel took itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnLine {
    /// The order.
    pub order: OrderId,
    /// Its line.
    pub line: LineId,
    /// Units of the SKU.
    pub quantity: Quantity,
    /// Where it stands.
    pub status: LineStatus,
    /// When the buyer bought, vendor's clock.
    pub placed_at: Millis,
    /// When it reached its status, vendor's clock.
    pub at: Millis,
}

/// Units that the vendor keeps apart for a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reserved {
    /// The order, where the vendor says so.
    pub order: Option<OrderId>,
    /// The line.
    pub line: LineId,
    /// Units of the SKU at the listing's location.
    pub quantity: Quantity,
}

/// A fetch of the channel's orders that the ledger contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fetched {
    /// When it began, our clock.
    pub begun: Millis,
    /// When the ledger had it, our clock.
    pub applied: Millis,
}

/// Everything a decision about one number is made from.
#[derive(Debug, Clone)]
pub struct Facts<'a> {
    /// The vendor.
    pub vendor: &'a Vendor,
    /// What may be written.
    pub mode: Mode,
    /// Whether the channel may be written at all.
    pub gate: bool,
    /// What it should show.
    pub target: Target,
    /// Units of the SKU in one unit of the listing.
    pub factor: Quantity,
    /// What is known of it.
    pub document: &'a ListingDocument,
    /// Every known line of this channel for the SKU.
    pub lines: &'a [OwnLine],
    /// The SKU has no other number on this channel: each of its sales came off this one.
    pub sole: bool,
    /// `document.observed` was read for this decision.
    pub fresh: bool,
    /// What the vendor keeps apart, as read together with a fresh `observed`.
    pub reserved: &'a [Reserved],
    /// Readings already made for this decision.
    pub reads: u32,
    /// When it was first seen that the number has to be looked at, our clock.
    pub since: Millis,
    /// The last fetch of the channel's orders.
    pub orders: Option<Fetched>,
    /// The stamp of the settings.
    pub settings: u64,
    /// Now, our clock.
    pub now: Millis,
}
