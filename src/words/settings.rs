//! A merchant's resolved configuration as plain data: what `config` hands to the pure rooms.

use crate::{
    Basis, Bundles, ChannelName, ChannelPolicy, ConnectorName, Currency, ListingId, LocationName, Millis, Percent,
    PolicyPatch, PriceListName, Quantity, Rules, Sku,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// When a source's figure is taken to contain an order line. Milliseconds where a time is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Absorb {
    /// The source's statement says so.
    #[default]
    ByReference,
    /// Once the order reached a status that the basis contains.
    ByStatus,
    /// `placed_at` plus this many milliseconds: an assumption.
    ByDelay(i64),
    /// Only a cancellation ends the subtraction.
    Never,
}

/// What an old figure may still do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stale {
    /// Nothing changes.
    #[default]
    Keep,
    /// Numbers may only fall.
    OnlyDecrease,
    /// Counts as zero after this many milliseconds.
    ZeroAfter(i64),
}

/// What a row that is missing from a complete snapshot means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Missing {
    /// Its last figure stays.
    #[default]
    Keep,
    /// Zero once missing from this many complete snapshots in a row.
    ZeroAfter(u32),
}

/// Limits on unexplained change in a source's snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceGuard {
    /// Share of rows that may be missing.
    pub rows_missing: Percent,
    /// Share by which the sum may fall.
    pub total_drop: Percent,
    /// Share of rows that may newly be zero.
    pub newly_zero: Percent,
}

impl Default for SourceGuard {
    fn default() -> Self {
        Self {
            rows_missing: Percent::whole(10),
            total_drop: Percent::whole(30),
            newly_zero: Percent::whole(10),
        }
    }
}

/// A connector in its reading role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourcePolicy {
    /// What its numbers contain.
    pub basis: Basis,
    /// When they contain an order line.
    pub absorb: Absorb,
    /// The oldest figure that is fresh, in milliseconds.
    pub max_age: Option<i64>,
    /// What an older one may do.
    pub stale: Stale,
    /// What a missing row means.
    pub missing: Missing,
    /// Limits on unexplained change.
    pub guard: SourceGuard,
    /// A held snapshot is accepted when a new one agrees at least this many milliseconds later.
    pub confirm_after: i64,
    /// Orders placed before it count as contained in a status that the basis contains.
    pub cutover: Option<Millis>,
    /// A line not contained for longer raises an alarm, in milliseconds; unset: twice what is usual.
    pub absorb_alarm: Option<i64>,
}

impl SourcePolicy {
    /// The defaults around a basis.
    pub fn new(basis: Basis) -> Self {
        Self {
            basis,
            absorb: Absorb::default(),
            max_age: None,
            stale: Stale::default(),
            missing: Missing::default(),
            guard: SourceGuard::default(),
            confirm_after: 900_000,
            cutover: None,
            absorb_alarm: None,
        }
    }
}

/// How much of another place a carved one holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Carve {
    /// At most so many units of what the place can sell.
    Units(Quantity),
    /// A share of what the place can sell.
    Share(Percent),
}

/// A place with stock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LocationPolicy {
    /// A place that is off counts nowhere.
    pub enabled: bool,
    /// The only source whose figures count here; unset: whichever reports it.
    pub source: Option<ConnectorName>,
    /// Carved out of this place.
    pub part_of: Option<LocationName>,
    /// How much of it.
    pub carve: Option<Carve>,
    /// Units this place holds back.
    pub safety_stock: Quantity,
    /// At or below it the place counts as empty.
    pub stop_at: Option<Quantity>,
    /// The oldest figure that is fresh here, in milliseconds.
    pub max_age: Option<i64>,
}

impl Default for LocationPolicy {
    fn default() -> Self {
        Self {
            enabled: true,
            source: None,
            part_of: None,
            carve: None,
            safety_stock: Quantity::ZERO,
            stop_at: None,
            max_age: None,
        }
    }
}

/// Whether a list's amounts hold tax.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrossNet {
    /// With tax.
    Gross,
    /// Without tax.
    Net,
}

/// Prices as one source gives them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceList {
    /// The source.
    pub from: ConnectorName,
    /// Its currency.
    pub currency: Currency,
    /// With or without tax.
    pub tax: GrossNet,
    /// The tax in a gross amount as a share of the net one; margins against net costs need it.
    #[serde(default)]
    pub tax_rate: Option<Percent>,
}

/// What a number written to a vendor means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WriteMeaning {
    /// The vendor takes its own sales off our number.
    Available,
    /// The vendor keeps its reservations apart: we add them.
    Gross,
}

/// A sellable counter with its policy before rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelSettings {
    /// The connector that writes it.
    pub connector: ConnectorName,
    /// The template it uses, for rules that name `@template`.
    pub template: Option<String>,
    /// Built-in, template and channel laid over each other.
    pub policy: ChannelPolicy,
}

/// Which SKUs a rule means: every given pattern must match; `*` is the only wildcard.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Match {
    /// Pattern of the SKU.
    pub sku: Option<String>,
    /// Pattern of the brand.
    pub brand: Option<String>,
    /// Pattern of the category.
    pub category: Option<String>,
    /// Pattern of one of the tags.
    pub tag: Option<String>,
    /// Pattern of the listing.
    pub listing: Option<String>,
}

/// A patch for some SKUs on some channels for some time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// Which SKUs.
    pub matches: Match,
    /// Which channels; `None`: all. Templates are resolved to their channels.
    pub channels: Option<Vec<ChannelName>>,
    /// Holds from this instant on.
    pub from: Option<Millis>,
    /// Holds before this instant.
    pub until: Option<Millis>,
    /// What it sets.
    pub set: PolicyPatch,
    /// Where it stands, such as `omnistock.toml:42`.
    pub place: String,
}

/// A part of a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Component {
    /// The part.
    pub sku: Sku,
    /// How many of it one bundle holds.
    pub quantity: Quantity,
}

/// One merchant's resolved configuration.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Connectors that report stock, prices or order statements.
    pub sources: BTreeMap<ConnectorName, SourcePolicy>,
    /// Places.
    pub locations: BTreeMap<LocationName, LocationPolicy>,
    /// Sellable counters.
    pub channels: BTreeMap<ChannelName, ChannelSettings>,
    /// Price lists.
    pub price_lists: BTreeMap<PriceListName, PriceList>,
    /// Rules in order; later ones win. Overrides of `omnistock set` come last.
    pub rules: Rules,
    /// Bundles and their parts.
    pub bundles: Bundles,
    /// Units of the SKU in one of a listing, where a person has mapped it: above every rule.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub factors: BTreeMap<ChannelName, BTreeMap<ListingId, Quantity>>,
    /// Where settings stand, such as `omnistock.toml:42`, by `channels.NAME.KEY`, `locations.NAME.KEY`
    /// and `rules.INDEX.KEY`. For explanations only; no number depends on it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub places: BTreeMap<String, String>,
}

impl Settings {
    /// Whether listings of one SKU may have settings of their own.
    pub fn name_listings(&self) -> bool {
        !self.factors.is_empty() || self.rules.name_listings()
    }

    /// Units of the SKU in one of the listing, where a person has mapped it.
    pub fn mapped_factor(&self, channel: &ChannelName, listing: Option<&ListingId>) -> Option<Quantity> {
        self.factors.get(channel)?.get(listing?).copied()
    }
}
