//! What the places of a pool have, for one SKU or for a bundle of parts.

use crate::picture::{Picture, physical};
use crate::promise::Stand;
use crate::{Place, Reason, resolve, safety};
use omnistock_words::{ChannelName, ChannelPolicy, LocationName, LocationPolicy, Quantity, Sku};
use rust_decimal::Decimal;

/// A pool with what is derived from it.
pub(crate) struct Pool {
    pub(crate) value: Quantity,
    pub(crate) reason: Reason,
    /// A figure, or complete snapshots that would have had one.
    pub(crate) known: bool,
    pub(crate) only_decrease: bool,
    /// Units sold that are not there.
    pub(crate) deficit: Quantity,
    /// Every place of the pool with what counts of it.
    pub(crate) places: Vec<(LocationName, Quantity)>,
}

/// What counts of a place: less its safety stock, nothing at or below its limit.
pub(crate) fn counted(policy: &LocationPolicy, sellable: Quantity) -> Quantity {
    match policy.stop_at {
        Some(limit) if sellable <= limit => Quantity::ZERO,
        _ => (sellable - policy.safety_stock.positive()).positive(),
    }
}

/// The pool of `policy` as `picture` shows it.
pub(crate) fn pool(picture: &Picture<'_>, policy: &ChannelPolicy) -> Pool {
    let mut places = Vec::with_capacity(policy.locations.len());
    let mut behind: Vec<&LocationName> = Vec::with_capacity(policy.locations.len());
    let (mut only_decrease, mut figures, mut deficit) = (false, false, Quantity::ZERO);
    for location in &policy.locations {
        let place = Place::of(picture, location);
        if let Some((spot, ..)) = picture.place(location) {
            only_decrease |= spot.only_decrease;
            figures |= spot.figure.is_some();
            if !behind.contains(&spot.location) {
                deficit += (-spot.available).positive();
            }
        }
        if let Some((parent, _)) = physical(picture.settings, location)
            && !behind.contains(&parent)
        {
            behind.push(parent);
        }
        places.push(place);
    }
    let short = picture.short_of(&behind);
    let each = places.iter().map(|place| place.counted);
    let there = if policy.ship_complete {
        each.max().unwrap_or_default()
    } else {
        each.sum()
    };
    let known = figures || picture.complete(&behind);
    let split = places
        .iter()
        .map(|place| (place.location.clone(), place.counted))
        .collect();
    let reason = Reason::Pool {
        places,
        short,
        ship_complete: policy.ship_complete,
    };
    Pool {
        value: there - short,
        reason,
        known,
        only_decrease,
        deficit: deficit + short,
        places: split,
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
) -> (Pool, Quantity, Option<Sku>) {
    let mut least: Option<(Quantity, Pool, Sku)> = None;
    let (mut known, mut only_decrease, mut deficit) = (true, false, Quantity::ZERO);
    let mut places: Vec<(LocationName, Quantity)> = Vec::new();
    let mut short = Quantity::ZERO;
    for (quantity, picture) in parts {
        let pool = pool(picture, policy);
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
        short = short.max(-bundles(-picture_short(&pool)));
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

fn picture_short(pool: &Pool) -> Quantity {
    if let Reason::Pool { short, .. } = pool.reason {
        short
    } else {
        Quantity::ZERO
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
            reason,
            known: true,
            only_decrease: false,
            deficit: Quantity::ZERO,
            places: Vec::new(),
        }
    }
}
