//! What counts as published while a scenario runs, and what the channel guards hold of it.

mod prices;

use super::HeldEntry;
use crate::guard::{Baseline, GuardName, Kept, Look, Window, newly_zero, over, taken};
use crate::{Documents, Event, Offer, promises, resolve};
use omnistock_words::{ChannelName, Millis, Money, Quantity, Settings, Sku};
use std::collections::{BTreeMap, BTreeSet};

type Key = (ChannelName, Sku);

/// The listings as the channels show them.
#[derive(Default)]
pub(super) struct Published {
    prices: prices::Prices,
    quantities: BTreeMap<Key, Baseline>,
    /// Quantities that stay although nothing is left, less orders that came since.
    held: BTreeMap<Key, (Kept, HeldEntry)>,
    /// Listings that single changes brought to zero.
    recent: BTreeMap<ChannelName, Window<Sku>>,
}

/// What an event leads to, and when it says that it happened.
pub(super) struct Change<'a> {
    pub(super) settings: &'a Settings,
    pub(super) documents: &'a Documents,
    pub(super) skus: BTreeSet<Sku>,
    /// The events of one report; all are applied.
    pub(super) events: &'a [Event],
    pub(super) now: Millis,
}

impl Change<'_> {
    /// The instant of a single change; `None`: a whole report, judged by itself.
    fn single(&self) -> Option<Millis> {
        let at = match self.events.first()? {
            Event::Stock(report) if report.complete => return None,
            Event::Stock(report) => report.as_of,
            Event::Movement { at, .. } => *at,
            _ => self.now,
        };
        Some(at.min(self.now))
    }

    fn policy(&self, key: &Key) -> std::borrow::Cow<'_, omnistock_words::ChannelPolicy> {
        let document = self.documents.skus.get(&key.1);
        let attributes = document.map(|document| document.attributes.clone()).unwrap_or_default();
        resolve(self.settings, &key.0, &key.1, &attributes, self.now)
    }
}

impl Published {
    /// Publishes what an event, or the price events of one report, led to, except for what a guard holds.
    pub(super) fn take(&mut self, change: &Change<'_>) {
        let mut zeroed: BTreeMap<ChannelName, Vec<(Sku, Kept)>> = BTreeMap::new();
        let mut prices = Vec::new();
        for sku in &change.skus {
            for (channel, promise) in promises(change.settings, change.documents, sku, change.now) {
                let key = (channel, sku.clone());
                prices.push((key.clone(), promise.price.clone()));
                let Some(quantity) = promise.quantity else { continue };
                let taken = taken(change.settings, change.documents, &key.0, sku, change.now);
                let base = Baseline::of(quantity, &promise, taken);
                if self.keeps(change, &key, base) {
                    continue;
                }
                if let Some(kept) = self.unexplained(change, &key, base) {
                    zeroed.entry(key.0).or_default().push((key.1, kept));
                    continue;
                }
                if let Some(recent) = self.recent.get_mut(&key.0).filter(|_| base.quantity.is_positive()) {
                    recent.forget(sku);
                }
                self.quantities.insert(key, base);
            }
        }
        self.prices.take(change, prices);
        for (channel, listings) in zeroed {
            self.zero(change, &channel, listings);
        }
    }

    /// A held quantity falls by new orders, and is released when there is stock again or none of it is left.
    fn keeps(&mut self, change: &Change<'_>, key: &Key, base: Baseline) -> bool {
        let factor = change.policy(key).factor;
        let Some((kept, _)) = self.held.get_mut(key) else {
            return false;
        };
        *kept = kept.lowered(base.taken, factor);
        let stays = base.quantity.is_zero() && kept.quantity.is_positive();
        if !stays {
            self.held.remove(key);
            self.quantities.insert(key.clone(), base);
        }
        stays
    }

    fn unexplained(&self, change: &Change<'_>, key: &Key, base: Baseline) -> Option<Kept> {
        let published = self.quantities.get(key).filter(|_| base.quantity.is_zero())?;
        let look = Look {
            settings: change.settings,
            documents: change.documents,
            channel: &key.0,
            sku: &key.1,
            offer: Offer::default(),
            factor: change.policy(key).factor,
            now: change.now,
        };
        newly_zero(&look, published, base.taken, |promise| promise.quantity)
    }

    /// Listings of one channel that one report, or one change, brought to zero.
    fn zero(&mut self, change: &Change<'_>, channel: &ChannelName, listings: Vec<(Sku, Kept)>) {
        let of_channel = |key: &Key| key.0 == *channel;
        let whole = self.quantities.keys().filter(|key| of_channel(key)).count();
        let held = self.held.keys().filter(|key| of_channel(key)).count();
        let (single, recent) = (change.single(), self.recent.entry(channel.clone()).or_default());
        let now: BTreeSet<&Sku> = listings.iter().map(|(sku, _)| sku).collect();
        let before = single.map_or(0, |at| recent.within(at).filter(|(sku, _)| !now.contains(sku)).count());
        let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        let limit = change
            .settings
            .channels
            .get(channel)
            .map(|of| of.policy.guard.newly_zero);
        let part = count(listings.len() + held + before);
        let hold = limit.is_some_and(|limit| over(part, count(whole), limit));
        for (sku, kept) in listings {
            let key = (channel.clone(), sku);
            if hold {
                let because = format!("{part} of {whole} listings would newly show zero");
                let limit = limit.map(|limit| format!(" (limit {limit})")).unwrap_or_default();
                let entry = HeldEntry::quantity(&key, kept.quantity, because + &limit);
                self.held.insert(key, (kept, entry));
                continue;
            }
            if let Some(at) = single {
                recent.note(key.1.clone(), at, Quantity::ONE);
                recent.expire(at);
            }
            let base = Baseline {
                quantity: Quantity::ZERO,
                spare: Quantity::ZERO,
                taken: kept.taken,
            };
            self.quantities.insert(key, base);
        }
    }

    /// The quantity and the price that stay because a guard holds the new ones.
    pub(super) fn kept(&self, channel: &ChannelName, sku: &Sku) -> (Option<Kept>, Option<Money>) {
        let key = (channel.clone(), sku.clone());
        (self.held.get(&key).map(|(kept, _)| *kept), self.prices.kept(&key))
    }

    /// Everything held.
    pub(super) fn held(self) -> impl Iterator<Item = HeldEntry> {
        let quantities = self.held.into_values().map(|(_, entry)| entry);
        self.prices.held().chain(quantities)
    }
}

/// The text of a held price.
fn price_because(guard: GuardName, old: Money, new: Money) -> String {
    let why = match guard {
        GuardName::Currency => "is another currency",
        GuardName::Factor => "is a factor of 10, 100 or 1000",
        GuardName::PricesChanged => "is one of more prices than may change at once",
        _ => "is more than the limit",
    };
    format!("{old} → {new} {why}")
}
