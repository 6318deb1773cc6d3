//! Prices from the ERP's file to both channels, on the real daemon: right, held, without a floor, and on time.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

use crate::support::daemon::Daemon;
use crate::support::merchant::{ARTICLES, Merchant, sku, until, usual};
use omnistock_sdk::now;
use omnistock_words::Millis;
use rust_decimal::Decimal;
use serde_json::Value;

/// The article whose cost the ERP does not know.
const NO_COST: usize = 3;
/// The article of the sale.
const SALE: usize = 1;

/// The usual configuration with prices: a floor on the cost, and a sale by a rule with a beginning and an end.
fn text(merchant: &Merchant, sale: (Millis, Millis)) -> String {
    let text = merchant.embedded();
    let columns = "location = \"Lager\" }";
    assert!(text.contains(columns));
    let text = text.replace(
        columns,
        "location = \"Lager\", price = { retail = \"VK\", cost = \"EK\" } }\ncurrency = \"EUR\"",
    );
    let price = "price = { list = \"retail\", floor = { list = \"cost\", factor = \"1.1\" } }\nmode         = \"live\"";
    let text = text.replace("mode         = \"live\"", price);
    let list = |name: &str| format!("[price_lists.{name}]\nfrom = \"erp\"\ncurrency = \"EUR\"\ntax = \"gross\"\n\n");
    let (from, until) = sale;
    text + "\n"
        + &list("retail")
        + &list("cost")
        + &format!(
            "[[rules]]\nmatch = {{ sku = \"{}\" }}\nfrom = {from}\nuntil = {until}\nset = {{ price = {{ factor = \"0.8\" }} }}\n",
            sku(SALE)
        )
}

/// A file with the usual stock and these prices, in cents.
fn file(merchant: &Merchant, cents: impl Fn(usize) -> i64, stock: impl Fn(usize) -> i64) {
    let row = |index: usize| {
        let price = cents(index);
        let cost = if index == NO_COST { "" } else { "5,00" };
        format!(
            "{};berlin;{};{},{:02};{cost}\n",
            sku(index),
            stock(index),
            price / 100,
            price % 100
        )
    };
    let rows: String = (0..ARTICLES).map(row).collect();
    merchant.drop_file(format!("Artikel;Lager;Bestand;VK;EK\n{rows}").as_bytes());
}

/// What both channels ask, in cents.
fn asked(merchant: &Merchant, index: usize) -> (i64, i64) {
    let cents = |amount: Decimal| (amount * Decimal::ONE_HUNDRED).round().to_string().parse().unwrap();
    let shop: Decimal = merchant.shop.asked(&sku(index)).unwrap().0.parse().unwrap();
    let market = merchant.market.asked(&sku(index), "eur", None).unwrap();
    (cents(shop), cents(market))
}

async fn both_ask(merchant: &Merchant, daemon: &Daemon, index: usize, cents: i64) {
    let instead = || {
        let status = serde_json::to_string_pretty(&merchant.status()).unwrap();
        format!(
            "{} asks {:?}\n{status}\n{}",
            sku(index),
            asked(merchant, index),
            daemon.log()
        )
    };
    let what = format!("both ask {cents} for {}", sku(index));
    until(&what, || asked(merchant, index) == (cents, cents), instead).await;
}

fn total(counts: &Value) -> u64 {
    counts
        .as_object()
        .unwrap()
        .values()
        .map(|count| count.as_u64().unwrap())
        .sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_price_file_sets_the_price_at_both_shops_a_slip_is_held_and_without_a_floor_none_goes_out() {
    let merchant = Merchant::open().await;
    let far = now().plus(3_600_000);
    let daemon = Daemon::start(&merchant.write(&text(&merchant, (far, far.plus(1_000)))));
    file(&merchant, |_| 990, usual);
    merchant.settles(&daemon, usual).await;
    let right = |prices: &Value| prices["in_sync"] == 46 && prices["parked"] == 2;
    merchant.status_says(&daemon, "/prices", right).await;

    let cents = |index: usize| match index {
        0 | 2 => 1_090,
        NO_COST => 1_190,
        5 => 99_000,
        _ => 990,
    };
    file(&merchant, cents, |index| usual(index) + 1);
    both_ask(&merchant, &daemon, 0, 1_090).await;
    both_ask(&merchant, &daemon, 2, 1_090).await;
    merchant.settles(&daemon, |index| usual(index) + 1).await;
    assert_eq!(asked(&merchant, NO_COST), (990, 990), "none was written");

    let held = |prices: &Value| prices["held"] == 2 && prices["in_sync"] == 44 && prices["parked"] == 2;
    let prices = merchant.status_says(&daemon, "/prices", held).await;
    assert_eq!(asked(&merchant, 5), (990, 990), "the last good price stays");
    let listings: u64 = (0..2)
        .map(|channel| {
            total(
                merchant
                    .status()
                    .pointer(&format!("/channels/{channel}/listings"))
                    .unwrap(),
            )
        })
        .sum();
    assert_eq!(total(&prices), listings, "the states add up to the catalogue");
    let metrics = merchant.get("/metrics").unwrap().body;
    let line = "omnistock_listings{channel=\"shop\",field=\"price\",state=\"held\"} 1";
    assert!(metrics.contains(line), "{metrics}");
    let parked = merchant.command(&["parked", "list"]).out;
    assert!(parked.contains("the floor can't be computed"), "{parked}");
    let explained = merchant.command(&["explain", &sku(5), "--channel", "shop"]).out;
    let words = explained.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        words.contains("price: 990.00 EUR (held), retail 990.00; floor cost 5.00 x 1.1; held by h-"),
        "{explained}"
    );

    let list: Value = serde_json::from_str(&merchant.command(&["--json", "holds", "list"]).out).unwrap();
    let holds = list["items"].as_array().unwrap();
    assert_eq!(holds.len(), 2, "{list}");
    for hold in holds {
        assert_eq!(hold["what"], "price", "{list}");
        let id = hold["id"].as_str().unwrap();
        assert_eq!(
            merchant.command(&["holds", "approve", id, "--reason", "really"]).code,
            Some(0)
        );
    }
    both_ask(&merchant, &daemon, 5, 99_000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sale_begins_and_ends_on_time_without_any_event() {
    let merchant = Merchant::open().await;
    let (from, end) = (now().plus(6_000), now().plus(9_000));
    let daemon = Daemon::start(&merchant.write(&text(&merchant, (from, end))));
    file(&merchant, |_| 990, usual);
    merchant.settles(&daemon, usual).await;
    both_ask(&merchant, &daemon, SALE, 792).await;
    assert!(now() >= from, "not before its time");
    both_ask(&merchant, &daemon, SALE, 990).await;
    assert!(now() >= end, "not before its time");
    assert_eq!(asked(&merchant, 0), (990, 990));
}
