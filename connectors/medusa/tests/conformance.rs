//! The conformance suite against the simulated server.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::indexing_slicing,
    clippy::unnecessary_wraps,
    reason = "tests"
)]

use crate::openapi::{Definition, Held};
use async_trait::async_trait;
use omnistock_conformance::{Access, Applies, Fake, Fault, NotApplicable, PATIENCE, done, price};
use omnistock_medusa::SPEC;
use omnistock_medusa::simulator::{Faults, Refusal, Simulator, SimulatorSettings};
use omnistock_sdk::{Connector, ListingKey, ListingReference, testing};
use omnistock_words::{Currency, ListingId, Money, Price, VendorLocation};
use serde_json::json;
use std::sync::{Arc, OnceLock};

struct Medusa {
    simulator: Simulator,
    berlin: String,
}

impl Drop for Medusa {
    /// In `cargo xtask conformance`, where one program reads the definition once, every exchange is held to it.
    fn drop(&mut self) {
        static DEFINITION: OnceLock<Option<Definition>> = OnceLock::new();
        if std::env::var_os("OMNISTOCK_CONFORMANCE").is_none() || std::thread::panicking() {
            return;
        }
        let Some(definition) = DEFINITION.get_or_init(Definition::read) else {
            return;
        };
        let held = self.simulator.exchanges().into_iter().filter(|exchange| {
            let held = definition.hold(exchange);
            let held = held.unwrap_or_else(|complaint| panic!("{} {}: {complaint}", exchange.method, exchange.path));
            held == Held::Yes
        });
        omnistock_conformance::table::validated("medusa", held.count());
    }
}

const WRONG: &str = "password-of-nobody";

impl Medusa {
    fn change(&self, change: impl FnOnce(&mut Faults)) {
        let mut faults = Faults::default();
        change(&mut faults);
        self.simulator.set_faults(faults);
    }
}

#[async_trait]
impl Fake for Medusa {
    async fn start() -> Self {
        let simulator = Simulator::start(SimulatorSettings::default()).await.unwrap();
        let berlin = simulator.add_location("berlin");
        if std::env::var_os("OMNISTOCK_CONFORMANCE").is_some() {
            simulator.remember_exchanges();
        }
        Self { simulator, berlin }
    }

    fn connector(&self, access: Access) -> Applies<Arc<dyn Connector>> {
        let mut table = json!({"url": self.simulator.url().as_str(), "email": self.simulator.email(),
                               "password": {"env": self.simulator.password()}});
        match access {
            Access::Good => {}
            Access::Impatient => table["deadline_ms"] = json!(PATIENCE.as_millis()),
            Access::WrongSecret => table["password"] = json!({"env": WRONG}),
            Access::WrongAddress => table["url"] = json!(format!("{}store", self.simulator.url())),
            Access::ReadOnly => return Err(NotApplicable("every admin user and every secret key may write")),
        }
        let context = testing::context("shop", &[("berlin", ""), ("hamburg", "")]);
        Ok(testing::build(&SPEC, context, table))
    }

    fn secrets(&self) -> Vec<String> {
        [self.simulator.password(), self.simulator.api_key(), WRONG]
            .map(str::to_owned)
            .to_vec()
    }

    async fn fault(&self, fault: Fault) -> Applies<()> {
        match fault {
            Fault::EveryCall(trouble) => self.change(|faults| faults.every_call = Some(trouble)),
            Fault::Writes(trouble) => self.change(|faults| faults.writes = Some(trouble)),
            Fault::Clamps(most) => self.change(|faults| faults.most_units = Some(most)),
            Fault::Unreachable => self.simulator.stop().await,
            Fault::Revoked => {
                // What a deleted user's token lets in until it expires, a day at most, has to expire as well.
                self.simulator.lock_out();
                self.simulator.expire_tokens();
            }
            Fault::TokenExpired => self.simulator.expire_tokens(),
            Fault::ItemFails(_) => return Err(NotApplicable("a call is done whole or not at all")),
            Fault::AcceptedThenFails => return Err(NotApplicable("a write is done when it is answered")),
        }
        Ok(())
    }

    async fn heal(&self) {
        self.simulator.set_faults(Faults::default());
    }

    fn add(&self, sku: &str, units: i64) -> Applies<()> {
        self.simulator.add_product(sku, &[(self.berlin.clone(), units)]);
        Ok(())
    }

    fn add_unmanaged(&self, sku: &str) -> Applies<()> {
        self.simulator.add_product(sku, &[]);
        Ok(())
    }

    fn remove(&self, sku: &str) -> Applies<()> {
        self.simulator.remove_product(sku);
        Ok(())
    }

    fn nobody(&self) -> ListingReference {
        let location = VendorLocation::new(&self.berlin).unwrap();
        let key = ListingKey {
            listing: ListingId::new("iitem_nope").unwrap(),
            location: Some(location),
        };
        ListingReference { key, parent: None }
    }

    fn set_stock(&self, sku: &str, units: i64) -> Applies<()> {
        if self.simulator.set_stock(sku, &self.berlin, units) {
            return Ok(());
        }
        // It comes to a number below zero where fewer are there than were sold, and the parcel is packed all the same.
        let sold = self.shown(sku);
        let order = self.simulator.buy(sku, sold).unwrap();
        done(self.simulator.set_stock(sku, &self.berlin, sold + units) && self.simulator.pack(&order, sold))
    }

    fn shown(&self, sku: &str) -> i64 {
        self.simulator
            .shown(sku)
            .unwrap_or_else(|| panic!("{sku} is not listed"))
    }

    fn asked(&self, sku: &str) -> Applies<Option<Price>> {
        let amount = self.simulator.asked(sku, "eur", None);
        Ok(amount.and_then(|amount| price(&amount.to_string(), "EUR")))
    }

    fn set_price(&self, sku: &str, price: Money) -> Applies<()> {
        self.simulator.set_price(sku, "eur", None, price.amount());
        Ok(())
    }

    fn sells_in(&self, _: Currency) -> Applies<()> {
        // A variant has a price in each of several.
        Ok(())
    }

    fn buy(&self, sku: &str, units: i64) -> Applies<Option<String>> {
        match self.simulator.buy(sku, units) {
            Ok(order) => Ok(Some(order)),
            Err(Refusal::SoldOut) => Ok(None),
            Err(other) => panic!("{other}"),
        }
    }

    fn cancel(&self, order: &str) -> Applies<()> {
        done(self.simulator.cancel(order))
    }

    fn refund(&self, order: &str) -> Applies<()> {
        done(self.simulator.fulfil(order) && self.simulator.take_back(order))
    }

    fn edit(&self, order: &str, units: i64) -> Applies<()> {
        done(self.simulator.edit(order, units))
    }

    fn ship_part(&self, order: &str, units: i64) -> Applies<()> {
        done(self.simulator.pack(order, units) && self.simulator.hand_over(order))
    }

    fn ship(&self, order: &str) -> Applies<()> {
        done(self.simulator.fulfil(order))
    }

    fn no_order(&self) -> String {
        "order_nope".to_owned()
    }

    fn buyer(&self) -> &'static [&'static str] {
        &["buyer@example.test"]
    }
}

omnistock_conformance::conformance!(Medusa);
