//! A vendor's limit that only some of a channel's listings share: where it is used up those wait, and no others.

use super::catalogue::Index;
use super::worker::Worker;
use omnistock_sdk::{ConnectorError, ErrorClass};
use omnistock_words::Millis;

/// They are asked for again after so long where the vendor said nothing, milliseconds.
const WAIT: i64 = 60_000;
/// A vendor's wish is followed up to this long, milliseconds.
const MOST: i64 = 3_600_000;

/// How long they wait, milliseconds. `None`: the error is of another kind.
pub(super) fn spent(error: &ConnectorError) -> Option<i64> {
    let ErrorClass::Spent { after } = &error.class else {
        return None;
    };
    let wish = after.map_or(WAIT, |after| i64::try_from(after.as_millis()).unwrap_or(MOST));
    Some(wish.clamp(1, MOST))
}

impl Worker {
    /// A call failed that says nothing of the channel itself: behind an open breaker another probe is needed.
    pub(super) fn no_probe(&mut self, at: Millis) {
        if self.breaker.is_open() {
            self.breaker.hold(at.plus(1_000));
        }
    }

    /// It is read when there is something left again; meanwhile what is known of it stands.
    pub(super) fn read_later(&mut self, index: Index, until: Millis) {
        if let Some(entry) = self.catalogue.get_mut(index) {
            entry.reading = false;
        }
        self.catalogue.schedule(index, until);
    }
}
