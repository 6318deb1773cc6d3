//! What the demonstration came to, counted at the channels.

use super::world::{SAFETY_STOCK, World};
use crate::daemon::Running;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// Between two polls of a channel's orders, as configured, seconds: a sale may be unseen that long.
const POLL: f64 = 0.5;

/// The figures.
#[derive(Debug, Serialize)]
pub struct Summary {
    pub(super) orders: usize,
    /// Lines of orders that were not cancelled, by channel.
    pub sold_at: BTreeMap<String, usize>,
    pub(super) units_sold: i64,
    pub(super) cancelled: usize,
    /// Units sold that were not there.
    pub oversold: i64,
    pub(super) oversold_allowed: i64,
    pub(super) safety_stock: i64,
    pub(super) sold_out: usize,
    pub(super) updates: u64,
    pub(super) lag_ms: BTreeMap<String, [u64; 3]>,
    /// Listings that show something else than they should.
    pub divergence: usize,
    pub(super) differing: Vec<String>,
    pub(super) settled_ms: Option<u128>,
    pub(super) folder: String,
}

impl Summary {
    /// Whether every channel shows what it should, and no more was oversold than the safety stock allows for.
    pub fn good(&self) -> bool {
        self.divergence == 0 && self.oversold <= self.oversold_allowed
    }
}

/// Counts.
pub(super) fn of(world: &World, running: &Running, folder: &Path, settled: Option<Duration>) -> Summary {
    let (sales, left) = (world.sales(), world.left());
    let lag = running.view().lags();
    let differing = world.differing();
    let sold_out = left
        .keys()
        .filter(|sku| world.shops.iter().all(|shop| shop.shown(sku) == Some(0)));
    let mut orders: Vec<(&str, &str)> = sales
        .iter()
        .map(|(channel, sold)| (*channel, sold.order.as_str()))
        .collect();
    orders.sort_unstable();
    orders.dedup();
    let mut sold_at: BTreeMap<String, usize> = BTreeMap::new();
    for (channel, _) in &sales {
        *sold_at.entry((*channel).to_owned()).or_default() += 1;
    }
    Summary {
        orders: orders.len(),
        sold_at,
        units_sold: sales.iter().map(|(_, sold)| sold.units).sum(),
        cancelled: world.cancelled().len(),
        oversold: left.values().map(|left| (-left).max(0)).sum(),
        oversold_allowed: allowed(&sales_by_channel(&sales), &lag),
        safety_stock: SAFETY_STOCK,
        sold_out: sold_out.count(),
        updates: world.shops.iter().map(super::shop::Shop::updates).sum(),
        lag_ms: lag,
        divergence: differing.len(),
        differing: differing
            .iter()
            .take(10)
            .map(|(channel, sku, shown, should)| format!("{channel} {sku}: shows {shown:?}, should show {should}"))
            .collect(),
        settled_ms: settled.map(|settled| settled.as_millis()),
        folder: folder.display().to_string(),
    }
}

type Sales = BTreeMap<String, BTreeMap<String, (f64, i64, i64)>>;

/// Units by SKU and channel, with the first and last instant (milliseconds) at which the SKU was sold.
#[allow(clippy::float_arithmetic, reason = "a figure for people, not a decision")]
fn sales_by_channel(sales: &[(&'static str, super::shop::Sold)]) -> Sales {
    let mut result = Sales::new();
    for (channel, sold) in sales {
        let at = sold.at.0;
        let entry = result
            .entry(sold.sku.clone())
            .or_default()
            .entry((*channel).to_owned())
            .or_insert((0.0, at, at));
        *entry = (
            entry.0 + i32::try_from(sold.units).map_or(0.0, f64::from),
            entry.1.min(at),
            entry.2.max(at),
        );
    }
    result
}

/// The most oversold units in 999 of 1,000 such runs: every channel is blind for its poll and its
/// lag (95 of 100) to what the others sell meanwhile, a Poisson number; what exceeds the safety stock is
/// oversold (the bound of a sell-out: one chance per SKU and channel).
#[allow(clippy::float_arithmetic, reason = "a figure for people, not a decision")]
fn allowed(sales: &Sales, lag: &BTreeMap<String, [u64; 3]>) -> i64 {
    let mut expected = 0.0;
    for channels in sales.values() {
        let first = channels.values().map(|sold| sold.1).min().unwrap_or_default();
        let last = channels.values().map(|sold| sold.2).max().unwrap_or_default();
        let seconds = Duration::from_millis(u64::try_from(last - first).unwrap_or_default())
            .as_secs_f64()
            .max(1.0);
        for (channel, [_, p95, _]) in lag {
            let others: f64 = channels
                .iter()
                .filter(|(name, _)| *name != channel)
                .map(|(_, sold)| sold.0)
                .sum();
            let blind = POLL + Duration::from_millis(*p95).as_secs_f64();
            expected += excess(others / seconds * blind, SAFETY_STOCK);
        }
    }
    quantile(expected, 0.001)
}

/// The mean of what a Poisson number of this mean exceeds `kept` by.
#[allow(clippy::float_arithmetic, reason = "a figure for people, not a decision")]
fn excess(mean: f64, kept: i64) -> f64 {
    let (mut chance, mut sum) = ((-mean).exp(), 0.0);
    for number in 0..400_i32 {
        sum += chance * f64::from((i64::from(number) - kept).max(0).try_into().unwrap_or(0_i32));
        chance *= mean / f64::from(number + 1);
    }
    sum
}

/// The least number that a Poisson number of this mean exceeds with at most this chance.
#[allow(clippy::float_arithmetic, reason = "a figure for people, not a decision")]
fn quantile(mean: f64, chance: f64) -> i64 {
    let (mut part, mut below) = ((-mean).exp(), 0.0);
    for number in 0..400_i32 {
        below += part;
        if 1.0 - below <= chance {
            return i64::from(number);
        }
        part *= mean / f64::from(number + 1);
    }
    400
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quantile_is_the_table_of_the_theory() {
        for (mean, chance, kept) in [
            (0.05, 0.05, 0),
            (0.05, 0.01, 1),
            (0.25, 0.001, 3),
            (1.0, 0.01, 4),
            (5.0, 0.05, 9),
            (20.0, 0.001, 35),
        ] {
            assert_eq!(quantile(mean, chance), kept, "{mean} {chance}");
        }
    }

    #[test]
    fn more_kept_back_lets_less_through() {
        assert!((excess(1.0, 0) - 1.0).abs() < 1e-9);
        assert!(excess(1.0, 4) < excess(1.0, 3));
        assert!(excess(0.0, 0).abs() < 1e-12);
    }
}
