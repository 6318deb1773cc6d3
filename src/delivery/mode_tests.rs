//! Modes that change while a channel is worked: what is written, what is remembered, what is compared.

use super::house::{House, house, until};
use omnistock_planner::ListingState;
use omnistock_words::{Mode, Quantity, Settings, WriteMeaning};
use std::sync::atomic::Ordering;

fn set_mode(house: &House, mode: Mode) {
    let mut settings = Settings::clone(&house.settings.load());
    let channels = settings.channels.values_mut();
    channels.for_each(|channel| channel.policy.mode = mode);
    house.settings.store(settings.into());
    house.wake.notify_one();
}

#[tokio::test]
async fn what_was_drained_is_remembered_across_restarts_and_restored_behind_a_check() {
    for write in [WriteMeaning::Available, WriteMeaning::Gross] {
        let house = house(write, &[("A", 9, 4), ("B", 9, 0)]).await;
        let run = house.start();
        house.quiet().await;
        set_mode(&house, Mode::Draining);
        until("it is drained", async || {
            house.number("A") == 0 && house.board.drained() == 2
        })
        .await;
        house.quiet().await;
        run.kill().await;
        let run = house.start();
        house.quiet().await;
        assert_eq!(
            (house.number("A"), house.board.drained()),
            (0, 2),
            "{write:?}: remembered"
        );
        // The check: it is read, and the orders are fetched, before anything is raised.
        let reads = house.board.totals().reads;
        let fetches = house.orders.fetches.load(Ordering::Relaxed);
        house.orders.held.store(true, Ordering::Relaxed);
        set_mode(&house, Mode::Live);
        if write == WriteMeaning::Available {
            until("orders are asked for", async || {
                house.orders.fetches.load(Ordering::Relaxed) > fetches
            })
            .await;
            assert_eq!(house.number("A"), 0, "not before the orders are known");
            assert!(house.board.totals().reads > reads, "and not before it was read");
        }
        house.orders.held.store(false, Ordering::Relaxed);
        until("it is restored", async || {
            house.number("A") == 4 && house.board.drained() == 0
        })
        .await;
        house.quiet().await;
        run.stop().await;
    }
}

#[tokio::test]
async fn frozen_keeps_what_is_published_and_lower_only_falls() {
    let house = house(WriteMeaning::Available, &[("A", 9, 4), ("B", 9, 4)]).await;
    let run = house.start();
    house.quiet().await;
    set_mode(&house, Mode::Frozen);
    house.stock("A", 1).await;
    until("it is paused", async || house.board.count(ListingState::Paused) == 2).await;
    until("it was looked at", async || house.dirty().await == 0).await;
    assert_eq!(house.number("A"), 4);
    set_mode(&house, Mode::DecreaseOnly);
    house.stock("B", 7).await;
    until("it has fallen", async || house.number("A") == 1).await;
    until("it was looked at", async || house.dirty().await == 0).await;
    assert_eq!(house.number("B"), 4, "and nothing has risen");
    set_mode(&house, Mode::Live);
    until("it has risen", async || house.number("B") == 7).await;
    run.stop().await;
}

#[tokio::test]
async fn a_shadow_says_what_it_would_have_done() {
    for write in [WriteMeaning::Available, WriteMeaning::Gross] {
        let house = House::new(write).await;
        set_mode(&house, Mode::Shadow);
        for (sku, shown, stock) in [("A", 9, 4), ("B", 3, 3), ("C", 1, 5), ("D", 2, 0)] {
            house.list(sku, shown);
            house.stock(sku, stock).await;
        }
        let run = house.start();
        let counts = || house.board.compared().unwrap_or_default();
        until("all are compared", async || {
            let gaps = counts();
            (gaps.equal, gaps.up, gaps.down, gaps.to_zero) == (1, 1, 2, 1)
        })
        .await;
        let gaps = counts();
        assert_eq!((gaps.excess, gaps.missing), (Quantity::whole(7), Quantity::whole(4)));
        let worst = gaps.worst.unwrap();
        assert_eq!((worst.ours, worst.there), (Quantity::whole(4), Quantity::whole(9)));
        assert!(house.calls().is_empty(), "and writes nothing");
        house.stock("A", 9).await;
        until("what is right now is no gap", async || counts().equal == 2).await;
        set_mode(&house, Mode::Live);
        house.quiet().await;
        assert_eq!(
            house.board.compared(),
            None,
            "{write:?}: what is written is not compared"
        );
        run.stop().await;
    }
}
