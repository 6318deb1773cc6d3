//! What a shop tells of our own numbers is no news: it has no orders asked for.

use crate::support::merchant::{ARTICLES, Merchant, sku, until, usual};

/// How often the shop was asked for lists of orders, and how many webhooks it has sent.
fn told(merchant: &Merchant) -> (u64, u64) {
    let counters = merchant.shop.counters();
    let lists = counters.calls.iter().filter(|(route, _)| route.ends_with("/orders"));
    (lists.map(|(_, count)| count).sum(), counters.webhooks_delivered)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_numbers_that_somebody_else_has_set_have_orders_asked_for() {
    let merchant = Merchant::open().await;
    let own = format!(
        "public_url = \"http://127.0.0.1:{}\"\n\n[connectors.erp]",
        merchant.webhooks
    );
    let text = merchant.embedded();
    let text = text.replace("[connectors.erp]", &own);
    // From here on nobody looks without a cause.
    let text = text
        .replace("\"300ms\"", "\"1h\"")
        .replace("audit_every  = \"1s\"", "audit_every  = \"1h\"");
    let mut daemon = merchant.at_work_on(&text).await;
    let all = || told(&merchant).1 >= ARTICLES as u64;
    until("the shop has told of the first numbers", all, || daemon.log()).await;
    let (lists, sent) = told(&merchant);
    // A number that rises has orders read first.
    let fewer = |index: usize| usual(index) - 1;
    merchant.drop_stock(|index| Some(fewer(index)));
    merchant.settles(&daemon, fewer).await;
    let all = || told(&merchant).1 >= sent + ARTICLES as u64;
    until("the shop has told of each", all, || daemon.log()).await;
    assert_eq!(told(&merchant).0, lists, "our own numbers\n{}", daemon.log());
    merchant.shop.set_stock(&sku(3), 1);
    let asked = || told(&merchant).0 > lists;
    until("the orders are asked for", asked, || daemon.log()).await;
    daemon.terminate();
}
