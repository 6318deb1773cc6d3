//! The stock poller, as `src/intake/stock.rs` and `snapshot.rs` do it: a report is judged as a whole
//! before any of it is applied, then appended, then acknowledged; a held one has a way out.

use crate::broken::Broken;
use crate::intake::Held;
use crate::scenario::{MINUTE, SECOND};
use crate::sim::{Happening, Sim};
use crate::store::About;
use crate::trace::Step;
use crate::world::Content;
use omnistock_engine::snapshot::{Finding, GuardName, Judge, RowVerdict, Verdict};
use omnistock_engine::{Event, MissingRow, SourceDocument, StockEvent, StockRow};
use omnistock_words::{Millis, Money, Quantity};
use rust_decimal::Decimal;
use std::rc::Rc;

/// Between two polls of the ERP's folder.
const EVERY: i64 = 15 * SECOND;

struct Judged {
    rewrites: Vec<StockRow>,
    missing: Vec<MissingRow>,
    findings: Vec<Finding>,
}

impl Judged {
    fn guards(&self) -> Vec<&'static str> {
        let mut guards: Vec<_> = self.findings.iter().map(|finding| finding.guard.name()).collect();
        guards.sort_unstable();
        guards
    }

    fn needs_person(&self) -> bool {
        self.findings
            .iter()
            .any(|finding| finding.guard == GuardName::NewlyZero)
    }
}

impl Sim {
    pub(crate) fn next_stock_poll(&mut self, daemon: usize, pause: i64) {
        let life = self.daemons[daemon].life;
        self.daemons[daemon].stock.turn += 1;
        let turn = self.daemons[daemon].stock.turn;
        self.after(pause, Happening::PollStock { daemon, life, turn });
    }

    pub(crate) fn poll_stock(&mut self, daemon: usize, turn: u64) {
        if self.daemons[daemon].stock.turn != turn || self.daemons[daemon].lease.is_none() {
            return;
        }
        if !self.store_answers() {
            return self.next_stock_poll(daemon, SECOND);
        }
        if !self.daemons[daemon].stock.warm {
            // Reports from before a restart are applied first.
            if !self.store.inbox.is_empty() {
                self.wake_ledger(daemon, 0);
                return self.next_stock_poll(daemon, 50);
            }
            self.daemons[daemon].stock.warm = true;
            let known = self.store.documents.sources.get(&self.names.erp);
            if known.is_some_and(|source| source.complete_as_of.is_some()) {
                self.snapshot_taken(daemon);
            }
        }
        if self.broken(Broken::HeldForEver) && self.daemons[daemon].stock.held.is_some() {
            return self.next_stock_poll(daemon, EVERY);
        }
        let handed = &mut self.daemons[daemon].stock.handed;
        handed.resize(self.world.reports.len(), false);
        let (t, handed) = (self.t, &self.daemons[daemon].stock.handed);
        let ready =
            |(index, report): &(usize, &crate::world::Report)| !report.gone && report.ready <= t && !handed[*index];
        let next = self
            .world
            .reports
            .iter()
            .enumerate()
            .filter(ready)
            .min_by_key(|(index, report)| (report.ready, *index));
        match next.map(|(index, _)| index) {
            None => self.next_stock_poll(daemon, EVERY),
            Some(report) => {
                self.daemons[daemon].stock.handed[report] = true;
                self.take_report(daemon, report);
            }
        }
    }

    fn take_report(&mut self, daemon: usize, report: usize) {
        let events: Vec<(Event, About)> = match &self.world.reports[report].content {
            Content::Unreadable => {
                self.world.reports[report].gone = true;
                return self.next_stock_poll(daemon, 10);
            }
            Content::Stock { .. } => return self.take_stock(daemon, report),
            Content::List(rows) => {
                let rows = rows.clone();
                self.statements(daemon, report, &rows)
            }
            Content::Movements(rows) => rows
                .iter()
                .map(|row| (self.movement(row), About::Movement(row.0)))
                .collect(),
        };
        self.append_report(daemon, report, events);
    }

    fn movement(&self, (id, k, place, units, at): &(usize, usize, usize, i64, i64)) -> Event {
        Event::Movement {
            source: self.names.erp.clone(),
            id: format!("m{id}").parse().unwrap(),
            sku: self.names.skus[*k].clone(),
            location: self.names.locations[*place].clone(),
            quantity: Quantity::whole(*units),
            at: Millis(*at),
            contained: None,
        }
    }

