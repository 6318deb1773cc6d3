//! The engine alone: a scenario in, answers with their steps out. No network, no store, no gate.
//!
//! Events are applied in the order given, all at `now`; what one leads to counts as published
//! when the next one comes.

mod answers;
mod expect;
mod names;
mod publish;

pub use answers::{Answer, Asked, HeldEntry, LineAnswer, RefusedEntry, SourcedEntry, StepAnswer};
pub use expect::differences;
pub use names::Undeclared;

use crate::snapshot::{Affected, Finding, Judge, Recent, RowVerdict, Verdict};
use crate::{Complaint, Documents, Event, Lags, Offer, Refusal, StockRow, apply, dependents};
use omnistock_words::{ChannelName, ConnectorName, ListingId, LocationName, Millis, OrderId, Settings, Sku};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// One question: a channel with a SKU or an order, or a place with a SKU.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ask {
    /// The channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<ChannelName>,
    /// The article.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sku: Option<Sku>,
    /// The order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderId>,
    /// The place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<LocationName>,
    /// The listing, for rules that name one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listing: Option<ListingId>,
}

/// Measured lags of a channel, for adaptive safety stock; text such as `"2s"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScenarioLags {
    #[serde(deserialize_with = "crate::encoding::duration::deserialize")]
    order: i64,
    #[serde(deserialize_with = "crate::encoding::duration::deserialize")]
    push: i64,
}

/// Facts, a time and questions.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// When the questions are asked.
    pub now: Millis,
    /// What happened.
    #[serde(default)]
    pub events: Vec<Event>,
    /// The questions.
    #[serde(default)]
    pub ask: Vec<Ask>,
    /// Measured lags by channel; without them adaptive safety stock holds its maximum back.
    #[serde(default)]
    pub lags: BTreeMap<ChannelName, ScenarioLags>,
    /// A subset of the output that must come out, for rule tests.
    #[serde(default)]
    pub expect: Option<serde_json::Value>,
}

/// What comes out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// One for each question.
    pub answers: Vec<Answer>,
    /// Events that were refused.
    pub refused: Vec<RefusedEntry>,
    /// What guards hold.
    pub held: Vec<HeldEntry>,
    /// What else is wrong with the events, one sentence each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub complaints: Vec<String>,
}

/// Runs a scenario. Refuses names that the configuration does not declare.
pub fn evaluate(settings: &Settings, scenario: &Scenario) -> Result<Outcome, Undeclared> {
    names::check(settings, scenario)?;
    let mut run = Run::new(settings, scenario);
    for events in reports(&scenario.events) {
        run.report(events);
    }
    let answers = scenario.ask.iter().map(|ask| run.answer(ask, &scenario.ask)).collect();
    let held = run
        .published
        .held()
        .chain(run.held_reports.into_values().flat_map(|held| held.entries))
        .collect();
    Ok(Outcome {
        answers,
        refused: run.refused,
        held,
        complaints: run.complaints,
    })
}

/// The events as reports: prices of one source that follow each other came together, as far as none is told
/// twice; anything else came alone.
fn reports(events: &[Event]) -> Vec<&[Event]> {
    let key = |event: &Event| match event {
        Event::Price {
            source,
            list,
            sku,
            from,
            until,
            ..
        } => Some((source.clone(), (list.clone(), sku.clone(), *from, *until))),
        _ => None,
    };
    let mut reports = Vec::new();
    let mut rest = events;
    while let Some(first) = rest.first() {
        let (mut told, first) = (BTreeSet::new(), key(first));
        let together = |event: &&Event| match (&first, key(event)) {
            (Some((source, _)), Some((other, row))) => *source == other && told.insert(row),
            _ => false,
        };
        let count = rest.iter().take_while(together).count().max(1);
        let (report, later) = rest.split_at(count);
        reports.push(report);
        rest = later;
    }
    reports
}

/// A report that a guard stopped.
struct HeldReport {
    as_of: Millis,
    affected: Affected,
    entries: Vec<HeldEntry>,
}

struct Run<'a> {
    settings: &'a Settings,
    now: Millis,
    documents: Documents,
    published: publish::Published,
    held_reports: BTreeMap<ConnectorName, HeldReport>,
    recent: BTreeMap<ConnectorName, Recent>,
    refused: Vec<RefusedEntry>,
    complaints: Vec<String>,
}

impl<'a> Run<'a> {
    fn new(settings: &'a Settings, scenario: &Scenario) -> Self {
        let lags = scenario.lags.iter().map(|(channel, lags)| {
            (
                channel.clone(),
                Lags {
                    order: lags.order,
                    push: lags.push,
                },
            )
        });
        let documents = Documents::measured(lags.collect());
        Self {
            settings,
            now: scenario.now,
            documents,
            published: publish::Published::default(),
            held_reports: BTreeMap::new(),
            recent: BTreeMap::new(),
            refused: Vec::new(),
            complaints: Vec::new(),
        }
    }

    fn report(&mut self, events: &[Event]) {
        for event in events {
            if !self.judged(event) {
                return;
            }
            self.apply(event);
        }
        self.publish(events);
    }

    fn apply(&mut self, event: &Event) {
        for complaint in apply(self.settings, &mut self.documents, event, self.now) {
            match answers::refused(event, &complaint) {
                // It was granted in its time and is gone by now.
                _ if matches!(
                    complaint,
                    Complaint::ReservationRefused {
                        because: Refusal::Expired,
                        ..
                    }
                ) => {}
                Some(entry) => self.refused.push(entry),
                None => self.complaints.push(complaint.to_string()),
            }
        }
    }

