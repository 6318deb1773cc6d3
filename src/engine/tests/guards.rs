//! Guards on sources and channels, and the gate.

#[cfg(test)]
mod cases {
    use crate::common::*;
    use omnistock_engine::gate::{Conditions, open};
    use omnistock_engine::snapshot::{Judge, RowVerdict, Verdict};
    use omnistock_engine::{Documents, Event, SourceDocument, StockEvent, StockRow, apply};
    use omnistock_words::{Basis, ChannelGuard, ChannelPolicy, LocationPolicy, Percent, Settings, Sku, SourcePolicy};
    use serde_json::{Value, json};

    /// A report of SKUs 0 to `n` at a minute past eleven.
    fn report(minute: u32, rows: impl Iterator<Item = (u32, i64)>) -> Value {
        let rows: Vec<_> = rows
            .map(|(n, q)| json!({ "sku": format!("S{n:03}"), "location": "one", "quantity": q.to_string() }))
            .collect();
        json!({ "type": "stock", "source": "erp", "as_of": format!("2026-01-05T11:{minute:02}:00Z"), "rows": rows })
    }

    fn held(events: &[Value]) -> Vec<String> {
        let out = run(&shop(), events, &[]);
        out["held"]
            .as_array()
            .unwrap()
            .iter()
            .map(|held| held["guard"].as_str().unwrap().to_owned())
            .collect()
    }

    #[test]
    fn half_the_rows_or_all_zeros_are_held_and_the_last_good_ones_stay() {
        let full = report(10, (0..100).map(|n| (n, 5)));
        let half = report(20, (0..50).map(|n| (n, 4)));
        assert_eq!(held(&[full.clone(), half.clone()]), ["rows_missing"]);
        let out = run(&shop(), &[full.clone(), half.clone()], &[]);
        holds(&json!([{ "from": "100", "to": "50" }]), &out["held"]);
        let zeros = report(20, (0..100).map(|n| (n, 0)));
        assert_eq!(held(&[full.clone(), zeros.clone()]), ["total_drop", "newly_zero"]);
        let asked = json!({ "channel": "shop", "sku": "S001" });
        assert_eq!(ask(&shop(), &[full.clone(), half.clone()], &asked)["quantity"], "5");
        // A newer report without the fault releases.
        let good = report(30, (0..100).map(|n| (n, 4)));
        assert_eq!(held(&[full.clone(), half.clone(), good]), Vec::<String>::new());
        // Another export that agrees 15 minutes later does too, but mass zeroing never confirms itself.
        let again = |minute, report: &Value| {
            let mut report = report.clone();
            report["as_of"] = json!(format!("2026-01-05T11:{minute}:00Z"));
            report
        };
        assert_eq!(held(&[full.clone(), half.clone(), again(34, &half)]), ["rows_missing"]);
        assert_eq!(
            held(&[full.clone(), half.clone(), again(34, &half), again(35, &half)]),
            Vec::<String>::new()
        );
        assert_eq!(held(&[full, zeros.clone(), again(50, &zeros)]).len(), 2);
    }

    #[test]
    fn rows_that_come_back_are_compared_with_what_they_were() {
        let (full, half) = (report(10, (0..100).map(|n| (n, 50))), |minute| {
            report(minute, (0..50).map(|n| (n, 50)))
        });
        // The second half has agreed with the first: 50 rows are missing, and kept.
        let before = [full, half(20), half(36)];
        let then = |last: Value| held(&[before.as_slice(), &[last]].concat());
        for minute in [30, 40] {
            let tenths = report(minute, (0..100).map(|n| (n, 5)));
            assert_eq!(then(tenths), ["total_drop", "unit_factor"], "as of {minute}");
        }
        assert_eq!(then(report(40, (0..100).map(|n| (n, 48)))), Vec::<String>::new());
    }

    #[test]
    fn limits_act_above_them_and_from_ten_on() {
        let full = |minute, n: u32| report(minute, (0..n).map(|n| (n, 5)));
        for (before, after, stops) in [
            (100, 90, false),
            (100, 89, true),
            (18, 9, false),
            (19, 9, true),
            (9, 0, false),
        ] {
            assert_eq!(
                !held(&[full(10, before), full(20, after)]).is_empty(),
                stops,
                "{before} {after}"
            );
        }
        let sold_out = |n: u32| report(20, (0..100).map(move |sku| (sku, if sku < n { 0 } else { 5 })));
        assert_eq!(held(&[full(10, 100), sold_out(10)]), Vec::<String>::new());
        assert_eq!(held(&[full(10, 100), sold_out(11)]), ["newly_zero"]);
        assert_eq!(
            held(&[sold_out(100)]),
            Vec::<String>::new(),
            "a first snapshot has no baseline"
        );
    }

