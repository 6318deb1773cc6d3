//! What a channel may promise for a SKU: the steps of the pipeline, in their order.

use crate::blind::{Seller, blind};
use crate::documents::Held;
use crate::listings::{left_over, portions};
use crate::pool::{Pool, bundle_pool, pool};
use crate::stand::{Counter, Stand};
use crate::{Documents, Offer, PriceAnswer, Reason, State, Step, StepName, allocation, price, safety, split, units};
use omnistock_words::{
    ChannelName, ChannelPolicy, Limit, LocationName, Millis, PolicyPatch, Quantity, SafetyStock, SameSku, Settings, Sku,
};

/// What a channel may show for a SKU, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promise {
    /// Units of the listing; `None` where stock is not counted or not known.
    pub quantity: Option<Quantity>,
    /// What may be said.
    pub state: State,
    /// How it came about; empty where stock is not counted, and unless [`explained`] was asked.
    pub steps: Vec<Step>,
    /// The quantity over the pool's places, in order: each at most what it can sell, sum exact.
    /// What is promised without being there goes to the first place.
    pub split: Vec<(LocationName, Quantity)>,
    /// The figures are older than they may be: the number may fall but not rise.
    pub only_decrease: bool,
    /// What may be asked for it.
    pub price: PriceAnswer,
    /// The price that it is compared with; `None`: none is wanted.
    pub compare_at: Option<PriceAnswer>,
    /// Units that the channel's adaptive safety stock holds back, to be given back by
    /// [`Documents::held`] the next time; `None` where it has none, or where it did not matter.
    pub held: Option<Held>,
    /// Units of the SKU that its safety stock and the channel's keep back together.
    pub withheld: Quantity,
    /// What the pool has, less what is missing, in units of the SKU: only where listings of the
    /// channel may show other numbers than `quantity`. Whenever it changes, so may they.
    pub stock: Option<Quantity>,
    /// Units of the listing that `max_shown` keeps out of sight.
    pub spare: Quantity,
}

/// The pipeline's way from step to step.
pub(crate) struct Way<'a> {
    pub(crate) value: Quantity,
    steps: Vec<Step>,
    /// Whether steps are wanted.
    told: bool,
    settings: &'a Settings,
    ruled: &'a [usize],
}

impl Way<'_> {
    fn step(&mut self, step: StepName, value: Quantity, because: Reason, key: fn(&PolicyPatch) -> bool) {
        self.value = value;
        if !self.told {
            return;
        }
        let rules = &self.settings.rules;
        let sets = |index: &&usize| rules.get(**index).is_some_and(|rule| key(&rule.set));
        let set_by = self.ruled.iter().rev().find(sets).copied();
        self.steps.push(Step {
            step,
            value,
            because,
            set_by,
        });
    }
}

/// The promise of one SKU on one channel, without its steps.
pub fn promise(settings: &Settings, documents: &Documents, channel: &ChannelName, sku: &Sku, now: Millis) -> Promise {
    promise_listing(settings, documents, channel, sku, Offer::default(), now)
}

/// As [`promise`], for one listing: with the rules that name it, and its part of what the listings
/// of the SKU share.
pub fn promise_listing(
    settings: &Settings,
    documents: &Documents,
    channel: &ChannelName,
    sku: &Sku,
    offer: Offer<'_>,
    now: Millis,
) -> Promise {
    one(settings, documents, (channel, sku, offer), now, false)
}

/// As [`promise_listing`], with the steps that say how it came about.
pub fn explained(
    settings: &Settings,
    documents: &Documents,
    channel: &ChannelName,
    sku: &Sku,
    offer: Offer<'_>,
    now: Millis,
) -> Promise {
    one(settings, documents, (channel, sku, offer), now, true)
}

