//! The shop as a channel: what is listed, what a write does, what each item of a batch comes to.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests"
)]

use crate::support::{build, catalogue, start, start_with, table};
use omnistock_sdk::{ErrorClass, ItemOutcome, ListingKey, ListingReference, WriteItem};
use omnistock_woocommerce::simulator::{Faults, SimulatorSettings};
use omnistock_words::{ListingId, Quantity};
use serde_json::json;
use std::time::Duration;

fn reference(id: u64, parent: Option<u64>) -> ListingReference {
    let name = |number: u64| ListingId::new(number.to_string()).unwrap();
    ListingReference {
        key: ListingKey {
            listing: name(id),
            location: None,
        },
        parent: parent.map(name),
    }
}

fn item(id: u64, parent: Option<u64>, quantity: &str) -> WriteItem {
    WriteItem {
        reference: reference(id, parent),
        quantity: quantity.parse().unwrap(),
        expected: None,
    }
}

#[tokio::test]
async fn the_catalogue_holds_every_product_and_variation_once() {
    let (shop, connector) = start().await;
    for number in 0..120 {
        shop.add_product(&format!("S-{number}"), number);
    }
    for number in 0..130 {
        shop.add_variation(
            if number < 110 { "V-A" } else { "V-B" },
            &format!("V-{number}"),
            1_000 + number,
        );
    }
    shop.add_product("", 7);
    let listings = catalogue(connector.as_ref()).await;
    assert_eq!(listings.len(), 251, "variable parents are not listings");
    let find = |sku: &str| {
        listings
            .iter()
            .find(|listing| listing.sku.as_ref().is_some_and(|other| other.as_str() == sku))
            .unwrap()
    };
    assert_eq!(find("S-119").quantity, Some(Quantity::whole(119)));
    assert_eq!(find("S-119").reference.parent, None);
    assert_eq!(find("V-109").quantity, Some(Quantity::whole(1_109)));
    assert_eq!(find("V-109").reference.parent, find("V-0").reference.parent);
    assert_ne!(find("V-110").reference.parent, find("V-0").reference.parent);
    assert_eq!(
        listings.iter().filter(|listing| listing.sku.is_none()).count(),
        1,
        "a product without SKU is listed without one"
    );
    let mut ids: Vec<_> = listings.iter().map(|listing| listing.reference.key.clone()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 251);
}

#[tokio::test]
async fn what_nobody_counts_is_listed_as_not_writable_and_says_what_to_do() {
    let (shop, connector) = start().await;
    let unmanaged = shop.add_product("A", 5);
    shop.set_managed("A", false);
    shop.add_variation("P", "B", 5);
    shop.count_at_parent("B");
    let listings = catalogue(connector.as_ref()).await;
    let why = |sku: &str| {
        let listing = listings
            .iter()
            .find(|listing| listing.sku.as_ref().is_some_and(|other| other.as_str() == sku))
            .unwrap();
        assert_eq!(listing.quantity, None);
        listing.unwritable.clone().unwrap()
    };
    assert!(why("A").contains("switch on"), "{}", why("A"));
    assert!(why("B").contains("parent product"), "{}", why("B"));
    // Written all the same, the shop says 200 and drops the number.
    let outcomes = connector
        .channel()
        .unwrap()
        .write(&[item(unmanaged, None, "3")])
        .await
        .unwrap();
    assert!(
        matches!(&outcomes[0], ItemOutcome::Rejected { reason } if reason.contains("Manage stock")),
        "{outcomes:?}"
    );
}

