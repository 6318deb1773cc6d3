//! A large account on a clock of its own. The vendor counts calls by the day: what a full read and write take of it is
//! counted, nothing waits, and nothing is asked more often than the sizes of pages and batches make necessary.

use crate::support::{Shop, applied, item, start};
use omnistock_sdk::ListingReading;
use std::time::Duration;
use tokio::time::Instant;

const LISTINGS: u64 = 10_000;

/// What the vendor gives an application a day [documented].
const INVENTORY: u64 = 2_000_000;
const TRADING: u64 = 5_000;

/// Writes to all of them; how long that and the reading took.
async fn whole(shop: &Shop) -> Duration {
    let began = Instant::now();
    let listings: Vec<ListingReading> = shop.catalogue().await;
    assert_eq!(listings.len() as u64, LISTINGS);
    for batch in listings.chunks(shop.connector.manifest().max_write) {
        let items: Vec<_> = batch.iter().map(|listing| item(listing, 6)).collect();
        assert!(shop.write(&items).await.iter().all(applied));
    }
    began.elapsed()
}

fn told(shop: &Shop, model: &str, took: Duration, quota: u64, counts: impl Fn(&str) -> bool) {
    let counters = shop.counters();
    let total: u64 = (counters.calls.iter())
        .filter(|(name, _)| counts(name))
        .map(|(_, calls)| calls)
        .sum();
    eprintln!(
        "ebay, {LISTINGS} listings of the {model} model read and written in {:.1} s: {total} of {quota} calls a day, {:?}",
        took.as_secs_f64(),
        counters.calls
    );
    assert_eq!(counters.throttled, 0);
    // The quota is there at once, so there is nothing to wait for.
    assert!(took < Duration::from_secs(1), "{took:?}");
    assert!(total <= quota);
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_listings_take_a_small_part_of_the_days_calls() {
    let shop = start().await;
    for number in 0..LISTINGS {
        shop.add(&format!("SKU-{number:05}"), 5);
    }
    let took = whole(&shop).await;
    // 25 a page, each with its offer; the list is read twice, the second time 200 a page.
    assert_eq!(
        shop.calls("GET /sell/inventory/v1/inventory_item"),
        LISTINGS / 25 + LISTINGS / 200
    );
    assert_eq!(shop.calls("GET /sell/inventory/v1/offer"), LISTINGS);
    // 25 fit into a call; a write has 24, for the sake of the older listings: within 10 % of what is possible.
    let written = shop.calls("POST /sell/inventory/v1/bulk_update_price_quantity");
    assert_eq!(written, LISTINGS.div_ceil(24));
    assert!(written * 25 * 10 <= LISTINGS * 11);
    told(&shop, "inventory", took, INVENTORY, |name| {
        name.contains("/sell/inventory/")
    });
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_older_listings_fit_into_a_day() {
    let shop = start().await;
    for number in 0..LISTINGS {
        shop.add_older(Some(&format!("OLD-{number:05}")), 5);
    }
    let took = whole(&shop).await;
    // The list is read twice, 200 a page; four go into one call, and no call has room left.
    assert_eq!(shop.calls("GetMyeBaySelling"), 2 * LISTINGS / 200);
    assert_eq!(shop.calls("ReviseInventoryStatus"), LISTINGS / 4);
    told(&shop, "older", took, TRADING, |name| !name.contains('/'));
}
