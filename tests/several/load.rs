//! Buyers at both channels, and the truth: what was there less what was sold.
#![allow(dead_code, reason = "each test program uses a part of it")]

use crate::support::merchant::{ARTICLES, Merchant, sku};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Units of every article in the beginning: buyers never run out.
pub(crate) const MUCH: i64 = 1_000;

/// Units of an article that are there and not sold, by the channels' own books.
pub(crate) fn left(merchant: &Merchant, index: usize) -> i64 {
    let sku = sku(index);
    let shop = merchant
        .shop
        .sales()
        .into_iter()
        .filter(|sale| sale.sku == sku)
        .map(|sale| sale.units);
    let market = merchant
        .market
        .sales()
        .into_iter()
        .filter(|sale| sale.sku == sku)
        .map(|sale| sale.units);
    MUCH - shop.chain(market).sum::<i64>()
}

/// Buys one unit of some article at some channel, again and again.
pub(crate) async fn buy(merchant: &Merchant, seed: u64, stop: &CancellationToken) {
    let mut random = StdRng::seed_from_u64(seed);
    while !stop.is_cancelled() {
        let article = sku(random.random_range(0..ARTICLES));
        if random.random_bool(0.5) {
            merchant.shop.buy(&article, 1).unwrap();
        } else {
            merchant.market.buy(&article, 1).unwrap();
        }
        tokio::time::sleep(Duration::from_millis(8)).await;
    }
}

/// Numbers written to either channel after this instant: when, SKU, and what could be bought then if nothing
/// was sold since; oldest first.
pub(crate) fn written_after(
    merchant: &Merchant,
    at: omnistock_words::Millis,
) -> Vec<(omnistock_words::Millis, String, i64)> {
    let shop = merchant
        .shop
        .writes()
        .into_iter()
        .map(|write| (write.at, write.sku, write.after));
    let market = merchant.market.writes().into_iter().map(|write| {
        let reserved = merchant
            .market
            .level(&write.sku, &write.location)
            .map_or(0, |level| level.1);
        (write.at, write.sku, write.after - reserved)
    });
    let mut all: Vec<_> = shop.chain(market).filter(|(when, ..)| *when > at).collect();
    all.sort();
    all
}
