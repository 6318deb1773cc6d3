//! `[history]`: how long what happened is kept for `explain --at` and `shorts`.

use super::StoreChoice;
use super::root::Root;
use super::value::{count, duration};
use std::time::Duration;

const DAY: Duration = Duration::from_hours(24);
const MEGABYTE: u64 = 1 << 20;

/// How long, and how much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistorySettings {
    /// Older entries are forgotten. Default 400 days on disk, 30 days on Redis, which keeps it all in memory.
    pub keep: Duration,
    /// Beyond so many bytes the oldest are forgotten. Default 20,000 MiB on disk, 256 MiB on Redis: a
    /// full Redis would refuse orders.
    pub most_bytes: u64,
}

impl HistorySettings {
    fn of(store: &StoreChoice) -> Self {
        let (days, megabytes) = match store {
            StoreChoice::Embedded { .. } => (400, 20_000),
            StoreChoice::Redis { .. } => (30, 256),
        };
        Self {
            keep: DAY * days,
            most_bytes: megabytes * MEGABYTE,
        }
    }
}

/// Reads `[history]`.
pub(super) fn history(root: Root, store: &StoreChoice) -> HistorySettings {
    let default = HistorySettings::of(store);
    let Some(section) = root.one("history") else {
        return default;
    };
    let most = section.read("most_mb", |node| count(node, 1, 10_000_000));
    HistorySettings {
        keep: section.read("keep", duration).unwrap_or(default.keep),
        most_bytes: most.map_or(default.most_bytes, |most| u64::from(most) * MEGABYTE),
    }
}
