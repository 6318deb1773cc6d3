//! The ledger of one SKU: facts only. What can be sold is derived from it, never stored.

use crate::encoding::{self, DecodeError};
use crate::{Lines, SourceDocument};
use omnistock_words::{
    Basis, ChannelName, ConnectorName, LocationName, Millis, Money, MovementId, PriceListName, Quantity, ReservationId,
};
use serde::{Deserialize, Serialize};

/// What a source says is at a place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// The place.
    pub location: LocationName,
    /// Who says so.
    pub source: ConnectorName,
    /// Units, as the basis counts them.
    pub quantity: Quantity,
    /// What they contain.
    pub basis: Basis,
    /// As of when. A newer complete snapshot that confirmed the row moves this on
    /// without rewriting it, unless `missing`.
    pub as_of: Millis,
    /// The end of the read that began at `as_of`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_until: Option<Millis>,
    /// Whether the units may be sold.
    pub sellable: bool,
    /// A later complete snapshot lacked the row: it keeps its own `as_of`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub missing: bool,
}

/// What rules may match.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Attributes {
    /// As of when.
    pub as_of: Millis,
    /// Brand.
    pub brand: Option<String>,
    /// Category.
    pub category: Option<String>,
    /// Tags.
    pub tags: Vec<String>,
}

/// A change of stock that no figure is known to contain.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Movement {
    /// Who reported it.
    pub source: ConnectorName,
    /// Its id there.
    pub id: MovementId,
    /// The place.
    pub location: LocationName,
    /// What was added.
    pub quantity: Quantity,
    /// When.
    pub at: Millis,
    /// Figures from this instant on contain it.
    pub contained_from: Millis,
}

/// A source's figures from `as_of` on contain `quantity` of the line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// Whose figures.
    pub source: ConnectorName,
    /// From when on.
    pub as_of: Millis,
    /// Units of this document's SKU.
    pub quantity: Quantity,
    /// A person said so, not the source: then it counts whatever the source's way to say so is.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub person: bool,
}

/// Units set aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reservation {
    /// Our id of it.
    pub id: ReservationId,
    /// At this place …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<LocationName>,
    /// … or for this channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<ChannelName>,
    /// Units.
    pub quantity: Quantity,
    /// Gone from this instant on.
    pub expires_at: Millis,
}

/// An amount on a price list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceEntry {
    /// The list.
    pub list: PriceListName,
    /// How much.
    pub price: Money,
    /// Valid from this instant on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Millis>,
    /// Valid before this instant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Millis>,
}

/// All that is known of one SKU.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SkuDocument {
    /// For rules.
    #[serde(skip_serializing_if = "is_default")]
    pub attributes: Attributes,
    /// Figures, by (location, source).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub positions: Vec<Position>,
    /// Later changes, by (source, id).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub movements: Vec<Movement>,
    /// Order lines, by [`crate::LineRecord::rank`].
    #[serde(skip_serializing_if = "Lines::is_empty")]
    pub lines: Lines,
    /// Units set aside, by id.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reservations: Vec<Reservation>,
    /// Amounts, by (list, from, until).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub prices: Vec<PriceEntry>,
    /// Lines were dropped because there are too many: what is left of the article is not known, and
    /// nothing of it is promised until the ledger has fallen to half of [`SkuDocument::LINES`].
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub overfull: bool,
}

pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl Position {
    /// As of when the figure holds, and the end of that read: its own, or the newest complete
    /// snapshot's that confirmed it.
    pub fn effective(&self, source: Option<&SourceDocument>) -> (Millis, Option<Millis>) {
        let confirmed = source.and_then(|s| s.complete_as_of.map(|as_of| (as_of, s.read_until)));
        match confirmed {
            Some((as_of, read_until)) if !self.missing && as_of > self.as_of => (as_of, read_until),
            _ => (self.as_of, self.read_until),
        }
    }
}

impl SkuDocument {
    /// Order lines that are kept.
    pub const LINES: usize = 100_000;
    /// Movements that no figure contains.
    pub const MOVEMENTS: usize = 10_000;
    /// Price amounts.
    pub const PRICES: usize = 10_000;
    /// Live reservations.
    pub const RESERVATIONS: usize = 1_000;
    /// Tags.
    pub const TAGS: usize = 200;
    /// Characters of a brand, a category or a tag.
    pub const TEXT: usize = 200;

    /// The figure of a source at a place.
    pub fn position(&self, location: &LocationName, source: &ConnectorName) -> Option<&Position> {
        self.positions.get(self.find_position(location, source).ok()?)
    }

    pub(crate) fn find_position(&self, location: &LocationName, source: &ConnectorName) -> Result<usize, usize> {
        self.positions
            .binary_search_by(|p| (&p.location, &p.source).cmp(&(location, source)))
    }

    /// JSON with a schema version.
    pub fn encode(&self) -> Vec<u8> {
        encoding::encode(self)
    }

    /// Reads what [`Self::encode`] wrote.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        encoding::decode(bytes)
    }
}
