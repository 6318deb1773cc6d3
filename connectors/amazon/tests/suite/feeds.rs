//! Feeds: many numbers in one document, and every way in which one ends.

use crate::definition::Definitions;
use crate::support::{World, applied, item, listing};
use omnistock_amazon::simulator::{DocumentTrouble, Exchange, FeedFate, SimulatorSettings, Trouble, WriteTrouble};
use omnistock_sdk::{ErrorClass, ItemOutcome, Learned, learning, now};
use omnistock_words::Quantity;
use serde_json::json;
use std::time::Duration;

const MANY: usize = 30;

fn skus() -> Vec<String> {
    (0..MANY).map(|number| format!("S-{number:02}")).collect()
}

/// Thirty offers, and a connector to which twenty are many.
async fn world(feed_takes: Duration) -> World {
    let settings = SimulatorSettings {
        feed_takes,
        ..SimulatorSettings::immediate()
    };
    let world = World::start(settings, &json!({"feed_from": 20, "feed_patience_ms": 60_000})).await;
    for sku in skus() {
        world.amazon.add(&sku, 5);
    }
    world
}

async fn write_all(world: &World, units: i64) -> Vec<ItemOutcome> {
    let items: Vec<_> = skus().iter().map(|sku| item(sku, units)).collect();
    world.channel().write(&items).await.unwrap()
}

#[tokio::test]
async fn many_numbers_go_by_one_feed_and_few_by_a_patch_each() {
    let world = world(Duration::ZERO).await;
    assert!(write_all(&world, 8).await.iter().all(applied));
    assert!(skus().iter().all(|sku| world.amazon.shown(sku) == Some(8)));
    let calls = world.amazon.counters().calls;
    assert_eq!((calls["createFeed"], calls.get("patchListingsItem")), (1, None));
    assert!(applied(&world.write("S-00", 9).await), "the feed has ended");
    assert_eq!(world.amazon.shown("S-00"), Some(9));
    let kept = &world.amazon.attribute("S-01", "fulfillment_availability")[0]["lead_time_to_ship_max_days"];
    assert_eq!(kept, 2, "a feed merges, too");
}

#[tokio::test(start_paused = true)]
async fn a_feed_stuck_for_a_day_stops_nobody_else_and_its_own_for_a_while_only() {
    let world = world(Duration::from_mins(1)).await;
    world.amazon.add("OTHER", 5);
    world.faults(|faults| faults.feeds = FeedFate::Stuck);
    assert!(write_all(&world, 8).await.iter().all(applied));
    let answered = now();
    assert!(applied(&world.write("OTHER", 3).await));
    assert_eq!(world.amazon.shown("OTHER"), Some(3));
    let outcome = world.write("S-00", 0).await;
    assert!(
        matches!(&outcome, ItemOutcome::Failed { reason } if reason.contains("feed")),
        "never both ways at once: {outcome:?}"
    );
    assert_eq!(world.amazon.counters().crossed, 0);
    let before = world.look("S-01").await;
    assert!(before.read_at < answered && before.quantity == Some(Quantity::whole(5)));
    tokio::time::sleep(Duration::from_secs(61)).await;
    assert!(applied(&world.write("S-00", 0).await), "it was waited for long enough");
    assert_eq!(world.amazon.shown("S-00"), Some(0));
    let began = now();
    assert!(world.look("S-01").await.read_at >= began, "readings count again");
}

#[tokio::test]
async fn what_a_report_refuses_is_told_in_the_vendors_words_and_the_rest_is_applied() {
    let world = world(Duration::ZERO).await;
    world.faults(|faults| faults.invalid_skus = ["S-07".to_owned(), "S-11".to_owned()].into());
    assert!(
        write_all(&world, 8).await.iter().all(applied),
        "a feed was taken, no more"
    );
    let references: Vec<_> = skus().iter().map(|sku| listing(sku)).collect();
    let began = now();
    let shown = world.channel().read(&references[..20]).await.unwrap();
    let of = |sku: &str| {
        shown
            .iter()
            .find(|one| one.reference.key.listing.as_str() == sku)
            .unwrap()
    };
    assert_eq!(
        (of("S-07").quantity, of("S-08").quantity),
        (Some(Quantity::whole(5)), Some(Quantity::whole(8)))
    );
    assert!(
        of("S-07").read_at >= began,
        "it is certain that nothing comes behind it"
    );
    let outcome = world.write("S-07", 8).await;
    assert!(
        matches!(&outcome, ItemOutcome::Rejected { reason } if reason.contains("90000900: ")),
        "{outcome:?}"
    );
    assert!(applied(&world.write("S-08", 9).await), "the feed has ended");
}

