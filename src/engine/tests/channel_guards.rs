//! What guards hold at channels, what explains a change, and single changes within 15 minutes.

#[cfg(test)]
mod cases {
    use crate::common::facts::cases;
    use crate::common::*;
    use omnistock_words::{
        ChannelPolicy, GrossNet, Millis, Missing, Percent, PolicyPatch, PriceFloor, PriceRule, Quantity, Settings,
        SourceGuard, Stale,
    };
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn name(n: usize) -> String {
        format!("S{n:03}")
    }

    fn instant(minute: usize) -> String {
        Millis("2026-01-05T11:00:00Z".parse::<Millis>().unwrap().0 + i64::try_from(minute).unwrap() * 60_000)
            .to_string()
    }

    /// A report of these rows.
    fn report(minute: usize, complete: bool, rows: impl Iterator<Item = (usize, i64)>) -> Value {
        let row = |(n, q): (usize, i64)| json!({ "sku": name(n), "location": "one", "quantity": q.to_string() });
        let rows: Vec<_> = rows.map(row).collect();
        json!({ "type": "stock", "source": "erp", "complete": complete, "as_of": instant(minute), "rows": rows })
    }

    fn full(minute: usize, figures: &[i64]) -> Value {
        report(minute, true, figures.iter().copied().enumerate())
    }

    fn sale(id: usize, channel: &str, n: usize, units: i64) -> Value {
        let line = json!({ "line": "1", "sku": name(n), "quantity": units.to_string() });
        json!({ "type": "order", "channel": channel, "order": id.to_string(), "revision": 1, "status": "open", "placed_at": instant(15), "lines": [line] })
    }

    /// A shop and a market on one place, and a source that may say anything.
    fn wide() -> Settings {
        let mut s = shop();
        channel(&mut s, "market", &["one"], ChannelPolicy::default());
        channel(&mut s, "apart", &["two"], ChannelPolicy::default());
        let all = Percent::HUNDRED;
        s.sources.get_mut("erp").unwrap().guard = SourceGuard {
            rows_missing: all,
            total_drop: all,
            newly_zero: all,
        };
        s
    }

    /// What is held: (channel or source, SKU, guard).
    fn held(settings: &Settings, events: &[Value]) -> Vec<String> {
        let out = run(settings, events, &[]);
        let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
        let held = out["held"].as_array().unwrap().iter();
        held.map(|held| {
            format!(
                "{} {} {}",
                text(&held["channel"]),
                text(&held["sku"]),
                text(&held["guard"])
            )
        })
        .collect()
    }

    fn nothing() -> Vec<String> {
        Vec::new()
    }

    #[test]
    fn a_held_listing_says_what_stays_and_why() {
        let mut figures = vec![5; 100];
        let before = full(10, &figures);
        figures[..11].fill(0);
        let events = [before, full(20, &figures), sale(1, "market", 3, 2)];
        let out = run(
            &wide(),
            &events,
            &[
                json!({ "channel": "shop", "sku": "S003" }),
                json!({ "channel": "shop", "sku": "S099" }),
            ],
        );
        holds(
            &json!([{ "quantity": "3", "state": "in_stock" }, { "quantity": "5" }]),
            &out["answers"],
        );
        assert_eq!(
            out["held"].as_array().unwrap().len(),
            22,
            "eleven at each of two channels"
        );
        assert_eq!(
            out["held"][14],
            json!({ "channel": "shop", "sku": "S003", "what": "quantity", "guard": "newly_zero", "from": "5", "to": "0",
                    "because": "11 of 100 listings would newly show zero (limit 10%)" })
        );
    }

    #[test]
    fn orders_that_a_figure_holds_already_explain_it() {
        // The figure fell by what was sold, but says nothing of the orders: they are subtracted twice until it does.
        let sold = |n| sale(n, "shop", n, 2);
        let mut events = vec![full(10, &[4; 20])];
        events.extend((0..20).map(sold));
        events.push(full(30, &[2; 20]));
        assert_eq!(held(&wide(), &events), nothing());
        assert_eq!(shown(&wide(), &events, "shop", "S001"), "0");
        // One order explains its own units, and no more than these.
        let mut events = vec![full(10, &[40; 20])];
        events.extend((0..20).map(sold));
        events.push(full(30, &[2; 20]));
        assert_eq!(held(&wide(), &events).len(), 40);
        assert_eq!(shown(&wide(), &events, "shop", "S001"), "38");
    }

    #[test]
    fn a_cap_is_no_reason_to_hold_what_was_sold_behind_it() {
        let mut s = wide();
        let capped = PolicyPatch {
            max_shown: Some(quantity("5")),
            ..PolicyPatch::default()
        };
        rule(&mut s, "*", capped);
        let mut events = vec![full(10, &[50; 20])];
        events.extend((0..20).map(|n| sale(n, "market", n, 48)));
        assert_eq!(shown(&s, &events, "shop", "S001"), "2");
        events.extend((0..20).map(|n| sale(100 + n, "shop", n, 2)));
        assert_eq!(held(&s, &events), nothing());
        let unexplained = [full(10, &[50; 20]), sale(1, "market", 1, 10), full(20, &[0; 20])];
        assert_eq!(
            shown(&s, &unexplained, "shop", "S001"),
            "5",
            "40 were left behind the cap"
        );
    }

