//! A channel's first hour at the worker: which listings may change in it, the riskiest first, and what the next
//! daemon knows of it. A listing is counted by the commit that holds its intent.

use super::catalogue::Index;
use super::look::Planned;
use super::worker::{Stop, Worker};
use crate::store::{DocumentWrite, Key, Kind};
use omnistock_planner::{ListingDocument, Ramp, RampStanding, Risk};
use omnistock_words::{ChannelName, Millis, Mode};

/// The schema that this version writes.
const SCHEMA: u32 = 1;
/// A price waits so long for numbers that may want to go first, milliseconds.
const BEHIND_NUMBERS: i64 = 1_000;

/// The channel's ramp, and what of it is in the store.
#[derive(Debug, Default)]
pub(super) struct Ramping {
    ramp: Ramp,
    /// Listings that may change in the first hour.
    most: Option<u32>,
    version: u64,
    changed: bool,
}

impl Ramping {
    fn standing(&self, now: Millis) -> Option<RampStanding> {
        self.ramp.standing(self.most, now)
    }

    /// Whether the store does not have it yet.
    pub(super) fn is_changed(&self) -> bool {
        self.changed
    }

    /// The document for the next commit; with it goes whatever is counted in it.
    pub(super) fn write(&mut self, channel: &ChannelName) -> Option<DocumentWrite> {
        std::mem::take(&mut self.changed).then(|| {
            self.version += 1;
            self.ramp.schema = SCHEMA;
            DocumentWrite {
                key: key(channel),
                expected: self.version - 1,
                version: self.version,
                bytes: Some(serde_json::to_vec(&self.ramp).unwrap_or_default()),
            }
        })
    }
}

fn key(channel: &ChannelName) -> Key {
    Key::new(Kind::Channel, format!("{channel}/ramp"))
}

impl Worker {
    /// Reads what a predecessor left. One that can't be read is as none: the channel counts as new.
    pub(super) async fn load_ramp(&mut self) -> Result<(), Stop> {
        let found = self.patiently(|worker| {
            let (store, keys) = (worker.parts.store.clone(), [key(&worker.parts.channel)]);
            async move { store.load(&keys).await }
        });
        let stored = found.await?.into_iter().next().unwrap_or_default();
        let ramping = &mut self.throttle.ramping;
        ramping.ramp = serde_json::from_slice(&stored.bytes).unwrap_or_default();
        ramping.version = stored.version;
        Ok(())
    }

    /// Takes over the channel's own mode and its ramp, and tells how it stands.
    pub(super) fn follow_mode(&mut self, now: Millis) {
        let channel = self.settings.channels.get(&self.parts.channel);
        let own = channel.map(|channel| channel.policy.mode);
        let most = channel.and_then(|channel| channel.policy.ramp);
        self.parts.board.set_mode(own);
        let ramping = &mut self.throttle.ramping;
        ramping.most = most;
        let before = ramping.ramp;
        let begins = ramping.ramp.mode(own.unwrap_or(Mode::Frozen), now);
        ramping.changed |= ramping.ramp != before;
        self.parts.board.set_ramp(ramping.standing(now));
        if begins {
            for index in 0..self.catalogue.len() {
                if self.catalogue.has(index)
                    && let Some(entry) = self.catalogue.get_mut(index)
                    && std::mem::take(&mut entry.document.ramped)
                {
                    self.changes.touch(index);
                }
            }
        }
    }

    /// Leaves those numbers whose listings may change now, the riskiest of new ones. The others wait: for the end of
    /// the hour once it has no room, else for their turn.
    pub(super) fn ramp(&mut self, planned: &mut Vec<Planned>, now: Millis) {
        let Some(standing) = self.throttle.ramping.standing(now) else {
            return;
        };
        let mut left = standing.most.saturating_sub(standing.changed);
        planned.sort_by_key(|write| (write.risk, write.since));
        // What was not looked at yet may be riskier than what rises.
        let unknown = self.work.is_ready();
        planned.retain(|write| {
            let entry = self.catalogue.get(write.index);
            if entry.is_some_and(|entry| entry.document.ramped) {
                return true;
            }
            if standing.is_used_up() {
                self.work.unqueue(&write.sku);
                self.work.wait(&write.sku, again(standing, now));
                return false;
            }
            let goes = left > 0 && !(unknown && write.risk >= Risk::Increase);
            left -= u32::from(goes);
            goes
        });
    }

    /// When a price of this listing may go out, where the vendor's limit for one listing or the ramp keeps it.
    pub(super) fn price_waits(&self, document: &ListingDocument, now: Millis) -> Option<Millis> {
        let change = self.throttle.change(&self.catalogue, document, Risk::Price, now);
        change.err().or_else(|| self.ramps_price(document, now))
    }

    /// Behind numbers, of which one may want to go first.
    fn ramps_price(&self, document: &ListingDocument, now: Millis) -> Option<Millis> {
        let standing = self.throttle.ramping.standing(now)?;
        if document.ramped {
            None
        } else if standing.is_used_up() {
            Some(again(standing, now))
        } else {
            let numbers = self.work.is_ready() || self.work.is_queued();
            numbers.then(|| now.plus(BEHIND_NUMBERS))
        }
    }

    /// Counts a listing that is about to change.
    ///
    /// # Errors
    /// When it may, where it may not now.
    pub(super) fn take_ramp(&mut self, index: Index, now: Millis) -> Result<(), Millis> {
        let Some(entry) = self.catalogue.get_mut(index) else {
            return Ok(());
        };
        let ramping = &mut self.throttle.ramping;
        let before = ramping.ramp;
        let counted = ramping.ramp.take(ramping.most, entry.document.ramped, now)?;
        entry.document.ramped |= counted;
        ramping.changed |= ramping.ramp != before;
        Ok(())
    }
}

/// When to look again at what the ramp has no room for.
fn again(standing: RampStanding, now: Millis) -> Millis {
    standing.until.unwrap_or(now.plus(BEHIND_NUMBERS)).max(now.plus(1))
}
