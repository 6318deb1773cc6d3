//! What counts as published while a scenario runs, and what the channel guards hold of it.

use super::HeldEntry;
use crate::snapshot::over;
use crate::{Documents, Event, PriceAnswer, price, promises, resolve};
use omnistock_words::{ChannelName, Millis, Money, Percent, Quantity, Settings, Sku};
use std::collections::{BTreeMap, BTreeSet};

type Key = (ChannelName, Sku);

/// The listings as the channels show them.
#[derive(Default)]
pub(super) struct Published {
    prices: BTreeMap<Key, Money>,
    quantities: BTreeMap<Key, Quantity>,
    held_prices: BTreeMap<Key, HeldEntry>,
    /// Quantities that stay although nothing is left, less orders that came since.
    held_quantities: BTreeMap<Key, (Quantity, HeldEntry)>,
}

impl Published {
    /// Publishes what an event led to for `skus`, except for what a guard holds.
    pub(super) fn take(
        &mut self,
        settings: &Settings,
        documents: &Documents,
        skus: &BTreeSet<Sku>,
        event: &Event,
        now: Millis,
    ) {
        let unexplained = matches!(
            event,
            Event::Stock(_) | Event::Missing { .. } | Event::Snapshot { .. } | Event::Movement { .. }
        );
        let mut zeroed: BTreeMap<ChannelName, Vec<Key>> = BTreeMap::new();
        for sku in skus {
            for (channel, promise) in promises(settings, documents, sku, now) {
                let key = (channel, sku.clone());
                if let PriceAnswer::Price(price) = promise.price {
                    let attributes = documents
                        .skus
                        .get(sku)
                        .map(|document| document.attributes.clone())
                        .unwrap_or_default();
                    let limit = resolve(settings, &key.0, sku, &attributes, now).guard.price_jump;
                    self.price(key.clone(), price, limit);
                }
                let Some(quantity) = promise.quantity else { continue };
                let falls = quantity.is_zero() && self.quantities.get(&key).is_some_and(|old| old.is_positive());
                if self.held_quantities.contains_key(&key) {
                    self.keep(key, quantity, event);
                } else if falls && unexplained {
                    zeroed.entry(key.0.clone()).or_default().push(key);
                } else {
                    self.quantities.insert(key, quantity);
                }
            }
        }
        for (channel, keys) in zeroed {
            self.zero(settings, &channel, keys);
        }
    }

    fn price(&mut self, key: Key, price: Money, limit: Percent) {
        match self.prices.get(&key) {
            Some(old) if price::jumps(*old, price, limit) => {
                self.held_prices
                    .insert(key.clone(), HeldEntry::price(&key, *old, price));
            }
            _ => {
                self.held_prices.remove(&key);
                self.prices.insert(key, price);
            }
        }
    }

    /// A held quantity falls by new orders, and is released when there is stock again.
    fn keep(&mut self, key: Key, quantity: Quantity, event: &Event) {
        let Some((kept, _)) = self.held_quantities.get_mut(&key) else {
            return;
        };
        if let Event::Order { order, .. } = event {
            let sold = order
                .lines
                .iter()
                .filter(|line| line.sku.as_ref() == Some(&key.1))
                .map(|line| line.quantity);
            *kept = (*kept - sold.sum()).positive();
        }
        if quantity.is_positive() || kept.is_zero() {
            self.held_quantities.remove(&key);
            self.quantities.insert(key, quantity);
        }
    }

    /// Listings of one channel that one report brought to zero.
    fn zero(&mut self, settings: &Settings, channel: &ChannelName, keys: Vec<Key>) {
        let all = self.quantities.keys().filter(|(other, _)| other == channel).count();
        let limit = settings
            .channels
            .get(channel)
            .map(|channel| channel.policy.guard.newly_zero);
        let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        let hold = limit.is_some_and(|limit| over(count(keys.len()), count(all), limit));
        for key in keys {
            let old = self.quantities.get(&key).copied().unwrap_or_default();
            if hold {
                let entry = HeldEntry::quantity(&key, old);
                self.held_quantities.insert(key, (old, entry));
            } else {
                self.quantities.insert(key, Quantity::ZERO);
            }
        }
    }

    /// The quantity and the price that stay because a guard holds the new ones.
    pub(super) fn kept(&self, channel: &ChannelName, sku: &Sku) -> (Option<Quantity>, Option<Money>) {
        let key = (channel.clone(), sku.clone());
        let price = self.held_prices.get(&key).and_then(|_| self.prices.get(&key)).copied();
        (self.held_quantities.get(&key).map(|(kept, _)| *kept), price)
    }

    /// Everything held.
    pub(super) fn held(self) -> impl Iterator<Item = HeldEntry> {
        self.held_prices
            .into_values()
            .chain(self.held_quantities.into_values().map(|(_, entry)| entry))
    }
}
