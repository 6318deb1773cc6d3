//! The simulated shop keeps the rules that the vendor's documentation and recordings tell of.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    reason = "helpers of tests"
)]

use crate::support::raw::{SET, codes, entry, input, post};
use crate::support::{Shop, generous, item, start, start_with};
use omnistock_sdk::ItemOutcome;
use omnistock_shopify::simulator::{Refusal, SimulatorSettings};
use serde_json::{Value, json};

async fn set(shop: &Shop, key: &str, entries: &[Value]) -> Value {
    post(shop, SET, json!({"input": input(entries), "key": key})).await
}

#[tokio::test]
async fn a_call_without_a_key_or_without_what_it_replaces_is_refused_whole() {
    let mut shop = start().await;
    shop.wrong_calls = true;
    let a = shop.add_item("A", &[(shop.berlin, 5)]);
    let keyless = SET.replace("@idempotent(key: $key)", "").replace(", $key: String!", "");
    let answer = post(
        &shop,
        &keyless,
        json!({"input": input(&[entry(a, shop.berlin, 6, json!(5))])}),
    )
    .await;
    assert_eq!(codes(&answer), ["BAD_REQUEST"]);
    let mut unguarded = entry(a, shop.berlin, 6, Value::Null);
    unguarded.as_object_mut().unwrap().remove("changeFromQuantity");
    assert_eq!(
        codes(&set(&shop, "k1", &[unguarded]).await),
        ["INVALID_FIELD_ARGUMENTS"]
    );
    let mut old = input(&[entry(a, shop.berlin, 6, json!(5))]);
    old["ignoreCompareQuantity"] = json!(true);
    assert_eq!(
        codes(&post(&shop, SET, json!({"input": old, "key": "k2"})).await),
        ["INVALID_VARIABLE"]
    );
    let many: Vec<Value> = (0..251)
        .map(|number| entry(number, shop.berlin, 1, Value::Null))
        .collect();
    assert_eq!(codes(&set(&shop, "k3", &many).await), ["MAX_INPUT_SIZE_EXCEEDED"]);
    assert_eq!(shop.shown("A"), Some(5));
}

#[tokio::test]
async fn what_the_shop_does_not_count_is_refused_for_good_with_what_to_do_and_spoils_no_other() {
    let shop = start().await;
    let a = shop.add_item("A", &[(shop.berlin, 5)]);
    let b = shop.add_item("B", &[(shop.berlin, 5)]);
    // Switched off behind the back of who read it.
    shop.set_tracked("A", false);
    let items = [item(a, shop.berlin, 9, Some(5)), item(b, shop.berlin, 9, Some(5))];
    let outcomes = shop.connector.channel().unwrap().write(&items).await.unwrap();
    assert!(
        matches!(&outcomes[0], ItemOutcome::Rejected { reason } if reason.contains("switch on \"Track quantity\"")),
        "{outcomes:?}"
    );
    assert_eq!(outcomes[1], ItemOutcome::Applied { quantity: None });
    assert_eq!(shop.level("A", shop.berlin), Some((5, 0)));
}

#[tokio::test]
async fn a_key_that_comes_again_is_answered_as_before_and_changes_nothing() {
    let shop = start().await;
    let a = shop.add_item("A", &[(shop.berlin, 5)]);
    let entries = [entry(a, shop.berlin, 6, Value::Null)];
    let first = set(&shop, "key", &entries).await;
    shop.set_stock("A", shop.berlin, 2);
    let again = set(&shop, "key", &entries).await;
    assert_eq!(first["data"], again["data"]);
    assert_eq!((shop.shown("A"), shop.writes().len()), (Some(2), 1));
    let other = set(&shop, "key", &[entry(a, shop.berlin, 7, Value::Null)]).await;
    assert_eq!(codes(&other), ["IDEMPOTENCY_KEY_PARAMETER_MISMATCH"]);
}

#[tokio::test]
async fn one_bad_entry_undoes_the_call_and_each_is_named() {
    let shop = start().await;
    let a = shop.add_item("A", &[(shop.berlin, 5)]);
    let b = shop.add_item("B", &[(shop.berlin, 5)]);
    let entries = [
        entry(a, shop.berlin, 6, json!(5)),
        entry(b, shop.berlin, 6, json!(4)),
        entry(7, shop.berlin, 6, json!(5)),
        entry(b, 8, 6, json!(5)),
        entry(b, shop.hamburg, 6, json!(5)),
    ];
    let answer = set(&shop, "key", &entries).await;
    assert_eq!(
        codes(&answer),
        [
            "CHANGE_FROM_QUANTITY_STALE",
            "INVALID_INVENTORY_ITEM",
            "INVALID_LOCATION",
            "ITEM_NOT_STOCKED_AT_LOCATION"
        ]
    );
    assert_eq!(
        answer["data"]["inventorySetQuantities"]["userErrors"][0]["field"],
        json!(["input", "quantities", "1", "changeFromQuantity"])
    );
    assert_eq!(shop.shown("A"), Some(5));
    let doubled = set(
        &shop,
        "key2",
        &[entry(a, shop.berlin, 6, json!(5)), entry(a, shop.berlin, 7, json!(5))],
    )
    .await;
    assert_eq!(codes(&doubled), ["NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR"; 2]);
}

