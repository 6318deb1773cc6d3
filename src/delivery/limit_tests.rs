//! The worker within limits, judged by what the shop counts.

use super::Limited;
use super::fake::Fake;
use super::house::{House, house_of, until};
use super::price_tests::{asked, asks, plain, price, priced};
use omnistock_planner::ListingState;
use omnistock_sdk::{CallKind, CallLimit, CallLimits, Connector, ConnectorError, Learned, ListingLimit, now};
use omnistock_words::{Millis, WriteMeaning};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

const SECOND: i64 = 1_000;

fn limits(calls: Vec<CallLimit>) -> CallLimits {
    CallLimits {
        calls,
        per_listing: None,
    }
}

/// Listings `P0`, `P1`, … that should show 4 and show 9.
async fn wrong(fake: Fake, count: usize) -> House {
    let ids: Vec<String> = (0..count).map(|number| format!("P{number}")).collect();
    let rows: Vec<(&str, i64, i64)> = ids.iter().map(|id| (id.as_str(), 9, 4)).collect();
    house_of(fake, &rows).await
}

/// The shop's own count: what a bucket of this limit ever lacked, in calls.
fn overdrawn(arrivals: &[(Millis, CallKind, u32)], limit: &CallLimit) -> Option<String> {
    let per = i128::from(limit.per);
    let most = i128::from(limit.burst) * per;
    let (mut level, mut last) = (most, Millis::MIN);
    for (at, kind, items) in arrivals.iter().filter(|(_, kind, _)| limit.counts(*kind)) {
        level = (level + i128::from(at.since(last).min(1_000_000)) * i128::from(limit.amount)).min(most);
        let cost = i128::from(limit.per_call) + i128::from(limit.per_item) * i128::from(*items);
        level -= (cost * per).min(most);
        last = *at;
        if level < 0 {
            return Some(format!("{kind:?} with {items} at {at} is above {}", limit.stated));
        }
    }
    None
}

/// Thousands of listings got dirty, each three times, while the channel was away: a call for fifty of them.
#[tokio::test]
async fn catching_up_costs_as_many_calls_as_there_are_full_batches() {
    const DIRTY: usize = 5_000;
    let limit = CallLimit::rate("calls", 100, SECOND, 4);
    let fake = Fake::limited(WriteMeaning::Available, 50, limits(vec![limit.clone()]));
    let house = house_of(fake, &[]).await;
    for number in 0..DIRTY {
        house.list(&format!("P{number}"), 9);
    }
    let run = house.start();
    until("it was read", async || house.board.totals().audits > 0).await;
    house.fake.die(Some(ConnectorError::retry("no route to the shop")));
    for stock in (4..=6).rev() {
        for number in 0..DIRTY {
            house.stock(&format!("P{number}"), stock).await;
        }
    }
    until("it was tried", async || house.board.totals().errors[0] > 0).await;
    house.fake.die(None);
    until("all are written", async || {
        house
            .fake
            .shop
            .lock()
            .unwrap()
            .numbers
            .values()
            .all(|number| *number == 4)
    })
    .await;
    let calls = house.calls().len();
    println!("{DIRTY} dirty listings of 50 a call: {calls} calls");
    assert!(calls * 100 <= DIRTY * 101 / 50, "{calls} calls");
    assert_eq!(overdrawn(&house.fake.arrivals(), &limit), None);
    run.stop().await;
}

/// Reads, writes, orders of two who share the account, and the leader gone every now and then.
#[tokio::test]
async fn three_limits_hold_across_take_overs_for_everybody_who_shares_the_account() {
    let three = vec![
        CallLimit::rate("calls", 80, SECOND, 20),
        CallLimit::rate("updates", 400, SECOND, 40)
            .of(&[CallKind::Write])
            .costs(0, 1, "updates"),
        CallLimit::rate("points", 400, SECOND, 80).costs(2, 1, "points"),
    ];
    let fake = Fake::limited(WriteMeaning::Available, 20, limits(three.clone()));
    let house = wrong(fake, 30).await;
    for round in 0..3_i64 {
        let account = house.account();
        let run = house.start_with(Arc::clone(&account));
        let reader = Limited::new(house.fake.clone(), account, house.lease.clone());
        // More than the bursts, beside the worker's own calls: the leader goes while calls wait.
        for _ in 0..50 {
            reader.orders().unwrap().orders(None).await.unwrap();
        }
        run.kill().await;
        for number in 0..30 {
            house.stock(&format!("P{number}"), 5 + round).await;
        }
    }
    let run = house.start();
    house.quiet().await;
    run.stop().await;
    let arrivals = house.fake.arrivals();
    assert!(arrivals.len() > 150, "{} calls", arrivals.len());
    for limit in &three {
        assert_eq!(overdrawn(&arrivals, limit), None);
    }
}

