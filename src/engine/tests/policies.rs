//! Adaptive safety stock with a home channel against "keep two back", on the same buyers, with the engine's
//! own promises: fewer units sold that are not there, and more units sold that are.

#[cfg(test)]
#[allow(
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "simulated buyers"
)]
mod comparison {
    use crate::common::*;
    use omnistock_engine::{Documents, Event, Lags, apply, promise};
    use omnistock_words::{
        Absorb, Basis, ChannelName, ChannelPolicy, FulfilledBy, Millis, OrderFact, OrderLineFact, OrderStatus,
        Quantity, Revision, SafetyStock, Settings, Sku, SourcePolicy,
    };
    use std::collections::BTreeMap;

    const NAMES: [&str; 4] = ["a", "b", "c", "d"];
    const HOUR: i64 = 3_600_000;
    const ARTICLES: u64 = 100;

    /// Numbers from a seed (splitmix64).
    struct Dice(u64);

    impl Dice {
        fn next(&mut self) -> f64 {
            self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut z = self.0;
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
        }

        /// Between two numbers, evenly in their logarithms.
        fn between(&mut self, low: f64, high: f64) -> f64 {
            low * (high / low).powf(self.next())
        }
    }

    /// One article: what there is, how long channels are blind, and who wants to buy when (milliseconds).
    struct Article {
        stock: i64,
        order_lag: [i64; 4],
        push_lag: [i64; 4],
        history: Vec<(i64, usize)>,
        buyers: Vec<(i64, usize)>,
    }

    fn article(seed: u64) -> Article {
        let mut dice = Dice(seed);
        let stock = 3 + (dice.next() * 58.0) as i64;
        let rate = dice.between(1.0 / 3_600_000.0, 0.3 / 1_000.0);
        let weights: [f64; 4] = std::array::from_fn(|_| 0.2 + dice.next());
        let order_lag = std::array::from_fn(|_| dice.between(500.0, 60_000.0) as i64);
        let push_lag = std::array::from_fn(|_| dice.between(500.0, 30_000.0) as i64);
        let mut arrivals = |from: i64, enough: &dyn Fn(i64, usize) -> bool| {
            let (mut at, mut found) = (from as f64, Vec::new());
            loop {
                at += -(1.0 - dice.next()).ln() / rate;
                if enough(at as i64, found.len()) {
                    return found;
                }
                let mut left = dice.next() * weights.iter().sum::<f64>();
                let who = weights
                    .iter()
                    .position(|weight| {
                        left -= weight;
                        left <= 0.0
                    })
                    .unwrap_or(3);
                found.push((at as i64, who));
            }
        };
        let history = arrivals(-HOUR, &|at, _| at >= 0);
        let wanted = usize::try_from(stock * 4).unwrap();
        let buyers = arrivals(0, &|_, count| count >= wanted);
        Article {
            stock,
            order_lag,
            push_lag,
            history,
            buyers,
        }
    }

    fn settings(safety_stock: SafetyStock, home: bool) -> Settings {
        let mut s = merchant();
        s.sources.insert(
            "erp".parse().unwrap(),
            SourcePolicy {
                absorb: Absorb::ByDelay(0),
                ..SourcePolicy::new(Basis::Physical)
            },
        );
        places(&mut s, &["one"]);
        for name in NAMES {
            let home = home && name == "a";
            channel(
                &mut s,
                name,
                &["one"],
                ChannelPolicy {
                    safety_stock,
                    home,
                    ..ChannelPolicy::default()
                },
            );
        }
        s
    }

    enum Happens {
        Buyer(usize),
        /// The order of a channel becomes known here.
        Known(usize, i64, i64),
        /// A number lands at a channel, decided when so many of its own sales were known.
        Landed(usize, i64, i64),
        Look,
    }

