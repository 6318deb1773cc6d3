//! The shop as a channel: listings page by page, by name and in bulk; numbers set by compare-and-set.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::expect_used,
    reason = "helpers of tests"
)]

use crate::support::{catalogue, generous, item, reference, start, start_with};
use omnistock_sdk::{ErrorClass, ItemOutcome};
use omnistock_shopify::simulator::{Faults, SimulatorSettings};
use omnistock_words::Quantity;
use serde_json::json;
use std::collections::BTreeSet;
use std::time::Duration;

#[tokio::test]
async fn every_level_is_listed_with_its_place_its_sku_and_what_is_left() {
    let shop = start().await;
    let elsewhere = shop.add_location("Pop-up");
    let a = shop.add_item("A", &[(shop.berlin, 5), (shop.hamburg, 0), (elsewhere, 2)]);
    let b = shop.add_item("B", &[(shop.berlin, 9)]);
    shop.set_tracked("B", false);
    let readings = catalogue(shop.connector.as_ref()).await;
    assert_eq!(readings.len(), 4);
    let find = |number: u64, place: u64| {
        readings
            .iter()
            .find(|one| one.reference == reference(number, place))
            .unwrap()
    };
    let berlin = find(a, shop.berlin);
    assert_eq!(
        (berlin.quantity, berlin.sku.as_ref().unwrap().as_str()),
        (Some(Quantity::whole(5)), "A")
    );
    assert_eq!(berlin.place.as_ref().unwrap().as_str(), "berlin");
    assert_eq!(find(a, shop.hamburg).quantity, Some(Quantity::ZERO));
    assert_eq!(
        find(a, elsewhere).place,
        None,
        "nothing in the configuration speaks of it"
    );
    let untracked = find(b, shop.berlin);
    assert_eq!(untracked.quantity, None);
    assert!(
        untracked.unwritable.as_ref().unwrap().contains("Track quantity"),
        "{untracked:?}"
    );
}

#[tokio::test]
async fn pages_make_up_the_whole_also_while_the_shop_sells_and_changes() {
    let shop = start().await;
    let mut items = BTreeSet::new();
    for number in 0..600 {
        items.insert(shop.add_item(&format!("S-{number}"), &[(shop.berlin, 5)]).to_string());
    }
    let channel = shop.connector.channel().unwrap();
    let first = channel.catalogue(None).await.unwrap();
    assert_eq!(first.listings.len(), 250);
    shop.remove_item("S-3");
    shop.buy("S-400", 2).unwrap();
    shop.add_item("NEW", &[(shop.berlin, 1)]);
    let mut seen: BTreeSet<String> = first
        .listings
        .iter()
        .map(|one| one.reference.key.listing.to_string())
        .collect();
    let mut cursor = first.next;
    while let Some(place) = cursor {
        let page = channel.catalogue(Some(&place)).await.unwrap();
        seen.extend(page.listings.iter().map(|one| one.reference.key.listing.to_string()));
        cursor = page.next;
    }
    assert!(
        items.is_subset(&seen),
        "none is leapt over by one that vanished before it"
    );
    let calls = shop.counters().calls;
    assert_eq!(calls["OmnistockLevels"], 4, "three pages of berlin, one of hamburg");
}

#[tokio::test]
async fn a_large_shop_is_read_by_one_bulk_operation_to_the_same_result() {
    let shop = start_with(generous(), &json!({"bulk_above": 10})).await;
    for number in 0..40 {
        shop.add_item(&format!("S-{number}"), &[(shop.berlin, number), (shop.hamburg, 1)]);
    }
    let bulk = catalogue(shop.connector.as_ref()).await;
    let calls = shop.counters().calls;
    assert_eq!((calls["OmnistockBulkBegin"], calls.get("OmnistockLevels")), (1, None));
    let paged = crate::support::build(crate::support::table(&shop, &json!({})));
    let paged = catalogue(paged.as_ref()).await;
    let plain = |readings: Vec<omnistock_sdk::ListingReading>| -> BTreeSet<String> {
        readings
            .into_iter()
            .map(|one| {
                format!(
                    "{:?}",
                    (one.reference, one.sku, one.place, one.quantity, one.unwritable)
                )
            })
            .collect()
    };
    assert_eq!(bulk.len(), 80);
    assert_eq!(plain(bulk), plain(paged));
}

