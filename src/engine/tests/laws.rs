//! What holds for every promise, whatever the settings: over policies, shares and listings at random.

#[cfg(test)]
mod cases {
    use crate::common::facts::*;
    use crate::common::offers::*;
    use crate::common::steps::recompute;
    use crate::common::*;
    use omnistock_engine::{Offer, Promise, Reason, explained, promise_listing, promises};
    use omnistock_words::{
        ChannelPolicy, Limit, Match, Percent, PolicyPatch, Quantity, Rule, SafetyStock, SameSku, Settings, Sourcing,
    };
    use proptest::collection::vec;
    use proptest::option;
    use proptest::prelude::*;

    fn safety() -> impl Strategy<Value = SafetyStock> {
        prop_oneof![
            (0i64..9).prop_map(|n| SafetyStock::Units(Quantity::whole(n))),
            (0u32..120).prop_map(|n| SafetyStock::Share(Percent::whole(n))),
            (1u32..30, 0i64..9).prop_map(|(chance, max)| SafetyStock::Adaptive {
                chance: Percent::whole(chance),
                max: Quantity::whole(max)
            }),
        ]
    }

    /// Any policy; `owed`: with units that are not there.
    fn policy(owed: bool) -> impl Strategy<Value = ChannelPolicy> {
        let optional = || option::of((0i64..9).prop_map(Quantity::whole));
        let limit = option::of((0i64..9).prop_map(|n| Limit::Units(Quantity::whole(n))));
        let shape = (0i64..4, 1i64..4, 0u32..3, any::<bool>());
        let split = prop::bool::ANY.prop_map(|split| if split { SameSku::Split } else { SameSku::Same });
        let sourcing = prop_oneof![
            Just(Sourcing::Priority),
            Just(Sourcing::MostStock),
            Just(Sourcing::SingleLocation)
        ];
        (
            safety(),
            safety(),
            optional(),
            optional(),
            limit,
            option::of(0u32..101),
            shape,
            split,
            sourcing,
        )
            .prop_map(
                move |(sku_safety_stock, safety_stock, stop_at, max_shown, limit, share, shape, same_sku, sourcing)| {
                    let (pack, factor, decimals, ship_complete) = shape;
                    ChannelPolicy {
                        sku_safety_stock,
                        safety_stock,
                        stop_at,
                        max_shown,
                        backorder_limit: limit.filter(|_| owed),
                        share: share.map(Percent::whole),
                        pack_size: Quantity::whole(pack),
                        factor: Quantity::whole(factor),
                        decimals,
                        ship_complete,
                        same_sku,
                        sourcing,
                        ..ChannelPolicy::default()
                    }
                },
            )
    }

