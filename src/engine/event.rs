//! What the inbox holds and what `evaluate` is given: reports as facts.

use omnistock_words::{
    Basis, ChannelName, ConnectorName, LineId, LocationName, Millis, Money, MovementId, OrderFact, OrderId,
    PriceListName, Quantity, ReservationId, Sku,
};
use serde::{Deserialize, Serialize};

fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape that serde asks for")]
fn is_true(value: &bool) -> bool {
    *value
}

/// One row of a stock report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StockRow {
    /// The article.
    pub sku: Sku,
    /// The place.
    pub location: LocationName,
    /// Units there, as the source's basis counts them.
    pub quantity: Quantity,
    /// Whether they may be sold.
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub sellable: bool,
    /// The article's brand, for rules.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brand: Option<String>,
    /// The article's category, for rules.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// The article's tags, for rules.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
}

/// A stock report, or a chunk of one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockEvent {
    /// Who reports.
    pub source: ConnectorName,
    /// Whether absence proves anything: every row of the source is here. Then all documents
    /// that the source ever reported must be loaded; big snapshots come in chunks instead.
    #[serde(default = "yes")]
    pub complete: bool,
    /// What the numbers contain; the source's own basis where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basis: Option<Basis>,
    /// As of when; the start of the read where it took time.
    pub as_of: Millis,
    /// The end of the read. Between `as_of` and it only movements that lower count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_until: Option<Millis>,
    /// The rows.
    pub rows: Vec<StockRow>,
}

/// A row that a complete snapshot lacks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MissingRow {
    /// The article.
    pub sku: Sku,
    /// The place.
    pub location: LocationName,
}

/// When a source's figure contains a movement that another system reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContainedAfter {
    /// So many milliseconds after it happened; text such as `"1h"`.
    #[serde(with = "crate::encoding::duration")]
    ByDelay(i64),
}

/// What a reservation is asked to become.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wish {
    /// Units are set aside.
    Grant,
    /// The buyer has bought: they stay until its order is known, or until a later instant.
    Confirm,
    /// They stay until a later or earlier instant.
    Extend,
    /// They are free again.
    Release,
}

/// How a reservation was asked for. It changes no arithmetic: the ledger's owner keeps it with its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// What for.
    pub wish: Wish,
    /// When.
    pub at: Millis,
    /// By whom, as the listener knows them.
    pub by: String,
    /// Why; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// What was asked, as a checksum: the same key asks for the same.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub sum: String,
}

/// A fact that a system reported. Its JSON is the format of the inbox, of the event log and of `evaluate`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// Stock figures.
    Stock(StockEvent),
    /// Rows that a complete snapshot of this `as_of` lacks; precedes its [`Event::Snapshot`].
    Missing {
        /// Who reports.
        source: ConnectorName,
        /// As of when.
        as_of: Millis,
        /// Which rows are not there.
        rows: Vec<MissingRow>,
    },
    /// Closes a complete snapshot: rows that no chunk named are as they were, as of now this instant.
    Snapshot {
        /// Who reports.
        source: ConnectorName,
        /// As of when.
        as_of: Millis,
        /// The end of the read.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        read_until: Option<Millis>,
        /// How many rows the snapshot had.
        rows: u64,
        /// The sum of their quantities.
        total: Quantity,
    },
    /// A person lets the source's figures of this `as_of` through; precedes them.
    Approved {
        /// Whose figures.
        source: ConnectorName,
        /// As of when they are.
        as_of: Millis,
    },
    /// An order, whole.
    Order {
        /// Where it was placed.
        channel: ChannelName,
        /// What the channel says of it.
        #[serde(flatten)]
        order: OrderFact,
    },
    /// A statement: the source's figures from `as_of` on contain so much of the line.
    Absorbed {
        /// Whose figures.
        source: ConnectorName,
        /// The order's channel.
        channel: ChannelName,
        /// The order.
        order: OrderId,
        /// The line.
        line: LineId,
        /// Units of the line's SKU.
        quantity: Quantity,
        /// From when on; the source's newest figure where it is left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        as_of: Option<Millis>,
    },
    /// A person's word on a line: so many units of it are contained in the figures of `source` from `as_of` on,
    /// whatever the source says itself; without a source, so many are given back: they take no stock any more.
    Mended {
        /// The order's channel.
        channel: ChannelName,
        /// The order.
        order: OrderId,
        /// The line.
        line: LineId,
        /// Whose figures.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        source: Option<ConnectorName>,
        /// Units of the line's SKU, in all.
        quantity: Quantity,
        /// From when on; `at` where it is left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        as_of: Option<Millis>,
        /// When it was said; the newest word counts.
        at: Millis,
        /// Why, for the record.
        reason: String,
    },
    /// One change of stock with an id of its own.
    Movement {
        /// Who reports.
        source: ConnectorName,
        /// The source's id of it.
        id: MovementId,
        /// The article.
        sku: Sku,
        /// The place.
        location: LocationName,
        /// What was added (negative: taken).
        quantity: Quantity,
        /// When it happened.
        at: Millis,
        /// When the place's figures contain it, for a movement from another source.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        contained: Option<ContainedAfter>,
    },
    /// Units set aside through our own interface, or a change of it. Quantity zero releases.
    Reservation {
        /// Our id of it.
        id: ReservationId,
        /// The article.
        sku: Sku,
        /// At this place …
        #[serde(default, skip_serializing_if = "Option::is_none")]
        location: Option<LocationName>,
        /// … or for this channel.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        channel: Option<ChannelName>,
        /// Units.
        quantity: Quantity,
        /// Gone from this instant on.
        expires_at: Millis,
        /// How it was asked for, where somebody waits for the answer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        asked: Option<Box<Asked>>,
    },
    /// An amount on a price list.
    Price {
        /// Who reports.
        source: ConnectorName,
        /// The list.
        list: PriceListName,
        /// The article.
        sku: Sku,
        /// `amount` and `currency`.
        #[serde(flatten)]
        price: Money,
        /// Valid from this instant on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<Millis>,
        /// Valid before this instant.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Millis>,
    },
}
