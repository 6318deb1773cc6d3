//! What a channel may promise for a SKU: the steps of the pipeline, in their order.

use crate::picture::Picture;
use crate::pool::{Pool, bundle_pool, pool};
use crate::{
    Documents, PriceAnswer, Reason, State, Step, StepName, allocation, bundle, price, resolve_listing, safety, split,
    units,
};
use omnistock_words::{
    ChannelName, ChannelPolicy, Component, Limit, ListingId, LocationName, Millis, PolicyPatch, Quantity, SafetyStock,
    Settings, Sku,
};
use std::borrow::Cow;

/// What a channel may show for a SKU, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promise {
    /// Units of the listing; `None` where stock is not counted or not known.
    pub quantity: Option<Quantity>,
    /// What may be said.
    pub state: State,
    /// How it came about; empty where stock is not counted.
    pub steps: Vec<Step>,
    /// The quantity over the pool's places, in order: each at most what it can sell, sum exact.
    /// What is promised without being there goes to the first place.
    pub split: Vec<(LocationName, Quantity)>,
    /// The figures are older than they may be: the number may fall but not rise.
    pub only_decrease: bool,
    /// What may be asked for it.
    pub price: PriceAnswer,
}

/// A SKU and its parts, derived once for all channels.
pub(crate) struct Stand<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) documents: &'a Documents,
    pub(crate) sku: &'a Sku,
    pub(crate) now: Millis,
    pub(crate) own: Picture<'a>,
    pub(crate) parts: Option<Vec<(Quantity, Picture<'a>)>>,
}

impl<'a> Stand<'a> {
    /// `parts` is what [`bundle::parts`] says of the SKU.
    fn of(
        settings: &'a Settings,
        documents: &'a Documents,
        sku: &'a Sku,
        parts: Option<&'a [Component]>,
        now: Millis,
    ) -> Self {
        let own = Picture::of(settings, documents, sku, now, false);
        let parts = parts.map(|parts| {
            parts
                .iter()
                .map(|part| (part.quantity, Picture::of(settings, documents, &part.sku, now, false)))
                .collect()
        });
        Self {
            settings,
            documents,
            sku,
            now,
            own,
            parts,
        }
    }

    pub(crate) fn policy(&self, channel: &ChannelName, listing: Option<&ListingId>) -> Cow<'a, ChannelPolicy> {
        resolve_listing(
            self.settings,
            channel,
            self.sku,
            &self.own.document.attributes,
            listing,
            self.now,
        )
    }
}

/// The pipeline's way from step to step.
struct Way<'a> {
    value: Quantity,
    steps: Vec<Step>,
    stand: &'a Stand<'a>,
    channel: &'a ChannelName,
}

impl Way<'_> {
    fn step(&mut self, step: StepName, value: Quantity, because: Reason, key: fn(&PolicyPatch) -> bool) {
        let set_by = (!self.stand.settings.rules.is_empty()).then(|| {
            let attributes = &self.stand.own.document.attributes;
            crate::resolve::rule_that(
                self.stand.settings,
                self.channel,
                self.stand.sku,
                attributes,
                self.stand.now,
                key,
            )
        });
        self.value = value;
        self.steps.push(Step {
            step,
            value,
            because,
            set_by: set_by.flatten(),
        });
    }
}

/// The promise of one SKU on one channel.
pub fn promise(settings: &Settings, documents: &Documents, channel: &ChannelName, sku: &Sku, now: Millis) -> Promise {
    promise_listing(settings, documents, channel, sku, None, now)
}

/// As [`promise`], with the rules of one listing.
pub fn promise_listing(
    settings: &Settings,
    documents: &Documents,
    channel: &ChannelName,
    sku: &Sku,
    listing: Option<&ListingId>,
    now: Millis,
) -> Promise {
    let parts = bundle::parts(settings, sku);
    let stand = Stand::of(settings, documents, sku, parts.as_deref(), now);
    let policy = stand.policy(channel, listing);
    decide(&stand, channel, &policy)
}

/// The promises of one SKU on every channel, with the shared work done once.
pub fn promises(settings: &Settings, documents: &Documents, sku: &Sku, now: Millis) -> Vec<(ChannelName, Promise)> {
    let parts = bundle::parts(settings, sku);
    let stand = Stand::of(settings, documents, sku, parts.as_deref(), now);
    let channels = settings.channels.keys();
    channels
        .map(|channel| (channel.clone(), decide(&stand, channel, &stand.policy(channel, None))))
        .collect()
}

