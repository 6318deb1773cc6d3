//! What a channel may promise and how: settings of one channel, and the patches that
//! templates, channels, rules and overrides lay over them key by key.

use crate::decimal_text::{option as rust_decimal_text_option, plain as rust_decimal_text};
use crate::{LocationName, Percent, PriceListName, Quantity};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// What a channel (or some SKUs of it) may be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Read only.
    Observe,
    /// Compute and compare, write nothing.
    #[default]
    Shadow,
    /// Write.
    Live,
    /// Write only what lowers.
    DecreaseOnly,
    /// Keep what is published.
    Frozen,
    /// Publish zero, remember, restore with a check.
    Draining,
}

/// How units are taken from the places of a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sourcing {
    /// In the order of the pool.
    #[default]
    Priority,
    /// The place with most stock first.
    MostStock,
    /// One place for the whole line; by priority where none has it all.
    SingleLocation,
}

/// Units held back on a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SafetyStock {
    /// A fixed number.
    Units(Quantity),
    /// A share of what could be promised, rounded up.
    Share(Percent),
    /// The Poisson quantile of unseen sales: at most this chance to oversell, at most `max` units.
    Adaptive {
        /// The chance, such as 1 %.
        chance: Percent,
        /// The most units it may hold back.
        max: Quantity,
    },
}

/// A limit that may be lifted on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// At most this many.
    Units(Quantity),
    /// As many as are asked for.
    Unlimited,
}

/// Several listings of one SKU on one channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SameSku {
    /// Each shows it all.
    #[default]
    Same,
    /// They share it.
    Split,
}

/// What a rule may end a price with, such as `0.99`: rounded up to the next amount with this fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endings(#[serde(with = "rust_decimal_text")] pub Decimal);

/// The least a price may be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PriceFloor {
    /// On purpose none.
    None,
    /// A fixed amount in the currency of the list.
    Amount(#[serde(with = "rust_decimal_text")] Decimal),
    /// A factor on another list, rounded up.
    List {
        /// The list, such as cost.
        list: PriceListName,
        /// The factor, such as 1.35.
        #[serde(with = "rust_decimal_text")]
        factor: Decimal,
    },
}

/// A former or recommended price that is shown beside the price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompareAt {
    /// The list it comes from.
    pub list: PriceListName,
    /// A factor on it.
    #[serde(with = "rust_decimal_text")]
    pub factor: Decimal,
}

/// How a price is made. Every key may come from another layer.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PriceRule {
    /// The list it starts from.
    pub list: Option<PriceListName>,
    /// A factor on it.
    #[serde(with = "rust_decimal_text_option")]
    pub factor: Option<Decimal>,
    /// An addend behind the factor.
    #[serde(with = "rust_decimal_text_option")]
    pub add: Option<Decimal>,
    /// Rounds up to this ending.
    pub ending: Option<Endings>,
    /// The least it may be. Without one no price is written.
    pub floor: Option<PriceFloor>,
    /// The most it may be.
    #[serde(with = "rust_decimal_text_option")]
    pub ceiling: Option<Decimal>,
    /// The least share of the net price above cost.
    pub min_margin: Option<Percent>,
    /// What the price is compared with; left out where it is not above the price.
    pub compare_at: Option<CompareAt>,
}

/// Limits on unexplained change at a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelGuard {
    /// Share of listings that may newly show zero.
    pub newly_zero: Percent,
    /// |new − old| ÷ old of one price.
    pub price_jump: Percent,
    /// Share of prices that may change at once.
    pub prices_changed: Percent,
}

impl Default for ChannelGuard {
    fn default() -> Self {
        Self {
            newly_zero: Percent::whole(10),
            price_jump: Percent::whole(30),
            prices_changed: Percent::whole(20),
        }
    }
}

