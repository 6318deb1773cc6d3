//! Exports that are well-formed and wrong, one after the other at one daemon: the rows of the second table of
//! `docs/hostile-inputs.md`, by name. Each is stopped, each is told, and no number or price changes.

use super::held;
use crate::support::daemon::Daemon;
use crate::support::merchant::{ARTICLES, Merchant, read, sku, until, usual};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;
use std::time::{Duration, SystemTime};

/// Of every article, in cents.
const PRICE: i64 = 990;

/// What stops an export.
enum Stopped {
    /// A guard holds the whole report.
    Held,
    /// Guards hold the prices of both channels.
    PricesHeld,
    /// Facts of this name are set aside and counted.
    SetAside(&'static str),
    /// It is read and put away, and older or equal figures change nothing.
    Ignored,
}

struct Export {
    name: &'static str,
    place: &'static str,
    /// `None`: the row is missing.
    quantity: fn(usize, i64) -> Option<i64>,
    cents: i64,
    currency: &'static str,
    /// Written so long ago.
    age: Duration,
    stopped: Stopped,
}

fn export(name: &'static str, stopped: Stopped) -> Export {
    Export {
        name,
        place: "berlin",
        quantity: |_, right| Some(right),
        cents: PRICE,
        currency: "EUR",
        age: Duration::ZERO,
        stopped,
    }
}

fn exports() -> Vec<Export> {
    vec![
        Export {
            quantity: |index, right| (index % 2 == 0).then_some(right + 200),
            ..export("an export with half the rows", Stopped::Held)
        },
        Export {
            quantity: |_, _| Some(0),
            ..export("an export of nothing but zeros", Stopped::Held)
        },
        Export {
            place: "atlantis",
            ..export("every row at a place that nobody declared", Stopped::Held)
        },
        Export {
            cents: PRICE * 100,
            ..export("prices × 100", Stopped::PricesHeld)
        },
        Export {
            cents: 10,
            ..export("prices ÷ 100", Stopped::PricesHeld)
        },
        Export {
            cents: 0,
            ..export("prices of nothing", Stopped::PricesHeld)
        },
        Export {
            currency: "CHF",
            ..export("another currency", Stopped::SetAside("foreign_price"))
        },
        Export {
            quantity: |_, right| Some(right - 5),
            age: Duration::from_hours(1),
            ..export("an old export replayed", Stopped::Ignored)
        },
        export("the newest export once more", Stopped::Ignored),
    ]
}

/// The usual configuration with prices of both channels, and a currency in every row.
fn configuration(merchant: &Merchant) -> String {
    let column = "location = \"Lager\" }";
    let columns = "location = \"Lager\", price = { retail = \"VK\" }, currency = \"W\" }";
    let price = "price = { list = \"retail\", floor = \"none\" }\nmode         = \"live\"";
    let text = merchant.embedded();
    assert!(text.contains(column));
    text.replace(column, columns).replace("mode         = \"live\"", price)
        + "\n[price_lists.retail]\nfrom = \"erp\"\ncurrency = \"EUR\"\ntax = \"gross\"\n"
}

fn text(export: &Export, more: i64) -> String {
    let mut text = "Artikel;Lager;Bestand;VK;W\n".to_owned();
    for index in 0..ARTICLES {
        let Some(quantity) = (export.quantity)(index, usual(index) + more) else {
            continue;
        };
        let Export {
            place, cents, currency, ..
        } = export;
        let (whole, part) = (cents / 100, cents % 100);
        writeln!(text, "{};{place};{quantity};{whole},{part:02};{currency}", sku(index)).unwrap();
    }
    text
}

fn drop_export(merchant: &Merchant, export: &Export, more: i64) -> String {
    let name = merchant.name();
    let part = merchant.erp().join(format!("{name}.part"));
    std::fs::write(&part, text(export, more)).unwrap();
    let file = std::fs::File::options().write(true).open(&part).unwrap();
    file.set_modified(SystemTime::now() - export.age).unwrap();
    std::fs::rename(part, merchant.erp().join(&name)).unwrap();
    name
}

fn all_ask(merchant: &Merchant) -> bool {
    let price: rust_decimal::Decimal = "9.90".parse().unwrap();
    let at_shop = |index: usize| {
        merchant
            .shop
            .asked(&sku(index))
            .is_some_and(|asked| asked.0.parse() == Ok(price))
    };
    let at_market = |index: usize| merchant.market.asked(&sku(index), "eur", None) == Some(price);
    (0..ARTICLES).all(|index| at_shop(index) && at_market(index))
}

/// Waits until it is told that the export was stopped.
async fn told(merchant: &Merchant, daemon: &Daemon, export: &Export, file: &str, before: &Value) {
    match export.stopped {
        Stopped::Held => drop(held(merchant, daemon, file).await),
        Stopped::PricesHeld => {
            let all = |prices: &Value| prices["held"] == 2 * ARTICLES;
            merchant.status_says(daemon, "/prices", all).await;
        }
        Stopped::SetAside(fact) => {
            let known = before[fact].as_u64().unwrap_or_default();
            let counted = |facts: &Value| facts[fact].as_u64().is_some_and(|count| count > known);
            merchant.status_says(daemon, "/complaints", counted).await;
        }
        Stopped::Ignored => {
            merchant
                .status_says(daemon, "/sources/0/last/title", |title| *title == file)
                .await;
            let done = merchant.erp().join("done").join(file);
            until("done", || done.exists(), || daemon.log()).await;
            // What is older than what is known is counted; what is known already is nothing new.
            if !export.age.is_zero() {
                let once = |facts: &Value| facts["old_report"] == 1;
                merchant.status_says(daemon, "/complaints", once).await;
                let metrics = merchant.get("/metrics").unwrap().body;
                let line = "omnistock_reports_total{source=\"erp\",outcome=\"old\"} 1";
                assert!(metrics.contains(line), "{metrics}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exports_that_are_wrong_as_a_whole_change_no_number_and_no_price() {
    let merchant = Merchant::open().await;
    let daemon = Daemon::start(&merchant.write(&configuration(&merchant)));
    let right = export("", Stopped::Ignored);
    let mut more = 0;
    drop_export(&merchant, &right, more);
    merchant.settles(&daemon, usual).await;
    let instead = || format!("{}\n{}", merchant.status(), daemon.log());
    until("all prices right", || all_ask(&merchant), instead).await;
    for export in exports() {
        let before = merchant.status().pointer("/complaints").cloned().unwrap_or_default();
        let file = drop_export(&merchant, &export, more);
        told(&merchant, &daemon, &export, &file, &before).await;
        assert!(
            merchant.both_show(|index| usual(index) + more),
            "{}: {}",
            export.name,
            merchant.shown()
        );
        assert!(all_ask(&merchant), "{}: other prices", export.name);
        // A good one behind it is taken, and releases what was held.
        more += 1;
        drop_export(&merchant, &right, more);
        merchant.settles(&daemon, |index| usual(index) + more).await;
        let free = |status: &Value| {
            let reports = status.pointer("/sources/0/held").and_then(Value::as_array);
            reports.is_none_or(Vec::is_empty) && status["prices"]["in_sync"] == 2 * ARTICLES
        };
        merchant.status_says(&daemon, "", free).await;
    }
    assert!(all_ask(&merchant));
    let odd: Vec<_> = merchant
        .shop
        .writes()
        .into_iter()
        .filter(|write| write.after == 0 || write.after >= 200)
        .collect();
    assert!(odd.is_empty(), "{odd:?}");
}

#[test]
fn the_page_lists_these_exports() {
    let page = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/hostile-inputs.md")).unwrap();
    let rows = page.split("<!-- exports: begin -->").nth(1).unwrap();
    let rows = rows.split("<!-- exports: end -->").next().unwrap();
    let listed: BTreeSet<&str> = rows
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(" | ").next())
        .filter(|name| *name != "what comes")
        .collect();
    let exports = exports();
    assert_eq!(listed, exports.iter().map(|export| export.name).collect());
}
