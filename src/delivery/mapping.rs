//! Listings that a person has mapped: which SKU each sells, taken into force behind the orders.
//!
//! A listing may have sold before anybody knew what. So orders count in our SKU from the moment the mapping is in the
//! store, and the listing itself follows once all open orders were read after that: its number never stands for units
//! that the channel has sold already. A crash in between begins the wait anew, since the documents still say the old.

use super::catalogue::Index;
use super::worker::Worker;
use omnistock_planner::{ListingDocument, ListingState, There};
use omnistock_sdk::{ListingAbout, now};
use omnistock_words::{Mapping, Mappings, Millis, Sku};
use std::sync::Arc;

/// Listings that are gone through at once.
const SOME: usize = 1_000;

/// How far a worker is with what people have said.
#[derive(Default)]
pub(super) struct Mapped {
    /// As last seen; `None`: never.
    seen: Option<Arc<Mappings>>,
    /// Since when it waits for a read of all orders.
    asked: Option<Millis>,
    /// In force.
    ready: bool,
}

/// The SKU of ours, and whether a person has said so.
type Ours = (Option<Sku>, bool);

impl Worker {
    /// Takes a new mapping into force, once that is safe.
    pub(super) async fn take_mapping(&mut self) {
        let newest = self.parts.mappings.load_full();
        if !self.mapped.seen.as_ref().is_some_and(|seen| Arc::ptr_eq(seen, &newest)) {
            self.mapped = Mapped {
                seen: Some(newest),
                asked: None,
                ready: false,
            };
        }
        if self.mapped.ready {
            return;
        }
        let waits = |asked| !self.parts.orders.all_read_since(&self.parts.channel, asked);
        if self.mapped.asked.is_some_and(waits) {
            return;
        }
        let changed = self.mapped_otherwise().await;
        if changed.is_empty() {
            (self.mapped.ready, self.mapped.asked) = (true, None);
            return;
        }
        if self.mapped.asked.is_none() {
            self.mapped.asked = Some(now());
            return self.parts.orders.read_all(&self.parts.channel);
        }
        (self.mapped.ready, self.mapped.asked) = (true, None);
        for index in changed {
            self.map_again(index);
        }
    }

    fn mapping(&self) -> Option<&Mapping> {
        self.mapped.seen.as_ref()?.0.get(&self.parts.channel)
    }

    /// Listings that the newest mapping says something else of than their documents.
    async fn mapped_otherwise(&self) -> Vec<Index> {
        let mut otherwise = Vec::new();
        for index in 0..self.catalogue.len() {
            if index % SOME == 0 {
                // A million of them take seconds: others run in between.
                tokio::task::yield_now().await;
            }
            let said = |document: &ListingDocument| {
                let (sku, mapped) = self.said(document, document.sku_there());
                (&sku, mapped) != (&document.sku, document.is_mapped())
            };
            let entry = self.catalogue.get(index).filter(|entry| !entry.gone);
            if entry.is_some_and(|entry| said(&entry.document)) {
                otherwise.push(index);
            }
        }
        otherwise
    }

    /// As the newest mapping says.
    fn said(&self, document: &ListingDocument, there: Option<&Sku>) -> Ours {
        match self.mapping().and_then(|mapping| mapping.get(&document.listing)) {
            Some(mapped) => (Some(mapped.sku.clone()), true),
            None => (there.cloned(), false),
        }
    }

    /// What a listing sells by what is in force.
    pub(super) fn ours(&self, document: &ListingDocument, there: Option<&Sku>) -> Ours {
        if self.mapped.ready {
            self.said(document, there)
        } else if document.is_mapped() {
            (document.sku.clone(), true)
        } else {
            (there.cloned(), false)
        }
    }

    fn map_again(&mut self, index: Index) {
        let Some(entry) = self.catalogue.get(index) else { return };
        let there = entry.document.sku_there().cloned();
        let about = entry.document.there.as_ref().and_then(|there| {
            let about = ListingAbout {
                title: there.title.clone(),
                gtin: there.gtin.clone(),
            };
            (about != ListingAbout::default()).then(|| Box::new(about))
        });
        self.set_ours(index, there, about);
        self.changes.touch(index);
        // What was read before counts for the SKU from before.
        let at = now();
        if let Some(entry) = self.catalogue.get_mut(index) {
            (entry.asked_at, entry.reads) = (Some(at), 0);
        }
        self.catalogue.schedule(index, at);
        self.look_again(index);
        self.catalogue.show(index, self.gate, &self.parts.board);
    }

    /// The vendor has this SKU for the listing, and says this of it: what it sells, by what is in force.
    pub(super) fn set_ours(&mut self, index: Index, there: Option<Sku>, about: Option<Box<ListingAbout>>) {
        let Some(entry) = self.catalogue.get(index) else { return };
        let (ours, mapped) = self.ours(&entry.document, there.as_ref());
        let strange = ours.is_none() || self.catalogue.state(index) == Some(ListingState::Unmapped);
        if entry.document.sku != ours {
            self.guarding.changed |= entry.document.held.is_some();
            self.prices.changed |= entry.document.price.as_ref().is_some_and(|price| price.held.is_some());
            self.look_again(index);
            self.catalogue.map(index, ours);
        }
        // Most listings sell what their vendor says: of those nothing more is kept.
        let about = about.filter(|_| strange || mapped);
        let known = (mapped || about.is_some()).then(|| {
            let about = about.map(|about| *about).unwrap_or_default();
            Box::new(There {
                mapped,
                sku: there.filter(|_| mapped),
                title: about.title,
                gtin: about.gtin,
            })
        });
        if let Some(entry) = self.catalogue.get_mut(index) {
            entry.document.there = known;
        }
    }
}
