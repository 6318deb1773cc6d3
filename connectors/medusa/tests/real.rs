//! The connector against a real Medusa server. `cargo xtask real medusa` starts one with two stock locations, a
//! region, a sales channel and products in stock, and sets the variables that say where it is.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::unnecessary_wraps,
    unreachable_pub,
    reason = "tests"
)]

#[path = "real/conformance.rs"]
mod conformance;
#[path = "real/sales.rs"]
mod sales;
#[path = "real/staff.rs"]
mod staff;
#[path = "real/stage.rs"]
mod stage;

use omnistock_conformance::whole::poll;
use omnistock_medusa::SPEC;
use omnistock_sdk::http::{Http, HttpSettings};
use omnistock_sdk::{Connector, Cursor, ErrorClass, ItemOutcome, ListingReading, WriteItem, testing};
use omnistock_words::{OrderFact, OrderId, OrderStatus, Quantity, VendorLocation};
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::Arc;

/// The shop as its staff use it.
struct Shop {
    http: Http,
    token: String,
}

impl Shop {
    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let mut request = self.http.request(method, path).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        self.http
            .send(request)
            .await
            .unwrap_or_else(|error| panic!("{path}: {error}"))
            .json()
            .unwrap()
    }

    async fn open(url: &str, email: &str, password: &str) -> Self {
        let http = Http::new(HttpSettings::new(url.parse().unwrap())).unwrap();
        let mut shop = Self {
            http,
            token: String::new(),
        };
        let answer = shop
            .call(
                Method::POST,
                "/auth/user/emailpass",
                Some(json!({"email": email, "password": password})),
            )
            .await;
        answer["token"].as_str().unwrap().clone_into(&mut shop.token);
        shop
    }

    async fn first(&self, path: &str, list: &str) -> Value {
        self.call(Method::GET, path, None).await[list][0].clone()
    }

    /// A real order of so many units; its id.
    async fn buy(&self, sku: &str, units: u64) -> String {
        let region = self.first("/admin/regions", "regions").await;
        // One that sells from the stock locations: the server's own default channel doesn't.
        let place = self
            .first(
                "/admin/stock-locations?fields=id,sales_channels.id&order=id",
                "stock_locations",
            )
            .await;
        let channel = &place["sales_channels"][0];
        let variant = self
            .first(&format!("/admin/product-variants?sku={sku}"), "variants")
            .await;
        let draft = json!({
            "email": "buyer@example.test", "region_id": region["id"], "sales_channel_id": channel["id"], "shipping_methods": [],
            "items": [{"variant_id": variant["id"], "quantity": units}],
        });
        let draft = self.call(Method::POST, "/admin/draft-orders", Some(draft)).await;
        let id = draft["draft_order"]["id"].as_str().unwrap().to_owned();
        self.call(
            Method::POST,
            &format!("/admin/draft-orders/{id}/convert-to-order"),
            None,
        )
        .await;
        id
    }

    async fn cancel(&self, order: &str) {
        self.call(Method::POST, &format!("/admin/orders/{order}/cancel"), None)
            .await;
    }
}

fn build(url: &str, email: &str, password: &str, berlin: &str) -> Arc<dyn Connector> {
    let context = testing::context("medusa", &[("berlin", berlin), ("hamburg", "")]);
    let table = json!({"url": url, "email": email, "password": {"env": password}});
    testing::build(&SPEC, context, table)
}

async fn levels(connector: &dyn Connector, sku: &str) -> Vec<ListingReading> {
    let (mut found, mut cursor): (Vec<ListingReading>, Option<Cursor>) = (Vec::new(), None);
    loop {
        let page = connector.channel().unwrap().catalogue(cursor.as_ref()).await.unwrap();
        found.extend(
            page.listings
                .into_iter()
                .filter(|listing| listing.sku.as_ref().is_some_and(|known| known.as_str() == sku)),
        );
        cursor = page.next;
        if cursor.is_none() {
            return found;
        }
    }
}

