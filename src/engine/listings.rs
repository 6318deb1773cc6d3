//! Several listings of one SKU on one channel: what is the part of each.

use crate::split::split;
use crate::units::sales_units;
use omnistock_words::{ChannelPolicy, ListingId, LocationName, Quantity};

/// Which listing is asked about, out of all that the channel has of the SKU.
#[derive(Debug, Clone, Copy, Default)]
pub struct Offer<'a> {
    /// The listing; `None`: the SKU as a whole, under the rules that name no listing.
    pub listing: Option<&'a ListingId>,
    /// All listings of the SKU on the channel, in any order, doubles allowed. Where there is at most
    /// one, `same_sku` changes nothing.
    pub all: &'a [ListingId],
}

impl<'a> Offer<'a> {
    /// Each listing once, in order.
    pub(crate) fn each(self) -> Vec<&'a ListingId> {
        let mut each: Vec<&ListingId> = self.all.iter().chain(self.listing).collect();
        each.sort_unstable();
        each.dedup();
        each
    }
}

/// The fewest units of the SKU by which the listing can show more; `None`: it can show none.
fn step(policy: &ChannelPolicy) -> Option<Quantity> {
    let unit = Quantity::of_millionths((0..policy.decimals.min(6)).fold(1_000_000, |unit, _| unit / 10));
    let base = if policy.pack_size.is_positive() {
        policy.pack_size
    } else {
        unit
    };
    // Up to a multiple of the base.
    let least = -(-policy.factor.multiply(unit.decimal())).floor_to(base);
    policy.factor.is_positive().then(|| least.max(base))
}

/// Shares `whole`, in units of the SKU, among listings with these policies by largest remainder,
/// ties in the order given. Each gets a multiple of what it can show; the sum is `whole` less at
/// most what not even the listing with the smallest step can show.
pub(crate) fn portions(whole: Quantity, policies: &[&ChannelPolicy]) -> Vec<Quantity> {
    let steps: Vec<Option<Quantity>> = policies.iter().map(|policy| step(policy)).collect();
    let sharing = i64::try_from(steps.iter().flatten().count()).unwrap_or(i64::MAX);
    if whole == Quantity::MAX || !whole.is_positive() || sharing == 0 {
        return vec![whole.positive(); policies.len()];
    }
    let even = Quantity::of_millionths(whole.millionths() / sharing);
    let floored = steps
        .iter()
        .map(|step| step.map_or(Quantity::ZERO, |step| even.floor_to(step)));
    let mut portions: Vec<Quantity> = floored.collect();
    let mut left = whole - portions.iter().copied().sum();
    let mut order: Vec<(Quantity, usize, Quantity)> = steps
        .iter()
        .zip(&portions)
        .enumerate()
        .filter_map(|(index, (step, part))| step.map(|step| (*part - even, index, step)))
        .collect();
    order.sort_unstable();
    for (_, index, step) in &order {
        if *step <= left
            && let Some(part) = portions.get_mut(*index)
        {
            *part += *step;
            left -= *step;
        }
    }
    // What is left where steps differ goes to the smallest.
    if let Some((_, index, step)) = order.iter().min_by_key(|(_, index, step)| (*step, *index))
        && let Some(part) = portions.get_mut(*index)
    {
        *part += left.floor_to(*step);
    }
    portions
}

/// What the places have left for the listing at `index`, once those before it took theirs.
pub(crate) fn left_over(
    mut places: Vec<(LocationName, Quantity)>,
    portions: &[Quantity],
    policies: &[&ChannelPolicy],
    index: usize,
) -> Vec<(LocationName, Quantity)> {
    for (portion, policy) in portions.iter().zip(policies).take(index) {
        let shown = sales_units(*portion, policy);
        let shown = policy.max_shown.map_or(shown, |most| shown.min(most.positive()));
        let taken = split(shown, places.clone(), policy);
        for ((_, left), (_, units)) in places.iter_mut().zip(taken) {
            *left = (*left - units.multiply(policy.factor.decimal())).positive();
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn policy(factor: i64, pack: i64, decimals: u32) -> ChannelPolicy {
        ChannelPolicy {
            factor: Quantity::whole(factor),
            pack_size: Quantity::whole(pack),
            decimals,
            ..ChannelPolicy::default()
        }
    }

    fn shared(whole: i64, policies: &[ChannelPolicy]) -> Vec<i64> {
        let policies: Vec<&ChannelPolicy> = policies.iter().collect();
        let portions = portions(Quantity::whole(whole), &policies);
        portions.iter().map(|part| part.as_whole().unwrap()).collect()
    }

    #[test]
    fn what_does_not_divide_goes_to_the_first() {
        let one = policy(1, 0, 0);
        assert_eq!(shared(8, &[one.clone(), one.clone(), one.clone()]), [3, 3, 2]);
        assert_eq!(shared(1, &[one.clone(), one.clone()]), [1, 0]);
        assert_eq!(shared(10, &[one.clone(), policy(6, 0, 0)]), [10, 0]);
        assert_eq!(shared(12, &[one.clone(), policy(6, 0, 0)]), [6, 6]);
        assert_eq!(shared(11, &[policy(2, 0, 0), policy(3, 0, 0)]), [4, 6]);
        assert_eq!(shared(7, &[policy(0, 0, 0), one]), [0, 7]);
        assert_eq!(shared(20, &[policy(1, 6, 0), policy(1, 6, 0)]), [12, 6]);
    }

    #[test]
    fn without_an_end_or_anything_to_share_each_is_asked_for_itself() {
        let (one, none) = (policy(1, 0, 0), policy(0, 0, 0));
        assert_eq!(portions(Quantity::MAX, &[&one, &one]), [Quantity::MAX; 2]);
        assert_eq!(portions(Quantity::whole(-5), &[&one, &one]), [Quantity::ZERO; 2]);
        assert_eq!(portions(Quantity::whole(5), &[&none, &none]), [Quantity::whole(5); 2]);
        let tenths = policy(1, 0, 1);
        let half = Quantity::of_millionths(500_000);
        assert_eq!(portions(Quantity::ONE, &[&tenths, &tenths]), [half; 2]);
    }

    proptest! {
        #[test]
        fn the_parts_are_exact(whole in 0i64..100_000, shapes in proptest::collection::vec((1i64..8, 0i64..5, 0u32..3), 1..6)) {
            let policies: Vec<ChannelPolicy> = shapes.iter().map(|(factor, pack, decimals)| policy(*factor, *pack, *decimals)).collect();
            let policies: Vec<&ChannelPolicy> = policies.iter().collect();
            let whole = Quantity::of_millionths(whole * 10_000);
            let parts = portions(whole, &policies);
            let sum: Quantity = parts.iter().copied().sum();
            let smallest = policies.iter().filter_map(|policy| step(policy)).min().unwrap();
            prop_assert!(sum <= whole && whole - sum < smallest, "{sum} of {whole}");
            for (part, policy) in parts.iter().zip(&policies) {
                let again = sales_units(*part, policy).multiply(policy.factor.decimal());
                prop_assert!(again <= *part);
                let step = step(policy).unwrap();
                let whole_steps = step.floor_to(policy.factor) == step || policy.pack_size.is_zero();
                prop_assert!(again == *part || !whole_steps, "{again} of {part}");
            }
            prop_assert!(portions(whole + smallest, &policies).iter().copied().sum::<Quantity>() >= sum);
        }
    }
}
