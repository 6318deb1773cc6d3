//! Setting numbers, and what is said of each.
#![allow(missing_docs, reason = "the names of cases are sentences")]

use crate::hand::{applied, buy, catalogue, channel, connector, item, listing, look, of, units, unknown, write};
use crate::{Applies, Fault, NotApplicable, Shop};
use omnistock_sdk::simulated::Trouble;
use omnistock_sdk::{ErrorClass, ItemOutcome, WriteItem};
use omnistock_words::{Quantity, WriteMeaning};

pub async fn a_number_written_is_what_buyers_see(shop: Shop) -> Applies<()> {
    let connector = connector(&shop)?;
    let channel = channel(&connector)?;
    shop.add("A", 5)?;
    let listing = listing(channel, "A").await;
    let outcome = write(&connector, &listing, 8).await.expect("a write");
    let ItemOutcome::Applied { quantity } = outcome else {
        panic!("{outcome:?}")
    };
    assert!(quantity.is_none_or(|quantity| quantity == units(8)), "{quantity:?}");
    assert_eq!(
        (shop.shown("A"), look(channel, &listing).await.quantity),
        (8, Some(units(8)))
    );
    Ok(())
}

pub async fn zero_sells_out(shop: Shop) -> Applies<()> {
    let connector = connector(&shop)?;
    let channel = channel(&connector)?;
    shop.add("A", 5)?;
    let listing = listing(channel, "A").await;
    assert!(applied(&write(&connector, &listing, 0).await.expect("a write")));
    assert_eq!((shop.shown("A"), shop.buy("A", 1)?), (0, None));
    assert_eq!(look(channel, &listing).await.quantity, Some(units(0)));
    Ok(())
}

pub async fn outcomes_come_one_per_item_in_order(shop: Shop) -> Applies<()> {
    let connector = connector(&shop)?;
    let channel = channel(&connector)?;
    let skus = ["A", "B", "C", "D"];
    skus.iter().try_for_each(|sku| shop.add(sku, 5))?;
    let all = catalogue(channel).await;
    let numbers = [("D", 1), ("A", 2), ("C", 3), ("B", 4)];
    let items = numbers.map(|(sku, number)| item(&connector, of(&all, sku), units(number)));
    let outcomes = channel.write(&items).await.expect("a write");
    assert_eq!(outcomes.len(), items.len());
    for ((sku, number), outcome) in numbers.iter().zip(outcomes) {
        let ItemOutcome::Applied { quantity } = outcome else {
            panic!("{sku}: {outcome:?}")
        };
        assert!(
            quantity.is_none_or(|quantity| quantity == units(*number)),
            "{sku}: {quantity:?}"
        );
        assert_eq!(shop.shown(sku), *number, "{sku}");
    }
    Ok(())
}

pub async fn an_unknown_listing_harms_no_other(shop: Shop) -> Applies<()> {
    let connector = connector(&shop)?;
    let channel = channel(&connector)?;
    shop.add("A", 5)?;
    let good = item(&connector, &listing(channel, "A").await, units(8));
    let wrong = WriteItem {
        reference: shop.nobody(),
        quantity: units(8),
        expected: None,
    };
    let said = channel.write(&[wrong, good]).await;
    if connector.manifest().all_or_nothing {
        let error = said.expect_err("the vendor knows no such listing");
        assert_eq!(error.class, ErrorClass::Rejected, "{error}");
        assert_eq!(shop.shown("A"), 5, "the whole call is undone");
    } else {
        let outcomes = said.expect("a write");
        assert!(matches!(outcomes[0], ItemOutcome::Rejected { .. }), "{outcomes:?}");
        assert!(applied(&outcomes[1]), "{outcomes:?}");
        assert_eq!(shop.shown("A"), 8);
    }
    Ok(())
}

