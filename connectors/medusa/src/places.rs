//! Which stock location of the shop is which place of ours: by its id in `codes`, else by its name.

use crate::client::Client;
use crate::wire;
use omnistock_sdk::{ConnectorError, LocationCodes};
use omnistock_words::LocationName;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// Stock locations in one call, and calls at most: more than a merchant has by far.
const PAGE: usize = 200;
const MOST_PAGES: usize = 50;

/// New and renamed stock locations are noticed after this long.
const FRESH: Duration = Duration::from_mins(1);

/// What one stock location is to us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// A place of ours.
    Known(LocationName),
    /// Nothing in the configuration speaks of it.
    Unknown,
    /// Its name stands for several stock locations: nobody can say which is meant.
    Ambiguous(String),
}

/// All stock locations by their ids.
pub(crate) struct Places(BTreeMap<String, Place>);

impl Places {
    fn new(locations: &[wire::StockLocation], codes: &LocationCodes) -> Self {
        let mut named: BTreeMap<&str, usize> = BTreeMap::new();
        for location in locations {
            *named.entry(location.name.as_str()).or_default() += 1;
        }
        let place = |location: &wire::StockLocation| match (codes.name(&location.id), codes.name(&location.name)) {
            (None, Some(_)) if named.get(location.name.as_str()) > Some(&1) => Place::Ambiguous(location.name.clone()),
            (Some(name), _) | (None, Some(name)) => Place::Known(name),
            (None, None) => Place::Unknown,
        };
        Self(
            locations
                .iter()
                .map(|location| (location.id.clone(), place(location)))
                .collect(),
        )
    }

    /// What the stock location of this id is to us.
    pub(crate) fn of(&self, id: &str) -> Place {
        self.0.get(id).cloned().unwrap_or(Place::Unknown)
    }

    /// Whether any of them is a place of ours.
    pub(crate) fn any_known(&self) -> bool {
        self.0.values().any(|place| matches!(place, Place::Known(_)))
    }
}

/// Stock locations, read again when they are older than a minute.
pub(crate) struct PlaceCache {
    codes: LocationCodes,
    current: Mutex<Option<(Instant, Arc<Places>)>>,
}

impl PlaceCache {
    /// With nothing read yet.
    pub(crate) fn new(codes: LocationCodes) -> Self {
        Self {
            codes,
            current: Mutex::new(None),
        }
    }

    /// The stock locations as they were at most a minute ago.
    pub(crate) async fn get(&self, client: &Client) -> Result<Arc<Places>, ConnectorError> {
        let mut current = self.current.lock().await;
        if let Some((at, places)) = current.as_ref().filter(|(at, _)| at.elapsed() < FRESH) {
            tracing::trace!(age = ?at.elapsed(), "stock locations from memory");
            return Ok(Arc::clone(places));
        }
        let places = Arc::new(Places::new(&read(client).await?, &self.codes));
        *current = Some((Instant::now(), Arc::clone(&places)));
        Ok(places)
    }
}

async fn read(client: &Client) -> Result<Vec<wire::StockLocation>, ConnectorError> {
    let mut all = Vec::new();
    for _ in 0..MOST_PAGES {
        let query = vec![
            ("fields", "id,name".to_owned()),
            ("order", "id".to_owned()),
            ("limit", PAGE.to_string()),
            ("offset", all.len().to_string()),
        ];
        let page: wire::StockLocations = client.get("/admin/stock-locations", &query).await?;
        let read = page.stock_locations.len();
        all.extend(page.stock_locations);
        if read == 0 || all.len() >= page.count {
            return Ok(all);
        }
    }
    Err(ConnectorError::operator(format!(
        "there are more than {} stock locations; delete those that are not used",
        PAGE * MOST_PAGES
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use omnistock_words::VendorLocation;

    fn location(id: &str, name: &str) -> wire::StockLocation {
        wire::StockLocation {
            id: id.to_owned(),
            name: name.to_owned(),
        }
    }

    #[test]
    fn an_id_a_code_or_the_very_name_says_which_place_it_is() {
        let ours = |name: &str| LocationName::new(name).unwrap();
        let declared = ["berlin", "hamburg", "store"].map(ours).to_vec();
        let codes = [("sloc_1", "berlin"), ("Lager Nord", "hamburg")];
        let codes = codes
            .map(|(code, name)| (VendorLocation::new(code).unwrap(), ours(name)))
            .into_iter()
            .collect();
        let codes = LocationCodes::new(declared, codes);
        let shop = [
            location("sloc_1", "Lager Ost"),
            location("sloc_2", "Lager Nord"),
            location("sloc_3", "store"),
            location("sloc_4", "berlin"),
        ];
        let places = Places::new(&shop, &codes);
        assert_eq!(places.of("sloc_1"), Place::Known(ours("berlin")));
        assert_eq!(places.of("sloc_2"), Place::Known(ours("hamburg")));
        assert_eq!(places.of("sloc_3"), Place::Known(ours("store")));
        // berlin has a code of its own here, so the bare name is somebody else's.
        assert_eq!(places.of("sloc_4"), Place::Unknown);
        assert_eq!(places.of("sloc_5"), Place::Unknown);
    }

    #[test]
    fn a_name_that_stands_for_two_is_nobodys() {
        let codes = LocationCodes::new(vec![LocationName::new("store").unwrap()], BTreeMap::new());
        let places = Places::new(&[location("sloc_1", "store"), location("sloc_2", "store")], &codes);
        assert_eq!(places.of("sloc_1"), Place::Ambiguous("store".to_owned()));
        assert!(!places.any_known());
    }
}