#[tokio::test]
async fn one_bad_listing_of_250_is_found_and_goes_alone_from_then_on() {
    let fake = Fake::limited(WriteMeaning::Available, 250, limits(vec![]));
    let house = wrong(fake, 250).await;
    house.fake.shop.lock().unwrap().poison.insert("P77".to_owned());
    let run = house.start();
    until("it is parked, the others are right", async || {
        house.board.count(ListingState::InSync) == 249 && house.board.count(ListingState::Parked) == 1
    })
    .await;
    assert_eq!(house.board.parked()[0].reason, "one of these is not valid");
    let calls = house.calls();
    // From then on it delays nobody.
    for number in 0..250 {
        house.stock(&format!("P{number}"), 3).await;
    }
    until("the others are right again", async || {
        house.board.count(ListingState::InSync) == 249 && house.board.count(ListingState::Parked) == 1
    })
    .await;
    assert!(
        house.calls()[calls.len()..]
            .iter()
            .all(|call| call.len() == 1 || !call.iter().any(|(id, _)| id == "P77"))
    );
    run.stop().await;
}

#[tokio::test]
async fn a_refusal_for_too_many_calls_pauses_everybody_who_shares_the_account() {
    let fake = Fake::limited(WriteMeaning::Available, 8, limits(vec![]));
    let house = wrong(fake, 1).await;
    let account = house.account();
    let run = house.start_with(Arc::clone(&account));
    house.quiet().await;
    let wish = Duration::from_millis(400);
    let told = Learned::Throttled { after: Some(400) };
    house.fake.shop.lock().unwrap().throttle = Some(told);
    let began = Instant::now();
    let reader = Limited::new(house.fake.clone(), Arc::clone(&account), house.lease.clone());
    assert!(reader.orders().unwrap().orders(None).await.is_err(), "refused");
    house.stock("P0", 7).await;
    until("calls wait", async || account.standing().1.is_some()).await;
    until("it is written", async || house.number("P0") == 7).await;
    assert!(began.elapsed() >= wish, "{:?}", began.elapsed());
    run.stop().await;
}

#[tokio::test]
async fn the_last_changes_of_a_listing_are_kept_for_sales() {
    let most = ListingLimit {
        most: 20,
        per: 60 * SECOND,
        of_parent: false,
        prices: false,
    };
    let few = CallLimits {
        calls: vec![],
        per_listing: Some(most),
    };
    let house = wrong(Fake::limited(WriteMeaning::Available, 8, few), 1).await;
    let run = house.start();
    house.quiet().await;
    for number in 0..7 {
        house.stock("P0", 20 + number).await;
        until("it rises", async || house.number("P0") == 20 + number).await;
    }
    house.stock("P0", 27).await;
    until("rises wait", async || house.board.count(ListingState::Pending) == 1).await;
    let asked = house.board.find(&["P0".parse().unwrap()]).unwrap();
    house.wake.notify_one();
    let found = asked.await.unwrap();
    assert!(
        found[0][0].dirty && !found[0][0].in_flight,
        "whoever explains it is told so: {found:?}"
    );
    let risen = house.number("P0");
    house.stock("P0", 3).await;
    until("a fall goes at once", async || house.number("P0") == 3).await;
    assert!(risen < 27, "{risen}: two of ten are kept");
    run.kill().await;
    // Also behind a restart.
    house.stock("P0", 30).await;
    let calls = house.calls().len();
    let run = house.start();
    until("it waits", async || house.board.count(ListingState::Pending) == 1).await;
    assert_eq!(house.calls().len(), calls);
    run.stop().await;
}

