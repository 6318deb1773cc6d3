//! What the ledger says of a SKU, for all of its listings.

use super::worker::{Stop, Worker};
use crate::store::{Key, Versioned};
use omnistock_engine::{
    DocumentKey, Documents, Held, Part, Promise, SkuDocument, SourceDocument, State, needs, own_lines, promise,
};
use omnistock_planner::{LineStatus, ListingDocument, OwnLine, Target, Work};
use omnistock_words::{ChannelPolicy, FulfilledBy, ListingId, Millis, OrderStatus, Sku, WriteMeaning};
use std::cell::Cell;
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

/// What is the same for all listings of a SKU.
pub(super) struct Sight<'a> {
    pub(super) documents: &'a Documents,
    pub(super) ledger: &'a SkuDocument,
    pub(super) promise: Promise,
    pub(super) lines: Vec<OwnLine>,
    pub(super) sole: bool,
    /// The listings of the SKU, where there are several: they may share what there is.
    pub(super) offers: Vec<ListingId>,
    pub(super) seen_at: Millis,
    pub(super) marked_at: Option<Millis>,
    /// What the listings' adaptive safety stock holds back, the most of them.
    pub(super) held: Cell<Option<Held>>,
}

impl Worker {
    /// The newest ledgers of these SKUs and of what they are made of, with the sources.
    pub(super) async fn documents(&mut self, skus: &[&Sku]) -> Result<Documents, Stop> {
        let needed: BTreeSet<Sku> = skus.iter().flat_map(|sku| needs(&self.settings, sku)).collect();
        let needed: Vec<Sku> = needed.into_iter().collect();
        let sources: Vec<_> = self.settings.sources.keys().cloned().collect();
        let (sku_keys, source_keys) = (needed.iter().map(Key::sku), sources.iter().map(Key::source));
        let keys: Vec<Key> = if needed.is_empty() {
            Vec::new()
        } else {
            sku_keys.chain(source_keys).collect()
        };
        let mut documents = Documents::default();
        if keys.is_empty() {
            return Ok(documents);
        }
        let found = self.patiently(|worker| {
            let (store, keys) = (worker.parts.store.clone(), keys.clone());
            async move { store.load(&keys).await }
        });
        let found = found.await?;
        let versions = needed.iter().cloned().zip(found.iter().map(|stored| stored.version));
        let versions = versions.collect();
        let (of_skus, of_sources) = found.split_at(needed.len().min(found.len()));
        let mut damaged = None;
        for (sku, stored) in needed.into_iter().zip(of_skus) {
            let key = || DocumentKey::Sku(sku.clone());
            if let Some(document) = readable(stored, SkuDocument::decode, key, &mut damaged) {
                documents.skus.insert(sku, document);
            }
        }
        for (name, stored) in sources.into_iter().zip(of_sources) {
            let key = || DocumentKey::Source(name.clone());
            if let Some(document) = readable(stored, SourceDocument::decode, key, &mut damaged) {
                documents.sources.insert(name, document);
            }
        }
        if let Some(sentence) = damaged {
            self.tell_damaged(sentence);
        }
        self.parts.measured.load().feed(&mut documents);
        self.parts.board.feed(&self.parts.channel, &mut documents);
        self.changes.told.look(&self.settings, &documents, versions);
        Ok(documents)
    }

    /// The next commit that is done takes it off the board: so the log names it as well, once.
    fn tell_damaged(&mut self, sentence: String) {
        if self.changes.damaged.as_ref() != Some(&sentence) {
            tracing::error!(channel = %self.parts.channel, "{sentence}");
        }
        self.parts.board.set_store_error(Some(sentence.clone()));
        self.changes.damaged = Some(sentence);
    }

    pub(super) fn sight<'a>(
        &self,
        sku: &Sku,
        documents: &'a Documents,
        ledger: &'a SkuDocument,
        offers: Vec<ListingId>,
        work: &Work,
        now: Millis,
    ) -> Sight<'a> {
        let channel = &self.parts.channel;
        // Of a bundle's line a vendor that keeps reservations apart sets the parts aside; one that counts
        // down takes it off the bundle's own listing.
        let parts = self.vendor.write == WriteMeaning::Gross;
        let of_parts = ledger
            .lines
            .iter()
            .filter(|line| parts && line.channel == *channel && matches!(line.part(), Part::Of(_)));
        let lines = own_lines(ledger, channel).chain(of_parts.map(omnistock_engine::OwnLine::from));
        let lines = lines
            .filter(|line| line.fulfilled_by == FulfilledBy::Merchant)
            .map(|line| own_line(&line));
        let promise = promise(&self.settings, documents, channel, sku, now);
        let held = Cell::new(promise.held);
        Sight {
            documents,
            ledger,
            promise,
            lines: lines.collect(),
            sole: offers.len() < 2,
            offers,
            seen_at: work.seen_at,
            marked_at: work.marked_at,
            held,
        }
    }
}

fn own_line(line: &omnistock_engine::OwnLine<'_>) -> OwnLine {
    OwnLine {
        order: line.order.clone(),
        line: line.line.clone(),
        quantity: line.quantity,
        status: match line.status {
            OrderStatus::Open => LineStatus::Open,
            OrderStatus::Shipped => LineStatus::Shipped,
            OrderStatus::Cancelled | OrderStatus::Returned => LineStatus::Ended,
        },
        placed_at: line.placed_at,
        at: line.at,
    }
}

/// Whether any source knows the SKU. Once a source is complete the engine takes what it lacks for
/// zero; a listing that no source ever spoke of is somebody else's, and is left alone and listed.
pub fn known(ledger: &SkuDocument, state: State) -> bool {
    let spoken_of = !ledger.positions.is_empty() || !ledger.movements.is_empty() || !ledger.prices.is_empty();
    spoken_of || matches!(state, State::Backorder | State::Preorder | State::Untracked)
}

/// What this listing should show: the promise, or its place's part of it.
pub(crate) fn target(document: &ListingDocument, promise: &Promise, policy: &ChannelPolicy) -> Target {
    let whole = (promise.quantity, promise.state == State::Untracked);
    omnistock_planner::target(document, whole, &promise.split, |place| {
        policy.locations.contains(place)
    })
}
