//! The conformance suite against the simulated shop. In `cargo xtask conformance` every call and answer of it is held
//! to the vendor's schema, where `OMNISTOCK_SPECS` is set.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::unnecessary_wraps,
    clippy::print_stderr,
    reason = "tests"
)]

use async_trait::async_trait;
use omnistock_conformance::{Access, Applies, Fake, Fault, Hook, NotApplicable, PATIENCE, done, price};
use omnistock_sdk::{Connector, ListingReference, RawRequest, now};
use omnistock_shopify::simulator::{Faults, Refusal};
use omnistock_words::{Currency, Money, Price};
use serde_json::json;
use std::sync::Arc;

struct Shopify(crate::support::Shop);

const WRONG: &str = "shpss_of_nobody";

impl Shopify {
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
impl Fake for Shopify {
    async fn start() -> Self {
        let mut shop = crate::support::start().await;
        // The schema takes seconds to read: once, where one program asks all cases, and not once a case.
        shop.wrong_calls = std::env::var_os("OMNISTOCK_CONFORMANCE").is_none();
        Self(shop)
    }

    fn connector(&self, access: Access) -> Applies<Arc<dyn Connector>> {
        let mut keys = json!({"token": null, "client_id": self.0.client_id(), "client_secret": {"env": self.0.client_secret()},
                   "compare_at": true});
        match access {
            Access::Good => {}
            Access::Impatient => keys["deadline_ms"] = json!(PATIENCE.as_millis()),
            Access::WrongSecret => keys["client_secret"] = json!({"env": WRONG}),
            Access::ReadOnly => self.0.withdraw_scope("write_inventory"),
            Access::WrongAddress => keys["url"] = json!(self.0.storefront()),
        }
        Ok(crate::support::build(crate::support::table(&self.0, &keys)))
    }

    fn secrets(&self) -> Vec<String> {
        [self.0.token(), self.0.client_secret(), WRONG]
            .map(str::to_owned)
            .to_vec()
    }

    async fn fault(&self, fault: Fault) -> Applies<()> {
        match fault {
            Fault::EveryCall(trouble) => self.change(|faults| faults.every_call = Some(trouble)),
            Fault::Writes(trouble) => self.change(|faults| faults.writes = Some(trouble)),
            Fault::Clamps(most) => self.change(|faults| faults.most_units = Some(most)),
            Fault::Unreachable => self.0.stop().await,
            Fault::Revoked => self.0.uninstall(),
            Fault::TokenExpired => self.0.expire_tokens(),
            // By the schema's codes an entry is refused for good, or because another number is shown there.
            Fault::ItemFails(_) => return Err(NotApplicable("the vendor knows no passing error of one entry")),
            Fault::AcceptedThenFails => return Err(NotApplicable("a write is done when it is answered")),
        }
        Ok(())
    }

    async fn heal(&self) {
        self.0.set_faults(Faults::default());
    }

    fn add(&self, sku: &str, units: i64) -> Applies<()> {
        self.0.add_item(sku, &[(self.0.berlin, units)]);
        Ok(())
    }

    fn add_unmanaged(&self, sku: &str) -> Applies<()> {
        self.0.add_item(sku, &[(self.0.berlin, 5)]);
        self.0.set_tracked(sku, false);
        Ok(())
    }

    fn remove(&self, sku: &str) -> Applies<()> {
        self.0.remove_item(sku);
        Ok(())
    }

    fn nobody(&self) -> ListingReference {
        crate::support::reference(999_999, self.0.berlin)
    }

    fn set_stock(&self, sku: &str, units: i64) -> Applies<()> {
        self.0.set_stock(sku, self.0.berlin, units);
        Ok(())
    }

    fn shown(&self, sku: &str) -> i64 {
        self.0.shown(sku).unwrap_or_else(|| panic!("{sku} is not listed"))
    }

    fn asked(&self, sku: &str) -> Applies<Option<Price>> {
        let (now, former) = self.0.asked(sku).unwrap();
        let former = former.and_then(|former| price(&former, "EUR"));
        Ok(price(&now, "EUR").map(|price| Price {
            compare_at: former.map(|former| former.amount),
            ..price
        }))
    }

    fn set_price(&self, sku: &str, price: Money) -> Applies<()> {
        self.0.set_price(sku, &price.amount().to_string(), None);
        Ok(())
    }

    fn sells_in(&self, currency: Currency) -> Applies<()> {
        if currency.digits() > 2 {
            return Err(NotApplicable(
                "whether the vendor keeps a third digit is not documented",
            ));
        }
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
        done(self.0.cancel(number(order), true))
    }

    fn refund(&self, order: &str) -> Applies<()> {
        done(self.0.fulfil(number(order)) && self.0.refund_shipped(number(order), i64::MAX, None))
    }

    fn edit(&self, order: &str, units: i64) -> Applies<()> {
        let sold = self.0.sales().into_iter().find(|sale| sale.order == number(order));
        done(self.0.edit_up(number(order), units - sold.unwrap().units))
    }

    fn ship_part(&self, order: &str, units: i64) -> Applies<()> {
        done(self.0.ship(number(order), units))
    }

    fn ship(&self, order: &str) -> Applies<()> {
        done(self.0.fulfil(number(order)))
    }

    fn no_order(&self) -> String {
        "999999".to_owned()
    }

    fn buyer(&self) -> &'static [&'static str] {
        &["somebody@example.test"]
    }

    fn webhook(&self, hook: &Hook) -> Applies<RawRequest> {
        let (headers, body) = match hook {
            Hook::Order(order) => self.0.order_webhook(number(order), self.0.client_secret()),
            Hook::Foreign => self.0.order_webhook(1, "somebody-else"),
            Hook::Echo(sku) => self.0.level_webhook(sku, self.0.berlin),
            Hook::Ping => return Err(NotApplicable("nobody is called when a webhook is registered")),
            Hook::News => return Err(NotApplicable("it is no source of stock")),
        };
        Ok(RawRequest {
            headers,
            query: String::new(),
            body: body.into(),
            received_at: now(),
        })
    }

    fn subscriptions(&self) -> usize {
        self.0.webhooks().len()
    }

    fn lose_subscription(&self) -> Applies<()> {
        self.0.remove_webhook(self.0.webhooks()[0].0);
        Ok(())
    }
}

omnistock_conformance::conformance!(Shopify);
