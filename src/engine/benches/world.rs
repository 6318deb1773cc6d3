//! A merchant of 20,000 articles with warm ledgers, and a day's mix of facts about them.

use omnistock_engine::{Documents, Event, Lags, StockEvent, StockRow, apply};
use omnistock_words::{
    Basis, ChannelName, ChannelPolicy, ChannelSettings, Component, LocationName, LocationPolicy, Match, Millis,
    OrderFact, OrderId, OrderLineFact, OrderStatus, Percent, PolicyPatch, Quantity, Revision, Rule, SafetyStock,
    Settings, Sku, SourcePolicy,
};

pub(crate) const SKUS: usize = 20_000;
const RULES: usize = 10_000;
const BUNDLES: usize = 1_000;
/// Order lines a SKU that no figure contains yet, on average.
const OPEN: usize = 3;
const PLACES: [(&str, &str); 4] = [("berlin", "erp"), ("hamburg", "erp"), ("s01", "wms"), ("s02", "wms")];
const CHANNELS: [&str; 4] = ["amazon", "ebay", "market", "shop"];
pub(crate) const NOW: Millis = Millis(1_767_614_400_000);

/// The same numbers on every machine.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % limit
    }

    fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())].clone()
    }
}

fn parsed<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

fn sku(index: usize) -> Sku {
    parsed(&format!("ART-{index:06}-M"))
}

pub(crate) struct World {
    pub(crate) settings: Settings,
    pub(crate) skus: Vec<Sku>,
    pub(crate) documents: Documents,
    channels: Vec<ChannelName>,
    places: Vec<LocationName>,
    /// Orders that were placed, with the SKU and the quantity of their first line.
    placed: Vec<(ChannelName, OrderId, Millis, Sku, i64)>,
}

fn policy(name: &str, places: &[LocationName]) -> ChannelPolicy {
    let all = ChannelPolicy {
        locations: places.to_vec(),
        ..ChannelPolicy::default()
    };
    let units = |n| SafetyStock::Units(Quantity::whole(n));
    match name {
        "amazon" => ChannelPolicy {
            locations: places[..2].to_vec(),
            safety_stock: units(2),
            max_shown: Some(Quantity::whole(20)),
            ..all
        },
        "ebay" => ChannelPolicy {
            safety_stock: SafetyStock::Adaptive {
                chance: Percent::whole(1),
                max: Quantity::whole(6),
            },
            ..all
        },
        "market" => ChannelPolicy {
            share: Some(Percent::whole(60)),
            stop_at: Some(Quantity::ONE),
            ..all
        },
        _ => all,
    }
}

fn settings(skus: &[Sku], places: &[LocationName]) -> Settings {
    let mut settings = Settings::default();
    settings
        .sources
        .insert(parsed("erp"), SourcePolicy::new(Basis::Physical));
    settings
        .sources
        .insert(parsed("wms"), SourcePolicy::new(Basis::NetOfReserved));
    for (place, source) in PLACES {
        let policy = LocationPolicy {
            source: Some(parsed(source)),
            ..LocationPolicy::default()
        };
        settings.locations.insert(parsed(place), policy);
    }
    for name in CHANNELS {
        let channel = ChannelSettings {
            connector: parsed(name),
            template: None,
            policy: policy(name, places),
        };
        settings.channels.insert(parsed(name), channel);
    }
    // As a CSV of single articles gives them: every second SKU has a rule on one channel.
    for (index, sku) in skus.iter().step_by(SKUS / RULES).enumerate() {
        settings.rules.push(Rule {
            matches: Match {
                sku: Some(sku.to_string()),
                ..Match::default()
            },
            channels: Some(vec![parsed(CHANNELS[index % 4])]),
            from: None,
            until: None,
            set: PolicyPatch {
                stop_at: Some(Quantity::ONE),
                ..PolicyPatch::default()
            },
            place: format!("items.csv:{index}"),
        });
    }
    for index in 0..BUNDLES {
        let part = |n: usize| Component {
            sku: skus[(index * 7 + n) % SKUS].clone(),
            quantity: Quantity::whole(2),
        };
        settings
            .bundles
            .insert(parsed(&format!("SET-{index}")), vec![part(0), part(1)]);
    }
    settings
}

impl World {
    pub(crate) fn new() -> Self {
        let skus: Vec<Sku> = (0..SKUS).map(sku).collect();
        let places: Vec<LocationName> = PLACES.iter().map(|(place, _)| parsed(place)).collect();
        let settings = settings(&skus, &places);
        let channels: Vec<ChannelName> = CHANNELS.into_iter().map(parsed).collect();
        let lags = channels.iter().map(|channel| {
            (
                channel.clone(),
                Lags {
                    order: 20_000,
                    push: 4_000,
                },
            )
        });
        let documents = Documents::measured(lags.collect());
        let mut world = Self {
            settings,
            skus,
            documents,
            channels,
            places,
            placed: Vec::new(),
        };
        let mut dice = Dice::new(1);
        let mut events = Vec::new();
        for index in 0..PLACES.len() {
            let rows = (0..SKUS).map(|sku| world.row(index, sku, &mut dice)).collect();
            events.push(World::stock(index, NOW.plus(-7_200_000), rows));
        }
        for number in 0..SKUS * OPEN {
            let placed = NOW.plus(-3_600_000 + i64::try_from(number * 50).unwrap());
            events.push(world.order(number, placed, &mut dice));
        }
        for event in &events {
            assert!(apply(&world.settings, &mut world.documents, event, NOW).is_empty());
            drop(world.documents.take_changed());
        }
        world
    }

