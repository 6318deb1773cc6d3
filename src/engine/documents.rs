//! The documents at hand, and which of them really changed.

use crate::{DocumentKey, OrderDocument, OrderKey, SkuDocument, SourceDocument};
use omnistock_words::{ChannelName, ConnectorName, Millis, Quantity, Sku, Table};
use std::collections::BTreeMap;

/// How long a channel is blind, in milliseconds, 95 of 100 times. Measured by the shell;
/// includes the age of the oldest unconfirmed push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lags {
    /// Order placed there → known here.
    pub order: i64,
    /// Decided here → shown there.
    pub push: i64,
}

/// Units that adaptive safety stock holds back: raised at once, lowered after some time only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// Units of the SKU.
    pub units: Quantity,
    /// From this instant on fewer may be held back.
    pub lower_from: Millis,
}

/// What the shell has measured of the merchant's channels.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Measured {
    /// See [`Documents::lags`].
    pub lags: BTreeMap<ChannelName, Lags>,
    /// See [`Documents::last_units`].
    pub last_units: BTreeMap<Sku, ChannelName>,
}

impl Measured {
    /// Hands over what is known of the documents' SKUs, so that all who promise go by the same.
    pub fn feed(&self, documents: &mut Documents) {
        documents.lags.clone_from(&self.lags);
        let known = |sku: &Sku| Some((sku.clone(), self.last_units.get(sku)?.clone()));
        documents.last_units = if self.last_units.is_empty() {
            BTreeMap::new()
        } else {
            documents.skus.keys().filter_map(known).collect()
        };
    }
}

/// Documents in memory. An absent one is the same as an empty one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Documents {
    /// Ledgers.
    pub skus: Table<Sku, SkuDocument>,
    /// Orders.
    pub orders: Table<OrderKey, OrderDocument>,
    /// Sources.
    pub sources: BTreeMap<ConnectorName, SourceDocument>,
    /// Measured lags, for adaptive safety stock; a channel without any holds its maximum back.
    pub lags: BTreeMap<ChannelName, Lags>,
    /// SKUs of which all other channels were confirmed at zero long enough: the home channel
    /// named here shows the last units.
    pub last_units: BTreeMap<Sku, ChannelName>,
    /// What [`crate::Promise::held`] said when it was last asked, so that adaptive safety stock does
    /// not swing; without it the newest need counts at once.
    pub held: Table<(ChannelName, Sku), Held>,
    pub(crate) changed: Vec<DocumentKey>,
}

impl Documents {
    /// None yet, with measured lags.
    pub fn measured(lags: BTreeMap<ChannelName, Lags>) -> Self {
        Self {
            lags,
            ..Self::default()
        }
    }

    /// How many changes there were since the last [`Self::take_changed`].
    pub fn changed(&self) -> usize {
        self.changed.len()
    }

    /// What changed since the last call, in the order of the changes. A document that changed more
    /// than once may be named more than once.
    pub fn take_changed(&mut self) -> Vec<DocumentKey> {
        // The next batch changes about as many, perhaps some more.
        let next = Vec::with_capacity((self.changed.len() + self.changed.len() / 4).min(1_024));
        std::mem::replace(&mut self.changed, next)
    }

    /// Whether a document was put here, empty or not.
    pub fn holds(&self, key: &DocumentKey) -> bool {
        match key {
            DocumentKey::Sku(sku) => self.skus.contains_key(sku),
            DocumentKey::Order(order) => self.orders.contains_key(order),
            DocumentKey::Source(source) => self.sources.contains_key(source),
        }
    }

    pub(crate) fn mark(&mut self, key: DocumentKey) {
        let most = self.most_changes();
        note(&mut self.changed, most, key);
    }

    /// Somebody who never takes the changes must not gather more than there are documents.
    pub(crate) fn most_changes(&self) -> usize {
        64 + 2 * (self.skus.len() + self.orders.len() + self.sources.len())
    }
}

/// Notes a change among at most about `most`, see [`Documents::most_changes`].
pub(crate) fn note(changes: &mut Vec<DocumentKey>, most: usize, key: DocumentKey) {
    if changes.last() == Some(&key) {
        return;
    }
    if changes.len() > most {
        changes.sort_unstable();
        changes.dedup();
    }
    changes.push(key);
}