#[tokio::test]
async fn a_bulk_file_larger_than_a_part_is_read_whole() {
    let shop = start_with(generous(), &json!({"bulk_above": 10})).await;
    for number in 0..17_000 {
        shop.add_item(&format!("SKU-{number:030}"), &[(shop.berlin, 1)]);
    }
    let readings = catalogue(shop.connector.as_ref()).await;
    let distinct: BTreeSet<String> = readings
        .iter()
        .map(|one| one.reference.key.listing.to_string())
        .collect();
    assert_eq!((readings.len(), distinct.len()), (17_000, 17_000));
}

#[tokio::test]
async fn a_bulk_operation_that_takes_long_is_waited_for_over_several_calls() {
    let slow = Faults {
        bulk_time: Duration::from_millis(5_500),
        ..Faults::default()
    };
    let shop = start_with(
        SimulatorSettings {
            faults: slow,
            ..generous()
        },
        &json!({"bulk_above": 0}),
    )
    .await;
    shop.add_item("A", &[(shop.berlin, 1)]);
    let first = shop.connector.channel().unwrap().catalogue(None).await.unwrap();
    assert!(first.listings.is_empty());
    let second = shop
        .connector
        .channel()
        .unwrap()
        .catalogue(first.next.as_ref())
        .await
        .unwrap();
    assert_eq!((second.listings.len(), second.next), (1, None));
}

#[tokio::test]
async fn named_listings_are_read_at_their_places_and_those_that_are_gone_left_out() {
    let shop = start().await;
    let a = shop.add_item("A", &[(shop.berlin, 5), (shop.hamburg, 3)]);
    let b = shop.add_item("B", &[(shop.berlin, 7)]);
    let c = shop.add_item("C", &[(shop.berlin, 8)]);
    shop.remove_item("C");
    let asked = [
        reference(a, shop.hamburg),
        reference(b, shop.berlin),
        reference(c, shop.berlin),
        reference(b, shop.hamburg),
    ];
    let readings = shop.connector.channel().unwrap().read(&asked).await.unwrap();
    let mut found: Vec<_> = readings
        .iter()
        .map(|one| (one.reference.clone(), one.quantity))
        .collect();
    found.sort_by_key(|(one, _)| one.key.clone());
    assert_eq!(
        found,
        [
            (reference(a, shop.hamburg), Some(Quantity::whole(3))),
            (reference(b, shop.berlin), Some(Quantity::whole(7)))
        ]
    );
}

#[tokio::test]
async fn a_number_is_set_where_the_shop_shows_what_it_replaces() {
    let shop = start().await;
    let a = shop.add_item("A", &[(shop.berlin, 5), (shop.hamburg, 3)]);
    let items = [item(a, shop.berlin, 8, Some(5)), item(a, shop.hamburg, 0, None)];
    let outcomes = shop.connector.channel().unwrap().write(&items).await.unwrap();
    assert_eq!(
        outcomes,
        [
            ItemOutcome::Applied { quantity: None },
            ItemOutcome::Applied { quantity: None }
        ]
    );
    assert_eq!(
        (shop.level("A", shop.berlin), shop.level("A", shop.hamburg)),
        (Some((8, 0)), Some((0, 0)))
    );
}

