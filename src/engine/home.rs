//! The last units of a SKU: once nobody else shows any, one channel may show all of them, since a
//! single seller has nobody to race with.

use crate::picture::physical;
use crate::{Attributes, Documents, resolve};
use omnistock_words::{ChannelName, ChannelPolicy, LocationName, Millis, Settings, Sku};
use std::collections::BTreeMap;

/// The channel that may show the last units, for [`Documents::last_units`]: the first by name with
/// `home`, once every other channel that sells from one of its places has been confirmed at zero for
/// as long as an order or a number may at most be on its way. `zero_since` says since when the channel's
/// confirmed number of the SKU is zero; a channel that does not list it counts as zero since ever.
/// `None`: nobody, or a lag was never measured.
pub fn last_units(
    settings: &Settings,
    documents: &Documents,
    sku: &Sku,
    zero_since: &BTreeMap<ChannelName, Millis>,
    now: Millis,
) -> Option<ChannelName> {
    let none = Attributes::default();
    let attributes = documents.skus.get(sku).map_or(&none, |document| &document.attributes);
    let policy = |channel: &ChannelName| resolve(settings, channel, sku, attributes, now);
    let home = settings.channels.keys().find(|channel| policy(channel).home)?;
    let places = places(settings, &policy(home));
    let rivals = settings.channels.keys().filter(|channel| {
        let theirs = || self::places(settings, &policy(channel));
        *channel != home && theirs().iter().any(|place| places.contains(place))
    });
    let (mut zero, mut order, mut push) = (Millis::MIN, 0, 0);
    for rival in rivals {
        let lags = documents.lags.get(rival)?;
        (order, push) = (lags.order.max(order), lags.push.max(push));
        zero = zero.max(*zero_since.get(rival)?);
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
