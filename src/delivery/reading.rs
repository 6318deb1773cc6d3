//! What a channel shows: single readings, and the complete read-back that finds what is new or gone.

use super::bits::Bits;
use super::catalogue::Index;
use super::results::class;
use super::spent::spent;
use super::worker::Worker;
use crate::retry;
use omnistock_planner::{Class, ListingDocument, Observed, Reserved};
use omnistock_sdk::{ConnectorError, Cursor, ListingPage, ListingReading, ListingReference, PricedPage, now};
use omnistock_words::Millis;
use std::collections::HashMap;

/// The store's limit for an id.
const MOST_ID: usize = crate::store::MOST_NAME;

/// Before a reading that came too early is repeated, milliseconds.
const AGAIN: i64 = 20;

/// Complete read-backs in a row that must lack a listing before it counts as gone.
const MISSING: u32 = 2;

/// A complete read-back on its way.
#[derive(Default)]
pub(super) struct Audit {
    pub(super) cursor: Option<Cursor>,
    pub(super) seen: Bits,
    pub(super) running: bool,
    /// A channel without listings of its own was told of the articles.
    pub(super) told: bool,
    pub(super) not_before: Option<Millis>,
    pub(super) failures: u32,
}

impl Worker {
    pub(super) fn read(&mut self, items: Vec<(Index, ListingReference)>, readings: Vec<ListingReading>, at: Millis) {
        self.answered();
        self.parts.board.read(readings.len());
        let mut found: HashMap<_, _> = readings
            .into_iter()
            .map(|reading| (reading.reference.key.clone(), reading))
            .collect();
        for (index, reference) in items {
            if let Some(entry) = self.catalogue.get_mut(index) {
                entry.reading = false;
            }
            match found.remove(&reference.key) {
                Some(reading) => self.take_reading(index, reading, at),
                None => self.unreadable(index, "the channel does not show this listing any more".to_owned()),
            }
        }
    }

    /// Reads them again after a while.
    pub(super) fn read_again(&mut self, items: &[(Index, ListingReference)], at: Millis) {
        let again = at.plus(retry::pause(self.breaker.failures(), rand::random()));
        for (index, _) in items {
            if let Some(entry) = self.catalogue.get_mut(*index) {
                entry.reading = false;
            }
            self.catalogue.schedule(*index, again);
        }
    }

    /// It can't be read, so it can't be written: kept aside until a complete read-back shows it again.
    pub(super) fn unreadable(&mut self, index: Index, reason: String) {
        let Some(entry) = self.catalogue.get_mut(index) else {
            return;
        };
        entry.reading = false;
        entry.document.unwritable = Some(reason);
        self.changes.touch(index);
        self.look_again(index);
        self.catalogue.show(index, self.gate, &self.parts.board);
    }

    pub(super) fn look_again(&mut self, index: Index) {
        if !self.primed && !self.falls {
            // Nothing is looked at before all listings were read, and then all of them are.
            return;
        }
        let sku = self.catalogue.get(index).and_then(|entry| entry.document.sku.clone());
        if let Some(sku) = sku {
            let now = now();
            self.work.look(&sku, now, now);
        }
    }

    pub(super) fn take_reading(&mut self, index: Index, reading: ListingReading, until: Millis) {
        self.catalogue.take_up(&[index], &self.parts.channel);
        let Some(entry) = self.catalogue.get(index) else { return };
        let before = entry.document.clone();
        self.set_ours(index, reading.sku, reading.about);
        self.catalogue.set_parent(index, reading.reference.parent.as_ref());
        let Some(entry) = self.catalogue.get_mut(index) else {
            return;
        };
        entry.missing = 0;
        entry.document.place = reading.place;
        entry.document.unwritable = reading.unwritable;
        let observed = Observed {
            quantity: reading.quantity,
            at: reading.read_at,
            until: until.max(reading.read_at),
        };
        let taken = entry.document.observe(observed);
        if taken {
            let reserved = reading.reserved.into_iter();
            let reserved = reserved.map(|line| Reserved {
                order: line.order,
                line: line.line,
                quantity: line.quantity,
            });
            entry.reserved = reserved.collect();
            entry.reads = entry.reads.saturating_add(1);
            entry.asked_at = entry.asked_at.or(Some(reading.read_at));
        }
        let asked_later = entry.asked_at.is_some_and(|asked| reading.read_at < asked);
        let still_to_read = !entry.busy && !entry.document.confirmed();
        let (changed, confirmed) = (
            told_apart(&before, &entry.document),
            taken && entry.document.confirmed(),
        );
        if confirmed {
            self.catalogue.was_read(index, until, &self.parts.board);
        }
        // Begun before it was asked for, or before the last answer: the reading is still to come.
        if still_to_read && self.limits.settles > 0 {
            self.catalogue.schedule(index, until.plus(self.limits.settles));
        } else if asked_later {
            self.catalogue.schedule(index, until.plus(AGAIN));
        } else if still_to_read {
            self.catalogue.schedule(index, until.plus(50 * AGAIN));
        }
        self.tell_undone(index, &before, until);
        if changed {
            self.changes.touch(index);
            self.check_drained(index);
        }
        self.look_again(index);
        self.catalogue.show(index, self.gate, &self.parts.board);
    }

