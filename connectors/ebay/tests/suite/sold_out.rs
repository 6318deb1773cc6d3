//! What becomes of listings that are sold out, with and without the account's out-of-stock control.

use crate::support::{applied, item, open, start};
use omnistock_ebay::simulator::SimulatorSettings;
use omnistock_sdk::ItemOutcome;
use omnistock_words::Quantity;
use std::time::Duration;

#[tokio::test]
async fn what_was_sold_out_without_out_of_stock_control_has_ended_and_says_so() {
    let settings = SimulatorSettings {
        out_of_stock_control: false,
        ..SimulatorSettings::default()
    };
    let shop = open(settings).await;
    shop.add("A", 5);
    let listing = shop.listing("A").await;
    shop.buy("A", 5).unwrap();
    let ended = shop.channel().read(&[listing.reference]).await.unwrap().remove(0);
    assert!(ended.unwritable.unwrap().contains("list it again"));
    let error = shop.connector.check().await.unwrap_err();
    assert!(error.message.contains("`out-of-stock control`"), "{error}");
}

#[tokio::test]
async fn an_older_listing_that_has_ended_says_so_and_stays_while_a_variation_is_left() {
    let shop = start().await;
    shop.set_out_of_stock_control(false);
    shop.add_older(Some("OLD"), 1);
    shop.add_older_group(&[(Some("S"), 1), (Some("L"), 1)]);
    let older = [shop.listing("OLD").await, shop.listing("S").await];
    for sku in ["OLD", "S"] {
        shop.buy(sku, 1).unwrap();
    }
    let read = older.map(|one| one.reference);
    let read = shop.channel().read(&read).await.unwrap();
    assert!(
        read[0].unwritable.as_ref().unwrap().contains("list it again"),
        "{read:?}"
    );
    assert_eq!(
        (read[1].quantity, &read[1].unwritable),
        (Some(Quantity::ZERO), &None),
        "its other variation is left"
    );
    shop.buy("L", 1).unwrap();
    let read = shop.channel().read(&[read[1].reference.clone()]).await.unwrap();
    assert!(
        read[0].unwritable.as_ref().unwrap().contains("list it again"),
        "{read:?}"
    );
}

#[tokio::test]
async fn no_zero_is_sent_while_it_would_end_the_listing_and_others_go_on() {
    let shop = start().await;
    shop.set_out_of_stock_control(false);
    for sku in ["A", "B"] {
        shop.add(sku, 5);
    }
    shop.add_older(Some("OLD"), 5);
    let (a, b, old) = (
        shop.listing("A").await,
        shop.listing("B").await,
        shop.listing("OLD").await,
    );
    let outcomes = shop.write(&[item(&a, 0), item(&b, 4), item(&old, 0)]).await;
    for refused in [&outcomes[0], &outcomes[2]] {
        assert!(
            matches!(refused, ItemOutcome::Rejected { reason } if reason.contains("Multi-quantity listings")),
            "{outcomes:?}"
        );
    }
    assert!(applied(&outcomes[1]));
    assert_eq!(
        ["A", "B", "OLD"].map(|sku| shop.shown(sku)),
        [Some(5), Some(4), Some(5)]
    );
    // Once it is switched on nobody has to wait for it to be noticed.
    shop.set_out_of_stock_control(true);
    assert!(shop.write(&[item(&a, 0), item(&old, 0)]).await.iter().all(applied));
    assert_eq!((shop.shown("A"), shop.shown("OLD")), (Some(0), Some(0)));
}

#[tokio::test(start_paused = true)]
async fn whether_zeros_end_listings_is_asked_once_an_hour() {
    const PROGRAMS: &str = "GET /sell/account/v1/program/get_opted_in_programs";
    let shop = start().await;
    shop.add("A", 5);
    let listing = shop.listing("A").await;
    for units in [0, 3, 0] {
        assert!(applied(&shop.write(&[item(&listing, units)]).await[0]));
    }
    assert_eq!(shop.calls(PROGRAMS), 1, "asked when the catalogue was read");
    tokio::time::advance(Duration::from_mins(61)).await;
    shop.write(&[item(&listing, 3)]).await;
    assert_eq!(shop.calls(PROGRAMS), 1, "nothing ends by a 3");
    shop.write(&[item(&listing, 0)]).await;
    assert_eq!(shop.calls(PROGRAMS), 2);
}
