//! What the shop shows: inventory items × stock locations, with the units it keeps apart.
//!
//! Levels are read before reservations. An order that is packed between the two reads lowers both by
//! the same; read in this order its reservation is already gone, so what is added to a promise is
//! never too much.

use crate::client::{Client, Query};
use crate::kits::{self, Kits};
use crate::places::{self, PlaceCache, Places};
use crate::wire;
use omnistock_sdk::{
    ConnectorError, Cursor, ListingKey, ListingPage, ListingReading, ListingReference, ReservedLine, now,
};
use omnistock_words::{LineId, ListingId, Millis, Quantity, Sku, VendorLocation};
use std::collections::{BTreeMap, BTreeSet};

/// Inventory items in one call: their ids, as filters of the reservations, make 6 KB of address,
/// and the server's limit is 16 KB for address and headers.
pub(crate) const ITEMS: usize = 100;

/// Reservations in one call, and calls at most for one page of items.
const RESERVATIONS: usize = 1_000;
const MOST_PAGES: usize = 200;

const FIELDS: &str =
    "id,sku,location_levels.location_id,location_levels.stocked_quantity,location_levels.reserved_quantity,variants.id";

/// Reservations by inventory item and stock location.
type Reserved = BTreeMap<(String, String), Vec<ReservedLine>>;

/// Where a pass over the catalogue stands: so many items were read, and the last of them.
struct Place {
    offset: usize,
    last: String,
}

impl Place {
    const START: Self = Self {
        offset: 0,
        last: String::new(),
    };

    fn read(text: &str) -> Result<Self, ConnectorError> {
        let (offset, last) = text.split_once(' ').unwrap_or((text, ""));
        let last = last.to_owned();
        offset.parse().map(|offset| Self { offset, last }).map_err(|_| {
            ConnectorError::operator(format!(
                "`{text}` is not a place in the catalogue; start the read from its beginning"
            ))
        })
    }
}

/// What one call tells: of how many items, which, and their listings.
struct Read {
    count: usize,
    ids: Vec<String>,
    listings: Vec<ListingReading>,
}

/// Reads levels.
pub(crate) struct Levels<'a> {
    pub(crate) client: &'a Client,
    pub(crate) places: &'a PlaceCache,
}

impl Levels<'_> {
    /// The page of the catalogue at `cursor`.
    ///
    /// Ids ascend with time, so what is created during the read comes at the end. What is deleted pulls its followers
    /// forward: each page begins at the last row of the one before, and goes back where that row isn't there any more.
    pub(crate) async fn page(&self, cursor: Option<&Cursor>) -> Result<ListingPage, ConnectorError> {
        let place = cursor.map_or(Ok(Place::START), |cursor| Place::read(&cursor.0))?;
        let mut offset = place.offset.saturating_sub(1);
        loop {
            let query = vec![("order", "id".to_owned()), ("offset", offset.to_string())];
            let mut read = self.read(query).await?;
            if offset > 0 && read.ids.first().is_none_or(|first| *first > place.last) {
                offset = offset.saturating_sub(ITEMS);
                continue;
            }
            let next = offset + read.ids.len();
            let more = next < read.count && read.ids.len() > 1;
            let last = read.ids.pop().unwrap_or_default().max(place.last.clone());
            let mut listings = read.listings;
            listings.retain(|reading| *reading.reference.key.listing.as_str() > *place.last);
            return Ok(ListingPage {
                listings,
                next: more.then(|| Cursor(format!("{next} {last}"))),
            });
        }
    }

    /// These listings as they are now.
    pub(crate) async fn listings(&self, listings: &[ListingReference]) -> Result<Vec<ListingReading>, ConnectorError> {
        let wanted: BTreeSet<&ListingKey> = listings.iter().map(|listing| &listing.key).collect();
        let items: BTreeSet<&str> = wanted.iter().map(|key| key.listing.as_str()).collect();
        let items: Vec<&str> = items.into_iter().collect();
        let mut readings = Vec::with_capacity(wanted.len());
        for chunk in items.chunks(ITEMS) {
            let query = chunk.iter().map(|id| ("id[]", (*id).to_owned())).collect();
            let read = self.read(query).await?;
            readings.extend(
                read.listings
                    .into_iter()
                    .filter(|reading| wanted.contains(&reading.reference.key)),
            );
        }
        Ok(readings)
    }

    async fn read(&self, mut query: Query) -> Result<Read, ConnectorError> {
        let places = self.places.get(self.client).await?;
        query.push(("fields", FIELDS.to_owned()));
        query.push(("limit", ITEMS.to_string()));
        let read_at = now();
        let answer: wire::InventoryItems = self.client.get("/admin/inventory-items", &query).await?;
        let reserved = self.reservations(&answer.inventory_items).await?;
        let kits = kits::among(self.client, &answer.inventory_items).await?;
        let readings = |item| readings(item, &places, &reserved, &kits, read_at);
        let listings = answer.inventory_items.iter().flat_map(readings).collect();
        Ok(Read {
            count: answer.count,
            listings,
            ids: answer.inventory_items.into_iter().map(|item| item.id).collect(),
        })
    }

    async fn reservations(&self, items: &[wire::InventoryItem]) -> Result<Reserved, ConnectorError> {
        let mut reserved = Reserved::new();
        let zero = |item: &wire::InventoryItem| {
            item.location_levels
                .iter()
                .flatten()
                .all(|level| level.reserved_quantity.or_zero().is_zero())
        };
        let busy: Vec<&str> = items
            .iter()
            .filter(|item| !zero(item))
            .map(|item| item.id.as_str())
            .collect();
        if busy.is_empty() {
            return Ok(reserved);
        }
        let mut read = 0;
        for _ in 0..MOST_PAGES {
            let mut query: Query = busy
                .iter()
                .map(|id| ("inventory_item_id[]", (*id).to_owned()))
                .collect();
            query.push((
                "fields",
                "id,line_item_id,inventory_item_id,location_id,quantity".to_owned(),
            ));
            query.push(("order", "id".to_owned()));
            query.push(("limit", RESERVATIONS.to_string()));
            query.push(("offset", read.to_string()));
            let page: wire::Reservations = self.client.get("/admin/reservations", &query).await?;
            let rows = page.reservations.len();
            read += rows;
            for row in page.reservations {
                keep(row, &mut reserved);
            }
            if rows == 0 || read >= page.count {
                return Ok(reserved);
            }
        }
        Err(ConnectorError::retry(format!(
            "more than {} reservations for {ITEMS} inventory items",
            RESERVATIONS * MOST_PAGES
        )))
    }
}

