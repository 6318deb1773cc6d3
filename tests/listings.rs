//! Listings that no SKU belongs to: suggested for, imported, sold, and kept across a kill and a reload.
#![allow(clippy::unwrap_used, reason = "a test")]

use crate::support::daemon::Daemon;
use crate::support::merchant::{ARTICLES, Ended, Merchant, until, usual};
use serde_json::Value;
use std::path::PathBuf;

/// Runs a command that is to succeed.
fn said(merchant: &Merchant, arguments: &[&str]) -> String {
    let ended = merchant.command(arguments);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    ended.out
}

/// A table with these rows behind the usual head.
fn table(merchant: &Merchant, rows: &str) -> String {
    let file: PathBuf = merchant.folder.path().join("import.csv");
    std::fs::write(&file, format!("channel,listing,sku,factor\n{rows}")).unwrap();
    file.display().to_string()
}

/// What every listing sells, and who says so.
fn sold(merchant: &Merchant) -> Vec<String> {
    let table = said(merchant, &["listings", "export"]);
    let columns = |line: &str| line.split(',').take(5).collect::<Vec<_>>().join(",");
    table.lines().map(columns).collect()
}

fn import(merchant: &Merchant, file: &str, more: &[&str]) -> Ended {
    merchant.command(&[&["listings", "import", file][..], more].concat())
}

/// A shop with two strange offers, beside the usual articles.
async fn strange() -> (Merchant, Daemon, String, String) {
    let merchant = Merchant::open().await;
    let other = merchant.shop.add_product("art-03", 1).to_string();
    let pack = merchant.shop.add_product("SIXPACK", 1).to_string();
    let daemon = merchant.at_work().await;
    merchant
        .status_says(&daemon, "/channels/1/listings/unmapped", |count| *count == 2)
        .await;
    (merchant, daemon, other, pack)
}

