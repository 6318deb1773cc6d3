//! All listings, page by page: inventory items with their offers, then what is for sale without an inventory item.
//!
//! The vendor's pages go by number, so what vanishes while they are read pulls others one place forward, out of sight.
//! Every list of more than one page is therefore read a second time, by its names alone, and what is new then is told.

use crate::client::Client;
use crate::five::five_at_once;
use crate::inventory::{self, Row};
use crate::trading;
use crate::wire;
use omnistock_sdk::{ConnectorError, Cursor, ListingKey, now};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// Items in a page: each takes a call for its offers.
const PAGE: u64 = 25;
/// Items in a page of which most are known [the vendor's definition].
const WIDE: u64 = 200;
/// Listings that are kept in mind during a pass, at most.
const MOST: usize = 1_000_000;

/// What is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Pass {
    Items,
    ItemsAgain,
    Trading,
    TradingAgain,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Place {
    /// Which reading of the whole catalogue.
    round: u64,
    pass: Pass,
    page: u64,
}

/// What was seen in this round.
#[derive(Debug, Default)]
struct Seen {
    round: u64,
    skus: BTreeSet<String>,
    /// Pages that buyers see, by their number: those of the Inventory model.
    pages: BTreeSet<String>,
    items: BTreeSet<ListingKey>,
}

/// Reads the catalogue; knows what one round has seen.
#[derive(Default)]
pub(crate) struct Catalogue(Mutex<Seen>);

