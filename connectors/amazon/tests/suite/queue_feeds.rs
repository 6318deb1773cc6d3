//! The end of a feed, told by a message: in time, late, or of a feed of somebody else.

use crate::queue::{Reader, listings};
use crate::support::{applied, item};
use omnistock_amazon::simulator::SimulatorSettings;
use omnistock_words::Quantity;
use serde_json::json;
use std::time::Duration;

#[tokio::test(start_paused = true)]
async fn the_end_of_a_feed_has_its_report_fetched_and_its_listings_read() {
    let settings = SimulatorSettings {
        feed_takes: Duration::from_mins(5),
        ..SimulatorSettings::immediate()
    };
    let reader = Reader::start(settings, &json!({"feed_from": 20})).await;
    let skus: Vec<String> = (0..20).map(|number| format!("S-{number:02}")).collect();
    for sku in &skus {
        reader.world.amazon.add(sku, 5);
    }
    loop {
        let messages = reader.messages().await;
        if messages.is_empty() {
            break;
        }
        reader.put_away(&messages).await;
    }
    reader
        .world
        .faults(|faults| faults.invalid_skus = ["S-07".to_owned()].into());
    let items: Vec<_> = skus.iter().map(|sku| item(sku, 8)).collect();
    reader.world.channel().write(&items).await.unwrap();
    // Somebody has just looked, so that nobody would look again for a while.
    reader.world.look("S-00").await;
    tokio::time::sleep(Duration::from_mins(5)).await;
    let mut told = Vec::new();
    while told.len() < skus.len() {
        let messages = reader.messages().await;
        assert!(!messages.is_empty(), "{told:?}");
        for message in &messages {
            let of_message = listings(std::slice::from_ref(message));
            told.extend(Some(of_message).filter(|skus| skus.len() > 1).into_iter().flatten());
        }
        reader.put_away(&messages).await;
    }
    assert_eq!(told, skus);
    assert_eq!(reader.world.amazon.counters().calls["getFeedDocument"], 1);
    let refused = reader.world.write("S-07", 8).await;
    assert!(
        matches!(refused, omnistock_sdk::ItemOutcome::Rejected { .. }),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_feed_that_lands_after_it_was_given_up_is_seen_and_the_newest_number_goes_again() {
    let settings = SimulatorSettings {
        feed_takes: Duration::from_millis(2_500),
        ..SimulatorSettings::immediate()
    };
    let changes = json!({"feed_from": 20, "feed_patience_ms": 1_000, "settle_ms": 0});
    let reader = Reader::start(settings, &changes).await;
    let skus: Vec<String> = (0..20).map(|number| format!("S-{number:02}")).collect();
    for sku in &skus {
        reader.world.amazon.add(sku, 5);
    }
    let items: Vec<_> = skus.iter().map(|sku| item(sku, 8)).collect();
    reader.world.channel().write(&items).await.unwrap();
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    while !applied(&reader.world.write("S-00", 3).await) {
        assert!(tokio::time::Instant::now() < deadline, "the feed is never given up");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let newest = Some(Quantity::whole(3));
    assert_eq!(reader.world.look("S-00").await.quantity, newest);
    let mut told = Vec::new();
    while told != skus {
        assert!(tokio::time::Instant::now() < deadline, "{told:?}");
        let messages = reader.role().messages(Duration::from_secs(1)).await.unwrap();
        reader.put_away(&messages).await;
        for message in &messages {
            let of_message = listings(std::slice::from_ref(message));
            told.extend(Some(of_message).filter(|skus| skus.len() > 1).into_iter().flatten());
        }
    }
    let began = omnistock_sdk::now();
    let landed = reader.world.look("S-00").await;
    assert_eq!(landed.quantity, Some(Quantity::whole(8)));
    assert!(landed.read_at >= began, "it counts as it is: nobody takes it for old");
    assert!(applied(&reader.world.write("S-00", 3).await));
    assert_eq!(reader.world.look("S-00").await.quantity, newest);
}

#[tokio::test]
async fn a_feed_that_nobody_waits_for_asks_for_nothing() {
    let reader = Reader::usual().await;
    let body = json!({"notificationType": "FEED_PROCESSING_FINISHED", "payload": {"feedProcessingFinishedNotification":
        {"accountId": "x", "feedId": "7", "feedType": "JSON_LISTINGS_FEED", "processingStatus": "DONE"}}});
    reader.world.amazon.lay_down(&body.to_string());
    let messages = reader.messages().await;
    assert_eq!(messages[0].says, Ok(vec![]));
    assert_eq!(reader.world.amazon.counters().calls.get("getFeed"), None);
}
