//! A report that the source's own guard lets through, and the channels' guards don't.

use crate::support::daemon::Daemon;
use crate::support::merchant::{Merchant, sku, until, usual};
use serde_json::Value;

/// The usual configuration, with a source that may say anything.
fn wide(merchant: &Merchant) -> String {
    let guard = "guard = { rows_missing = \"100%\", total_drop = \"100%\", newly_zero = \"100%\" }";
    let basis = "basis    = \"physical\"";
    let text = merchant.embedded();
    assert!(text.contains(basis));
    text.replace(basis, &format!("{basis}\n{guard}"))
}

/// Waits until both channels hold so many listings; the names of the holds.
async fn held(merchant: &Merchant, daemon: &Daemon, listings: u64) -> Vec<String> {
    for channel in 0..2 {
        let pointer = format!("/channels/{channel}/listings/held");
        merchant
            .status_says(daemon, &pointer, |held| held.as_u64() == Some(listings))
            .await;
    }
    let list: Value = serde_json::from_str(&merchant.command(&["--json", "holds", "list"]).out).unwrap();
    let items = list["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| item["id"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_zeroes_half_a_shop_is_held_there_and_orders_still_lower_it() {
    let merchant = Merchant::open().await;
    let mut daemon = merchant.at_work_on(&wide(&merchant)).await;
    merchant.drop_stock(|index| Some(if index < 12 { 0 } else { usual(index) + 1 }));
    let ids = held(&merchant, &daemon, 12).await;
    assert_eq!(ids.len(), 2, "one a channel: {ids:?}");
    let rest = |index: usize| usual(index) + i64::from(index >= 12);
    merchant.settles(&daemon, rest).await;
    let status = merchant.command(&["status"]).out;
    assert!(
        status.contains("2 held") && status.contains("omnistock holds list"),
        "{status}"
    );
    let list = merchant.command(&["holds", "list"]).out;
    let said = "newly_zero: 12 of 24 listings would newly show zero (limit 10%)";
    let words = list.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        words.contains(said) && words.contains("first ART-00 keeps 10") && words.contains("market, 12 listings"),
        "{list}"
    );
    // A sale lowers the channel that did not sell, also behind a restart.
    merchant.shop.buy(&sku(0), 2).unwrap();
    merchant
        .settles(&daemon, |index| rest(index) - if index == 0 { 2 } else { 0 })
        .await;
    daemon.terminate();
    daemon = Daemon::start(&merchant.folder.path().join("omnistock.toml"));
    merchant.shop.buy(&sku(1), 1).unwrap();
    let sold = |index: usize| [2, 1].get(index).copied().unwrap_or(0);
    merchant.settles(&daemon, |index| rest(index) - sold(index)).await;
    assert_eq!(
        held(&merchant, &daemon, 12).await,
        ids,
        "the same names after a restart"
    );
    let zeros = |writes: usize| merchant.shop.writes().iter().filter(|write| write.after == 0).count() > writes;
    assert!(!zeros(0), "no zero went out");

    for id in &ids {
        let approved = merchant.command(&["holds", "approve", id, "--reason", "the lamps are gone"]);
        assert_eq!(approved.code, Some(0), "{approved:?}");
    }
    merchant
        .settles(&daemon, |index| if index < 12 { 0 } else { rest(index) })
        .await;
    held(&merchant, &daemon, 0).await;
    assert_eq!(merchant.command(&["holds", "list"]).out, "nothing held\n");
    let again = merchant.command(&["holds", "approve", &ids[0], "--reason", "once more"]);
    assert_eq!(again.code, Some(1), "{again:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rejected_hold_stays_without_a_new_page_until_there_is_stock_again() {
    let merchant = Merchant::open().await;
    let daemon = merchant.at_work_on(&wide(&merchant)).await;
    let half = |index: usize| Some(if index.is_multiple_of(2) { 0 } else { usual(index) });
    merchant.drop_stock(half);
    for id in held(&merchant, &daemon, 12).await {
        let rejected = merchant.command(&["holds", "reject", &id, "--reason", "the export was cut off"]);
        assert_eq!(rejected.code, Some(0), "{rejected:?}");
        let log: Value = serde_json::from_str(&merchant.command(&["log", "--json"]).out).unwrap();
        let newest = &log["items"][0];
        assert!(
            newest["what"].as_str().unwrap().starts_with(&format!("hold {id}: ")),
            "{log}"
        );
        assert_eq!(
            (&newest["before"], &newest["after"]),
            (&"held".into(), &"asked for: rejected".into())
        );
    }
    let quiet = |attention: &Value| attention.as_array().is_some_and(Vec::is_empty);
    merchant.status_says(&daemon, "/attention", quiet).await;
    let name = merchant.drop_stock(half);
    let done = merchant.erp().join("done").join(name);
    until("the file is taken", || done.exists(), || daemon.log()).await;
    held(&merchant, &daemon, 12).await;
    merchant.status_says(&daemon, "/attention", quiet).await;
    let list = merchant.command(&["holds", "list"]).out;
    assert!(list.contains("rejected: the export was cut off"), "{list}");
    assert!(merchant.both_show(usual), "{}", merchant.shown());
    merchant.drop_stock(|index| Some(usual(index) + 3));
    merchant.settles(&daemon, |index| usual(index) + 3).await;
    assert_eq!(held(&merchant, &daemon, 0).await, Vec::<String>::new());
}
