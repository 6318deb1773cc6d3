//! A channel's own side of orders: selling, cancelling, handing over, and telling of it.

use crate::fault::Fault;
use crate::random::Random;
use crate::scenario::{MINUTE, SECOND, Webhooks};
use crate::sim::{Happening, Sim};
use crate::trace::Step;
use crate::world::{Line, Order, State};
use omnistock_words::{FulfilledBy, LineId, Millis, OrderFact, OrderLineFact, OrderStatus, Revision};

impl Sim {
    /// The channel's clock, as exact as it tells times.
    pub(crate) fn vendor_now(&self, shop: usize) -> Millis {
        let plan = &self.scenario.shops[shop];
        let now = self.t + plan.clock;
        Millis(now - now.rem_euclid(plan.grain))
    }

    /// Units of the article that one visit may buy here.
    pub(crate) fn on_offer(&self, shop: usize, article: usize) -> i64 {
        let listings = &self.world.shops[shop].by_article[article];
        if let Some(best) = listings
            .iter()
            .map(|n| self.world.shops[shop].listings[*n].free())
            .max()
        {
            return best;
        }
        // A gross channel makes up bundles from their parts.
        let parts = self.scenario.parts(&self.knobs.bundles, article);
        parts
            .iter()
            .map(|(k, per)| self.on_offer(shop, *k).max(0) / per)
            .min()
            .unwrap_or_default()
    }

    /// Takes the units off the channel's own counters; which listings gave them.
    fn take_off(&mut self, shop: usize, article: usize, units: i64) -> Vec<(usize, i64)> {
        let listings = self.world.shops[shop].by_article[article].clone();
        if listings.is_empty() {
            let parts = self.scenario.parts(&self.knobs.bundles, article);
            return parts
                .iter()
                .flat_map(|(k, per)| self.take_off(shop, *k, per * units))
                .collect();
        }
        let counters = &mut self.world.shops[shop].listings;
        let from = listings
            .iter()
            .copied()
            .find(|n| counters[*n].free() >= units)
            .unwrap_or(listings[0]);
        if !self.scenario.shops[shop].gross {
            counters[from].number -= units;
        }
        vec![(from, units)]
    }

    /// Sells; `wanted` is (article, units of the listing).
    pub(crate) fn sell(&mut self, shop: usize, wanted: &[(usize, i64)], reservation: Option<usize>) -> usize {
        let (order, placed_at) = (self.world.orders.len(), self.vendor_now(shop));
        let mut lines = Vec::new();
        let mut sold = Vec::new();
        for (index, (article, units)) in wanted.iter().enumerate() {
            let taken = self.take_off(shop, *article, *units);
            let factor = self.world.shops[shop].by_article[*article].first();
            let factor = factor.map_or(1, |n| self.world.shops[shop].listings[*n].factor);
            if self.scenario.shops[shop].gross {
                for (listing, set_aside) in &taken {
                    self.world.shops[shop].listings[*listing]
                        .aside
                        .push((order, index, *set_aside));
                }
            }
            sold.push(units * factor);
            let parts = self.scenario.parts(&self.knobs.bundles, *article);
            if *article >= self.scenario.skus {
                self.oracle.compositions.insert((order, *article), parts);
            }
            lines.push(Line {
                article: *article,
                id: LineId::new(["1", "2", "3"][index]).unwrap(),
                place: 0,
                included: Vec::new(),
                booked: 0,
                taken,
                returned: None,
                reservation,
            });
        }
        let number = self.world.shops[shop].orders;
        self.world.shops[shop].orders += 1;
        self.world.orders.push(Order {
            shop,
            id: format!("{shop}-{number}").parse().unwrap(),
            placed: self.t,
            placed_at,
            lines,
            history: Vec::new(),
            imported: false,
            shipped: false,
            restock: None,
        });
        self.trace
            .step(Step::Sale, self.t, [shop as i64, order as i64, sold[0]]);
        self.tell(|sim| format!("{shop} sells order {order}: {:?}", sim.articles_of(wanted)));
        self.oracle_sale(shop, wanted);
        self.state(order, OrderStatus::Open, sold);
        let pause = self.import_pause();
        self.after(pause, Happening::Import(order));
        self.fate(order);
        order
    }

    pub(crate) fn articles_of(&self, wanted: &[(usize, i64)]) -> Vec<String> {
        wanted
            .iter()
            .map(|(k, units)| format!("{units} × {}", self.names.skus[*k]))
            .collect()
    }

