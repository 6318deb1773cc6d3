//! What a worker knows when it begins: its listings' documents, and which calls have no outcome.

use super::decode_listing;
use super::documents::DamagedListing;
use super::worker::{Stop, Worker};
use crate::store::{Kind, StoreError};
use omnistock_planner::document_prefix;

/// Documents in one read.
const PAGE: usize = 1_000;

impl Worker {
    /// Loads the documents. A call of which only the intent is known may have taken effect: *unknown*.
    pub(super) async fn load(&mut self) -> Result<(), Stop> {
        self.parts.board.clear();
        let account = self.parts.account.clone();
        self.patiently(|_| {
            let account = account.clone();
            async move { account.open().await }
        })
        .await?;
        self.load_ramp().await?;
        let prefix = document_prefix(&self.parts.channel);
        let mut after = prefix.clone();
        loop {
            let from = after.clone();
            let page = self.patiently(|worker| {
                let (store, from) = (worker.parts.store.clone(), from.clone());
                async move { store.scan(Kind::Listing, Some(&from), PAGE).await }
            });
            let page = page.await?;
            let whole = page.len() == PAGE;
            for (id, stored) in page {
                if !id.starts_with(&prefix) {
                    return self.take_intents().await;
                }
                match decode_listing(&stored.bytes) {
                    Ok(document) => {
                        self.throttle.changed(&document);
                        self.catalogue.add(document, stored.version);
                    }
                    Err(error) => return self.damaged(&id, &error).await,
                }
                after = id;
            }
            if !whole {
                return self.take_intents().await;
            }
        }
    }

    /// Nothing is overwritten that can't be read: says so, waits, begins anew.
    async fn damaged(&mut self, id: &str, error: &DamagedListing) -> Result<(), Stop> {
        let error = StoreError::Damaged(format!("listing {id}: {error}"));
        self.store_away(&error, u32::MAX).await?;
        Err(Stop::Again)
    }

    async fn take_intents(&mut self) -> Result<(), Stop> {
        let open = self.patiently(|worker| {
            let (store, channel) = (worker.parts.store.clone(), worker.parts.channel.clone());
            async move { store.intents(channel.as_str()).await }
        });
        for id in open.await? {
            let Some(index) = self.catalogue.find(&id) else {
                continue;
            };
            if let Some(entry) = self.catalogue.get_mut(index) {
                entry.document.unknown = true;
            }
            // From here on the document itself says that the outcome is unknown.
            self.changes.intend(index, false);
        }
        self.tell_holds();
        self.tell_price_holds();
        for index in 0..self.catalogue.len() {
            if index % PAGE == 0 {
                // A million of them take seconds: the lease is renewed meanwhile.
                tokio::task::yield_now().await;
            }
            // A call of which only the intent is known may have taken effect: unknown.
            if let Some((_, document)) = self.catalogue.price(index)
                && std::mem::take(&mut document.open)
            {
                document.unknown = true;
                self.changes.touch(index);
            }
            self.catalogue.show(index, self.gate, &self.parts.board);
        }
        self.commit().await
    }
}