#[tokio::test]
async fn an_empty_bucket_is_told_in_a_200_and_fills_again() {
    let shop = start_with(
        SimulatorSettings {
            bucket: 100,
            restored: 10,
            ..generous()
        },
        &json!({}),
    )
    .await;
    shop.empty_bucket();
    let query = "query { locations(first: 100) { nodes { id name } } }";
    let answer = post(&shop, query, json!({})).await;
    assert_eq!(codes(&answer), ["THROTTLED"]);
    let cost = &answer["extensions"]["cost"];
    assert!(
        cost["requestedQueryCost"].as_i64().unwrap() > cost["throttleStatus"]["currentlyAvailable"].as_i64().unwrap()
    );
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(10);
    while post(&shop, query, json!({})).await["data"].is_null() {
        assert!(tokio::time::Instant::now() < deadline);
    }
}

#[tokio::test]
async fn what_is_not_there_too_much_or_without_a_window_is_an_error() {
    let mut shop = start().await;
    shop.wrong_calls = true;
    for (query, code) in [
        ("query { orders(first: 1) { nodes { email } } }", "undefinedField"),
        ("query { nothing { id } }", "undefinedField"),
        ("query { locations { nodes { id } } }", "BAD_REQUEST"),
        ("query { locations(first: 251) { nodes { id } } }", "BAD_REQUEST"),
        (
            "query { locations(first: 250) { nodes { id inventoryLevels(first: 250) { nodes { item { id } location { id } quantities(names: [\"available\"]) { name } } } } } }",
            "MAX_COST_EXCEEDED",
        ),
        ("query { locations(first: 1) { nodes { id }", "GRAPHQL_PARSE_FAILED"),
    ] {
        shop.add_item("A", &[(shop.berlin, 5)]);
        shop.buy("A", 1).unwrap();
        assert_eq!(codes(&post(&shop, query, json!({})).await), [code], "{query}");
    }
}

#[tokio::test]
async fn units_are_left_to_sell_or_sold_and_the_storefront_never_oversells() {
    let shop = start().await;
    shop.add_item("A", &[(shop.berlin, 3), (shop.hamburg, 2)]);
    let order = shop.buy("A", 4).unwrap();
    assert_eq!(
        (shop.level("A", shop.berlin), shop.level("A", shop.hamburg)),
        (Some((0, 3)), Some((1, 1)))
    );
    assert_eq!(shop.buy("A", 2), Err(Refusal::SoldOut));
    assert_eq!(shop.buy("B", 1), Err(Refusal::NotListed));
    shop.ship(order, 3);
    assert_eq!(shop.level("A", shop.berlin), Some((0, 0)));
    shop.cancel(order, true);
    assert_eq!(
        (shop.level("A", shop.hamburg), shop.shown("A")),
        (Some((2, 0)), Some(2))
    );
    assert!(!shop.cancel(order, true));
}

#[tokio::test]
async fn a_partial_update_shows_who_was_refused_too_with_the_old_price_and_tells_all_that_is_wrong() {
    let shop = start().await;
    let a = shop.add_item("A", &[(shop.berlin, 5)]);
    let b = shop.add_sister(a, "B", &[(shop.berlin, 5)]);
    let ids = [a, b].map(|item| format!("gid://shopify/InventoryItem/{item}"));
    let read =
        "query Ids($ids: [ID!]!) { nodes(ids: $ids) { ... on InventoryItem { id variant { id product { id } } } } }";
    let read = post(&shop, read, json!({ "ids": ids })).await;
    let [a, b] = [0, 1].map(|place| read["data"]["nodes"][place]["variant"].clone());
    let set = "mutation Set($product: ID!, $variants: [ProductVariantsBulkInput!]!) {
  productVariantsBulkUpdate(productId: $product, variants: $variants, allowPartialUpdates: true) {
    productVariants { id price compareAtPrice } userErrors { field message code } } }";
    let variants = json!([
        {"id": b["id"], "price": "-1.00", "compareAtPrice": "1000000000000000000"},
        {"id": a["id"], "price": "9.99"},
    ]);
    let variables = json!({"product": a["product"]["id"], "variants": variants});
    let answer = post(&shop, set, variables).await;
    let told = &answer["data"]["productVariantsBulkUpdate"];
    assert_eq!(
        told["productVariants"],
        json!([
            {"id": b["id"], "price": "10.00", "compareAtPrice": null},
            {"id": a["id"], "price": "9.99", "compareAtPrice": null},
        ]),
        "{answer}"
    );
    let places: Vec<_> = told["userErrors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| &error["field"])
        .collect();
    assert_eq!(
        places,
        [
            &json!(["variants", "0", "compareAtPrice"]),
            &json!(["variants", "0", "price"])
        ]
    );
    assert_eq!(shop.asked("B"), Some(("10.00".to_owned(), None)));
}
