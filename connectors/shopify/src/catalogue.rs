//! What the shop shows: items at locations, page by page, by name, or all in one bulk operation.

use crate::bulk;
use crate::client::{Client, too_dear};
use crate::documents::{COUNT, ITEMS, LEVELS, PRICED_LEVELS};
use crate::gid::{gid, number};
use crate::places::{Place, PlaceCache, Places};
use crate::prices::PriceBook;
use crate::wire;
use omnistock_sdk::{ConnectorError, Cursor, ListingKey, ListingPage, ListingReading, ListingReference, now};
use omnistock_words::{ListingId, Millis, VendorLocation};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The most that the vendor hands out at once [documented].
pub(crate) const PAGE: usize = 250;

/// Where a pass over the catalogue stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Position {
    /// Location by location, the first of them at `after`.
    Levels {
        locations: Vec<String>,
        after: Option<String>,
    },
    /// A bulk operation that the vendor works on, or its file from this byte on; begun then.
    Bulk {
        operation: String,
        offset: u64,
        began: Millis,
    },
}

/// How many objects one query may ask for before it costs too much: halved each time the vendor says so.
pub(crate) struct Width(AtomicUsize);

impl Width {
    /// So many to begin with.
    pub(crate) fn new(most: usize) -> Self {
        Self(AtomicUsize::new(most))
    }

    /// So many at once.
    pub(crate) fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    /// Whether a query that was refused may be asked again with half as many.
    pub(crate) fn halve(&self, error: &ConnectorError) -> bool {
        let width = self.get();
        let may = too_dear(error) && width > 1;
        if may {
            self.0.store(width / 2, Ordering::Relaxed);
        }
        may
    }
}

/// Reads levels.
pub(crate) struct Levels<'a> {
    pub(crate) client: &'a Client,
    pub(crate) places: &'a PlaceCache,
    pub(crate) width: &'a Width,
    pub(crate) bulk_above: u64,
    /// Which product sells an item, as far as prices were read.
    pub(crate) book: &'a PriceBook,
}

/// A page of the catalogue, and what the variants of its listings ask, where that was asked for.
pub(crate) struct Seen {
    pub(crate) page: ListingPage,
    /// Of one listing each: the item's number and the location's.
    pub(crate) variants: Vec<(String, String, wire::Variant)>,
    pub(crate) read_at: Millis,
}

#[derive(Deserialize)]
struct Count {
    count: u64,
}

#[derive(Deserialize)]
struct AtLocation {
    #[serde(rename = "inventoryLevels")]
    levels: wire::Page<wire::Level>,
}

