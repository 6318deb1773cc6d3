//! Looking at SKUs: the newest ledger, the promise, and what the planner says of each listing.

use super::catalogue::{Entry, Index};
use super::kept::more;
use super::sight::{Sight, known, target};
use super::worker::{Stop, Worker};
use omnistock_engine::guard::{Baseline, taken};
use omnistock_engine::{Documents, Offer, explained, promise_listing, resolve_listing};
use omnistock_planner::{
    Action, Comparison, DriftClass, Facts, Parked, Risk, Target, Why, compare, decide, force, fresh, shown,
};
use omnistock_sdk::now;
use omnistock_words::{Millis, Mode, Quantity, Sku};

/// A number that is to be sent.
pub(super) struct Planned {
    pub(super) index: Index,
    pub(super) sku: Sku,
    pub(super) quantity: Quantity,
    pub(super) target: Quantity,
    pub(super) expected: Option<Quantity>,
    pub(super) drift: bool,
    /// Why there is drift, where that can be told.
    pub(super) class: Option<DriftClass>,
    pub(super) risk: Risk,
    pub(super) since: Millis,
}

/// What a listing should show, and what that is decided by.
#[derive(Clone, Copy)]
pub(super) struct Aim {
    pub(super) mode: Mode,
    pub(super) target: Target,
    pub(super) factor: Quantity,
    pub(super) fresh: bool,
    /// The number as a baseline for later ones.
    pub(super) base: Baseline,
    /// Other places of the vendor keep the listing on sale, whatever this one shows.
    pub(super) elsewhere: bool,
    /// Units of the SKU that safety stock keeps back.
    pub(super) withheld: Quantity,
}

