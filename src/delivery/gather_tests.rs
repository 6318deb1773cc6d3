//! Rounds under load: few, whole, and none of them waits where little comes.

use super::guard_tests::{at_work, held, report, sku};
use super::house::{House, until};
use omnistock_planner::ListingState;
use omnistock_words::WriteMeaning;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::{Instant, sleep};

const LISTINGS: usize = 24;

/// Single changes of the second half of the listings, some thousand a second; how many there were.
async fn load(house: &House, changes: usize) -> usize {
    let half = LISTINGS / 2;
    for change in 0..changes {
        house
            .stock(
                &sku(half + change % half),
                10 + i64::try_from(change / half % 2).unwrap(),
            )
            .await;
        if change % 4 == 3 {
            sleep(Duration::from_millis(1)).await;
        }
    }
    changes
}

#[tokio::test]
async fn what_comes_close_together_shares_rounds() {
    let (house, run) = at_work(WriteMeaning::Available, LISTINGS).await;
    house.store.rounds.store(0, Ordering::Relaxed);
    let begun = Instant::now();
    let changes = load(&house, 1_200).await;
    let took = begun.elapsed();
    house.quiet().await;
    let rounds = house.store.rounds.load(Ordering::Relaxed);
    // 100 rounds a second where it waits; a few before it is busy, and behind the last change.
    let most = took.as_millis() / 10 + 40;
    assert!(
        u128::from(rounds) <= most,
        "{rounds} rounds in {took:?} for {changes} changes"
    );
    run.stop().await;
}

#[tokio::test]
async fn what_comes_alone_waits_for_nothing() {
    let (house, run) = at_work(WriteMeaning::Available, LISTINGS).await;
    let mut quickest = Duration::MAX;
    for number in 0..10 {
        sleep(Duration::from_millis(60)).await;
        let changed = Instant::now();
        house.stock(&sku(0), 20 + number).await;
        until("it is sent", async || house.number(&sku(0)) == 20 + number).await;
        quickest = quickest.min(changed.elapsed());
    }
    assert!(quickest < Duration::from_millis(9), "{quickest:?}");
    run.stop().await;
}

/// A report may come and go while a round waits: no part of it is judged by itself.
#[tokio::test]
async fn a_report_amid_the_load_is_judged_whole() {
    for write in [WriteMeaning::Available, WriteMeaning::Gross] {
        let (house, run) = at_work(write, LISTINGS).await;
        let rows: Vec<(usize, i64)> = (0..LISTINGS / 2).map(|n| (n, 0)).collect();
        load(&house, 200).await;
        report(&house, &rows).await;
        load(&house, 200).await;
        held(&house, rows.len() as u64).await;
        let zeros = house.calls().into_iter().flatten().filter(|(_, number)| *number == 0);
        assert_eq!(zeros.count(), 0);
        run.stop().await;
    }
}

/// Nine that went to zero one by one, and three of one report that comes while a round waits: three more one by one
/// would be held, a report of three is none that is.
#[tokio::test]
async fn a_report_that_comes_while_a_round_waits_is_judged_as_a_report() {
    let (house, run) = at_work(WriteMeaning::Available, LISTINGS).await;
    for n in 0..9 {
        house.stock(&sku(n), 0).await;
        until("it is out", async || house.number(&sku(n)) == 0).await;
    }
    let three = |number| [(9, number), (10, number), (11, number)];
    let all = |number| (9..12).all(|n| house.number(&sku(n)) == number);
    // At any moment of a round and of the wait before it.
    for moment in 0..12 {
        load(&house, 100).await;
        sleep(Duration::from_millis(moment)).await;
        report(&house, &three(0)).await;
        load(&house, 40).await;
        until("they are out", async || all(0)).await;
        assert_eq!(house.board.hold(), None);
        report(&house, &three(5)).await;
        until("they are back", async || all(5)).await;
    }
    run.stop().await;
}

#[tokio::test]
async fn in_a_rush_what_was_said_yes_to_is_read_back_behind_the_newest_numbers() {
    let (mut house, run) = at_work(WriteMeaning::Available, 31).await;
    run.stop().await;
    house.timings.rush = Duration::from_hours(1);
    for n in 0..30 {
        house.stock(&sku(n), 9).await;
    }
    let run = house.start();
    until("all numbers are out", async || {
        (0..30).all(|n| house.number(&sku(n)) == 9)
    })
    .await;
    until("none is dirty", async || house.dirty().await == 0).await;
    assert_eq!(house.board.count(ListingState::Accepted), 30);
    // What comes when it is over is read back at its time.
    until("the rush is over", async || {
        house.stock(&sku(30), 7).await;
        sleep(Duration::from_millis(50)).await;
        house.stock(&sku(30), 8).await;
        sleep(Duration::from_millis(50)).await;
        house.number(&sku(30)) == 8 && house.board.count(ListingState::InSync) == 1
    })
    .await;
    assert_eq!(house.board.count(ListingState::Accepted), 30);
    run.stop().await;
}
