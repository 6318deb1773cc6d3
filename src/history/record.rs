//! What one entry of the history can say. The names are short because they are stored very often.

use omnistock_engine::{Event, Lags, SourceDocument};
use omnistock_words::{
    ChannelName, ConnectorName, LineId, ListingId, LocationName, Millis, OrderId, Quantity, Sku, VendorLocation,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One thing that happened, at the time of its entry unless it says another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "r", rename_all = "snake_case")]
pub enum Record {
    /// An event that changed a ledger; of long reports the rows that did.
    Event {
        /// In the format that `evaluate` reads.
        e: Event,
    },
    /// What the decisions behind it in the same entry were made from.
    Basis(Box<Basis>),
    /// What a listing should show from now on.
    Decision(Box<Decision>),
    /// A number was put on the wire.
    Sent(Sent),
    /// What became of it.
    Answered(Answered),
    /// Units of an order line that are nowhere to be found.
    Short(Box<Short>),
    /// What a person decided.
    Person(Person),
}

/// What a person decided.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Person {
    /// What it is about, such as `channel shop`.
    pub what: String,
    /// Who, as the listener knows them.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub who: String,
    /// As it was before, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// What was decided, such as `frozen until 2026-11-27T12:00:00Z`.
    pub decided: String,
    /// Why, in that person's words; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// Measured lags of a channel as a decision took them; milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LagsThen {
    /// Order placed there → known here.
    pub o: i64,
    /// Decided here → shown there.
    pub p: i64,
}

impl From<Lags> for LagsThen {
    fn from(lags: Lags) -> Self {
        Self {
            o: lags.order,
            p: lags.push,
        }
    }
}

impl From<LagsThen> for Lags {
    fn from(lags: LagsThen) -> Self {
        Self {
            order: lags.o,
            push: lags.p,
        }
    }
}

/// What is the same for all decisions of one look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Basis {
    /// The name of the settings in force.
    pub settings: String,
    /// The sources, as far as a promise depends on them.
    pub sources: BTreeMap<ConnectorName, SourceDocument>,
    /// Measured lags.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub lags: BTreeMap<ChannelName, LagsThen>,
}

/// What a listing should show, and the versions of the ledgers that say so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// The channel.
    pub channel: ChannelName,
    /// The vendor's id.
    pub listing: ListingId,
    /// The vendor's location, where it has several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<VendorLocation>,
    /// Our location, where the vendor has several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<LocationName>,
    /// The article.
    pub sku: Sku,
    /// The number.
    pub quantity: Quantity,
    /// When it was decided: the engine's time.
    pub at: Millis,
    /// The ledgers of the article and of what it is made of.
    pub ledgers: Vec<(Sku, u64)>,
    /// The home channel that shows the article's last units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<ChannelName>,
    /// All listings of the article on the channel, where there are several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub offers: Vec<ListingId>,
    /// Units that adaptive safety stock already held back, and from when on fewer would do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<(Quantity, Millis)>,
}

/// A number on the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// The channel.
    pub channel: ChannelName,
    /// The vendor's id.
    pub listing: ListingId,
    /// The vendor's location, where it has several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<VendorLocation>,
    /// The number in the vendor's meaning.
    pub quantity: Quantity,
    /// The promise it stands for.
    pub target: Quantity,
}

/// What became of a number on the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    /// The channel.
    pub channel: ChannelName,
    /// The vendor's id.
    pub listing: ListingId,
    /// The vendor's location, where it has several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<VendorLocation>,
    /// The number that the vendor said yes to; `None`: it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub yes: Option<Quantity>,
}

/// Units of an order line that are sold and nowhere to be found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Short {
    /// The channel that sold them.
    pub channel: ChannelName,
    /// The order.
    pub order: OrderId,
    /// The line.
    pub line: LineId,
    /// The article that is short; a part, where the line sold a bundle.
    pub sku: Sku,
    /// When the buyer bought, vendor's clock.
    pub placed_at: Millis,
    /// Units short before.
    pub from: Quantity,
    /// Units short now; zero: all were found.
    pub to: Quantity,
}
