//! Audits and forced writes, refused listings tried again and left alone: judged by the calls that the shop counts.

use super::house::{House, house, until};
use super::{AuditAsked, AuditReport, AuditStanding, Wish};
use omnistock_planner::{DriftClass, ListingState};
use omnistock_words::{Mode, Quantity, Settings, Sku, WriteMeaning};
use std::time::Duration;

fn set_mode(house: &House, mode: Mode) {
    let mut settings = Settings::clone(&house.settings.load());
    let channels = settings.channels.values_mut();
    channels.for_each(|channel| channel.policy.mode = mode);
    house.settings.store(settings.into());
    house.wake.notify_one();
}

async fn audit(house: &House, fix: bool, force: bool) -> AuditReport {
    assert!(house.board.audit(AuditAsked { fix, force }));
    house.wake.notify_one();
    let mut report = None;
    until("the audit is over", async || {
        if let AuditStanding::Done(done) = house.board.audit_standing() {
            report = Some(*done);
        }
        report.is_some()
    })
    .await;
    report.unwrap()
}

/// The table of the push protocol: a number that the channel shows already costs no call; forced, one.
#[tokio::test]
async fn an_equal_number_is_no_call_and_forced_it_is_one() {
    for write in [WriteMeaning::Available, WriteMeaning::Gross] {
        let house = house(write, &[("A", 4, 4)]).await;
        let run = house.start();
        house.quiet().await;
        assert_eq!(house.calls().len(), 0, "{write:?}: it shows the number");
        let report = audit(&house, true, false).await;
        assert_eq!((report.equal, report.writes, report.left), (1, 0, 0));
        house.quiet().await;
        assert_eq!(house.calls().len(), 0, "{write:?}: nor does an audit write it");
        let report = audit(&house, false, true).await;
        assert_eq!((report.equal, report.writes), (1, 1));
        until("it was written", async || !house.calls().is_empty()).await;
        house.quiet().await;
        assert_eq!(house.calls(), [vec![("A".to_owned(), 4)]], "{write:?}: once");
        run.stop().await;
    }
}

#[tokio::test]
async fn an_audit_writes_nothing_and_fixing_puts_right_what_can_be() {
    let mut house = house(WriteMeaning::Available, &[("A", 9, 4), ("B", 9, 4), ("C", 9, 4)]).await;
    // No read-back of its own finds it first.
    house.timings.audit_every = Duration::from_hours(9);
    let run = house.start();
    house.quiet().await;
    let calls = house.calls().len();
    house.fake.shop.lock().unwrap().numbers.insert("B".to_owned(), 40);
    let report = audit(&house, false, false).await;
    assert_eq!((report.listings, report.equal, report.writes), (3, 2, 1));
    let found = &report.classes[&DriftClass::Person];
    let (_, sku, gap) = found.worst.clone().unwrap();
    assert_eq!((found.count, found.excess), (1, Quantity::whole(36)));
    assert_eq!((sku, gap.there), (Some(Sku::new("B").unwrap()), Quantity::whole(40)));
    assert_eq!(
        (house.number("B"), house.calls().len()),
        (40, calls),
        "nothing is written"
    );
    let report = audit(&house, true, false).await;
    assert_eq!((report.writes, report.left), (1, 0));
    until("it is right", async || house.number("B") == 4).await;
    house.quiet().await;
    // A channel that may not be written is compared, and left.
    set_mode(&house, Mode::Frozen);
    until("it is paused", async || house.board.count(ListingState::Paused) == 3).await;
    house.fake.shop.lock().unwrap().numbers.insert("B".to_owned(), 1);
    let report = audit(&house, true, false).await;
    assert_eq!((report.equal, report.writes, report.left), (2, 0, 1));
    assert_eq!(house.number("B"), 1);
    run.stop().await;
}

async fn wish(house: &House, drop: bool, which: &[&str]) -> Vec<String> {
    let wish = Wish {
        drop,
        which: which.iter().map(ToString::to_string).collect(),
        reason: "asked the vendor".to_owned(),
        by: "anna".to_owned(),
    };
    let answer = house.board.wish(wish).unwrap();
    house.wake.notify_one();
    answer.await.unwrap()
}

async fn refused(house: &House) {
    until("one is refused", async || {
        house.board.count(ListingState::Parked) == 1 && house.dirty().await == 0
    })
    .await;
}

#[tokio::test]
async fn a_refused_listing_is_tried_again_by_hand_and_when_settings_or_its_sku_change() {
    let house = house(WriteMeaning::Available, &[("A", 9, 4), ("B", 9, 4)]).await;
    house.fake.shop.lock().unwrap().refused.insert("A".to_owned());
    let run = house.start();
    refused(&house).await;
    let tries = || house.calls().iter().flatten().filter(|(name, _)| name == "A").count();
    let mut before = tries();
    assert_eq!(
        wish(&house, false, &["B"]).await,
        Vec::<String>::new(),
        "that one is not refused"
    );
    assert_eq!(wish(&house, false, &["A"]).await, ["A"]);
    until("it is tried again by hand", async || tries() > before).await;
    refused(&house).await;
    before = tries();
    set_mode(&house, Mode::DecreaseOnly);
    until("other settings", async || tries() > before).await;
    refused(&house).await;
    before = tries();
    house.stock("A", 3).await;
    until("another number", async || tries() > before).await;
    refused(&house).await;
    // The vendor's side says that it is another SKU by now.
    house.fake.shop.lock().unwrap().refused.clear();
    house
        .fake
        .shop
        .lock()
        .unwrap()
        .skus
        .insert("A".to_owned(), Some("B".to_owned()));
    run.kill().await;
    let run = house.start();
    until("it is the other SKU's", async || house.number("A") == 4).await;
    run.stop().await;
}

#[tokio::test]
async fn a_listing_that_is_left_alone_stays_so_until_it_is_tried_again() {
    let house = house(WriteMeaning::Available, &[("A", 9, 4), ("B", 9, 4)]).await;
    house.fake.shop.lock().unwrap().refused.insert("A".to_owned());
    let run = house.start();
    until("it is refused", async || house.board.count(ListingState::Parked) == 1).await;
    assert_eq!(wish(&house, true, &["A"]).await, ["A"]);
    assert_eq!(house.board.count(ListingState::Excluded), 1);
    assert!(house.board.parked().is_empty());
    house.fake.shop.lock().unwrap().refused.clear();
    run.kill().await;
    let run = house.start();
    house.stock("A", 2).await;
    house.stock("B", 2).await;
    until("the other is right", async || {
        house.number("B") == 2 && house.dirty().await == 0
    })
    .await;
    assert_eq!(
        (house.number("A"), house.board.count(ListingState::Excluded)),
        (9, 1),
        "also behind a restart"
    );
    assert_eq!(wish(&house, false, &[]).await, ["A"]);
    house.quiet().await;
    assert_eq!(house.number("A"), 2);
    run.stop().await;
}
