//! What happened, asked of the real program: numbers of the past with their causes, oversold orders,
//! and a backup that was made under load.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test"
)]

use crate::support::daemon::Daemon;
use crate::support::merchant::{Merchant, sku, until, usual};
use crate::support::redis::RedisServer;
use serde_json::Value;
use std::time::{Duration, SystemTime};

fn now() -> omnistock_words::Millis {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    omnistock_words::Millis(i64::try_from(now.as_millis()).unwrap())
}

fn json(merchant: &Merchant, arguments: &[&str]) -> Value {
    let mut all = vec!["--json"];
    all.extend(arguments);
    let ended = merchant.command(&all);
    assert_eq!(ended.code, Some(0), "{arguments:?}: {}{}", ended.out, ended.err);
    serde_json::from_str(&ended.out).unwrap()
}

/// The number of article 5 at the market as of an instant, and the causes, newest first.
fn explained(merchant: &Merchant, at: &str) -> (String, Vec<String>, Value) {
    let answer = json(merchant, &["explain", &sku(5), "--channel", "market", "--at", at]);
    let one = answer["items"][0].clone();
    let causes = one["changes"].as_array().unwrap().iter();
    let causes = causes
        .map(|change| change["cause"].as_str().unwrap().to_owned())
        .collect();
    (one["desired"].as_str().unwrap().to_owned(), causes, one)
}

/// Ten things happen to article 5, one after the other; after each the number and its cause are noted.
async fn ten_events(merchant: &Merchant, daemon: &Daemon) -> Vec<(String, i64, String)> {
    let (mut noted, mut stock, mut sold) = (Vec::new(), usual(5), 0);
    for step in 0..10 {
        let cause = if step % 3 == 2 {
            let order = merchant.shop.buy(&sku(5), 1).unwrap();
            sold += 1;
            format!("order shop {order}/")
        } else {
            stock += 2;
            merchant.drop_stock(|index| Some(if index == 5 { stock } else { usual(index) }));
            format!("stock erp: berlin {stock}")
        };
        let number = stock - sold;
        merchant
            .settles(daemon, |index| if index == 5 { number } else { usual(index) })
            .await;
        // What was shown may be told a moment later: its commit comes behind the answer.
        let wanted = Value::from(number.to_string());
        let told = || explained(merchant, &now().to_string()).2["accepted"]["quantity"] == wanted;
        until("told", told, || daemon.log()).await;
        noted.push((now().to_string(), number, cause));
    }
    noted
}

