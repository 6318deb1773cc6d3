//! Buyers: how many a second, where, and which article each of them takes.

use crate::channels::{Shops, sku};
use axum::Json;
use axum::extract::State;
use omnistock_words::Millis;
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// The k-th best seller sells in proportion to k to the power of minus this, as in the load that the figures of peers
/// are agreed on.
const ZIPF: f64 = 1.1;

/// Buyers for a while.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Buying {
    pub(crate) rate: u64,
    pub(crate) seconds: u64,
    /// Only the first so many shops sell; 0: all.
    pub(crate) at: usize,
    pub(crate) what: Choice,
}

/// Which article a buyer takes.
#[derive(Debug, Default, Clone, Copy, Serialize, Deserialize)]
pub(crate) enum Choice {
    /// The next one: none is bought again before all were.
    #[default]
    InTurn,
    /// The same among the first so many.
    Among(usize),
    /// Some sell far more often than others: by Zipf's law.
    Popular,
}

/// What was bought so far, and what sells how well.
#[derive(Debug, Default)]
pub(crate) struct Bought {
    turn: AtomicUsize,
    /// Of each article, the share of all sales that it and better sellers have.
    shares: OnceLock<Vec<f64>>,
}

impl Bought {
    /// How many were before, and the article of this one.
    fn next(&self, skus: usize, what: Choice) -> (usize, usize) {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let article = match what {
            Choice::InTurn => turn % skus.max(1),
            Choice::Among(few) => turn % few.max(1),
            Choice::Popular => self.popular(skus, turn),
        };
        (turn, article)
    }

    /// The same article for the same turn in every run.
    fn popular(&self, skus: usize, turn: usize) -> usize {
        let shares = self.shares.get_or_init(|| shares(skus));
        let drawn = fraction(turn as u64);
        shares
            .partition_point(|share| *share < drawn)
            .min(skus.saturating_sub(1))
    }
}

#[allow(clippy::float_arithmetic, clippy::cast_precision_loss, reason = "a distribution")]
fn shares(skus: usize) -> Vec<f64> {
    let mut sum = 0.0;
    let weights = (1..=skus).map(|rank| (rank as f64).powf(-ZIPF));
    let mut shares: Vec<f64> = weights
        .map(|weight| {
            sum += weight;
            sum
        })
        .collect();
    for share in &mut shares {
        *share /= sum;
    }
    shares
}

/// `SplitMix64` of this number, as a fraction of one.
#[allow(clippy::float_arithmetic, clippy::cast_precision_loss, reason = "a draw")]
fn fraction(number: u64) -> f64 {
    let mut mixed = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^= mixed >> 31;
    (mixed >> 11) as f64 / (1_u64 << 53) as f64
}

/// Buys at an even pace; answers when the last order is placed, with the time of the first.
pub(crate) async fn buy(State(shops): State<Arc<Shops>>, Json(buying): Json<Buying>) -> Json<Millis> {
    let (begun, first) = (Instant::now(), omnistock_sdk::now());
    for order in 0..buying.rate * buying.seconds {
        sleep_until(begun + Duration::from_micros(order * 1_000_000 / buying.rate.max(1))).await;
        let (turn, article) = shops.bought.next(shops.skus, buying.what);
        let Some(shop) = shops.all.get(turn % shops.counted(buying.at).max(1)) else {
            continue;
        };
        let _refused = shop.buy(&sku(article), 1).is_err();
    }
    Json(first)
}
