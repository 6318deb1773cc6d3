//! The policy of one SKU on one channel: rules laid over the channel's own, in order.

use crate::Attributes;
use omnistock_words::{ChannelName, ChannelPolicy, ChannelSettings, ListingId, Match, Millis, Rule, Settings, Sku};
use std::borrow::Cow;
use std::ops::Deref;
use std::sync::LazyLock;

/// The policy of `sku` on `channel` at `now`. Borrowed where no rule matches, so that this costs
/// nothing then. An undeclared channel has an empty pool. Rules that name a listing don't match.
pub fn resolve<'a>(
    settings: &'a Settings,
    channel: &ChannelName,
    sku: &Sku,
    attributes: &Attributes,
    now: Millis,
) -> Cow<'a, ChannelPolicy> {
    resolve_listing(settings, channel, sku, attributes, None, now)
}

/// As [`resolve`], for one listing of the SKU.
pub fn resolve_listing<'a>(
    settings: &'a Settings,
    channel: &ChannelName,
    sku: &Sku,
    attributes: &Attributes,
    listing: Option<&ListingId>,
    now: Millis,
) -> Cow<'a, ChannelPolicy> {
    match resolve_ruled(settings, channel, sku, attributes, listing, now).0 {
        Laid::Plain(policy) => Cow::Borrowed(policy),
        Laid::Ruled(policy) => Cow::Owned(*policy),
    }
}

/// The policy, and the indices in `Settings::rules` of the rules that made it, in order.
pub(crate) fn resolve_ruled<'a>(
    settings: &'a Settings,
    channel: &ChannelName,
    sku: &Sku,
    attributes: &Attributes,
    listing: Option<&ListingId>,
    now: Millis,
) -> (Laid<'a>, Vec<usize>) {
    let declared = settings.channels.get(channel);
    let (mut policy, ruled) = laid((channel, declared), &matching(settings, sku, attributes, listing, now));
    // What a person said of this very listing, above every rule.
    if let Some(factor) = settings.mapped_factor(channel, listing)
        && policy.factor != factor
    {
        let mut own = match policy {
            Laid::Plain(plain) => Box::new(plain.clone()),
            Laid::Ruled(own) => own,
        };
        own.factor = factor;
        policy = Laid::Ruled(own);
    }
    (policy, ruled)
}

/// The rules that hold for the SKU and the listing at `now`, whatever the channel, in order.
pub(crate) fn matching<'a>(
    settings: &'a Settings,
    sku: &Sku,
    attributes: &Attributes,
    listing: Option<&ListingId>,
    now: Millis,
) -> Vec<(usize, &'a Rule)> {
    let mut found = Vec::new();
    let listed = listing.map(ListingId::as_str);
    settings.rules.likely(sku.as_str(), listed, |index, rule| {
        let holds = rule.from.is_none_or(|from| from <= now) && rule.until.is_none_or(|until| now < until);
        if holds && matches(&rule.matches, sku, attributes, listing) {
            found.push((index, rule));
        }
    });
    found
}

/// The policy of a channel for a SKU; small to move, unlike the policy itself.
#[derive(Debug)]
pub(crate) enum Laid<'a> {
    /// No rule changes it.
    Plain(&'a ChannelPolicy),
    Ruled(Box<ChannelPolicy>),
}

impl Deref for Laid<'_> {
    type Target = ChannelPolicy;

    fn deref(&self) -> &ChannelPolicy {
        match self {
            Self::Plain(policy) => policy,
            Self::Ruled(policy) => policy,
        }
    }
}

/// The channel's policy under those of the rules that are meant for it, and their indices.
pub(crate) fn laid<'a>(
    (channel, declared): (&ChannelName, Option<&'a ChannelSettings>),
    rules: &[(usize, &Rule)],
) -> (Laid<'a>, Vec<usize>) {
    let mut ruled = Vec::new();
    let mut own: Option<Box<ChannelPolicy>> = None;
    let base = declared.map_or_else(|| &*UNDECLARED, |channel| &channel.policy);
    for (index, rule) in rules {
        if rule.channels.as_ref().is_none_or(|channels| channels.contains(channel)) {
            own.get_or_insert_with(|| Box::new(base.clone())).lay(&rule.set);
            ruled.push(*index);
        }
    }
    (own.map_or(Laid::Plain(base), Laid::Ruled), ruled)
}

