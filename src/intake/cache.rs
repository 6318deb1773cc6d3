//! Documents of the ledger's owner between batches. Only the owner writes them, so what was
//! committed is what is there; after any doubt (a conflict, a broken commit) all is forgotten.

use crate::newest::{Newest, size};
use crate::store::{Key, Store, StoreError, Versioned};
use omnistock_engine::{DocumentKey, Documents, OrderDocument, OrderKey, SkuDocument, SourceDocument};
use omnistock_words::{ConnectorName, Sku};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Documents kept between batches, at most; beyond it all are forgotten and loaded again.
const MOST: usize = 20_000;
/// What documents may take that have long lists, about: thousands of order lines each, of articles that everybody buys.
const MOST_BYTES: usize = 128 << 20;
/// Bytes of a document with its key, and of each entry of its lists, about.
const DOCUMENT: usize = 1_024;
const ENTRY: usize = 256;
/// Looks in a row that found nothing to do, until what was needed last is given back: 5 s.
const QUIET: u32 = 20;

/// Documents with the versions they have in the store.
#[derive(Default)]
pub(super) struct Cache {
    skus: HashMap<Sku, Arc<SkuDocument>>,
    orders: HashMap<OrderKey, OrderDocument>,
    sources: BTreeMap<ConnectorName, SourceDocument>,
    versions: HashMap<DocumentKey, u64>,
    /// What the documents of SKUs and orders take, about.
    bytes: usize,
    /// Looks in a row that found nothing to do.
    quiet: u32,
}

/// The key under which the store has a document.
pub(super) fn store_key(key: &DocumentKey) -> Key {
    match key {
        DocumentKey::Sku(sku) => Key::sku(sku),
        DocumentKey::Order(order) => Key::order(&order.channel, &order.order),
        DocumentKey::Source(source) => Key::source(source),
    }
}

