//! Reservations against the real daemon: never more than there is, one answer a key, visible on every channel, free
//! again by themselves, kept over a restart, and in the record.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

use crate::support::daemon::Daemon;
use crate::support::documented::is_documented;
use crate::support::merchant::{Answer, Merchant, request, sku, until, usual};
use crate::support::redis::RedisServer;
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn send(port: u16, method: &str, path: &str, key: &str, body: &str) -> Answer {
    let head = format!("{method} {path} HTTP/1.1\r\ncontent-type: application/json\r\nidempotency-key: {key}");
    let answer = request(port, &head, body.as_bytes()).unwrap();
    is_documented(method, path, answer.status, &answer.body);
    answer
}

fn reserve(port: u16, key: &str, body: &Value) -> Answer {
    send(port, "POST", "/api/v1/reservations", key, &body.to_string())
}

fn read(answer: &Answer) -> Value {
    serde_json::from_str(&answer.body).unwrap_or_else(|_| panic!("{answer:?}"))
}

fn units(index: usize, quantity: i64) -> Value {
    json!({ "sku": sku(index), "quantity": quantity.to_string(), "location": "berlin" })
}

/// 200 at once, each for one of the last 50 units.
async fn storm(merchant: &Merchant, daemon: &Daemon) -> Vec<(usize, Answer)> {
    merchant.drop_stock(|index| Some(if index == 0 { 50 } else { usual(index) }));
    let fifty = |index: usize| if index == 0 { 50 } else { usual(index) };
    merchant.settles(daemon, fifty).await;
    let port = merchant.admin;
    let answers: Vec<(usize, Answer)> = std::thread::scope(|scope| {
        let ask = |number: usize| (number, reserve(port, &format!("checkout-{number}"), &units(0, 1)));
        let asking: Vec<_> = (0..200).map(|number| scope.spawn(move || ask(number))).collect();
        asking.into_iter().map(|asked| asked.join().unwrap()).collect()
    });
    let mut counts = BTreeMap::new();
    for (_, answer) in &answers {
        *counts.entry(answer.status).or_insert(0) += 1;
    }
    assert_eq!(counts, BTreeMap::from([(201, 50), (409, 150)]), "{}", daemon.log());
    merchant
        .settles(daemon, |index| if index == 0 { 0 } else { usual(index) })
        .await;
    answers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_200_at_once_for_the_last_50_units_50_get_one_on_redis() {
    let (merchant, redis) = (Merchant::open().await, RedisServer::start());
    let text = merchant.text(&format!("kind = \"redis\"\nurl = \"{}\"", redis.url()));
    let daemon = merchant.at_work_on(&text).await;
    storm(&merchant, &daemon).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_200_at_once_for_the_last_50_units_50_get_one_and_a_key_has_one_answer() {
    let merchant = Merchant::open().await;
    let mut daemon = merchant.at_work().await;
    let answers = storm(&merchant, &daemon).await;
    let port = merchant.admin;
    for status in [201, 409] {
        let (number, first) = answers.iter().find(|(_, answer)| answer.status == status).unwrap();
        let key = format!("checkout-{number}");
        let again = reserve(port, &key, &units(0, 1));
        assert_eq!((again.status, &again.body), (status, &first.body), "the same answer");
        let other = reserve(port, &key, &units(0, 2));
        assert!(
            other.status == 422 && other.body.contains("another request"),
            "{other:?}"
        );
    }

    // After a restart, too.
    let (number, first) = answers.iter().find(|(_, answer)| answer.status == 201).unwrap();
    daemon.terminate();
    let daemon = Daemon::start(&merchant.folder.path().join("omnistock.toml"));
    let log = || daemon.log();
    until(
        "it leads again",
        || merchant.get("/health/ready").is_some_and(|answer| answer.status == 200),
        log,
    )
    .await;
    let again = reserve(port, &format!("checkout-{number}"), &units(0, 1));
    assert_eq!((again.status, &again.body), (201, &first.body));

    // Free again: two at once, by a program and by a person.
    let ids: Vec<String> = answers
        .iter()
        .filter(|(_, answer)| answer.status == 201)
        .map(|(_, answer)| read(answer)["id"].as_str().unwrap().to_owned())
        .collect();
    let freed = send(port, "DELETE", &format!("/api/v1/reservations/{}", ids[0]), "-", "");
    assert_eq!((freed.status, &read(&freed)["state"]), (200, &json!("released")));
    let again = send(port, "DELETE", &format!("/api/v1/reservations/{}", ids[0]), "-", "");
    assert_eq!(again.status, 200, "released is released");
    // Its key does not say any more that units are set aside.
    let over = reserve(port, &format!("checkout-{number}"), &units(0, 1));
    assert!(over.status == 409 && over.body.contains("is released"), "{over:?}");
    let told = merchant.command(&["reservations", "release", &ids[1], "--reason", "never picked up"]);
    assert!(told.code == Some(0) && told.out.contains("released"), "{told:?}");
    merchant
        .settles(&daemon, |index| if index == 0 { 2 } else { usual(index) })
        .await;

    let listed = merchant.command(&["reservations", "list", "--json"]);
    let listed: Value = serde_json::from_str(&listed.out).unwrap();
    assert_eq!(listed["total"], 48);
    let log = merchant.command(&["log", "--json", "--since", "1h"]);
    let log: Value = serde_json::from_str(&log.out).unwrap();
    assert_eq!(
        log["total"], 52,
        "50 granted, one freed by a program, one by a person: {log}"
    );
    let freed = &log["items"][1];
    assert_eq!(
        (&freed["what"], &freed["after"]),
        (&json!(format!("reservation {}", ids[0])), &json!("released"))
    );
    let granted = log["items"][51]["after"].as_str().unwrap();
    assert!(granted.starts_with("1 of ") && granted.contains("set aside"), "{log}");
    let entry = &log["items"][0];
    assert_eq!(entry["what"], format!("reservation {}", ids[1]));
    assert_eq!(
        (&entry["after"], &entry["reason"]),
        (&json!("released"), &json!("never picked up"))
    );
    assert!(entry["before"].as_str().unwrap().starts_with("held, until"), "{entry}");
    assert!(
        entry["who"].as_str().unwrap().ends_with("local)") || entry["who"] == "local",
        "{entry}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reservation_ends_by_itself_unless_it_is_confirmed() {
    let merchant = Merchant::open().await;
    let daemon = merchant.at_work().await;
    let port = merchant.admin;
    let soon = |quantity: i64, channel: bool| {
        let place = if channel { "channel" } else { "location" };
        let name = if channel { "shop" } else { "berlin" };
        json!({ "sku": sku(3), "quantity": quantity.to_string(), place: name, "expires_in_seconds": 2 })
    };
    let short = read(&reserve(port, "short", &soon(4, false)));
    let kept = read(&reserve(port, "kept", &soon(3, true)));
    let confirm = format!("/api/v1/reservations/{}/confirm", kept["id"].as_str().unwrap());
    let confirmed = send(port, "POST", &confirm, "-", "");
    assert_eq!(read(&confirmed)["state"], "confirmed", "{confirmed:?}");
    merchant
        .settles(&daemon, |index| usual(index) - if index == 3 { 3 } else { 0 })
        .await;
    let gone = send(
        port,
        "GET",
        &format!("/api/v1/reservations/{}", short["id"].as_str().unwrap()),
        "-",
        "",
    );
    assert_eq!(read(&gone)["state"], "expired");
    let again = reserve(port, "short", &soon(4, false));
    assert!(again.status == 409 && again.body.contains("is expired"), "{again:?}");
    let late = format!("/api/v1/reservations/{}/confirm", short["id"].as_str().unwrap());
    let late = send(port, "POST", &late, "-", "{}");
    assert!(late.status == 409 && late.body.contains("expired"), "{late:?}");

    limits(port);
}

/// Two shops number their carts alike, and a proxy on this machine speaks for somebody elsewhere.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_is_its_callers_own_and_who_comes_through_a_proxy_needs_a_token() {
    let merchant = Merchant::open().await;
    let token = merchant.secret("second-shop", "second-0123456789abcdef");
    let text = format!(
        "{}\n[tokens.second]\nrole = \"operator\"\ntoken = {token}\n",
        merchant.embedded()
    );
    let _daemon = merchant.at_work_on(&text).await;
    let port = merchant.admin;
    let second = |key: &str, more: &str| {
        let head = format!(
            "POST /api/v1/reservations HTTP/1.1\r\ncontent-type: application/json\r\nidempotency-key: {key}{more}"
        );
        request(port, &head, units(5, 1).to_string().as_bytes()).unwrap()
    };
    let bearer = "\r\nauthorization: Bearer second-0123456789abcdef";
    let (ours, theirs) = (reserve(port, "1001", &units(5, 1)), second("1001", bearer));
    assert_eq!((ours.status, theirs.status), (201, 201), "{theirs:?}");
    assert_ne!(read(&ours)["id"], read(&theirs)["id"]);
    // Another name that somebody gives of themselves is no other caller.
    let named = second("1001", &format!("{bearer}\r\nomnistock-user: anna"));
    assert_eq!(named.body, theirs.body);
    let passed_on = "\r\nx-forwarded-for: 203.0.113.7";
    assert_eq!(second("1002", passed_on).status, 401);
    assert_eq!(second("1002", &format!("{passed_on}{bearer}")).status, 201);
    // A token is withdrawn without a restart.
    merchant.secret("second-shop", "third-0123456789abcdef");
    let reloaded = merchant.command(&["reload"]);
    assert_eq!(reloaded.code, Some(0), "{reloaded:?}");
    assert_eq!(second("1003", bearer).status, 401);
    assert_eq!(second("1003", &bearer.replace("second", "third")).status, 201);
}

/// What there is, and what can't be asked for.
fn limits(port: u16) {
    let path = format!("/api/v1/availability?sku={}", sku(3));
    let there = read(&send(port, "GET", &path, "-", ""));
    let berlin = there["locations"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["location"] == "berlin")
        .unwrap();
    assert_eq!(
        (&berlin["sellable"], &berlin["reservable"]),
        (&json!("10"), &json!("10")),
        "{there}"
    );
    let shop = there["channels"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["channel"] == "shop")
        .unwrap();
    assert_eq!(
        (&shop["shown"], &shop["state"]),
        (&json!("10"), &json!("in_stock")),
        "{there}"
    );
    for (body, expected) in [
        (json!({ "sku": sku(3), "quantity": "0", "location": "berlin" }), 400),
        (json!({ "sku": sku(3), "quantity": "1" }), 400),
        (
            json!({ "sku": sku(3), "quantity": "1", "location": "berlin", "channel": "shop" }),
            400,
        ),
        (
            json!({ "sku": sku(3), "quantity": "1", "location": "berlin", "expires_at": "2020-01-01T00:00:00Z" }),
            400,
        ),
        (
            json!({ "sku": "NOBODY-KNOWS", "quantity": "1", "location": "berlin" }),
            409,
        ),
        (json!({ "sku": sku(3), "quantity": "1", "location": "nowhere" }), 409),
    ] {
        let answer = reserve(port, &format!("wrong-{body}").replace('"', "'"), &body);
        assert_eq!(answer.status, expected, "{body}: {answer:?}");
    }
    assert_eq!(
        send(port, "POST", "/api/v1/reservations", "", &units(3, 1).to_string()).status,
        400
    );
}
