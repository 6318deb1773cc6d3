//! The most that any channel may promise: what the ERP rightly said, less what we durably know is sold.

use crate::oracle::mirror::{Mirror, Touch};
use crate::sim::Sim;
use omnistock_words::{Absorb, OrderStatus};

/// What may flow from the `wanted` places besides what is open, by the set of places it could come from.
///
/// Places cut off from what is there, lines cut off from all others: the least cut is the most that flows.
fn flow(there: &[i64], open: &[i64; 16], wanted: usize) -> i64 {
    let places = there.len();
    let cut = |set: usize| {
        let stock = (0..places).filter(|place| set & (1 << place) != 0);
        let others = (1..1 << places).filter(|from| from & set != *from);
        stock.map(|place| there[place].max(0)).sum::<i64>() + others.map(|from| open[from]).sum::<i64>()
    };
    let (mut with, mut without) = (i64::MAX, i64::MAX);
    for set in 0..1_usize << places {
        let cut = cut(set);
        without = without.min(cut);
        if set & wanted == wanted {
            with = with.min(cut);
        }
    }
    with - without
}

impl Sim {
    /// Units of a simple article that the places of `pool` may promise at most, by the oracles' own ledger.
    ///
    /// As much as may flow to buyers besides all open lines, each from the places it could come from,
    /// as far as their figures do not show it yet.
    /// What no place has is owed: it takes nothing from places that it could not come from.
    /// What the ERP has taken is known to come from one place; without a statement we do not know it, and the line
    /// may be thought to come from any place of its pool: the larger of the two answers counts.
    pub(crate) fn bound(&self, pool: &[usize], article: usize) -> i64 {
        let places = self.scenario.places;
        let wanted: usize = pool.iter().map(|place| 1 << place).sum();
        let mirror = &self.store.mirror;
        let mut there = [0_i64; 4];
        for (place, units) in there.iter_mut().enumerate().take(places) {
            *units = self.there(article, place);
        }
        // Open units by the set of places they could come from.
        let (mut open, mut doubted) = ([0_i64; 16], [0_i64; 16]);
        for touch in &mirror.touches[article] {
            let (units, status) = mirror.units(&self.world, *touch);
            if status == OrderStatus::Cancelled {
                continue;
            }
            let order = &self.world.orders[touch.order];
            let line = &order.lines[touch.line];
            let contained = self.contained(touch, mirror.as_of(self.cell(article, line.place))) * touch.per;
            let left = units - contained.min(units);
            if left > 0 {
                // What the ERP had taken off somewhere before a place's figure was made is not to
                // come off that figure: it is in it, or it came from elsewhere.
                let mut taken = [i64::MAX; 4];
                for place in &self.scenario.shops[order.shop].behind {
                    let elsewhere = *place != line.place;
                    let figure = mirror.as_of(self.cell(article, *place));
                    taken[*place] = i64::from(elsewhere) * line.included_at(figure) * touch.per;
                }
                let told = match self.scenario.absorb {
                    Absorb::ByStatus => true,
                    Absorb::ByReference => mirror.stated.has(Mirror::line(touch.order, touch.line)),
                    // Statements are not gone by.
                    Absorb::ByDelay(_) | Absorb::Never => false,
                };
                let among = |most: i64| {
                    let from = taken.iter().enumerate().filter(|(_, taken)| **taken <= most);
                    from.map(|(place, _)| 1 << place).sum::<usize>()
                };
                for unit in units - left..units {
                    open[among(unit)] += 1;
                    doubted[among(if told { unit } else { i64::MAX - 1 })] += 1;
                }
            }
            if status == OrderStatus::Returned
                && let Some(place) = order.restock
                && line
                    .returned
                    .is_none_or(|at| at > mirror.as_of(self.cell(article, place)))
            {
                there[place] += units;
            }
        }
        for id in &mirror.granted {
            let reserve = &self.oracle.reservations[*id];
            if reserve.article == article && reserve.expires > self.t + 400 {
                there[reserve.place] -= self.unconsumed(*id);
            }
        }
        let flows = flow(&there[..places], &open, wanted);
        if open == doubted {
            flows
        } else {
            flows.max(flow(&there[..places], &doubted, wanted))
        }
    }

