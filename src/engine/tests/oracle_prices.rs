//! The worked cases of prices, and how a price is made and guarded.

#[cfg(test)]
mod cases {
    use crate::common::*;
    use omnistock_words::{CompareAt, Endings, GrossNet, Percent, PolicyPatch, PriceFloor, PriceRule, Settings};
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
                // A slipped decimal point is held whatever the limit says, and called by its name.
                let guard = if limit == 5_000 { "factor" } else { "price_jump" };
                holds(
                    &json!([{ "channel": "shop", "sku": "A", "what": "price", "guard": guard }]),
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
    fn a_price_is_compared_only_with_a_higher_one() {
        let compare_at = |factor: &str| CompareAt {
            list: "rrp".parse().unwrap(),
            factor: factor.parse().unwrap(),
        };
        let with = |factor| {
            let mut s = priced(
                PriceRule {
                    floor: Some(PriceFloor::None),
                    compare_at: Some(compare_at(factor)),
                    ..PriceRule::default()
                },
                90,
            );
            list(&mut s, "rrp", GrossNet::Gross);
            s
        };
        let s = with("1");
        let compared = |s: &Settings, amount: &str| {
            let events = [price("retail", "19.90"), price("rrp", amount)];
            asked(s, &events)["compare_at"]["amount"].clone()
        };
        assert_eq!(compared(&s, "24.90"), "24.90");
        assert_eq!(compared(&s, "19.90"), Value::Null, "not above the price");
        assert_eq!(compared(&s, "9.90"), Value::Null);
        assert_eq!(compared(&with("1.1"), "19.90"), "21.89");
        assert_eq!(
            asked(&s, &[price("rrp", "24.90")])["compare_at"],
            Value::Null,
            "without a price"
        );
        let mut past = price("rrp", "24.90");
        past["until"] = json!(NOW);
        assert_eq!(asked(&s, &[price("retail", "19.90"), past])["compare_at"], Value::Null);
        let mut net = s.clone();
        list(&mut net, "rrp", GrossNet::Net);
        assert_eq!(compared(&net, "24.90"), Value::Null, "net and gross without a rate");
        for name in ["retail", "rrp"] {
            net.price_lists.get_mut(name).unwrap().tax_rate = Some(Percent::whole(19));
        }
        assert_eq!(compared(&net, "20.00"), "23.80");
        assert_eq!(compared(&net, "16.00"), Value::Null, "19.04 gross");
    }

    #[test]
    fn a_margin_is_a_share_of_the_net_price() {
        let mut s = priced(
            PriceRule {
                floor: Some(PriceFloor::None),
                min_margin: Some(Percent::whole(20)),
                ..PriceRule::default()
            },
            90,
        );
        let events = [price("retail", "5.00"), price("cost", "8.00")];
        assert_eq!(
            asked(&s, &events)["price_because"],
            "min_margin needs the `tax_rate` of list `retail`"
        );
        s.price_lists.get_mut("retail").unwrap().tax_rate = Some(Percent::whole(19));
        // 8 ÷ 0.8 = 10 net, 11.90 gross.
        assert_eq!(asked(&s, &events)["price"]["amount"], "11.90");
        assert_eq!(
            asked(&s, &[price("retail", "15.00"), price("cost", "8.00")])["price"]["amount"],
            "15.00"
        );
        list(&mut s, "cost", GrossNet::Gross);
        list(&mut s, "retail", GrossNet::Gross);
        assert_eq!(asked(&s, &events)["price"]["amount"], "10.00", "both hold the same tax");
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
