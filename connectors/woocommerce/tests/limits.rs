//! A large shop: no more calls than the vendor's sizes of pages and batches make necessary.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    reason = "helpers of tests"
)]

use crate::support::{catalogue, start};
use omnistock_sdk::{ItemOutcome, WriteItem};
use omnistock_words::Quantity;

const LISTINGS: usize = 10_000;

/// What a page and a batch hold [observed].
const AT_ONCE: usize = 100;

#[tokio::test]
async fn ten_thousand_listings_take_no_more_calls_than_they_must() {
    let (shop, connector) = start().await;
    for number in 0..LISTINGS {
        shop.add_product(&format!("SKU-{number}"), 5);
    }
    let listings = catalogue(connector.as_ref()).await;
    assert_eq!(listings.len(), LISTINGS);
    for batch in listings.chunks(connector.manifest().max_write) {
        let items: Vec<WriteItem> = batch
            .iter()
            .map(|listing| WriteItem {
                reference: listing.reference.clone(),
                quantity: Quantity::whole(6),
                expected: None,
            })
            .collect();
        let outcomes = connector.channel().unwrap().write(&items).await.unwrap();
        let applied = |outcome: &ItemOutcome| matches!(outcome, ItemOutcome::Applied { .. });
        assert!(outcomes.iter().all(applied));
    }
    let calls = shop.counters().calls;
    let (pages, batches) = (calls["GET /products"], calls["POST /products/batch"]);
    eprintln!("woocommerce, {LISTINGS} listings: read with {pages} calls, written with {batches}");
    assert_eq!(batches, (LISTINGS / AT_ONCE) as u64);
    // Each page begins with the last row of the one before: one in a hundred comes twice.
    let least = (LISTINGS / AT_ONCE) as u64;
    assert!((least..=least + least / 50 + 1).contains(&pages), "{pages}");
}
