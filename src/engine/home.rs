//! The last units of a SKU: once nobody else shows any, one channel may show all of them, since a
//! single seller has nobody to race with.

use crate::place::physical;
use crate::{Attributes, Documents, resolve};
use omnistock_words::{ChannelName, ChannelPolicy, LocationName, Millis, Settings, Sku};

/// What a channel was confirmed to show of a SKU.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// The SKU is not for sale there.
    Unlisted,
    /// Nothing, since then.
    ZeroSince(Millis),
    /// Some, or it is not known.
    Some,
}

/// The channel that may show the last units, for [`Documents::last_units`]: the first by name with
/// `home` that lists the SKU, once every other channel that sells from one of its places has been
/// confirmed at zero, or without the SKU, for as long as an order or a number may at most be on its way.
/// `None`: nobody, or a lag was never measured.
pub fn last_units(
    settings: &Settings,
    documents: &Documents,
    sku: &Sku,
    shown: impl Fn(&ChannelName) -> Shown,
    now: Millis,
) -> Option<ChannelName> {
    let none = Attributes::default();
    let attributes = documents.skus.get(sku).map_or(&none, |document| &document.attributes);
    let policy = |channel: &ChannelName| resolve(settings, channel, sku, attributes, now);
    let mut listing = settings
        .channels
        .keys()
        .filter(|channel| shown(channel) != Shown::Unlisted);
    let home = listing.find(|channel| policy(channel).home)?;
    let places = places(settings, &policy(home));
    let rivals = settings.channels.keys().filter(|channel| {
        let theirs = || self::places(settings, &policy(channel));
        *channel != home && theirs().iter().any(|place| places.contains(place))
    });
    let (mut zero, mut order, mut push) = (Millis::MIN, 0, 0);
    for rival in rivals {
        match shown(rival) {
            Shown::Unlisted => continue,
            Shown::ZeroSince(since) => zero = zero.max(since),
            Shown::Some => return None,
        }
        let lags = documents.lags.get(rival)?;
        (order, push) = (lags.order.max(order), lags.push.max(push));
    }
    (now.since(zero) >= order.saturating_add(push)).then(|| home.clone())
}

fn places<'a>(settings: &'a Settings, policy: &ChannelPolicy) -> Vec<&'a LocationName> {
    let places = policy
        .locations
        .iter()
        .filter_map(|location| physical(settings, location));
    places.map(|(place, _)| place).collect()
}
