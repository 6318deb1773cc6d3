//! What holds for any facts in any order.

#[cfg(test)]
mod common;

#[cfg(test)]
mod laws {
    use crate::common::*;
    use omnistock_engine::{
        Documents, Event, MissingRow, OrderDocument, Promise, Reason, SkuDocument, SourceDocument, StockEvent,
        StockRow, apply, missing, own_lines, promise, promises, sellable,
    };
    use omnistock_words::{
        Absorb, Basis, ChannelName, ChannelPolicy, FulfilledBy, LocationPolicy, Millis, Money, OrderFact,
        OrderLineFact, OrderStatus, Percent, PolicyPatch, Quantity, Revision, SafetyStock, Settings, Sku, SourcePolicy,
        Sourcing,
    };
    use proptest::collection::vec;
    use proptest::option;
    use proptest::prelude::*;
    use rust_decimal::Decimal;

    const SKUS: [&str; 4] = ["A", "B", "C", "SET"];
    const PLACES: [&str; 3] = ["one", "two", "three"];
    const CHANNELS: [&str; 2] = ["shop", "market"];

    fn world(absorb: Absorb, basis: Basis, sourcing: Sourcing) -> Settings {
        let mut s = merchant();
        s.sources.insert(
            "erp".parse().unwrap(),
            SourcePolicy {
                absorb,
                ..SourcePolicy::new(basis)
            },
        );
        s.sources
            .insert("wms".parse().unwrap(), SourcePolicy::new(Basis::NetOfOrders));
        places(&mut s, &["one", "two"]);
        location(
            &mut s,
            "three",
            LocationPolicy {
                source: Some("wms".parse().unwrap()),
                ..LocationPolicy::default()
            },
        );
        channel(
            &mut s,
            "shop",
            &["one", "two", "three"],
            ChannelPolicy {
                sourcing,
                ..ChannelPolicy::default()
            },
        );
        channel(
            &mut s,
            "market",
            &["two", "one"],
            ChannelPolicy {
                decimals: 1,
                ..ChannelPolicy::default()
            },
        );
        bundle(&mut s, "SET", &[("A", "2"), ("C", "1.5")]);
        s
    }

    fn settings() -> impl Strategy<Value = Settings> {
        let absorb = prop_oneof![
            Just(Absorb::ByReference),
            Just(Absorb::ByStatus),
            Just(Absorb::ByDelay(600_000)),
            Just(Absorb::Never)
        ];
        let basis = prop_oneof![
            Just(Basis::Physical),
            Just(Basis::NetOfReserved),
            Just(Basis::NetOfOrders)
        ];
        let sourcing = prop_oneof![
            Just(Sourcing::Priority),
            Just(Sourcing::MostStock),
            Just(Sourcing::SingleLocation)
        ];
        (absorb, basis, sourcing).prop_map(|(a, b, c)| world(a, b, c))
    }

    /// One of few instants before now, so that ties are common.
    fn instant() -> impl Strategy<Value = Millis> {
        (0i64..12).prop_map(|n| now().plus(-n * 300_000))
    }

    fn amount() -> impl Strategy<Value = Quantity> {
        (0i64..60, 0u32..2).prop_map(|(n, scale)| Quantity::saturating(Decimal::new(n, scale)))
    }

