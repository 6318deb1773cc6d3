//! The record: who changed what, when and why, before and after; it is there after a restart.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test")]

use crate::support::daemon::Daemon;
use crate::support::merchant::{Merchant, sku, until};
use serde_json::Value;

fn log(merchant: &Merchant) -> Vec<Value> {
    let ended = merchant.command(&["log", "--since", "1h", "--json"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let log: Value = serde_json::from_str(&ended.out).unwrap();
    log["items"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_change_is_recorded_with_who_why_before_and_after() {
    let merchant = Merchant::open().await;
    let mut daemon = merchant.at_work().await;
    assert!(log(&merchant).is_empty());
    let article = sku(3);
    let changes: [(&[&str], &str, Option<&str>, &str); 5] = [
        (
            &["channel", "market", "frozen", "--reason", "stocktaking"],
            "channel market",
            Some("live"),
            "frozen",
        ),
        (
            &["channel", "market", "reset", "--reason", "done"],
            "channel market",
            Some("frozen"),
            "reset",
        ),
        (
            &["set", &article, "max_shown=5", "--until", "1h", "--reason", "few left"],
            "set ART-03",
            None,
            "max_shown=5",
        ),
        (
            &["set", &article, "max_shown=6", "--until", "1h", "--reason", "some more"],
            "set ART-03",
            Some("max_shown=5"),
            "max_shown=6",
        ),
        (&["audit", "market", "--fix"], "channel market", None, "put right"),
    ];
    for (command, what, before, after) in changes {
        let ended = merchant.command(command);
        assert!(matches!(ended.code, Some(0 | 1)), "{ended:?}");
        let newest = log(&merchant).remove(0);
        assert_eq!(newest["what"], what, "{newest}");
        let was = newest["before"].as_str();
        assert!(
            was.map_or(before.is_none(), |was| before
                .is_some_and(|before| was.contains(before))),
            "{newest}"
        );
        assert!(newest["after"].as_str().unwrap().contains(after), "{newest}");
        let why = command.iter().skip_while(|word| **word != "--reason").nth(1);
        assert_eq!(newest["reason"].as_str().unwrap(), why.copied().unwrap_or_default());
        assert!(newest["who"].as_str().unwrap().contains("local"), "{newest}");
    }
    let before = log(&merchant);
    daemon.terminate();
    let daemon = Daemon::start(&merchant.folder.path().join("omnistock.toml"));
    let ready = || merchant.get("/health/ready").is_some_and(|answer| answer.status == 200);
    until("ready", ready, || daemon.log()).await;
    assert_eq!(log(&merchant), before);
    let text = merchant.command(&["log"]);
    assert!(
        text.out.contains("because: stocktaking") && text.out.contains("live -> frozen"),
        "{text:?}"
    );
}
