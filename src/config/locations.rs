//! `[locations]`, `[location_groups]` and `[pools]`: places with stock, and in which order they serve.

use super::reader::Section;
use super::root::Root;
use super::tree::{Node, Place, Value};
use super::value::{boolean, milliseconds, quantity_from_zero, share};
use omnistock_words::{Carve, ConnectorName, LocationName, LocationPolicy, Quantity, VendorLocation};
use std::collections::BTreeMap;

/// What vendors call our locations, by connector.
pub(super) type Codes = BTreeMap<ConnectorName, BTreeMap<VendorLocation, LocationName>>;

/// Places, and the lists of places that have names.
#[derive(Debug, Default)]
pub(super) struct Locations {
    pub(super) policies: BTreeMap<LocationName, LocationPolicy>,
    pub(super) declared_at: BTreeMap<LocationName, Place>,
    pub(super) codes: Codes,
    groups: BTreeMap<String, Vec<LocationName>>,
    pools: BTreeMap<String, Vec<LocationName>>,
}

/// Reads all three sections.
pub(super) fn read(root: Root) -> Locations {
    let mut locations = Locations::default();
    for (name, place, section) in root.named::<LocationName>("locations") {
        let policy = location(root, &name, &section);
        codes(root, &name, &section, &mut locations.codes);
        locations.declared_at.insert(name.clone(), place);
        locations.policies.insert(name, policy);
    }
    groups(root, &mut locations);
    for (name, _, section) in root.named::<String>("pools") {
        let list = locations.list(root, &section, "locations");
        section.need("locations", "the places it is made of, in order");
        locations.pools.insert(name, list.unwrap_or_default());
    }
    locations
}

fn location(root: Root, name: &LocationName, section: &Section) -> LocationPolicy {
    let part_of: Option<LocationName> = root.reference(section, "part_of", "locations");
    let units = section.read("units", quantity_from_zero).map(Carve::Units);
    let portion = section.read("share", share).map(Carve::Share);
    carving(root, name, section, part_of.as_ref());
    LocationPolicy {
        enabled: section.read("enabled", boolean).unwrap_or(true),
        source: root.reference(section, "source", "connectors"),
        part_of,
        carve: units.or(portion),
        safety_stock: section
            .read("safety_stock", quantity_from_zero)
            .unwrap_or(Quantity::ZERO),
        stop_at: section.read("stop_at", quantity_from_zero),
        max_age: section.read("max_age", milliseconds),
    }
}

/// A carved location has a parent that isn't carved itself, and exactly one size.
fn carving(root: Root, name: &LocationName, section: &Section, part_of: Option<&LocationName>) {
    let title = &section.title;
    match (section.has("part_of"), section.has("units"), section.has("share")) {
        (true, false, false) => section.error_at(
            "part_of",
            format!("{title} needs `units` or `share`: how much is carved out"),
        ),
        (true, true, true) => section.error_at(
            "share",
            format!("{title} has both `units` and `share`: keep one of them"),
        ),
        (false, true, _) => section.error_at(
            "units",
            format!("`units` in {title} needs `part_of`: what it is carved out of"),
        ),
        (false, _, true) => section.error_at(
            "share",
            format!("`share` in {title} needs `part_of`: what it is carved out of"),
        ),
        _ => {}
    }
    let Some(parent) = part_of else { return };
    let grandparent = root
        .entry("locations", parent.as_str())
        .and_then(|entry| entry.node.get("part_of"));
    if parent == name {
        section.error_at("part_of", format!("{title} can't be carved out of itself"));
    } else if grandparent.is_some() {
        section.error_at(
            "part_of",
            format!("location `{parent}` is carved out itself: carve {title} out of the same place"),
        );
    }
    if section.has("source") {
        let message = format!("`source` in {title} has no effect: a carved location has no figures of its own");
        section.error_at("source", message);
    }
}