    /// Says that yeses came to nothing: of the first one a reading that lags behind may be the reason.
    fn tell_undone(&mut self, index: Index, before: &ListingDocument, at: Millis) {
        let Some(entry) = self.catalogue.get(index) else { return };
        let document = &entry.document;
        let (undone, listing) = (document.undone(), &document.listing);
        if undone < 2 || before.undone() == undone {
            return;
        }
        let asked = document.accepted.as_ref().map(|accepted| accepted.quantity);
        let shown = document.observed.as_ref().and_then(|read| read.quantity);
        let (asked, shown) = (asked.unwrap_or_default(), shown.unwrap_or_default());
        let sentence = format!(
            "{listing} is not applied: the channel said yes {undone} times in a row and still shows {shown} in place of {asked}; it is sent again, ever more seldom"
        );
        tracing::warn!(channel = %self.parts.channel, "{sentence}");
        self.parts.board.error(Class::Retry { after: None }, at, &sentence);
    }

    /// As [`Self::page`], with what its listings ask.
    pub(super) fn priced_page(&mut self, page: PricedPage, at: Millis) {
        let mut found: HashMap<_, _> = page.prices.into_iter().map(|one| (one.key.clone(), one)).collect();
        for reading in &page.page.listings {
            if let Some(index) = self.known(reading) {
                self.take_price(index, found.remove(&reading.reference.key), at);
            }
        }
        self.page(page.page, at);
    }

    pub(super) fn page(&mut self, page: ListingPage, at: Millis) {
        self.answered();
        self.parts.board.read(page.listings.len());
        let mut audit = self.audit.take().unwrap_or_default();
        for reading in page.listings {
            if let Some(index) = self.known(&reading) {
                audit.seen.insert(index);
                self.take_reading(index, reading, at);
            }
        }
        if page.next.is_some() && page.next == audit.cursor {
            let sentence = "the channel's catalogue does not go on: its next page is the same again";
            self.audit = Some(Audit { running: true, ..audit });
            return self.no_page(&ConnectorError::retry(sentence), at);
        }
        if page.next.is_none() {
            return self.complete(&audit, at);
        }
        self.audit = Some(Audit {
            cursor: page.next,
            seen: audit.seen,
            ..Audit::default()
        });
    }

    /// The listing in memory, added where it is new.
    fn known(&mut self, reading: &ListingReading) -> Option<Index> {
        let key = &reading.reference.key;
        let document = ListingDocument::new(self.parts.channel.clone(), key.listing.clone(), key.location.clone());
        let id = document.id();
        if id.len() > MOST_ID {
            let sentence = format!("listing {} has an id that is too long to be kept", key.listing);
            self.parts.board.error(Class::Rejected, reading.read_at, &sentence);
            return None;
        }
        Some(self.catalogue.find(&id).unwrap_or_else(|| {
            let index = self.catalogue.add(document, 0);
            self.changes.touch(index);
            index
        }))
    }

    /// Every listing was read: what was not seen is missing.
    fn complete(&mut self, audit: &Audit, at: Millis) {
        for index in self.catalogue.lacking(&audit.seen) {
            let Some(entry) = self.catalogue.get_mut(index) else {
                continue;
            };
            entry.missing += 1;
            if entry.missing >= MISSING && !entry.busy {
                let (id, version) = (entry.id.clone(), entry.version);
                self.guarding.changed |= entry.document.held.is_some();
                self.prices.changed |= entry.document.price.as_ref().is_some_and(|price| price.held.is_some());
                self.look_again(index);
                self.catalogue.remove(index, &self.parts.board);
                self.changes.remove(index, id, version);
            }
        }
        let every = i64::try_from(self.parts.timings.audit_every.as_millis()).unwrap_or(i64::MAX);
        self.audit_at = at.plus(every);
        if std::mem::take(&mut self.prices.unread) | self.articles.again() {
            self.audit_at = at;
        }
        self.parts.board.audited();
        if !self.primed {
            self.primed = true;
            self.look_at_all();
        }
        (self.parts.read_back)();
    }

    pub(super) fn no_page(&mut self, error: &ConnectorError, at: Millis) {
        self.channel_failed(error, at);
        let Some(audit) = &mut self.audit else { return };
        audit.running = false;
        audit.failures = audit.failures.saturating_add(1);
        if class(error) == Class::Rejected {
            // The page's cursor may be what is refused: from the beginning.
            audit.cursor = None;
            audit.seen = Bits::default();
        }
        let pause = retry::pause(audit.failures, rand::random());
        audit.not_before = Some(at.plus(pause.max(spent(error).unwrap_or(0))));
    }
}

/// Whether something has changed that a restart should know; when it was read is not.
fn told_apart(before: &ListingDocument, after: &ListingDocument) -> bool {
    let number = |document: &ListingDocument| document.observed.as_ref().map(|observed| observed.quantity);
    number(before) != number(after)
        || before.there != after.there
        || (&before.sku, &before.parent, &before.place) != (&after.sku, &after.parent, &after.place)
        || (&before.unwritable, &before.parked) != (&after.unwritable, &after.parked)
}