    #[test]
    fn a_channel_guard_keeps_what_is_shown_less_new_orders() {
        let mut s = shop();
        let guard = ChannelGuard {
            newly_zero: Percent::whole(5),
            ..ChannelGuard::default()
        };
        channel(
            &mut s,
            "shop",
            &["one"],
            ChannelPolicy {
                guard,
                ..ChannelPolicy::default()
            },
        );
        channel(&mut s, "easy", &["one"], ChannelPolicy::default());
        // 11 of 150: below the source's 10 %, above the channel's 5 %.
        let zeros = report(20, (0..150).map(|n| (n, if n < 11 { 0 } else { 5 })));
        let mut events = vec![
            report(10, (0..150).map(|n| (n, 5))),
            zeros,
            order("easy", 1, &[("S003", "2")]),
        ];
        let asked = |channel: &str, sku: &str| json!({ "channel": channel, "sku": sku });
        let asks = [
            asked("shop", "S000"),
            asked("shop", "S003"),
            asked("easy", "S000"),
            asked("shop", "S020"),
        ];
        let out = run(&s, &events, &asks);
        let shown: Vec<&Value> = out["answers"]
            .as_array()
            .unwrap()
            .iter()
            .map(|answer| &answer["quantity"])
            .collect();
        assert_eq!(shown, ["5", "3", "0", "5"]);
        assert_eq!(out["held"].as_array().unwrap().len(), 11);
        holds(
            &json!([{ "channel": "shop", "sku": "S003", "what": "quantity", "guard": "newly_zero", "from": "5", "to": "0" }]),
            &out["held"],
        );
        events.push(report(30, (0..150).map(|n| (n, 4))));
        let out = run(&s, &events, &asks);
        holds(
            &json!({ "answers": [{ "quantity": "4" }, { "quantity": "2" }, { "quantity": "4" }, { "quantity": "4" }], "held": [] }),
            &out,
        );
    }

    #[test]
    fn known_orders_explain_a_fall() {
        let mut events = vec![report(10, (0..40).map(|n| (n, 5)))];
        for n in 0..40 {
            let sku = format!("S{n:03}");
            events.push(order("shop", n, &[(sku.as_str(), "5")]));
        }
        events.push(report(50, (0..40).map(|n| (n, 0))));
        assert_eq!(held(&events), Vec::<String>::new());
    }

    /// Takes a report through the judge, as the daemon does.
    fn judged(settings: &Settings, documents: &Documents, report: &StockEvent) -> (Vec<RowVerdict>, Verdict) {
        let mut judge = Judge::new(settings, &report.source, report.as_of, now());
        let source = documents.sources.get(&report.source).cloned().unwrap_or_default();
        let mut skus: Vec<&Sku> = documents
            .skus
            .keys()
            .chain(report.rows.iter().map(|row| &row.sku))
            .collect();
        skus.sort();
        skus.dedup();
        let mut verdicts = Vec::new();
        for sku in skus {
            let rows: Vec<StockRow> = report.rows.iter().filter(|row| row.sku == *sku).cloned().collect();
            verdicts.extend(judge.see(sku, documents.skus.get(sku), &source, &rows));
        }
        (verdicts, judge.verdict())
    }

    fn stock_event(minute: u32, rows: &[(&str, &str, &str)]) -> StockEvent {
        let mut report = stock(rows);
        report["as_of"] = json!(format!("2026-01-05T11:{minute:02}:00Z"));
        let Event::Stock(event) = serde_json::from_value(report).unwrap() else {
            unreachable!()
        };
        event
    }

