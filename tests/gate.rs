//! One channel whose orders can't be read keeps those closed that share a place with it, but not for ever:
//! `status` names the way out, and the way out works, lasts, and ends by itself.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

use crate::support::daemon::Daemon;
use crate::support::merchant::{Merchant, until, usual};
use serde_json::Value;

const WAY_OUT: &str = "omnistock channel shop live --without market";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_password_on_one_channel_keeps_the_other_closed_until_a_person_decides() {
    let merchant = Merchant::open().await;
    let times = "orders_every = \"300ms\"\ngate_wait = \"1s\"";
    let text = merchant.embedded().replace("orders_every = \"300ms\"", times);
    let file = merchant.write(&text);
    merchant.secret("market-password", "wrong-horse");
    let mut daemon = Daemon::start(&file);
    merchant.drop_stock(|index| Some(usual(index)));
    let named = |value: &Value| value.to_string().contains(WAY_OUT);
    merchant.status_says(&daemon, "/attention", named).await;
    assert_eq!(merchant.written(), 0, "closed until then");

    // What can't be meant is refused, with the reason.
    let own = merchant.command(&["channel", "shop", "live", "--without", "shop"]);
    assert!(own.code == Some(2) && own.err.contains("its own orders"), "{own:?}");
    let none = merchant.command(&["channel", "shop", "live", "--without", "nobody"]);
    assert!(
        none.code == Some(1) && none.err.contains("no channel nobody"),
        "{none:?}"
    );
    assert_eq!(
        merchant
            .command(&["channel", "shop", "frozen", "--without", "market"])
            .code,
        Some(2)
    );

    let decided = merchant.command(&[
        "channel",
        "shop",
        "live",
        "--without",
        "market",
        "--reason",
        "fair week",
    ]);
    assert!(
        decided.code == Some(0) && decided.out.contains("without the open orders of market"),
        "{decided:?}"
    );
    let shop = || merchant.shop_shows(usual);
    until("the shop is right", shop, || {
        format!("{}\n{}", merchant.shown(), daemon.log())
    })
    .await;
    let recorded = |value: &Value| value.to_string().contains("fair week") && !value.to_string().contains(WAY_OUT);
    merchant.status_says(&daemon, "/attention", recorded).await;

    // It lasts: after a restart the shop opens at once.
    daemon.terminate();
    let mut daemon = Daemon::start(&file);
    merchant.shop.buy(&crate::support::merchant::sku(1), 1).unwrap();
    merchant.shop.set_stock(&crate::support::merchant::sku(2), 99);
    let shop = || merchant.shop_shows(|index| usual(index) - i64::from(index == 1));
    until("the shop is put right", shop, || {
        format!("{}\n{}", merchant.shown(), daemon.log())
    })
    .await;
    daemon.terminate();

    // It ends by itself once the orders can be read.
    merchant.secret("market-password", merchant.market.password());
    let daemon = Daemon::start(&file);
    merchant
        .settles(&daemon, |index| usual(index) - i64::from(index == 1))
        .await;
    let over = |value: &Value| !value.to_string().contains("fair week");
    merchant.status_says(&daemon, "/attention", over).await;
}

/// The shop was read before, the market does not answer any more: what falls goes out, what rises waits for its orders.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_restart_numbers_fall_beside_a_channel_that_is_dead() {
    let merchant = Merchant::open().await;
    let file = merchant.write(&merchant.embedded());
    let mut daemon = Daemon::start(&file);
    merchant.drop_stock(|index| Some(usual(index)));
    merchant.settles(&daemon, usual).await;
    daemon.terminate();

    merchant.secret("market-password", "wrong-horse");
    let changed = |index| match index {
        1 => usual(index) - 2,
        2 => usual(index) + 2,
        _ => usual(index),
    };
    let mut daemon = Daemon::start(&file);
    merchant.drop_stock(|index| Some(changed(index)));
    let fallen = || merchant.shop_shows(|index| usual(index).min(changed(index)));
    until("one fell and one waits", fallen, || {
        format!("{}\n{}", merchant.shown(), daemon.log())
    })
    .await;
    let waits = |value: &Value| {
        value
            .to_string()
            .contains("the open orders of market are not back-filled yet")
    };
    merchant.status_says(&daemon, "/channels", waits).await;
    assert!(
        merchant.shop_shows(|index| usual(index).min(changed(index))),
        "it has not risen"
    );

    daemon.terminate();
    merchant.secret("market-password", merchant.market.password());
    let daemon = Daemon::start(&file);
    merchant.settles(&daemon, changed).await;
}
