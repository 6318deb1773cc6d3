//! A promise's quantity once more, from the reasons of its steps alone.

use omnistock_engine::{Promise, Reason};
use omnistock_words::Quantity;

/// The quantity as its steps say, computed again from the reasons alone.
pub(crate) fn recompute(promise: &Promise) -> Quantity {
    let mut value = Quantity::ZERO;
    for step in &promise.steps {
        value = match &step.because {
            Reason::Pool {
                places,
                short,
                ship_complete,
            } => {
                let each = places.iter().map(|place| place.counted);
                (if *ship_complete {
                    each.max().unwrap()
                } else {
                    each.sum()
                }) - *short
            }
            Reason::Held { own, channel } => (value - *own - *channel).positive(),
            Reason::Adaptive { own, held, .. } | Reason::AdaptiveUnmeasured { own, held } => {
                (value - *own - *held).positive()
            }
            Reason::Presale { limit, deficit } => {
                limit.map_or(Quantity::MAX, |limit| value.positive() + (limit - *deficit).positive())
            }
            Reason::StopAt(_) => value.min(Quantity::ZERO),
            Reason::Cap(cap) => *cap,
            Reason::Units {
                decimals,
                pack_size,
                factor,
            } => {
                let packs = value.floor(*decimals).floor_to(*pack_size);
                Quantity::saturating(packs.decimal() / factor.decimal()).floor(*decimals)
            }
            Reason::Share(share) => {
                let digits = promise.steps.iter().find_map(|step| match &step.because {
                    Reason::Units { decimals, .. } => Some(*decimals),
                    _ => None,
                });
                value.multiply(share.factor()).floor(digits.unwrap())
            }
            Reason::Unchanged => value,
            _ => step.value,
        };
        assert_eq!(value, step.value, "{step:?}");
    }
    value.positive()
}
