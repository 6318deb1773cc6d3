//! The worked cases with the right answer: pools, allocations and rules of other systems.
//! Rules of manuals are in `oracle_rules.rs`, price guards in `oracle_prices.rs`, the Poisson quantiles in `safety.rs`; the push protocol is
//! the planner's.

#[cfg(test)]
mod cases {
    use crate::common::*;
    use omnistock_words::{ChannelPolicy, Limit, LocationPolicy, PolicyPatch, Settings, Sourcing};
    use serde_json::{Value, json};

    /// The world of the first table.
    fn world() -> (Settings, Vec<Value>) {
        let mut s = merchant();
        places(&mut s, &["eu_1", "eu_2", "eu_3", "us_1"]);
        location(
            &mut s,
            "eu_off",
            LocationPolicy {
                enabled: false,
                ..LocationPolicy::default()
            },
        );
        channel(
            &mut s,
            "c10",
            &["eu_1", "eu_2", "eu_3", "eu_off"],
            ChannelPolicy::default(),
        );
        channel(&mut s, "c20", &["us_1"], ChannelPolicy::default());
        channel(
            &mut s,
            "c30",
            &["us_1", "eu_off", "eu_3", "eu_2", "eu_1"],
            ChannelPolicy::default(),
        );
        let limit = Some(Limit::Units(quantity("3")));
        rule(
            &mut s,
            "SKU-6",
            PolicyPatch {
                backorder_limit: limit,
                ..PolicyPatch::default()
            },
        );
        let mut report = stock(&[
            ("SKU-1", "eu_1", "5.5"),
            ("SKU-1", "eu_2", "3"),
            ("SKU-1", "eu_off", "10"),
            ("SKU-2", "us_1", "5"),
            ("SKU-4", "eu_2", "6"),
            ("SKU-6", "eu_1", "0"),
        ]);
        for (sku, location, quantity) in [("SKU-1", "eu_3", "10"), ("SKU-3", "eu_2", "6")] {
            let row = json!({ "sku": sku, "location": location, "quantity": quantity, "sellable": false });
            report["rows"].as_array_mut().unwrap().push(row);
        }
        (s, vec![report])
    }

    fn patched(sku: &str, patch: PolicyPatch) -> (Settings, Vec<Value>) {
        let (mut s, events) = world();
        rule(&mut s, sku, patch);
        (s, events)
    }

    #[test]
    fn pools_of_three_channels() {
        let (s, events) = world();
        for (sku, c10, c20, c30) in [
            ("SKU-1", "8.5", "0", "8.5"),
            ("SKU-2", "0", "5", "5"),
            ("SKU-3", "0", "0", "0"),
        ] {
            for (channel, expected) in [("c10", c10), ("c20", c20), ("c30", c30)] {
                assert_eq!(step(&s, &events, channel, sku, "pool"), expected, "{sku} on {channel}");
            }
        }
        holds(
            &json!({ "quantity": "3", "state": "backorder" }),
            &ask(&s, &events, &json!({ "channel": "c10", "sku": "SKU-6" })),
        );
    }

    #[test]
    fn a_revision_replaces_the_order() {
        let (s, mut events) = world();
        events.push(order("c10", 1, &[("SKU-1", "5")]));
        assert_eq!(step(&s, &events, "c10", "SKU-1", "pool"), "3.5");
        let mut second = order("c10", 1, &[("SKU-1", "3.5")]);
        second["revision"] = json!(2);
        events.push(second);
        assert_eq!(step(&s, &events, "c10", "SKU-1", "pool"), "5");
        assert_eq!(shown(&s, &events, "c10", "SKU-1"), "5");
    }

    #[test]
    fn sold_out_and_sold_twice() {
        let (s, base) = world();
        let mut events = base.clone();
        events.push(order("c10", 1, &[("SKU-1", "8.5")]));
        holds(
            &json!({ "quantity": "0", "state": "out_of_stock" }),
            &ask(&s, &events, &json!({ "channel": "c10", "sku": "SKU-1" })),
        );
        let mut events = base.clone();
        events.extend([
            order("c10", 1, &[("SKU-1", "3.5")]),
            order("c10", 1, &[("SKU-1", "3.5")]),
        ]);
        assert_eq!(shown(&s, &events, "c10", "SKU-1"), "5");
        let mut cancelled = order("c10", 1, &[("SKU-1", "3.5")]);
        (cancelled["status"], cancelled["revision"]) = (json!("cancelled"), json!(2));
        events.push(cancelled);
        assert_eq!(step(&s, &events, "c10", "SKU-1", "pool"), "8.5");
    }

