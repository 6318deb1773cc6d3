//! Which SKU a listing sells where a person has said so, and how many units of it one sale takes.
//!
//! A listing without an entry here sells the SKU that its vendor has for it, one unit at a time unless a rule gives it
//! a `factor`. A listing has one entry at most, so it never sells two SKUs; several listings may name one SKU.

use crate::{ChannelName, ListingId, OrderFact, Quantity, Settings, Sku};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Entries of one channel, at most.
pub const MOST_MAPPED: usize = 100_000;

/// What a person said of a listing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mapped {
    /// Our SKU.
    pub sku: Sku,
    /// Units of it in one of the listing; above zero.
    pub factor: Quantity,
    /// The SKU that the vendor had for the listing at that time: orders of some vendors name nothing else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub there: Option<Sku>,
}

/// Listings of one channel that a person has mapped.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mapping {
    entries: BTreeMap<ListingId, Mapped>,
    /// Of each SKU there the first listing that has it.
    by_sku: BTreeMap<Sku, ListingId>,
}

impl Mapping {
    /// What was said of a listing.
    pub fn get(&self, listing: &ListingId) -> Option<&Mapped> {
        self.entries.get(listing)
    }

    /// All that was said, by listing.
    pub fn entries(&self) -> &BTreeMap<ListingId, Mapped> {
        &self.entries
    }

    /// What a line of an order was sold as: its listing, or, where the order names none, the listing with that SKU.
    fn sold(&self, listing: Option<&ListingId>, there: Option<&Sku>) -> Option<&Mapped> {
        match (listing, there) {
            (Some(listing), _) => self.entries.get(listing),
            (None, Some(there)) => self.entries.get(self.by_sku.get(there)?),
            (None, None) => None,
        }
    }
}

impl From<BTreeMap<ListingId, Mapped>> for Mapping {
    fn from(entries: BTreeMap<ListingId, Mapped>) -> Self {
        let mut by_sku = BTreeMap::new();
        for (listing, mapped) in &entries {
            if let Some(there) = &mapped.there {
                by_sku.entry(there.clone()).or_insert_with(|| listing.clone());
            }
        }
        Self { entries, by_sku }
    }
}

/// All channels' mappings.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mappings(pub BTreeMap<ChannelName, Mapping>);

impl Mappings {
    /// What was said of a listing.
    pub fn get(&self, channel: &ChannelName, listing: &ListingId) -> Option<&Mapped> {
        self.0.get(channel)?.get(listing)
    }

    /// The order in units of our SKUs: lines of mapped listings name our SKU, and their quantity is multiplied. To be
    /// called once for what a channel reports, since afterwards a line doesn't tell what it was sold as.
    #[must_use]
    pub fn ours(&self, channel: &ChannelName, mut order: OrderFact) -> OrderFact {
        let mapping = self.0.get(channel);
        for line in &mut order.lines {
            let listing = line.listing.take();
            let sold = mapping.and_then(|mapping| mapping.sold(listing.as_ref(), line.sku.as_ref()));
            if let Some(mapped) = sold {
                line.sku = Some(mapped.sku.clone());
                line.quantity = line.quantity.multiply(mapped.factor.decimal());
            }
        }
        order
    }

    /// Lays the factors over the settings, where promises read them. A one is laid only where something else might
    /// say otherwise. The SKUs themselves are no setting: who works a channel asks here.
    pub fn lay(&self, settings: &mut Settings) {
        let ruled = settings.rules.iter().any(|rule| rule.set.factor.is_some());
        settings.factors.clear();
        for (channel, mapping) in &self.0 {
            let Some(declared) = settings.channels.get(channel) else {
                continue;
            };
            let plain = !ruled && declared.policy.factor == Quantity::ONE;
            let needed = mapping
                .entries
                .iter()
                .filter(|(_, one)| !plain || one.factor != Quantity::ONE);
            let factors: BTreeMap<ListingId, Quantity> =
                needed.map(|(listing, one)| (listing.clone(), one.factor)).collect();
            if !factors.is_empty() {
                settings.factors.insert(channel.clone(), factors);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ChannelSettings, Match, PolicyPatch, Rule};
    use serde_json::json;

    fn mappings(entries: &[(&str, &str, i64, Option<&str>)]) -> Mappings {
        let one = |(listing, sku, factor, there): &(&str, &str, i64, Option<&str>)| {
            let mapped = Mapped {
                sku: sku.parse().unwrap(),
                factor: Quantity::whole(*factor),
                there: there.map(|there| there.parse().unwrap()),
            };
            (listing.parse().unwrap(), mapped)
        };
        let mapping: BTreeMap<ListingId, Mapped> = entries.iter().map(one).collect();
        Mappings([("shop".parse().unwrap(), mapping.into())].into())
    }

    #[test]
    fn lines_of_mapped_listings_become_units_of_our_sku() {
        let mappings = mappings(&[("7", "A", 6, Some("PACK")), ("8", "B", 1, None)]);
        let order: OrderFact = serde_json::from_value(
            json!({"order": "1", "status": "open", "placed_at": "2026-01-05T11:30:00Z",
            "lines": [
                {"line": "by listing", "listing": "7", "quantity": "2"},
                {"line": "by its SKU", "sku": "PACK", "quantity": "3"},
                {"line": "another listing with that SKU", "listing": "9", "sku": "PACK", "quantity": "1"},
                {"line": "not mapped", "sku": "B", "quantity": "1"},
                {"line": "nothing", "quantity": "4"}
            ]}),
        )
        .unwrap();
        let ours = |channel: &str| {
            let order = mappings.ours(&channel.parse().unwrap(), order.clone());
            let told = |line: crate::OrderLineFact| {
                assert_eq!(line.listing, None, "nobody maps it a second time");
                (
                    line.sku.map(|sku| sku.to_string()).unwrap_or_default(),
                    line.quantity.to_string(),
                )
            };
            order.lines.into_iter().map(told).collect::<Vec<_>>()
        };
        let lines = |lines: [(&str, &str); 5]| lines.map(|(sku, units)| (sku.to_owned(), units.to_owned())).to_vec();
        assert_eq!(
            ours("shop"),
            lines([("A", "12"), ("A", "18"), ("PACK", "1"), ("B", "1"), ("", "4")])
        );
        assert_eq!(
            ours("other"),
            lines([("", "2"), ("PACK", "3"), ("PACK", "1"), ("B", "1"), ("", "4")])
        );
    }

    #[test]
    fn a_factor_of_one_is_laid_only_over_another_one() {
        let mappings = mappings(&[("7", "A", 6, None), ("8", "B", 1, None)]);
        let mut settings = Settings::default();
        mappings.lay(&mut settings);
        assert!(settings.factors.is_empty(), "of channels that are there");
        let channel = ChannelSettings {
            connector: "shop".parse().unwrap(),
            template: None,
            policy: crate::ChannelPolicy::default(),
        };
        settings.channels.insert("shop".parse().unwrap(), channel);
        let laid = |settings: &mut Settings| {
            mappings.lay(settings);
            let factors = settings.factors.values().flatten();
            factors
                .map(|(listing, factor)| format!("{listing}: {factor}"))
                .collect::<Vec<_>>()
        };
        assert_eq!(laid(&mut settings), ["7: 6"]);
        let rule = Rule {
            matches: Match::default(),
            channels: None,
            from: None,
            until: None,
            set: PolicyPatch {
                factor: Some(Quantity::whole(2)),
                ..PolicyPatch::default()
            },
            place: String::new(),
        };
        settings.rules = vec![rule].into();
        assert_eq!(laid(&mut settings), ["7: 6", "8: 1"]);
    }
}