fn decide(stand: &Stand<'_>, channel: &ChannelName, policy: &ChannelPolicy) -> Promise {
    let price = price::price(stand.settings, stand.own.document, &policy.price, stand.now);
    if !policy.track {
        return Promise {
            quantity: None,
            state: State::Untracked,
            steps: Vec::new(),
            split: Vec::new(),
            only_decrease: false,
            price,
        };
    }
    let (sourced, way) = walk(stand, channel, policy);
    if !sourced.known {
        return Promise {
            quantity: None,
            state: State::Unknown,
            steps: Vec::new(),
            split: Vec::new(),
            only_decrease: false,
            price,
        };
    }
    let quantity = way.value.positive();
    Promise {
        quantity: Some(quantity),
        state: state(quantity, sourced.before_presale, policy),
        split: split::split(quantity, &sourced.places, policy),
        steps: way.steps,
        only_decrease: sourced.only_decrease,
        price,
    }
}

fn state(quantity: Quantity, before_presale: Quantity, policy: &ChannelPolicy) -> State {
    let limit = |limit: Option<Limit>| match limit {
        None => None,
        Some(Limit::Units(units)) => Some(units),
        Some(Limit::Unlimited) => Some(Quantity::MAX),
    };
    if !quantity.is_positive() {
        State::OutOfStock
    } else if units::sales_units(before_presale, policy).is_positive() {
        State::InStock
    } else if limit(policy.preorder_limit) > limit(policy.backorder_limit) {
        State::Preorder
    } else {
        State::Backorder
    }
}

/// What the walk found besides its steps.
struct Sourced {
    known: bool,
    only_decrease: bool,
    before_presale: Quantity,
    places: Vec<(LocationName, Quantity)>,
}

fn walk<'a>(stand: &'a Stand<'a>, channel: &'a ChannelName, policy: &ChannelPolicy) -> (Sourced, Way<'a>) {
    let mut way = Way {
        value: Quantity::ZERO,
        steps: Vec::with_capacity(8),
        stand,
        channel,
        ruled,
    };
    let (found, bundled) = match &stand.parts {
        None => (pool(&stand.own, policy), None),
        Some(parts) => {
            let (limiting, value, part) = bundle_pool(stand, parts, policy, channel);
            (limiting, Some((value, part)))
        }
    };
    let Pool {
        value,
        reason,
        known,
        only_decrease,
        deficit,
        places,
    } = found;
    way.step(StepName::Pool, value, reason, |patch| {
        patch.locations.is_some() || patch.ship_complete.is_some()
    });
    let (value, reason) = bundled.map_or((value, Reason::Unchanged), |(value, part)| {
        (value, Reason::Bundle(part))
    });
    way.step(StepName::Bundle, value, reason, |_| false);
    let (value, reason) = allocation::share(stand, channel, policy, way.value);
    way.step(StepName::Allocation, value, reason, |patch| patch.share.is_some());
    let (value, reason) = hold_back(stand, channel, policy, way.value);
    way.step(StepName::SafetyStock, value, reason, |patch| {
        patch.safety_stock.is_some() || patch.sku_safety_stock.is_some()
    });
    let before_presale = way.value;
    let (value, reason) = presale(policy, way.value, deficit);
    way.step(StepName::Backorder, value, reason, |patch| {
        patch.backorder_limit.is_some() || patch.preorder_limit.is_some()
    });
    let (value, reason) = stop(policy, way.value);
    way.step(StepName::StopAt, value, reason, |patch| patch.stop_at.is_some());
    let reason = Reason::Units {
        decimals: policy.decimals,
        pack_size: policy.pack_size,
        factor: policy.factor,
    };
    way.step(
        StepName::SalesUnits,
        units::sales_units(way.value, policy),
        reason,
        |patch| patch.decimals.is_some() || patch.pack_size.is_some() || patch.factor.is_some(),
    );
    let (value, reason) = match policy.max_shown {
        Some(cap) if way.value > cap => (cap.positive(), Reason::Cap(cap)),
        _ => (way.value, Reason::Unchanged),
    };
    way.step(StepName::MaxShown, value, reason, |patch| patch.max_shown.is_some());
    (
        Sourced {
            known,
            only_decrease,
            before_presale,
            places,
        },
        way,
    )
}

