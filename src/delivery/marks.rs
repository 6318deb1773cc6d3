//! Dirty marks from the store: what is to be looked at.

use super::terms::milliseconds;
use super::worker::{MOST_LOOKS, Stop, Worker};
use omnistock_sdk::now;
use omnistock_words::Sku;

impl Worker {
    /// New ones, once a tick or when the ledger rings.
    pub(super) async fn take_marks(&mut self) -> Result<(), Stop> {
        let now = now();
        if self
            .marks_at
            .is_some_and(|at| now.since(at) < milliseconds(self.parts.timings.tick))
        {
            return Ok(());
        }
        self.marks_at = Some(now);
        // Marks that are being worked at stay in the store: ask for more than those.
        let most = MOST_LOOKS + self.work.len();
        let applying = *self.parts.applying.borrow();
        let marks = self.patiently(|worker| {
            let (store, channel) = (worker.parts.store.clone(), worker.parts.channel.clone());
            async move { store.dirty(channel.as_str(), most).await }
        });
        let marks = marks.await?;
        let unchanged = applying == *self.parts.applying.borrow() && applying.0 == 0;
        self.guarding.all_marks = unchanged && marks.len() < most;
        for mark in marks {
            let Ok(sku) = Sku::new(&mark.sku) else { continue };
            if self.work.mark(&sku, mark.version, mark.since, now) {
                self.pending(&sku);
            }
        }
        Ok(())
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
