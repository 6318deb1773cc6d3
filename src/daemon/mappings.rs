//! Which listings people have mapped, kept in the store: one document a channel, read before a term works at
//! anything, changed by one commit together with its history.
//!
//! After a crash an import is there whole or not at all, as the answer that the person got says; where it said
//! neither, the store is asked again before anything else is changed.

use crate::store::{
    CommitBatch, CommitError, DocumentWrite, HistoryEntry, Key, Kind, Lease, MOST_BYTES, Store, StoreError,
};
use arc_swap::ArcSwap;
use omnistock_words::{ChannelName, ListingId, Mapped, Mapping, Mappings};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::Mutex;

/// The layout that this program writes.
const SCHEMA: u32 = 1;
/// What ids of the documents begin with.
const PREFIX: &str = "mapping/";
/// Channels, at most.
const MOST_CHANNELS: usize = 1_000;

#[derive(Debug, Default, Serialize, Deserialize)]
struct Document {
    schema: u32,
    listings: BTreeMap<ListingId, Mapped>,
}

/// What is to be said of listings from now on; `None`: what their vendor says.
pub(super) type Said = BTreeMap<ChannelName, BTreeMap<ListingId, Option<Mapped>>>;

/// What the store has, and the same for those who only look.
#[derive(Default)]
pub(super) struct Maps {
    /// Versions of the documents; unknown before they were read, and behind a commit without an answer.
    known: Mutex<Option<BTreeMap<ChannelName, u64>>>,
    in_force: Arc<ArcSwap<Mappings>>,
}

fn key(channel: &ChannelName) -> Key {
    Key::new(Kind::Merchant, format!("{PREFIX}{channel}"))
}

fn decode(channel: &str, bytes: &[u8]) -> Result<Mapping, StoreError> {
    if bytes.is_empty() {
        return Ok(Mapping::default());
    }
    let read: Result<Document, _> = serde_json::from_slice(bytes);
    let document = read.map_err(|error| StoreError::Damaged(format!("the mapped listings of {channel}: {error}")))?;
    if document.schema > SCHEMA {
        let message = format!("the mapped listings of {channel} were written by a newer program: start that one");
        return Err(StoreError::Damaged(message));
    }
    Ok(document.listings.into())
}

impl Maps {
    /// In force; replaced whole by every change.
    pub(super) fn in_force(&self) -> Arc<ArcSwap<Mappings>> {
        Arc::clone(&self.in_force)
    }

    /// Whether the store is to be asked before anything is done.
    pub(super) async fn in_doubt(&self) -> bool {
        self.known.lock().await.is_none()
    }

    /// Takes over what the store has.
    pub(super) async fn read(&self, store: &dyn Store) -> Result<(), StoreError> {
        let mut known = self.known.lock().await;
        *known = Some(self.take(store).await?);
        Ok(())
    }

    async fn take(&self, store: &dyn Store) -> Result<BTreeMap<ChannelName, u64>, StoreError> {
        let (mut versions, mut all) = (BTreeMap::new(), Mappings::default());
        let found = store.scan(Kind::Merchant, Some(PREFIX), MOST_CHANNELS).await?;
        for (id, stored) in &found {
            let Some(name) = id.strip_prefix(PREFIX) else { break };
            let Ok(channel) = ChannelName::new(name) else { continue };
            let mapping = decode(name, &stored.bytes)?;
            versions.insert(channel.clone(), stored.version);
            all.0.insert(channel, mapping);
        }
        if **self.in_force.load() != all {
            self.in_force.store(Arc::new(all));
        }
        Ok(versions)
    }

    /// Changes it, whole or not at all. Durable when it answers; in force for those who look at [`Self::in_force`].
    ///
    /// # Errors
    /// The store's. Without an answer of the store it may have been changed all the same: then it is in doubt.
    pub(super) async fn change(
        &self,
        store: &dyn Store,
        lease: &Lease,
        said: &Said,
        history: Vec<HistoryEntry>,
    ) -> Result<(), CommitError> {
        let mut known = self.known.lock().await;
        let mut versions = match known.take() {
            Some(versions) => versions,
            None => self.take(store).await?,
        };
        let (mut all, mut writes) = (Mappings::clone(&self.in_force.load()), Vec::new());
        for (channel, listings) in said {
            let mut entries = all
                .0
                .get(channel)
                .map(|known| known.entries().clone())
                .unwrap_or_default();
            for (listing, one) in listings {
                match one {
                    Some(one) => drop(entries.insert(listing.clone(), one.clone())),
                    None => drop(entries.remove(listing)),
                }
            }
            let version = versions.entry(channel.clone()).or_default();
            let document = Document {
                schema: SCHEMA,
                listings: entries,
            };
            let bytes = serde_json::to_vec(&document).unwrap_or_default();
            if bytes.len() > MOST_BYTES {
                let message = format!("the mapped listings of {channel} would take more than 16 MiB");
                *known = Some(versions);
                return Err(StoreError::Refused(message).into());
            }
            writes.push(DocumentWrite {
                key: key(channel),
                expected: *version,
                version: *version + 1,
                bytes: Some(bytes),
            });
            *version += 1;
            all.0.insert(channel.clone(), document.listings.into());
        }
        let batch = CommitBatch {
            writes,
            history,
            ..CommitBatch::default()
        };
        store.commit(lease, &batch).await?;
        self.in_force.store(Arc::new(all));
        *known = Some(versions);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::memory::Memory;
    use omnistock_words::Quantity;
    use std::time::Duration;

    fn said(listing: &str, sku: Option<&str>) -> Said {
        let mapped = sku.map(|sku| Mapped {
            sku: sku.parse().unwrap(),
            factor: Quantity::whole(6),
            there: None,
        });
        [("shop".parse().unwrap(), [(listing.parse().unwrap(), mapped)].into())].into()
    }

    fn skus(maps: &Maps) -> Vec<String> {
        let all = maps.in_force().load_full();
        let entries = all.0.values().flat_map(|mapping| mapping.entries().values());
        entries.map(|mapped| mapped.sku.to_string()).collect()
    }

    #[tokio::test]
    async fn what_was_said_is_there_for_the_next_who_leads() {
        let store = Memory::new();
        let lease = store.acquire("a", Duration::from_secs(9)).await.unwrap().unwrap();
        let maps = Maps::default();
        assert!(maps.in_doubt().await);
        for (listing, sku) in [("7", Some("A")), ("8", Some("B")), ("7", Some("C"))] {
            maps.change(&store, &lease, &said(listing, sku), Vec::new())
                .await
                .unwrap();
        }
        assert_eq!(skus(&maps), ["C", "B"]);
        let next = Maps::default();
        next.read(&store).await.unwrap();
        assert_eq!(skus(&next), ["C", "B"]);
        next.change(&store, &lease, &said("7", None), Vec::new()).await.unwrap();
        assert_eq!(skus(&next), ["B"]);
        // Who does not know of that changes nothing, and knows then that he has to ask.
        assert!(
            maps.change(&store, &lease, &said("9", Some("D")), Vec::new())
                .await
                .is_err()
        );
        assert!(maps.in_doubt().await);
        maps.change(&store, &lease, &said("9", Some("D")), Vec::new())
            .await
            .unwrap();
        assert_eq!(skus(&maps), ["B", "D"]);
    }
}
