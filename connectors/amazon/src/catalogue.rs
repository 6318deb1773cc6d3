//! Listings: the catalogue page by page, and single ones by their SKU.
//!
//! Amazon pages no deeper than 1,000 listings of one search, and its pages are counted rows: what vanishes would pull
//! others out of sight. So a page begins at the moment when the last listing seen was created, and what was seen of that
//! moment is left out.

use crate::client::{Client, absent};
use crate::limits::{GET_ITEM, SEARCH};
use crate::memory::{Memory, What};
use crate::wire::{Found, Issue, Item};
use omnistock_sdk::{ConnectorError, Cursor, ListingPage, ListingReading, ListingReference, now};
use omnistock_words::{ListingId, Millis, Quantity, Sku};
use serde::{Deserialize, Serialize};

/// Listings in one answer, and identifiers in one question, at most [the vendor's definition].
pub(crate) const PAGE: usize = 20;

/// Listings of one search that Amazon pages through, at most [the vendor's definition].
const DEEPEST: u64 = 1_000;

/// The code of one's own stock [documented].
pub(crate) const OWN: &str = "DEFAULT";

/// Where to go on.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Place {
    /// Listings created then and later.
    after: Option<Millis>,
    /// Of those of that moment, these were told.
    seen: Vec<String>,
    /// The next page of the same search: more listings of one moment than a page has.
    token: Option<String>,
}

/// Reads listings.
pub(crate) struct Catalogue<'a> {
    pub(crate) client: &'a Client,
    pub(crate) memory: &'a Memory,
}

/// Listings as the vendor tells them, and when the question was put.
pub(crate) struct Page {
    pub(crate) items: Vec<Item>,
    pub(crate) read_at: Millis,
    pub(crate) next: Option<Cursor>,
}

