//! Containment, revisions, reservations, carved places: what a user of the ledger would notice.

#[cfg(test)]
mod common;

#[cfg(test)]
mod cases {
    use crate::common::*;
    use omnistock_engine::evaluate::{Scenario, evaluate};
    use omnistock_engine::{Complaint, Documents, Event, Lags, OrderKey, apply, due, forget, overdue, promise};
    use omnistock_words::{
        Absorb, Basis, Carve, ChannelPolicy, GrossNet, LocationPolicy, Missing, Percent, PolicyPatch, PriceFloor,
        PriceRule, SafetyStock, Settings, SourcePolicy, Stale,
    };
    use serde_json::{Value, json};

    fn berlin(source: SourcePolicy) -> Settings {
        let mut s = merchant();
        s.sources.insert("erp".parse().unwrap(), source);
        places(&mut s, &["berlin", "hamburg"]);
        channel(&mut s, "shop", &["berlin"], ChannelPolicy::default());
        s
    }

    fn at(minute: u32, rows: &[(&str, &str, &str)]) -> Value {
        let mut report = stock(rows);
        report["as_of"] = json!(format!("2026-01-05T11:{minute:02}:00Z"));
        report
    }

    fn pool(settings: &Settings, events: &[Value]) -> Value {
        step(settings, events, "shop", "A", "pool")
    }

    fn status(revision: u32, status: &str, minute: u32) -> Value {
        let mut report = order("shop", 0, &[("A", "2")]);
        report["revision"] = json!(revision);
        report["status"] = json!(status);
        report["at"] = json!(format!("2026-01-05T11:{minute:02}:00Z"));
        report
    }

    fn absorbed(quantity: &str, minute: u32) -> Value {
        let as_of = format!("2026-01-05T11:{minute:02}:00Z");
        json!({ "type": "absorbed", "source": "erp", "channel": "shop", "order": "0", "line": "0", "quantity": quantity, "as_of": as_of })
    }

    #[test]
    fn the_example_of_the_manual() {
        let mut s = berlin(SourcePolicy::new(Basis::Physical));
        list(&mut s, "retail", GrossNet::Gross);
        let price = PriceRule {
            list: Some("retail".parse().unwrap()),
            floor: Some(PriceFloor::None),
            ..PriceRule::default()
        };
        rule(
            &mut s,
            "*",
            PolicyPatch {
                price,
                ..PolicyPatch::default()
            },
        );
        let scenario: Scenario = serde_json::from_value(json!({ "now": "2026-01-05T12:00:00Z",
            "events": [
                { "type": "stock", "source": "erp", "complete": true, "basis": "physical", "as_of": "2026-01-05T11:35:00Z",
                  "rows": [{ "sku": "A", "location": "berlin", "quantity": "5.5" }] },
                { "type": "order", "channel": "shop", "order": "1001", "revision": 1, "status": "open",
                  "placed_at": "2026-01-05T11:30:00Z", "at": "2026-01-05T11:30:02Z", "lines": [{ "line": "1", "sku": "A", "quantity": "2" }] },
                { "type": "absorbed", "source": "erp", "channel": "shop", "order": "1001", "line": "1", "quantity": "2" },
                { "type": "movement", "source": "erp", "id": "m-1", "sku": "A", "location": "berlin", "quantity": "-1", "at": "2026-01-05T11:40:00Z" },
                { "type": "reservation", "id": "r-1", "sku": "A", "location": "berlin", "quantity": "1", "expires_at": "2026-01-05T13:00:00Z" },
                { "type": "price", "source": "erp", "list": "retail", "sku": "A", "amount": "19.90", "currency": "EUR" } ],
            "ask": [{ "channel": "shop", "sku": "A" }, { "channel": "shop", "order": "1001" }, { "location": "berlin", "sku": "A" }] }))
        .unwrap();
        let out = serde_json::to_value(evaluate(&s, &scenario).unwrap()).unwrap();
        holds(
            &json!({ "answers": [
            { "channel": "shop", "sku": "A", "quantity": "3", "state": "in_stock", "price": { "amount": "19.90", "currency": "EUR" },
              "steps": [{ "step": "pool", "value": "3.5", "because": "berlin 5.5 at 2026-01-05T11:35:00Z from erp; −1 reserved; −1 moved" }] },
            { "channel": "shop", "order": "1001", "lines": [{ "line": "1", "contained": "2", "sourced": [], "short": "0" }] },
            { "location": "berlin", "sku": "A", "sellable": "3.5" } ], "refused": [], "held": [] }),
            &out,
        );
    }

