//! Hostile events out of bytes, and what must hold after any of them: shared by the fuzz target and the tests.
//!
//! Bytes that begin with `[` are events as JSON; all others are read one by one as choices.

use omnistock_engine::{
    ContainedAfter, Documents, Event, MissingRow, OrderDocument, SkuDocument, SourceDocument, StockEvent, StockRow,
    apply, missing, promises, sellable,
};
use omnistock_words::{
    Absorb, Basis, Carve, ChannelPolicy, ChannelSettings, Component, ConnectorName, FulfilledBy, GrossNet, Limit,
    LocationPolicy, Millis, Missing, Money, OrderFact, OrderLineFact, OrderStatus, PriceFloor, PriceList, PriceRule,
    Quantity, Revision, SafetyStock, SameSku, Settings, SourcePolicy, Sourcing, Stale,
};
use rust_decimal::Decimal;
use std::fmt::Debug;
use std::str::FromStr;

const SKUS: [&str; 7] = ["A", "B", "C", "SET", "LOOP", "LOOP-2", "\u{1F4A5}"];
const PLACES: [&str; 5] = ["one", "two", "off", "carved", "nowhere"];
const CHANNELS: [&str; 3] = ["shop", "market", "gone"];
const SOURCES: [&str; 3] = ["erp", "wms", "gone"];

/// The instant at which all of it happens.
pub(crate) const NOW: Millis = Millis(1_767_614_400_000);

/// The most events that are read from one input.
const MOST: usize = 2_000;

fn name<T: FromStr<Err: Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

/// A merchant in which everything can meet: bundles that contain themselves, carved places larger than
/// their parent, unlimited backorders, all forms of `absorb`.
pub(crate) fn settings() -> Settings {
    let mut settings = Settings::default();
    let erp = SourcePolicy {
        missing: Missing::ZeroAfter(2),
        stale: Stale::ZeroAfter(3_600_000),
        ..SourcePolicy::new(Basis::Physical)
    };
    let wms = SourcePolicy {
        absorb: Absorb::ByDelay(i64::MAX),
        cutover: Some(NOW),
        ..SourcePolicy::new(Basis::NetOfOrders)
    };
    settings.sources = [(name("erp"), erp), (name("wms"), wms)].into();
    for place in PLACES.iter().filter(|place| **place != "nowhere") {
        let carved = *place == "carved";
        let policy = LocationPolicy {
            enabled: *place != "off",
            part_of: carved.then(|| name("one")),
            carve: carved.then(|| Carve::Share("130%".parse().unwrap())),
            ..LocationPolicy::default()
        };
        settings.locations.insert(name(place), policy);
    }
    channels(&mut settings);
    settings.price_lists.insert(
        name("retail"),
        PriceList {
            from: name("erp"),
            currency: "EUR".parse().unwrap(),
            tax: GrossNet::Gross,
            tax_rate: None,
        },
    );
    let parts = |parts: &[(&str, &str)]| {
        parts
            .iter()
            .map(|(sku, n)| Component {
                sku: name(sku),
                quantity: n.parse().unwrap(),
            })
            .collect()
    };
    settings.bundles.insert(
        name("SET"),
        parts(&[("A", "2"), ("B", "0.000001"), ("C", "1000000000000")]),
    );
    settings
        .bundles
        .insert(name("LOOP"), parts(&[("LOOP-2", "2"), ("A", "1")]));
    settings
        .bundles
        .insert(name("LOOP-2"), parts(&[("LOOP", "1"), ("SET", "1")]));
    settings
}

/// Two channels that share all places, with every limit at its edge.
fn channels(settings: &mut Settings) {
    for (channel, sourcing) in [("shop", Sourcing::MostStock), ("market", Sourcing::SingleLocation)] {
        let price = PriceRule {
            list: Some(name("retail")),
            floor: Some(PriceFloor::None),
            factor: Some(Decimal::MAX),
            ..PriceRule::default()
        };
        let policy = ChannelPolicy {
            locations: ["carved", "one", "two", "off"].map(name).into(),
            sourcing,
            share: Some("50%".parse().unwrap()),
            safety_stock: SafetyStock::Adaptive {
                chance: "1%".parse().unwrap(),
                max: Quantity::MAX,
            },
            backorder_limit: (channel == "shop").then_some(Limit::Unlimited),
            pack_size: "0.000001".parse().unwrap(),
            decimals: 6,
            same_sku: SameSku::Split,
            price,
            ..ChannelPolicy::default()
        };
        settings.channels.insert(
            name(channel),
            ChannelSettings {
                connector: name(channel),
                template: None,
                policy,
            },
        );
    }
}

