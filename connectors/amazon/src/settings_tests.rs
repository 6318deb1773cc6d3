//! What is refused of a table, and what it means.

use super::*;
use omnistock_sdk::testing::{Names, keys};
use serde_json::{Value, json};

fn table() -> Value {
    json!({"region": "eu", "seller_id": "A2SELLER", "marketplaces": ["A1PA6795UKMFR9", "A13V1IB3VIYZZH"],
           "client_id": "amzn1.application-oa2-client.1", "client_secret": {"env": "secret"}, "refresh_token": {"env": "token"}})
}

fn problems(changes: &Value) -> Vec<String> {
    let mut table = table();
    for (key, value) in changes.as_object().unwrap() {
        table[key] = value.clone();
    }
    keys(read(table, &Names))
}

#[test]
fn everything_that_is_missing_is_told_at_once() {
    let missing = [
        "region",
        "seller_id",
        "marketplaces",
        "client_id",
        "client_secret",
        "refresh_token",
    ];
    assert_eq!(keys(read(json!({}), &Names)), missing);
}

#[test]
fn a_region_names_its_host_and_its_depots() {
    let parts = read(table(), &Names).ok().unwrap();
    assert_eq!(parts.base.as_str(), "https://sellingpartnerapi-eu.amazon.com/");
    assert_eq!(
        (parts.depot, parts.fba, parts.application_rate),
        ("AMAZON_EU", false, None)
    );
    assert_eq!(problems(&json!({"region": "asia"})), ["region"]);
}

#[test]
fn marketplaces_that_do_not_share_a_quantity_are_refused() {
    assert_eq!(
        problems(&json!({"region": "na"})),
        ["marketplaces"; 3],
        "two of Europe, and several"
    );
    let american = json!({"region": "na", "marketplaces": ["ATVPDKIKX0DER", "A2EUQ1WTGCTBG2"]});
    assert_eq!(problems(&american), ["marketplaces"]);
    assert_eq!(
        problems(&json!({"marketplaces": ["A1PA6795UKMFR9", "A1PA6795UKMFR9"]})),
        ["marketplaces"]
    );
    assert_eq!(problems(&json!({"marketplaces": ["de/1"]})), ["marketplaces"]);
    assert!(
        problems(&json!({"marketplaces": ["A0NEWSTORE"]})).is_empty(),
        "one that opened later"
    );
}

#[test]
fn a_queue_tells_its_region_and_is_given_whole_or_not_at_all() {
    let key = json!({"env": "key"});
    let whole = |url: &str| json!({"queue_url": url, "queue_access_key_id": key, "queue_secret_access_key": key});
    let mut own = table();
    for (name, value) in whole("https://sqs.eu-central-1.amazonaws.com/1234/omnistock")
        .as_object()
        .unwrap()
    {
        own[name] = value.clone();
    }
    let queue = read(own, &Names).ok().unwrap().queue.unwrap();
    assert_eq!(queue.region, "eu-central-1");
    assert_eq!(
        queue.url.as_str(),
        "https://sqs.eu-central-1.amazonaws.com/1234/omnistock"
    );
    assert!(read(table(), &Names).ok().unwrap().queue.is_none());
    assert_eq!(
        problems(&whole("https://queue.example.test/1234/omnistock")),
        ["queue_region"]
    );
    assert_eq!(
        problems(&whole("https://sqs.eu-central-1.amazonaws.com/")),
        ["queue_url"]
    );
    assert_eq!(
        problems(&json!({"queue_region": "eu-central-1"})),
        ["queue_url", "queue_access_key_id", "queue_secret_access_key"]
    );
}

#[test]
fn an_address_with_a_password_is_refused() {
    assert_eq!(
        problems(&json!({"base_url": "https://me:pw@example.test"})),
        ["base_url"]
    );
    assert_eq!(
        problems(&json!({"login_url": "nowhere", "feed_from": 3, "plan": "large"})),
        ["login_url", "feed_from", "plan"]
    );
}
