//! Listings of both models: how they are named, read and written, and what eBay makes of several in one call.

use crate::support::{Shop, applied, connect, item, open, start, table};
use omnistock_ebay::simulator::{BatchRule, SimulatorSettings};
use omnistock_sdk::{ItemOutcome, ListingReading, PriceItem, PriceOutcome, WriteItem};
use omnistock_words::{Money, Price, Quantity, Sku};
use std::time::Duration;

const BULK: &str = "POST /sell/inventory/v1/bulk_update_price_quantity";
const REVISE: &str = "ReviseInventoryStatus";

async fn with(rule: BatchRule) -> Shop {
    open(SimulatorSettings {
        rule,
        ..SimulatorSettings::default()
    })
    .await
}

fn skus(listings: &[ListingReading]) -> Vec<&str> {
    let mut skus: Vec<&str> = listings
        .iter()
        .filter_map(|one| one.sku.as_ref().map(Sku::as_str))
        .collect();
    skus.sort_unstable();
    skus
}

fn price(amount: &str) -> Price {
    Price::plain(Money::new(amount.parse().unwrap(), "EUR".parse().unwrap()).unwrap())
}

#[tokio::test]
async fn both_models_are_listed_once_and_each_is_written_its_own_way() {
    let shop = start().await;
    shop.add("NEW", 5);
    let page = shop.add_group(&[("RED", 1), ("BLUE", 2)]);
    let older = shop.add_older(Some("OLD"), 5);
    let group = shop.add_older_group(&[(Some("OLD-S"), 3), (Some("OLD-L"), 4), (None, 9)]);
    shop.add_elsewhere("BRITISH", "EBAY_GB");
    let all = shop.catalogue().await;
    assert_eq!(skus(&all), ["BLUE", "NEW", "OLD", "OLD-L", "OLD-S", "RED"]);
    let of = |sku: &str| {
        all.iter()
            .find(|one| one.sku.as_ref().map(Sku::as_str) == Some(sku))
            .unwrap()
    };
    let parent = |sku: &str| of(sku).reference.parent.as_ref().unwrap().to_string();
    assert_eq!(
        (parent("RED"), parent("BLUE")),
        (page.to_string(), page.to_string()),
        "one page, one budget"
    );
    assert_eq!(of("OLD").reference.key.listing.as_str(), format!("item:{older}"));
    assert_eq!(
        of("OLD-S").reference.key.listing.as_str(),
        format!("item:{group}:OLD-S")
    );
    let nameless = all.iter().find(|one| one.sku.is_none()).unwrap();
    assert!(
        nameless.unwritable.as_ref().unwrap().contains("custom label"),
        "{nameless:?}"
    );
    let wanted = ["NEW", "OLD", "OLD-S", "RED", "OLD-L"];
    let items: Vec<WriteItem> = wanted.iter().map(|sku| item(of(sku), 7)).collect();
    assert!(shop.write(&items).await.iter().all(applied));
    assert!(wanted.iter().all(|sku| shop.shown(sku) == Some(7)));
    assert_eq!(
        (shop.shown("BLUE"), shop.calls(BULK), shop.calls(REVISE)),
        (Some(2), 1, 1)
    );
    let read = shop
        .channel()
        .read(&items.iter().map(|item| item.reference.clone()).collect::<Vec<_>>())
        .await
        .unwrap();
    assert_eq!(read.len(), 5);
    assert!(
        read.iter().all(|one| one.quantity == Some(Quantity::whole(7))),
        "{read:?}"
    );
}

#[tokio::test]
async fn odd_skus_are_kept_to_the_letter_in_both_models() {
    let shop = start().await;
    let odd = ["a b&c=d", "Größe-4½", "<x>\"'", "100%/?#:+", "x-".repeat(25).as_str()].map(str::to_owned);
    for (number, sku) in (1..).zip(&odd) {
        shop.add(sku, number);
        shop.add_older_group(&[(Some(&format!("{sku}!")), number), (Some("other"), 1)]);
    }
    let all = shop.catalogue().await;
    for (number, sku) in (1..).zip(&odd) {
        for sku in [sku.clone(), format!("{sku}!")] {
            let found = all.iter().find(|one| one.sku.as_ref().map(Sku::as_str) == Some(&sku));
            let found = found.unwrap_or_else(|| panic!("{sku} is missing"));
            assert_eq!(found.quantity, Some(Quantity::whole(number)), "{sku}");
            assert!(applied(&shop.write(&[item(found, 70 + number)]).await[0]), "{sku}");
            assert_eq!(shop.shown(&sku), Some(70 + number), "{sku}");
        }
    }
}

