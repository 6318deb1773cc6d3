//! What is going on with one listing, while something is: the form in which it is worked at.

use crate::delivery::guard::Suspect;
use crate::delivery::prices::PriceEntry;
use omnistock_engine::guard::Baseline;
use omnistock_planner::{Gap, ListingDocument, ListingState, Reserved, Target};
use omnistock_words::{Millis, Mode};
use std::ops::Deref;

/// One number at the channel.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, named")]
pub(in crate::delivery) struct Entry {
    /// The document's id.
    pub(in crate::delivery) id: String,
    /// What is durable, or will be with the next commit.
    pub(in crate::delivery) document: ListingDocument,
    /// The version in the store; 0: none yet.
    pub(in crate::delivery) version: u64,
    /// A write with it is on its way.
    pub(in crate::delivery) busy: bool,
    /// It is in a part of a call that was refused as a whole.
    pub(in crate::delivery) apart: bool,
    /// A read with it is on its way.
    pub(in crate::delivery) reading: bool,
    /// A reading begun from here on is fresh enough to decide by.
    pub(in crate::delivery) asked_at: Option<Millis>,
    /// Readings since then.
    pub(in crate::delivery) reads: u32,
    /// What the channel keeps apart, as of the last reading.
    pub(in crate::delivery) reserved: Vec<Reserved>,
    /// When it is to be read.
    pub(in crate::delivery) read_due: Option<Millis>,
    /// Something is left to do.
    pub(in crate::delivery) pending: bool,
    /// Complete read-backs in a row that lacked it.
    pub(in crate::delivery) missing: u32,
    /// It is not on the channel any more.
    pub(in crate::delivery) gone: bool,
    /// What was last seen to be right; `None` until then.
    pub(in crate::delivery) base: Option<Baseline>,
    /// Would newly show zero without an explanation: what it would keep, until that is judged.
    pub(in crate::delivery) suspect: Option<Suspect>,
    /// Judged, and let go until it is right.
    pub(in crate::delivery) passed: bool,
    /// It is written once more, although it matches.
    pub(in crate::delivery) forced: bool,
    /// It counts as drained on the board.
    pub(in crate::delivery) drained: bool,
    /// What it shows beside what it should, where nothing is written.
    pub(in crate::delivery) gap: Option<Box<Gap>>,
    /// What is going on with its price, where it has one of its own.
    pub(in crate::delivery) price: Option<Box<PriceEntry>>,
    /// Thousandths of a unit that safety stock keeps back; of one listing of each SKU.
    pub(in crate::delivery) withheld: u32,
    pub(super) price_state: Option<ListingState>,
    pub(super) mode: Mode,
    pub(super) target: Target,
    pub(super) state: Option<ListingState>,
}

impl Entry {
    /// A listing of which its document is known.
    pub(super) fn new(document: ListingDocument, version: u64) -> Self {
        Self {
            id: document.id(),
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
        }
    }

    /// Its mode lets numbers be written.
    pub(in crate::delivery) fn is_written(&self) -> bool {
        !matches!(self.mode, Mode::Observe | Mode::Shadow | Mode::Frozen)
    }

    /// Whether there is a number to show for it.
    pub(super) fn is_counted(&self) -> bool {
        !self.gone && self.document.sku.is_some() && matches!(self.target, Target::Number(_))
    }

    /// A guard holds its number or its price.
    pub(super) fn is_held(&self) -> bool {
        let price = self.document.price.as_ref();
        !self.gone && (self.document.held.is_some() || price.is_some_and(|price| price.held.is_some()))
    }

    /// The channel shows a price for it.
    pub(super) fn is_priced(&self) -> bool {
        let price = self.document.price.as_ref().filter(|_| !self.gone);
        price.is_some_and(|price| {
            price.accepted.is_some() || price.observed.as_ref().is_some_and(|read| !read.prices.is_empty())
        })
    }
}

/// A listing as it is now: the one that is worked at, or what was unpacked to be looked at.
pub(in crate::delivery) enum Seen<'a> {
    Warm(&'a Entry),
    Cold(Box<Entry>),
}

impl Deref for Seen<'_> {
    type Target = Entry;

    fn deref(&self) -> &Entry {
        match self {
            Self::Warm(entry) => entry,
            Self::Cold(entry) => entry,
        }
    }
}
