//! A channel read back on demand, and refused listings, with the real daemon and the command line.

use crate::support::merchant::{Merchant, sku, until, usual};
use serde_json::Value;

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The usual configuration, in which the shop is not read back by itself.
fn seldom(merchant: &Merchant) -> String {
    merchant
        .embedded()
        .replace("audit_every  = \"1s\"", "audit_every  = \"1h\"")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_audit_names_what_differs_and_fixing_puts_it_right() {
    let merchant = Merchant::open().await;
    let daemon = merchant.at_work_on(&seldom(&merchant)).await;
    let waiting = |counts: &Value| counts["in_sync"] == 24;
    merchant.status_says(&daemon, "/channels/1/listings", waiting).await;
    let equal = merchant.command(&["audit", "shop"]);
    assert_eq!(equal.code, Some(0), "{equal:?}");
    assert!(
        words(&equal.out).contains("shop: 24 listings: 24 equal, 0 differ, 0 not compared"),
        "{equal:?}"
    );
    merchant.shop.set_stock(&sku(2), 40);
    let writes = merchant.written();
    let found = merchant.command(&["audit", "shop"]);
    assert_eq!(found.code, Some(1), "{found:?}");
    let said = words(&found.out);
    assert!(
        said.contains("changed by person 1 28 ART-02 12 40") && said.contains("--fix would write 1, leave 0."),
        "{found:?}"
    );
    assert_eq!(merchant.written(), writes, "an audit writes nothing");
    assert_eq!(merchant.shop.shown(&sku(2)), Some(40));
    let fixed = merchant.command(&["audit", "shop", "--fix"]);
    assert_eq!(fixed.code, Some(0), "{fixed:?}");
    merchant.settles(&daemon, usual).await;
    // Forced, everything is written once more, and nothing twice.
    let writes = merchant.shop.counters().items_written;
    let forced = merchant.command(&["audit", "shop", "--force"]);
    assert!(words(&forced.out).contains("writing 24, leaving 0"), "{forced:?}");
    until(
        "all were written",
        || merchant.shop.counters().items_written == writes + 24,
        || daemon.log(),
    )
    .await;
    merchant.status_says(&daemon, "/channels/1/listings", waiting).await;
    assert_eq!(merchant.shop.counters().items_written, writes + 24);
    let unknown = merchant.command(&["audit", "shp"]);
    assert_eq!(unknown.code, Some(1), "{unknown:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_listing_is_left_alone_or_tried_again_by_hand() {
    let merchant = Merchant::open().await;
    let daemon = merchant.at_work_on(&seldom(&merchant)).await;
    merchant.shop.set_managed(&sku(4), false);
    merchant.drop_stock(|index| Some(usual(index) + 1));
    let parked = |counts: &Value| counts["parked"] == 1;
    merchant.status_says(&daemon, "/channels/1/listings", parked).await;
    let listed = merchant.command(&["parked", "list"]);
    assert!(listed.out.contains("ART-04"), "{listed:?}");
    let dropped = merchant.command(&["parked", "drop", &sku(4), "--reason", "sold by hand"]);
    assert_eq!(
        (dropped.code, words(&dropped.out).as_str()),
        (Some(0), "shop: 1 listing left alone"),
        "{dropped:?}"
    );
    let counts = |counts: &Value| counts["parked"] == 0 && counts["excluded"] == 1;
    merchant.status_says(&daemon, "/channels/1/listings", counts).await;
    let explained = words(&merchant.command(&["explain", &sku(4), "--channel", "shop"]).out);
    assert!(
        explained.contains("A person left it alone since") && explained.contains("sold by hand"),
        "{explained}"
    );
    merchant.shop.set_managed(&sku(4), true);
    let tried = merchant.command(&["parked", "retry", "--all"]);
    assert_eq!(words(&tried.out), "shop: 1 listing tried again", "{tried:?}");
    merchant.settles(&daemon, |index| usual(index) + 1).await;
    let none = merchant.command(&["parked", "retry", &sku(4)]);
    assert!(
        none.code == Some(1) && words(&none.err).contains("no refused listing is called ART-04"),
        "{none:?}"
    );
    let without = merchant.command(&["parked", "drop", &sku(4)]);
    assert!(without.code == Some(2) && without.err.contains("reason"), "{without:?}");
}