/// A page with two variations may change 20 times a minute: ten at once, of which two are kept for numbers that fall.
#[tokio::test]
async fn variations_and_prices_share_the_changes_of_their_page_also_behind_a_restart() {
    let most = ListingLimit {
        most: 20,
        per: 3_600 * SECOND,
        of_parent: true,
        prices: true,
    };
    let few = CallLimits {
        calls: vec![],
        per_listing: Some(most),
    };
    let fake = Fake::limited(WriteMeaning::Available, 8, few);
    fake.shop.lock().unwrap().one_page = true;
    let house = wrong(fake, 2).await;
    priced(&house);
    asks(&house, "P0", "9.90");
    price(&house, "P0", "9.90").await;
    // The right numbers of both are two changes, of eight that leave two.
    let run = house.start();
    house.quiet().await;
    for number in 0..5 {
        let listing = ["P0", "P1"][number % 2];
        let units = 20 + i64::try_from(number).unwrap();
        house.stock(listing, units).await;
        until("it rises", async || house.number(listing) == units).await;
    }
    price(&house, "P0", "8.90").await;
    until("the last but two", async || asked(&house, "P0") == Some(plain("8.90"))).await;
    house.stock("P1", 40).await;
    until("a rise of the other waits", async || {
        house.board.count(ListingState::Pending) == 1
    })
    .await;
    price(&house, "P0", "7.90").await;
    run.kill().await;
    let calls = house.calls().len();
    let run = house.start();
    until("it waits behind a restart", async || {
        house.board.count(ListingState::Pending) == 1
    })
    .await;
    house.stock("P0", 0).await;
    until("what falls to zero goes at once", async || house.number("P0") == 0).await;
    assert_eq!(house.calls().len(), calls + 1, "and nothing else went");
    assert_eq!(asked(&house, "P0"), Some(plain("8.90")), "a price waits as well");
    run.stop().await;
}

/// A page with four variations may change ten times at once: whatever fell before, all of them can sell out.
#[tokio::test]
async fn every_variation_of_a_page_sells_out_at_once_behind_a_busy_day() {
    const ALL: [&str; 4] = ["P0", "P1", "P2", "P3"];
    let most = ListingLimit {
        most: 20,
        per: 3_600 * SECOND,
        of_parent: true,
        prices: true,
    };
    let few = CallLimits {
        calls: vec![],
        per_listing: Some(most),
    };
    let fake = Fake::limited(WriteMeaning::Available, 8, few);
    fake.shop.lock().unwrap().one_page = true;
    let house = wrong(fake, ALL.len()).await;
    let run = house.start();
    house.quiet().await;
    for id in ALL {
        house.stock(id, 3).await;
        until("it falls or waits", async || {
            house.number(id) == 3 || house.board.count(ListingState::Pending) > 0
        })
        .await;
    }
    assert!(house.board.count(ListingState::Pending) > 0, "it was no busy day");
    for id in ALL {
        house.stock(id, 0).await;
    }
    until("all are sold out", async || ALL.iter().all(|id| house.number(id) == 0)).await;
    run.stop().await;
}

#[tokio::test]
async fn without_a_record_every_bucket_counts_as_empty() {
    let limit = CallLimit::rate("calls", 1, 3_600 * SECOND, 40);
    let fake = Fake::limited(WriteMeaning::Available, 8, limits(vec![limit]));
    let house = house_of(fake, &[]).await;
    let account = house.account();
    let claimant = account.claimant();
    assert!(account.ask(claimant, CallKind::Write, 1).is_err(), "not open yet");
    account.open().await.unwrap();
    assert_eq!(account.standing().0[0].used, 1_000);
    let until = account.ask(claimant, CallKind::Write, 1).err().unwrap();
    assert!(until > now().plus(3_000_000), "one an hour comes back");
    let why = account.standing().1.and_then(|waiting| waiting.limit);
    assert_eq!(why.as_deref(), Some("1 calls/h"));
}
