//! Judges apart from the engine: they know the world's truth and their own small ledger, and check
//! the invariants I1 to I16 after every event or at the end.

mod bound;
mod calls;
mod checks;
mod end;
mod follow;
pub(crate) mod mirror;
mod price;
mod promise;

use crate::scenario::Scenario;
use omnistock_words::ReservationId;
use std::collections::BTreeMap;

/// What was broken, when, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Violation {
    /// Such as `I1`.
    pub(crate) invariant: &'static str,
    pub(crate) t: i64,
    pub(crate) sentence: String,
    /// The SKU that it is about.
    pub(crate) sku: Option<String>,
}

/// Units set aside through our own interface.
#[derive(Debug, Clone)]
pub(crate) struct Reserve {
    pub(crate) id: ReservationId,
    pub(crate) article: usize,
    pub(crate) place: usize,
    pub(crate) units: i64,
    pub(crate) expires: i64,
}

/// What the oracles remember of one listing.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Seen {
    /// Generation of the store, and the newest version of the ledgers that a number was made from.
    pub(crate) version: (u64, u64),
}

/// What the oracles know of a daemon's life.
#[derive(Debug, Clone, Default)]
pub(crate) struct Life {
    pub(crate) polled: Vec<bool>,
    pub(crate) read_back: Vec<bool>,
}

pub(crate) struct Oracle {
    pub(crate) violation: Option<Violation>,
    /// What bundles were made of when an order bought them.
    pub(crate) compositions: BTreeMap<(usize, usize), Vec<(usize, i64)>>,
    /// Article, place, units, when.
    pub(crate) movements: Vec<(usize, usize, i64, i64)>,
    pub(crate) reservations: Vec<Reserve>,
    pub(crate) seen: Vec<Vec<Seen>>,
    pub(crate) lives: Vec<Life>,
    /// By channel: when which article was pushed to zero although there was plenty.
    pub(crate) zeroed: Vec<Vec<(i64, usize)>>,
    /// By channel: calls while it refuses everything.
    pub(crate) refused: Vec<Vec<i64>>,
    /// By channel: when calls were lost, each of which keeps its place until its deadline.
    pub(crate) lost: Vec<Vec<i64>>,
    pub(crate) quiet_at: i64,
    /// By channel: since when nothing hinders it.
    pub(crate) clear_since: Vec<i64>,
    pub(crate) checks: u64,
    pub(crate) oversold: u64,
    /// Prices that a person approved: channel, listing, cents.
    pub(crate) approved: Vec<(usize, usize, i64)>,
    /// What was applied, for the shuffle at the end.
    pub(crate) log: Vec<std::rc::Rc<omnistock_engine::Event>>,
}

impl Oracle {
    pub(crate) fn new(scenario: &Scenario, listings: &[usize]) -> Self {
        let shops = scenario.shops.len();
        Self {
            violation: None,
            compositions: BTreeMap::new(),
            movements: Vec::new(),
            reservations: Vec::new(),
            seen: listings.iter().map(|count| vec![Seen::default(); *count]).collect(),
            lives: vec![Life::default(); scenario.daemons],
            zeroed: vec![Vec::new(); shops],
            refused: vec![Vec::new(); shops],
            lost: vec![Vec::new(); shops],
            quiet_at: i64::MAX / 2,
            clear_since: vec![0; shops],
            checks: 0,
            oversold: 0,
            approved: Vec::new(),
            log: Vec::new(),
        }
    }

    pub(crate) fn starts(&mut self, daemon: usize) {
        let shops = self.zeroed.len();
        self.lives[daemon] = Life {
            polled: vec![false; shops],
            read_back: vec![false; shops],
        };
    }

    pub(crate) fn read_back(&mut self, daemon: usize, shop: usize) {
        self.lives[daemon].read_back[shop] = true;
    }
}
