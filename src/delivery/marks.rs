//! Dirty marks from the store: what is to be looked at.
//!
//! They are read page by page, so that a million of them take no more room than one page; what a page says of SKUs
//! that are looked at already costs nothing. Where there are many, new ones are read behind those that were seen, and
//! all of them again from time to time: a SKU that is marked once more keeps its place.

use super::terms::milliseconds;
use super::worker::{MOST_LOOKS, Stop, Worker};
use crate::pace::Pace;
use omnistock_sdk::now;
use omnistock_words::{Millis, Sku};
use std::time::Duration;
use tokio::time::Instant;

/// Marks in one read.
#[cfg(not(test))]
const PAGE: usize = 10_000;
/// So few in tests, that several pages are nothing special.
#[cfg(test)]
const PAGE: usize = 50;
/// So many new ones in one reading are a rush: what they lead to goes before what only confirms ...
#[cfg(not(test))]
const RUSH: usize = 200;
#[cfg(test)]
const RUSH: usize = 20;
/// ... until none has come for so long.
const RUSH_LASTS: Duration = Duration::from_secs(2);
/// Between two beginnings with the first mark, at least: so often the time that it takes to read all of them, ...
const PAUSES: i64 = 10;
/// ... and no longer than that, milliseconds.
const LONGEST: i64 = 30_000;

/// How far the marks were read.
#[derive(Default)]
pub(super) struct Marks {
    /// When a reading last began; `None`: one is to begin now.
    pub(super) read_at: Option<Millis>,
    /// One is on its way, and whether it began with the first mark.
    reading: bool,
    whole: bool,
    /// How many were seen, the oldest: the next one to be read is behind them.
    seen: usize,
    /// When all were read from the first on, which reports were being applied then, and how long it took.
    begun: Millis,
    applying: (u64, u64),
    took: i64,
    /// All were read while these reports were applied, and none was on its way.
    complete: Option<(u64, u64)>,
    /// How fast new ones come, and how many the last reading brought.
    pub(super) pace: Pace,
    pub(super) came: usize,
    /// Until when there is a rush.
    rush: Option<Instant>,
}

impl Marks {
    /// All are read again, from the first on.
    pub(super) fn begin_anew(&mut self) {
        *self = Self::default();
    }

    /// Whether so much came a moment ago that only the newest numbers count.
    pub(super) fn is_rush(&self) -> bool {
        self.rush.is_some_and(|until| Instant::now() < until)
    }

    /// So many of them were new.
    fn came(&mut self, news: usize, now: Instant) {
        self.pace.came(news, now);
        self.came = news;
        if news >= RUSH {
            self.rush = Some(now + RUSH_LASTS);
        }
    }

    /// So many of those that were seen are no more.
    pub(super) fn cleared(&mut self, marks: usize) {
        self.seen = self.seen.saturating_sub(marks);
    }

    /// A reading begins: from the first mark on where there are few, where it is time, or where a report may have
    /// marked those again that were seen.
    fn begin(&mut self, now: Millis, applying: (u64, u64)) {
        (self.read_at, self.reading) = (Some(now), true);
        let pause = self.took.saturating_mul(PAUSES).min(LONGEST);
        let (few, due) = (self.seen <= PAGE, now.since(self.begun) >= pause);
        let report = applying.0 == 0 && self.complete != Some(applying);
        self.whole = few || due || report;
        if self.whole {
            (self.seen, self.begun, self.applying, self.complete) = (0, now, applying, None);
        }
    }

    /// A page was read, with so many.
    fn page(&mut self, marks: usize, now: Millis, applying: (u64, u64)) {
        self.seen += marks;
        self.reading = marks >= PAGE;
        if !self.reading && self.whole {
            self.took = now.since(self.begun);
            self.complete = (applying == self.applying && applying.0 == 0).then_some(applying);
        }
    }
}

