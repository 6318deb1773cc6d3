//! A little shop against `decide`: sales before, after and across our write never hide a needed write.

use crate::{
    Accepted, Action, Facts, Fetched, LineStatus, ListingDocument, Observed, OwnLine, Target, Vendor, Why, decide,
};
use omnistock_words::{ChannelName, LineId, ListingId, Millis, Mode, OrderId, Quantity, Sku, WriteMeaning};
use proptest::prelude::*;

/// What the shop really shows, and what we know of it.
struct Shop {
    stock: i64,
    number: i64,
    document: ListingDocument,
    lines: Vec<OwnLine>,
    vendor: Vendor,
}

#[derive(Debug, Clone)]
struct Sale {
    at: i64,
    units: i64,
    cancelled_after: Option<i64>,
}

fn sale() -> impl Strategy<Value = Sale> {
    (0i64..20_000, 1i64..4, proptest::option::weighted(0.3, 1i64..10_000)).prop_map(|(at, units, cancelled_after)| {
        Sale {
            at,
            units,
            cancelled_after,
        }
    })
}

const GRAIN: i64 = 1_000;

impl Shop {
    fn new(stock: i64, skew: i64) -> Self {
        let mut document = ListingDocument::new(ChannelName::new("shop").unwrap(), ListingId::new("7").unwrap(), None);
        document.sku = Some(Sku::new("A").unwrap());
        let (least, most) = (Quantity::ZERO, Quantity::whole(1_000));
        let write = WriteMeaning::Available;
        let vendor = Vendor {
            write,
            compare_and_set: false,
            grain: GRAIN,
            skew,
            decimals: 0,
            least,
            most,
            opens: false,
        };
        Self {
            stock,
            number: 0,
            document,
            lines: vec![],
            vendor,
        }
    }

    fn facts(&self, now: i64, fresh: bool) -> Action {
        let sold: i64 = self
            .lines
            .iter()
            .filter(|line| line.status == LineStatus::Open)
            .filter_map(|line| line.quantity.as_whole())
            .sum();
        decide(&Facts {
            vendor: &self.vendor,
            mode: Mode::Live,
            gate: true,
            target: Target::Number(Quantity::whole(self.stock - sold)),
            factor: Quantity::ONE,
            document: &self.document,
            lines: &self.lines,
            sole: true,
            fresh,
            reserved: &[],
            reads: 0,
            since: Millis(now),
            orders: Some(Fetched {
                begun: Millis(now),
                applied: Millis(now),
            }),
            settings: 0,
            now: Millis(now),
        })
    }

    fn accept(&mut self, number: i64, sent: i64, answered: i64) {
        self.document.accepted = Some(Accepted {
            quantity: Quantity::whole(number),
            sent_at: Millis(sent),
            at: Millis(answered),
        });
    }

    fn wanted(&self) -> i64 {
        let sold: i64 = self
            .lines
            .iter()
            .filter(|line| line.status == LineStatus::Open)
            .filter_map(|line| line.quantity.as_whole())
            .sum();
        self.stock - sold
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn when_all_orders_are_known_nothing_means_that_the_shop_is_right(
        sales in proptest::collection::vec(sale(), 0..6),
        start in 5_000i64..15_000, applied in 0i64..300, answered in 0i64..300,
        off in -900i64..=900, extra in -3i64..=3, restores in any::<bool>(),
    ) {
        let mut shop = Shop::new(100, 1_000);
        // Every event at its true time: sales and cancellations at the shop, our write in the middle.
        let wrote_at = start + applied;
        let answered_at = wrote_at + answered;
        let known_before: i64 = sales.iter().filter(|sale| sale.at < start).map(|sale| sale.units).sum();
        let number = 100 - known_before + extra;
        let mut events: Vec<(i64, i64, bool)> = vec![(wrote_at, number, true)];
        for sale in &sales {
            events.push((sale.at, -sale.units, false));
            if let Some(after) = sale.cancelled_after.filter(|_| restores) {
                events.push((sale.at + after, sale.units, false));
            }
        }
        events.sort_unstable();
        shop.number = 100;
        for (_, change, ours) in events {
            shop.number = if ours { change } else { shop.number + change };
        }
        // The vendor's clock is off ours and has a grain.
        let stamp = |at: i64| Millis((at + off).div_euclid(GRAIN) * GRAIN);
        for (index, sale) in sales.iter().enumerate() {
            let name = index.to_string();
            let ended = sale.cancelled_after.map(|after| stamp(sale.at + after));
            shop.lines.push(OwnLine {
                order: OrderId::new(&name).unwrap(), line: LineId::new(&name).unwrap(), quantity: Quantity::whole(sale.units),
                status: if ended.is_some() { LineStatus::Ended } else { LineStatus::Open },
                placed_at: stamp(sale.at), at: ended.unwrap_or(stamp(sale.at)),
            });
        }
        shop.accept(number, start, answered_at);
        // All is quiet: look, read where asked to, write where told to.
        let mut now = 60_000;
        let mut action = shop.facts(now, false);
        if action == Action::Read {
            let observed = Observed { quantity: Some(Quantity::whole(shop.number)), at: Millis(now), until: Millis(now + 10) };
            prop_assert!(shop.document.observe(observed));
            now += 10;
            action = shop.facts(now, true);
        }
        if let Action::Write { quantity, .. } = action {
            shop.number = quantity.as_whole().unwrap();
            shop.accept(shop.number, now, now + 10);
            now += 20;
            prop_assert_eq!(shop.facts(now, false), Action::Nothing(Why::Matches { verify: false }), "once is enough");
        } else {
            prop_assert_eq!(action, Action::Nothing(Why::Matches { verify: false }));
        }
        prop_assert_eq!(shop.number, shop.wanted());
    }
}