    struct World<'a> {
        article: &'a Article,
        settings: &'a Settings,
        documents: Documents,
        names: [ChannelName; 4],
        sku: Sku,
        agenda: BTreeMap<(i64, i64), Happens>,
        ids: i64,
        decided: [i64; 4],
        shown: [i64; 4],
        sold: [i64; 4],
        known: [i64; 4],
        zero_since: [Option<i64>; 4],
    }

    impl World<'_> {
        fn later(&mut self, at: i64, what: Happens) {
            self.ids += 1;
            self.agenda.insert((at, self.ids), what);
        }

        fn order(&mut self, channel: usize, placed: i64, now: i64) {
            self.ids += 1;
            let id = self.ids.to_string();
            let line = OrderLineFact {
                line: "1".parse().unwrap(),
                sku: Some(self.sku.clone()),
                listing: None,
                quantity: Quantity::ONE,
                status: None,
                location: None,
                fulfilled_by: FulfilledBy::Merchant,
                reservation: None,
                restock_location: None,
            };
            let order = OrderFact {
                order: id.parse().unwrap(),
                revision: Some(Revision { number: 1, sequence: 0 }),
                status: OrderStatus::Open,
                placed_at: now_plus(placed),
                at: None,
                lines: vec![line],
            };
            let event = Event::Order {
                channel: self.names[channel].clone(),
                order,
            };
            drop(apply(self.settings, &mut self.documents, &event, now_plus(now)));
        }

        /// Decides anew for every channel; what differs is on its way.
        fn decide(&mut self, now: i64, at_once: bool) {
            for channel in 0..4 {
                let promise = promise(
                    self.settings,
                    &self.documents,
                    &self.names[channel],
                    &self.sku,
                    now_plus(now),
                );
                let value = promise.quantity.unwrap().as_whole().unwrap();
                if at_once {
                    (self.decided[channel], self.shown[channel]) = (value, value);
                } else if value != self.decided[channel] {
                    self.decided[channel] = value;
                    self.later(
                        now + self.article.push_lag[channel],
                        Happens::Landed(channel, value, self.known[channel]),
                    );
                }
            }
        }

        /// Once all others were seen at zero for as long as anybody may be blind, the home channel has the rest.
        fn look(&mut self, now: i64) {
            let blind = self.article.order_lag.iter().max().unwrap() + self.article.push_lag.iter().max().unwrap();
            if self.zero_since[1..]
                .iter()
                .all(|since| since.is_some_and(|since| since + blind <= now))
                && self
                    .documents
                    .last_units
                    .insert(self.sku.clone(), self.names[0].clone())
                    .is_none()
            {
                self.decide(now, false);
            }
        }
    }

    fn now_plus(milliseconds: i64) -> Millis {
        now().plus(milliseconds)
    }

    /// Units sold, and units sold that were not there.
    fn run(article: &Article, settings: &Settings) -> (i64, i64) {
        let names = NAMES.map(|name| name.parse().unwrap());
        let lags = (0..4).map(|index: usize| {
            let lags = Lags {
                order: article.order_lag[index],
                push: article.push_lag[index],
            };
            (NAMES[index].parse().unwrap(), lags)
        });
        let mut world = World {
            article,
            settings,
            documents: Documents::measured(lags.collect()),
            names,
            sku: "A".parse().unwrap(),
            agenda: BTreeMap::new(),
            ids: 0,
            decided: [0; 4],
            shown: [0; 4],
            sold: [0; 4],
            known: [0; 4],
            zero_since: [None; 4],
        };
        let mut figure = stock(&[("A", "one", &article.stock.to_string())]);
        figure["as_of"] = serde_json::json!(now().to_string());
        drop(apply(
            settings,
            &mut world.documents,
            &serde_json::from_value(figure).unwrap(),
            now(),
        ));
        for (at, channel) in &article.history {
            world.order(*channel, *at, 0);
        }
        world.decide(0, true);
        for (at, channel) in &article.buyers {
            world.later(*at, Happens::Buyer(*channel));
        }
        while let Some(((now, _), what)) = world.agenda.pop_first() {
            match what {
                Happens::Buyer(channel) if world.shown[channel] > 0 => {
                    world.shown[channel] -= 1;
                    world.sold[channel] += 1;
                    world.later(
                        now + article.order_lag[channel],
                        Happens::Known(channel, now, world.sold[channel]),
                    );
                }
                Happens::Buyer(_) => {}
                Happens::Known(channel, placed, count) => {
                    world.known[channel] = count;
                    world.order(channel, placed, now);
                    world.decide(now, false);
                }
                Happens::Landed(channel, value, known) => {
                    world.shown[channel] = (value - (world.sold[channel] - known)).max(0);
                    let zero = world.shown[channel] == 0 && world.decided[channel] == 0;
                    world.zero_since[channel] = zero.then(|| world.zero_since[channel].unwrap_or(now));
                    world.later(now + 90_001, Happens::Look);
                }
                Happens::Look => world.look(now),
            }
        }
        let sold: i64 = world.sold.iter().sum();
        (sold, (sold - article.stock).max(0))
    }

    #[test]
    fn adaptive_with_a_home_channel_beats_two_kept_back_on_both_counts() {
        let whole = Quantity::whole;
        let adaptive = SafetyStock::Adaptive {
            chance: "5%".parse().unwrap(),
            max: whole(60),
        };
        let policies = [
            ("nothing kept back", settings(SafetyStock::Units(whole(0)), false)),
            ("two kept back", settings(SafetyStock::Units(whole(2)), false)),
            ("adaptive 5 %, home", settings(adaptive, true)),
        ];
        let found = policies.map(|(name, settings)| {
            let (mut sold, mut over) = (0, 0);
            for seed in 0..ARTICLES {
                let (units, too_many) = run(&article(seed), &settings);
                (sold, over) = (sold + units, over + too_many);
            }
            println!(
                "{name:<20} sold {sold:>6}, of these not there {over:>4}, valid {:>6}",
                sold - over
            );
            (sold - over, over)
        });
        let [nothing, two, adaptive] = found;
        assert!(two.1 > 10 && nothing.1 > two.1, "the buyers race: {found:?}");
        assert!(adaptive.1 * 5 < two.1 && adaptive.0 > two.0, "{found:?}");
    }
}
