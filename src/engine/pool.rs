//! What the places of a pool have, for one SKU or for a bundle of parts.

use crate::picture::Picture;
use crate::stand::Stand;
use crate::{Place, Reason, resolve, safety};
use omnistock_words::{ChannelName, ChannelPolicy, LocationName, LocationPolicy, Quantity, Sku};
use rust_decimal::Decimal;

/// A pool with what is derived from it.
pub(crate) struct Pool {
    pub(crate) value: Quantity,
    /// Units sold that fit nowhere.
    pub(crate) short: Quantity,
    /// A figure, or complete snapshots that would have had one.
    pub(crate) known: bool,
    pub(crate) only_decrease: bool,
    /// Units sold that are not there.
    pub(crate) deficit: Quantity,
    /// Every place of the pool with what counts of it.
    pub(crate) places: Vec<(LocationName, Quantity)>,
    /// Where the value comes from, if it was asked for.
    pub(crate) reason: Reason,
}

/// What counts of a place: less its safety stock, nothing at or below its limit.
pub(crate) fn counted(policy: &LocationPolicy, sellable: Quantity) -> Quantity {
    match policy.stop_at {
        Some(limit) if sellable <= limit => Quantity::ZERO,
        _ => (sellable - policy.safety_stock.positive()).positive(),
    }
}

/// The physical places behind a pool, each once, with their spots.
fn behind<'a>(picture: &Picture<'a>, policy: &ChannelPolicy) -> Vec<(&'a LocationPolicy, &'a LocationName, usize)> {
    let mut behind = Vec::with_capacity(policy.locations.len());
    let declared = policy
        .locations
        .iter()
        .filter_map(|location| picture.declared(location));
    for (known, (place, policy)) in declared.map(|declared| (declared.spot, declared.place)) {
        if !behind.iter().any(|(_, other, _)| *other == place) {
            behind.push((policy, place, known));
        }
    }
    behind
}

/// The pool of `policy` as `picture` shows it; `told`: with its reason.
pub(crate) fn pool(picture: &Picture<'_>, policy: &ChannelPolicy, told: bool) -> Pool {
    let mut places = Vec::with_capacity(policy.locations.len());
    let (mut only_decrease, mut figures, mut below) = (false, false, false);
    for location in &policy.locations {
        let known = picture.declared(location);
        let found = known.and_then(|known| picture.declared_place(location, known).zip(Some(known.policy)));
        let counted = found.map_or(Quantity::ZERO, |((spot, sellable, _), policy)| {
            only_decrease |= spot.only_decrease;
            figures |= spot.figure.is_some();
            below |= spot.available.is_negative();
            counted(policy, sellable)
        });
        places.push((location.clone(), counted));
    }
    let needed = below || !figures || !picture.shorts.is_empty();
    let behind = if needed { behind(picture, policy) } else { Vec::new() };
    let below_there = |index: usize| below && behind.iter().any(|(.., spot)| *spot == index);
    let short = if picture.shorts.is_empty() {
        Quantity::ZERO
    } else {
        let spots: Vec<usize> = behind.iter().map(|(.., spot)| *spot).collect();
        picture.short_of(&spots)
    };
    let each = places.iter().map(|(_, counted)| *counted);
    let there = if policy.ship_complete {
        each.max().unwrap_or_default()
    } else {
        each.sum()
    };
    let negative = picture
        .spots
        .iter()
        .enumerate()
        .filter(|(index, _)| below_there(*index));
    let deficit = negative.map(|(_, spot)| (-spot.available).positive()).sum::<Quantity>() + short;
    let reason = if told {
        Reason::Pool {
            places: policy
                .locations
                .iter()
                .map(|location| Place::of(picture, location))
                .collect(),
            short,
            ship_complete: policy.ship_complete,
        }
    } else {
        Reason::Unchanged
    };
    Pool {
        value: there - short,
        short,
        known: figures || (!policy.locations.is_empty() && picture.complete(behind.iter().map(|(policy, ..)| *policy))),
        only_decrease,
        deficit,
        places,
        reason,
    }
}

