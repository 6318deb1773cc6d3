//! Prices of a channel: written, read back, held, refused, and never in the way of a number.

use super::HoldDecision;
use super::house::{House, Run, house, until};
use omnistock_engine::PriceEntry;
use omnistock_planner::ListingState;
use omnistock_sdk::now;
use omnistock_words::{
    CompareAt, ConnectorName, GrossNet, Millis, Mode, Money, Price, PriceFloor, PriceList, PriceListName, Settings,
    WriteMeaning,
};
use std::time::Duration;

pub(super) fn money(amount: &str) -> Money {
    Money::new(amount.parse().unwrap(), "EUR".parse().unwrap()).unwrap()
}

pub(super) fn plain(amount: &str) -> Price {
    Price::plain(money(amount))
}

pub(super) fn list(name: &str) -> PriceListName {
    PriceListName::new(name).unwrap()
}

pub(super) fn entry(name: &str, amount: &str, from: Option<Millis>, until: Option<Millis>) -> PriceEntry {
    PriceEntry {
        list: list(name),
        price: money(amount),
        from,
        until,
    }
}

pub(super) fn change(house: &House, change: impl FnOnce(&mut Settings)) {
    let mut settings = Settings::clone(&house.settings.load());
    change(&mut settings);
    house.settings.store(settings.into());
}

/// The channel asks what the list `retail` says; there is no floor on purpose.
pub(super) fn priced(house: &House) {
    change(house, |settings| {
        for name in ["retail", "former"] {
            let of = PriceList {
                from: ConnectorName::new("erp").unwrap(),
                currency: "EUR".parse().unwrap(),
                tax: GrossNet::Gross,
                tax_rate: None,
            };
            settings.price_lists.insert(list(name), of);
        }
        for channel in settings.channels.values_mut() {
            channel.policy.price.list = Some(list("retail"));
            channel.policy.price.floor = Some(PriceFloor::None);
        }
    });
}

/// What the shop asks in the beginning.
pub(super) fn asks(house: &House, id: &str, amount: &str) {
    house
        .fake
        .shop
        .lock()
        .unwrap()
        .prices
        .insert(id.to_owned(), Some(plain(amount)));
}

pub(super) fn asked(house: &House, id: &str) -> Option<Price> {
    house.fake.shop.lock().unwrap().prices[id]
}

pub(super) async fn price(house: &House, sku: &str, amount: &str) {
    house
        .ledger(sku, |ledger| ledger.prices = vec![entry("retail", amount, None, None)])
        .await;
}

pub(super) async fn prices_quiet(house: &House, listings: u64) {
    until("every price is right", async || {
        house.board.count_prices(ListingState::InSync) == listings && house.dirty().await == 0
    })
    .await;
}

pub(super) fn sku(n: usize) -> String {
    format!("A{n:02}")
}

/// So many listings that ask 10 as they should, and a worker that has seen it.
pub(super) async fn at_work(listings: usize) -> (House, Run) {
    let skus: Vec<String> = (0..listings).map(sku).collect();
    let rows: Vec<(&str, i64, i64)> = skus.iter().map(|sku| (sku.as_str(), 5, 5)).collect();
    let house = house(WriteMeaning::Available, &rows).await;
    priced(&house);
    for sku in &skus {
        asks(&house, sku, "10");
        price(&house, sku, "10").await;
    }
    let run = house.start();
    prices_quiet(&house, listings as u64).await;
    (house, run)
}

pub(super) async fn held(house: &House, listings: u64) -> String {
    until("prices are held", async || {
        house.board.count_prices(ListingState::Held) == listings && house.dirty().await == 0
    })
    .await;
    let hold = house
        .board
        .price_holds()
        .into_iter()
        .find(|hold| hold.rejected.is_none())
        .unwrap();
    assert_eq!(hold.listings, listings);
    hold.id
}

pub(super) async fn decide(house: &House, id: &str, decision: HoldDecision) {
    let answer = house.board.decide(id, decision).unwrap();
    house.wake.notify_one();
    answer.await.unwrap();
}

