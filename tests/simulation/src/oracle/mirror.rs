//! What the oracles know to be durable: their own ledger, in whole numbers, apart from the engine's.

use crate::numbered::Numbered;
use crate::scenario::Scenario;
use crate::world::World;
use omnistock_words::OrderStatus;
use std::collections::BTreeMap;

/// The newest state of an order that is in the ledgers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) number: i64,
    pub(crate) sequence: i64,
    pub(crate) state: usize,
}

/// One line of an order, as it touches a simple article.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Touch {
    pub(crate) order: usize,
    pub(crate) line: usize,
    pub(crate) per: i64,
}

/// Goes back with the store when that loses its tail.
#[derive(Clone)]
pub(crate) struct Mirror {
    pub(crate) known: Numbered<Known>,
    pub(crate) forgotten: Numbered<Known>,
    /// By simple article.
    pub(crate) touches: Vec<Vec<Touch>>,
    /// By cell: since when, and what the ERP rightly said then.
    pub(crate) base: Vec<Option<(i64, i64)>>,
    /// The newest complete snapshot.
    pub(crate) complete: Option<i64>,
    /// By cell: movements that are known.
    pub(crate) movements: Vec<Vec<usize>>,
    /// Reservations that were granted.
    pub(crate) granted: Vec<usize>,
    /// By [`Mirror::line`]: as of when the newest statement of it is, and of how many units it says that figures
    /// hold them.
    pub(crate) stated: Numbered<(i64, i64)>,
    /// Article, cost list → cents.
    pub(crate) prices: BTreeMap<(usize, bool), i64>,
    /// Channel, listing → cents last pushed, as far as the store can know: its guard compares with that.
    pub(crate) asked: BTreeMap<(usize, usize), i64>,
}

impl Mirror {
    pub(crate) fn new(scenario: &Scenario) -> Self {
        let cells = scenario.skus * scenario.places;
        Self {
            known: Numbered::default(),
            forgotten: Numbered::default(),
            touches: vec![Vec::new(); scenario.skus],
            base: vec![None; cells],
            complete: None,
            movements: vec![Vec::new(); cells],
            granted: Vec::new(),
            stated: Numbered::default(),
            prices: BTreeMap::new(),
            asked: BTreeMap::new(),
        }
    }

    /// The number of an order's line: an order has three at most.
    pub(crate) fn line(order: usize, line: usize) -> usize {
        order * 4 + line
    }

    /// Units of the touch that the ledgers must count, and the state they are in.
    pub(crate) fn units(&self, world: &World, touch: Touch) -> (i64, OrderStatus) {
        let Some(known) = self.known.get(touch.order) else {
            return (0, OrderStatus::Cancelled);
        };
        let state = &world.orders[touch.order].history[known.state];
        (state.units[touch.line] * touch.per, state.status)
    }

    /// Since when the figure of a cell counts; before everything where there is none.
    pub(crate) fn as_of(&self, cell: usize) -> i64 {
        self.base[cell].map_or(i64::MIN, |(as_of, _)| as_of)
    }
}