pub async fn one_failing_item_harms_no_other(shop: Shop) -> Applies<()> {
    let connector = connector(&shop)?;
    let channel = channel(&connector)?;
    shop.add("A", 5)?;
    shop.add("B", 5)?;
    shop.fault(Fault::ItemFails("A".to_owned())).await?;
    let all = catalogue(channel).await;
    let items = ["A", "B"].map(|sku| item(&connector, of(&all, sku), units(8)));
    let outcomes = channel.write(&items).await.expect("a write");
    assert!(matches!(outcomes[0], ItemOutcome::Failed { .. }), "{outcomes:?}");
    assert!(applied(&outcomes[1]), "{outcomes:?}");
    assert_eq!((shop.shown("A"), shop.shown("B")), (5, 8));
    shop.heal().await;
    assert!(applied(&write(&connector, of(&all, "A"), 8).await.expect("a write")));
    Ok(())
}

pub async fn a_failing_batch_changes_nothing(shop: Shop) -> Applies<()> {
    let connector = connector(&shop)?;
    let channel = channel(&connector)?;
    ["A", "B", "C"].iter().try_for_each(|sku| shop.add(sku, 5))?;
    let all = catalogue(channel).await;
    shop.fault(Fault::EveryCall(Trouble::ServerError)).await?;
    let items = ["A", "B", "C"].map(|sku| item(&connector, of(&all, sku), units(8)));
    match channel.write(&items).await {
        Ok(outcomes) => assert!(!outcomes.iter().any(applied), "{outcomes:?}"),
        Err(error) => assert!(
            matches!(error.class, ErrorClass::Retry { .. } | ErrorClass::Unknown),
            "{error:?}"
        ),
    }
    assert_eq!(["A", "B", "C"].map(|sku| shop.shown(sku)), [5; 3]);
    Ok(())
}

pub async fn a_batch_of_the_largest_size_is_applied(shop: Shop) -> Applies<()> {
    let connector = connector(&shop)?;
    let channel = channel(&connector)?;
    let most = connector.manifest().max_write.min(1_000);
    let skus: Vec<String> = (0..most).map(|number| format!("SKU-{number}")).collect();
    let articles: Vec<(String, i64)> = skus.iter().map(|sku| (sku.clone(), 5)).collect();
    shop.add_all(&articles)?;
    let all = catalogue(channel).await;
    let items: Vec<WriteItem> = all.iter().map(|listing| item(&connector, listing, units(6))).collect();
    let outcomes = channel.write(&items).await.expect("a write");
    assert_eq!(
        (
            outcomes.len(),
            outcomes.iter().filter(|outcome| applied(outcome)).count()
        ),
        (most, most)
    );
    assert_eq!(shop.shown_of(&skus), vec![6; most]);
    Ok(())
}

pub async fn decimals_are_exact_or_refused(shop: Shop) -> Applies<()> {
    let connector = connector(&shop)?;
    let channel = channel(&connector)?;
    shop.add("A", 5)?;
    let listing = listing(channel, "A").await;
    let half: Quantity = "1.5".parse().expect("a number");
    let said = channel.write(&[item(&connector, &listing, half)]).await;
    let now = look(channel, &listing).await.quantity;
    if connector.manifest().decimals == 0 {
        assert!(refused(&said), "{said:?}");
        assert_eq!(now, Some(units(5)), "the vendor would have made another number of it");
    } else {
        assert!(applied(&said.expect("a write")[0]));
        assert_eq!(now, Some(half));
    }
    Ok(())
}

fn refused(said: &Result<Vec<ItemOutcome>, omnistock_sdk::ConnectorError>) -> bool {
    match said {
        Ok(outcomes) => outcomes
            .iter()
            .all(|outcome| matches!(outcome, ItemOutcome::Rejected { .. })),
        Err(error) => error.class == ErrorClass::Rejected,
    }
}

pub async fn a_negative_number_never_reaches_buyers(shop: Shop) -> Applies<()> {
    let connector = connector(&shop)?;
    let channel = channel(&connector)?;
    shop.add("A", 5)?;
    let listing = listing(channel, "A").await;
    let said = channel.write(&[item(&connector, &listing, units(-1))]).await;
    assert!(refused(&said), "{said:?}");
    assert_eq!(shop.shown("A"), 5);
    Ok(())
}

