//! Every wrong key is named, all in one go; a right table reads.

use super::*;
use omnistock_sdk::testing::{Names, keys};
use serde_json::{Value, json};

fn good() -> Value {
    json!({"url": "https://erp.example.com", "database": "db", "login": "stock", "key": {"env": "word"}})
}

fn problems(table: Value) -> Vec<String> {
    keys(read(table, &Names))
}

#[test]
fn a_table_with_the_least_reads_with_the_defaults() {
    let parts = read(good(), &Names).ok().unwrap();
    assert_eq!(
        (parts.full_every, parts.overlap, parts.page),
        (Duration::from_mins(15), 300_000, 1_000)
    );
    assert!(!parts.consigned && parts.orders.is_none() && parts.prices.is_empty());
    let bearer = json!({"url": "https://erp.example.com", "key": {"env": "word"}, "protocol": "json-2"});
    assert!(read(bearer, &Names).is_ok(), "JSON-2 needs neither database nor login");
}

#[test]
fn all_that_is_missing_is_named_at_once() {
    assert_eq!(
        problems(json!({"url": "https://erp.example.com", "key": {"env": "UNSET"}})),
        ["key", "database", "login"]
    );
}

#[test]
fn each_bad_key_is_named() {
    let orders = |channels: Value| json!({"line_field": "x_line", "channels": channels});
    for (key, value, named) in [
        ("url", json!("erp.example.com"), "url"),
        ("url", json!("https://me:pw@erp.example.com"), "url"),
        ("url", json!("https://erp.example.com/web/"), "url"),
        ("key_expires", json!("next year"), "key_expires"),
        ("protocol", json!("soap"), "protocol"),
        ("overlap_ms", json!(1), "overlap_ms"),
        ("page", json!(0), "page"),
        ("webhook_secret", json!({"env": "UNSET"}), "webhook_secret"),
        ("orders", orders(json!({})), "orders.channels"),
        ("orders", orders(json!({"shop": {}, "market": {}})), "orders.channels"),
        ("orders", orders(json!({"Shop": {}})), "orders.channels.Shop"),
        (
            "orders",
            json!({"line_field": "x-line", "channels": {"shop": {}}}),
            "orders.line_field",
        ),
        ("prices", json!({"retail": {"currency": "EUR"}}), "prices.retail"),
        (
            "prices",
            json!({"retail": {"field": "lst_price", "currency": "euro"}}),
            "prices.retail.currency",
        ),
    ] {
        let mut table = good();
        table[key] = value.clone();
        let found = problems(table);
        assert!(found.contains(&named.to_owned()), "{key} = {value}: {found:?}");
    }
}

#[test]
fn a_day_is_its_beginning_in_utc() {
    let mut table = good();
    table["key_expires"] = json!("2026-12-31");
    let at = read(table, &Names).ok().unwrap().key_expires.unwrap();
    assert_eq!(at.to_string(), "2026-12-31T00:00:00Z");
}
