//! What single listings show now.

use crate::client::Client;
use crate::five::five_at_once;
use crate::inventory::{self, Row};
use crate::listing::Listing;
use crate::trading;
use omnistock_sdk::{ConnectorError, ListingReference, now};
use std::collections::BTreeSet;

/// Listings in one read.
pub(crate) const MOST: usize = 25;

/// These listings; those that are gone are left out.
pub(crate) async fn rows(client: &Client, listings: &[ListingReference]) -> Result<Vec<Row>, ConnectorError> {
    let read_at = now();
    let (mut offers, mut items) = (BTreeSet::new(), BTreeSet::new());
    for listing in listings {
        match Listing::read(&listing.key.listing) {
            Some(Listing::Offer { offer, .. }) => offers.insert(offer),
            Some(Listing::Item { item, .. }) => items.insert(item),
            None => false,
        };
    }
    // Before calls for offers whose answers would be lost with the error: they are asked for again by themselves.
    if !items.is_empty() {
        client.quotas.trading()?;
    }
    let mut rows = Vec::with_capacity(listings.len());
    let offers: Vec<String> = offers.into_iter().collect();
    let found = five_at_once(offers.iter().map(|id| inventory::offer(client, id)).collect()).await?;
    let found: Vec<_> = found.into_iter().flatten().collect();
    let skus: BTreeSet<&str> = found.iter().map(|offer| offer.sku.as_str()).collect();
    let skus: Vec<&str> = skus.into_iter().collect();
    for some in skus.chunks(inventory::MOST) {
        for item in inventory::items_of(client, some).await? {
            let own = found.iter().filter(|offer| offer.sku == item.sku);
            rows.extend(own.filter_map(|offer| inventory::row(client, &item, offer, read_at)));
        }
    }
    let items: Vec<String> = items.into_iter().collect();
    let found = five_at_once(items.iter().map(|id| trading::item(client, id)).collect()).await?;
    for item in found.iter().flatten() {
        rows.extend(trading::rows(client, item, read_at));
    }
    // A variation brings its others along.
    rows.retain(|row| listings.iter().any(|listing| listing.key == row.listing.reference.key));
    Ok(rows)
}
