//! Looking at SKUs: the newest ledger, the promise, and what the planner says of each listing.

use super::catalogue::Index;
use super::worker::{Stop, Worker};
use crate::store::{Key, Kind, Versioned};
use omnistock_engine::{DocumentKey, Documents, Promise, SkuDocument, SourceDocument, State, needs, own_lines, promise, resolve_listing};
use omnistock_planner::{Action, Facts, LineStatus, OwnLine, Parked, Risk, Target, Why, decide, shown};
use omnistock_sdk::now;
use omnistock_words::{ChannelPolicy, FulfilledBy, Millis, Mode, OrderStatus, Quantity, Sku};
use std::collections::BTreeSet;

/// How old a reading may be that a number is decided by, milliseconds.
const READING_LIFE: i64 = 5_000;

/// A number that is to be sent.
pub(super) struct Planned {
    pub(super) index: Index,
    pub(super) sku: Sku,
    pub(super) quantity: Quantity,
    pub(super) target: Quantity,
    pub(super) drift: bool,
    pub(super) risk: Risk,
    pub(super) since: Millis,
}

/// What is the same for all listings of a SKU.
struct Sight<'a> {
    documents: &'a Documents,
    ledger: &'a SkuDocument,
    promise: Promise,
    lines: Vec<OwnLine>,
    sole: bool,
    seen_at: Millis,
}

impl Worker {
    /// Decides about every listing of these SKUs. What is settled gets its mark cleared.
    pub(super) async fn look(&mut self, skus: Vec<Sku>) -> Result<Vec<Planned>, Stop> {
        let mut planned = Vec::new();
        if skus.is_empty() {
            return Ok(planned);
        }
        let listed: Vec<&Sku> = skus.iter().filter(|sku| !self.catalogue.of(sku).is_empty()).collect();
        let documents = self.documents(&listed).await?;
        for sku in skus {
            self.look_at(&sku, &documents, &mut planned);
        }
        Ok(planned)
    }

    async fn documents(&mut self, skus: &[&Sku]) -> Result<Documents, Stop> {
        let needed: BTreeSet<Sku> = skus.iter().flat_map(|sku| needs(&self.settings, sku)).collect();
        let needed: Vec<Sku> = needed.into_iter().collect();
        let sources: Vec<_> = self.settings.sources.keys().cloned().collect();
        let sku_keys = needed.iter().map(|sku| Key::new(Kind::Sku, DocumentKey::Sku(sku.clone()).id()));
        let source_keys = sources.iter().map(|name| Key::new(Kind::Source, DocumentKey::Source(name.clone()).id()));
        let keys: Vec<Key> = if needed.is_empty() { Vec::new() } else { sku_keys.chain(source_keys).collect() };
        let mut documents = Documents::default();
        if keys.is_empty() {
            return Ok(documents);
        }
        let found = self.patiently(|worker| {
            let (store, keys) = (worker.parts.store.clone(), keys.clone());
            async move { store.load(&keys).await }
        });
        let found = found.await?;
        let (of_skus, of_sources) = found.split_at(needed.len().min(found.len()));
        for (sku, stored) in needed.into_iter().zip(of_skus) {
            if let Some(document) = self.readable(stored, SkuDocument::decode) {
                documents.skus.insert(sku, document);
            }
        }
        for (name, stored) in sources.into_iter().zip(of_sources) {
            if let Some(document) = self.readable(stored, SourceDocument::decode) {
                documents.sources.insert(name, document);
            }
        }
        Ok(documents)
    }

    /// An absent document is the same as an empty one; one that can't be read is left out.
    fn readable<T: Default, E: std::fmt::Display>(&self, stored: &Versioned, decode: fn(&[u8]) -> Result<T, E>) -> Option<T> {
        if stored.bytes.is_empty() {
            return Some(T::default());
        }
        let decoded = decode(&stored.bytes);
        decoded.map_err(|error| self.parts.board.set_store_error(Some(error.to_string()))).ok()
    }

    fn look_at(&mut self, sku: &Sku, documents: &Documents, planned: &mut Vec<Planned>) {
        let (listings, now) = (self.catalogue.of(sku), now());
        let Some(work) = self.work.get(sku).cloned() else { return };
        let mut settled = true;
        if !listings.is_empty() {
            // Without a readable ledger nothing is known: nothing is written, the mark stays.
            let Some(ledger) = documents.skus.get(sku) else {
                return self.work.wait(sku, now.plus(30_000));
            };
            let sight = self.sight(sku, documents, ledger, listings.len() == 1, work.seen_at, now);
            for index in listings {
                let before = planned.len();
                settled &= self.act(index, sku, &sight, work.since, now, planned);
                if let Some(write) = planned.get(before) {
                    self.work.queue(sku, write.risk);
                }
                self.catalogue.show(index, self.gate, &self.parts.board);
            }
        }
        if settled && let Some(version) = self.work.done(sku) {
            self.changes.clear(sku.clone(), version);
        }
    }

