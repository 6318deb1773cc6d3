//! Tokens: fetched once for many, renewed before they end, and what a person has to mend.

use crate::support::{open, start};
use omnistock_ebay::simulator::SimulatorSettings;
use omnistock_sdk::ErrorClass;
use std::time::Duration;

#[tokio::test]
async fn many_calls_at_once_fetch_one_token_and_share_it() {
    let shop = start().await;
    shop.add("A", 5);
    let channel = shop.channel();
    let (one, two, three, four) = tokio::join!(
        channel.catalogue(None),
        channel.catalogue(None),
        channel.catalogue(None),
        channel.catalogue(None)
    );
    one.and(two).and(three).and(four).unwrap();
    assert_eq!(shop.minted(), (1, 1), "one of the seller, one of the application");
    shop.expire_tokens();
    let (one, two) = tokio::join!(channel.catalogue(None), channel.catalogue(None));
    one.and(two).unwrap();
    assert_eq!(shop.minted().0, 2);
}

#[tokio::test]
async fn a_token_is_renewed_before_it_ends() {
    let shop = open(SimulatorSettings {
        token_life: Duration::from_secs(2),
        ..SimulatorSettings::default()
    })
    .await;
    shop.add("A", 5);
    let until = tokio::time::Instant::now() + Duration::from_secs(20);
    // Half of a short life is used: nobody ever sees the refusal.
    while shop.minted().0 < 2 {
        shop.channel().catalogue(None).await.unwrap();
        assert!(tokio::time::Instant::now() < until, "it is never renewed");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn the_trading_api_gets_a_new_token_as_well() {
    let shop = start().await;
    shop.add_older(Some("OLD"), 5);
    let listing = shop.listing("OLD").await;
    shop.expire_tokens();
    let read = shop.channel().read(&[listing.reference]).await.unwrap();
    assert_eq!(read.len(), 1);
}

#[tokio::test]
async fn the_application_gets_a_thousand_tokens_a_day_and_the_seller_goes_on_without_them() {
    let shop = start().await;
    shop.set_now("2026-11-22T10:00:00Z".parse().unwrap());
    shop.add("A", 5);
    // A key that nobody knows is asked for as the application; its token is lost after each.
    let webhooks = shop.connector.webhooks().unwrap();
    for _ in 0..1_000 {
        webhooks.fetch_key("unknown").await.unwrap();
        shop.expire_tokens();
    }
    let error = webhooks.fetch_key("unknown").await.unwrap_err();
    assert!(matches!(error.class, ErrorClass::Retry { .. }), "{error}");
    assert_eq!(shop.minted().1, 1_000);
    assert_eq!(shop.catalogue().await.len(), 1, "numbers and orders need no such token");
    shop.set_now("2026-11-23T00:00:00Z".parse().unwrap());
    webhooks.fetch_key("unknown").await.unwrap();
}

#[tokio::test]
async fn what_ended_the_consent_is_told_to_a_person() {
    let shop = start().await;
    shop.connector.check().await.unwrap();
    shop.revoke();
    let error = shop.connector.check().await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Operator);
    assert!(
        error.message.contains("18 months") && error.message.contains("`refresh_token`"),
        "{error}"
    );
    let shop = start().await;
    shop.withdraw_scope("sell.fulfillment.readonly");
    let error = shop.connector.check().await.unwrap_err();
    assert!(error.message.contains("`sell.fulfillment.readonly`"), "{error}");
}
