//! People and the ground under everything: modes, overrides, reservations, the store's troubles, the
//! order in which a world begins and comes to rest.

use crate::broken::Broken;
use crate::fault::Fault;
use crate::oracle::Reserve;
use crate::run::{EVENTS, ORDERS};
use crate::scenario::{BEGIN, MINUTE, SECOND, TRAFFIC};
use crate::settings::Override;
use crate::sim::{Happening, Sim};
use crate::store::{About, Store};
use omnistock_engine::{DocumentKey, Event, OrderKey, forget};
use omnistock_words::{Millis, Mode, OrderStatus, Quantity};
use std::rc::Rc;

/// Ended orders are kept for so long. Longer than anything may come late.
const RETAIN: i64 = 50 * MINUTE;

impl Sim {
    pub(crate) fn begin(&mut self) {
        for article in 0..self.scenario.articles() {
            let cost = self.erp.range(200, 20_000);
            let list = cost * self.erp.range(1_300, 2_200) / 1_000;
            self.world.prices.push((list, cost));
            let _ = article;
        }
        // What the channels showed before anybody looked after them.
        for shop in 0..self.scenario.shops.len() {
            for listing in 0..self.world.shops[shop].listings.len() {
                let article = self.world.shops[shop].listings[listing].article;
                let right = if article < self.scenario.skus {
                    self.really(shop, article)
                } else {
                    1
                };
                self.world.shops[shop].listings[listing].number = (right + self.erp.range(-1, 1)).clamp(0, 30);
            }
            let pause = self.nature.range(5, 20) * MINUTE;
            self.after(pause, Happening::Trouble(shop));
        }
        for _ in 0..8 {
            self.visit_early();
        }
        self.after(0, Happening::Visit);
        if self.on(Fault::Bursts) {
            self.after(15 * MINUTE, Happening::Burst);
        }
        self.after(10 * SECOND, Happening::Export);
        self.after(4 * MINUTE, Happening::Receipt);
        self.after(5 * MINUTE, Happening::PriceChange);
        for (fault, at, what) in [
            (Fault::Shrinkage, 7 * MINUTE, Happening::Count),
            (Fault::Movements, 6 * MINUTE, Happening::StoreSale),
            (Fault::Reservations, 20 * MINUTE, Happening::Reserve),
        ] {
            if self.on(fault) {
                self.after(at, what);
            }
        }
        for daemon in 0..self.scenario.daemons {
            let pause = self.nature.range(60, 120) * SECOND;
            self.after(pause, Happening::Start(daemon));
            self.daemons[daemon].clock = self.nature.range(-200, 200);
            if self.on(Fault::Crash) {
                let pause = self.nature.gap(20 * MINUTE);
                self.after(pause, Happening::Kill(daemon));
            }
            if self.on(Fault::Pause) || self.on(Fault::ClockJump) {
                let pause = self.nature.gap(20 * MINUTE);
                self.after(pause, Happening::Stop(daemon));
            }
        }
        self.after(10 * MINUTE, Happening::Person);
        self.after(25 * MINUTE, Happening::StoreTrouble);
        self.after(10 * MINUTE, Happening::Upkeep);
        self.after(MINUTE, Happening::Check);
        let horizon = self.horizon();
        self.plan(horizon, Happening::Quiet);
    }

    /// An order from before we were there.
    fn visit_early(&mut self) {
        let (shop, article) = (self.buyers.weighted(&self.popularity), self.buyers.weighted(&self.zipf));
        let pack = self.scenario.shops[shop].pack.max(1);
        if self.on_offer(shop, article) >= pack {
            self.sell(shop, &[(article, pack)], None);
        }
    }

    pub(crate) fn operator_pause(&mut self) -> i64 {
        match (self.quiet, self.on(Fault::SlowOperator)) {
            (true, _) => 30 * SECOND,
            (_, true) => self.people.range(30, 120) * MINUTE,
            _ => self.people.range(3, 15) * MINUTE,
        }
    }

