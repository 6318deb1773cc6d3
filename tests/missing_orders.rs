//! Orders that nobody told of, orders that vanished, and numbers that fell without any: a real daemon at a simulated shop.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

use crate::support::daemon::Daemon;
use crate::support::merchant::{Ended, Merchant, sku, until, usual};
use omnistock_woocommerce::simulator::Faults;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;

fn json(ended: &Ended) -> Value {
    assert_eq!(ended.code, Some(0), "{ended:?}");
    serde_json::from_str(&ended.out).unwrap()
}

fn text(merchant: &Merchant) -> String {
    let times = "orders_every = \"300ms\"\nmissing_after = \"500ms\"";
    merchant.embedded().replace("orders_every = \"300ms\"", times)
}

fn orders_of_shop(status: &Value) -> Value {
    let channels = status["channels"].as_array().cloned().unwrap_or_default();
    let shop = channels.into_iter().find(|channel| channel["name"] == "shop");
    shop.map(|shop| shop["orders"].clone()).unwrap_or_default()
}

fn metric(merchant: &Merchant, name: &str) -> Option<i64> {
    let metrics = merchant.get("/metrics").unwrap().body;
    let line = metrics
        .lines()
        .find(|line| line.starts_with(&format!("{name}{{channel=\"shop\"}}")))?;
    line.split(' ').next_back()?.parse().ok()
}

/// Waits until every number was seen to be right: what falls before that may never have been.
async fn read_back(merchant: &Merchant, daemon: &Daemon) {
    let seen = |channels: &Value| {
        let channels = channels.as_array().unwrap();
        channels.iter().all(|channel| channel["listings"]["in_sync"] == 24)
    };
    merchant.status_says(daemon, "/channels", seen).await;
}

