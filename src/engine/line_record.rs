//! One order line in the ledger of a SKU. There are more of these than of anything else: what few
//! lines have lies apart, so that the others are small. How one is written: `line_row`.

use crate::{Few, Statement};
use omnistock_words::{
    ChannelName, FulfilledBy, LineId, LocationName, Millis, OrderId, OrderStatus, Quantity, ReservationId, Sku,
};
use serde::{Deserialize, Serialize};

/// How an order line touches this SKU.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The line sold this SKU from stock.
    #[default]
    Whole,
    /// The line sold this SKU, a bundle: its parts take the stock.
    Bundle,
    /// The line sold a bundle of which this SKU is a part.
    Of(Sku),
}

static WHOLE: Part = Part::Whole;

/// One order line as it touches this SKU: a projection of the order's document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineRecord {
    /// When the buyer bought; lines are kept in this order, then by channel, order and line.
    pub placed_at: Millis,
    /// Where.
    pub channel: ChannelName,
    /// The order.
    pub order: OrderId,
    /// The line.
    pub line: LineId,
    /// Units of this SKU.
    pub quantity: Quantity,
    /// Where the line stands.
    pub status: OrderStatus,
    /// When the newest report of it says so.
    pub at: Millis,
    /// Since when the newest reports without a gap say that it is sold, in at least this quantity.
    pub open_at: Millis,
    /// When it reached a status that means the goods left, if it is in one.
    pub left_at: Option<Millis>,
    /// Whose shelf.
    pub fulfilled_by: FulfilledBy,
    /// What sources say they contain of it, one a source.
    pub statements: Few<Statement>,
    /// What few lines have, from [`LineExtra::kept`].
    pub extra: Option<Box<LineExtra>>,
}

/// What few order lines have.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LineExtra {
    /// How it touches this SKU.
    pub part: Part,
    /// The place it must come from.
    pub location: Option<LocationName>,
    /// The reservation it consumes.
    pub reservation: Option<ReservationId>,
    /// Where returned units go back to stock.
    pub restock_location: Option<LocationName>,
    /// Units that a person gave back: they take no stock any more.
    pub released: Quantity,
    /// Since when it is back, if it is: a later edit of the order does not bring it back anew.
    pub back_at: Option<Millis>,
}

impl LineExtra {
    /// Nothing where there is nothing, so that equal lines are equal.
    pub fn kept(self) -> Option<Box<Self>> {
        let Self {
            part,
            location,
            reservation,
            restock_location,
            released,
            back_at,
        } = &self;
        let plain = *part == Part::Whole && (location, restock_location) == (&None, &None);
        let plain = plain && reservation.is_none() && back_at.is_none() && released.is_zero();
        if plain { None } else { Some(Box::new(self)) }
    }
}

impl LineRecord {
    /// The order in which lines take stock.
    #[inline]
    pub fn rank(&self) -> (Millis, &ChannelName, &OrderId, &LineId) {
        (self.placed_at, &self.channel, &self.order, &self.line)
    }

    /// How it touches this SKU.
    #[inline]
    pub fn part(&self) -> &Part {
        self.extra.as_ref().map_or(&WHOLE, |extra| &extra.part)
    }

    /// The place it must come from.
    #[inline]
    pub fn location(&self) -> Option<&LocationName> {
        self.extra.as_ref()?.location.as_ref()
    }

    /// The reservation it consumes.
    #[inline]
    pub fn reservation(&self) -> Option<&ReservationId> {
        self.extra.as_ref()?.reservation.as_ref()
    }

    /// Units that a person gave back.
    #[inline]
    pub fn released(&self) -> Quantity {
        self.extra.as_ref().map_or(Quantity::ZERO, |extra| extra.released)
    }

    /// Where returned units go back to stock.
    pub fn restock_location(&self) -> Option<&LocationName> {
        self.extra.as_ref()?.restock_location.as_ref()
    }

    /// The place and instant at which the line's units came back to our own stock.
    #[inline]
    pub fn restocked(&self) -> Option<(&LocationName, Millis)> {
        let ours = self.status == OrderStatus::Returned
            && self.fulfilled_by == FulfilledBy::Merchant
            && *self.part() != Part::Bundle;
        let extra = self.extra.as_ref().filter(|_| ours)?;
        let place = extra.restock_location.as_ref()?;
        // A document of an earlier version knows only when the newest report was.
        Some((place, extra.back_at.unwrap_or(self.at)))
    }

    /// Whether the line takes units of this SKU off our own shelves until a figure contains them.
    #[inline]
    pub fn takes_stock(&self) -> bool {
        self.status != OrderStatus::Cancelled
            && self.fulfilled_by == FulfilledBy::Merchant
            && *self.part() != Part::Bundle
            && self.quantity.is_positive()
    }
}
