//! A simulated Amazon with a connector for it.

use omnistock_amazon::SPEC;
use omnistock_amazon::simulator::{Faults, Simulator, SimulatorSettings};
use omnistock_sdk::{ChannelRole, Connector, ItemOutcome, ListingReading, ListingReference, WriteItem, testing};
use omnistock_words::{ListingId, Quantity};
use serde_json::{Value, json};
use std::sync::Arc;

/// The table of a connector for this simulator.
pub(crate) fn table(simulator: &Simulator) -> Value {
    json!({
        "region": "eu", "base_url": simulator.url(), "login_url": simulator.login_url(), "seller_id": simulator.seller(),
        "marketplaces": simulator.marketplaces(), "client_id": simulator.client_id(),
        "client_secret": {"env": simulator.client_secret()}, "refresh_token": {"env": simulator.refresh_token()}, "fba": true,
    })
}

/// A connector that knows `berlin` and `hamburg`, and the depots as `depot`.
pub(crate) fn build(table: Value) -> Arc<dyn Connector> {
    let context = testing::context("amazon", &[("berlin", ""), ("hamburg", ""), ("depot", "AMAZON_EU")]);
    testing::build(&SPEC, context, table)
}

/// Both.
pub(crate) struct World {
    pub(crate) amazon: Simulator,
    pub(crate) connector: Arc<dyn Connector>,
}

impl World {
    /// With changes to the connector's table.
    pub(crate) async fn start(settings: SimulatorSettings, changes: &Value) -> Self {
        let amazon = Simulator::start(settings).await.unwrap();
        let mut table = table(&amazon);
        for (key, value) in changes.as_object().unwrap() {
            table[key] = value.clone();
        }
        let connector = build(table);
        Self { amazon, connector }
    }

    pub(crate) fn channel(&self) -> &dyn ChannelRole {
        self.connector.channel().unwrap()
    }

    pub(crate) fn faults(&self, change: impl FnOnce(&mut Faults)) {
        let mut faults = Faults::default();
        change(&mut faults);
        self.amazon.set_faults(faults);
    }

    pub(crate) async fn write(&self, sku: &str, units: i64) -> ItemOutcome {
        self.channel().write(&[item(sku, units)]).await.unwrap().remove(0)
    }

    pub(crate) async fn look(&self, sku: &str) -> ListingReading {
        self.channel().read(&[listing(sku)]).await.unwrap().remove(0)
    }
}

pub(crate) fn listing(sku: &str) -> ListingReference {
    ListingReference::plain(ListingId::new(sku).unwrap())
}

pub(crate) fn item(sku: &str, units: i64) -> WriteItem {
    WriteItem {
        reference: listing(sku),
        quantity: Quantity::whole(units),
        expected: None,
    }
}

pub(crate) fn applied(outcome: &ItemOutcome) -> bool {
    matches!(outcome, ItemOutcome::Applied { .. })
}
