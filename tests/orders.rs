//! A person at work on orders: what is open, a word that a source contains one, units given back, and why it is in
//! the history.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

use crate::support::daemon::Daemon;
use crate::support::merchant::{Ended, Merchant, sku, until, usual};
use serde_json::Value;

fn json(ended: &Ended) -> Value {
    assert_eq!(ended.code, Some(0), "{ended:?}");
    serde_json::from_str(&ended.out).unwrap()
}

/// What can't be meant is refused, and changes nothing.
fn refused(merchant: &Merchant, first: &str) {
    for (arguments, said) in [
        (
            ["orders", "show", "shop", "99999", "", ""],
            "has told of no order 99999",
        ),
        (
            ["orders", "absorb", "shop", first, "--source", "nobody"],
            "there is no source nobody",
        ),
        (["orders", "release", "shop", first, "--line", "77"], "has no such line"),
    ] {
        let mut arguments: Vec<&str> = arguments.into_iter().filter(|word| !word.is_empty()).collect();
        if arguments.get(1) != Some(&"show") {
            arguments.extend(["--reason", "a test"]);
        }
        let ended = merchant.command(&arguments);
        assert!(ended.code == Some(1) && ended.err.contains(said), "{ended:?}");
    }
    let unreasoned = merchant.command(&["orders", "release", "shop", first, "--reason", " "]);
    assert!(
        unreasoned.code != Some(0) && unreasoned.err.contains("reason"),
        "{unreasoned:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_sees_open_orders_and_mends_them_with_a_reason() {
    let merchant = Merchant::open().await;
    let daemon = merchant.at_work().await;
    let listed = |arguments: &[&str]| json(&merchant.command(&[&["orders", "list", "--json"], arguments].concat()));
    assert_eq!(listed(&[])["total"], 0);

    merchant.shop.buy(&sku(5), 4).unwrap();
    merchant.shop.buy(&sku(6), 3).unwrap();
    let sales = merchant.shop.sales();
    let sold = |index: usize| {
        usual(index)
            - [(5, 4), (6, 3)]
                .iter()
                .find(|(of, _)| *of == index)
                .map_or(0, |(_, n)| *n)
    };
    merchant.settles(&daemon, sold).await;
    let open = listed(&["--channel", "shop"]);
    assert_eq!(open["total"], 2, "{open}");
    let (first, second) = (sales[0].order.to_string(), sales[1].order.to_string());
    let order = json(&merchant.command(&["orders", "show", "shop", &first, "--json"]));
    let line = &order["lines"][0];
    assert_eq!(
        (&line["quantity"], &line["contained"], &line["open"]),
        (&"4".into(), &"0".into(), &true.into())
    );
    assert_eq!(line["sourced"][0]["location"], "berlin");
    assert_eq!(listed(&["--channel", "market"])["total"], 0);

    refused(&merchant, &first);

    // The ERP has one under a number of its own; the other was deleted in the shop.
    let absorb = [
        "orders",
        "absorb",
        "shop",
        &first,
        "--reason",
        "imported by hand as R-77",
        "--json",
    ];
    assert_eq!(json(&merchant.command(&absorb))["lines"][0]["contained"], "4");
    let absorbed = |index: usize| sold(index) + if index == 5 { 4 } else { 0 };
    merchant.settles(&daemon, absorbed).await;
    let line = sales[1].line.to_string();
    let back = [
        "orders",
        "release",
        "shop",
        &second,
        "--line",
        &line,
        "--quantity",
        "2",
        "--reason",
        "two never left",
    ];
    let told = merchant.command(&back);
    assert!(
        told.code == Some(0) && told.out.contains("a person gave 2 back"),
        "{told:?}"
    );
    let released = |index: usize| absorbed(index) + if index == 6 { 2 } else { 0 };
    merchant.settles(&daemon, released).await;
    assert_eq!(listed(&[])["total"], 1, "one unit of the second is still subtracted");
    assert!(
        merchant
            .command(&["orders", "list", "--leaks"])
            .out
            .contains("no leaks")
    );

    lasting(&merchant, daemon, released).await;
}

/// Both are in the history, and a restart and another report of the orders change nothing.
async fn lasting(merchant: &Merchant, mut daemon: Daemon, released: impl Fn(usize) -> i64) {
    for (index, reason) in [(5, "imported by hand as R-77"), (6, "two never left")] {
        let explained = || {
            merchant
                .command(&["explain", &sku(index), "--channel", "shop", "--json"])
                .out
        };
        until("the reason is told", || explained().contains(reason), explained).await;
    }
    daemon.terminate();
    let daemon = Daemon::start(&merchant.folder.path().join("omnistock.toml"));
    merchant.drop_stock(|index| Some(usual(index) + 1));
    merchant.settles(&daemon, |index| released(index) + 1).await;
}