    /// A rule for one listing.
    fn listing_rule(settings: &mut Settings, listing: &str, set: PolicyPatch) {
        let matches = Match {
            listing: Some(listing.to_owned()),
            ..Match::default()
        };
        let place = String::new();
        settings.rules.push(Rule {
            matches,
            channels: None,
            from: None,
            until: None,
            set,
            place,
        });
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn shares_of_one_pool_never_promise_more_than_it_has(
            shares in vec((policy(false), 0u32..101), 1..5), whole in any::<bool>(), n in (-5i64..60, 0i64..60), sold in 0i64..50,
        ) {
            // The shares add up to at most 100 %, or to exactly that.
            let mut left = 100;
            let mut policies: Vec<ChannelPolicy> = Vec::new();
            for (policy, share) in shares {
                let share = share.min(left);
                left -= share;
                policies.push(ChannelPolicy { share: Some(Percent::whole(share)), ..policy });
            }
            if whole && let Some(last) = policies.last_mut() {
                let rest = last.share.unwrap().decimal() + rust_decimal::Decimal::from(left);
                last.share = Some(format!("{rest}%").parse().unwrap());
            }
            let settings = counters(&policies, &[&PLACES_IN_POOL]);
            let documents = documents(&settings, n, &[sold]);
            let mut sum = Quantity::ZERO;
            for (channel, promise) in promises(&settings, &documents, &sku(), now()) {
                sum += promise.quantity.unwrap().multiply(settings.channels[&channel].policy.factor.decimal());
            }
            let told = explained(&settings, &documents, &first(), &sku(), Offer::default(), now());
            let Reason::Pool { places, .. } = &told.steps[0].because else { panic!("no pool") };
            let there: Quantity = places.iter().map(|place| place.counted).sum();
            prop_assert!(sum <= there, "{} of {}", sum, there);
        }

        #[test]
        fn pools_of_their_own_never_promise_more_than_is_there(one in policy(false), two in policy(false), n in (0i64..60, 0i64..60), sold in 0i64..70) {
            let settings = counters(&[one, two], &[&["one"], &["two"]]);
            let documents = documents(&settings, n, &[sold]);
            for (channel, promise) in promises(&settings, &documents, &sku(), now()) {
                let units = promise.quantity.unwrap().multiply(settings.channels[&channel].policy.factor.decimal());
                let there = if channel == first() { (n.0 - sold).max(0) } else { n.1 };
                prop_assert!(units <= Quantity::whole(there));
            }
        }

        #[test]
        fn steps_recompute_to_the_quantity(policy in policy(true), count in 1usize..4, n in (-5i64..60, 0i64..60), sold in 0i64..90) {
            let settings = counters(&[policy, ChannelPolicy::default()], &[&PLACES_IN_POOL]);
            let documents = documents(&settings, n, &[sold]);
            let all = listings(count);
            for listing in [None, all.first()] {
                let offer = Offer { listing, all: &all };
                let told = explained(&settings, &documents, &first(), &sku(), offer, now());
                prop_assert_eq!(Some(recompute(&told)), told.quantity);
                let short = promise_listing(&settings, &documents, &first(), &sku(), offer, now());
                prop_assert_eq!(Promise { steps: told.steps.clone(), ..short }, told);
            }
        }

        #[test]
        fn more_stock_never_lowers_a_promise(policy in policy(true), count in 1usize..4, n in (0i64..60, 0i64..60), more in 0i64..20, sold in 0i64..60) {
            let settings = counters(&[policy, ChannelPolicy::default()], &[&PLACES_IN_POOL]);
            let all = listings(count);
            let shown = |n| offered(&settings, &documents(&settings, n, &[sold]), &all);
            for (less, more) in shown(n).iter().zip(shown((n.0 + more, n.1))) {
                prop_assert!(less.quantity <= more.quantity, "{:?} {:?}", less, more);
            }
        }

        #[test]
        fn more_safety_stock_never_raises_a_promise(policy in policy(true), count in 1usize..4, n in (0i64..60, 0i64..60), less in 0i64..9, more in 0i64..9, own in any::<bool>()) {
            let all = listings(count);
            let with = |units| {
                let units = SafetyStock::Units(Quantity::whole(units));
                let policy = if own { ChannelPolicy { sku_safety_stock: units, ..policy.clone() } } else { ChannelPolicy { safety_stock: units, ..policy.clone() } };
                let settings = counters(&[policy], &[&PLACES_IN_POOL]);
                offered(&settings, &documents(&settings, n, &[3]), &all)
            };
            for (more, less) in with(less + more).iter().zip(with(less)) {
                prop_assert!(more.quantity <= less.quantity);
            }
        }

        #[test]
        fn listings_that_share_add_up_at_every_place(policy in policy(false), count in 2usize..5, n in (0i64..60, 0i64..60), sold in 0i64..30, factors in vec(1i64..4, 4)) {
            let policy = ChannelPolicy { same_sku: SameSku::Split, max_shown: None, pack_size: Quantity::ZERO, decimals: 0, ship_complete: false, ..policy };
            let mut settings = counters(&[policy], &[&PLACES_IN_POOL]);
            for (index, factor) in factors.iter().enumerate() {
                listing_rule(&mut settings, &format!("L{index}"), PolicyPatch { factor: Some(Quantity::whole(*factor)), ..PolicyPatch::default() });
            }
            let documents = documents(&settings, n, &[sold]);
            let all = listings(count);
            let told = explained(&settings, &documents, &first(), &sku(), Offer { listing: all.first(), all: &all }, now());
            let Some(Reason::Listings { whole, .. }) = told.steps.iter().map(|step| &step.because).find(|because| matches!(because, Reason::Listings { .. })) else {
                panic!("nothing is shared")
            };
            let (mut sum, mut places) = (0, [0; 2]);
            for (promise, factor) in offered(&settings, &documents, &all).iter().zip(&factors) {
                let units = |quantity: Quantity| quantity.as_whole().unwrap() * factor;
                sum += units(promise.quantity.unwrap());
                for (index, (_, quantity)) in promise.split.iter().enumerate() {
                    places[index] += units(*quantity);
                }
                prop_assert_eq!(promise.split.iter().map(|(_, quantity)| *quantity).sum::<Quantity>(), promise.quantity.unwrap());
            }
            let whole = whole.positive().as_whole().unwrap();
            let smallest = *factors.iter().take(count).min().unwrap();
            prop_assert!(sum <= whole && whole - sum < smallest, "{} of {}", sum, whole);
            if factors.iter().take(count).all(|factor| *factor == 1) {
                let Reason::Pool { places: there, .. } = &told.steps[0].because else { panic!("no pool") };
                for (place, shown) in there.iter().zip(places) {
                    prop_assert!(Quantity::whole(shown) <= place.counted, "{:?} {:?}", there, places);
                }
            }
        }
    }
}
