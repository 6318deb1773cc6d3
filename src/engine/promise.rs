//! What a channel may promise for a SKU: the steps of the pipeline, in their order.

use crate::picture::Picture;
use crate::pool::{Pool, bundle_pool, pool};
use crate::resolve::resolve_ruled;
use crate::{Documents, PriceAnswer, Reason, State, Step, StepName, allocation, bundle, price, safety, split, units};
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
    pub(crate) fn of(
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

    fn ruled(&self, channel: &ChannelName, listing: Option<&ListingId>) -> (Cow<'a, ChannelPolicy>, Vec<usize>) {
        let attributes = &self.own.document.attributes;
        resolve_ruled(self.settings, channel, self.sku, attributes, listing, self.now)
    }

    pub(crate) fn policy(&self, channel: &ChannelName) -> Cow<'a, ChannelPolicy> {
        self.ruled(channel, None).0
    }
}

/// One channel with its policy for the SKU, and the rules that made it.
pub(crate) struct Counter<'a> {
    pub(crate) channel: &'a ChannelName,
    pub(crate) policy: &'a ChannelPolicy,
    pub(crate) ruled: &'a [usize],
}

/// The pipeline's way from step to step.
pub(crate) struct Way<'a> {
    pub(crate) value: Quantity,
    steps: Vec<Step>,
    stand: &'a Stand<'a>,
    ruled: &'a [usize],
}

impl Way<'_> {
    fn step(&mut self, step: StepName, value: Quantity, because: Reason, key: fn(&PolicyPatch) -> bool) {
        let rules = &self.stand.settings.rules;
        let sets = |index: &&usize| rules.get(**index).is_some_and(|rule| key(&rule.set));
        let set_by = self.ruled.iter().rev().find(sets).copied();
        self.value = value;
        self.steps.push(Step {
            step,
            value,
            because,
            set_by,
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
    let (policy, ruled) = stand.ruled(channel, listing);
    decide(
        &stand,
        &Counter {
            channel,
            policy: &policy,
            ruled: &ruled,
        },
    )
}

/// The promises of one SKU on every channel, with the shared work done once.
pub fn promises(settings: &Settings, documents: &Documents, sku: &Sku, now: Millis) -> Vec<(ChannelName, Promise)> {
    let parts = bundle::parts(settings, sku);
    let stand = Stand::of(settings, documents, sku, parts.as_deref(), now);
    let decided = settings.channels.keys().map(|channel| {
        let (policy, ruled) = stand.ruled(channel, None);
        (
            channel.clone(),
            decide(
                &stand,
                &Counter {
                    channel,
                    policy: &policy,
                    ruled: &ruled,
                },
            ),
        )
    });
    decided.collect()
}

fn decide(stand: &Stand<'_>, counter: &Counter<'_>) -> Promise {
    let policy = counter.policy;
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
    let (sourced, way) = walk(stand, counter);
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
pub(crate) struct Sourced {
    pub(crate) known: bool,
    only_decrease: bool,
    before_presale: Quantity,
    places: Vec<(LocationName, Quantity)>,
}

pub(crate) fn walk<'a>(stand: &'a Stand<'a>, counter: &Counter<'a>) -> (Sourced, Way<'a>) {
    let Counter { channel, policy, ruled } = *counter;
    let mut way = Way {
        value: Quantity::ZERO,
        steps: Vec::with_capacity(8),
        stand,
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
