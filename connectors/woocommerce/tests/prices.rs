//! The shop's prices: read with the catalogue, written in batches, sales and their dates.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests"
)]

use crate::support::{build, start, table};
use omnistock_sdk::{Connector, ErrorClass, ListingReference, PriceItem, PriceOutcome, PriceReading, PriceRole};
use omnistock_words::{Money, Price};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;

fn money(text: &str) -> Money {
    let (amount, currency) = text.split_once(' ').unwrap_or((text, "EUR"));
    Money::new(amount.parse().unwrap(), currency.parse().unwrap()).unwrap()
}

fn sale(amount: &str, compared: &str) -> Price {
    Price {
        amount: money(amount),
        compare_at: Some(money(compared)),
    }
}

fn role(connector: &Arc<dyn Connector>) -> &dyn PriceRole {
    connector.prices().unwrap()
}

/// A whole pass: each SKU's listing and what it asks.
async fn pass(connector: &Arc<dyn Connector>) -> BTreeMap<String, (ListingReference, Option<PriceReading>)> {
    let (mut found, mut cursor) = (BTreeMap::new(), None);
    loop {
        let page = role(connector).priced_page(cursor.as_ref()).await.unwrap();
        for listing in page.page.listings {
            let price = page.prices.iter().find(|one| one.key == listing.reference.key);
            let sku = listing.sku.map_or_else(String::new, |sku| sku.to_string());
            found.insert(sku, (listing.reference, price.cloned()));
        }
        cursor = page.page.next;
        if cursor.is_none() {
            return found;
        }
    }
}

fn item(reference: &ListingReference, price: Price) -> PriceItem {
    PriceItem {
        reference: reference.clone(),
        price,
    }
}

#[tokio::test]
async fn products_and_variations_say_what_they_ask() {
    let (shop, connector) = start().await;
    shop.add_product("A", 5);
    shop.add_variation("V", "V-1", 5);
    shop.set_price("V-1", "24.90", "19.90", None);
    shop.add_product("B", 5);
    shop.set_price("B", "", "", None);
    shop.add_product("C", 5);
    shop.set_price("C", "24.90", "19.90", Some(omnistock_sdk::now().plus(3_600_000)));
    let found = pass(&connector).await;
    let asked = |sku: &str| found[sku].1.as_ref().unwrap().prices.clone();
    assert_eq!(asked("A"), [Price::plain(money("9.90"))]);
    assert_eq!(asked("V-1"), [sale("19.90", "24.90")]);
    assert_eq!(asked("B"), [], "none yet, and one can be written");
    assert_eq!(asked("C"), [Price::plain(money("24.90"))], "a sale that has not begun");
    let read = role(&connector)
        .read_prices(&[found["V-1"].0.clone(), found["A"].0.clone()])
        .await
        .unwrap();
    assert_eq!(read.len(), 2);
    shop.set_currency("USD");
    let found = pass(&connector).await;
    let usd = found["A"].1.as_ref().unwrap().prices[0];
    assert_eq!(usd, Price::plain(money("9.90 USD")), "asked again with every pass");
}

#[tokio::test]
async fn a_sale_begins_at_once_whatever_dates_the_shop_had_and_ends() {
    let (shop, connector) = start().await;
    shop.add_product("A", 5);
    shop.add_variation("V", "V-1", 5);
    shop.set_price("A", "24.90", "22.90", Some(omnistock_sdk::now().plus(3_600_000)));
    let found = pass(&connector).await;
    let items = [
        item(&found["A"].0, sale("14.90", "19.90")),
        item(&found["V-1"].0, sale("7", "8")),
    ];
    let outcomes = role(&connector).write_prices(&items).await.unwrap();
    let applied = |price| PriceOutcome::Applied { price: Some(price) };
    assert_eq!(outcomes, [applied(sale("14.90", "19.90")), applied(sale("7", "8"))]);
    assert_eq!(shop.asked("A"), Some(("14.90".to_owned(), "19.90".to_owned())));
    assert_eq!(shop.asked("V-1"), Some(("7".to_owned(), "8".to_owned())));
    let ended = [item(&found["A"].0, Price::plain(money("19.90")))];
    role(&connector).write_prices(&ended).await.unwrap();
    assert_eq!(shop.asked("A"), Some(("19.90".to_owned(), "19.90".to_owned())));
    assert_eq!(shop.shown("A"), Some(5), "stock is left alone");
    assert_eq!(shop.price_writes().len(), 3);
}

#[tokio::test]
async fn what_the_shop_can_not_take_is_refused_by_itself() {
    let (shop, connector) = start().await;
    shop.add_product("A", 5);
    shop.add_product("B", 5);
    let found = pass(&connector).await;
    let mut gone = found["B"].0.clone();
    gone.key.listing = "4711".parse().unwrap();
    let items = [
        item(&found["A"].0, Price::plain(money("12"))),
        item(&found["B"].0, Price::plain(money("12 USD"))),
        item(&gone, Price::plain(money("12"))),
    ];
    let outcomes = role(&connector).write_prices(&items).await.unwrap();
    assert_eq!(
        outcomes[0],
        PriceOutcome::Applied {
            price: Some(Price::plain(money("12")))
        }
    );
    for (outcome, words) in [
        (&outcomes[1], "price list in EUR"),
        (&outcomes[2], "woocommerce_rest_product_invalid_id"),
    ] {
        assert!(
            matches!(outcome, PriceOutcome::Rejected { reason } if reason.contains(words)),
            "{outcome:?}"
        );
    }
    assert_eq!(shop.asked("B").unwrap().0, "9.90");
}

#[tokio::test]
async fn the_currency_is_asked_once_unless_it_is_configured() {
    let (shop, _) = start().await;
    shop.add_product("A", 5);
    let mut settings = table(&shop);
    settings["currency"] = json!("EUR");
    for (table, calls) in [(settings, 0), (table(&shop), 1)] {
        let connector = build(table);
        let found = pass(&connector).await;
        for amount in ["11", "12"] {
            let items = [item(&found["A"].0, Price::plain(money(amount)))];
            role(&connector).write_prices(&items).await.unwrap();
        }
        let counted = shop.counters().calls.get("GET /data/currencies/current").copied();
        assert_eq!(counted.unwrap_or_default(), calls);
    }
    shop.set_faults(omnistock_woocommerce::simulator::Faults {
        outage: true,
        ..Default::default()
    });
    let error = role(&build(table(&shop))).priced_page(None).await.unwrap_err();
    assert!(
        matches!(error.class, ErrorClass::Retry { .. } | ErrorClass::Unknown),
        "{error:?}"
    );
}
