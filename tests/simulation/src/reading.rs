//! What a channel shows, as `src/delivery/reading.rs` does it: single readings, and the complete
//! read-back that finds what is new or gone.

use crate::call::Reading;
use crate::intake::ceiling;
use crate::sim::Sim;
use crate::worker::{AUDIT, Audit, Entry, Worker, look_at_all};
use omnistock_planner::{Class, ListingDocument, Observed, Reserved, full_jitter};
use omnistock_words::{Millis, Quantity};

/// Before a reading that came too early is repeated.
const AGAIN: i64 = 20;
/// Complete read-backs in a row that must lack a listing before it counts as gone.
const MISSING: u32 = 2;

impl Sim {
    pub(crate) fn read_again(&mut self, worker: &mut Worker, items: &[usize], at: Millis) {
        let ceiling = ceiling(worker.breaker.failures());
        let again = at.plus(ceiling / 2 + full_jitter(ceiling / 2, self.wire.word()));
        for index in items {
            if let Some(entry) = &mut worker.entries[*index] {
                entry.reading = false;
            }
            worker.schedule(*index, again);
        }
    }

    /// It can't be read, so it can't be written, until a complete read-back shows it again.
    pub(crate) fn unreadable(&mut self, worker: &mut Worker, index: usize, at: Millis) {
        let Some(entry) = &mut worker.entries[index] else {
            return;
        };
        entry.reading = false;
        entry.document.unwritable = Some("the channel does not show this listing any more".to_owned());
        worker.touched.insert(index);
        if let Some(sku) = entry.document.sku.clone() {
            worker.work.look(&sku, at, at);
        }
    }

    pub(crate) fn take_reading(
        &mut self,
        daemon: usize,
        worker: &mut Worker,
        reading: &Reading,
        begun: Millis,
        until: Millis,
    ) {
        let index = reading.listing;
        let aside: Vec<Reserved> = reading.aside.iter().map(|kept| self.reserved(kept)).collect();
        let Some(entry) = &mut worker.entries[index] else {
            return;
        };
        let number = |document: &ListingDocument| document.observed.as_ref().map(|observed| observed.quantity);
        let before = (
            number(&entry.document),
            entry.document.unwritable.is_some(),
            entry.document.parked.is_some(),
        );
        entry.missing = 0;
        entry.document.unwritable = None;
        let quantity = Some(Quantity::whole(reading.number));
        let taken = entry.document.observe(Observed {
            quantity,
            at: begun,
            until: until.max(begun),
        });
        if taken {
            entry.reserved = aside;
            entry.reads = entry.reads.saturating_add(1);
            entry.asked_at = entry.asked_at.or(Some(begun));
        }
        let asked_later = entry.asked_at.is_some_and(|asked| begun < asked);
        let still_to_read = !entry.busy && !entry.document.confirmed();
        let after = (
            number(&entry.document),
            entry.document.unwritable.is_some(),
            entry.document.parked.is_some(),
        );
        let sku = entry.document.sku.clone();
        if asked_later {
            worker.schedule(index, until.plus(AGAIN));
        } else if still_to_read {
            worker.schedule(index, until.plus(50 * AGAIN));
        }
        if before != after {
            worker.touched.insert(index);
        }
        if self.take_price(worker, index, reading.price, begun) {
            worker.schedule(index, until.plus(50 * AGAIN));
        }
        if let Some(sku) = sku {
            worker.work.look(&sku, until, until);
        }
        crate::broken::reading(self, daemon, worker, reading);
    }

    pub(crate) fn reserved(&self, (order, line, units): &(usize, usize, i64)) -> Reserved {
        let record = &self.world.orders[*order];
        let (order, line) = (Some(record.id.clone()), record.lines[*line].id.clone());
        Reserved {
            order,
            line,
            quantity: Quantity::whole(*units),
        }
    }

    pub(crate) fn page(
        &mut self,
        daemon: usize,
        worker: &mut Worker,
        (from, next): (usize, Option<usize>),
        page: &[Reading],
        begun: Millis,
        at: Millis,
    ) {
        worker.breaker.answered();
        let mut audit = worker.audit.take().unwrap_or_default();
        let _ = from;
        for reading in page {
            self.known_listing(worker, reading.listing);
            audit.seen.insert(reading.listing);
            self.take_reading(daemon, worker, reading, begun, at);
        }
        let Some(next) = next else {
            return self.complete(daemon, worker, &audit, at);
        };
        worker.audit = Some(Audit {
            cursor: next,
            seen: audit.seen,
            ..Audit::default()
        });
    }

    /// The listing in memory, added where it is new.
    pub(crate) fn known_listing(&mut self, worker: &mut Worker, index: usize) {
        if worker.entries[index].is_some() {
            return;
        }
        let listing = &self.world.shops[worker.shop].listings[index];
        let place = listing.place.map(|place| self.names.locations[place].clone());
        let location = listing.place.map(|place| self.names.vendor_locations[place].clone());
        let (channel, name) = (
            self.names.channels[worker.shop].clone(),
            self.names.listings[index].clone(),
        );
        let mut document = ListingDocument::new(channel, name, location);
        document.sku = Some(self.names.skus[listing.article].clone());
        document.place = place;
        worker.entries[index] = Some(Entry {
            document,
            version: 0,
            busy: false,
            reading: false,
            asked_at: None,
            reads: 0,
            reserved: Vec::new(),
            read_due: None,
            pending: true,
            missing: 0,
        });
        worker.touched.insert(index);
    }

    /// Every listing was read: what was not seen is missing.
    pub(crate) fn complete(&mut self, daemon: usize, worker: &mut Worker, audit: &Audit, at: Millis) {
        for index in 0..worker.entries.len() {
            let Some(entry) = worker.entries[index].as_mut().filter(|_| !audit.seen.contains(&index)) else {
                continue;
            };
            entry.missing += 1;
            if entry.missing >= MISSING && !entry.busy {
                let sku = entry.document.sku.clone();
                if let Some(sku) = sku {
                    worker.work.look(&sku, at, at);
                }
                worker.unschedule(index);
                worker.entries[index] = None;
                worker.intend(index, false);
            }
        }
        worker.audit_at = if crate::broken::never_audits(self.broken) {
            Millis::MAX
        } else {
            at.plus(AUDIT)
        };
        self.oracle.read_back(daemon, worker.shop);
        if !worker.primed {
            worker.primed = true;
            look_at_all(worker, &self.names.skus, at);
        }
        self.read_back(daemon, worker.shop);
        worker.gate = self.daemons[daemon].gates[worker.shop];
        if worker.gate {
            look_at_all(worker, &self.names.skus, at);
        }
    }

    pub(crate) fn no_page(&mut self, worker: &mut Worker, class: Class, at: Millis) {
        self.channel_failed(worker, class, at);
        let random = self.wire.word();
        let Some(audit) = &mut worker.audit else { return };
        audit.running = false;
        audit.failures = audit.failures.saturating_add(1);
        let ceiling = ceiling(audit.failures);
        audit.not_before = Some(at.plus(ceiling / 2 + full_jitter(ceiling / 2, random)));
    }
}