    /// What the list says anew.
    fn statements(&mut self, daemon: usize, report: usize, rows: &[(usize, usize, i64)]) -> Vec<(Event, About)> {
        let as_of = Some(Millis(self.world.reports[report].as_of));
        let mut events = Vec::new();
        for (order, line, units) in rows {
            let stated = &mut self.daemons[daemon].stock.stated;
            if stated.insert((*order, *line), *units) == Some(*units) {
                continue;
            }
            let record = &self.world.orders[*order];
            let event = Event::Absorbed {
                source: self.names.erp.clone(),
                channel: self.names.channels[record.shop].clone(),
                order: record.id.clone(),
                line: record.lines[*line].id.clone(),
                quantity: Quantity::whole(*units),
                as_of,
            };
            events.push((event, About::Statement(*order, *line)));
        }
        events
    }

    fn take_stock(&mut self, daemon: usize, report: usize) {
        let judged = self.judge(daemon, report);
        let as_of = self.world.reports[report].as_of;
        let off = self.broken(Broken::GuardOff);
        if !judged.findings.is_empty() && !off && !self.confirmed(daemon, &judged, as_of) {
            return self.hold(daemon, report, &judged);
        }
        self.trace.step(
            Step::Judge,
            self.t,
            [report as i64, judged.rewrites.len() as i64, judged.missing.len() as i64],
        );
        self.oracle_accepts(daemon, report, false);
        self.accept(daemon, report, judged);
        if let Some(older) = self.daemons[daemon].stock.held.take() {
            self.world.reports[older.report].gone = true;
        }
    }

    /// The report against the ledgers.
    fn judge(&mut self, daemon: usize, report: usize) -> Judged {
        let Content::Stock { rows, .. } = &self.world.reports[report].content else {
            return Judged {
                rewrites: Vec::new(),
                missing: Vec::new(),
                findings: Vec::new(),
            };
        };
        let rows = Rc::clone(rows);
        let settings = Rc::clone(&self.daemons[daemon].settings);
        let (as_of, now) = (Millis(self.world.reports[report].as_of), self.now(daemon));
        let empty = SourceDocument::default();
        let source = self.store.documents.sources.get(&self.names.erp).unwrap_or(&empty);
        let mut judge = Judge::new(&settings, &self.names.erp, as_of, now);
        let mut judged = Judged {
            rewrites: Vec::new(),
            missing: Vec::new(),
            findings: Vec::new(),
        };
        // Rows are in the order of articles, whichever of them are lost.
        let mut rows = rows.iter().peekable();
        for (k, sku) in self.names.skus.iter().enumerate() {
            let own = std::iter::from_fn(|| rows.next_if(|row| row.0 == k));
            let own: Vec<StockRow> = own.map(|row| self.stock_row(row)).collect();
            let document = self.store.documents.skus.get(sku);
            if own.is_empty() && document.is_none() {
                continue;
            }
            for verdict in judge.see(sku, document, source, &own) {
                match verdict {
                    RowVerdict::Unchanged => {}
                    RowVerdict::Rewrite(row) => judged.rewrites.push(row),
                    RowVerdict::Missing(location) => judged.missing.push(MissingRow {
                        sku: sku.clone(),
                        location,
                    }),
                }
            }
        }
        if let Verdict::Held(findings) = judge.verdict() {
            judged.findings = findings;
        }
        judged
    }

    fn stock_row(&self, (k, place, units): &(usize, usize, i64)) -> StockRow {
        StockRow {
            sku: self.names.skus[*k].clone(),
            location: self.names.locations[*place].clone(),
            quantity: Quantity::whole(*units),
            sellable: true,
            brand: None,
            category: None,
            tags: Vec::new(),
        }
    }

    /// A later report that trips the same guards releases what no person has to decide.
    fn confirmed(&self, daemon: usize, judged: &Judged, as_of: i64) -> bool {
        let Some(held) = &self.daemons[daemon].stock.held else {
            return false;
        };
        held.guards == judged.guards()
            && !judged.needs_person()
            && as_of > self.world.reports[held.report].as_of
            && self.now(daemon).since(held.since) >= 15 * MINUTE
    }

    fn hold(&mut self, daemon: usize, report: usize, judged: &Judged) {
        let (guards, now, life) = (judged.guards(), self.now(daemon), self.daemons[daemon].life);
        let earlier = self.daemons[daemon].stock.held.take();
        let since = earlier
            .as_ref()
            .filter(|held| held.guards == guards)
            .map_or(now, |held| held.since);
        if let Some(older) = earlier {
            self.world.reports[older.report].gone = true;
        }
        self.tell(|_| format!("report {report} is held: {guards:?}"));
        self.daemons[daemon].stock.held = Some(Held { report, guards, since });
        let patience = self.operator_pause();
        self.after(patience, Happening::Decide { daemon, life, report });
        self.next_stock_poll(daemon, 10);
    }

