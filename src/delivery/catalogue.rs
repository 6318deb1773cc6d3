//! The channel's listings in memory: their documents, and what is going on with each.

use super::ChannelBoard;
use super::guard::Suspect;
use super::prices::PriceEntry;
use omnistock_engine::guard::Baseline;
use omnistock_planner::{
    Gap, ListingDocument, ListingState, PriceDocument, PriceFacts, PriceTarget, Reserved, StateFacts, Target,
    price_state, state,
};
use omnistock_words::{ListingId, Millis, Mode, Sku};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// Names a listing in memory.
pub(super) type Index = usize;

/// One number at the channel.
#[expect(clippy::struct_excessive_bools, reason = "independent facts, named")]
pub(super) struct Entry {
    /// The document's id.
    pub(super) id: String,
    /// What is durable, or will be with the next commit.
    pub(super) document: ListingDocument,
    /// The version in the store; 0: none yet.
    pub(super) version: u64,
    /// A write with it is on its way.
    pub(super) busy: bool,
    /// It is in a part of a call that was refused as a whole.
    pub(super) apart: bool,
    /// A read with it is on its way.
    pub(super) reading: bool,
    /// A reading begun from here on is fresh enough to decide by.
    pub(super) asked_at: Option<Millis>,
    /// Readings since then.
    pub(super) reads: u32,
    /// What the channel keeps apart, as of the last reading.
    pub(super) reserved: Vec<Reserved>,
    /// When it is to be read.
    pub(super) read_due: Option<Millis>,
    /// Something is left to do.
    pub(super) pending: bool,
    /// Complete read-backs in a row that lacked it.
    pub(super) missing: u32,
    /// It is not on the channel any more.
    pub(super) gone: bool,
    /// What was last seen to be right; `None` until then.
    pub(super) base: Option<Baseline>,
    /// Would newly show zero without an explanation: what it would keep, until that is judged.
    pub(super) suspect: Option<Suspect>,
    /// Judged, and let go until it is right.
    pub(super) passed: bool,
    /// It is written once more, although it matches.
    pub(super) forced: bool,
    /// It counts as drained on the board.
    pub(super) drained: bool,
    /// What it shows beside what it should, where nothing is written.
    pub(super) gap: Option<Box<Gap>>,
    /// What is going on with its price, where it has one of its own.
    pub(super) price: Option<Box<PriceEntry>>,
    /// Thousandths of a unit that safety stock keeps back; of one listing of each SKU.
    pub(super) withheld: u32,
    price_state: Option<ListingState>,
    mode: Mode,
    target: Target,
    state: Option<ListingState>,
}

impl Entry {
    /// Its mode lets numbers be written.
    pub(super) fn is_written(&self) -> bool {
        !matches!(self.mode, Mode::Observe | Mode::Shadow | Mode::Frozen)
    }
}

/// The listings of a channel.
#[derive(Default)]
pub(super) struct Catalogue {
    entries: Vec<Entry>,
    by_id: HashMap<String, Index>,
    by_sku: HashMap<Sku, Vec<Index>>,
    /// How many listings are parts of a page.
    parts: HashMap<ListingId, u32>,
    due: BTreeSet<(Millis, Index)>,
    board: Arc<ChannelBoard>,
    /// Millionths of units that listings show and that do not exist; of the others nothing is kept.
    pub(super) exposed: HashMap<Index, i64>,
    /// Since when what a channel said yes to waits to be read back.
    pub(super) unread: HashMap<Index, Millis>,
}

impl Catalogue {
    /// An empty one, which tells the board of its SKUs.
    pub(super) fn new(board: Arc<ChannelBoard>) -> Self {
        Self {
            board,
            ..Self::default()
        }
    }

    /// Adds a listing. Its id must be new.
    pub(super) fn add(&mut self, document: ListingDocument, version: u64) -> Index {
        let (index, id) = (self.entries.len(), document.id());
        self.count_part(document.parent.as_ref(), true);
        self.by_id.insert(id.clone(), index);
        if let Some(sku) = &document.sku {
            self.board.listed(sku);
            self.by_sku.entry(sku.clone()).or_default().push(index);
        }
        self.entries.push(Entry {
            id,
            document,
            version,
            busy: false,
            apart: false,
            reading: false,
            asked_at: None,
            reads: 0,
            reserved: Vec::new(),
            read_due: None,
            pending: true,
            missing: 0,
            gone: false,
            base: None,
            suspect: None,
            passed: false,
            forced: false,
            drained: false,
            gap: None,
            price: None,
            withheld: 0,
            price_state: None,
            mode: Mode::Live,
            target: Target::Unknown,
            state: None,
        });
        index
    }

    fn count_part(&mut self, parent: Option<&ListingId>, more: bool) {
        let Some(parent) = parent else { return };
        let parts = self.parts.entry(parent.clone()).or_default();
        *parts = if more {
            parts.saturating_add(1)
        } else {
            parts.saturating_sub(1)
        };
        if *parts == 0 {
            self.parts.remove(parent);
        }
    }

