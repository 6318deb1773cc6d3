//! What holds for any facts in any order.

#[cfg(test)]
mod laws {
    use crate::common::facts::*;
    use crate::common::steps::recompute;
    use crate::common::*;
    use omnistock_engine::{Event, Offer, Promise, apply, explained};
    use omnistock_words::{ChannelPolicy, Limit, Percent, Quantity, SafetyStock, Settings};
    use proptest::collection::vec;
    use proptest::option;
    use proptest::prelude::*;

    fn one_sku(n: i64) -> Event {
        serde_json::from_value(stock(&[
            ("A", "one", &n.to_string()),
            ("A", "two", &(n / 2).to_string()),
        ]))
        .unwrap()
    }

    fn policy() -> impl Strategy<Value = ChannelPolicy> {
        let safety = prop_oneof![
            (0i64..9).prop_map(|n| SafetyStock::Units(Quantity::whole(n))),
            (0u32..120).prop_map(|n| SafetyStock::Share(Percent::whole(n))),
        ];
        let optional = || option::of((0i64..9).prop_map(Quantity::whole));
        let limit = option::of((0i64..9).prop_map(|n| Limit::Units(Quantity::whole(n))));
        (
            safety.clone(),
            safety,
            optional(),
            optional(),
            limit,
            0i64..4,
            option::of(0u32..100),
            any::<bool>(),
        )
            .prop_map(
                |(sku_safety_stock, safety_stock, stop_at, max_shown, backorder_limit, pack, share, ship_complete)| {
                    ChannelPolicy {
                        sku_safety_stock,
                        safety_stock,
                        stop_at,
                        max_shown,
                        backorder_limit,
                        ship_complete,
                        pack_size: Quantity::whole(pack),
                        share: share.map(Percent::whole),
                        ..ChannelPolicy::default()
                    }
                },
            )
    }

    fn shop(policy: ChannelPolicy) -> Settings {
        let mut s = merchant();
        places(&mut s, &["one", "two"]);
        channel(&mut s, "shop", &["one", "two"], policy);
        s
    }

    fn promised(settings: &Settings, n: i64, sold: i64) -> Promise {
        let order = serde_json::from_value(order("shop", 1, &[("A", &sold.to_string())])).unwrap();
        let documents = applied(settings, &[one_sku(n), order]);
        explained(
            settings,
            &documents,
            &"shop".parse().unwrap(),
            &"A".parse().unwrap(),
            Offer::default(),
            now(),
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_order_of_facts_does_not_matter(
            settings in settings(),
            (events, shuffled, again) in vec(fact(), 1..14).prop_flat_map(|events| {
                (Just(events.clone()), Just(events.clone()).prop_shuffle(), prop::sample::subsequence(events.clone(), 0..=events.len()))
            }),
        ) {
            let straight = applied(&settings, &events);
            let doubled = applied(&settings, &[shuffled, again].concat());
            prop_assert_eq!(seen(&settings, &straight), seen(&settings, &doubled));
        }

        #[test]
        fn what_is_applied_twice_changes_nothing(settings in settings(), events in vec(fact(), 1..10)) {
            let mut documents = applied(&settings, &events);
            let before = documents.clone();
            documents.take_changed();
            for event in &events {
                drop(apply(&settings, &mut documents, event, now()));
            }
            prop_assert_eq!(documents.changed(), 0);
            prop_assert_eq!((&documents.skus, &documents.orders, &documents.sources), (&before.skus, &before.orders, &before.sources));
        }

        #[test]
        fn no_unit_is_made_or_lost(stocks in vec((one(&["one", "two", "three"]), 0i64..30), 1..4), sold in vec((one(&CHANNELS), 1i64..20), 0..6)) {
            let mut s = merchant();
            places(&mut s, &PLACES);
            for channel_name in CHANNELS {
                channel(&mut s, channel_name, &PLACES, ChannelPolicy::default());
            }
            let rows: Vec<(String, String)> = stocks.iter().map(|(place, n): &(String, i64)| (place.clone(), n.to_string())).collect();
            let rows: Vec<(&str, &str, &str)> = rows.iter().map(|(place, n)| ("A", place.as_str(), n.as_str())).collect();
            let mut events: Vec<Event> = vec![serde_json::from_value(stock(&rows)).unwrap()];
            for (index, (channel, n)) in sold.iter().enumerate() {
                let channel: &String = channel;
                events.push(serde_json::from_value(order(channel, u32::try_from(index).unwrap(), &[("A", &n.to_string())])).unwrap());
            }
            let documents = applied(&s, &events);
            // Of two rows for one place the lower counts.
            let there: i64 = PLACES.iter().filter_map(|place| stocks.iter().filter(|(p, _)| p == place).map(|(_, n)| *n).min()).sum();
            let left = there - sold.iter().map(|(_, n)| *n).sum::<i64>();
            for name in CHANNELS {
                let promise = explained(&s, &documents, &name.parse().unwrap(), &"A".parse().unwrap(), Offer::default(), now());
                prop_assert_eq!(promise.steps[0].value, Quantity::whole(left));
                prop_assert_eq!(promise.split.iter().map(|(_, n)| *n).sum::<Quantity>(), promise.quantity.unwrap());
            }
        }

        #[test]
        fn steps_recompute_to_the_quantity(policy in policy(), n in -5i64..80, sold in 0i64..90) {
            let promise = promised(&shop(policy), n, sold);
            prop_assert_eq!(Some(recompute(&promise)), promise.quantity);
        }

        #[test]
        fn more_stock_never_lowers_a_promise(policy in policy(), n in -5i64..80, more in 0i64..20, sold in 0i64..90) {
            let settings = shop(policy);
            prop_assert!(promised(&settings, n, sold).quantity <= promised(&settings, n + more, sold).quantity);
        }

        #[test]
        fn more_safety_stock_never_raises_a_promise(policy in policy(), n in 0i64..80, less in 0i64..9, more in 0i64..9) {
            let with = |units| promised(&shop(ChannelPolicy { safety_stock: SafetyStock::Units(Quantity::whole(units)), ..policy.clone() }), n, 3).quantity;
            prop_assert!(with(less + more) <= with(less));
        }

    }
}
