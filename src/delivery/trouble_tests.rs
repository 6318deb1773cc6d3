//! The worker when channel, store or lease fail.

use super::Ended;
use super::fake::{Fake, Fault};
use super::house::{house, house_of, until};
use crate::store::{Asked, CommitBatch, DocumentWrite, Key, Right, Store};
use omnistock_planner::ListingState;
use omnistock_sdk::{CallLimits, ConnectorError, ErrorClass, now};
use omnistock_words::{Settings, WriteMeaning};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

#[tokio::test]
async fn a_poisoned_call_is_halved_and_the_culprit_parked() {
    let ids: Vec<String> = (0..8).map(|number| format!("P{number}")).collect();
    let rows: Vec<(&str, i64, i64)> = ids.iter().map(|id| (id.as_str(), 9, 4)).collect();
    let house = house(WriteMeaning::Available, &rows).await;
    house.fake.shop.lock().unwrap().poison.insert("P3".to_owned());
    let run = house.start();
    until("the others are right", async || {
        house.board.count(ListingState::InSync) == 7 && house.board.count(ListingState::Parked) == 1
    })
    .await;
    until("nothing is dirty", async || house.dirty().await == 0).await;
    assert!(house.calls().len() <= 1 + 2 * 3, "{:?}", house.calls());
    let parked = house.board.parked();
    assert_eq!(
        (parked[0].listing.as_str(), parked[0].reason.as_str()),
        ("P3", "one of these is not valid")
    );
    // With another number it is tried again, alone.
    house.fake.shop.lock().unwrap().poison.clear();
    house.stock("P3", 2).await;
    house.stock("P4", 2).await;
    house.quiet().await;
    assert_eq!((house.number("P3"), house.number("P4")), (2, 2));
    assert!(
        house
            .calls()
            .iter()
            .all(|call| call.len() == 1 || !call.contains(&("P3".to_owned(), 2)))
    );
    run.stop().await;
}

/// The store would have refused them; nobody may make a call that it was not asked about.
#[tokio::test]
async fn groups_of_a_refused_call_are_not_sent_once_another_daemon_leads() {
    let ids: Vec<String> = (0..8).map(|number| format!("P{number}")).collect();
    let rows: Vec<(&str, i64, i64)> = ids.iter().map(|id| (id.as_str(), 9, 4)).collect();
    let house = house(WriteMeaning::Available, &rows).await;
    {
        let mut shop = house.fake.shop.lock().unwrap();
        shop.poison.insert("P3".to_owned());
        shop.faults.push_back(Fault::Slow(Duration::from_millis(300)));
    }
    let run = house.start();
    until("the call is on its way", async || {
        house.fake.shop.lock().unwrap().faults.is_empty()
    })
    .await;
    house.take_over().await;
    assert!(matches!(run.task.await.unwrap(), Ended::Fenced));
    assert_eq!(house.calls().len(), 1, "{:?}", house.calls());
}

/// After a take-over the ledgers are known, while reading every listing may take long: what falls goes out at once.
#[tokio::test]
async fn numbers_fall_before_every_listing_was_read_and_rise_only_afterwards() {
    let house = house(WriteMeaning::Available, &[("A", 9, 4), ("B", 9, 4)]).await;
    let run = house.start();
    house.quiet().await;
    run.kill().await;
    house.gate.send_replace(false);
    house.fake.shop.lock().unwrap().no_catalogue = true;
    house.stock("A", 2).await;
    house.stock("B", 8).await;
    let run = house.start();
    until("it has begun", async || house.board.totals().calls > 0).await;
    assert_eq!(
        (house.number("A"), house.number("B")),
        (4, 4),
        "the ledgers are not known yet"
    );
    house.falls.send_replace(true);
    until("the first has fallen", async || house.number("A") == 2).await;
    assert_eq!(
        (house.number("B"), house.dirty().await > 0),
        (4, true),
        "it waits, and that is not forgotten"
    );
    house.fake.shop.lock().unwrap().no_catalogue = false;
    house.gate.send_replace(true);
    house.quiet().await;
    assert_eq!((house.number("A"), house.number("B")), (2, 8));
    run.stop().await;
}

/// As after SIGSTOP: the intent is durable, the lease may be over, and the call was not begun yet.
#[tokio::test]
async fn no_call_begins_once_the_lease_may_be_over() {
    let mut house = house(WriteMeaning::Available, &[("A", 9, 4)]).await;
    let right = Right::of(Asked::now(), Duration::from_hours(1));
    house.right = right.clone();
    let run = house.start();
    house.quiet().await;
    let calls = house.calls().len();
    right.end();
    house.stock("A", 3).await;
    until("it was about to be sent", async || {
        house.board.totals().calls > 0
            && house.store.intents("shop").await.unwrap().is_empty()
            && house.dirty().await == 1
            && house.board.count(ListingState::Pending) == 1
    })
    .await;
    assert_eq!((house.calls().len(), house.number("A")), (calls, 4));
    run.stop().await;
}

