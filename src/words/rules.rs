//! Rules in their order and bundles by name, each with an index. The index is made at first need
//! and forgotten with every change: what it says is what a walk over all of them would say.
//! Copies of rules share the list and the index: there may be 100,000 of them, and settings are copied often.

use crate::{Component, Millis, Rule, Sku, Table};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, OnceLock};

/// Rules in order; later ones win. Used as the vector it holds.
#[derive(Clone, Default)]
pub struct Rules {
    list: Arc<Vec<Rule>>,
    index: OnceLock<Arc<RuleIndex>>,
}

/// Indices of rules, ascending in every group; each rule is in one.
#[derive(Clone, Default)]
struct RuleIndex {
    /// By the SKU they name.
    skus: Table<String, Vec<usize>>,
    /// By the listing they name, if they name no SKU.
    listings: Table<String, Vec<usize>>,
    /// By what the SKU begins with, up to the first `*`.
    prefixes: Table<String, Vec<usize>>,
    /// Lengths of these beginnings in bytes, ascending.
    lengths: Vec<usize>,
    others: Vec<usize>,
    /// Some rule has a pattern of listings.
    listed: bool,
    /// Some rule has a pattern of brands, categories or tags.
    attributed: bool,
    /// When rules begin and end, ascending.
    instants: Vec<Millis>,
}

impl RuleIndex {
    fn of(list: &[Rule]) -> Self {
        let mut index = Self::default();
        let put = |table: &mut Table<String, Vec<usize>>, key: &str, place| {
            if let Some(places) = table.or_default(&key.to_owned()) {
                places.push(place);
            }
        };
        for (place, rule) in list.iter().enumerate() {
            index.instants.extend(rule.from.into_iter().chain(rule.until));
            index.listed |= rule.matches.listing.is_some();
            let wanted = &rule.matches;
            index.attributed |= wanted.brand.is_some() || wanted.category.is_some() || wanted.tag.is_some();
            let named = |pattern: &Option<String>| pattern.clone().filter(|pattern| !pattern.contains('*'));
            let begins = rule
                .matches
                .sku
                .as_deref()
                .and_then(|pattern| pattern.split('*').next());
            if let Some(sku) = named(&rule.matches.sku) {
                put(&mut index.skus, &sku, place);
            } else if let Some(listing) = named(&rule.matches.listing) {
                put(&mut index.listings, &listing, place);
            } else if let Some(begins) = begins.filter(|begins| !begins.is_empty()) {
                put(&mut index.prefixes, begins, place);
                index.lengths.push(begins.len());
            } else {
                index.others.push(place);
            }
        }
        index.instants.sort_unstable();
        index.instants.dedup();
        index.lengths.sort_unstable();
        index.lengths.dedup();
        index
    }

    fn begins(&self, sku: &str) -> Vec<usize> {
        let beginnings = self
            .lengths
            .iter()
            .map_while(|length| (*length <= sku.len()).then(|| sku.get(..*length)));
        let found = beginnings.flatten().filter_map(|begins| self.prefixes.get(begins));
        let mut found: Vec<usize> = found.flatten().copied().collect();
        found.sort_unstable();
        found
    }
}

impl Rules {
    fn index(&self) -> &RuleIndex {
        self.index.get_or_init(|| Arc::new(RuleIndex::of(&self.list)))
    }

    /// Calls `each` with the rules, and their places in the list, that may match the SKU and the listing,
    /// in order. A rule that is left out doesn't match; one that is named may still not match.
    pub fn likely<'a>(&'a self, sku: &str, listing: Option<&str>, mut each: impl FnMut(usize, &'a Rule)) {
        if self.list.is_empty() {
            return;
        }
        let index = self.index();
        let named = |places: Option<&'a Vec<usize>>| places.map(Vec::as_slice).unwrap_or_default();
        let begins = index.begins(sku);
        let mut heads: [&[usize]; 4] = [
            &index.others,
            named(index.skus.get(sku)),
            named(listing.and_then(|listing| index.listings.get(listing))),
            &begins,
        ];
        // The least first: all groups are ascending and none shares a rule with another.
        while let Some(head) = heads
            .iter_mut()
            .filter(|head| !head.is_empty())
            .min_by_key(|head| head.first())
        {
            let Some((place, rest)) = head.split_first() else {
                return;
            };
            *head = rest;
            if let Some(rule) = self.list.get(*place) {
                each(*place, rule);
            }
        }
    }

    /// Whether any rule is for some listings only.
    pub fn name_listings(&self) -> bool {
        !self.list.is_empty() && self.index().listed
    }

    /// Whether any rule looks at the brand, category or tags of a SKU.
    pub fn name_attributes(&self) -> bool {
        !self.list.is_empty() && self.index().attributed
    }

    /// The next instant after `now` at which any rule begins or ends.
    pub fn next_change(&self, now: Millis) -> Option<Millis> {
        let instants = &self.index().instants;
        instants.get(instants.partition_point(|at| *at <= now)).copied()
    }
}

/// Bundles and their parts. Used as the map it holds.
#[derive(Clone, Default)]
pub struct Bundles {
    map: BTreeMap<Sku, Vec<Component>>,
    index: OnceLock<BundleIndex>,
}

#[derive(Clone, Default)]
struct BundleIndex {
    parts: Table<Sku, Vec<Component>>,
    /// The bundles that name a SKU as their part.
    holders: Table<Sku, Vec<Sku>>,
}

