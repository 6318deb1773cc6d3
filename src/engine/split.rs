//! A promise over several places of one vendor.

use crate::units::sales_units;
use omnistock_words::{ChannelPolicy, LocationName, Quantity};

/// Gives each place, in order, at most what it can sell; the sum is exact. What is promised
/// without being there, or is whole only in the sum, goes to the first place that has any,
/// else to the first.
pub(crate) fn split(
    quantity: Quantity,
    mut places: Vec<(LocationName, Quantity)>,
    policy: &ChannelPolicy,
) -> Vec<(LocationName, Quantity)> {
    let mut left = quantity;
    let some = places.iter().position(|(_, counted)| counted.is_positive());
    for (_, counted) in &mut places {
        let units = sales_units(*counted, policy).positive().min(left);
        left -= units;
        *counted = units;
    }
    if left.is_positive()
        && let Some((_, units)) = places.get_mut(some.unwrap_or_default())
    {
        *units += left;
    }
    places
}
