//! Sources: stock, prices, and statements of which orders a source's figures contain.

use crate::{ConnectorError, StockRows};
use async_trait::async_trait;
use omnistock_words::{ChannelName, LineId, LocationName, Millis, Money, OrderId, PriceListName, Quantity, Sku};
use std::collections::BTreeMap;

/// One figure of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockRow {
    /// The article.
    pub sku: Sku,
    /// The place.
    pub location: LocationName,
    /// Units there, of the source's basis.
    pub quantity: Quantity,
    /// False: kept in the books, not for sale.
    pub sellable: bool,
}

/// One price of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceRow {
    /// The list.
    pub list: PriceListName,
    /// The article.
    pub sku: Sku,
    /// What it costs.
    pub price: Money,
}

/// Stock of a source as of a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockReport {
    /// What a person calls it, such as the file's name.
    pub title: String,
    /// When its figures were true; for a paged read its start.
    pub as_of: Millis,
    /// Proven to hold every row: only then does a missing row mean anything.
    pub complete: bool,
    /// The figures; one per SKU and location.
    pub rows: StockRows,
    /// Prices that came along.
    pub prices: Vec<PriceRow>,
    /// Rows at places we don't know, by the vendor's name of the place.
    pub unknown_locations: BTreeMap<String, u64>,
}

/// One order line that a source's figures contain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementRow {
    /// The channel that took the order.
    pub channel: ChannelName,
    /// The order.
    pub order: OrderId,
    /// Its line.
    pub line: LineId,
    /// Units of it that are contained.
    pub quantity: Quantity,
}

/// A source's statement: its figures from `as_of` on contain these lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementReport {
    /// What a person calls it.
    pub title: String,
    /// Figures from this instant on.
    pub as_of: Millis,
    /// The lines.
    pub rows: Vec<StatementRow>,
    /// Rows that name a channel we don't know, by that name.
    pub unknown_channels: BTreeMap<String, u64>,
}

/// A report that could not be read; the connector has already put it aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// What a person calls it.
    pub title: String,
    /// Why, with file, line and column.
    pub reason: String,
}

/// What a source has to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Report {
    /// Figures.
    Stock(StockReport),
    /// Which orders the figures contain.
    Statements(StatementReport),
    /// Something unreadable.
    Refused(Refused),
}

/// Names a report until it is acknowledged.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub String);

/// What became of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Durable with us: it may be put away.
    Accepted,
    /// Refused on arrival or by a person: put aside with this reason.
    Rejected(String),
    /// A newer one took its place before it was applied.
    Superseded,
}

/// A source in its reading role. A report is handed out once per process and kept by the
/// vendor's side (the file stays) until it is acknowledged; after a crash, or for a new reader, it comes again.
#[async_trait]
pub trait StockSource: Send + Sync {
    /// A new reader begins, as after a restart of the process: what was handed out and not acknowledged
    /// comes again. Nothing to do for a source that reads everything anew.
    async fn begin(&self) -> Result<(), ConnectorError> {
        Ok(())
    }

    /// The oldest report that was not handed out yet; `None` when there is nothing (more) now.
    async fn poll(&self) -> Result<Option<(Ticket, Report)>, ConnectorError>;

    /// Says what became of a report. Repeating it changes nothing.
    async fn acknowledge(&self, ticket: &Ticket, verdict: &Verdict) -> Result<(), ConnectorError>;
}
