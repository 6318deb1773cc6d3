//! The worked cases with the right answer: rules in vendors' manuals.

#[cfg(test)]
mod cases {
    use crate::common::*;
    use omnistock_words::{ChannelPolicy, Percent, SafetyStock};
    use serde_json::Value;

    /// One place, one channel with a policy, a stock: what is shown.
    fn simple(policy: ChannelPolicy, there: &str) -> Value {
        let mut s = merchant();
        places(&mut s, &["one"]);
        channel(&mut s, "shop", &["one"], policy);
        shown(&s, &[stock(&[("A", "one", there)])], "shop", "A")
    }

    #[test]
    fn rules_of_manuals() {
        let plain = ChannelPolicy::default;
        let share = |percent| ChannelPolicy {
            share: Some(Percent::whole(percent)),
            ..plain()
        };
        let stop = || ChannelPolicy {
            stop_at: Some(quantity("5")),
            ..plain()
        };
        let less = |n| ChannelPolicy {
            safety_stock: units(n),
            ..plain()
        };
        let chain = ChannelPolicy {
            sku_safety_stock: units("5"),
            safety_stock: units("5"),
            ..plain()
        };
        let capped = || ChannelPolicy {
            max_shown: Some(quantity("10")),
            ..plain()
        };
        for (policy, there, expected) in [
            (stop(), "40", "40"),
            (stop(), "4", "0"),
            (stop(), "5", "0"),
            (capped(), "200", "10"),
            (capped(), "9", "9"),
            (share(90), "10", "9"),
            (share(90), "1", "0"),
            (share(40), "2", "0"),
            (share(50), "3", "1"),
            (less("1"), "5", "4"),
            (less("5"), "5", "0"),
            (chain, "50", "40"),
            (
                ChannelPolicy {
                    safety_stock: SafetyStock::Share(Percent::whole(5)),
                    ..plain()
                },
                "10",
                "9",
            ),
            (
                ChannelPolicy {
                    factor: quantity("6"),
                    ..plain()
                },
                "20",
                "3",
            ),
            (ChannelPolicy { decimals: 2, ..plain() }, "8.567", "8.56"),
            (plain(), "-3", "0"),
        ] {
            assert_eq!(simple(policy.clone(), there), expected, "{there} {policy:?}");
        }
    }

    #[test]
    fn available_is_physical_less_open_orders() {
        let mut s = merchant();
        places(&mut s, &["one"]);
        channel(&mut s, "shop", &["one"], ChannelPolicy::default());
        let mut events = vec![stock(&[("A", "one", "12")]), order("shop", 1, &[("A", "2")])];
        assert_eq!(shown(&s, &events, "shop", "A"), "10");
        events.push(order("shop", 2, &[("A", "1")]));
        assert_eq!(shown(&s, &events, "shop", "A"), "9");
    }

    #[test]
    fn bundles_and_ship_complete() {
        for (ship_complete, expected) in [(true, "0"), (false, "5")] {
            let mut s = merchant();
            places(&mut s, &["one", "two"]);
            channel(
                &mut s,
                "shop",
                &["one", "two"],
                ChannelPolicy {
                    ship_complete,
                    ..ChannelPolicy::default()
                },
            );
            bundle(&mut s, "SET", &[("A", "1"), ("B", "1")]);
            let events = [stock(&[("A", "one", "5"), ("B", "two", "5")])];
            assert_eq!(shown(&s, &events, "shop", "SET"), expected);
        }
        let mut s = merchant();
        places(&mut s, &["one"]);
        channel(&mut s, "shop", &["one"], ChannelPolicy::default());
        bundle(&mut s, "SET", &[("A", "2"), ("B", "1")]);
        assert_eq!(
            shown(&s, &[stock(&[("A", "one", "10"), ("B", "one", "50")])], "shop", "SET"),
            "5"
        );
    }

    #[test]
    fn shares_that_add_up() {
        for (there, shares, expected) in [
            ("100", ["33.34%", "33.33%", "33.33%"], ["34", "33", "33"]),
            ("10", ["16.67%", "33.33%", "50%"], ["2", "3", "5"]),
            ("1000", ["10%", "20%", "70%"], ["100", "200", "700"]),
        ] {
            let mut s = merchant();
            places(&mut s, &["one"]);
            for (name, share) in ["a", "b", "c"].into_iter().zip(shares) {
                let share = Some(share.parse().unwrap());
                channel(
                    &mut s,
                    name,
                    &["one"],
                    ChannelPolicy {
                        share,
                        ..ChannelPolicy::default()
                    },
                );
            }
            let events = [stock(&[("A", "one", there)])];
            let shown = ["a", "b", "c"].map(|name| shown(&s, &events, name, "A"));
            assert_eq!(shown, expected);
        }
    }
}
