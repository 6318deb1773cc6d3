//! Bundles whose parts differ: by place, by what is known of them, and by how old it is.

#[cfg(test)]
mod cases {
    use crate::common::script::*;
    use crate::common::{now, quantity};
    use omnistock_engine::{Documents, Offer, Promise, Reason, State, StepName, apply, explained};
    use omnistock_words::Sku;

    /// `SET` of one A and one B, at a shop with two places.
    fn promised(policy: &str, text: &str) -> Promise {
        let settings = world(&format!(
            "source erp physical by_reference max_age=10m stale=only_decrease
             place one
             place two
             channel shop one,two {policy}
             bundle SET A=1 B=1"
        ));
        let mut documents = Documents::default();
        for fact in facts(text) {
            let event = serde_json::from_value(fact).unwrap();
            drop(apply(&settings, &mut documents, &event, now()));
        }
        let (shop, sku) = ("shop".parse().unwrap(), "SET".parse().unwrap());
        explained(&settings, &documents, &shop, &sku, Offer::default(), now())
    }

    #[test]
    fn where_all_has_to_come_from_one_place_what_is_missing_comes_off_the_best() {
        let sold = "stock erp 11:55 one:A=0 two:A=10 one:B=10 two:B=4
            order shop/1 r1 open 11:56 1:A=3,location=one";
        let complete = promised(r#"{"ship_complete":true}"#, sold);
        assert_eq!(
            complete.quantity,
            Some(quantity("1")),
            "four at the second place, three are owed"
        );
        assert_eq!(promised("", sold).quantity, Some(quantity("7")));
    }

    #[test]
    fn one_unknown_part_makes_the_bundle_unknown() {
        let part = |text: &str| promised("", text).state;
        assert_eq!(part("stock erp 11:55 partial one:A=0 one:B=0"), State::OutOfStock);
        assert_eq!(part("stock erp 11:55 partial one:A=0"), State::Unknown);
        assert_eq!(part("stock erp 11:55 partial one:B=0"), State::Unknown);
        assert_eq!(part("stock erp 11:55 partial one:C=1"), State::Unknown);
    }

    #[test]
    fn one_old_part_lets_the_bundle_only_fall() {
        let falls = |text: &str| promised("", text).only_decrease;
        assert!(!falls("stock erp 11:55 partial one:A=2 one:B=9"));
        for (one, other) in [("one:A=2", "one:B=9"), ("one:B=9", "one:A=2")] {
            assert!(
                falls(&format!(
                    "stock erp 11:40 partial {one}\nstock erp 11:55 partial {other}"
                )),
                "{one}"
            );
        }
    }

    #[test]
    fn the_split_over_places_goes_by_whole_bundles() {
        let promise = promised("", "stock erp 11:55 one:A=2 two:A=4 one:B=10 two:B=1");
        assert_eq!(promise.quantity, Some(quantity("6")));
        let split: Vec<_> = promise
            .split
            .iter()
            .map(|(place, units)| format!("{place} {units}"))
            .collect();
        assert_eq!(split, ["one 5", "two 1"]);
    }

    #[test]
    fn of_parts_that_allow_the_same_the_first_is_named() {
        for (a, b, named) in [(3, 3, "A"), (4, 3, "B"), (3, 4, "A")] {
            let promise = promised("", &format!("stock erp 11:55 one:A={a} one:B={b}"));
            let step = promise.steps.iter().find(|step| step.step == StepName::Bundle).unwrap();
            let sku: Sku = named.parse().unwrap();
            assert_eq!(step.because, Reason::Bundle(Some(sku)), "{a} {b}");
        }
    }
}