#[tokio::test]
async fn a_write_sets_the_numbers_and_bad_items_harm_no_other() {
    let (shop, connector) = start().await;
    let (first, last) = (shop.add_product("A", 5), shop.add_product("B", 5));
    let variation = shop.add_variation("P", "V", 5);
    let items = [
        item(first, None, "3"),
        item(99_999, None, "3"),
        item(variation, None, "3"),
        item(first, None, "1.5"),
        item(last, None, "-1"),
        item(last, None, "0"),
    ];
    let outcomes = connector.channel().unwrap().write(&items).await.unwrap();
    assert_eq!(
        outcomes[0],
        ItemOutcome::Applied {
            quantity: Some(Quantity::whole(3))
        }
    );
    for (index, words) in [
        (1, "woocommerce_rest_product_invalid_id: Invalid ID."),
        (2, "woocommerce_rest_invalid_product_id"),
        (3, "1.5"),
        (4, "-1"),
    ] {
        assert!(
            matches!(&outcomes[index], ItemOutcome::Rejected { reason } if reason.contains(words)),
            "{index}: {outcomes:?}"
        );
    }
    assert_eq!(
        outcomes[5],
        ItemOutcome::Applied {
            quantity: Some(Quantity::ZERO)
        }
    );
    assert_eq!(
        (shop.shown("A"), shop.shown("B"), shop.shown("V")),
        (Some(3), Some(0), Some(5))
    );
}

#[tokio::test]
async fn variations_are_written_through_their_product() {
    let (shop, connector) = start().await;
    let small = shop.add_variation("P", "V-S", 5);
    let large = shop.add_variation("P", "V-L", 5);
    let listings = catalogue(connector.as_ref()).await;
    let parent: u64 = listings[0].reference.parent.as_ref().unwrap().as_str().parse().unwrap();
    let items = [
        item(small, Some(parent), "8"),
        item(77_777, Some(parent), "1"),
        item(large, Some(parent), "9"),
    ];
    let outcomes = connector.channel().unwrap().write(&items).await.unwrap();
    assert_eq!((shop.shown("V-S"), shop.shown("V-L")), (Some(8), Some(9)));
    assert!(
        matches!(&outcomes[1], ItemOutcome::Rejected { reason } if reason.contains("variation_invalid_id")),
        "{outcomes:?}"
    );
    assert_eq!(shop.counters().calls["POST /products/{id}/variations/batch"], 1);
}

#[tokio::test]
async fn no_call_holds_more_than_a_hundred_items() {
    let (shop, connector) = start().await;
    let items: Vec<WriteItem> = (0..250)
        .map(|number| item(shop.add_product(&format!("S-{number}"), 0), None, "4"))
        .collect();
    let outcomes = connector.channel().unwrap().write(&items).await.unwrap();
    assert!(
        outcomes
            .iter()
            .all(|outcome| matches!(outcome, ItemOutcome::Applied { .. }))
    );
    assert_eq!(shop.counters().largest_batch, 100);
    assert_eq!(shop.counters().items_written, 250);
}

#[tokio::test]
async fn reading_tells_the_present_numbers_and_leaves_out_what_is_gone() {
    let (shop, connector) = start().await;
    let product = shop.add_product("A", 5);
    let variation = shop.add_variation("P", "V", 6);
    shop.buy("A", 2).unwrap();
    let parent: u64 = catalogue(connector.as_ref()).await[1]
        .reference
        .parent
        .as_ref()
        .unwrap()
        .as_str()
        .parse()
        .unwrap();
    let asked = [
        reference(product, None),
        reference(variation, Some(parent)),
        reference(4_711, None),
        reference(4_712, Some(4_713)),
    ];
    let readings = connector.channel().unwrap().read(&asked).await.unwrap();
    let mut shown: Vec<_> = readings
        .iter()
        .map(|reading| (reading.reference.clone(), reading.quantity.unwrap()))
        .collect();
    shown.sort_by_key(|(_, quantity)| *quantity);
    assert_eq!(
        shown,
        [
            (asked[0].clone(), Quantity::whole(3)),
            (asked[1].clone(), Quantity::whole(6))
        ]
    );
}

