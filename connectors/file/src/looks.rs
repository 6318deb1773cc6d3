//! When a file is finished: how long it has been seen unchanged, and how it came.
//!
//! A rename is the writer's own word that it has finished, and shows as a change that is
//! younger than the content. Any other file could still grow: it must stay as it is for
//! longer, and what looks cut off waits longer still before it is refused.

use crate::folder::{Found, Kind, Print};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::Instant;

/// Unchanged for so long after a rename: two looks, not one.
const RENAMED: Duration = Duration::from_millis(50);
/// Unchanged for so long when written in place.
const WRITTEN: Duration = Duration::from_millis(500);
/// What looks cut off waits at least so long.
const CUT_OFF: Duration = Duration::from_secs(2);

struct Look {
    print: Print,
    changed: i128,
    since: Instant,
    /// It was read, and looked cut off.
    cut_off: bool,
}

/// All files that were seen lately; bounded by what one listing yields.
pub(crate) struct Looks {
    /// The operator's own time, for all files.
    settle: Option<Duration>,
    seen: BTreeMap<(Kind, String), Look>,
}

impl Looks {
    pub(crate) fn new(settle: Option<Duration>) -> Self {
        Self {
            settle,
            seen: BTreeMap::new(),
        }
    }

    /// Notes what is there at this moment, and forgets what isn't.
    pub(crate) fn note(&mut self, found: &[Found], now: Instant) {
        let mut before = std::mem::take(&mut self.seen);
        for file in found {
            let key = (file.kind, file.name.clone());
            let known = before
                .remove(&key)
                .filter(|look| look.print == file.print && look.changed == file.changed);
            let fresh = || Look {
                print: file.print,
                changed: file.changed,
                since: now,
                cut_off: false,
            };
            self.seen.insert(key, known.unwrap_or_else(fresh));
        }
    }

    /// How much longer this file must stay as it is; zero when it may be read.
    pub(crate) fn wait(&self, file: &Found, now: Instant) -> Duration {
        let Some(look) = self.seen.get(&(file.kind, file.name.clone())) else {
            return WRITTEN;
        };
        let usual = self.settle.unwrap_or(if file.named_last() { RENAMED } else { WRITTEN });
        let needed = if look.cut_off { self.patience() } else { usual };
        needed.saturating_sub(now.saturating_duration_since(look.since))
    }

    /// The file looks cut off. True when it had its time and may be refused.
    pub(crate) fn cut_off(&mut self, file: &Found, now: Instant) -> bool {
        let patience = self.patience();
        let renamed = self.settle.is_none() && file.named_last();
        let Some(look) = self.seen.get_mut(&(file.kind, file.name.clone())) else {
            return false;
        };
        look.cut_off = true;
        renamed || now.saturating_duration_since(look.since) >= patience
    }

    fn patience(&self) -> Duration {
        CUT_OFF.max(self.settle.unwrap_or_default().saturating_mul(4))
    }
}
