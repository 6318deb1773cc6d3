//! The conformance suite against the simulated shop.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::unnecessary_wraps,
    reason = "tests"
)]

use async_trait::async_trait;
use omnistock_conformance::{Access, Applies, Fake, Fault, Hook, NotApplicable, PATIENCE, done, price};
use omnistock_sdk::{Connector, ListingKey, ListingReference, RawRequest, now};
use omnistock_woocommerce::simulator::{Faults, Refusal, Simulator, SimulatorSettings};
use omnistock_words::{Currency, ListingId, Money, Price};
use serde_json::json;
use std::sync::Arc;

struct Woo(Simulator);

const WRONG: &str = "cs_of_nobody";

impl Woo {
    fn change(&self, change: impl FnOnce(&mut Faults)) {
        let mut faults = Faults::default();
        change(&mut faults);
        self.0.set_faults(faults);
    }
}

fn number(order: &str) -> u64 {
    order.parse().unwrap()
}

#[async_trait]
impl Fake for Woo {
    async fn start() -> Self {
        Self(Simulator::start(SimulatorSettings::default()).await.unwrap())
    }

    fn connector(&self, access: Access) -> Applies<Arc<dyn Connector>> {
        let mut table = crate::support::table(&self.0);
        match access {
            Access::Good => {}
            Access::Impatient => table["deadline_ms"] = json!(PATIENCE.as_millis()),
            Access::WrongSecret => table["secret"] = json!({"env": WRONG}),
            Access::ReadOnly => self.0.set_read_only(true),
            Access::WrongAddress => table["url"] = json!(format!("{}nowhere", self.0.url())),
        }
        Ok(crate::support::build(table))
    }

    fn secrets(&self) -> Vec<String> {
        [self.0.key(), self.0.secret(), self.0.webhook_secret(), WRONG]
            .map(str::to_owned)
            .to_vec()
    }

    async fn fault(&self, fault: Fault) -> Applies<()> {
        match fault {
            Fault::EveryCall(trouble) => self.change(|faults| faults.every_call = Some(trouble)),
            Fault::Writes(trouble) => self.change(|faults| faults.writes = Some(trouble)),
            Fault::Clamps(most) => self.change(|faults| faults.most_units = Some(most)),
            Fault::ItemFails(sku) => self.change(|faults| faults.failing_sku = Some(sku)),
            Fault::Unreachable => self.0.stop().await,
            Fault::Revoked => self.0.revoke_key(),
            Fault::TokenExpired => return Err(NotApplicable("keys have no tokens that expire")),
            Fault::AcceptedThenFails => return Err(NotApplicable("a write is done when it is answered")),
        }
        Ok(())
    }

    async fn heal(&self) {
        self.0.set_faults(Faults::default());
    }

    fn add(&self, sku: &str, units: i64) -> Applies<()> {
        self.0.add_product(sku, units);
        Ok(())
    }

    fn add_unmanaged(&self, sku: &str) -> Applies<()> {
        self.0.add_product(sku, 5);
        self.0.set_managed(sku, false);
        Ok(())
    }

    fn remove(&self, sku: &str) -> Applies<()> {
        self.0.remove_product(sku);
        Ok(())
    }

    fn nobody(&self) -> ListingReference {
        let key = ListingKey {
            listing: ListingId::new("999999").unwrap(),
            location: None,
        };
        ListingReference { key, parent: None }
    }

    fn set_stock(&self, sku: &str, units: i64) -> Applies<()> {
        self.0.set_stock(sku, units);
        Ok(())
    }

    fn shown(&self, sku: &str) -> i64 {
        self.0.shown(sku).unwrap_or_else(|| panic!("{sku} is not listed"))
    }

    fn asked(&self, sku: &str) -> Applies<Option<Price>> {
        let (now, regular) = self.0.asked(sku).unwrap();
        let currency = self.0.currency();
        let on_sale = price(&regular, &currency).filter(|_| now != regular);
        Ok(price(&now, &currency).map(|price| Price {
            compare_at: on_sale.map(|regular| regular.amount),
            ..price
        }))
    }

    fn set_price(&self, sku: &str, price: Money) -> Applies<()> {
        self.0.set_price(sku, &price.amount().to_string(), "", None);
        Ok(())
    }

    fn sells_in(&self, currency: Currency) -> Applies<()> {
        self.0.set_currency(&currency.to_string());
        Ok(())
    }

    fn buy(&self, sku: &str, units: i64) -> Applies<Option<String>> {
        match self.0.buy(sku, units) {
            Ok(order) => Ok(Some(order.to_string())),
            Err(Refusal::SoldOut) => Ok(None),
            Err(other) => panic!("{other}"),
        }
    }

    fn cancel(&self, order: &str) -> Applies<()> {
        done(self.0.cancel(number(order)))
    }

    fn refund(&self, order: &str) -> Applies<()> {
        done(self.0.complete(number(order)) && self.0.set_status(number(order), "refunded"))
    }

    fn edit(&self, _: &str, _: i64) -> Applies<()> {
        Err(NotApplicable(
            "an edited line moves no date of its order, so a webhook and the daily read of all orders tell it, a poll doesn't",
        ))
    }

    fn ship_part(&self, _: &str, _: i64) -> Applies<()> {
        Err(NotApplicable("the shop itself knows no partial shipments"))
    }

    fn ship(&self, order: &str) -> Applies<()> {
        done(self.0.complete(number(order)))
    }

    fn no_order(&self) -> String {
        "999999".to_owned()
    }

    fn buyer(&self) -> &'static [&'static str] {
        &["buyer@example.test", "first_name"]
    }

    fn webhook(&self, hook: &Hook) -> Applies<RawRequest> {
        let secret = self.0.webhook_secret();
        let (headers, body) = match hook {
            Hook::Order(order) => self.0.delivery("order.updated", number(order), secret),
            Hook::Foreign => {
                let order = self.0.sales().first().map_or(0, |sale| sale.order);
                self.0.delivery("order.updated", order, "somebody-else")
            }
            Hook::News => return Err(NotApplicable("it is no source of stock")),
            Hook::Echo(sku) => self.0.delivery("product.updated", self.0.product(sku).unwrap(), secret),
            Hook::Ping => (Vec::new(), "webhook_id=1".to_owned()),
        };
        Ok(RawRequest {
            headers,
            query: String::new(),
            body: body.into(),
            received_at: now(),
        })
    }

    fn subscriptions(&self) -> usize {
        self.0
            .webhooks()
            .iter()
            .filter(|(_, _, status)| status == "active")
            .count()
    }

    fn lose_subscription(&self) -> Applies<()> {
        self.0.delete_webhook(self.0.webhooks()[0].0);
        Ok(())
    }
}

omnistock_conformance::conformance!(Woo);
