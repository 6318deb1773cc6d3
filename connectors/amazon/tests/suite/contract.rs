//! What is asked and answered has the shape that the vendor's definitions give.
//!
//! `OMNISTOCK_SPECS` names the folder with the vendors' definitions (`amazon/models/…`, `amazon/schemas/feeds/…`).

use crate::definition::Definitions;
use crate::support::{World, item, listing};
use omnistock_amazon::simulator::SimulatorSettings;
use omnistock_sdk::PriceItem;
use omnistock_words::{Money, Price};
use serde_json::json;
use std::collections::BTreeMap;

/// Everything that the connector does, with what can go wrong.
async fn story() -> World {
    let world = World::start(SimulatorSettings::immediate(), &json!({"feed_from": 20})).await;
    world.amazon.remember_exchanges();
    for number in 0..45 {
        world.amazon.add(&format!("S-{number:02}"), 5);
    }
    world.amazon.add("A,B", 5);
    world.amazon.add_at_depot("F", 7);
    let sold = world.amazon.buy("S-00", 3).unwrap();
    let gone = world.amazon.buy("S-01", 1).unwrap();
    assert!(world.amazon.pay(&sold) && world.amazon.ship(&sold, 1) && world.amazon.cancel(&gone, 1));
    world.connector.check().await.unwrap();
    let channel = world.channel();
    let mut cursor = None;
    loop {
        let page = channel.catalogue(cursor.as_ref()).await.unwrap();
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    channel
        .read(&[listing("S-03"), listing("A,B"), listing("nobody")])
        .await
        .unwrap();
    world.write("S-03", 8).await;
    world.write("nobody", 8).await;
    world.faults(|faults| faults.throttled_skus = ["S-04".to_owned()].into());
    assert!(channel.write(&[item("S-04", 8)]).await.is_err());
    world.faults(|faults| faults.invalid_skus = ["S-07".to_owned()].into());
    let many: Vec<_> = (0..30).map(|number| item(&format!("S-{number:02}"), 6)).collect();
    channel.write(&many).await.unwrap();
    world.look("S-07").await;
    world.faults(|_| {});
    let price = Price::plain(Money::new("24.95".parse().unwrap(), "EUR".parse().unwrap()).unwrap());
    let reference = listing("S-05");
    world
        .connector
        .prices()
        .unwrap()
        .write_prices(&[PriceItem { reference, price }])
        .await
        .unwrap();
    let orders = world.connector.orders().unwrap();
    let first = orders.orders(None).await.unwrap();
    orders.orders(Some(&first.cursor)).await.unwrap();
    orders.order(&sold.parse().unwrap()).await.unwrap().unwrap();
    assert!(orders.order(&"302-9-9".parse().unwrap()).await.unwrap().is_none());
    world.connector.stock().unwrap().poll().await.unwrap().unwrap();
    world
}

#[tokio::test]
async fn every_call_answer_and_document_has_the_shape_of_the_vendors_definitions() {
    let Some(definitions) = Definitions::read() else { return };
    let world = story().await;
    let mut held: BTreeMap<String, usize> = BTreeMap::new();
    for exchange in world.amazon.exchanges() {
        match definitions.hold(&exchange) {
            Ok(operation) => *held.entry(operation).or_default() += 1,
            Err(complaint) => panic!("{} {}?{}: {complaint}", exchange.method, exchange.path, exchange.query),
        }
    }
    let documents = world.amazon.documents();
    for document in &documents {
        definitions
            .hold_document(document)
            .unwrap_or_else(|complaint| panic!("{complaint}"));
    }
    let exchanges: usize = held.values().sum();
    eprintln!(
        "{exchanges} exchanges and {} documents hold to the vendor's definitions: {held:?}",
        documents.len()
    );
    assert_eq!((held.len(), documents.len()), (10, 2), "{held:?}");
    assert!(exchanges > 20);
}

#[tokio::test]
async fn what_has_not_the_shape_is_found() {
    let Some(definitions) = Definitions::read() else { return };
    let world = story().await;
    let all = world.amazon.exchanges();
    let of = |method: &str, path: &str| {
        let found = all
            .iter()
            .find(|one| one.method == method && one.path.contains(path) && one.status == 200);
        found.unwrap().clone()
    };
    let mut wrong = of("PATCH", "/items/");
    *wrong.body.as_mut().unwrap().pointer_mut("/patches/0/op").unwrap() = json!("set");
    assert!(definitions.hold(&wrong).unwrap_err().contains("op"));
    let mut short = of("GET", "/orders/2026-01-01/orders");
    short
        .answer
        .pointer_mut("/orders/0")
        .unwrap()
        .as_object_mut()
        .unwrap()
        .remove("createdTime");
    assert!(definitions.hold(&short).unwrap_err().contains("createdTime is missing"));
    let mut invented = of("GET", "/summaries");
    invented.query.push_str("&warehouse=1");
    assert!(definitions.hold(&invented).unwrap_err().contains("warehouse"));
    let mut strange = of("GET", "/items/");
    strange.status = 418;
    assert!(definitions.hold(&strange).is_err());
    let mut feed = world
        .amazon
        .documents()
        .into_iter()
        .find(|one| one.get("messages").is_some())
        .unwrap();
    feed["messages"][0]["attributes"] = json!({"x": [1]});
    assert!(definitions.hold_document(&feed).is_err());
}
