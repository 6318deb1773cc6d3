//! Channel guards at work: a listing that would newly show zero without an explanation keeps what it
//! shows, less what is sold, until all that belongs together was looked at. Then it is let go, or held.
//!
//! Together belong all listings that one report changes, and single changes of 15 minutes. A hold is
//! part of the listing's document, so it outlives the daemon; the 15 minutes begin anew with it.

use super::catalogue::Index;
use super::hold::name;
use super::look::Aim;
use super::sight::{Sight, target};
use super::worker::Worker;
use omnistock_engine::guard::{Baseline, Kept, Look, Window, newly_zero, over, taken_since};
use omnistock_engine::{Offer, resolve_listing};
use omnistock_planner::{Held, Target, shown};
use omnistock_words::{ChannelGuard, Millis, Mode, Percent, Quantity, Sku, WriteMeaning};
use std::collections::BTreeSet;
use tokio::sync::oneshot;

/// Orders may become known so much later than they were placed, milliseconds: for numbers that were
/// published by an earlier life of the daemon.
const LATE: i64 = 15 * 60_000;

/// Would newly show zero: what was published, and what it would keep. The baseline stays until it is
/// judged: seen anew behind a write that orders led to, it would be less by the same orders again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Suspect {
    base: Baseline,
    kept: Kept,
}

/// What the guards of a channel know beside its listings.
#[derive(Default)]
pub(super) struct Guarding {
    suspects: BTreeSet<Index>,
    /// Listings that single changes brought to zero.
    recent: Window<Index>,
    /// Every mark that the store had was taken, and no report was being applied meanwhile.
    pub(super) all_marks: bool,
    /// Reports that had begun when was last judged.
    judged: u64,
    /// What people are told is not what is held any more.
    pub(super) changed: bool,
    /// Persons who wait for their decision to be durable.
    pub(super) answers: Vec<oneshot::Sender<()>>,
}

impl Guarding {
    /// What was decided is durable.
    pub(super) fn answer(&mut self) {
        for answer in self.answers.drain(..) {
            if answer.send(()).is_err() {
                tracing::debug!("nobody waits for the decision any more");
            }
        }
    }
}

impl Worker {
    /// The share of listings that may newly show zero.
    pub(super) fn zero_limit(&self) -> Percent {
        let channel = self.settings.channels.get(&self.parts.channel);
        channel
            .map_or_else(ChannelGuard::default, |channel| channel.policy.guard)
            .newly_zero
    }

    /// What the listing is to show as far as guards let it: where one may stop it, what it keeps.
    pub(super) fn guarded(&mut self, index: Index, sku: &Sku, sight: &Sight<'_>, aim: Aim, now: Millis) -> Aim {
        let Some(entry) = self.catalogue.get_mut(index) else {
            return aim;
        };
        let Target::Number(number) = aim.target else {
            return aim;
        };
        let on_sale = number.is_positive() || aim.elsewhere;
        let earlier = entry.suspect.take();
        self.guarding.suspects.remove(&index);
        if aim.mode == Mode::Draining {
            // A person's mode explains the zero.
            self.unhold(index);
            return aim;
        }
        if !matches!(aim.mode, Mode::Live | Mode::DecreaseOnly) {
            return aim;
        }
        if let Some(held) = entry.document.held.clone() {
            return self.still_held(index, held, aim, on_sale);
        }
        if on_sale {
            entry.passed = false;
            self.guarding.recent.forget(&index);
            if std::mem::take(&mut entry.document.released) {
                self.changes.touch(index);
            }
            return aim;
        }
        if entry.passed || entry.document.released || !(self.gate || self.falls) {
            return aim;
        }
        let base = earlier.map(|suspect| suspect.base);
        let Some(suspect) = self.unexplained(index, (sku, sight), &aim, base, now) else {
            return aim;
        };
        self.guarding.suspects.insert(index);
        if let Some(entry) = self.catalogue.get_mut(index) {
            entry.suspect = Some(suspect);
        }
        keeping(suspect.kept.quantity, aim)
    }

