//! A large shop. The vendor states no limit, so what is counted are calls at the server: as few as pages and batches allow.

use super::shop::{Shop, write};
use omnistock_sdk::{ItemOutcome, WriteItem};
use serde_json::json;

const LISTINGS: usize = 10_000;

#[tokio::test]
async fn ten_thousand_listings_take_no_more_calls_than_their_pages_and_batches() {
    let shop = Shop::open().await;
    for number in 0..LISTINGS {
        let place = [(shop.berlin.clone(), 5)];
        shop.simulator.add_product(&format!("SKU-{number}"), &place);
    }
    let connector = shop.connector(&json!({"deadline_ms": 120_000}));
    let channel = connector.channel().unwrap();
    let (mut listings, mut cursor) = (Vec::new(), None);
    loop {
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
        let items: Vec<WriteItem> = batch.iter().map(|listing| write(listing, 6)).collect();
        let outcomes = channel.write(&items).await.unwrap();
        let applied = |outcome: &ItemOutcome| matches!(outcome, ItemOutcome::Applied { .. });
        assert!(outcomes.iter().all(applied), "{outcomes:?}");
    }
    let all = shop.simulator.counters().calls;
    eprintln!("medusa, {LISTINGS} listings read with {read:?} and written: {all:?}");
    // A hundred in each call, and an empty page that ends the list.
    let batches = all["POST /admin/inventory-items/location-levels/batch"];
    assert_eq!((read["GET /admin/inventory-items"], batches), (101, 100));
    assert_eq!(all["GET /admin/inventory-items"], 101, "writing reads nothing");
}
