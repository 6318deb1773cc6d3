//! The conformance suite against a real Medusa server: its staff and its buyers do what the cases ask for, and a proxy
//! in front of it makes the faults that such a server doesn't let be made.

use super::sales::BUYER;
use super::staff::{Article, Staff, wait};
use super::stage::{self, EMAIL, PASSWORD, Sold};
use async_trait::async_trait;
use omnistock_conformance::proxy::{Manner, Proxy};
use omnistock_conformance::{Access, Applies, Fake, Fault, NotApplicable, PATIENCE, price};
use omnistock_medusa::SPEC;
use omnistock_sdk::{Connector, ListingKey, ListingReference, testing};
use omnistock_words::{Currency, ListingId, Money, Price, VendorLocation};
use reqwest::Method;
use serde_json::{Number, json};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::OwnedMutexGuard;

const WRONG: &str = "password-of-nobody";

struct RealMedusa {
    staff: Staff,
    proxy: Proxy,
    articles: Mutex<BTreeMap<String, Article>>,
    /// Whether somebody has checked out: the first does so in the storefront, the others by telephone, which is quicker.
    visited: AtomicBool,
    _turn: OwnedMutexGuard<()>,
}

fn writes(method: &Method, path: &str) -> bool {
    method == Method::POST
        && (path == "/admin/inventory-items/location-levels/batch" || path.ends_with("/variants/batch"))
}

impl RealMedusa {
    fn article(&self, sku: &str) -> Article {
        let articles = self.articles.lock().unwrap();
        articles
            .get(sku)
            .unwrap_or_else(|| panic!("{sku} is not listed"))
            .clone()
    }

    /// Lists articles without saying how many there are.
    async fn list(&self, skus: &[&str]) -> Vec<Article> {
        stage::touched();
        let made = self.staff.list(skus).await;
        let known = skus.iter().map(|sku| (*sku).to_owned()).zip(made.iter().cloned());
        self.articles.lock().unwrap().extend(known);
        made
    }

    async fn sell(&self, sku: &str, units: i64) -> Option<String> {
        let article = self.article(sku);
        if self.visited.swap(true, Ordering::Relaxed) {
            self.staff.telephone(&article, units).await
        } else {
            self.staff.check_out(&article, units).await
        }
    }

    /// Tokens of one second are the same, byte for byte: the next one is of another.
    async fn expire(&self) {
        self.proxy.spend_tokens();
        tokio::time::sleep(Duration::from_millis(1_000)).await;
    }

    /// The server takes no number below zero from anybody. It comes to one where fewer are there than were sold, and
    /// the parcel is packed all the same.
    async fn below_zero(&self, sku: &str, units: i64) {
        let article = self.article(sku);
        let shown = self.staff.storefront(std::slice::from_ref(&article)).await;
        let sold = shown[0]["inventory_quantity"].as_i64().unwrap();
        let order = self.staff.check_out(&article, sold).await.expect("a sale");
        self.staff.restock(&article.item, sold + units).await;
        self.staff.pack(&order, sold).await;
    }
}

#[async_trait]
impl Fake for RealMedusa {
    async fn start() -> Self {
        let (staff, turn) = stage::enter().await;
        let manner = Manner {
            server: stage::url().parse().unwrap(),
            writes,
            error: r#"{"code":"unknown_error","type":"unknown_error","message":"An unknown error occurred."}"#,
            // The server says the same of a token that has expired and of one that it never made.
            spent: "Bearer spent",
        };
        Self {
            staff,
            proxy: Proxy::start(manner).await.unwrap(),
            articles: Mutex::default(),
            visited: AtomicBool::new(false),
            _turn: turn,
        }
    }

