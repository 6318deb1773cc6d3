//! A large shop, on a clock of its own. The vendor states no limit: the operator's, ten calls a second, takes its place.
//!
//! The calls are let go one by one as the daemon does it; what the connector makes of each is counted at the server.

use super::shop::{Shop, write};
use omnistock_sdk::{ItemOutcome, WriteItem};
use serde_json::json;
use std::time::Duration;
use tokio::time::{Instant, interval};

const LISTINGS: usize = 10_000;

/// Between two calls, at ten a second.
const APART: Duration = Duration::from_millis(100);

#[tokio::test(start_paused = true)]
async fn ten_thousand_listings_take_no_longer_than_the_operator_lets_them() {
    let shop = Shop::open().await;
    for number in 0..LISTINGS {
        let place = [(shop.berlin.clone(), 5)];
        shop.simulator.add_product(&format!("SKU-{number}"), &place);
    }
    let connector = shop.connector(&json!({"deadline_ms": 120_000}));
    let channel = connector.channel().unwrap();
    let (mut pace, mut paced, began) = (interval(APART), 0, Instant::now());
    let (mut listings, mut cursor) = (Vec::new(), None);
    loop {
        pace.tick().await;
        paced += 1;
        let page = channel.catalogue(cursor.as_ref()).await.unwrap();
        listings.extend(page.listings);
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(listings.len(), LISTINGS);
    let read = shop.simulator.counters().calls;
    for batch in listings.chunks(connector.manifest().max_write) {
        pace.tick().await;
        paced += 1;
        let items: Vec<WriteItem> = batch.iter().map(|listing| write(listing, 6)).collect();
        let outcomes = channel.write(&items).await.unwrap();
        let applied = |outcome: &ItemOutcome| matches!(outcome, ItemOutcome::Applied { .. });
        assert!(outcomes.iter().all(applied), "{outcomes:?}");
    }
    let (took, allowed) = (began.elapsed(), APART * (paced - 1));
    let all = shop.simulator.counters().calls;
    eprintln!(
        "medusa, {LISTINGS} listings read and written: {paced} calls let go, {:.1} s where ten a second allow {:.1} s; read with {read:?}, all {all:?}",
        took.as_secs_f64(),
        allowed.as_secs_f64()
    );
    // A hundred in each call, and an empty page that ends the list.
    let batches = all["POST /admin/inventory-items/location-levels/batch"];
    assert_eq!((read["GET /admin/inventory-items"], batches), (101, 100));
    assert_eq!(all["GET /admin/inventory-items"], 101, "writing reads nothing");
    assert!(took >= allowed, "the pace was not kept");
    assert!(took * 10 <= allowed * 11, "{took:?} where {allowed:?} are allowed");
}
