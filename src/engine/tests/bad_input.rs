//! Every kind of bad input has a complaint with a name, and leaves a state that can be asked.

#[cfg(test)]
mod cases {
    use crate::common::*;
    use omnistock_engine::{Documents, Event, apply, explained, promises};
    use omnistock_words::{
        Absorb, Basis, GrossNet, Millis, PolicyPatch, Quantity, SafetyStock, Settings, SourcePolicy,
    };
    use serde_json::{Value, json};

    const MOST: &str = "1000000000000";

    /// Applies the facts and asks all there is to ask; the names of the complaints.
    fn complaints(settings: &Settings, documents: &mut Documents, facts: &[Value]) -> Vec<&'static str> {
        let mut names = Vec::new();
        for fact in facts {
            let event: Event = serde_json::from_value(fact.clone()).unwrap();
            let told = apply(settings, documents, &event, now());
            assert!(told.iter().all(|complaint| !complaint.to_string().is_empty()));
            names.extend(told.iter().map(omnistock_engine::Complaint::name));
        }
        let skus: Vec<_> = documents.skus.keys().chain(settings.bundles.keys()).cloned().collect();
        for sku in &skus {
            for at in [Millis::MIN, now(), Millis::MAX] {
                for (_, promise) in promises(settings, documents, sku, at) {
                    let most = promise.quantity.unwrap_or_default();
                    assert!((Quantity::ZERO..=Quantity::MAX).contains(&most), "{sku}: {most}");
                }
            }
        }
        names
    }

    fn told(settings: &Settings, facts: &[Value]) -> Vec<&'static str> {
        complaints(settings, &mut Documents::default(), facts)
    }

    fn with(mut fact: Value, key: &str, value: impl Into<Value>) -> Value {
        fact[key] = value.into();
        fact
    }

    fn plain() -> Settings {
        let mut settings = berlin(SourcePolicy::new(Basis::Physical));
        list(&mut settings, "retail", GrossNet::Gross);
        settings
    }

    fn price(amount: &str) -> Value {
        json!({ "type": "price", "source": "erp", "list": "retail", "sku": "A", "amount": amount, "currency": "EUR" })
    }

    fn movement(quantity: &str, at: &str) -> Value {
        json!({ "type": "movement", "source": "erp", "id": "m", "sku": "A", "location": "berlin",
            "quantity": quantity, "at": at })
    }

    #[test]
    fn negative_quantities() {
        let s = plain();
        let aside = reservation("r", "A", ("location", "berlin"), "-1");
        for (fact, name) in [
            (order("shop", 1, &[("A", "-1")]), "negative"),
            (absorbed("-1", 40), "negative"),
            (aside, "reservation_refused"),
            (price("-0.01"), "negative_price"),
        ] {
            let base = at(40, &[("A", "berlin", "5")]);
            let mut documents = Documents::default();
            assert_eq!(complaints(&s, &mut documents, &[base, fact]), [name]);
            assert_eq!(
                promises(&s, &documents, &"A".parse().unwrap(), now())[0].1.quantity,
                Some(quantity("5"))
            );
        }
        // A place may owe units: that is a figure like any other.
        assert_eq!(told(&s, &[at(40, &[("A", "berlin", "-5")])]), [""; 0]);
        let adds = order("shop", 1, &[("A", "-1"), ("A", "2")]);
        assert_eq!(told(&s, &[at(40, &[("A", "berlin", "5")]), adds]), ["negative"]);
    }

    #[test]
    fn absurd_dates() {
        let s = plain();
        let (first, last) = ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z");
        for (early, late) in [(first, last), (last, first), (first, first)] {
            let stock = at(40, &[("A", "berlin", "5")]);
            for fact in [
                with(stock.clone(), "as_of", late),
                with(order("shop", 1, &[("A", "1")]), "placed_at", late),
                movement("-1", late),
                with(absorbed("1", 40), "as_of", late),
            ] {
                let names = told(&s, &[with(stock.clone(), "read_until", early), fact.clone()]);
                // An instant ahead counts as now; one long ago is what it is.
                assert_eq!(names.contains(&"future_clamped"), late == last, "{fact}");
            }
        }
        let aside = reservation("r", "A", ("location", "berlin"), "1");
        let facts = [at(40, &[("A", "berlin", "5")]), with(aside.clone(), "expires_at", last)];
        assert_eq!(told(&s, &facts), [""; 0]);
        assert_eq!(told(&s, &[with(aside, "expires_at", first)]), ["reservation_refused"]);
    }

    #[test]
    fn a_read_that_ends_long_after_now_hides_no_later_return() {
        let s = plain();
        let mut closing =
            json!({ "type": "snapshot", "source": "erp", "as_of": "2026-01-05T11:45:00Z", "rows": 1, "total": "5" });
        closing["read_until"] = json!("9999-12-31T23:59:59.999Z");
        let facts = [at(40, &[("A", "berlin", "5")]), closing];
        let mut documents = Documents::default();
        assert_eq!(complaints(&s, &mut documents, &facts), [""; 0]);
        let back: Event = serde_json::from_value(movement("2", "2026-01-05T12:00:01Z")).unwrap();
        let later = "2026-01-05T12:01:00Z".parse().unwrap();
        assert_eq!(apply(&s, &mut documents, &back, later), []);
        assert_eq!(
            promises(&s, &documents, &"A".parse().unwrap(), later)[0].1.quantity,
            Some(quantity("7"))
        );
    }

    #[test]
    fn one_id_with_different_contents() {
        let s = plain();
        let base = at(40, &[("A", "berlin", "9")]);
        let later = "2026-01-05T11:50:00Z";
        let twice = |line: &str| {
            let mut sold = order("shop", 1, &[("A", "2"), ("A", "3")]);
            sold["lines"][1]["line"] = json!(line);
            sold
        };
        for (facts, name, left) in [
            (vec![at(40, &[("A", "berlin", "7")])], "same_instant", "7"),
            (
                vec![order("shop", 1, &[("A", "1")]), order("shop", 1, &[("A", "4")])],
                "same_revision",
                "5",
            ),
            (
                vec![order("shop", 1, &[("A", "4")]), order("shop", 1, &[("A", "1")])],
                "same_revision",
                "5",
            ),
            (vec![movement("-1", later), movement("-3", later)], "same_movement", "6"),
            (vec![movement("-3", later), movement("-1", later)], "same_movement", "6"),
            (vec![twice("0")], "duplicate_line", "6"),
        ] {
            let mut documents = Documents::default();
            let all: Vec<Value> = std::iter::once(base.clone()).chain(facts).collect();
            assert_eq!(complaints(&s, &mut documents, &all), [name], "{all:?}");
            let shown = promises(&s, &documents, &"A".parse().unwrap(), now())[0].1.quantity;
            assert_eq!(
                shown,
                Some(quantity(left)),
                "the lower number, whichever came first: {all:?}"
            );
        }
    }

    #[test]
    fn bundles_that_contain_themselves() {
        let mut s = plain();
        bundle(&mut s, "LOOP", &[("A", "1"), ("LOOP-2", "1")]);
        bundle(&mut s, "LOOP-2", &[("LOOP", "2")]);
        bundle(&mut s, "SELF", &[("SELF", "1")]);
        bundle(&mut s, "SET", &[("A", "2")]);
        bundle(&mut s, "EMPTY", &[]);
        for depth in 0..12 {
            bundle(&mut s, &format!("D{depth}"), &[(&format!("D{}", depth + 1), "1")]);
        }
        let sold = |sku: &str| [at(40, &[("A", "berlin", "9")]), order("shop", 1, &[(sku, "1")])];
        for sku in ["LOOP", "LOOP-2", "SELF", "D0"] {
            let mut documents = Documents::default();
            assert_eq!(complaints(&s, &mut documents, &sold(sku)), ["bundle_cycle"], "{sku}");
            assert_eq!(
                complaints(&s, &mut documents, &sold(sku)),
                [""; 0],
                "the same report again"
            );
            let nothing = promises(&s, &documents, &sku.parse().unwrap(), now())[0].1.quantity;
            assert_eq!(nothing, Some(Quantity::ZERO));
        }
        for sku in ["SET", "EMPTY", "D11"] {
            assert_eq!(told(&s, &sold(sku)), [""; 0], "{sku}");
        }
    }

    #[test]
    fn numbers_at_their_edges_neither_wrap_nor_grow() {
        let mut s = berlin(SourcePolicy {
            absorb: Absorb::ByDelay(i64::MAX),
            ..SourcePolicy::new(Basis::Physical)
        });
        bundle(&mut s, "SET", &[("A", "0.000001")]);
        bundle(&mut s, "HUGE", &[("A", MOST), ("B", MOST)]);
        for sku in ["A", "B"] {
            let patch = PolicyPatch {
                safety_stock: Some(SafetyStock::Units(Quantity::MIN)),
                factor: Some(quantity("0.000001")),
                ..PolicyPatch::default()
            };
            rule(&mut s, sku, patch);
        }
        let facts = [
            at(40, &[("A", "berlin", MOST), ("B", "berlin", &format!("-{MOST}"))]),
            movement(MOST, "2026-01-05T11:50:00Z"),
            order("shop", 1, &[("HUGE", MOST), ("HUGE", MOST), ("SET", MOST)]),
            order("shop", 2, &[("A", MOST), ("B", MOST)]),
            reservation("r", "A", ("channel", "shop"), MOST),
        ];
        let mut documents = Documents::default();
        assert_eq!(complaints(&s, &mut documents, &facts), ["reservation_refused"]);
        for sku in ["A", "B", "SET", "HUGE"] {
            let sku = sku.parse().unwrap();
            let shop = "shop".parse().unwrap();
            let told = explained(&s, &documents, &shop, &sku, omnistock_engine::Offer::default(), now());
            assert_eq!(told.quantity, Some(Quantity::ZERO), "{sku}: sold many times over");
            assert!(
                told.steps
                    .iter()
                    .all(|step| step.value <= Quantity::MAX && step.value >= Quantity::MIN)
            );
        }
    }
}