fn one(
    settings: &Settings,
    documents: &Documents,
    (channel, sku, offer): (&ChannelName, &Sku, Offer<'_>),
    now: Millis,
    told: bool,
) -> Promise {
    let parts = crate::bundle::parts(settings, sku);
    let stand = Stand::of(settings, documents, sku, parts.as_deref(), now);
    stand.counter(channel, offer, |counter| decide(&stand, counter, told))
}

/// The promises of one SKU on every channel, without steps, with the shared work done once.
pub fn promises(settings: &Settings, documents: &Documents, sku: &Sku, now: Millis) -> Vec<(ChannelName, Promise)> {
    let parts = crate::bundle::parts(settings, sku);
    let mut stand = Stand::of(settings, documents, sku, parts.as_deref(), now);
    stand.view_all();
    let decided = settings.channels.keys().map(|channel| {
        let promise = stand.counter(channel, Offer::default(), |counter| decide(&stand, counter, false));
        (channel.clone(), promise)
    });
    decided.collect()
}

fn decide(stand: &Stand<'_>, counter: &Counter<'_>, told: bool) -> Promise {
    let policy = counter.policy;
    let (price, compare_at) = price::prices(stand.settings, stand.own.document, &policy.price, stand.now);
    let mut promise = Promise {
        quantity: None,
        state: State::Untracked,
        steps: Vec::new(),
        split: Vec::new(),
        only_decrease: false,
        price,
        compare_at,
        held: None,
        withheld: Quantity::ZERO,
        stock: None,
        spare: Quantity::ZERO,
    };
    if !policy.track {
        return promise;
    }
    let (mut sourced, way) = walk(stand, counter, told);
    (promise.held, promise.withheld) = (sourced.held, sourced.withheld);
    if !sourced.known {
        promise.state = State::Unknown;
        return promise;
    }
    let quantity = way.value.positive();
    if let Some((portions, index)) = sourced.portions.take() {
        sourced.places = left_over(sourced.places, &portions, counter.offers, index);
    }
    promise.quantity = Some(quantity);
    promise.spare = sourced.uncapped.positive() - quantity;
    promise.state = state(quantity, sourced.before_presale, policy);
    promise.split = split::split(quantity, sourced.places, policy);
    promise.steps = way.steps;
    promise.only_decrease = sourced.only_decrease;
    let varied = policy.same_sku == SameSku::Split || stand.settings.name_listings();
    promise.stock = varied.then_some(sourced.stock);
    promise
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
    held: Option<Held>,
    withheld: Quantity,
    stock: Quantity,
    /// Units of the listing before `max_shown`.
    uncapped: Quantity,
    /// What each listing gets in units of the SKU, and which of them is asked about.
    portions: Option<(Vec<Quantity>, usize)>,
}

pub(crate) fn walk<'a>(stand: &'a Stand<'a>, counter: &Counter<'a>, told: bool) -> (Sourced, Way<'a>) {
    let policy = counter.policy;
    let mut way = Way {
        value: Quantity::ZERO,
        steps: Vec::with_capacity(if told { 9 } else { 0 }),
        told,
        settings: stand.settings,
        ruled: counter.ruled,
    };
    let mut sourced = until_stop(stand, counter, &mut way);
    if counter.base.same_sku == SameSku::Split
        && let Some(index) = counter.index
    {
        let policies = counter.offers;
        let whole = if std::ptr::eq(policy, counter.base) {
            way.value
        } else {
            shared(stand, counter)
        };
        let portions = portions(whole, policies);
        let part = portions.get(index).copied().unwrap_or_default().min(way.value);
        let because = Reason::Listings {
            whole,
            listings: policies.len(),
        };
        way.step(StepName::SameSku, part, because, |patch| patch.same_sku.is_some());
        sourced.portions = Some((portions, index));
    }
    let because = Reason::Units {
        decimals: policy.decimals,
        pack_size: policy.pack_size,
        factor: policy.factor,
    };
    let shown = units::sales_units(way.value, policy);
    sourced.uncapped = shown;
    way.step(StepName::SalesUnits, shown, because, |patch| {
        patch.decimals.is_some() || patch.pack_size.is_some() || patch.factor.is_some()
    });
    let (value, reason) = match policy.max_shown {
        Some(cap) if way.value > cap => (cap.positive(), Reason::Cap(cap)),
        _ => (way.value, Reason::Unchanged),
    };
    way.step(StepName::MaxShown, value, reason, |patch| patch.max_shown.is_some());
    (sourced, way)
}

