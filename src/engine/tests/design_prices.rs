//! DESIGN §4.5 sentence by sentence, computed by hand.

#[cfg(test)]
#[allow(clippy::too_many_lines, reason = "tables")]
mod cases {
    use crate::common::script::*;

    #[test]
    fn how_a_price_is_made() {
        let none = r#""floor":"none""#;
        for (rule, amounts, expected) in [
            (none, "19.90", "19.90"),
            (r#""floor":"none","factor":"1.06""#, "23.49", "24.90"),
            // 23.495 is half: up.
            (r#""floor":"none","add":"0.005""#, "23.49", "23.50"),
            (r#""floor":"none","factor":"0.5","add":"1""#, "19.90", "10.95"),
            (r#""floor":"none","ending":"0.99""#, "19.99", "19.99"),
            (r#""floor":"none","ending":"0.99""#, "20.00", "20.99"),
            (r#""floor":"none","ending":"0.50""#, "19.51", "20.50"),
            // An ending above one unit is one in every ten.
            (r#""floor":"none","ending":"9.99""#, "12.00", "19.99"),
            (r#""floor":"none","ending":"9.99""#, "19.99", "19.99"),
            (r#""floor":"none","ending":"9.99""#, "20.00", "29.99"),
            (
                r#""floor":"none","add":"-30""#,
                "19.90",
                "why the amount is beyond 1000000000000",
            ),
            (r#""floor":"none","ending":"0""#, "19.51", "20.00"),
            (none, "0", "0.00"),
            (r#""floor":"none","ceiling":"15""#, "19.90", "15.00"),
            (r#""floor":{"amount":"15"},"ceiling":"15""#, "19.90", "15.00"),
            (r#""floor":{"amount":"25.001"}"#, "19.90", "25.01"),
            (r#""floor":{"amount":"5"}"#, "19.90", "19.90"),
            (
                r#""floor":{"list":{"list":"cost","factor":"1.35"}}"#,
                "19.90 15.00",
                "20.25",
            ),
            (
                r#""floor":{"list":{"list":"cost","factor":"1.35"}}"#,
                "19.90 15.01",
                "20.27",
            ),
            (
                r#""floor":{"list":{"list":"netcost","factor":"1"}},"min_margin":"50%""#,
                "19.90 0 12.00",
                "why min_margin needs the `tax_rate` of list `retail`",
            ),
            (
                r#""floor":{"list":{"list":"cost","factor":"1"}},"min_margin":"50%""#,
                "19.90 12.00",
                "24.00",
            ),
            (r#""floor":"none","min_margin":"50%""#, "19.90 12.00", "24.00"),
            (
                "",
                "19.90",
                "why no floor is configured; write floor = \"none\" if there is none on purpose",
            ),
            (
                r#""floor":{"list":{"list":"cost","factor":"1.35"}}"#,
                "19.90",
                "why the floor can't be computed: list `cost` has no valid amount",
            ),
            (none, "", "why list `retail` has no valid amount"),
        ] {
            let comma = if rule.is_empty() { "" } else { "," };
            let s = world(&format!(
                "source erp physical by_reference
                 place one
                 list retail gross EUR
                 list cost gross EUR
                 list netcost net EUR
                 channel shop one {{\"price\":{{\"list\":\"retail\"{comma}{rule}}}}}"
            ));
            let mut text = "stock erp 11:40 one:A=3\n".to_owned();
            for (list, amount) in ["retail", "cost", "netcost"].iter().zip(amounts.split_whitespace()) {
                text.extend(["price erp ", list, " A ", amount, " EUR\n"]);
            }
            let events = facts(&text);
            let (question, expected) = match expected.strip_prefix("why ") {
                Some(why) => ("shop A why", why),
                None => ("shop A price", expected),
            };
            assert_eq!(answer(&s, &events, question), expected, "{rule} {amounts}");
            assert_eq!(answer(&s, &events, "shop A"), "3", "stock goes on");
        }
    }

    #[test]
    fn what_has_no_price_says_why() {
        for (rule, expected) in [
            (
                r#""list":"retail","floor":{"list":{"list":"dollars","factor":"1"}}"#,
                "lists `retail` and `dollars` differ in currency or tax",
            ),
            (
                r#""list":"retail","floor":{"list":{"list":"nowhere","factor":"1"}}"#,
                "price list `nowhere` is not declared",
            ),
            (
                r#""list":"nowhere","floor":"none""#,
                "price list `nowhere` is not declared",
            ),
            (r#""floor":"none""#, "no price list is configured"),
            (
                r#""list":"retail","floor":{"amount":"20"},"ceiling":"15""#,
                "the floor lies above the ceiling",
            ),
            // A margin of all of it would need a price without end.
            (
                r#""list":"retail","floor":"none","min_margin":"100%""#,
                "the amount is beyond 1000000000000",
            ),
        ] {
            let s = world(&format!(
                "source erp physical by_reference
                 place one
                 list retail gross EUR
                 list cost gross EUR
                 list dollars gross USD
                 channel shop one {{\"price\":{{{rule}}}}}"
            ));
            let events = facts(
                "stock erp 11:40 one:A=3
                 price erp retail A 19.90 EUR
                 price erp cost A 5 EUR
                 price erp dollars A 5 USD",
            );
            assert_eq!(answer(&s, &events, "shop A price"), "null", "{rule}");
            assert_eq!(answer(&s, &events, "shop A why"), expected, "{rule}");
        }
    }

    #[test]
    fn validity_fires_on_time() {
        let s = world(
            "source erp physical by_reference
             place one
             list retail gross EUR
             channel shop one {\"price\":{\"list\":\"retail\",\"floor\":\"none\"},\"price_jump\":\"1000%\"}",
        );
        table(
            &s,
            &[
                (
                    "from now on",
                    "price erp retail A 9 EUR
              price erp retail A 7 EUR from=12:00",
                    &[("shop A price", "7.00")],
                ),
                (
                    "not yet",
                    "price erp retail A 9 EUR
              price erp retail A 7 EUR from=12:00:01",
                    &[("shop A price", "9.00")],
                ),
                (
                    "no more",
                    "price erp retail A 9 EUR
              price erp retail A 7 EUR from=11:00 until=12:00",
                    &[("shop A price", "9.00")],
                ),
                (
                    "the one that began last",
                    "price erp retail A 9 EUR
              price erp retail A 7 EUR from=10:00 until=13:00
              price erp retail A 6 EUR from=11:00 until=13:00",
                    &[("shop A price", "6.00")],
                ),
                (
                    "none valid",
                    "price erp retail A 9 EUR until=11:00",
                    &[
                        ("shop A price", "null"),
                        ("shop A why", "list `retail` has no valid amount"),
                    ],
                ),
                (
                    "a new amount for the same time replaces",
                    "price erp retail A 9 EUR
              price erp retail A 8 EUR",
                    &[("shop A price", "8.00")],
                ),
                (
                    "below zero, and in another currency: refused",
                    "price erp retail A -1 EUR
              price erp retail A 5 USD",
                    &[
                        ("shop A price", "null"),
                        (
                            "refused",
                            "price retail: a price of A on list `retail` is below zero; ignored; price retail: a price of A does not fit the currency or source of list `retail`; ignored",
                        ),
                    ],
                ),
            ],
        );
    }
}