fn of_order(document: &OrderDocument) -> usize {
    let said = document.statements.len() + document.mends.len() + document.compositions.len();
    let past: usize = document.past.iter().map(|past| past.lines.len()).sum();
    DOCUMENT + ENTRY * (document.lines.len() + said + past)
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
        self.quiet = 0;
        let (known, absent): (Vec<_>, Vec<_>) = keys.into_iter().partition(|key| self.knows(key));
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

    /// Whether the document is in memory, or known not to be in the store.
    pub(super) fn knows(&self, key: &DocumentKey) -> bool {
        self.versions.contains_key(key)
    }

    /// Takes in what was loaded before it was needed; what is known by now is newer.
    pub(super) fn take_ahead(&mut self, loaded: Vec<(DocumentKey, Versioned)>) -> Result<(), StoreError> {
        for (key, stored) in loaded {
            if !self.knows(&key) {
                self.take_in(&key, &stored)?;
            }
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
                self.put_sku(sku, Arc::new(document.map_err(|error| damaged(key, error))?));
            }
            DocumentKey::Order(order) => {
                let document = if empty {
                    Ok(OrderDocument::default())
                } else {
                    OrderDocument::decode(&stored.bytes)
                };
                self.put_order(order, document.map_err(|error| damaged(key, error))?);
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
                let document = self.skus.get(sku).map(|known| SkuDocument::clone(known));
                documents.skus.insert(sku.clone(), document.unwrap_or_default());
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

    /// Keeps what a commit has written, and hands ledgers to those who look at them.
    pub(super) fn keep(&mut self, documents: &Documents, written: &[(DocumentKey, u64)], newest: Option<&Newest>) {
        for (key, version) in written {
            if !documents.holds(key) {
                // Deleted: the next one begins at version 0 again.
                self.drop_one(key);
                continue;
            }
            match key {
                DocumentKey::Sku(sku) => {
                    let document = Arc::new(documents.skus.get(sku).cloned().unwrap_or_default());
                    if let Some(newest) = newest {
                        newest.keep(sku, Arc::clone(&document), *version);
                    }
                    self.put_sku(sku, document);
                }
                DocumentKey::Order(order) => {
                    self.put_order(order, documents.orders.get(order).cloned().unwrap_or_default());
                }
                DocumentKey::Source(source) => {
                    let document = documents.sources.get(source).cloned().unwrap_or_default();
                    self.sources.insert(source.clone(), document);
                }
            }
            self.versions.insert(key.clone(), *version);
        }
        self.trim();
    }

    /// Between batches: forgets everything when it has become too much.
    pub(super) fn trim(&mut self) {
        if self.versions.len() > MOST || self.bytes > MOST_BYTES {
            self.forget();
        }
    }

    /// There was nothing to do: after a while what was needed last is given back.
    pub(super) fn idle(&mut self) {
        self.quiet = self.quiet.saturating_add(1);
        if self.quiet == QUIET {
            self.forget();
        }
    }

    fn put_sku(&mut self, sku: &Sku, document: Arc<SkuDocument>) {
        self.bytes += size(&document);
        let old = self.skus.insert(sku.clone(), document);
        self.taken(old.as_deref().map(size));
    }

    fn put_order(&mut self, order: &OrderKey, document: OrderDocument) {
        self.bytes += of_order(&document);
        let old = self.orders.insert(order.clone(), document);
        self.taken(old.as_ref().map(of_order));
    }

    fn taken(&mut self, bytes: Option<usize>) {
        self.bytes = self.bytes.saturating_sub(bytes.unwrap_or_default());
    }

    fn drop_one(&mut self, key: &DocumentKey) {
        self.versions.remove(key);
        match key {
            DocumentKey::Sku(sku) => {
                let old = self.skus.remove(sku);
                self.taken(old.as_deref().map(size));
            }
            DocumentKey::Order(order) => {
                let old = self.orders.remove(order);
                self.taken(old.as_ref().map(of_order));
            }
            DocumentKey::Source(source) => drop(self.sources.remove(source)),
        }
    }

    /// Forgets everything: the store is asked again.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use omnistock_engine::{Movement, Position};
    use omnistock_words::{Basis, Millis, Quantity};

    fn ledger(movements: usize) -> SkuDocument {
        let position = Position {
            location: "berlin".parse().unwrap(),
            source: "erp".parse().unwrap(),
            quantity: Quantity::ONE,
            basis: Basis::Physical,
            as_of: Millis(1),
            read_until: None,
            sellable: true,
            missing: false,
        };
        let movement = |number: usize| Movement {
            source: "erp".parse().unwrap(),
            id: number.to_string().parse().unwrap(),
            location: "berlin".parse().unwrap(),
            quantity: Quantity::ONE,
            at: Millis(1),
            contained_from: Millis(2),
        };
        SkuDocument {
            positions: vec![position],
            movements: (0..movements).map(movement).collect(),
            ..SkuDocument::default()
        }
    }

    fn keep(cache: &mut Cache, sku: &str, document: SkuDocument) {
        let key = DocumentKey::Sku(sku.parse().unwrap());
        let mut documents = Documents::default();
        documents.skus.insert(sku.parse().unwrap(), document);
        cache.keep(&documents, &[(key, 1)], None);
    }

    #[test]
    fn long_ledgers_are_forgotten_before_they_take_much_and_one_that_changes_often_counts_once() {
        let mut cache = Cache::default();
        let long = ledger(10_000);
        for _ in 0..1_000 {
            keep(&mut cache, "A", long.clone());
        }
        assert_eq!((cache.skus.len(), cache.bytes), (1, size(&long)));
        let most = MOST_BYTES / size(&long);
        for number in 0..=most {
            keep(&mut cache, &number.to_string(), long.clone());
            assert!(cache.bytes <= MOST_BYTES);
        }
        assert!(
            cache.skus.len() < most,
            "all were forgotten, and the next ones are kept"
        );
    }

    #[test]
    fn what_nobody_needs_for_a_while_is_given_back() {
        let mut cache = Cache::default();
        keep(&mut cache, "A", ledger(1));
        for _ in 1..QUIET {
            cache.idle();
        }
        assert_eq!(cache.version(&DocumentKey::Sku("A".parse().unwrap())), 1);
        cache.idle();
        assert_eq!(cache.version(&DocumentKey::Sku("A".parse().unwrap())), 0);
        assert_eq!((cache.bytes, cache.skus.len()), (0, 0));
    }
}
