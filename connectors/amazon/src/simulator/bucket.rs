//! The vendor's buckets: one for each operation, filled in fractions, and nothing said of what is left.

use std::collections::BTreeMap;
use tokio::time::Instant;

/// Rate a second in ten-thousandths, and burst: the default plan of the vendor's definitions.
pub(super) fn plan(operation: &str) -> (u64, u64) {
    match operation {
        "patchListingsItem" | "searchListingsItems" => (50_000, 5),
        "getListingsItem" => (50_000, 10),
        "createFeed" => (83, 15),
        "createFeedDocument" => (5_000, 15),
        "getFeed" => (20_000, 15),
        "getFeedDocument" | "getFeeds" => (222, 10),
        "searchOrders" => (56, 20),
        "getOrder" => (5_000, 30),
        "getInventorySummaries" => (20_000, 2),
        // Tokens and documents are not under the plan.
        _ => (10_000_000, 1_000),
    }
}

/// What an account without limits is told of each operation, in ten-thousandths a second.
const UNLIMITED: u64 = 2_000_000;

/// The rate as the header tells it.
pub(super) fn header(operation: &str, limited: bool) -> String {
    let rate = if limited { plan(operation).0 } else { UNLIMITED };
    let text = format!("{}.{:04}", rate / 10_000, rate % 10_000);
    let short = text.trim_end_matches('0');
    if short.ends_with('.') {
        format!("{short}0")
    } else {
        short.to_owned()
    }
}

struct Bucket {
    /// Ten-millionths of a call.
    level: u64,
    at: Instant,
}

const CALL: u64 = 10_000_000;

/// All buckets of an account.
#[derive(Default)]
pub(super) struct Buckets(BTreeMap<String, Bucket>);

impl Buckets {
    /// Takes one call out of this bucket; false: it is empty.
    pub(super) fn take(&mut self, operation: &str, now: Instant) -> bool {
        let (rate, burst) = plan(operation);
        let full = burst * CALL;
        let bucket = self
            .0
            .entry(operation.to_owned())
            .or_insert(Bucket { level: full, at: now });
        let micros = u64::try_from(now.saturating_duration_since(bucket.at).as_micros()).unwrap_or(u64::MAX);
        // Ten-thousandths a second are thousandths of a ten-millionth a microsecond.
        bucket.level = bucket
            .level
            .saturating_add(micros.saturating_mul(rate) / 1_000)
            .min(full);
        bucket.at = now;
        let taken = bucket.level >= CALL;
        bucket.level -= if taken { CALL } else { 0 };
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_bucket_gives_its_burst_and_then_its_rate() {
        let start = Instant::now();
        let mut buckets = Buckets::default();
        let taken = (0..9).filter(|_| buckets.take("patchListingsItem", start)).count();
        assert_eq!(taken, 5);
        assert!(!buckets.take("patchListingsItem", start + Duration::from_millis(199)));
        assert!(buckets.take("patchListingsItem", start + Duration::from_millis(200)));
        assert!((0..20).all(|_| buckets.take("searchOrders", start)));
        assert!(!buckets.take("searchOrders", start + Duration::from_secs(178)));
        assert!(buckets.take("searchOrders", start + Duration::from_secs(179)));
    }

    #[test]
    fn the_header_tells_the_rate_as_a_decimal() {
        assert_eq!(header("patchListingsItem", true), "5.0");
        assert_eq!(header("searchOrders", true), "0.0056");
        assert_eq!(header("getOrder", true), "0.5");
        assert_eq!(header("searchOrders", false), "200.0");
    }
}
