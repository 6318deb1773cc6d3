//! Channels that compare before they set: a stale answer is a reading, the same for ever is parked.

use super::fake::Fake;
use super::house::{House, house, until};
use omnistock_planner::ListingState;
use omnistock_words::WriteMeaning;
use std::sync::Arc;

/// A shop that compares, in sync, with `A` at 5.
async fn comparing() -> House {
    let mut house = house(WriteMeaning::Available, &[]).await;
    house.fake = Arc::new(Fake::comparing(WriteMeaning::Available));
    house.list("A", 5);
    house.stock("A", 5).await;
    house
}

/// What the shop answers to the next writes, whatever it shows.
fn answers(house: &House, stale: impl IntoIterator<Item = Option<i64>>) {
    house.fake.shop.lock().unwrap().stale.extend(stale);
}

#[tokio::test]
async fn a_stale_compare_value_once_is_two_calls() {
    for concurrent in [Some(5), None] {
        let house = comparing().await;
        let run = house.start();
        house.quiet().await;
        answers(&house, [concurrent]);
        house.stock("A", 3).await;
        house.quiet().await;
        assert_eq!((house.number("A"), house.calls().len()), (3, 2), "{concurrent:?}");
        run.stop().await;
    }
}

#[tokio::test]
async fn the_same_for_ever_is_four_calls_and_then_parked_with_the_reason() {
    let house = comparing().await;
    let run = house.start();
    house.quiet().await;
    answers(&house, [Some(5); 100]);
    house.stock("A", 3).await;
    until("it is parked", async || house.board.count(ListingState::Parked) == 1).await;
    assert_eq!(house.calls().len(), 4);
    assert!(
        house.board.parked()[0].reason.contains("compare quantity is stale"),
        "{:?}",
        house.board.parked()
    );
    house.fake.shop.lock().unwrap().stale.clear();
    house.stock("A", 2).await;
    house.quiet().await;
    assert_eq!(house.number("A"), 2, "another number is tried");
    run.stop().await;
}

#[tokio::test]
async fn a_sale_that_nobody_knows_of_is_never_overwritten_by_a_raise() {
    let house = comparing().await;
    let run = house.start();
    house.quiet().await;
    house.fake.shop.lock().unwrap().numbers.insert("A".to_owned(), 4);
    house.stock("A", 9).await;
    house.quiet().await;
    let calls = house.calls();
    assert_eq!(
        calls.len(),
        2,
        "the first was compared with 5 and left undone: {calls:?}"
    );
    run.stop().await;
}
