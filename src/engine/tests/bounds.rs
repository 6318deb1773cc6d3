//! What one SKU can grow to: every list of its ledger has a limit, with a named complaint, and what is
//! promised beyond it errs on the safe side.

#[cfg(test)]
mod cases {
    use crate::common::*;
    use omnistock_engine::{Complaint, Documents, Event, SkuDocument, apply, promise};
    use omnistock_words::{
        Basis, GrossNet, Millis, Money, OrderFact, OrderLineFact, OrderStatus, Quantity, Revision, Settings,
        SourcePolicy,
    };
    use rust_decimal::Decimal;
    use serde_json::json;

    fn take(settings: &Settings, documents: &mut Documents, event: &Event) -> Vec<Complaint> {
        apply(settings, documents, event, now())
    }

    fn shown(settings: &Settings, documents: &Documents) -> Quantity {
        let promise = promise(
            settings,
            documents,
            &"shop".parse().unwrap(),
            &"A".parse().unwrap(),
            now(),
        );
        promise.quantity.unwrap()
    }

    /// An order with many lines of one unit of A each.
    fn crowd(order: usize, lines: usize, revision: i64) -> Event {
        let line = |n: usize| OrderLineFact {
            line: n.to_string().parse().unwrap(),
            sku: Some("A".parse().unwrap()),
            listing: None,
            quantity: Quantity::ONE,
            status: None,
            location: None,
            fulfilled_by: omnistock_words::FulfilledBy::Merchant,
            reservation: None,
            restock_location: None,
        };
        Event::Order {
            channel: "shop".parse().unwrap(),
            order: OrderFact {
                order: order.to_string().parse().unwrap(),
                revision: Some(Revision {
                    number: revision,
                    sequence: 0,
                }),
                status: OrderStatus::Open,
                // Later orders were placed earlier: each goes before the others.
                placed_at: now().plus(-i64::try_from(order).unwrap()),
                at: None,
                lines: (0..lines).map(line).collect(),
            },
        }
    }

    #[test]
    fn a_million_lines_are_bounded_and_nothing_is_promised_then() {
        let s = berlin(SourcePolicy::new(Basis::Physical));
        let mut documents = Documents::default();
        let stock = serde_json::from_value(at(40, &[("A", "berlin", "2000000")])).unwrap();
        drop(take(&s, &mut documents, &stock));
        let mut complaints = Vec::new();
        complaints.extend(
            take(&s, &mut documents, &crowd(0, 12_000, 1))
                .iter()
                .map(Complaint::name),
        );
        assert_eq!(complaints, ["too_many_lines"]);
        assert_eq!(shown(&s, &documents), Quantity::whole(1_990_000));
        for order in 1..100 {
            complaints.extend(
                take(&s, &mut documents, &crowd(order, 10_000, 1))
                    .iter()
                    .map(Complaint::name),
            );
        }
        assert_eq!(complaints, ["too_many_lines", "too_many_order_lines"]);
        let document = &documents.skus.get("A").unwrap();
        assert_eq!((document.lines.len(), document.overfull), (SkuDocument::LINES, true));
        assert_eq!(shown(&s, &documents), Quantity::ZERO);
        // It ends when the ledger is half empty.
        for order in 0..5 {
            assert!(take(&s, &mut documents, &crowd(order, 0, 2)).is_empty());
        }
        assert_eq!(shown(&s, &documents), Quantity::whole(1_950_000));
    }

