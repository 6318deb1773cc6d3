//! Modes and settings from the command line: in force at once, kept across restarts, ended by the clock.

use crate::support::daemon::Daemon;
use crate::support::merchant::{ARTICLES, Merchant, sku, until, usual};
use serde_json::Value;

/// Runs a command that is to succeed.
fn said(merchant: &Merchant, arguments: &[&str]) -> String {
    let ended = merchant.command(arguments);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    ended.out.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The place of a channel in the status.
fn channel(name: &str, rest: &str) -> String {
    let index = usize::from(name == "shop");
    format!("/channels/{index}/{rest}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_channel_stays_frozen_behind_a_kill_until_it_is_reset() {
    let merchant = Merchant::open().await;
    let mut daemon = merchant.at_work().await;
    let answer = said(&merchant, &["channel", "shop", "frozen", "--reason", "stocktaking"]);
    assert_eq!(
        answer,
        "shop is frozen until `omnistock channel shop reset` (configuration: live)"
    );
    let writes = merchant.shop.counters().items_written;
    merchant.drop_stock(|index| Some(usual(index) + 5));
    until(
        "the market goes on",
        || merchant.market_shows(|index| usual(index) + 5),
        || daemon.log(),
    )
    .await;
    daemon.kill();
    daemon = Daemon::start(&merchant.folder.path().join("omnistock.toml"));
    merchant.drop_stock(|index| Some(usual(index) + 6));
    until(
        "the market goes on",
        || merchant.market_shows(|index| usual(index) + 6),
        || daemon.log(),
    )
    .await;
    let steered = merchant
        .status_says(&daemon, &channel("shop", "steered"), Value::is_object)
        .await;
    assert_eq!(
        (steered["file"].as_str(), steered["reason"].as_str()),
        (Some("live"), Some("stocktaking"))
    );
    // Beside the others that show what they should: it says how far it is from that.
    let compared = merchant
        .status_says(&daemon, &channel("shop", "compared"), |compared| compared["up"] == 24)
        .await;
    assert_eq!(compared["missing"].as_str(), Some("144"), "{compared}");
    let status = merchant.command(&["status"]).out;
    assert!(status.contains("by a person (file: live): stocktaking"), "{status}");
    assert_eq!(merchant.shop.counters().items_written, writes, "nothing was written");
    assert!(merchant.shop_shows(usual), "{}", merchant.shown());
    assert_eq!(
        said(&merchant, &["channel", "shop", "reset"]),
        "shop is live, as the configuration says"
    );
    merchant.settles(&daemon, |index| usual(index) + 6).await;
    let history = said(&merchant, &["--json", "status"]);
    assert!(!history.contains("steered"), "{history}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_drained_channel_shows_nothing_until_its_time_is_over() {
    let merchant = Merchant::open().await;
    let daemon = merchant.at_work().await;
    let answer = said(
        &merchant,
        &["channel", "shop", "draining", "--until", "4s", "--reason", "recall"],
    );
    assert!(
        answer.starts_with("shop is draining until ") && answer.ends_with("then live again"),
        "{answer}"
    );
    until("it shows nothing", || merchant.shop_shows(|_| 0), || daemon.log()).await;
    let shown = merchant.command(&["status"]).out;
    assert!(shown.contains("24 listings drained"), "{shown}");
    assert!(merchant.market_shows(usual), "the other sells on");
    merchant.settles(&daemon, usual).await;
    let drained = |drained: &Value| drained.is_null();
    merchant
        .status_says(&daemon, &channel("shop", "drained"), drained)
        .await;
    merchant.shop.buy(&sku(3), 2).unwrap();
    merchant
        .settles(&daemon, |index| usual(index) - if index == 3 { 2 } else { 0 })
        .await;
    said(&merchant, &["channel", "market", "draining", "--reason", "recall"]);
    until(
        "the market shows nothing",
        || merchant.market_shows(|_| 0),
        || daemon.log(),
    )
    .await;
    let wanted = said(&merchant, &["--json", "explain", &sku(5), "--channel", "market"]);
    let wanted: Value = serde_json::from_str(&wanted).unwrap();
    assert_eq!(
        wanted["items"][0]["desired"], "0",
        "what it is told to show: {wanted:#}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_modes_are_refused_with_what_there_is() {
    let merchant = Merchant::open().await;
    let _daemon = merchant.at_work().await;
    for (arguments, code, words) in [
        (&["channel", "shop", "forzen"][..], 2, "decrease_only, frozen, draining"),
        (&["channel", "shp", "frozen"], 1, "there is no channel shp"),
        (
            &["channel", "shop", "frozen", "--until", "2020-01-01"],
            2,
            "is over already",
        ),
        (&["channel", "shop", "reset", "--until", "2h"], 2, "`reset` has no end"),
        (&["channel", "shop", "frozen", "--without", "market"], 2, "`live` only"),
    ] {
        let ended = merchant.command(arguments);
        assert_eq!(ended.code, Some(code), "{ended:?}");
        assert!(ended.err.contains(words), "{ended:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_setting_of_one_sku_holds_behind_a_kill_is_explained_and_ends() {
    let merchant = Merchant::open().await;
    let mut daemon = merchant.at_work().await;
    let first = sku(0);
    let answer = said(
        &merchant,
        &[
            "set",
            &first,
            "--channel",
            "shop",
            "max_shown=2",
            "--until",
            "2h",
            "--reason",
            "photo shooting",
        ],
    );
    assert!(answer.starts_with("o-1: ART-00 max_shown=2 until "), "{answer}");
    said(
        &merchant,
        &["set", &sku(1), "mode=frozen", "--until", "9s", "--reason", "recall"],
    );
    let shop = |index: usize, more: i64| if index == 0 { 2 } else { usual(index) + more };
    until(
        "it shows two",
        || merchant.shop_shows(|index| shop(index, 0)),
        || daemon.log(),
    )
    .await;
    daemon.kill();
    daemon = Daemon::start(&merchant.folder.path().join("omnistock.toml"));
    merchant.drop_stock(|index| Some(usual(index) + 3));
    // One SKU is frozen on both channels, one is limited on one.
    let frozen = |index: usize| if index == 1 { 0 } else { 3 };
    let right = || merchant.shop_shows(|index| shop(index, frozen(index)));
    until("the others have risen", right, || merchant.shown() + &daemon.log()).await;
    let explained = said(&merchant, &["explain", &first, "--channel", "shop"]);
    assert!(
        explained.contains("photo shooting") && explained.contains("omnistock set o-1"),
        "{explained}"
    );
    let listed = said(&merchant, &["set", "--list"]);
    assert!(
        listed.contains("o-1 ART-00 on shop: max_shown=2") && listed.contains("o-2 ART-01 on all channels"),
        "{listed}"
    );
    // The clock ends one, a person the other.
    let right = || merchant.market_shows(|index| usual(index) + 3);
    until("the frozen one has thawed", right, || merchant.shown() + &daemon.log()).await;
    said(&merchant, &["set", "--remove", "o-1", "--reason", "done"]);
    merchant.settles(&daemon, |index| usual(index) + 3).await;
    assert!(said(&merchant, &["set", "--list"]).contains("nothing is set"));
    let words = |arguments: &[&str]| {
        let ended = merchant.command(arguments);
        assert_ne!(ended.code, Some(0), "{ended:?}");
        ended.err.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let rest = ["--until", "2h", "--reason", "x"];
    let wrong = words(&[&["set", &first, "max_show=2"][..], &rest].concat());
    assert!(
        wrong.contains("unknown setting `max_show`") && wrong.contains("did you mean `max_shown`?"),
        "{wrong}"
    );
    let wrong = words(&[&["set", "ART-99", "max_shown=2"][..], &rest].concat());
    assert!(wrong.contains("no source knows the SKU ART-99"), "{wrong}");
    let wrong = words(&["set", &first, "max_shown=2", "--until", "2h"]);
    assert!(wrong.contains("--reason"), "{wrong}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_channel_that_goes_live_changes_so_many_listings_in_its_first_hour_behind_a_kill_too() {
    let merchant = Merchant::open().await;
    let text = merchant.embedded();
    let text = text.replacen(
        "mode         = \"live\"",
        "mode         = \"live\"\nramp         = \"5/h\"",
        1,
    );
    let mut daemon = Daemon::start(&merchant.write(&text));
    merchant.drop_stock(|index| Some(usual(index)));
    let changed = || {
        (0..ARTICLES)
            .filter(|index| merchant.shop.shown(&sku(*index)) != Some(1))
            .count()
    };
    let all_of_market = || merchant.market_shows(usual) && changed() == 5;
    until("five of one, all of the other", all_of_market, || {
        merchant.shown() + &daemon.log()
    })
    .await;
    for again in [false, true] {
        if again {
            daemon.kill();
            daemon = Daemon::start(&merchant.folder.path().join("omnistock.toml"));
            merchant.drop_stock(|index| Some(usual(index) + 1));
            let met = || merchant.market_shows(|index| usual(index) + 1);
            until("the other goes on", met, || daemon.log()).await;
        }
        let ramp = merchant
            .status_says(&daemon, &channel("shop", "ramp"), |ramp| ramp["changed"] == 5)
            .await;
        assert_eq!(ramp["most"], 5);
        let status = said(&merchant, &["status"]);
        assert!(
            status.contains("shop: 5 listings changed in the first hour: all others wait for the ramp until "),
            "{status}"
        );
        let waits = (0..ARTICLES)
            .find(|index| merchant.shop.shown(&sku(*index)) == Some(1))
            .unwrap();
        let why = said(&merchant, &["explain", &sku(waits), "--channel", "shop"]);
        assert!(why.contains("Waits for the ramp until "), "{why}");
        let metrics = merchant.get("/metrics").unwrap().body;
        assert!(metrics.contains("omnistock_ramp_listings_left{channel=\"shop\"} 0"));
        assert_eq!(changed(), 5);
    }
    // Taken out, it holds nobody any more.
    merchant.write(&text.replacen("ramp         = \"5/h\"\n", "", 1));
    said(&merchant, &["reload"]);
    let right = |index: usize| usual(index) + 1;
    merchant.settles(&daemon, right).await;
    assert!(merchant.status().pointer(&channel("shop", "ramp")).is_none());
}
