//! The ERP: takes orders in minutes later, ships, counts, gets goods, and exports what it believes.

use crate::broken::Broken;
use crate::fault::Fault;
use crate::scenario::{HOUR, IMPORT_MOST, MINUTE, SECOND};
use crate::sim::{Happening, Sim};
use crate::world::{Content, Report};
use omnistock_words::{Basis, OrderStatus};
use std::rc::Rc;

impl Sim {
    pub(crate) fn cell(&self, article: usize, place: usize) -> usize {
        article * self.scenario.places + place
    }

    pub(crate) fn fault(&mut self, fault: Fault, per_mille: usize) -> bool {
        !self.quiet && self.scenario.faults.has(fault) && self.nature.chance(per_mille)
    }

    /// Units of simple articles in one line, as the ERP books it.
    fn parts_of(&self, order: usize, line: usize) -> Vec<(usize, i64)> {
        let line = &self.world.orders[order].lines[line];
        self.oracle
            .compositions
            .get(&(order, line.article))
            .cloned()
            .unwrap_or_else(|| vec![(line.article, 1)])
    }

    /// The ERP hears of the order.
    pub(crate) fn import(&mut self, order: usize) {
        if self.world.orders[order].last().status == OrderStatus::Cancelled {
            return;
        }
        self.world.orders[order].imported = true;
        for line in 0..self.world.orders[order].lines.len() {
            let units = self.world.orders[order].last().units[line];
            let place = self.choose_place(order, line, units);
            let record = &mut self.world.orders[order].lines[line];
            (record.place, record.booked) = (place, units);
        }
        match self.scenario.basis {
            Basis::NetOfOrders => self.contain(order),
            Basis::NetOfReserved => {
                let pause = self.erp.range(1, 8) * MINUTE;
                self.after(pause, Happening::SetAside(order));
            }
            Basis::Physical => {}
        }
        let pause = self.erp.range(9, 50) * MINUTE;
        self.after(pause, Happening::Ship(order));
    }

    /// Where the ERP takes a line from: the first place of the channel's pool that has it all.
    fn choose_place(&self, order: usize, line: usize, units: i64) -> usize {
        let plan = &self.scenario.shops[self.world.orders[order].shop];
        let places = &plan.behind;
        let parts = self.parts_of(order, line);
        let has = |place: usize| {
            parts
                .iter()
                .all(|(k, per)| self.world.figure(self.cell(*k, place)) >= per * units)
        };
        if let Some(reservation) = self.world.orders[order].lines[line].reservation {
            return self.oracle.reservations[reservation].place;
        }
        places.iter().copied().find(|place| has(*place)).unwrap_or(places[0])
    }

    pub(crate) fn set_aside(&mut self, order: usize) {
        if !self.world.orders[order].shipped {
            self.contain(order);
        }
    }

    /// From now on figures contain what is booked.
    fn contain(&mut self, order: usize) {
        let (t, net) = (self.t, self.scenario.basis != Basis::Physical);
        for line in 0..self.world.orders[order].lines.len() {
            let parts = self.parts_of(order, line);
            let record = &mut self.world.orders[order].lines[line];
            let (before, booked, place) = (record.included_at(t), record.booked, record.place);
            if before == booked {
                continue;
            }
            record.included.push((t, booked));
            for (k, per) in parts.iter().filter(|_| net) {
                let cell = self.cell(*k, place);
                self.world.out[cell] += (booked - before) * per;
            }
        }
    }

    /// The goods leave the shelf.
    pub(crate) fn ship(&mut self, order: usize) {
        let open = self.world.orders[order].lines.iter().any(|line| line.booked > 0);
        if !open || self.world.orders[order].shipped {
            return;
        }
        self.contain(order);
        self.world.orders[order].shipped = true;
        for line in 0..self.world.orders[order].lines.len() {
            let parts = self.parts_of(order, line);
            let record = &mut self.world.orders[order].lines[line];
            let (booked, place) = (std::mem::take(&mut record.booked), record.place);
            for (k, per) in parts {
                let cell = self.cell(k, place);
                self.world.physical[cell] -= booked * per;
                if self.scenario.basis != Basis::Physical {
                    self.world.out[cell] -= booked * per;
                }
            }
        }
        let pause = self.erp.range(3, 90) * SECOND;
        self.after(pause, Happening::ShopShipped(order));
    }

