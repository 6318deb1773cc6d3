//! Logging in, staying logged in, and being told what to mend.

use super::office::{Office, accepted, orders, refused, round, stock};
use omnistock_odoo::simulator::Faults;
use omnistock_sdk::{ConnectorError, ErrorClass, now};
use omnistock_words::Basis;
use serde_json::{Value, json};

fn names(error: &ConnectorError, words: &[&str]) -> bool {
    error.class == ErrorClass::Operator && words.iter().all(|word| error.message.contains(word))
}

async fn refusal(office: &Office, change: Value) -> ConnectorError {
    office.connector(Basis::Physical, &change).check().await.unwrap_err()
}

#[tokio::test]
async fn a_right_key_passes_the_check_by_either_interface() {
    for (version, change) in [
        (18, json!({})),
        (19, json!({})),
        (19, json!({"protocol": "json-rpc"})),
        (19, json!({"protocol": "json-2", "database": null, "login": null})),
    ] {
        let office = Office::of(version).await;
        let mut change = change;
        change["orders"] = orders()["orders"].clone();
        office.connector(Basis::NetOfOrders, &change).check().await.unwrap();
    }
}

#[tokio::test]
async fn a_wrong_key_names_the_setting_and_is_never_repeated() {
    for version in [18, 19] {
        let office = Office::of(version).await;
        let error = refusal(&office, json!({"key": {"env": "sesame"}})).await;
        assert!(
            names(&error, &["`key`"]) && !error.message.contains("sesame"),
            "{error}"
        );
    }
    let office = Office::open().await;
    assert!(names(
        &refusal(&office, json!({"database": "other"})).await,
        &["`database`", "does not exist"]
    ));
    assert!(names(&refusal(&office, json!({"login": "nobody"})).await, &["`login`"]));
    let error = refusal(&office, json!({"url": format!("{}shop", office.simulator.url())})).await;
    assert!(names(&error, &["`url`"]), "{error}");
    let error = refusal(&office, json!({"protocol": "json-2"})).await;
    assert!(names(&error, &["`protocol`"]), "{error}");
}

#[tokio::test]
async fn a_key_that_ends_while_it_runs_is_named_with_its_day() {
    for version in [18, 19] {
        let office = Office::of(version).await;
        office.add("A", 1);
        let connector = office.connector(Basis::Physical, &json!({"key_expires": "2026-01-01"}));
        round(connector.as_ref()).await.unwrap();
        office.simulator.end_key();
        let error = round(connector.as_ref()).await.unwrap_err();
        assert!(names(&error, &["`key`", "2026-01-01"]), "{version}: {error}");
    }
}

#[tokio::test]
async fn a_key_that_ends_soon_is_told_once_a_day_and_stock_goes_on() {
    let office = Office::open().await;
    office.add("A", 1);
    let soon = now().plus(3 * 86_400_000).to_string();
    let connector = office.connector(Basis::Physical, &json!({"key_expires": soon}));
    let reports = accepted(connector.as_ref()).await;
    assert!(refused(&reports).contains("the API key ends at") && stock(&reports).is_some());
    assert!(accepted(connector.as_ref()).await.is_empty());
    assert!(names(&connector.check().await.unwrap_err(), &["API key ends"]));
    let later = now().plus(60 * 86_400_000).to_string();
    office
        .connector(Basis::Physical, &json!({"key_expires": later}))
        .check()
        .await
        .unwrap();
}

#[tokio::test]
async fn what_the_user_may_not_read_is_named() {
    for version in [18, 19] {
        let office = Office::of(version).await;
        for model in [
            "stock.quant",
            "stock.location",
            "product.product",
            "sale.order",
            "sale.order.line",
            "stock.move",
        ] {
            office.simulator.set_faults(Faults {
                denied: [model.to_owned()].into_iter().collect(),
                ..Faults::default()
            });
            let error = refusal(&office, orders()).await;
            assert!(
                names(&error, &[model, "groups"]) && !error.message.contains("Traceback"),
                "{version}: {error}"
            );
        }
    }
}

#[tokio::test]
async fn one_login_serves_until_its_session_ends() {
    let office = Office::open().await;
    office.add("A", 1);
    let connector = office.connector(Basis::Physical, &json!({}));
    accepted(connector.as_ref()).await;
    assert_eq!(office.calls("authenticate"), 1);
    office.simulator.set_faults(Faults {
        sessions_ended: 1,
        ..Faults::default()
    });
    round(connector.as_ref()).await.unwrap();
    assert_eq!(office.calls("authenticate"), 2, "renewed, and the call went again");
}