    /// Somebody turns a knob, or looks after held prices.
    pub(crate) fn person(&mut self) {
        self.decide_prices();
        let pause = if self.quiet {
            MINUTE
        } else {
            self.people.gap(5 * MINUTE)
        };
        self.after(pause, Happening::Person);
        if self.quiet {
            return;
        }
        let shop = self.people.below(self.scenario.shops.len());
        let before = self.knobs.clone();
        if self.fault(Fault::Modes, 250) {
            self.knobs.modes[shop] = match self.knobs.modes[shop] {
                Mode::Live => self
                    .people
                    .pick(&[Mode::Frozen, Mode::DecreaseOnly, Mode::Draining, Mode::Shadow]),
                _ => Mode::Live,
            };
        }
        if self.fault(Fault::Overrides, 250) {
            let (sku, units) = (self.people.below(self.scenario.articles()), self.people.range(1, 4));
            let until = self.t + self.people.range(5, 40) * MINUTE;
            self.knobs.overrides.push(Override { sku, units, until });
            let keep = self.knobs.overrides.len().saturating_sub(6);
            self.knobs.overrides.drain(..keep);
        }
        if self.fault(Fault::Reloads, 250) {
            self.knobs.safety[shop] = self.people.range(0, 3);
            self.knobs.max_shown[shop] = self.people.chance(500).then(|| self.people.range(4, 20));
        }
        if self.knobs != before {
            self.tell(|sim| format!("a person changes {shop}: {:?}", sim.knobs.modes[shop]));
            self.reload();
        }
    }

    /// A customer sets units aside; later they may buy them, or change their mind.
    pub(crate) fn reserve(&mut self) {
        if self.quiet {
            return;
        }
        let pause = self.people.gap(8 * MINUTE);
        self.after(pause, Happening::Reserve);
        let (article, place) = (
            self.people.below(self.scenario.skus),
            self.people.below(self.scenario.places),
        );
        let (units, minutes) = (self.people.range(1, 2), self.people.range(3, 30));
        let daemon = self
            .daemons
            .iter()
            .position(|daemon| daemon.up && daemon.stopped_until <= self.t);
        let (Some(daemon), true) = (daemon, self.store_answers()) else {
            return;
        };
        let id = self.oracle.reservations.len();
        let expires = self.t + minutes * MINUTE;
        let reserve = Reserve {
            id: format!("r{id}").parse().unwrap(),
            article,
            place,
            units,
            expires,
        };
        let event = Event::Reservation {
            id: reserve.id.clone(),
            sku: self.names.skus[article].clone(),
            location: Some(self.names.locations[place].clone()),
            channel: None,
            quantity: Quantity::whole(units),
            expires_at: Millis(expires),
            asked: None,
        };
        self.oracle.reservations.push(reserve);
        self.store.append(event, About::Reservation(id));
        self.wake_ledgers(daemon);
    }

    pub(crate) fn store_trouble(&mut self) {
        if self.quiet {
            return;
        }
        if crate::broken::keeps_old(self.broken) {
            self.older = Some(Box::new(self.store.clone()));
        }
        if self.fault(Fault::StoreAway, 400) {
            self.store_away_until = self.t + self.nature.range(1, 60) * SECOND;
            self.tell(|_| "the store does not answer for a while".to_owned());
        }
        if self.fault(Fault::LostTail, 400) && self.store.mirror.complete.is_some() {
            self.older = Some(Box::new(self.store.clone()));
            let pause = self.nature.range(1, 30) * SECOND;
            let generation = self.store.generation;
            self.after(pause, Happening::StoreLoses(generation));
        } else if self.fault(Fault::Flush, 200) {
            let generation = self.store.generation;
            self.older = None;
            self.after(SECOND, Happening::StoreLoses(generation));
        }
        let pause = self.nature.gap(20 * MINUTE);
        self.after(pause, Happening::StoreTrouble);
    }

    /// The store goes back to an older state, or to none.
    pub(crate) fn store_loses(&mut self, generation: u64) {
        if self.quiet || self.store.generation != generation {
            return;
        }
        let listings: Vec<usize> = self.world.shops.iter().map(|shop| shop.listings.len()).collect();
        let empty = || {
            Store::new(
                &listings,
                self.scenario.articles(),
                crate::oracle::mirror::Mirror::new(&self.scenario),
            )
        };
        let older = self.older.take().map_or_else(empty, |older| *older);
        self.tell(|_| format!("the store loses what is behind entry {}", older.last_entry));
        let unread = older.mirror.complete.is_none();
        self.store.back_to(older);
        self.promised.forget_all();
        // What was acknowledged lately is lost as the configured durability allows; reports moved away stay away.
        if unread {
            self.after(5 * SECOND, Happening::Export);
        }
    }

