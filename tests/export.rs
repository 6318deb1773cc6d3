//! A channel that is a file: what the ERP has, less what is sold elsewhere, in one file that others fetch.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

use crate::support::daemon::Daemon;
use crate::support::merchant::{ARTICLES, Merchant, sku, until, usual};
use std::fs;

/// The usual configuration with a third channel: a file of both places' stock with its own trailer.
fn text(merchant: &Merchant) -> String {
    let folder = merchant.folder.path().display();
    let channel = format!(
        r#"
[connectors.portal]
kind      = "file"
path      = "{folder}/out/stock.csv"
locations = ["berlin"]
columns   = {{ sku = "Artikel", quantity = "Frei", location = "Lager", price = "Preis", currency = "W" }}
format    = {{ delimiter = ";", decimal = ",", trailer = "EOF;{{rows}};{{sum}}" }}

[channels.portal]
locations   = ["berlin"]
mode        = "live"
audit_every = "1s"
price       = {{ list = "retail", floor = "1.00" }}

[price_lists.retail]
from     = "erp"
currency = "EUR"
tax      = "gross"
"#
    );
    let prices = "location = \"Lager\", price = { retail = \"VK\" } }\ncurrency = \"EUR\"";
    merchant.embedded().replace("location = \"Lager\" }", prices) + &channel
}

fn drop_stock(merchant: &Merchant, articles: usize, of: impl Fn(usize) -> i64) {
    let row = |index: usize| format!("{};berlin;{};9,90\n", sku(index), of(index));
    let rows: String = (0..articles).map(row).collect();
    merchant.drop_file(format!("Artikel;Lager;Bestand;VK\n{rows}").as_bytes());
}

fn file(articles: usize, of: impl Fn(usize) -> i64) -> String {
    let row = |index: usize| format!("{};berlin;{};9,90;EUR\n", sku(index), of(index));
    let (rows, sum) = (
        (0..articles).map(row).collect::<String>(),
        (0..articles).map(of).sum::<i64>(),
    );
    format!("Artikel;Lager;Frei;Preis;W\n{rows}EOF;{articles};{sum}\n")
}

async fn says(merchant: &Merchant, daemon: &Daemon, wanted: &str) {
    let path = merchant.folder.path().join("out/stock.csv");
    let read = || fs::read_to_string(&path).unwrap_or_default();
    let instead = || {
        format!(
            "{}\nwanted\n{wanted}\n{:#}\n{}",
            read(),
            merchant.status(),
            daemon.log()
        )
    };
    until("the exported file", || read() == wanted, instead).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_may_be_sold_stands_in_a_file_that_is_always_whole() {
    let merchant = Merchant::open().await;
    let out = merchant.folder.path().join("out");
    fs::create_dir(&out).unwrap();
    let daemon = Daemon::start(&merchant.write(&text(&merchant)));
    drop_stock(&merchant, ARTICLES, usual);
    says(&merchant, &daemon, &file(ARTICLES, usual)).await;

    let offered = || merchant.shop.shown(&sku(3)) == Some(usual(3));
    until("the shop offers it, too", offered, || daemon.log()).await;
    merchant.shop.buy(&sku(3), 2).unwrap();
    let left = |index: usize| usual(index) - if index == 3 { 2 } else { 0 };
    says(&merchant, &daemon, &file(ARTICLES, left)).await;

    fs::rename(out.join("stock.csv"), out.join("fetched.csv")).unwrap();
    says(&merchant, &daemon, &file(ARTICLES, left)).await;

    drop_stock(&merchant, ARTICLES + 1, usual);
    says(&merchant, &daemon, &file(ARTICLES + 1, left)).await;
    assert_eq!(merchant.command(&["check"]).code, Some(0));
    assert_eq!(merchant.command(&["check", "--live"]).code, Some(0));
    fs::remove_dir_all(&out).unwrap();
    let check = merchant.command(&["check", "--live"]);
    assert_eq!(check.code, Some(1));
    let said = check.out + &check.err;
    let words = said.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("does not exist: create it, or correct `path`"), "{said}");
}
