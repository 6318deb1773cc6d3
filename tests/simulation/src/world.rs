//! What is really there: goods, orders, reports, counters. Only oracles may look in here as a whole.

use crate::fault::Fault;
use crate::scenario::{BEGIN, Scenario};
use omnistock_words::{LineId, Millis, OrderId, OrderStatus};
use std::rc::Rc;

/// A line as the world knows it, beyond what its channel tells.
pub(crate) struct Line {
    pub(crate) article: usize,
    pub(crate) id: LineId,
    /// Where the ERP takes it from.
    pub(crate) place: usize,
    /// Since when the ERP's figures contain how much of it, ascending.
    pub(crate) included: Vec<(i64, i64)>,
    /// What the ERP has booked and not shipped.
    pub(crate) booked: i64,
    /// Which listings of its channel gave the units, and how many (those of gross channels: set aside).
    pub(crate) taken: Vec<(usize, i64)>,
    /// When it came back to the shelf.
    pub(crate) returned: Option<i64>,
    pub(crate) reservation: Option<usize>,
}

impl Line {
    /// How much of it the ERP's figures as of `at` contain.
    pub(crate) fn included_at(&self, at: i64) -> i64 {
        let reached = self.included.partition_point(|(since, _)| *since <= at);
        reached.checked_sub(1).map_or(0, |last| self.included[last].1)
    }

    /// The most of it that the ERP's figures up to `at` ever contained.
    pub(crate) fn most_included_at(&self, at: i64) -> i64 {
        let reached = self.included.partition_point(|(since, _)| *since <= at);
        self.included[..reached]
            .iter()
            .map(|(_, units)| *units)
            .max()
            .unwrap_or(0)
    }
}

/// What the channel says of an order from some moment on.
#[derive(Debug, Clone)]
pub(crate) struct State {
    pub(crate) revision: i64,
    pub(crate) status: OrderStatus,
    pub(crate) units: Vec<i64>,
    pub(crate) updated: Millis,
}

pub(crate) struct Order {
    pub(crate) shop: usize,
    pub(crate) id: OrderId,
    pub(crate) placed: i64,
    pub(crate) placed_at: Millis,
    pub(crate) lines: Vec<Line>,
    pub(crate) history: Vec<State>,
    pub(crate) imported: bool,
    pub(crate) shipped: bool,
    pub(crate) restock: Option<usize>,
}

impl Order {
    pub(crate) fn last(&self) -> &State {
        &self.history[self.history.len() - 1]
    }

    pub(crate) fn open(&self) -> bool {
        self.last().status == OrderStatus::Open
    }
}

/// What a report of the ERP holds.
pub(crate) enum Content {
    /// Article, place, units; and prices: article, whether it is the cost list, cents.
    Stock {
        rows: Rc<Vec<(usize, usize, i64)>>,
        prices: Vec<(usize, bool, i64)>,
        /// What the ERP should have said, by article and place.
        truth: Rc<Vec<i64>>,
    },
    /// Order, line, units contained.
    List(Vec<(usize, usize, i64)>),
    /// Article, place, units, when.
    Movements(Vec<(usize, usize, usize, i64, i64)>),
    /// The parser refuses it.
    Unreadable,
}

pub(crate) struct Report {
    pub(crate) content: Content,
    pub(crate) as_of: i64,
    pub(crate) ready: i64,
    /// Moved away by whoever took it.
    pub(crate) gone: bool,
    pub(crate) fault: Option<Fault>,
}

/// One number at a channel.
#[derive(Debug, Clone)]
pub(crate) struct Listing {
    pub(crate) article: usize,
    pub(crate) place: Option<usize>,
    pub(crate) number: i64,
    /// Order, line, units: what a gross channel keeps apart.
    pub(crate) aside: Vec<(usize, usize, i64)>,
    pub(crate) factor: i64,
    /// Refuses numbers until then.
    pub(crate) poison: i64,
    /// Shows at most so many until then.
    pub(crate) clamp: (i64, i64),
    pub(crate) listed: bool,
    /// Price in cents.
    pub(crate) price: Option<i64>,
    /// The newest write that took effect.
    pub(crate) applied: u64,
    /// A person made it more since then.
    pub(crate) raised: bool,
}

impl Listing {
    /// What a buyer may take.
    pub(crate) fn free(&self) -> i64 {
        let aside: i64 = self.aside.iter().map(|(_, _, units)| units).sum();
        if self.listed { self.number - aside } else { 0 }
    }
}

#[derive(Default)]
pub(crate) struct Shop {
    pub(crate) listings: Vec<Listing>,
    /// Listings by article.
    pub(crate) by_article: Vec<Vec<usize>>,
    pub(crate) orders: usize,
    /// When which order was changed, vendor's clock, ascending.
    pub(crate) updates: Vec<(Millis, usize)>,
    pub(crate) down_until: i64,
    pub(crate) deaf_until: i64,
    /// Calls that came in lately.
    pub(crate) counter: (i64, i64),
    pub(crate) throttled: bool,
}

/// Everything.
pub(crate) struct World {
    /// By article and place.
    pub(crate) physical: Vec<i64>,
    /// What the figures of a net basis leave out.
    pub(crate) out: Vec<i64>,
    pub(crate) orders: Vec<Order>,
    pub(crate) reports: Vec<Report>,
    pub(crate) shops: Vec<Shop>,
    /// Cents: list and cost.
    pub(crate) prices: Vec<(i64, i64)>,
    pub(crate) movements: usize,
    pub(crate) sold_out: u64,
}

impl World {
    pub(crate) fn new(scenario: &Scenario, stock: impl FnMut() -> i64) -> Self {
        let cells = scenario.skus * scenario.places;
        let physical = std::iter::repeat_with(stock).take(cells).collect();
        let mut world = Self {
            physical,
            out: vec![0; cells],
            orders: Vec::new(),
            reports: Vec::new(),
            shops: Vec::new(),
            prices: Vec::new(),
            movements: 0,
            sold_out: 0,
        };
        for c in 0..scenario.shops.len() {
            world.shops.push(open_shop(scenario, c));
        }
        world
    }

    /// What the ERP says of an article at a place.
    pub(crate) fn figure(&self, cell: usize) -> i64 {
        self.physical[cell] - self.out[cell]
    }
}

fn open_shop(scenario: &Scenario, c: usize) -> Shop {
    let plan = &scenario.shops[c];
    let mut shop = Shop {
        by_article: vec![Vec::new(); scenario.articles()],
        down_until: BEGIN,
        deaf_until: BEGIN,
        ..Shop::default()
    };
    // A gross channel sells bundles out of the numbers of their parts.
    let articles = if plan.gross { scenario.skus } else { scenario.articles() };
    for article in 0..articles {
        let places: Vec<Option<usize>> = if plan.located {
            plan.behind.iter().copied().map(Some).collect()
        } else {
            vec![None]
        };
        for place in places {
            let factor = plan
                .factors
                .iter()
                .find(|(k, _)| *k == article)
                .map_or(1, |(_, factor)| *factor);
            shop.by_article[article].push(shop.listings.len());
            shop.listings.push(Listing {
                article,
                place,
                number: 0,
                aside: Vec::new(),
                factor,
                poison: 0,
                clamp: (0, i64::MAX),
                listed: true,
                price: None,
                applied: 0,
                raised: false,
            });
        }
    }
    shop
}