    /// What becomes of an order besides being shipped.
    fn fate(&mut self, order: usize) {
        if self.fault(Fault::Cancels, 120) {
            let pause = self.nature.range(5, 1_500) * SECOND;
            self.after(pause, Happening::ShopCancel(order));
        }
        if self.fault(Fault::Edits, 100) {
            let pause = self.nature.range(5, 1_500) * SECOND;
            self.after(pause, Happening::ShopEdit(order));
        }
        if self.fault(Fault::Returns, 120) {
            let pause = self.nature.range(40, 100) * MINUTE;
            self.after(pause, Happening::ShopReturn(order));
        }
    }

    /// The order stands otherwise from now on; whoever subscribed is told.
    pub(crate) fn state(&mut self, order: usize, status: OrderStatus, units: Vec<i64>) {
        let shop = self.world.orders[order].shop;
        let updated = self.vendor_now(shop);
        let record = &mut self.world.orders[order];
        let revision = record.history.len() as i64 + 1;
        record.history.push(State {
            revision,
            status,
            units,
            updated,
        });
        self.world.shops[shop].updates.push((updated, order));
        self.tell(|_| format!("order {order} of {shop} is {status:?}"));
        if self.scenario.shops[shop].webhooks == Webhooks::None || self.world.shops[shop].deaf_until > self.t {
            return;
        }
        if self.fault(Fault::WebhookLost, 150) {
            return;
        }
        let state = self.world.orders[order].history.len() - 1;
        let late = self.fault(Fault::WebhookLate, 250);
        let pause = if late {
            self.nature.range(1, 1_200) * SECOND
        } else {
            self.wire.range(20, 400)
        };
        self.after(
            pause,
            Happening::Webhook {
                order,
                state,
                attempt: 1,
            },
        );
        if self.fault(Fault::WebhookTwice, 250) {
            let pause = self.nature.range(1, 300) * SECOND;
            self.after(
                pause,
                Happening::Webhook {
                    order,
                    state,
                    attempt: 1,
                },
            );
        }
    }

    pub(crate) fn shop_shipped(&mut self, order: usize) {
        if !self.world.orders[order].open() {
            return;
        }
        self.settle_counters(order, |_| 0, true);
        let units = self.world.orders[order].last().units.clone();
        self.state(order, OrderStatus::Shipped, units);
    }

    pub(crate) fn shop_cancel(&mut self, order: usize) {
        if !self.world.orders[order].open() || self.world.orders[order].shipped {
            return;
        }
        self.settle_counters(order, |_| 0, false);
        let units = self.world.orders[order].last().units.clone();
        self.state(order, OrderStatus::Cancelled, units);
        let pause = self.erp.range(60, 900) * SECOND;
        self.after(pause, Happening::ErpCancel(order));
        self.tell(|_| format!("order {order} is cancelled"));
    }

    /// One line loses a unit.
    pub(crate) fn shop_edit(&mut self, order: usize) {
        if !self.world.orders[order].open() || self.world.orders[order].shipped {
            return;
        }
        let mut units = self.world.orders[order].last().units.clone();
        let Some(line) = units.iter().position(|units| *units > 1) else {
            return;
        };
        let taken: i64 = self.world.orders[order].lines[line]
            .taken
            .iter()
            .map(|(_, units)| units)
            .sum();
        let simple = self.world.orders[order].lines[line].article < self.scenario.skus;
        if taken != units[line] || !simple {
            return;
        }
        units[line] -= 1;
        let left = units.clone();
        self.settle_counters(order, move |index| left[index], false);
        self.state(order, OrderStatus::Open, units);
        let pause = self.erp.range(60, 900) * SECOND;
        self.after(pause, Happening::ErpEdit(order));
    }

    /// Handed-over goods come back; half of them to a shelf that the channel names.
    pub(crate) fn shop_return(&mut self, order: usize) {
        if self.world.orders[order].last().status != OrderStatus::Shipped || self.quiet {
            return;
        }
        let place = self.nature.below(self.scenario.places);
        self.world.orders[order].restock = self.nature.chance(500).then_some(place);
        let units = self.world.orders[order].last().units.clone();
        self.state(order, OrderStatus::Returned, units);
        if self.world.orders[order].restock.is_some() {
            // Booked in the ERP behind the channel's word of it.
            let pause = self.nature.range(3, 60) * SECOND;
            self.after(pause, Happening::GoodsBack(order));
        }
    }

    pub(crate) fn goods_back(&mut self, order: usize) {
        let Some(place) = self.world.orders[order].restock else {
            return;
        };
        for line in 0..self.world.orders[order].lines.len() {
            let article = self.world.orders[order].lines[line].article;
            let units = self.world.orders[order].last().units[line];
            let parts = self.oracle.compositions.get(&(order, article)).cloned();
            for (k, per) in parts.unwrap_or_else(|| vec![(article, 1)]) {
                let cell = self.cell(k, place);
                self.world.physical[cell] += units * per;
            }
            self.world.orders[order].lines[line].returned = Some(self.t);
        }
    }

