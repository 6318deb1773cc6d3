//! Which channels may be written: keeps the engine's gate conditions up to date and tells the
//! workers. Nothing is published from incomplete knowledge: an empty store opens no gate.

use super::gate_decisions::{GateDecision, GateDecisions};
use super::orders::{OrderRequests, place_of};
use crate::store::{CommitError, Key, Lease, Store, StoreError};
use omnistock_engine::gate::{Conditions, Wait, open};
use omnistock_words::{ChannelName, ConnectorName, Millis, Settings};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// Keeps one gate per channel.
pub struct GateKeeper {
    conditions: Mutex<BTreeMap<ChannelName, Conditions>>,
    orders: BTreeMap<ChannelName, OrderRequests>,
    gates: BTreeMap<ChannelName, watch::Sender<bool>>,
    falls: BTreeMap<ChannelName, watch::Sender<bool>>,
    decisions: Mutex<GateDecisions>,
    /// Channels whose open orders an earlier term has read. What came since is missing where one of them is dead,
    /// and fewer orders never make a number fall too far.
    known: Mutex<BTreeSet<ChannelName>>,
    /// The store has lost something then: only snapshots from after it count. Orders that ended before it
    /// are not among the open ones, so an older figure could hold their units again.
    lost_at: Option<Millis>,
    began: Instant,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl GateKeeper {
    /// Closed gates. `sources` are those that can give a snapshot; channels without a poller in
    /// `orders` have no orders to wait for. `lost_at`: when the store lost what it knew.
    pub fn new(
        settings: &Settings,
        sources: &BTreeSet<ConnectorName>,
        orders: BTreeMap<ChannelName, OrderRequests>,
        lost_at: Option<Millis>,
    ) -> Self {
        let conditions = settings.channels.keys().map(|channel| {
            let mut conditions = Conditions::of(settings, channel);
            conditions.sources.retain(|source, _| sources.contains(source));
            conditions.backfilled.retain(|other, _| orders.contains_key(other));
            (channel.clone(), conditions)
        });
        let closed = || {
            let one = |channel: &ChannelName| (channel.clone(), watch::channel(false).0);
            settings.channels.keys().map(one).collect()
        };
        Self {
            conditions: Mutex::new(conditions.collect()),
            orders,
            gates: closed(),
            falls: closed(),
            decisions: Mutex::default(),
            known: Mutex::default(),
            lost_at,
            began: Instant::now(),
        }
    }

    fn change(&self, change: impl Fn(&mut Conditions)) {
        locked(&self.conditions).values_mut().for_each(change);
        self.update();
    }

    /// The gate of a channel; a closed one for a channel that there is not.
    pub fn gate(&self, channel: &ChannelName) -> watch::Receiver<bool> {
        self.gates
            .get(channel)
            .map_or_else(|| watch::channel(false).1, watch::Sender::subscribe)
    }

    /// Whether a channel's numbers may fall although its gate is closed: after a take-over or a restart that has lost
    /// nothing, decreases go on at once, also beside a channel that doesn't answer.
    pub fn falls(&self, channel: &ChannelName) -> watch::Receiver<bool> {
        self.falls
            .get(channel)
            .map_or_else(|| watch::channel(false).1, watch::Sender::subscribe)
    }

    /// A source has given a complete snapshot as of then, and it is in the ledgers.
    pub fn snapshot_taken(&self, source: &ConnectorName, as_of: Millis) {
        if self.lost_at.is_some_and(|lost| as_of < lost) {
            return;
        }
        self.change(|conditions| {
            if let Some(given) = conditions.sources.get_mut(source) {
                *given = true;
            }
        });
    }

    /// The store has a complete snapshot of the source from before; without effect where it has lost something.
    pub fn snapshot_known(&self, source: &ConnectorName) {
        if self.lost_at.is_none() {
            self.snapshot_taken(source, Millis::MAX);
        }
    }

    /// A channel's listings were read back.
    pub fn read_back(&self, channel: &ChannelName) {
        self.change(|conditions| conditions.read_back |= conditions.channel == *channel);
    }

    /// What a channel still waits for; empty: its gate is open.
    pub fn waits(&self, channel: &ChannelName) -> Vec<Wait> {
        let mut all = locked(&self.conditions);
        let Some(conditions) = all.get_mut(channel) else {
            return Vec::new();
        };
        let decisions = locked(&self.decisions);
        for (other, filled) in &mut conditions.backfilled {
            *filled |= self.orders.get(other).is_some_and(OrderRequests::back_filled)
                || decisions.without(channel, other).is_some();
        }
        open(conditions).err().unwrap_or_default()
    }

    /// Channels whose open orders this one has waited for longer than `patience`.
    pub fn waited_for(&self, channel: &ChannelName, patience: Duration) -> Vec<ChannelName> {
        if self.began.elapsed() < patience {
            return Vec::new();
        }
        let waits = self.waits(channel).into_iter();
        waits
            .filter_map(|wait| match wait {
                Wait::BackFill(other) => Some(other),
                Wait::Snapshot(_) | Wait::ReadBack(..) => None,
            })
            .collect()
    }

    /// Whether everything but the channels' own listings was read: what a store has lost is known again.
    pub fn knows(&self) -> bool {
        let known = |channel| {
            self.waits(channel)
                .iter()
                .all(|wait| matches!(wait, Wait::ReadBack(..)))
        };
        self.gates.keys().all(known)
    }

    /// Opens the gates whose conditions are met. A gate never closes again under one lease.
    pub fn update(&self) {
        for (channel, falls) in self.falls.iter().filter(|_| self.lost_at.is_none()) {
            if !*falls.borrow() && self.waits(channel).iter().all(|wait| self.may_fall_beside(wait)) {
                falls.send_replace(true);
            }
        }
        for (channel, gate) in &self.gates {
            if !*gate.borrow() && self.waits(channel).is_empty() {
                tracing::info!(%channel, "the gate is open");
                gate.send_replace(true);
            }
        }
    }

    fn may_fall_beside(&self, wait: &Wait) -> bool {
        match wait {
            Wait::ReadBack(..) => true,
            Wait::BackFill(other) => locked(&self.known).contains(other),
            Wait::Snapshot(_) => false,
        }
    }

    /// Reads what people decided earlier, and whose orders were read before.
    pub async fn load(&self, store: &dyn Store) -> Result<(), StoreError> {
        let places: Vec<Key> = self.orders.keys().map(place_of).collect();
        let read = self.orders.keys().zip(store.load(&places).await?);
        let read = read.filter(|(_, place)| !place.bytes.is_empty());
        *locked(&self.known) = read.map(|(channel, _)| channel.clone()).collect();
        let channels: Vec<ChannelName> = self.gates.keys().cloned().collect();
        let loaded = GateDecisions::load(store, &channels).await?;
        *locked(&self.decisions) = loaded;
        self.update();
        Ok(())
    }

    /// People's decisions in force: which channel goes without whose open orders.
    pub fn decisions(&self) -> Vec<(ChannelName, ChannelName, GateDecision)> {
        locked(&self.decisions).list()
    }

    /// Opens a channel without the open orders of others, by a person's decision. Durable when it answers; it
    /// ends when these orders were read after all.
    pub async fn go_without(
        &self,
        store: &dyn Store,
        lease: &Lease,
        channel: &ChannelName,
        others: &[(ChannelName, GateDecision)],
    ) -> Result<(), CommitError> {
        let mut next = locked(&self.decisions).clone();
        next.decide(channel, others);
        let saved = next.save(store, lease, channel).await?;
        *locked(&self.decisions) = saved;
        self.update();
        Ok(())
    }

    /// The open orders of a channel were read: nobody goes without them any more.
    pub async fn orders_came(&self, store: &dyn Store, lease: &Lease, other: &ChannelName) -> Result<(), CommitError> {
        let waiting: Vec<ChannelName> = self.gates.keys().cloned().collect();
        *locked(&self.decisions) = GateDecisions::load(store, &waiting).await?;
        for channel in waiting {
            let mut next = locked(&self.decisions).clone();
            if next.withdraw(&channel, other) {
                let saved = next.save(store, lease, &channel).await?;
                *locked(&self.decisions) = saved;
                tracing::info!(%channel, "the open orders of {other} were read: the decision to go without them has ended");
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use omnistock_words::{Basis, ChannelPolicy, ChannelSettings, LocationName, LocationPolicy, SourcePolicy};

    fn keeper(lost_at: Option<Millis>) -> (GateKeeper, ConnectorName, ChannelName) {
        let (erp, shop) = (ConnectorName::new("erp").unwrap(), ChannelName::new("shop").unwrap());
        let mut settings = Settings::default();
        settings.sources.insert(erp.clone(), SourcePolicy::new(Basis::Physical));
        let berlin = LocationName::new("berlin").unwrap();
        settings.locations.insert(berlin.clone(), LocationPolicy::default());
        let policy = ChannelPolicy {
            locations: vec![berlin],
            ..ChannelPolicy::default()
        };
        let channel = ChannelSettings {
            connector: ConnectorName::new("shop").unwrap(),
            template: None,
            policy,
        };
        settings.channels.insert(shop.clone(), channel);
        let keeper = GateKeeper::new(&settings, &BTreeSet::from([erp.clone()]), BTreeMap::new(), lost_at);
        (keeper, erp, shop)
    }

    #[test]
    fn what_the_store_knew_lets_numbers_fall_and_the_read_back_opens() {
        let (keeper, erp, shop) = keeper(None);
        let (gate, falls) = (keeper.gate(&shop), keeper.falls(&shop));
        assert!(!keeper.knows());
        keeper.snapshot_known(&erp);
        assert!((keeper.knows(), *falls.borrow(), *gate.borrow()) == (true, true, false));
        keeper.read_back(&shop);
        assert!(*gate.borrow());
    }

    #[test]
    fn after_a_loss_only_a_snapshot_from_after_it_counts() {
        let (keeper, erp, shop) = keeper(Some(Millis(1_000)));
        let (gate, falls) = (keeper.gate(&shop), keeper.falls(&shop));
        keeper.read_back(&shop);
        keeper.snapshot_known(&erp);
        keeper.snapshot_taken(&erp, Millis(999));
        assert!(!*gate.borrow() && !keeper.knows());
        keeper.snapshot_taken(&erp, Millis(1_000));
        assert!(*gate.borrow() && !*falls.borrow());
    }
}