    /// Whether a report may be applied; holds it where not.
    fn judged(&mut self, event: &Event) -> bool {
        let (source, as_of) = match event {
            Event::Stock(report) => (&report.source, report.as_of),
            Event::Movement { source, at, .. } => (source, *at),
            _ => return true,
        };
        let known = self.documents.sources.get(source);
        if known.is_some_and(|known| known.approved == Some(as_of.min(self.now))) {
            self.held_reports.remove(source);
            return true;
        }
        let mut recent = self.recent.remove(source).unwrap_or_default();
        let judge = self.judge(event, (source, as_of), &recent);
        let (verdict, affected) = (judge.verdict(), judge.affected());
        let whole = matches!(event, Event::Stock(report) if report.complete);
        let passes = match verdict {
            Verdict::Pass => {
                if whole {
                    self.held_reports.remove(source);
                }
                true
            }
            Verdict::Held(findings) => self.confirmed(source, as_of, affected, &findings),
        };
        if passes && !whole {
            let before = recent.clone();
            self.judge(event, (source, as_of), &before).remember(&mut recent);
        }
        self.recent.insert(source.clone(), recent);
        passes
    }

    fn judge<'b>(
        &'b self,
        event: &'b Event,
        (source, as_of): (&'b ConnectorName, Millis),
        recent: &'b Recent,
    ) -> Judge<'b> {
        let document = self.documents.sources.get(source).cloned().unwrap_or_default();
        let mut judge = match event {
            Event::Stock(report) if report.complete => Judge::new(self.settings, source, as_of, self.now),
            _ => Judge::delta(self.settings, source, &document, recent, (as_of, self.now)),
        };
        let ledgers = &self.documents.skus;
        match event {
            Event::Stock(report) => {
                let mut rows: BTreeMap<&Sku, Vec<StockRow>> = BTreeMap::new();
                for row in &report.rows {
                    rows.entry(&row.sku).or_default().push(row.clone());
                }
                let others = ledgers.keys().filter(|_| report.complete);
                let skus: BTreeSet<&Sku> = rows.keys().copied().chain(others).collect();
                for sku in skus {
                    let of_sku = rows.get(sku).map(Vec::as_slice).unwrap_or_default();
                    let _: Vec<RowVerdict> = judge.see(sku, ledgers.get(sku), &document, of_sku);
                }
            }
            Event::Movement {
                sku,
                location,
                quantity,
                ..
            } => {
                if let Some(ledger) = ledgers.get(sku) {
                    judge.moved(sku, ledger, location, *quantity);
                }
            }
            _ => {}
        }
        judge
    }

    /// Whether a report with findings agrees with the one that is held, long enough after it.
    fn confirmed(&mut self, source: &ConnectorName, as_of: Millis, affected: Affected, findings: &[Finding]) -> bool {
        let needs_person = findings.iter().any(|finding| finding.guard.needs_person());
        let policy = self.settings.sources.get(source);
        let wait = policy.map_or(i64::MAX, |policy| policy.confirm_after);
        let agreed = self
            .held_reports
            .get(source)
            .filter(|held| held.affected.agrees(&affected));
        let since = agreed.map(|held| held.as_of);
        if !needs_person && since.is_some_and(|since| as_of.since(since) >= wait) {
            self.held_reports.remove(source);
            return true;
        }
        let entries = findings
            .iter()
            .map(|finding| HeldEntry::report(source, finding))
            .collect();
        let held = HeldReport {
            as_of: since.unwrap_or(as_of),
            affected,
            entries,
        };
        self.held_reports.insert(source.clone(), held);
        false
    }

    /// Publishes what the events led to, unless a guard holds it.
    fn publish(&mut self, events: &[Event]) {
        let mut skus = BTreeSet::new();
        for key in self.documents.take_changed() {
            if let crate::DocumentKey::Sku(sku) = key {
                skus.extend(dependents(self.settings, &sku));
            }
        }
        self.published.take(&publish::Change {
            settings: self.settings,
            documents: &self.documents,
            skus,
            events,
            now: self.now,
        });
    }

    /// A calculation knows of the listings that it is asked about.
    fn answer(&self, ask: &Ask, asks: &[Ask]) -> Answer {
        let sight = answers::Sight {
            settings: self.settings,
            documents: &self.documents,
            now: self.now,
        };
        match ask {
            Ask {
                channel: Some(channel),
                order: Some(order),
                ..
            } => sight.order(channel, order),
            Ask {
                channel: Some(channel),
                sku: Some(sku),
                listing,
                ..
            } => {
                let same = asks
                    .iter()
                    .filter(|other| (&other.channel, &other.sku) == (&ask.channel, &ask.sku));
                let all: Vec<ListingId> = same.filter_map(|other| other.listing.clone()).collect();
                let listing = listing.as_ref();
                let offer = Offer { listing, all: &all };
                sight.item(channel, sku, offer, self.published.kept(channel, sku))
            }
            Ask {
                location: Some(location),
                sku: Some(sku),
                ..
            } => sight.place(location, sku),
            _ => Answer::Unclear {
                because: "a question names a channel with a sku or an order, or a location with a sku",
            },
        }
    }
}