    /// Gives units back to the channel's counters, or lets them leave with the goods.
    fn settle_counters(&mut self, order: usize, left: impl Fn(usize) -> i64, shipped: bool) {
        let shop = self.world.orders[order].shop;
        let plan = &self.scenario.shops[shop];
        let (gross, restocks) = (plan.gross, plan.restocks);
        for line in 0..self.world.orders[order].lines.len() {
            let mut taken = std::mem::take(&mut self.world.orders[order].lines[line].taken);
            for (listing, units) in &mut taken {
                let back = *units - left(line).min(*units);
                *units -= back;
                let counter = &mut self.world.shops[shop].listings[*listing];
                if gross {
                    let key = (order, line);
                    if let Some(kept) = counter.aside.iter_mut().find(|kept| (kept.0, kept.1) == key) {
                        kept.2 -= back;
                    }
                    counter.aside.retain(|kept| kept.2 > 0);
                    if shipped {
                        counter.number -= back;
                    }
                } else if !shipped && restocks {
                    counter.number += back;
                }
            }
            self.world.orders[order].lines[line].taken = taken;
        }
    }

    /// The order as its channel tells it; `sequence` counts our fetches.
    pub(crate) fn fact(&self, order: usize, state: usize, sequence: i64) -> OrderFact {
        let record = &self.world.orders[order];
        let (told, plan) = (&record.history[state], &self.scenario.shops[record.shop]);
        let number = if plan.counter { told.revision } else { told.updated.0 };
        let lines = record.lines.iter().zip(&told.units).map(|(line, units)| OrderLineFact {
            line: if self.broken == Some(crate::broken::Broken::OrderIdLeaks) {
                "1 buyer@example.com".parse().unwrap()
            } else {
                line.id.clone()
            },
            sku: Some(self.names.skus[line.article].clone()),
            listing: None,
            quantity: omnistock_words::Quantity::whole(*units),
            status: None,
            location: None,
            fulfilled_by: FulfilledBy::Merchant,
            reservation: line.reservation.map(|id| self.oracle.reservations[id].id.clone()),
            restock_location: record
                .restock
                .filter(|_| told.status == OrderStatus::Returned)
                .map(|place| self.names.locations[place].clone()),
        });
        OrderFact {
            order: record.id.clone(),
            revision: Some(Revision { number, sequence }),
            status: told.status,
            placed_at: record.placed_at,
            at: Some(told.updated),
            lines: lines.collect(),
        }
    }

    /// The next troubles of a channel.
    pub(crate) fn trouble(&mut self, shop: usize) {
        if self.quiet {
            return;
        }
        let t = self.t;
        if self.fault(Fault::Outage, 250) {
            self.world.shops[shop].down_until = t + self.nature.range(20, 900) * SECOND;
            self.tell(|_| format!("{shop} is down for a while"));
        }
        if self.fault(Fault::Subscription, 250) {
            self.world.shops[shop].deaf_until = t + self.nature.range(5, 60) * MINUTE;
        }
        if self.fault(Fault::Throttle, 400) {
            self.world.shops[shop].throttled = !self.world.shops[shop].throttled;
        }
        let count = self.world.shops[shop].listings.len();
        let (one, other, third, fourth) = {
            let mut pick = || self.nature.below(count);
            (pick(), pick(), pick(), pick())
        };
        let until = t + self.nature.range(1, 30) * MINUTE;
        if self.fault(Fault::Poison, 300) {
            self.world.shops[shop].listings[one].poison = until;
        }
        if self.fault(Fault::Clamp, 200) {
            self.world.shops[shop].listings[other].clamp = (until, 4);
        }
        if self.fault(Fault::ForeignEdit, 300) {
            let change = self.nature.range(-3, 3);
            let counter = &mut self.world.shops[shop].listings[third];
            counter.number = (counter.number + change).max(0);
            counter.raised |= change > 0;
            self.tell(|_| format!("somebody changes {shop}'s listing {third} by {change}"));
        }
        if self.fault(Fault::Unlisted, 150) {
            let listed = !self.world.shops[shop].listings[fourth].listed;
            self.world.shops[shop].listings[fourth].listed = listed;
        }
        let pause = self.nature.gap(4 * MINUTE);
        self.after(pause, Happening::Trouble(shop));
    }

    /// A stream of random numbers for a fault that hits one call.
    pub(crate) fn dice(&mut self) -> &mut Random {
        &mut self.nature
    }

    /// Traffic that comes in by itself ends here.
    pub(crate) fn horizon(&self) -> i64 {
        crate::scenario::BEGIN + self.scenario.traffic
    }

    pub(crate) fn settling(&self) -> i64 {
        90 * MINUTE
    }
}
