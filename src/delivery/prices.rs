//! Prices of a channel: what is going on with them, and deciding about one at a look.
//!
//! A price never keeps a SKU's mark: when its numbers are right the mark is cleared, and what is left to do
//! about its price is in memory. Every start reads all listings and looks at all of them, so nothing is lost.

use super::catalogue::Index;
use super::sight::{Sight, known};
use super::turns::Turns;
use super::worker::Worker;
use omnistock_engine::guard::{PriceChange, Window};
use omnistock_engine::{PriceAnswer, PriceGap, promise_listing, resolve_listing};
use omnistock_planner::{ParkedPrice, PriceAction, PriceDocument, PriceFacts, PriceTarget, decide_price};
use omnistock_sdk::{Connector, PriceTerms};
use omnistock_words::{ChannelName, Millis, Mode, Money, Percent, Price, Settings, Sku};
use std::collections::BTreeMap;

/// What is going on with the price of one listing.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct PriceEntry {
    /// What it should ask, as of the last look.
    pub(super) target: PriceTarget,
    /// Why there is none.
    pub(super) gap: Option<String>,
    /// A write with it is on its way.
    pub(super) busy: bool,
    /// A guard has to judge it first.
    pub(super) suspect: bool,
    /// Judged, and let go.
    pub(super) passed: Option<Money>,
    /// Something is left to do, since then.
    pub(super) since: Option<Millis>,
}

impl Default for PriceEntry {
    fn default() -> Self {
        Self {
            target: PriceTarget::Unknown,
            gap: None,
            busy: false,
            suspect: false,
            passed: None,
            since: None,
        }
    }
}

/// A price that is to be sent.
#[derive(Debug, Clone)]
pub(super) struct PlannedPrice {
    pub(super) sku: Sku,
    pub(super) price: Price,
    pub(super) drift: bool,
    pub(super) since: Millis,
}

/// What a worker knows of its channel's prices beside its listings.
pub(super) struct Prices {
    /// What the vendor takes; `None`: its prices can't be written, or none are configured.
    pub(super) terms: Option<PriceTerms>,
    /// Listings were read without their prices: the next complete read-back comes at once.
    pub(super) unread: bool,
    /// To be sent with the next calls.
    pub(super) planned: BTreeMap<Index, PlannedPrice>,
    /// SKUs whose price waits for room or for a time.
    pub(super) turns: Turns<Sku>,
    /// Listings whose price is to be read.
    pub(super) reads: Turns<Index>,
    /// What a guard has to judge.
    pub(super) suspects: BTreeMap<Index, PriceChange<Index>>,
    /// Listings whose price single changes moved.
    pub(super) recent: Window<Index>,
    /// What people are told is not what is held any more.
    pub(super) changed: bool,
}

/// Whether the channel's prices are kept: some layer names a list.
fn configured(settings: &Settings, channel: &ChannelName) -> bool {
    let own = settings.channels.get(channel);
    own.is_some_and(|own| own.policy.price.list.is_some())
        || settings.rules.iter().any(|rule| rule.set.price.list.is_some())
}

fn terms(connector: &dyn Connector, settings: &Settings, channel: &ChannelName) -> Option<PriceTerms> {
    let role = connector.prices()?;
    configured(settings, channel).then(|| role.terms())
}

impl Prices {
    pub(super) fn new(connector: &dyn Connector, settings: &Settings, channel: &ChannelName) -> Self {
        Self {
            terms: terms(connector, settings, channel),
            unread: false,
            planned: BTreeMap::new(),
            turns: Turns::default(),
            reads: Turns::default(),
            suspects: BTreeMap::new(),
            recent: Window::default(),
            changed: false,
        }
    }
}

impl Worker {
    /// The settings are others: prices that were nobody's business may be kept now.
    pub(super) fn price_settings_changed(&mut self, now: Millis) {
        let parts = &self.parts;
        let terms = terms(parts.connector.as_ref(), &self.settings, &parts.channel);
        let newly = terms.is_some() && self.prices.terms.is_none();
        self.prices.terms = terms;
        if newly && self.audit.is_none() {
            self.audit_at = now;
        } else {
            self.prices.unread |= newly;
        }
    }

    /// When something about prices has its time; only where there is room.
    pub(super) fn next_price(&self) -> Option<Millis> {
        self.prices.terms?;
        let turn = self.prices.turns.next().filter(|_| self.primed);
        [turn, self.prices.reads.next()].into_iter().flatten().min()
    }

    /// SKUs whose price may go out now, where there is room.
    pub(super) fn take_price_turns(&mut self, now: Millis) {
        let most = self.room(now) * self.prices.terms.map_or(0, |terms| terms.max_write);
        for sku in self.prices.turns.take(now, most) {
            self.work.look(&sku, now, now);
        }
    }

