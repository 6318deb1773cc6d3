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

use crate::snapshot::{GuardName, Judge, RowVerdict, Verdict};
use crate::{
    Complaint, Documents, Event, Lags, Offer, Refusal, SourceDocument, StockEvent, StockRow, apply, dependents,
};
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
    for event in &scenario.events {
        run.event(event);
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

/// A report that a guard stopped.
struct HeldReport {
    as_of: Millis,
    rows: Vec<StockRow>,
    entries: Vec<HeldEntry>,
}

struct Run<'a> {
    settings: &'a Settings,
    now: Millis,
    documents: Documents,
    published: publish::Published,
    held_reports: BTreeMap<ConnectorName, HeldReport>,
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
            refused: Vec::new(),
            complaints: Vec::new(),
        }
    }

    fn event(&mut self, event: &Event) {
        if let Event::Stock(report) = event
            && report.complete
            && !self.judged(report)
        {
            return;
        }
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
        self.publish(event);
    }

    /// Whether a complete report may be applied; holds it where not.
    fn judged(&mut self, report: &StockEvent) -> bool {
        let mut judge = Judge::new(self.settings, &report.source, report.as_of, self.now);
        let empty = SourceDocument::default();
        let source = self.documents.sources.get(&report.source).unwrap_or(&empty);
        let mut rows: BTreeMap<&Sku, Vec<StockRow>> = BTreeMap::new();
        for row in &report.rows {
            rows.entry(&row.sku).or_default().push(row.clone());
        }
        let skus: BTreeSet<&Sku> = rows.keys().copied().chain(self.documents.skus.keys()).collect();
        for sku in skus {
            let of_sku = rows.get(sku).map(Vec::as_slice).unwrap_or_default();
            let _: Vec<RowVerdict> = judge.see(sku, self.documents.skus.get(sku), source, of_sku);
        }
        let Verdict::Held(findings) = judge.verdict() else {
            self.held_reports.remove(&report.source);
            return true;
        };
        let zeroed = findings.iter().any(|finding| finding.guard == GuardName::NewlyZero);
        let wait = self
            .settings
            .sources
            .get(&report.source)
            .map_or(i64::MAX, |policy| policy.confirm_after);
        let agrees = |held: &HeldReport| held.rows == report.rows && report.as_of.since(held.as_of) >= wait;
        if !zeroed && self.held_reports.get(&report.source).is_some_and(agrees) {
            self.held_reports.remove(&report.source);
            return true;
        }
        let since = self
            .held_reports
            .get(&report.source)
            .filter(|held| held.rows == report.rows)
            .map(|held| held.as_of);
        let entries = findings
            .iter()
            .map(|finding| HeldEntry::report(&report.source, finding))
            .collect();
        let held = HeldReport {
            as_of: since.unwrap_or(report.as_of),
            rows: report.rows.clone(),
            entries,
        };
        self.held_reports.insert(report.source.clone(), held);
        false
    }

    /// Publishes what the event led to, unless a guard holds it.
    fn publish(&mut self, event: &Event) {
        let mut skus = BTreeSet::new();
        for key in self.documents.take_changed() {
            if let crate::DocumentKey::Sku(sku) = key {
                skus.extend(dependents(self.settings, &sku));
            }
        }
        self.published
            .take(self.settings, &self.documents, &skus, event, self.now);
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
