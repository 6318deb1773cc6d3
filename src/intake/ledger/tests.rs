//! The owner's own work, on a store in memory: what happens without an event, and after a crash.

use super::house::*;
use super::*;
use crate::store::{Key, Kind};
use omnistock_words::{Percent, Quantity, SafetyStock, SourcePolicy, Stale};
use serde_json::{Value, json};
use std::sync::atomic::Ordering;

#[tokio::test]
async fn what_ended_long_ago_leaves_the_ledgers_and_does_not_come_back() {
    let house = House::open(settings(policy())).await;
    let run = house.start();
    house.stock(1).await;
    let long_ago = now().plus(-40 * 86_400_000);
    let old: Vec<Value> = (0..300).map(|id| order("shop", id, "cancelled", long_ago, 1)).collect();
    let open = order("shop", 900, "open", long_ago, 1);
    house.tell(&old).await;
    house.tell(&[open]).await;
    // An old open order may still come while the back-fill goes on: nothing is forgotten before.
    assert_eq!(house.parts.board.forgotten(), 0);
    house.shop.1.store(true, Ordering::Relaxed);
    until("all but the open one are forgotten", async || {
        house.parts.board.forgotten() == 300
    })
    .await;
    let orders = house.store.scan(Kind::Order, None, 1_000).await.unwrap();
    let ids: Vec<_> = orders.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(ids, ["shop/900"]);
    assert_eq!(house.document(&sku(0)).await.lines.len(), 1);
    // The shop sends them again, as open ones.
    let again: Vec<Value> = (0..3).map(|id| order("shop", id, "open", long_ago, 1)).collect();
    house.tell(&again).await;
    assert_eq!(house.parts.board.complaints()["forgotten"].0, 3);
    assert_eq!(house.document(&sku(0)).await.lines.len(), 1);
    // Also after a restart.
    run.abort();
    let run = house.start();
    house.tell(&again).await;
    assert_eq!(house.document(&sku(0)).await.lines.len(), 1);
    run.abort();
}

#[tokio::test]
async fn a_line_that_no_figure_takes_over_is_named() {
    let source = SourcePolicy {
        absorb_alarm: Some(3_600_000),
        ..policy()
    };
    let house = House::open(settings(source)).await;
    let run = house.start();
    house.stock(1).await;
    let at = |hours: i64| now().plus(-hours * 3_600_000);
    house
        .tell(&[order("shop", 1, "open", at(2), 3), order("shop", 2, "open", at(0), 1)])
        .await;
    until("the old one is named", async || house.parts.board.overdue().count == 1).await;
    let (of, line) = house.parts.board.overdue().named.remove(0);
    assert_eq!(
        (of, line.key.order.as_str(), line.quantity),
        (sku(0), "1", Quantity::whole(3))
    );
    let mut cancelled = order("shop", 1, "cancelled", at(2), 3);
    cancelled["revision"]["number"] = json!(2);
    house.tell(&[cancelled]).await;
    until("and not any more", async || house.parts.board.overdue().count == 0).await;
    run.abort();
}

#[tokio::test]
async fn ten_thousand_rules_that_end_at_once_hold_nothing_up() {
    let house = House::open(settings(policy())).await;
    let run = house.start();
    house.stock(10_000).await;
    let end = now().plus(300);
    let mut settings = Settings::clone(&house.parts.settings.load());
    settings.rules.push(rule(end));
    house.parts.settings.store(settings.into());
    let (mut id, mut between) = (0, 0);
    until("all are marked on the rule's channel", async || {
        id += 1;
        house.tell(&[order("market", id, "open", now(), 1)]).await;
        let marked = house.dirty("shop").await.len();
        between += u32::from((1..10_000).contains(&marked));
        marked == 10_000
    })
    .await;
    assert!(now() >= end);
    assert!(between > 2, "{between} orders came in between");
    assert!(house.dirty("market").await.len() <= 1, "only where the number changes");
    run.abort();
}