fn codes(root: Root, name: &LocationName, section: &Section, codes: &mut Codes) {
    let Some(entry) = section.entry("codes") else { return };
    let Some(table) = entry.node.table() else {
        let message = format!(
            "`codes` in {}: expected a table like {{ erp = \"B/01\" }}, found {}",
            section.title,
            entry.node.describe()
        );
        section.findings.error(entry.node.place, message);
        return;
    };
    for (connector, code) in table {
        let Some(connector) = root.name_of::<ConnectorName>(connector, code.key, "connectors", "connector") else {
            continue;
        };
        let vendor = match &code.node.value {
            Value::Text(text) => VendorLocation::new(text).ok(),
            _ => None,
        };
        let Some(vendor) = vendor else {
            let message = format!(
                "`codes` in {}: expected what `{connector}` calls it in quotes, found {}",
                section.title,
                code.node.describe()
            );
            section.findings.error(code.node.place, message);
            continue;
        };
        let taken = codes.entry(connector.clone()).or_default();
        if let Some(other) = taken.get(&vendor) {
            let message = format!(
                "`{connector}` calls both `{other}` and `{name}` {:?}: one code means one location",
                vendor.as_str()
            );
            section.findings.error(code.node.place, message);
        } else {
            taken.insert(vendor, name.clone());
        }
    }
}

/// Groups give their members defaults; where two groups disagree, nobody knows which was meant.
fn groups(root: Root, locations: &mut Locations) {
    let mut given: BTreeMap<(LocationName, &'static str), String> = BTreeMap::new();
    for (group, _, section) in root.named::<String>("location_groups") {
        section.need("members", "the locations in it");
        let members = locations.list(root, &section, "members").unwrap_or_default();
        let safety_stock = section.read("safety_stock", quantity_from_zero);
        let stop_at = section.read("stop_at", quantity_from_zero);
        let max_age = section.read("max_age", milliseconds);
        for member in &members {
            for key in ["safety_stock", "stop_at", "max_age"] {
                let own = root
                    .entry("locations", member.as_str())
                    .is_some_and(|entry| entry.node.get(key).is_some());
                if own || !section.has(key) {
                    continue;
                }
                if let Some(other) = given.insert((member.clone(), key), group.clone()) {
                    section.error_at(key, format!("location `{member}` gets `{key}` from the groups `{other}` and `{group}`: set it in [locations.{member}]"));
                    continue;
                }
                let Some(policy) = locations.policies.get_mut(member) else {
                    continue;
                };
                match key {
                    "safety_stock" => policy.safety_stock = safety_stock.unwrap_or(policy.safety_stock),
                    "stop_at" => policy.stop_at = stop_at.or(policy.stop_at),
                    _ => policy.max_age = max_age.or(policy.max_age),
                }
            }
        }
        locations.groups.insert(group, members);
    }
}

impl Locations {
    /// The members of a group that is declared.
    pub(super) fn group(&self, name: &str) -> &[LocationName] {
        self.groups.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    /// A list of locations and `@groups`, resolved, each once, the first mention counting.
    pub(super) fn list(&self, root: Root, section: &Section, key: &str) -> Option<Vec<LocationName>> {
        let members = section.list(key)?;
        if members.is_empty() {
            section.error_at(key, format!("`{key}` in {} is empty", section.title));
        }
        let mut found: Vec<LocationName> = Vec::new();
        for member in members {
            for name in self.member(root, member) {
                if !found.contains(&name) {
                    found.push(name);
                }
            }
        }
        Some(found)
    }

    fn member(&self, root: Root, node: &Node) -> Vec<LocationName> {
        let group = match &node.value {
            Value::Text(text) => text.strip_prefix('@'),
            _ => None,
        };
        let Some(group) = group else {
            return root.name(node, "locations").into_iter().collect();
        };
        let declared: Option<String> = root.name_of(group, node.place, "location_groups", "location group");
        declared
            .and_then(|group| self.groups.get(&group))
            .cloned()
            .unwrap_or_default()
    }

    /// The places of a pool that a key names.
    pub(super) fn pool(&self, root: Root, section: &Section, key: &str) -> Option<Vec<LocationName>> {
        let name: String = root.reference(section, key, "pools")?;
        self.pools.get(&name).cloned()
    }
}