impl Catalogue {
    fn with<T>(&self, look: impl FnOnce(&mut Seen) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Where to read: at `cursor`, or from the beginning where it is of another round than the one that is in mind.
    fn place(&self, cursor: Option<&Cursor>) -> Place {
        let told = cursor.and_then(|cursor| serde_json::from_str::<Place>(&cursor.0).ok());
        self.with(|seen| {
            if let Some(place) = told.filter(|place| place.round == seen.round) {
                return place;
            }
            *seen = Seen {
                round: seen.round + 1,
                ..Seen::default()
            };
            Place {
                round: seen.round,
                pass: Pass::Items,
                page: 0,
            }
        })
    }

    /// Some listings, and where to go on.
    pub(crate) async fn rows(
        &self,
        client: &Client,
        trades: bool,
        cursor: Option<&Cursor>,
    ) -> Result<(Vec<Row>, Option<Cursor>), ConnectorError> {
        let place = self.place(cursor);
        let (rows, more) = match place.pass {
            Pass::Items => self.items(client, place.page, PAGE).await?,
            Pass::ItemsAgain => self.items(client, place.page, WIDE).await?,
            Pass::Trading | Pass::TradingAgain => self.trading(client, place.page).await?,
        };
        if self.with(|seen| seen.skus.len() + seen.items.len() > MOST) {
            let message = format!("the account has more than {MOST} listings, which are more than can be kept in mind");
            return Err(ConnectorError::operator(format!(
                "{message}; use `marketplace` accounts of their own"
            )));
        }
        let next = next(place, more, trades);
        let cursor = next.map(|next| serde_json::to_string(&next).map(Cursor));
        let cursor = cursor
            .transpose()
            .map_err(|error| ConnectorError::retry(error.to_string()))?;
        Ok((rows, cursor))
    }

    async fn items(&self, client: &Client, page: u64, limit: u64) -> Result<(Vec<Row>, Option<u64>), ConnectorError> {
        let read_at = now();
        let answer = inventory::page(client, page, limit).await?;
        // The vendor's own link says where the next page is; a link that leads nowhere new ends the list.
        let more = answer.next.as_deref().and_then(offset).filter(|next| *next > page);
        if more.is_none() && answer.all.is_empty() && page == 0 && answer.total > 0 {
            let message = format!("inventory_item: {} items are announced and none is there", answer.total);
            return Err(ConnectorError::unknown(message));
        }
        let new: Vec<wire::Item> = {
            let items = answer.all.into_iter();
            self.with(|seen| items.filter(|item| !seen.skus.contains(&item.sku)).collect())
        };
        let calls = new.iter().map(|item| inventory::offers_of(client, &item.sku));
        let offers = five_at_once(calls.collect()).await?;
        let mut rows = Vec::new();
        for (item, offers) in new.iter().zip(&offers) {
            rows.extend(
                offers
                    .iter()
                    .filter_map(|offer| inventory::row(client, item, offer, read_at)),
            );
        }
        // Only now: what could not be read is read again with the same page.
        self.with(|seen| {
            seen.skus.extend(new.into_iter().map(|item| item.sku));
            let pages = offers.iter().flatten().filter_map(|offer| offer.listing.id.clone());
            seen.pages.extend(pages);
        });
        Ok((rows, more))
    }

    async fn trading(&self, client: &Client, page: u64) -> Result<(Vec<Row>, Option<u64>), ConnectorError> {
        let read_at = now();
        let (items, pages) = trading::active(client, page).await?;
        let more = (page + 1 < pages && !items.is_empty()).then_some(page + 1);
        let rows = items.iter().flat_map(|item| trading::rows(client, item, read_at));
        let rows: Vec<Row> = rows.collect();
        let rows = self.with(|seen| {
            let older = |row: &Row| {
                let reference = &row.listing.reference;
                let page = reference.parent.as_ref().map(omnistock_words::ListingId::as_str);
                page.is_none_or(|page| !seen.pages.contains(page)) && seen.items.insert(reference.key.clone())
            };
            rows.into_iter().filter(older).collect()
        });
        Ok((rows, more))
    }
}

/// Where a link to another page leads.
fn offset(link: &str) -> Option<u64> {
    let (_, query) = link.split_once('?')?;
    query
        .split('&')
        .find_map(|pair| pair.strip_prefix("offset=")?.parse().ok())
}

fn next(place: Place, more: Option<u64>, trades: bool) -> Option<Place> {
    if let Some(page) = more {
        return Some(Place { page, ..place });
    }
    let several = place.page > 0;
    let pass = match place.pass {
        Pass::Items if several => Pass::ItemsAgain,
        Pass::Items | Pass::ItemsAgain if trades => Pass::Trading,
        Pass::Trading if several => Pass::TradingAgain,
        _ => return None,
    };
    Some(Place { pass, page: 0, ..place })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_several_pages_are_read_twice_and_others_once() {
        let mut place = Place {
            round: 1,
            pass: Pass::Items,
            page: 0,
        };
        let mut way = Vec::new();
        // Two pages of items, of which a wide one holds all, and two of older listings.
        for more in [Some(1), None, None, Some(1), None, Some(1)] {
            place = next(place, more, true).unwrap();
            way.push((place.pass, place.page));
        }
        let wanted = [
            (Pass::Items, 1),
            (Pass::ItemsAgain, 0),
            (Pass::Trading, 0),
            (Pass::Trading, 1),
            (Pass::TradingAgain, 0),
            (Pass::TradingAgain, 1),
        ];
        assert_eq!(way, wanted);
        assert_eq!(next(place, None, true), None);
        let first = |pass| Place {
            round: 1,
            pass,
            page: 0,
        };
        assert_eq!(next(first(Pass::Items), None, false), None);
        assert_eq!(next(first(Pass::Items), None, true), Some(first(Pass::Trading)));
        assert_eq!(next(first(Pass::Trading), None, true), None);
    }

    #[test]
    fn the_vendors_link_says_where_the_next_page_is() {
        assert_eq!(offset("/sell/inventory/v1/inventory_item?limit=25&offset=3"), Some(3));
        assert_eq!(offset("https://api.ebay.com/x?offset=12&limit=2"), Some(12));
        for none in ["", "/x", "/x?limit=2", "/x?offset=a"] {
            assert_eq!(offset(none), None, "{none}");
        }
    }

    #[test]
    fn a_cursor_of_another_round_begins_anew() {
        let catalogue = Catalogue::default();
        let first = catalogue.place(None);
        let cursor = Cursor(serde_json::to_string(&Place { page: 7, ..first }).unwrap());
        assert_eq!(catalogue.place(Some(&cursor)).page, 7);
        catalogue.place(None);
        assert_eq!(catalogue.place(Some(&cursor)).page, 0);
    }
}