    /// The listing is a part of this page now.
    pub(super) fn set_parent(&mut self, index: Index, parent: Option<&ListingId>) {
        let Some(entry) = self.entries.get_mut(index) else {
            return;
        };
        if entry.document.parent.as_ref() == parent {
            return;
        }
        let old = std::mem::replace(&mut entry.document.parent, parent.cloned());
        self.count_part(old.as_ref(), false);
        self.count_part(parent, true);
    }

    /// How many listings are parts of this page.
    pub(super) fn parts(&self, parent: &ListingId) -> u32 {
        self.parts.get(parent).copied().unwrap_or(1)
    }

    pub(super) fn get(&self, index: Index) -> Option<&Entry> {
        self.entries.get(index)
    }

    pub(super) fn get_mut(&mut self, index: Index) -> Option<&mut Entry> {
        self.entries.get_mut(index)
    }

    /// In which state the listing was when it was last shown.
    pub(super) fn state(&self, index: Index) -> Option<ListingState> {
        self.entries.get(index)?.state
    }

    /// What is going on with the price of a listing that has one of its own, and what is known of it.
    pub(super) fn price(&mut self, index: Index) -> Option<(&mut PriceEntry, &mut PriceDocument)> {
        let entry = self.entries.get_mut(index)?;
        let document = entry.document.price.as_deref_mut()?;
        Some((entry.price.get_or_insert_default(), document))
    }

    pub(super) fn find(&self, id: &str) -> Option<Index> {
        self.by_id.get(id).copied()
    }

    /// The listings of a SKU.
    pub(super) fn of(&self, sku: &Sku) -> Vec<Index> {
        self.by_sku.get(sku).cloned().unwrap_or_default()
    }

    /// One listing of a SKU, always the same while it is there.
    pub(super) fn first_of(&self, sku: &Sku) -> Option<Index> {
        self.by_sku.get(sku)?.first().copied()
    }

    /// Every SKU that has a listing.
    pub(super) fn skus(&self) -> Vec<Sku> {
        self.by_sku.keys().cloned().collect()
    }

    /// Every listing that is there.
    pub(super) fn indexes(&self) -> Vec<Index> {
        (0..self.entries.len())
            .filter(|index| self.get(*index).is_some_and(|entry| !entry.gone))
            .collect()
    }

    /// The vendor has another SKU for it now: the listing is a new one in all but its key.
    pub(super) fn map(&mut self, index: Index, sku: Option<Sku>) {
        let Some(entry) = self.entries.get_mut(index) else {
            return;
        };
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
        if let Some(old) = old {
            let others = self.by_sku.entry(old.clone()).or_default();
            others.retain(|other| *other != index);
            if others.is_empty() {
                self.board.unlisted(&old);
                self.by_sku.remove(&old);
            }
        }
        if let Some(sku) = sku {
            self.board.listed(&sku);
            self.by_sku.entry(sku).or_default().push(index);
        }
    }

    /// It is not on the channel any more.
    pub(super) fn remove(&mut self, index: Index, board: &ChannelBoard) {
        self.unschedule(index);
        self.map(index, None);
        let Some(entry) = self.entries.get_mut(index) else {
            return;
        };
        entry.gone = true;
        let parent = entry.document.parent.clone();
        self.count_part(parent.as_ref(), false);
        self.compared(index, None, board);
        self.expose(index, omnistock_words::Quantity::ZERO, board);
        self.withhold(index, omnistock_words::Quantity::ZERO, board);
        self.unread.remove(&index);
        self.count_drained(index, board);
        let Some(entry) = self.entries.get_mut(index) else {
            return;
        };
        self.by_id.remove(&entry.id);
        board.moved(&entry.id, &entry.document, entry.state.take(), None);
        board.price_moved(&entry.id, &entry.document, None, entry.price_state.take(), None);
    }

    /// Reads it then, or earlier if that was planned.
    pub(super) fn schedule(&mut self, index: Index, at: Millis) {
        let Some(entry) = self.entries.get_mut(index) else {
            return;
        };
        let at = entry.read_due.map_or(at, |due| due.min(at));
        if let Some(due) = entry.read_due.replace(at) {
            self.due.remove(&(due, index));
        }
        self.due.insert((at, index));
    }

    pub(super) fn unschedule(&mut self, index: Index) {
        let Some(entry) = self.entries.get_mut(index) else {
            return;
        };
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

    /// Whether there is a number to show for it.
    pub(super) fn counted(&self, index: Index) -> bool {
        self.get(index)
            .is_some_and(|entry| entry.document.sku.is_some() && matches!(entry.target, Target::Number(_)))
    }

    /// Remembers what the last look found, for the state.
    pub(super) fn looked(&mut self, index: Index, mode: Mode, target: Target) {
        if let Some(entry) = self.entries.get_mut(index) {
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
        let Some(entry) = self.entries.get_mut(index).filter(|entry| !entry.gone) else {
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
        let Some(entry) = self.entries.get_mut(index) else {
            return;
        };
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
