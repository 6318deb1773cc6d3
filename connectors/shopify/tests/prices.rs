//! Prices of variants: read with the catalogue, written by product, former ones left alone unless they are ours.

use crate::support::{Shop, generous, reference, start, start_with};
use omnistock_sdk::{Connector, ErrorClass, PriceField, PriceItem, PriceOutcome, PriceReading, PriceRole};
use omnistock_words::{ListingId, Money, Price};
use serde_json::json;

fn money(amount: &str, currency: &str) -> Money {
    Money::new(amount.parse().unwrap(), currency.parse().unwrap()).unwrap()
}

fn price(amount: &str, compared: Option<&str>) -> Price {
    Price {
        amount: money(amount, "EUR"),
        compare_at: compared.map(|compared| money(compared, "EUR")),
    }
}

fn item(shop: &Shop, item: u64, price: Price) -> PriceItem {
    let reference = reference(item, shop.berlin);
    PriceItem { reference, price }
}

fn role(connector: &dyn Connector) -> &dyn PriceRole {
    connector.prices().unwrap()
}

/// A whole pass: every reading, and the products by listing.
async fn pass(connector: &dyn Connector) -> (Vec<PriceReading>, Vec<(String, Option<ListingId>)>) {
    let (mut readings, mut parents, mut cursor) = (Vec::new(), Vec::new(), None);
    loop {
        let page = role(connector).priced_page(cursor.as_ref()).await.unwrap();
        readings.extend(page.prices);
        let references = page.page.listings.into_iter().map(|one| one.reference);
        parents.extend(references.map(|one| (one.key.listing.to_string(), one.parent)));
        cursor = page.page.next;
        if cursor.is_none() {
            return (readings, parents);
        }
    }
}

/// Every document about prices, and a variant that is refused, for the vendor's schema.
pub(crate) async fn story(shop: &Shop, a: u64) {
    let connector = shop.connector.as_ref();
    pass(connector).await;
    role(connector)
        .read_prices(&[reference(a, shop.berlin), reference(7, shop.berlin)])
        .await
        .unwrap();
    role(connector)
        .write_prices(&[item(shop, a, price("9.90", None))])
        .await
        .unwrap();
}

#[tokio::test]
async fn each_variants_price_is_read_once_and_its_listings_name_their_product() {
    for bulk_above in [10_000, 1] {
        let shop = start_with(generous(), &json!({"bulk_above": bulk_above})).await;
        let a = shop.add_item("A", &[(shop.berlin, 5), (shop.hamburg, 3)]);
        let b = shop.add_sister(a, "B", &[(shop.hamburg, 3)]);
        shop.set_price("B", "12.50", Some("19.00"));
        let (readings, parents) = pass(shop.connector.as_ref()).await;
        assert_eq!(
            (readings.len(), parents.len()),
            (2, 3),
            "one reading a variant, in bulk or not"
        );
        let of = |item: u64| {
            let found = readings.iter().find(|one| one.key.listing.as_str() == item.to_string());
            found.unwrap().prices.clone()
        };
        assert_eq!((of(a), of(b)), (vec![price("10.00", None)], vec![price("12.50", None)]));
        assert!(
            parents
                .iter()
                .all(|(_, parent)| parent.is_some() && *parent == parents[0].1),
            "{parents:?}"
        );
        let again = role(shop.connector.as_ref());
        let asked: Vec<_> = readings
            .iter()
            .map(|one| omnistock_sdk::ListingReference {
                key: one.key.clone(),
                parent: None,
            })
            .collect();
        let read = again.read_prices(&asked).await.unwrap();
        assert_eq!(read.len(), 2);
        let carrier = readings.iter().find(|one| one.key.listing.as_str() == a.to_string());
        let carrier = carrier.unwrap().key.location.as_ref().unwrap().as_str();
        let [berlin, hamburg] = [shop.berlin, shop.hamburg];
        let other = if carrier == berlin.to_string() { hamburg } else { berlin };
        let read = again.read_prices(&[reference(a, other)]).await.unwrap();
        assert!(read.is_empty(), "another listing carries the price: {read:?}");
    }
}

#[tokio::test]
async fn where_an_item_is_stocked_no_more_another_of_its_listings_carries_the_price() {
    for bulk_above in [10_000, 0] {
        let shop = start_with(generous(), &json!({"bulk_above": bulk_above})).await;
        let a = shop.add_item("A", &[(shop.berlin, 5), (shop.hamburg, 3)]);
        let connector = shop.connector.as_ref();
        let carrier = |readings: &[PriceReading]| match readings {
            [one] => one.key.location.as_ref().unwrap().to_string().parse::<u64>().unwrap(),
            other => panic!("one listing carries the price: {other:?}"),
        };
        let first = carrier(&pass(connector).await.0);
        let [berlin, hamburg] = [shop.berlin, shop.hamburg];
        let second = if first == berlin { hamburg } else { berlin };
        shop.remove_level("A", first);
        // A single read moves nothing: the listing that is left takes over with the next pass.
        let read = role(connector).read_prices(&[reference(a, second)]).await.unwrap();
        assert!(read.is_empty(), "{read:?}");
        assert_eq!(carrier(&pass(connector).await.0), second);
        let read = role(connector).read_prices(&[reference(a, second)]).await.unwrap();
        assert_eq!(read.len(), 1);
    }
}

