//! What is asked and answered has the shape that the vendor's definition gives.
//!
//! `OMNISTOCK_SPECS` names the folder with the vendors' definitions (`medusa/admin-openapi-2.0.0.yaml`).
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "tests")]

use crate::openapi::{Definition, Held};
use omnistock_medusa::SPEC;
use omnistock_medusa::simulator::{Simulator, SimulatorSettings};
use omnistock_sdk::http::{Http, HttpSettings};
use omnistock_sdk::{PriceItem, WriteItem, testing};
use omnistock_words::{Money, Price, Quantity};
use reqwest::Method;
use rust_decimal::Decimal;
use serde_json::{Value, json};

/// Calls that are newer than the definition, or are not in it; they were observed on a running server.
const NEWER: [&str; 1] = ["/admin/inventory-items/location-levels/batch"];

/// Everything that the connector does, and rows as the vendor sends them to who asks for no fields.
async fn story(shop: &Simulator) {
    shop.remember_exchanges();
    let berlin = shop.add_location("berlin");
    shop.add_product("A", &[(berlin.clone(), 10)]);
    shop.add_product("B", &[(berlin, 5)]);
    let sold = shop.buy("A", 3).unwrap();
    let cancelled = shop.buy("B", 1).unwrap();
    shop.pack(&sold, 1);
    shop.cancel(&cancelled);
    let table = json!({"url": shop.url().as_str(), "api_key": {"env": shop.api_key()}});
    let connector = testing::build(&SPEC, testing::context("shop", &[("berlin", "")]), table);
    connector.check().await.unwrap();
    let channel = connector.channel().unwrap();
    let listings = channel.catalogue(None).await.unwrap().listings;
    let references: Vec<_> = listings.iter().map(|listing| listing.reference.clone()).collect();
    channel.read(&references).await.unwrap();
    let numbers = references.iter().map(|reference| WriteItem {
        reference: reference.clone(),
        quantity: Quantity::whole(8),
        expected: None,
    });
    channel.write(&numbers.collect::<Vec<_>>()).await.unwrap();
    let prices = connector.prices().unwrap();
    prices.priced_page(None).await.unwrap();
    let amount = Money::new(Decimal::new(1_990, 2), "EUR".parse().unwrap()).unwrap();
    let item = PriceItem {
        reference: references.first().unwrap().clone(),
        price: Price::plain(amount),
    };
    prices.write_prices(&[item]).await.unwrap();
    let orders = connector.orders().unwrap();
    let first = orders.orders(None).await.unwrap();
    orders.orders(Some(&first.cursor)).await.unwrap();
    orders.order(&sold.parse().unwrap()).await.unwrap();
    let http = Http::new(HttpSettings::new(shop.url())).unwrap();
    for path in ["inventory-items", "reservations", "stock-locations", "orders"] {
        let request = http.request(Method::GET, &format!("/admin/{path}"));
        let answer = http.send(request.basic_auth(shop.api_key(), Some(""))).await.unwrap();
        assert!(
            answer
                .json::<Value>()
                .unwrap()
                .get("count")
                .is_some_and(Value::is_number),
            "{path}"
        );
    }
}

#[tokio::test]
async fn every_call_and_answer_has_the_shape_of_the_vendors_definition() {
    let Some(definition) = Definition::read() else { return };
    let shop = Simulator::start(SimulatorSettings::default()).await.unwrap();
    story(&shop).await;
    let (mut held, mut newer) = (0, 0);
    for exchange in shop.exchanges() {
        match definition.hold(&exchange) {
            Ok(Held::Yes) => held += 1,
            Ok(Held::Unknown) => {
                assert!(
                    NEWER.contains(&exchange.path.as_str()),
                    "the definition has no {}",
                    exchange.path
                );
                newer += 1;
            }
            Err(complaint) => panic!("{} {}: {complaint}", exchange.method, exchange.path),
        }
    }
    eprintln!("{held} exchanges hold to the vendor's definition 2.0.0, {newer} are of calls that it does not have");
    assert!(held > 10);
}

#[tokio::test]
async fn what_has_not_the_shape_is_found() {
    let Some(definition) = Definition::read() else { return };
    let shop = Simulator::start(SimulatorSettings::default()).await.unwrap();
    story(&shop).await;
    let all = shop.exchanges();
    let whole = all
        .iter()
        .find(|one| one.path == "/admin/reservations" && !one.query.contains("fields="));
    let mut wrong = whole.unwrap().clone();
    *wrong.answer.pointer_mut("/reservations/0/quantity").unwrap() = json!("three");
    assert!(definition.hold(&wrong).unwrap_err().contains("quantity"));
    let mut short = whole.unwrap().clone();
    short
        .answer
        .pointer_mut("/reservations/0")
        .unwrap()
        .as_object_mut()
        .unwrap()
        .remove("location_id");
    assert!(definition.hold(&short).unwrap_err().contains("location_id is missing"));
    let mut strange = whole.unwrap().clone();
    strange.status = 299;
    assert!(definition.hold(&strange).is_err());
}
