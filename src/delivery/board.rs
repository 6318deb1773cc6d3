//! What people see of a channel. Counters are atomics, so that looking costs the worker nothing.

use super::approved::Approvals;
use super::audit::AuditBoard;
use super::echo::Echoes;
use super::falls::FallBoard;
use super::figures::Figures;
use super::found::Finding;
use super::gaps::GapBoard;
use super::hold::{Asked, ChannelHold, HoldDecision};
use super::kept::KeptBack;
use super::listed_skus::ListedSkus;
use super::price_board::PriceBoard;
use super::told::Told;
use super::vendor_clock::ClockBoard;
use super::wish::Wishes;
use super::{LagHistogram, SkuBook};
use omnistock_planner::{Class, ListingState, RampStanding, Usage, Waiting};
use omnistock_words::{ListingId, Millis, Mode, Sku, VendorLocation};
use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// Listings that a list names, at most; beyond it only the count goes on.
pub(super) const MOST_LISTED: usize = 200;
/// Pushes whose time nobody took yet, at most.
const MOST_PUSHES: usize = 256;
/// SKUs at zero that are told, at most: the last units of the others stay held back.
const MOST_DARK: usize = 50_000;

/// A listing that the channel refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParkedListing {
    /// The vendor's id.
    pub listing: ListingId,
    /// The vendor's location.
    pub location: Option<VendorLocation>,
    /// What it sells.
    pub sku: Option<Sku>,
    /// The vendor's own words, or what to do on its side.
    pub reason: String,
    /// Since when, where it was a refusal.
    pub at: Option<Millis>,
}

/// A listing without a SKU, or with one that no source knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnmappedListing {
    /// The vendor's id.
    pub listing: ListingId,
    /// The vendor's location.
    pub location: Option<VendorLocation>,
    /// The SKU the vendor has for it.
    pub sku: Option<Sku>,
}

/// Counters of one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BoardTotals {
    /// Calls to the vendor.
    pub calls: u64,
    /// Numbers that were accepted.
    pub writes: u64,
    /// Numbers that were read.
    pub reads: u64,
    /// Numbers that differed from what was accepted without an order that explains it.
    pub drift: u64,
    /// Failed calls and items: retry, unknown, rejected, operator.
    pub errors: [u64; 4],
    /// Complete read-backs.
    pub audits: u64,
    /// SKUs that wait to be looked at or written.
    pub waiting: u64,
}

#[derive(Debug, Default)]
pub(super) struct Texts {
    pub(super) parked: BTreeMap<String, ParkedListing>,
    pub(super) unmapped: BTreeMap<String, UnmappedListing>,
    error: Option<(Millis, String)>,
    stopped: Option<String>,
    store: Option<String>,
    limits: (Vec<Usage>, Option<Waiting>),
    mode: Option<Mode>,
    ramp: Option<RampStanding>,
}

/// A hold of the channel, and a person's decision about it that was not carried out yet.
#[derive(Debug, Default)]
struct HoldFacts {
    hold: Option<ChannelHold>,
    skus: HashSet<Sku>,
    asked: Option<Asked>,
}

/// What a channel's worker tells. Written by the worker, read by anybody.
#[derive(Debug, Default)]
pub struct ChannelBoard {
    /// From the first mark of a change to the channel's yes.
    pub lag: LagHistogram,
    pub(super) clock: ClockBoard,
    pub(super) echoes: Echoes,
    pub(super) states: [AtomicU64; ListingState::ALL.len()],
    calls: AtomicU64,
    writes: AtomicU64,
    reads: AtomicU64,
    audits: AtomicU64,
    waiting: AtomicU64,
    errors: [AtomicU64; 4],
    /// The SKUs of all listings, and whether a complete read-back has shown them all.
    listed: ListedSkus,
    complete: AtomicBool,
    breaker: AtomicBool,
    texts: Mutex<Texts>,
    hold: Mutex<HoldFacts>,
    pub(super) kept: Mutex<KeptBack>,
    pub(super) prices: PriceBoard,
    pub(super) gaps: GapBoard,
    pub(super) audit: AuditBoard,
    pub(super) falls: FallBoard,
    pub(super) figures: Figures,
    pub(super) wishes: Wishes,
    pub(super) finding: Finding,
    pub(super) told: Told,
    pub(super) approvals: Approvals,
    pub(super) drained: AtomicU64,
    /// How long the newest pushes took, until somebody takes them.
    pushes: Mutex<VecDeque<i64>>,
    /// SKUs that are confirmed to show nothing although there is some, and since when.
    dark: Mutex<BTreeMap<Sku, Millis>>,
}

