//! What listings ask: written, read back, refused, unknown, and apart from their numbers.
#![allow(missing_docs, reason = "the names of cases are sentences")]

use crate::hand::{applied, connector, item, units};
use crate::{Access, Applies, Fault, NotApplicable, Shop};
use omnistock_sdk::simulated::{Trouble, WriteTrouble};
use omnistock_sdk::{
    Connector, ConnectorError, ErrorClass, Grouping, ListingReading, PriceCurrency, PriceItem, PriceOutcome,
    PriceReading, PriceRole,
};
use omnistock_words::{Money, Price, Sku};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Pages at most: a catalogue that never ends is a failure.
const MOST_PAGES: usize = 1_000;

fn money(text: &str) -> Money {
    let (amount, currency) = text.split_once(' ').unwrap_or((text, "EUR"));
    let amount = amount.parse().expect("an amount");
    Money::new(amount, currency.parse().expect("a currency")).expect("money")
}

fn plain(text: &str) -> Price {
    Price::plain(money(text))
}

fn sale(amount: &str, compared: &str) -> Price {
    Price {
        amount: money(amount),
        compare_at: Some(money(compared)),
    }
}

fn role(connector: &Arc<dyn Connector>) -> Applies<&dyn PriceRole> {
    connector.prices().ok_or(NotApplicable("it keeps no prices"))
}

/// A whole pass: each listing, and what it asks where it carries its price.
async fn pass(role: &dyn PriceRole) -> Vec<(ListingReading, Option<PriceReading>)> {
    let (mut all, mut cursor) = (Vec::new(), None);
    for _ in 0..MOST_PAGES {
        let page = role.priced_page(cursor.as_ref()).await.expect("a page with prices");
        let mut prices = page.prices;
        for listing in page.page.listings {
            let own = prices.iter().position(|one| one.key == listing.reference.key);
            all.push((listing, own.map(|own| prices.remove(own))));
        }
        assert!(
            prices.is_empty(),
            "prices of listings that are not on the page: {prices:?}"
        );
        cursor = page.page.next;
        if cursor.is_none() {
            return all;
        }
    }
    panic!("the catalogue doesn't end after {MOST_PAGES} pages");
}

/// The listing of this article that carries its price, and what it asks.
async fn carrier(role: &dyn PriceRole, sku: &str) -> (ListingReading, PriceReading) {
    let all = pass(role).await;
    let own = |(listing, _): &(ListingReading, _)| listing.sku.as_ref().map(Sku::as_str) == Some(sku);
    let mut found = all
        .into_iter()
        .filter(own)
        .filter_map(|(listing, price)| Some((listing, price?)));
    let first = found
        .next()
        .unwrap_or_else(|| panic!("no listing carries the price of {sku}"));
    assert!(found.next().is_none(), "two listings carry the price of {sku}");
    first
}

/// An article that shows 5, written by us, and the listing that carries its price.
async fn priced(shop: &Shop, connector: &Arc<dyn Connector>, sku: &str) -> Applies<ListingReading> {
    let role = role(connector)?;
    shop.add(sku, 5)?;
    Ok(carrier(role, sku).await.0)
}

fn to(listing: &ListingReading, price: Price) -> PriceItem {
    PriceItem {
        reference: listing.reference.clone(),
        price,
    }
}

/// Writes one price; the outcome of its item, or the error of the call.
async fn set(role: &dyn PriceRole, listing: &ListingReading, price: Price) -> Result<PriceOutcome, ConnectorError> {
    let mut outcomes = role.write_prices(&[to(listing, price)]).await?;
    assert_eq!(outcomes.len(), 1, "one outcome per item");
    Ok(outcomes.remove(0))
}

/// Writes one price that must be taken; what the answer says of it is the same.
async fn sets(role: &dyn PriceRole, listing: &ListingReading, price: Price) {
    let outcome = set(role, listing, price).await.expect("a price is written");
    let PriceOutcome::Applied { price: told } = outcome else {
        panic!("{outcome:?}")
    };
    assert!(told.is_none_or(|told| told == price), "{told:?} is not {price:?}");
}