impl Catalogue<'_> {
    /// The page at `cursor`.
    pub(crate) async fn items_at(&self, cursor: Option<&Cursor>) -> Result<Page, ConnectorError> {
        // A cursor of another version: from the beginning costs calls, but hides nothing.
        let place: Place = cursor
            .and_then(|cursor| serde_json::from_str(&cursor.0).ok())
            .unwrap_or_default();
        let mut query = vec![
            self.client.stores(),
            ("includedData", INCLUDED.to_owned()),
            ("sortBy", "createdDate".to_owned()),
            ("sortOrder", "ASC".to_owned()),
            ("pageSize", PAGE.to_string()),
        ];
        query.extend(place.after.map(|after| ("createdAfter", after.to_string())));
        query.extend(place.token.clone().map(|token| ("pageToken", token)));
        let read_at = now();
        let found: Found = self.search(&query).await?;
        let token = found.pagination.and_then(|pagination| pagination.next_token);
        let next = next(&place, &found.items, token, found.number_of_results)?;
        let told = |item: &Item| !place.seen.contains(&item.sku);
        Ok(Page {
            items: found.items.into_iter().filter(told).collect(),
            read_at,
            // Plain numbers and texts: there is nothing that could fail to be written.
            next: next.map(|next| Cursor(serde_json::to_string(&next).unwrap_or_default())),
        })
    }

    /// The page at `cursor`, as readings.
    pub(crate) async fn page(&self, cursor: Option<&Cursor>) -> Result<ListingPage, ConnectorError> {
        let page = self.items_at(cursor).await?;
        Ok(ListingPage {
            listings: self.readings(&page.items, page.read_at),
            next: page.next,
        })
    }

    /// These listings, as the vendor tells them; one that is gone is left out.
    pub(crate) async fn items(&self, listings: &[ListingReference]) -> Result<(Vec<Item>, Millis), ConnectorError> {
        let read_at = now();
        let (mut items, mut named) = (Vec::new(), Vec::new());
        for listing in listings {
            let sku = listing.key.listing.as_str();
            if sku.contains(',') {
                // In a list it would be two.
                items.extend(self.one(sku).await?);
            } else {
                named.push(sku);
            }
        }
        for chunk in named.chunks(PAGE) {
            let query = vec![
                self.client.stores(),
                ("identifiers", chunk.join(",")),
                ("identifiersType", "SKU".to_owned()),
                ("includedData", INCLUDED.to_owned()),
                ("pageSize", PAGE.to_string()),
            ];
            let found: Found = self.search(&query).await?;
            // Whatever the search takes for alike, others were not asked for.
            items.extend(
                found
                    .items
                    .into_iter()
                    .filter(|item| chunk.contains(&item.sku.as_str())),
            );
        }
        Ok((items, read_at))
    }

    /// What these listings show.
    pub(crate) async fn read(&self, listings: &[ListingReference]) -> Result<Vec<ListingReading>, ConnectorError> {
        let (items, read_at) = self.items(listings).await?;
        Ok(self.readings(&items, read_at))
    }

    async fn search(&self, query: &crate::client::Query) -> Result<Found, ConnectorError> {
        let path = format!(
            "/listings/2021-08-01/items/{}",
            crate::client::escaped(self.client.seller())
        );
        let answer = self.client.get(SEARCH, &path, query).await;
        // Without this very collection there is no such seller.
        let strange = |error: ConnectorError| {
            if absent(&error) {
                return ConnectorError::operator(format!("{}; check `seller_id` and `marketplaces`", error.message));
            }
            error
        };
        answer.map_err(strange)?.json()
    }

    async fn one(&self, sku: &str) -> Result<Option<Item>, ConnectorError> {
        let Some(path) = self.client.item_path(sku) else {
            return Ok(None);
        };
        let query = vec![self.client.stores(), ("includedData", INCLUDED.to_owned())];
        match self.client.get(GET_ITEM, &path, &query).await {
            Ok(answer) => answer.json().map(Some),
            Err(error) if absent(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(crate) fn readings(&self, items: &[Item], read_at: Millis) -> Vec<ListingReading> {
        items.iter().filter_map(|item| self.reading(item, read_at)).collect()
    }

    fn reading(&self, item: &Item, read_at: Millis) -> Option<ListingReading> {
        let listing = ListingId::new(&item.sku).ok()?;
        let (units, unwritable) = shown(item);
        let text = units.map(|units| units.to_string());
        let against = against(&item.issues, What::Quantity);
        let as_of = self
            .memory
            .seen(What::Quantity, &item.sku, text.as_deref(), read_at, against.as_deref());
        Some(ListingReading {
            reference: ListingReference::plain(listing),
            sku: Sku::new(&item.sku).ok(),
            place: None,
            quantity: units.map(Quantity::whole),
            reserved: Vec::new(),
            read_at: as_of,
            unwritable,
            about: None,
        })
    }
}

const INCLUDED: &str = "summaries,offers,fulfillmentAvailability,issues";

/// Where to go on behind these items; `None`: they are the last ones.
fn next(place: &Place, items: &[Item], token: Option<String>, found: u64) -> Result<Option<Place>, ConnectorError> {
    let created = |item: &Item| item.summaries.iter().map(|summary| summary.created_date).min();
    let last = items.iter().filter_map(created).max();
    let all_shown = match place.token {
        None => found <= u64::try_from(items.len()).unwrap_or(u64::MAX),
        // The pages before were full. Where there are just so many as it pages through, more may be behind them.
        Some(_) => found < DEEPEST,
    };
    if token.is_none() && all_shown {
        return Ok(None);
    }
    // Also where the pages ended too soon: the first one of a search can't.
    if last > place.after && (token.is_some() || place.token.is_some()) {
        let of_last = |item: &&Item| created(item) == last;
        return Ok(Some(Place {
            after: last,
            seen: items.iter().filter(of_last).map(|item| item.sku.clone()).collect(),
            token: None,
        }));
    }
    if token.is_none() {
        // More than the vendor pages through, and no other way around them.
        let sentence = "Amazon shows no more than 1,000 listings that were created at the same moment";
        return Err(ConnectorError::rejected(sentence));
    }
    Ok(Some(Place { token, ..place.clone() }))
}

/// Units of one's own, and why the listing can't be written.
fn shown(item: &Item) -> (Option<i64>, Option<String>) {
    let own = item
        .fulfillment_availability
        .iter()
        .find(|one| one.fulfillment_channel_code == OWN);
    let depot = item
        .fulfillment_availability
        .iter()
        .find(|one| one.fulfillment_channel_code != OWN);
    match (own, depot) {
        (Some(own), None) => (own.quantity, None),
        (_, Some(depot)) if own.is_some() => {
            let code = &depot.fulfillment_channel_code;
            let reason = format!(
                "it is fulfilled both by you (DEFAULT) and by Amazon ({code}); choose one of them in Seller Central"
            );
            (None, Some(reason))
        }
        (_, Some(depot)) => {
            let code = &depot.fulfillment_channel_code;
            let reason = format!("it is fulfilled by Amazon ({code}): what its depot holds is not written");
            (None, Some(reason))
        }
        (None, None) => {
            let reason =
                "Amazon counts no stock of this listing: give the offer a quantity of your own in Seller Central";
            (None, Some(reason.to_owned()))
        }
    }
}

/// Errors that the vendor has against what we change, in its own words.
pub(crate) fn against(issues: &[Issue], what: What) -> Option<String> {
    let ours =
        |issue: &&Issue| issue.severity == "ERROR" && issue.attribute_names.iter().any(|name| name == what.attribute());
    let words: Vec<String> = issues.iter().filter(ours).map(words).collect();
    (!words.is_empty()).then(|| words.join("; "))
}

/// Code and message of an issue.
pub(crate) fn words(issue: &Issue) -> String {
    format!("{}: {}", issue.code, issue.message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn item(sku: &str, created: &str, codes: &[&str]) -> Item {
        let summary = json!({"createdDate": created});
        let availability: Vec<_> = codes
            .iter()
            .map(|code| json!({"fulfillmentChannelCode": code, "quantity": 3}))
            .collect();
        let item = json!({"sku": sku, "summaries": [summary], "fulfillmentAvailability": availability});
        serde_json::from_value(item).unwrap()
    }

    const NOON: &str = "2026-01-05T12:00:00.000Z";
    const LATER: &str = "2026-01-05T12:00:01.000Z";

    #[test]
    fn the_next_page_begins_at_the_moment_of_the_last_listing_without_those_of_it() {
        let items = [item("A", NOON, &[]), item("B", LATER, &[]), item("C", LATER, &[])];
        let token = Some("t".to_owned());
        let place = next(&Place::default(), &items, token.clone(), 9).unwrap().unwrap();
        let expected = Place {
            after: LATER.parse().ok(),
            seen: vec!["B".to_owned(), "C".to_owned()],
            token: None,
        };
        assert_eq!(place, expected);
        // A whole page of that one moment: only the vendor's token leads on.
        let same = next(&place, &items[1..], token.clone(), 9).unwrap().unwrap();
        assert_eq!(same, Place { token, ..expected });
        assert_eq!(next(&place, &items[1..], None, 2).unwrap(), None);
    }

    #[test]
    fn a_search_that_ends_before_all_was_shown_is_no_whole_catalogue() {
        let items = [item("A", NOON, &[])];
        assert!(next(&Place::default(), &items, None, 1_400).is_err());
    }

    #[test]
    fn the_last_moment_may_fill_its_pages_to_the_last_row() {
        let items: Vec<Item> = (0..PAGE)
            .map(|number| item(&format!("S-{number}"), NOON, &[]))
            .collect();
        let place = Place {
            after: NOON.parse().ok(),
            seen: Vec::new(),
            token: Some("20".to_owned()),
        };
        assert_eq!(next(&place, &items, None, 40).unwrap(), None);
        assert!(next(&place, &items, None, 1_001).is_err());
        assert!(
            next(&place, &items, None, DEEPEST).is_err(),
            "nobody knows whether these are all"
        );
    }

    #[test]
    fn only_ones_own_stock_is_written() {
        assert_eq!(shown(&item("A", NOON, &["DEFAULT"])), (Some(3), None));
        for codes in [&["AMAZON_EU"][..], &["DEFAULT", "AMAZON_EU"], &[]] {
            let (units, why) = shown(&item("A", NOON, codes));
            assert_eq!(units, None);
            assert!(why.unwrap().split_whitespace().count() > 5);
        }
    }
}