    #[test]
    fn undeclared_names_are_refused() {
        let s = berlin(SourcePolicy::new(Basis::Physical));
        let scenario =
            json!({ "now": NOW, "events": [stock(&[("A", "berln", "1")])], "ask": [{ "channel": "shp", "sku": "A" }] });
        let error = evaluate(&s, &serde_json::from_value(scenario).unwrap())
            .unwrap_err()
            .to_string();
        assert_eq!(
            error,
            "the scenario uses names that the configuration does not declare: channel `shp`, location `berln`"
        );
    }

    #[test]
    fn by_reference_the_statement_decides() {
        let s = berlin(SourcePolicy::new(Basis::Physical));
        let report = at(40, &[("A", "berlin", "10")]);
        let sold = status(1, "open", 30);
        assert_eq!(pool(&s, &[report.clone(), sold.clone()]), "8");
        // Early, late, partial, too much, and as of a figure that is not here yet.
        for (said, left) in [
            (absorbed("2", 40), "10"),
            (absorbed("1", 40), "9"),
            (absorbed("5", 35), "10"),
            (absorbed("2", 41), "8"),
        ] {
            assert_eq!(pool(&s, &[said.clone(), report.clone(), sold.clone()]), left, "{said}");
            assert_eq!(pool(&s, &[sold.clone(), report.clone(), said.clone()]), left, "{said}");
        }
        // The newest wins, ties to the smaller.
        let said = [absorbed("2", 38), absorbed("1", 39), absorbed("2", 39)];
        assert_eq!(pool(&s, &[[report, sold].as_slice(), said.as_slice()].concat()), "9");
    }

    #[test]
    fn a_shipped_line_still_counts_until_contained() {
        let s = berlin(SourcePolicy::new(Basis::Physical));
        let report = at(40, &[("A", "berlin", "10")]);
        assert_eq!(
            pool(&s, &[report.clone(), status(1, "open", 30), status(2, "shipped", 35)]),
            "8"
        );
        let by_status = berlin(SourcePolicy {
            absorb: Absorb::ByStatus,
            ..SourcePolicy::new(Basis::Physical)
        });
        for (minute, left) in [(35, "10"), (40, "10"), (41, "8")] {
            assert_eq!(
                pool(&by_status, &[report.clone(), status(2, "shipped", minute)]),
                left,
                "{minute}"
            );
        }
        // A later edit of the shipped order does not date its shipping anew; an older report may come late.
        let edits = [
            report.clone(),
            status(3, "shipped", 50),
            status(2, "shipped", 35),
            status(1, "open", 30),
        ];
        assert_eq!(pool(&by_status, &edits), "10");
        let reopened = [
            report,
            status(2, "shipped", 35),
            status(3, "open", 38),
            status(4, "shipped", 50),
        ];
        assert_eq!(pool(&by_status, &reopened), "8");
    }

    #[test]
    fn by_delay_and_never() {
        let report = at(40, &[("A", "berlin", "10")]);
        for (absorb, left) in [
            (Absorb::ByDelay(600_000), "10"),
            (Absorb::ByDelay(660_000), "8"),
            (Absorb::Never, "8"),
        ] {
            let s = berlin(SourcePolicy {
                absorb,
                ..SourcePolicy::new(Basis::Physical)
            });
            assert_eq!(pool(&s, &[report.clone(), status(1, "open", 30)]), left, "{absorb:?}");
        }
        let s = berlin(SourcePolicy {
            absorb: Absorb::ByStatus,
            ..SourcePolicy::new(Basis::NetOfOrders)
        });
        for (minute, left) in [(40, "10"), (41, "8")] {
            assert_eq!(pool(&s, &[report.clone(), status(1, "open", minute)]), left);
        }
    }

    #[test]
    fn before_the_cutover_only_the_status_tells() {
        let cutover = Some("2026-01-05T11:45:00Z".parse().unwrap());
        let report = at(50, &[("A", "berlin", "10")]);
        for (absorb, state, left) in [
            (Absorb::ByDelay(0), "open", "8"),
            (Absorb::ByReference, "open", "8"),
            (Absorb::ByReference, "shipped", "10"),
            (Absorb::Never, "shipped", "10"),
        ] {
            let s = berlin(SourcePolicy {
                absorb,
                cutover,
                ..SourcePolicy::new(Basis::Physical)
            });
            assert_eq!(
                pool(&s, &[report.clone(), status(1, state, 31)]),
                left,
                "{absorb:?} {state}"
            );
        }
    }

