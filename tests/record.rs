//! The record: who changed what, when and why, before and after; it is there after a restart.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test")]

use crate::support::daemon::Daemon;
use crate::support::merchant::{Merchant, until};
use serde_json::Value;

fn log(merchant: &Merchant) -> Vec<Value> {
    let ended = merchant.command(&["log", "--since", "1h", "--json"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let log: Value = serde_json::from_str(&ended.out).unwrap();
    log["items"].as_array().unwrap().clone()
}

const ARTICLE: &str = "ART-03";

/// A command, what it is about, a part of what it says of before, and of after.
type Change = (
    &'static [&'static str],
    &'static str,
    Option<&'static str>,
    &'static str,
);

const CHANGES: [Change; 7] = [
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
        &["set", ARTICLE, "max_shown=5", "--until", "1h", "--reason", "few left"],
        "set ART-03",
        None,
        "max_shown=5",
    ),
    (
        &["set", ARTICLE, "max_shown=6", "--until", "1h", "--reason", "some more"],
        "set ART-03",
        Some("max_shown=5"),
        "max_shown=6",
    ),
    (
        &["audit", "market", "--fix"],
        "channel market",
        None,
        "asked for: what differs put right",
    ),
    (
        &[
            "channel",
            "market",
            "live",
            "--without",
            "shop",
            "--reason",
            "shop is closed",
        ],
        "channel market",
        None,
        "goes without the open orders of shop",
    ),
    (
        &["reload"],
        "configuration",
        Some("settings "),
        "reloaded as planned in ",
    ),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_change_is_recorded_with_who_why_before_and_after() {
    let merchant = Merchant::open().await;
    let mut daemon = merchant.at_work().await;
    assert!(log(&merchant).is_empty());
    for (command, what, before, after) in CHANGES {
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
    let set = merchant.command(&["set", "--list", "--json"]);
    let set: Value = serde_json::from_str(&set.out).unwrap();
    let id = set["items"][0]["id"].as_str().unwrap();
    assert_eq!(merchant.command(&["set", "--remove", id]).code, Some(0));
    let ended = log(&merchant).remove(0);
    assert!(
        ended["after"].as_str().unwrap().ends_with(&format!("removed ({id})")),
        "{ended}"
    );
    // Reading again changes nothing.
    let before = log(&merchant);
    assert_eq!(merchant.command(&["sync"]).code, Some(0));
    assert_eq!(log(&merchant), before);
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
