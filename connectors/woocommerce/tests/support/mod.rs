//! A connector built from settings, as the daemon does it, against a simulated shop.

#![allow(dead_code, reason = "each test file uses its part")]

pub(crate) mod raw;
pub(crate) mod shape;

pub(crate) use omnistock_conformance::until;
pub(crate) use omnistock_conformance::whole::{catalogue, poll};
use omnistock_sdk::{Connector, testing};
use omnistock_woocommerce::SPEC;
use omnistock_woocommerce::simulator::{Simulator, SimulatorSettings};
use serde_json::{Value, json};
use std::sync::Arc;

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
