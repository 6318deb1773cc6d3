//! What a promise says beside its number: which rule set a step and why, the state, and listings that share.

#[cfg(test)]
mod cases {
    use crate::common::offers;
    use crate::common::script::*;
    use crate::common::{now, quantity};
    use omnistock_engine::{
        Documents, Offer, Promise, Reason, State, StepName, apply, explained, promise, promise_listing, promises,
    };
    use omnistock_words::{ChannelPolicy, ListingId, Quantity, SafetyStock, SameSku, Settings};

    const ONE_SHOP: &str = "source erp physical by_reference
        place one
        channel shop one";
    const TEN: &str = "stock erp 11:40 one:A=10";

    fn known(settings: &Settings, text: &str) -> Documents {
        let mut documents = Documents::default();
        for event in facts(text) {
            let event = serde_json::from_value(event).unwrap();
            drop(apply(settings, &mut documents, &event, now()));
        }
        documents
    }

    /// The SKU `A` at `shop`, with reasons.
    fn told(world_: &str, text: &str) -> Promise {
        let settings = world(world_);
        let documents = known(&settings, text);
        let (shop, sku) = ("shop".parse().unwrap(), "A".parse().unwrap());
        explained(&settings, &documents, &shop, &sku, Offer::default(), now())
    }

    /// What each of `L0`, `L1`, … shows of ten units.
    fn shown(world_: &str, count: usize) -> Vec<Quantity> {
        let settings = world(world_);
        let (documents, all) = (known(&settings, TEN), offers::listings(count));
        let of = |listing: &ListingId| {
            let (shop, sku) = ("shop".parse().unwrap(), "A".parse().unwrap());
            let offer = Offer {
                listing: Some(listing),
                all: &all,
            };
            promise_listing(&settings, &documents, &shop, &sku, offer, now())
        };
        all.iter().map(|listing| of(listing).quantity.unwrap()).collect()
    }