#[tokio::test]
async fn a_price_goes_out_is_read_back_and_survives_a_restart() {
    let (house, run) = at_work(3).await;
    assert!(
        house.fake.shop.lock().unwrap().price_calls.is_empty(),
        "what is right is not written"
    );
    price(&house, "A01", "11.50").await;
    until("it is asked", async || asked(&house, "A01") == Some(plain("11.5"))).await;
    prices_quiet(&house, 3).await;
    assert_eq!(
        house.board.count(ListingState::InSync),
        3,
        "numbers have states of their own"
    );
    let shows = |listing: &str, number: i64| {
        let (listing, location) = (listing.parse().unwrap(), None);
        let key = omnistock_sdk::ListingKey { listing, location };
        house.board.is_echo(&key, omnistock_words::Quantity::whole(number))
    };
    assert!(shows("A01", 5), "its vendor tells of the number, too");
    assert!(!shows("A01", 4) && !shows("A02", 5));
    run.stop().await;
    let run = house.start();
    prices_quiet(&house, 3).await;
    assert_eq!(
        house.fake.shop.lock().unwrap().price_calls.len(),
        1,
        "nothing is written twice"
    );
    run.stop().await;
}

#[tokio::test]
async fn without_a_floor_none_is_written_and_stock_goes_on() {
    let (house, run) = at_work(2).await;
    change(&house, |settings| {
        settings
            .channels
            .values_mut()
            .for_each(|channel| channel.policy.price.floor = None);
    });
    price(&house, "A00", "11").await;
    house.stock("A00", 3).await;
    until("stock goes on", async || house.number("A00") == 3).await;
    until("prices are parked", async || {
        house.board.count_prices(ListingState::Parked) == 2
    })
    .await;
    assert_eq!(asked(&house, "A00"), Some(plain("10")));
    let reason = house.board.parked_prices()[0].reason.clone();
    assert!(reason.starts_with("price: no floor is configured"), "{reason}");
    change(&house, |settings| {
        let floor = Some(PriceFloor::None);
        settings
            .channels
            .values_mut()
            .for_each(|channel| channel.policy.price.floor.clone_from(&floor));
    });
    prices_quiet(&house, 2).await;
    assert_eq!(asked(&house, "A00"), Some(plain("11")));
    run.stop().await;
}

#[tokio::test]
async fn a_slipped_point_is_held_stock_goes_on_and_a_person_lets_it_out_or_keeps_it() {
    let (house, run) = at_work(3).await;
    price(&house, "A00", "1000").await;
    let first = held(&house, 1).await;
    house.stock("A00", 2).await;
    until("a held price never stops stock", async || house.number("A00") == 2).await;
    let hold = house.board.price_holds()[0].to_string();
    assert_eq!(
        hold,
        "1 price is held, first A00 stays 10.00 EUR, not 1000.00 EUR (factor)"
    );
    decide(&house, &first, HoldDecision::Reject("a typo".to_owned())).await;
    until("it is rejected", async || {
        house.board.price_holds()[0].rejected.is_some()
    })
    .await;
    // Another one is a new hold: nobody has seen it yet.
    price(&house, "A01", "100").await;
    until("both are held", async || house.board.price_holds().len() == 2).await;
    run.stop().await;
    let run = house.start();
    until("holds outlive the daemon", async || {
        house.board.count_prices(ListingState::Held) == 2 && house.board.price_holds().len() == 2
    })
    .await;
    let open = house
        .board
        .price_holds()
        .into_iter()
        .find(|hold| hold.rejected.is_none())
        .unwrap();
    decide(&house, &open.id, HoldDecision::Approve("really".to_owned())).await;
    until("it is let out", async || asked(&house, "A01") == Some(plain("100"))).await;
    // The typo is mended: nothing is left to hold.
    price(&house, "A00", "11").await;
    prices_quiet(&house, 3).await;
    assert_eq!(
        (asked(&house, "A00"), house.board.price_holds()),
        (Some(plain("11")), vec![])
    );
    run.stop().await;
}

