//! Which of Odoo's locations is which place of ours: by its id in `codes`, else by its full name.
//!
//! A place of ours means that location with everything below it, less what below it is another place of ours.

use crate::client::Client;
use crate::pages::{List, Row};
use crate::wire::Text;
use omnistock_sdk::{ConnectorError, LocationCodes};
use omnistock_words::LocationName;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet, HashMap};

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Location {
    pub(crate) id: i64,
    #[serde(default)]
    pub(crate) complete_name: Text,
    #[serde(default)]
    pub(crate) usage: Text,
    #[serde(default)]
    pub(crate) parent_path: Text,
}

impl Row for Location {
    fn id(&self) -> i64 {
        self.id
    }
}

/// All locations of the database.
pub(crate) struct Places {
    /// Where each of them belongs; only those that belong to a place of ours.
    inside: HashMap<i64, LocationName>,
    roots: BTreeMap<i64, LocationName>,
    /// The topmost internal locations that belong to none.
    strange: BTreeMap<i64, String>,
}

impl Places {
    /// Reads them.
    pub(crate) async fn read(client: &Client, page: usize, codes: &LocationCodes) -> Result<Self, ConnectorError> {
        let list = List {
            client,
            page,
            model: "stock.location",
            domain: Vec::new(),
            fields: vec!["id", "complete_name", "usage", "parent_path"],
        };
        Self::new(&list.read().await?, codes)
    }

    pub(crate) fn new(locations: &[Location], codes: &LocationCodes) -> Result<Self, ConnectorError> {
        let roots = roots(locations, codes)?;
        let (mut inside, mut strange) = (HashMap::new(), BTreeMap::new());
        let kept = |location: &Location| matches!(location.usage.0.as_deref(), Some("internal" | "view"));
        let internal: BTreeSet<i64> = locations
            .iter()
            .filter(|one| one.usage.0.as_deref() == Some("internal"))
            .map(|one| one.id)
            .collect();
        for location in locations.iter().filter(|location| kept(location)) {
            let path = path(location);
            match path.iter().rev().find_map(|id| roots.get(id)) {
                Some(name) => {
                    inside.insert(location.id, name.clone());
                }
                None if internal.contains(&location.id) => {
                    let topmost = !path.iter().any(|id| *id != location.id && internal.contains(id));
                    if topmost {
                        strange.insert(
                            location.id,
                            location
                                .complete_name
                                .0
                                .clone()
                                .unwrap_or_else(|| location.id.to_string()),
                        );
                    }
                }
                None => {}
            }
        }
        if roots.is_empty() {
            let names: Vec<&str> = strange.values().take(10).map(String::as_str).collect();
            return Err(ConnectorError::operator(format!(
                "no location of Odoo is known here; write ids or full names into `codes` of [locations.NAME]; there are {}",
                names.join(", ")
            )));
        }
        Ok(Self { inside, roots, strange })
    }

    /// The place of ours that a location belongs to.
    pub(crate) fn of(&self, id: i64) -> Option<&LocationName> {
        self.inside.get(&id)
    }

    /// The locations that are places of ours, by their ids.
    pub(crate) fn roots(&self) -> Vec<i64> {
        self.roots.keys().copied().collect()
    }

    /// Our names for them.
    pub(crate) fn names(&self) -> BTreeSet<&LocationName> {
        self.roots.values().collect()
    }

    /// The topmost internal locations that nobody declared, by id, with their full names.
    pub(crate) fn strange(&self) -> &BTreeMap<i64, String> {
        &self.strange
    }
}

/// A location's ancestors and itself, topmost first.
fn path(location: &Location) -> Vec<i64> {
    let text = location.parent_path.0.as_deref().unwrap_or_default();
    let mut ids: Vec<i64> = text.split('/').filter_map(|id| id.parse().ok()).collect();
    if ids.last() != Some(&location.id) {
        ids.push(location.id);
    }
    ids
}

fn roots(locations: &[Location], codes: &LocationCodes) -> Result<BTreeMap<i64, LocationName>, ConnectorError> {
    let mut roots: BTreeMap<i64, LocationName> = BTreeMap::new();
    let mut named: HashMap<&str, i64> = HashMap::new();
    for location in locations {
        if let Some(ours) = codes.name(&location.id.to_string()) {
            roots.insert(location.id, ours);
        } else if let Some((text, ours)) = location
            .complete_name
            .0
            .as_deref()
            .and_then(|text| Some((text, codes.name(text)?)))
        {
            if let Some(other) = named.insert(text, location.id) {
                return Err(ConnectorError::operator(format!(
                    "two locations of Odoo are called {text:?} (ids {other} and {}): write the id into `codes` of [locations.{ours}]",
                    location.id
                )));
            }
            roots.insert(location.id, ours);
        }
    }
    Ok(roots)
}

#[cfg(test)]
mod tests {
    use super::*;
    use omnistock_words::VendorLocation;

    fn location(id: i64, name: &str, usage: &str, path: &str) -> Location {
        let text = |text: &str| Text(Some(text.to_owned()));
        Location {
            id,
            complete_name: text(name),
            usage: text(usage),
            parent_path: text(path),
        }
    }

    fn ours(name: &str) -> LocationName {
        LocationName::new(name).unwrap()
    }

    fn codes(pairs: &[(&str, &str)]) -> LocationCodes {
        let codes = pairs
            .iter()
            .map(|(code, name)| (VendorLocation::new(code).unwrap(), ours(name)));
        LocationCodes::new(vec![ours("berlin"), ours("shelf")], codes.collect())
    }

    fn warehouse() -> Vec<Location> {
        vec![
            location(7, "WH", "view", "7/"),
            location(8, "WH/Stock", "internal", "7/8/"),
            location(9, "WH/Stock/Shelf", "internal", "7/8/9/"),
            location(10, "WH/Stock/Scrap", "inventory", "7/8/10/"),
            location(20, "W2/Stock", "internal", "19/20/"),
            location(21, "W2/Stock/A", "internal", "19/20/21/"),
        ]
    }

    #[test]
    fn what_is_below_belongs_to_it_and_a_nearer_place_takes_it_away() {
        let places = Places::new(&warehouse(), &codes(&[("WH/Stock", "berlin"), ("9", "shelf")])).unwrap();
        assert_eq!(
            (places.of(8), places.of(9)),
            (Some(&ours("berlin")), Some(&ours("shelf")))
        );
        assert_eq!(
            (places.of(10), places.of(20), places.of(99)),
            (None, None, None),
            "scrap and others' are outside"
        );
        assert_eq!(places.roots(), [8, 9]);
        assert_eq!(places.strange().values().collect::<Vec<_>>(), ["W2/Stock"]);
    }

    #[test]
    fn a_name_that_stands_for_two_and_none_at_all_are_for_a_person() {
        let mut two = warehouse();
        two.push(location(30, "WH/Stock", "internal", "29/30/"));
        let known = codes(&[("WH/Stock", "berlin")]);
        let error = Places::new(&two, &known).err().unwrap();
        assert!(error.message.contains("ids 8 and 30"), "{error}");
        assert!(Places::new(&two, &codes(&[("8", "berlin")])).is_ok());
        let error = Places::new(&warehouse(), &codes(&[("Lager", "berlin")])).err().unwrap();
        assert!(error.message.contains("W2/Stock"), "{error}");
    }
}