async fn full_read_says(merchant: &Merchant, daemon: &Daemon, what: &str, met: impl Fn(&Value) -> bool) -> Value {
    let mut orders = Value::Null;
    let instead = || format!("{}\n{}", merchant.status(), daemon.log());
    let asked = || {
        let asked = merchant.command(&["sync", "shop", "--full"]);
        assert_eq!(asked.code, Some(0), "{asked:?}");
        orders = orders_of_shop(&merchant.status());
        met(&orders)
    };
    until(what, asked, instead).await;
    orders
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_deleted_in_the_shop_is_listed_as_a_leak_and_mended() {
    let merchant = Merchant::open().await;
    let daemon = merchant.at_work_on(&text(&merchant)).await;
    merchant.shop.buy(&sku(5), 4).unwrap();
    merchant.shop.buy(&sku(6), 3).unwrap();
    let sold = |index: usize| {
        usual(index)
            - [(5, 4), (6, 3)]
                .iter()
                .find(|(of, _)| *of == index)
                .map_or(0, |(_, n)| *n)
    };
    merchant.settles(&daemon, sold).await;
    let sale = merchant.shop.sales()[0].clone();
    assert!(merchant.shop.delete(sale.order));

    let orders = full_read_says(&merchant, &daemon, "it is gone", |orders| orders["gone"] == 1).await;
    assert_eq!(
        (&orders["missed"], &orders["unasked"]),
        (&0.into(), &0.into()),
        "{orders}"
    );
    assert_eq!(metric(&merchant, "omnistock_orders_gone"), Some(1));
    let attention = merchant.status()["attention"].to_string();
    assert!(
        attention.contains("1 open orders are not there any more"),
        "{attention}"
    );
    let leaks = json(&merchant.command(&["orders", "list", "--leaks", "--json"]));
    assert_eq!(leaks["total"], 1, "{leaks}");
    let leak = &leaks["items"][0];
    assert_eq!(
        (&leak["what"], &leak["sku"], &leak["quantity"]),
        (&"line".into(), &sku(5).into(), &"4".into())
    );
    let mend = format!(
        "omnistock orders release shop {} --line {} --reason TEXT",
        sale.order, sale.line
    );
    assert!(leak["mend"].as_str().unwrap().starts_with(&mend), "{leak}");

    let mut words: Vec<String> = mend.split(' ').skip(1).map(str::to_owned).collect();
    *words.last_mut().unwrap() = "deleted in the shop".to_owned();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mended = merchant.command(&words);
    assert_eq!(mended.code, Some(0), "{mended:?}");
    merchant
        .settles(&daemon, |index| sold(index) + if index == 5 { 4 } else { 0 })
        .await;
    assert_eq!(orders_of_shop(&merchant.status())["gone"], 0);
    assert!(
        merchant
            .command(&["orders", "list", "--leaks"])
            .out
            .contains("no leaks")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_that_polls_missed_is_found_by_the_number_that_fell() {
    let merchant = Merchant::open().await;
    let (page, told) = (merchant.folder.path().join("page"), merchant.folder.path().join("told"));
    let says = "\"$OMNISTOCK_EVENT $OMNISTOCK_STATE $OMNISTOCK_SUBJECT $OMNISTOCK_TEXT\"";
    fs::write(&page, format!("#!/bin/sh\necho {says} >> {}\n", told.display())).unwrap();
    fs::set_permissions(&page, fs::Permissions::from_mode(0o755)).unwrap();
    let text = format!("{}\n[[notify]]\nexec = [\"page\"]\n", text(&merchant));
    let mut daemon = merchant.at_work_on(&text).await;
    read_back(&merchant, &daemon).await;
    daemon.terminate();
    // Placed while nobody looked, with a time of change that no poll asks for any more.
    merchant.shop.buy(&sku(7), 3).unwrap();
    let order = merchant.shop.sales()[0].order;
    merchant.shop.backdate(order, 90_000);

    let daemon = Daemon::start(&merchant.folder.path().join("omnistock.toml"));
    merchant
        .settles(&daemon, |index| usual(index) - if index == 7 { 3 } else { 0 })
        .await;
    let instead = || format!("{}\n{}", merchant.status(), daemon.log());
    until(
        "it is told",
        || orders_of_shop(&merchant.status())["missed"] == 1,
        instead,
    )
    .await;
    let orders = orders_of_shop(&merchant.status());
    assert_eq!(orders["missed_orders"][0], format!("{order} ({})", sku(7)));
    assert_eq!(metric(&merchant, "omnistock_orders_missed_total"), Some(1));
    let attention = merchant.status()["attention"].to_string();
    assert!(
        attention.contains("1 orders were missed") && attention.contains("omnistock sync shop --full"),
        "{attention}"
    );
    assert!(
        daemon.log().contains("missed by polls and webhooks"),
        "{}",
        daemon.log()
    );
    let said = || fs::read_to_string(&told).unwrap_or_default();
    let line = format!(
        "orders_missing open shop 1 orders were missed by polls and webhooks, and count since a full read: {order} ("
    );
    until("somebody is told", || said().contains(&line), said).await;
    // Looked for once more, nothing is missing.
    let orders = full_read_says(&merchant, &daemon, "none is missing", |orders| orders["missed"] == 0).await;
    assert_eq!(orders["gone"], 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn numbers_that_fall_without_orders_are_told_with_their_articles() {
    let merchant = Merchant::open().await;
    let daemon = merchant.at_work_on(&text(&merchant)).await;
    read_back(&merchant, &daemon).await;
    for index in [3, 4, 5] {
        merchant.shop.set_stock(&sku(index), usual(index) - 2);
    }
    let fallen = || orders_of_shop(&merchant.status())["fallen"].clone();
    let instead = || format!("{}\n{}", merchant.status(), daemon.log());
    until("they are told", || fallen()["count"] == 3, instead).await;
    assert_eq!(fallen()["examples"], serde_json::json!([sku(3), sku(4), sku(5)]));
    let attention = merchant.status()["attention"].to_string();
    for part in [
        "3 articles fell by 6 units since 20",
        &sku(3),
        "omnistock sync shop --full",
    ] {
        assert!(attention.contains(part), "{attention}");
    }
    assert_eq!(metric(&merchant, "omnistock_articles_fallen"), Some(3));
    assert!(daemon.log().contains("orders may be missing"), "{}", daemon.log());
    merchant.settles(&daemon, usual).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_that_nobody_understands_is_named_and_no_other_waits_for_it() {
    let merchant = Merchant::open().await;
    let text = text(&merchant);
    let mut daemon = merchant.at_work_on(&text).await;
    daemon.terminate();
    let bad = merchant.shop.buy(&sku(5), 4).unwrap();
    merchant.shop.set_faults(Faults {
        spoiled_order: Some(bad),
        ..Faults::default()
    });
    merchant.shop.buy(&sku(6), 3).unwrap();
    let mut daemon = Daemon::start(&merchant.write(&text));
    let good = |index: usize| usual(index) - if index == 6 { 3 } else { 0 };
    until("the other one counts", || merchant.market_shows(good), || daemon.log()).await;
    let named = |orders: &Value| orders["unclear"] == 1;
    full_read_says(&merchant, &daemon, "it is named", named).await;
    assert_eq!(metric(&merchant, "omnistock_orders_unclear"), Some(1));
    let attention = merchant.status()["attention"].to_string();
    let told = format!("shop: 1 order can't be understood, and what it takes is in no number: {bad}: line ");
    assert!(attention.contains(&told), "{attention}");
    assert!(attention.contains("look at it in WooCommerce"), "{attention}");
    assert!(
        daemon.log().contains(&format!("order {bad}: line ")),
        "{}",
        daemon.log()
    );

    daemon.terminate();
    merchant.shop.set_faults(Faults::default());
    let mut daemon = Daemon::start(&merchant.write(&text));
    let both = |index: usize| good(index) - if index == 5 { 4 } else { 0 };
    merchant.settles(&daemon, both).await;
    let clear =
        |channels: &Value| channels.to_string().contains("\"missed\"") && !channels.to_string().contains("unclear");
    merchant.status_says(&daemon, "/channels", clear).await;
    daemon.terminate();
}