/// Choices out of bytes; all zero at the end.
struct Choices<'a>(&'a [u8]);

impl Choices<'_> {
    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        *first
    }

    fn one<T: FromStr<Err: Debug>>(&mut self, of: &[&str]) -> T {
        let index = usize::from(self.byte()) % of.len();
        name(of[index])
    }

    fn maybe<T>(&mut self, of: impl FnOnce(&mut Self) -> T) -> Option<T> {
        (self.byte() & 1 == 1).then(|| of(self))
    }

    /// Numbers at the edges, small ones, and any.
    fn number(&mut self) -> i64 {
        match self.byte() {
            0 => 0,
            1 => i64::MAX,
            2 => i64::MIN,
            3 => 1_000_000_000_000,
            4 => -1_000_000_000_000,
            5..=8 => i64::from_le_bytes(std::array::from_fn(|_| self.byte())),
            small => i64::from(small) - 40,
        }
    }

    fn quantity(&mut self) -> Quantity {
        let (number, scale) = (self.number(), u32::from(self.byte() % 8));
        Quantity::saturating(Decimal::new(number, scale))
    }

    /// Few instants around now, so that they meet; and absurd ones.
    fn instant(&mut self) -> Millis {
        match self.byte() {
            far @ 0..=3 => [Millis(i64::MIN), Millis(i64::MAX), Millis::MIN, Millis::MAX][usize::from(far)],
            near => NOW.plus((i64::from(near) - 200) * 60_000),
        }
    }

    fn status(&mut self) -> OrderStatus {
        [
            OrderStatus::Open,
            OrderStatus::Shipped,
            OrderStatus::Cancelled,
            OrderStatus::Returned,
        ][usize::from(self.byte() % 4)]
    }

    fn line(&mut self) -> OrderLineFact {
        OrderLineFact {
            listing: None,
            line: self.one(&["1", "2", "3", "4"]),
            sku: self.maybe(|choices| choices.one(&SKUS)),
            quantity: self.quantity(),
            status: self.maybe(Self::status),
            location: self.maybe(|choices| choices.one(&PLACES)),
            fulfilled_by: if self.byte() < 200 {
                FulfilledBy::Merchant
            } else {
                FulfilledBy::Channel
            },
            reservation: self.maybe(|choices| choices.one(&["r", "s"])),
            restock_location: self.maybe(|choices| choices.one(&PLACES)),
        }
    }

    fn row(&mut self) -> StockRow {
        let tags = self.byte() % 4;
        StockRow {
            sku: self.one(&SKUS),
            location: self.one(&PLACES),
            quantity: self.quantity(),
            sellable: self.byte() < 230,
            brand: self.maybe(|choices| "\u{e4}".repeat(usize::from(choices.byte()) * 4)),
            category: None,
            tags: (0..tags).map(|_| self.byte().to_string()).collect(),
        }
    }

    fn many<T>(&mut self, of: impl Fn(&mut Self) -> T) -> Vec<T> {
        let count = match self.byte() {
            255 => 300,
            few => usize::from(few % 6),
        };
        (0..count).map(|_| of(self)).collect()
    }

    fn event(&mut self) -> Event {
        let source: ConnectorName = self.one(&SOURCES);
        let order = name(["7", "8"][usize::from(self.byte() % 2)]);
        match self.byte() % 12 {
            0..=2 => Event::Stock(StockEvent {
                source,
                complete: self.byte() & 1 == 1,
                basis: self.maybe(|_| Basis::NetOfReserved),
                as_of: self.instant(),
                read_until: self.maybe(Self::instant),
                rows: self.many(Self::row),
            }),
            3 => Event::Missing {
                source,
                as_of: self.instant(),
                rows: self.many(|choices| MissingRow {
                    sku: choices.one(&SKUS),
                    location: choices.one(&PLACES),
                }),
            },
            4 => Event::Snapshot {
                source,
                as_of: self.instant(),
                read_until: self.maybe(Self::instant),
                rows: u64::MAX,
                total: self.quantity(),
            },
            5..=7 => Event::Order {
                channel: self.one(&CHANNELS),
                order: OrderFact {
                    order,
                    revision: self.maybe(|choices| Revision {
                        number: choices.number(),
                        sequence: choices.number(),
                    }),
                    status: self.status(),
                    placed_at: self.instant(),
                    at: self.maybe(Self::instant),
                    lines: self.many(Self::line),
                },
            },
            8 => Event::Absorbed {
                source,
                channel: self.one(&CHANNELS),
                order,
                line: self.one(&["1", "2", "3", "4"]),
                quantity: self.quantity(),
                as_of: self.maybe(Self::instant),
            },
            9 => Event::Movement {
                source,
                id: self.one(&["m", "n", "o"]),
                sku: self.one(&SKUS),
                location: self.one(&PLACES),
                quantity: self.quantity(),
                at: self.instant(),
                contained: self.maybe(|choices| ContainedAfter::ByDelay(choices.number())),
            },
            10 => Event::Reservation {
                id: self.one(&["r", "s"]),
                sku: self.one(&SKUS),
                location: self.maybe(|choices| choices.one(&PLACES)),
                channel: self.maybe(|choices| choices.one(&CHANNELS)),
                quantity: self.quantity(),
                expires_at: self.instant(),
                asked: None,
            },
            _ => self.price(source),
        }
    }

    fn price(&mut self, source: ConnectorName) -> Event {
        let amount = Decimal::new(self.number() % 1_000_000_000_000, 2);
        Event::Price {
            source,
            list: self.one(&["retail", "gone"]),
            sku: self.one(&SKUS),
            price: Money::new(amount, self.one(&["EUR", "JPY"])).unwrap(),
            from: self.maybe(Self::instant),
            until: self.maybe(Self::instant),
        }
    }
}