async fn look(role: &dyn PriceRole, listing: &ListingReading) -> Vec<Price> {
    let read = role.read_prices(std::slice::from_ref(&listing.reference)).await;
    let mut read = read.expect("prices are read");
    assert_eq!(read.len(), 1, "one listing was asked for");
    read.remove(0).prices
}

/// Writes several, group by group as a channel's worker does; one outcome per item, in order.
async fn set_all(role: &dyn PriceRole, items: &[PriceItem]) -> Vec<PriceOutcome> {
    let mut groups: BTreeMap<Option<String>, Vec<usize>> = BTreeMap::new();
    for (index, item) in items.iter().enumerate() {
        let group = match role.terms().grouping {
            Grouping::Any => None,
            Grouping::Parent => item.reference.parent.as_ref().map(ToString::to_string),
            Grouping::Location => item.reference.key.location.as_ref().map(ToString::to_string),
        };
        groups.entry(group).or_default().push(index);
    }
    let mut outcomes = vec![None; items.len()];
    for group in groups.values() {
        let items: Vec<PriceItem> = group.iter().map(|index| items[*index].clone()).collect();
        let told = role.write_prices(&items).await.expect("prices are written");
        assert_eq!(told.len(), items.len(), "one outcome per item, in order");
        for (index, outcome) in group.iter().zip(told) {
            outcomes[*index] = Some(outcome);
        }
    }
    outcomes
        .into_iter()
        .map(|outcome| outcome.expect("an outcome"))
        .collect()
}

fn unknown(said: &Result<PriceOutcome, ConnectorError>) -> bool {
    match said {
        Ok(outcome) => matches!(outcome, PriceOutcome::Unknown { .. }),
        Err(error) => error.class == ErrorClass::Unknown,
    }
}

pub async fn a_price_written_is_what_buyers_are_asked_and_is_read_back(shop: Shop) -> Applies<()> {
    let connector = connector(&shop)?;
    let listing = priced(&shop, &connector, "A").await?;
    let role = role(&connector)?;
    for text in ["24.95", "7.00", "1234567.89", "0.01"] {
        sets(role, &listing, plain(text)).await;
        assert_eq!(shop.asked("A")?, Some(plain(text)));
        assert_eq!(look(role, &listing).await, [plain(text)]);
        assert_eq!(carrier(role, "A").await.1.prices, [plain(text)]);
    }
    Ok(())
}

pub async fn a_price_set_by_a_person_is_read(shop: Shop) -> Applies<()> {
    let connector = connector(&shop)?;
    let listing = priced(&shop, &connector, "A").await?;
    let role = role(&connector)?;
    shop.set_price("A", money("31.40"))?;
    assert_eq!(look(role, &listing).await, [plain("31.40")]);
    assert_eq!(carrier(role, "A").await.1.prices, [plain("31.40")]);
    Ok(())
}

pub async fn a_sale_price_is_shown_beside_the_former_one_until_it_ends(shop: Shop) -> Applies<()> {
    let connector = connector(&shop)?;
    let role = role(&connector)?;
    if !role.terms().compares() {
        return Err(NotApplicable("a former price beside is no field that is ours"));
    }
    let listing = priced(&shop, &connector, "A").await?;
    for price in [sale("14.90", "19.90"), sale("9.90", "19.90"), plain("19.90")] {
        sets(role, &listing, price).await;
        assert_eq!(shop.asked("A")?, Some(price));
        assert_eq!(look(role, &listing).await, [price]);
    }
    Ok(())
}

