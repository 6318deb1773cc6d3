//! Figures, movements, reservations and carved places.

#[cfg(test)]
mod cases {
    use crate::common::*;
    use omnistock_words::{Basis, Carve, ChannelPolicy, LocationPolicy, Missing, Percent, SourcePolicy, Stale};
    use serde_json::{Value, json};

    #[test]
    fn short_lowers_every_pool_that_could_have_served_it() {
        let mut s = berlin(SourcePolicy::new(Basis::Physical));
        channel(&mut s, "both", &["berlin", "hamburg"], ChannelPolicy::default());
        channel(&mut s, "north", &["hamburg"], ChannelPolicy::default());
        let events = [
            at(40, &[("A", "berlin", "3"), ("A", "hamburg", "9")]),
            order("shop", 0, &[("A", "5")]),
        ];
        let values = ["shop", "both", "north"].map(|channel| step(&s, &events, channel, "A", "pool"));
        assert_eq!(values, ["-2", "7", "9"]);
        holds(
            &json!({ "lines": [{ "short": "2" }] }),
            &ask(&s, &events, &json!({ "channel": "shop", "order": "0" })),
        );
    }

    #[test]
    fn short_lowers_a_place_where_another_line_could_make_room() {
        let mut s = berlin(SourcePolicy::new(Basis::Physical));
        channel(&mut s, "both", &["berlin", "hamburg"], ChannelPolicy::default());
        channel(&mut s, "north", &["hamburg"], ChannelPolicy::default());
        let mut first = order("both", 0, &[("A", "1")]);
        first["channel"] = json!("both");
        let events = [
            at(40, &[("A", "berlin", "2"), ("A", "hamburg", "2")]),
            first,
            order("shop", 1, &[("A", "3")]),
        ];
        // Four are there and four are sold: `both` took berlin's, where `shop` now lacks two, one of
        // which hamburg could give in its place. Nobody may be promised that one.
        let value = step(&s, &events, "north", "A", "pool");
        let value: i64 = value.as_str().unwrap().parse().unwrap();
        assert!(value <= 0, "{value}");
    }

    #[test]
    fn a_negative_place_eats_nobody_elses_stock() {
        let mut s = berlin(SourcePolicy::new(Basis::Physical));
        channel(&mut s, "shop", &["berlin", "hamburg"], ChannelPolicy::default());
        let events = [
            at(40, &[("A", "berlin", "-4"), ("A", "hamburg", "9")]),
            order("shop", 0, &[("A", "5")]),
        ];
        assert_eq!(pool(&s, &events), "4");
        assert_eq!(
            ask(&s, &events, &json!({ "location": "berlin", "sku": "A" }))["sellable"],
            "-4"
        );
    }

    #[test]
    fn figures_of_one_instant_the_lower_and_old_ones_never() {
        let s = berlin(SourcePolicy::new(Basis::Physical));
        let (seven, four) = (at(40, &[("A", "berlin", "7")]), at(40, &[("A", "berlin", "4")]));
        assert_eq!(pool(&s, &[seven.clone(), four.clone()]), "4");
        assert_eq!(pool(&s, &[four.clone(), seven]), "4");
        assert_eq!(pool(&s, &[four.clone(), at(39, &[("A", "berlin", "9")])]), "4");
        let out = run(&s, &[four, at(39, &[("A", "berlin", "9")])], &[]);
        assert_eq!(
            out["complaints"],
            json!(["erp reported A at berlin as of 2026-01-05T11:39:00Z, older than what is known; ignored"])
        );
        let mut future = at(40, &[("A", "berlin", "8")]);
        future["as_of"] = json!("2027-01-01T00:00:00Z");
        let out = run(&s, &[future], &[json!({ "channel": "shop", "sku": "A" })]);
        holds(&json!({ "answers": [{ "quantity": "8" }] }), &out);
        assert_eq!(out["complaints"].as_array().unwrap().len(), 1);
    }

    #[test]
    fn a_missing_row_keeps_its_figure_or_runs_out() {
        let others = |minute| at(minute, &[("B", "berlin", "1")]);
        let events = [
            at(40, &[("A", "berlin", "7"), ("B", "berlin", "1")]),
            others(41),
            others(42),
        ];
        assert_eq!(pool(&berlin(SourcePolicy::new(Basis::Physical)), &events), "7");
        for (times, left) in [(3, "7"), (2, "0"), (1, "0")] {
            let s = berlin(SourcePolicy {
                missing: Missing::ZeroAfter(times),
                ..SourcePolicy::new(Basis::Physical)
            });
            assert_eq!(pool(&s, &events), left, "{times}");
            let late = [events[0].clone(), events[2].clone(), events[1].clone()];
            assert_eq!(pool(&s, &late), left, "{times}, turned");
            assert_eq!(
                pool(&s, &[events.to_vec(), vec![at(43, &[("A", "berlin", "6")])]].concat()),
                "6"
            );
        }
        let s = berlin(SourcePolicy {
            stale: Stale::ZeroAfter(600_000),
            ..SourcePolicy::new(Basis::Physical)
        });
        assert_eq!(
            (
                pool(&s, &[at(49, &[("A", "berlin", "7")])]),
                pool(&s, &[at(50, &[("A", "berlin", "7")])])
            ),
            (json!("0"), json!("7"))
        );
    }

