//! Reading what is shown, writing it, and selling from it.

use super::shop::{Shop, catalogue, numbers, orders, write};
use omnistock_medusa::simulator::{Faults, Refusal};
use omnistock_sdk::{ErrorClass, ItemOutcome};
use omnistock_words::{Quantity, VendorLocation};
use serde_json::json;

#[tokio::test]
async fn the_catalogue_has_every_level_once_over_all_pages() {
    let shop = Shop::open().await;
    for number in 0..250 {
        shop.add(&format!("SKU-{number:03}"), number, 1);
    }
    let foreign = shop.simulator.add_location("somewhere else");
    shop.simulator.add_product("X", &[(foreign, 3)]);
    shop.simulator.add_product("NOWHERE", &[]);
    let connector = shop.connector(&json!({}));
    connector.check().await.unwrap();
    let all = catalogue(connector.as_ref()).await;
    assert_eq!(all.len(), 502);
    assert_eq!(
        numbers(&all[14]),
        (Some("SKU-007"), Some("berlin"), Some(Quantity::whole(7)))
    );
    assert_eq!(
        numbers(&all[15]),
        (Some("SKU-007"), Some("hamburg"), Some(Quantity::ONE))
    );
    assert_eq!(numbers(&all[500]), (Some("X"), None, Some(Quantity::whole(3))));
    assert_eq!(numbers(&all[501]), (Some("NOWHERE"), None, None));
    assert!(all[501].unwritable.as_ref().unwrap().contains("Manage locations"));
    let read = connector
        .channel()
        .unwrap()
        .read(&[all[15].reference.clone()])
        .await
        .unwrap();
    assert_eq!(read.len(), 1);
    assert_eq!(read[0].reference, all[15].reference);
}

#[tokio::test]
async fn a_sale_is_a_reserved_line_beside_the_gross_number() {
    let shop = Shop::open().await;
    shop.add("A", 10, 5);
    let connector = shop.connector(&json!({}));
    let order = shop.simulator.buy("A", 3).unwrap();
    let all = catalogue(connector.as_ref()).await;
    let (facts, _) = orders(connector.as_ref(), None).await;
    assert_eq!(
        all[0].quantity,
        Some(Quantity::whole(10)),
        "gross: the sale doesn't lower it"
    );
    assert_eq!(all[0].reserved.len(), 1);
    assert_eq!(
        all[0].reserved[0].line, facts[0].lines[0].line,
        "the ledger finds the line by its id"
    );
    assert_eq!(
        (all[0].reserved[0].quantity, all[1].reserved.len()),
        (Quantity::whole(3), 0)
    );
    // Promise 6 at Berlin: with the reserved units on top a buyer sees just that.
    connector
        .channel()
        .unwrap()
        .write(&[write(&all[0], 6 + 3), write(&all[1], 0)])
        .await
        .unwrap();
    assert_eq!(shop.simulator.shown("A"), Some(6));
    assert!(shop.simulator.fulfil(&order));
    let read = connector
        .channel()
        .unwrap()
        .read(&[all[0].reference.clone()])
        .await
        .unwrap();
    assert_eq!(
        (read[0].quantity, read[0].reserved.len()),
        (Some(Quantity::whole(6)), 0),
        "packing takes the units from both"
    );
}

#[tokio::test]
async fn units_set_aside_by_hand_have_a_line_that_no_order_has() {
    let shop = Shop::open().await;
    shop.add("A", 10, 0);
    let reservation = shop.simulator.reserve_by_hand("A", &shop.berlin, 4).unwrap();
    let connector = shop.connector(&json!({}));
    let all = catalogue(connector.as_ref()).await;
    assert_eq!(all[0].reserved[0].line.as_str(), reservation);
    assert_eq!(all[0].reserved[0].order, None);
}

#[tokio::test]
async fn one_unknown_level_undoes_the_whole_call() {
    let shop = Shop::open().await;
    shop.add("A", 10, 5);
    let connector = shop.connector(&json!({}));
    let all = catalogue(connector.as_ref()).await;
    let mut wrong = write(&all[1], 8);
    wrong.reference.key.location = Some(VendorLocation::new("sloc_gone").unwrap());
    let error = connector
        .channel()
        .unwrap()
        .write(&[write(&all[0], 7), wrong])
        .await
        .unwrap_err();
    assert_eq!(error.class, ErrorClass::Rejected);
    assert!(
        error.message.contains("is not stocked at location sloc_gone"),
        "{error}"
    );
    assert_eq!(
        shop.simulator.level("A", &shop.berlin),
        Some((10, 0)),
        "nothing was written"
    );
    let error = connector
        .channel()
        .unwrap()
        .write(&[write(&all[0], -1)])
        .await
        .unwrap_err();
    assert_eq!(error.class, ErrorClass::Rejected);
    let outcomes = connector
        .channel()
        .unwrap()
        .write(&[write(&all[0], 7), write(&all[1], 8)])
        .await
        .unwrap();
    assert_eq!(
        outcomes,
        [7, 8].map(|units| ItemOutcome::Applied {
            quantity: Some(Quantity::whole(units))
        })
    );
    assert_eq!(shop.simulator.shown("A"), Some(15));
}

