//! A simulated shop with two stock locations, a connector for it, and what every test reads.

pub(crate) use omnistock_conformance::whole::{catalogue, poll as orders};
use omnistock_medusa::SPEC;
use omnistock_medusa::simulator::{Simulator, SimulatorSettings};
use omnistock_sdk::{Connector, ListingReading, WriteItem, testing};
use omnistock_words::{LocationName, Quantity, Sku};
use serde_json::{Value, json};
use std::sync::Arc;

pub(crate) struct Shop {
    pub(crate) simulator: Simulator,
    pub(crate) berlin: String,
    pub(crate) hamburg: String,
}

impl Shop {
    pub(crate) async fn open() -> Self {
        Self::with(SimulatorSettings::default()).await
    }

    pub(crate) async fn with(settings: SimulatorSettings) -> Self {
        let simulator = Simulator::start(settings).await.unwrap();
        let (berlin, hamburg) = (
            simulator.add_location("Lager Berlin"),
            simulator.add_location("hamburg"),
        );
        Self {
            simulator,
            berlin,
            hamburg,
        }
    }

    pub(crate) fn add(&self, sku: &str, berlin: i64, hamburg: i64) -> String {
        self.simulator
            .add_product(sku, &[(self.berlin.clone(), berlin), (self.hamburg.clone(), hamburg)])
    }

    /// berlin by its id in `codes`, hamburg by its own name.
    pub(crate) fn connector(&self, change: &Value) -> Arc<dyn Connector> {
        let mut table = json!({"url": self.simulator.url().as_str(), "email": self.simulator.email(), "password": {"env": self.simulator.password()}});
        for (key, value) in change.as_object().unwrap() {
            table[key] = value.clone();
        }
        table.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        let context = testing::context("medusa", &[("berlin", &self.berlin), ("hamburg", "")]);
        testing::build(&SPEC, context, table)
    }

    pub(crate) fn calls(&self, route: &str) -> u64 {
        self.simulator.counters().calls.get(route).copied().unwrap_or_default()
    }
}

pub(crate) fn write(reading: &ListingReading, units: i64) -> WriteItem {
    WriteItem {
        reference: reading.reference.clone(),
        quantity: Quantity::whole(units),
        expected: None,
    }
}

pub(crate) fn numbers(reading: &ListingReading) -> (Option<&str>, Option<&str>, Option<Quantity>) {
    (
        reading.sku.as_ref().map(Sku::as_str),
        reading.place.as_ref().map(LocationName::as_str),
        reading.quantity,
    )
}
