//! The channel's listings in memory: their documents, and what is going on with each.
//!
//! A catalogue has millions of listings and nothing is going on with most of them: those lie packed, in some fifty
//! bytes, and one is unpacked while it is worked at. How many are worked at is limited; the others are packed again.

mod coding;
mod entry;
mod listed;
mod packing;
mod packing_price;
mod record;
mod shelf;
mod skus;
mod warm;

pub(super) use entry::{Entry, Seen};
pub use skus::SkuBook;

use super::ChannelBoard;
use super::bits::Bits;
use super::prices::PriceEntry;
use hashbrown::HashTable;
use listed::Listed;
use omnistock_planner::{
    ListingDocument, ListingState, PriceDocument, PriceFacts, PriceTarget, StateFacts, Target, price_state, state,
};
use omnistock_words::{ListingId, Millis, Mode, Sku};
use packing::Packer;
use shelf::Shelf;
use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;

/// Names a listing in memory.
pub(super) type Index = usize;

/// The listings of a channel.
#[derive(Default)]
pub(super) struct Catalogue {
    packer: Packer,
    /// Every listing as it was last packed.
    packed: Shelf,
    /// Those that are worked at, as they are now.
    warm: HashMap<Index, Box<Entry>>,
    /// So many are not gone through before.
    tidy_at: usize,
    rest_at: Millis,
    /// One was unpacked to be worked at, since it was last looked.
    unpacked: bool,
    /// Of those that are packed only.
    counted: usize,
    priced: usize,
    held: BTreeSet<Index>,
    gone: Bits,
    by_id: HashTable<u32>,
    hasher: RandomState,
    by_sku: Listed,
    /// How many listings are parts of a page, where their number matters.
    parts: Option<HashMap<ListingId, u32>>,
    due: BTreeSet<(Millis, Index)>,
    board: Arc<ChannelBoard>,
    /// Millionths of units that listings show and that do not exist; of the others nothing is kept.
    pub(super) exposed: HashMap<Index, i64>,
    /// Since when what a channel said yes to waits to be read back.
    pub(super) unread: HashMap<Index, Millis>,
}

impl Catalogue {
    /// An empty one, which tells the board of its SKUs; where listings of a page share a limit, it counts them.
    pub(super) fn new(board: Arc<ChannelBoard>, shares: bool, now: Millis) -> Self {
        Self {
            packer: Packer::new(Arc::clone(board.book()), now),
            board,
            parts: shares.then(HashMap::new),
            ..Self::default()
        }
    }

    /// Adds a listing. Its id must be new.
    pub(super) fn add(&mut self, document: ListingDocument, version: u64) -> Index {
        let index = self.packed.len();
        self.count_part(document.parent.as_ref(), true);
        if let Some(sku) = &document.sku {
            self.by_sku.add(self.board.listed(sku), index);
        }
        let entry = Entry::new(document, version);
        self.packed.push(&[]);
        self.put_away(index, Box::new(entry));
        self.name(index);
        index
    }

    /// Its id finds it from now on.
    fn name(&mut self, index: Index) {
        let (Some(id), Ok(short)) = (self.id(index), u32::try_from(index)) else {
            return;
        };
        let names = Names {
            warm: &self.warm,
            packed: &self.packed,
            packer: &self.packer,
        };
        let hash = |other: &u32| names.id(*other as usize).map_or(0, |id| self.hasher.hash_one(id));
        self.by_id.insert_unique(self.hasher.hash_one(id), short, hash);
    }

    pub(super) fn id(&self, index: Index) -> Option<String> {
        let names = Names {
            warm: &self.warm,
            packed: &self.packed,
            packer: &self.packer,
        };
        names.id(index)
    }

    fn count_part(&mut self, parent: Option<&ListingId>, more: bool) {
        let (Some(parent), Some(all)) = (parent, &mut self.parts) else {
            return;
        };
        let parts = all.entry(parent.clone()).or_default();
        *parts = if more {
            parts.saturating_add(1)
        } else {
            parts.saturating_sub(1)
        };
        if *parts == 0 {
            all.remove(parent);
        }
    }

    /// The listing is a part of this page now.
    pub(super) fn set_parent(&mut self, index: Index, parent: Option<&ListingId>) {
        let Some(entry) = self.get_mut(index) else { return };
        if entry.document.parent.as_ref() == parent {
            return;
        }
        let old = std::mem::replace(&mut entry.document.parent, parent.cloned());
        self.count_part(old.as_ref(), false);
        self.count_part(parent, true);
    }