/// What is left of an article when so many of the fifth are sold.
fn left(index: usize, sold: i64) -> i64 {
    usual(index) - if index == 5 { sold } else { 0 }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_strange_listing_is_suggested_for_imported_and_sold() {
    let (merchant, daemon, other, pack) = strange().await;
    // Sold before anybody knew what it is: a pack of six.
    merchant.shop.buy("SIXPACK", 1).unwrap();
    let file = merchant.folder.path().join("listings.csv").display().to_string();
    let answer = said(&merchant, &["listings", "suggest", "--channel", "shop", "--to", &file]);
    assert!(answer.ends_with("listings.csv: 2 listings, 1 with a SKU\n"), "{answer}");
    let suggested = std::fs::read_to_string(&file).unwrap();
    let plain = format!("shop,{other},ART-03,1,,unmapped,art-03,");
    assert!(suggested.contains("ART-03 (upper and lower case, 95 %)"), "{suggested}");
    assert!(
        suggested.contains(&plain) && suggested.contains(&format!("shop,{pack},,,,unmapped,SIXPACK,")),
        "{suggested}"
    );
    assert!(
        merchant
            .get("/api/v1/listings/suggest?channel=shop")
            .unwrap()
            .body
            .contains("\"confidence\":95")
    );
    assert_eq!(merchant.shop.shown("art-03"), Some(1), "nothing is applied");

    let filled = suggested.replace(&format!("shop,{pack},,,"), &format!("shop,{pack},ART-05,6,"));
    std::fs::write(&file, filled).unwrap();
    let dry = import(&merchant, &file, &["--dry-run"]);
    assert!(dry.out.starts_with("nothing written: 2 listings change"), "{dry:?}");
    assert_eq!(merchant.status()["channels"][1]["listings"]["unmapped"], 2);
    assert_eq!(import(&merchant, &file, &[]).code, Some(2), "a reason is asked for");
    let done = import(&merchant, &file, &["--reason", "packs of six"]);
    assert!(
        done.out.contains("2 listings change;") && done.out.contains("ART-05 x 6"),
        "{done:?}"
    );
    // 15 of them, and six are sold: nine are left, which is one pack.
    merchant.settles(&daemon, |index| left(index, 6)).await;
    let shows =
        |packs: i64| (merchant.shop.shown("art-03"), merchant.shop.shown("SIXPACK")) == (Some(usual(3)), Some(packs));
    until("one pack", || shows(1), || daemon.log()).await;
    let log = said(&merchant, &["log", "--json"]);
    let log: Value = serde_json::from_str(&log).unwrap();
    let entry = log["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["what"] == format!("listing {pack} of shop"));
    let entry = entry.unwrap();
    assert_eq!(
        (&entry["before"], &entry["after"], &entry["reason"]),
        (&"no SKU of ours".into(), &"ART-05 x 6".into(), &"packs of six".into())
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_imported_outlives_a_kill_and_a_reload_until_it_is_taken_back() {
    let (merchant, mut daemon, _, pack) = strange().await;
    let six = table(&merchant, &format!("shop,{pack},ART-05,6\n"));
    let done = import(&merchant, &six, &["--reason", "packs of six"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    let shows = |packs: i64| merchant.shop.shown("SIXPACK") == Some(packs);
    until("two packs", || shows(2), || daemon.log()).await;
    daemon.kill();
    daemon = Daemon::start(&merchant.folder.path().join("omnistock.toml"));
    merchant.shop.buy("SIXPACK", 2).unwrap();
    merchant.settles(&daemon, |index| left(index, 12)).await;
    until("no whole pack is left", || shows(0), || daemon.log()).await;
    said(&merchant, &["reload"]);
    merchant.drop_stock(|index| Some(usual(index) + 12));
    merchant.settles(&daemon, |index| left(index, 12) + 12).await;
    until(
        "two packs",
        || merchant.shop.shown("SIXPACK") == Some(2),
        || daemon.log(),
    )
    .await;

    let export = said(&merchant, &["listings", "export", "--channel", "shop"]);
    assert_eq!(export.lines().count(), 1 + ARTICLES + 2, "{export}");
    assert!(export.contains(&format!("shop,{pack},ART-05,6,import,")), "{export}");
    let same = table(
        &merchant,
        &export
            .lines()
            .skip(1)
            .map(|line| line.split(',').take(4).collect::<Vec<_>>().join(",") + "\n")
            .collect::<String>(),
    );
    let same = import(&merchant, &same, &["--dry-run", "--json"]);
    let same: Value = serde_json::from_str(&same.out).unwrap();
    assert_eq!(
        (&same["changed"], &same["same"]),
        (&0.into(), &(ARTICLES + 1).into()),
        "what was exported changes nothing"
    );
    let back = import(
        &merchant,
        &table(&merchant, &format!("shop,{pack},,\n")),
        &["--remove", "--reason", "sold out"],
    );
    assert_eq!(back.code, Some(0), "{back:?}");
    merchant
        .status_says(&daemon, "/channels/1/listings/unmapped", |count| *count == 2)
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_with_a_fault_changes_nothing_and_every_fault_is_named() {
    let (merchant, _daemon, other, pack) = strange().await;
    let before = sold(&merchant);
    let reason = ["--reason", "x"];
    let wrong = |rows: &str| {
        let ended = import(&merchant, &table(&merchant, rows), &reason);
        assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""), "{ended:?}");
        ended.err
    };
    let found = wrong(&format!(
        "shop,{other},ART-03,1\nshop,{pack},ART-05,6\nshop,{pack},ART-06,1\nshop,999999,ART-01,1\nshop,{other}0,art-01,1\n"
    ));
    let named = format!("line 4, listing: {pack} of shop stands in line 3 already; a listing sells one SKU");
    assert!(found.contains(&named), "{found}");
    let found = wrong(&format!(
        "shop,{other},ART-03,1\nshop,999999,ART-01,1\nshop,{pack},art-05,6\n"
    ));
    assert!(found.contains("2 things are wrong"), "{found}");
    assert!(found.contains("line 3, listing: shop has no listing 999999"), "{found}");
    assert!(found.contains("line 4, sku: no source knows the SKU art-05"), "{found}");
    for (rows, words) in [
        (
            format!("shop,{other},ART-03,0\n"),
            "line 2, factor: 0 is not above zero",
        ),
        (format!("shop,{other},ART-03,x\n"), "line 2, factor: `x` is no number"),
        (
            format!("shp,{other},ART-03,1\n"),
            "line 2, channel: there is no channel shp",
        ),
    ] {
        let found = wrong(&rows);
        assert!(found.contains(words), "{found}");
    }
    let headless = table(&merchant, "");
    std::fs::write(&headless, "channel;listing;sku\n").unwrap();
    let headless = import(&merchant, &headless, &["--dry-run"]);
    assert!(
        headless.err.contains("line 1, factor: this column is missing"),
        "{headless:?}"
    );
    assert_eq!(sold(&merchant), before, "nothing was changed");
    assert!(!said(&merchant, &["log", "--json"]).contains("listing"));
}
