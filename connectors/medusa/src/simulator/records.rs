//! What the outside may see of a simulated shop: refusals, and logs of sales and writes.

use omnistock_words::Millis;

/// Why a buyer got nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No location has that many.
    #[error("sold out")]
    SoldOut,
    /// The shop is down.
    #[error("the shop is not reachable")]
    Unreachable,
    /// No such article.
    #[error("no such article")]
    NotListed,
}

/// One line of the log of sales.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sale {
    /// When.
    pub at: Millis,
    /// What.
    pub sku: String,
    /// How many.
    pub units: i64,
    /// The order.
    pub order: String,
    /// Its line.
    pub line: String,
}

/// One number written through the interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// When.
    pub at: Millis,
    /// Of what.
    pub sku: String,
    /// The stock location's id.
    pub location: String,
    /// The stocked quantity just before, whole units.
    pub before: i64,
    /// The stocked quantity from then on, whole units.
    pub after: i64,
}