    /// A person looks at the held report: is it true?
    pub(crate) fn decide_hold(&mut self, daemon: usize, report: usize) {
        let held = self.daemons[daemon].stock.held.as_ref();
        if held.is_none_or(|held| held.report != report) {
            return;
        }
        if self.broken(Broken::HeldForEver) {
            return;
        }
        let busy = self.daemons[daemon].stock.waits.is_some() || !self.store_answers();
        if busy || self.daemons[daemon].lease.is_none() {
            let life = self.daemons[daemon].life;
            return self.after(SECOND, Happening::Decide { daemon, life, report });
        }
        self.daemons[daemon].stock.held = None;
        let wrong = self.world.reports[report].fault.is_some();
        self.tell(|_| {
            format!(
                "a person {} report {report}",
                if wrong { "rejects" } else { "approves" }
            )
        });
        if wrong {
            self.world.reports[report].gone = true;
        } else {
            let judged = self.judge(daemon, report);
            self.oracle_accepts(daemon, report, true);
            self.accept(daemon, report, judged);
        }
    }

    fn accept(&mut self, daemon: usize, report: usize, judged: Judged) {
        let Content::Stock { rows, prices, .. } = &self.world.reports[report].content else {
            return;
        };
        let as_of = Millis(self.world.reports[report].as_of);
        let source = self.names.erp.clone();
        let mut events = Vec::new();
        if !judged.rewrites.is_empty() {
            let stock = StockEvent {
                source: source.clone(),
                complete: false,
                basis: None,
                as_of,
                read_until: None,
                rows: judged.rewrites,
            };
            events.push((Event::Stock(stock), About::Stock(report)));
        }
        if !judged.missing.is_empty() {
            let missing = Event::Missing {
                source: source.clone(),
                as_of,
                rows: judged.missing,
            };
            events.push((missing, About::Missing(report)));
        }
        let told = &self.store.mirror.prices;
        for (k, cost, cents) in prices
            .iter()
            .filter(|(k, cost, cents)| told.get(&(*k, *cost)) != Some(cents))
        {
            let list = if *cost { &self.names.cost } else { &self.names.retail };
            let price = Event::Price {
                source: source.clone(),
                list: list.clone(),
                sku: self.names.skus[*k].clone(),
                price: Money::new(Decimal::new(*cents, 2), "EUR".parse().unwrap()).unwrap(),
                from: None,
                until: None,
            };
            events.push((price, About::Price));
        }
        let total: i64 = rows.iter().map(|row| row.2).sum();
        let close = Event::Snapshot {
            source,
            as_of,
            read_until: None,
            rows: rows.len() as u64,
            total: Quantity::whole(total),
        };
        events.push((close, About::Close(report)));
        self.append_report(daemon, report, events);
    }

    fn append_report(&mut self, daemon: usize, report: usize, events: Vec<(Event, About)>) {
        let mut last = 0;
        for (event, about) in events {
            last = self.store.append(event, about);
        }
        // The next report is judged against the ledgers, so this one has to be in them.
        self.daemons[daemon].stock.waits = Some((report, last));
        if last > 0 {
            self.wake_ledgers(daemon);
        } else {
            self.stock_applied(daemon);
        }
    }

    /// Acknowledges what the ledgers now hold.
    pub(crate) fn stock_applied(&mut self, daemon: usize) {
        let applied = self.daemons[daemon].applied;
        let Some((report, _)) = self.daemons[daemon].stock.waits.filter(|(_, entry)| *entry <= applied) else {
            return;
        };
        self.daemons[daemon].stock.waits = None;
        self.world.reports[report].gone = true;
        if matches!(self.world.reports[report].content, Content::Stock { .. }) {
            self.snapshot_taken(daemon);
        }
        self.next_stock_poll(daemon, 10);
    }

    fn snapshot_taken(&mut self, daemon: usize) {
        for conditions in &mut self.daemons[daemon].conditions {
            conditions.sources.values_mut().for_each(|given| *given = true);
        }
        self.update_gates(daemon);
    }

    /// Opens the gates whose conditions are met.
    pub(crate) fn update_gates(&mut self, daemon: usize) {
        for shop in 0..self.scenario.shops.len() {
            let this = &mut self.daemons[daemon];
            if this.gates[shop] {
                continue;
            }
            for (channel, filled) in &mut this.conditions[shop].backfilled {
                *filled |= this.orders[self.names.channel(channel)].began.is_some();
            }
            let open = omnistock_engine::gate::open(&this.conditions[shop]).is_ok();
            if open || (self.broken == Some(Broken::GateOff)) {
                self.daemons[daemon].gates[shop] = true;
                self.tell(|_| format!("daemon {daemon}: the gate of {shop} is open"));
                self.gate_changed(daemon, shop);
            }
        }
    }

    pub(crate) fn read_back(&mut self, daemon: usize, shop: usize) {
        self.daemons[daemon].conditions[shop].read_back = true;
        self.update_gates(daemon);
    }
}