#[tokio::test]
async fn a_sale_before_the_write_makes_it_stale_with_the_number_that_is_there_and_the_rest_goes_through() {
    let shop = start().await;
    let a = shop.add_item("A", &[(shop.berlin, 5)]);
    let b = shop.add_item("B", &[(shop.berlin, 5)]);
    shop.buy("A", 2).unwrap();
    let items = [
        item(a, shop.berlin, 9, Some(5)),
        item(b, shop.berlin, 9, Some(5)),
        item(7, shop.berlin, 1, None),
    ];
    let outcomes = shop.connector.channel().unwrap().write(&items).await.unwrap();
    assert!(
        matches!(&outcomes[0], ItemOutcome::Stale { quantity: Some(three), reason } if *three == Quantity::whole(3) && reason.contains("CHANGE_FROM_QUANTITY_STALE")),
        "{outcomes:?}"
    );
    assert_eq!(outcomes[1], ItemOutcome::Applied { quantity: None });
    assert!(
        matches!(&outcomes[2], ItemOutcome::Rejected { reason } if reason.contains("INVALID_INVENTORY_ITEM")),
        "{outcomes:?}"
    );
    assert_eq!(
        (shop.shown("A"), shop.shown("B")),
        (Some(3), Some(9)),
        "the sale is not wiped out"
    );
    assert_eq!(shop.counters().calls["OmnistockSet"], 2);
}

#[tokio::test]
async fn each_bad_entry_is_named_and_none_spoils_the_others() {
    let shop = start().await;
    let good: Vec<u64> = (0..247)
        .map(|number| shop.add_item(&format!("S-{number}"), &[(shop.berlin, 5)]))
        .collect();
    let nowhere = shop.add_item("NOWHERE", &[(shop.hamburg, 1)]);
    let mut items: Vec<_> = good
        .iter()
        .map(|number| item(*number, shop.berlin, 6, Some(5)))
        .collect();
    items.insert(100, item(nowhere, shop.berlin, 6, None));
    items.insert(7, item(good[0], 99, 6, None));
    items.push(item(good[1], shop.hamburg, 6, Some(0)));
    let outcomes = shop.connector.channel().unwrap().write(&items).await.unwrap();
    let rejected: Vec<usize> = outcomes
        .iter()
        .enumerate()
        .filter(|(_, one)| matches!(one, ItemOutcome::Rejected { .. }))
        .map(|(index, _)| index)
        .collect();
    assert_eq!(rejected, [7, 101, 249]);
    let applied = outcomes
        .iter()
        .filter(|one| matches!(one, ItemOutcome::Applied { .. }))
        .count();
    assert_eq!(
        (applied, shop.counters().largest_call, shop.counters().entries_written),
        (247, 250, 247)
    );
}

#[tokio::test]
async fn what_was_carried_out_and_not_answered_is_unknown_and_shows_when_it_is_written_again() {
    let shop = start_with(generous(), &json!({"deadline_ms": 300})).await;
    let a = shop.add_item("A", &[(shop.berlin, 5)]);
    shop.set_faults(Faults {
        timeout_after_apply_rate: 1.0,
        ..Faults::default()
    });
    let channel = shop.connector.channel().unwrap();
    let error = channel.write(&[item(a, shop.berlin, 8, Some(5))]).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Unknown, "{error}");
    shop.set_faults(Faults::default());
    let outcomes = channel.write(&[item(a, shop.berlin, 8, Some(5))]).await.unwrap();
    assert!(
        matches!(&outcomes[0], ItemOutcome::Stale { quantity: Some(eight), .. } if *eight == Quantity::whole(8)),
        "{outcomes:?}"
    );
    assert_eq!(shop.writes().len(), 1);
}

#[tokio::test]
async fn a_write_that_lands_late_overwrites_nothing_newer() {
    let shop = start_with(generous(), &json!({"deadline_ms": 200})).await;
    let a = shop.add_item("A", &[(shop.berlin, 5)]);
    let late = Faults {
        timeout_before_apply_rate: 1.0,
        late_landing: Duration::from_millis(600),
        ..Faults::default()
    };
    shop.set_faults(late);
    let channel = shop.connector.channel().unwrap();
    assert!(channel.write(&[item(a, shop.berlin, 99, Some(5))]).await.is_err());
    shop.set_faults(Faults::default());
    assert_eq!(
        channel.write(&[item(a, shop.berlin, 2, Some(5))]).await.unwrap(),
        [ItemOutcome::Applied { quantity: None }]
    );
    crate::support::until("the late one landed", || shop.counters().entries_refused == 1).await;
    assert_eq!(shop.shown("A"), Some(2));
}