impl Bundles {
    fn index(&self) -> &BundleIndex {
        self.index.get_or_init(|| {
            let mut index = BundleIndex::default();
            for (sku, parts) in &self.map {
                index.parts.insert(sku.clone(), parts.clone());
                for part in parts {
                    if let Some(holders) = index
                        .holders
                        .or_default(&part.sku)
                        .filter(|known| known.last() != Some(sku))
                    {
                        holders.push(sku.clone());
                    }
                }
            }
            index
        })
    }

    /// The parts that a bundle names; `None`: not a bundle.
    pub fn parts(&self, sku: &Sku) -> Option<&[Component]> {
        if self.map.is_empty() {
            return None;
        }
        self.index().parts.get(sku).map(Vec::as_slice)
    }

    /// The bundles that name the SKU as a part, ascending.
    pub fn holders(&self, sku: &Sku) -> &[Sku] {
        if self.map.is_empty() {
            return &[];
        }
        self.index().holders.get(sku).map(Vec::as_slice).unwrap_or_default()
    }
}

macro_rules! used_as {
    ($name:ident, $field:ident, $target:ty, $unshared:expr) => {
        impl Deref for $name {
            type Target = $target;
            fn deref(&self) -> &$target {
                &self.$field
            }
        }

        impl DerefMut for $name {
            fn deref_mut(&mut self) -> &mut $target {
                self.index.take();
                let unshared: fn(&mut Self) -> &mut $target = $unshared;
                unshared(self)
            }
        }

        impl From<$target> for $name {
            fn from($field: $target) -> Self {
                let index = OnceLock::new();
                let $field = $field.into();
                Self { $field, index }
            }
        }

        impl Eq for $name {}

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.$field.fmt(f)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.$field.serialize(serializer)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                <$target>::deserialize(deserializer).map(Self::from)
            }
        }

        impl<'a> IntoIterator for &'a $name {
            type Item = <&'a $target as IntoIterator>::Item;
            type IntoIter = <&'a $target as IntoIterator>::IntoIter;
            fn into_iter(self) -> Self::IntoIter {
                self.$field.iter()
            }
        }
    };
}

used_as!(Rules, list, Vec<Rule>, |rules| Arc::make_mut(&mut rules.list));
used_as!(Bundles, map, BTreeMap<Sku, Vec<Component>>, |bundles| &mut bundles.map);

impl PartialEq for Rules {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.list, &other.list) || self.list == other.list
    }
}

impl PartialEq for Bundles {
    fn eq(&self, other: &Self) -> bool {
        self.map == other.map
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Match, PolicyPatch, Quantity};

    fn rule(sku: &str, from: Option<i64>) -> Rule {
        Rule {
            matches: Match {
                sku: Some(sku.to_owned()),
                ..Match::default()
            },
            channels: None,
            from: from.map(Millis),
            until: None,
            set: PolicyPatch::default(),
            place: String::new(),
        }
    }

    fn likely(rules: &Rules, sku: &str) -> Vec<usize> {
        let mut found = Vec::new();
        rules.likely(sku, None, |place, _| found.push(place));
        found
    }

    #[test]
    fn a_rule_that_comes_later_is_found_too() {
        let patterns = ["A", "*", "A*", "B", "AB*", "*B", "A", "Ä*"];
        let mut rules = Rules::from(patterns.map(|sku| rule(sku, None)).to_vec());
        assert_eq!(likely(&rules, "A"), [0, 1, 2, 5, 6]);
        assert_eq!(likely(&rules, "ABC"), [1, 2, 4, 5]);
        assert_eq!(likely(&rules, "Ö"), [1, 5]);
        rules.push(rule("A", Some(7)));
        assert_eq!(likely(&rules, "A"), [0, 1, 2, 5, 6, 8]);
        assert_eq!(
            (rules.next_change(Millis(6)), rules.next_change(Millis(7))),
            (Some(Millis(7)), None)
        );
        rules.clear();
        assert!(likely(&rules, "A").is_empty());
    }

    #[test]
    fn a_copy_keeps_what_it_was_when_the_other_changes() {
        let mut rules = Rules::from(vec![rule("A", None)]);
        let copy = rules.clone();
        assert_eq!(likely(&rules, "A"), [0]);
        rules.push(rule("A*", None));
        assert_eq!((likely(&rules, "A"), likely(&copy, "A")), (vec![0, 1], vec![0]));
        assert_ne!(rules, copy);
        rules.pop();
        assert_eq!(rules, copy);
    }

    #[test]
    fn rules_and_bundles_are_written_as_plain_lists_and_maps() {
        let rules = Rules::from(vec![rule("A", None)]);
        let text = serde_json::to_string(&rules).unwrap();
        assert_eq!(text, serde_json::to_string(&rules.list).unwrap());
        assert_eq!(serde_json::from_str::<Rules>(&text).unwrap(), rules);
        let part = Component {
            sku: "A".parse().unwrap(),
            quantity: Quantity::ONE,
        };
        let mut bundles = Bundles::default();
        bundles.insert("SET".parse().unwrap(), vec![part.clone(), part.clone()]);
        assert_eq!(bundles.holders(&part.sku), ["SET".parse().unwrap()]);
        bundles.insert("PAIR".parse().unwrap(), vec![part.clone()]);
        assert_eq!(bundles.holders(&part.sku).len(), 2);
        assert_eq!(
            serde_json::from_str::<Bundles>(&serde_json::to_string(&bundles).unwrap()).unwrap(),
            bundles
        );
    }
}
