//! What the ledger's owner tells people.

use omnistock_engine::Overdue;
use omnistock_sdk::now;
use omnistock_words::{ConnectorName, Millis, Sku};
use std::collections::BTreeMap;
use std::sync::Mutex;

/// Lines beyond their `absorb_alarm` that are named, at most; the rest is only counted.
pub(super) const NAMED: usize = 20;

/// Order lines that no figure contains although it should by now.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OverdueLines {
    /// How many.
    pub count: u64,
    /// The first of them.
    pub named: Vec<(Sku, Overdue)>,
}

/// What the owner tells people.
#[derive(Default)]
pub struct LedgerBoard {
    inner: Mutex<Numbers>,
}

#[derive(Default, Clone)]
struct Numbers {
    events: u64,
    commits: u64,
    complaints: BTreeMap<String, (u64, String)>,
    error: Option<String>,
    woke: Option<Millis>,
    overdue: OverdueLines,
    forgotten: u64,
    cutovers: BTreeMap<ConnectorName, Millis>,
    mirror: Option<String>,
}

impl LedgerBoard {
    fn with<T>(&self, change: impl FnOnce(&mut Numbers) -> T) -> T {
        change(&mut self.inner.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    /// Events applied and commits made since the start.
    pub fn totals(&self) -> (u64, u64) {
        self.with(|numbers| (numbers.events, numbers.commits))
    }

    /// Complaints by name: how often, and the latest in words.
    pub fn complaints(&self) -> BTreeMap<String, (u64, String)> {
        self.with(|numbers| numbers.complaints.clone())
    }

    /// Why nothing is applied right now.
    pub fn error(&self) -> Option<String> {
        self.with(|numbers| numbers.error.clone())
    }

    /// Whether the owner's loop has woken within the last ten seconds, whether or not its work succeeded.
    pub fn awake(&self, now: Millis) -> bool {
        self.with(|numbers| numbers.woke.is_none_or(|woke| now.since(woke) < 10_000))
    }

    /// When the owner's loop last woke.
    pub fn woke_at(&self) -> Option<Millis> {
        self.with(|numbers| numbers.woke)
    }

    /// Order lines beyond their `absorb_alarm`, as of the newest complete walk.
    pub fn overdue(&self) -> OverdueLines {
        self.with(|numbers| numbers.overdue.clone())
    }

    /// Orders that were forgotten since the start, because both their lives ended long ago.
    pub fn forgotten(&self) -> u64 {
        self.with(|numbers| numbers.forgotten)
    }

    /// The cutover of each source.
    pub fn cutovers(&self) -> BTreeMap<ConnectorName, Millis> {
        self.with(|numbers| numbers.cutovers.clone())
    }

    /// Why the cutovers are not mirrored outside the store.
    pub fn mirror_error(&self) -> Option<String> {
        self.with(|numbers| numbers.mirror.clone())
    }

    pub(super) fn set_overdue(&self, overdue: OverdueLines) {
        self.with(|numbers| {
            if overdue.count > numbers.overdue.count {
                let named = overdue
                    .named
                    .first()
                    .map(|(sku, line)| format!("{} line {} of {sku}", line.key, line.line));
                let named = named.unwrap_or_default();
                tracing::warn!(
                    "{} order lines are contained in no figure although they should be, first {named}",
                    overdue.count
                );
            }
            numbers.overdue = overdue;
        });
    }

    pub(super) fn forgot(&self, orders: u64) {
        self.with(|numbers| numbers.forgotten += orders);
    }

    pub(super) fn set_cutovers(&self, cutovers: BTreeMap<ConnectorName, Millis>, mirror: Option<String>) {
        self.with(|numbers| (numbers.cutovers, numbers.mirror) = (cutovers, mirror));
    }

    pub(super) fn applied(&self, events: u64) {
        self.with(|numbers| {
            numbers.events += events;
            numbers.commits += 1;
            numbers.error = None;
        });
    }

    pub(super) fn set_error(&self, error: Option<String>) {
        self.with(|numbers| numbers.error = error);
    }

    pub(super) fn woke(&self) {
        self.with(|numbers| numbers.woke = Some(now()));
    }

    pub(super) fn complain(&self, name: &str, sentence: String) {
        self.with(|numbers| {
            // Names are the engine's own finite set.
            let entry = numbers.complaints.entry(name.to_owned()).or_default();
            *entry = (entry.0 + 1, sentence);
        });
    }
}
