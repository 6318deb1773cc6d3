//! The newest ledgers of SKUs, with what they are made of and the sources: from memory where the ledger's owner has just
//! written them, else from the store.
//!
//! A promise is made of documents of one moment. What memory knows and what the store has are of two, so they go together
//! only where nothing connects them: no SKU has parts in both, and the sources have not changed between.

use super::worker::{Stop, Worker};
use crate::newest::Found;
use crate::store::{Key, Versioned};
use omnistock_engine::{DocumentKey, Documents, SkuDocument, SourceDocument, needs};
use omnistock_words::{ConnectorName, Sku};
use std::collections::BTreeSet;

/// An absent document is the same as an empty one; one that can't be read is named and left out.
fn readable<T: Default, E: std::fmt::Display>(
    stored: &Versioned,
    decode: fn(&[u8]) -> Result<T, E>,
    key: impl FnOnce() -> DocumentKey,
    damaged: &mut Option<String>,
) -> Option<T> {
    if stored.bytes.is_empty() {
        return Some(T::default());
    }
    let told = |error: E| *damaged = Some(format!("document {} can't be read: {error}", key().id()));
    decode(&stored.bytes).map_err(told).ok()
}

impl Worker {
    /// The newest ledgers of these SKUs and of what they are made of, with the sources.
    pub(super) async fn documents(&mut self, skus: &[&Sku]) -> Result<Documents, Stop> {
        let needed: BTreeSet<Sku> = skus.iter().flat_map(|sku| needs(&self.settings, sku)).collect();
        if needed.is_empty() {
            return Ok(Documents::default());
        }
        let sources: Vec<ConnectorName> = self.settings.sources.keys().cloned().collect();
        let found = self.newest(skus, needed, &sources).await?;
        let mut documents = found.documents;
        self.parts.measured.load().feed(&mut documents);
        self.parts.board.feed(&self.parts.channel, &mut documents);
        self.changes.told.look(&self.settings, &documents, found.versions);
        Ok(documents)
    }

    async fn newest(&mut self, skus: &[&Sku], needed: BTreeSet<Sku>, sources: &[ConnectorName]) -> Result<Found, Stop> {
        let mut found = self.parts.newest.find(needed.clone(), sources).await;
        let Some(known) = found.sources.take() else {
            return self.stored(needed, sources).await;
        };
        if found.lacking.is_empty() {
            return Ok(found);
        }
        let parted = |sku: &&Sku| {
            let (there, lacking): (Vec<_>, Vec<_>) = needs(&self.settings, sku)
                .into_iter()
                .partition(|part| !found.lacking.contains(part));
            !there.is_empty() && !lacking.is_empty()
        };
        if skus.iter().any(parted) {
            return self.stored(needed, sources).await;
        }
        let rest = self.stored(std::mem::take(&mut found.lacking), sources).await?;
        if rest.sources.as_ref() != Some(&known) {
            return self.stored(needed, sources).await;
        }
        found.versions.extend(rest.versions);
        for (sku, document) in rest.documents.skus {
            found.documents.skus.insert(sku, document);
        }
        Ok(found)
    }

    /// What the store has.
    async fn stored(&mut self, needed: BTreeSet<Sku>, sources: &[ConnectorName]) -> Result<Found, Stop> {
        let keys: Vec<Key> = needed
            .iter()
            .map(Key::sku)
            .chain(sources.iter().map(Key::source))
            .collect();
        let loaded = self.patiently(|worker| {
            let (store, keys) = (worker.parts.store.clone(), keys.clone());
            async move { store.load(&keys).await }
        });
        let loaded = loaded.await?;
        let (of_skus, of_sources) = loaded.split_at(needed.len().min(loaded.len()));
        let (mut found, mut damaged) = (Found::default(), None);
        found.sources = Some(of_sources.iter().map(|stored| stored.version).collect());
        for (sku, stored) in needed.into_iter().zip(of_skus) {
            found.versions.insert(sku.clone(), stored.version);
            let key = || DocumentKey::Sku(sku.clone());
            if let Some(document) = readable(stored, SkuDocument::decode, key, &mut damaged) {
                found.documents.skus.insert(sku, document);
            }
        }
        for (name, stored) in sources.iter().zip(of_sources) {
            let key = || DocumentKey::Source(name.clone());
            if let Some(document) = readable(stored, SourceDocument::decode, key, &mut damaged) {
                found.documents.sources.insert(name.clone(), document);
            }
        }
        if let Some(sentence) = damaged {
            self.tell_damaged(sentence);
        }
        Ok(found)
    }

