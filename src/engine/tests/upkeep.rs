//! What happens with time: forgetting, alarms, due times, adaptive safety stock, explanations.

#[cfg(test)]
mod cases {
    use crate::common::*;
    use omnistock_engine::{
        Complaint, Documents, Event, Lags, OrderKey, apply, due, due_own, due_shared, forget, overdue, promise,
    };
    use omnistock_words::{
        Absorb, Basis, ChannelPolicy, Percent, PolicyPatch, SafetyStock, Settings, SourcePolicy, Stale,
    };
    use serde_json::{Value, json};

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
    fn without_an_absorb_alarm_twice_the_usual_is_too_long() {
        let sold = |id: u32, minute: u32| {
            let mut sold = order("shop", id, &[("A", "1")]);
            sold["placed_at"] = json!(format!("2026-01-05T11:{minute:02}:00Z"));
            sold
        };
        let stated = |id: u32, minute: u32| {
            json!({ "type": "absorbed", "source": "erp", "channel": "shop", "order": id.to_string(), "line": "0",
                "quantity": "1", "as_of": format!("2026-01-05T11:{minute:02}:00Z") })
        };
        let late = |s: &Settings, known: u32| {
            let mut facts = vec![at(20, &[("A", "berlin", "10")])];
            // Each took ten minutes; the last waits for 25 by now.
            facts.extend((1..=known).flat_map(|id| [sold(id, id), stated(id, id + 10)]));
            facts.push(sold(9, 35));
            let documents = applied(s, &facts);
            overdue(s, &documents, &"A".parse().unwrap(), now()).len()
        };
        let s = berlin(SourcePolicy::new(Basis::Physical));
        assert_eq!((late(&s, 4), late(&s, 5)), (0, 1), "four lines say too little");
        let with = |absorb, absorb_alarm| {
            berlin(SourcePolicy {
                absorb,
                absorb_alarm,
                ..SourcePolicy::new(Basis::Physical)
            })
        };
        assert_eq!(late(&with(Absorb::ByReference, Some(1_600_000)), 5), 0, "as configured");
        assert_eq!(late(&with(Absorb::ByDelay(600_000), None), 0), 1);
        assert_eq!(late(&with(Absorb::ByDelay(900_000), None), 0), 0);
        assert_eq!(late(&with(Absorb::Never, None), 5), 0);
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
        assert_eq!(due_shared(&s, &documents.sources, now()), s.rules[0].until);
        assert_eq!(
            due_own(&s, &documents, &sku, now()),
            Some("2026-01-05T13:00:00Z".parse().unwrap()),
            "the figure belongs to a complete snapshot: shared with all others of it"
        );
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
        // 20 sold in one order half an hour ago: 1 s makes 0.004 expected, 90 s makes 0.4, an hour makes 14.
        assert_eq!(
            [lag(1_000), lag(90_000), lag(3_600_000)],
            [Some(quantity("30")), Some(quantity("28")), Some(quantity("24"))]
        );
        documents.last_units.insert("A".parse().unwrap(), shop.clone());
        assert_eq!(
            promise(&s, &documents, &shop, &"A".parse().unwrap(), now()).quantity,
            Some(quantity("24")),
            "not its home"
        );
    }
}
