//! What is asked and answered has the shape that the vendor's definitions give. `OMNISTOCK_SPECS` names the folder with
//! them.

use crate::openapi::Definitions;
use crate::support::{Shop, item, open};
use omnistock_ebay::simulator::{Exchange, SimulatorSettings};
use omnistock_sdk::{PriceItem, WriteItem};
use omnistock_words::{Money, Price};
use serde_json::{Value, json};

/// Everything that the connector does, and refusals.
async fn story() -> Shop {
    let shop = open(SimulatorSettings {
        challenges: false,
        ..SimulatorSettings::default()
    })
    .await;
    shop.remember_exchanges();
    for number in 0..60 {
        shop.add(&format!("S-{number}"), 20);
    }
    shop.add_auction("S-1", 3);
    shop.add_offer("DRAFT", 3, None);
    shop.add_older(Some("OLD"), 5);
    let sold = shop.buy("S-0", 3).unwrap();
    let cancelled = shop.buy("OLD", 1).unwrap();
    shop.send(&sold, Some(1));
    shop.cancel(&cancelled);
    shop.pay_back(&sold);
    shop.connector.check().await.unwrap();
    let all = shop.catalogue().await;
    let writable: Vec<_> = all.iter().filter(|one| one.unwritable.is_none()).collect();
    let references: Vec<_> = writable.iter().take(25).map(|one| one.reference.clone()).collect();
    shop.channel().read(&references).await.unwrap();
    // One that nobody has read of: the vendor refuses what is below it.
    shop.add_auction("S-10", 3);
    shop.remove("S-5");
    shop.fault(|faults| faults.failing_sku = Some("S-6".to_owned()));
    let items: Vec<WriteItem> = writable.iter().take(25).map(|one| item(one, 1)).collect();
    shop.write(&items).await;
    shop.channel().read(&references).await.unwrap();
    let amount = Money::new("14.50".parse().unwrap(), "EUR".parse().unwrap()).unwrap();
    let price = PriceItem {
        reference: references[0].clone(),
        price: Price::plain(amount),
    };
    shop.connector.prices().unwrap().write_prices(&[price]).await.unwrap();
    let (_, cursor) = shop.poll(None).await;
    shop.poll(Some(cursor)).await;
    for order in [sold.as_str(), "99-99999-99999"] {
        shop.connector
            .orders()
            .unwrap()
            .order(&order.parse().unwrap())
            .await
            .unwrap();
    }
    let webhooks = shop.connector.webhooks().unwrap();
    webhooks
        .subscribe("https://hooks.example.test/webhooks/ebay")
        .await
        .unwrap();
    shop.lose_subscription();
    webhooks
        .subscribe("https://hooks.example.test/webhooks/ebay")
        .await
        .unwrap();
    for key in [shop.key_id(), "nobody".to_owned()] {
        webhooks.fetch_key(&key).await.unwrap();
    }
    shop.set_quota("inventory", 0);
    shop.channel().read(&references).await.unwrap_err();
    shop
}

#[tokio::test]
async fn every_call_and_answer_has_the_shape_of_the_vendors_definitions() {
    let shop = story().await;
    let exchanges = shop.exchanges();
    for refusal in [207, 404, 429] {
        assert!(
            exchanges.iter().any(|one| one.status == refusal),
            "nothing was answered with {refusal}"
        );
    }
    let Some(definitions) = Definitions::read() else { return };
    let (mut held, mut elsewhere) = (0, 0);
    for exchange in &exchanges {
        match definitions.hold(exchange) {
            Ok(true) => held += 1,
            Ok(false) => elsewhere += 1,
            Err(complaint) => panic!("{} {} {}: {complaint}", exchange.method, exchange.path, exchange.status),
        }
    }
    eprintln!("{held} exchanges hold to eBay's definitions; {elsewhere} are tokens and XML, which they do not have");
    assert!(held > 100, "{held}");
}

#[tokio::test]
async fn what_has_not_the_shape_is_found() {
    let Some(definitions) = Definitions::read() else { return };
    let exchange = |path: &str, body: Value, answer: Value| Exchange {
        method: if body.is_null() { "GET" } else { "POST" }.to_owned(),
        path: path.to_owned(),
        query: String::new(),
        headers: vec!["content-type".to_owned()],
        body: Some(body).filter(|body| !body.is_null()),
        status: 200,
        answer: Some(answer),
    };
    let bulk = "/sell/inventory/v1/bulk_update_price_quantity";
    let good = exchange(
        bulk,
        json!({"requests": [{"sku": "A"}]}),
        json!({"responses": [{"statusCode": 200}]}),
    );
    assert_eq!(definitions.hold(&good), Ok(true));
    let bad = [
        exchange(bulk, json!({"request": []}), json!({})),
        exchange(bulk, json!({"requests": [{"sku": 7}]}), json!({})),
        exchange(
            bulk,
            json!({"requests": []}),
            json!({"responses": [{"statusCode": "200"}]}),
        ),
        exchange(bulk, json!({"requests": []}), json!({"responses": [{"status": 200}]})),
        exchange("/sell/inventory/v1/offers", Value::Null, json!({})),
        exchange("/buy/browse", Value::Null, json!({})),
        Exchange {
            headers: vec![],
            ..good.clone()
        },
        Exchange {
            query: "dry=1".to_owned(),
            ..good.clone()
        },
        Exchange {
            status: 299,
            ..good.clone()
        },
    ];
    for exchange in bad {
        assert!(definitions.hold(&exchange).is_err(), "{exchange:?}");
    }
}
