//! A channel's share: shares of one pool that sum to 100 % add up, others are rounded down.

use crate::Reason;
use crate::stand::Stand;
use omnistock_words::{ChannelName, ChannelPolicy, Percent, Quantity};
use rust_decimal::Decimal;
use std::collections::BTreeSet;

/// The share of `value`, on the positive part.
pub(crate) fn share(
    stand: &Stand<'_>,
    channel: &ChannelName,
    policy: &ChannelPolicy,
    value: Quantity,
) -> (Quantity, Reason) {
    let Some(share) = policy.share else {
        return (value, Reason::Unchanged);
    };
    if !value.is_positive() {
        return (value, Reason::Unchanged);
    }
    // The same places, in whatever order; each is named once.
    let same = |theirs: &ChannelPolicy| {
        theirs.locations == policy.locations
            || theirs.locations.iter().collect::<BTreeSet<_>>() == policy.locations.iter().collect::<BTreeSet<_>>()
    };
    let mut group: Vec<(&ChannelName, Percent)> = Vec::new();
    // Where channels count in different units the coarsest adds up for all of them.
    let mut decimals = policy.decimals;
    for other in stand.settings.channels.keys() {
        let theirs = stand.policy(other);
        if let Some(share) = theirs.share
            && same(&theirs)
        {
            decimals = decimals.min(theirs.decimals);
            group.push((other, share));
        }
    }
    let sum: Decimal = group.iter().map(|(_, share)| share.decimal()).sum();
    if sum == Decimal::ONE_HUNDRED {
        (
            remainders(value, decimals, &group, channel),
            Reason::ShareOfWhole(share),
        )
    } else {
        (value.share(share).floor(policy.decimals), Reason::Share(share))
    }
}

/// The channel's part by largest remainder in the smallest unit, ties by name.
fn remainders(value: Quantity, decimals: u32, group: &[(&ChannelName, Percent)], channel: &ChannelName) -> Quantity {
    let unit = Decimal::new(1, decimals.min(6));
    let whole = value.floor(decimals).decimal();
    let mut parts: Vec<(Decimal, Decimal, &ChannelName)> = Vec::with_capacity(group.len());
    let mut left = whole;
    for (name, share) in group {
        let exact = whole.saturating_mul(share.factor());
        let floor = Quantity::saturating(exact).floor(decimals).decimal();
        left -= floor;
        parts.push((exact - floor, floor, name));
    }
    parts.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.2.cmp(b.2)));
    for (_, part, name) in parts {
        let more = left >= unit;
        if more {
            left -= unit;
        }
        if name == channel {
            return Quantity::saturating(if more { part + unit } else { part });
        }
    }
    Quantity::ZERO
}