#[tokio::test]
async fn ids_that_are_none_of_the_vendors_never_become_part_of_an_address() {
    let (shop, connector) = start().await;
    let mut strange = item(shop.add_product("A", 5), None, "3");
    strange.reference.parent = ListingId::new("1/../../orders").ok();
    let channel = connector.channel().unwrap();
    let outcomes = channel.write(std::slice::from_ref(&strange)).await.unwrap();
    assert!(
        matches!(&outcomes[0], ItemOutcome::Rejected { reason } if reason.contains("not a WooCommerce product id"))
    );
    assert_eq!(channel.read(&[strange.reference]).await.unwrap(), []);
    assert!(shop.counters().calls.is_empty());
}

#[tokio::test]
async fn a_write_wipes_out_a_sale_it_has_not_seen() {
    let (shop, connector) = start().await;
    let product = shop.add_product("A", 10);
    shop.buy("A", 3).unwrap();
    connector
        .channel()
        .unwrap()
        .write(&[item(product, None, "10")])
        .await
        .unwrap();
    assert_eq!(
        shop.shown("A"),
        Some(10),
        "there is no compare-and-set: the planner has to look first"
    );
    assert_eq!((shop.writes()[0].before, shop.writes()[0].after), (7, 10));
}

#[tokio::test]
async fn a_write_without_an_answer_may_have_been_done() {
    let (shop, _) = start().await;
    let product = shop.add_product("A", 10);
    shop.set_faults(Faults {
        timeout_after_apply_rate: 1.0,
        ..Faults::default()
    });
    let mut table = table(&shop);
    table["deadline_ms"] = json!(300);
    let error = build(table)
        .channel()
        .unwrap()
        .write(&[item(product, None, "4")])
        .await
        .unwrap_err();
    assert_eq!(error.class, ErrorClass::Unknown, "{error}");
    assert_eq!(shop.shown("A"), Some(4));
    shop.stop().await;
}

#[tokio::test]
async fn a_bad_secret_or_a_reading_key_is_a_matter_for_a_person() {
    let (shop, connector) = start().await;
    connector.check().await.unwrap();
    let mut wrong = table(&shop);
    wrong["secret"] = json!({"env": "cs_wrong"});
    let error = build(wrong).check().await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Operator);
    assert!(
        error.message.contains("signature does not match") && !error.message.contains("cs_wrong"),
        "{error}"
    );
    let (_shop, reader) = start_with(SimulatorSettings {
        read_only: true,
        ..SimulatorSettings::default()
    })
    .await;
    let error = reader.check().await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Operator);
    assert!(error.message.contains("write permissions"), "{error}");
}

#[tokio::test]
async fn a_shop_that_is_down_is_told_apart_and_comes_back_on_its_port() {
    let (shop, connector) = start().await;
    let product = shop.add_product("A", 10);
    shop.set_faults(Faults {
        outage: true,
        ..Faults::default()
    });
    let channel = connector.channel().unwrap();
    assert_eq!(
        channel.write(&[item(product, None, "4")]).await.unwrap_err().class,
        ErrorClass::Unknown
    );
    assert_eq!(shop.shown("A"), Some(10));
    shop.stop().await;
    assert_eq!(
        channel.write(&[item(product, None, "4")]).await.unwrap_err().class,
        ErrorClass::Retry { after: None }
    );
    let again = crate::support::start_with(SimulatorSettings {
        port: shop.port(),
        ..SimulatorSettings::default()
    })
    .await
    .0;
    again.add_product("A", 1);
    assert_eq!(catalogue(connector.as_ref()).await.len(), 1);
}

#[tokio::test]
async fn an_overloaded_shop_says_when_to_come_back() {
    let (shop, connector) = start().await;
    shop.set_faults(Faults {
        error_rate: 1.0,
        ..Faults::default()
    });
    let mut afters = Vec::new();
    for _ in 0..40 {
        if let ErrorClass::Retry { after } = connector.channel().unwrap().catalogue(None).await.unwrap_err().class {
            afters.push(after);
        }
    }
    assert!(afters.contains(&Some(Duration::from_secs(1))), "{afters:?}");
}