#[tokio::test]
async fn a_write_without_an_answer_may_have_been_done() {
    let shop = Shop::open().await;
    shop.add("A", 10, 5);
    let connector = shop.connector(&json!({"deadline_ms": 300}));
    let all = catalogue(connector.as_ref()).await;
    shop.simulator.set_faults(Faults {
        timeout_after_apply_rate: 1.0,
        ..Faults::default()
    });
    let error = connector
        .channel()
        .unwrap()
        .write(&[write(&all[0], 7)])
        .await
        .unwrap_err();
    assert_eq!(error.class, ErrorClass::Unknown);
    assert_eq!(shop.simulator.level("A", &shop.berlin), Some((7, 0)));
    shop.simulator.set_faults(Faults {
        outage: true,
        ..Faults::default()
    });
    assert_eq!(
        connector
            .channel()
            .unwrap()
            .write(&[write(&all[0], 6)])
            .await
            .unwrap_err()
            .class,
        ErrorClass::Unknown
    );
    assert_eq!(shop.simulator.buy("A", 1), Err(Refusal::Unreachable));
}

#[tokio::test]
async fn a_line_is_sold_from_one_location_or_not_at_all() {
    let shop = Shop::open().await;
    shop.add("A", 10, 5);
    assert_eq!(
        shop.simulator.buy("A", 11),
        Err(Refusal::SoldOut),
        "10 + 5 are there, but not 11 in one place"
    );
    shop.simulator.buy("A", 7).unwrap();
    shop.simulator.buy("A", 4).unwrap();
    assert_eq!(
        (
            shop.simulator.level("A", &shop.berlin),
            shop.simulator.level("A", &shop.hamburg)
        ),
        (Some((10, 7)), Some((5, 4)))
    );
    assert_eq!((shop.simulator.shown("A"), shop.simulator.sales().len()), (Some(4), 2));
}

#[tokio::test]
async fn what_a_pack_or_a_kit_takes_is_listed_and_not_written_and_says_why() {
    let shop = Shop::open().await;
    for sku in ["PLAIN", "SIX", "BODY", "LENS", "SET"] {
        shop.add(sku, 12, 0);
    }
    assert!(shop.simulator.takes("SIX", "SIX", 6));
    assert!(shop.simulator.takes("SET", "BODY", 1) && shop.simulator.takes("SET", "LENS", 2));
    let connector = shop.connector(&json!({}));
    let all = catalogue(connector.as_ref()).await;
    let why = |sku: &str| {
        let own = all.iter().filter(|one| numbers(one).0 == Some(sku));
        let reasons: Vec<String> = own.map(|one| one.unwritable.clone().unwrap_or_default()).collect();
        assert!(
            reasons.len() == 2 && reasons[0] == reasons[1],
            "at both places: {reasons:?}"
        );
        reasons[0].clone()
    };
    assert_eq!(why("PLAIN"), "");
    assert!(why("SIX").contains("`SIX` takes 6 of it"), "{}", why("SIX"));
    for sku in ["SET", "BODY", "LENS"] {
        assert!(
            why(sku).contains("`SET` is a kit of 3 inventory items"),
            "{sku}: {}",
            why(sku)
        );
    }
    let listings: Vec<_> = all.iter().map(|one| one.reference.clone()).collect();
    let read = connector.channel().unwrap().read(&listings).await.unwrap();
    for one in &read {
        let listed = all.iter().find(|other| other.reference == one.reference).unwrap();
        assert_eq!(one.unwritable, listed.unwritable, "a single read agrees");
    }
}

#[tokio::test]
async fn a_kit_reserves_of_each_item_what_one_of_it_takes() {
    let shop = Shop::open().await;
    for sku in ["BODY", "LENS", "SET"] {
        shop.add(sku, 12, 0);
    }
    assert!(shop.simulator.takes("SET", "BODY", 1) && shop.simulator.takes("SET", "LENS", 3));
    assert_eq!(
        shop.simulator.shown("SET"),
        Some(4),
        "twelve lenses are four times three"
    );
    let order = shop.simulator.buy("SET", 2).unwrap();
    let held = |sku: &str| shop.simulator.level(sku, &shop.berlin).unwrap();
    assert_eq!((held("SET"), held("BODY"), held("LENS")), ((12, 2), (12, 2), (12, 6)));
    assert!(shop.simulator.edit(&order, 3) && !shop.simulator.edit(&order, 5));
    assert_eq!((held("BODY"), held("LENS")), ((12, 3), (12, 9)));
    assert!(shop.simulator.pack(&order, 1));
    assert_eq!((held("BODY"), held("LENS")), ((11, 2), (9, 6)));
    let other = shop.simulator.buy("SET", 1).unwrap();
    assert!(shop.simulator.cancel(&other));
    assert_eq!((held("BODY"), held("LENS")), ((11, 2), (9, 6)));
    assert_eq!(shop.simulator.buy("SET", 2), Err(Refusal::SoldOut));
}
