//! The simulated shop is not kinder than the real one: what was observed there is asserted here, over raw HTTP.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests"
)]

use crate::support::raw::Caller;
use omnistock_sdk::now;
use omnistock_woocommerce::simulator::{Simulator, SimulatorSettings};
use omnistock_words::Millis;
use serde_json::{Value, json};

fn naive(at: Millis) -> String {
    at.to_string().chars().take(19).collect()
}

async fn start() -> (Simulator, Caller) {
    let shop = Simulator::start(SimulatorSettings::default()).await.unwrap();
    let caller = Caller::new(&shop);
    (shop, caller)
}

#[tokio::test]
async fn batches_check_no_types_and_single_writes_do() {
    let (shop, caller) = start().await;
    let id = shop.add_product("A", 5);
    for (sent, stored) in [(json!("abc"), 0), (json!(1.5), 1), (json!("12"), 12), (json!(-4), -4)] {
        let answer = caller
            .call(
                "POST",
                "/products/batch",
                &[],
                json!({"update": [{"id": id, "stock_quantity": sent}]}),
            )
            .await
            .unwrap();
        assert_eq!(answer["update"][0]["stock_quantity"], stored, "{sent}");
        assert_eq!(shop.shown("A"), Some(stored));
    }
    let error = caller
        .call("PUT", &format!("/products/{id}"), &[], json!({"stock_quantity": "abc"}))
        .await
        .unwrap_err();
    assert!(error.message.contains("rest_invalid_param"), "{error}");
    let twice = json!({"update": [{"id": id, "stock_quantity": 7}, {"id": id, "stock_quantity": 8}]});
    caller.call("POST", "/products/batch", &[], twice).await.unwrap();
    assert_eq!(shop.shown("A"), Some(8), "the same product twice: both, in order");
}

#[tokio::test]
async fn limits_are_refused_with_the_vendors_codes() {
    let (shop, caller) = start().await;
    let id = shop.add_product("A", 5);
    let many: Vec<Value> = (0..101).map(|_| json!({"id": id, "stock_quantity": 1})).collect();
    let error = caller
        .call("POST", "/products/batch", &[], json!({ "update": many }))
        .await
        .unwrap_err();
    assert!(
        error.message.contains("413") && error.message.contains("woocommerce_rest_request_entity_too_large"),
        "{error}"
    );
    assert_eq!(shop.shown("A"), Some(5));
    let error = caller
        .call("GET", "/products", &[("per_page", "101")], Value::Null)
        .await
        .unwrap_err();
    assert!(error.message.contains("rest_invalid_param"), "{error}");
    let error = caller
        .go("POST", &caller.target("POST", "/products/batch", &[]), "{nonsense")
        .await
        .unwrap_err();
    assert!(error.message.contains("rest_invalid_json"), "{error}");
    let error = caller.call("GET", "/nothing", &[], Value::Null).await.unwrap_err();
    assert!(error.message.contains("rest_no_route"), "{error}");
}

#[tokio::test]
async fn a_signature_is_good_once_and_nobody_gets_in_without() {
    let (_shop, caller) = start().await;
    let target = caller.target("GET", "/products", &[("status", "any")]);
    caller.go("GET", &target, "").await.unwrap();
    let error = caller.go("GET", &target, "").await.unwrap_err();
    assert!(error.message.contains("nonce has already been used"), "{error}");
    let error = caller.go("GET", "/products", "").await.unwrap_err();
    assert!(error.message.contains("woocommerce_rest_cannot_view"), "{error}");
    let altered = caller
        .target("GET", "/products", &[("status", "any")])
        .replace("status=any", "status=draft");
    let error = caller.go("GET", &altered, "").await.unwrap_err();
    assert!(error.message.contains("signature does not match"), "{error}");
}

#[tokio::test]
async fn lists_hold_parents_only_and_a_sku_finds_variations() {
    let (shop, caller) = start().await;
    let variation = shop.add_variation("P", "V", 5);
    let all = caller.call("GET", "/products", &[], Value::Null).await.unwrap();
    assert_eq!(all.as_array().unwrap().len(), 1);
    let include = variation.to_string();
    let none = caller
        .call("GET", "/products", &[("include", &include)], Value::Null)
        .await
        .unwrap();
    assert_eq!(none, json!([]));
    let found = caller
        .call("GET", "/products", &[("sku", "V")], Value::Null)
        .await
        .unwrap();
    assert_eq!(
        (&found[0]["type"], &found[0]["id"]),
        (&json!("variation"), &json!(variation))
    );
    let emptied = json!({"update": [{"id": variation, "stock_quantity": 1}]});
    assert_eq!(
        caller
            .call("POST", "/products/batch", &[("_fields", "id")], emptied)
            .await
            .unwrap(),
        json!([])
    );
}

#[tokio::test]
async fn sales_do_not_move_a_products_date_but_orders_are_found_by_theirs() {
    let (shop, caller) = start().await;
    let id = shop.add_product("A", 5);
    let path = format!("/products/{id}");
    let before = caller.call("GET", &path, &[], Value::Null).await.unwrap();
    let order = shop.buy("A", 2).unwrap();
    let after = caller.call("GET", &path, &[], Value::Null).await.unwrap();
    assert_eq!(after["date_modified_gmt"], before["date_modified_gmt"]);
    assert_eq!(after["stock_quantity"], 3);
    assert_eq!(
        after["date_modified_gmt"].as_str().unwrap().len(),
        19,
        "naive, whole seconds"
    );
    let since = naive(now().plus(-60_000));
    let found = caller
        .call(
            "GET",
            "/orders",
            &[("modified_after", &since), ("dates_are_gmt", "true")],
            Value::Null,
        )
        .await
        .unwrap();
    assert_eq!(found[0]["id"], order);
    let ahead = naive(now().plus(1_800_000));
    let local = caller
        .call("GET", "/orders", &[("modified_after", &ahead)], Value::Null)
        .await
        .unwrap();
    assert_eq!(
        local[0]["id"], order,
        "without dates_are_gmt the shop's own time counts, an hour ahead"
    );
}

#[tokio::test]
async fn orders_by_rest_ask_nobody_for_stock() {
    let (shop, caller) = start().await;
    shop.add_product("A", 22);
    let order = json!({"status": "processing", "line_items": [{"sku": "A", "quantity": 500}, {"product_id": 4_711, "quantity": 1}]});
    let placed = caller.call("POST", "/orders", &[], order).await.unwrap();
    assert_eq!(shop.shown("A"), Some(-478));
    caller
        .call("DELETE", &format!("/orders/{}", placed["id"]), &[], Value::Null)
        .await
        .unwrap();
    assert_eq!(shop.shown("A"), Some(-478), "deleting brings nothing back");
    assert_eq!(
        caller.call("GET", "/orders", &[], Value::Null).await.unwrap(),
        json!([]),
        "the trash is not listed"
    );
}

#[tokio::test]
async fn the_same_seed_gives_the_same_faults() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let (shop, caller) = start().await;
        shop.set_faults(omnistock_woocommerce::simulator::Faults {
            error_rate: 0.5,
            ..Default::default()
        });
        let mut run = Vec::new();
        for _ in 0..20 {
            run.push(caller.call("GET", "/products", &[], Value::Null).await.is_ok());
        }
        runs.push(run);
    }
    assert_eq!(runs[0], runs[1]);
    assert!(runs[0].contains(&true) && runs[0].contains(&false));
}
