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
