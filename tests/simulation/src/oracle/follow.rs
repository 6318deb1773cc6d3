//! The oracles' own ledger follows what is applied, by its own rules: I3, I4, I6 of reports, I10.

use crate::oracle::mirror::{Known, Mirror, Touch};
use crate::sim::Sim;
use crate::store::{About, Entry};
use crate::world::Content;
use omnistock_engine::{Complaint, DocumentKey, Event};
use omnistock_words::{OrderStatus, Quantity};
use std::collections::BTreeSet;

impl Sim {
    /// An entry is applied: the oracles' own ledger follows by its own rules.
    pub(crate) fn oracle_applies(&mut self, entry: &Entry, complaints: &[Complaint], _: omnistock_words::Millis) {
        if self.scenario.seed.is_multiple_of(8) && !matches!(entry.about, About::Price | About::Reservation(_)) {
            self.oracle.log.push(std::rc::Rc::clone(&entry.event));
        }
        match entry.about {
            About::Order(order, state, sequence) => self.mirror_order(order, state, sequence, complaints),
            About::Stock(report) => {
                if let Event::Stock(stock) = &*entry.event {
                    let rows = stock
                        .rows
                        .iter()
                        .map(|row| (self.names.sku(&row.sku), self.names.location(&row.location)));
                    let cells: Vec<usize> = rows.map(|(k, place)| self.cell(k, place)).collect();
                    self.mirror_base(report, &cells);
                }
            }
            About::Close(report) => {
                if let Content::Stock { rows, .. } = &self.world.reports[report].content {
                    let rows = std::rc::Rc::clone(rows);
                    let cells: Vec<usize> = rows.iter().map(|row| self.cell(row.0, row.1)).collect();
                    self.mirror_base(report, &cells);
                    let as_of = self.world.reports[report].as_of;
                    self.store.mirror.complete = self.store.mirror.complete.max(Some(as_of));
                }
            }
            About::Movement(id) => {
                let (article, place, ..) = self.oracle.movements[id];
                let cell = self.cell(article, place);
                if !self.store.mirror.movements[cell].contains(&id) {
                    self.store.mirror.movements[cell].push(id);
                }
            }
            About::Reservation(id) => {
                let refused = complaints
                    .iter()
                    .any(|complaint| matches!(complaint, Complaint::ReservationRefused { .. }));
                if !refused {
                    self.store.mirror.granted.push(id);
                }
            }
            About::Price => {
                if let Event::Price { list, sku, price, .. } = &*entry.event {
                    let cents = (price.amount() * rust_decimal::Decimal::ONE_HUNDRED).normalize();
                    let key = (self.names.sku(sku), *list == self.names.cost);
                    self.store.mirror.prices.insert(
                        key,
                        cents.mantissa() as i64 * 10_i64.pow(0_u32.saturating_sub(cents.scale())),
                    );
                }
            }
            About::Foreign => self.violate("I10", None, "what a channel shows came into the ledgers".to_owned()),
            About::Statement(order, line) => {
                if let Event::Absorbed { as_of, quantity, .. } = &*entry.event {
                    let (as_of, units) = (as_of.map_or(0, |at| at.0), quantity.as_whole().unwrap_or_default());
                    let (line, stated) = (Mirror::line(order, line), &mut self.store.mirror.stated);
                    if stated.get(line).is_none_or(|known| (known.0, units) < (as_of, known.1)) {
                        stated.insert(line, (as_of, units));
                    }
                }
            }
            About::Missing(_) => {}
        }
    }

