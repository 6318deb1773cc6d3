//! Channels as sources of orders.

use crate::{ConnectorError, Cursor};
use async_trait::async_trait;
use omnistock_words::{OrderFact, OrderId};
use std::time::Duration;

/// An order that can't be understood. A line that is left out would give its units back, so an order is taken whole or
/// not at all; no other order waits for it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("order {order}: {because}")]
pub struct Unclear {
    /// The vendor's id of it.
    pub order: String,
    /// What is wrong with it, and where to look at it.
    pub because: String,
}

impl From<Unclear> for ConnectorError {
    fn from(unclear: Unclear) -> Self {
        Self::operator(unclear.to_string())
    }
}

/// Some orders, and where to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderPage {
    /// Orders as they are now; the same one may come again.
    pub orders: Vec<OrderFact>,
    /// Orders that can't be understood: they are named to a person, and all others go on.
    pub unclear: Vec<Unclear>,
    /// Go on from here: after `more` at once, else at the next poll.
    pub cursor: Cursor,
    /// Whether more pages wait.
    pub more: bool,
}

impl OrderPage {
    /// Orders one by one, as far as they are understood; `None` stands for what is no order to us.
    pub fn of(
        orders: impl IntoIterator<Item = Result<Option<OrderFact>, Unclear>>,
        cursor: Cursor,
        more: bool,
    ) -> Self {
        let mut page = Self {
            orders: Vec::new(),
            unclear: Vec::new(),
            cursor,
            more,
        };
        for order in orders {
            match order {
                Ok(order) => page.orders.extend(order),
                Err(unclear) => page.unclear.push(unclear),
            }
        }
        page
    }
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
