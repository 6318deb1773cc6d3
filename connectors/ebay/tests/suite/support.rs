//! A simulated eBay and a connector for it.

use omnistock_ebay::SPEC;
use omnistock_ebay::simulator::{Faults, Simulator, SimulatorSettings};
use omnistock_sdk::{ChannelRole, Connector, Cursor, ItemOutcome, ListingReading, WriteItem, testing};
use omnistock_words::{OrderFact, Quantity, Sku};
use serde_json::{Value, json};
use std::ops::Deref;
use std::sync::Arc;

/// What proves to eBay that an address is ours.
pub(crate) const WORD: &str = "c0ffee5ec4e7-word_that_proves_the_address";

pub(crate) struct Shop {
    pub(crate) simulator: Simulator,
    pub(crate) connector: Arc<dyn Connector>,
}

impl Deref for Shop {
    type Target = Simulator;

    fn deref(&self) -> &Simulator {
        &self.simulator
    }
}

/// The table of a connector for this simulator.
pub(crate) fn table(simulator: &Simulator) -> Value {
    json!({"marketplace": "EBAY_DE", "base_url": simulator.url().as_str(), "client_id": simulator.client_id(),
           "client_secret": {"env": simulator.client_secret()}, "refresh_token": {"env": simulator.refresh_token()},
           "verification_token": {"env": WORD}, "alert_email": "alerts@example.test"})
}

pub(crate) fn connect(table: Value) -> Arc<dyn Connector> {
    let context = testing::context("ebay", &[("berlin", "B1"), ("hamburg", "")]);
    testing::build(&SPEC, context, table)
}

pub(crate) async fn open(settings: SimulatorSettings) -> Shop {
    let simulator = Simulator::start(settings).await.unwrap();
    let connector = connect(table(&simulator));
    Shop { simulator, connector }
}

pub(crate) async fn start() -> Shop {
    open(SimulatorSettings::default()).await
}

impl Shop {
    pub(crate) fn channel(&self) -> &dyn ChannelRole {
        self.connector.channel().unwrap()
    }

    pub(crate) fn fault(&self, change: impl FnOnce(&mut Faults)) {
        let mut faults = Faults::default();
        change(&mut faults);
        self.set_faults(faults);
    }

    /// All pages of the catalogue.
    pub(crate) async fn catalogue(&self) -> Vec<ListingReading> {
        omnistock_conformance::whole::catalogue(&*self.connector).await
    }

    pub(crate) async fn listing(&self, sku: &str) -> ListingReading {
        let all = self.catalogue().await;
        let same = |one: &&ListingReading| one.sku.as_ref().map(Sku::as_str) == Some(sku);
        all.iter()
            .find(same)
            .unwrap_or_else(|| panic!("{sku}: {all:?}"))
            .clone()
    }

    pub(crate) async fn write(&self, items: &[WriteItem]) -> Vec<ItemOutcome> {
        self.channel().write(items).await.unwrap()
    }

    /// How often this was called.
    pub(crate) fn calls(&self, name: &str) -> u64 {
        self.counters().calls.get(name).copied().unwrap_or_default()
    }

    /// All pages of a poll, and where the next one begins.
    pub(crate) async fn poll(&self, cursor: Option<Cursor>) -> (Vec<OrderFact>, Cursor) {
        omnistock_conformance::whole::poll(&*self.connector, cursor).await
    }
}

pub(crate) fn item(listing: &ListingReading, units: i64) -> WriteItem {
    WriteItem {
        reference: listing.reference.clone(),
        quantity: Quantity::whole(units),
        expected: None,
    }
}

pub(crate) fn applied(outcome: &ItemOutcome) -> bool {
    matches!(outcome, ItemOutcome::Applied { .. })
}
