//! Passes in between: what moves point to, what vanished, what came late, what was held.

use super::office::{Office, accepted, figures, map, round, stock};
use omnistock_sdk::{RawRequest, Report, Verdict, now};
use omnistock_words::{Basis, Quantity};
use serde_json::json;

#[tokio::test]
async fn a_change_is_read_and_the_rest_is_not() {
    let office = Office::open().await;
    let product = office.add("A", 10);
    office.add("B", 10);
    let connector = office.connector(Basis::Physical, &json!({}));
    accepted(connector.as_ref()).await;
    assert!(accepted(connector.as_ref()).await.is_empty(), "nothing changed");
    office.set(product, office.berlin, 7);
    let reports = accepted(connector.as_ref()).await;
    let report = stock(&reports).unwrap();
    assert!(!report.complete, "single rows prove nothing of others");
    assert_eq!(figures(report), map(&[("A@berlin", "7"), ("A@hamburg", "0")]));
    assert!(
        accepted(connector.as_ref()).await.is_empty(),
        "read again in the overlap, and not news"
    );
}

#[tokio::test]
async fn one_that_sells_out_leaves_no_quant_and_is_read_as_none() {
    let office = Office::open().await;
    let product = office.add("A", 2);
    let connector = office.connector(Basis::Physical, &json!({}));
    accepted(connector.as_ref()).await;
    office
        .simulator
        .books(|books| books.transfer(product, office.berlin, office.customers, Quantity::whole(2)));
    let reports = accepted(connector.as_ref()).await;
    assert_eq!(figures(stock(&reports).unwrap())["A@berlin"], "0");
}

#[tokio::test]
async fn a_transaction_that_began_long_ago_is_found_within_the_overlap() {
    let office = Office::open().await;
    let product = office.add("A", 10);
    let connector = office.connector(Basis::Physical, &json!({}));
    accepted(connector.as_ref()).await;
    office.simulator.books(|books| {
        books.commit_late(90);
        books.set_quant(product, office.berlin, Quantity::whole(6));
    });
    let reports = accepted(connector.as_ref()).await;
    assert_eq!(figures(stock(&reports).unwrap())["A@berlin"], "6");
}

#[tokio::test]
async fn what_has_no_time_of_change_is_found_by_the_full_pass() {
    let office = Office::open().await;
    let product = office.add("A", 3);
    let connector = office.connector(Basis::Physical, &json!({"full_every_ms": 200, "overlap_ms": 2_000}));
    accepted(connector.as_ref()).await;
    office.simulator.books(|books| {
        books.commit_late(3_600);
        books.set_quant(product, office.berlin, Quantity::whole(1));
    });
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
    loop {
        let reports = accepted(connector.as_ref()).await;
        let full = stock(&reports).filter(|report| report.complete);
        if full.is_some_and(|report| figures(report)["A@berlin"] == "1") {
            break;
        }
        assert!(tokio::time::Instant::now() < deadline);
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn changes_of_a_report_that_was_set_aside_come_again() {
    let office = Office::open().await;
    let (first, second) = (office.add("A", 10), office.add("B", 10));
    let connector = office.connector(Basis::Physical, &json!({}));
    accepted(connector.as_ref()).await;
    office.set(first, office.berlin, 1);
    let held = round(connector.as_ref()).await.unwrap();
    office.set(second, office.berlin, 9);
    let newer = accepted(connector.as_ref()).await;
    assert_eq!(stock(&newer).unwrap().rows.len(), 2, "only B");
    connector
        .stock()
        .unwrap()
        .acknowledge(&held[0].0, &Verdict::Superseded)
        .await
        .unwrap();
    let again = accepted(connector.as_ref()).await;
    assert_eq!(figures(stock(&again).unwrap())["A@berlin"], "1");
}

#[tokio::test]
async fn a_full_report_that_waits_for_a_person_is_followed_by_full_ones_only() {
    let office = Office::open().await;
    let product = office.add("A", 10);
    let connector = office.connector(Basis::Physical, &json!({}));
    let held = round(connector.as_ref()).await.unwrap();
    assert!(round(connector.as_ref()).await.unwrap().is_empty(), "nothing changed");
    office.set(product, office.berlin, 9);
    let newer = round(connector.as_ref()).await.unwrap();
    let Some((ticket, Report::Stock(report))) = newer.first() else {
        panic!("{newer:?}")
    };
    assert!(report.complete && *ticket != held[0].0);
    for (ticket, verdict) in [(&held[0].0, Verdict::Superseded), (ticket, Verdict::Accepted)] {
        connector.stock().unwrap().acknowledge(ticket, &verdict).await.unwrap();
    }
    office.set(product, office.berlin, 8);
    let later = accepted(connector.as_ref()).await;
    assert!(!stock(&later).unwrap().complete, "changes alone again");
}

#[tokio::test]
async fn a_new_reader_gets_everything() {
    let office = Office::open().await;
    office.add("A", 10);
    let connector = office.connector(Basis::Physical, &json!({}));
    round(connector.as_ref()).await.unwrap();
    connector.stock().unwrap().begin().await.unwrap();
    assert!(stock(&accepted(connector.as_ref()).await).unwrap().complete);
}

#[tokio::test]
async fn a_hint_makes_a_product_be_read_though_nothing_says_it_changed() {
    let office = Office::open().await;
    let product = office.add("A", 10);
    let connector = office.connector(Basis::Physical, &json!({"webhook_secret": {"env": "word"}}));
    accepted(connector.as_ref()).await;
    let body = format!(r#"{{"_model": "stock.quant", "_id": 1, "product_id": {product}}}"#);
    let request = |query: &str| RawRequest {
        headers: Vec::new(),
        query: query.to_owned(),
        body: body.clone().into(),
        received_at: now(),
    };
    let role = connector.webhooks().unwrap();
    assert!(role.receive(&request("token=other")).is_err());
    assert!(accepted(connector.as_ref()).await.is_empty(), "not believed");
    role.receive(&request("token=word")).unwrap();
    assert_eq!(
        figures(stock(&accepted(connector.as_ref()).await).unwrap())["A@berlin"],
        "10"
    );
}

#[tokio::test]
async fn a_new_article_and_a_doubled_one_are_noticed_in_between() {
    let office = Office::open().await;
    let first = office.add("A", 10);
    let connector = office.connector(Basis::Physical, &json!({}));
    accepted(connector.as_ref()).await;
    office.add("NEW", 4);
    assert_eq!(
        figures(stock(&accepted(connector.as_ref()).await).unwrap())["NEW@berlin"],
        "4"
    );
    office.add("A", 5);
    assert!(
        stock(&accepted(connector.as_ref()).await).is_none(),
        "A is two products now: neither is meant"
    );
    office.set(first, office.berlin, 3);
    assert!(stock(&accepted(connector.as_ref()).await).is_none());
}
