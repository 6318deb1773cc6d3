//! Rounds under load: few, whole, and none of them waits where little comes.

use super::guard_tests::{at_work, held, report, sku};
use super::house::{House, until};
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
