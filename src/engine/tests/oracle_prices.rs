//! The worked cases of prices, and how a price is made and guarded.

#[cfg(test)]
mod common;

#[cfg(test)]
mod cases {
    use crate::common::*;
    use omnistock_words::{Endings, GrossNet, Percent, PolicyPatch, PriceFloor, PriceRule, Settings};
    use rust_decimal::Decimal;
    use serde_json::{Value, json};

    fn priced(rule_: PriceRule, jump: u32) -> Settings {
        let mut s = shop();
        list(&mut s, "retail", GrossNet::Gross);
        list(&mut s, "cost", GrossNet::Net);
        let price = PriceRule {
            list: Some("retail".parse().unwrap()),
            ..rule_
        };
        rule(
            &mut s,
            "*",
            PolicyPatch {
                price,
                price_jump: Some(Percent::whole(jump)),
                ..PolicyPatch::default()
            },
        );
        s
    }

    fn price(list: &str, amount: &str) -> Value {
        json!({ "type": "price", "source": "erp", "list": list, "sku": "A", "amount": amount, "currency": "EUR" })
    }

    fn asked(settings: &Settings, events: &[Value]) -> Value {
        ask(settings, events, &json!({ "channel": "shop", "sku": "A" }))
    }

    #[test]
    fn a_price_that_jumps_is_held_and_the_old_one_stays() {
        for (limit, old, new, stays) in [
            (50, "50", "27", false),
            (50, "50", "23", true),
            (30, "35", "22", true),
            (30, "35", "45", false),
            (5_000, "2.49", "24.90", true),
        ] {
            let s = priced(
                PriceRule {
                    floor: Some(PriceFloor::None),
                    ..PriceRule::default()
                },
                limit,
            );
            let events = [price("retail", old), price("retail", new)];
            let out = run(&s, &events, &[json!({ "channel": "shop", "sku": "A" })]);
            let amount: Decimal = out["answers"][0]["price"]["amount"].as_str().unwrap().parse().unwrap();
            assert_eq!(
                amount,
                (if stays { old } else { new }).parse().unwrap(),
                "{limit} {old} {new}"
            );
            assert_eq!(out["held"].as_array().unwrap().len(), usize::from(stays));
            if stays {
                holds(
                    &json!([{ "channel": "shop", "sku": "A", "what": "price", "guard": "price_jump" }]),
                    &out["held"],
                );
            }
        }
    }

    #[test]
    fn a_price_is_made_by_rule_floor_and_ceiling() {
        let d = |text: &str| text.parse::<Decimal>().unwrap();
        let rule_ = PriceRule {
            factor: Some(d("1.06")),
            ending: Some(Endings(d("0.99"))),
            floor: Some(PriceFloor::List {
                list: "cost".parse().unwrap(),
                factor: d("1.35"),
            }),
            ..PriceRule::default()
        };
        let s = priced(rule_.clone(), 90);
        assert_eq!(
            asked(&s, &[price("retail", "23.49"), price("cost", "13.00")])["price"]["amount"],
            "24.99"
        );
        assert_eq!(
            asked(&s, &[price("retail", "23.49"), price("cost", "20.00")])["price"]["amount"],
            "27.00"
        );
        holds(
            &json!({ "price": null, "price_because": "the floor can't be computed: list `cost` has no valid amount" }),
            &asked(&s, &[price("retail", "23.49")]),
        );
        let s = priced(
            PriceRule {
                ceiling: Some(d("20.00")),
                ..rule_
            },
            90,
        );
        assert_eq!(
            asked(&s, &[price("retail", "23.49"), price("cost", "10.00")])["price"]["amount"],
            "20.00"
        );
        assert_eq!(
            asked(&s, &[price("retail", "23.49"), price("cost", "16.00")])["price_because"],
            "the floor lies above the ceiling"
        );
        let without = priced(PriceRule::default(), 30);
        let answer = asked(&without, &[stock(&[("A", "one", "3")]), price("retail", "9.00")]);
        holds(&json!({ "quantity": "3", "price": null }), &answer);
    }

    #[test]
    fn a_price_begins_and_ends_by_itself() {
        let s = priced(
            PriceRule {
                floor: Some(PriceFloor::None),
                ..PriceRule::default()
            },
            90,
        );
        let mut sale = price("retail", "8.00");
        (sale["from"], sale["until"]) = (json!("2026-01-05T12:00:00Z"), json!("2026-01-05T12:00:01Z"));
        assert_eq!(
            asked(&s, &[price("retail", "9.00"), sale.clone()])["price"]["amount"],
            "8.00"
        );
        sale["until"] = json!(NOW);
        assert_eq!(asked(&s, &[price("retail", "9.00"), sale])["price"]["amount"], "9.00");
        let mut foreign = price("retail", "1.00");
        foreign["currency"] = json!("USD");
        let out = run(&s, &[foreign], &[]);
        holds(&json!([{ "type": "price", "sku": "A" }]), &out["refused"]);
    }
}