pub async fn one_refused_price_harms_no_other_and_says_why(shop: Shop) -> Applies<()> {
    let connector = connector(&shop)?;
    let gone = priced(&shop, &connector, "A").await?;
    let (b, c) = (
        priced(&shop, &connector, "B").await?,
        priced(&shop, &connector, "C").await?,
    );
    shop.remove("A")?;
    let items = [
        to(&b, plain("12.00")),
        to(&gone, plain("13.00")),
        to(&c, plain("14.00")),
    ];
    let outcomes = set_all(role(&connector)?, &items).await;
    for good in [&outcomes[0], &outcomes[2]] {
        assert!(matches!(good, PriceOutcome::Applied { .. }), "{outcomes:?}");
    }
    assert!(
        matches!(&outcomes[1], PriceOutcome::Rejected { reason } if reason.len() > 10),
        "{outcomes:?}"
    );
    assert_eq!(
        (shop.asked("B")?, shop.asked("C")?),
        (Some(plain("12.00")), Some(plain("14.00")))
    );
    Ok(())
}

pub async fn one_failing_price_harms_no_other(shop: Shop) -> Applies<()> {
    let connector = connector(&shop)?;
    let (a, b) = (
        priced(&shop, &connector, "A").await?,
        priced(&shop, &connector, "B").await?,
    );
    let role = role(&connector)?;
    let before = shop.asked("A")?;
    shop.fault(Fault::ItemFails("A".to_owned())).await?;
    let items = [to(&a, plain("12.00")), to(&b, plain("13.00"))];
    let outcomes = set_all(role, &items).await;
    assert!(matches!(outcomes[0], PriceOutcome::Failed { .. }), "{outcomes:?}");
    assert!(matches!(outcomes[1], PriceOutcome::Applied { .. }), "{outcomes:?}");
    assert_eq!((shop.asked("A")?, shop.asked("B")?), (before, Some(plain("13.00"))));
    shop.heal().await;
    sets(role, &a, plain("12.00")).await;
    Ok(())
}

pub async fn a_price_below_zero_never_reaches_buyers(shop: Shop) -> Applies<()> {
    let connector = connector(&shop)?;
    let listing = priced(&shop, &connector, "A").await?;
    let role = role(&connector)?;
    sets(role, &listing, plain("12.00")).await;
    let outcome = set(role, &listing, plain("-1.00")).await.expect("an answer");
    assert!(matches!(outcome, PriceOutcome::Rejected { .. }), "{outcome:?}");
    assert_eq!(shop.asked("A")?, Some(plain("12.00")));
    Ok(())
}

pub async fn a_price_in_another_currency_never_reaches_buyers(shop: Shop) -> Applies<()> {
    let connector = connector(&shop)?;
    let listing = priced(&shop, &connector, "A").await?;
    let role = role(&connector)?;
    shop.sells_in_one_currency()?;
    sets(role, &listing, plain("12.00")).await;
    let said = set(role, &listing, plain("99.00 USD")).await.expect("an answer");
    match role.terms().currency {
        PriceCurrency::OfShop => {
            let named = |reason: &str| reason.contains("USD") || reason.contains("EUR");
            assert!(
                matches!(&said, PriceOutcome::Rejected { reason } if named(reason)),
                "{said:?}"
            );
            assert_eq!(look(role, &listing).await, [plain("12.00")]);
        }
        PriceCurrency::PerPrice => {
            assert!(matches!(said, PriceOutcome::Applied { .. }), "{said:?}");
            let all = look(role, &listing).await;
            assert!(
                all.len() == 2 && all.contains(&plain("12.00")) && all.contains(&plain("99.00 USD")),
                "{all:?}"
            );
        }
    }
    assert_eq!(
        shop.asked("A")?,
        Some(plain("12.00")),
        "who pays in euros is asked what he was"
    );
    Ok(())
}

/// Written exactly, and read back the same.
async fn exact(shop: &Shop, currency: &str, texts: &[&str]) -> Applies<()> {
    role(&connector(shop)?)?;
    shop.sells_in(currency.parse().expect("a currency"))?;
    // Asked anew: one that has seen another currency before may remember it.
    let connector = connector(shop)?;
    let listing = priced(shop, &connector, "A").await?;
    let role = role(&connector)?;
    for text in texts {
        let price = plain(&format!("{text} {currency}"));
        sets(role, &listing, price).await;
        let all = look(role, &listing).await;
        let own: Vec<&Price> = all.iter().filter(|one| one.currency() == price.currency()).collect();
        assert_eq!(own, [&price], "{all:?}");
    }
    Ok(())
}

