//! Judging a report before it is applied: which rows tell nothing new, and what explains a fall.

#[cfg(test)]
mod cases {
    use crate::common::facts::applied;
    use crate::common::now;
    use crate::common::script::*;
    use omnistock_engine::snapshot::{Finding, GuardName, Judge, Recent, RowVerdict, Verdict};
    use omnistock_engine::{Documents, Event, SourceDocument, StockEvent};
    use omnistock_words::{Millis, Percent, Quantity, Settings, Sku, SourceGuard};
    use serde_json::json;

    fn settings() -> Settings {
        let mut settings = world(
            "source erp physical by_reference
             place one
             place two
             channel shop one,two",
        );
        let half = Percent::whole(50);
        settings.sources.get_mut("erp").unwrap().guard = SourceGuard {
            rows_missing: half,
            total_drop: half,
            newly_zero: half,
        };
        settings
    }

    fn known(text: &str) -> Documents {
        let events = facts(text)
            .into_iter()
            .map(|fact| serde_json::from_value(fact).unwrap());
        applied(&settings(), &events.collect::<Vec<_>>())
    }

    fn report(fact: serde_json::Value) -> StockEvent {
        let Event::Stock(event) = serde_json::from_value(fact).unwrap() else {
            panic!("a report of stock")
        };
        event
    }

    fn judged(documents: &Documents, report: &StockEvent) -> (Vec<RowVerdict>, Vec<Finding>) {
        let settings = settings();
        let mut judge = Judge::new(&settings, &report.source, report.as_of, now());
        let source = documents.sources.get("erp").cloned().unwrap_or_default();
        let mut skus: Vec<&Sku> = documents.skus.keys().collect();
        skus.sort();
        let mut verdicts = Vec::new();
        for sku in skus {
            let rows: Vec<_> = report.rows.iter().filter(|row| row.sku == *sku).cloned().collect();
            verdicts.extend(judge.see(sku, documents.skus.get(sku), &source, &rows));
        }
        let findings = match judge.verdict() {
            Verdict::Pass => Vec::new(),
            Verdict::Held(findings) => findings,
        };
        (verdicts, findings)
    }

    /// What a report at 11:55 says of the row of five at the first place.
    fn row_of_five(text: &str) -> RowVerdict {
        let report = report(facts("stock erp 11:55 partial one:A=5").remove(0));
        judged(&known(text), &report).0.remove(0)
    }

    #[test]
    fn a_row_that_says_what_is_known_is_not_written_unless_something_ends_with_it() {
        let five = "stock erp 11:40 one:A=5 two:A=3";
        for (why, more, written) in [
            ("nothing happened", "", false),
            ("units are sold", "order shop/1 r1 open 11:45 1:A=1", true),
            (
                "they are contained",
                "order shop/1 r1 open 11:39 1:A=1\nabsorbed erp shop/1/1 1 11:40",
                false,
            ),
            ("units are set aside", "reserve r A 1 two 13:00", true),
            ("no longer", "reserve r A 1 two 12:00", false),
            ("units left elsewhere", "move erp m two A -1 11:45", true),
            ("units came elsewhere", "move erp m two A 1 11:45", false),
            ("units came here", "move erp m one A 1 11:45", true),
            (
                "a buyer gave one back",
                "order shop/1 r1 returned 11:30 1:A=1,restock_location=one at=11:45",
                true,
            ),
            (
                "as the figure was made",
                "order shop/1 r1 returned 11:30 1:A=1,restock_location=one at=11:40",
                false,
            ),
            (
                "before it",
                "order shop/1 r1 returned 11:30 1:A=1,restock_location=one at=11:35",
                false,
            ),
            (
                "elsewhere",
                "order shop/1 r1 returned 11:30 1:A=1,restock_location=two at=11:45",
                false,
            ),
            (
                "it was cancelled",
                "order shop/1 r1 cancelled 11:30 1:A=1,restock_location=one at=11:45",
                false,
            ),
        ] {
            // What is given back was in the figure before.
            let left = if more.contains("returned") {
                "absorbed erp shop/1/1 1 11:40"
            } else {
                ""
            };
            let found = row_of_five(&format!("{five}\n{more}\n{left}"));
            assert_eq!(found != RowVerdict::Unchanged, written, "{why}: {found:?}");
        }
        let newer = "stock erp 11:40 two:A=3
            stock erp 11:50 partial one:A=5
            order shop/1 r1 returned 11:30 1:A=1,restock_location=one at=11:45
            absorbed erp shop/1/1 1 11:40";
        assert_eq!(
            row_of_five(newer),
            RowVerdict::Unchanged,
            "only this place's figure matters"
        );
    }

    #[test]
    fn a_row_that_describes_its_article_otherwise_is_written() {
        let row = |brand: Option<&str>, category: Option<&str>, tags: &[&str]| {
            let mut row = json!({ "sku": "A", "location": "one", "quantity": "5", "tags": tags });
            for (key, text) in [("brand", brand), ("category", category)] {
                if let Some(text) = text {
                    row[key] = json!(text);
                }
            }
            row
        };
        let event = |minute: u32, row: &serde_json::Value| json!({ "type": "stock", "source": "erp", "as_of": format!("2026-01-05T11:{minute}:00Z"), "rows": [row] });
        let first = event(40, &row(Some("b"), Some("c"), &["x", "y"]));
        let documents = applied(&settings(), &[serde_json::from_value(first).unwrap()]);
        for (brand, category, tags, written) in [
            (None, None, &[][..], false),
            (Some("b"), Some("c"), &["y", "x"], false),
            (Some("d"), Some("c"), &["x", "y"], true),
            (Some("b"), Some("d"), &["x", "y"], true),
            (Some("b"), Some("c"), &["x"], true),
            (Some("b"), Some("c"), &["x", "y", "z"], true),
            (Some("d"), None, &[], true),
            (None, Some("d"), &[], true),
            (None, None, &["z"], true),
        ] {
            let second = report(event(55, &row(brand, category, tags)));
            let found = judged(&documents, &second).0.remove(0);
            assert_eq!(
                found != RowVerdict::Unchanged,
                written,
                "{brand:?} {category:?} {tags:?}"
            );
        }
    }

