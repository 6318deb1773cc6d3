//! How long changes took to get through, as a histogram that is cheap to write and to read.

use std::sync::atomic::{AtomicU64, Ordering};

/// Two buckets for every doubling: 1, 2, 3, 4, 6, 8, 12, … up to about an hour and a half.
const BUCKETS: usize = 45;

/// Counts of durations in milliseconds.
#[derive(Debug)]
pub struct LagHistogram {
    counts: [AtomicU64; BUCKETS],
}

impl Default for LagHistogram {
    fn default() -> Self {
        Self {
            counts: std::array::from_fn(|_| AtomicU64::new(0)),
        }
    }
}

/// The upper end of a bucket, milliseconds.
fn bound(bucket: usize) -> u64 {
    let shift = u32::try_from(bucket / 2).unwrap_or(u32::MAX).min(40);
    if bucket.is_multiple_of(2) {
        1 << shift
    } else {
        (3 << shift) / 2
    }
}

impl LagHistogram {
    /// Counts one duration; negative ones as zero.
    pub fn record(&self, milliseconds: i64) {
        let value = u64::try_from(milliseconds).unwrap_or_default();
        let place = (0..BUCKETS)
            .find(|bucket| value <= bound(*bucket))
            .unwrap_or(BUCKETS - 1);
        if let Some(count) = self.counts.get(place) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Every bucket: its upper end in milliseconds, and how many were counted in it.
    pub fn counts(&self) -> Vec<(u64, u64)> {
        let counts = self.counts.iter().enumerate();
        counts
            .map(|(bucket, count)| (bound(bucket), count.load(Ordering::Relaxed)))
            .collect()
    }

    /// How many were counted.
    pub fn count(&self) -> u64 {
        self.counts.iter().map(|count| count.load(Ordering::Relaxed)).sum()
    }

    /// The duration in milliseconds that this many of 1,000 did not exceed (500: the median), rounded
    /// up to the bucket; `None` when nothing was counted.
    pub fn quantile(&self, per_mille: u64) -> Option<u64> {
        let total = self.count();
        let wanted = (u128::from(total) * u128::from(per_mille.min(1_000)))
            .div_ceil(1_000)
            .max(1);
        let mut seen: u128 = 0;
        for (bucket, count) in self.counts.iter().enumerate() {
            seen += u128::from(count.load(Ordering::Relaxed));
            if seen >= wanted {
                return Some(bound(bucket));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_upper_ends_of_buckets() {
        let lag = LagHistogram::default();
        assert_eq!(lag.quantile(500), None);
        for value in 1..=100 {
            lag.record(value);
        }
        lag.record(-5);
        assert_eq!(
            (lag.count(), lag.quantile(500), lag.quantile(990), lag.quantile(1_000)),
            (101, Some(64), Some(128), Some(128))
        );
        lag.record(i64::MAX);
        assert!(lag.quantile(1_000).unwrap() >= 4_000_000);
        assert!((1..BUCKETS).all(|bucket| bound(bucket) >= bound(bucket - 1)));
    }
}