#[tokio::test]
async fn a_reservation_ends_on_time_also_when_nobody_was_there() {
    let house = House::open(settings(policy())).await;
    let run = house.start();
    house.stock(2).await;
    let reserve = |id: &str, of: usize, until: Millis| json!({ "type": "reservation", "id": id, "sku": sku(of), "location": "berlin", "quantity": "3", "expires_at": until });
    house.tell(&[reserve("r1", 0, now().plus(200))]).await;
    assert_eq!(house.promise(&sku(0)).await, Quantity::whole(7));
    house.clean().await;
    until("the first ends", async || !house.dirty("shop").await.is_empty()).await;
    assert_eq!(house.dirty("market").await, [sku(0).to_string()]);
    let end = now().plus(150);
    house.tell(&[reserve("r2", 1, end)]).await;
    house.clean().await;
    run.abort();
    until("its time has come", async || now() > end).await;
    assert!(house.dirty("shop").await.is_empty());
    let run = house.start();
    until("it fires at once", async || {
        house.dirty("shop").await == [sku(1).to_string()]
    })
    .await;
    run.abort();
}

#[tokio::test]
async fn a_source_that_falls_silent_and_speaks_again_changes_every_sku() {
    let source = SourcePolicy {
        stale: Stale::ZeroAfter(400),
        ..policy()
    };
    let house = House::open(settings(source)).await;
    let run = house.start();
    house.stock(3).await;
    let all = async |house: &House| house.dirty("shop").await.len() == 3;
    until("silent", async || all(&house).await).await;
    house.clean().await;
    house
        .tell(&[json!({ "type": "snapshot", "source": "erp", "as_of": now(), "rows": 3, "total": "30" })])
        .await;
    until("it speaks again", async || all(&house).await).await;
    run.abort();
}

#[tokio::test]
async fn fast_channels_free_stock_and_a_slow_one_takes_it_back() {
    let mut settings = settings(policy());
    let shop = settings
        .channels
        .get_mut(&"shop".parse::<ChannelName>().unwrap())
        .unwrap();
    shop.policy.safety_stock = SafetyStock::Adaptive {
        chance: Percent::whole(1),
        max: Quantity::whole(4),
    };
    let house = House::open(settings).await;
    let run = house.start();
    house.stock(1).await;
    let held = async |house: &House| Quantity::whole(10) - house.promise(&sku(0)).await;
    until("before anything is measured", async || {
        !house.parts.measured.load().lags.is_empty()
    })
    .await;
    // Two were sold, and five more orders of nothing that was here: all of them became known at once.
    house.tell(&[order("market", 1, "open", now(), 2)]).await;
    assert_eq!(
        held(&house).await - Quantity::whole(2),
        Quantity::whole(4),
        "its maximum"
    );
    house.clean().await;
    for id in 2..8 {
        let mut other = order("market", id, "open", now(), 1);
        other["lines"][0]["sku"] = json!("OTHER");
        house.tell(&[other]).await;
    }
    house.shop.0.lock().unwrap().extend([30; 6]);
    until("fast", async || held(&house).await == Quantity::whole(2)).await;
    until("and the shop is told", async || {
        house.dirty("shop").await.contains(&sku(0).to_string())
    })
    .await;
    house.clean().await;

    // What was measured is there after a restart.
    let fast = house.parts.measured.load_full();
    until("stored", async || {
        let found = house.store.load(&[Key::new(Kind::Channel, "shop/lags")]).await.unwrap();
        found[0].version > 0
    })
    .await;
    run.abort();
    house.parts.measured.store(Arc::default());
    let run = house.start();
    until("the same lags", async || house.parts.measured.load().lags == fast.lags).await;
    house.clean().await;

    house.shop.0.lock().unwrap().extend([1_800_000; 6]);
    until("slow", async || held(&house).await > Quantity::whole(2)).await;
    until("and the shop is told", async || {
        house.dirty("shop").await == [sku(0).to_string()]
    })
    .await;
    run.abort();
}

#[tokio::test]
async fn the_cutover_is_set_once_and_everybody_goes_by_it() {
    let house = House::open(settings(policy())).await;
    let erp: omnistock_words::ConnectorName = "erp".parse().unwrap();
    let cutover = |house: &House| house.parts.settings.load().sources[&erp].cutover;
    let run = house.start();
    house.stock(1).await;
    let first = cutover(&house).expect("set");
    assert_eq!(house.parts.board.cutovers()[&erp], first);
    assert!(house.folder.path().join("cutover.json").exists());
    run.abort();
    let run = house.start();
    house.stock(1).await;
    assert_eq!(cutover(&house), Some(first));
    run.abort();
}