impl ChannelBoard {
    pub(super) fn texts(&self) -> MutexGuard<'_, Texts> {
        self.texts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many listings are in each state, in the order of [`ListingState::ALL`]: they add up to the catalogue.
    pub fn states(&self) -> Vec<(ListingState, u64)> {
        let counts = self.states.iter().map(|count| count.load(Ordering::Relaxed));
        ListingState::ALL.into_iter().zip(counts).collect()
    }

    /// How many listings are in this state.
    pub fn count(&self, state: ListingState) -> u64 {
        self.states()
            .into_iter()
            .find(|(other, _)| *other == state)
            .map_or(0, |(_, count)| count)
    }

    /// Counters.
    pub fn totals(&self) -> BoardTotals {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        BoardTotals {
            calls: load(&self.calls),
            writes: load(&self.writes),
            reads: load(&self.reads),
            drift: self.all_drift(),
            errors: std::array::from_fn(|class| self.errors.get(class).map_or(0, load)),
            audits: load(&self.audits),
            waiting: load(&self.waiting),
        }
    }

    /// Nobody works at the channel yet. Boards of channels that list the same SKUs share a book of them.
    pub fn new(book: Arc<SkuBook>) -> Self {
        Self {
            listed: ListedSkus::new(book),
            ..Self::default()
        }
    }

    /// Whether the channel lists the SKU; `None` before its listings were read completely.
    pub fn lists(&self, sku: &Sku) -> Option<bool> {
        let listed = self.listed.contains(sku);
        (listed || self.complete.load(Ordering::Acquire)).then_some(listed)
    }

    pub(super) fn book(&self) -> &Arc<SkuBook> {
        self.listed.book()
    }

    /// How long pushes took since the last call, milliseconds, from the decision to the yes.
    pub fn take_pushes(&self) -> Vec<i64> {
        let mut pushes = self.pushes.lock().unwrap_or_else(PoisonError::into_inner);
        pushes.drain(..).collect()
    }