/// The events that an input means; none where it is JSON, but not of events.
pub(crate) fn events(input: &[u8]) -> Vec<Event> {
    if input.first() == Some(&b'[') {
        return serde_json::from_slice(input).unwrap_or_default();
    }
    let mut choices = Choices(input);
    let mut events = Vec::new();
    while !choices.0.is_empty() && events.len() < MOST {
        events.push(choices.event());
    }
    events
}

/// Applies events to documents as the shell does; how many complaints there were.
pub(crate) fn take(settings: &Settings, documents: &mut Documents, events: &[Event]) -> usize {
    let mut complaints = 0;
    for event in events {
        drop(missing(settings, documents, event));
        for complaint in apply(settings, documents, event, NOW) {
            assert!(!complaint.name().is_empty() && !complaint.to_string().is_empty());
            complaints += 1;
        }
    }
    complaints
}

/// Panics unless the state is defined: bounded, encoded and read back the same, and every promise is a
/// number from none to the most there can be.
pub(crate) fn defined(settings: &Settings, documents: &Documents) {
    for (sku, document) in documents.skus.iter() {
        assert!(document.lines.len() <= SkuDocument::LINES && document.movements.len() <= SkuDocument::MOVEMENTS);
        assert!(
            document.reservations.len() <= SkuDocument::RESERVATIONS && document.prices.len() <= SkuDocument::PRICES
        );
        assert!(document.attributes.tags.len() <= SkuDocument::TAGS);
        assert!(document.positions.len() <= settings.locations.len() * settings.sources.len());
        assert_eq!(SkuDocument::decode(&document.encode()).as_ref(), Ok(document));
        for (channel, promise) in promises(settings, documents, sku, NOW) {
            let range = Quantity::ZERO..=Quantity::MAX;
            assert!(
                promise.quantity.is_none_or(|quantity| range.contains(&quantity)),
                "{sku} {channel}"
            );
        }
        for place in settings.locations.keys() {
            let there: Quantity = sellable(settings, documents, place, sku, NOW);
            assert!(there >= Quantity::MIN && there <= Quantity::MAX, "{sku} {place}");
        }
    }
    for order in documents.orders.values() {
        assert!(order.past.len() <= OrderDocument::PAST && order.lines.len() <= OrderDocument::LINES);
        assert!(order.statements.len() <= OrderDocument::LINES);
        assert_eq!(OrderDocument::decode(&order.encode()).as_ref(), Ok(order));
    }
    for source in documents.sources.values() {
        assert!(source.snapshots.len() <= SourceDocument::SNAPSHOTS);
        assert_eq!(SourceDocument::decode(&source.encode()).as_ref(), Ok(source));
    }
}

/// One input from beginning to end: what the fuzzer calls.
pub(crate) fn survive(input: &[u8]) -> usize {
    let (settings, mut documents) = (settings(), Documents::default());
    let events = events(input);
    let complaints = take(&settings, &mut documents, &events);
    defined(&settings, &documents);
    complaints
}