    #[test]
    fn an_unchanged_row_is_not_rewritten_and_as_new_as_its_snapshot() {
        let s = shop();
        let mut documents = Documents::default();
        let rows = [
            ("A", "one", "5"),
            ("B", "one", "5"),
            ("C", "one", "5"),
            ("D", "one", "5"),
        ];
        drop(apply(&s, &mut documents, &Event::Stock(stock_event(10, &rows)), now()));
        let sold = serde_json::from_value(order("shop", 1, &[("C", "1")])).unwrap();
        drop(apply(&s, &mut documents, &sold, now()));
        let second = stock_event(
            20,
            &[
                ("A", "one", "5"),
                ("B", "one", "4"),
                ("C", "one", "5"),
                ("E", "one", "1"),
            ],
        );
        let (verdicts, verdict) = judged(&s, &documents, &second);
        assert_eq!(verdict, Verdict::Pass);
        let told = |verdicts: &[RowVerdict]| {
            let one = |verdict: &RowVerdict| match verdict {
                RowVerdict::Unchanged => "=".to_owned(),
                RowVerdict::Rewrite(row) => row.sku.to_string(),
                RowVerdict::Missing(place) => format!("-{place}"),
            };
            verdicts.iter().map(one).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(told(&verdicts), "= B C -one E");
        closed(&s, documents, &second, &told);
    }

    /// The daemon's way: changed rows, then missing ones, then the closing.
    fn closed(s: &Settings, mut documents: Documents, second: &StockEvent, told: &dyn Fn(&[RowVerdict]) -> String) {
        let chunk = StockEvent {
            complete: false,
            rows: second.rows[1..].to_vec(),
            ..second.clone()
        };
        let missing = json!({ "type": "missing", "source": "erp", "as_of": second.as_of, "rows": [{ "sku": "D", "location": "one" }] });
        let closing = json!({ "type": "snapshot", "source": "erp", "as_of": second.as_of, "rows": 4, "total": "15" });
        documents.take_changed();
        for event in [
            Event::Stock(chunk),
            serde_json::from_value(missing).unwrap(),
            serde_json::from_value(closing).unwrap(),
        ] {
            assert_eq!(apply(s, &mut documents, &event, now()), []);
        }
        let changed: std::collections::BTreeSet<String> = documents
            .take_changed()
            .iter()
            .map(omnistock_engine::DocumentKey::id)
            .collect();
        assert!(
            changed.iter().eq(["sku:B", "sku:C", "sku:D", "sku:E", "source:erp"]),
            "{changed:?}"
        );
        let as_of = |sku: &str| {
            let position = &documents.skus.get(&sku.parse::<Sku>().unwrap()).unwrap().positions[0];
            position.effective(documents.sources.get("erp")).0
        };
        assert_eq!([as_of("A"), as_of("B")], [second.as_of; 2]);
        assert_eq!(as_of("D"), stock_event(10, &[]).as_of);
        // What is missing stays missing without being reported again; what comes back is rewritten.
        let (verdicts, _) = judged(s, &documents, &stock_event(30, &[("A", "one", "5")]));
        assert_eq!(told(&verdicts), "= -one -one -one");
        let (verdicts, _) = judged(s, &documents, &stock_event(30, &[("A", "one", "5"), ("D", "one", "5")]));
        assert_eq!(told(&verdicts), "= -one -one D -one");
        let (verdicts, _) = judged(s, &documents, &stock_event(5, &[("A", "one", "1")]));
        assert_eq!(verdicts, [RowVerdict::Unchanged], "an old report changes nothing");
    }

    #[test]
    fn an_unread_source_document_means_no_baseline() {
        let s = shop();
        let mut judge = Judge::new(&s, s.sources.keys().next().unwrap(), now(), now());
        assert_eq!(
            judge.see(&"A".parse().unwrap(), None, &SourceDocument::default(), &[]),
            []
        );
        assert_eq!(judge.verdict(), Verdict::Pass);
    }

    #[test]
    fn the_gate_says_what_it_waits_for() {
        let mut s = shop();
        channel(&mut s, "market", &["two", "one"], ChannelPolicy::default());
        channel(&mut s, "apart", &["two"], ChannelPolicy::default());
        let carved = LocationPolicy {
            part_of: Some("one".parse().unwrap()),
            ..LocationPolicy::default()
        };
        location(&mut s, "one_outlet", carved);
        channel(&mut s, "outlet", &["one_outlet"], ChannelPolicy::default());
        let mut conditions = Conditions::of(&s, &"shop".parse().unwrap());
        let waits: Vec<String> = open(&conditions).unwrap_err().iter().map(ToString::to_string).collect();
        assert_eq!(
            waits,
            [
                "erp has not given a complete snapshot yet",
                "the open orders of market are not back-filled yet",
                "the open orders of outlet are not back-filled yet",
                "the open orders of shop are not back-filled yet",
                "the listings of shop were not read back yet",
            ]
        );
        conditions.sources.values_mut().for_each(|given| *given = true);
        conditions.backfilled.values_mut().for_each(|done| *done = true);
        (conditions.read_back, conditions.unread) = (true, 3);
        assert_eq!(
            open(&conditions).unwrap_err()[0].to_string(),
            "3 listings of shop were not read back yet"
        );
        conditions.unread = 0;
        assert_eq!(open(&conditions), Ok(()));
    }

    #[test]
    fn a_channel_waits_for_the_sources_of_its_own_places_only() {
        let mut s = shop();
        s.sources
            .insert("wms".parse().unwrap(), SourcePolicy::new(Basis::NetOfOrders));
        let of_wms = LocationPolicy {
            source: Some("wms".parse().unwrap()),
            ..LocationPolicy::default()
        };
        location(&mut s, "hall", of_wms);
        channel(&mut s, "outlet", &["hall"], ChannelPolicy::default());
        channel(&mut s, "both", &["hall", "one"], ChannelPolicy::default());
        channel(&mut s, "nowhere", &[], ChannelPolicy::default());
        let sources = |channel: &str| {
            let conditions = Conditions::of(&s, &channel.parse().unwrap());
            let names = conditions.sources.keys().map(ToString::to_string);
            names.collect::<Vec<_>>()
        };
        assert_eq!(sources("outlet"), ["wms"]);
        // Any source may report a place that names none; a channel without places may get some by a rule.
        for channel in ["shop", "both", "nowhere"] {
            assert_eq!(sources(channel), ["erp", "wms"], "{channel}");
        }
    }
}
