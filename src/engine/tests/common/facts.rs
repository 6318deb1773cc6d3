//! Facts at random, over a small world so that they meet.

use super::*;
use omnistock_engine::{
    Documents, Event, SkuDocument, StockEvent, StockRow, apply, missing, own_lines, promises, sellable,
};
use omnistock_words::{
    Absorb, Basis, ChannelName, ChannelPolicy, ConnectorName, FulfilledBy, LocationName, LocationPolicy, Millis,
    OrderFact, OrderLineFact, OrderStatus, Quantity, Revision, Settings, Sku, SourcePolicy, Sourcing,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use rust_decimal::Decimal;

pub(crate) const SKUS: [&str; 4] = ["A", "B", "C", "SET"];
pub(crate) const PLACES: [&str; 3] = ["one", "two", "three"];
pub(crate) const CHANNELS: [&str; 2] = ["shop", "market"];

pub(crate) fn world(absorb: Absorb, basis: Basis, sourcing: Sourcing) -> Settings {
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

pub(crate) fn settings() -> impl Strategy<Value = Settings> {
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
pub(crate) fn instant() -> impl Strategy<Value = Millis> {
    (0i64..12).prop_map(|n| now().plus(-n * 300_000))
}

pub(crate) fn amount() -> impl Strategy<Value = Quantity> {
    (0i64..60, 0u32..2).prop_map(|(n, scale)| Quantity::saturating(Decimal::new(n, scale)))
}

pub(crate) fn one<T: std::str::FromStr<Err: std::fmt::Debug> + std::fmt::Debug>(
    names: &'static [&'static str],
) -> impl Strategy<Value = T> {
    prop::sample::select(names).prop_map(|name| name.parse().unwrap())
}

pub(crate) fn source() -> impl Strategy<Value = ConnectorName> {
    one(&["erp", "wms"])
}

pub(crate) fn row() -> impl Strategy<Value = StockRow> {
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

pub(crate) fn stock_event() -> impl Strategy<Value = Event> {
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

pub(crate) fn order_status() -> impl Strategy<Value = OrderStatus> {
    prop_oneof![4 => Just(OrderStatus::Open), 2 => Just(OrderStatus::Shipped), 1 => Just(OrderStatus::Cancelled), 1 => Just(OrderStatus::Returned)]
}

pub(crate) fn line() -> impl Strategy<Value = OrderLineFact> {
    let ends = (option::weighted(0.2, one(&PLACES)), option::weighted(0.3, one(&PLACES)));
    let whose = prop_oneof![9 => Just(FulfilledBy::Merchant), 1 => Just(FulfilledBy::Channel)];
    (
        one(&["1", "2", "3"]),
        option::weighted(0.9, one(&SKUS)),
        amount(),
        option::weighted(0.2, order_status()),
        ends,
        whose,
    )
        .prop_map(
            |(line, sku, quantity, status, (location, restock_location), fulfilled_by)| OrderLineFact {
                line,
                sku,
                listing: None,
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
pub(crate) fn order_event() -> impl Strategy<Value = Event> {
    (
        one(&CHANNELS),
        one(&["7", "8", "9"]),
        0i64..5,
        order_status(),
        instant(),
        option::of(instant()),
        vec(line(), 0..4),
    )
        .prop_map(|(channel, order, number, status, placed_at, at, lines)| {
            let revision = (number > 0 || status != OrderStatus::Cancelled).then_some(Revision { number, sequence: 0 });
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

pub(crate) fn statement() -> impl Strategy<Value = Event> {
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
pub(crate) fn movement() -> impl Strategy<Value = Event> {
    (source(), one(&SKUS), one(&PLACES), -20i64..20, instant()).prop_map(
        |(source, sku, location, n, at): (_, Sku, LocationName, _, Millis)| {
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

pub(crate) fn fact() -> impl Strategy<Value = Event> {
    prop_oneof![3 => stock_event(), 4 => order_event(), 2 => statement(), 2 => movement()]
}

pub(crate) fn applied(settings: &Settings, events: &[Event]) -> Documents {
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
pub(crate) fn seen(settings: &Settings, documents: &Documents) -> Vec<String> {
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

/// A thousand, or as many as `PROPTEST_CASES` says.
pub(crate) fn cases() -> u32 {
    std::env::var("PROPTEST_CASES")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(1_000)
}