fn write(reading: &ListingReading, units: i64) -> WriteItem {
    WriteItem {
        reference: reading.reference.clone(),
        quantity: Quantity::whole(units),
        expected: None,
    }
}

fn status(facts: &[OrderFact], order: &str) -> Option<OrderStatus> {
    facts
        .iter()
        .rfind(|fact| fact.order.as_str() == order)
        .map(|fact| fact.status)
}

#[tokio::test]
async fn a_real_server_reads_writes_sells_and_cancels() {
    let variable = |name: &str| std::env::var(name).ok();
    let (Some(url), Some(email), Some(password), Some(sku)) = (
        variable("OMNISTOCK_MEDUSA_URL"),
        variable("OMNISTOCK_MEDUSA_EMAIL"),
        variable("OMNISTOCK_MEDUSA_PASSWORD"),
        variable("OMNISTOCK_MEDUSA_SKU"),
    ) else {
        eprintln!(
            "the test with a real server did not run: OMNISTOCK_MEDUSA_URL, _EMAIL, _PASSWORD and _SKU are not set; see `cargo xtask real medusa`"
        );
        return;
    };
    let shop = Shop::open(&url, &email, &password).await;
    let berlin = shop.first("/admin/stock-locations?order=id", "stock_locations").await["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let connector = build(&url, &email, &password, &berlin);
    connector.check().await.unwrap();
    let (channel, orders) = (connector.channel().unwrap(), connector.orders().unwrap());
    let (_, cursor) = poll(connector.as_ref(), None).await;

    let listed = levels(connector.as_ref(), &sku).await;
    let both: Vec<WriteItem> = listed.iter().map(|reading| write(reading, 20)).collect();
    let applied = ItemOutcome::Applied {
        quantity: Some(Quantity::whole(20)),
    };
    assert_eq!(channel.write(&both).await.unwrap(), [applied.clone(), applied]);

    let mut wrong = write(&listed[1], 8);
    wrong.reference.key.location = Some(VendorLocation::new("sloc_gone").unwrap());
    let error = channel.write(&[write(&listed[0], 7), wrong]).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Rejected, "{error}");
    assert!(
        error.message.contains("is not stocked at location sloc_gone"),
        "{error}"
    );

    let order = shop.buy(&sku, 3).await;
    let references: Vec<_> = listed.iter().map(|reading| reading.reference.clone()).collect();
    let read = channel.read(&references).await.unwrap();
    assert!(
        read.iter().all(|reading| reading.quantity == Some(Quantity::whole(20))),
        "gross, and nothing of the refused call: {read:?}"
    );
    let held: Vec<_> = read.iter().flat_map(|reading| reading.reserved.clone()).collect();
    let (facts, cursor) = poll(connector.as_ref(), Some(cursor)).await;
    assert_eq!(status(&facts, &order), Some(OrderStatus::Open));
    let sold = orders.order(&OrderId::new(&order).unwrap()).await.unwrap().unwrap();
    assert_eq!(
        (sold.lines[0].sku.as_ref().unwrap().as_str(), sold.lines[0].quantity),
        (sku.as_str(), Quantity::whole(3))
    );
    let ours: Vec<_> = held
        .iter()
        .filter(|line| line.line == sold.lines[0].line)
        .map(|line| line.quantity)
        .collect();
    assert_eq!(ours, [Quantity::whole(3)]);

    shop.cancel(&order).await;
    let (facts, _) = poll(connector.as_ref(), Some(cursor)).await;
    assert_eq!(status(&facts, &order), Some(OrderStatus::Cancelled));
    let read = channel.read(&references).await.unwrap();
    assert!(
        read.iter()
            .flat_map(|reading| &reading.reserved)
            .all(|line| line.line != sold.lines[0].line)
    );
    assert_eq!(orders.order(&OrderId::new("order_nope").unwrap()).await.unwrap(), None);
}