/// Thirty offers, written twice; what it took.
async fn written_twice(shop: &Shop) -> (u64, u64) {
    for number in 0..25 {
        shop.add(&format!("S-{number}"), 5);
    }
    let all = shop.catalogue().await;
    let mut calls = Vec::new();
    for units in [6, 7] {
        let before = shop.calls(BULK);
        let items: Vec<WriteItem> = all.iter().map(|one| item(one, units)).collect();
        let outcomes = shop.write(&items).await;
        assert!(outcomes.iter().all(applied), "{outcomes:?}");
        assert!((0..25).all(|number| shop.shown(&format!("S-{number}")) == Some(units)));
        calls.push(shop.calls(BULK) - before);
    }
    (calls[0], calls[1])
}

#[tokio::test]
async fn how_many_skus_a_call_takes_is_found_out_once_and_remembered() {
    assert_eq!(written_twice(&with(BatchRule::Many).await).await, (1, 1));
    assert_eq!(written_twice(&with(BatchRule::OneRefused).await).await, (26, 25));
    assert_eq!(written_twice(&with(BatchRule::OneSilent).await).await, (25, 25));
}

#[tokio::test]
async fn one_bad_row_does_not_make_all_others_go_alone() {
    let shop = start().await;
    for sku in ["A", "B", "C"] {
        shop.add(sku, 5);
    }
    let all = shop.catalogue().await;
    shop.remove("B");
    let items: Vec<WriteItem> = all.iter().map(|one| item(one, 8)).collect();
    let outcomes = shop.write(&items).await;
    assert!(applied(&outcomes[0]) && applied(&outcomes[2]), "{outcomes:?}");
    assert!(
        matches!(&outcomes[1], ItemOutcome::Rejected { reason } if reason.contains("25702")),
        "{outcomes:?}"
    );
    assert_eq!(
        (shop.calls(BULK), shop.shown("A"), shop.shown("C")),
        (1, Some(8), Some(8))
    );
}

#[tokio::test]
async fn an_older_listing_that_is_refused_harms_none_of_its_call() {
    let shop = start().await;
    let skus = ["A", "B", "C", "D", "E"];
    for sku in skus {
        shop.add_older(Some(sku), 5);
    }
    let all = shop.catalogue().await;
    shop.remove("B");
    shop.fault(|faults| faults.failing_sku = Some("C".to_owned()));
    let items: Vec<WriteItem> = all.iter().map(|one| item(one, 8)).collect();
    let outcomes = shop.write(&items).await;
    assert!(
        [0, 3, 4].iter().all(|index: &usize| applied(&outcomes[*index])),
        "{outcomes:?}"
    );
    assert!(
        matches!(&outcomes[1], ItemOutcome::Rejected { reason } if reason.contains("291")),
        "{outcomes:?}"
    );
    assert!(matches!(&outcomes[2], ItemOutcome::Failed { .. }), "{outcomes:?}");
    assert_eq!(shop.shown("E"), Some(8));
}

#[tokio::test]
async fn an_auction_keeps_its_units_and_the_fixed_price_shows_what_it_should() {
    let shop = start().await;
    shop.add("A", 5);
    shop.add_auction("A", 4);
    let all = shop.catalogue().await;
    let (auction, fixed): (Vec<_>, Vec<_>) = all.into_iter().partition(|one| one.unwritable.is_some());
    assert!(auction[0].unwritable.as_ref().unwrap().contains("auction"));
    assert_eq!((fixed.len(), fixed[0].quantity), (1, Some(Quantity::whole(5))));
    for units in [2, 7, 0, 4] {
        assert!(applied(&shop.write(&[item(&fixed[0], units)]).await[0]), "{units}");
        assert_eq!(shop.shown("A"), Some(units));
    }
    assert_eq!(shop.calls(BULK), 4, "what it holds is known from reading");
}

#[tokio::test]
async fn an_auction_that_nobody_read_of_shows_too_few_only_until_the_listing_is_read() {
    let shop = start().await;
    shop.add("A", 9);
    let listing = shop.listing("A").await;
    shop.add_auction("A", 4);
    assert!(applied(&shop.write(&[item(&listing, 7)]).await[0]));
    assert_eq!(shop.shown("A"), Some(3), "the vendor says nothing of it");
    let reference = [listing.reference.clone()];
    let read = shop.channel().read(&reference).await.unwrap();
    assert_eq!(read[0].quantity, Some(Quantity::whole(3)));
    assert!(applied(&shop.write(&[item(&listing, 7)]).await[0]));
    assert_eq!(shop.shown("A"), Some(7));
    // Below what the auction holds the vendor refuses the number of the item: a new process learns it so.
    let fresh = connect(table(&shop));
    let outcomes = fresh.channel().unwrap().write(&[item(&listing, 2)]).await.unwrap();
    assert!(applied(&outcomes[0]) && shop.shown("A") == Some(2), "{outcomes:?}");
}

