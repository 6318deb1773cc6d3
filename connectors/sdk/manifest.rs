//! What a connector says of its vendor: facts that planner and intake go by.

use crate::Facts;
use omnistock_words::{Quantity, WriteMeaning};
use std::time::Duration;

/// Which listings may share a write call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grouping {
    /// Any.
    Any,
    /// Those with the same parent (variations of one product).
    Parent,
    /// Those at the same vendor location.
    Location,
}

/// Facts of a vendor's interface. Each connector names the source of each figure beside it.
#[derive(Debug, Clone)]
pub struct Manifest {
    /// The connector's kind, such as `woocommerce`.
    pub kind: &'static str,
    /// What a written number means there.
    pub write: WriteMeaning,
    /// Whether a write can be made to depend on the number it replaces.
    pub compare_and_set: bool,
    /// Listings in one write call, at most.
    pub max_write: usize,
    /// Listings in one read call, at most.
    pub max_read: usize,
    /// Which listings may share a write call.
    pub grouping: Grouping,
    /// One refused listing makes the whole call undone.
    pub all_or_nothing: bool,
    /// Calls in flight at once, at most.
    pub concurrency: usize,
    /// The grain of the vendor's order times: two instants closer than this can't be put in order.
    pub clock_grain: Duration,
    /// Digits behind the point of a written quantity.
    pub decimals: u32,
    /// The least number the vendor takes.
    pub least: Quantity,
    /// The largest number the vendor takes.
    pub most: Quantity,
    /// What it says to people beside that.
    pub facts: Facts,
}