    #[test]
    fn what_was_asked_for_is_explained() {
        let mut s = wide();
        s.sources.get_mut("erp").unwrap().missing = Missing::ZeroAfter(1);
        let gone = [full(10, &[5; 40]), report(20, true, (0..20).map(|n| (n, 5)))];
        assert_eq!(
            (held(&s, &gone), shown(&s, &gone, "shop", "S030")),
            (nothing(), json!("0"))
        );
        let mut s = wide();
        s.sources.get_mut("erp").unwrap().stale = Stale::ZeroAfter(60_000);
        let old = [full(10, &[5; 40]), sale(1, "shop", 1, 1)];
        assert_eq!(
            (held(&s, &old), shown(&s, &old, "shop", "S001")),
            (nothing(), json!("0"))
        );
        // A person let the report through.
        let approved = json!({ "type": "approved", "source": "erp", "as_of": instant(20) });
        let events = [full(10, &[5; 40]), approved, full(20, &[0; 40])];
        assert_eq!(
            (held(&shop(), &events), shown(&shop(), &events, "shop", "S001")),
            (nothing(), json!("0"))
        );
    }

    #[test]
    fn single_changes_count_for_15_minutes() {
        let rows = |pace: usize| (0..12).map(move |n| report(10 + n * pace, false, std::iter::once((n, 0))));
        let with = |changes: Vec<Value>| [vec![full(5, &[5; 50])], changes].concat();
        let quick = with(rows(1).collect());
        assert_eq!(
            held(&wide(), &quick),
            [
                "market S009 newly_zero",
                "market S010 newly_zero",
                "market S011 newly_zero",
                "shop S009 newly_zero",
                "shop S010 newly_zero",
                "shop S011 newly_zero"
            ],
            "from the tenth on"
        );
        assert_eq!(
            held(&shop(), &quick),
            ["- - newly_zero"],
            "the source's own guard stops them before"
        );
        let slow = with(rows(2).collect());
        assert_eq!(held(&wide(), &slow), nothing(), "never ten within 15 minutes");
        let moved = |n: usize| json!({ "type": "movement", "source": "erp", "id": n.to_string(), "sku": name(n), "location": "one", "quantity": "-5", "at": instant(10 + n) });
        let movements = with((0..12).map(moved).collect());
        assert_eq!(held(&wide(), &movements).len(), 6);
        assert_eq!(held(&shop(), &movements), ["- - newly_zero"]);
        assert_eq!(shown(&shop(), &movements, "shop", "S011"), "5");
    }

    #[test]
    fn an_order_explains_the_fall_of_its_own_units_and_no_later_one() {
        let orders = (0..12).map(|n| sale(n, "shop", n, 10));
        let moved = |id: usize, n: usize| json!({ "type": "movement", "source": "erp", "id": id.to_string(), "sku": name(n), "location": "one", "quantity": "-10", "at": instant(16) });
        let begun: Vec<_> = std::iter::once(full(5, &[20; 50])).chain(orders).collect();
        let once = [begun, (0..12).map(|n| moved(n, n)).collect()].concat();
        assert_eq!(held(&shop(), &once), nothing(), "what was ordered leaves the place");
        let twice = [once, (0..12).map(|n| moved(20 + n, n)).collect()].concat();
        assert_eq!(held(&shop(), &twice), ["- - newly_zero"], "nobody ordered these units");
    }

    #[test]
    fn a_changed_unit_holds_the_report_and_never_confirms_itself() {
        let figures: Vec<i64> = (1..=40).collect();
        let boxes: Vec<i64> = figures.iter().map(|n| if *n <= 30 { n * 12 } else { *n }).collect();
        let events = [full(10, &figures), full(20, &boxes)];
        assert_eq!(held(&wide(), &events), ["- - unit_factor"]);
        let out = run(&wide(), &events, &[]);
        assert_eq!(
            out["held"][0]["because"],
            "unit_factor: 30 of 30 changed rows moved by exactly x12"
        );
        assert_eq!(
            held(&wide(), &[full(10, &figures), full(20, &boxes), full(50, &boxes)]),
            ["- - unit_factor"]
        );
        assert_eq!(
            held(&wide(), &[full(10, &boxes), full(20, &figures)]),
            ["- - unit_factor"]
        );
        let restocked: Vec<i64> = figures.iter().map(|n| n + 12).collect();
        assert_eq!(held(&wide(), &[full(10, &figures), full(20, &restocked)]), nothing());
    }

    fn priced() -> Settings {
        let mut s = shop();
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
        s
    }

    fn price(n: usize, amount: &str) -> Value {
        json!({ "type": "price", "source": "erp", "list": "retail", "sku": name(n), "amount": amount, "currency": "EUR" })
    }

