//! DESIGN §4.4 sentence by sentence, computed by hand: the steps of a promise, precedence of rules, states.

#[cfg(test)]
#[allow(clippy::too_many_lines, reason = "tables")]
mod cases {
    use crate::common::script::*;
    use omnistock_words::Settings;

    /// One place, one channel with a patch.
    fn shop(patch: &str) -> Settings {
        world(&format!(
            "source erp physical by_reference\n place one\n place two\n channel shop one {patch}\n bundle SET A=2 B=3"
        ))
    }

    /// (patch, what is there of A, question, answer)
    fn rows(cases: &[(&str, &str, &str, &str)]) {
        for (patch, there, question, expected) in cases {
            let events = facts(&format!("stock erp 11:40 one:A={there}"));
            assert_eq!(
                answer(&shop(patch), &events, question),
                *expected,
                "{patch} {there} {question}"
            );
        }
    }

    #[test]
    fn steps_act_in_their_order() {
        let all = r#"{"share":"50%","sku_safety_stock":{"units":"1"},"safety_stock":{"share":"20%"},"stop_at":"2","decimals":1,"pack_size":"0.5","max_shown":"7"}"#;
        for (there, steps) in [
            // 21.7 × 50 % = 10.85 → 10.8; −1 = 9.8; −20 %, rounded up to 0.1: 7.84 → 7.8; packs of 0.5: 7.5; cap 7.
            ("21.7", ["21.7", "21.7", "10.8", "7.8", "7.8", "7.8", "7.5", "7"]),
            // 6.9 → 3.4 → 2.4 → 1.92 → 1.9, at or below 2: none.
            ("6.9", ["6.9", "6.9", "3.4", "1.9", "1.9", "0", "0", "0"]),
            ("-3", ["-3", "-3", "-3", "-3", "-3", "-3", "-3", "-3"]),
        ] {
            let events = facts(&format!("stock erp 11:40 one:A={there}"));
            let answer = |step: &str| answer(&shop(all), &events, &format!("shop A {step}"));
            let names = [
                "pool",
                "bundle",
                "allocation",
                "safety_stock",
                "backorder",
                "stop_at",
                "sales_units",
                "max_shown",
            ];
            // The pool counts what is there, never below zero; only what is short makes it negative.
            let steps = if there == "-3" { ["0"; 8] } else { steps };
            assert_eq!(names.map(answer), steps, "{there}");
        }
    }

