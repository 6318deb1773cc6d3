//! A channel that goes live with a ramp: how many of its listings change in the first hour, and which.

use super::house::{House, house, until};
use super::price_tests::{asked, asks, plain, price, priced};
use crate::store::{CommitBatch, DocumentWrite, Key, Kind, Store};
use omnistock_sdk::now;
use omnistock_words::{Mode, Settings, WriteMeaning};
use std::collections::BTreeSet;

fn set(house: &House, mode: Mode, ramp: u32) {
    let mut settings = Settings::clone(&house.settings.load());
    for channel in settings.channels.values_mut() {
        (channel.policy.mode, channel.policy.ramp) = (mode, Some(ramp));
    }
    house.settings.store(settings.into());
    house.wake.notify_one();
}

fn changed(house: &House) -> BTreeSet<String> {
    house.calls().into_iter().flatten().map(|(id, _)| id).collect()
}

async fn used_up(house: &House) {
    until("the ramp is used up", async || {
        house.board.ramp().is_some_and(|ramp| ramp.is_used_up())
    })
    .await;
}

/// The hour began so long ago, milliseconds.
async fn began(house: &House, ago: i64, listings: u32) {
    let key = Key::new(Kind::Channel, "shop/ramp");
    let version = house.store.load(std::slice::from_ref(&key)).await.unwrap()[0].version;
    let began = now().plus(-ago);
    let kept = serde_json::json!({ "schema": 1, "live": true, "began": began, "changed": listings });
    let write = DocumentWrite {
        key,
        expected: version,
        version: version + 1,
        bytes: Some(serde_json::to_vec(&kept).unwrap()),
    };
    let batch = CommitBatch {
        writes: vec![write],
        ..CommitBatch::default()
    };
    house.store.commit(&house.lease, &batch).await.unwrap();
}

#[tokio::test]
async fn the_riskiest_go_within_the_ramp_and_the_next_daemon_knows_which() {
    let house = house(
        WriteMeaning::Available,
        &[("UP", 1, 9), ("DOWN", 9, 4), ("ZERO", 9, 0), ("UP2", 1, 8)],
    )
    .await;
    set(&house, Mode::Live, 2);
    let run = house.start();
    used_up(&house).await;
    until("what falls has fallen", async || {
        (house.number("DOWN"), house.number("ZERO")) == (4, 0)
    })
    .await;
    let ramp = house.board.ramp().unwrap();
    assert!(
        (3_500_000..=3_600_000).contains(&ramp.until.unwrap().since(now())),
        "{ramp:?}"
    );
    run.kill().await;
    let run = house.start();
    house.stock("DOWN", 3).await;
    until("what has changed may change again", async || house.number("DOWN") == 3).await;
    house.stock("UP", 0).await;
    until("it is known that all others wait", async || {
        house.dirty().await > 0 && house.board.ramp().is_some_and(|ramp| ramp.is_used_up())
    })
    .await;
    assert_eq!(changed(&house), ["DOWN", "ZERO"].map(str::to_owned).into());
    run.stop().await;
    began(&house, 3_599_000, 2).await;
    let run = house.start();
    house.quiet().await;
    assert_eq!((house.number("UP"), house.number("UP2")), (0, 8));
    until("it is over", async || house.board.ramp().is_none()).await;
    run.stop().await;
}

#[tokio::test]
async fn who_goes_live_again_has_a_first_hour_again() {
    let house = house(WriteMeaning::Available, &[("A", 9, 4), ("B", 9, 4), ("C", 9, 4)]).await;
    set(&house, Mode::Live, 1);
    let run = house.start();
    used_up(&house).await;
    until("one has changed", async || changed(&house).len() == 1).await;
    set(&house, Mode::Shadow, 1);
    until("it is not live", async || house.board.ramp().is_none()).await;
    set(&house, Mode::Live, 2);
    until("all have changed", async || changed(&house).len() == 3).await;
    house.quiet().await;
    assert!(house.board.ramp().unwrap().is_used_up());
    run.stop().await;
}

#[tokio::test]
async fn a_price_is_a_change_too() {
    let house = house(WriteMeaning::Available, &[("A", 9, 9), ("B", 9, 9)]).await;
    priced(&house);
    for id in ["A", "B"] {
        asks(&house, id, "10");
        price(&house, id, "11").await;
    }
    set(&house, Mode::Live, 1);
    let run = house.start();
    used_up(&house).await;
    let right = || {
        ["A", "B"]
            .iter()
            .filter(|id| asked(&house, id) == Some(plain("11")))
            .count()
    };
    until("one price is right", async || right() == 1).await;
    house.stock("A", 0).await;
    house.stock("B", 0).await;
    until("the same listing sells out", async || changed(&house).len() == 1).await;
    assert_eq!(right(), 1);
    let one = changed(&house).into_iter().next().unwrap();
    assert_eq!(asked(&house, &one), Some(plain("11")));
    run.stop().await;
}