    #[test]
    fn a_movement_counts_once_and_ends_with_the_next_figure() {
        let s = berlin(SourcePolicy::new(Basis::Physical));
        let moved = |id: &str, n: &str, minute: u32| json!({ "type": "movement", "source": "erp", "id": id, "sku": "A", "location": "berlin", "quantity": n, "at": format!("2026-01-05T11:{minute:02}:00Z") });
        let report = |minute| at(minute, &[("A", "berlin", "10")]);
        assert_eq!(
            pool(
                &s,
                &[
                    report(40),
                    moved("1", "-3", 45),
                    moved("1", "-3", 45),
                    moved("2", "1", 40)
                ]
            ),
            "7"
        );
        assert_eq!(pool(&s, &[moved("1", "-3", 45), report(40), report(45)]), "10");
        // While a read runs, only what lowers counts.
        let mut slow = report(40);
        slow["read_until"] = json!("2026-01-05T11:44:00Z");
        assert_eq!(
            pool(
                &s,
                &[slow, moved("1", "-3", 43), moved("2", "5", 43), moved("3", "2", 45)]
            ),
            "9"
        );
    }

    #[test]
    fn a_return_comes_back_only_where_it_is_put() {
        let s = berlin(SourcePolicy::new(Basis::Physical));
        let returned = |place: Option<&str>| {
            let mut report = status(3, "returned", 45);
            if let Some(place) = place {
                report["lines"][0]["restock_location"] = json!(place);
            }
            report
        };
        let events = |place| {
            [
                at(40, &[("A", "berlin", "8")]),
                status(1, "open", 30),
                absorbed("2", 40),
                returned(place),
            ]
        };
        assert_eq!(pool(&s, &events(None)), "8");
        assert_eq!(pool(&s, &events(Some("berlin"))), "10");
        assert_eq!(
            pool(
                &s,
                &[events(Some("berlin")).to_vec(), vec![at(46, &[("A", "berlin", "10")])]].concat()
            ),
            "10"
        );
    }

    #[test]
    fn a_line_consumes_its_reservation_whichever_comes_first() {
        let s = berlin(SourcePolicy::new(Basis::Physical));
        let mut sold = order("shop", 0, &[("A", "3")]);
        sold["lines"][0]["reservation"] = json!("r");
        let (report, aside) = (
            at(40, &[("A", "berlin", "10")]),
            reservation("r", "A", ("location", "berlin"), "5"),
        );
        assert_eq!(pool(&s, &[report.clone(), aside.clone(), sold.clone()]), "5");
        assert_eq!(pool(&s, &[report, sold, aside]), "5");
    }

    #[test]
    fn a_reservation_that_does_not_fit_changes_nothing() {
        let mut s = berlin(SourcePolicy::new(Basis::Physical));
        location(
            &mut s,
            "berlin",
            LocationPolicy {
                safety_stock: quantity("2"),
                ..LocationPolicy::default()
            },
        );
        let report = at(40, &[("A", "berlin", "10")]);
        let events = [
            report,
            reservation("r", "A", ("location", "berlin"), "8"),
            reservation("r", "A", ("location", "berlin"), "9"),
        ];
        let out = run(&s, &events, &[json!({ "location": "berlin", "sku": "A" })]);
        holds(
            &json!({ "answers": [{ "sellable": "2" }], "refused": [{ "id": "r", "because": "at most 8 can be set aside" }] }),
            &out,
        );
        assert_eq!(out["refused"].as_array().unwrap().len(), 1);
    }

    #[test]
    fn carved_places_make_separate_overflowing_and_shared_pools() {
        let mut s = berlin(SourcePolicy::new(Basis::Physical));
        let carve = |carve| LocationPolicy {
            part_of: Some("berlin".parse().unwrap()),
            carve: Some(carve),
            ..LocationPolicy::default()
        };
        location(&mut s, "berlin_market", carve(Carve::Units(quantity("30"))));
        channel(&mut s, "separate", &["berlin_market"], ChannelPolicy::default());
        channel(
            &mut s,
            "overflow",
            &["berlin_market", "berlin"],
            ChannelPolicy::default(),
        );
        let all = |events: &[Value]| ["separate", "overflow", "shop"].map(|name| shown(&s, events, name, "A"));
        let report = at(40, &[("A", "berlin", "100")]);
        assert_eq!(all(std::slice::from_ref(&report)), ["30", "100", "70"]);
        // Sales never use the carved units up.
        assert_eq!(all(&[report, order("separate", 0, &[("A", "50")])]), ["30", "50", "20"]);
        assert_eq!(all(&[at(40, &[("A", "berlin", "20")])]), ["20", "20", "0"]);
        location(&mut s, "berlin_market", carve(Carve::Share(Percent::whole(30))));
        let events = [at(40, &[("A", "berlin", "9")])];
        assert_eq!(
            ["separate", "overflow", "shop"].map(|name| shown(&s, &events, name, "A")),
            ["2", "9", "7"]
        );
    }

    #[test]
    fn places_hold_back_and_stop() {
        let mut s = berlin(SourcePolicy::new(Basis::Physical));
        location(
            &mut s,
            "berlin",
            LocationPolicy {
                stop_at: Some(quantity("1")),
                ..LocationPolicy::default()
            },
        );
        location(
            &mut s,
            "hamburg",
            LocationPolicy {
                safety_stock: quantity("2"),
                ..LocationPolicy::default()
            },
        );
        channel(&mut s, "shop", &["berlin", "hamburg"], ChannelPolicy::default());
        for (berlin, hamburg, sum) in [("1", "1", "0"), ("2", "5", "5"), ("0", "2", "0")] {
            assert_eq!(
                pool(&s, &[at(40, &[("A", "berlin", berlin), ("A", "hamburg", hamburg)])]),
                sum
            );
        }
    }
}