    fn one<T: std::str::FromStr<Err: std::fmt::Debug> + std::fmt::Debug>(
        names: &'static [&'static str],
    ) -> impl Strategy<Value = T> {
        prop::sample::select(names).prop_map(|name| name.parse().unwrap())
    }

    fn source() -> impl Strategy<Value = omnistock_words::ConnectorName> {
        one(&["erp", "wms"])
    }

    fn row() -> impl Strategy<Value = StockRow> {
        (
            one(&SKUS),
            one(&PLACES),
            amount(),
            prop::bool::weighted(0.9),
            option::weighted(0.2, "[xy]"),
        )
            .prop_map(|(sku, location, quantity, sellable, brand)| StockRow {
                sku,
                location,
                quantity,
                sellable,
                brand,
                category: None,
                tags: Vec::new(),
            })
    }

    fn stock_event() -> impl Strategy<Value = Event> {
        (
            source(),
            any::<bool>(),
            instant(),
            option::weighted(0.3, instant()),
            vec(row(), 0..6),
        )
            .prop_map(|(source, complete, as_of, read_until, rows)| {
                Event::Stock(StockEvent {
                    source,
                    complete,
                    basis: None,
                    as_of,
                    read_until,
                    rows,
                })
            })
    }

    fn status() -> impl Strategy<Value = OrderStatus> {
        prop_oneof![4 => Just(OrderStatus::Open), 2 => Just(OrderStatus::Shipped), 1 => Just(OrderStatus::Cancelled), 1 => Just(OrderStatus::Returned)]
    }

    fn line() -> impl Strategy<Value = OrderLineFact> {
        let ends = (option::weighted(0.2, one(&PLACES)), option::weighted(0.3, one(&PLACES)));
        let whose = prop_oneof![9 => Just(FulfilledBy::Merchant), 1 => Just(FulfilledBy::Channel)];
        (
            one(&["1", "2", "3"]),
            option::weighted(0.9, one(&SKUS)),
            amount(),
            option::weighted(0.2, status()),
            ends,
            whose,
        )
            .prop_map(
                |(line, sku, quantity, status, (location, restock_location), fulfilled_by)| OrderLineFact {
                    line,
                    sku,
                    quantity,
                    status,
                    location,
                    fulfilled_by,
                    reservation: None,
                    restock_location,
                },
            )
    }

    /// An order with a revision, or a final cancellation: facts with an order of their own.
    fn order_event() -> impl Strategy<Value = Event> {
        (
            one(&CHANNELS),
            one(&["7", "8", "9"]),
            0i64..5,
            status(),
            instant(),
            option::of(instant()),
            vec(line(), 0..4),
        )
            .prop_map(|(channel, order, number, status, placed_at, at, lines)| {
                let revision =
                    (number > 0 || status != OrderStatus::Cancelled).then_some(Revision { number, sequence: 0 });
                Event::Order {
                    channel,
                    order: OrderFact {
                        order,
                        revision,
                        status,
                        placed_at,
                        at,
                        lines,
                    },
                }
            })
    }

    fn statement() -> impl Strategy<Value = Event> {
        (
            source(),
            one(&CHANNELS),
            one(&["7", "8", "9"]),
            one(&["1", "2", "3"]),
            amount(),
            instant(),
        )
            .prop_map(|(source, channel, order, line, quantity, as_of)| Event::Absorbed {
                source,
                channel,
                order,
                line,
                quantity,
                as_of: Some(as_of),
            })
    }

    /// Movements are told apart by their ids: one id, one content.
    fn movement() -> impl Strategy<Value = Event> {
        (source(), one(&SKUS), one(&PLACES), -20i64..20, instant()).prop_map(
            |(source, sku, location, n, at): (_, Sku, omnistock_words::LocationName, _, Millis)| {
                let id = format!("{sku}-{location}-{n}-{}", at.0).parse().unwrap();
                Event::Movement {
                    source,
                    id,
                    sku,
                    location,
                    quantity: Quantity::whole(n),
                    at,
                    contained: None,
                }
            },
        )
    }

    fn fact() -> impl Strategy<Value = Event> {
        prop_oneof![3 => stock_event(), 4 => order_event(), 2 => statement(), 2 => movement()]
    }

    fn applied(settings: &Settings, events: &[Event]) -> Documents {
        let mut documents = Documents::default();
        for event in events {
            for key in missing(settings, &documents, event) {
                assert!(!documents.holds(&key), "{key:?} is asked for although it is there");
            }
            drop(apply(settings, &mut documents, event, now()));
        }
        documents
    }

    /// All that can be asked.
    fn seen(settings: &Settings, documents: &Documents) -> Vec<String> {
        let mut seen = Vec::new();
        for sku in SKUS {
            let sku: Sku = sku.parse().unwrap();
            for (channel, promise) in promises(settings, documents, &sku, now()) {
                seen.push(format!("{sku} {channel} {promise:?}"));
            }
            for place in PLACES {
                seen.push(format!(
                    "{sku} {place} {}",
                    sellable(settings, documents, &place.parse().unwrap(), &sku, now())
                ));
            }
            for channel in CHANNELS {
                let channel: ChannelName = channel.parse().unwrap();
                let empty = SkuDocument::default();
                let document = documents.skus.get(&sku).unwrap_or(&empty);
                seen.extend(own_lines(document, &channel).map(|line| format!("{sku} {channel} {line:?}")));
            }
        }
        seen
    }

    fn one_sku(n: i64) -> Event {
        serde_json::from_value(stock(&[
            ("A", "one", &n.to_string()),
            ("A", "two", &(n / 2).to_string()),
        ]))
        .unwrap()
    }

    /// The quantity as its steps say, computed again from the reasons alone.
    fn recompute(promise: &Promise) -> Quantity {
        let mut value = Quantity::ZERO;
        for step in &promise.steps {
            value = match &step.because {
                Reason::Pool {
                    places,
                    short,
                    ship_complete,
                } => {
                    let each = places.iter().map(|place| place.counted);
                    (if *ship_complete {
                        each.max().unwrap()
                    } else {
                        each.sum()
                    }) - *short
                }
                Reason::Held { own, channel } => (value - *own - *channel).positive(),
                Reason::Presale { limit, deficit } => {
                    limit.map_or(Quantity::MAX, |limit| value.positive() + (limit - *deficit).positive())
                }
                Reason::StopAt(_) => value.min(Quantity::ZERO),
                Reason::Cap(cap) => *cap,
                Reason::Units {
                    decimals, pack_size, ..
                } => value.floor(*decimals).floor_to(*pack_size),
                Reason::Share(share) => value.multiply(share.factor()).floor(0),
                Reason::Unchanged => value,
                _ => step.value,
            };
            assert_eq!(value, step.value, "{step:?}");
        }
        value.positive()
    }

    fn policy() -> impl Strategy<Value = ChannelPolicy> {
        let safety = prop_oneof![
            (0i64..9).prop_map(|n| SafetyStock::Units(Quantity::whole(n))),
            (0u32..120).prop_map(|n| SafetyStock::Share(Percent::whole(n))),
        ];
        let optional = || option::of((0i64..9).prop_map(Quantity::whole));
        let limit = option::of((0i64..9).prop_map(|n| omnistock_words::Limit::Units(Quantity::whole(n))));
        (
            safety.clone(),
            safety,
            optional(),
            optional(),
            limit,
            0i64..4,
            option::of(0u32..100),
            any::<bool>(),
        )
            .prop_map(
                |(sku_safety_stock, safety_stock, stop_at, max_shown, backorder_limit, pack, share, ship_complete)| {
                    ChannelPolicy {
                        sku_safety_stock,
                        safety_stock,
                        stop_at,
                        max_shown,
                        backorder_limit,
                        ship_complete,
                        pack_size: Quantity::whole(pack),
                        share: share.map(Percent::whole),
                        ..ChannelPolicy::default()
                    }
                },
            )
    }

    fn shop(policy: ChannelPolicy) -> Settings {
        let mut s = merchant();
        places(&mut s, &["one", "two"]);
        channel(&mut s, "shop", &["one", "two"], policy);
        s
    }

    fn promised(settings: &Settings, n: i64, sold: i64) -> Promise {
        let order = serde_json::from_value(order("shop", 1, &[("A", &sold.to_string())])).unwrap();
        let documents = applied(settings, &[one_sku(n), order]);
        promise(
            settings,
            &documents,
            &"shop".parse().unwrap(),
            &"A".parse().unwrap(),
            now(),
        )
    }

    fn wild() -> impl Strategy<Value = Quantity> {
        (any::<i64>(), 0u32..8).prop_map(|(n, scale)| Quantity::saturating(Decimal::new(n, scale)))
    }

    fn any_time() -> impl Strategy<Value = Millis> {
        any::<i64>().prop_map(Millis)
    }

    fn any_place() -> impl Strategy<Value = omnistock_words::LocationName> {
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
            status(),
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

    /// A thousand, or as many as `PROPTEST_CASES` says.
    fn cases() -> u32 {
        std::env::var("PROPTEST_CASES")
            .ok()
            .and_then(|text| text.parse().ok())
            .unwrap_or(1_000)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_order_of_facts_does_not_matter(
            settings in settings(),
            (events, shuffled, again) in vec(fact(), 1..14).prop_flat_map(|events| {
                (Just(events.clone()), Just(events.clone()).prop_shuffle(), prop::sample::subsequence(events.clone(), 0..=events.len()))
            }),
        ) {
            let straight = applied(&settings, &events);
            let doubled = applied(&settings, &[shuffled, again].concat());
            prop_assert_eq!(seen(&settings, &straight), seen(&settings, &doubled));
        }

        #[test]
        fn what_is_applied_twice_changes_nothing(settings in settings(), events in vec(fact(), 1..10)) {
            let mut documents = applied(&settings, &events);
            let before = documents.clone();
            documents.take_changed();
            for event in &events {
                drop(apply(&settings, &mut documents, event, now()));
            }
            prop_assert_eq!(documents.changed().len(), 0, "{:?}", documents.changed());
            prop_assert_eq!((&documents.skus, &documents.orders, &documents.sources), (&before.skus, &before.orders, &before.sources));
        }

        #[test]
        fn no_unit_is_made_or_lost(stocks in vec((one(&["one", "two", "three"]), 0i64..30), 1..4), sold in vec((one(&CHANNELS), 1i64..20), 0..6)) {
            let mut s = merchant();
            places(&mut s, &PLACES);
            for channel_name in CHANNELS {
                channel(&mut s, channel_name, &PLACES, ChannelPolicy::default());
            }
            let rows: Vec<(String, String)> = stocks.iter().map(|(place, n): &(String, i64)| (place.clone(), n.to_string())).collect();
            let rows: Vec<(&str, &str, &str)> = rows.iter().map(|(place, n)| ("A", place.as_str(), n.as_str())).collect();
            let mut events: Vec<Event> = vec![serde_json::from_value(stock(&rows)).unwrap()];
            for (index, (channel, n)) in sold.iter().enumerate() {
                let channel: &String = channel;
                events.push(serde_json::from_value(order(channel, u32::try_from(index).unwrap(), &[("A", &n.to_string())])).unwrap());
            }
            let documents = applied(&s, &events);
            // Of two rows for one place the lower counts.
            let there: i64 = PLACES.iter().filter_map(|place| stocks.iter().filter(|(p, _)| p == place).map(|(_, n)| *n).min()).sum();
            let left = there - sold.iter().map(|(_, n)| *n).sum::<i64>();
            for name in CHANNELS {
                let promise = promise(&s, &documents, &name.parse().unwrap(), &"A".parse().unwrap(), now());
                prop_assert_eq!(promise.steps[0].value, Quantity::whole(left));
                prop_assert_eq!(promise.split.iter().map(|(_, n)| *n).sum::<Quantity>(), promise.quantity.unwrap());
            }
        }

        #[test]
        fn steps_recompute_to_the_quantity(policy in policy(), n in -5i64..80, sold in 0i64..90) {
            let promise = promised(&shop(policy), n, sold);
            prop_assert_eq!(Some(recompute(&promise)), promise.quantity);
        }

        #[test]
        fn more_stock_never_lowers_a_promise(policy in policy(), n in -5i64..80, more in 0i64..20, sold in 0i64..90) {
            let settings = shop(policy);
            prop_assert!(promised(&settings, n, sold).quantity <= promised(&settings, n + more, sold).quantity);
        }

        #[test]
        fn more_safety_stock_never_raises_a_promise(policy in policy(), n in 0i64..80, less in 0i64..9, more in 0i64..9) {
            let with = |units| promised(&shop(ChannelPolicy { safety_stock: SafetyStock::Units(Quantity::whole(units)), ..policy.clone() }), n, 3).quantity;
            prop_assert!(with(less + more) <= with(less));
        }

        #[test]
        fn hostile_events_leave_a_defined_state(events in vec(wild_event(), 1..12)) {
            let mut settings = world(Absorb::ByReference, Basis::Physical, Sourcing::MostStock);
            let carved = LocationPolicy { part_of: Some("one".parse().unwrap()), carve: Some(omnistock_words::Carve::Share(Percent::whole(130))), ..LocationPolicy::default() };
            location(&mut settings, "carved", carved);
            bundle(&mut settings, "B", &[("SET", "1"), ("B", "1")]);
            rule(&mut settings, "*", PolicyPatch { backorder_limit: Some(omnistock_words::Limit::Unlimited), ..PolicyPatch::default() });
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
