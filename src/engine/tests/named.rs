//! Lines whose article a later report doesn't name: their units stay sold, in whatever order the reports came.

#[cfg(test)]
mod cases {
    use crate::common::facts::{cases, seen};
    use crate::common::script::*;
    use omnistock_engine::Documents;
    use omnistock_words::Settings;
    use proptest::collection::vec;
    use proptest::prelude::*;

    fn shop() -> Settings {
        world(
            "source erp physical by_reference
            place berlin
            channel shop berlin
            bundle SET A=2 B=1",
        )
    }

    #[test]
    fn what_was_named_stays_sold() {
        table(
            &shop(),
            &[
                (
                    "the article was deleted in the shop",
                    "stock erp 11:40 berlin:A=10
              order shop/1 r1 open 11:30 1:A=3
              order shop/1 r2 open 11:30 1:=3",
                    &[("shop A", "7"), ("complaints", "0")],
                ),
                (
                    "the reports came the other way round",
                    "stock erp 11:40 berlin:A=10
              order shop/1 r2 open 11:30 1:=3
              order shop/1 r1 open 11:30 1:A=3",
                    &[("shop A", "7")],
                ),
                (
                    "its quantity changes all the same, and its end",
                    "stock erp 11:40 berlin:A=10 berlin:B=10
              order shop/1 r1 open 11:30 1:A=3 2:B=3
              order shop/1 r2 open 11:30 1:=2 2:=3
              order shop/2 r1 open 11:30 1:A=3
              order shop/2 r2 cancelled 11:30 1:=3",
                    &[("shop A", "8"), ("shop B", "7")],
                ),
                (
                    "parts of a bundle",
                    "stock erp 11:40 berlin:A=10 berlin:B=10
              order shop/1 r1 open 11:30 1:SET=2
              order shop/1 r2 open 11:30 1:=2",
                    &[("shop A", "6"), ("shop B", "8")],
                ),
                (
                    "another article takes its place",
                    "stock erp 11:40 berlin:A=10 berlin:B=10
              order shop/1 r1 open 11:30 1:A=3
              order shop/1 r2 open 11:30 1:B=3
              order shop/1 r3 open 11:30 1:=3",
                    &[("shop A", "10"), ("shop B", "7")],
                ),
                (
                    "what nobody ever named is reported",
                    "stock erp 11:40 berlin:A=10
              order shop/1 r1 open 11:30 1:=3",
                    &[("shop A", "10"), ("complaints", "1")],
                ),
            ],
        );
    }

    /// What was filled in does not decide between two reports of one revision.
    #[test]
    fn of_one_revision_the_same_report_wins_whichever_came_first() {
        let [named, unnamed, other] = [
            "order shop/1 r1 open 11:30 1:A=1",
            "order shop/1 r2 open 11:30 1:=49 2:B=3",
            "order shop/1 r2 open 11:30 1:A=12 2:B=40",
        ];
        let all = [
            [named, unnamed, other],
            [named, other, unnamed],
            [other, unnamed, named],
        ];
        let all = all.map(|reports| seen(&shop(), &ledgers(&reports.map(str::to_owned))));
        assert_eq!(all[0], all[1]);
        assert_eq!(all[0], all[2]);
    }

    /// The order shop/1, so often.
    fn reports() -> impl Strategy<Value = Vec<String>> {
        let sku = prop::sample::select(vec!["A", "B", "SET", "", ""]);
        let line = (1_u8..4, sku, 1_u8..4).prop_map(|(line, sku, units)| format!("{line}:{sku}={units}"));
        let lines = vec(line, 0..4).prop_map(|mut lines| {
            lines.sort();
            lines.dedup_by_key(|line| line.chars().next());
            lines.join(" ")
        });
        vec(lines, 1..6).prop_map(|all| {
            let report = |(at, lines): (usize, String)| format!("order shop/1 r{} open 11:30 {lines}", at + 1);
            all.into_iter().enumerate().map(report).collect()
        })
    }

    fn ledgers(reports: &[String]) -> Documents {
        let settings = shop();
        let mut documents = Documents::default();
        for fact in facts(&reports.join("\n")) {
            let event = serde_json::from_value(fact).unwrap();
            omnistock_engine::apply(&settings, &mut documents, &event, crate::common::now());
        }
        documents
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn in_any_order_the_same_is_sold(
            (all, turned) in reports().prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle())),
        ) {
            let (straight, turned) = (ledgers(&all), ledgers(&turned));
            prop_assert_eq!(seen(&shop(), &straight), seen(&shop(), &turned));
            let kept = |documents: &Documents| {
                let each = documents.orders.values();
                each.map(|order| (order.lines.clone(), order.named.clone())).collect::<Vec<_>>()
            };
            prop_assert_eq!(kept(&straight), kept(&turned));
        }
    }
}