    #[test]
    fn safety_stock_of_five() {
        let (s, mut events) = patched(
            "*",
            PolicyPatch {
                safety_stock: Some(units("5")),
                ..PolicyPatch::default()
            },
        );
        assert_eq!(step(&s, &events, "c10", "SKU-1", "safety_stock"), "3.5");
        assert_eq!(shown(&s, &events, "c10", "SKU-1"), "3");
        assert_eq!(shown(&s, &events, "c20", "SKU-2"), "0");
        events.push(reservation("r-4", "SKU-1", ("channel", "c10"), "4"));
        let out = run(&s, &events, &[json!({ "channel": "c10", "sku": "SKU-1" })]);
        holds(
            &json!({ "refused": [{ "type": "reservation", "id": "r-4", "sku": "SKU-1" }], "answers": [{ "quantity": "3" }] }),
            &out,
        );
        events.push(reservation("r-3", "SKU-1", ("channel", "c10"), "3"));
        assert_eq!(shown(&s, &events, "c10", "SKU-1"), "0");
    }

    #[test]
    fn packs_and_backorders() {
        let (s, events) = patched(
            "SKU-1",
            PolicyPatch {
                pack_size: Some(quantity("3")),
                ..PolicyPatch::default()
            },
        );
        assert_eq!(shown(&s, &events, "c10", "SKU-1"), "6");
        let (s, events) = world();
        assert_eq!(shown(&s, &events, "c10", "SKU-1"), "8");
        let limit = Some(Limit::Units(quantity("4.5")));
        let (s, events) = patched(
            "SKU-1",
            PolicyPatch {
                backorder_limit: limit,
                ..PolicyPatch::default()
            },
        );
        assert_eq!(shown(&s, &events, "c10", "SKU-1"), "13");
    }

    #[test]
    fn lines_are_sourced_by_priority() {
        let (s, mut events) = world();
        events.push(order("c10", 1, &[("SKU-1", "7")]));
        let answer = ask(&s, &events, &json!({ "channel": "c10", "order": "1" }));
        let sourced = json!([{ "location": "eu_1", "quantity": "5.5" }, { "location": "eu_2", "quantity": "1.5" }]);
        holds(
            &json!({ "lines": [{ "line": "0", "contained": "0", "sourced": sourced, "short": "0" }] }),
            &answer,
        );
        events.pop();
        events.push(order("c10", 1, &[("SKU-1", "8"), ("SKU-4", "4")]));
        let answer = ask(&s, &events, &json!({ "channel": "c10", "order": "1" }));
        holds(
            &json!({ "lines": [
            { "sourced": [{ "location": "eu_1", "quantity": "5.5" }, { "location": "eu_2", "quantity": "2.5" }] },
            { "sourced": [{ "location": "eu_2", "quantity": "4" }] } ] }),
            &answer,
        );
    }

    #[test]
    fn bundles_share_their_parts() {
        let (mut s, _) = world();
        bundle(&mut s, "SET-1", &[("A", "3"), ("C", "4")]);
        bundle(&mut s, "SET-2", &[("B", "5"), ("C", "6")]);
        let mut events = vec![stock(&[("A", "eu_1", "10"), ("B", "eu_1", "20"), ("C", "eu_1", "30")])];
        assert_eq!(
            [shown(&s, &events, "c10", "SET-1"), shown(&s, &events, "c10", "SET-2")],
            ["3", "4"]
        );
        events.extend([order("c10", 1, &[("SET-1", "2")]), order("c10", 2, &[("SET-2", "3")])]);
        let left = ["A", "B", "C"].map(|sku| shown(&s, &events, "c10", sku));
        assert_eq!(left, ["4", "5", "4"]);
        assert_eq!(
            [shown(&s, &events, "c10", "SET-1"), shown(&s, &events, "c10", "SET-2")],
            ["1", "0"]
        );
        let parts = json!([{ "sku": "A", "quantity": "6" }, { "sku": "C", "quantity": "8" }]);
        holds(
            &json!({ "lines": [{ "sourced": parts, "short": "0" }] }),
            &ask(&s, &events, &json!({ "channel": "c10", "order": "1" })),
        );
    }

    fn two(sourcing: Sourcing) -> (Settings, Vec<Value>) {
        let mut s = merchant();
        places(&mut s, &["one", "two", "collect"]);
        channel(
            &mut s,
            "shop",
            &["one", "two", "collect"],
            ChannelPolicy {
                sourcing,
                ..ChannelPolicy::default()
            },
        );
        channel(
            &mut s,
            "turned",
            &["two", "one"],
            ChannelPolicy {
                sourcing,
                ..ChannelPolicy::default()
            },
        );
        (s, vec![stock(&[("A", "one", "4"), ("A", "two", "3")])])
    }

