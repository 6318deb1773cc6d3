//! Tokens, scopes, versions: who may ask, and what is said where something is missing.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    reason = "helpers of tests"
)]

use crate::support::{Shop, build, generous, start, start_with, table};
use omnistock_sdk::ErrorClass;
use omnistock_shopify::simulator::{Faults, SimulatorSettings};
use serde_json::{Value, json};
use std::time::Duration;

async fn complaint(shop: &Shop, keys: &Value) -> String {
    let error = build(table(shop, keys)).check().await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Operator, "{error}");
    error.message
}

fn app(shop: &Shop) -> Value {
    json!({"token": null, "client_id": shop.client_id(), "client_secret": {"env": shop.client_secret()}})
}

#[tokio::test]
async fn a_good_token_passes_and_a_bad_one_names_its_setting() {
    let shop = start().await;
    shop.connector.check().await.unwrap();
    let said = complaint(&shop, &json!({"token": {"env": "shpat_canary"}})).await;
    assert!(said.contains("`token`") && !said.contains("canary"), "{said}");
    shop.revoke_token();
    let error = shop.connector.channel().unwrap().catalogue(None).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Operator, "{error}");
}

#[tokio::test]
async fn a_missing_scope_is_named() {
    let shop = start().await;
    shop.withdraw_scope("write_inventory");
    shop.withdraw_scope("read_orders");
    let said = complaint(&shop, &json!({})).await;
    assert!(said.contains("`write_inventory`, `read_orders`"), "{said}");
    let error = shop.connector.orders().unwrap().orders(None).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Operator);
    assert!(error.message.contains("`read_orders`"), "{error}");
}

#[tokio::test]
async fn an_app_gets_a_token_when_it_needs_one_and_a_new_one_when_it_is_refused() {
    let shop = start().await;
    let connector = build(table(&shop, &app(&shop)));
    connector.check().await.unwrap();
    connector.check().await.unwrap();
    assert_eq!(shop.counters().tokens, 1);
    shop.expire_tokens();
    let channel = connector.channel().unwrap();
    let calls = futures_of(8, || channel.catalogue(None)).await;
    assert!(calls.iter().all(Result::is_ok), "{calls:?}");
    assert_eq!(shop.counters().tokens, 2, "all of them share one login");
    let wrong = json!({"token": null, "client_id": shop.client_id(), "client_secret": {"env": "canary"}});
    let said = complaint(&shop, &wrong).await;
    assert!(said.contains("client_secret") && !said.contains("canary"), "{said}");
}

/// So many at once.
async fn futures_of<F: Future>(count: usize, make: impl Fn() -> F) -> Vec<F::Output> {
    let mut calls: Vec<_> = (0..count).map(|_| Box::pin(make())).collect();
    let mut results = Vec::new();
    std::future::poll_fn(|context| {
        calls.retain_mut(|call| match call.as_mut().poll(context) {
            std::task::Poll::Ready(result) => {
                results.push(result);
                false
            }
            std::task::Poll::Pending => true,
        });
        if calls.is_empty() {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    results
}

#[tokio::test]
async fn a_token_is_renewed_before_it_expires() {
    let settings = SimulatorSettings {
        token_life: Duration::from_secs(2),
        ..generous()
    };
    let shop = start_with(settings, &json!({})).await;
    let connector = build(table(&shop, &app(&shop)));
    connector.check().await.unwrap();
    let channel = connector.channel().unwrap();
    let deadline = tokio::time::Instant::now() + Duration::from_secs(15);
    while shop.counters().tokens < 3 {
        channel.catalogue(None).await.unwrap();
        assert!(tokio::time::Instant::now() < deadline);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(shop.counters().unauthorized, 0, "none was used up to its end");
}

#[tokio::test]
async fn another_version_than_was_asked_for_is_told() {
    let shop = start().await;
    shop.set_faults(Faults {
        served_version: Some("2027-01".to_owned()),
        ..Faults::default()
    });
    let said = complaint(&shop, &json!({})).await;
    assert!(said.contains("2027-01") && said.contains("2026-07"), "{said}");
    shop.set_faults(Faults::default());
    build(table(&shop, &json!({"version": "2026-04"})))
        .check()
        .await
        .unwrap();
}

#[tokio::test]
async fn a_shop_without_a_place_of_ours_says_what_to_write() {
    let simulator = omnistock_shopify::simulator::Simulator::start(generous())
        .await
        .unwrap();
    simulator.add_location("Lager Ost");
    let error = build(table(&simulator, &json!({}))).check().await.unwrap_err();
    assert!(error.message.contains("codes"), "{error}");
}

#[tokio::test]
async fn an_address_that_is_no_shop_names_the_setting() {
    let simulator = omnistock_shopify::simulator::Simulator::start(generous())
        .await
        .unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = axum::Router::new().fallback(async || axum::http::StatusCode::NOT_FOUND);
    tokio_util::task::TaskTracker::new().spawn(async move { axum::serve(listener, router).await.unwrap() });
    let error = build(table(&simulator, &json!({ "url": url })))
        .check()
        .await
        .unwrap_err();
    assert_eq!(error.class, ErrorClass::Operator);
    assert!(error.message.contains("`url`"), "{error}");
}

#[tokio::test]
async fn a_token_that_claims_to_live_for_ever_harms_nobody() {
    let simulator = omnistock_shopify::simulator::Simulator::start(generous())
        .await
        .unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let token = json!({"access_token": "shpat_1", "scope": "read_inventory", "expires_in": u64::MAX});
    let login = axum::routing::post(async move || axum::Json(token));
    let router = axum::Router::new().route("/admin/oauth/access_token", login);
    tokio_util::task::TaskTracker::new().spawn(async move { axum::serve(listener, router).await.unwrap() });
    let keys = json!({"url": url, "token": null, "client_id": "app", "client_secret": {"env": "secret"}});
    let error = build(table(&simulator, &keys)).check().await.unwrap_err();
    assert_eq!(
        error.class,
        ErrorClass::Operator,
        "it has no more than a login: {error}"
    );
}

#[tokio::test]
async fn an_answer_without_sense_is_never_an_empty_shop() {
    for body in [
        "{}",
        "{\"data\":null}",
        "{\"data\":{}}",
        "[]",
        "<html></html>",
        "{\"data\":{\"locations\":{",
    ] {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = axum::Router::new().fallback(async move || body);
        tokio_util::task::TaskTracker::new().spawn(async move { axum::serve(listener, router).await.unwrap() });
        let connector = build(json!({"url": url, "token": {"env": "shpat_x"}}));
        let page = connector.channel().unwrap().catalogue(None).await;
        assert_eq!(page.unwrap_err().class, ErrorClass::Unknown, "{body}");
        let order = omnistock_words::OrderId::new("7").unwrap();
        assert_eq!(
            connector.orders().unwrap().order(&order).await.unwrap_err().class,
            ErrorClass::Unknown,
            "{body}"
        );
        let write = connector
            .channel()
            .unwrap()
            .write(&[crate::support::item(1, 2, 3, None)])
            .await;
        assert_eq!(write.unwrap_err().class, ErrorClass::Unknown, "{body}");
    }
}
