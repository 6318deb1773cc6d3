//! Whole units, packs and the listing's factor: always rounded down.

use omnistock_words::{ChannelPolicy, Quantity};

/// Units of the SKU as units of the listing.
pub(crate) fn sales_units(value: Quantity, policy: &ChannelPolicy) -> Quantity {
    if value.is_zero() {
        return value;
    }
    let packs = value.floor(policy.decimals).floor_to(policy.pack_size);
    if policy.factor == Quantity::ONE {
        return packs;
    }
    if !policy.factor.is_positive() {
        return Quantity::ZERO;
    }
    let listed = packs.decimal().checked_div(policy.factor.decimal());
    listed.map_or(Quantity::ZERO, |listed| {
        Quantity::saturating(listed).floor(policy.decimals)
    })
}
