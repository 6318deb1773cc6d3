//! What systems report: orders and their lines, in the words that connectors and engine share.

use crate::{LineId, ListingId, LocationName, Millis, OrderId, Quantity, ReservationId, Sku};
use serde::{Deserialize, Serialize};

/// What a source's number already contains. Never incoming goods.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// All that is there.
    Physical,
    /// Less what is physically set aside.
    NetOfReserved,
    /// Less every order the source knows.
    NetOfOrders,
}

/// Where an order, or one line of it, stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderStatus {
    /// Sold, not handed over.
    Open,
    /// Sold no more.
    Cancelled,
    /// Handed over.
    Shipped,
    /// Came back; nothing returns to stock by this alone.
    Returned,
}

/// Who takes the goods from whose shelf.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FulfilledBy {
    /// Own stock.
    #[default]
    Merchant,
    /// The marketplace's depot: own stock is not touched.
    Channel,
    /// Anybody else: own stock is not touched.
    Other,
}

/// Which report of an order is newer: the vendor's counter alone, or the time the vendor
/// changed it, then the sequence in which we fetched. Compared as a tuple, highest wins.
/// A bare number in JSON is a counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "RevisionForm")]
pub struct Revision {
    /// The vendor's counter or its time of change in milliseconds.
    pub number: i64,
    /// Our fetch sequence, zero with a counter.
    pub sequence: i64,
}

/// The two ways in which a revision is written.
#[derive(Deserialize)]
#[serde(untagged)]
enum RevisionForm {
    Counter(i64),
    Parts {
        number: i64,
        #[serde(default)]
        sequence: i64,
    },
}

impl From<RevisionForm> for Revision {
    fn from(form: RevisionForm) -> Self {
        match form {
            RevisionForm::Counter(number) => Self { number, sequence: 0 },
            RevisionForm::Parts { number, sequence } => Self { number, sequence },
        }
    }
}

/// One line of an order as reported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderLineFact {
    /// The channel's id of the line.
    pub line: LineId,
    /// What was sold; `None` where the channel's article has no SKU we know. The line is kept all the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sku: Option<Sku>,
    /// The listing it was sold as, where the channel's order names it. Ends where the ledger takes it in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listing: Option<ListingId>,
    /// Units of the SKU sold and not cancelled.
    pub quantity: Quantity,
    /// Where the line stands, if it differs from its order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<OrderStatus>,
    /// The place it must come from (collection, marketplace routing).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<LocationName>,
    /// Whose shelf.
    #[serde(default)]
    pub fulfilled_by: FulfilledBy,
    /// The reservation it consumes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reservation: Option<ReservationId>,
    /// Where returned units go back to stock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restock_location: Option<LocationName>,
}

/// An order as one report tells it: all its lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderFact {
    /// The channel's id of the order.
    pub order: OrderId,
    /// Which report is newer; a cancellation without one is final.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<Revision>,
    /// Where the order stands.
    pub status: OrderStatus,
    /// When the buyer bought, vendor's clock.
    pub placed_at: Millis,
    /// When it reached this status, vendor's clock; `placed_at` where unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Millis>,
    /// Every line of this revision.
    #[serde(default)]
    pub lines: Vec<OrderLineFact>,
}
