//! What is listed and what it shows.
#![allow(missing_docs, reason = "the names of cases are sentences")]

use crate::hand::{catalogue, channel, connector, listing, look, of, pages, units};
use crate::{Applies, NotApplicable, Shop};
use omnistock_sdk::{ListingKey, ListingReading};
use omnistock_words::Sku;
use std::collections::BTreeSet;

/// More than two pages of any vendor's usual hundred.
const MANY: i64 = 230;

fn name(number: i64) -> String {
    format!("SKU-{number:03}")
}

fn add_many(shop: &Shop) -> Applies<()> {
    let articles: Vec<(String, i64)> = (0..MANY).map(|number| (name(number), number)).collect();
    shop.add_all(&articles)
}

fn keys(listings: &[ListingReading]) -> BTreeSet<ListingKey> {
    let keys: BTreeSet<ListingKey> = listings.iter().map(|listing| listing.reference.key.clone()).collect();
    assert_eq!(keys.len(), listings.len(), "a listing comes twice");
    keys
}

pub async fn the_catalogue_holds_every_listing_once_over_all_pages(shop: Shop) -> Applies<()> {
    let connector = connector(&shop)?;
    let channel = channel(&connector)?;
    add_many(&shop)?;
    let all = catalogue(channel).await;
    assert_eq!(keys(&all).len(), usize::try_from(MANY).expect("a number"));
    for number in 0..MANY {
        assert_eq!(of(&all, &name(number)).quantity, Some(units(number)), "{number}");
    }
    Ok(())
}

pub async fn listings_added_while_pages_are_read_hide_none(shop: Shop) -> Applies<()> {
    let connector = connector(&shop)?;
    let channel = channel(&connector)?;
    add_many(&shop)?;
    let first = channel.catalogue(None).await.expect("a page");
    let new: Vec<(String, i64)> = (0..20).map(|number| (format!("NEW-{number}"), 1)).collect();
    shop.add_all(&new)?;
    let mut all = first.listings;
    if first.next.is_some() {
        all.extend(pages(channel, first.next).await.expect("the rest"));
    }
    for number in 0..MANY {
        of(&all, &name(number));
    }
    Ok(())
}

pub async fn a_listing_removed_while_pages_are_read_hides_no_other(shop: Shop) -> Applies<()> {
    let connector = connector(&shop)?;
    let channel = channel(&connector)?;
    add_many(&shop)?;
    let first = channel.catalogue(None).await.expect("a page");
    if first.next.is_none() {
        return Err(NotApplicable("the catalogue comes in one piece"));
    }
    let gone = 3..9;
    gone.clone().try_for_each(|number| shop.remove(&name(number)))?;
    let mut all = first.listings;
    all.extend(pages(channel, first.next).await.expect("the rest"));
    for number in (0..MANY).filter(|number| !gone.contains(number)) {
        let wanted = name(number);
        let found = all
            .iter()
            .any(|listing| listing.sku.as_ref().map(Sku::as_str) == Some(&wanted));
        assert!(found, "{wanted} is hidden");
    }
    Ok(())
}

pub async fn a_single_read_agrees_with_the_catalogue(shop: Shop) -> Applies<()> {
    let connector = connector(&shop)?;
    let channel = channel(&connector)?;
    add_many(&shop)?;
    let all = catalogue(channel).await;
    let most = connector.manifest().max_read.min(all.len());
    let references: Vec<_> = all.iter().take(most).map(|listing| listing.reference.clone()).collect();
    let read = channel.read(&references).await.expect("a read");
    assert_eq!(keys(&read), keys(&all[..most]));
    for one in &read {
        let other = all
            .iter()
            .find(|other| other.reference == one.reference)
            .expect("the same listing");
        let facts = |reading: &ListingReading| {
            (
                reading.sku.clone(),
                reading.place.clone(),
                reading.quantity,
                reading.unwritable.clone(),
            )
        };
        assert_eq!(facts(one), facts(other));
    }
    Ok(())
}