    #[test]
    fn sums_orders_and_reservations() {
        let (s, base) = two(Sourcing::Priority);
        assert_eq!(shown(&s, &base, "shop", "A"), "7");
        let with = |more: &[Value]| [base.clone(), more.to_vec()].concat();
        let eight = with(&[reservation("r", "A", ("channel", "shop"), "8")]);
        assert_eq!(run(&s, &eight, &[])["refused"].as_array().unwrap().len(), 1);
        let orders = with(&[
            order("shop", 1, &[("A", "2"), ("A", "1")]),
            order("shop", 2, &[("A", "1")]),
        ]);
        assert_eq!(shown(&s, &orders, "shop", "A"), "3");
        let aside = [("r1", "one", "2"), ("r2", "one", "1"), ("r3", "two", "2")]
            .map(|(id, place, n)| reservation(id, "A", ("location", place), n));
        assert_eq!(shown(&s, &with(&aside), "shop", "A"), "2");
        let both = with(&[
            order("shop", 1, &[("A", "1")]),
            reservation("r", "A", ("location", "two"), "2"),
        ]);
        assert_eq!(shown(&s, &both, "shop", "A"), "4");
        let refused = with(&[
            reservation("r1", "A", ("location", "one"), "2"),
            reservation("r2", "A", ("location", "two"), "1"),
            reservation("r3", "A", ("channel", "shop"), "5"),
        ]);
        let out = run(&s, &refused, &[json!({ "channel": "shop", "sku": "A" })]);
        holds(
            &json!({ "refused": [{ "id": "r3" }], "answers": [{ "quantity": "4" }] }),
            &out,
        );
    }

    #[test]
    fn an_untracked_article_needs_no_stock() {
        let (mut s, _) = two(Sourcing::Priority);
        rule(
            &mut s,
            "*",
            PolicyPatch {
                track: Some(false),
                ..PolicyPatch::default()
            },
        );
        holds(
            &json!({ "quantity": null, "state": "untracked" }),
            &ask(&s, &[], &json!({ "channel": "shop", "sku": "A" })),
        );
    }

    #[test]
    fn what_nobody_reported_is_unknown() {
        let (s, _) = two(Sourcing::Priority);
        holds(
            &json!({ "quantity": null, "state": "unknown" }),
            &ask(&s, &[], &json!({ "channel": "shop", "sku": "A" })),
        );
        let complete = [stock(&[("B", "one", "1")])];
        holds(
            &json!({ "quantity": "0", "state": "out_of_stock" }),
            &ask(&s, &complete, &json!({ "channel": "shop", "sku": "A" })),
        );
    }

    fn sourced(sourcing: Sourcing, channel: &str, line: &Value, rows: &[(&str, &str, &str)]) -> Value {
        let (s, _) = two(sourcing);
        let mut sold = order(channel, 1, &[]);
        sold["lines"] = json!([line]);
        ask(&s, &[stock(rows), sold], &json!({ "channel": channel, "order": "1" }))["lines"][0]["sourced"].clone()
    }

    #[test]
    fn where_units_come_from() {
        let rows = [("A", "one", "4"), ("A", "two", "3")];
        let line = json!({ "line": "1", "sku": "A", "quantity": "5" });
        let found = sourced(Sourcing::MostStock, "shop", &line, &rows);
        assert_eq!(
            found,
            json!([{ "location": "one", "quantity": "4" }, { "location": "two", "quantity": "1" }])
        );
        let found = sourced(Sourcing::Priority, "turned", &line, &rows);
        assert_eq!(
            found,
            json!([{ "location": "two", "quantity": "3" }, { "location": "one", "quantity": "2" }])
        );
        let rows = [("A", "one", "4"), ("A", "two", "3"), ("A", "collect", "5")];
        let pinned = json!({ "line": "1", "sku": "A", "quantity": "5", "location": "collect" });
        for sourcing in [Sourcing::Priority, Sourcing::MostStock] {
            assert_eq!(
                sourced(sourcing, "shop", &pinned, &rows),
                json!([{ "location": "collect", "quantity": "5" }])
            );
        }
        assert_eq!(
            sourced(Sourcing::SingleLocation, "shop", &line, &rows),
            json!([{ "location": "collect", "quantity": "5" }])
        );
    }

    #[test]
    fn a_reservation_ends_with_its_instant() {
        let (s, base) = two(Sourcing::Priority);
        for (expires_at, left) in [("2026-01-05T11:59:59Z", "7"), (NOW, "7"), ("2026-01-05T12:00:01Z", "5")] {
            let mut aside = reservation("r", "A", ("channel", "shop"), "2");
            aside["expires_at"] = json!(expires_at);
            let out = run(
                &s,
                &[base[0].clone(), aside],
                &[json!({ "channel": "shop", "sku": "A" })],
            );
            holds(&json!({ "answers": [{ "quantity": left }] }), &out);
            assert_eq!(out["refused"], json!([]));
        }
    }

    #[test]
    fn preorders_count_what_is_owed() {
        let (mut s, _) = two(Sourcing::Priority);
        let limit = Some(Limit::Units(quantity("10")));
        rule(
            &mut s,
            "*",
            PolicyPatch {
                preorder_limit: limit,
                ..PolicyPatch::default()
            },
        );
        let events = vec![stock(&[("A", "one", "0")]), order("shop", 1, &[("A", "2")])];
        holds(
            &json!({ "quantity": "8", "state": "preorder" }),
            &ask(&s, &events, &json!({ "channel": "shop", "sku": "A" })),
        );
        for (wanted, refused) in [("8", 0), ("9", 1)] {
            let asked = [events.clone(), vec![reservation("r", "A", ("channel", "shop"), wanted)]].concat();
            assert_eq!(
                run(&s, &asked, &[])["refused"].as_array().unwrap().len(),
                refused,
                "{wanted}"
            );
        }
    }
}
