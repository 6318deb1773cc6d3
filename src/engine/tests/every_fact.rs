//! Laws over every type of fact at once: order does not matter, and no unit is made or lost.

#[cfg(test)]
mod laws {
    use crate::common::facts::*;
    use crate::common::*;
    use omnistock_engine::{
        ContainedAfter, Documents, Event, Offer, Position, StockEvent, StockRow, explained, sellable,
    };
    use omnistock_words::{
        Absorb, Basis, ChannelPolicy, GrossNet, Millis, Money, OrderStatus, PriceFloor, PriceRule, Quantity, Revision,
        Settings, Sku, SourcePolicy, Sourcing,
    };
    use proptest::collection::vec;
    use proptest::option;
    use proptest::prelude::*;
    use proptest::strategy::ValueTree;
    use rust_decimal::Decimal;
    use std::collections::BTreeSet;

    /// Enough of everything everywhere, as of long ago, so that every reservation is granted whatever comes first.
    fn plenty() -> Event {
        let rows = ["A", "B", "C"].into_iter().flat_map(|sku| {
            PLACES.map(|place| StockRow {
                sku: sku.parse().unwrap(),
                location: place.parse().unwrap(),
                quantity: Quantity::whole(100_000),
                sellable: true,
                brand: None,
                category: None,
                tags: Vec::new(),
            })
        });
        let old = now().plus(-86_400_000);
        Event::Stock(StockEvent {
            source: "erp".parse().unwrap(),
            complete: false,
            basis: None,
            as_of: old,
            read_until: None,
            rows: rows.collect(),
        })
    }

    /// One id, one content: a changed reservation is a later wish, not the same fact.
    fn reserved() -> impl Strategy<Value = Event> {
        (one(&["A", "B", "C"]), 1i64..9, 1i64..3).prop_map(|(sku, n, minutes): (Sku, _, _)| {
            let at = |index: i64| (n % 4 == index).then_some(());
            let place = at(0).map(|()| "one").or(at(1).map(|()| "two"));
            let channel = at(2).map(|()| "shop").or(at(3).map(|()| "market"));
            Event::Reservation {
                id: format!("{sku}-{n}-{minutes}").parse().unwrap(),
                sku,
                location: place.map(|name| name.parse().unwrap()),
                channel: channel.map(|name| name.parse().unwrap()),
                quantity: Quantity::whole(n),
                expires_at: now().plus(minutes * 60_000),
                asked: None,
            }
        })
    }

    /// Orders whose lines name reservations, restock places and statuses of their own; revised, cancelled for good.
    fn consuming() -> impl Strategy<Value = Event> {
        (
            order_event(),
            vec(option::of((one(&["A", "B", "C"]), 1i64..9, 1i64..3)), 4),
        )
            .prop_map(|(mut event, names)| {
                if let Event::Order { order, .. } = &mut event {
                    for (line, named) in order.lines.iter_mut().zip(names) {
                        line.reservation =
                            named.map(|(sku, n, minutes): (Sku, _, _)| format!("{sku}-{n}-{minutes}").parse().unwrap());
                    }
                }
                event
            })
    }

    fn delayed() -> impl Strategy<Value = Event> {
        (movement(), 0i64..3_600_000).prop_map(|(mut event, delay)| {
            if let Event::Movement { contained, id, .. } = &mut event {
                *contained = Some(ContainedAfter::ByDelay(delay));
                *id = format!("{id}-{delay}").parse().unwrap();
            }
            event
        })
    }

    /// An amount has no time of its own: one validity, one amount.
    fn priced() -> impl Strategy<Value = Event> {
        (one(&["A", "B", "SET"]), option::of(instant()), option::of(instant())).prop_map(|(sku, from, until)| {
            let amount =
                Decimal::from(10 + from.map_or(0, |at: Millis| at.0 % 7) + until.map_or(0, |at: Millis| at.0 % 5));
            let (source, list) = ("erp".parse().unwrap(), "retail".parse().unwrap());
            let price = Money::new(amount, "EUR".parse().unwrap()).unwrap();
            Event::Price {
                source,
                list,
                sku,
                price,
                from,
                until,
            }
        })
    }

    fn described() -> impl Strategy<Value = Event> {
        (stock_event(), vec("[a-c]{1,2}", 0..4)).prop_map(|(mut event, tags)| {
            if let Event::Stock(report) = &mut event {
                report.rows.iter_mut().for_each(|row| row.tags.clone_from(&tags));
            }
            event
        })
    }

    fn approved() -> impl Strategy<Value = Event> {
        (one(&["erp", "wms"]), instant()).prop_map(|(source, as_of)| Event::Approved { source, as_of })
    }

    /// A person's word: a source contains it, or its units are given back. Of one moment there is one word.
    fn mended() -> impl Strategy<Value = Event> {
        (statement(), any::<bool>(), instant()).prop_map(|(event, contained, at)| {
            let Event::Absorbed {
                source,
                channel,
                order,
                line,
                quantity,
                as_of,
            } = event
            else {
                return event;
            };
            Event::Mended {
                channel,
                order,
                line,
                source: contained.then_some(source),
                quantity,
                as_of,
                at,
                reason: "seen".to_owned(),
            }
        })
    }