async fn the_past_is_explained(store: &str, merchant: Merchant) {
    let mut daemon = merchant.at_work_on(&merchant.text(store)).await;
    let noted = ten_events(&merchant, &daemon).await;

    // Other settings and a new process: the past stays what it was.
    daemon.terminate();
    let text = merchant.text(store) + "\nsafety_stock = 3\n";
    let daemon = Daemon::start(&merchant.write(&text));
    let last = noted[9].1;
    let met = || merchant.market.shown(&sku(5)) == Some(last - 3);
    until("the market keeps three back", met, || daemon.log()).await;

    for (count, (at, number, _)) in noted.iter().enumerate() {
        let (desired, causes, one) = explained(&merchant, at);
        assert_eq!(desired, number.to_string(), "{at}: {one:#}");
        let steps = one["steps"].as_array().unwrap();
        assert_eq!(steps.last().unwrap()["value"], number.to_string(), "{one:#}");
        assert_eq!(one["accepted"]["quantity"], number.to_string());
        assert_eq!(one["notes"], serde_json::json!([]), "{one:#}");
        // Orders are reported again as their state changes: what counts is the order of things.
        let expected = noted[..=count].iter().rev().map(|(.., cause)| cause);
        assert!(causes.len() <= 10 && causes.len() > count.min(9), "{causes:?}");
        for (cause, expected) in causes.iter().zip(expected) {
            assert!(cause.starts_with(expected), "{cause} is not {expected}: {causes:?}");
        }
    }
    let text = merchant.command(&["explain", &sku(5), "--channel", "market", "--at", &noted[4].0]);
    assert!(text.out.contains(&format!("wanted {}", noted[4].1)), "{}", text.out);
    assert!(text.out.lines().all(|line| line.chars().count() <= 80), "{}", text.out);
    let before = merchant.command(&["explain", &sku(5), "--at", "2026-01-01T00:00:00Z"]);
    assert_eq!((before.code, before.out.as_str()), (Some(1), ""), "{}", before.err);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_past_is_explained_with_the_number_and_the_ten_causes_of_then() {
    let merchant = Merchant::open().await;
    let store = format!("path = \"{}/state\"", merchant.folder.path().display());
    the_past_is_explained(&store, merchant).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_past_is_explained_on_a_redis() {
    let merchant = Merchant::open().await;
    let redis = RedisServer::start();
    let store = format!("kind = \"redis\"\nurl = \"{}\"", redis.url());
    the_past_is_explained(&store, merchant).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn oversold_orders_are_listed_with_what_nobody_knew() {
    let merchant = Merchant::open().await;
    let mut daemon = merchant.at_work().await;
    assert_eq!(json(&merchant, &["shorts"])["total"], 0);
    daemon.terminate();
    // While nobody looks, both channels sell the same ten units.
    let shop = merchant.shop.buy(&sku(0), 8).unwrap();
    merchant.market.buy(&sku(0), 7).unwrap();
    let daemon = Daemon::start(&merchant.write(&merchant.embedded()));
    let mut found = Value::Null;
    let met = || {
        let ended = merchant.command(&["--json", "shorts", "--since", "1h"]);
        found = serde_json::from_str(&ended.out).unwrap_or_default();
        found["items"][0]["short"] == "5"
    };
    until("five are short", met, || daemon.log()).await;
    assert_eq!(found["total"], 1, "{found:#}");
    let one = &found["items"][0];
    assert_eq!(
        (&one["sku"], &one["promised"]),
        (&Value::from(sku(0)), &Value::from("10")),
        "{found:#}"
    );
    assert!(one["blind_ms"].as_i64().unwrap() > 0, "{found:#}");
    let orders = [
        one["order"].as_str().unwrap(),
        one["because"].as_array().unwrap()[0].as_str().unwrap(),
    ];
    assert!(
        orders.iter().any(|text| text.contains(&shop.to_string())) || one["channel"] == "market",
        "{found:#}"
    );
    let text = merchant.command(&["shorts"]).out;
    assert!(text.contains("5 short") && text.contains("blind for"), "{text}");
    assert_eq!(
        json(&merchant, &["shorts", "--since", "2099-01-01T00:00:00Z"])["total"],
        0
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_made_under_load_starts_with_everything() {
    let merchant = Merchant::open().await;
    let mut daemon = merchant.at_work().await;
    let file = merchant.folder.path().join("backup.db");
    let path = file.to_str().unwrap();
    let written = std::thread::scope(|scope| {
        let written = scope.spawn(|| json(&merchant, &["backup", path]));
        for _ in 0..20 {
            let stock = usual(3);
            merchant.drop_stock(|index| Some(if index == 4 { usual(4) + stock % 2 } else { usual(index) }));
            std::thread::sleep(Duration::from_millis(20));
        }
        written.join().unwrap()
    });
    assert_eq!(written["bytes"], std::fs::metadata(&file).unwrap().len());
    let again = merchant.command(&["backup", path]);
    assert_eq!(again.code, Some(1));
    assert!(again.err.contains("exists and is not overwritten"), "{}", again.err);

    daemon.kill();
    let state = merchant.folder.path().join("restored");
    std::fs::create_dir(&state).unwrap();
    std::fs::rename(&file, state.join("omnistock.db")).unwrap();
    let daemon = Daemon::start(&merchant.write(&merchant.text(&format!("path = \"{}\"", state.display()))));
    merchant
        .settles(&daemon, |index| usual(index) + i64::from(index == 4) * (usual(3) % 2))
        .await;
    // The shops were right before it listened.
    let asked = ["explain", &sku(3), "--channel", "shop"];
    until(
        "it answers",
        || merchant.command(&asked).code == Some(0),
        || daemon.log(),
    )
    .await;
    let told = json(&merchant, &asked);
    assert!(!told["items"][0]["changes"].as_array().unwrap().is_empty(), "{told:#}");
    // Also without a daemon.
    drop(daemon);
    let rest = merchant.folder.path().join("rest.db");
    assert_eq!(merchant.command(&["backup", rest.to_str().unwrap()]).code, Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_of_a_redis_says_what_to_do_instead() {
    let merchant = Merchant::open().await;
    merchant.write(&merchant.text("kind = \"redis\"\nurl = \"redis://127.0.0.1:1\""));
    let refused = merchant.command(&["backup", "anything.db"]);
    assert_eq!(refused.code, Some(2));
    assert!(refused.err.contains("BGSAVE"), "{}", refused.err);
}
