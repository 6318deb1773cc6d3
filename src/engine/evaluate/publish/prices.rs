//! Published prices while a scenario runs, and those that a guard holds.

use super::{Change, HeldEntry, Key, price_because};
use crate::guard::{GuardName, PriceChange, price_faults};
use crate::{Event, PriceAnswer, promise};
use omnistock_words::{ChannelName, Millis, Money};
use std::collections::BTreeMap;

fn moved(change: &Change<'_>, key: &Key, old: Money, new: Money) -> PriceChange<Key> {
    let jump = change.policy(key).guard.price_jump;
    let key = key.clone();
    PriceChange { key, old, new, jump }
}

/// Prices as the channels show them.
#[derive(Default)]
pub(super) struct Prices {
    shown: BTreeMap<Key, Money>,
    held: BTreeMap<Key, HeldEntry>,
    /// Prices that begin later, guarded when they arrive.
    later: BTreeMap<(Key, Millis), HeldEntry>,
}

impl Prices {
    /// Publishes prices, all from one report, except for what a guard holds.
    pub(super) fn take(&mut self, change: &Change<'_>, prices: Vec<(Key, PriceAnswer)>) {
        let mut by_channel: BTreeMap<ChannelName, Vec<PriceChange<Key>>> = BTreeMap::new();
        for (key, price) in prices {
            let PriceAnswer::Price(new) = price else { continue };
            match self.shown.get(&key) {
                Some(old) => {
                    let change = moved(change, &key, *old, new);
                    by_channel.entry(key.0).or_default().push(change);
                }
                None => drop(self.shown.insert(key, new)),
            }
        }
        for (channel, changes) in by_channel {
            let faults = self.faults(change, &channel, &changes);
            for PriceChange { key, old, new, .. } in changes {
                if let Some(guard) = faults.get(&key) {
                    let because = price_because(*guard, old, new);
                    let entry = HeldEntry::price(&key, *guard, (old, new), because);
                    self.held.insert(key, entry);
                } else {
                    self.held.remove(&key);
                    self.shown.insert(key, new);
                }
            }
        }
        self.begin_later(change);
    }

    fn faults(
        &self,
        change: &Change<'_>,
        channel: &ChannelName,
        changes: &[PriceChange<Key>],
    ) -> BTreeMap<Key, GuardName> {
        let whole = self.shown.keys().filter(|(other, _)| other == channel).count();
        let limit = change
            .settings
            .channels
            .get(channel)
            .map(|of| of.policy.guard.prices_changed);
        let Some(limit) = limit else {
            return BTreeMap::new();
        };
        price_faults(changes, u64::try_from(whole).unwrap_or(u64::MAX), limit)
            .into_iter()
            .collect()
    }

    /// A price that begins later is compared with what is shown now, so that there is time to look at it.
    fn begin_later(&mut self, change: &Change<'_>) {
        for event in change.events {
            let Event::Price {
                sku, from: Some(from), ..
            } = event
            else {
                continue;
            };
            if *from <= change.now {
                continue;
            }
            for channel in change.settings.channels.keys() {
                let key = (channel.clone(), sku.clone());
                let then = promise(change.settings, change.documents, channel, sku, *from).price;
                let (Some(old), PriceAnswer::Price(new)) = (self.shown.get(&key).copied(), then) else {
                    continue;
                };
                let due = (key.clone(), *from);
                self.later.remove(&due);
                let faults = self.faults(change, channel, &[moved(change, &key, old, new)]);
                if let Some(guard) = faults.get(&key) {
                    let because = format!("{}; due {from}", price_because(*guard, old, new));
                    self.later
                        .insert(due, HeldEntry::price(&key, *guard, (old, new), because));
                }
            }
        }
    }

    /// The price that stays because a guard holds the new one.
    pub(super) fn kept(&self, key: &Key) -> Option<Money> {
        self.held.get(key).and_then(|_| self.shown.get(key)).copied()
    }

    /// Everything held.
    pub(super) fn held(self) -> impl Iterator<Item = HeldEntry> {
        self.held.into_values().chain(self.later.into_values())
    }
}