impl Worker {
    /// New ones, once a tick or when the ledger rings; as many as there is room to look at.
    pub(super) async fn take_marks(&mut self) -> Result<(), Stop> {
        let now = now();
        let tick = milliseconds(self.parts.timings.tick);
        let waits = self.marks.read_at.is_some_and(|at| now.since(at) < tick);
        let applying = *self.parts.applying.borrow();
        // Where much comes, a round that sends what waits reads no marks before their time.
        let waits = waits || self.work.is_queued() && self.next_marks().is_some();
        if self.marks.reading && self.work.ready() >= MOST_LOOKS || !self.marks.reading && waits {
            // A report that came and went meanwhile has marks that were not read.
            self.guarding.all_marks &= self.marks.complete == Some(applying);
            return Ok(());
        }
        if !self.marks.reading {
            self.marks.begin(now, applying);
            self.marks.pace.begin(Instant::now());
        }
        let behind = self.marks.seen;
        let marks = self.patiently(|worker| {
            let (store, channel) = (worker.parts.store.clone(), worker.parts.channel.clone());
            async move { store.dirty_behind(channel.as_str(), behind, PAGE).await }
        });
        let marks = marks.await?;
        self.marks.page(marks.len(), now, *self.parts.applying.borrow());
        self.guarding.all_marks = !self.marks.reading && self.marks.complete == Some(*self.parts.applying.borrow());
        let mut news = 0;
        for mark in marks {
            let Ok(sku) = Sku::new(&mark.sku) else { continue };
            if !self.is_deferred(&sku, mark.version) && self.work.mark(&sku, mark.version, mark.since, now) {
                self.pending(&sku);
                news += 1;
            }
        }
        self.marks.came(news, Instant::now());
        Ok(())
    }

    /// Whether more marks are to be read as soon as there is room.
    pub(super) fn reads_marks(&self) -> bool {
        self.marks.reading
    }

    fn pending(&mut self, sku: &Sku) {
        let listings = self.catalogue.of(sku);
        if listings.is_empty() {
            self.not_listed(sku);
        }
        for index in listings {
            if let Some(entry) = self.catalogue.get_mut(index) {
                if !entry.pending {
                    // The reading that settled it speaks of the mark before.
                    (entry.asked_at, entry.reads) = (None, 0);
                }
                entry.pending = true;
            }
            self.catalogue.show(index, self.gate, &self.parts.board);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDLE: (u64, u64) = (0, 1);

    #[test]
    fn few_marks_are_read_from_the_first_on_and_of_many_the_new_ones() {
        let mut marks = Marks::default();
        marks.begin(Millis(0), IDLE);
        marks.page(PAGE, Millis(10), IDLE);
        assert!(marks.reading && marks.complete.is_none());
        marks.page(7, Millis(20), IDLE);
        assert_eq!((marks.reading, marks.complete), (false, Some(IDLE)));
        marks.begin(Millis(100), IDLE);
        assert_eq!(marks.seen, PAGE + 7, "behind those that were seen");
        marks.page(1, Millis(110), IDLE);
        marks.begin(Millis(200), IDLE);
        assert_eq!(marks.seen, 0, "it is time");
        marks.page(PAGE, Millis(210), IDLE);
        marks.page(8, Millis(220), IDLE);
        marks.cleared(10);
        assert_eq!(marks.seen, PAGE - 2, "none is passed over");
        marks.begin(Millis(221), IDLE);
        assert_eq!(marks.seen, 0, "few");
    }

    #[test]
    fn marks_are_complete_once_all_were_read_behind_a_report() {
        let mut marks = Marks::default();
        marks.begin(Millis(0), (1, 1));
        marks.page(3, Millis(1), (1, 1));
        assert_eq!(marks.complete, None, "a report is being applied");
        marks.begin(Millis(2), IDLE);
        marks.page(PAGE, Millis(3), IDLE);
        marks.page(1, Millis(4), (1, 2));
        assert_eq!(marks.complete, None, "another one has begun");
        marks.begin(Millis(5), (0, 2));
        assert_eq!(marks.seen, 0, "it may have marked again what was seen");
        marks.page(PAGE, Millis(6), (0, 2));
        marks.page(1, Millis(7), (0, 2));
        assert_eq!(marks.complete, Some((0, 2)));
        marks.begin(Millis(8), (0, 2));
        marks.page(2, Millis(9), (0, 2));
        assert_eq!(marks.complete, Some((0, 2)), "new ones were read, too");
        marks.begin(Millis(10), (1, 3));
        assert!(!marks.whole, "while a report is applied, only from time to time");
        marks.page(2, Millis(11), (1, 3));
        assert_ne!(marks.complete, Some((1, 3)));
        marks.begin(Millis(12), (0, 3));
        assert!(marks.whole, "behind it");
    }
}