    /// How much of a line a figure of the ERP as of then accounts for.
    ///
    /// What it held of the line and holds no more the buyer has given back, though we may not know of it yet: the
    /// ERP lets go of units for no other reason. They are free, unless a statement that is in the ledgers says
    /// that it lets them go: then the line counts as sold until its channel says otherwise. Where no statements
    /// count, an order that it has booked is in its figures as a whole: what it never held was given back before;
    /// and so is one that it never books, since it was cancelled first.
    fn contained(&self, touch: &Touch, at: i64) -> i64 {
        let order = &self.world.orders[touch.order];
        let line = &order.lines[touch.line];
        let most = line.most_included_at(at);
        if self.scenario.absorb != Absorb::ByReference {
            let never = !order.imported && order.last().status == OrderStatus::Cancelled;
            return if most > 0 || never { i64::from(u32::MAX) } else { 0 };
        }
        let stated = self.store.mirror.stated.get(Mirror::line(touch.order, touch.line));
        if stated.is_some_and(|(as_of, units)| *as_of <= at && *units < most) {
            line.included_at(at)
        } else {
            most
        }
    }

    /// How the bound of an article comes about, for people.
    pub(crate) fn why_bound(&self, shop: usize, article: usize) -> String {
        let mut sentence = format!("pool {:?}; ", self.scenario.shops[shop].pool);
        let mirror = &self.store.mirror;
        for (k, per) in self.scenario.parts(&self.knobs.bundles, article) {
            for place in 0..self.scenario.places {
                let cell = self.cell(k, place);
                sentence += &format!(
                    "{per} × {} at {place}: {} of {:?}; ",
                    self.names.skus[k],
                    self.there(k, place),
                    mirror.base[cell]
                );
            }
            for touch in &mirror.touches[k] {
                let order = &self.world.orders[touch.order];
                let line = &order.lines[touch.line];
                let (units, status) = mirror.units(&self.world, *touch);
                let contained = self.contained(touch, mirror.as_of(self.cell(k, line.place))) * touch.per;
                if units > contained && status != OrderStatus::Cancelled {
                    sentence += &format!(
                        "order {} of {} {status:?} {units} less {contained} at {} of {:?}, contained {:?}, stated {:?}; ",
                        touch.order,
                        order.shop,
                        line.place,
                        self.scenario.shops[order.shop].behind,
                        line.included,
                        mirror.stated.get(Mirror::line(touch.order, touch.line))
                    );
                }
            }
            let sku = &self.names.skus[k];
            let told = omnistock_engine::explained(
                &self.settings,
                &self.store.documents,
                &self.names.channels[shop],
                sku,
                omnistock_engine::Offer::default(),
                omnistock_words::Millis(self.t),
            );
            sentence += &told
                .steps
                .iter()
                .map(|step| format!("{}: {} ({}); ", step.step.name(), step.value, step.because))
                .collect::<String>();
            sentence += &format!(
                "{:?}",
                self.store
                    .documents
                    .skus
                    .get(sku)
                    .map(|document| (&document.movements, &document.reservations))
            );
        }
        sentence
    }

    /// What the newest figure in the ledgers rightly says, with the movements behind it.
    fn there(&self, article: usize, place: usize) -> i64 {
        let (cell, mirror) = (self.cell(article, place), &self.store.mirror);
        let base = mirror.base[cell].map_or(0, |(_, units)| units);
        let later = mirror.movements[cell].iter().map(|id| self.oracle.movements[*id]);
        base + later
            .filter(|(.., at)| *at > mirror.as_of(cell))
            .map(|(_, _, units, _)| units)
            .sum::<i64>()
    }