impl Place {
    fn of(picture: &Picture<'_>, location: &LocationName) -> Self {
        let zero = Quantity::ZERO;
        let mut place = Self {
            location: location.clone(),
            figure: None,
            quantity: zero,
            moved: zero,
            ordered: zero,
            reserved: zero,
            carved: zero,
            sellable: zero,
            counted: zero,
        };
        if let (Some((spot, sellable, carved)), Some(policy)) =
            (picture.place(location), picture.settings.locations.get(location))
        {
            place.figure = spot.figure.map(|(source, as_of, basis)| (source.clone(), as_of, basis));
            (place.quantity, place.moved, place.ordered, place.reserved) =
                (spot.quantity, spot.moved, spot.ordered, spot.reserved);
            (place.carved, place.sellable, place.counted) = (carved, sellable, counted(policy, sellable));
        }
        place
    }
}

/// The pool of a bundle: that of the part which allows least, the value in bundles, and which
/// part that is. Parts are shared with all other sales, since each ledger knows them all.
pub(crate) fn bundle_pool(
    stand: &Stand<'_>,
    parts: &[(Quantity, Picture<'_>)],
    policy: &ChannelPolicy,
    channel: &ChannelName,
    told: bool,
) -> (Pool, Quantity, Option<Sku>) {
    let mut least: Option<(Quantity, Pool, Sku)> = None;
    let (mut known, mut only_decrease, mut deficit) = (true, false, Quantity::ZERO);
    let mut places: Vec<(LocationName, Quantity)> = Vec::new();
    let mut short = Quantity::ZERO;
    for (quantity, picture) in parts {
        let pool = pool(picture, policy, told);
        let own = resolve(
            stand.settings,
            channel,
            picture.sku,
            &picture.document.attributes,
            stand.now,
        );
        let hold = |value: Quantity| {
            if value.is_positive() {
                safety::after(value, own.sku_safety_stock, own.decimals)
            } else {
                value
            }
        };
        let bundles = |value: Quantity| {
            let exact = value.decimal().checked_div(quantity.decimal()).unwrap_or(Decimal::ZERO);
            Quantity::saturating(exact).floor(0)
        };
        known &= pool.known;
        only_decrease |= pool.only_decrease;
        deficit = deficit.max(-bundles(-pool.deficit));
        short = short.max(-bundles(-pool.short));
        let here = pool
            .places
            .iter()
            .map(|(location, counted)| (location.clone(), bundles(hold(*counted))));
        places = if places.is_empty() {
            here.collect()
        } else {
            places
                .into_iter()
                .zip(here)
                .map(|((location, one), (_, other))| (location, one.min(other)))
                .collect()
        };
        let value = bundles(hold(pool.value));
        if least.as_ref().is_none_or(|(known, ..)| value < *known) {
            least = Some((value, pool, picture.sku.clone()));
        }
    }
    match least {
        None => (Pool::nothing(), Quantity::ZERO, None),
        Some((value, pool, part)) => {
            let best = places.iter().map(|(_, bundles)| *bundles).max().unwrap_or_default() - short;
            let value = if policy.ship_complete { value.min(best) } else { value };
            (
                Pool {
                    known,
                    only_decrease,
                    deficit,
                    places,
                    ..pool
                },
                value,
                Some(part),
            )
        }
    }
}

impl Pool {
    /// Of a bundle without parts.
    fn nothing() -> Self {
        let reason = Reason::Pool {
            places: Vec::new(),
            short: Quantity::ZERO,
            ship_complete: false,
        };
        Self {
            value: Quantity::ZERO,
            short: Quantity::ZERO,
            known: true,
            only_decrease: false,
            deficit: Quantity::ZERO,
            places: Vec::new(),
            reason,
        }
    }
}