/// The article's own units, then the channel's, on the positive part only.
fn hold_back(stand: &Stand<'_>, channel: &ChannelName, policy: &ChannelPolicy, value: Quantity) -> (Quantity, Reason) {
    let nothing = SafetyStock::Units(Quantity::ZERO);
    if !value.is_positive() || (policy.sku_safety_stock == nothing && policy.safety_stock == nothing) {
        return (value, Reason::Unchanged);
    }
    let expect = || {
        safety::expected(
            stand.settings,
            stand.documents,
            stand.own.document,
            channel,
            policy,
            stand.now,
        )
    };
    let (rest, _) = safety::hold(value, policy.sku_safety_stock, policy.decimals, expect);
    let own = value - rest;
    if policy.home && stand.documents.last_units.get(stand.sku) == Some(channel) {
        return (rest, Reason::Home { own });
    }
    let (left, expected) = safety::hold(rest, policy.safety_stock, policy.decimals, expect);
    let held = rest - left;
    let reason = match (policy.safety_stock, expected) {
        (SafetyStock::Adaptive { chance, .. }, Some(expected)) => Reason::Adaptive {
            own,
            held,
            expected,
            chance,
        },
        (SafetyStock::Adaptive { .. }, None) => Reason::AdaptiveUnmeasured { own, held },
        _ => Reason::Held { own, channel: held },
    };
    (left, reason)
}

/// At or below the limit nothing is left.
fn stop(policy: &ChannelPolicy, value: Quantity) -> (Quantity, Reason) {
    match policy.stop_at {
        Some(limit) if value <= limit => (value.min(Quantity::ZERO), Reason::StopAt(limit)),
        _ => (value, Reason::Unchanged),
    }
}

/// What may be sold without being there, less what is already owed.
fn presale(policy: &ChannelPolicy, value: Quantity, deficit: Quantity) -> (Quantity, Reason) {
    match (policy.backorder_limit, policy.preorder_limit) {
        (None, None) => (value, Reason::Unchanged),
        (Some(Limit::Unlimited), _) | (_, Some(Limit::Unlimited)) => {
            (Quantity::MAX, Reason::Presale { limit: None, deficit })
        }
        (one, other) => {
            let units = |limit| {
                if let Some(Limit::Units(units)) = limit {
                    units
                } else {
                    Quantity::ZERO
                }
            };
            let limit = units(one).max(units(other));
            (
                value.positive() + (limit - deficit).positive(),
                Reason::Presale {
                    limit: Some(limit),
                    deficit,
                },
            )
        }
    }
}

/// What can be sold at a place, physical or carved.
pub fn sellable(
    settings: &Settings,
    documents: &Documents,
    location: &LocationName,
    sku: &Sku,
    now: Millis,
) -> Quantity {
    Picture::of(settings, documents, sku, now, false)
        .place(location)
        .map_or(Quantity::ZERO, |(_, sellable, _)| sellable)
}

/// What may be set aside at a place: what it can sell, after what it holds back.
pub(crate) fn reservable_at(
    settings: &Settings,
    documents: &Documents,
    location: &LocationName,
    sku: &Sku,
    now: Millis,
) -> Quantity {
    let sellable = sellable(settings, documents, location, sku, now);
    settings
        .locations
        .get(location)
        .map_or(Quantity::ZERO, |policy| crate::pool::counted(policy, sellable))
}

/// What may be set aside for a channel: its whole units, in units of the SKU, uncapped.
/// `None` where nothing is known and nothing may be owed.
pub(crate) fn reservable_for(
    settings: &Settings,
    documents: &Documents,
    channel: &ChannelName,
    sku: &Sku,
    now: Millis,
) -> Option<Quantity> {
    let stand = Stand::of(settings, documents, sku, None, now);
    let mut policy = stand.policy(channel, None).into_owned();
    if !policy.track {
        return Some(Quantity::MAX);
    }
    (policy.factor, policy.max_shown) = (Quantity::ONE, None);
    let owed = policy.backorder_limit.is_some() || policy.preorder_limit.is_some();
    let (sourced, way) = walk(&stand, channel, &policy);
    (sourced.known || owed).then_some(way.value.positive())
}