#[tokio::test]
async fn what_the_shop_shows_beside_a_price_stays_unless_it_is_ours() {
    let shop = start().await;
    let a = shop.add_item("A", &[(shop.berlin, 5)]);
    shop.set_price("A", "20.00", Some("25.00"));
    let fields = role(shop.connector.as_ref()).terms().fields;
    assert_eq!(fields, [PriceField::Regular]);
    let outcome = role(shop.connector.as_ref())
        .write_prices(&[item(&shop, a, price("9.90", None))])
        .await
        .unwrap();
    assert_eq!(
        outcome,
        [PriceOutcome::Applied {
            price: Some(price("9.90", None))
        }]
    );
    assert_eq!(shop.asked("A"), Some(("9.90".to_owned(), Some("25.00".to_owned()))));

    let ours = start_with(generous(), &json!({"compare_at": true})).await;
    let a = ours.add_item("A", &[(ours.berlin, 5)]);
    let connector = ours.connector.as_ref();
    assert!(role(connector).terms().compares());
    let sale = price("7.90", Some("9.90"));
    let outcome = role(connector).write_prices(&[item(&ours, a, sale)]).await.unwrap();
    assert_eq!(outcome, [PriceOutcome::Applied { price: Some(sale) }]);
    assert_eq!(ours.asked("A"), Some(("7.90".to_owned(), Some("9.90".to_owned()))));
    assert_eq!(pass(connector).await.0[0].prices, [sale]);
    role(connector)
        .write_prices(&[item(&ours, a, price("9.90", None))])
        .await
        .unwrap();
    assert_eq!(ours.asked("A"), Some(("9.90".to_owned(), None)), "the sale is over");
}

#[tokio::test]
async fn one_bad_variant_harms_no_other_and_products_go_by_themselves() {
    let shop = start().await;
    let a = shop.add_item("A", &[(shop.berlin, 5)]);
    let sister = shop.add_sister(a, "A-2", &[(shop.berlin, 5)]);
    let b = shop.add_item("B", &[(shop.berlin, 5)]);
    let connector = shop.connector.as_ref();
    pass(connector).await;
    let gone = shop.add_item("C", &[(shop.berlin, 5)]);
    pass(connector).await;
    shop.remove_item("C");
    let items = [
        item(&shop, a, price("1.999", None)),
        item(&shop, sister, price("2.00", None)),
        item(&shop, gone, price("3.00", None)),
        item(&shop, 7, price("4.00", None)),
        item(&shop, b, price("5.00", None)),
        item(&shop, b, Price::plain(money("5.00", "USD"))),
        item(&shop, b, price("-1.00", None)),
    ];
    let outcomes = role(connector).write_prices(&items).await.unwrap();
    let good = |index: usize| matches!(outcomes[index], PriceOutcome::Applied { .. });
    let refused = |index: usize| matches!(outcomes[index], PriceOutcome::Rejected { .. });
    assert!(good(1) && good(4), "{outcomes:?}");
    assert!([0, 2, 3, 5, 6].into_iter().all(refused), "{outcomes:?}");
    let asked = |sku: &str| shop.asked(sku).unwrap().0;
    assert_eq!(
        (asked("A"), asked("A-2"), asked("B")),
        ("10.00".into(), "2.00".into(), "5.00".into())
    );
    assert_eq!(shop.counters().calls["OmnistockSetPrices"], 3, "one a product");
}

#[tokio::test]
async fn prices_need_a_scope_and_may_be_left_out() {
    let shop = start().await;
    let a = shop.add_item("A", &[(shop.berlin, 5)]);
    shop.withdraw_scope("write_products");
    let error = shop.connector.check().await.unwrap_err();
    assert!(
        error.message.contains("`write_products`") && error.message.contains("prices = false"),
        "{error}"
    );
    let error = role(shop.connector.as_ref())
        .write_prices(&[item(&shop, a, price("9.90", None))])
        .await
        .unwrap_err();
    assert_eq!(error.class, ErrorClass::Operator);
    let without = crate::support::build(crate::support::table(&shop, &json!({"prices": false})));
    without.check().await.unwrap();
    assert!(without.prices().is_none());
}

#[tokio::test]
async fn an_unanswered_price_is_unknown_and_then_read() {
    let shop = start_with(generous(), &json!({"deadline_ms": 300})).await;
    let a = shop.add_item("A", &[(shop.berlin, 5)]);
    let connector = shop.connector.as_ref();
    pass(connector).await;
    shop.set_faults(omnistock_shopify::simulator::Faults {
        timeout_after_apply_rate: 1.0,
        ..omnistock_shopify::simulator::Faults::default()
    });
    let error = role(connector)
        .write_prices(&[item(&shop, a, price("9.90", None))])
        .await
        .unwrap_err();
    assert_eq!(error.class, ErrorClass::Unknown, "{error}");
    shop.set_faults(omnistock_shopify::simulator::Faults::default());
    let read = role(connector).read_prices(&[reference(a, shop.berlin)]).await.unwrap();
    assert_eq!(read[0].prices, [price("9.90", None)]);
}
