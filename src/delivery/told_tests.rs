//! Listings of which somebody told: read at once, and put right.

use super::house::{house, until};
use omnistock_sdk::ListingKey;
use omnistock_words::{ListingId, WriteMeaning};
use std::time::Duration;

fn key(id: &str) -> ListingKey {
    ListingKey {
        listing: ListingId::new(id).unwrap(),
        location: None,
    }
}

#[tokio::test]
async fn a_listing_that_somebody_told_of_is_read_long_before_its_turn_and_put_right() {
    let mut house = house(WriteMeaning::Available, &[("A", 9, 9), ("B", 7, 7)]).await;
    house.timings.audit_every = Duration::from_hours(9);
    let run = house.start();
    house.quiet().await;
    let reads = house.fake.shop.lock().unwrap().reads;
    house.fake.shop.lock().unwrap().numbers.insert("A".to_owned(), 40);
    house.board.look_at(&[key("A"), key("A"), key("nobody")]);
    house.wake.notify_one();
    until("it is right again", async || house.number("A") == 9).await;
    house.quiet().await;
    let after = house.fake.shop.lock().unwrap().reads;
    assert!(
        after > reads && after - reads <= 3,
        "{reads}, {after}: once for the message, and what the write needs"
    );
    assert_eq!(house.calls().len(), 1);
    run.stop().await;
}

#[tokio::test]
async fn who_asks_for_the_listings_of_an_article_is_answered_by_the_worker_and_not_kept_waiting_without_one() {
    let house = house(WriteMeaning::Available, &[("A", 9, 9), ("B", 7, 7)]).await;
    let sku = omnistock_words::Sku::new("A").unwrap();
    assert!(
        house.board.find(std::slice::from_ref(&sku)).is_none(),
        "nobody is at work yet"
    );
    let run = house.start();
    house.quiet().await;
    let [other, none] = ["B", "C"].map(|text| omnistock_words::Sku::new(text).unwrap());
    let asked = house.board.find(&[other, none, sku.clone()]).unwrap();
    house.wake.notify_one();
    let found = tokio::time::timeout(Duration::from_secs(20), asked)
        .await
        .unwrap()
        .unwrap();
    let named: Vec<Vec<&str>> = found
        .iter()
        .map(|found| found.iter().map(|one| one.document.as_str()).collect())
        .collect();
    assert_eq!(
        named,
        [vec!["shop/B"], vec![], vec!["shop/A"]],
        "in the order of the question"
    );
    assert!(
        found.iter().flatten().all(|one| !one.dirty && !one.in_flight),
        "{found:?}"
    );
    run.stop().await;
    house.board.forget();
    assert!(
        house.board.find(std::slice::from_ref(&sku)).is_none(),
        "nobody is at work any more"
    );
}