/// What one channel may promise for one SKU: the result of all layers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelPolicy {
    /// What may be written.
    pub mode: Mode,
    /// The pool: places in order, `@groups` resolved, each named once.
    pub locations: Vec<LocationName>,
    /// How units are taken from them.
    pub sourcing: Sourcing,
    /// Only what one place has alone may be promised.
    pub ship_complete: bool,
    /// The channel's share of the pool; unset: all.
    pub share: Option<Percent>,
    /// The SKU's own units held back.
    pub sku_safety_stock: SafetyStock,
    /// The channel's units held back.
    pub safety_stock: SafetyStock,
    /// At or below it: zero.
    pub stop_at: Option<Quantity>,
    /// How many may be sold that are not there.
    pub backorder_limit: Option<Limit>,
    /// How many may be sold before there are any.
    pub preorder_limit: Option<Limit>,
    /// The most that is shown.
    pub max_shown: Option<Quantity>,
    /// Digits behind the point of a quantity, 0 to 6.
    pub decimals: u32,
    /// Sold in multiples of it; zero: in any quantity that `decimals` allows.
    pub pack_size: Quantity,
    /// Units of the SKU that one unit of the listing holds.
    pub factor: Quantity,
    /// The unit's name, such as `m`.
    pub unit: Option<String>,
    /// Whether stock is counted at all.
    pub track: bool,
    /// Several listings of the SKU.
    pub same_sku: SameSku,
    /// This channel shows the last units.
    pub home: bool,
    /// Campaign factor on the sales rate.
    #[serde(with = "rust_decimal_text")]
    pub expected_sales: Decimal,
    /// How prices are made.
    pub price: PriceRule,
    /// Limits on unexplained change.
    pub guard: ChannelGuard,
    /// Listings that may change in the first hour behind going live; unset: all. Of the channel, never of a rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ramp: Option<u32>,
}

impl Default for ChannelPolicy {
    fn default() -> Self {
        Self {
            mode: Mode::default(),
            locations: Vec::new(),
            sourcing: Sourcing::default(),
            ship_complete: false,
            share: None,
            sku_safety_stock: SafetyStock::Units(Quantity::ZERO),
            safety_stock: SafetyStock::Units(Quantity::ZERO),
            stop_at: None,
            backorder_limit: None,
            preorder_limit: None,
            max_shown: None,
            decimals: 0,
            pack_size: Quantity::ZERO,
            factor: Quantity::ONE,
            unit: None,
            track: true,
            same_sku: SameSku::default(),
            home: false,
            expected_sales: Decimal::ONE,
            price: PriceRule::default(),
            guard: ChannelGuard::default(),
            ramp: None,
        }
    }
}

/// Some settings of a channel: what is `None` is left as it was. Only `price` and `guard` merge inside.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PolicyPatch {
    /// See [`ChannelPolicy::mode`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
    /// See [`ChannelPolicy::locations`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locations: Option<Vec<LocationName>>,
    /// See [`ChannelPolicy::sourcing`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sourcing: Option<Sourcing>,
    /// See [`ChannelPolicy::ship_complete`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ship_complete: Option<bool>,
    /// See [`ChannelPolicy::share`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share: Option<Percent>,
    /// See [`ChannelPolicy::sku_safety_stock`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sku_safety_stock: Option<SafetyStock>,
    /// See [`ChannelPolicy::safety_stock`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub safety_stock: Option<SafetyStock>,
    /// See [`ChannelPolicy::stop_at`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_at: Option<Quantity>,
    /// See [`ChannelPolicy::backorder_limit`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backorder_limit: Option<Limit>,
    /// See [`ChannelPolicy::preorder_limit`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preorder_limit: Option<Limit>,
    /// See [`ChannelPolicy::max_shown`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_shown: Option<Quantity>,
    /// See [`ChannelPolicy::decimals`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decimals: Option<u32>,
    /// See [`ChannelPolicy::pack_size`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pack_size: Option<Quantity>,
    /// See [`ChannelPolicy::factor`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub factor: Option<Quantity>,
    /// See [`ChannelPolicy::unit`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// See [`ChannelPolicy::track`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub track: Option<bool>,
    /// See [`ChannelPolicy::same_sku`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub same_sku: Option<SameSku>,
    /// See [`ChannelPolicy::home`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub home: Option<bool>,
    /// See [`ChannelPolicy::expected_sales`].
    #[serde(with = "rust_decimal_text_option", skip_serializing_if = "Option::is_none")]
    pub expected_sales: Option<Decimal>,
    /// Merged key by key.
    #[serde(skip_serializing_if = "PriceRule::is_empty")]
    pub price: PriceRule,
    /// See [`ChannelGuard::newly_zero`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub newly_zero: Option<Percent>,
    /// See [`ChannelGuard::price_jump`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price_jump: Option<Percent>,
    /// See [`ChannelGuard::prices_changed`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prices_changed: Option<Percent>,
    /// See [`ChannelPolicy::ramp`]; templates and channels only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ramp: Option<u32>,
}

