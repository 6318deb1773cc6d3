//! The conformance suite.

use crate::definition::Definitions;
use crate::support::{build, table};
use async_trait::async_trait;
use omnistock_amazon::simulator::{Faults, Refusal, Simulator, SimulatorSettings};
use omnistock_conformance::{Access, Applies, Fake, Fault, Figure, NotApplicable, PATIENCE, done, price};
use omnistock_sdk::{Connector, ListingReference};
use omnistock_words::{Currency, Money, Price};
use serde_json::json;
use std::sync::{Arc, OnceLock};

const WRONG: &str = "secret-of-nobody";

struct Amazon(Simulator);

impl Drop for Amazon {
    /// In `cargo xtask conformance`, where one program reads the definitions once, every exchange is held to them.
    fn drop(&mut self) {
        static DEFINITIONS: OnceLock<Option<Definitions>> = OnceLock::new();
        if std::env::var_os("OMNISTOCK_CONFORMANCE").is_none() || std::thread::panicking() {
            return;
        }
        let Some(definitions) = DEFINITIONS.get_or_init(Definitions::read) else {
            return;
        };
        let exchanges = self.0.exchanges();
        for exchange in &exchanges {
            let held = definitions.hold(exchange);
            held.unwrap_or_else(|complaint| panic!("{} {}: {complaint}", exchange.method, exchange.path));
        }
        omnistock_conformance::table::validated("amazon", exchanges.len());
    }
}

impl Amazon {
    fn change(&self, change: impl FnOnce(&mut Faults)) {
        let mut faults = Faults::default();
        change(&mut faults);
        self.0.set_faults(faults);
    }
}

#[async_trait]
impl Fake for Amazon {
    async fn start() -> Self {
        let simulator = Simulator::start(SimulatorSettings::immediate()).await.unwrap();
        if std::env::var_os("OMNISTOCK_CONFORMANCE").is_some() {
            simulator.remember_exchanges();
        }
        Self(simulator)
    }

    fn connector(&self, access: Access) -> Applies<Arc<dyn Connector>> {
        let mut table = table(&self.0);
        match access {
            Access::Good => {}
            Access::Impatient => table["deadline_ms"] = json!(PATIENCE.as_millis()),
            Access::WrongSecret => table["client_secret"] = json!({"env": WRONG}),
            Access::ReadOnly => table["refresh_token"] = json!({"env": self.0.reader_token()}),
            Access::WrongAddress => table["base_url"] = json!(format!("{}/blog", self.0.url())),
        }
        Ok(build(table))
    }

    fn secrets(&self) -> Vec<String> {
        let amazon = &self.0;
        vec![
            amazon.client_secret(),
            amazon.refresh_token(),
            amazon.reader_token(),
            WRONG.to_owned(),
            "Atza|".to_owned(),
        ]
    }

    async fn fault(&self, fault: Fault) -> Applies<()> {
        match fault {
            Fault::EveryCall(trouble) => self.change(|faults| faults.every_call = Some(trouble)),
            Fault::Writes(trouble) => self.change(|faults| faults.writes = Some(trouble)),
            Fault::Clamps(most) => self.change(|faults| faults.most_units = Some(most)),
            Fault::ItemFails(sku) => self.change(|faults| faults.throttled_skus = [sku].into()),
            Fault::AcceptedThenFails => self.change(|faults| faults.fail_later = true),
            Fault::Unreachable => self.0.stop().await,
            Fault::Revoked => self.0.lock_out(),
            Fault::TokenExpired => self.0.expire_tokens(),
        }
        Ok(())
    }

    async fn heal(&self) {
        self.0.set_faults(Faults::default());
    }

    fn add(&self, sku: &str, units: i64) -> Applies<()> {
        if sku.is_empty() {
            return Err(NotApplicable("the SKU is what names a listing"));
        }
        self.0.add(sku, units);
        Ok(())
    }

    fn add_unmanaged(&self, sku: &str) -> Applies<()> {
        self.0.add_at_depot(sku, 5);
        Ok(())
    }

    fn remove(&self, sku: &str) -> Applies<()> {
        self.0.remove(sku);
        Ok(())
    }

    fn nobody(&self) -> ListingReference {
        crate::support::listing("nobody")
    }

    fn set_stock(&self, sku: &str, units: i64) -> Applies<()> {
        if units < 0 {
            return Err(NotApplicable("the vendor shows no number below zero"));
        }
        self.0.set_stock(sku, units);
        Ok(())
    }

    fn shown(&self, sku: &str) -> i64 {
        self.0.shown(sku).unwrap_or_else(|| panic!("{sku} is not listed"))
    }

    fn asked(&self, sku: &str) -> Applies<Option<Price>> {
        Ok(self.0.asked(sku).and_then(|amount| price(&amount, "EUR")))
    }

    fn set_price(&self, sku: &str, price: Money) -> Applies<()> {
        self.0.set_price(sku, &price.amount().to_string());
        Ok(())
    }

    fn sells_in(&self, _: Currency) -> Applies<()> {
        Err(NotApplicable(
            "every store of the simulated region sells in a currency of two digits",
        ))
    }

    fn buy(&self, sku: &str, units: i64) -> Applies<Option<String>> {
        match self.0.buy(sku, units) {
            Ok(order) => Ok(Some(order)),
            Err(Refusal::SoldOut) => Ok(None),
            Err(other) => panic!("{other}"),
        }
    }

    fn cancel(&self, order: &str) -> Applies<()> {
        done(self.0.cancel(order, self.0.left(order)))
    }

    fn refund(&self, order: &str) -> Applies<()> {
        done(self.0.ship(order, self.0.left(order)) && self.0.refund(order))
    }

    fn edit(&self, _: &str, _: i64) -> Applies<()> {
        Err(NotApplicable("a placed order only ever loses units"))
    }

    fn ship_part(&self, order: &str, units: i64) -> Applies<()> {
        done(self.0.pay(order) && self.0.ship(order, units))
    }

    fn ship(&self, order: &str) -> Applies<()> {
        done(self.0.pay(order) && self.0.ship(order, self.0.left(order)))
    }

    fn no_order(&self) -> String {
        "302-9999999-9999999".to_owned()
    }

    fn buyer(&self) -> &'static [&'static str] {
        self.0.buyer()
    }

    async fn report(&self, _: &[Figure]) -> Applies<()> {
        Err(NotApplicable(
            "the depots of a region are one place, and hold whole units",
        ))
    }

    async fn report_unreadable(&self) -> Applies<()> {
        Err(NotApplicable("answers that can't be read are failed reads"))
    }
}

omnistock_conformance::conformance!(Amazon);