    /// The ERP learns that the order is cancelled, or holds other quantities.
    pub(crate) fn erp_cancel(&mut self, order: usize) {
        self.rebook(order, |_| 0);
    }

    pub(crate) fn erp_edit(&mut self, order: usize) {
        let units = self.world.orders[order].last().units.clone();
        self.rebook(order, |line| units[line]);
    }

    fn rebook(&mut self, order: usize, units: impl Fn(usize) -> i64) {
        let (t, net) = (self.t, self.scenario.basis != Basis::Physical);
        if self.world.orders[order].shipped || !self.world.orders[order].imported {
            return;
        }
        for line in 0..self.world.orders[order].lines.len() {
            let parts = self.parts_of(order, line);
            let record = &mut self.world.orders[order].lines[line];
            let (before, place) = (record.included_at(t), record.place);
            record.booked = units(line).min(record.booked);
            let booked = record.booked;
            if before <= booked {
                continue;
            }
            record.included.push((t, booked));
            for (k, per) in parts.iter().filter(|_| net) {
                let cell = self.cell(*k, place);
                self.world.out[cell] -= (before - booked) * per;
            }
        }
    }

    pub(crate) fn receipt(&mut self) {
        let (k, place) = (self.erp.below(self.scenario.skus), self.erp.below(self.scenario.places));
        let cell = self.cell(k, place);
        let units = self.erp.pick(&[3, 6, 12, 24]);
        self.world.physical[cell] += units;
        if !self.quiet {
            let pause = self.erp.gap(4 * MINUTE);
            self.after(pause, Happening::Receipt);
        }
    }

    /// A count of the shelf finds less or more.
    pub(crate) fn count(&mut self) {
        if self.quiet {
            return;
        }
        let (k, place) = (self.erp.below(self.scenario.skus), self.erp.below(self.scenario.places));
        let cell = self.cell(k, place);
        let change = self.erp.range(-3, 2);
        if self.world.figure(cell) + change >= 0 {
            self.world.physical[cell] += change;
        }
        let pause = self.erp.gap(8 * MINUTE);
        self.after(pause, Happening::Count);
    }

    /// A store sells a unit and reports the movement.
    pub(crate) fn store_sale(&mut self) {
        if self.quiet {
            return;
        }
        let (k, place) = (self.erp.below(self.scenario.skus), self.erp.below(self.scenario.places));
        let cell = self.cell(k, place);
        let units = if self.erp.chance(150) { 1 } else { -1 };
        if self.world.figure(cell) + units >= 0 {
            self.world.physical[cell] += units;
            let id = self.world.movements;
            self.world.movements += 1;
            self.oracle.movements.push((k, place, units, self.t));
            let ready = self.t + self.erp.range(1, 60) * SECOND;
            let content = Content::Movements(vec![(id, k, place, units, self.t)]);
            self.report(content, self.t, ready, None);
            if self.erp.chance(100) {
                let again = Content::Movements(vec![(id, k, place, units, self.t)]);
                self.report(again, self.t, ready + 5 * MINUTE, None);
            }
        }
        let pause = self.erp.gap(3 * MINUTE);
        self.after(pause, Happening::StoreSale);
    }

    pub(crate) fn price_change(&mut self) {
        let k = self.erp.below(self.scenario.articles());
        let (list, cost) = self.world.prices[k];
        let list = (list * self.erp.range(900, 1_100) / 1_000).max(cost + 1);
        self.world.prices[k].0 = list;
        if !self.quiet {
            let pause = self.erp.gap(6 * MINUTE);
            self.after(pause, Happening::PriceChange);
        }
    }

    fn report(&mut self, content: Content, as_of: i64, ready: i64, fault: Option<Fault>) {
        let gone = false;
        self.world.reports.push(Report {
            content,
            as_of,
            ready,
            gone,
            fault,
        });
    }

