//! What can't be meant, although each part of it is right: checks across sections.

use super::locations::Locations;
use super::root::Root;
use super::tree::Place;
use omnistock_words::{Carve, ChannelName, ChannelPolicy, LocationName, PriceFloor, Quantity, Settings};
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// Errors: what contradicts itself.
fn contradictions(root: Root, places: &Locations, settings: &Settings, declared: &BTreeMap<ChannelName, Place>) {
    for (name, channel) in &settings.channels {
        let at = |keys: &[&str]| {
            place(root, name, keys)
                .or_else(|| declared.get(name).copied())
                .unwrap_or_default()
        };
        packs(root, name, &channel.policy, at(&["max_shown"]));
        prices(root, name, &channel.policy, at(&["price", "ceiling"]));
    }
    carved(root, places, settings);
}

/// Warnings: what is allowed, but can never lead to anything. Behind an error something may only seem so.
fn idle(root: Root, settings: &Settings, declared: &BTreeMap<ChannelName, Place>) {
    for (name, channel) in &settings.channels {
        let place = declared.get(name).copied().unwrap_or_default();
        if settings.sources.is_empty() {
            let message =
                format!("channel `{name}` has no source: no connector states a `basis`, so it is never written");
            root.findings.warning(
                place,
                message,
                "add a connector that reports stock, such as kind = \"file\"",
            );
        }
        let off = |location: &LocationName| {
            settings
                .locations
                .get(location)
                .is_some_and(|location| !location.enabled)
        };
        let closed = channel.policy.locations.iter().all(off);
        if closed && !channel.policy.locations.is_empty() {
            let message = format!("channel `{name}` sells nothing: all of its locations have enabled = false");
            root.findings
                .warning(place, message, "enable one of them, or list others");
        }
        let by_rule = settings.rules.iter().any(|rule| rule.set.price.floor.is_some());
        if channel.policy.price.list.is_some() && channel.policy.price.floor.is_none() && !by_rule {
            let message = format!("the prices of channel `{name}` have no `floor`: without one none is written");
            let place = self::place(root, name, &["price"]).unwrap_or(place);
            let help = "say the least that a price may be: \"4.90\", { list = \"cost\", factor = \"1.35\" }, or \"none\" on purpose";
            root.findings.warning(place, message, help);
        }
    }
}

/// Where a channel's key stands: in the channel itself, else in its template.
fn place(root: Root, channel: &ChannelName, keys: &[&str]) -> Option<Place> {
    let own = root.entry("channels", channel.as_str())?;
    let template = match own.node.get("use").map(|node| &node.value) {
        Some(super::tree::Value::Text(name)) => root.entry("templates", name),
        _ => None,
    };
    [Some(own), template].into_iter().flatten().find_map(|entry| {
        let (first, rest) = keys.split_first()?;
        let mut found = entry.node.table()?.get(*first)?;
        for key in rest {
            found = found.node.table()?.get(*key)?;
        }
        Some(found.key)
    })
}

/// Whole packs are sold: a cap below one shows part of a pack.
fn packs(root: Root, name: &ChannelName, policy: &ChannelPolicy, place: Place) {
    let Some(cap) = policy.max_shown else { return };
    if policy.factor == Quantity::ONE && policy.pack_size > cap {
        let pack = policy.pack_size;
        let message =
            format!("channel `{name}` shows at most {cap} (`max_shown`), but sells in packs of {pack} (`pack_size`)");
        let help = "raise max_shown to one pack or more, or take it out";
        root.findings.error_with_help(place, message, help);
    }
}

/// Between a floor and a ceiling below it there is no price.
fn prices(root: Root, name: &ChannelName, policy: &ChannelPolicy, place: Place) {
    if let (Some(PriceFloor::Amount(floor)), Some(ceiling)) = (&policy.price.floor, policy.price.ceiling)
        && *floor > ceiling
    {
        let message = format!(
            "channel `{name}` has a floor of {floor} above its ceiling of {ceiling}: no price lies between them"
        );
        root.findings
            .error_with_help(place, message, "lower `floor`, or raise `ceiling`");
    }
}

/// Nobody can give away more than all of a place.
fn carved(root: Root, places: &Locations, settings: &Settings) {
    let mut given: BTreeMap<&LocationName, Decimal> = BTreeMap::new();
    for (name, location) in &settings.locations {
        let (Some(parent), Some(Carve::Share(share))) = (&location.part_of, &location.carve) else {
            continue;
        };
        let sum = given.entry(parent).or_default();
        let before = *sum;
        *sum += share.decimal();
        if *sum > Decimal::ONE_HUNDRED && before <= Decimal::ONE_HUNDRED {
            let declared = places.declared_at.get(name).copied().unwrap_or_default();
            let own = root
                .entry("locations", name.as_str())
                .and_then(|entry| entry.node.table()?.get("share"));
            let sum = sum.normalize();
            let message =
                format!("what is carved out of `{parent}` adds up to {sum}%: there is no more than all of it");
            let help = "lower the `share` of one of its parts";
            root.findings
                .error_with_help(own.map_or(declared, |entry| entry.key), message, help);
        }
    }
}

/// Both, in the order in which they count.
pub(super) fn check(root: Root, places: &Locations, settings: &Settings, declared: &BTreeMap<ChannelName, Place>) {
    contradictions(root, places, settings, declared);
    if !root.findings.has_errors() {
        idle(root, settings, declared);
    }
}
