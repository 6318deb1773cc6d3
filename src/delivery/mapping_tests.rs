//! Mapped listings at a worker: behind the orders, with their factor, taken back, and behind a restart.

use super::house::{House, house, until};
use omnistock_planner::ListingState;
use omnistock_words::{ListingId, Mapped, Mappings, Quantity, Settings, WriteMeaning};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// What a person says of the listings: the factor is in force at once, the SKU when the worker lets it.
fn say(house: &House, listings: &[(&str, &str, i64)]) {
    let one = |(listing, sku, factor): &(&str, &str, i64)| {
        let mapped = Mapped {
            sku: sku.parse().unwrap(),
            factor: Quantity::whole(*factor),
            there: None,
        };
        (listing.parse().unwrap(), mapped)
    };
    let entries: BTreeMap<ListingId, Mapped> = listings.iter().map(one).collect();
    let mappings = Mappings([("shop".parse().unwrap(), entries.into())].into());
    let mut settings = Settings::clone(&house.settings.load());
    mappings.lay(&mut settings);
    house.mappings.store(Arc::new(mappings));
    house.settings.store(Arc::new(settings));
    house.wake.notify_one();
}

#[tokio::test]
async fn a_mapped_listing_follows_behind_all_orders_and_keeps_its_sku() {
    let house = house(WriteMeaning::Available, &[("A", 13, 13)]).await;
    house.list("PACK", 40);
    house.fake.shop.lock().unwrap().skus.insert("PACK".to_owned(), None);
    let run = house.start();
    until("one is strange", async || {
        house.board.count(ListingState::Unmapped) == 1 && house.board.count(ListingState::InSync) == 1
    })
    .await;
    house.orders.held.store(true, Ordering::Relaxed);
    say(&house, &[("PACK", "A", 6)]);
    until("all orders are asked for", async || {
        house.orders.alls.load(Ordering::Relaxed) == 1
    })
    .await;
    house.stock("A", 12).await;
    until("the other goes on", async || house.number("A") == 12).await;
    assert_eq!(
        (house.number("PACK"), house.board.count(ListingState::Unmapped)),
        (40, 1),
        "not before the orders"
    );
    house.orders.held.store(false, Ordering::Relaxed);
    until("two packs of six", async || house.number("PACK") == 2).await;
    house.quiet().await;
    assert_eq!(house.board.count(ListingState::InSync), 2);
    run.stop().await;
    // Whoever comes next asks nobody: the documents say it already.
    let run = house.start();
    house.stock("A", 6).await;
    until("one pack", async || house.number("PACK") == 1).await;
    assert_eq!(house.orders.alls.load(Ordering::Relaxed), 1);
    // The vendor has another SKU for it now: a person's word goes before.
    house
        .fake
        .shop
        .lock()
        .unwrap()
        .skus
        .insert("PACK".to_owned(), Some("STRANGE".to_owned()));
    house.stock("A", 0).await;
    until("none", async || house.number("PACK") == 0).await;
    say(&house, &[]);
    until("the vendor's SKU counts again", async || {
        house.board.count(ListingState::Unmapped) == 1
    })
    .await;
    house.stock("A", 9).await;
    until("the other rises", async || house.number("A") == 9).await;
    assert_eq!(house.number("PACK"), 0, "nobody knows what it is");
    run.stop().await;
}

#[tokio::test]
async fn another_sku_for_a_listing_is_another_number() {
    let house = house(WriteMeaning::Available, &[("A", 5, 5), ("B", 8, 8)]).await;
    let run = house.start();
    house.quiet().await;
    say(&house, &[("A", "B", 1)]);
    until("it shows what B has", async || house.number("A") == 8).await;
    house.stock("A", 1).await;
    house.stock("B", 7).await;
    until("both follow", async || (house.number("A"), house.number("B")) == (7, 7)).await;
    run.stop().await;
}