    fn sight<'a>(&self, sku: &Sku, documents: &'a Documents, ledger: &'a SkuDocument, sole: bool, seen_at: Millis, now: Millis) -> Sight<'a> {
        let channel = &self.parts.channel;
        let lines = own_lines(ledger, channel).filter(|line| line.fulfilled_by == FulfilledBy::Merchant);
        let lines = lines.map(|line| OwnLine {
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
        });
        let promise = promise(&self.settings, documents, channel, sku, now);
        Sight { documents, ledger, promise, lines: lines.collect(), sole, seen_at }
    }

    /// Carries out what needs no call, plans what does. True: nothing is left to do.
    fn act(&mut self, index: Index, sku: &Sku, sight: &Sight<'_>, since: Millis, now: Millis, planned: &mut Vec<Planned>) -> bool {
        let Some(entry) = self.catalogue.get(index) else { return true };
        if entry.busy {
            return false; // Its outcome comes back here, with the newest number.
        }
        let listing = Some(&entry.document.listing);
        let policy = resolve_listing(&self.settings, &self.parts.channel, sku, &sight.ledger.attributes, listing, now);
        let target = target(&entry.document, &sight.promise, &policy);
        let mode = if policy.mode == Mode::Live && sight.promise.only_decrease { Mode::DecreaseOnly } else { policy.mode };
        debug_assert!(sight.documents.skus.contains_key(sku), "looked at with its ledger");
        let read = entry.document.observed.as_ref();
        let read = read.filter(|_| entry.document.confirmed());
        let fresh = read.zip(entry.asked_at).is_some_and(|(read, asked)| read.at >= asked && now.since(read.until) <= READING_LIFE);
        let facts = Facts {
            vendor: &self.vendor,
            mode,
            gate: self.gate,
            target,
            factor: policy.factor,
            document: &entry.document,
            lines: &sight.lines,
            sole: sight.sole,
            fresh,
            reserved: &entry.reserved,
            reads: entry.reads,
            since: sight.seen_at,
            orders: self.orders,
            settings: self.stamp,
            now,
        };
        let action = decide(&facts);
        let risk = match &action {
            Action::Write { quantity, .. } => Risk::of(*quantity, shown(&facts).map(|span| span.high)),
            _ => Risk::Increase,
        };
        self.catalogue.looked(index, mode, target);
        match action {
            Action::Write { quantity, target, drift } => {
                planned.push(Planned { index, sku: sku.clone(), quantity, target, drift, risk, since });
                self.left(index)
            }
            action => self.carry_out(index, sku, action, fresh, now),
        }
    }

    fn carry_out(&mut self, index: Index, sku: &Sku, action: Action, fresh: bool, now: Millis) -> bool {
        match action {
            Action::Nothing(why) if why.settled() => return self.settle_listing(index, why, fresh, now),
            // The gate's change looks at everything; a planned write is the caller's.
            Action::Nothing(_) | Action::Write { .. } => {}
            Action::Read => {
                if let Some(entry) = self.catalogue.get_mut(index) {
                    entry.asked_at = Some(now);
                }
                self.catalogue.schedule(index, now);
            }
            Action::FetchOrdersFirst => self.work.wait_for_orders(sku),
            Action::Wait { until } => self.work.wait(sku, until),
            Action::Park(reason) => {
                let settings = self.stamp;
                if let Some(entry) = self.catalogue.get_mut(index) {
                    let target = entry.document.desired;
                    entry.document.parked = Some(Parked { reason: reason.to_owned(), at: now, target, settings });
                }
                self.changes.touch(index);
                return self.settle_listing(index, Why::Parked, false, now);
            }
        }
        self.left(index)
    }

    fn left(&mut self, index: Index) -> bool {
        if let Some(entry) = self.catalogue.get_mut(index) {
            entry.pending = true;
        }
        false
    }

    fn settle_listing(&mut self, index: Index, why: Why, fresh: bool, now: Millis) -> bool {
        let Some(entry) = self.catalogue.get_mut(index) else { return true };
        entry.pending = false;
        entry.asked_at = None;
        entry.reads = 0;
        if entry.document.unknown && fresh {
            entry.document.unknown = false;
            self.changes.touch(index);
        }
        if why == (Why::Matches { verify: true }) {
            let overlap = 2 * (self.vendor.grain + self.vendor.skew) + 1_000;
            self.catalogue.schedule(index, now.plus(overlap));
        }
        true
    }
}

/// What this listing should show: the promise, or its place's part of it.
fn target(document: &omnistock_planner::ListingDocument, promise: &Promise, policy: &ChannelPolicy) -> Target {
    let Some(whole) = promise.quantity else {
        return if promise.state == State::Untracked { Target::Untracked } else { Target::Unknown };
    };
    match (&document.location, &document.place) {
        (None, _) => Target::Number(whole),
        (Some(_), None) => Target::Unknown,
        (Some(_), Some(place)) => {
            let part = promise.split.iter().find(|(other, _)| other == place);
            match part {
                Some((_, part)) => Target::Number(*part),
                None if policy.locations.contains(place) => Target::Number(Quantity::ZERO),
                None => Target::Untracked,
            }
        }
    }
}
