//! Prices: what offers ask, and what a change leaves alone.

use crate::support::{World, listing};
use omnistock_amazon::simulator::SimulatorSettings;
use omnistock_sdk::{ErrorClass, PriceItem, PriceOutcome, now};
use omnistock_words::{Money, Price};
use serde_json::json;
use std::time::Duration;

fn euros(amount: &str) -> Price {
    Price::plain(Money::new(amount.parse().unwrap(), "EUR".parse().unwrap()).unwrap())
}

fn to(sku: &str, amount: &str) -> PriceItem {
    PriceItem {
        reference: listing(sku),
        price: euros(amount),
    }
}

#[tokio::test]
async fn a_price_is_written_read_back_and_leaves_the_others_of_the_offer_alone() {
    let world = World::start(SimulatorSettings::immediate(), &json!({})).await;
    world.amazon.add("A", 5);
    let prices = world.connector.prices().unwrap();
    let page = prices.priced_page(None).await.unwrap();
    assert_eq!(
        (page.page.listings.len(), page.prices[0].prices.as_slice()),
        (1, &[euros("19.90")][..])
    );
    let outcomes = prices.write_prices(&[to("A", "24.95")]).await.unwrap();
    assert_eq!(outcomes, [PriceOutcome::Applied { price: None }]);
    let began = now();
    let read = prices.read_prices(&[listing("A")]).await.unwrap().remove(0);
    assert_eq!(
        (read.prices.as_slice(), read.read_at >= began),
        (&[euros("24.95")][..], true)
    );
    let offer = &world.amazon.attribute("A", "purchasable_offer")[0];
    assert!(offer.get("minimum_seller_allowed_price").is_some(), "{offer}");
    assert_eq!(world.amazon.shown("A"), Some(5), "a price changes no number");
}

#[tokio::test]
async fn the_old_price_behind_a_yes_says_nothing_of_the_new_one() {
    let settings = SimulatorSettings {
        applies_after: Duration::from_hours(1),
        ..SimulatorSettings::immediate()
    };
    let world = World::start(settings, &json!({})).await;
    world.amazon.add("A", 5);
    let prices = world.connector.prices().unwrap();
    prices.write_prices(&[to("A", "24.95")]).await.unwrap();
    let answered = now();
    let read = prices.read_prices(&[listing("A")]).await.unwrap().remove(0);
    assert!(read.prices == [euros("19.90")] && read.read_at < answered);
    assert!(world.look("A").await.read_at >= answered, "its number was not changed");
}

#[tokio::test]
async fn refusals_and_throttling_are_told_price_by_price() {
    let world = World::start(SimulatorSettings::immediate(), &json!({})).await;
    for sku in ["A", "B", "C"] {
        world.amazon.add(sku, 5);
    }
    world.faults(|faults| {
        faults.invalid_skus = ["A".to_owned()].into();
        faults.throttled_skus = ["B".to_owned()].into();
    });
    let prices = world.connector.prices().unwrap();
    let outcomes = prices
        .write_prices(&[to("A", "1"), to("B", "1"), to("C", "1")])
        .await
        .unwrap();
    assert!(matches!(outcomes[0], PriceOutcome::Rejected { .. }));
    assert!(matches!(outcomes[1], PriceOutcome::Failed { .. }));
    assert!(matches!(outcomes[2], PriceOutcome::Applied { .. }));
    let error = prices.write_prices(&[to("B", "1")]).await.unwrap_err();
    assert!(matches!(error.class, ErrorClass::Retry { .. }), "{error:?}");
}
