//! Channels as sources of orders.

use crate::{ConnectorError, Cursor};
use async_trait::async_trait;
use omnistock_words::{OrderFact, OrderId};
use std::time::Duration;

/// Some orders, and where to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderPage {
    /// Orders as they are now; the same one may come again.
    pub orders: Vec<OrderFact>,
    /// Go on from here: after `more` at once, else at the next poll.
    pub cursor: Cursor,
    /// Whether more pages wait.
    pub more: bool,
}

/// A channel in its order role.
#[async_trait]
pub trait OrderSource: Send + Sync {
    /// Orders changed since `cursor`, with an overlap that covers the vendor's late visibility.
    /// Without a cursor: the back-fill, every order that may still hold stock.
    async fn orders(&self, cursor: Option<&Cursor>) -> Result<OrderPage, ConnectorError>;

    /// One order as it is now; `None` when the vendor doesn't know it any more.
    async fn order(&self, order: &OrderId) -> Result<Option<OrderFact>, ConnectorError>;

    /// Whether every line says as which listing it was sold, in [`OrderLineFact::listing`](omnistock_words::OrderLineFact),
    /// if not by its SKU at the vendor: then a listing that has no SKU there can be mapped to one of ours, and its sales are
    /// found all the same.
    fn names_listings(&self) -> bool {
        false
    }

    /// So long after it happened, an order or a change of it may be missing in what is fetched: a number rises behind
    /// a fetch that began so much later.
    fn late(&self) -> Duration {
        Duration::ZERO
    }
}