    /// What no known order has taken of a reservation.
    fn unconsumed(&self, id: usize) -> i64 {
        let reserve = &self.oracle.reservations[id];
        let mirror = &self.store.mirror;
        let naming = mirror.touches[reserve.article].iter().filter(|touch| {
            let line = &self.world.orders[touch.order].lines[touch.line];
            line.reservation == Some(id)
        });
        let taken: i64 = naming
            .map(|touch| mirror.units(&self.world, *touch))
            .filter(|(_, status)| *status != OrderStatus::Cancelled)
            .map(|(units, _)| units)
            .sum();
        (reserve.units - taken).max(0)
    }

    /// As [`Self::bound`], for any article on a channel, in units of that article.
    pub(crate) fn bound_on(&self, shop: usize, article: usize) -> i64 {
        let pool = &self.scenario.shops[shop].behind;
        let parts = self.scenario.parts(&self.knobs.bundles, article);
        let each = parts.iter().map(|(k, per)| self.bound(pool, *k).div_euclid(*per));
        each.min().unwrap_or_default()
    }

    /// Units of known lines that the figures hold and that no statement in the ledgers says they hold: by the
    /// product's rules they count as sold until one does.
    fn unstated(&self, article: usize) -> i64 {
        if self.scenario.absorb != Absorb::ByReference {
            return 0;
        }
        let mirror = &self.store.mirror;
        let each = mirror.touches[article].iter().map(|touch| {
            let (units, status) = mirror.units(&self.world, *touch);
            let place = self.world.orders[touch.order].lines[touch.line].place;
            let as_of = mirror.as_of(self.cell(article, place));
            let held = (self.contained(touch, as_of) * touch.per).min(units);
            let stated = mirror.stated.get(Mirror::line(touch.order, touch.line));
            let stated = stated.filter(|(since, _)| *since <= as_of);
            let open = status != OrderStatus::Cancelled;
            i64::from(open) * (held - stated.map_or(0, |(_, units)| units * touch.per)).max(0)
        });
        each.sum()
    }

    /// As [`Self::bound_on`], by what the product can know: a zero below it is not explained by any order.
    pub(crate) fn explained_on(&self, shop: usize, article: usize) -> i64 {
        let pool = &self.scenario.shops[shop].behind;
        let parts = self.scenario.parts(&self.knobs.bundles, article);
        let each = parts
            .iter()
            .map(|(k, per)| (self.bound(pool, *k) - self.unstated(*k)).div_euclid(*per));
        each.min().unwrap_or_default()
    }

    /// What is left for a listing even if every unit that was sold and is in no figure comes off its places: a zero below
    /// it is not explained by where the product believes units to come from.
    pub(crate) fn surely_there(&self, shop: usize, listing: usize) -> i64 {
        let record = &self.world.shops[shop].listings[listing];
        let pool = match record.place {
            Some(place) if place >= self.scenario.places => return 0,
            Some(place) => vec![place],
            None => self.scenario.shops[shop].behind.clone(),
        };
        let mirror = &self.store.mirror;
        let left = |article: usize| {
            let there: i64 = pool.iter().map(|place| self.there(article, *place)).sum();
            let kept: i64 = pool.iter().map(|place| self.scenario.place_safety[*place]).sum();
            let open = mirror.touches[article].iter().map(|touch| {
                let (units, status) = mirror.units(&self.world, *touch);
                let line = &self.world.orders[touch.order].lines[touch.line];
                let contained = self.contained(touch, mirror.as_of(self.cell(article, line.place))) * touch.per;
                i64::from(status != OrderStatus::Cancelled) * (units - contained.min(units))
            });
            there - kept - self.scenario.carve.unwrap_or(0) - open.sum::<i64>()
        };
        let parts = self.scenario.parts(&self.knobs.bundles, record.article);
        let each = parts.iter().map(|(k, per)| left(*k).div_euclid(*per));
        each.min().unwrap_or_default()
    }
}
