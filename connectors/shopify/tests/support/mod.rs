//! A connector built from settings, as the daemon does it, against a simulated shop. Where `OMNISTOCK_SPECS` names a
//! folder with the vendor's definitions, everything that was said in a test is held to them at its end.

#![allow(dead_code, reason = "each test file uses its part")]

pub(crate) mod raw;
pub(crate) mod schema;

pub(crate) use omnistock_conformance::until;
pub(crate) use omnistock_conformance::whole::{catalogue, poll};
use omnistock_sdk::{Connector, ListingKey, ListingReference, WriteItem, testing};
use omnistock_shopify::SPEC;
use omnistock_shopify::simulator::{Faults, Simulator, SimulatorSettings};
use omnistock_words::{ListingId, Quantity, VendorLocation};
use serde_json::{Value, json};
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

/// Builds from a table; `{ env = "x" }` is the secret "x". Places of ours: berlin and hamburg, by those names.
pub(crate) fn build(table: Value) -> Arc<dyn Connector> {
    testing::build(
        &SPEC,
        testing::context("shop", &[("berlin", ""), ("hamburg", "")]),
        table,
    )
}

/// A simulated shop with two places of ours and a connector to it.
pub(crate) struct Shop {
    simulator: Simulator,
    pub(crate) connector: Arc<dyn Connector>,
    pub(crate) berlin: u64,
    pub(crate) hamburg: u64,
    pub(crate) version: &'static str,
    /// Its calls are wrong on purpose: they are not held to the schema.
    pub(crate) wrong_calls: bool,
}

impl Deref for Shop {
    type Target = Simulator;
    fn deref(&self) -> &Simulator {
        &self.simulator
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        if !self.wrong_calls && !std::thread::panicking() {
            schema::hold(self.version, &self.simulator.exchanges());
        }
    }
}

/// Settings with a bucket that never empties.
pub(crate) fn generous() -> SimulatorSettings {
    SimulatorSettings {
        bucket: 1_000_000,
        restored: 100_000,
        ..SimulatorSettings::default()
    }
}

pub(crate) async fn start() -> Shop {
    start_with(generous(), &json!({})).await
}

/// With these keys in the connector's table besides.
pub(crate) async fn start_with(settings: SimulatorSettings, keys: &Value) -> Shop {
    let simulator = Simulator::start(settings).await.unwrap();
    let (berlin, hamburg) = (simulator.add_location("berlin"), simulator.add_location("hamburg"));
    let connector = build(table(&simulator, keys));
    let version = if keys.get("version") == Some(&json!("2026-04")) {
        "2026-04"
    } else {
        "2026-07"
    };
    Shop {
        simulator,
        connector,
        berlin,
        hamburg,
        version,
        wrong_calls: false,
    }
}

/// The table for a simulated shop.
pub(crate) fn table(shop: &Simulator, keys: &Value) -> Value {
    let mut table = json!({"url": shop.url().as_str(), "token": {"env": shop.token()}, "webhook_secret": {"env": shop.client_secret()},
        "webhook_secret_previous": {"env": "the secret before"}, "deadline_ms": 5_000});
    for (key, value) in keys.as_object().unwrap() {
        if value.is_null() {
            table.as_object_mut().unwrap().remove(key);
        } else {
            table[key] = value.clone();
        }
    }
    table
}

/// The reference of an item at a location.
pub(crate) fn reference(item: u64, location: u64) -> ListingReference {
    let key = ListingKey {
        listing: ListingId::new(item.to_string()).unwrap(),
        location: Some(VendorLocation::new(location.to_string()).unwrap()),
    };
    ListingReference { key, parent: None }
}

pub(crate) fn item(item: u64, location: u64, quantity: i64, expected: Option<i64>) -> WriteItem {
    WriteItem {
        reference: reference(item, location),
        quantity: Quantity::whole(quantity),
        expected: expected.map(Quantity::whole),
    }
}

/// Only what goes wrong at once.
pub(crate) fn quick() -> Faults {
    Faults {
        webhook_delay: Duration::from_millis(20),
        webhook_retry: Duration::from_millis(10),
        ..Faults::default()
    }
}