pub async fn prices_of_a_currency_without_digits_are_exact(shop: Shop) -> Applies<()> {
    exact(&shop, "JPY", &["1500", "1"]).await
}

pub async fn prices_of_a_currency_with_three_digits_are_exact(shop: Shop) -> Applies<()> {
    exact(&shop, "KWD", &["12.345", "0.001", "7.100"]).await
}

pub async fn a_throttled_price_says_when_to_come_back(shop: Shop) -> Applies<()> {
    let connector = connector(&shop)?;
    let listing = priced(&shop, &connector, "A").await?;
    let role = role(&connector)?;
    let before = shop.asked("A")?;
    shop.fault(Fault::EveryCall(Trouble::Throttled(Some(2)))).await?;
    let error = set(role, &listing, plain("12.00")).await.expect_err("a throttled call");
    let ErrorClass::Retry { after: Some(after) } = error.class else {
        panic!("{error:?}")
    };
    assert!(after >= Duration::from_secs(1), "{after:?}");
    assert_eq!(shop.asked("A")?, before);
    shop.heal().await;
    sets(role, &listing, plain("12.00")).await;
    Ok(())
}

/// A price whose write is left without an answer; its listing, and what was asked before.
async fn left_alone(
    shop: &Shop,
    connector: &Arc<dyn Connector>,
    trouble: WriteTrouble,
) -> Applies<(ListingReading, Option<Price>)> {
    let listing = priced(shop, connector, "A").await?;
    let role = role(connector)?;
    let before = shop.asked("A")?;
    shop.fault(Fault::Writes(trouble)).await?;
    let said = set(role, &listing, plain("12.00")).await;
    assert!(unknown(&said), "{said:?}");
    Ok((listing, before))
}

pub async fn a_price_that_was_not_answered_and_not_done_is_unknown_and_then_read(shop: Shop) -> Applies<()> {
    role(&connector(&shop)?)?;
    let connector = shop.connector(Access::Impatient)?;
    let (listing, before) = left_alone(&shop, &connector, WriteTrouble::NeverDone).await?;
    shop.heal().await;
    let role = role(&connector)?;
    assert_eq!(shop.asked("A")?, before);
    assert_eq!(look(role, &listing).await, Vec::from_iter(before));
    sets(role, &listing, plain("12.00")).await;
    Ok(())
}

pub async fn a_price_that_was_done_and_not_answered_is_unknown_and_then_read(shop: Shop) -> Applies<()> {
    role(&connector(&shop)?)?;
    let connector = shop.connector(Access::Impatient)?;
    let (listing, _) = left_alone(&shop, &connector, WriteTrouble::NeverAnswered).await?;
    shop.heal().await;
    assert_eq!(shop.asked("A")?, Some(plain("12.00")));
    assert_eq!(look(role(&connector)?, &listing).await, [plain("12.00")]);
    Ok(())
}

pub async fn a_price_changes_no_number_and_a_number_no_price(shop: Shop) -> Applies<()> {
    let connector = connector(&shop)?;
    let listing = priced(&shop, &connector, "A").await?;
    let role = role(&connector)?;
    sets(role, &listing, plain("12.00")).await;
    assert_eq!(shop.shown("A"), 5);
    let channel = connector.channel().expect("a channel");
    let outcomes = channel.write(&[item(&connector, &listing, units(8))]).await;
    assert!(applied(&outcomes.expect("a write")[0]));
    assert_eq!((shop.shown("A"), shop.asked("A")?), (8, Some(plain("12.00"))));
    sets(role, &listing, plain("13.00")).await;
    assert_eq!((shop.shown("A"), shop.asked("A")?), (8, Some(plain("13.00"))));
    Ok(())
}
