//! The conformance suite against the shop on paper.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "tests"
)]

mod shop;

use async_trait::async_trait;
use omnistock_conformance::{Access, Applies, Fake, Fault, NotApplicable, PATIENCE};
use omnistock_sdk::simulated::Server;
use omnistock_sdk::{Connector, ListingReference, testing};
use omnistock_toy::SPEC;
use omnistock_words::ListingId;
use serde_json::json;
use shop::{KEY, READER, Shop};
use std::sync::{Arc, MutexGuard};

const WRONG: &str = "key-of-nobody";

struct Toy {
    running: Server<Shop>,
}

impl Toy {
    fn shop(&self) -> MutexGuard<'_, Shop> {
        self.running.shop()
    }

    fn put(&self, sku: &str, stock: Option<i64>) {
        let mut shop = self.shop();
        let id = shop.articles.last_key_value().map_or(1, |(id, _)| id + 1);
        let sku = (!sku.is_empty()).then(|| sku.to_owned());
        shop.articles.insert(id, (sku, stock));
    }
}

#[async_trait]
impl Fake for Toy {
    async fn start() -> Self {
        Self {
            running: shop::open().await,
        }
    }

    fn connector(&self, access: Access) -> Applies<Arc<dyn Connector>> {
        let mut table = json!({"url": self.running.origin(), "key": {"env": KEY}});
        match access {
            Access::Good => {}
            Access::Impatient => table["deadline_ms"] = json!(PATIENCE.as_millis()),
            Access::WrongSecret => table["key"] = json!({"env": WRONG}),
            Access::ReadOnly => table["key"] = json!({"env": READER}),
            Access::WrongAddress => table["url"] = json!(format!("{}/blog", self.running.origin())),
        }
        Ok(testing::build(&SPEC, testing::context("toys", &[]), table))
    }

    fn secrets(&self) -> Vec<String> {
        [KEY, READER, WRONG].map(str::to_owned).to_vec()
    }

    async fn fault(&self, fault: Fault) -> Applies<()> {
        match fault {
            Fault::EveryCall(trouble) => self.shop().every_call = Some(trouble),
            Fault::Writes(trouble) => self.shop().writes = Some(trouble),
            Fault::Clamps(most) => self.shop().most_units = Some(most),
            Fault::ItemFails(sku) => self.shop().failing_sku = Some(sku),
            Fault::Revoked => self.shop().revoked = true,
            Fault::Unreachable => self.running.stop().await,
            Fault::TokenExpired => return Err(NotApplicable("keys do not expire")),
            Fault::AcceptedThenFails => return Err(NotApplicable("a write is done when it is answered")),
        }
        Ok(())
    }

    async fn heal(&self) {
        let mut shop = self.shop();
        let articles = std::mem::take(&mut shop.articles);
        *shop = Shop {
            articles,
            ..Shop::default()
        };
    }

    fn add(&self, sku: &str, units: i64) -> Applies<()> {
        self.put(sku, Some(units));
        Ok(())
    }

    fn add_unmanaged(&self, sku: &str) -> Applies<()> {
        self.put(sku, None);
        Ok(())
    }

    fn remove(&self, sku: &str) -> Applies<()> {
        let mut shop = self.shop();
        let (id, _) = shop.by_sku(sku);
        shop.articles.remove(&id);
        Ok(())
    }

    fn nobody(&self) -> ListingReference {
        ListingReference::plain(ListingId::new("999999").unwrap())
    }

    fn set_stock(&self, sku: &str, units: i64) -> Applies<()> {
        self.shop().by_sku(sku).1.1 = Some(units);
        Ok(())
    }

    fn shown(&self, sku: &str) -> i64 {
        self.shop().by_sku(sku).1.1.unwrap()
    }

    fn buy(&self, sku: &str, units: i64) -> Applies<Option<String>> {
        let mut shop = self.shop();
        let left = shop.by_sku(sku).1.1.as_mut().unwrap();
        let sold = *left >= units;
        *left -= if sold { units } else { 0 };
        Ok(sold.then(|| "sold".to_owned()))
    }
}

omnistock_conformance::conformance!(Toy);
