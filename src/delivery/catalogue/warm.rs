//! Which listings are worked at: unpacked when they are needed, packed again when nothing is going on with them.

use super::{Catalogue, Entry, Index, Seen};
use omnistock_words::{ChannelName, Millis};

/// Listings that are worked at before those are packed again with which nothing is going on.
pub(super) const MOST_WARM: usize = 4_096;

/// Listings that may lie unpacked where nothing is unpacked any more.
const FEW_WARM: usize = 64;

/// Between two times that all of them are gone through, milliseconds.
const RESTS: i64 = 1_000;

impl Catalogue {
    /// Packs a listing with which nothing is going on.
    pub(super) fn put_away(&mut self, index: Index, entry: Box<Entry>) {
        let Some(record) = self.packer.pack(&entry) else {
            self.warm.insert(index, entry);
            return;
        };
        debug_assert!(
            self.packer.unpack(&record).as_ref() == Some(entry.as_ref()),
            "a listing is packed without a loss"
        );
        self.counted += usize::from(entry.is_counted());
        self.priced += usize::from(entry.is_priced());
        if entry.is_held() {
            self.held.insert(index);
        }
        self.packed.set(index, &record);
    }

    /// The listing as it is now.
    pub(in crate::delivery) fn get(&self, index: Index) -> Option<Seen<'_>> {
        if let Some(entry) = self.warm.get(&index) {
            return Some(Seen::Warm(entry));
        }
        Some(Seen::Cold(Box::new(self.unpack(index)?)))
    }

    fn unpack(&self, index: Index) -> Option<Entry> {
        (index < self.packed.len()).then(|| self.packer.unpack(self.packed.get(index)))?
    }

    /// The listing, to be worked at: it is packed again some time after.
    pub(in crate::delivery) fn get_mut(&mut self, index: Index) -> Option<&mut Entry> {
        if !self.warm.contains_key(&index) {
            let entry = self.unpack(index)?;
            if self.warm.len() >= self.tidy_at.max(MOST_WARM) {
                self.tidy();
            }
            self.counted = self.counted.saturating_sub(usize::from(entry.is_counted()));
            self.priced = self.priced.saturating_sub(usize::from(entry.is_priced()));
            self.held.remove(&index);
            self.warm.insert(index, Box::new(entry));
            self.unpacked = true;
        }
        self.warm.get_mut(&index).map(Box::as_mut)
    }

    /// Unpacks listings that are about to be worked at, so that looking at them costs nothing.
    pub(in crate::delivery) fn take_up(&mut self, listings: &[Index], channel: &ChannelName) {
        for index in listings {
            if self.get_mut(*index).is_none() {
                let listing = self.id(*index).unwrap_or_default();
                tracing::error!(%channel, listing, "a listing of the catalogue can't be unpacked");
            }
        }
    }

    /// Packs what nothing is going on with.
    pub(super) fn tidy(&mut self) {
        let mut warm: Vec<(Index, Box<Entry>)> = std::mem::take(&mut self.warm).into_iter().collect();
        warm.sort_unstable_by_key(|(index, _)| *index);
        for (index, entry) in warm {
            self.put_away(index, entry);
        }
        self.tidy_at = 2 * self.warm.len();
    }

    /// Packs what nothing is going on with any more, where that is worth it; once a second at most. Where none was
    /// unpacked since the last time, the work is done, and few are left.
    pub(in crate::delivery) fn rest(&mut self, now: Millis) {
        if now < self.rest_at {
            return;
        }
        self.rest_at = now.plus(RESTS);
        let working = std::mem::take(&mut self.unpacked);
        let most = if working { MOST_WARM } else { FEW_WARM };
        if self.warm.len() > most {
            self.tidy();
        }
    }

    /// How many listings there is a number to show for.
    pub(in crate::delivery) fn counted(&self) -> usize {
        self.counted + self.warm.values().filter(|entry| entry.is_counted()).count()
    }

    /// How many listings the channel shows a price for.
    pub(in crate::delivery) fn priced(&self) -> usize {
        self.priced + self.warm.values().filter(|entry| entry.is_priced()).count()
    }

    /// Listings of which a guard holds the number or the price.
    pub(in crate::delivery) fn held(&self) -> Vec<Index> {
        let warm = self.warm.iter().filter(|(_, entry)| entry.is_held());
        let mut held: Vec<Index> = warm.map(|(index, _)| *index).chain(self.held.iter().copied()).collect();
        held.sort_unstable();
        held
    }
}
