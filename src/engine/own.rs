//! The lines that a channel itself sold of a SKU: what its vendor already took off, or keeps apart.

use crate::{LineRecord, Part, SkuDocument};
use omnistock_words::{ChannelName, FulfilledBy, LineId, LocationName, Millis, OrderId, OrderStatus, Quantity};

/// A line that the channel sold of this SKU, contained by a source or not, cancelled or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnLine<'a> {
    /// The order.
    pub order: &'a OrderId,
    /// The line.
    pub line: &'a LineId,
    /// Units of the SKU sold on the channel (bundles where the SKU is one).
    pub quantity: Quantity,
    /// Where the line stands.
    pub status: OrderStatus,
    /// When the buyer bought.
    pub placed_at: Millis,
    /// When the line reached its status.
    pub at: Millis,
    /// The place it must come from.
    pub location: Option<&'a LocationName>,
    /// Whose shelf.
    pub fulfilled_by: FulfilledBy,
}

impl<'a> From<&'a LineRecord> for OwnLine<'a> {
    fn from(line: &'a LineRecord) -> Self {
        Self {
            order: &line.order,
            line: &line.line,
            quantity: line.quantity,
            status: line.status,
            placed_at: line.placed_at,
            at: line.at,
            location: line.location(),
            fulfilled_by: line.fulfilled_by,
        }
    }
}

/// Every known line that the channel sold of this SKU, oldest first. Lines that sold a bundle
/// of which the SKU is a part are not among them: they are the bundle's own.
pub fn own_lines<'a>(document: &'a SkuDocument, channel: &'a ChannelName) -> impl Iterator<Item = OwnLine<'a>> {
    document
        .lines
        .iter()
        .filter(move |line| line.channel == *channel && !matches!(line.part(), Part::Of(_)))
        .map(OwnLine::from)
}
