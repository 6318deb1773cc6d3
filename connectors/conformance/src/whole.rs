//! What tests of connectors read by the suite's hands: a catalogue and a poll, from the first page to the last.

use crate::hand;
use omnistock_sdk::{Connector, Cursor, ListingReading};
use omnistock_words::OrderFact;

/// A whole pass over the catalogue. Panics where the connector is no channel, fails, or comes to no end.
pub async fn catalogue(connector: &dyn Connector) -> Vec<ListingReading> {
    hand::catalogue(connector.channel().expect("a channel")).await
}

/// A whole poll from `cursor` on, and where the next one begins. Panics where the connector is no source of orders,
/// fails, or comes to no end.
pub async fn poll(connector: &dyn Connector, cursor: Option<Cursor>) -> (Vec<OrderFact>, Cursor) {
    let source = connector.orders().expect("a source of orders");
    hand::poll(source, cursor).await.expect("a poll")
}
