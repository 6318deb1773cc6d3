//! The shops when things go wrong: outages, faults, a crowd at one article, and what each shop counts for itself.

use crate::channels::{Shops, sku};
use axum::extract::{Query, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use omnistock_woocommerce::simulator::Simulator;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, sleep, sleep_until};

/// How often the shops' counters are looked at.
const LOOK: Duration = Duration::from_millis(5);
/// The span over which a limit of calls a second is judged.
const SPAN: Duration = Duration::from_secs(1);

/// What a shop does wrong from now on.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Rough {
    /// Which; all where there is none.
    pub(crate) shop: Option<usize>,
    pub(crate) outage: bool,
    /// Share of calls answered with 429 or 5xx and not carried out.
    pub(crate) errors: f64,
    /// Share of writes carried out and not answered.
    pub(crate) timeouts: f64,
    /// Share of webhooks that come twice.
    pub(crate) doubled: f64,
    /// Share of webhooks that never come.
    pub(crate) lost: f64,
    /// Webhooks come an hour late.
    pub(crate) late: bool,
}

impl Rough {
    /// Calls that fail, writes without an answer, webhooks that come twice or never: at every shop.
    pub(crate) const CHAOS: Self = Self {
        shop: None,
        outage: false,
        errors: 0.10,
        timeouts: 0.05,
        doubled: 0.05,
        lost: 0.02,
        late: false,
    };
}

/// What a shop has counted since its opening.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Tally {
    /// All calls that reached it.
    pub(crate) calls: u64,
    /// Of those, calls that set numbers.
    pub(crate) write_calls: u64,
    /// Numbers set.
    pub(crate) written: u64,
    /// Calls that it failed on purpose.
    pub(crate) errors: u64,
    /// Writes that it left without an answer.
    pub(crate) timeouts: u64,
    pub(crate) webhooks_lost: u64,
    pub(crate) webhooks_doubled: u64,
    /// The most calls within any second.
    pub(crate) most_in_a_second: u64,
}

/// An order as its shop knows it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Sold {
    pub(crate) shop: usize,
    pub(crate) sku: String,
    pub(crate) order: u64,
    pub(crate) units: i64,
}

/// Buyers who all want the first article of the first shop.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Crowd {
    pub(crate) buyers: u64,
    pub(crate) seconds: u64,
    /// Each buys so often, milliseconds.
    pub(crate) every: u64,
}

/// The numbers that were written to the first article of the first shop, against its sales.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Race {
    pub(crate) sold: i64,
    pub(crate) writes: u64,
    /// Writes after which number and units sold so far added up to no figure of the ERP.
    pub(crate) wrong: u64,
    pub(crate) shown: i64,
}

pub(crate) fn routes() -> Router<Arc<Shops>> {
    Router::new()
        .route("/rough", post(rough))
        .route("/tally", get(tally))
        .route("/sold", get(sold))
        .route("/crowd", post(crowd))
        .route("/race", get(race))
}

async fn rough(State(shops): State<Arc<Shops>>, Json(rough): Json<Rough>) -> Json<()> {
    let chosen = shops.all.iter().enumerate();
    for (_, shop) in chosen.filter(|(number, _)| rough.shop.is_none_or(|only| only == *number)) {
        let mut faults = shop.faults();
        faults.outage = rough.outage;
        faults.error_rate = rough.errors;
        faults.timeout_after_apply_rate = rough.timeouts;
        // Longer than the daemon's patience with these shops.
        faults.hang = Duration::from_secs(4);
        faults.duplicate_webhook_rate = rough.doubled;
        faults.lose_webhook_rate = rough.lost;
        faults.webhook_delay = if rough.late {
            Duration::from_hours(1)
        } else {
            Duration::ZERO
        };
        shop.set_faults(faults);
    }
    Json(())
}

fn calls(shop: &Simulator) -> u64 {
    shop.counters().calls.values().sum()
}

/// The most calls within a second, by shop.
static MOST: Mutex<Vec<u64>> = Mutex::new(Vec::new());