/// What all listings of the SKU share: the value under the rules that name no listing.
fn shared(stand: &Stand<'_>, counter: &Counter<'_>) -> Quantity {
    let base = Counter {
        policy: counter.base,
        ..*counter
    };
    let mut way = Way {
        value: Quantity::ZERO,
        steps: Vec::new(),
        told: false,
        settings: stand.settings,
        ruled: &[],
    };
    until_stop(stand, &base, &mut way);
    way.value
}

/// The steps that count in units of the SKU.
fn until_stop<'a>(stand: &'a Stand<'a>, counter: &Counter<'a>, way: &mut Way<'a>) -> Sourced {
    let Counter { channel, policy, .. } = *counter;
    let (found, bundled) = match &stand.parts {
        None => (pool(&stand.own, policy, way.told), None),
        Some(parts) => {
            let (limiting, value, part) = bundle_pool(stand, parts, policy, channel, way.told);
            (limiting, Some((value, part)))
        }
    };
    let Pool { deficit, .. } = found;
    way.step(StepName::Pool, found.value, found.reason, |patch| {
        patch.locations.is_some() || patch.ship_complete.is_some()
    });
    let (value, reason) = bundled.map_or((way.value, Reason::Unchanged), |(value, part)| {
        (value, Reason::Bundle(part))
    });
    way.step(StepName::Bundle, value, reason, |_| false);
    let stock = way.value - deficit;
    let (value, reason) = allocation::share(stand, channel, policy, way.value);
    way.step(StepName::Allocation, value, reason, |patch| patch.share.is_some());
    let (value, reason, held) = hold_back(stand, counter, way.value);
    let withheld = way.value - value;
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
    Sourced {
        known: found.known,
        only_decrease: found.only_decrease,
        before_presale,
        places: found.places,
        held,
        withheld,
        stock,
        uncapped: Quantity::ZERO,
        portions: None,
    }
}

/// The article's own units, then the channel's, on the positive part only.
fn hold_back(stand: &Stand<'_>, counter: &Counter<'_>, value: Quantity) -> (Quantity, Reason, Option<Held>) {
    let (channel, policy) = (counter.channel, counter.policy);
    let nothing = SafetyStock::Units(Quantity::ZERO);
    if !value.is_positive() || (policy.sku_safety_stock == nothing && policy.safety_stock == nothing) {
        return (value, Reason::Unchanged, None);
    }
    let (settings, documents, now) = (stand.settings, stand.documents, stand.now);
    let seller = Seller {
        channel,
        policy,
        several: counter.base.same_sku == SameSku::Same && counter.offers.len() > 1,
    };
    let unseen = || blind(settings, documents, stand.own.document, seller, now);
    let rest = match policy.sku_safety_stock {
        SafetyStock::Adaptive { chance, max } => {
            let units = safety::adaptive(unseen(), (chance, max), None, now).held.units;
            safety::after(value, SafetyStock::Units(units), policy.decimals)
        }
        fixed => safety::after(value, fixed, policy.decimals),
    };
    let own = value - rest;
    if policy.home && documents.last_units.get(stand.sku) == Some(channel) {
        return (rest, Reason::Home { own }, None);
    }
    let SafetyStock::Adaptive { chance, max } = policy.safety_stock else {
        let left = safety::after(rest, policy.safety_stock, policy.decimals);
        let channel = rest - left;
        return (left, Reason::Held { own, channel }, None);
    };
    let blind = unseen();
    let earlier = if documents.held.is_empty() {
        None
    } else {
        documents.held.get(&(channel.clone(), stand.sku.clone())).copied()
    };
    let found = safety::adaptive(blind, (chance, max), earlier, now);
    let left = safety::after(rest, SafetyStock::Units(found.held.units), policy.decimals);
    let held = rest - left;
    let reason = match blind {
        Some(blind) => Reason::Adaptive {
            own,
            held,
            expected: blind.expected,
            chance,
            daily: blind.daily,
            lag: blind.lag,
            most: max,
            needed: found.needed,
            kept: (found.needed < found.held.units).then_some(found.held.lower_from),
        },
        None => Reason::AdaptiveUnmeasured { own, held },
    };
    (left, reason, Some(found.held))
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
