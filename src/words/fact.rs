//! What systems report: orders and their lines, in the words that connectors and engine share.

use crate::{LineId, ListingId, LocationName, Millis, OrderId, Quantity, ReservationId, Sku};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;

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
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Revision {
    /// The vendor's counter or its time of change in milliseconds.
    pub number: i64,
    /// Our fetch sequence, zero with a counter.
    pub sequence: i64,
}

/// What stands in the object form.
#[derive(Deserialize)]
struct Parts {
    number: i64,
    #[serde(default)]
    sequence: i64,
}

/// Reads both forms as they come: there is one in every order.
struct Form;

impl<'de> Visitor<'de> for Form {
    type Value = Revision;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a counter, or number and sequence")
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Revision, E> {
        Ok(Revision { number, sequence: 0 })
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Revision, E> {
        let number = i64::try_from(number).map_err(|_| E::custom("a counter is at most 2^63 - 1"))?;
        self.visit_i64(number)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Revision, A::Error> {
        let Parts { number, sequence } = Parts::deserialize(MapAccessDeserializer::new(map))?;
        Ok(Revision { number, sequence })
    }
}

impl<'de> Deserialize<'de> for Revision {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Form)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revision_is_a_counter_or_number_and_sequence() {
        let read = |text: &str| serde_json::from_str::<Revision>(text);
        let revision = |number, sequence| Revision { number, sequence };
        assert_eq!(read("7").unwrap(), revision(7, 0));
        assert_eq!(read("-7").unwrap(), revision(-7, 0));
        assert_eq!(read(r#"{"number":7}"#).unwrap(), revision(7, 0));
        assert_eq!(read(r#"{"sequence":8,"number":7}"#).unwrap(), revision(7, 8));
        let written = serde_json::to_string(&revision(7, 8)).unwrap();
        assert_eq!(read(&written).unwrap(), revision(7, 8));
        for text in [
            "9223372036854775808",
            r#"{"sequence":8}"#,
            r#""7""#,
            "7.5",
            "[7,8]",
            "null",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