#[tokio::test]
async fn one_refused_item_does_not_touch_the_others() {
    let house = house(WriteMeaning::Available, &[("A", 9, 4), ("B", 9, 4)]).await;
    house.fake.shop.lock().unwrap().refused.insert("A".to_owned());
    let log = crate::logged::Logged::begin();
    let run = house.start();
    until("one is parked, one right", async || {
        house.board.count(ListingState::InSync) == 1 && house.board.count(ListingState::Parked) == 1
    })
    .await;
    let said = format!("a listing is refused and parked: {} ", house.board.parked()[0].reason);
    let lines = log.lines(&said);
    assert!(
        lines.len() == 1 && lines[0].contains(r#"channel=shop listing=A sku="A""#),
        "{lines:?}"
    );
    assert_eq!((house.number("B"), house.calls().len()), (4, 1));
    let states: u64 = house.board.states().iter().map(|(_, count)| count).sum();
    assert_eq!(states, 2);
    run.stop().await;
}

#[tokio::test]
async fn a_throttled_channel_is_left_alone_as_long_as_it_says() {
    let house = house(WriteMeaning::Available, &[("A", 9, 4)]).await;
    let wish = Duration::from_millis(300);
    let error = ConnectorError {
        class: ErrorClass::Retry { after: Some(wish) },
        message: "answer 429".to_owned(),
    };
    house.fake.shop.lock().unwrap().faults.push_back(Fault::Whole(error));
    let run = house.start();
    house.quiet().await;
    let at = house.fake.shop.lock().unwrap().called_at.clone();
    assert_eq!(at.len(), 2);
    assert!(at[1] - at[0] >= wish, "{:?}", at[1] - at[0]);
    run.stop().await;
}

#[tokio::test]
async fn a_dead_channel_is_asked_seldom_and_caught_up_with_the_newest_numbers() {
    let house = house(WriteMeaning::Available, &[("A", 9, 9)]).await;
    let log = crate::logged::Logged::begin();
    let run = house.start();
    house.quiet().await;
    house.fake.die(Some(ConnectorError::retry("connection refused")));
    let before = house.fake.tried.load(Ordering::Relaxed);
    let begun = now();
    for stock in 0..200 {
        house.stock("A", 500 - stock).await;
        if stock % 10 == 0 {
            tokio::time::sleep(Duration::from_millis(40)).await;
        }
    }
    let (tried, took) = (house.fake.tried.load(Ordering::Relaxed) - before, now().since(begun));
    assert!(tried <= 12, "{tried} calls in {took} ms");
    house.fake.die(None);
    house.quiet().await;
    assert_eq!(house.number("A"), 301);
    run.stop().await;
    let away = "the channel is away and asked seldom from now on: connection refused";
    assert_eq!((log.lines(away).len(), log.lines("WARN").len()), (1, 1));
    assert!(log.lines(away)[0].contains("channel=shop"), "{:?}", log.lines(away));
    assert_eq!(log.lines("the channel answers again, after ").len(), 1);
}

#[tokio::test]
async fn what_needs_a_person_stops_the_channel_and_is_probed() {
    let mut house = house(WriteMeaning::Available, &[("A", 9, 4)]).await;
    house.timings.probe = Duration::from_millis(100);
    house
        .fake
        .shop
        .lock()
        .unwrap()
        .faults
        .push_back(Fault::Whole(ConnectorError::operator("answer 401: wrong secret")));
    let run = house.start();
    until("it says so", async || {
        house.board.stopped().as_deref() == Some("answer 401: wrong secret")
    })
    .await;
    house.quiet().await;
    assert_eq!((house.number("A"), house.board.stopped()), (4, None));
    run.stop().await;
}

#[tokio::test]
async fn what_no_source_knows_is_counted_and_never_written() {
    let house = house(WriteMeaning::Available, &[("A", 9, 4)]).await;
    house.list("STRANGE", 7);
    house.list("NAMELESS", 8);
    house.fake.shop.lock().unwrap().skus.insert("NAMELESS".to_owned(), None);
    let run = house.start();
    until("two are unmapped", async || {
        house.board.count(ListingState::Unmapped) == 2
    })
    .await;
    until("one is right", async || house.board.count(ListingState::InSync) == 1).await;
    let unmapped: Vec<_> = house
        .board
        .unmapped()
        .into_iter()
        .map(|one| (one.listing.as_str().to_owned(), one.sku.is_some()))
        .collect();
    assert_eq!(unmapped, [("NAMELESS".to_owned(), false), ("STRANGE".to_owned(), true)]);
    assert_eq!((house.number("STRANGE"), house.number("NAMELESS")), (7, 8));
    // A source comes to know it.
    house.stock("STRANGE", 3).await;
    until("it is right", async || house.number("STRANGE") == 3).await;
    run.stop().await;
}

#[tokio::test]
async fn a_ledger_that_cannot_be_read_is_named() {
    let house = house(WriteMeaning::Available, &[("A", 9, 4)]).await;
    house.list("TORN", 7);
    let mut batch = CommitBatch::default();
    batch.writes.push(DocumentWrite {
        key: Key::sku(&"TORN".parse().unwrap()),
        expected: 0,
        version: 1,
        bytes: Some(b"torn".to_vec()),
    });
    house.store.commit(&house.lease, &batch).await.unwrap();
    let log = crate::logged::Logged::begin();
    let run = house.start();
    until("A is right", async || house.number("A") == 4).await;
    let named = || log.lines("document sku:TORN can't be read: ");
    until("it is named", async || !named().is_empty()).await;
    assert!(
        named().len() == 1 && named()[0].contains("channel=shop"),
        "{:?}",
        named()
    );
    assert_eq!(house.number("TORN"), 7);
    run.stop().await;
}

#[tokio::test]
async fn a_worker_that_was_replaced_stops_and_says_so() {
    let house = house(WriteMeaning::Available, &[("A", 4, 4)]).await;
    let run = house.start();
    house.quiet().await;
    house.stock("A", 3).await;
    house.quiet().await;
    house.take_over().await;
    house.settings.store(Arc::new(Settings::clone(&house.settings.load())));
    house.fake.shop.lock().unwrap().numbers.insert("A".to_owned(), 90);
    house.list("NEW", 1);
    drop(run);
    let mut house = house;
    house.timings.audit_every = Duration::from_millis(10);
    assert_eq!(house.start().task.await.unwrap(), Ended::Fenced);
    assert_eq!(house.number("A"), 90);
}

#[tokio::test]
async fn a_commit_that_broke_is_repeated_until_it_is_known_to_be_done() {
    let house = house(WriteMeaning::Available, &[("A", 9, 9)]).await;
    let run = house.start();
    house.quiet().await;
    for (breaks, stock) in [(1, 7), (2, 5), (3, 3)] {
        house.store.breaks.store(breaks, Ordering::Relaxed);
        house.stock("A", stock).await;
        house.quiet().await;
        assert_eq!(house.number("A"), stock);
        assert_eq!(house.store.breaks.load(Ordering::Relaxed), 0);
    }
    assert_eq!(house.board.store_error(), None);
    assert!(!run.task.is_finished());
    run.stop().await;
}

#[tokio::test]
async fn a_mark_newer_than_the_number_on_its_way_stays_dirty() {
    let house = house(WriteMeaning::Available, &[("A", 9, 9)]).await;
    let run = house.start();
    house.quiet().await;
    house
        .fake
        .shop
        .lock()
        .unwrap()
        .faults
        .extend([Fault::Slow(Duration::from_millis(50)), Fault::Hang]);
    house.stock("A", 8).await;
    until("8 is on its way", async || {
        house.board.count(ListingState::InFlight) == 1
    })
    .await;
    house.stock("A", 7).await;
    until("8 is there", async || house.number("A") == 8).await;
    until("7 is on its way", async || {
        house.store.intents("shop").await.unwrap().len() == 1 && house.fake.shop.lock().unwrap().faults.is_empty()
    })
    .await;
    assert_eq!(house.dirty().await, 1);
    run.kill().await;
    let run = house.start();
    house.quiet().await;
    assert_eq!(house.number("A"), 7);
    run.stop().await;
}

#[tokio::test]
async fn a_raise_is_not_starved_by_marks_that_keep_coming() {
    let house = house(WriteMeaning::Available, &[("A", 5, 5)]).await;
    let run = house.start();
    house.quiet().await;
    for stock in 6..40 {
        house.stock("A", stock).await;
        tokio::time::sleep(Duration::from_millis(3)).await;
        if stock == 30 {
            assert!(house.number("A") > 5, "nothing came through while marks came in");
        }
    }
    house.quiet().await;
    assert_eq!(house.number("A"), 39);
    run.stop().await;
}

/// The vendor says only that the call is refused: who is good takes three calls at most, nearly all take two.
#[tokio::test]
async fn one_bad_listing_of_250_costs_the_others_one_more_call_or_a_few_two() {
    let ids: Vec<String> = (0..250).map(|number| format!("P{number:03}")).collect();
    let rows: Vec<(&str, i64, i64)> = ids.iter().map(|id| (id.as_str(), 9, 4)).collect();
    let fake = Fake::limited(WriteMeaning::Available, 250, CallLimits::default());
    let house = house_of(fake, &rows).await;
    house.fake.shop.lock().unwrap().poison.insert("P117".to_owned());
    let run = house.start();
    until("the others are right", async || {
        house.board.count(ListingState::InSync) == 249 && house.board.count(ListingState::Parked) == 1
    })
    .await;
    let calls = house.calls();
    let of = |id: &str| {
        calls
            .iter()
            .filter(|call| call.iter().any(|(name, _)| name == id))
            .count()
    };
    let others: Vec<usize> = ids.iter().filter(|id| *id != "P117").map(|id| of(id)).collect();
    assert!(others.iter().all(|calls| *calls <= 3), "{others:?}");
    assert!(others.iter().filter(|calls| **calls <= 2).count() >= 234, "{others:?}");
    assert!(calls.len() <= 33, "{} calls", calls.len());
    run.stop().await;
}
