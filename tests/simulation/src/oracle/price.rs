//! What a price may be, in whole cents: I7, and what every listing should ask in the end.

use crate::prices::JUMP;
use crate::settings::{CEILING, FLOOR};
use crate::sim::Sim;

impl Sim {
    /// The price that the list and the channel's rule lead to, in cents: the oracles' own arithmetic.
    pub(crate) fn price_wanted(&self, shop: usize, list: i64, cost: i64) -> i64 {
        let mut cents = (list * self.scenario.shops[shop].price_factor * 2 + 1_000).div_euclid(2_000);
        if shop == 2 {
            cents = (cents - 99 + 99).div_euclid(100) * 100 + 99;
            cents = if cents - 100 >= (list * self.scenario.shops[shop].price_factor * 2 + 1_000).div_euclid(2_000) {
                cents - 100
            } else {
                cents
            };
        }
        let floor = (cost * FLOOR).div_euclid(1_000) + i64::from((cost * FLOOR) % 1_000 != 0);
        cents.min(CEILING).max(floor)
    }

    /// I7: within floor and ceiling, no jump that nobody approved: neither from what buyers see, nor from what the
    /// channel was told last (it may land late), or last before the store went back.
    pub(crate) fn oracle_price(&mut self, shop: usize, listing: usize, cents: i64) {
        let record = &self.world.shops[shop].listings[listing];
        let (article, shown) = (record.article, record.price);
        let cost = self.store.mirror.prices.get(&(article, true)).copied();
        let floor = cost.map(|cost| (cost * FLOOR).div_euclid(1_000) + i64::from((cost * FLOOR) % 1_000 != 0));
        let last = self.store.mirror.asked.insert((shop, listing), cents);
        let approved = self.oracle.approved.contains(&(shop, listing, cents));
        let from = |old: Option<i64>| old.is_some_and(|old| (cents - old).abs() * 100 > old * JUMP);
        let jump = from(shown) && from(last);
        if floor.is_none_or(|floor| cents < floor) || cents > CEILING.max(floor.unwrap_or(0)) {
            self.violate(
                "I7",
                Some(article),
                format!("{shop} is told {cents} cents, floor {floor:?}, ceiling {CEILING}"),
            );
        } else if jump && !approved {
            self.violate(
                "I7",
                Some(article),
                format!("{shop} is told {cents} cents after {last:?} without an approval, it shows {shown:?}"),
            );
        }
    }
}