#[tokio::test]
async fn after_a_fatal_feed_every_number_is_read_as_it_is_and_written_again() {
    for fate in [FeedFate::Fatal, FeedFate::Cancelled] {
        let world = world(Duration::ZERO).await;
        world.faults(|faults| faults.feeds = fate);
        assert!(write_all(&world, 8).await.iter().all(applied));
        world.faults(|_| {});
        let began = now();
        let first = world.look("S-00").await;
        let last = world.look("S-29").await;
        assert!(first.read_at >= began && last.read_at >= began, "{fate:?}");
        let done = Quantity::whole(if fate == FeedFate::Fatal { 8 } else { 5 });
        assert_eq!(
            (first.quantity, last.quantity),
            (Some(done), Some(Quantity::whole(5))),
            "{fate:?}"
        );
        assert!(applied(&world.write("S-29", 8).await));
        assert_eq!(world.amazon.shown("S-29"), Some(8));
    }
}

#[tokio::test]
async fn a_document_that_was_not_laid_down_leaves_everything_undone() {
    for trouble in [Trouble::ServerError, Trouble::Throttled(None)] {
        let world = world(Duration::ZERO).await;
        world.look("S-00").await;
        world.faults(|faults| (faults.every_call, faults.calls) = (Some(trouble), ["document"].into()));
        let items: Vec<_> = skus().iter().map(|sku| item(sku, 8)).collect();
        let error = world.channel().write(&items).await.unwrap_err();
        assert_ne!(error.class, ErrorClass::Unknown, "{trouble:?}: {error}");
        assert_eq!(world.amazon.counters().calls.get("createFeed"), None, "{trouble:?}");
        world.faults(|_| {});
        assert!(applied(&world.write("S-00", 0).await), "nothing is on its way");
        assert!(write_all(&world, 7).await[1..].iter().all(applied));
    }
}

#[tokio::test]
async fn what_amazon_signed_into_an_address_is_in_no_message() {
    let world = world(Duration::ZERO).await;
    world.look("S-00").await;
    let items: Vec<_> = skus().iter().map(|sku| item(sku, 8)).collect();
    world.faults(|faults| faults.documents = Some(DocumentTrouble::Nameless));
    let error = world.channel().write(&items).await.unwrap_err();
    assert!(!error.message.contains("Signature"), "{error}");
    world.faults(|faults| faults.documents = Some(DocumentTrouble::Expired));
    let error = world.channel().write(&items).await.unwrap_err();
    assert!(
        error.message.contains("answer 403") && !error.message.contains("Signature"),
        "{error}"
    );
}

#[tokio::test]
async fn a_call_for_a_feed_makes_no_single_changes_whatever_is_taken_out_of_it() {
    let world = world(Duration::ZERO).await;
    world.faults(|faults| faults.feeds = FeedFate::Stuck);
    assert!(write_all(&world, 8).await.iter().all(applied));
    let others: Vec<String> = (0..19).map(|number| format!("N-{number:02}")).collect();
    for sku in &others {
        world.amazon.add(sku, 5);
    }
    let mixed: Vec<_> = skus().iter().chain(&others).map(|sku| item(sku, 9)).collect();
    let outcomes = world.channel().write(&mixed).await.unwrap();
    assert!(
        outcomes[..MANY]
            .iter()
            .all(|outcome| matches!(outcome, ItemOutcome::Failed { .. }))
    );
    assert!(outcomes[MANY..].iter().all(applied));
    let (outcomes, told) = learning(world.channel().write(&mixed[..MANY])).await;
    assert!(!outcomes.unwrap().iter().any(applied));
    let free = Learned::Cost {
        limit: "feeds",
        cost: 0,
    };
    assert!(told.contains(&free), "no feed was begun for it: {told:?}");
    let calls = world.amazon.counters().calls;
    assert_eq!((calls.get("patchListingsItem"), calls["createFeed"]), (None, 2));
}

/// Thirty offers whose feed was sent, and nobody knows whether it was taken.
async fn unheard(trouble: WriteTrouble, changes: &serde_json::Value) -> World {
    let settings = SimulatorSettings {
        feed_takes: Duration::from_mins(10),
        ..SimulatorSettings::immediate()
    };
    let world = World::start(settings, changes).await;
    for sku in skus() {
        world.amazon.add(&sku, 5);
    }
    world.faults(|faults| faults.writes = Some(trouble));
    let items: Vec<_> = skus().iter().map(|sku| item(sku, 8)).collect();
    let error = world.channel().write(&items).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Unknown, "{error}");
    world.faults(|_| {});
    world
}

