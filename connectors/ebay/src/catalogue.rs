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
use std::sync::{Mutex, MutexGuard, PoisonError};

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

/// Rounds that are kept in mind: the channel's own, an audit's beside it, and one that somebody has begun anew.
const MOST_ROUNDS: usize = 3;

/// What was seen in a round.
#[derive(Debug, Default)]
struct Seen {
    round: u64,
    skus: BTreeSet<String>,
    /// Pages that buyers see, by their number: those of the Inventory model.
    pages: BTreeSet<String>,
    items: BTreeSet<ListingKey>,
}

#[derive(Default)]
struct Rounds {
    /// The one that was read last is the last.
    rounds: Vec<Seen>,
    begun: u64,
}

/// Reads the catalogue, for several at a time; knows what each of their rounds has seen until it is over.
#[derive(Default)]
pub(crate) struct Catalogue(Mutex<Rounds>);

impl Catalogue {
    fn locked(&self) -> MutexGuard<'_, Rounds> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at what this round has seen: nothing where it is not in mind any more.
    fn with<T>(&self, round: u64, look: impl FnOnce(&mut Seen) -> T) -> T {
        let mut locked = self.locked();
        match locked.rounds.iter_mut().find(|seen| seen.round == round) {
            Some(seen) => look(seen),
            None => look(&mut Seen::default()),
        }
    }

    /// Where to read: at `cursor`, or from the beginning where its round is not in mind.
    fn place(&self, cursor: Option<&Cursor>) -> Place {
        let told = cursor.and_then(|cursor| serde_json::from_str::<Place>(&cursor.0).ok());
        let mut locked = self.locked();
        let known = told.and_then(|place| {
            let at = locked.rounds.iter().position(|seen| seen.round == place.round)?;
            let seen = locked.rounds.remove(at);
            locked.rounds.push(seen);
            Some(place)
        });
        if let Some(place) = known {
            return place;
        }
        locked.begun += 1;
        let round = locked.begun;
        if locked.rounds.len() >= MOST_ROUNDS {
            locked.rounds.remove(0);
        }
        locked.rounds.push(Seen {
            round,
            ..Seen::default()
        });
        Place {
            round,
            pass: Pass::Items,
            page: 0,
        }
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
            Pass::Items => self.items(client, place, PAGE).await?,
            Pass::ItemsAgain => self.items(client, place, WIDE).await?,
            Pass::Trading | Pass::TradingAgain => self.trading(client, place).await?,
        };
        if self.with(place.round, |seen| seen.skus.len() + seen.items.len() > MOST) {
            let message = format!("the account has more than {MOST} listings, which are more than can be kept in mind");
            return Err(ConnectorError::operator(format!(
                "{message}: it has to be divided among several accounts"
            )));
        }
        let next = next(place, more, trades);
        if next.is_none() {
            self.locked().rounds.retain(|seen| seen.round != place.round);
        }
        let cursor = next.map(|next| serde_json::to_string(&next).map(Cursor));
        let cursor = cursor
            .transpose()
            .map_err(|error| ConnectorError::retry(error.to_string()))?;
        Ok((rows, cursor))
    }

    async fn items(
        &self,
        client: &Client,
        place: Place,
        limit: u64,
    ) -> Result<(Vec<Row>, Option<u64>), ConnectorError> {
        let (read_at, page) = (now(), place.page);
        let answer = inventory::page(client, page, limit).await?;
        // The vendor's own link says where the next page is; a link that leads nowhere new ends the list.
        let more = answer.next.as_deref().and_then(offset).filter(|next| *next > page);
        if more.is_none() && answer.all.is_empty() && page == 0 && answer.total > 0 {
            let message = format!("inventory_item: {} items are announced and none is there", answer.total);
            return Err(ConnectorError::unknown(message));
        }
        let new: Vec<wire::Item> = {
            let items = answer.all.into_iter();
            self.with(place.round, |seen| {
                items.filter(|item| !seen.skus.contains(&item.sku)).collect()
            })
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
        self.with(place.round, |seen| {
            seen.skus.extend(new.into_iter().map(|item| item.sku));
            let pages = offers.iter().flatten().filter_map(|offer| offer.listing.id.clone());
            seen.pages.extend(pages);
        });
        Ok((rows, more))
    }

    async fn trading(&self, client: &Client, place: Place) -> Result<(Vec<Row>, Option<u64>), ConnectorError> {
        let (read_at, page) = (now(), place.page);
        let (items, pages) = trading::active(client, page).await?;
        let more = (page + 1 < pages && !items.is_empty()).then_some(page + 1);
        let rows = items.iter().flat_map(|item| trading::rows(client, item, read_at));
        let rows: Vec<Row> = rows.collect();
        let rows = self.with(place.round, |seen| {
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
    fn several_rounds_go_on_side_by_side_and_one_that_is_not_in_mind_begins_anew() {
        let catalogue = Catalogue::default();
        let begin = || {
            let first = catalogue.place(None);
            Cursor(serde_json::to_string(&Place { page: 7, ..first }).unwrap())
        };
        let goes_on = |cursor| catalogue.place(Some(cursor)).page == 7;
        let (one, two) = (begin(), begin());
        assert!(goes_on(&one) && goes_on(&two) && goes_on(&one));
        let three = begin();
        assert!(goes_on(&three) && goes_on(&one));
        let four = begin();
        assert!(
            !goes_on(&two),
            "what was read longest ago is forgotten, and this begins anew"
        );
        assert!(goes_on(&one) && goes_on(&four));
    }
}