    /// Decides about the price of one listing of the SKU.
    pub(super) fn look_at_price(&mut self, index: Index, sku: &Sku, sight: &Sight<'_>, now: Millis) {
        let Some(entry) = self.catalogue.get(index).filter(|entry| entry.document.price.is_some()) else {
            return;
        };
        let listing = Some(&entry.document.listing);
        let (settings, channel) = (&self.settings, &self.parts.channel);
        let policy = resolve_listing(settings, channel, sku, &sight.ledger.attributes, listing, now);
        let (mode, jump) = (policy.mode, policy.guard.price_jump);
        let (target, gap) = self.price_target(index, sku, sight, now);
        self.prices.suspects.remove(&index);
        if let Some(entry) = self.catalogue.get_mut(index) {
            let known = entry.price.get_or_insert_default();
            (known.target, known.gap) = (target, gap);
        }
        if self.catalogue.price(index).is_some_and(|(known, _)| known.busy) {
            return; // Its outcome comes back here, with the newest price.
        }
        let writes = !matches!(mode, Mode::Observe | Mode::Shadow | Mode::Frozen) && self.prices.terms.is_some();
        let suspect = writes && self.guarded_price(index, target, jump);
        if let Some((known, _)) = self.catalogue.price(index) {
            known.suspect = suspect;
        }
        let Some(entry) = self.catalogue.get(index) else { return };
        let facts = PriceFacts {
            mode,
            gate: self.gate && self.primed && self.prices.terms.is_some(),
            target,
            document: &entry.document,
            suspect,
            settings: self.stamp,
            now,
        };
        let action = decide_price(&facts);
        self.carry_out_price(index, (sku, target), action, now);
    }

    /// What the listing should ask by the newest ledger; where there is no price, why.
    fn price_target(&self, index: Index, sku: &Sku, sight: &Sight<'_>, now: Millis) -> (PriceTarget, Option<String>) {
        let Some(terms) = self.prices.terms else {
            return (PriceTarget::Unmanaged, None);
        };
        let settings = &self.settings;
        let own = self.catalogue.get(index).filter(|_| self.by_listing).map(|entry| {
            let offer = omnistock_engine::Offer {
                listing: Some(&entry.document.listing),
                all: &sight.offers,
            };
            promise_listing(settings, sight.documents, &self.parts.channel, sku, offer, now)
        });
        let promise = own.as_ref().unwrap_or(&sight.promise);
        let compared = promise.compare_at.as_ref().filter(|_| terms.compares());
        match &promise.price {
            PriceAnswer::Price(amount) => {
                let compare_at = match compared {
                    Some(PriceAnswer::Price(compared)) => Some(*compared),
                    _ => None,
                };
                let price = Price {
                    amount: *amount,
                    compare_at,
                };
                (PriceTarget::Price(price), None)
            }
            PriceAnswer::None(PriceGap::NoList) => (PriceTarget::Unmanaged, None),
            PriceAnswer::None(gap) => {
                let known = settings.bundles.contains_key(sku) || known(sight.ledger, promise.state);
                let target = if known {
                    PriceTarget::Missing
                } else {
                    PriceTarget::Unknown
                };
                (target, Some(gap.to_string()))
            }
        }
    }

    /// Takes over what may be written as far as guards go: true where one has to judge it first.
    fn guarded_price(&mut self, index: Index, target: PriceTarget, jump: Percent) -> bool {
        let PriceTarget::Price(target) = target else {
            return false;
        };
        if self.still_held_price(index, target.amount, jump) {
            return false;
        }
        let Some((known, document)) = self.catalogue.price(index) else {
            return false;
        };
        let Some(old) = document.published(target.currency()) else {
            return false;
        };
        if old == target.amount {
            known.passed = None;
            self.prices.recent.forget(&index);
            return false;
        }
        let let_out = Some(target.amount);
        if known.passed == let_out || document.released == let_out || !(self.gate && self.primed) {
            return false;
        }
        let change = PriceChange {
            key: index,
            old,
            new: target.amount,
            jump,
        };
        self.prices.suspects.insert(index, change);
        true
    }

    fn carry_out_price(&mut self, index: Index, (sku, target): (&Sku, PriceTarget), action: PriceAction, now: Millis) {
        let settings = self.stamp;
        let Some((known, document)) = self.catalogue.price(index) else {
            return;
        };
        let before = document.clone();
        if let PriceTarget::Price(price) = target {
            document.desired = Some(price);
        }
        let waits = matches!(
            action,
            PriceAction::Write { .. } | PriceAction::Wait { .. } | PriceAction::Read
        );
        known.since = if waits { known.since.or(Some(now)) } else { None };
        match (action, target) {
            (PriceAction::Write { drift }, PriceTarget::Price(price)) => {
                let since = known.since.unwrap_or(now);
                let planned = PlannedPrice {
                    sku: sku.clone(),
                    price,
                    drift,
                    since,
                };
                self.prices.planned.insert(index, planned);
            }
            (PriceAction::Wait { until }, _) => self.prices.turns.set(sku.clone(), until),
            (PriceAction::Read, _) => self.prices.reads.set(index, now),
            (PriceAction::Park(reason), PriceTarget::Price(price)) => {
                let at = now;
                document.parked = Some(ParkedPrice {
                    reason,
                    at,
                    price,
                    settings,
                });
            }
            (PriceAction::Matches, PriceTarget::Price(price)) => document.matched(price),
            _ => {}
        }
        if told_apart(&before, document) {
            self.changes.touch(index);
        }
    }
}

/// Whether something has changed that a restart should know; what it should ask is computed anew.
pub(super) fn told_apart(before: &PriceDocument, after: &PriceDocument) -> bool {
    let read = |document: &PriceDocument| document.observed.as_ref().map(|read| read.prices.clone());
    let flags = |document: &PriceDocument| (document.unknown, document.undone, document.released);
    read(before) != read(after)
        || before.parked != after.parked
        || before.held != after.held
        || before.accepted != after.accepted
        || flags(before) != flags(after)
        || before.desired != after.desired
}