    #[test]
    fn a_step_names_the_rule_that_set_it_and_no_other_step_does() {
        for (set, by) in [
            (r#"{"locations":["one"]}"#, StepName::Pool),
            (r#"{"ship_complete":true}"#, StepName::Pool),
            (r#"{"share":"50%"}"#, StepName::Allocation),
            (r#"{"safety_stock":{"units":"1"}}"#, StepName::SafetyStock),
            (r#"{"sku_safety_stock":{"units":"1"}}"#, StepName::SafetyStock),
            (r#"{"backorder_limit":{"units":"1"}}"#, StepName::Backorder),
            (r#"{"preorder_limit":{"units":"1"}}"#, StepName::Backorder),
            (r#"{"stop_at":"1"}"#, StepName::StopAt),
            (r#"{"decimals":1}"#, StepName::SalesUnits),
            (r#"{"pack_size":"2"}"#, StepName::SalesUnits),
            (r#"{"factor":"2"}"#, StepName::SalesUnits),
            (r#"{"max_shown":"4"}"#, StepName::MaxShown),
        ] {
            let promise = told(&format!("{ONE_SHOP}\nrule A shop {set}"), TEN);
            for step in &promise.steps {
                assert_eq!(step.set_by, (step.step == by).then_some(0), "{set}: {step:?}");
            }
        }
    }

    #[test]
    fn a_cap_that_is_just_reached_changes_nothing() {
        for (cap, reason) in [("9", Reason::Cap(quantity("9"))), ("10", Reason::Unchanged)] {
            let promise = told(&format!("{ONE_SHOP} {{\"max_shown\":\"{cap}\"}}"), TEN);
            let last = promise.steps.last().unwrap();
            assert_eq!((last.step, &last.because), (StepName::MaxShown, &reason));
        }
    }

    #[test]
    fn what_is_sold_without_being_there_is_a_preorder_only_beyond_what_may_be_ordered_back() {
        for (backorder, preorder, state) in [
            ("5", "5", State::Backorder),
            ("5", "6", State::Preorder),
            ("5", "4", State::Backorder),
        ] {
            let policy =
                format!(r#"{{"backorder_limit":{{"units":"{backorder}"}},"preorder_limit":{{"units":"{preorder}"}}}}"#);
            let promise = told(&format!("{ONE_SHOP} {policy}"), "stock erp 11:40 one:A=0");
            assert_eq!(promise.state, state, "{backorder} {preorder}");
        }
    }

    #[test]
    fn units_that_are_missing_come_off_the_stock_behind_and_what_is_withheld_is_told() {
        let world = format!(
            r#"{ONE_SHOP} {{"same_sku":"split","safety_stock":{{"units":"3"}},"sku_safety_stock":{{"units":"1"}}}}"#
        );
        let there = told(&world, TEN);
        assert_eq!((there.stock, there.withheld), (Some(quantity("10")), quantity("4")));
        let missing = told(&world, "stock erp 11:40 one:A=2\norder shop/7 r1 open 11:45 1:A=5");
        assert!(missing.stock.unwrap().is_negative(), "{missing:?}");
        assert_eq!(missing.withheld, Quantity::ZERO);
    }

    #[test]
    fn listings_share_what_is_there_under_the_rules_that_name_none_of_them() {
        let split = format!(r#"{ONE_SHOP} {{"same_sku":"split"}}"#);
        let whole = |n: &[i64]| n.iter().copied().map(Quantity::whole).collect::<Vec<_>>();
        assert_eq!(shown(&split, 2), whole(&[5, 5]));
        let held = |n| format!("{split}\nrule listing=L1 shop {{\"safety_stock\":{{\"units\":\"{n}\"}}}}");
        assert_eq!(shown(&held(8), 2), whole(&[5, 2]), "at most its own number");
        assert_eq!(shown(&held(4), 2), whole(&[5, 5]));
        assert_eq!(shown(&held(4), 1), whole(&[10]), "a single one shares with nobody");
    }

    /// Units held back at the first of so many listings, where only the channel itself has sold.
    fn held_back(same_sku: SameSku, count: usize) -> Quantity {
        let adaptive = SafetyStock::Adaptive {
            chance: "1%".parse().unwrap(),
            max: quantity("50"),
        };
        let policy = ChannelPolicy {
            same_sku,
            safety_stock: adaptive,
            ..ChannelPolicy::default()
        };
        let settings = offers::counters(&[policy], &[&offers::PLACES_IN_POOL]);
        let documents = offers::documents(&settings, (500, 0), &[8; 20]);
        let promise = &offers::offered(&settings, &documents, &offers::listings(count))[0];
        promise.held.unwrap().units
    }

    #[test]
    fn listings_that_each_show_it_all_do_not_see_each_others_sales() {
        let nobody_else = held_back(SameSku::Same, 1);
        assert_eq!(held_back(SameSku::Split, 2), nobody_else);
        assert!(held_back(SameSku::Same, 2) > nobody_else);
    }

    #[test]
    fn nothing_is_held_back_of_nothing() {
        let held = told(
            &format!(r#"{ONE_SHOP} {{"safety_stock":{{"units":"3"}}}}"#),
            "stock erp 11:40 one:A=0",
        );
        let step = held.steps.iter().find(|step| step.step == StepName::SafetyStock);
        assert_eq!(step.unwrap().because, Reason::Unchanged);
    }

    #[test]
    fn a_single_listing_has_no_step_for_sharing() {
        let split = format!(r#"{ONE_SHOP} {{"same_sku":"split"}}"#);
        let named = format!("{split}\nrule listing=L7 shop {{\"max_shown\":\"4\"}}");
        let (shop, sku) = ("shop".parse().unwrap(), "A".parse().unwrap());
        for (text, count, told) in [
            (&split, 1, false),
            (&split, 2, true),
            (&named, 1, false),
            (&named, 2, true),
        ] {
            let settings = world(text);
            let documents = known(&settings, TEN);
            let all = offers::listings(count);
            let offer = Offer {
                listing: all.first(),
                all: &all,
            };
            let promise = explained(&settings, &documents, &shop, &sku, offer, now());
            let shares = promise.steps.iter().any(|step| step.step == StepName::SameSku);
            assert_eq!(shares, told, "{count}");
        }
    }

    #[test]
    fn all_channels_at_once_are_promised_what_each_is_by_itself() {
        let settings = world(
            r#"source erp physical by_reference
            place one
            place two
            channel shop one {"share":"70%"}
            channel market one {"share":"30%","decimals":1}
            channel fair two {"share":"20%"}
            channel rest one,two {"safety_stock":{"units":"1"}}"#,
        );
        let documents = known(&settings, "stock erp 11:40 one:A=10.5 two:A=7");
        let sku = "A".parse().unwrap();
        let together = promises(&settings, &documents, &sku, now());
        assert_eq!(together.len(), 4);
        for (channel, promised) in together {
            assert_eq!(
                promised,
                promise(&settings, &documents, &channel, &sku, now()),
                "{channel}"
            );
        }
    }

    #[test]
    fn bundles_that_are_owed_come_off_what_may_be_ordered_back() {
        let settings = world(&format!(
            "{ONE_SHOP} {{\"backorder_limit\":{{\"units\":\"10\"}}}}\nbundle SET A=2"
        ));
        for (sold, left) in [(3, "10"), (5, "9"), (6, "9"), (7, "8")] {
            let events = facts(&format!(
                "stock erp 11:40 one:A=4\norder shop/1 r1 open 11:45 1:A={sold}"
            ));
            assert_eq!(answer(&settings, &events, "shop SET"), left, "{sold}");
        }
    }
}