#[tokio::test]
async fn reads_that_lag_show_the_old_number_for_a_while_only() {
    let shop = start().await;
    let a = shop.add_item("A", &[(shop.berlin, 5)]);
    shop.set_faults(Faults {
        read_lag: Duration::from_millis(300),
        ..Faults::default()
    });
    let channel = shop.connector.channel().unwrap();
    channel.write(&[item(a, shop.berlin, 8, Some(5))]).await.unwrap();
    let asked = [reference(a, shop.berlin)];
    assert_eq!(
        channel.read(&asked).await.unwrap()[0].quantity,
        Some(Quantity::whole(5))
    );
    let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
    while channel.read(&asked).await.unwrap()[0].quantity != Some(Quantity::whole(8)) {
        assert!(tokio::time::Instant::now() < deadline);
    }
}

#[tokio::test]
async fn failures_of_whole_calls_say_whether_they_can_have_been_carried_out() {
    let shop = start().await;
    let a = shop.add_item("A", &[(shop.berlin, 5)]);
    let channel = shop.connector.channel().unwrap();
    let write = [item(a, shop.berlin, 8, Some(5))];
    channel.read(&[reference(a, shop.berlin)]).await.unwrap();
    shop.set_faults(Faults {
        throttle_rate: 1.0,
        ..Faults::default()
    });
    assert!(matches!(
        channel.write(&write).await.unwrap_err().class,
        ErrorClass::Retry { after: Some(_) }
    ));
    shop.set_faults(Faults {
        internal_error_rate: 1.0,
        ..Faults::default()
    });
    assert_eq!(channel.write(&write).await.unwrap_err().class, ErrorClass::Unknown);
    shop.set_faults(Faults {
        error_rate: 1.0,
        ..Faults::default()
    });
    assert_eq!(channel.write(&write).await.unwrap_err().class, ErrorClass::Unknown);
    shop.set_faults(Faults {
        outage: true,
        ..Faults::default()
    });
    assert_eq!(channel.write(&write).await.unwrap_err().class, ErrorClass::Unknown);
    shop.stop().await;
    assert!(matches!(
        channel.write(&write).await.unwrap_err().class,
        ErrorClass::Retry { .. }
    ));
    assert!(shop.writes().is_empty());
}

#[tokio::test]
async fn the_bucket_is_never_overdrawn_by_ourselves() {
    let shop = start_with(
        SimulatorSettings {
            bucket: 200,
            restored: 400,
            ..generous()
        },
        &json!({}),
    )
    .await;
    let items: Vec<u64> = (0..60)
        .map(|number| shop.add_item(&format!("S-{number}"), &[(shop.berlin, 5)]))
        .collect();
    let channel = shop.connector.channel().unwrap();
    let references: Vec<_> = items.iter().map(|number| reference(*number, shop.berlin)).collect();
    for _ in 0..8 {
        match channel.read(&references).await {
            Ok(readings) => assert_eq!(readings.len(), 60),
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(shop.counters().throttled, 0, "{:?}", shop.counters());
    assert!(shop.counters().points > 200, "{:?}", shop.counters());
}

#[tokio::test]
async fn a_query_that_would_cost_too_much_is_asked_in_halves() {
    let shop = start().await;
    let items: Vec<u64> = (0..250)
        .map(|number| shop.add_item(&format!("S-{number}"), &[(shop.berlin, 5)]))
        .collect();
    let references: Vec<_> = items.iter().map(|number| reference(*number, shop.berlin)).collect();
    let readings = shop.connector.channel().unwrap().read(&references).await.unwrap();
    assert_eq!(readings.len(), 250);
}
