//! The conformance suite against the simulated eBay. In `cargo xtask conformance` every exchange of it is held to the
//! vendor's definitions, where `OMNISTOCK_SPECS` is set.
#![allow(clippy::unnecessary_wraps, reason = "the suite's form")]

use crate::openapi::Definitions;
use crate::support::{WORD, connect, table};
use async_trait::async_trait;
use bytes::Bytes;
use omnistock_conformance::{Access, Applies, Fake, Fault, Hook, NotApplicable, PATIENCE, done, price};
use omnistock_ebay::simulator::{Faults, Refusal, Simulator, SimulatorSettings};
use omnistock_sdk::{Connector, ListingReference, RawRequest, now};
use omnistock_words::{Currency, ListingId, Money, Price};
use serde_json::json;
use std::sync::{Arc, OnceLock};

struct Ebay(Simulator);

const WRONG: &str = "secret-of-nobody";

impl Drop for Ebay {
    /// In `cargo xtask conformance`, where one program reads the definitions once, every exchange is held to them.
    fn drop(&mut self) {
        static DEFINITIONS: OnceLock<Option<Definitions>> = OnceLock::new();
        if std::env::var_os("OMNISTOCK_CONFORMANCE").is_none() || std::thread::panicking() {
            return;
        }
        let Some(definitions) = DEFINITIONS.get_or_init(Definitions::read) else {
            return;
        };
        let held = self.0.exchanges().into_iter().filter(|exchange| {
            let held = definitions.hold(exchange);
            held.unwrap_or_else(|complaint| panic!("{} {}: {complaint}", exchange.method, exchange.path))
        });
        omnistock_conformance::table::validated("ebay", held.count());
    }
}

impl Ebay {
    fn change(&self, change: impl FnOnce(&mut Faults)) {
        let mut faults = Faults::default();
        change(&mut faults);
        self.0.set_faults(faults);
    }
}

#[async_trait]
impl Fake for Ebay {
    async fn start() -> Self {
        let settings = SimulatorSettings {
            challenges: false,
            ..SimulatorSettings::default()
        };
        let simulator = Simulator::start(settings).await.unwrap();
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
            Access::ReadOnly => self.0.withdraw_scope("sell.inventory"),
            Access::WrongAddress => table["base_url"] = json!(format!("{}blog", self.0.url())),
        }
        Ok(connect(table))
    }

    fn secrets(&self) -> Vec<String> {
        [self.0.client_secret(), self.0.refresh_token(), WORD, WRONG]
            .map(str::to_owned)
            .to_vec()
    }

    async fn fault(&self, fault: Fault) -> Applies<()> {
        match fault {
            Fault::EveryCall(trouble) => self.change(|faults| faults.every_call = Some(trouble)),
            Fault::Writes(trouble) => self.change(|faults| faults.writes = Some(trouble)),
            Fault::Clamps(most) => self.change(|faults| faults.most_units = Some(most)),
            Fault::ItemFails(sku) => self.change(|faults| faults.failing_sku = Some(sku)),
            Fault::AcceptedThenFails => self.change(|faults| faults.forgets = true),
            Fault::Unreachable => self.0.stop().await,
            Fault::Revoked => self.0.revoke(),
            Fault::TokenExpired => self.0.expire_tokens(),
        }
        Ok(())
    }

    async fn heal(&self) {
        self.0.set_faults(Faults::default());
    }

    fn add(&self, sku: &str, units: i64) -> Applies<()> {
        if sku.chars().count() > 50 {
            return Err(NotApplicable(
                "a SKU has at most 50 characters; tests of the channel ask it of such ones",
            ));
        }
        if sku.is_empty() {
            // Only older listings can be without one.
            self.0.add_older(None, units);
        } else {
            self.0.add(sku, units);
        }
        Ok(())
    }

    fn add_unmanaged(&self, sku: &str) -> Applies<()> {
        self.0.add_offer(sku, 5, None);
        Ok(())
    }

    fn remove(&self, sku: &str) -> Applies<()> {
        self.0.remove(sku);
        Ok(())
    }

    fn nobody(&self) -> ListingReference {
        ListingReference::plain(ListingId::new("offer:999999:NOBODY").unwrap())
    }

    fn set_stock(&self, sku: &str, units: i64) -> Applies<()> {
        if units < 0 {
            return Err(NotApplicable("a number is 0 and more there"));
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
        Err(NotApplicable("every marketplace sells in a currency of two digits"))
    }

    fn buy(&self, sku: &str, units: i64) -> Applies<Option<String>> {
        match self.0.buy(sku, units) {
            Ok(order) => Ok(Some(order)),
            Err(Refusal::SoldOut) => Ok(None),
            Err(other) => panic!("{other:?}"),
        }
    }

    fn cancel(&self, order: &str) -> Applies<()> {
        done(self.0.cancel(order))
    }

    fn refund(&self, order: &str) -> Applies<()> {
        done(self.0.send(order, None) && self.0.pay_back(order))
    }

    fn edit(&self, _: &str, _: i64) -> Applies<()> {
        Err(NotApplicable("nobody can change the lines of an order"))
    }

    fn ship_part(&self, order: &str, units: i64) -> Applies<()> {
        done(self.0.send(order, Some(units)))
    }

    fn ship(&self, order: &str) -> Applies<()> {
        done(self.0.send(order, None))
    }

    fn no_order(&self) -> String {
        "99-99999-99999".to_owned()
    }

    fn buyer(&self) -> &'static [&'static str] {
        self.0.buyer()
    }

    fn webhook(&self, hook: &Hook) -> Applies<RawRequest> {
        let (topic, order, foreign) = match hook {
            Hook::Order(order) => ("ORDER_CONFIRMATION", order.as_str(), false),
            Hook::Foreign => ("ORDER_CONFIRMATION", "12-34567-89012", true),
            Hook::Ping => ("MARKETPLACE_ACCOUNT_DELETION", "", false),
            Hook::Echo(_) => return Err(NotApplicable("no topic tells of a number that changed")),
            Hook::News => return Err(NotApplicable("it is not a source of stock")),
        };
        let (signature, body) = self.0.notification(topic, order, foreign);
        Ok(RawRequest {
            headers: vec![("x-ebay-signature".to_owned(), signature)],
            query: String::new(),
            body: Bytes::from(body),
            received_at: now(),
        })
    }

    fn subscriptions(&self) -> usize {
        self.0.subscriptions()
    }

    fn lose_subscription(&self) -> Applies<()> {
        self.0.lose_subscription();
        Ok(())
    }
}

omnistock_conformance::conformance!(Ebay);
