//! A configuration that changes under a running daemon: planned, judged, taken or refused whole.

use crate::support::daemon::Daemon;
use crate::support::merchant::{ARTICLES, Ended, Merchant, until, usual};
use serde_json::Value;
use std::process::Command;

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn plan(merchant: &Merchant) -> Value {
    let ended = merchant.command(&["--json", "plan"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    serde_json::from_str(&ended.out).unwrap()
}

fn refused(merchant: &Merchant, arguments: &[&str]) -> Ended {
    let ended = merchant.command(arguments);
    assert_ne!(ended.code, Some(0), "{ended:?}");
    ended
}

/// The shop sells from hamburg, where nothing is: all of it would be zero.
fn elsewhere(text: &str) -> String {
    let (before, shop) = text.split_once("[channels.shop]").unwrap();
    format!("{before}[channels.shop]{}", shop.replacen("berlin", "hamburg", 1))
}

/// A file that says what berlin has, and that hamburg has nothing.
fn drop_both(merchant: &Merchant, berlin: impl Fn(usize) -> i64) {
    let both = |index: usize| format!("{0};berlin;{1},0\n{0};hamburg;0,0\n", super::sku(index), berlin(index));
    let rows: String = (0..ARTICLES).map(both).collect();
    merchant.drop_file(format!("Artikel;Lager;Bestand\n{rows}").as_bytes());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_that_empties_a_channel_is_refused_until_exactly_it_is_taken() {
    let merchant = Merchant::open().await;
    let daemon = merchant.at_work().await;
    let text = merchant.embedded();
    // More than before, so that it is seen to have come.
    drop_both(&merchant, |index| usual(index) + 1);
    merchant.settles(&daemon, |index| usual(index) + 1).await;
    merchant.write(&elsewhere(&text));
    let planned = merchant.command(&["plan"]);
    let said = words(&planned.out);
    assert!(
        said.contains("!! shop: 24 of 24 to 0 (100.0 %, limit 10%): a plain reload refuses"),
        "{planned:?}"
    );
    assert!(
        said.contains("because omnistock.toml:36 locations berlin -> hamburg: 24"),
        "{planned:?}"
    );
    assert!(said.contains("1 channel unchanged"), "{planned:?}");
    let hash = plan(&merchant)["hash"].as_str().unwrap().to_owned();
    let plain = refused(&merchant, &["reload"]);
    assert!(
        words(&plain.err).contains("!! shop: 24 of 24 to 0") && plain.err.contains(&hash),
        "{plain:?}"
    );
    let other = refused(&merchant, &["reload", "--expect-plan", "00000000", "--reason", "moved"]);
    assert!(
        words(&other.err).contains("is not the one of plan 00000000"),
        "{other:?}"
    );
    // Two sell out meanwhile: the plan is not what it was.
    let left = |index: usize| if index < 2 { 0 } else { usual(index) };
    drop_both(&merchant, left);
    merchant.settles(&daemon, left).await;
    let late = refused(&merchant, &["reload", "--expect-plan", &hash, "--reason", "moved"]);
    assert!(words(&late.err).contains("to 0 was 24, is 22"), "{late:?}");
    assert!(
        merchant.shop_shows(left),
        "and nothing was changed: {}",
        merchant.shown()
    );
    plan(&merchant);
    let taken = merchant.command(&["reload", "--expect-plan", &hash, "--reason", "the shop moved"]);
    assert_eq!(taken.code, Some(0), "{taken:?}");
    until(
        "it shows nothing",
        || merchant.shop_shows(|_| 0),
        || merchant.shown() + &daemon.log(),
    )
    .await;
    assert!(merchant.market_shows(left), "{}", merchant.shown());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hangup_reloads_what_is_good_and_a_bad_file_changes_nothing() {
    let merchant = Merchant::open().await;
    let daemon: Daemon = merchant.at_work().await;
    let hang_up = || {
        let id = daemon.id().to_string();
        assert!(Command::new("kill").args(["-HUP", &id]).status().unwrap().success());
    };
    let text = merchant.embedded();
    merchant.write(&text.replacen(
        "mode         = \"live\"",
        "mode         = \"live\"\nmax_shown    = 20",
        1,
    ));
    hang_up();
    until(
        "the shop is capped",
        || merchant.shop_shows(|index| usual(index).min(20)),
        || merchant.shown() + &daemon.log(),
    )
    .await;
    assert!(merchant.market_shows(usual), "{}", merchant.shown());
    merchant.write(&text.replacen("mode         = \"live\"", "mode         = \"lively\"", 1));
    hang_up();
    let told = || daemon.everything().contains("the configuration was not reloaded");
    until("it says so", told, || daemon.log()).await;
    let wrong = refused(&merchant, &["reload"]);
    assert!(
        words(&wrong.err).contains("omnistock.toml:37:16: error: `mode` in [channels.shop]"),
        "{wrong:?}"
    );
    // What is open while the daemon runs needs a restart.
    merchant.write(&text.replacen("orders_every = \"300ms\"", "orders_every = \"400ms\"", 1));
    let restart = refused(&merchant, &["reload"]);
    assert!(
        words(&restart.err).contains("[channels.shop] (its connector or its times) changed, which needs a restart"),
        "{restart:?}"
    );
    merchant.drop_stock(|index| Some(usual(index) + 1));
    let capped = |index: usize| (usual(index) + 1).min(20);
    until(
        "it goes on as it was",
        || merchant.shop_shows(capped),
        || merchant.shown() + &daemon.log(),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_of_rules_is_read_anew_and_a_bad_one_changes_nothing() {
    let merchant = Merchant::open().await;
    let daemon: Daemon = merchant.at_work().await;
    let list = |rows: &str| {
        let path = merchant.erp().parent().unwrap().join("items.csv");
        std::fs::write(path, format!("sku;channel;setting;value;reason\n{rows}")).unwrap();
    };
    let shows = |cap: i64| move |index: usize| usual(index).min(if index == 1 { cap } else { i64::MAX });
    let capped = super::sku(1);
    list(&format!("{capped};shop;max_shown;2;a few are kept\n"));
    merchant.write(&format!("{}\n[[rules]]\ncsv = \"items.csv\"\n", merchant.embedded()));
    let planned = words(&merchant.command(&["plan"]).out);
    assert!(planned.contains("because items.csv:2 rules: 1"), "{planned}");
    for cap in [2, 1] {
        list(&format!("{capped};shop;max_shown;{cap};a few are kept\n"));
        let taken = merchant.command(&["reload"]);
        assert_eq!(taken.code, Some(0), "{taken:?}");
        until(
            "the shop is capped",
            || merchant.shop_shows(shows(cap)),
            || merchant.shown() + &daemon.log(),
        )
        .await;
    }
    assert!(merchant.market_shows(usual), "{}", merchant.shown());
    let told = words(&merchant.command(&["explain", &capped, "--channel", "shop"]).out);
    assert!(told.contains("cap 1: a few are kept items.csv:2"), "{told}");
    list(&format!("{capped};shop;max_shown;2;\n{capped};shop;max_shwon;3;\n"));
    let bad = refused(&merchant, &["reload"]);
    assert!(
        words(&bad.err).contains("items.csv:3:") && bad.err.contains("did you mean `max_shown`"),
        "{bad:?}"
    );
    assert!(merchant.shop_shows(shows(1)), "{}", merchant.shown());
}
