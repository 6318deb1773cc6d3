//! `[[rules]]` and `[[bundles]]`.

use super::locations::Locations;
use super::places::short;
use super::policy::patch;
use super::reader::Section;
use super::root::Root;
use super::rules_csv;
use super::schema::{COMPONENT, MATCH, SET};
use super::tree::{Node, Value};
use super::value::{instant, quantity_above_zero, sku, text};
use omnistock_words::{ChannelName, ChannelSettings, Component, Match, Rule, Sku};
use std::collections::BTreeMap;

/// Rules, and where their settings stand.
#[derive(Debug, Default)]
pub(super) struct Ruled<'a> {
    pub(super) rules: Vec<Rule>,
    /// The `set` of those that stand in `[[rules]]` themselves, by index.
    pub(super) sets: Vec<(usize, &'a Node)>,
    /// Index, key and place of settings that stand in a list, elsewhere than their rule.
    pub(super) listed: Vec<(usize, String, String)>,
}

/// Reads the rules in the order in which they stand: file by file, later ones win. A list stands where it is named.
pub(super) fn rules<'a>(
    root: Root<'a>,
    places: &Locations,
    channels: &BTreeMap<ChannelName, ChannelSettings>,
) -> Ruled<'a> {
    let mut ruled = Ruled::default();
    for section in &root.list("rules") {
        let next = ruled.rules.len();
        if section.has("csv") {
            let listed = rules_csv::listed(root, places, channels, section);
            ruled.rules.extend(listed.rules);
            let moved = |(index, key, place)| (next + index, key, place);
            ruled.listed.extend(listed.places.into_iter().map(moved));
        } else if let Some(rule) = rule(root, places, channels, section) {
            ruled.sets.extend(section.entry("set").map(|entry| (next, &entry.node)));
            ruled.rules.push(rule);
        }
    }
    ruled
}

fn rule(
    root: Root,
    places: &Locations,
    channels: &BTreeMap<ChannelName, ChannelSettings>,
    section: &Section,
) -> Option<Rule> {
    let matches = matching(section);
    section.need("set", "what it changes");
    let set = section.inner("set", &SET).map(|set| patch(root, places, &set));
    let (from, until) = (section.read("from", instant), section.read("until", instant));
    if let (Some(from), Some(until)) = (from, until)
        && from >= until
    {
        section.error_at(
            "until",
            format!("`until` in {} is not after `from`: it would never hold", section.title),
        );
    }
    let named = section.has("channels").then(|| rule_channels(root, channels, section));
    Some(Rule {
        matches: matches?,
        channels: named,
        from,
        until,
        set: set?,
        place: short(root, section.place),
    })
}

fn matching(section: &Section) -> Option<Match> {
    let table = section.inner("match", &MATCH);
    let empty = table.as_ref().is_some_and(Section::is_empty);
    if !section.has("match") || empty {
        section.error(format!(
            "{} needs `match`: which SKUs it means; {{ sku = \"*\" }} is all",
            section.title
        ));
    }
    let table = table?;
    let pattern = |key: &str| table.read(key, |node| text(node).map(str::to_owned));
    Some(Match {
        sku: pattern("sku"),
        brand: pattern("brand"),
        category: pattern("category"),
        tag: pattern("tag"),
        listing: pattern("listing"),
    })
}

/// Channels by name, and by the template they use.
fn rule_channels(root: Root, channels: &BTreeMap<ChannelName, ChannelSettings>, section: &Section) -> Vec<ChannelName> {
    let mut found = Vec::new();
    let members = section.list("channels").unwrap_or_default();
    if members.is_empty() && section.list("channels").is_some() {
        section.error_at(
            "channels",
            format!(
                "`channels` in {} is empty: leave it out for all channels",
                section.title
            ),
        );
    }
    for node in members {
        let template = match &node.value {
            Value::Text(text) => text.strip_prefix('@'),
            _ => None,
        };
        match template {
            Some(template) => found.extend(users(root, channels, node, template)),
            None => found.extend(root.name::<ChannelName>(node, "channels")),
        }
    }
    found.sort();
    found.dedup();
    found
}

/// The channels that use a template.
pub(super) fn users(
    root: Root,
    channels: &BTreeMap<ChannelName, ChannelSettings>,
    node: &Node,
    template: &str,
) -> Vec<ChannelName> {
    let Some(template) = root.name_of::<String>(template, node.place, "templates", "template") else {
        return Vec::new();
    };
    let uses = |settings: &ChannelSettings| settings.template.as_deref() == Some(template.as_str());
    let users: Vec<ChannelName> = channels
        .iter()
        .filter(|(_, settings)| uses(settings))
        .map(|(name, _)| name.clone())
        .collect();
    if users.is_empty() {
        let message = format!("no channel uses the template `{template}`: this rule reaches none by it");
        root.findings
            .warning(node.place, message, "say `use` in a channel, or name channels");
    }
    users
}

/// Reads the bundles.
pub(super) fn bundles(root: Root) -> BTreeMap<Sku, Vec<Component>> {
    let mut bundles = BTreeMap::new();
    let sections = root.list("bundles");
    let mut parts = Vec::new();
    for section in &sections {
        let name = section.require("sku", "the SKU that is sold", sku);
        section.need("components", "what one of it is made of");
        let members = section.list("components").unwrap_or_default();
        if section.has("components") && members.is_empty() && section.list("components").is_some() {
            section.error_at("components", format!("`components` in {} is empty", section.title));
        }
        let mut components: Vec<Component> = Vec::new();
        for node in members {
            let Some(table) = Section::open(
                node,
                format!("`components` of {}", section.title),
                &COMPONENT,
                root.findings,
            ) else {
                continue;
            };
            let part = table.require("sku", "the SKU of the part", sku);
            let quantity = table.require("quantity", "how many of it one bundle holds", quantity_above_zero);
            let (Some(sku), Some(quantity)) = (part, quantity) else {
                continue;
            };
            if components.iter().any(|other| other.sku == sku) {
                table.error_at(
                    "sku",
                    format!("`{sku}` is named twice in one bundle: add the quantities up"),
                );
            }
            parts.push((sku.clone(), node.place));
            components.push(Component { sku, quantity });
        }
        let Some(name) = name else { continue };
        if bundles.insert(name.clone(), components).is_some() {
            section.error_at("sku", format!("the bundle `{name}` is given twice"));
        }
    }
    for (sku, place) in parts.into_iter().filter(|(sku, _)| bundles.contains_key(sku)) {
        root.findings.error(
            place,
            format!("the component `{sku}` is a bundle itself: name its parts instead"),
        );
    }
    bundles
}
