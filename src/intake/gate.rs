//! Which channels may be written: keeps the engine's gate conditions up to date and tells the
//! workers. Nothing is published from incomplete knowledge: an empty store opens no gate.

use super::orders::OrderRequests;
use omnistock_engine::gate::{Conditions, Wait, open};
use omnistock_words::{ChannelName, ConnectorName, Settings};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use tokio::sync::watch;

/// Keeps one gate per channel.
pub struct GateKeeper {
    conditions: Mutex<BTreeMap<ChannelName, Conditions>>,
    orders: BTreeMap<ChannelName, OrderRequests>,
    gates: BTreeMap<ChannelName, watch::Sender<bool>>,
}

impl GateKeeper {
    /// Closed gates. `sources` are those that can give a snapshot; channels without a poller in
    /// `orders` have no orders to wait for.
    pub fn new(
        settings: &Settings,
        sources: &BTreeSet<ConnectorName>,
        orders: BTreeMap<ChannelName, OrderRequests>,
    ) -> Self {
        let conditions = settings.channels.keys().map(|channel| {
            let mut conditions = Conditions::of(settings, channel);
            conditions.sources.retain(|source, _| sources.contains(source));
            conditions.backfilled.retain(|other, _| orders.contains_key(other));
            (channel.clone(), conditions)
        });
        let gates = settings
            .channels
            .keys()
            .map(|channel| (channel.clone(), watch::channel(false).0))
            .collect();
        Self {
            conditions: Mutex::new(conditions.collect()),
            orders,
            gates,
        }
    }

    fn change(&self, change: impl Fn(&mut Conditions)) {
        let mut all = self.conditions.lock().unwrap_or_else(PoisonError::into_inner);
        all.values_mut().for_each(change);
        drop(all);
        self.update();
    }

    /// The gate of a channel; a closed one for a channel that there is not.
    pub fn gate(&self, channel: &ChannelName) -> watch::Receiver<bool> {
        self.gates
            .get(channel)
            .map_or_else(|| watch::channel(false).1, watch::Sender::subscribe)
    }

    /// A source has given a complete snapshot, and it is in the ledgers.
    pub fn snapshot_taken(&self, source: &ConnectorName) {
        self.change(|conditions| {
            if let Some(given) = conditions.sources.get_mut(source) {
                *given = true;
            }
        });
    }

    /// A channel's listings were read back.
    pub fn read_back(&self, channel: &ChannelName) {
        self.change(|conditions| conditions.read_back |= conditions.channel == *channel);
    }

    /// What a channel still waits for; empty: its gate is open.
    pub fn waits(&self, channel: &ChannelName) -> Vec<Wait> {
        let mut all = self.conditions.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(conditions) = all.get_mut(channel) else {
            return Vec::new();
        };
        for (other, filled) in &mut conditions.backfilled {
            *filled |= self.orders.get(other).is_some_and(OrderRequests::back_filled);
        }
        open(conditions).err().unwrap_or_default()
    }

    /// Opens the gates whose conditions are met. A gate never closes again in one life.
    pub fn update(&self) {
        for (channel, gate) in &self.gates {
            if !*gate.borrow() && self.waits(channel).is_empty() {
                tracing::info!(%channel, "the gate is open");
                gate.send_replace(true);
            }
        }
    }
}