    #[test]
    fn beyond_the_limit_of_movements_those_that_add_most_are_dropped_in_any_order() {
        let s = berlin(SourcePolicy::new(Basis::Physical));
        let moved = |n: i64| Event::Movement {
            source: "erp".parse().unwrap(),
            id: n.to_string().parse().unwrap(),
            sku: "A".parse().unwrap(),
            location: "berlin".parse().unwrap(),
            quantity: Quantity::whole(if n < 20 { 1_000 } else { -1 }),
            at: "2026-01-05T11:50:00Z".parse().unwrap(),
            contained: None,
        };
        let most = i64::try_from(SkuDocument::MOVEMENTS).unwrap();
        let stock: Event = serde_json::from_value(at(40, &[("A", "berlin", "50000")])).unwrap();
        let run = |order: &mut dyn Iterator<Item = i64>| {
            let mut documents = Documents::default();
            drop(take(&s, &mut documents, &stock));
            let complaints: usize = order.map(|n| take(&s, &mut documents, &moved(n)).len()).sum();
            (shown(&s, &documents), complaints, documents)
        };
        let (up, complaints, mut documents) = run(&mut (0..most + 20));
        assert_eq!((up, complaints), (Quantity::whole(50_000 - most), 20));
        let (down, ..) = run(&mut (0..most + 20).rev());
        assert_eq!(up, down);
        // A newer figure ends them all.
        let newer = serde_json::from_value(at(55, &[("A", "berlin", "7")])).unwrap();
        drop(take(&s, &mut documents, &newer));
        assert!(documents.skus.get("A").unwrap().movements.is_empty());
    }

    #[test]
    fn reservations_prices_and_tags_have_limits_of_their_own() {
        let mut s = berlin(SourcePolicy::new(Basis::Physical));
        list(&mut s, "retail", GrossNet::Gross);
        let mut documents = Documents::default();
        let mut report = at(40, &[("A", "berlin", "50000")]);
        report["rows"][0]["tags"] = (0..999).map(|n| n.to_string()).collect();
        report["rows"][0]["brand"] = json!("x".repeat(1_000));
        let told = take(&s, &mut documents, &serde_json::from_value(report).unwrap());
        assert_eq!(told, [Complaint::TooManyTags("A".parse().unwrap())]);
        let mut refused = 0;
        for n in 0..SkuDocument::RESERVATIONS + 5 {
            let event = reservation(&n.to_string(), "A", ("location", "berlin"), "1");
            refused += take(&s, &mut documents, &serde_json::from_value(event).unwrap()).len();
        }
        assert_eq!((refused, shown(&s, &documents)), (5, Quantity::whole(49_000)));
        let price = |n: usize, until: Option<Millis>| Event::Price {
            source: "erp".parse().unwrap(),
            list: "retail".parse().unwrap(),
            sku: "A".parse().unwrap(),
            price: Money::new(Decimal::ONE, "EUR".parse().unwrap()).unwrap(),
            from: Some(Millis(i64::try_from(n).unwrap())),
            until,
        };
        for n in 0..SkuDocument::PRICES {
            // The first ones have ended.
            assert!(take(&s, &mut documents, &price(n, (n < 10).then(now))).is_empty());
        }
        let more: Vec<_> = (0..12)
            .flat_map(|n| take(&s, &mut documents, &price(SkuDocument::PRICES + n, None)))
            .map(|complaint| complaint.name())
            .collect();
        assert_eq!(more, ["too_many_prices", "too_many_prices"]);
        let document = &documents.skus.get("A").unwrap();
        assert_eq!(
            (
                document.reservations.len(),
                document.prices.len(),
                document.attributes.tags.len()
            ),
            (SkuDocument::RESERVATIONS, SkuDocument::PRICES, SkuDocument::TAGS)
        );
        assert_eq!(document.attributes.brand.as_ref().unwrap().len(), SkuDocument::TEXT);
    }

    #[test]
    fn articles_that_an_order_dropped_are_forgotten_in_time() {
        let s = berlin(SourcePolicy::new(Basis::Physical));
        let mut documents = Documents::default();
        for revision in 0..30 {
            let mut event = crowd(0, 1_000, revision);
            if let Event::Order { order, .. } = &mut event {
                for line in &mut order.lines {
                    line.sku = Some(format!("{revision}-{}", line.line).parse().unwrap());
                }
            }
            assert!(take(&s, &mut documents, &event).is_empty());
        }
        let order = documents.orders.values().next().unwrap();
        assert!(
            order.touched.len() <= omnistock_engine::OrderDocument::DROPPED,
            "{}",
            order.touched.len()
        );
        let left: usize = documents.skus.values().map(|document| document.lines.len()).sum();
        assert_eq!(left, 1_000, "every dropped line was released");
    }
}