    /// A held number falls by what is sold; it is released when there is stock again, or when none of it is left.
    fn still_held(&mut self, index: Index, held: Held, aim: Aim, on_sale: bool) -> Aim {
        let before = Kept {
            quantity: held.quantity,
            taken: held.taken,
        };
        let kept = before.lowered(aim.base.taken, aim.factor);
        if on_sale || !kept.quantity.is_positive() {
            self.unhold(index);
            return aim;
        }
        if kept != before {
            if let Some(entry) = self.catalogue.get_mut(index) {
                entry.document.held = Some(Held {
                    quantity: kept.quantity,
                    taken: kept.taken,
                    ..held
                });
            }
            self.changes.touch(index);
            self.guarding.changed = true;
        }
        keeping(kept.quantity, aim)
    }

    fn unhold(&mut self, index: Index) {
        let held = self
            .catalogue
            .get_mut(index)
            .and_then(|entry| entry.document.held.take());
        if held.is_some() {
            self.changes.touch(index);
            self.guarding.changed = true;
        }
    }

    /// What it keeps, if it would newly show zero and nothing explains that.
    fn unexplained(
        &self,
        index: Index,
        (sku, sight): (&Sku, &Sight<'_>),
        aim: &Aim,
        base: Option<Baseline>,
        now: Millis,
    ) -> Option<Suspect> {
        let document = &self.catalogue.get(index)?.document;
        let (settings, channel) = (&self.settings, &self.parts.channel);
        let listing = Some(&document.listing);
        let look = Look {
            settings,
            documents: sight.documents,
            channel,
            sku,
            offer: Offer {
                listing,
                all: &sight.offers,
            },
            factor: aim.factor,
            now,
        };
        let base = base.or_else(|| self.baseline(index, sight, aim, &look))?;
        let policy = resolve_listing(settings, channel, sku, &sight.ledger.attributes, listing, now);
        let kept = newly_zero(&look, &base, aim.base.taken, |promise| {
            match target(document, promise, &policy) {
                Target::Number(number) => Some(number),
                Target::Untracked | Target::Unknown => None,
            }
        })?;
        Some(Suspect { base, kept })
    }

    /// The number that was last right; in the beginning the one that the channel shows, from which
    /// other channels' orders since our last write may be missing.
    fn baseline(&self, index: Index, sight: &Sight<'_>, aim: &Aim, look: &Look<'_>) -> Option<Baseline> {
        let entry = self.catalogue.get(index)?;
        if entry.base.is_some() {
            return entry.base;
        }
        let document = &entry.document;
        let written = document.accepted.as_ref().map(|accepted| accepted.sent_at);
        let read = document.confirmed();
        let quantity = match self.vendor.write {
            WriteMeaning::Available => shown(&self.facts(&entry, sight, aim, look.now))?.point,
            WriteMeaning::Gross if read => {
                let apart = entry.reserved.iter().map(|reserved| reserved.quantity);
                document.observed.as_ref()?.quantity? - apart.sum()
            }
            WriteMeaning::Gross => document.sent.as_ref()?.target,
        };
        let own = self.vendor.write == WriteMeaning::Gross && !read;
        let behind = taken_since(look, written.unwrap_or(Millis::MIN).plus(-LATE), own);
        Some(Baseline {
            quantity,
            spare: Quantity::ZERO,
            taken: aim.base.taken - behind,
        })
    }

    /// The channel shows what it should: later numbers are compared with this one.
    pub(super) fn right(&mut self, index: Index, aim: &Aim) {
        let Some(entry) = self.catalogue.get_mut(index) else {
            return;
        };
        if entry.document.held.is_some() || entry.suspect.is_some() {
            return;
        }
        // Drained, it shows nothing: what it will show then is no fall.
        entry.base = (aim.mode != Mode::Draining).then_some(aim.base);
        entry.passed = false;
        let confirmed = entry.document.confirmed();
        let evidence = entry.document.evidence.as_mut();
        let matched = evidence.is_some_and(|evidence| confirmed && !std::mem::replace(&mut evidence.matched, true));
        if std::mem::take(&mut entry.document.released) || matched {
            self.changes.touch(index);
        }
    }

    /// Judges what would newly show zero, once everything that belongs together was looked at: the SKUs
    /// that are let go, to be looked at again at once. What is held is looked at again too. Before every
    /// listing was read nothing is judged: what would newly show zero keeps what is left of it until then.
    pub(super) fn judge(&mut self, now: Millis) -> Vec<Sku> {
        if !self.may_judge() {
            return Vec::new();
        }
        let begun = self.parts.applying.borrow().1;
        let report = std::mem::replace(&mut self.guarding.judged, begun) != begun;
        let suspects = std::mem::take(&mut self.guarding.suspects);
        if suspects.is_empty() {
            return Vec::new();
        }
        self.guarding.recent.expire(now);
        let (all, whole) = (self.catalogue.held().into_iter(), self.catalogue.counted());
        let held = |index: &Index| {
            self.catalogue
                .get(*index)
                .is_some_and(|entry| entry.document.held.is_some())
        };
        let held = all.filter(held).count();
        let others = |(index, _): &(&Index, Quantity)| !suspects.contains(index);
        let recent = if report {
            0
        } else {
            self.guarding.recent.within(now).filter(others).count()
        };
        let count = |listings: usize| u64::try_from(listings).unwrap_or(u64::MAX);
        let part = count(suspects.len() + held + recent);
        if over(part, count(whole), self.zero_limit()) {
            self.hold_all(&suspects, now);
            return Vec::new();
        }
        self.let_go(&suspects, report, now)
    }

    /// Whether everything that belongs together was looked at.
    pub(super) fn may_judge(&self) -> bool {
        let applying = self.parts.applying.borrow().0;
        applying == 0 && self.gate && self.primed && self.guarding.all_marks && !self.is_ready()
    }

    /// Whether what was looked at since the last judgement came with a report.
    pub(super) fn whole_report(&self) -> bool {
        self.guarding.judged != self.parts.applying.borrow().1
    }

    fn let_go(&mut self, suspects: &BTreeSet<Index>, report: bool, now: Millis) -> Vec<Sku> {
        let mut released = Vec::new();
        for index in suspects {
            let Some(entry) = self.catalogue.get_mut(*index) else {
                continue;
            };
            if entry.suspect.take().is_none() {
                continue;
            }
            entry.passed = true;
            released.extend(entry.document.sku.clone());
            if !report {
                self.guarding.recent.note(*index, now, Quantity::ONE);
            }
        }
        released.sort();
        released.dedup();
        for sku in &released {
            self.work.unqueue(sku);
        }
        released
    }

    /// Everything that is held at the channel is one hold, with one name.
    fn hold_all(&mut self, suspects: &BTreeSet<Index>, now: Millis) {
        let known = self.parts.board.hold();
        let (hold, since, rejected) = match known {
            Some(hold) => (hold.id, hold.since, hold.rejected),
            None => (name(&self.parts.channel, now), now, None),
        };
        let mut skus = Vec::new();
        for index in suspects {
            let Some(entry) = self.catalogue.get_mut(*index) else {
                continue;
            };
            let Some(Suspect { base, kept }) = entry.suspect.take() else {
                continue;
            };
            entry.document.held = Some(Held {
                hold: hold.clone(),
                since,
                from: base.quantity,
                quantity: kept.quantity,
                taken: kept.taken,
                rejected: rejected.clone(),
            });
            skus.extend(entry.document.sku.clone());
            self.changes.touch(*index);
            self.catalogue.show(*index, self.gate, &self.parts.board);
        }
        self.tell_holds();
        if let Some(held) = self.parts.board.hold().filter(|held| held.rejected.is_none()) {
            tracing::error!(channel = %self.parts.channel, "{hold}: {held}");
        }
        // With the newest ledger: a sale before the board knew of the hold has marked nothing.
        for sku in &skus {
            self.work.look(sku, now, now);
        }
    }
}

/// Shows what is kept, and never more.
fn keeping(quantity: Quantity, aim: Aim) -> Aim {
    Aim {
        mode: Mode::DecreaseOnly,
        target: Target::Number(quantity),
        ..aim
    }
}