#[tokio::test]
async fn too_many_at_once_are_held_and_the_same_price_again_is_no_change() {
    let (house, run) = at_work(24).await;
    house
        .applying
        .send_modify(|(active, ever)| (*active, *ever) = (*active + 1, *ever + 1));
    for n in 0..12 {
        price(&house, &sku(n), "10.50").await;
    }
    house.applying.send_modify(|(active, _)| *active -= 1);
    house.wake.notify_one();
    let id = held(&house, 12).await;
    assert_eq!(asked(&house, &sku(3)), Some(plain("10")));
    price(&house, &sku(3), "10").await;
    until("one is withdrawn", async || {
        house.board.count_prices(ListingState::Held) == 11
    })
    .await;
    decide(&house, &id, HoldDecision::Approve("the new catalogue".to_owned())).await;
    prices_quiet(&house, 24).await;
    assert_eq!(
        (asked(&house, &sku(3)), asked(&house, &sku(4))),
        (Some(plain("10")), Some(plain("10.50")))
    );
    run.stop().await;
}

#[tokio::test]
async fn a_sale_begins_and_ends_with_its_time_and_shows_the_former_price() {
    let (house, run) = at_work(1).await;
    change(&house, |settings| {
        for channel in settings.channels.values_mut() {
            channel.policy.price.compare_at = Some(CompareAt {
                list: list("former"),
                factor: 1.into(),
            });
        }
    });
    let (begins, ends) = (now().plus(300), now().plus(900));
    let prices = vec![
        entry("retail", "10", None, None),
        entry("retail", "8", Some(begins), Some(ends)),
        entry("former", "10", None, None),
    ];
    house.ledger("A00", |ledger| ledger.prices.clone_from(&prices)).await;
    let tick = async || {
        // As the ledger's owner does when its time has come.
        house.ledger("A00", |ledger| ledger.prices.clone_from(&prices)).await;
    };
    let sale = Price {
        amount: money("8"),
        compare_at: Some(money("10")),
    };
    while now() < begins {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    tick().await;
    until("it has begun", async || asked(&house, "A00") == Some(sale)).await;
    while now() < ends {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    tick().await;
    until("it has ended", async || asked(&house, "A00") == Some(plain("10"))).await;
    prices_quiet(&house, 1).await;
    run.stop().await;
}

#[tokio::test]
async fn states_add_up_and_nothing_is_written_in_shadow_or_for_listings_without_a_price() {
    let house = house(WriteMeaning::Available, &[("A", 5, 5), ("B", 5, 5), ("C", 5, 5)]).await;
    priced(&house);
    change(&house, |settings| {
        settings
            .channels
            .values_mut()
            .for_each(|channel| channel.policy.mode = Mode::Shadow);
    });
    asks(&house, "A", "10");
    asks(&house, "B", "10");
    price(&house, "A", "11").await;
    price(&house, "B", "10").await;
    let run = house.start();
    until("all are read", async || {
        house.board.count_prices(ListingState::Paused) == 2 && house.board.count_prices(ListingState::Excluded) == 1
    })
    .await;
    let sum = |states: Vec<(ListingState, u64)>| states.iter().map(|(_, count)| count).sum::<u64>();
    assert_eq!((sum(house.board.price_states()), sum(house.board.states())), (3, 3));
    change(&house, |settings| {
        settings
            .channels
            .values_mut()
            .for_each(|channel| channel.policy.mode = Mode::Live);
    });
    until("live", async || asked(&house, "A") == Some(plain("11"))).await;
    until("and right", async || {
        house.board.count_prices(ListingState::InSync) == 2
    })
    .await;
    assert_eq!(sum(house.board.price_states()), 3);
    run.stop().await;
}

#[tokio::test]
async fn prices_that_are_configured_later_are_read_then_and_never_compared_blindly() {
    let house = house(WriteMeaning::Available, &[("A", 5, 5)]).await;
    asks(&house, "A", "10");
    let run = house.start();
    house.quiet().await;
    assert_eq!(house.board.count_prices(ListingState::Excluded), 1);
    priced(&house);
    price(&house, "A", "500").await;
    held(&house, 1).await;
    assert_eq!(
        asked(&house, "A"),
        Some(plain("10")),
        "what the channel shows is the first baseline"
    );
    run.stop().await;
}
