//! What the settings and the vendor's manifest mean for one channel's worker.

use omnistock_planner::Vendor;
use omnistock_sdk::Manifest;
use omnistock_words::Settings;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

pub(super) fn stamp(settings: &Settings) -> u64 {
    let mut hasher = DefaultHasher::new();
    serde_json::to_vec(settings).unwrap_or_default().hash(&mut hasher);
    hasher.finish()
}

pub(super) fn by_listing(settings: &Settings) -> bool {
    settings.name_listings()
}

pub(super) fn by_home(settings: &Settings) -> bool {
    let ruled = || settings.rules.iter().any(|rule| rule.set.home == Some(true));
    settings.channels.values().any(|channel| channel.policy.home) || ruled()
}

pub(super) fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

pub(super) fn vendor(manifest: &Manifest, skew: Duration, opens: bool) -> Vendor {
    Vendor {
        write: manifest.write,
        compare_and_set: manifest.compare_and_set,
        grain: milliseconds(manifest.clock_grain),
        skew: milliseconds(skew),
        decimals: manifest.decimals,
        least: manifest.least,
        most: manifest.most,
        opens,
    }
}