    /// How many listings are parts of this page; 1 where that is not counted.
    pub(super) fn parts(&self, parent: &ListingId) -> u32 {
        self.parts
            .as_ref()
            .and_then(|parts| parts.get(parent))
            .copied()
            .unwrap_or(1)
    }

    /// In which state the listing was when it was last shown.
    pub(super) fn state(&self, index: Index) -> Option<ListingState> {
        self.get(index)?.state
    }

    /// What is going on with the price of a listing that has one of its own, and what is known of it.
    pub(super) fn price(&mut self, index: Index) -> Option<(&mut PriceEntry, &mut PriceDocument)> {
        let entry = self.get_mut(index)?;
        let document = entry.document.price.as_deref_mut()?;
        Some((entry.price.get_or_insert_default(), document))
    }

    pub(super) fn find(&self, id: &str) -> Option<Index> {
        let same = |index: &u32| self.id(*index as usize).as_deref() == Some(id);
        self.by_id
            .find(self.hasher.hash_one(id), same)
            .map(|index| *index as usize)
    }

    /// The listings of a SKU.
    pub(super) fn of(&self, sku: &Sku) -> Vec<Index> {
        let number = self.board.book().find(sku);
        number.map(|number| self.by_sku.of(number)).unwrap_or_default()
    }

    /// One listing of a SKU, always the same while it is there.
    pub(super) fn first_of(&self, sku: &Sku) -> Option<Index> {
        self.by_sku.first_of(self.board.book().find(sku)?)
    }

    /// SKUs have numbers below this one.
    pub(super) fn numbers(&self) -> usize {
        self.by_sku.numbers()
    }

    /// The SKU with this number, where it has a listing.
    pub(super) fn sku_numbered(&self, number: usize) -> Option<Sku> {
        let number = u32::try_from(number).ok()?;
        self.by_sku.first_of(number)?;
        self.board.book().sku(number)
    }

    /// The number of a SKU that has a listing somewhere.
    pub(super) fn number(&self, sku: &Sku) -> Option<usize> {
        self.board.book().find(sku).map(|number| number as usize)
    }

    /// How many listings there were ever: their indexes are below this.
    pub(super) fn len(&self) -> usize {
        self.packed.len()
    }

    /// Whether the listing is there.
    pub(super) fn has(&self, index: Index) -> bool {
        index < self.packed.len() && !self.gone.contains(index)
    }

    /// Listings that are there and not among these.
    pub(super) fn lacking(&self, seen: &Bits) -> Vec<Index> {
        let there = (0..self.packed.len()).filter(|index| self.has(*index));
        there.filter(|index| !seen.contains(*index)).collect()
    }

    /// The vendor has another SKU for it now: the listing is a new one in all but its key.
    pub(super) fn map(&mut self, index: Index, sku: Option<Sku>) {
        let Some(entry) = self.get_mut(index) else { return };
        let old = std::mem::replace(&mut entry.document.sku, sku.clone());
        entry.document.parked = None;
        (entry.document.held, entry.document.released) = (None, false);
        (entry.document.drained, entry.document.dropped, entry.document.evidence) = (None, None, None);
        entry.forced = false;
        (entry.base, entry.suspect, entry.passed) = (None, None, false);
        if let Some(price) = &mut entry.document.price {
            (price.desired, price.accepted, price.parked) = (None, None, None);
            (price.held, price.released, price.undone) = (None, None, 0);
        }
        if let Some(number) = old.and_then(|old| self.board.book().find(&old))
            && self.by_sku.remove(number, index)
        {
            self.board.unlisted(number);
        }
        if let Some(sku) = sku {
            self.by_sku.add(self.board.listed(&sku), index);
        }
    }

