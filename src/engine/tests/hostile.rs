//! Any sequence of events, however hostile, leaves a defined state.

#[cfg(test)]
mod laws {
    use crate::common::facts::*;
    use crate::common::*;
    use omnistock_engine::{Event, MissingRow, OrderDocument, SkuDocument, SourceDocument, StockEvent, StockRow};
    use omnistock_words::{
        Absorb, Basis, Carve, ChannelName, Limit, LocationName, LocationPolicy, Millis, Money, OrderFact,
        OrderLineFact, Percent, PolicyPatch, Quantity, Revision, Sourcing,
    };
    use proptest::collection::vec;
    use proptest::option;
    use proptest::prelude::*;
    use rust_decimal::Decimal;

    fn wild() -> impl Strategy<Value = Quantity> {
        (any::<i64>(), 0u32..8).prop_map(|(n, scale)| Quantity::saturating(Decimal::new(n, scale)))
    }

    fn any_time() -> impl Strategy<Value = Millis> {
        any::<i64>().prop_map(Millis)
    }

    fn any_place() -> impl Strategy<Value = LocationName> {
        one(&["one", "two", "three", "nowhere", "carved"])
    }

    fn any_channel() -> impl Strategy<Value = ChannelName> {
        one(&["shop", "market", "gone"])
    }

    fn wild_stock() -> impl Strategy<Value = Event> {
        let row = (one(&SKUS), any_place(), wild()).prop_map(|(sku, location, quantity)| StockRow {
            sku,
            location,
            quantity,
            sellable: true,
            brand: None,
            category: None,
            tags: Vec::new(),
        });
        let source = || "erp".parse().unwrap();
        let chunk = (any_time(), vec(row, 0..5), option::of(any_time())).prop_map(move |(as_of, rows, read_until)| {
            Event::Stock(StockEvent {
                source: source(),
                complete: true,
                basis: None,
                as_of,
                read_until,
                rows,
            })
        });
        let closing = (any_time(), any::<u64>(), wild()).prop_map(move |(as_of, rows, total)| Event::Snapshot {
            source: source(),
            as_of,
            read_until: None,
            rows,
            total,
        });
        let gone = (any_time(), one(&SKUS), any_place()).prop_map(move |(as_of, sku, location)| Event::Missing {
            source: source(),
            as_of,
            rows: vec![MissingRow { sku, location }],
        });
        prop_oneof![chunk, closing, gone]
    }

    fn wild_order() -> impl Strategy<Value = Event> {
        let sold = (line(), wild()).prop_map(|(line, quantity)| OrderLineFact {
            quantity,
            reservation: Some("r".parse().unwrap()),
            ..line
        });
        let revision =
            option::of((any::<i64>(), any::<i64>()).prop_map(|(number, sequence)| Revision { number, sequence }));
        let order = (
            any_channel(),
            revision,
            order_status(),
            any_time(),
            option::of(any_time()),
            vec(sold, 0..5),
        )
            .prop_map(|(channel, revision, status, placed_at, at, lines)| Event::Order {
                channel,
                order: OrderFact {
                    order: "7".parse().unwrap(),
                    revision,
                    status,
                    placed_at,
                    at,
                    lines,
                },
            });
        let said = (any_channel(), wild(), option::of(any_time())).prop_map(|(channel, quantity, as_of)| {
            let (source, order, line) = ("erp".parse().unwrap(), "7".parse().unwrap(), "1".parse().unwrap());
            Event::Absorbed {
                source,
                channel,
                order,
                line,
                quantity,
                as_of,
            }
        });
        prop_oneof![order, said]
    }

    fn wild_event() -> impl Strategy<Value = Event> {
        let moved = (one(&SKUS), any_place(), wild(), any_time()).prop_map(|(sku, location, quantity, at)| {
            let (source, id) = ("wms".parse().unwrap(), "m".parse().unwrap());
            Event::Movement {
                source,
                id,
                sku,
                location,
                quantity,
                at,
                contained: None,
            }
        });
        let aside = (
            one(&SKUS),
            option::of(any_place()),
            option::of(any_channel()),
            wild(),
            any_time(),
        )
            .prop_map(|(sku, location, channel, quantity, expires_at)| Event::Reservation {
                id: "r".parse().unwrap(),
                sku,
                location,
                channel,
                quantity,
                expires_at,
                asked: None,
            });
        let price = (one(&SKUS), any::<i64>()).prop_map(|(sku, n)| {
            let price = Money::new(Decimal::new(n, 10), "EUR".parse().unwrap()).unwrap();
            Event::Price {
                source: "erp".parse().unwrap(),
                list: "retail".parse().unwrap(),
                sku,
                price,
                from: None,
                until: None,
            }
        });
        prop_oneof![3 => wild_stock(), 3 => wild_order(), 1 => moved, 2 => aside, 1 => price]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn hostile_events_leave_a_defined_state(events in vec(wild_event(), 1..12)) {
            let mut settings = world(Absorb::ByReference, Basis::Physical, Sourcing::MostStock);
            let carved = LocationPolicy { part_of: Some("one".parse().unwrap()), carve: Some(Carve::Share(Percent::whole(130))), ..LocationPolicy::default() };
            location(&mut settings, "carved", carved);
            bundle(&mut settings, "B", &[("SET", "1"), ("B", "1")]);
            rule(&mut settings, "*", PolicyPatch { backorder_limit: Some(Limit::Unlimited), ..PolicyPatch::default() });
            let documents = applied(&settings, &events);
            for line in seen(&settings, &documents) {
                prop_assert!(!line.is_empty());
            }
            for document in documents.skus.values() {
                prop_assert_eq!(&SkuDocument::decode(&document.encode()).unwrap(), document);
            }
            for document in documents.orders.values() {
                prop_assert_eq!(&OrderDocument::decode(&document.encode()).unwrap(), document);
            }
            for document in documents.sources.values() {
                prop_assert_eq!(&SourceDocument::decode(&document.encode()).unwrap(), document);
            }
        }
    }
}