pub async fn the_largest_number_survives(shop: Shop) -> Applies<()> {
    let connector = connector(&shop)?;
    let channel = channel(&connector)?;
    shop.add("A", 5)?;
    let listing = listing(channel, "A").await;
    let most = connector.manifest().most;
    assert!(applied(
        &channel
            .write(&[item(&connector, &listing, most)])
            .await
            .expect("a write")[0]
    ));
    assert_eq!(look(channel, &listing).await.quantity, Some(most));
    Ok(())
}

pub async fn the_same_number_again_changes_nothing(shop: Shop) -> Applies<()> {
    let connector = connector(&shop)?;
    let channel = channel(&connector)?;
    shop.add("A", 5)?;
    for _ in 0..3 {
        let listing = listing(channel, "A").await;
        assert!(applied(&write(&connector, &listing, 8).await.expect("a write")));
        assert_eq!(shop.shown("A"), 8);
    }
    Ok(())
}

pub async fn a_stale_expectation_changes_nothing(shop: Shop) -> Applies<()> {
    let connector = connector(&shop)?;
    let channel = channel(&connector)?;
    if !connector.manifest().compare_and_set {
        return Err(NotApplicable("the vendor has no compare-and-set"));
    }
    shop.add("A", 5)?;
    let listing = listing(channel, "A").await;
    buy(&shop, "A", 2)?;
    let outcome = write(&connector, &listing, 8).await.expect("a write");
    assert!(matches!(outcome, ItemOutcome::Stale { .. }), "{outcome:?}");
    assert_eq!(shop.shown("A"), 3);
    let now = look(channel, &listing).await;
    assert!(applied(&write(&connector, &now, 8).await.expect("a write")));
    assert_eq!(shop.shown("A"), 8);
    Ok(())
}

pub async fn what_the_vendor_clamps_is_told(shop: Shop) -> Applies<()> {
    let connector = connector(&shop)?;
    let channel = channel(&connector)?;
    shop.add("A", 5)?;
    let listing = listing(channel, "A").await;
    shop.fault(Fault::Clamps(20)).await?;
    let said = write(&connector, &listing, 50).await;
    if let Ok(ItemOutcome::Applied { quantity }) = &said {
        assert!(
            quantity.is_none_or(|quantity| quantity == units(20)),
            "it claims {quantity:?}"
        );
    }
    assert_eq!(look(channel, &listing).await.quantity, Some(units(20)));
    Ok(())
}

pub async fn an_acceptance_that_fails_later_is_found_by_reading(shop: Shop) -> Applies<()> {
    let connector = connector(&shop)?;
    let channel = channel(&connector)?;
    shop.add("A", 5)?;
    let listing = listing(channel, "A").await;
    shop.fault(Fault::AcceptedThenFails).await?;
    let said = write(&connector, &listing, 8).await;
    assert!(unknown(&said) || said.is_ok(), "{said:?}");
    assert_eq!(look(channel, &listing).await.quantity, Some(units(5)));
    Ok(())
}

pub async fn a_sale_after_a_write_is_taken_off(shop: Shop) -> Applies<()> {
    let connector = connector(&shop)?;
    let channel = channel(&connector)?;
    shop.add("A", 5)?;
    let listing = listing(channel, "A").await;
    assert!(applied(&write(&connector, &listing, 10).await.expect("a write")));
    buy(&shop, "A", 3)?;
    assert_eq!(shop.shown("A"), 7);
    let now = look(channel, &listing).await;
    let reserved: Quantity = now.reserved.iter().map(|line| line.quantity).sum();
    match connector.manifest().write {
        WriteMeaning::Available => assert_eq!((now.quantity, reserved), (Some(units(7)), units(0))),
        WriteMeaning::Gross => assert_eq!((now.quantity, reserved), (Some(units(10)), units(3))),
    }
    Ok(())
}