    /// SKUs of which every listing was read to show nothing although there is some, and since when;
    /// only where some channel is to show the last units.
    pub fn at_zero(&self) -> BTreeMap<Sku, Millis> {
        self.dark.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn pushed(&self, lag: i64) {
        let mut pushes = self.pushes.lock().unwrap_or_else(PoisonError::into_inner);
        if pushes.len() >= MOST_PUSHES {
            pushes.pop_front();
        }
        pushes.push_back(lag);
    }

    /// The SKU shows nothing since then; `None`: it shows something.
    pub(super) fn set_dark(&self, sku: &Sku, since: Option<Millis>) {
        let mut dark = self.dark.lock().unwrap_or_else(PoisonError::into_inner);
        match since {
            Some(since) if dark.len() < MOST_DARK => drop(dark.entry(sku.clone()).or_insert(since)),
            Some(_) => {}
            None => drop(dark.remove(sku)),
        }
    }

    /// The first parked listings; how many there are is in the states.
    pub fn parked(&self) -> Vec<ParkedListing> {
        self.texts().parked.values().cloned().collect()
    }

    /// The first unmapped listings; how many there are is in the states.
    pub fn unmapped(&self) -> Vec<UnmappedListing> {
        self.texts().unmapped.values().cloned().collect()
    }

    /// The last error and when it was.
    pub fn last_error(&self) -> Option<(Millis, String)> {
        self.texts().error.clone()
    }

    /// Whether calls are held back because they failed, but for a probe now and then.
    pub fn breaker_open(&self) -> bool {
        self.breaker.load(Ordering::Relaxed)
    }

    /// Why the channel stands still until a person has acted.
    pub fn stopped(&self) -> Option<String> {
        self.texts().stopped.clone()
    }

    /// What the store says, while it can't be written.
    pub fn store_error(&self) -> Option<String> {
        self.texts().store.clone()
    }

    /// The channel's own mode, without rules; `None` before the worker has begun.
    pub fn mode(&self) -> Option<Mode> {
        self.texts().mode
    }

    /// How much of each limit of the account is used, and why calls wait for one.
    pub fn limits(&self) -> (Vec<Usage>, Option<Waiting>) {
        self.texts().limits.clone()
    }

    pub(super) fn set_limits(&self, limits: (Vec<Usage>, Option<Waiting>)) {
        self.texts().limits = limits;
    }

    fn hold_facts(&self) -> MutexGuard<'_, HoldFacts> {
        self.hold.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a guard stopped at this channel.
    pub fn hold(&self) -> Option<ChannelHold> {
        self.hold_facts().hold.clone()
    }

    /// Whether a guard holds a listing of the SKU: then every sale has to reach it.
    pub fn holds(&self, sku: &Sku) -> bool {
        self.hold_facts().skus.contains(sku)
    }

    /// Hands a person's decision to the worker. The answer comes once it is durable; `None`: there is no
    /// such hold, or an earlier decision is being carried out.
    pub fn decide(&self, id: &str, decision: HoldDecision) -> Option<oneshot::Receiver<()>> {
        let mut facts = self.hold_facts();
        let price = || self.price_holds().iter().any(|hold| hold.id == id);
        let known = facts.hold.as_ref().is_some_and(|hold| hold.id == id) || price();
        if !known || facts.asked.as_ref().is_some_and(|asked| !asked.done.is_closed()) {
            return None;
        }
        let (done, answer) = oneshot::channel();
        facts.asked = Some(Asked {
            id: id.to_owned(),
            decision,
            done,
        });
        Some(answer)
    }

    pub(super) fn asked(&self) -> Option<Asked> {
        self.hold_facts().asked.take()
    }

    pub(super) fn set_hold(&self, hold: Option<ChannelHold>, skus: HashSet<Sku>) {
        let mut facts = self.hold_facts();
        (facts.hold, facts.skus) = (hold, skus);
    }

    pub(super) fn call(&self) {
        self.calls.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn wrote(&self) {
        self.writes.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn read(&self, count: usize) {
        self.reads.fetch_add(count as u64, Ordering::Relaxed);
    }

    pub(super) fn audited(&self) {
        self.audits.fetch_add(1, Ordering::Relaxed);
        self.complete.store(true, Ordering::Release);
    }

    /// A listing of a SKU has come: the SKU's number.
    pub(super) fn listed(&self, sku: &Sku) -> u32 {
        self.listed.insert(sku)
    }

    /// The last listing of a SKU has gone.
    pub(super) fn unlisted(&self, number: u32) {
        self.listed.remove(number);
    }

    /// SKUs that wait, and whether calls are held back because they failed.
    pub(super) fn set_waiting(&self, count: usize, failing: bool) {
        self.breaker.store(failing, Ordering::Relaxed);
        self.waiting.store(count as u64, Ordering::Relaxed);
    }

    /// How many listings may change in the channel's first hour, while it lasts.
    pub fn ramp(&self) -> Option<RampStanding> {
        self.texts().ramp
    }

    pub(super) fn set_ramp(&self, ramp: Option<RampStanding>) {
        self.texts().ramp = ramp;
    }

    pub(super) fn set_mode(&self, mode: Option<Mode>) {
        self.texts().mode = mode;
    }

    pub(super) fn error(&self, class: Class, now: Millis, sentence: &str) {
        let place = match class {
            Class::Retry { .. } => 0,
            Class::Unknown => 1,
            Class::Rejected => 2,
            Class::Operator => 3,
        };
        if let Some(counter) = self.errors.get(place) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
        self.texts().error = Some((now, sentence.to_owned()));
    }

    pub(super) fn set_stopped(&self, sentence: Option<String>) {
        self.texts().stopped = sentence;
    }

    pub(super) fn set_store_error(&self, sentence: Option<String>) {
        self.texts().store = sentence;
    }

    /// Forgets the listings: the worker begins anew.
    pub(super) fn clear(&self) {
        self.answers_finds(false);
        self.states.iter().for_each(|count| count.store(0, Ordering::Relaxed));
        self.clear_prices();
        self.gaps.clear();
        self.clear_units();
        self.audit.clear();
        self.set_fallen(None);
        self.drained.store(0, Ordering::Relaxed);
        self.complete.store(false, Ordering::Release);
        self.listed.clear();
        self.dark.lock().unwrap_or_else(PoisonError::into_inner).clear();
        let mut texts = self.texts();
        texts.parked.clear();
        texts.unmapped.clear();
    }

    /// Nobody works at the channel any more: nothing is known of it, and no decision will be carried out.
    pub fn forget(&self) {
        self.clear();
        *self.hold_facts() = HoldFacts::default();
        self.set_price_holds(Vec::new());
        self.forget_wishes();
        self.forget_told();
    }
}
