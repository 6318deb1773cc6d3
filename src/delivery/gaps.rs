//! How far a channel that is not written is from the truth: what would be written, counted as it changes.

use super::catalogue::{Catalogue, Entry, Index};
use super::{ChannelBoard, look::Aim, sight::Sight, worker::Worker};
use omnistock_planner::{Comparison, DriftClass, Gap, ListingDocument, Target, compare, gap};
use omnistock_words::{ListingId, Millis, Mode, Quantity, Sku};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Listings that are kept to name the worst one, at most.
const MOST_NAMED: usize = 200;

/// All listings of a channel that is not written, beside what they should show.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Gaps {
    /// Show what they should.
    pub equal: u64,
    /// Would rise.
    pub up: u64,
    /// Would fall.
    pub down: u64,
    /// Would fall to zero: among those that would fall.
    pub to_zero: u64,
    /// Units shown that do not exist.
    pub excess: Quantity,
    /// Units that exist and are not shown.
    pub missing: Quantity,
    /// Shows most too much, else most too little.
    pub worst: Option<NamedGap>,
}

/// One listing that shows another number than it should.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedGap {
    /// The vendor's id.
    pub listing: ListingId,
    /// Its SKU.
    pub sku: Option<Sku>,
    /// What it should show.
    pub ours: Quantity,
    /// What it shows.
    pub there: Quantity,
}

/// What the board keeps of it.
#[derive(Debug, Default)]
pub(super) struct GapBoard(Mutex<Counted>);

#[derive(Debug, Default)]
struct Counted {
    gaps: Gaps,
    named: BTreeMap<String, NamedGap>,
    ranked: BTreeSet<(Quantity, Quantity, String)>,
}

/// Too much before too little, each by how much; the least first.
fn rank(gap: Gap, id: &str) -> (Quantity, Quantity, String) {
    let over = gap.there - gap.ours;
    (over.positive(), (-over).positive(), id.to_owned())
}

impl Gaps {
    fn count(&mut self, gap: Gap, up: bool) {
        let over = gap.there - gap.ours;
        let add = |count: &mut u64| *count = if up { *count + 1 } else { count.saturating_sub(1) };
        let sum = |sum: &mut Quantity, units| *sum = if up { *sum + units } else { *sum - units };
        if over.is_zero() {
            return add(&mut self.equal);
        }
        if over.is_negative() {
            sum(&mut self.missing, -over);
            return add(&mut self.up);
        }
        sum(&mut self.excess, over);
        add(&mut self.down);
        if !gap.ours.is_positive() {
            add(&mut self.to_zero);
        }
    }
}

impl GapBoard {
    fn locked(&self) -> MutexGuard<'_, Counted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What there is; `None` where no listing was compared.
    pub(super) fn gaps(&self) -> Option<Gaps> {
        let counted = self.locked();
        let worst = counted.ranked.last().and_then(|(.., id)| counted.named.get(id));
        let gaps = Gaps {
            worst: worst.cloned(),
            ..counted.gaps.clone()
        };
        (gaps.equal + gaps.up + gaps.down > 0).then_some(gaps)
    }

    pub(super) fn clear(&self) {
        *self.locked() = Counted::default();
    }

    fn change(&self, id: &str, document: &ListingDocument, from: Option<Gap>, to: Option<Gap>) {
        let counted = &mut *self.locked();
        if let Some(gap) = from {
            counted.gaps.count(gap, false);
            counted.ranked.remove(&rank(gap, id));
            counted.named.remove(id);
        }
        let Some(gap) = to else { return };
        counted.gaps.count(gap, true);
        if gap.ours == gap.there {
            return;
        }
        let (listing, sku) = (document.listing.clone(), document.sku.clone());
        let Gap { ours, there } = gap;
        let named = NamedGap {
            listing,
            sku,
            ours,
            there,
        };
        counted.ranked.insert(rank(gap, id));
        counted.named.insert(id.to_owned(), named);
        if counted.ranked.len() > MOST_NAMED
            && let Some((.., least)) = counted.ranked.pop_first()
        {
            counted.named.remove(&least);
        }
    }
}

impl ChannelBoard {
    /// How far the channel is from the truth, where it is not written.
    pub fn compared(&self) -> Option<Gaps> {
        self.gaps.gaps()
    }

    /// Listings that were drained and are not restored yet.
    pub fn drained(&self) -> u64 {
        self.drained.load(Ordering::Relaxed)
    }