/// Looks at the counters again and again. A span is counted too short rather than too long: what is said to be
/// within a second was.
pub(crate) async fn watch(shops: &Arc<Shops>) {
    let shops = Arc::clone(shops);
    let mut seen: Vec<VecDeque<(Instant, u64)>> = vec![VecDeque::new(); shops.all.len()];
    loop {
        for (number, (shop, seen)) in shops.all.iter().zip(&mut seen).enumerate() {
            let before = Instant::now();
            let count = calls(shop);
            let after = Instant::now();
            while seen.front().is_some_and(|(at, _)| after.duration_since(*at) > SPAN) {
                seen.pop_front();
            }
            let within = seen.front().map_or(0, |(_, then)| count - then);
            seen.push_back((before, count));
            let mut most = MOST.lock().unwrap_or_else(PoisonError::into_inner);
            most.resize(shops.all.len(), 0);
            if let Some(most) = most.get_mut(number) {
                *most = within.max(*most);
            }
        }
        sleep(LOOK).await;
    }
}

async fn tally(State(shops): State<Arc<Shops>>) -> Json<Vec<Tally>> {
    let most = MOST.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let of_shop = |(number, shop): (usize, &Simulator)| {
        let counters = shop.counters();
        let writes = counters.calls.iter();
        let writes = writes.filter(|(route, _)| route.starts_with("POST") && route.ends_with("/batch"));
        Tally {
            calls: counters.calls.values().sum(),
            write_calls: writes.map(|(_, count)| count).sum(),
            written: counters.items_written,
            errors: counters.errors_injected,
            timeouts: counters.timeouts_injected,
            webhooks_lost: counters.webhooks_lost,
            webhooks_doubled: counters.webhooks_doubled,
            most_in_a_second: most.get(number).copied().unwrap_or_default(),
        }
    };
    Json(shops.all.iter().enumerate().map(of_shop).collect())
}

async fn sold(State(shops): State<Arc<Shops>>) -> Json<Vec<Sold>> {
    let of_shop = |(shop, simulator): (usize, &Simulator)| {
        let sold = simulator.sales().into_iter().map(move |sale| Sold {
            shop,
            sku: sale.sku,
            order: sale.order,
            units: sale.units,
        });
        sold.collect::<Vec<_>>()
    };
    Json(shops.all.iter().enumerate().flat_map(of_shop).collect())
}

/// Answers when the last of them has gone.
async fn crowd(State(shops): State<Arc<Shops>>, Json(crowd): Json<Crowd>) -> Json<()> {
    let tracker = tokio_util::task::TaskTracker::new();
    let begun = Instant::now();
    for buyer in 0..crowd.buyers {
        let shops = Arc::clone(&shops);
        tracker.spawn(async move {
            let start = begun + Duration::from_millis(crowd.every * buyer / crowd.buyers.max(1));
            for turn in 0..crowd.seconds * 1_000 / crowd.every.max(1) {
                sleep_until(start + Duration::from_millis(turn * crowd.every)).await;
                let _refused = shops.all.first().is_none_or(|shop| shop.buy(&sku(0), 1).is_err());
            }
        });
    }
    tracker.close();
    tracker.wait().await;
    Json(())
}

#[derive(Deserialize)]
struct Stride {
    /// The ERP's figures are multiples of this, and fewer units are sold.
    stride: i64,
    /// What the shop had in the beginning.
    stock: i64,
}

/// Between two writes nothing but sales changes the number, so the shop's own log says what was sold until each.
async fn race(State(shops): State<Arc<Shops>>, Query(Stride { stride, stock }): Query<Stride>) -> Json<Race> {
    let Some(shop) = shops.all.first() else {
        return Json(Race::default());
    };
    let mut race = Race {
        sold: shop.sales().iter().map(|sale| sale.units).sum(),
        shown: shop.shown(&sku(0)).unwrap_or(i64::MIN),
        ..Race::default()
    };
    let (mut sold, mut number) = (0, stock);
    for write in shop.writes() {
        sold += number - write.before;
        number = write.after;
        race.writes += 1;
        race.wrong += u64::from((number + sold) % stride != 0);
    }
    Json(race)
}