    /// It is not on the channel any more.
    pub(super) fn remove(&mut self, index: Index, board: &ChannelBoard) {
        self.unschedule(index);
        self.map(index, None);
        let Some(entry) = self.get_mut(index) else { return };
        entry.gone = true;
        self.gone.insert(index);
        let Some(entry) = self.get_mut(index) else { return };
        let parent = entry.document.parent.clone();
        self.count_part(parent.as_ref(), false);
        self.compared(index, None, board);
        self.expose(index, omnistock_words::Quantity::ZERO, board);
        self.withhold(index, omnistock_words::Quantity::ZERO, board);
        self.unread.remove(&index);
        self.count_drained(index, board);
        let Some(entry) = self.warm.get_mut(&index) else { return };
        let hash = self.hasher.hash_one(&entry.id);
        if let Ok(found) = self.by_id.find_entry(hash, |other| *other as usize == index) {
            found.remove();
        }
        board.moved(&entry.id, &entry.document, entry.state.take(), None);
        board.price_moved(&entry.id, &entry.document, None, entry.price_state.take(), None);
    }

    /// Reads it then, or earlier if that was planned.
    pub(super) fn schedule(&mut self, index: Index, at: Millis) {
        let Some(entry) = self.get_mut(index) else { return };
        let at = entry.read_due.map_or(at, |due| due.min(at));
        if let Some(due) = entry.read_due.replace(at) {
            self.due.remove(&(due, index));
        }
        self.due.insert((at, index));
    }

    pub(super) fn unschedule(&mut self, index: Index) {
        let Some(entry) = self.get_mut(index) else { return };
        if let Some(due) = entry.read_due.take() {
            self.due.remove(&(due, index));
        }
    }

    /// When the next read is due, of those that are not on a call already.
    pub(super) fn next_due(&self) -> Option<Millis> {
        self.due
            .iter()
            .find(|(_, index)| self.free(*index))
            .map(|(due, _)| *due)
    }

    /// Reads due until then, earliest first.
    pub(super) fn due(&self, until: Millis, most: usize) -> Vec<Index> {
        let due = self
            .due
            .iter()
            .take_while(|(due, _)| *due <= until)
            .map(|(_, index)| *index);
        due.filter(|index| self.free(*index)).take(most).collect()
    }

    fn free(&self, index: Index) -> bool {
        self.get(index).is_some_and(|entry| !entry.busy && !entry.reading)
    }

    /// Remembers what the last look found, for the state.
    pub(super) fn looked(&mut self, index: Index, mode: Mode, target: Target) {
        if let Some(entry) = self.get_mut(index) {
            entry.mode = mode;
            entry.target = target;
            if let Target::Number(number) = target {
                entry.document.desired = Some(number);
            }
        }
    }

    /// Tells the board in which state the listing is now.
    pub(super) fn show(&mut self, index: Index, gate: bool, board: &ChannelBoard) {
        self.count_drained(index, board);
        let Some(entry) = self.get_mut(index).filter(|entry| !entry.gone) else {
            return;
        };
        let (mode, target) = (entry.mode, entry.target);
        let facts = StateFacts {
            mode,
            gate,
            target,
            in_flight: entry.busy,
            dirty: entry.pending,
            held: entry.document.held.is_some(),
        };
        let now = Some(state(&entry.document, &facts));
        let before = std::mem::replace(&mut entry.state, now);
        if before != now || now == Some(ListingState::Parked) {
            board.moved(&entry.id, &entry.document, before, now);
        }
        self.show_price(index, gate, board);
    }

    fn show_price(&mut self, index: Index, gate: bool, board: &ChannelBoard) {
        let Some(entry) = self.get_mut(index) else { return };
        let known = entry.price.as_deref();
        let facts = PriceFacts {
            mode: entry.mode,
            gate,
            target: known.map_or(PriceTarget::Unknown, |known| known.target),
            document: &entry.document,
            suspect: known.is_some_and(|known| known.suspect),
            settings: 0,
            now: Millis::MIN,
        };
        let (busy, dirty) = known.map_or((false, false), |known| (known.busy, known.since.is_some()));
        let now = Some(price_state(&facts, busy, dirty));
        let before = std::mem::replace(&mut entry.price_state, now);
        if before != now || now == Some(ListingState::Parked) {
            board.price_moved(&entry.id, &entry.document, entry.price.as_deref(), before, now);
        }
    }
}

#[cfg(test)]
#[path = "catalogue/size_test.rs"]
mod tests;

/// Where a listing's id is found.
struct Names<'a> {
    warm: &'a HashMap<Index, Box<Entry>>,
    packed: &'a Shelf,
    packer: &'a Packer,
}

impl Names<'_> {
    fn id(&self, index: Index) -> Option<String> {
        match self.warm.get(&index) {
            Some(entry) => Some(entry.id.clone()),
            None => self.packer.id(self.packed.get(index)),
        }
    }
}
