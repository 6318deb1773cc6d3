//! What each listing should show in the end, in whole numbers, from the true figures alone.

use crate::sim::Sim;

impl Sim {
    /// What each location of the channel's pool counts for, in the pool's order.
    fn counted(&self, shop: usize, article: usize) -> Vec<i64> {
        let scenario = &self.scenario;
        let available = |place: usize| {
            let cell = self.cell(article, place);
            let set_aside = self.live_reserved(article, place);
            self.world.figure(cell) - set_aside
        };
        let carved = |units: i64| units.min(available(0).max(0));
        let of = |location: usize| {
            let (sellable, safety) = if location >= scenario.places {
                (carved(scenario.carve.unwrap_or(0)), 0)
            } else if location == 0 {
                (
                    available(0) - scenario.carve.map_or(0, carved),
                    scenario.place_safety[0],
                )
            } else {
                (available(location), scenario.place_safety[location])
            };
            (sellable - safety).max(0)
        };
        scenario.shops[shop].pool.iter().map(|location| of(*location)).collect()
    }

    fn live_reserved(&self, article: usize, place: usize) -> i64 {
        let live = self
            .store
            .mirror
            .granted
            .iter()
            .map(|id| &self.oracle.reservations[*id]);
        let here =
            live.filter(|reserve| reserve.article == article && reserve.place == place && reserve.expires > self.t);
        here.map(|reserve| reserve.units).sum()
    }

    fn sku_safety(&self, article: usize) -> i64 {
        let sets = self.knobs.overrides.iter().rev();
        sets.filter(|set| set.sku == article && set.until > self.t)
            .map(|set| set.units)
            .next()
            .unwrap_or(0)
    }

    fn sales_units(&self, shop: usize, article: usize, units: i64) -> i64 {
        let plan = &self.scenario.shops[shop];
        let packs = if plan.pack > 0 {
            units.div_euclid(plan.pack) * plan.pack
        } else {
            units
        };
        let factor = plan
            .factors
            .iter()
            .find(|(k, _)| *k == article)
            .map_or(1, |(_, factor)| *factor);
        packs.div_euclid(factor)
    }

    /// What the channel should promise of an article in all.
    pub(crate) fn expected(&self, shop: usize, article: usize) -> i64 {
        let plan = &self.scenario.shops[shop];
        let mut value = if article < self.scenario.skus {
            self.counted(shop, article).iter().sum::<i64>()
        } else {
            let parts = self.scenario.parts(&self.knobs.bundles, article);
            let each = parts.iter().map(|(k, per)| {
                let pool: i64 = self.counted(shop, *k).iter().sum();
                (pool - self.sku_safety(*k)).max(0) / per
            });
            each.min().unwrap_or(0)
        };
        if plan.share.is_some() {
            value = self.share(shop, value);
        }
        value = (value - self.sku_safety(article)).max(0);
        value = (value - self.knobs.safety[shop]).max(0);
        if plan.stop_at.is_some_and(|limit| value <= limit) {
            value = 0;
        }
        value = self.sales_units(shop, article, value);
        value.min(self.knobs.max_shown[shop].unwrap_or(i64::MAX)).min(plan.most)
    }

    /// Shares that add up to all: largest remainder, ties by name.
    fn share(&self, shop: usize, value: i64) -> i64 {
        let places = |c: usize| {
            let mut pool = self.scenario.shops[c].pool.clone();
            pool.sort_unstable();
            pool
        };
        let shops = 0..self.scenario.shops.len();
        let group: Vec<(usize, i64)> = shops
            .filter(|other| places(*other) == places(shop))
            .filter_map(|other| Some((other, i64::from(self.scenario.shops[other].share?))))
            .collect();
        let own = |share: i64| value * share / 100;
        if group.iter().map(|(_, share)| share).sum::<i64>() != 100 {
            let share = self.scenario.shops[shop].share.map_or(100, i64::from);
            return own(share);
        }
        let mut left = value - group.iter().map(|(_, share)| own(*share)).sum::<i64>();
        let mut order: Vec<(usize, i64)> = group.clone();
        order.sort_by_key(|(other, share)| (-(value * share % 100), *other));
        for (other, share) in order {
            let more = i64::from(left > 0);
            left -= more;
            if other == shop {
                return own(share) + more;
            }
        }
        0
    }

    /// What one listing should show.
    pub(crate) fn expected_listing(&self, shop: usize, listing: usize) -> i64 {
        let record = &self.world.shops[shop].listings[listing];
        let whole = self.expected(shop, record.article);
        let Some(place) = record.place else { return whole };
        let counted = self.counted(shop, record.article);
        let mut left = whole;
        let mut parts: Vec<i64> = Vec::new();
        for units in &counted {
            let part = self.sales_units(shop, record.article, *units).max(0).min(left);
            left -= part;
            parts.push(part);
        }
        if left > 0 {
            let first = counted.iter().position(|units| *units > 0).unwrap_or(0);
            parts[first] += left;
        }
        let pool = &self.scenario.shops[shop].pool;
        pool.iter()
            .position(|location| *location == place)
            .map_or(0, |index| parts[index])
    }
}
