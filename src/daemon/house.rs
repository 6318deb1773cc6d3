//! What lives as long as the process, whether it leads or stands by: settings, connectors, the store,
//! and the boards that people read.

use super::steering::Steer;
use super::view::{ChannelView, SourceView};
use crate::config::{Configuration, Connectors};
use crate::delivery::{ChannelBoard, SkuBook};
use crate::intake::{
    Cutovers, Inbox, Intake, LedgerBoard, OrderBoard, OrderRequests, Replays, Sender, SourceBoard, WebhookBoard,
};
use crate::notify::Notifier;
use crate::store::{EntryId, Store, StoreTimes};
use arc_swap::ArcSwap;
use omnistock_engine::Measured;
use omnistock_sdk::{CallLimit, Connector};
use omnistock_words::{ChannelName, ConnectorName, Settings};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::{Notify, watch};

/// Shared by all terms of a daemon.
pub(super) struct House {
    /// As the process started with it: listeners, store, connectors and their times.
    pub(super) configuration: Arc<Configuration>,
    /// As last reloaded.
    pub(super) current: ArcSwap<Configuration>,
    pub(super) connectors: Connectors,
    pub(super) store: Arc<dyn Store>,
    pub(super) store_times: Arc<StoreTimes>,
    /// In force: the configuration's, and what people have set over them.
    pub(super) settings: Arc<ArcSwap<Settings>>,
    pub(super) steer: Steer,
    pub(super) ledger_wake: Arc<Notify>,
    pub(super) ledger_board: Arc<LedgerBoard>,
    /// What everybody who promises goes by.
    pub(super) measured: Arc<ArcSwap<Measured>>,
    /// As they were when the process started; a term reads them anew.
    pub(super) cutovers: Cutovers,
    pub(super) wakes: BTreeMap<ChannelName, Arc<Notify>>,
    pub(super) channels: BTreeMap<ChannelName, ChannelView>,
    /// The SKUs that these list.
    pub(super) skus: Arc<SkuBook>,
    pub(super) sources: BTreeMap<ConnectorName, SourceView>,
    /// Of every connector that takes webhooks, or has a queue, and has somebody to tell.
    pub(super) webhooks: BTreeMap<ConnectorName, Arc<WebhookBoard>>,
    /// Whom to tell what needs a person.
    pub(super) notifiers: ArcSwap<Vec<Arc<Notifier>>>,
}

impl House {
    /// A house in which nobody works yet.
    pub(super) fn new(
        configuration: Arc<Configuration>,
        connectors: Connectors,
        (store, store_times): (Arc<dyn Store>, Arc<StoreTimes>),
        cutovers: Cutovers,
    ) -> Self {
        let settings = Arc::new(ArcSwap::new(Arc::clone(&configuration.settings)));
        let names: Vec<ChannelName> = configuration.settings.channels.keys().cloned().collect();
        let steer = Steer::new(Arc::clone(&configuration.settings));
        let mut house = Self {
            current: ArcSwap::new(Arc::clone(&configuration)),
            steer,
            configuration,
            connectors,
            store,
            store_times,
            settings,
            ledger_wake: Arc::default(),
            ledger_board: Arc::default(),
            measured: Arc::default(),
            cutovers,
            wakes: names.iter().map(|channel| (channel.clone(), Arc::default())).collect(),
            channels: BTreeMap::new(),
            skus: Arc::default(),
            sources: BTreeMap::new(),
            webhooks: BTreeMap::new(),
            notifiers: ArcSwap::default(),
        };
        let skus = Arc::clone(&house.skus);
        let channels = names.into_iter().filter_map(|channel| {
            let connector = house.connector(&channel)?;
            let orders = connector.orders().map(|_| Arc::<OrderBoard>::default());
            let board = Arc::new(ChannelBoard::new(Arc::clone(&skus)));
            let wake = Arc::clone(house.wakes.get(&channel)?);
            Some((channel, ChannelView { board, orders, wake }))
        });
        house.channels = channels.collect();
        let sources = house.stock_sources().map(|(name, _)| {
            let (board, wake) = (Arc::<SourceBoard>::default(), Arc::default());
            (name.clone(), SourceView { board, wake })
        });
        house.sources = sources.collect();
        let boards = house.senders().into_iter().map(|(name, sender)| (name, sender.board));
        house.webhooks = boards.collect();
        let queues: Vec<ConnectorName> = house.queues().map(|(name, _)| name.clone()).collect();
        for name in queues {
            house.webhooks.entry(name).or_default();
        }
        house
    }

