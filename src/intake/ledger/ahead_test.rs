//! What is fetched before its turn is what would be read in its turn.

use super::house::{House, order, policy, settings, sku};
use super::*;
use serde_json::{Value, json};

const ORDERS: usize = 2 * BATCH + 50;

fn key(id: usize) -> DocumentKey {
    DocumentKey::Order(OrderKey {
        channel: "shop".parse().unwrap(),
        order: id.to_string().parse().unwrap(),
    })
}

async fn waiting() -> House {
    let house = House::open(settings(policy())).await;
    let orders: Vec<Value> = (0..ORDERS).map(|id| order("shop", id, "open", now(), 1)).collect();
    let bytes: Vec<Vec<u8>> = orders.iter().map(|event| event.to_string().into_bytes()).collect();
    house.store.append(&bytes).await.unwrap();
    house
}

async fn lines(house: &House) -> usize {
    house.document(&sku(0)).await.lines.len()
}

#[tokio::test]
async fn behind_a_full_batch_the_next_one_and_its_documents_are_there_and_count_in_their_turn() {
    let house = waiting().await;
    let mut ledger = Ledger::new(house.parts.clone());
    assert!(ledger.take_batch(&house.lease).await.unwrap());
    assert_eq!(lines(&house).await, BATCH, "what is fetched is not applied");
    let ahead = ledger.ahead.as_ref().expect("the next batch is full, too");
    assert_eq!(Some(ahead.behind), ledger.cursor);
    assert!(ledger.cache.knows(&key(BATCH)) && ledger.cache.knows(&key(2 * BATCH - 1)));
    assert!(!ledger.cache.knows(&key(2 * BATCH)));

    assert!(ledger.take_batch(&house.lease).await.unwrap());
    assert_eq!(lines(&house).await, 2 * BATCH);
    assert!(ledger.ahead.is_none(), "fewer may be more in their turn");
    assert!(ledger.cache.knows(&key(ORDERS - 1)));
    house
        .store
        .append(&[order("market", 1, "open", now(), 1).to_string().into_bytes()])
        .await
        .unwrap();
    assert!(ledger.take_batch(&house.lease).await.unwrap());
    assert_eq!(lines(&house).await, ORDERS + 1);
    assert!(!ledger.take_batch(&house.lease).await.unwrap());
}

#[tokio::test]
async fn after_trouble_nothing_of_it_counts() {
    let house = waiting().await;
    let mut ledger = Ledger::new(house.parts.clone());
    ledger.take_batch(&house.lease).await.unwrap();
    assert!(ledger.ahead.is_some());
    ledger.trouble(&CommitError::CursorMoved);
    assert!(ledger.ahead.is_none() && !ledger.cache.knows(&key(BATCH)));

    // Somebody else writes what was fetched: the commit upon it is refused, and it is read anew.
    let mut other = Ledger::new(house.parts.clone());
    let mut late = Ledger::new(house.parts.clone());
    late.cursor = Some(house.store.cursor().await.unwrap());
    assert!(other.take_batch(&house.lease).await.unwrap());
    let refused = late.take_batch(&house.lease).await.unwrap_err();
    assert!(!matches!(refused, CommitError::Fenced), "{refused}");
    late.trouble(&refused);
    while ledger.take_batch(&house.lease).await.unwrap() {}
    assert_eq!(lines(&house).await, ORDERS);
}

#[tokio::test]
async fn of_large_entries_one_batch_is_in_memory() {
    let row = json!({ "sku": sku(0), "location": "berlin", "quantity": "10", "brand": "b".repeat(100) });
    let stock = json!({ "type": "stock", "source": "erp", "complete": false, "as_of": now(), "rows": vec![row; 10] });
    let large = vec![stock.to_string().into_bytes(); BATCH];
    let small: Vec<Vec<u8>> = (0..BATCH)
        .map(|id| order("shop", id, "open", now(), 1).to_string().into_bytes())
        .collect();
    // Large ones are not read a second time for nothing, nor beside those that are being applied.
    for (first, second) in [(&large, &small), (&small, &large)] {
        let house = House::open(settings(policy())).await;
        house.store.append(first).await.unwrap();
        house.store.append(second).await.unwrap();
        let mut ledger = Ledger::new(house.parts.clone());
        for batch in 1..=2 {
            assert!(ledger.take_batch(&house.lease).await.unwrap());
            assert!(ledger.ahead.is_none(), "batch {batch}");
        }
        assert_eq!(lines(&house).await, BATCH);
    }
}
