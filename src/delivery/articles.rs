//! Articles of a channel that has no listings of its own: it is told which ones its sources have reported.
//!
//! All of them before each complete read-back, new ones when they become dirty. Bundles are sold like articles.

use super::worker::{Audit, MOST_LOOKS, Stop, Worker};
use crate::store::{Key, Kind, Versioned};
use omnistock_engine::SkuDocument;
use omnistock_sdk::{ConnectorError, now};
use omnistock_words::{LocationName, Millis, Sku};
use std::collections::BTreeSet;
use tokio::time::timeout;

/// Ledgers in one read.
const PAGE: usize = 1_000;

/// What the channel is still to be told.
#[derive(Default)]
pub(super) struct Articles {
    /// Dirty ones that it has no listing of.
    unlisted: BTreeSet<Sku>,
    /// It was told of more while its listings were read: they are read once more.
    again: bool,
}

impl Articles {
    /// Whether the listings are to be read once more; asked when they were read.
    pub(super) fn again(&mut self) -> bool {
        std::mem::take(&mut self.again)
    }
}

impl Worker {
    /// Settings may have opened places or made bundles: all is told and read anew.
    pub(super) fn articles_changed(&mut self, now: Millis) {
        if self.vendor.opens {
            self.read_all(now);
        }
    }

    /// A dirty article without a listing may be one that the channel was not told of yet.
    pub(super) fn not_listed(&mut self, sku: &Sku) {
        if self.vendor.opens && self.articles.unlisted.len() < MOST_LOOKS {
            self.articles.unlisted.insert(sku.clone());
        }
    }

    /// Tells the channel what it lists, where it lists what it is told of.
    pub(super) async fn tell_articles(&mut self, at: Millis) -> Result<(), Stop> {
        if !self.vendor.opens {
            return Ok(());
        }
        if !self.articles.unlisted.is_empty() {
            self.tell_new(at).await?;
        }
        if self.audit.is_none() && at >= self.audit_at {
            self.audit = Some(Audit::default());
        }
        let waits = |audit: &Audit| {
            let begun = audit.told || audit.running || audit.cursor.is_some();
            begun || audit.not_before.is_some_and(|until| until > at)
        };
        if self.audit.as_ref().is_none_or(waits) {
            return Ok(());
        }
        let told = self.tell_all().await?;
        if let Some(audit) = &mut self.audit {
            audit.told = told;
        }
        Ok(())
    }

    /// New ones of the sources that the channel sells from: then its listings are read, and these are among them.
    async fn tell_new(&mut self, at: Millis) -> Result<(), Stop> {
        let skus: Vec<Sku> = std::mem::take(&mut self.articles.unlisted).into_iter().collect();
        let keys: Vec<Key> = skus.iter().map(Key::sku).collect();
        let found = self.patiently(|worker| {
            let (store, keys) = (worker.parts.store.clone(), keys.clone());
            async move { store.load(&keys).await }
        });
        let found = found.await?;
        let places = self.places();
        let ours = skus
            .into_iter()
            .zip(&found)
            .filter(|(_, stored)| reported(stored, &places));
        let ours: Vec<Sku> = ours.map(|(sku, _)| sku).collect();
        if !ours.is_empty() {
            self.carry(&ours).await;
            self.read_all(at);
        }
        Ok(())
    }

    /// Reads all listings now, or once more when the read-back on its way is over.
    fn read_all(&mut self, at: Millis) {
        self.articles.again = self.audit.is_some();
        self.audit_at = self.audit_at.min(at);
    }

    async fn tell_all(&mut self) -> Result<bool, Stop> {
        let bundles: Vec<Sku> = self.settings.bundles.keys().cloned().collect();
        let places = self.places();
        let mut told = bundles.is_empty() || self.carry(&bundles).await;
        let mut after: Option<String> = None;
        while told {
            let page = self.patiently(|worker| {
                let (store, after) = (worker.parts.store.clone(), after.clone());
                async move { store.scan(Kind::Sku, after.as_deref(), PAGE).await }
            });
            let page = page.await?;
            let ours = page.iter().filter(|(_, stored)| reported(stored, &places));
            let ours: Vec<Sku> = ours.filter_map(|(sku, _)| Sku::new(sku).ok()).collect();
            told = ours.is_empty() || self.carry(&ours).await;
            if page.len() < PAGE {
                return Ok(told);
            }
            after = page.into_iter().last().map(|(sku, _)| sku);
        }
        Ok(false)
    }

    /// Where the channel sells from, and what these places are carved out of.
    fn places(&self) -> BTreeSet<LocationName> {
        let own = self.settings.channels.get(&self.parts.channel);
        let places = own.into_iter().flat_map(|own| &own.policy.locations);
        let whole = |place: &LocationName| self.settings.locations.get(place)?.part_of.clone();
        places
            .flat_map(|place| [Some(place.clone()), whole(place)])
            .flatten()
            .collect()
    }

    /// False: it did not take them; the error is told, and the next attempt comes when the channel is asked again.
    async fn carry(&mut self, skus: &[Sku]) -> bool {
        let connector = self.parts.connector.clone();
        let Some(role) = connector.articles() else { return false };
        let late = || Err(ConnectorError::retry("the channel did not take its articles in time"));
        let taken = timeout(self.parts.timings.call, role.carry(skus)).await;
        let Err(error) = taken.unwrap_or_else(|_| late()) else {
            return true;
        };
        self.no_page(&error, now());
        false
    }
}

/// Whether one of these places has ever had a figure of it.
fn reported(stored: &Versioned, places: &BTreeSet<LocationName>) -> bool {
    let ledger = SkuDocument::decode(&stored.bytes);
    ledger.is_ok_and(|ledger| {
        ledger
            .positions
            .iter()
            .any(|position| places.contains(&position.location))
    })
}