static UNDECLARED: LazyLock<ChannelPolicy> = LazyLock::new(ChannelPolicy::default);

fn matches(wanted: &Match, sku: &Sku, attributes: &Attributes, listing: Option<&ListingId>) -> bool {
    let optional = |pattern: &Option<String>, text: Option<&str>| {
        pattern
            .as_deref()
            .is_none_or(|pattern| text.is_some_and(|text| fits(pattern, text)))
    };
    optional(&wanted.sku, Some(sku.as_str()))
        && optional(&wanted.brand, attributes.brand.as_deref())
        && optional(&wanted.category, attributes.category.as_deref())
        && optional(&wanted.listing, listing.map(ListingId::as_str))
        && wanted
            .tag
            .as_deref()
            .is_none_or(|pattern| attributes.tags.iter().any(|tag| fits(pattern, tag)))
}

/// Whether `text` fits `pattern`, in which `*` stands for any characters, none included.
/// Linear in the length of both: the last `*` is the only one worth going back to.
fn fits(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(first) = parts.next() else {
        return text.is_empty();
    };
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let Some(last) = parts.next_back() else {
        return rest.is_empty();
    };
    for part in parts {
        match rest.split_once(part) {
            Some((_, behind)) => rest = behind,
            None => return false,
        }
    }
    rest.len() >= last.len() && rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use omnistock_words::{PolicyPatch, Quantity};
    use proptest::prelude::*;

    /// As [`resolve_ruled`], rule by rule.
    fn walked(settings: &Settings, sku: &Sku, attributes: &Attributes, listing: Option<&ListingId>) -> Vec<usize> {
        let rules = settings.rules.iter().enumerate();
        let matching = rules.filter(|(_, rule)| matches(&rule.matches, sku, attributes, listing));
        matching.map(|(index, _)| index).collect()
    }

    fn pattern() -> impl Strategy<Value = Option<String>> {
        proptest::option::weighted(0.7, "[AB]{0,2}[*]?[AB]{0,2}")
    }

    proptest! {
        #[test]
        fn the_index_finds_what_a_walk_finds(
            rules in proptest::collection::vec((pattern(), pattern(), pattern(), 0i64..9), 0..30),
            sku in "[AB]{1,4}",
            listing in proptest::option::of("[AB]{1,3}"),
            brand in proptest::option::of("[AB]{1,2}"),
        ) {
            let mut settings = Settings::default();
            let shop: ChannelName = "shop".parse().unwrap();
            for (sku, listing, brand, stop_at) in rules {
                let matches = Match { sku, listing, brand, ..Match::default() };
                let set = PolicyPatch { stop_at: Some(Quantity::whole(stop_at)), ..PolicyPatch::default() };
                settings.rules.push(Rule { matches, channels: None, from: None, until: None, set, place: String::new() });
            }
            let attributes = Attributes { brand, ..Attributes::default() };
            let (sku, listing) = (sku.parse().unwrap(), listing.map(|listing| listing.parse().unwrap()));
            let (policy, ruled) = resolve_ruled(&settings, &shop, &sku, &attributes, listing.as_ref(), Millis(0));
            prop_assert_eq!(&ruled, &walked(&settings, &sku, &attributes, listing.as_ref()));
            let last = ruled.last().and_then(|index| settings.rules[*index].set.stop_at);
            prop_assert_eq!(policy.stop_at, last);
        }
    }

    #[test]
    fn a_star_is_the_only_wildcard() {
        for (pattern, text) in [
            ("*", ""),
            ("*", "x"),
            ("CABLE-*", "CABLE-"),
            ("a*b*c", "aXbYc"),
            ("*b", "ab"),
            ("a", "a"),
            ("a**b", "ab"),
            ("a*a", "aa"),
            ("*ab*ab", "abab"),
        ] {
            assert!(fits(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [
            ("", "x"),
            ("a", "A"),
            ("a*a", "a"),
            ("a?c", "abc"),
            ("*b", "ba"),
            ("CABLE-*", "CABLE"),
            ("*ab*ab", "abb"),
        ] {
            assert!(!fits(pattern, text), "{pattern} {text}");
        }
    }
}
