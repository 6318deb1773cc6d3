//! What is asked and answered holds to the vendor's own schema, and what the simulated shop refuses a real one was
//! recorded to refuse in the same words. `OMNISTOCK_SPECS` names the folder with the vendors' definitions.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    reason = "helpers of tests"
)]

use crate::support::raw::{SET, entry, input, post};
use crate::support::{Shop, catalogue, generous, item, poll, reference, schema, start, start_with};
use omnistock_sdk::{Cursor, SubscriptionState};
use omnistock_shopify::simulator::{Exchange, Faults};
use omnistock_words::OrderId;
use serde_json::{Value, json};
use std::path::Path;

/// Every document at least once, and errors of every kind.
async fn story(shop: &Shop) {
    let (connector, berlin) = (shop.connector.as_ref(), shop.berlin);
    shop.set_faults(crate::support::quick());
    let a = shop.add_item("A", &[(berlin, 50), (shop.hamburg, 5)]);
    shop.add_item("B", &[(berlin, 5)]);
    connector.check().await.unwrap();
    catalogue(connector).await;
    let channel = connector.channel().unwrap();
    channel
        .read(&[reference(a, berlin), reference(7, berlin)])
        .await
        .unwrap();
    channel
        .write(&[
            item(a, berlin, 40, Some(50)),
            item(a, shop.hamburg, 1, Some(4)),
            item(7, berlin, 1, None),
        ])
        .await
        .unwrap();
    crate::prices::story(shop, a).await;
    let orders = [
        shop.buy("A", 3).unwrap(),
        shop.buy_basket(&[("A", 1), ("B", 2)]).unwrap(),
        shop.buy("A", 1).unwrap(),
    ];
    shop.ship(orders[0], 1);
    shop.cancel(orders[2], true);
    let (_, cursor) = poll(connector, None).await;
    poll(connector, Some(Cursor(cursor.0))).await;
    for order in orders.into_iter().chain([7]) {
        connector
            .orders()
            .unwrap()
            .order(&OrderId::new(order.to_string()).unwrap())
            .await
            .unwrap();
    }
    let webhooks = connector.webhooks().unwrap();
    let url = "https://hooks.example.test/webhooks/shop";
    webhooks.subscribe(url).await.unwrap();
    shop.widen_webhook(shop.webhooks()[0].0);
    assert!(matches!(
        webhooks.subscribe(url).await.unwrap(),
        SubscriptionState::Mended(_)
    ));
    webhooks.subscribe("http://hooks.example.test/").await.unwrap_err();
    for faults in [
        Faults {
            throttle_rate: 1.0,
            ..Faults::default()
        },
        Faults {
            internal_error_rate: 1.0,
            ..Faults::default()
        },
    ] {
        shop.set_faults(faults);
        channel.read(&[reference(a, berlin)]).await.unwrap_err();
    }
}

#[tokio::test]
async fn all_that_is_asked_and_answered_holds_to_the_first_version() {
    story(&start_with(generous(), &json!({"version": "2026-04"})).await).await;
}

#[tokio::test]
async fn all_that_is_asked_and_answered_holds_to_the_present_version() {
    story(&start().await).await;
}

#[tokio::test]
async fn a_bulk_read_and_a_large_order_hold_to_it_too() {
    let shop = start_with(generous(), &json!({"bulk_above": 10})).await;
    let skus: Vec<String> = (0..310).map(|number| format!("S-{number}")).collect();
    for sku in &skus {
        shop.add_item(sku, &[(shop.berlin, 5)]);
    }
    assert_eq!(catalogue(shop.connector.as_ref()).await.len(), 310);
    let basket: Vec<(&str, i64)> = skus.iter().map(|sku| (sku.as_str(), 1)).collect();
    shop.buy_basket(&basket).unwrap();
    poll(shop.connector.as_ref(), None).await;
}