    /// A complete snapshot with its order list, as right or wrong as faults want it.
    pub(crate) fn export(&mut self) {
        let t = self.t;
        let cells = self.scenario.skus * self.scenario.places;
        let truth: Rc<Vec<i64>> = Rc::new((0..cells).map(|cell| self.world.figure(cell)).collect());
        let places = self.scenario.places;
        let mut rows: Vec<_> = (0..cells)
            .map(|cell| (cell / places, cell % places, truth[cell]))
            .collect();
        let fault = self.spoil(&mut rows);
        let mut prices: Vec<_> = self
            .world
            .prices
            .iter()
            .enumerate()
            .flat_map(|(k, (list, cost))| [(k, false, *list), (k, true, *cost)])
            .collect();
        if self.fault(Fault::PriceErrors, 60) {
            let times = self.nature.pick(&[(10, 1), (100, 1), (1, 10), (1, 100), (3, 1)]);
            let first = self.nature.below(prices.len());
            for (_, _, cents) in prices.iter_mut().skip(first).take(6) {
                *cents = (*cents * times.0 / times.1).max(1);
            }
        }
        let late = self.fault(Fault::ExportLate, 300);
        let old = self.fault(Fault::ExportOld, 150);
        let quick = self.erp.range(1, 20) * SECOND;
        let wait = match (late, old) {
            (_, true) => self.scenario.export_every + MINUTE,
            (true, _) => self.nature.range(1, 12) * MINUTE,
            _ => quick,
        };
        let rows = Rc::new(rows);
        let content = || Content::Stock {
            rows: Rc::clone(&rows),
            prices: prices.clone(),
            truth: Rc::clone(&truth),
        };
        let unreadable = fault == Some(Fault::BadFile);
        let first = if unreadable { Content::Unreadable } else { content() };
        self.report(first, t, t + wait, fault);
        if self.fault(Fault::ExportTwice, 150) && !unreadable {
            let again = content();
            let pause = self.nature.range(1, 900) * SECOND;
            self.report(again, t, t + wait + pause, fault);
        }
        self.list(t, t + wait);
        if !self.quiet || self.t < self.oracle.quiet_at + 2 * HOUR {
            let pause = if self.quiet {
                5 * MINUTE
            } else {
                self.scenario.export_every + self.erp.range(-30, 30) * SECOND
            };
            self.after(pause, Happening::Export);
        }
    }

    /// Makes an export wrong; says how.
    fn spoil(&mut self, rows: &mut Vec<(usize, usize, i64)>) -> Option<Fault> {
        if self.fault(Fault::BadFile, 80) {
            return Some(Fault::BadFile);
        }
        let baseline = self.store.mirror.complete.is_some();
        if self.fault(Fault::Truncated, 120) {
            // What ends too early is refused by its trailer; where there is none, only guards are left.
            if self.nature.chance(300) && baseline {
                // A few rows are lost: less than any guard minds.
                let gone = self.nature.below(rows.len());
                rows.drain(gone..(gone + 3).min(rows.len()));
                return None;
            }
            let trailer = !self.broken(Broken::NoTrailer);
            if trailer && (self.nature.chance(400) || !baseline) {
                return Some(Fault::BadFile);
            }
            let keep = rows.len() * self.nature.range(20, 70) as usize / 100;
            rows.truncate(keep);
            return Some(Fault::Truncated);
        }
        if baseline && self.fault(Fault::MassZero, 70) {
            let from = self.nature.below(rows.len() / 4);
            for row in rows.iter_mut().skip(from) {
                row.2 = 0;
            }
            return Some(Fault::MassZero);
        }
        if baseline && self.fault(Fault::WrongFactor, 70) {
            for row in rows.iter_mut() {
                row.2 /= 12;
            }
            return Some(Fault::WrongFactor);
        }
        None
    }

    /// The order list: what the figures as of now contain.
    fn list(&mut self, as_of: i64, ready: i64) {
        if self.fault(Fault::ListLost, 250) {
            return;
        }
        let late = if self.fault(Fault::ListLost, 250) {
            3 * MINUTE
        } else {
            0
        };
        let mut rows = Vec::new();
        for (o, order) in self.world.orders.iter().enumerate().filter(|(_, order)| order.imported) {
            // An ERP does not list what it closed long ago.
            let recent = order
                .lines
                .iter()
                .any(|line| line.included.last().is_some_and(|(at, _)| as_of - at < 6 * HOUR));
            for (l, line) in order.lines.iter().enumerate().filter(|_| recent) {
                rows.push((o, l, line.included_at(as_of)));
            }
        }
        self.report(Content::List(rows), as_of, ready + late, None);
    }

    pub(crate) fn import_pause(&mut self) -> i64 {
        self.erp.range(MINUTE, IMPORT_MOST - MINUTE)
    }
}