    #[test]
    fn one_setting_at_a_time() {
        rows(&[
            (r#"{"share":"30%"}"#, "9", "shop A", "2"),
            (r#"{"share":"100%"}"#, "9", "shop A", "9"),
            (r#"{"share":"0%"}"#, "9", "shop A state", "out_of_stock"),
            (r#"{"safety_stock":{"share":"10%"}}"#, "1", "shop A", "0"),
            (r#"{"safety_stock":{"share":"10%"},"decimals":1}"#, "1", "shop A", "0.9"),
            (r#"{"safety_stock":{"units":"3"}}"#, "2", "shop A", "0"),
            (
                r#"{"safety_stock":{"adaptive":{"chance":"1%","max":"6"}}}"#,
                "10",
                "shop A",
                "4",
            ),
            (r#"{"stop_at":"3"}"#, "3.5", "shop A", "3"),
            (r#"{"stop_at":"3"}"#, "3", "shop A", "0"),
            (r#"{"stop_at":"0"}"#, "1", "shop A", "1"),
            (r#"{"pack_size":"4"}"#, "11", "shop A", "8"),
            (r#"{"factor":"4"}"#, "11", "shop A", "2"),
            (r#"{"pack_size":"3","factor":"2"}"#, "11", "shop A", "4"),
            (r#"{"decimals":2}"#, "1.239", "shop A", "1.23"),
            (r#"{"decimals":2,"pack_size":"0.25"}"#, "1.239", "shop A", "1"),
            (r#"{"decimals":2,"factor":"0.5"}"#, "1.26", "shop A", "2.52"),
            (r#"{"max_shown":"5"}"#, "6", "shop A", "5"),
            (r#"{"max_shown":"5","factor":"2"}"#, "9", "shop A", "4"),
            (r#"{"track":false}"#, "6", "shop A", "null"),
            (r#"{"track":false}"#, "6", "shop A state", "untracked"),
            ("", "0.9", "shop A state", "out_of_stock"),
            ("", "1", "shop A state", "in_stock"),
        ]);
    }

    #[test]
    fn sold_without_being_there() {
        let owed = |patch: &str, there: &str, sold: &str| {
            let sold = if sold == "0" {
                String::new()
            } else {
                format!("order shop/1 r1 open 11:50 1:A={sold}")
            };
            let events = facts(&format!("stock erp 11:40 one:A={there}\n{sold}"));
            ["shop A", "shop A state"]
                .map(|question| answer(&shop(patch), &events, question))
                .join(" ")
        };
        let three = r#"{"backorder_limit":{"units":"3"}}"#;
        for (patch, there, sold, expected) in [
            (three, "4", "0", "7 in_stock"),
            (three, "4", "4", "3 backorder"),
            (three, "4", "6", "1 backorder"),
            (three, "4", "7", "0 out_of_stock"),
            (three, "4", "9", "0 out_of_stock"),
            // A negative figure is owed as well: 3 − 2 − 0.
            (three, "-2", "0", "1 backorder"),
            (three, "-2", "1", "0 out_of_stock"),
            (
                r#"{"backorder_limit":{"units":"3"},"preorder_limit":{"units":"5"}}"#,
                "0",
                "1",
                "4 preorder",
            ),
            (
                r#"{"backorder_limit":{"units":"5"},"preorder_limit":{"units":"3"}}"#,
                "0",
                "1",
                "4 backorder",
            ),
            (
                r#"{"backorder_limit":"unlimited","max_shown":"99"}"#,
                "0",
                "700",
                "99 backorder",
            ),
            // Units held back are not there; what may be owed is on top.
            (
                r#"{"backorder_limit":{"units":"3"},"safety_stock":{"units":"5"}}"#,
                "4",
                "0",
                "3 backorder",
            ),
            (
                r#"{"backorder_limit":{"units":"3"},"stop_at":"3"}"#,
                "0",
                "0",
                "0 out_of_stock",
            ),
            (
                r#"{"backorder_limit":{"units":"4.5"},"factor":"2"}"#,
                "4",
                "0",
                "4 in_stock",
            ),
        ] {
            assert_eq!(owed(patch, there, sold), expected, "{patch} {there} {sold}");
        }
        // No figure at all, nothing owed: nothing is known, and nothing written.
        assert_eq!(answer(&shop(three), &[], "shop A state"), "unknown");
    }

    #[test]
    fn what_is_known() {
        let s = world(
            "
            source erp physical by_reference
            source wms physical by_reference
            place one source=erp
            place two source=wms
            place off off
            channel shop one
            channel both one,two
            channel none off
            channel partly off,two",
        );
        table(
            &s,
            &[
                (
                    "nothing",
                    "",
                    &[("shop A state", "unknown"), ("shop A", "null"), ("both A", "null")],
                ),
                (
                    "a complete snapshot without it proves there is none",
                    "stock erp 11:40 one:B=1",
                    &[
                        ("shop A", "0"),
                        ("shop A state", "out_of_stock"),
                        ("both A state", "unknown"),
                    ],
                ),
                (
                    "a partial one proves nothing",
                    "stock erp 11:40 one:B=1 partial",
                    &[("shop A state", "unknown")],
                ),
                (
                    "a figure of one place is a figure",
                    "stock erp 11:40 one:A=4",
                    &[("both A", "4")],
                ),
                (
                    "of each of its sources",
                    "stock erp 11:40 one:B=1
              stock wms 11:40 two:B=1",
                    &[("both A", "0")],
                ),
                (
                    "a pool whose places are all off has none",
                    "",
                    &[("none A", "0"), ("partly A", "null")],
                ),
            ],
        );
    }

    #[test]
    fn bundles_share_their_parts_with_everything() {
        table(
            &shop(""),
            &[
                (
                    "least of the parts",
                    "stock erp 11:40 one:A=10 one:B=10",
                    &[("shop SET", "3"), ("shop SET bundle", "3")],
                ),
                (
                    "single sales, other bundles, reservations of parts",
                    "stock erp 11:40 one:A=10 one:B=10
              order shop/1 r1 open 11:50 1:A=3
              order shop/2 r1 open 11:51 1:SET=1
              reserve r B 2 one 13:00",
                    &[("shop A", "5"), ("shop B", "5"), ("shop SET", "1")],
                ),
                (
                    "a part without a figure: unknown",
                    "stock erp 11:40 one:A=10 partial",
                    &[("shop SET state", "unknown")],
                ),
                (
                    "a part that is short makes it negative inside, zero outside",
                    "stock erp 11:40 one:A=1 one:B=10
              order shop/1 r1 open 11:50 1:A=4",
                    &[("shop SET bundle", "-2"), ("shop SET", "0")],
                ),
            ],
        );
        let s = shop(r#"{"safety_stock":{"units":"1"}}"#);
        let mut held = s.clone();
        held.rules = world(r#"rule A shop {"sku_safety_stock":{"units":"3"}}"#).rules;
        let events = facts("stock erp 11:40 one:A=10 one:B=30");
        // ⌊10 ÷ 2⌋ − 1; with three of A kept: ⌊7 ÷ 2⌋ − 1.
        assert_eq!(
            (answer(&s, &events, "shop SET"), answer(&held, &events, "shop SET")),
            ("4".into(), "2".into())
        );
    }

    #[test]
    fn ship_complete_is_the_best_single_place() {
        let s = world(
            r#"
            source erp physical by_reference
            place one
            place two
            channel whole one,two {"ship_complete":true}
            channel any one,two
            bundle SET A=1 B=1"#,
        );
        table(
            &s,
            &[
                (
                    "the best place",
                    "stock erp 11:40 one:A=3 two:A=5",
                    &[("whole A", "5"), ("any A", "8")],
                ),
                (
                    "less what is short",
                    "stock erp 11:40 one:A=0 two:A=0
              order any/1 r1 open 11:50 1:A=2
              move erp m two A 1 11:55",
                    &[("whole A pool", "-1")],
                ),
                (
                    "a bundle of one place",
                    "stock erp 11:40 one:A=3 two:A=5 one:B=4 two:B=1",
                    &[("whole SET", "3"), ("any SET", "5")],
                ),
            ],
        );
    }

    #[test]
    fn rules_in_order_key_by_key() {
        let s = world(
            r#"
            source erp physical by_reference
            place one
            channel shop one {"max_shown":"50","safety_stock":{"units":"1"},"price":{"factor":"2"}}
            channel market one
            rule A* * {"max_shown":"20","stop_at":"1"}
            rule A shop {"max_shown":"9"}
            rule A market until=12:00 {"max_shown":"1"}
            rule A market from=12:00 until=12:01 {"max_shown":"7"}
            rule A market from=12:01 {"max_shown":"2"}
            rule tag=slow* * {"safety_stock":{"units":"4"}}
            rule listing=L-1 * {"max_shown":"3"}"#,
        );
        table(
            &s,
            &[
                (
                    "channel < rules in order; what a rule leaves out stays",
                    "stock erp 11:40 one:A=30 one:AB=30 one:B=80",
                    &[
                        ("shop A", "9"),
                        ("shop AB", "20"),
                        ("shop B", "50"),
                        ("shop A safety_stock", "29"),
                    ],
                ),
                ("from ≤ now < until", "stock erp 11:40 one:A=30", &[("market A", "7")]),
                (
                    "by tag",
                    "stock erp 11:40 one:B=30,new,slow-2",
                    &[("shop B", "26"), ("market B", "26")],
                ),
            ],
        );
        let listing = |listing: &str| {
            let ask = serde_json::json!({ "channel": "shop", "sku": "B", "listing": listing });
            output(&s, &facts("stock erp 11:40 one:B=30"), &ask)["answers"][0]["quantity"].clone()
        };
        assert_eq!((listing("L-1"), listing("L-2")), ("3".into(), "29".into()));
    }

    #[test]
    fn shares_of_one_set_of_places_add_up() {
        let s = world(
            r#"
            source erp physical by_reference
            place one
            place two
            channel a one,two {"share":"50%"}
            channel b two,one {"share":"50%"}
            channel c one {"share":"50%"}
            rule M * {"decimals":1}"#,
        );
        table(
            &s,
            &[
                (
                    "ties by name; the order of the places does not matter, other sets do",
                    "stock erp 11:40 one:A=5",
                    &[("a A", "3"), ("b A", "2"), ("c A", "2")],
                ),
                (
                    "in the smallest unit of the SKU",
                    "stock erp 11:40 one:M=5.1",
                    &[("a M", "2.6"), ("b M", "2.5"), ("c M", "2.5")],
                ),
            ],
        );
    }
}
