//! Documents of the ledger's owner between batches. Only the owner writes them, so what was
//! committed is what is there; after any doubt (a conflict, a broken commit) all is forgotten.

use crate::store::{Key, Store, StoreError, Versioned};
use omnistock_engine::{DocumentKey, Documents, OrderDocument, OrderKey, SkuDocument, SourceDocument};
use omnistock_words::{ConnectorName, Sku};
use std::collections::{BTreeMap, HashMap};

/// Documents kept between batches, at most; beyond it all are forgotten and loaded again.
const MOST: usize = 20_000;

/// Documents with the versions they have in the store.
#[derive(Default)]
pub(super) struct Cache {
    skus: HashMap<Sku, SkuDocument>,
    orders: HashMap<OrderKey, OrderDocument>,
    sources: BTreeMap<ConnectorName, SourceDocument>,
    versions: HashMap<DocumentKey, u64>,
}

/// The key under which the store has a document.
pub(super) fn store_key(key: &DocumentKey) -> Key {
    match key {
        DocumentKey::Sku(sku) => Key::sku(sku),
        DocumentKey::Order(order) => Key::order(&order.channel, &order.order),
        DocumentKey::Source(source) => Key::source(source),
    }
}

fn damaged(key: &DocumentKey, error: impl std::fmt::Display) -> StoreError {
    StoreError::Damaged(format!("document {} can't be read: {error}", key.id()))
}

impl Cache {
    /// The version in the store; 0 when there is none.
    pub(super) fn version(&self, key: &DocumentKey) -> u64 {
        self.versions.get(key).copied().unwrap_or_default()
    }

    /// Puts the named documents into `documents`, from memory or from the store; absent ones as new.
    pub(super) async fn fill(
        &mut self,
        store: &dyn Store,
        documents: &mut Documents,
        keys: Vec<DocumentKey>,
    ) -> Result<(), StoreError> {
        let (known, absent): (Vec<_>, Vec<_>) = keys.into_iter().partition(|key| self.versions.contains_key(key));
        for key in &known {
            self.hand_out(documents, key);
        }
        let wanted: Vec<Key> = absent.iter().map(store_key).collect();
        if wanted.is_empty() {
            return Ok(());
        }
        let found = store.load(&wanted).await?;
        for (key, stored) in absent.iter().zip(found) {
            self.take_in(key, &stored)?;
            self.hand_out(documents, key);
        }
        Ok(())
    }

    fn take_in(&mut self, key: &DocumentKey, stored: &Versioned) -> Result<(), StoreError> {
        let empty = stored.bytes.is_empty();
        match key {
            DocumentKey::Sku(sku) => {
                let document = if empty {
                    Ok(SkuDocument::default())
                } else {
                    SkuDocument::decode(&stored.bytes)
                };
                self.skus
                    .insert(sku.clone(), document.map_err(|error| damaged(key, error))?);
            }
            DocumentKey::Order(order) => {
                let document = if empty {
                    Ok(OrderDocument::default())
                } else {
                    OrderDocument::decode(&stored.bytes)
                };
                self.orders
                    .insert(order.clone(), document.map_err(|error| damaged(key, error))?);
            }
            DocumentKey::Source(source) => {
                let document = if empty {
                    Ok(SourceDocument::default())
                } else {
                    SourceDocument::decode(&stored.bytes)
                };
                self.sources
                    .insert(source.clone(), document.map_err(|error| damaged(key, error))?);
            }
        }
        self.versions.insert(key.clone(), stored.version);
        Ok(())
    }

    fn hand_out(&self, documents: &mut Documents, key: &DocumentKey) {
        match key {
            DocumentKey::Sku(sku) => {
                documents
                    .skus
                    .insert(sku.clone(), self.skus.get(sku).cloned().unwrap_or_default());
            }
            DocumentKey::Order(order) => {
                documents
                    .orders
                    .insert(order.clone(), self.orders.get(order).cloned().unwrap_or_default());
            }
            DocumentKey::Source(source) => {
                documents
                    .sources
                    .insert(source.clone(), self.sources.get(source).cloned().unwrap_or_default());
            }
        }
    }

    /// Keeps what a commit has written.
    pub(super) fn keep(&mut self, documents: &Documents, written: &[(DocumentKey, u64)]) {
        for (key, version) in written {
            if !documents.holds(key) {
                // Deleted: the next one begins at version 0 again.
                self.drop_one(key);
                continue;
            }
            match key {
                DocumentKey::Sku(sku) => {
                    self.skus
                        .insert(sku.clone(), documents.skus.get(sku).cloned().unwrap_or_default());
                }
                DocumentKey::Order(order) => {
                    self.orders
                        .insert(order.clone(), documents.orders.get(order).cloned().unwrap_or_default());
                }
                DocumentKey::Source(source) => {
                    self.sources.insert(
                        source.clone(),
                        documents.sources.get(source).cloned().unwrap_or_default(),
                    );
                }
            }
            self.versions.insert(key.clone(), *version);
        }
        self.trim();
    }

    /// Between batches: forgets everything when it has become too much.
    pub(super) fn trim(&mut self) {
        if self.versions.len() > MOST {
            self.forget();
        }
    }

    fn drop_one(&mut self, key: &DocumentKey) {
        self.versions.remove(key);
        match key {
            DocumentKey::Sku(sku) => drop(self.skus.remove(sku)),
            DocumentKey::Order(order) => drop(self.orders.remove(order)),
            DocumentKey::Source(source) => drop(self.sources.remove(source)),
        }
    }

    /// Forgets everything: the store is asked again.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }
}
