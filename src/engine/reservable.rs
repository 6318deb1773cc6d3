//! What can be sold at a place, and what may be set aside.

use crate::Documents;
use crate::picture::Picture;
use crate::pool::counted;
use crate::promise::walk;
use crate::stand::{Counter, Stand};
use omnistock_words::{ChannelName, LocationName, Millis, Quantity, Settings, Sku};

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
pub fn reservable_at(
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
        .map_or(Quantity::ZERO, |policy| counted(policy, sellable))
}

/// What may be set aside for a channel: its whole units, in units of the SKU, uncapped.
/// `None` where nothing is known and nothing may be owed.
pub fn reservable_for(
    settings: &Settings,
    documents: &Documents,
    channel: &ChannelName,
    sku: &Sku,
    now: Millis,
) -> Option<Quantity> {
    let stand = Stand::of(settings, documents, sku, None, now);
    let mut policy = stand.policy(channel).into_owned();
    if !policy.track {
        return Some(Quantity::MAX);
    }
    (policy.factor, policy.max_shown) = (Quantity::ONE, None);
    let owed = policy.backorder_limit.is_some() || policy.preorder_limit.is_some();
    let (sourced, way) = walk(&stand, &Counter::plain(channel, &policy), false);
    (sourced.known || owed).then_some(way.value.positive())
}