    pub(crate) fn mirror_order(&mut self, order: usize, state: usize, sequence: i64, complaints: &[Complaint]) {
        let counter = self.scenario.shops[self.world.orders[order].shop].counter;
        let told = &self.world.orders[order].history[state];
        let number = if counter { told.revision } else { told.updated.0 };
        let forgotten = complaints
            .iter()
            .any(|complaint| matches!(complaint, Complaint::Forgotten(_)));
        if self.store.mirror.forgotten.has(order) {
            return;
        }
        if forgotten {
            let sentence = format!("order {order} was taken for one that ended long ago");
            return self.violate("I4", None, sentence);
        }
        let mirror = &mut self.store.mirror;
        let known = Known {
            number,
            sequence,
            state,
        };
        let newer = mirror
            .known
            .get(order)
            .is_none_or(|old| (old.number, old.sequence) < (number, sequence));
        let new = !mirror.known.has(order);
        if newer {
            mirror.known.insert(order, known);
        }
        if !new {
            return;
        }
        for line in 0..self.world.orders[order].lines.len() {
            let article = self.world.orders[order].lines[line].article;
            let parts = self.oracle.compositions.get(&(order, article)).cloned();
            for (k, per) in parts.unwrap_or_else(|| vec![(article, 1)]) {
                self.store.mirror.touches[k].push(Touch { order, line, per });
            }
        }
    }

    pub(crate) fn mirror_base(&mut self, report: usize, cells: &[usize]) {
        let as_of = self.world.reports[report].as_of;
        let Content::Stock { truth, .. } = &self.world.reports[report].content else {
            return;
        };
        for cell in cells {
            let base = &mut self.store.mirror.base[*cell];
            if base.is_none_or(|(known, _)| known < as_of) {
                *base = Some((as_of, truth[*cell]));
            }
        }
    }

    /// I3: every open line counts exactly once in the ledger of each of its articles.
    pub(crate) fn oracle_ledger(&mut self, changed: &BTreeSet<DocumentKey>, _: &[Entry]) {
        for key in changed {
            let DocumentKey::Sku(sku) = key else { continue };
            let k = self.names.sku(sku);
            if k >= self.scenario.skus {
                continue;
            }
            let Some(document) = self.store.documents.skus.get(sku) else {
                continue;
            };
            let ours: Quantity = document
                .lines
                .iter()
                .filter(|line| line.takes_stock())
                .map(|line| line.quantity)
                .sum();
            let mirror = &self.store.mirror;
            let told = mirror.touches[k].iter().map(|touch| mirror.units(&self.world, *touch));
            let true_sum: i64 = told
                .filter(|(_, status)| *status != OrderStatus::Cancelled)
                .map(|(units, _)| units)
                .sum();
            self.oracle.checks += 1;
            if ours.as_whole() != Some(true_sum) {
                let sentence = format!("the ledger of {sku} counts {ours} sold units, {true_sum} are known");
                self.violate("I3", Some(k), sentence);
            }
        }
    }

    /// I6: a report that is grossly wrong is not taken over without a person or a second one that agrees.
    pub(crate) fn oracle_accepts(&mut self, daemon: usize, report: usize, released: bool) {
        let _ = daemon;
        let Content::Stock { rows, truth, .. } = &self.world.reports[report].content else {
            return;
        };
        let there: Vec<usize> = (0..truth.len()).filter(|cell| truth[*cell] > 0).collect();
        let mut told = vec![None; truth.len()];
        for (k, place, units) in rows.iter() {
            told[self.cell(*k, *place)] = Some(*units);
        }
        let zero = there.iter().filter(|cell| told[**cell] == Some(0)).count();
        let gone = there.iter().filter(|cell| told[**cell].is_none()).count();
        let newer = self
            .store
            .mirror
            .complete
            .is_none_or(|known| known < self.world.reports[report].as_of);
        let limit = 10.max(there.len() / 3);
        if zero > limit && newer && !released && self.store.mirror.complete.is_some() {
            self.violate(
                "I6",
                None,
                format!(
                    "a report was taken over that says zero for {zero} of {} figures",
                    there.len()
                ),
            );
        }
        if gone > limit && newer && self.store.mirror.complete.is_none() {
            self.violate(
                "I6",
                None,
                format!(
                    "a first report was taken over that lacks {gone} of {} figures",
                    there.len()
                ),
            );
        }
    }
}
