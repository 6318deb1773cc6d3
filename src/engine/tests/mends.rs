//! A person's word on an order line: a source contains it, or its units are given back.

#[cfg(test)]
mod cases {
    use crate::common::*;
    use omnistock_words::{Absorb, Basis, SourcePolicy};
    use serde_json::{Value, json};

    /// At 11:`minute` a person said so of the line of [`status`].
    fn mended(source: Option<&str>, quantity: &str, minute: u32) -> Value {
        let mut event = json!({ "type": "mended", "channel": "shop", "order": "0", "line": "0", "quantity": quantity,
            "at": format!("2026-01-05T11:{minute:02}:00Z"), "reason": "counted" });
        if let Some(source) = source {
            event["source"] = json!(source);
            event["as_of"] = json!("2026-01-05T11:40:00Z");
        }
        event
    }

    fn never() -> SourcePolicy {
        SourcePolicy {
            absorb: Absorb::Never,
            ..SourcePolicy::new(Basis::Physical)
        }
    }

    #[test]
    fn a_source_contains_what_a_person_says_whatever_its_own_way_is() {
        let report = at(40, &[("A", "berlin", "10")]);
        for policy in [never(), SourcePolicy::new(Basis::Physical)] {
            let s = berlin(policy);
            let (sold, word) = (status(1, "open", 30), mended(Some("erp"), "2", 45));
            assert_eq!(pool(&s, &[report.clone(), sold.clone()]), "8");
            assert_eq!(pool(&s, &[report.clone(), sold.clone(), word.clone()]), "10");
            assert_eq!(
                pool(&s, &[word.clone(), sold.clone(), report.clone()]),
                "10",
                "in any order"
            );
            let older = at(39, &[("A", "berlin", "10")]);
            assert_eq!(pool(&s, &[older, sold, word]), "8", "it speaks of newer figures");
        }
    }

    #[test]
    fn what_the_source_says_too_is_not_counted_twice() {
        let s = berlin(SourcePolicy::new(Basis::Physical));
        let mut sold = status(1, "open", 30);
        sold["lines"][0]["quantity"] = json!("6");
        let facts = |said: &str, word: &str| {
            let report = at(40, &[("A", "berlin", "10")]);
            pool(
                &s,
                &[report, sold.clone(), absorbed(said, 40), mended(Some("erp"), word, 45)],
            )
        };
        assert_eq!(facts("2", "3"), "7");
        assert_eq!(facts("3", "2"), "7");
        assert_eq!(facts("6", "6"), "10");
    }

    #[test]
    fn units_given_back_stay_so_when_the_order_is_edited_or_reported_again() {
        let s = berlin(never());
        let (report, sold) = (at(40, &[("A", "berlin", "10")]), status(1, "open", 30));
        let back = mended(None, "1", 45);
        assert_eq!(pool(&s, &[report.clone(), sold.clone(), back.clone()]), "9");
        assert_eq!(
            pool(&s, &[back.clone(), report.clone(), sold.clone(), sold.clone()]),
            "9"
        );
        let mut edited = status(2, "open", 46);
        edited["lines"][0]["quantity"] = json!("5");
        assert_eq!(pool(&s, &[report.clone(), sold.clone(), back, edited]), "6");
        let whole = ask(
            &s,
            &[report, sold, mended(None, "2", 45)],
            &json!({ "channel": "shop", "order": "0" }),
        );
        holds(
            &json!({ "lines": [{ "line": "0", "contained": "2", "sourced": [], "short": "0" }] }),
            &whole,
        );
    }

    #[test]
    fn the_newest_word_counts_in_any_order_of_arrival() {
        let s = berlin(never());
        let facts = [at(40, &[("A", "berlin", "10")]), status(1, "open", 30)];
        let words = [mended(None, "2", 45), mended(None, "1", 46), mended(None, "0", 44)];
        for order in [[0, 1, 2], [2, 1, 0], [1, 0, 2], [1, 2, 1]] {
            let said = order.map(|index: usize| words[index].clone());
            assert_eq!(
                pool(&s, &[facts.as_slice(), said.as_slice()].concat()),
                "9",
                "{order:?}"
            );
        }
        let same = [mended(None, "2", 45), mended(None, "1", 45)];
        assert_eq!(
            pool(&s, &[facts.as_slice(), same.as_slice()].concat()),
            "9",
            "ties to the smaller"
        );
    }

    #[test]
    fn a_bundle_gives_back_its_parts() {
        let mut s = berlin(never());
        bundle(&mut s, "SET", &[("A", "3")]);
        let mut sold = status(1, "open", 30);
        sold["lines"][0]["sku"] = json!("SET");
        let report = at(40, &[("A", "berlin", "10")]);
        assert_eq!(pool(&s, &[report.clone(), sold.clone()]), "4");
        assert_eq!(pool(&s, &[report, sold, mended(None, "1", 45)]), "7");
    }
}