pub async fn a_listing_that_is_gone_is_left_out(shop: Shop) -> Applies<()> {
    let connector = connector(&shop)?;
    let channel = channel(&connector)?;
    shop.add("A", 5)?;
    let here = listing(channel, "A").await;
    let read = channel
        .read(&[shop.nobody(), here.reference.clone()])
        .await
        .expect("a read");
    assert_eq!(keys(&read), BTreeSet::from([here.reference.key]));
    assert_eq!(channel.read(&[shop.nobody()]).await.expect("a read"), []);
    Ok(())
}

pub async fn what_the_vendor_does_not_count_is_not_writable_and_says_why(shop: Shop) -> Applies<()> {
    let connector = connector(&shop)?;
    let channel = channel(&connector)?;
    shop.add_unmanaged("A")?;
    let listing = listing(channel, "A").await;
    let why = listing.unwritable.expect("it can be written");
    assert!(why.split_whitespace().count() > 3, "{why}");
    assert_eq!(listing.quantity, None);
    Ok(())
}

pub async fn zero_is_a_number(shop: Shop) -> Applies<()> {
    let connector = connector(&shop)?;
    let channel = channel(&connector)?;
    shop.add("A", 0)?;
    let listing = listing(channel, "A").await;
    assert_eq!(
        (listing.quantity, look(channel, &listing).await.quantity),
        (Some(units(0)), Some(units(0)))
    );
    Ok(())
}

pub async fn a_negative_number_is_read_as_it_is(shop: Shop) -> Applies<()> {
    let connector = connector(&shop)?;
    let channel = channel(&connector)?;
    shop.add("A", 5)?;
    shop.set_stock("A", -4)?;
    assert_eq!(listing(channel, "A").await.quantity, Some(units(-4)));
    Ok(())
}

pub async fn a_huge_number_harms_no_other_listing(shop: Shop) -> Applies<()> {
    let connector = connector(&shop)?;
    let channel = channel(&connector)?;
    shop.add("A", 9_000_000_000_000_000)?;
    shop.add("B", 7)?;
    let all = catalogue(channel).await;
    assert_eq!(of(&all, "B").quantity, Some(units(7)));
    let huge = of(&all, "A");
    assert!(
        huge.quantity.is_some_and(|quantity| quantity >= units(1_000_000_000)),
        "a huge number is read as {:?}",
        huge.quantity
    );
    Ok(())
}

pub async fn a_sku_is_kept_to_the_letter(shop: Shop) -> Applies<()> {
    let connector = connector(&shop)?;
    let channel = channel(&connector)?;
    let long = "x".repeat(100);
    let odd = ["00123", "a b&c=d", "Größe-4½", "ABC", "abc", "1e5", long.as_str()];
    for (sku, number) in odd.iter().zip(1..) {
        shop.add(sku, number)?;
    }
    let all = catalogue(channel).await;
    for (sku, number) in odd.iter().zip(1..) {
        assert_eq!(of(&all, sku).quantity, Some(units(number)), "{sku}");
    }
    Ok(())
}

pub async fn a_listing_without_a_sku_is_listed_without_one(shop: Shop) -> Applies<()> {
    let connector = connector(&shop)?;
    let channel = channel(&connector)?;
    shop.add("", 5)?;
    let all = catalogue(channel).await;
    assert_eq!((all.len(), all[0].sku.clone()), (1, None));
    Ok(())
}

pub async fn a_number_changed_by_a_person_is_read(shop: Shop) -> Applies<()> {
    let connector = connector(&shop)?;
    let channel = channel(&connector)?;
    shop.add("A", 5)?;
    let listing = listing(channel, "A").await;
    shop.set_stock("A", 12)?;
    let now = look(channel, &listing).await;
    assert_eq!(now.quantity, Some(units(12)));
    assert!(now.read_at >= listing.read_at);
    Ok(())
}
