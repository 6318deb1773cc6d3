//! Buyers: they look, sometimes they buy; a few articles make most of the sales.

use crate::fault::Fault;
use crate::scenario::{MINUTE, SECOND};
use crate::sim::{Happening, Sim};

/// The mean time between two visits.
const VISITS: i64 = 1_100;

impl Sim {
    pub(crate) fn visit(&mut self) {
        if self.quiet {
            return;
        }
        let pause = self.buyers.gap(VISITS);
        self.after(pause, Happening::Visit);
        let (shop, article) = (self.buyers.weighted(&self.popularity), self.buyers.weighted(&self.zipf));
        let buys = self.buyers.chance(68);
        let wants = self.buyers.pick(&[1, 1, 1, 1, 1, 2, 2, 3]);
        let (second, also) = (self.buyers.weighted(&self.zipf), self.buyers.chance(200));
        if buys {
            let more = (also && second != article).then_some(second);
            self.buy(shop, article, wants, more);
        }
    }

    /// A wave of buyers after one article.
    pub(crate) fn burst(&mut self) {
        if self.quiet {
            return;
        }
        let article = self.buyers.weighted(&self.zipf);
        for _ in 0..self.buyers.range(3, 9) {
            let shop = self.buyers.weighted(&self.popularity);
            let wants = self.buyers.range(1, 2);
            self.buy(shop, article, wants, None);
        }
        let pause = self.buyers.gap(12 * MINUTE) + 10 * SECOND;
        self.after(pause, Happening::Burst);
    }

    fn buy(&mut self, shop: usize, article: usize, wants: i64, more: Option<usize>) {
        let pack = self.scenario.shops[shop].pack.max(1);
        let down = self.world.shops[shop].down_until > self.t;
        let fits = |sim: &Self, article: usize, units: i64| units > 0 && sim.on_offer(shop, article) >= units;
        let units = wants * pack;
        if down {
            return;
        }
        if !fits(self, article, units) {
            self.world.sold_out += 1;
            return;
        }
        let mut wanted = vec![(article, units)];
        // Lines are taken one after the other: a second one that shares parts with the first could want too much.
        let simple = article < self.scenario.skus;
        if let Some(other) = more.filter(|other| simple && *other < self.scenario.skus && fits(self, *other, pack)) {
            wanted.push((other, pack));
        }
        self.sell(shop, &wanted, None);
    }

    /// Whether a class of faults is on at all.
    pub(crate) fn on(&self, fault: Fault) -> bool {
        self.scenario.faults.has(fault)
    }
}