    /// The connector that writes a channel.
    pub(super) fn connector(&self, channel: &ChannelName) -> Option<Arc<dyn Connector>> {
        let settings = self.configuration.settings.channels.get(channel)?;
        self.connectors.get(&settings.connector).cloned()
    }

    /// The limits that calls of this channel go by: the vendor's, and the operator's.
    pub(super) fn limits(&self, channel: &ChannelName) -> Vec<CallLimit> {
        let settings = self.configuration.settings.channels.get(channel);
        settings.map_or_else(Vec::new, |settings| self.limits_of(&settings.connector))
    }

    /// The limits of everything that goes by this connector.
    pub(super) fn limits_of(&self, connector: &ConnectorName) -> Vec<CallLimit> {
        let built = self.connectors.get(connector);
        let mut limits = built.map(|connector| connector.limits().calls).unwrap_or_default();
        let configured = self.configuration.connectors.get(connector);
        limits.extend(configured.and_then(|configured| configured.calls.clone()));
        limits
    }

    /// Connectors that give stock.
    pub(super) fn stock_sources(&self) -> impl Iterator<Item = (&ConnectorName, &Arc<dyn Connector>)> {
        let configured = |name: &ConnectorName| self.configuration.connectors.get(name).is_some_and(|c| c.is_source);
        self.connectors
            .iter()
            .filter(move |(name, connector)| configured(name) && connector.stock().is_some())
    }

    /// Connectors that take webhooks, with those whom they concern.
    pub(super) fn senders(&self) -> BTreeMap<ConnectorName, Sender> {
        let channels = &self.configuration.settings.channels;
        let mut senders = BTreeMap::new();
        for (name, connector) in self
            .connectors
            .iter()
            .filter(|(_, connector)| connector.webhooks().is_some())
        {
            let of = channels.iter().filter(|(_, settings)| settings.connector == *name);
            let sender = Sender {
                connector: Arc::clone(connector),
                channels: of.map(|(channel, _)| channel.clone()).collect(),
                source: self.sources.get(name).map(|source| Arc::clone(&source.wake)),
                board: self.webhooks.get(name).map(Arc::clone).unwrap_or_default(),
            };
            if !sender.channels.is_empty() || sender.source.is_some() {
                senders.insert(name.clone(), sender);
            }
        }
        senders
    }

    /// Connectors whose messages wait in a queue.
    pub(super) fn queues(&self) -> impl Iterator<Item = (&ConnectorName, &Arc<dyn Connector>)> {
        let channels = &self.configuration.settings.channels;
        let used = |name: &ConnectorName| {
            let written = channels.values().any(|channel| channel.connector == *name);
            written || self.sources.contains_key(name)
        };
        let connectors = self.connectors.iter();
        connectors.filter(move |(name, connector)| connector.queue().is_some() && used(name))
    }

    /// The way into the ledger.
    pub(super) fn inbox(&self, applied: watch::Receiver<EntryId>) -> Inbox {
        let inbox = Inbox::new(Arc::clone(&self.store), Arc::clone(&self.ledger_wake), applied);
        inbox.mapped(self.steer.mappings())
    }

    /// The way in for webhooks. Without pollers in `orders` a hint is left to the leader's next poll.
    pub(super) fn intake(
        &self,
        applied: watch::Receiver<EntryId>,
        orders: BTreeMap<ChannelName, OrderRequests>,
    ) -> Intake {
        Intake {
            senders: self.senders(),
            orders,
            echoes: super::seen::echoes(&self.channels),
            inbox: self.inbox(applied),
            replays: Replays::default(),
        }
    }
}
