//! The documents at hand, and which of them really changed.

use crate::{DocumentKey, OrderDocument, OrderKey, SkuDocument, SourceDocument};
use omnistock_words::{ChannelName, ConnectorName, Sku};
use std::collections::{BTreeMap, BTreeSet};

/// How long a channel is blind, in milliseconds, 95 of 100 times. Measured by the shell;
/// includes the age of the oldest unconfirmed push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lags {
    /// Order placed there → known here.
    pub order: i64,
    /// Decided here → shown there.
    pub push: i64,
}

/// Documents in memory. An absent one is the same as an empty one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Documents {
    /// Ledgers.
    pub skus: BTreeMap<Sku, SkuDocument>,
    /// Orders.
    pub orders: BTreeMap<OrderKey, OrderDocument>,
    /// Sources.
    pub sources: BTreeMap<ConnectorName, SourceDocument>,
    /// Measured lags, for adaptive safety stock; a channel without any holds its maximum back.
    pub lags: BTreeMap<ChannelName, Lags>,
    /// SKUs of which all other channels were confirmed at zero long enough: the home channel
    /// named here shows the last units.
    pub last_units: BTreeMap<Sku, ChannelName>,
    pub(crate) changed: BTreeSet<DocumentKey>,
}

impl Documents {
    /// None yet, with measured lags.
    pub fn measured(lags: BTreeMap<ChannelName, Lags>) -> Self {
        Self {
            lags,
            ..Self::default()
        }
    }

    /// What changed since the last [`Self::take_changed`].
    pub fn changed(&self) -> &BTreeSet<DocumentKey> {
        &self.changed
    }

    /// What changed since the last call.
    pub fn take_changed(&mut self) -> BTreeSet<DocumentKey> {
        std::mem::take(&mut self.changed)
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
        self.changed.insert(key);
    }
}
