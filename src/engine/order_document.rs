//! One order: its highest revision, what was said of it early, and every SKU it ever touched.

use crate::encoding::{self, DecodeError};
use omnistock_words::{Component, ConnectorName, LineId, Millis, OrderLineFact, OrderStatus, Quantity, Revision, Sku};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What one revision said, as far as it dates the way of the goods.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Past {
    /// Which revision.
    pub revision: Revision,
    /// When it says it happened.
    pub at: Millis,
    /// Every line with its status and quantity.
    pub lines: Vec<(LineId, OrderStatus, Quantity)>,
}

/// A statement of a source on one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineStatement {
    /// The line.
    pub line: LineId,
    /// Whose figures.
    pub source: ConnectorName,
    /// From when on.
    pub as_of: Millis,
    /// Units of the line's SKU.
    pub quantity: Quantity,
}

/// What a bundle line was made of when it was first recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Composition {
    /// The line.
    pub line: LineId,
    /// The bundle.
    pub sku: Sku,
    /// Its parts.
    pub parts: Vec<Component>,
}

/// One order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderDocument {
    /// The highest revision seen; `None`: no report of the order yet, only statements.
    pub revision: Option<Revision>,
    /// Where it says the order stands.
    pub status: OrderStatus,
    /// When the buyer bought.
    pub placed_at: Millis,
    /// When the order reached its status.
    pub at: Millis,
    /// A cancellation without a revision: final, since this instant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancelled: Option<Millis>,
    /// The lines of the highest revision, by id.
    #[serde(default)]
    pub lines: Vec<OrderLineFact>,
    /// Every SKU that any revision touched, parts of bundles included.
    #[serde(default)]
    pub touched: BTreeSet<Sku>,
    /// What sources said, by (line, source).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub statements: Vec<LineStatement>,
    /// Parts of bundle lines.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub compositions: Vec<Composition>,
    /// The newest revisions, newest first, at most [`OrderDocument::PAST`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub past: Vec<Past>,
}

impl Default for OrderDocument {
    fn default() -> Self {
        Self {
            revision: None,
            status: OrderStatus::Open,
            placed_at: Millis::default(),
            at: Millis::default(),
            cancelled: None,
            lines: Vec::new(),
            touched: BTreeSet::new(),
            statements: Vec::new(),
            compositions: Vec::new(),
            past: Vec::new(),
        }
    }
}

impl OrderDocument {
    /// How many revisions are remembered for dating.
    pub const PAST: usize = 16;

    /// JSON with a schema version.
    pub fn encode(&self) -> Vec<u8> {
        encoding::encode(self)
    }

    /// Reads what [`Self::encode`] wrote.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        encoding::decode(bytes)
    }
}
