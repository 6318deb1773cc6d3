//! Reservations in the ledger's owner, on the memory store: decided once, whatever is repeated.

use super::house::{House, policy, settings, sku, until};
use crate::history::{PEOPLE, Record, blocks};
use crate::intake::reservation::{KEPT, ReservationRecord, ReservationState};
use crate::store::{CommitBatch, DocumentWrite, HistoryId, Kind, Store, Way};
use omnistock_sdk::now;
use omnistock_words::{Millis, Quantity, ReservationId};
use serde_json::{Value, json};

fn asked(id: usize, wish: &str, units: i64, end: Millis) -> Value {
    json!({ "type": "reservation", "id": format!("r-{id}"), "sku": sku(0), "location": "berlin",
            "quantity": units.to_string(), "expires_at": end,
            "asked": { "wish": wish, "at": now(), "by": "a test", "sum": format!("{units}") } })
}

async fn record(house: &House, id: usize) -> Option<ReservationRecord> {
    let id = ReservationId::new(format!("r-{id}")).unwrap();
    let stored = house
        .store
        .load(&[ReservationRecord::key(&id)])
        .await
        .unwrap()
        .remove(0);
    ReservationRecord::decode(&stored).unwrap()
}

#[tokio::test]
async fn of_200_for_ten_units_ten_get_one_and_all_channels_look_again() {
    let house = House::open(settings(policy())).await;
    let run = house.start();
    house.stock(1).await;
    let end = now().plus(60_000);
    let all: Vec<Value> = (0..200).map(|id| asked(id, "grant", 1, end)).collect();
    house.tell(&all).await;
    let mut granted = 0;
    for id in 0..200 {
        let record = record(&house, id).await.unwrap();
        granted += usize::from(record.state(now()) == ReservationState::Held);
    }
    assert_eq!((granted, house.promise(&sku(0)).await), (10, Quantity::ZERO));
    for channel in ["shop", "market"] {
        assert_eq!(house.dirty(channel).await, [sku(0).to_string()]);
    }
    run.abort();
}

#[tokio::test]
async fn what_was_decided_stays_decided_and_what_is_over_stays_over() {
    let house = House::open(settings(policy())).await;
    let run = house.start();
    house.stock(1).await;
    let (end, later) = (now().plus(60_000), now().plus(120_000));
    house
        .tell(&[asked(1, "grant", 8, end), asked(2, "grant", 8, end)])
        .await;
    let refused = record(&house, 2).await.unwrap();
    assert_eq!(refused.refused.as_deref(), Some("at most 2 can be set aside"));

    // There is room now, and the refused one stays refused; another request with its key changes nothing.
    house
        .tell(&[
            asked(1, "release", 0, end),
            asked(2, "grant", 8, end),
            asked(2, "grant", 1, end),
        ])
        .await;
    assert_eq!(record(&house, 2).await.unwrap(), refused);
    assert_eq!(house.promise(&sku(0)).await, Quantity::whole(10));
    let released = record(&house, 1).await.unwrap();
    assert_eq!(released.state(now()), ReservationState::Released);

    // Neither a confirmation nor an extension brings units back that were given up; nobody knows the third.
    for late in [
        asked(1, "confirm", 8, later),
        asked(1, "extend", 8, later),
        asked(3, "confirm", 1, later),
    ] {
        house.tell(&[late]).await;
    }
    assert_eq!(
        (record(&house, 1).await.unwrap(), record(&house, 3).await),
        (released, None)
    );
    assert_eq!(house.promise(&sku(0)).await, Quantity::whole(10));

    // One that holds is confirmed, and its end moves.
    house
        .tell(&[asked(4, "grant", 3, end), asked(4, "confirm", 3, later)])
        .await;
    let confirmed = record(&house, 4).await.unwrap();
    assert_eq!(
        (confirmed.state(now()), confirmed.expires_at),
        (ReservationState::Confirmed, later)
    );
    run.abort();

    // In the record is what was done, by the commits that did it: neither what was refused nor what came too late.
    let told = blocks(house.store.as_ref(), PEOPLE, HistoryId::default(), Way::Forward, 99).await;
    let told = told.unwrap().into_iter().flat_map(|(_, block)| block.records);
    let done: Vec<(String, Option<String>, String)> = told
        .filter_map(|record| match record {
            Record::Person(person) => person
                .before
                .is_some()
                .then_some((person.what, person.before, person.decided)),
            _ => None,
        })
        .collect();
    let (held, to_be) = (Some(format!("held, until {end}")), format!("confirmed, until {later}"));
    assert_eq!(
        done,
        [
            ("reservation r-1".to_owned(), held.clone(), "released".to_owned()),
            ("reservation r-4".to_owned(), held, to_be)
        ]
    );
}

#[tokio::test]
async fn what_ended_long_ago_is_forgotten() {
    let house = House::open(settings(policy())).await;
    let run = house.start();
    house.stock(1).await;
    house
        .tell(&[
            asked(1, "grant", 1, now().plus(60_000)),
            asked(2, "grant", 1, now().plus(60_000)),
        ])
        .await;
    run.abort();
    let mut old = record(&house, 1).await.unwrap();
    old.expires_at = now().plus(-KEPT - 1);
    let write = DocumentWrite {
        key: ReservationRecord::key(&old.id),
        expected: 1,
        version: 2,
        bytes: Some(old.encode()),
    };
    let batch = CommitBatch {
        writes: vec![write],
        ..CommitBatch::default()
    };
    house.store.commit(&house.lease, &batch).await.unwrap();
    let run = house.start();
    until("the old one is gone", async || record(&house, 1).await.is_none()).await;
    let left = house.store.scan(Kind::Hold, None, 10).await.unwrap();
    assert_eq!(
        left.into_iter().map(|(id, _)| id).collect::<Vec<_>>(),
        ["reservation/r-2"]
    );
    run.abort();
}
