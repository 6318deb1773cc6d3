//! A vendor whose limit for some of its listings is used up until much later: all others go on.

use super::house::{House, Run, house_of, until};
use super::price_tests::{asked, asks, plain, price, priced};
use super::{AuditAsked, AuditStanding, fake::Fake};
use omnistock_planner::ListingState;
use omnistock_sdk::{CallKind, CallLimit, CallLimits, ListingLimit};
use omnistock_words::WriteMeaning;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// `NEW` and `OLD`, both as they should be, with prices; then nothing is left for `OLD`.
async fn spent() -> (House, Run) {
    let house = house_of(Fake::new(WriteMeaning::Available), &[("NEW", 9, 9), ("OLD", 9, 9)]).await;
    priced(&house);
    for id in ["NEW", "OLD"] {
        asks(&house, id, "10");
        price(&house, id, "10").await;
    }
    let run = house.start();
    house.quiet().await;
    until("it was read", async || house.board.totals().audits > 0).await;
    house.fake.shop.lock().unwrap().spent.insert("OLD".to_owned());
    (house, run)
}

/// Whatever failed before: a listing with calls left sells out at once.
async fn goes_on(house: &House) {
    house.stock("NEW", 0).await;
    until("the other one sells out", async || house.number("NEW") == 0).await;
    until("and is read back", async || {
        house.board.count(ListingState::InSync) == 1
    })
    .await;
    assert_eq!(house.board.stopped(), None);
}

#[tokio::test]
async fn a_write_that_has_to_wait_for_tomorrow_holds_no_other_back() {
    let (house, run) = spent().await;
    house.stock("OLD", 3).await;
    until("it was tried", async || !house.calls().is_empty()).await;
    goes_on(&house).await;
    let tries = house.calls().iter().flatten().filter(|(id, _)| id == "OLD").count();
    assert_eq!((house.number("OLD"), tries), (9, 1), "it waits as long as was said");
    run.stop().await;
}

/// Both fall in one call: what is refused in it is read in one with what is not.
#[tokio::test]
async fn what_is_read_together_is_read_apart() {
    let (house, run) = spent().await;
    house.stock("OLD", 3).await;
    house.stock("NEW", 5).await;
    until("it is written", async || house.number("NEW") == 5).await;
    price(&house, "NEW", "11").await;
    price(&house, "OLD", "11").await;
    until("prices are written", async || asked(&house, "OLD") == Some(plain("11"))).await;
    until("the one that can be is read back", async || {
        house.board.count_prices(ListingState::InSync) >= 1
    })
    .await;
    goes_on(&house).await;
    assert_eq!(house.board.count(ListingState::Excluded), 0, "none is given up");
    run.stop().await;
}

#[tokio::test]
async fn a_page_that_can_not_be_read_before_tomorrow_is_asked_for_once() {
    let mut house = house_of(Fake::new(WriteMeaning::Available), &[("NEW", 9, 9), ("OLD", 9, 9)]).await;
    house.timings.audit_every = Duration::from_millis(20);
    let run = house.start();
    house.quiet().await;
    until("it was read", async || house.board.totals().audits > 1).await;
    house.fake.shop.lock().unwrap().spent.insert("OLD".to_owned());
    let errors = || house.board.totals().errors.iter().sum::<u64>();
    until("it was refused", async || errors() > 0).await;
    goes_on(&house).await;
    assert_eq!(errors(), 1, "it waits as long as was said");
    let before = house.fake.tried.load(Ordering::Relaxed);
    let asked = AuditAsked::default();
    assert!(house.board.audit(asked));
    house.wake.notify_one();
    until("who asks for an audit is told why there is none", async || {
        let standing = house.board.audit_standing();
        matches!(standing, AuditStanding::Failed(why) if why.contains("old listings are used up"))
    })
    .await;
    assert_eq!(house.fake.tried.load(Ordering::Relaxed), before + 1);
    run.stop().await;
}

/// Two numbers of a page that may change once more: the call of the second is not made, and costs nothing.
#[tokio::test]
async fn a_call_that_was_not_made_costs_nothing() {
    let limits = CallLimits {
        calls: vec![CallLimit::rate("writes", 4, 1_000, 2).of(&[CallKind::Write, CallKind::Price])],
        per_listing: Some(ListingLimit {
            most: 4,
            per: 3_600_000,
            of_parent: true,
            prices: true,
        }),
    };
    for prices in [false, true] {
        let fake = Fake::limited(WriteMeaning::Available, 1, limits.clone());
        fake.shop.lock().unwrap().one_page = true;
        let house = house_of(fake, &[("A", 9, 9), ("B", 9, 9)]).await;
        let account = house.account();
        let run = house.start_with(Arc::clone(&account));
        house.quiet().await;
        run.stop().await;
        let used = || account.standing().0[0].used;
        until("the bucket is full", async || used() == 0).await;
        for id in ["A", "B"] {
            if prices {
                priced(&house);
                asks(&house, id, "10");
                price(&house, id, "11").await;
            } else {
                house.stock(id, 10).await;
            }
        }
        let done = || {
            let shop = house.fake.shop.lock().unwrap();
            shop.calls.len() + shop.price_calls.len()
        };
        let run = house.start_with(Arc::clone(&account));
        let mut most = 0;
        until("one of them has changed", async || {
            let done = done();
            most = most.max(used());
            done == 1
        })
        .await;
        assert!(
            (1..=500).contains(&most),
            "one call of the two that the bucket holds: {most}"
        );
        run.stop().await;
    }
}
