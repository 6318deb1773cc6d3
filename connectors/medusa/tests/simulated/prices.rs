//! Prices of variants: who carries them, what a write leaves alone.

use super::shop::Shop;
use omnistock_sdk::{Connector, ListingReference, PriceCurrency, PriceItem, PriceOutcome, PriceReading};
use omnistock_words::{Money, Price};
use rust_decimal::Decimal;
use serde_json::json;
use std::sync::Arc;

fn price(text: &str) -> Price {
    let (amount, currency) = text.split_once(' ').unwrap();
    Price::plain(Money::new(amount.parse().unwrap(), currency.parse().unwrap()).unwrap())
}

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

/// A whole pass: what is listed, and what it asks.
async fn pass(connector: &Arc<dyn Connector>) -> (Vec<ListingReference>, Vec<PriceReading>) {
    let role = connector.prices().unwrap();
    let (mut listed, mut prices, mut cursor) = (Vec::new(), Vec::new(), None);
    loop {
        let page = role.priced_page(cursor.as_ref()).await.unwrap();
        listed.extend(page.page.listings.into_iter().map(|one| one.reference));
        prices.extend(page.prices);
        cursor = page.page.next;
        if cursor.is_none() {
            return (listed, prices);
        }
    }
}

fn item(reference: &ListingReference, to: &str) -> PriceItem {
    PriceItem {
        reference: reference.clone(),
        price: price(to),
    }
}

#[tokio::test]
async fn an_article_at_two_places_has_one_price_and_one_listing_that_carries_it() {
    let shop = Shop::open().await;
    for number in 0..130 {
        shop.add(&format!("A-{number}"), 5, 5);
    }
    shop.simulator.set_price("A-7", "eur", None, decimal("24.5"));
    shop.simulator.set_price("A-7", "usd", None, decimal("27"));
    shop.simulator.set_price("A-7", "eur", Some("reg_1"), decimal("1"));
    let connector = shop.connector(&json!({}));
    let (listed, prices) = pass(&connector).await;
    assert_eq!((listed.len(), prices.len()), (260, 130));
    let rich: Vec<_> = prices.iter().filter(|one| one.prices.len() == 2).collect();
    assert_eq!(rich.len(), 1, "prices of regions are not ours");
    assert_eq!(rich[0].prices, [price("24.50 EUR"), price("27.00 USD")]);
    assert!(rich[0].read_at <= omnistock_sdk::now());
    let terms = connector.prices().unwrap().terms();
    assert_eq!((terms.compares(), terms.currency), (false, PriceCurrency::PerPrice));
}

#[tokio::test]
async fn a_write_sets_one_currency_and_leaves_all_other_prices_as_they_are() {
    let shop = Shop::open().await;
    let simulator = &shop.simulator;
    for sku in ["A", "B"] {
        shop.add(sku, 5, 0);
        simulator.set_price(sku, "usd", None, decimal("27"));
        simulator.set_price(sku, "eur", Some("reg_1"), decimal("8.80"));
    }
    let connector = shop.connector(&json!({}));
    let role = connector.prices().unwrap();
    let (_, prices) = pass(&connector).await;
    let references: Vec<ListingReference> = prices
        .iter()
        .map(|one| ListingReference {
            key: one.key.clone(),
            parent: None,
        })
        .collect();
    let items = [item(&references[0], "12.90 EUR"), item(&references[1], "1500 JPY")];
    let outcomes = role.write_prices(&items).await.unwrap();
    assert_eq!(outcomes, vec![PriceOutcome::Applied { price: None }; 2]);
    let asked = |sku: &str, currency: &str, region| simulator.asked(sku, currency, region);
    assert_eq!(asked("A", "eur", None), Some(decimal("12.90")));
    assert_eq!(
        asked("A", "usd", None),
        Some(decimal("27")),
        "a list of prices is the whole set"
    );
    assert_eq!(asked("A", "eur", Some("reg_1")), Some(decimal("8.8")));
    assert_eq!(
        (asked("B", "eur", None), asked("B", "jpy", None)),
        (Some(decimal("9.9")), Some(decimal("1500")))
    );
    let read = role.read_prices(&references).await.unwrap();
    assert!(read.iter().any(|one| one.prices.contains(&price("12.90 EUR"))));
    assert_eq!(simulator.counters().prices_written, 2);
}

#[tokio::test]
async fn a_listing_that_carries_no_price_is_refused_and_a_lost_answer_is_unknown() {
    let shop = Shop::open().await;
    shop.add("A", 5, 5);
    let connector = shop.connector(&json!({"deadline_ms": 500}));
    let role = connector.prices().unwrap();
    let (listed, prices) = pass(&connector).await;
    let other = listed.iter().find(|one| one.key != prices[0].key).unwrap();
    let outcomes = role.write_prices(&[item(other, "12 EUR")]).await.unwrap();
    assert!(matches!(&outcomes[0], PriceOutcome::Rejected { reason } if reason.contains("no variant")));
    let carrier = listed.iter().find(|one| one.key == prices[0].key).unwrap();
    shop.simulator.set_faults(omnistock_medusa::simulator::Faults {
        timeout_after_apply_rate: 1.0,
        ..Default::default()
    });
    let error = role.write_prices(&[item(carrier, "12 EUR")]).await.unwrap_err();
    assert_eq!(error.class, omnistock_sdk::ErrorClass::Unknown);
    assert_eq!(shop.simulator.asked("A", "eur", None), Some(decimal("12")));
}