impl Levels<'_> {
    /// The page of the catalogue at `cursor`.
    pub(crate) async fn page(&self, cursor: Option<&Cursor>, priced: bool) -> Result<Seen, ConnectorError> {
        let position = match cursor {
            None => self.begin(priced).await?,
            Some(cursor) => serde_json::from_str(&cursor.0)
                .map_err(|error| ConnectorError::rejected(format!("not a place in this catalogue: {error}")))?,
        };
        let read_at = now();
        let (found, next) = match position {
            Position::Levels { locations, after } => self.levels(locations, after, priced).await?,
            Position::Bulk {
                operation,
                offset,
                began,
            } => self.bulk(operation, offset, began).await?,
        };
        let mut variants = Vec::new();
        let listings = found.into_iter().map(|(listing, variant)| {
            let key = &listing.reference.key;
            if let (Some(variant), Some(location)) = (variant, &key.location) {
                variants.push((key.listing.to_string(), location.to_string(), variant));
            }
            listing
        });
        let listings = listings.collect();
        let next = next.map(|next| serde_json::to_string(&next).map(Cursor)).transpose();
        let next = next.map_err(|error| ConnectorError::retry(error.to_string()))?;
        Ok(Seen {
            page: ListingPage { listings, next },
            variants,
            read_at,
        })
    }

    /// The vendor lets nobody page past 25,000 objects, so a large shop is read by a bulk operation.
    async fn begin(&self, priced: bool) -> Result<Position, ConnectorError> {
        let limit = self.bulk_above.saturating_add(1);
        let count: Option<Count> = self
            .client
            .ask(&COUNT, &json!({ "limit": limit }), "productVariantsCount")
            .await?;
        if count.is_some_and(|count| count.count > self.bulk_above) {
            let operation = bulk::begin(self.client, priced).await?;
            return Ok(Position::Bulk {
                operation,
                offset: 0,
                began: now(),
            });
        }
        let places = self.places.get(self.client).await?;
        Ok(Position::Levels {
            locations: places.numbers().cloned().collect(),
            after: None,
        })
    }

    async fn levels(
        &self,
        mut locations: Vec<String>,
        after: Option<String>,
        priced: bool,
    ) -> Result<(Vec<Found>, Option<Position>), ConnectorError> {
        let Some(location) = locations.first().cloned() else {
            return Ok((Vec::new(), None));
        };
        let places = self.places.get(self.client).await?;
        let read_at = now();
        let variables = json!({"location": gid("Location", &location), "first": PAGE, "after": after});
        // A location that was deleted since the pass began is null.
        let document = if priced { &PRICED_LEVELS } else { &LEVELS };
        let answer: Option<AtLocation> = self.client.ask(document, &variables, "location").await?;
        let (levels, after) = answer.map_or_else(Default::default, |answer| {
            let after = answer.levels.next();
            (answer.levels.nodes, after)
        });
        let listings = levels
            .iter()
            .filter_map(|level| {
                let reading = self.reading(&level.item, &level.amounts, &location, &places, read_at)?;
                Some((reading, level.item.variant.clone()))
            })
            .collect();
        if after.is_none() {
            locations.remove(0);
        }
        let next = (!locations.is_empty()).then_some(Position::Levels { locations, after });
        Ok((listings, next))
    }

    async fn bulk(
        &self,
        operation: String,
        offset: u64,
        began: Millis,
    ) -> Result<(Vec<Found>, Option<Position>), ConnectorError> {
        let places = self.places.get(self.client).await?;
        let part = bulk::part(self.client, &operation, offset).await?;
        let listings = part.levels.iter().filter_map(|level| {
            let location = number(&level.location.as_ref()?.id)?;
            // The vendor read it at some instant of its own after we asked.
            let reading = self.reading(&level.item, &level.amounts, location, &places, began)?;
            Some((reading, level.item.variant.clone()))
        });
        let listings = listings.collect();
        let next = part.next.map(|offset| Position::Bulk {
            operation,
            offset,
            began,
        });
        Ok((listings, next))
    }

    /// These listings as they are now.
    pub(crate) async fn listings(&self, listings: &[ListingReference]) -> Result<Vec<ListingReading>, ConnectorError> {
        let mut wanted: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for listing in listings {
            let item = gid("InventoryItem", listing.key.listing.as_str());
            let place = listing
                .key
                .location
                .as_ref()
                .filter(|place| gid("Location", place.as_str()).is_some());
            if let (Some(item), Some(place)) = (item, place) {
                wanted.entry(place.as_str()).or_default().push(item);
            }
        }
        let places = self.places.get(self.client).await?;
        let mut readings = Vec::with_capacity(listings.len());
        for (location, items) in wanted {
            let mut rest = items.as_slice();
            while !rest.is_empty() {
                let (part, left) = rest.split_at(self.width.get().clamp(1, rest.len()));
                match self.items(location, part, &places).await {
                    Ok(read) => readings.extend(read),
                    Err(error) if self.width.halve(&error) => continue,
                    Err(error) => return Err(error),
                }
                rest = left;
            }
        }
        Ok(readings)
    }

    async fn items(
        &self,
        location: &str,
        items: &[String],
        places: &Places,
    ) -> Result<Vec<ListingReading>, ConnectorError> {
        let read_at = now();
        let variables = json!({"ids": items, "location": gid("Location", location)});
        // An item that is gone is null, or an empty object where the number is of something else.
        let nodes: Vec<Option<serde_json::Value>> =
            self.client.ask_of(&ITEMS, &variables, "nodes", items.len()).await?;
        let found = nodes
            .into_iter()
            .flatten()
            .filter_map(|node| serde_json::from_value::<wire::Item>(node).ok());
        let readings = found.filter_map(|item| {
            let amounts = item.level.as_ref()?;
            self.reading(&item, amounts, location, places, read_at)
        });
        Ok(readings.collect())
    }

    /// With the product that sells it, where that is known: its prices go by product.
    fn reading(
        &self,
        item: &wire::Item,
        amounts: &wire::Quantities,
        location: &str,
        places: &Places,
        read_at: Millis,
    ) -> Option<ListingReading> {
        let mut reading = reading(item, amounts, location, places, read_at)?;
        reading.reference.parent = self.book.product_of(item);
        Some(reading)
    }
}

/// A listing, and what its variant asks.
type Found = (ListingReading, Option<wire::Variant>);

fn reading(
    item: &wire::Item,
    amounts: &wire::Quantities,
    location: &str,
    places: &Places,
    read_at: Millis,
) -> Option<ListingReading> {
    let key = ListingKey {
        listing: ListingId::new(number(&item.id)?).ok()?,
        location: Some(VendorLocation::new(location).ok()?),
    };
    let mut unwritable = (!item.tracked).then(|| {
        "Shopify does not track it; switch on \"Track quantity\" in the variant's Inventory section".to_owned()
    });
    let place = match places.of(location) {
        Place::Known(name) => Some(name),
        Place::Unknown | Place::Foreign => None,
        Place::Ambiguous(name) => {
            unwritable = Some(format!(
                "several locations are called `{name}`; write their numbers (the end of the address when you open one in Settings > Locations) into `codes`"
            ));
            None
        }
    };
    Some(ListingReading {
        reference: ListingReference { key, parent: None },
        sku: item.sku.clone(),
        place,
        quantity: amounts.available().filter(|_| item.tracked),
        reserved: Vec::new(),
        read_at,
        unwritable,
        about: None,
    })
}