    /// What systems report, and what people say beside it.
    fn everything_told() -> impl Strategy<Value = Event> {
        prop_oneof![7 => every_fact(), 1 => mended()]
    }

    fn every_fact() -> impl Strategy<Value = Event> {
        prop_oneof![2 => described(), 4 => consuming(), 2 => statement(), 2 => movement(), 1 => delayed(), 2 => reserved(), 1 => priced(), 1 => approved()]
    }

    fn everything() -> impl Strategy<Value = Settings> {
        settings().prop_map(|mut settings| {
            list(&mut settings, "retail", GrossNet::Gross);
            for channel in settings.channels.values_mut() {
                channel.policy.price = PriceRule {
                    list: Some("retail".parse().unwrap()),
                    floor: Some(PriceFloor::None),
                    ..PriceRule::default()
                };
            }
            rule(
                &mut settings,
                "*",
                omnistock_words::PolicyPatch {
                    stop_at: Some(Quantity::ONE),
                    ..Default::default()
                },
            );
            settings.rules[0].matches.tag = Some("a*".to_owned());
            settings
        })
    }

    fn names(events: &[Event]) -> BTreeSet<&'static str> {
        let name = |event: &Event| match event {
            Event::Stock(_) => "stock",
            Event::Order { order, .. } if order.status == OrderStatus::Cancelled && order.revision.is_none() => {
                "cancel"
            }
            Event::Order { order, .. } if order.lines.iter().any(|line| line.reservation.is_some()) => "consuming",
            Event::Order { order, .. } if order.lines.iter().any(|line| line.restock_location.is_some()) => "restock",
            Event::Order { .. } => "order",
            Event::Absorbed { .. } => "statement",
            Event::Movement { contained: Some(_), .. } => "delayed",
            Event::Movement { .. } => "movement",
            Event::Reservation { .. } => "reservation",
            Event::Price { .. } => "price",
            Event::Missing { .. } | Event::Snapshot { .. } => "closing",
            Event::Approved { .. } => "approval",
            Event::Mended { .. } => "mend",
        };
        events.iter().map(name).collect()
    }

    #[test]
    fn every_type_of_fact_is_drawn() {
        let mut runner = proptest::test_runner::TestRunner::deterministic();
        let events: Vec<Event> = (0..600)
            .map(|_| everything_told().new_tree(&mut runner).unwrap().current())
            .collect();
        let wanted = [
            "stock",
            "cancel",
            "consuming",
            "restock",
            "order",
            "statement",
            "delayed",
            "movement",
            "reservation",
            "price",
            "approval",
            "mend",
        ];
        assert_eq!(names(&events), wanted.into());
    }

    fn with(plenty: Event, events: &[Event]) -> Vec<Event> {
        std::iter::once(plenty).chain(events.iter().cloned()).collect()
    }

    /// What is left in all: what can be sold, below zero too, less what is sold and nowhere to be found.
    fn left(settings: &Settings, documents: &Documents, sku: &Sku) -> Quantity {
        let all = "all".parse().unwrap();
        let promise = explained(settings, documents, &all, sku, Offer::default(), now());
        let below =
            PLACES.map(|place| (-sellable(settings, documents, &place.parse().unwrap(), sku, now())).positive());
        promise.steps.first().map_or(Quantity::ZERO, |step| step.value) - below.into_iter().sum()
    }

    /// The same from the facts alone, without sourcing: figures, later movements and returns, lines that no
    /// statement contains, reservations that no line consumes.
    fn booked(documents: &Documents, sku: &Sku) -> Quantity {
        let Some(document) = documents.skus.get(sku) else {
            return Quantity::ZERO;
        };
        let as_of = |place: &str| {
            let known = document
                .positions
                .iter()
                .find(|position| position.location.as_str() == place);
            known.map(|position| position.effective(documents.sources.get(&position.source)).0)
        };
        let later = |place: &str, at: Millis| as_of(place).is_none_or(|as_of| at > as_of);
        let mut sum: Quantity = document.positions.iter().map(|position| position.quantity).sum();
        for movement in document
            .movements
            .iter()
            .filter(|m| later(m.location.as_str(), m.contained_from))
        {
            sum += movement.quantity;
        }
        for line in &document.lines {
            if let Some((place, _)) = line.restocked().filter(|(place, at)| later(place.as_str(), *at)) {
                assert!(PLACES.contains(&place.as_str()));
                sum += line.quantity;
            }
            let reached = line.statements.iter().filter(|stated| {
                // A kept row of nothing is not where the units came from.
                let own = |p: &&Position| p.source == stated.source && (!p.missing || p.quantity.is_positive());
                let figures: Vec<&Position> = document.positions.iter().filter(own).collect();
                let pinned = |p: &Position| line.location().is_none_or(|pinned| *pinned == p.location);
                let near = figures.iter().any(|p| pinned(p));
                let mut there = figures.iter().filter(|p| !near || pinned(p)).peekable();
                let known = documents.sources.get(&stated.source);
                match there.peek() {
                    Some(_) => there.all(|p| p.effective(known).0 >= stated.as_of),
                    None => known.is_some_and(|known| known.newest >= Some(stated.as_of)),
                }
            });
            let stated: Quantity = reached.map(|stated| stated.quantity).sum();
            if line.takes_stock() {
                sum -= line.quantity - stated.min(line.quantity);
            }
        }
        for reservation in document
            .reservations
            .iter()
            .filter(|reservation| reservation.expires_at > now())
        {
            let naming = document
                .lines
                .iter()
                .filter(|line| line.takes_stock() && line.reservation() == Some(&reservation.id));
            sum -= (reservation.quantity - naming.map(|line| line.quantity).sum()).positive();
        }
        sum
    }

    /// One source, by reference, all places; statements only of its own figures.
    fn one_book() -> Settings {
        let mut s = merchant();
        s.sources.insert(
            "erp".parse().unwrap(),
            SourcePolicy {
                absorb: Absorb::ByReference,
                ..SourcePolicy::new(Basis::Physical)
            },
        );
        places(&mut s, &PLACES);
        for (name, sourcing) in [
            ("all", Sourcing::Priority),
            ("shop", Sourcing::MostStock),
            ("market", Sourcing::SingleLocation),
        ] {
            channel(
                &mut s,
                name,
                &PLACES,
                ChannelPolicy {
                    sourcing,
                    ..ChannelPolicy::default()
                },
            );
        }
        s
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_order_of_all_facts_does_not_matter(
            settings in everything(),
            (events, shuffled, again) in vec(everything_told(), 1..16).prop_flat_map(|events| {
                (Just(events.clone()), Just(events.clone()).prop_shuffle(), prop::sample::subsequence(events.clone(), 0..=events.len()))
            }),
        ) {
            // Stock that a report takes away could refuse a reservation: reports come before or behind all of it.
            let (mut straight, stock): (Vec<Event>, Vec<Event>) = events.into_iter().partition(|event| !matches!(event, Event::Stock(_)));
            straight.extend(stock);
            let (mut turned, stock): (Vec<Event>, Vec<Event>) = shuffled.into_iter().partition(|event| !matches!(event, Event::Stock(_)));
            turned.extend(stock);
            let again: Vec<Event> = again.into_iter().filter(|event| !matches!(event, Event::Reservation { .. })).collect();
            let straight = applied(&settings, &with(plenty(), &straight));
            let turned = applied(&settings, &with(plenty(), &[turned, again].concat()));
            prop_assert_eq!(seen(&settings, &straight), seen(&settings, &turned));
        }

        #[test]
        fn no_unit_is_made_or_lost_whatever_happens(
            (events, shuffled) in vec(every_fact(), 1..16).prop_flat_map(|events| (Just(events.clone()), Just(events).prop_shuffle())),
        ) {
            let settings = one_book();
            // A pause in a read, and goods that are not for sale, keep units back on purpose.
            let plain = |events: Vec<Event>| -> Vec<Event> {
                let plain = events.into_iter().map(|mut event| {
                    if let Event::Stock(report) = &mut event {
                        report.read_until = None;
                        report.source = "erp".parse().unwrap();
                        report.rows.iter_mut().for_each(|row| row.sellable = true);
                    }
                    event
                });
                plain.collect()
            };
            let documents = applied(&settings, &with(plenty(), &plain(events)));
            for sku in ["A", "B", "C"] {
                let sku: Sku = sku.parse().unwrap();
                prop_assert_eq!(left(&settings, &documents, &sku), booked(&documents, &sku), "{}", sku);
            }
            let replayed = applied(&settings, &with(plenty(), &plain(shuffled)));
            for sku in ["A", "B", "C"] {
                let sku: Sku = sku.parse().unwrap();
                prop_assert_eq!(left(&settings, &replayed, &sku), booked(&replayed, &sku), "{} replayed", sku);
            }
        }

        #[test]
        fn a_bundle_line_takes_its_parts_in_any_order(
            sold in vec((0i64..4, 1i64..5, order_status()), 1..6).prop_flat_map(|sold| (Just(sold.clone()), Just(sold).prop_shuffle())),
        ) {
            let settings = world(Absorb::ByReference, Basis::Physical, Sourcing::Priority);
            let event = |(revision, n, status): &(i64, i64, OrderStatus)| {
                let mut event: Event = serde_json::from_value(order("shop", 7, &[("SET", &n.to_string()), ("A", "1")])).unwrap();
                if let Event::Order { order, .. } = &mut event {
                    (order.status, order.revision) = (*status, Some(Revision { number: *revision, sequence: 0 }));
                }
                event
            };
            let (straight, turned): (Vec<Event>, Vec<Event>) = (sold.0.iter().map(event).collect(), sold.1.iter().map(event).collect());
            let (straight, turned) = (applied(&settings, &with(plenty(), &straight)), applied(&settings, &with(plenty(), &turned)));
            prop_assert_eq!(seen(&settings, &straight), seen(&settings, &turned));
        }
    }
}