    #[test]
    fn by_delay_waits_for_every_source_a_line_could_come_from() {
        let mut s = berlin(SourcePolicy {
            absorb: Absorb::ByDelay(0),
            ..SourcePolicy::new(Basis::Physical)
        });
        s.sources.insert(
            "wms".parse().unwrap(),
            SourcePolicy {
                absorb: Absorb::ByDelay(0),
                ..SourcePolicy::new(Basis::Physical)
            },
        );
        channel(&mut s, "shop", &["berlin", "hamburg"], ChannelPolicy::default());
        let mut other = at(20, &[("A", "hamburg", "5")]);
        other["source"] = json!("wms");
        let events = [at(40, &[("A", "berlin", "10")]), other.clone(), status(1, "open", 30)];
        assert_eq!(pool(&s, &events), "13");
        other["as_of"] = json!("2026-01-05T11:31:00Z");
        assert_eq!(pool(&s, &[events.to_vec(), vec![other]].concat()), "15");
    }

    #[test]
    fn cancelling_is_final_and_may_come_first() {
        let s = berlin(SourcePolicy::new(Basis::Physical));
        let report = at(40, &[("A", "berlin", "10")]);
        let mut cancel = json!({ "type": "order", "channel": "shop", "order": "0", "status": "cancelled", "placed_at": "2026-01-05T11:30:00Z" });
        assert_eq!(pool(&s, &[report.clone(), cancel.clone(), status(9, "open", 30)]), "10");
        assert_eq!(pool(&s, &[report.clone(), status(9, "open", 30), cancel.clone()]), "10");
        // With a revision it is a report like any other: open again afterwards counts.
        cancel["revision"] = json!(2);
        assert_eq!(pool(&s, &[report.clone(), cancel.clone(), status(1, "open", 30)]), "10");
        assert_eq!(pool(&s, &[report, status(3, "open", 30), cancel]), "8");
    }

    #[test]
    fn a_dropped_line_and_a_changed_article_release() {
        let s = berlin(SourcePolicy::new(Basis::Physical));
        let report = at(40, &[("A", "berlin", "10"), ("B", "berlin", "10")]);
        let mut second = order("shop", 0, &[("B", "1")]);
        second["revision"] = json!(2);
        let events = [report, order("shop", 0, &[("A", "2"), ("A", "3")]), second];
        assert_eq!(
            (shown(&s, &events, "shop", "A"), shown(&s, &events, "shop", "B")),
            (json!("10"), json!("9"))
        );
    }

    #[test]
    fn what_others_ship_touches_nothing() {
        let s = berlin(SourcePolicy::new(Basis::Physical));
        let mut sold = order("shop", 0, &[("A", "2"), ("A", "1")]);
        sold["lines"][0]["fulfilled_by"] = json!("channel");
        let unmapped = json!({ "line": "x", "quantity": "4" });
        sold["lines"].as_array_mut().unwrap().push(unmapped);
        let out = run(
            &s,
            &[at(40, &[("A", "berlin", "10")]), sold],
            &[json!({ "channel": "shop", "sku": "A" })],
        );
        holds(
            &json!({ "answers": [{ "quantity": "9" }], "complaints": ["order shop/0 line x has no SKU; it takes no stock: map the channel's article"] }),
            &out,
        );
    }

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

    fn events(events: &[Value]) -> Vec<Event> {
        events
            .iter()
            .map(|event| serde_json::from_value(event.clone()).unwrap())
            .collect()
    }

    fn applied(settings: &Settings, facts: &[Value]) -> Documents {
        let mut documents = Documents::default();
        for event in events(facts) {
            drop(apply(settings, &mut documents, &event, now()));
        }
        documents
    }

    #[test]
    fn an_order_is_forgotten_when_both_its_lives_have_ended() {
        let s = berlin(SourcePolicy::new(Basis::Physical));
        let key = OrderKey {
            channel: "shop".parse().unwrap(),
            order: "0".parse().unwrap(),
        };
        let report = at(40, &[("A", "berlin", "10")]);
        let (hour, day) = (3_600_000, 86_400_000);
        for (facts, goes) in [
            (vec![status(1, "open", 30)], false),
            (vec![status(1, "open", 30), absorbed("2", 40)], false),
            (vec![status(2, "shipped", 30)], false),
            (vec![status(2, "shipped", 30), absorbed("1", 40)], false),
            (vec![status(2, "shipped", 30), absorbed("2", 40)], true),
            (vec![status(2, "cancelled", 30)], true),
        ] {
            let mut documents = applied(&s, &[vec![report.clone()], facts].concat());
            assert!(!forget(&s, &mut documents, &key, hour, now()));
            assert_eq!(forget(&s, &mut documents, &key, day, now().plus(day)), goes);
            assert_eq!(!documents.orders.contains_key(&key), goes);
            if goes {
                let again = events(&[status(1, "open", 30)]);
                let complaints = apply(&s, &mut documents, &again[0], now());
                assert_eq!(complaints, [Complaint::Forgotten(key.clone())]);
                assert_eq!(
                    promise(&s, &documents, &key.channel, &"A".parse().unwrap(), now()).quantity,
                    Some(quantity("10"))
                );
            }
        }
    }

