//! When figures contain an order line, and what revisions and cancellations do.

#[cfg(test)]
mod cases {
    use crate::common::*;
    use omnistock_engine::evaluate::{Scenario, evaluate};
    use omnistock_words::{Absorb, Basis, ChannelPolicy, GrossNet, PolicyPatch, PriceFloor, PriceRule, SourcePolicy};
    use serde_json::json;

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
              "steps": [{ "step": "pool", "value": "3.5", "because": "berlin 5.5 at 11:35 from erp; −1 at 11:40; −1 reserved until 13:00" }] },
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
}