    pub(super) fn count_drained(&self, more: bool) {
        if more {
            self.drained.fetch_add(1, Ordering::Relaxed);
        } else {
            self.drained.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Catalogue {
    /// Tells the board how far the listing is from the truth; `None`: it is not compared.
    pub(super) fn compared(&mut self, index: Index, now: Option<Gap>, board: &ChannelBoard) {
        let Some(entry) = self.get_mut(index) else { return };
        let before = entry.gap.take().map(|gap| *gap);
        if before != now {
            board.gaps.change(&entry.id, &entry.document, before, now);
        }
        entry.gap = now.map(Box::new);
    }
}

impl Worker {
    /// Why the listing shows something else than it should; `None`: that can't be told now.
    pub(super) fn class(&self, index: Index, sight: &Sight<'_>, aim: &Aim, now: Millis) -> Option<DriftClass> {
        let entry = self.catalogue.get(index)?;
        match compare(&self.facts(&entry, sight, aim, now)) {
            Comparison::Differs(class, _) => Some(class),
            Comparison::Equal | Comparison::Not => None,
        }
    }

    /// Compares the listing with what it should show: how much too much, and where nothing is written all of it.
    pub(super) fn compare(&mut self, index: Index, sight: &Sight<'_>, aim: &Aim, now: Millis) {
        let paused = matches!(aim.mode, Mode::Observe | Mode::Shadow | Mode::Frozen);
        let entry = self
            .catalogue
            .get(index)
            .filter(|entry| paused || may_exceed(entry, aim));
        let found = entry.and_then(|entry| gap(&self.facts(&entry, sight, aim, now)));
        let board = self.parts.board.clone();
        let over = found.filter(|_| !paused);
        let over = over.map_or(Quantity::ZERO, |gap| {
            (gap.there - gap.ours).positive().multiply(aim.factor.decimal())
        });
        self.catalogue.expose(index, over, &board);
        self.catalogue.compared(index, found.filter(|_| paused), &board);
    }
}

/// Whether it may show more than it should: asked first, since that costs nothing.
fn may_exceed(entry: &Entry, aim: &Aim) -> bool {
    let Target::Number(target) = aim.target else {
        return false;
    };
    let (read, accepted) = (entry.document.observed.as_ref(), entry.document.accepted.as_ref());
    let shown = [
        read.and_then(|read| read.quantity),
        accepted.map(|accepted| accepted.quantity),
    ];
    shown.into_iter().flatten().any(|shown| shown > target)
}

#[cfg(test)]
mod tests {
    use super::*;
    use omnistock_words::ChannelName;
    use proptest::prelude::*;

    proptest! {
        /// However the numbers go, what is counted is what there is.
        #[test]
        fn what_is_counted_adds_up(steps in proptest::collection::vec((0usize..6, proptest::option::of((0i64..9, 0i64..9))), 0..60)) {
            let (board, mut now) = (GapBoard::default(), BTreeMap::new());
            let document = ListingDocument::new(ChannelName::new("shop").unwrap(), ListingId::new("7").unwrap(), None);
            for (id, next) in steps {
                let next = next.map(|(ours, there)| Gap { ours: Quantity::whole(ours), there: Quantity::whole(there) });
                let before = now.insert(id, next).flatten();
                board.change(&id.to_string(), &document, before, next);
            }
            let all: Vec<Gap> = now.into_values().flatten().collect();
            let over = |gap: &Gap| gap.there - gap.ours;
            let gaps = board.gaps();
            prop_assert_eq!(gaps.is_none(), all.is_empty());
            let gaps = gaps.unwrap_or_default();
            let count = |of: fn(Quantity) -> bool| all.iter().filter(|gap| of(over(gap))).count() as u64;
            prop_assert_eq!(gaps.equal, count(Quantity::is_zero));
            prop_assert_eq!(gaps.up, count(Quantity::is_negative));
            prop_assert_eq!(gaps.down, count(Quantity::is_positive));
            prop_assert_eq!(gaps.excess, all.iter().map(|gap| over(gap).positive()).sum());
            prop_assert_eq!(gaps.missing, all.iter().map(|gap| (-over(gap)).positive()).sum());
            let most = all.iter().map(over).max().filter(|most| most.is_positive());
            let named = gaps.worst.map(|worst| worst.there - worst.ours);
            prop_assert_eq!(named.filter(|over| over.is_positive()), most);
        }
    }
}