    /// Ended orders are forgotten.
    pub(crate) fn upkeep(&mut self) {
        self.after(10 * MINUTE, Happening::Upkeep);
        let leader = self
            .daemons
            .iter()
            .position(|daemon| daemon.up && daemon.lease == Some(self.store.token) && daemon.stopped_until <= self.t);
        let (Some(daemon), true) = (leader, self.store_answers()) else {
            return;
        };
        let now = self.now(daemon);
        let settings = Rc::clone(&self.daemons[daemon].settings);
        let keys: Vec<(usize, OrderKey)> = self
            .store
            .mirror
            .known
            .numbers()
            // The mark that says which orders are old passes over those that are not read yet.
            .filter(|order| {
                let shop = self.world.orders[*order].shop;
                self.daemons[daemon].orders[shop].began.is_some()
            })
            .map(|order| {
                let record = &self.world.orders[order];
                let channel = self.names.channels[record.shop].clone();
                (
                    order,
                    OrderKey {
                        channel,
                        order: record.id.clone(),
                    },
                )
            })
            .collect();
        for (order, key) in keys {
            let early = self.broken(Broken::ForgetsEarly);
            let retain = if early { 0 } else { RETAIN };
            if !forget(&settings, &mut self.store.documents, &key, retain, now) {
                continue;
            }
            for key in self.store.documents.take_changed() {
                if let DocumentKey::Sku(sku) = key {
                    let article = self.names.sku(&sku);
                    self.promised.lines_changed(article);
                    self.store.versions[article] += 1;
                }
            }
            self.mirror_forgets(order);
        }
    }

    fn mirror_forgets(&mut self, order: usize) {
        let mirror = &mut self.store.mirror;
        let Some(known) = mirror.known.remove(order) else {
            return;
        };
        mirror.forgotten.insert(order, known);
        for touches in &mut mirror.touches {
            touches.retain(|touch| touch.order != order);
        }
        let state = &self.world.orders[order].history[known.state];
        if state.status == OrderStatus::Open {
            self.violate("I3", None, format!("order {order} is forgotten while it is open"));
        }
    }

    /// Traffic ends, unless so little was sold that it would prove little: then it goes on for a while.
    pub(crate) fn end_traffic(&mut self) {
        let few = (self.world.orders.len() as u64) < ORDERS || self.events < EVENTS;
        if few && self.scenario.traffic == TRAFFIC && self.t < self.horizon() + TRAFFIC {
            return self.after(10 * MINUTE, Happening::Quiet);
        }
        let settling = self.settling();
        self.after(settling, Happening::End);
        self.be_quiet();
    }

    /// No more buyers, no more faults; people take every exit.
    fn be_quiet(&mut self) {
        self.quiet = true;
        self.oracle.quiet_at = self.t;
        self.store_away_until = self.t;
        self.tell(|_| "no more buyers, no more faults".to_owned());
        for shop in &mut self.world.shops {
            (shop.down_until, shop.deaf_until, shop.throttled) = (BEGIN, BEGIN, false);
            for listing in &mut shop.listings {
                (listing.poison, listing.clamp, listing.listed) = (0, (0, i64::MAX), true);
            }
        }
        for mode in &mut self.knobs.modes {
            *mode = Mode::Live;
        }
        for daemon in 0..self.daemons.len() {
            self.daemons[daemon].stopped_until = self.t;
            self.start(daemon);
            if let Some(held) = self.daemons[daemon].stock.held.clone() {
                let life = self.daemons[daemon].life;
                self.after(
                    30 * SECOND,
                    Happening::Decide {
                        daemon,
                        life,
                        report: held.report,
                    },
                );
            }
        }
        self.reload();
        self.after(5 * MINUTE, Happening::Exits);
    }
}
