//! Which documents the owner reads for what it is about to do.

use super::Ledger;
use crate::store::StoreError;
use omnistock_engine::{DocumentKey, Documents, Event, missing, needs};
use omnistock_words::{Settings, Sku};
use std::collections::BTreeSet;

impl Ledger {
    /// Every source, and every connector of a channel: it remembers which orders were forgotten.
    pub(super) async fn load_sources(
        &mut self,
        settings: &Settings,
        documents: &mut Documents,
    ) -> Result<(), StoreError> {
        let channels = settings.channels.values().map(|channel| &channel.connector);
        let names: BTreeSet<_> = settings.sources.keys().chain(channels).cloned().collect();
        let keys: Vec<DocumentKey> = names.iter().cloned().map(DocumentKey::Source).collect();
        let versions = keys.clone();
        self.cache.fill(self.parts.store.as_ref(), documents, keys).await?;
        for (name, key) in names.iter().zip(&versions) {
            if let Some(document) = documents.sources.get(name) {
                self.parts.newest.keep_source(name, document, self.cache.version(key));
            }
        }
        Ok(())
    }

    /// Loads what the events touch; the engine asks in at most a few rounds (an order, then its SKUs).
    pub(super) async fn load(&mut self, settings: &Settings, events: &[Event]) -> Result<Documents, StoreError> {
        let mut documents = Documents::default();
        self.load_sources(settings, &mut documents).await?;
        for _ in 0..4 {
            let wanted: BTreeSet<DocumentKey> = events
                .iter()
                .flat_map(|event| missing(settings, &documents, event))
                .collect();
            if wanted.is_empty() {
                break;
            }
            self.cache
                .fill(self.parts.store.as_ref(), &mut documents, wanted.into_iter().collect())
                .await?;
        }
        self.parts.measured.load().feed(&mut documents);
        Ok(documents)
    }

    /// The documents that promises for these SKUs read and that `known` lacks.
    pub(super) async fn load_needs(
        &mut self,
        settings: &Settings,
        affected: impl Iterator<Item = &Sku>,
        known: &Documents,
        into: &mut Documents,
    ) -> Result<(), StoreError> {
        let needed = affected.flat_map(|sku| needs(settings, sku));
        let lacking: BTreeSet<Sku> = needed.filter(|sku| !known.skus.contains_key(sku)).collect();
        let keys = lacking.into_iter().map(DocumentKey::Sku).collect();
        self.cache.fill(self.parts.store.as_ref(), into, keys).await
    }
}