    fn server(&self) -> Option<&'static str> {
        Some("real server")
    }

    fn connector(&self, access: Access) -> Applies<Arc<dyn Connector>> {
        let url = self.proxy.url();
        let mut table = json!({"url": url.as_str(), "email": EMAIL, "password": {"env": PASSWORD}});
        match access {
            Access::Good => {}
            Access::Impatient => table["deadline_ms"] = json!(PATIENCE.as_millis()),
            Access::WrongSecret => table["password"] = json!({"env": WRONG}),
            Access::WrongAddress => table["url"] = json!(format!("{url}store")),
            Access::ReadOnly => return Err(NotApplicable("every admin user and every secret key may write")),
        }
        let context = testing::context("shop", &[("berlin", ""), ("hamburg", "")]);
        Ok(testing::build(&SPEC, context, table))
    }

    fn secrets(&self) -> Vec<String> {
        [PASSWORD, WRONG].map(str::to_owned).to_vec()
    }

    async fn fault(&self, fault: Fault) -> Applies<()> {
        match fault {
            Fault::EveryCall(trouble) => self.proxy.every_call(trouble),
            Fault::Writes(trouble) => self.proxy.writes(trouble),
            Fault::Unreachable => self.proxy.stop().await,
            Fault::TokenExpired => self.expire().await,
            Fault::Revoked => {
                // What a deleted user's token lets in until it expires, a day at most, has to expire as well.
                stage::touched();
                self.staff.delete_user(EMAIL).await;
                self.expire().await;
            }
            Fault::Clamps(_) => {
                let why = "not possible on a real server: it stores the number that it is given, or refuses the call";
                return Err(NotApplicable(why));
            }
            Fault::ItemFails(_) => return Err(NotApplicable("a call is done whole or not at all")),
            Fault::AcceptedThenFails => return Err(NotApplicable("a write is done when it is answered")),
        }
        Ok(())
    }

    async fn heal(&self) {
        self.proxy.heal();
    }

    fn add(&self, sku: &str, units: i64) -> Applies<()> {
        self.add_all(&[(sku.to_owned(), units)])
    }

    fn add_all(&self, articles: &[(String, i64)]) -> Applies<()> {
        wait(async {
            let skus: Vec<&str> = articles.iter().map(|(sku, _)| sku.as_str()).collect();
            let made = self.list(&skus).await;
            let levels = made.iter().zip(articles);
            let levels: Vec<(String, i64)> = levels
                .map(|(article, (_, units))| (article.item.clone(), *units))
                .collect();
            self.staff.stock(&levels).await;
        });
        Ok(())
    }

    fn add_unmanaged(&self, sku: &str) -> Applies<()> {
        wait(self.list(&[sku]));
        Ok(())
    }

    fn remove(&self, sku: &str) -> Applies<()> {
        let path = format!("/admin/products/{}", self.article(sku).product);
        wait(self.staff.ask(Method::DELETE, &path, None)).unwrap();
        Ok(())
    }

    fn nobody(&self) -> ListingReference {
        let location = VendorLocation::new(&self.staff.keys.location).unwrap();
        let key = ListingKey {
            listing: ListingId::new("iitem_nope").unwrap(),
            location: Some(location),
        };
        ListingReference { key, parent: None }
    }

    fn set_stock(&self, sku: &str, units: i64) -> Applies<()> {
        if units < 0 {
            wait(self.below_zero(sku, units));
        } else {
            wait(self.staff.restock(&self.article(sku).item, units));
        }
        Ok(())
    }

    fn shown(&self, sku: &str) -> i64 {
        self.shown_of(&[sku.to_owned()])[0]
    }

    fn shown_of(&self, skus: &[String]) -> Vec<i64> {
        let articles: Vec<Article> = skus.iter().map(|sku| self.article(sku)).collect();
        let shown = articles
            .chunks(100)
            .flat_map(|chunk| wait(self.staff.storefront(chunk)));
        shown
            .map(|variant| variant["inventory_quantity"].as_i64().unwrap())
            .collect()
    }

    fn asked(&self, sku: &str) -> Applies<Option<Price>> {
        let shown = wait(self.staff.storefront(&[self.article(sku)]));
        let amount = shown[0]["calculated_price"]["calculated_amount"]
            .as_number()
            .map(Number::to_string);
        Ok(amount.and_then(|amount| price(&amount, "EUR")))
    }

    fn set_price(&self, sku: &str, price: Money) -> Applies<()> {
        let article = self.article(sku);
        let path = format!(
            "/admin/products/{}/variants/{}?fields=id",
            article.product, article.variant
        );
        let amount: Number = price.amount().to_string().parse().unwrap();
        let prices = json!({"prices": [{"currency_code": "eur", "amount": amount}]});
        wait(self.staff.post(&path, prices));
        Ok(())
    }

    fn sells_in(&self, _: Currency) -> Applies<()> {
        // A variant has a price in each of several.
        Ok(())
    }

    fn buy(&self, sku: &str, units: i64) -> Applies<Option<String>> {
        Ok(wait(self.sell(sku, units)))
    }

    fn buy_each(&self, sku: &str, units: i64, buyers: usize) -> Applies<Vec<String>> {
        let article = self.article(sku);
        let units_then = (units, self.shown(sku));
        if let Some(sold) = stage::sold_before(units_then, buyers) {
            self.articles.lock().unwrap().insert(sku.to_owned(), sold.article);
            return Ok(sold.orders);
        }
        // The first one alone: two who are new at the same moment are refused, since they are one customer.
        let mut orders = vec![wait(self.staff.telephone(&article, units)).expect("a sale")];
        let one = || self.staff.telephone(&article, units);
        while orders.len() + 4 <= buyers {
            let (a, b, c, d) = wait(async { tokio::join!(one(), one(), one(), one()) });
            orders.extend([a, b, c, d].map(|order| order.expect("a sale")));
        }
        while orders.len() < buyers {
            orders.push(wait(one()).expect("a sale"));
        }
        stage::sold(&Sold {
            units: units_then,
            article,
            orders: orders.clone(),
        });
        Ok(orders)
    }

    fn cancel(&self, order: &str) -> Applies<()> {
        wait(self.staff.cancel(order));
        Ok(())
    }

    fn refund(&self, order: &str) -> Applies<()> {
        wait(async {
            self.staff.ship(order, None).await;
            self.staff.refund(order).await;
        });
        Ok(())
    }

    fn edit(&self, order: &str, units: i64) -> Applies<()> {
        wait(self.staff.edit(order, units));
        Ok(())
    }

    fn ship_part(&self, order: &str, units: i64) -> Applies<()> {
        wait(self.staff.ship(order, Some(units)));
        Ok(())
    }

    fn ship(&self, order: &str) -> Applies<()> {
        wait(self.staff.ship(order, None));
        Ok(())
    }

    fn no_order(&self) -> String {
        "order_nope".to_owned()
    }

    fn buyer(&self) -> &'static [&'static str] {
        &BUYER
    }
}

omnistock_conformance::conformance!(RealMedusa);