    #[test]
    fn too_many_prices_at_once_are_held_and_quantities_go_on() {
        let (first, more) = ((0..50).map(|n| price(n, "10.00")), |n: usize| {
            (0..n).map(|n| price(n, "10.50"))
        });
        let with = |n: usize| first.clone().chain(more(n)).collect::<Vec<_>>();
        assert_eq!(held(&priced(), &with(10)), nothing());
        let mut events = with(11);
        events.push(full(20, &[3; 50]));
        let out = run(&priced(), &events, &[json!({ "channel": "shop", "sku": "S010" })]);
        assert_eq!(out["held"].as_array().unwrap().len(), 11);
        holds(
            &json!({ "held": [{ "sku": "S010", "what": "price", "guard": "prices_changed", "from": "10.00", "to": "10.50",
                                "because": "10.00 EUR → 10.50 EUR is one of more prices than may change at once" }],
                     "answers": [{ "quantity": "3", "price": { "amount": "10.00", "currency": "EUR" } }] }),
            &out,
        );
    }

    #[test]
    fn a_price_that_begins_later_is_looked_at_when_it_arrives() {
        let mut later = price(0, "1.00");
        later["from"] = json!("2026-01-06T00:00:00Z");
        let out = run(
            &priced(),
            &[price(0, "10.00"), later],
            &[json!({ "channel": "shop", "sku": "S000" })],
        );
        holds(
            &json!({ "held": [{ "sku": "S000", "what": "price", "guard": "factor", "from": "10.00", "to": "1.00",
                                "because": "10.00 EUR → 1.00 EUR is a factor of 10, 100 or 1000; due 2026-01-06T00:00:00Z" }],
                     "answers": [{ "price": { "amount": "10.00" } }] }),
            &out,
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(cases() / 20 + 1))]

        #[test]
        fn what_is_held_is_never_above_what_was_published_less_known_orders(
            figures in proptest::collection::vec(1i64..20, 12..16),
            sold in proptest::collection::vec((0usize..12, 1i64..5, prop::bool::ANY, prop::bool::ANY), 0..12),
        ) {
            let mut events = vec![full(10, &figures), full(20, &vec![0; figures.len()])];
            let mut left = figures.clone();
            for (id, (n, units, shop, cancelled)) in sold.iter().enumerate() {
                let placed = sale(id, if *shop { "shop" } else { "market" }, *n, *units);
                events.push(placed.clone());
                if *cancelled {
                    events.push(json!({ "revision": 2, "status": "cancelled", "type": "order", "channel": placed["channel"],
                                        "order": placed["order"], "placed_at": placed["placed_at"], "lines": placed["lines"] }));
                }
                left[*n] -= units;
            }
            let asks: Vec<Value> = (0..figures.len()).map(|n| json!({ "channel": "shop", "sku": name(n) })).collect();
            let out = run(&wide(), &events, &asks);
            for (n, left) in left.iter().enumerate() {
                let shown: Quantity = out["answers"][n]["quantity"].as_str().unwrap().parse().unwrap();
                prop_assert_eq!(shown, Quantity::whole(*left).positive(), "{}", n);
            }
            let stays = left.iter().filter(|left| **left > 0).count();
            prop_assert_eq!(out["held"].as_array().unwrap().len(), 2 * stays);
        }

        #[test]
        fn guards_never_act_on_explained_change(
            rows in proptest::collection::vec((1i64..6, 0i64..6, prop::bool::ANY, prop::bool::ANY), 1..30),
        ) {
            let mut events = vec![full(10, &rows.iter().map(|row| row.0).collect::<Vec<_>>())];
            let mut booked = Vec::new();
            for (n, (figure, sold, stated, shop)) in rows.iter().enumerate() {
                let (sold, channel) = ((*sold).min(*figure), if *shop { "shop" } else { "market" });
                booked.push(figure - sold);
                if sold > 0 {
                    events.push(sale(n, channel, n, sold));
                }
                if sold > 0 && *stated {
                    events.push(json!({ "type": "absorbed", "source": "erp", "channel": channel, "order": n.to_string(), "line": "1", "quantity": sold.to_string(), "as_of": instant(30) }));
                }
            }
            events.push(full(30, &booked));
            let mut strict = wide();
            strict.sources.get_mut("erp").unwrap().guard = SourceGuard { rows_missing: Percent::whole(0), total_drop: Percent::whole(0), newly_zero: Percent::whole(0) };
            for channel in strict.channels.values_mut() {
                channel.policy.guard.newly_zero = Percent::whole(0);
            }
            prop_assert_eq!(held(&strict, &events), nothing());
        }

        #[test]
        fn below_ten_no_share_ever_acts(figures in proptest::collection::vec((0i64..50, 0i64..50), 1..10)) {
            let mut strict = shop();
            strict.channels.get_mut("shop").unwrap().policy.guard.newly_zero = Percent::whole(0);
            let (before, after): (Vec<i64>, Vec<i64>) = figures.into_iter().unzip();
            let zeros = full(40, &vec![0; after.len()]);
            prop_assert_eq!(held(&strict, &[full(10, &before), full(20, &after), full(30, &before), zeros]), nothing());
        }
    }
}
