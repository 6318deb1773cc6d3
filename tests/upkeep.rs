//! What a daemon does by itself: rules begin and end on time, also across a `kill -9`; the cutover of a
//! source is set once.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

use crate::support::daemon::Daemon;
use crate::support::merchant::{Merchant, until, usual};
use omnistock_words::Millis;

/// So late a time may count on a machine that does much else, milliseconds; never a millisecond early.
const LATE: i64 = 20_000;

/// The usual merchant, whose shop shows at most five of everything between two instants.
fn capped(merchant: &Merchant, from: Millis, until: Millis) -> String {
    format!(
        "{}\n[[rules]]\nmatch    = {{ sku = \"*\" }}\nchannels = [\"shop\"]\nfrom     = {from}\nuntil    = {until}\nset      = {{ max_shown = \"5\" }}\n",
        merchant.embedded()
    )
}

async fn shop_shows(merchant: &Merchant, daemon: &Daemon, of: impl Fn(usize) -> i64) -> Millis {
    let instead = || format!("{}\n{}", merchant.shown(), daemon.log());
    until("the shop's numbers", || merchant.shop_shows(&of), instead).await;
    omnistock_sdk::now()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rule_begins_and_ends_on_time_without_any_event() {
    let merchant = Merchant::open().await;
    let now = omnistock_sdk::now();
    let (from, end) = (now.plus(6_000), now.plus(12_000));
    let mut daemon = merchant.at_work_on(&capped(&merchant, from, end)).await;
    assert!(
        omnistock_sdk::now() < from,
        "the machine was too slow for this test to say anything"
    );
    let begun = shop_shows(&merchant, &daemon, |_| 5).await;
    assert!((0..LATE).contains(&begun.since(from)), "{} ms late", begun.since(from));
    assert!(merchant.market_shows(usual), "the rule is the shop's alone");
    let ended = shop_shows(&merchant, &daemon, usual).await;
    assert!((0..LATE).contains(&ended.since(end)), "{} ms late", ended.since(end));
    daemon.terminate();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_time_that_comes_while_nobody_is_there_counts_at_the_next_start() {
    let merchant = Merchant::open().await;
    let now = omnistock_sdk::now();
    let (from, end) = (now.plus(6_000), now.plus(14_000));
    let mut daemon = merchant.at_work_on(&capped(&merchant, from, end)).await;
    daemon.kill();
    assert!(merchant.shop_shows(usual));
    until("the rule has begun", || omnistock_sdk::now() > from, String::new).await;
    daemon = Daemon::start(&merchant.folder.path().join("omnistock.toml"));
    shop_shows(&merchant, &daemon, |_| 5).await;
    // Killed again, and back before the end: the timers are there again.
    daemon.kill();
    daemon = Daemon::start(&merchant.folder.path().join("omnistock.toml"));
    let ended = shop_shows(&merchant, &daemon, usual).await;
    assert!(ended >= end);
    daemon.terminate();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_cutover_is_set_once_and_survives_the_loss_of_the_store() {
    let merchant = Merchant::open().await;
    let before = omnistock_sdk::now();
    let mut daemon = merchant.at_work().await;
    let pointer = "/sources/0/cutover";
    let first = merchant.status_says(&daemon, pointer, |found| !found.is_null()).await;
    let cutover: Millis = serde_json::from_value(first.clone()).unwrap();
    assert!(
        cutover.plus(1_000) > before && cutover <= omnistock_sdk::now(),
        "{cutover}"
    );
    let page = merchant.command(&["status"]);
    assert!(page.out.contains("erp is watched since"), "{page:?}");
    let again = async |daemon: &Daemon| merchant.status_says(daemon, pointer, |found| !found.is_null()).await;

    daemon.kill();
    daemon = Daemon::start(&merchant.folder.path().join("omnistock.toml"));
    assert_eq!(again(&daemon).await, first);
    daemon.terminate();

    let state = merchant.folder.path().join("state");
    for file in std::fs::read_dir(&state).unwrap() {
        let file = file.unwrap();
        if file.file_name().to_string_lossy().starts_with("omnistock.db") {
            std::fs::remove_file(file.path()).unwrap();
        }
    }
    daemon = Daemon::start(&merchant.folder.path().join("omnistock.toml"));
    assert_eq!(again(&daemon).await, first, "the mirror counts");
    daemon.terminate();

    // What a person writes counts, from the next start on.
    let mine = cutover.plus(-86_400_000);
    let text = merchant.embedded();
    merchant.write(&text.replace(
        "absorb   = \"never\"",
        &format!("absorb   = \"never\"\ncutover = {mine}"),
    ));
    daemon = Daemon::start(&merchant.folder.path().join("omnistock.toml"));
    assert_eq!(again(&daemon).await, serde_json::to_value(mine).unwrap());
    daemon.terminate();
}