#[tokio::test]
async fn an_audit_beside_a_pass_over_the_catalogue_ends_and_both_tell_all() {
    let shop = start().await;
    for number in 0..60 {
        shop.add(&format!("S-{number}"), 5);
    }
    let (mut cursors, mut told, mut pages) = ([None, None], [0, 0], 0);
    let mut reading = vec![0, 1];
    while !reading.is_empty() {
        for reader in std::mem::take(&mut reading) {
            let page = shop.channel().catalogue(cursors[reader].as_ref()).await.unwrap();
            (told[reader], pages) = (told[reader] + page.listings.len(), pages + 1);
            cursors[reader] = page.next;
            if cursors[reader].is_some() {
                reading.push(reader);
            }
        }
        assert!(pages < 30, "they go on for ever");
    }
    assert_eq!(told, [60, 60]);
}

#[tokio::test]
async fn a_number_that_a_full_replacement_lost_is_seen_as_none_and_written_again() {
    let shop = start().await;
    shop.add("A", 5);
    shop.replace_item("A");
    let listing = shop.listing("A").await;
    assert_eq!((listing.quantity, shop.shown("A")), (Some(Quantity::ZERO), Some(0)));
    assert!(applied(&shop.write(&[item(&listing, 5)]).await[0]));
    assert_eq!(shop.shown("A"), Some(5));
}

#[tokio::test]
async fn what_is_accepted_and_comes_late_is_found_by_reading() {
    let shop = start().await;
    shop.add("A", 5);
    let listing = shop.listing("A").await;
    shop.fault(|faults| faults.delay = Duration::from_millis(300));
    assert!(applied(&shop.write(&[item(&listing, 8)]).await[0]));
    assert_eq!(shop.listing("A").await.quantity, Some(Quantity::whole(5)), "not yet");
    let until = tokio::time::Instant::now() + Duration::from_secs(20);
    while shop.listing("A").await.quantity != Some(Quantity::whole(8)) {
        assert!(tokio::time::Instant::now() < until, "it never came");
    }
}

#[tokio::test]
async fn prices_are_written_without_a_word_about_numbers() {
    let shop = start().await;
    shop.add("A", 5);
    shop.add_older(Some("OLD"), 4);
    let prices = shop.connector.prices().unwrap();
    let mut page = prices.priced_page(None).await.unwrap();
    page.prices
        .extend(prices.priced_page(page.page.next.as_ref()).await.unwrap().prices);
    assert!(
        page.prices.iter().all(|one| one.prices == [price("9.90")]),
        "{:?}",
        page.prices
    );
    let listing = [shop.listing("A").await, shop.listing("OLD").await];
    let wanted = |one: &ListingReading, price| PriceItem {
        reference: one.reference.clone(),
        price,
    };
    let dollars = Price::plain(Money::new("1".parse().unwrap(), "USD".parse().unwrap()).unwrap());
    let items = [
        wanted(&listing[0], price("14.50")),
        wanted(&listing[1], price("3.99")),
        wanted(&listing[0], dollars),
    ];
    let outcomes = prices.write_prices(&items).await.unwrap();
    assert!(
        matches!(
            outcomes[..2],
            [PriceOutcome::Applied { .. }, PriceOutcome::Applied { .. }]
        ),
        "{outcomes:?}"
    );
    assert!(
        matches!(&outcomes[2], PriceOutcome::Rejected { reason } if reason.contains("USD")),
        "{outcomes:?}"
    );
    assert_eq!(
        (shop.asked("A").as_deref(), shop.asked("OLD").as_deref()),
        (Some("14.50"), Some("3.99"))
    );
    assert_eq!((shop.shown("A"), shop.shown("OLD")), (Some(5), Some(4)));
    let references = listing.map(|one| one.reference);
    let read = prices.read_prices(&references).await.unwrap();
    assert_eq!(
        read.iter().map(|one| one.prices[0]).collect::<Vec<_>>(),
        [price("14.50"), price("3.99")]
    );
}

#[tokio::test]
async fn a_page_is_revised_250_times_a_day_and_the_next_day_again() {
    let shop = start().await;
    shop.set_now("2026-11-22T10:00:00Z".parse().unwrap());
    shop.add("A", 5);
    let listing = shop.listing("A").await;
    for units in 0..250 {
        assert!(applied(&shop.write(&[item(&listing, units % 9)]).await[0]), "{units}");
    }
    let outcome = shop.write(&[item(&listing, 8)]).await.remove(0);
    assert!(
        matches!(&outcome, ItemOutcome::Failed { reason } if reason.contains("calendar day")),
        "{outcome:?}"
    );
    assert_eq!(shop.counters().revisions_refused, 1);
    shop.set_now("2026-11-23T00:00:00Z".parse().unwrap());
    assert!(applied(&shop.write(&[item(&listing, 8)]).await[0]));
}
