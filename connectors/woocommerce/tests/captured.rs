//! Deliveries captured from running shops are believed, read, and never once a byte is changed.
//!
//! `OMNISTOCK_SPECS` names the folder with the vendors' definitions; the captures lie beside it, in `vendors/captured`.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests"
)]

use bytes::Bytes;
use omnistock_sdk::{RawRequest, Received, WebhookError, now};
use serde_json::{Value, json};
use std::path::Path;

fn request(line: &Value) -> RawRequest {
    let headers = line["headers"].as_object().unwrap();
    let lower = |(name, value): (&String, &Value)| (name.to_lowercase(), value.as_str().unwrap().to_owned());
    RawRequest {
        headers: headers.iter().map(lower).collect(),
        query: String::new(),
        body: Bytes::from(line["body"].as_str().unwrap().to_owned()),
        received_at: now(),
    }
}

#[test]
fn captured_deliveries_are_believed_and_read() {
    let Some(specs) = std::env::var_os("OMNISTOCK_SPECS") else {
        eprintln!("the captured deliveries were not read: OMNISTOCK_SPECS is not set");
        return;
    };
    let file = Path::new(&specs).join("../vendors/captured/woocommerce-webhooks.jsonl");
    let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let (mut pings, mut orders, mut looks) = (0, 0, 0);
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let line: Value = serde_json::from_str(line).unwrap();
        let connector = crate::support::build(
            json!({"url": "https://shop.example.test", "key": {"env": "ck"}, "secret": {"env": "cs"},
                                              "webhook_secret": {"env": line["secret"].as_str().unwrap()}}),
        );
        let role = connector.webhooks().unwrap();
        let request = request(&line);
        let signed = request.header("x-wc-webhook-signature").is_some();
        match role.receive(&request).unwrap_or_else(|error| panic!("{error}: {line}")) {
            Received::Nothing => pings += 1,
            Received::Orders(facts) => orders += facts.len(),
            Received::Look(hints) => looks += hints.len(),
        }
        if signed {
            let mut forged = request;
            forged.body = Bytes::from([&forged.body[..], b" "].concat());
            assert!(
                matches!(role.receive(&forged), Err(WebhookError::Unsigned(_))),
                "{line}"
            );
        }
    }
    println!("captured deliveries: {pings} said nothing, {orders} were orders, {looks} led to a look");
    assert!(pings > 0 && orders > 0 && looks > 0);
}