#[tokio::test(start_paused = true)]
async fn a_feed_that_may_have_been_taken_holds_its_listings_until_none_is_on_its_way() {
    let changes = json!({"feed_from": 20, "feed_patience_ms": 3_600_000, "deadline_ms": 5_000});
    for trouble in [WriteTrouble::NeverAnswered, WriteTrouble::NeverDone] {
        let world = unheard(trouble, &changes).await;
        world.amazon.remember_exchanges();
        let outcome = world.write("S-00", 0).await;
        assert!(
            matches!(&outcome, ItemOutcome::Failed { .. }),
            "old numbers may land on it: {outcome:?}"
        );
        tokio::time::sleep(Duration::from_secs(130)).await;
        let taken = trouble == WriteTrouble::NeverAnswered;
        assert_eq!(applied(&world.write("S-00", 0).await), !taken, "{trouble:?}");
        tokio::time::sleep(Duration::from_mins(9)).await;
        assert!(applied(&world.write("S-00", 0).await), "{trouble:?}");
        let asked = |exchange: &Exchange| exchange.method == "GET" && exchange.path.ends_with("/feeds");
        let asked: Vec<_> = world.amazon.exchanges().into_iter().filter(asked).collect();
        assert!((1..12).contains(&asked.len()), "{trouble:?}: {}", asked.len());
        if let Some(definitions) = Definitions::read() {
            definitions
                .hold(&asked[0])
                .unwrap_or_else(|complaint| panic!("{complaint}"));
        }
        assert_eq!(
            (world.amazon.shown("S-00"), world.amazon.counters().crossed),
            (Some(0), 0),
            "{trouble:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_cut_off_by_its_caller_leaves_its_feed_known() {
    let world = world(Duration::from_mins(1)).await;
    world.faults(|faults| faults.writes = Some(WriteTrouble::NeverAnswered));
    let items: Vec<_> = skus().iter().map(|sku| item(sku, 8)).collect();
    let cut = tokio::time::timeout(Duration::from_secs(10), world.channel().write(&items)).await;
    assert!(cut.is_err());
    world.faults(|_| {});
    assert!(!applied(&world.write("S-00", 0).await));
    assert_eq!(world.amazon.counters().crossed, 0);
}

#[tokio::test(start_paused = true)]
async fn a_look_at_feeds_keeps_no_number_waiting_and_is_not_charged_to_it() {
    let world = world(Duration::from_mins(30)).await;
    world.amazon.add("OTHER", 5);
    assert!(write_all(&world, 8).await.iter().all(applied));
    tokio::time::sleep(Duration::from_secs(16)).await;
    world.faults(|faults| faults.silent = ["getFeed"].into());
    let began = tokio::time::Instant::now();
    assert!(applied(&world.write("OTHER", 0).await));
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    assert_eq!(world.amazon.shown("OTHER"), Some(0));
    tokio::time::sleep(Duration::from_secs(16)).await;
    world.faults(|faults| (faults.every_call, faults.calls) = (Some(Trouble::Throttled(None)), ["getFeed"].into()));
    let (outcome, told) = learning(world.write("OTHER", 3)).await;
    assert!(applied(&outcome) && world.amazon.counters().calls["getFeed"] == 2);
    let throttled = told.iter().any(|one| matches!(one, Learned::Throttled { .. }));
    assert!(!throttled, "{told:?}");
}

#[tokio::test]
async fn a_number_that_can_not_be_sent_is_refused_and_its_neighbours_go() {
    let world = world(Duration::ZERO).await;
    let mut items: Vec<_> = skus().iter().map(|sku| item(sku, 8)).collect();
    items[3].quantity = "1.5".parse().unwrap();
    let outcomes = world.channel().write(&items).await.unwrap();
    assert!(matches!(outcomes[3], ItemOutcome::Rejected { .. }));
    assert_eq!(outcomes.iter().filter(|outcome| applied(outcome)).count(), MANY - 1);
    assert_eq!(
        (world.amazon.shown("S-03"), world.amazon.shown("S-04")),
        (Some(5), Some(8))
    );
}

#[tokio::test]
async fn a_feed_never_overtakes_a_change_that_is_still_queued() {
    let settings = SimulatorSettings {
        applies_after: Duration::from_hours(1),
        feed_takes: Duration::from_hours(1),
        ..SimulatorSettings::immediate()
    };
    let world = World::start(settings, &json!({"feed_from": 20})).await;
    for sku in skus() {
        world.amazon.add(&sku, 5);
    }
    assert!(applied(&world.write("S-00", 3).await));
    let outcomes = write_all(&world, 8).await;
    assert!(matches!(&outcomes[0], ItemOutcome::Failed { .. }), "{:?}", outcomes[0]);
    assert!(outcomes[1..].iter().all(applied));
    assert_eq!(world.amazon.counters().crossed, 0);
    let messages = world.amazon.documents()[0]["messages"].as_array().unwrap().len();
    assert_eq!(messages, MANY - 1);
}

#[tokio::test]
async fn feeds_that_do_not_end_are_waited_for_up_to_eight_at_once() {
    let settings = SimulatorSettings::immediate();
    let world = World::start(settings, &json!({"feed_from": 20})).await;
    world.faults(|faults| faults.feeds = FeedFate::Stuck);
    let many = |feed: usize| -> Vec<_> { (0..20).map(|number| item(&format!("F{feed}-{number}"), 8)).collect() };
    for feed in 0..8 {
        assert!(world.channel().write(&many(feed)).await.unwrap().iter().all(applied));
    }
    let error = world.channel().write(&many(8)).await.unwrap_err();
    assert!(matches!(error.class, ErrorClass::Retry { .. }), "{error:?}");
    world.amazon.add("A", 5);
    assert!(applied(&world.write("A", 3).await), "single changes go on");
    assert_eq!(world.amazon.counters().calls["createFeed"], 8);
}