    fn row(&self, place: usize, sku: usize, dice: &mut Dice) -> StockRow {
        StockRow {
            sku: self.skus[sku].clone(),
            location: self.places[place].clone(),
            quantity: Quantity::whole(i64::try_from(dice.below(40)).unwrap()),
            sellable: true,
            brand: None,
            category: None,
            tags: Vec::new(),
        }
    }

    fn stock(place: usize, as_of: Millis, rows: Vec<StockRow>) -> Event {
        Event::Stock(StockEvent {
            source: parsed(PLACES[place].1),
            complete: false,
            basis: None,
            as_of,
            read_until: None,
            rows,
        })
    }

    fn line(&mut self, number: usize, dice: &mut Dice) -> OrderLineFact {
        OrderLineFact {
            line: parsed(&number.to_string()),
            sku: Some(dice.one(&self.skus)),
            listing: None,
            quantity: Quantity::whole(i64::try_from(1 + dice.below(2)).unwrap()),
            status: None,
            location: None,
            fulfilled_by: omnistock_words::FulfilledBy::Merchant,
            reservation: None,
            restock_location: None,
        }
    }

    /// A new order: one line, every fourth has two.
    fn order(&mut self, number: usize, placed_at: Millis, dice: &mut Dice) -> Event {
        let channel = dice.one(&self.channels);
        let order: OrderId = parsed(&format!("{}", 100_000_000 + number));
        let count = 1 + usize::from(dice.below(4) == 0);
        let lines: Vec<OrderLineFact> = (0..count).map(|line| self.line(line, dice)).collect();
        let first = lines[0].clone();
        let quantity = first.quantity.as_whole().unwrap();
        self.placed
            .push((channel.clone(), order.clone(), placed_at, first.sku.unwrap(), quantity));
        let revision = Some(Revision {
            number: placed_at.0,
            sequence: 0,
        });
        Event::Order {
            channel,
            order: OrderFact {
                order,
                revision,
                status: OrderStatus::Open,
                placed_at,
                at: None,
                lines,
            },
        }
    }

    /// A later report of an order: shipped, or now and then cancelled.
    fn revised(&self, at: Millis, dice: &mut Dice) -> Event {
        let (channel, order, placed_at, sku, quantity) = dice.one(&self.placed);
        let status = if dice.below(3) == 0 {
            OrderStatus::Cancelled
        } else {
            OrderStatus::Shipped
        };
        let line = OrderLineFact {
            line: parsed("0"),
            sku: Some(sku),
            listing: None,
            quantity: Quantity::whole(quantity),
            status: None,
            location: None,
            fulfilled_by: omnistock_words::FulfilledBy::Merchant,
            reservation: None,
            restock_location: None,
        };
        let revision = Some(Revision {
            number: at.0,
            sequence: 0,
        });
        Event::Order {
            channel,
            order: OrderFact {
                order,
                revision,
                status,
                placed_at,
                at: Some(at),
                lines: vec![line],
            },
        }
    }

    fn absorbed(&self, at: Millis, dice: &mut Dice) -> Event {
        let (channel, order, _, _, quantity) = dice.one(&self.placed);
        let (source, line) = (parsed("erp"), parsed("0"));
        Event::Absorbed {
            source,
            channel,
            order,
            line,
            quantity: Quantity::whole(quantity),
            as_of: Some(at),
        }
    }

    fn movement(&self, number: usize, at: Millis, dice: &mut Dice) -> Event {
        let place = dice.below(PLACES.len());
        Event::Movement {
            source: parsed(PLACES[place].1),
            id: parsed(&format!("m-{number}")),
            sku: dice.one(&self.skus),
            location: self.places[place].clone(),
            quantity: Quantity::whole(i64::try_from(dice.below(5)).unwrap() - 3),
            at,
            contained: None,
        }
    }

    /// Facts with what each counts for: a stock report counts for its 50 rows. Of 100: 50 rows,
    /// 20 new orders, 10 later reports of orders, 10 statements, 10 movements.
    pub(crate) fn stream(&mut self, kind: Option<usize>, count: usize) -> Vec<(Event, usize)> {
        let mut dice = Dice::new(2);
        let (mut events, mut sum, mut rows) = (Vec::new(), 0, 0);
        while sum < count {
            let number = 1_000_000 + sum;
            let at = NOW.plus(-600_000 + i64::try_from(sum * 500_000 / count).unwrap());
            let drawn = dice.below(100);
            let kind = kind.unwrap_or(if rows * 2 < sum { 0 } else { 1 + drawn % 5 });
            let (event, weight) = match kind {
                0 => {
                    let place = dice.below(PLACES.len());
                    let rows = (0..50).map(|_| dice.below(SKUS)).collect::<Vec<_>>();
                    let rows = rows.into_iter().map(|sku| self.row(place, sku, &mut dice)).collect();
                    (Self::stock(place, at, rows), 50)
                }
                1 | 2 => (self.order(number, at, &mut dice), 1),
                3 => (self.revised(at, &mut dice), 1),
                4 => (self.absorbed(at, &mut dice), 1),
                _ => (self.movement(number, at, &mut dice), 1),
            };
            rows += if kind == 0 { weight } else { 0 };
            sum += weight;
            events.push((event, weight));
        }
        events
    }
}
