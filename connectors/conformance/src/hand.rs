//! What many cases do: read a whole catalogue, find a listing, write one number, poll all pages.

use crate::{Access, Applies, NotApplicable, Shop};
use omnistock_sdk::{
    ChannelRole, Connector, ConnectorError, Cursor, ErrorClass, ItemOutcome, ListingReading, OrderSource, StockSource,
    WebhookRole, WriteItem,
};
use omnistock_words::{Money, OrderFact, Price, Quantity, Sku};
use std::sync::Arc;
use std::time::Duration;

/// Pages at most: a catalogue or poll that never ends is a failure.
const MOST_PAGES: usize = 1_000;

pub(crate) fn connector(shop: &Shop) -> Applies<Arc<dyn Connector>> {
    shop.connector(Access::Good)
}

pub(crate) fn channel(connector: &Arc<dyn Connector>) -> Applies<&dyn ChannelRole> {
    connector.channel().ok_or(NotApplicable("it is not a channel"))
}

pub(crate) fn orders(connector: &Arc<dyn Connector>) -> Applies<&dyn OrderSource> {
    connector.orders().ok_or(NotApplicable("it is not a source of orders"))
}

pub(crate) fn webhooks(connector: &Arc<dyn Connector>) -> Applies<&dyn WebhookRole> {
    connector.webhooks().ok_or(NotApplicable("it takes no webhooks"))
}

pub(crate) fn stock(connector: &Arc<dyn Connector>) -> Applies<&dyn StockSource> {
    connector.stock().ok_or(NotApplicable("it is not a source of stock"))
}

/// All pages of the catalogue from `cursor` on.
pub(crate) async fn pages(
    channel: &dyn ChannelRole,
    mut cursor: Option<Cursor>,
) -> Result<Vec<ListingReading>, ConnectorError> {
    let mut all = Vec::new();
    for _ in 0..MOST_PAGES {
        let page = channel.catalogue(cursor.as_ref()).await?;
        all.extend(page.listings);
        cursor = page.next;
        if cursor.is_none() {
            return Ok(all);
        }
    }
    panic!("the catalogue doesn't end after {MOST_PAGES} pages");
}

pub(crate) async fn catalogue(channel: &dyn ChannelRole) -> Vec<ListingReading> {
    pages(channel, None).await.expect("the catalogue")
}

pub(crate) fn of<'a>(listings: &'a [ListingReading], sku: &str) -> &'a ListingReading {
    let same = |listing: &&ListingReading| listing.sku.as_ref().map(Sku::as_str) == Some(sku);
    let mut found = listings.iter().filter(same);
    let first = found
        .next()
        .unwrap_or_else(|| panic!("{sku:?} is not in the catalogue"));
    assert!(found.next().is_none(), "{sku:?} is in the catalogue twice");
    first
}

pub(crate) async fn listing(channel: &dyn ChannelRole, sku: &str) -> ListingReading {
    of(&catalogue(channel).await, sku).clone()
}

/// What the channel shows of this listing now.
pub(crate) async fn look(channel: &dyn ChannelRole, listing: &ListingReading) -> ListingReading {
    let mut read = channel
        .read(std::slice::from_ref(&listing.reference))
        .await
        .expect("a read");
    assert_eq!(read.len(), 1, "one listing was asked for");
    read.remove(0)
}

/// A write of this number, on condition of the number read where the vendor can do that.
pub(crate) fn item(connector: &Arc<dyn Connector>, listing: &ListingReading, quantity: Quantity) -> WriteItem {
    WriteItem {
        reference: listing.reference.clone(),
        quantity,
        expected: listing.quantity.filter(|_| connector.manifest().compare_and_set),
    }
}

pub(crate) fn units(number: i64) -> Quantity {
    Quantity::whole(number)
}

/// Writes one number; the outcome of its item, or the error of the call.
pub(crate) async fn write(
    connector: &Arc<dyn Connector>,
    listing: &ListingReading,
    number: i64,
) -> Result<ItemOutcome, ConnectorError> {
    let channel = connector.channel().expect("a channel");
    let mut outcomes = channel.write(&[item(connector, listing, units(number))]).await?;
    assert_eq!(outcomes.len(), 1, "one outcome per item");
    Ok(outcomes.remove(0))
}

pub(crate) fn applied(outcome: &ItemOutcome) -> bool {
    matches!(outcome, ItemOutcome::Applied { .. })
}

/// Whether a write may have been done, by what was said of it.
pub(crate) fn unknown(said: &Result<ItemOutcome, ConnectorError>) -> bool {
    match said {
        Ok(outcome) => matches!(outcome, ItemOutcome::Unknown { .. }),
        Err(error) => error.class == ErrorClass::Unknown,
    }
}

/// All pages of a poll, and the cursor of the next one.
pub(crate) async fn poll(
    source: &dyn OrderSource,
    mut cursor: Option<Cursor>,
) -> Result<(Vec<OrderFact>, Cursor), ConnectorError> {
    let mut all = Vec::new();
    for _ in 0..MOST_PAGES {
        let page = source.orders(cursor.as_ref()).await?;
        all.extend(page.orders);
        if !page.more {
            return Ok((all, page.cursor));
        }
        cursor = Some(page.cursor);
    }
    panic!("the poll doesn't end after {MOST_PAGES} pages");
}

/// The newest report of an order among several.
pub(crate) fn newest<'a>(facts: &'a [OrderFact], order: &str) -> Option<&'a OrderFact> {
    facts
        .iter()
        .filter(|fact| fact.order.as_str() == order)
        .max_by_key(|fact| fact.revision)
}

/// A sale that must come about.
pub(crate) fn buy(shop: &Shop, sku: &str, number: i64) -> Applies<String> {
    Ok(shop
        .buy(sku, number)?
        .unwrap_or_else(|| panic!("{number} of {sku} could not be bought")))
}

/// An amount as vendors write it, such as `19.90`; `None` where there is none. For fakes.
pub fn price(amount: &str, currency: &str) -> Option<Price> {
    let money = Money::new(amount.trim().parse().ok()?, currency.parse().ok()?);
    money.ok().map(Price::plain)
}

/// Whether the simulator did what was asked of it, as a fake says it. Panics where it refused.
pub fn done(worked: bool) -> Applies<()> {
    assert!(worked, "the simulator refused");
    Ok(())
}

/// Waits until it is so. Panics after 30 seconds.
pub async fn until(what: &str, mut so: impl FnMut() -> bool) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
    while !so() {
        assert!(tokio::time::Instant::now() < deadline, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