fn lay<T: Clone>(below: &mut T, above: Option<&T>) {
    if let Some(value) = above {
        below.clone_from(value);
    }
}

fn lay_option<T: Clone>(below: &mut Option<T>, above: Option<&T>) {
    if let Some(value) = above {
        *below = Some(value.clone());
    }
}

impl PriceRule {
    /// Whether no key is set.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Lays the set keys of `above` over this rule.
    pub fn lay(&mut self, above: &Self) {
        lay_option(&mut self.list, above.list.as_ref());
        lay_option(&mut self.factor, above.factor.as_ref());
        lay_option(&mut self.add, above.add.as_ref());
        lay_option(&mut self.ending, above.ending.as_ref());
        lay_option(&mut self.floor, above.floor.as_ref());
        lay_option(&mut self.ceiling, above.ceiling.as_ref());
        lay_option(&mut self.min_margin, above.min_margin.as_ref());
        lay_option(&mut self.compare_at, above.compare_at.as_ref());
    }
}

impl ChannelPolicy {
    /// Lays the set keys of `patch` over this policy.
    pub fn lay(&mut self, patch: &PolicyPatch) {
        lay(&mut self.mode, patch.mode.as_ref());
        lay(&mut self.locations, patch.locations.as_ref());
        lay(&mut self.sourcing, patch.sourcing.as_ref());
        lay(&mut self.ship_complete, patch.ship_complete.as_ref());
        lay_option(&mut self.share, patch.share.as_ref());
        lay(&mut self.sku_safety_stock, patch.sku_safety_stock.as_ref());
        lay(&mut self.safety_stock, patch.safety_stock.as_ref());
        lay_option(&mut self.stop_at, patch.stop_at.as_ref());
        lay_option(&mut self.backorder_limit, patch.backorder_limit.as_ref());
        lay_option(&mut self.preorder_limit, patch.preorder_limit.as_ref());
        lay_option(&mut self.max_shown, patch.max_shown.as_ref());
        lay(&mut self.decimals, patch.decimals.as_ref());
        lay(&mut self.pack_size, patch.pack_size.as_ref());
        lay(&mut self.factor, patch.factor.as_ref());
        lay_option(&mut self.unit, patch.unit.as_ref());
        lay(&mut self.track, patch.track.as_ref());
        lay(&mut self.same_sku, patch.same_sku.as_ref());
        lay(&mut self.home, patch.home.as_ref());
        lay(&mut self.expected_sales, patch.expected_sales.as_ref());
        self.price.lay(&patch.price);
        lay(&mut self.guard.newly_zero, patch.newly_zero.as_ref());
        lay(&mut self.guard.price_jump, patch.price_jump.as_ref());
        lay(&mut self.guard.prices_changed, patch.prices_changed.as_ref());
        lay_option(&mut self.ramp, patch.ramp.as_ref());
    }
}
