//! Figures of a channel for metrics: written by its worker where they are known, as atomics, so that looking costs nothing.

use super::catalogue::{Catalogue, Index};
use super::{ChannelBoard, LagHistogram};
use omnistock_planner::DriftClass;
use omnistock_words::{Millis, Quantity};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// Thousandths of a unit in a millionth of it: what a listing keeps back is remembered in thousandths.
const COARSE: i64 = 1_000;

/// What the board keeps.
#[derive(Debug, Default)]
pub(super) struct Figures {
    /// From the first mark of a change to the reading behind the channel's yes.
    observed: LagHistogram,
    retries: AtomicU64,
    drift: [AtomicU64; DriftClass::ALL.len()],
    unclear_drift: AtomicU64,
    price_drift: AtomicU64,
    /// Millionths of a unit.
    exposed: AtomicI64,
    withheld: AtomicI64,
}

/// Figures of one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChannelFigures {
    /// How long it took until changes were read back: upper ends in milliseconds, with counts.
    pub observed: Vec<(u64, u64)>,
    /// Calls that only repeated what had failed.
    pub retries: u64,
    /// Numbers that others had changed, by class.
    pub drift: Vec<(&'static str, u64)>,
    /// Units that are shown and do not exist, as of the newest look at each listing that is written.
    pub exposed: Quantity,
    /// Units that safety stock keeps back, in units of the SKUs.
    pub withheld: Quantity,
}

/// A class as a label.
fn label(class: DriftClass) -> &'static str {
    match class {
        DriftClass::AnotherWriter => "another_writer",
        DriftClass::Person => "person",
        DriftClass::NotApplied => "not_applied",
        DriftClass::VendorLimit => "vendor_limit",
        DriftClass::OurRule => "our_rule",
    }
}

impl ChannelBoard {
    /// Figures for metrics.
    pub fn figures(&self) -> ChannelFigures {
        let (figures, load) = (&self.figures, |counter: &AtomicU64| counter.load(Ordering::Relaxed));
        let units = |counter: &AtomicI64| Quantity::of_millionths(counter.load(Ordering::Relaxed));
        let classes = DriftClass::ALL.into_iter().zip(&figures.drift);
        let drift = classes.map(|(class, count)| (label(class), load(count)));
        let others = [("unclear", &figures.unclear_drift), ("price", &figures.price_drift)];
        let others = others.map(|(name, count)| (name, load(count)));
        ChannelFigures {
            observed: figures.observed.counts(),
            retries: load(&figures.retries),
            drift: drift.chain(others).collect(),
            exposed: units(&figures.exposed),
            withheld: units(&figures.withheld),
        }
    }

    /// A number was found changed by others, or not as it was accepted; `None`: why can't be told.
    pub(super) fn drifted(&self, class: Option<DriftClass>) {
        let mut all = DriftClass::ALL.iter().zip(&self.figures.drift);
        let found = all.find(|(other, _)| Some(**other) == class).map(|(_, count)| count);
        found
            .unwrap_or(&self.figures.unclear_drift)
            .fetch_add(1, Ordering::Relaxed);
    }

    /// The same of a price.
    pub(super) fn price_drifted(&self) {
        self.figures.price_drift.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn retried(&self) {
        self.figures.retries.fetch_add(1, Ordering::Relaxed);
    }

    /// All drift that was found.
    pub(super) fn all_drift(&self) -> u64 {
        let others = [&self.figures.unclear_drift, &self.figures.price_drift];
        let classes = self.figures.drift.iter().chain(others);
        classes.map(|count| count.load(Ordering::Relaxed)).sum()
    }

    /// The listings are counted anew.
    pub(super) fn clear_units(&self) {
        self.figures.exposed.store(0, Ordering::Relaxed);
        self.figures.withheld.store(0, Ordering::Relaxed);
    }
}

fn changed(sum: &AtomicI64, from: i64, to: i64) {
    if from != to {
        sum.fetch_add(to.saturating_sub(from), Ordering::Relaxed);
    }
}

impl Catalogue {
    /// The listing shows so many units that do not exist.
    pub(super) fn expose(&mut self, index: Index, units: Quantity, board: &ChannelBoard) {
        let now = units.positive().millionths();
        let before = if now == 0 {
            self.exposed.remove(&index)
        } else {
            self.exposed.insert(index, now)
        };
        changed(&board.figures.exposed, before.unwrap_or_default(), now);
    }

    /// Safety stock keeps so many units of the listing's SKU back; counted at one listing of the SKU.
    pub(super) fn withhold(&mut self, index: Index, units: Quantity, board: &ChannelBoard) {
        let Some(entry) = self.get_mut(index) else { return };
        let now = u32::try_from(units.positive().millionths() / COARSE).unwrap_or(u32::MAX);
        let before = std::mem::replace(&mut entry.withheld, now);
        changed(
            &board.figures.withheld,
            i64::from(before) * COARSE,
            i64::from(now) * COARSE,
        );
    }

    /// The channel said yes to a change that began then.
    pub(super) fn unread(&mut self, index: Index, since: Millis) {
        self.unread.insert(index, since);
    }

    /// What the channel said yes to was read back.
    pub(super) fn was_read(&mut self, index: Index, at: Millis, board: &ChannelBoard) {
        if let Some(since) = self.unread.remove(&index) {
            board.figures.observed.record(at.since(since));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use omnistock_planner::ListingDocument;
    use omnistock_words::{ChannelName, ListingId};

    #[test]
    fn sums_follow_their_listings() {
        let (board, mut catalogue) = (ChannelBoard::default(), Catalogue::default());
        let listing =
            |id: &str| ListingDocument::new(ChannelName::new("shop").unwrap(), ListingId::new(id).unwrap(), None);
        let (one, two) = (catalogue.add(listing("1"), 0), catalogue.add(listing("2"), 0));
        for (index, exposed, withheld) in [(one, 3, 2), (two, 4, 0), (one, 1, 5), (two, -2, 1)] {
            catalogue.expose(index, Quantity::whole(exposed), &board);
            catalogue.withhold(index, Quantity::whole(withheld), &board);
        }
        let figures = board.figures();
        assert_eq!((figures.exposed, figures.withheld), (Quantity::ONE, Quantity::whole(6)));
        catalogue.remove(one, &board);
        assert_eq!(
            (board.figures().exposed, board.figures().withheld),
            (Quantity::ZERO, Quantity::ONE)
        );
        board.drifted(Some(DriftClass::NotApplied));
        board.drifted(None);
        board.price_drifted();
        assert_eq!(board.totals().drift, 3);
        assert!(board.figures().drift.contains(&("not_applied", 1)));
    }

    #[test]
    fn a_change_is_observed_once() {
        let (board, mut catalogue) = (ChannelBoard::default(), Catalogue::default());
        catalogue.unread(0, Millis(1_000));
        catalogue.was_read(0, Millis(1_900), &board);
        catalogue.was_read(0, Millis(9_000), &board);
        let counted: Vec<(u64, u64)> = board
            .figures()
            .observed
            .into_iter()
            .filter(|(_, count)| *count > 0)
            .collect();
        assert_eq!(counted, [(1_024, 1)]);
    }
}