/// A reservation without a line was made by hand: it goes by its own id, which no order has, so it is
/// never added to a promise and its units are held back from sale, as the person meant.
fn keep(row: wire::Reservation, reserved: &mut Reserved) {
    let Ok(line) = LineId::new(row.line_item_id.as_ref().unwrap_or(&row.id)) else {
        return;
    };
    let quantity = row.quantity.or_zero();
    if quantity.is_positive() {
        reserved
            .entry((row.inventory_item_id, row.location_id))
            .or_default()
            .push(ReservedLine {
                order: None,
                line,
                quantity,
            });
    }
}

fn readings(
    item: &wire::InventoryItem,
    places: &Places,
    reserved: &Reserved,
    kits: &Kits,
    read_at: Millis,
) -> Vec<ListingReading> {
    let Ok(listing) = ListingId::new(&item.id) else {
        return Vec::new();
    };
    let sku = item.sku.as_ref().and_then(|sku| Sku::new(sku).ok());
    let blank = ListingReading {
        reference: ListingReference {
            key: ListingKey {
                listing,
                location: None,
            },
            parent: None,
        },
        sku,
        place: None,
        quantity: None,
        reserved: Vec::new(),
        read_at,
        unwritable: kits.get(&item.id).cloned(),
        about: None,
    };
    let levels = item.location_levels.as_deref().unwrap_or_default();
    if levels.is_empty() {
        let advice = "it is stocked at no location; add one in Medusa under Inventory > Manage locations";
        return vec![ListingReading {
            unwritable: Some(advice.to_owned()),
            ..blank
        }];
    }
    levels
        .iter()
        .filter_map(|level| reading(&blank, &item.id, level, places, reserved))
        .collect()
}

fn reading(
    blank: &ListingReading,
    item: &str,
    level: &wire::Level,
    places: &Places,
    reserved: &Reserved,
) -> Option<ListingReading> {
    let mut reading = blank.clone();
    reading.reference.key.location = Some(VendorLocation::new(&level.location_id).ok()?);
    reading.quantity = level.stocked_quantity.0;
    match places.of(&level.location_id) {
        places::Place::Known(name) => reading.place = Some(name),
        places::Place::Unknown => {}
        places::Place::Ambiguous(name) => {
            reading.unwritable = Some(format!(
                "several stock locations are called `{name}`; write their ids (sloc_…) into `codes`"
            ));
        }
    }
    let key = (item.to_owned(), level.location_id.clone());
    reading.reserved = within(
        reserved.get(&key).cloned().unwrap_or_default(),
        level.reserved_quantity.or_zero(),
    );
    Some(reading)
}

/// At most as many units as the level itself says are reserved: that figure is what the shop subtracts
/// from ours, and it is known to fall behind its reservations. The newest lines are cut first.
fn within(lines: Vec<ReservedLine>, most: Quantity) -> Vec<ReservedLine> {
    let mut left = most.positive();
    let mut kept = Vec::with_capacity(lines.len());
    for mut line in lines {
        line.quantity = line.quantity.min(left);
        left -= line.quantity;
        if line.quantity.is_positive() {
            kept.push(line);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn line(name: usize, units: i64) -> ReservedLine {
        ReservedLine {
            order: None,
            line: LineId::new(format!("ordli_{name}")).unwrap(),
            quantity: Quantity::whole(units),
        }
    }

    #[test]
    fn older_lines_keep_their_units() {
        let kept = within(vec![line(1, 3), line(2, 4), line(3, 1)], Quantity::whole(5));
        assert_eq!(kept, vec![line(1, 3), line(2, 2)]);
    }

    proptest! {
        #[test]
        fn never_more_than_the_shop_subtracts(units in proptest::collection::vec(0_i64..50, 0..20), most in -5_i64..200) {
            let lines: Vec<ReservedLine> = units.iter().enumerate().map(|(name, units)| line(name, *units)).collect();
            let sum: i64 = units.iter().sum();
            let kept: Quantity = within(lines, Quantity::whole(most)).into_iter().map(|line| line.quantity).sum();
            prop_assert_eq!(kept, Quantity::whole(sum.min(most.max(0))));
        }
    }
}