#[tokio::test]
async fn the_schema_catches_what_does_not_hold() {
    let Some(schema) = schema::schema("2026-07") else {
        return;
    };
    let cost = json!({"cost": {"requestedQueryCost": 1, "throttleStatus": {"currentlyAvailable": 1}}});
    let exchange = |query: &str, variables: Value, data: Value| Exchange {
        query: query.to_owned(),
        variables,
        answer: json!({"data": data, "extensions": cost}),
    };
    let query = "query Q($first: Int!) { locations(first: $first) { nodes { id name isFulfillmentService } } }";
    let row = json!({"id": "gid://shopify/Location/1", "name": "Berlin", "isFulfillmentService": false});
    let good = exchange(query, json!({"first": 1}), json!({"locations": {"nodes": [row]}}));
    schema::holds(&schema, &good).unwrap();
    for (bad, why) in [
        (
            exchange(&query.replace("name", "nom"), json!({"first": 1}), json!({})),
            "a field that is not there",
        ),
        (
            exchange(query, json!({"first": "1"}), json!({"locations": {"nodes": []}})),
            "a variable of another type",
        ),
        (
            exchange(query, json!({}), json!({"locations": {"nodes": []}})),
            "a variable that is missing",
        ),
        (
            exchange(
                query,
                json!({"first": 1}),
                json!({"locations": {"nodes": [{"id": "x", "name": 7, "isFulfillmentService": false}]}}),
            ),
            "a number for a text",
        ),
        (
            exchange(
                query,
                json!({"first": 1}),
                json!({"locations": {"nodes": [{"id": "x", "name": "y"}]}}),
            ),
            "a member that is missing",
        ),
        (
            exchange(
                query,
                json!({"first": 1}),
                json!({"locations": {"nodes": [], "edges": []}}),
            ),
            "a member nobody asked for",
        ),
        (
            exchange(query, json!({"first": 1}), json!({"locations": null})),
            "null where there must be something",
        ),
        (
            Exchange {
                answer: json!({"errors": [{"message": "no"}]}),
                ..good.clone()
            },
            "an error without a code",
        ),
    ] {
        assert!(schema::holds(&schema, &bad).is_err(), "{why}");
    }
}

/// The answer that was recorded under `path` of a file.
fn recorded(file: &str, path: &str) -> Option<Value> {
    let folder = std::env::var("OMNISTOCK_SPECS").ok()?;
    let file = Path::new(&folder).join("shopify/fixtures/2026-04").join(file);
    let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let all: Value = serde_json::from_str(&text).unwrap();
    Some(
        all.pointer(path)
            .unwrap_or_else(|| panic!("{} has no {path}", file.display()))
            .clone(),
    )
}

/// Places, words and codes of all errors; of a sentence that lists values, what comes before them.
fn complaints(answer: &Value) -> Vec<(Value, String, String)> {
    let words = |error: &Value| {
        error["message"]
            .as_str()
            .unwrap_or_default()
            .split(" Valid values")
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    let code = |error: &Value| {
        error["extensions"]["code"]
            .as_str()
            .or(error["code"].as_str())
            .unwrap_or_default()
            .to_owned()
    };
    let whole = answer["errors"].as_array().cloned().unwrap_or_default();
    let entries = answer["data"]["inventorySetQuantities"]["userErrors"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    whole
        .iter()
        .chain(&entries)
        .map(|error| (error["field"].clone(), words(error), code(error)))
        .collect()
}

#[tokio::test]
async fn the_simulated_shop_refuses_in_the_words_of_a_recorded_one() {
    let contracts = "inventory-quantity-contracts-2026-04.json";
    let names = "inventorySetQuantities-name-validation.json";
    if recorded(contracts, "").is_none() {
        eprintln!("nothing was compared with recorded answers: OMNISTOCK_SPECS is not set");
        return;
    }
    let mut shop = start().await;
    shop.wrong_calls = true;
    let a = shop.add_item("A", &[(shop.berlin, 0)]);
    let good = entry(a, shop.berlin, 5, json!(0));
    let keyless = SET.replace("@idempotent(key: $key)", "").replace(", $key: String!", "");
    let mut unguarded = good.clone();
    unguarded.as_object_mut().unwrap().remove("changeFromQuantity");
    let with = |name: &str, value: Value| {
        let mut changed = input(std::slice::from_ref(&good));
        changed[name] = value;
        changed
    };
    let huge = input(&[entry(a, shop.berlin, 1_000_000_001, json!(0))]);
    let low = input(&[entry(a, shop.berlin, -2_000_000_000, json!(0))]);
    let twice = input(&[good.clone(), good.clone()]);
    let cases = [
        (
            contracts,
            "/missingSetIdempotency/response",
            keyless.as_str(),
            input(std::slice::from_ref(&good)),
        ),
        (
            contracts,
            "/missingSetChangeFromQuantity/response",
            SET,
            input(&[unguarded]),
        ),
        (
            contracts,
            "/legacySetShape/response",
            SET,
            with("ignoreCompareQuantity", json!(true)),
        ),
        (names, "/cases/damaged/response", SET, with("name", json!("damaged"))),
        (names, "/cases/availableTooHigh/response", SET, huge),
        (names, "/cases/duplicatePair/response", SET, twice),
        (
            "inventorySetQuantities-quantity-bounds.json",
            "/cases/availableTooLow/response",
            SET,
            low,
        ),
    ];
    let mut compared = 0;
    for (index, (file, path, query, input)) in cases.into_iter().enumerate() {
        let variables = if query == SET {
            json!({"input": input, "key": format!("k{index}")})
        } else {
            json!({ "input": input })
        };
        let answer = post(&shop, query, variables).await;
        assert_eq!(
            complaints(&answer),
            complaints(&recorded(file, path).unwrap()),
            "{path}"
        );
        compared += 1;
    }
    eprintln!("{compared} refusals are those of a recorded shop");
}
