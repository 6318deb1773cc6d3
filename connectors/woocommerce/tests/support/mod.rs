//! A connector built from settings, as the daemon does it, against a simulated shop.

#![allow(dead_code, reason = "each test file uses its part")]

pub(crate) mod raw;
pub(crate) mod shape;

use omnistock_sdk::{Connector, Cursor, ListingReading, testing};
use omnistock_woocommerce::SPEC;
use omnistock_woocommerce::simulator::{Simulator, SimulatorSettings};
use omnistock_words::OrderFact;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// Builds from a table; `{ env = "x" }` is the secret "x".
pub(crate) fn build(table: Value) -> Arc<dyn Connector> {
    testing::build(&SPEC, testing::context("shop", &[]), table)
}

/// The table for a simulated shop.
pub(crate) fn table(shop: &Simulator) -> Value {
    json!({"url": shop.url().as_str(), "key": {"env": shop.key()}, "secret": {"env": shop.secret()},
           "webhook_secret": {"env": shop.webhook_secret()}, "deadline_ms": 5_000})
}

pub(crate) async fn start() -> (Simulator, Arc<dyn Connector>) {
    start_with(SimulatorSettings::default()).await
}

pub(crate) async fn start_with(settings: SimulatorSettings) -> (Simulator, Arc<dyn Connector>) {
    let shop = Simulator::start(settings).await.unwrap();
    let connector = build(table(&shop));
    (shop, connector)
}

/// A whole pass over the catalogue.
pub(crate) async fn catalogue(connector: &dyn Connector) -> Vec<ListingReading> {
    let channel = connector.channel().unwrap();
    let (mut listings, mut cursor) = (Vec::new(), None);
    loop {
        let page = channel.catalogue(cursor.as_ref()).await.unwrap();
        listings.extend(page.listings);
        cursor = page.next;
        if cursor.is_none() {
            return listings;
        }
    }
}

/// A whole poll: pages until there are no more.
pub(crate) async fn poll(connector: &dyn Connector, cursor: Option<Cursor>) -> (Vec<OrderFact>, Cursor) {
    let source = connector.orders().unwrap();
    let (mut orders, mut cursor) = (Vec::new(), cursor);
    loop {
        let page = source.orders(cursor.as_ref()).await.unwrap();
        orders.extend(page.orders);
        if !page.more {
            return (orders, page.cursor);
        }
        cursor = Some(page.cursor);
    }
}

/// Waits until it is so, 20 seconds at most.
pub(crate) async fn until(what: &str, mut so: impl FnMut() -> bool) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    while !so() {
        assert!(tokio::time::Instant::now() < deadline, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
