//! A large shop at the vendor's documented limits, on a clock of its own: no slower than they force us to be.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    reason = "helpers of tests"
)]

use crate::support::{Shop, start_with};
use omnistock_sdk::{ConnectorError, ErrorClass, ItemOutcome};
use omnistock_shopify::simulator::SimulatorSettings;
use omnistock_words::Quantity;
use serde_json::json;
use std::time::Duration;
use tokio::time::{Instant, sleep};

const LISTINGS: usize = 10_000;

/// The bucket of the smallest plan [documented], and what flows into it in a second.
const HELD: u64 = 2_000;
const A_SECOND: u64 = 100;

/// Comes back when it is told to, as the daemon does.
async fn patiently<T>(mut call: impl AsyncFnMut() -> Result<T, ConnectorError>) -> T {
    loop {
        match call().await {
            Ok(answer) => return answer,
            Err(ConnectorError {
                class: ErrorClass::Retry { after: Some(after) },
                ..
            }) => sleep(after).await,
            Err(error) => panic!("{error:?}"),
        }
    }
}

async fn read(shop: &Shop) -> Vec<omnistock_sdk::ListingReading> {
    let channel = shop.connector.channel().unwrap();
    let (mut listings, mut cursor) = (Vec::new(), None);
    loop {
        let page = patiently(async || channel.catalogue(cursor.as_ref()).await).await;
        listings.extend(page.listings);
        cursor = page.next;
        if cursor.is_none() {
            return listings;
        }
    }
}

async fn write(shop: &Shop, listings: &[omnistock_sdk::ListingReading]) {
    let channel = shop.connector.channel().unwrap();
    for batch in listings.chunks(shop.connector.manifest().max_write) {
        let items: Vec<_> = batch
            .iter()
            .map(|listing| omnistock_sdk::WriteItem {
                reference: listing.reference.clone(),
                quantity: Quantity::whole(6),
                expected: listing.quantity,
            })
            .collect();
        let outcomes = patiently(async || channel.write(&items).await).await;
        let applied = |outcome: &ItemOutcome| matches!(outcome, ItemOutcome::Applied { .. });
        assert!(outcomes.iter().all(applied), "{outcomes:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_listings_take_no_longer_than_the_vendor_makes_them() {
    let settings = SimulatorSettings::default();
    assert_eq!(
        (settings.bucket, settings.restored),
        (i64::try_from(HELD).unwrap(), i64::try_from(A_SECOND).unwrap())
    );
    let shop = start_with(settings, &json!({"deadline_ms": 120_000})).await;
    for number in 0..LISTINGS {
        shop.add_item(&format!("SKU-{number}"), &[(shop.berlin, 5)]);
    }
    let began = Instant::now();
    // Several rounds: what the full bucket gives at once must not hide how fast it goes on.
    for round in 0..3 {
        let listings = read(&shop).await;
        assert_eq!(listings.len(), LISTINGS, "round {round}");
        write(&shop, &listings).await;
    }
    let (counters, took) = (shop.counters(), began.elapsed());
    let allowed = Duration::from_millis(counters.points.saturating_sub(HELD) * 1_000 / A_SECOND);
    eprintln!(
        "shopify, 3 × {LISTINGS} listings read and written: {} points, {:?}, {:.1} s where the limits allow {:.1} s",
        counters.points,
        counters.calls,
        took.as_secs_f64(),
        allowed.as_secs_f64()
    );
    assert!(counters.points > 2 * HELD, "the bucket was never empty");
    assert!(took >= allowed, "the simulator let more through than it may");
    assert!(took * 10 <= allowed * 11, "{took:?} where {allowed:?} are allowed");
    assert_eq!(counters.throttled, 0, "it waits before it is refused");
    assert_eq!(counters.calls["OmnistockSet"], 3 * 40, "250 in each call");
    assert_eq!(
        counters.calls["OmnistockLevels"],
        3 * 41,
        "250 in each page, and the empty place"
    );
}