/// What is left to do about a number, the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rest {
    Nothing,
    /// Nothing before all SKUs are looked at, which comes by itself.
    Later,
    Something,
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

    fn look_at(&mut self, sku: &Sku, documents: &Documents, planned: &mut Vec<Planned>) {
        let (listings, now) = (self.catalogue.of(sku), now());
        self.catalogue.take_up(&listings, &self.parts.channel);
        let Some(work) = self.work.get(sku).cloned() else {
            return;
        };
        self.sweeps(sku);
        let mut rest = Rest::Nothing;
        if !listings.is_empty() {
            // Without a readable ledger nothing is known: nothing is written, the mark stays.
            let Some(ledger) = documents.skus.get(sku) else {
                return self.work.wait(sku, now.plus(30_000));
            };
            let entries = listings.iter().filter_map(|index| self.catalogue.get(*index));
            let offers = entries.map(|entry| entry.document.listing.clone()).collect();
            let sight = self.sight(sku, documents, ledger, offers, &work, now);
            for index in listings {
                let before = planned.len();
                rest = rest.max(self.act(index, sku, &sight, work.since, now, planned));
                if let Some(write) = planned.get(before) {
                    self.work.queue(sku, write.risk);
                }
                self.look_at_price(index, sku, &sight, now);
                self.catalogue.show(index, self.gate, &self.parts.board);
            }
            self.keep_back(sku, &sight, now);
            self.tell_dark(sku, &sight, now);
        }
        match rest {
            Rest::Nothing => {
                if let Some(version) = self.work.done(sku) {
                    self.changes.clear(sku.clone(), version);
                }
            }
            Rest::Later => self.defer(sku),
            Rest::Something => {}
        }
    }

    /// Tells whether the SKU shows nothing here although there is some: then another channel may be the
    /// only one that sells the last units.
    fn tell_dark(&self, sku: &Sku, sight: &Sight<'_>, now: Millis) {
        if !self.by_home {
            return;
        }
        let zero = Some(Quantity::ZERO);
        let dark = |index| {
            let entry = self
                .catalogue
                .get(index)
                .filter(|entry| !entry.busy && !entry.document.unknown)?;
            let (document, read) = (&entry.document, entry.document.observed.as_ref()?);
            let nothing = document.confirmed() && read.quantity == zero && document.desired == zero;
            nothing.then_some(read.until)
        };
        let since: Option<Vec<Millis>> = self.catalogue.of(sku).into_iter().map(dark).collect();
        let some = || {
            let (settings, channel) = (&self.settings, &self.parts.channel);
            let promise = explained(settings, sight.documents, channel, sku, Offer::default(), now);
            promise.steps.first().is_some_and(|pool| pool.value.is_positive())
        };
        let since = since.and_then(|since| since.into_iter().max()).filter(|_| some());
        self.parts.board.set_dark(sku, since);
    }

    /// Carries out what needs no call, plans what does; what is left to do then.
    fn act(
        &mut self,
        index: Index,
        sku: &Sku,
        sight: &Sight<'_>,
        since: Millis,
        now: Millis,
        planned: &mut Vec<Planned>,
    ) -> Rest {
        let Some(entry) = self.catalogue.get(index) else {
            return Rest::Nothing;
        };
        if entry.busy {
            return Rest::Something; // Its outcome comes back here, with the newest number.
        }
        let wanted = self.aim(&entry, sku, sight, now);
        self.tell(index, sku, &wanted, sight, now);
        self.catalogue.looked(index, wanted.mode, wanted.target);
        self.compare(index, sight, &wanted, now);
        let first = self.catalogue.first_of(sku) == Some(index);
        let withheld = if first { wanted.withheld } else { Quantity::ZERO };
        self.catalogue.withhold(index, withheld, &self.parts.board);
        self.remember(index, &wanted, now);
        let aim = self.guarded(index, sku, sight, wanted, now);
        self.tell_strange(index, sku, sight, &aim, now);
        let Some(entry) = self.catalogue.get(index) else {
            return Rest::Nothing;
        };
        let (mut action, risk) = self.decide(&entry, sight, &aim, now);
        if entry.forced && matches!(action, Action::Nothing(Why::Matches { .. })) {
            action = force(&self.facts(&entry, sight, &aim, now));
        }
        if let Some(until) = pause(&entry, &action, &self.facts(&entry, sight, &aim, now)) {
            action = Action::Wait { until };
        }
        let Action::Write {
            quantity,
            target,
            expected,
            drift,
        } = action
        else {
            let rest = self.carry_out(index, sku, &action, aim.fresh, now);
            if matches!(action, Action::Nothing(Why::Matches { .. })) && !self.only_falls() {
                self.right(index, &aim);
                self.restored(index, wanted.mode);
            }
            // Until it is judged, it is looked at again.
            let waits = self.catalogue.get(index).is_some_and(|entry| entry.suspect.is_some());
            return if waits { self.left(index) } else { rest };
        };
        let class = drift.then(|| self.class(index, sight, &aim, now)).flatten();
        let sku = sku.clone();
        planned.push(Planned {
            index,
            sku,
            quantity,
            target,
            expected,
            drift,
            class,
            risk,
            since,
        });
        self.left(index)
    }

    /// Tells the history of a number that is new, before it is taken for the one that was wanted: with the next
    /// commit, or not at all.
    fn tell(&mut self, index: Index, sku: &Sku, aim: &Aim, sight: &Sight<'_>, now: Millis) {
        if let (Some(entry), Target::Number(number)) = (self.catalogue.get(index), aim.target)
            && entry.document.desired != Some(number)
        {
            let told = &mut self.changes.told;
            told.decided(&entry.document, sku, number, &sight.offers, sight.documents, now);
        }
    }

    /// What the listing should show by the newest ledger, and under which rules.
    pub(super) fn aim(&self, entry: &Entry, sku: &Sku, sight: &Sight<'_>, now: Millis) -> Aim {
        let (settings, channel) = (&self.settings, &self.parts.channel);
        let listing = Some(&entry.document.listing);
        let policy = resolve_listing(settings, channel, sku, &sight.ledger.attributes, listing, now);
        let offer = Offer {
            listing,
            all: &sight.offers,
        };
        let apart = self.by_listing || sight.offers.len() > 1;
        let own = apart.then(|| promise_listing(settings, sight.documents, channel, sku, offer, now));
        let promise = own.as_ref().unwrap_or(&sight.promise);
        sight.held.set(more(sight.held.get(), promise.held));
        let known = settings.bundles.contains_key(sku) || known(sight.ledger, promise.state);
        let target = if known {
            target(&entry.document, promise, &policy)
        } else {
            Target::Unknown
        };
        let falls = policy.mode == Mode::Live && (promise.only_decrease || self.only_falls());
        let number = if let Target::Number(number) = target {
            number
        } else {
            Quantity::ZERO
        };
        let taken = taken(settings, sight.documents, channel, sku, now);
        Aim {
            base: Baseline::of(number, promise, taken),
            elsewhere: entry.document.location.is_some() && promise.quantity.is_some_and(Quantity::is_positive),
            mode: if falls { Mode::DecreaseOnly } else { policy.mode },
            target,
            factor: policy.factor,
            withheld: promise.withheld,
            fresh: fresh(&entry.document, entry.asked_at, sight.marked_at, entry.reads, now),
        }
    }

    pub(super) fn facts<'a>(&'a self, entry: &'a Entry, sight: &'a Sight<'_>, aim: &Aim, now: Millis) -> Facts<'a> {
        Facts {
            vendor: &self.vendor,
            mode: aim.mode,
            gate: self.gate || self.falls,
            target: aim.target,
            factor: aim.factor,
            document: &entry.document,
            lines: &sight.lines,
            sole: sight.sole,
            fresh: aim.fresh,
            reserved: &entry.reserved,
            reads: entry.reads,
            since: sight.seen_at,
            orders: self.orders,
            settings: self.stamp,
            now,
        }
    }

    fn decide(&self, entry: &Entry, sight: &Sight<'_>, aim: &Aim, now: Millis) -> (Action, Risk) {
        let facts = self.facts(entry, sight, aim, now);
        let action = decide(&facts);
        let risk = match &action {
            Action::Write { quantity, .. } => Risk::of(*quantity, shown(&facts).map(|span| span.high)),
            _ => Risk::Increase,
        };
        (action, risk)
    }

    fn carry_out(&mut self, index: Index, sku: &Sku, action: &Action, fresh: bool, now: Millis) -> Rest {
        match action {
            // It rises once every listing was read: then everything is looked at again.
            Action::Nothing(Why::OnlyDecrease) if self.only_falls() => return self.left(index).min(Rest::Later),
            Action::Nothing(why) if why.settled() => return self.settle_listing(index, *why, fresh, now),
            // The gate's change looks at everything.
            Action::Nothing(_) => return self.left(index).min(Rest::Later),
            Action::Write { .. } => {}
            Action::Read => self.ask(index, now),
            Action::FetchOrdersFirst => self.work.wait_for_orders(sku),
            Action::Wait { until } => self.work.wait(sku, *until),
            Action::Park(reason) => {
                let settings = self.stamp;
                if let Some(entry) = self.catalogue.get_mut(index) {
                    let target = entry.document.desired;
                    entry.document.parked = Some(Parked {
                        reason: (*reason).to_owned(),
                        at: now,
                        target,
                        settings,
                    });
                }
                self.changes.touch(index);
                return self.settle_listing(index, Why::Parked, false, now);
            }
        }
        self.left(index)
    }

    /// Has it read. A reading that is still to come is waited for: asking anew each time something
    /// changes would never end.
    fn ask(&mut self, index: Index, now: Millis) {
        let Some(entry) = self.catalogue.get_mut(index) else {
            return;
        };
        let read = entry.document.observed.as_ref().map(|read| read.at);
        let waiting = entry.asked_at.is_some_and(|asked| read.is_none_or(|read| read < asked));
        if !waiting {
            entry.asked_at = Some(now);
        }
        if !waiting || !entry.reading {
            self.catalogue.schedule(index, now);
        }
    }

    fn left(&mut self, index: Index) -> Rest {
        if let Some(entry) = self.catalogue.get_mut(index) {
            entry.pending = true;
        }
        Rest::Something
    }

    fn settle_listing(&mut self, index: Index, why: Why, fresh: bool, now: Millis) -> Rest {
        let Some(entry) = self.catalogue.get_mut(index) else {
            return Rest::Nothing;
        };
        // Its reading is kept until the next mark: another listing of the SKU may still wait for one,
        // and asking each for a new one in turn would never settle both.
        entry.pending = false;
        if entry.document.settled(why, fresh) {
            self.changes.touch(index);
        }
        if why == (Why::Matches { verify: true }) {
            let overlap = 2 * (self.vendor.grain + self.vendor.skew) + 1_000;
            self.catalogue.schedule(index, now.plus(overlap));
        }
        Rest::Nothing
    }
}

/// Until when a number that the channel said yes to, and did not take, is not sent to it once more. What sales since
/// then explain was taken.
fn pause(entry: &Entry, action: &Action, facts: &Facts<'_>) -> Option<Millis> {
    let writes = matches!(action, Action::Write { .. } | Action::FetchOrdersFirst);
    let Target::Number(number) = facts.target else {
        return None;
    };
    let not_applied = || matches!(compare(facts), Comparison::Differs(DriftClass::NotApplied, _));
    let waits = writes && !entry.forced && not_applied();
    let until = entry.document.again(number).filter(|_| waits)?;
    (until > facts.now).then_some(until)
}
