//! Which location of the shop is which place of ours: by its number or global id in `codes`, else by its name.

use crate::client::Client;
use crate::documents::LOCATIONS;
use crate::gid::{gid, number};
use crate::wire;
use omnistock_sdk::{ConnectorError, LocationCodes};
use omnistock_words::LocationName;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// A hundred locations each: more than the vendor lets a shop have.
const MOST_PAGES: usize = 30;

/// New and renamed locations are noticed after this long.
const FRESH: Duration = Duration::from_mins(1);

/// What one location is to us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// A place of ours.
    Known(LocationName),
    /// Nothing in the configuration speaks of it.
    Unknown,
    /// The same, and a service of its own keeps it: what leaves it is not ours.
    Foreign,
    /// Its name stands for several locations: nobody can say which is meant.
    Ambiguous(String),
}

/// All active locations by their numbers.
pub(crate) struct Places(BTreeMap<String, Place>);

impl Places {
    #[cfg(test)]
    pub(crate) fn of_places(places: impl IntoIterator<Item = (&'static str, Place)>) -> Self {
        Self(
            places
                .into_iter()
                .map(|(number, place)| (number.to_owned(), place))
                .collect(),
        )
    }

    fn new(locations: &[wire::Location], codes: &LocationCodes) -> Self {
        let mut named: BTreeMap<&str, usize> = BTreeMap::new();
        for location in locations {
            *named.entry(location.name.as_str()).or_default() += 1;
        }
        let place = |location: &wire::Location, id: &str| {
            let coded = codes.name(id).or_else(|| codes.name(&gid("Location", id)?));
            match (coded, codes.name(&location.name)) {
                (None, Some(_)) if named.get(location.name.as_str()) > Some(&1) => {
                    Place::Ambiguous(location.name.clone())
                }
                (Some(name), _) | (None, Some(name)) => Place::Known(name),
                (None, None) if location.service => Place::Foreign,
                (None, None) => Place::Unknown,
            }
        };
        let all = locations.iter().filter_map(|location| {
            let id = number(&location.id)?;
            Some((id.to_owned(), place(location, id)))
        });
        Self(all.collect())
    }

    /// What the location of this number is to us.
    pub(crate) fn of(&self, number: &str) -> Place {
        self.0.get(number).cloned().unwrap_or(Place::Unknown)
    }

    /// What the location of this global id is to us.
    pub(crate) fn of_gid(&self, gid: &str) -> Place {
        number(gid).map_or(Place::Unknown, |number| self.of(number))
    }

    /// Numbers of all locations.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = &String> {
        self.0.keys()
    }

    /// Whether any of them is a place of ours.
    pub(crate) fn any_known(&self) -> bool {
        self.0.values().any(|place| matches!(place, Place::Known(_)))
    }
}

/// Locations, read again when they are older than a minute.
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

    /// The locations as they were at most a minute ago.
    pub(crate) async fn get(&self, client: &Client) -> Result<Arc<Places>, ConnectorError> {
        let mut current = self.current.lock().await;
        if let Some((_, places)) = current.as_ref().filter(|(at, _)| at.elapsed() < FRESH) {
            return Ok(Arc::clone(places));
        }
        let places = Arc::new(Places::new(&read(client).await?, &self.codes));
        *current = Some((Instant::now(), Arc::clone(&places)));
        Ok(places)
    }
}

async fn read(client: &Client) -> Result<Vec<wire::Location>, ConnectorError> {
    let (mut all, mut after) = (Vec::new(), None);
    for _ in 0..MOST_PAGES {
        let page: wire::Page<wire::Location> = client.ask(&LOCATIONS, &json!({ "after": after }), "locations").await?;
        after = page.next();
        all.extend(page.nodes);
        if after.is_none() {
            return Ok(all);
        }
    }
    Err(ConnectorError::operator(format!(
        "there are more than {} locations; deactivate those that are not used",
        MOST_PAGES * 100
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use omnistock_words::VendorLocation;

    fn location(id: u64, name: &str, service: bool) -> wire::Location {
        wire::Location {
            id: format!("gid://shopify/Location/{id}"),
            name: name.to_owned(),
            service,
        }
    }

    #[test]
    fn a_number_a_global_id_a_code_or_the_very_name_says_which_place_it_is() {
        let ours = |name: &str| LocationName::new(name).unwrap();
        let declared = ["berlin", "hamburg", "munich", "store"].map(ours).to_vec();
        let codes = [
            ("11", "berlin"),
            ("gid://shopify/Location/12", "munich"),
            ("Lager Nord", "hamburg"),
        ];
        let codes = codes
            .map(|(code, name)| (VendorLocation::new(code).unwrap(), ours(name)))
            .into_iter()
            .collect();
        let codes = LocationCodes::new(declared, codes);
        let shop = [
            location(11, "Lager Ost", false),
            location(12, "Lager Süd", false),
            location(13, "Lager Nord", true),
            location(14, "store", false),
            location(15, "berlin", false),
            location(16, "3PL", true),
        ];
        let places = Places::new(&shop, &codes);
        assert_eq!(places.of("11"), Place::Known(ours("berlin")));
        assert_eq!(places.of_gid("gid://shopify/Location/12"), Place::Known(ours("munich")));
        assert_eq!(places.of("13"), Place::Known(ours("hamburg")));
        assert_eq!(places.of("14"), Place::Known(ours("store")));
        // berlin has a code of its own here, so the bare name is somebody else's.
        assert_eq!(places.of("15"), Place::Unknown);
        assert_eq!(places.of("16"), Place::Foreign);
        assert_eq!(places.of("17"), Place::Unknown);
    }

    #[test]
    fn a_name_that_stands_for_two_is_nobodys() {
        let codes = LocationCodes::new(vec![LocationName::new("store").unwrap()], BTreeMap::new());
        let places = Places::new(&[location(1, "store", false), location(2, "store", false)], &codes);
        assert_eq!(places.of("1"), Place::Ambiguous("store".to_owned()));
        assert!(!places.any_known());
    }
}
