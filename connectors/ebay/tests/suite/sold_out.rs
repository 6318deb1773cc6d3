//! What becomes of listings that are sold out, with and without the account's out-of-stock control.

use crate::support::{applied, item, open, start};
use omnistock_ebay::simulator::SimulatorSettings;
use omnistock_words::Quantity;

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

/// To go on selling what is not there would be worse.
#[tokio::test]
async fn a_zero_is_sent_also_where_it_ends_the_listing() {
    const PROGRAMS: &str = "GET /sell/account/v1/program/get_opted_in_programs";
    let shop = start().await;
    shop.set_out_of_stock_control(false);
    for sku in ["A", "B"] {
        shop.add(sku, 5);
    }
    let (a, b) = (shop.listing("A").await, shop.listing("B").await);
    assert!(
        shop.calls(PROGRAMS) > 0,
        "asked with the catalogue, so that it can be told"
    );
    let outcomes = shop.write(&[item(&a, 0), item(&b, 4)]).await;
    assert!(outcomes.iter().all(applied), "{outcomes:?}");
    assert!(shop.buy("A", 1).is_err(), "nobody can buy it");
}
