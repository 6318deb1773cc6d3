//! Quantities behind a yes: what is queued, what is refused, what fails only later, and what a merge keeps.

use crate::support::{World, applied, item, listing};
use omnistock_amazon::simulator::SimulatorSettings;
use omnistock_sdk::{ErrorClass, ItemOutcome, now};
use omnistock_words::Quantity;
use serde_json::json;
use std::time::Duration;

/// Changes take effect so late that a test sees the time before; nothing else is slow.
fn slow() -> SimulatorSettings {
    SimulatorSettings {
        applies_after: Duration::from_hours(1),
        ..SimulatorSettings::immediate()
    }
}

fn soon(milliseconds: u64) -> SimulatorSettings {
    SimulatorSettings {
        applies_after: Duration::from_millis(milliseconds),
        ..SimulatorSettings::immediate()
    }
}

#[tokio::test]
async fn the_old_number_behind_a_yes_is_read_as_of_before_the_yes() {
    let world = World::start(slow(), &json!({})).await;
    world.amazon.add("A", 5);
    assert!(applied(&world.write("A", 8).await));
    let answered = now();
    let reading = world.look("A").await;
    assert_eq!(reading.quantity, Some(Quantity::whole(5)));
    assert!(
        reading.read_at < answered,
        "it says nothing of what came behind the yes"
    );
    let page = world.channel().catalogue(None).await.unwrap();
    assert!(page.listings[0].read_at < answered, "nor does the catalogue");
}

#[tokio::test]
async fn the_new_number_is_read_as_of_now_once_it_is_there() {
    let world = World::start(soon(300), &json!({})).await;
    world.amazon.add("A", 5);
    assert!(applied(&world.write("A", 8).await));
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    let reading = loop {
        let (began, reading) = (now(), world.look("A").await);
        if reading.quantity == Some(Quantity::whole(8)) {
            break (began, reading);
        }
        assert!(tokio::time::Instant::now() < deadline, "it never took effect");
    };
    assert!(reading.1.read_at >= reading.0);
}

#[tokio::test]
async fn a_yes_that_fails_later_is_seen_and_its_reason_told_when_it_is_tried_again() {
    let world = World::start(soon(0), &json!({"settle_ms": 0})).await;
    world.amazon.add("A", 5);
    world.faults(|faults| faults.fail_later = true);
    assert!(applied(&world.write("A", 8).await));
    let reading = world.look("A").await;
    assert_eq!(reading.quantity, Some(Quantity::whole(5)));
    assert!(reading.read_at <= now());
    let again = world.write("A", 8).await;
    let ItemOutcome::Rejected { reason } = &again else {
        panic!("{again:?}")
    };
    assert!(reason.starts_with("8541: "), "the vendor's own words: {reason}");
    assert_eq!(
        world.amazon.counters().calls["patchListingsItem"],
        1,
        "no call for what was refused"
    );
    world.faults(|_| {});
    assert!(applied(&world.write("A", 8).await), "a person has it tried again");
    assert_eq!(world.amazon.shown("A"), Some(8));
}

#[tokio::test]
async fn a_two_hundred_that_says_invalid_is_a_refusal() {
    let world = World::start(soon(0), &json!({})).await;
    world.amazon.add("A", 5);
    world.faults(|faults| faults.invalid_skus = ["A".to_owned()].into());
    let outcome = world.write("A", 8).await;
    assert!(
        matches!(&outcome, ItemOutcome::Rejected { reason } if reason.starts_with("90000900: ")),
        "{outcome:?}"
    );
    assert_eq!(world.amazon.shown("A"), Some(5));
}

#[tokio::test]
async fn a_new_number_keeps_the_handling_time() {
    let world = World::start(soon(0), &json!({})).await;
    world.amazon.add("A", 5);
    assert!(applied(&world.write("A", 8).await));
    let kept = json!([{"fulfillment_channel_code": "DEFAULT", "quantity": 8, "lead_time_to_ship_max_days": 2}]);
    assert_eq!(world.amazon.attribute("A", "fulfillment_availability"), kept);
}

#[tokio::test]
async fn skus_that_break_lists_and_paths_are_read_and_written_all_the_same() {
    let world = World::start(soon(0), &json!({})).await;
    for (sku, units) in [("A,B", 1), ("A", 2), ("B", 3), ("a/b?c#d", 4), ("50% + x", 5)] {
        world.amazon.add(sku, units);
        assert!(applied(&world.write(sku, units + 10).await), "{sku}");
        assert_eq!(
            world.look(sku).await.quantity,
            Some(Quantity::whole(units + 10)),
            "{sku}"
        );
    }
    world.amazon.add("..", 1);
    assert!(matches!(world.write("..", 3).await, ItemOutcome::Rejected { .. }));
    assert_eq!(world.look("..").await.quantity, Some(Quantity::whole(1)));
}