    #[test]
    fn a_report_as_old_as_the_figure_is_compared_and_lacks_nothing() {
        let documents = known("stock erp 11:40 one:A=5");
        let verdicts = |text: &str| judged(&documents, &report(facts(text).remove(0))).0;
        assert_eq!(verdicts("stock erp 11:39 one:A=4"), [RowVerdict::Unchanged]);
        assert!(matches!(
            verdicts("stock erp 11:40 one:A=4")[..],
            [RowVerdict::Rewrite(_)]
        ));
        assert_eq!(verdicts("stock erp 11:40 one:B=4"), []);
        assert!(matches!(
            verdicts("stock erp 11:41 one:B=4")[..],
            [RowVerdict::Missing(_)]
        ));
    }

    /// A report of twelve articles, and one order of each.
    fn findings(before: &str, sold: i64, after: &str) -> Vec<Finding> {
        let all = |rows: &str| {
            (10..22)
                .map(|n| format!(" {}", rows.replace('A', &format!("A{n}"))))
                .collect::<Vec<_>>()
                .concat()
        };
        let mut text = format!("stock erp 11:40{}\n", all(before));
        for n in (10..22).filter(|_| sold > 0) {
            text.extend([format!("order shop/{n} r1 open 11:45 1:A{n}={sold}\n")]);
        }
        let second = report(facts(&format!("stock erp 11:55{}", all(after))).remove(0));
        judged(&known(&text), &second).1
    }

    fn guards(findings: &[Finding]) -> Vec<GuardName> {
        findings.iter().map(|finding| finding.guard).collect()
    }

    #[test]
    fn an_order_explains_its_units_once() {
        let both = ("one:A=5 two:A=4", "one:A=0 two:A=0");
        assert_eq!(guards(&findings(both.0, 9, both.1)), []);
        assert_eq!(
            guards(&findings(both.0, 4, both.1)),
            [GuardName::TotalDrop, GuardName::NewlyZero]
        );
        let once = findings(both.0, 5, both.1);
        assert!(once.is_empty(), "four of nine units, half of the rows: {once:?}");
        let mut strict = findings("one:A=5 two:A=6", 5, both.1);
        assert_eq!(guards(&strict), [GuardName::TotalDrop]);
        assert_eq!(
            strict.remove(0).affected,
            Quantity::whole(72),
            "six of each are not explained"
        );
    }

    #[test]
    fn what_was_sold_is_put_back_before_units_are_compared() {
        let boxes = findings("one:A=60", 12, "one:A=4");
        let factor = boxes
            .iter()
            .find(|finding| finding.guard == GuardName::UnitFactor)
            .unwrap();
        assert_eq!(factor.factor.as_deref(), Some("1/12"));
    }

    #[test]
    fn a_finding_names_the_first_five_articles_each_once() {
        let gone = findings("one:A=5 two:A=4", 0, "one:B=1");
        assert_eq!(guards(&gone), [GuardName::RowsMissing]);
        let named: Vec<&str> = gone[0].examples.iter().map(Sku::as_str).collect();
        assert_eq!(named, ["A10", "A11", "A12", "A13", "A14"]);
    }

    #[test]
    fn single_changes_are_judged_with_those_of_the_last_minutes() {
        let (settings, at): (_, Millis) = (settings(), "2026-01-05T11:50:00Z".parse().unwrap());
        let source = SourceDocument {
            rows: 100,
            total: Quantity::whole(100),
            complete_as_of: Some(at),
            ..SourceDocument::default()
        };
        let row = report(facts("stock erp 11:51 partial one:A=0").remove(0));
        let erp = row.source.clone();
        let held = |earlier: u32, units: i64| {
            let each = |units: i64| {
                (0..earlier)
                    .map(|n| format!(" one:S{n}={units}"))
                    .collect::<Vec<_>>()
                    .concat()
            };
            let documents = known(&format!("stock erp 11:40 one:A=10{}", each(units)));
            let before = report(facts(&format!("stock erp 11:50 partial{}", each(0))).remove(0));
            let (nothing, mut recent) = (Recent::default(), Recent::default());
            let mut judge = Judge::delta(&settings, &erp, &source, &nothing, (before.as_of, now()));
            for row in before.rows {
                judge.see(
                    &row.sku,
                    documents.skus.get(&row.sku),
                    &source,
                    std::slice::from_ref(&row),
                );
            }
            judge.remember(&mut recent);
            let mut judge = Judge::delta(&settings, &erp, &source, &recent, (row.as_of, now()));
            judge.see(&"A".parse().unwrap(), documents.skus.get("A"), &source, &row.rows);
            judge.verdict() != Verdict::Pass
        };
        assert!(held(9, 5), "ten rows lost 55 of 100 units");
        assert!(!held(9, 4), "46");
        assert!(!held(8, 9), "nine rows");
    }
}