    #[test]
    fn a_line_that_no_source_takes_over_is_named() {
        let s = berlin(SourcePolicy {
            absorb_alarm: Some(1_200_000),
            ..SourcePolicy::new(Basis::Physical)
        });
        let sku = "A".parse().unwrap();
        let documents = applied(
            &s,
            &[
                at(40, &[("A", "berlin", "10")]),
                status(1, "open", 30),
                absorbed("1", 40),
            ],
        );
        let found = overdue(&s, &documents, &sku, now());
        assert_eq!(
            found.iter().map(|late| late.quantity).collect::<Vec<_>>(),
            [quantity("1")]
        );
        assert_eq!(
            overdue(&s, &documents, &sku, "2026-01-05T11:50:00Z".parse().unwrap()),
            []
        );
    }

    #[test]
    fn what_changes_by_itself_says_when() {
        let mut s = berlin(SourcePolicy {
            stale: Stale::ZeroAfter(3_600_000),
            ..SourcePolicy::new(Basis::Physical)
        });
        let sku = "A".parse().unwrap();
        let facts = [
            at(40, &[("A", "berlin", "10")]),
            reservation("r", "A", ("location", "berlin"), "1"),
        ];
        let documents = applied(&s, &facts);
        assert_eq!(
            due(&s, &documents, &sku, now()),
            Some("2026-01-05T12:40:00.001Z".parse().unwrap())
        );
        let later = "2026-01-05T12:40:00.001Z".parse().unwrap();
        assert_eq!(
            promise(&s, &documents, &"shop".parse().unwrap(), &sku, later).quantity,
            Some(quantity("0"))
        );
        assert_eq!(
            due(&s, &documents, &sku, later),
            Some("2026-01-05T13:00:00Z".parse().unwrap())
        );
        rule(&mut s, "A", PolicyPatch::default());
        s.rules[0].until = Some("2026-01-05T12:10:00Z".parse().unwrap());
        assert_eq!(due(&s, &documents, &sku, now()), s.rules[0].until);
    }

    #[test]
    fn a_step_names_the_rule_that_set_it() {
        let mut s = berlin(SourcePolicy::new(Basis::Physical));
        rule(
            &mut s,
            "A",
            PolicyPatch {
                max_shown: Some(quantity("4")),
                ..PolicyPatch::default()
            },
        );
        rule(
            &mut s,
            "*",
            PolicyPatch {
                safety_stock: Some(units("1")),
                ..PolicyPatch::default()
            },
        );
        let answer = ask(
            &s,
            &[at(40, &[("A", "berlin", "10")])],
            &json!({ "channel": "shop", "sku": "A" }),
        );
        let expected = json!({ "steps": [
            { "step": "safety_stock", "value": "9", "because": "−1 held back", "set_by": "omnistock.toml:2" },
            { "step": "max_shown", "value": "4", "because": "cap 4", "set_by": "omnistock.toml:1" } ] });
        holds(&expected, &answer);
    }

    #[test]
    fn adaptive_safety_stock_follows_sales_and_lags() {
        let mut s = berlin(SourcePolicy::new(Basis::Physical));
        let safety_stock = SafetyStock::Adaptive {
            chance: Percent::whole(1),
            max: quantity("6"),
        };
        channel(
            &mut s,
            "shop",
            &["berlin"],
            ChannelPolicy {
                safety_stock,
                ..ChannelPolicy::default()
            },
        );
        channel(&mut s, "market", &["berlin"], ChannelPolicy::default());
        let shop = "shop".parse().unwrap();
        let mut documents = applied(
            &s,
            &[at(40, &[("A", "berlin", "50")]), order("market", 1, &[("A", "20")])],
        );
        let shown = |documents: &Documents| promise(&s, documents, &shop, &"A".parse().unwrap(), now()).quantity;
        assert_eq!(
            shown(&documents),
            Some(quantity("24")),
            "without measurements its maximum"
        );
        let mut lag = |milliseconds| {
            let lags = Lags {
                order: milliseconds,
                push: 0,
            };
            documents.lags = ["shop", "market"].map(|name| (name.parse().unwrap(), lags)).into();
            shown(&documents)
        };
        // 20 sold in the last hour: 1 s makes 0.006 expected, 90 s makes 0.5, an hour makes 20.
        assert_eq!(
            [lag(1_000), lag(90_000), lag(3_600_000)],
            [Some(quantity("30")), Some(quantity("27")), Some(quantity("24"))]
        );
        documents.last_units.insert("A".parse().unwrap(), shop.clone());
        assert_eq!(
            promise(&s, &documents, &shop, &"A".parse().unwrap(), now()).quantity,
            Some(quantity("24")),
            "not its home"
        );
    }
}
