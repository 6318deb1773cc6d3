//! Where the settings stand that decide numbers: carried along as text, so that an explanation can name them.

use super::locations::Locations;
use super::root::Root;
use super::rules::Ruled;
use super::tree::{Entry, Node, Place, Value};
use std::collections::BTreeMap;
use std::path::Path;

/// The tables of a layer that merge key by key.
const MERGED: [&str; 2] = ["price", "guard"];

/// `omnistock.toml:42` or `conf.d/10.toml:3`, from the folder of the first file on.
pub(super) fn short(root: Root, place: Place) -> String {
    inside(root, root.sources.short(place))
}

/// A name of a file from the folder of the first file on.
pub(super) fn inside(root: Root, place: String) -> String {
    let inside = Path::new(&place)
        .strip_prefix(root.folder)
        .map(|path| path.display().to_string());
    inside.unwrap_or(place)
}

/// The place of every deciding key: `channels.NAME.KEY` (the channel's, else its template's),
/// `locations.NAME.KEY` (its own, else its group's) and `rules.INDEX.KEY`.
pub(super) fn of(root: Root, locations: &Locations, ruled: &Ruled) -> BTreeMap<String, String> {
    let mut places = BTreeMap::new();
    for channel in root.declared("channels") {
        let Some(own) = root.entry("channels", channel) else {
            continue;
        };
        let template = match own.node.get("use").map(|node| &node.value) {
            Some(Value::Text(name)) => root.entry("templates", name),
            _ => None,
        };
        for layer in template.into_iter().chain([own]) {
            note(root, &format!("channels.{channel}"), &layer.node, &mut places);
        }
    }
    for group in root.declared("location_groups") {
        of_group(root, locations, group, &mut places);
    }
    for location in root.declared("locations") {
        if let Some(entry) = root.entry("locations", location) {
            note(root, &format!("locations.{location}"), &entry.node, &mut places);
        }
    }
    for (index, set) in &ruled.sets {
        note(root, &format!("rules.{index}"), set, &mut places);
    }
    let listed = ruled.listed.iter();
    places.extend(listed.map(|(index, key, place)| (format!("rules.{index}.{key}"), place.clone())));
    places
}

/// Notes the keys of one layer over what lower layers said. Of `pool` and `locations` the last one counts.
fn note(root: Root, path: &str, layer: &Node, places: &mut BTreeMap<String, String>) {
    for (key, entry) in layer.table().into_iter().flatten() {
        let merged = entry.node.table().filter(|_| MERGED.contains(&key.as_str()));
        for (inner, entry) in merged.into_iter().flatten() {
            places.insert(format!("{path}.{key}.{inner}"), short(root, entry.key));
        }
        let (key, place) = match (key.as_str(), &entry.node.value) {
            ("pool", Value::Text(pool)) => ("locations", format!("[pools.{pool}]")),
            (key, _) => (key, short(root, entry.key)),
        };
        places.insert(format!("{path}.{key}"), place);
    }
}

/// A group's defaults for its members, such as `stores.stop_at 1`.
fn of_group(root: Root, locations: &Locations, group: &str, places: &mut BTreeMap<String, String>) {
    for key in ["safety_stock", "stop_at", "max_age"] {
        let Some(Entry { node, .. }) = root
            .entry("location_groups", group)
            .and_then(|entry| entry.node.table()?.get(key))
        else {
            continue;
        };
        let said = node.describe();
        for member in locations.group(group) {
            let text = format!("{group}.{key} {}", said.trim_matches('"'));
            places.insert(format!("locations.{member}.{key}"), text);
        }
    }
}
