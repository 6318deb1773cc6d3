//! Names that a scenario uses and the configuration does not declare.

use super::{Ask, Scenario};
use crate::Event;
use omnistock_words::{ChannelName, ConnectorName, LocationName, OrderFact, PriceListName, Settings};
use std::collections::BTreeSet;
use std::fmt;

/// Undeclared names, each with its kind before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undeclared(pub Vec<String>);

impl fmt::Display for Undeclared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the scenario uses names that the configuration does not declare: {}",
            self.0.join(", ")
        )
    }
}

impl std::error::Error for Undeclared {}

struct Check<'a> {
    settings: &'a Settings,
    found: BTreeSet<String>,
}

impl Check<'_> {
    fn note(&mut self, known: bool, kind: &str, name: &str) {
        if !known {
            self.found.insert(format!("{kind} `{name}`"));
        }
    }

    fn source(&mut self, name: &ConnectorName) {
        self.note(self.settings.sources.contains_key(name), "source", name.as_str());
    }

    fn location(&mut self, name: &LocationName) {
        self.note(self.settings.locations.contains_key(name), "location", name.as_str());
    }

    fn channel(&mut self, name: &ChannelName) {
        self.note(self.settings.channels.contains_key(name), "channel", name.as_str());
    }

    fn list(&mut self, name: &PriceListName) {
        self.note(
            self.settings.price_lists.contains_key(name),
            "price list",
            name.as_str(),
        );
    }

    fn order(&mut self, channel: &ChannelName, order: &OrderFact) {
        self.channel(channel);
        for line in &order.lines {
            for location in line.location.iter().chain(&line.restock_location) {
                self.location(location);
            }
        }
    }

    fn event(&mut self, event: &Event) {
        match event {
            Event::Stock(stock) => {
                self.source(&stock.source);
                for row in &stock.rows {
                    self.location(&row.location);
                }
            }
            Event::Missing { source, rows, .. } => {
                self.source(source);
                for row in rows {
                    self.location(&row.location);
                }
            }
            Event::Snapshot { source, .. } | Event::Approved { source, .. } => self.source(source),
            Event::Order { channel, order } => self.order(channel, order),
            Event::Absorbed { source, channel, .. } => {
                self.source(source);
                self.channel(channel);
            }
            Event::Mended { source, channel, .. } => {
                if let Some(source) = source {
                    self.source(source);
                }
                self.channel(channel);
            }
            Event::Movement { source, location, .. } => {
                self.source(source);
                self.location(location);
            }
            Event::Reservation { location, channel, .. } => {
                if let Some(location) = location {
                    self.location(location);
                }
                if let Some(channel) = channel {
                    self.channel(channel);
                }
            }
            Event::Price { source, list, .. } => {
                self.source(source);
                self.list(list);
            }
        }
    }
}

pub(super) fn check(settings: &Settings, scenario: &Scenario) -> Result<(), Undeclared> {
    let mut check = Check {
        settings,
        found: BTreeSet::new(),
    };
    for event in &scenario.events {
        check.event(event);
    }
    for Ask { channel, location, .. } in &scenario.ask {
        if let Some(channel) = channel {
            check.channel(channel);
        }
        if let Some(location) = location {
            check.location(location);
        }
    }
    for channel in scenario.lags.keys() {
        check.channel(channel);
    }
    if check.found.is_empty() {
        Ok(())
    } else {
        Err(Undeclared(check.found.into_iter().collect()))
    }
}
