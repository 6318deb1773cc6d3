//! Prices of a channel when something goes wrong: refused, lost, halved, overwritten by others.

use super::fake::Fault;
use super::house::until;
use super::price_tests::{asked, asks, at_work, plain, price, prices_quiet, sku};
use omnistock_planner::ListingState;
use omnistock_sdk::ConnectorError;

#[tokio::test]
async fn a_refused_price_is_parked_with_its_reason_and_another_one_is_tried() {
    let (house, run) = at_work(3).await;
    house.fake.shop.lock().unwrap().refused_prices.insert("A01".to_owned());
    let log = crate::logged::Logged::begin();
    for n in 0..3 {
        price(&house, &sku(n), "9").await;
    }
    until("two are right", async || {
        house.board.count_prices(ListingState::InSync) == 2
    })
    .await;
    until("one is parked", async || {
        house.board.count_prices(ListingState::Parked) == 1
    })
    .await;
    let reason = house.board.parked_prices()[0].reason.clone();
    assert!(reason.contains("too_cheap"));
    let lines = log.lines("a price is refused and parked: ");
    let parts = ["too_cheap", r#"channel=shop listing=A01 sku="A01""#];
    assert!(
        lines.len() == 1 && parts.iter().all(|part| lines[0].contains(part)),
        "{reason}: {lines:?}"
    );
    house.fake.shop.lock().unwrap().refused_prices.clear();
    price(&house, "A01", "9.50").await;
    prices_quiet(&house, 3).await;
    assert!(house.board.parked_prices().is_empty());
    run.stop().await;
}

#[tokio::test]
async fn a_price_whose_answer_is_lost_goes_again_and_a_crash_in_the_call_is_not_forgotten() {
    let (house, run) = at_work(2).await;
    house
        .fake
        .shop
        .lock()
        .unwrap()
        .price_faults
        .push_back(Fault::LostAnswer);
    price(&house, "A00", "11").await;
    until("it went again", async || {
        house.fake.shop.lock().unwrap().price_calls.len() >= 2
    })
    .await;
    prices_quiet(&house, 2).await;
    house.fake.shop.lock().unwrap().price_faults.push_back(Fault::Hang);
    price(&house, "A01", "12").await;
    until("it is on its way", async || {
        house.board.count_prices(ListingState::InFlight) == 1
    })
    .await;
    // Stock does not wait for the answer.
    house.stock("A01", 1).await;
    until("stock goes on", async || house.number("A01") == 1).await;
    run.kill().await;
    let run = house.start();
    prices_quiet(&house, 2).await;
    assert_eq!(asked(&house, "A01"), Some(plain("12")));
    run.stop().await;
}

#[tokio::test]
async fn a_whole_call_that_is_refused_is_halved_and_one_that_fails_is_repeated() {
    let (house, run) = at_work(4).await;
    let faults = [
        Fault::Whole(ConnectorError::rejected("one of these is not valid")),
        Fault::Whole(ConnectorError::retry("busy")),
    ];
    house.fake.shop.lock().unwrap().price_faults.extend(faults);
    house.applying.send_modify(|(active, _)| *active += 1);
    for n in 0..4 {
        price(&house, &sku(n), "11").await;
    }
    house.applying.send_modify(|(active, _)| *active -= 1);
    house.wake.notify_one();
    prices_quiet(&house, 4).await;
    let largest = house.fake.shop.lock().unwrap().price_calls.iter().map(Vec::len).max();
    assert_eq!(largest, Some(4), "they go together");
    run.stop().await;
}

#[tokio::test]
async fn another_writers_price_is_overwritten_and_a_shop_that_never_keeps_it_ends_parked() {
    let (house, run) = at_work(1).await;
    price(&house, "A00", "11").await;
    prices_quiet(&house, 1).await;
    run.stop().await;
    asks(&house, "A00", "99");
    let run = house.start();
    until("it is set right", async || asked(&house, "A00") == Some(plain("11"))).await;
    prices_quiet(&house, 1).await;
    assert!(house.board.totals().drift >= 1);
    house.fake.shop.lock().unwrap().deaf = true;
    price(&house, "A00", "12").await;
    until("it gives up", async || {
        house.board.count_prices(ListingState::Parked) == 1
    })
    .await;
    let reason = house.board.parked_prices()[0].reason.clone();
    assert!(reason.contains("said yes to 12.00 EUR"), "{reason}");
    run.stop().await;
}
