//! Draining: a listing shows zero, remembers what it showed, and is restored with a check: behind a reading
//! of it and a fetch of the channel's orders that both began after the draining ended.

use super::catalogue::{Catalogue, Index};
use super::{ChannelBoard, look::Aim, worker::Worker};
use omnistock_planner::{Drained, Target};
use omnistock_words::{Millis, Mode, Quantity};

impl Worker {
    /// Remembers what a listing showed, once, before it is brought to zero.
    pub(super) fn remember(&mut self, index: Index, aim: &Aim, now: Millis) {
        if aim.mode != Mode::Draining || !matches!(aim.target, Target::Number(_)) {
            return;
        }
        let Some(entry) = self.catalogue.get_mut(index) else {
            return;
        };
        if entry.document.drained.is_none() {
            let shown = entry.document.observed.as_ref().and_then(|read| read.quantity);
            entry.document.drained = Some(Drained { from: shown, at: now });
            self.changes.touch(index);
        }
    }

    /// The listing shows what it should again: there is nothing to restore any more. One that was written
    /// by others meanwhile is told.
    pub(super) fn restored(&mut self, index: Index, mode: Mode) {
        if mode == Mode::Draining {
            return;
        }
        let Some(entry) = self.catalogue.get_mut(index) else {
            return;
        };
        if let Some(drained) = entry.document.drained.take() {
            let (from, now) = (
                drained.from.unwrap_or_default(),
                entry.document.desired.unwrap_or_default(),
            );
            tracing::debug!(channel = %self.parts.channel, listing = %entry.document.listing, "restored: it showed {from}, now {now}");
            self.changes.touch(index);
        }
    }

    /// It was to show zero, and was read to show something else: somebody else has written it.
    pub(super) fn check_drained(&mut self, index: Index) {
        let Some(entry) = self.catalogue.get_mut(index) else {
            return;
        };
        let Some(drained) = entry.document.drained.as_ref().filter(|_| entry.document.confirmed()) else {
            return;
        };
        let wrote_zero = entry.document.accepted.as_ref();
        let wrote_zero = wrote_zero.is_some_and(|accepted| accepted.at >= drained.at && accepted.quantity.is_zero());
        let shown = entry.document.observed.as_ref().and_then(|read| read.quantity);
        if wrote_zero && shown.is_some_and(Quantity::is_positive) {
            tracing::warn!(channel = %self.parts.channel, listing = %entry.document.listing, "a drained listing was changed by somebody else: it shows {}", shown.unwrap_or_default());
            self.parts
                .board
                .drifted(Some(omnistock_planner::DriftClass::AnotherWriter));
        }
    }
}

impl Catalogue {
    /// Keeps the board's count of drained listings.
    pub(super) fn count_drained(&mut self, index: Index, board: &ChannelBoard) {
        let Some(entry) = self.get_mut(index) else { return };
        let drained = entry.document.drained.is_some() && !entry.gone;
        if drained != std::mem::replace(&mut entry.drained, drained) {
            board.count_drained(drained);
        }
    }
}
