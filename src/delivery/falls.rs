//! Numbers that fell without an order that explains them: remembered until orders come that do, and told once they are
//! old enough. A few articles that fell are somebody's hand, which drift counts; many that only fell are orders
//! that nobody tells of.

use super::catalogue::Index;
use super::{ChannelBoard, look::Aim, sight::Sight, worker::Worker};
use omnistock_planner::{Facts, Unexplained, unexplained};
use omnistock_words::{Millis, Quantity, Sku};
use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};

/// Numbers that are remembered, at most; the first ones stay.
const MOST: usize = 1_000;
/// After so long without an order a fall is history, milliseconds.
const KEPT: i64 = 24 * 3_600_000;
/// So many articles that fell are no single person's hand any more.
const SIGN: usize = 3;

/// A number that differs without an explanation.
struct Strange {
    sku: Sku,
    found: Unexplained,
    /// When it was first seen, our clock.
    at: Millis,
    asked: bool,
}

/// What the worker remembers of them.
#[derive(Default)]
pub(super) struct Falls(HashMap<Index, Strange>);

/// Articles that fell without an order, and that too many of them did so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fallen {
    /// Articles.
    pub skus: BTreeSet<Sku>,
    /// Units that no order explains.
    pub units: Quantity,
    /// Since when orders may be missing, our clock: the last time a number of them was certain.
    pub since: Millis,
}

/// What the board keeps of it.
#[derive(Debug, Default)]
pub(super) struct FallBoard(Mutex<Option<Fallen>>);

impl ChannelBoard {
    /// Articles that fell without an order that explains it, where they are a sign of missing orders.
    pub fn fallen(&self) -> Option<Fallen> {
        self.falls.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn set_fallen(&self, fallen: Option<Fallen>) -> Option<Fallen> {
        let mut told = self.falls.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *told, fallen)
    }
}

impl Falls {
    /// Takes in what the newest facts of a number say.
    pub(super) fn looked(&mut self, index: Index, sku: &Sku, facts: &Facts<'_>) {
        // Another program that goes on changing it: drift says so.
        let fought_over = facts.document.evidence.is_some_and(|evidence| evidence.changes >= 2);
        if let Some(known) = self.0.get_mut(&index) {
            match known.found.still(facts).filter(|_| known.sku == *sku && !fought_over) {
                Some(found) => known.found = found,
                None => drop(self.0.remove(&index)),
            }
            return;
        }
        if fought_over || self.0.len() >= MOST {
            return;
        }
        if let Some(found) = unexplained(facts) {
            let strange = Strange {
                sku: sku.clone(),
                found,
                at: facts.now,
                asked: false,
            };
            self.0.insert(index, strange);
        }
    }

    /// Whether some are old enough since the last call for their orders to be looked for.
    fn doubts(&mut self, old: Millis) -> bool {
        let mut doubts = false;
        for strange in self
            .0
            .values_mut()
            .filter(|strange| strange.at <= old && !strange.asked)
        {
            doubts |= strange.found.units.is_positive();
            strange.asked = true;
        }
        doubts
    }

    /// What people are told.
    fn fallen(&self, old: Millis) -> Option<Fallen> {
        let (fell, rose): (Vec<&Strange>, Vec<&Strange>) =
            self.0.values().partition(|strange| strange.found.units.is_positive());
        let fell: Vec<&Strange> = fell.into_iter().filter(|strange| strange.at <= old).collect();
        let skus: BTreeSet<Sku> = fell.iter().map(|strange| strange.sku.clone()).collect();
        let since = fell.iter().map(|strange| strange.found.between().0).min()?;
        // Sales lower numbers and never raise them: where both happens, somebody writes.
        (skus.len() >= SIGN && skus.len() > 2 * rose.len()).then(|| Fallen {
            skus,
            units: fell.iter().map(|strange| strange.found.units).sum(),
            since,
        })
    }
}

impl Worker {
    /// Remembers what no order explains of this number.
    pub(super) fn tell_strange(&mut self, index: Index, sku: &Sku, sight: &Sight<'_>, aim: &Aim, now: Millis) {
        let Some(entry) = self.catalogue.get(index) else { return };
        let facts = self.facts(&entry, sight, aim, now);
        if self.falls_seen.0.is_empty() && unexplained(&facts).is_none() {
            return;
        }
        let mut seen = std::mem::take(&mut self.falls_seen);
        if let Some(entry) = self.catalogue.get(index) {
            seen.looked(index, sku, &self.facts(&entry, sight, aim, now));
        }
        self.falls_seen = seen;
    }

    /// Has orders looked for behind numbers that fell a while ago, and tells what stays without any.
    pub(super) fn tell_falls(&mut self, now: Millis) {
        if self.falls_seen.0.is_empty() && self.parts.board.fallen().is_none() {
            return;
        }
        let grace = i64::try_from(self.parts.timings.missing_after.as_millis()).unwrap_or(KEPT);
        let old = now.plus(-grace.saturating_add(self.limits.late));
        self.falls_seen.0.retain(|_, strange| now.since(strange.at) < KEPT);
        if self.falls_seen.doubts(old) {
            self.parts.orders.doubt(&self.parts.channel);
        }
        let fallen = self.falls_seen.fallen(old);
        let before = self.parts.board.set_fallen(fallen.clone());
        let more = |fallen: &Fallen| {
            before
                .as_ref()
                .is_none_or(|before| !fallen.skus.is_subset(&before.skus))
        };
        if let Some(fallen) = fallen.filter(more) {
            let skus: Vec<&str> = fallen.skus.iter().take(20).map(Sku::as_str).collect();
            tracing::warn!(channel = %self.parts.channel, skus = skus.join(" "), since = %fallen.since,
                "{} articles fell by {} units since then, and no order explains it: orders may be missing", fallen.skus.len(), fallen.units);
        }
    }
}

#[cfg(test)]
#[path = "fall_tests.rs"]
mod tests;