#[tokio::test]
async fn a_catalogue_of_more_than_amazon_pages_through_is_read_whole() {
    let world = World::start(soon(0), &json!({})).await;
    for number in 0..1_234 {
        world.amazon.add(&format!("S-{number:04}"), number);
    }
    assert_eq!(whole_catalogue(&world).await, 1_234);
}

/// How many listings all its pages have.
async fn whole_catalogue(world: &World) -> usize {
    let (mut found, mut cursor) = (std::collections::BTreeSet::new(), None);
    loop {
        let page = world.channel().catalogue(cursor.as_ref()).await.unwrap();
        for one in page.listings {
            assert!(found.insert(one.reference.key.listing.to_string()), "it comes twice");
        }
        cursor = page.next;
        if cursor.is_none() {
            return found.len();
        }
    }
}

#[tokio::test]
async fn a_catalogue_with_many_listings_of_one_moment_is_read_whole_wherever_they_are() {
    let skus =
        |prefix: &str, count: usize| -> Vec<_> { (0..count).map(|number| format!("{prefix}{number:04}")).collect() };
    for last in [20, 40, 60, 61] {
        let world = World::start(soon(0), &json!({})).await;
        world.amazon.add_together(&skus("A", 7), 5);
        world.amazon.add_together(&skus("B", last), 5);
        assert_eq!(whole_catalogue(&world).await, 7 + last);
    }
    let world = World::start(soon(0), &json!({})).await;
    world.amazon.add_together(&skus("A", 990), 5);
    for sku in skus("B", 1_100) {
        world.amazon.add(&sku, 5);
    }
    assert_eq!(whole_catalogue(&world).await, 2_090);
}

#[tokio::test]
async fn what_amazon_fulfils_is_listed_and_never_written_over() {
    let world = World::start(soon(0), &json!({})).await;
    world.amazon.add_at_depot("A", 7);
    let reading = world.look("A").await;
    assert!(reading.unwritable.unwrap().contains("AMAZON_EU"));
}

#[tokio::test]
async fn one_login_serves_all_who_need_it() {
    let world = World::start(soon(0), &json!({})).await;
    world.amazon.add("A", 5);
    let (one, two, three) = tokio::join!(world.look("A"), world.look("A"), world.look("A"));
    assert_eq!([one, two, three].map(|one| one.quantity), [Some(Quantity::whole(5)); 3]);
    assert_eq!(world.amazon.counters().tokens, 1);
    world.amazon.expire_tokens();
    tokio::join!(world.look("A"), world.look("A"), world.look("A"));
    assert_eq!(world.amazon.counters().tokens, 2);
}

#[tokio::test]
async fn too_many_calls_are_worth_another_try_and_nothing_was_done() {
    let settings = SimulatorSettings {
        limited: true,
        ..soon(0)
    };
    let world = World::start(settings, &json!({})).await;
    world.amazon.add("A", 5);
    let mut refused = 0;
    for units in 10..22 {
        match world.channel().write(&[item("A", units)]).await {
            Ok(outcomes) => assert!(applied(&outcomes[0])),
            Err(error) => {
                assert!(matches!(error.class, ErrorClass::Retry { .. }), "{error:?}");
                assert!(error.message.contains("QuotaExceeded"), "{error}");
                refused += 1;
            }
        }
    }
    assert!(refused > 0);
    assert_eq!(world.amazon.counters().throttled, refused);
}

#[tokio::test]
async fn the_check_changes_nothing_and_names_the_depots_place_where_it_is_missing() {
    let world = World::start(soon(0), &json!({})).await;
    world.amazon.add("A", 5);
    world.connector.check().await.unwrap();
    assert_eq!((world.amazon.shown("A"), world.amazon.counters().applied), (Some(5), 0));
    let context = omnistock_sdk::testing::context("amazon", &[("berlin", "")]);
    let table = crate::support::table(&world.amazon);
    let connector = omnistock_sdk::testing::build(&omnistock_amazon::SPEC, context, table);
    let error = connector.check().await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Operator);
    assert!(
        error.message.contains("AMAZON_EU") && error.message.contains("`fba`"),
        "{error}"
    );
    assert_eq!(
        connector.channel().unwrap().read(&[listing("A")]).await.unwrap().len(),
        1
    );
}