    /// The next commit that is done takes it off the board: so the log names it as well, once.
    fn tell_damaged(&mut self, sentence: String) {
        if self.changes.damaged.as_ref() != Some(&sentence) {
            tracing::error!(channel = %self.parts.channel, "{sentence}");
        }
        self.parts.board.set_store_error(Some(sentence.clone()));
        self.changes.damaged = Some(sentence);
    }
}

#[cfg(test)]
mod tests {
    use crate::delivery::house::{House, house, until};
    use omnistock_engine::{Position, SkuDocument, SourceDocument};
    use omnistock_words::{Basis, Component, Millis, Quantity, Settings, WriteMeaning};
    use std::sync::Arc;

    /// In memory alone the ERP has so many: whatever is told of them was not read from the store.
    fn keep(house: &House, sku: &str, number: i64) {
        let position = Position {
            location: "berlin".parse().unwrap(),
            source: "erp".parse().unwrap(),
            quantity: Quantity::whole(number),
            basis: Basis::Physical,
            as_of: Millis(1),
            read_until: None,
            sellable: true,
            missing: false,
        };
        let document = SkuDocument {
            positions: vec![position],
            ..SkuDocument::default()
        };
        house.newest.keep(&sku.parse().unwrap(), Arc::new(document), 1);
    }

    fn keep_source(house: &House, version: u64) {
        let erp = SourceDocument {
            complete_as_of: Some(Millis(1)),
            newest: Some(Millis(1)),
            ..SourceDocument::default()
        };
        house.newest.keep_source(&"erp".parse().unwrap(), &erp, version);
    }

    #[tokio::test]
    async fn what_the_owner_has_just_written_is_told_without_reading_it_again_and_all_else_from_the_store() {
        // The version of the source that memory knows (the store has 1), and what A shows then.
        for (source, expected) in [(1, 4), (2, 5)] {
            let house = house(WriteMeaning::Available, &[("A", 9, 5), ("B", 9, 6)]).await;
            keep(&house, "A", 4);
            keep_source(&house, source);
            let run = house.start();
            house.quiet().await;
            assert_eq!((house.number("A"), house.number("B")), (expected, 6));
            house.newest.forget();
            house.ledger("A", |_| {}).await;
            until("the store is asked again", async || house.number("A") == 5).await;
            run.stop().await;
        }
    }

    #[tokio::test]
    async fn ledgers_of_two_moments_make_no_promise() {
        // What memory knows of, and what the kit of A and B shows then.
        for (known, expected) in [(["A", "B", "K"].as_slice(), 1), (&["A"], 5)] {
            let house = house(WriteMeaning::Available, &[("K", 9, 0), ("A", 5, 5), ("B", 6, 6)]).await;
            let mut settings = Settings::clone(&house.settings.load());
            let part = |sku: &str| Component {
                sku: sku.parse().unwrap(),
                quantity: Quantity::ONE,
            };
            settings
                .bundles
                .insert("K".parse().unwrap(), vec![part("A"), part("B")]);
            house.settings.store(settings.into());
            for sku in known {
                keep(&house, sku, 1);
            }
            keep_source(&house, 1);
            let run = house.start();
            until("the kit shows it", async || house.number("K") == expected).await;
            run.stop().await;
        }
    }
}
