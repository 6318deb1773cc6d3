//! What a daemon is made of: one ledger, one poller a source and a channel, one worker a channel.

use super::seen::{Fetches, listed, watched};
use super::supervise::keep_alive;
use super::view::{ChannelView, DaemonView, SourceView};
use crate::config::{Configuration, Connectors};
use crate::delivery::{ChannelBoard, ChannelParts, ChannelWorker, Ended, FreshOrders, Timings};
use crate::intake::{
    Applying, Cutovers, GateKeeper, HeldAt, Holds, Inbox, Intake, Ledger, LedgerBoard, LedgerParts, OrderBoard,
    OrderPoller, OrderRequests, Schedule, SourceBoard, StockParts, StockPoller, UpkeepTimes, Watched, WebhookCounts,
};
use crate::store::{EntryId, Lease, Store};
use arc_swap::ArcSwap;
use omnistock_engine::Measured;
use omnistock_sdk::Connector;
use omnistock_words::{ChannelName, ConnectorName, Settings};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Works a channel; after a take-over by another daemon it begins anew, standing by.
async fn work(parts: ChannelParts, cancel: CancellationToken) {
    while ChannelWorker::new(parts.clone()).run(cancel.clone()).await == Ended::Fenced {
        tokio::select! {
            () = cancel.cancelled() => break,
            () = tokio::time::sleep(Duration::from_millis(500)) => {}
        }
    }
}

/// The parts, before they work.
pub(super) struct Parts<'a> {
    configuration: &'a Arc<Configuration>,
    connectors: &'a Connectors,
    store: Arc<dyn Store>,
    lease: watch::Receiver<Option<Lease>>,
    /// What a person calls the store, and why this daemon stands by.
    store_words: (String, watch::Receiver<String>),
    settings: Arc<ArcSwap<Settings>>,
    inbox: Inbox,
    applied: watch::Sender<EntryId>,
    ledger_wake: Arc<Notify>,
    ledger_board: Arc<LedgerBoard>,
    wakes: BTreeMap<ChannelName, Arc<Notify>>,
    holds: Arc<Holds>,
    applying: Applying,
    /// What everybody who promises goes by.
    measured: Arc<ArcSwap<Measured>>,
    cutovers: Cutovers,
}

impl<'a> Parts<'a> {
    /// Collects what everybody shares.
    pub(super) fn new(
        configuration: &'a Arc<Configuration>,
        connectors: &'a Connectors,
        store: Arc<dyn Store>,
        lease: watch::Receiver<Option<Lease>>,
        store_words: (String, watch::Receiver<String>),
        cutovers: Cutovers,
    ) -> Self {
        let settings = Arc::new(ArcSwap::new(Arc::clone(&configuration.settings)));
        let (applied, applied_seen) = watch::channel(EntryId::default());
        let ledger_wake = Arc::new(Notify::new());
        let inbox = Inbox::new(Arc::clone(&store), Arc::clone(&ledger_wake), applied_seen);
        let wakes = configuration
            .settings
            .channels
            .keys()
            .map(|channel| (channel.clone(), Arc::default()))
            .collect();
        Self {
            configuration,
            connectors,
            store,
            lease,
            store_words,
            settings,
            inbox,
            applied,
            ledger_wake,
            ledger_board: Arc::default(),
            wakes,
            holds: Arc::default(),
            applying: Applying::default(),
            measured: Arc::default(),
            cutovers,
        }
    }

    /// Starts everything; what people may ask of it.
    pub(super) fn spawn(self, tracker: &TaskTracker, cancel: &CancellationToken) -> Arc<DaemonView> {
        let (orders, order_boards) = self.order_pollers(tracker, cancel);
        let sources: BTreeSet<ConnectorName> = self.stock_sources().map(|(name, _)| name.clone()).collect();
        let gate = Arc::new(GateKeeper::new(&self.configuration.settings, &sources, orders.clone()));
        let channels = self.workers(tracker, cancel, &gate, &orders, order_boards);
        let sources = self.stock_pollers(tracker, cancel, &gate, &channels);
        Self::gate_watch(tracker, cancel, &gate, &orders);
        let held = super::holds::held_at(&channels);
        let watched = watched(&channels, &orders);
        let senders = self.senders();
        self.subscriptions(tracker, cancel, &senders);
        let intake = Intake {
            senders,
            orders,
            inbox: self.inbox.clone(),
            counts: WebhookCounts::default(),
        };
        let view = DaemonView::new(
            Arc::clone(&self.store),
            Arc::clone(&self.settings),
            self.lease.clone(),
            self.store_words.clone(),
            intake,
            gate,
            Arc::clone(&self.holds),
            Arc::clone(&self.ledger_board),
            Arc::clone(&self.measured),
            channels,
            sources,
        );
        self.history(tracker, cancel);
        self.ledger(watched, tracker, cancel, held);
        Arc::new(view)
    }

    fn history(&self, tracker: &TaskTracker, cancel: &CancellationToken) {
        let (store, settings, lease) = (self.store.clone(), self.settings.clone(), self.lease.clone());
        let limits = self.configuration.history;
        keep_alive(tracker, cancel, "history".to_owned(), move |cancel| {
            super::history::keep(store.clone(), settings.clone(), lease.clone(), limits, cancel)
        });
    }

    fn ledger(
        self,
        watched: BTreeMap<ChannelName, Arc<dyn Watched>>,
        tracker: &TaskTracker,
        cancel: &CancellationToken,
        held: Arc<HeldAt>,
    ) {
        let parts = LedgerParts {
            store: self.store,
            settings: self.settings,
            lease: self.lease,
            applied: self.applied,
            wake: self.ledger_wake,
            channels: self.wakes,
            held,
            board: self.ledger_board,
            watched,
            measured: self.measured,
            cutovers: self.cutovers,
            times: UpkeepTimes::default(),
        };
        keep_alive(tracker, cancel, "ledger".to_owned(), move |cancel| {
            Ledger::new(parts.clone()).run(cancel)
        });
    }

    fn connector(&self, channel: &ChannelName) -> Option<Arc<dyn Connector>> {
        let settings = self.configuration.settings.channels.get(channel)?;
        self.connectors.get(&settings.connector).cloned()
    }

    fn stock_sources(&self) -> impl Iterator<Item = (&ConnectorName, &Arc<dyn Connector>)> {
        let configured = |name: &ConnectorName| self.configuration.connectors.get(name).is_some_and(|c| c.is_source);
        self.connectors
            .iter()
            .filter(move |(name, connector)| configured(name) && connector.stock().is_some())
    }

    fn order_pollers(
        &self,
        tracker: &TaskTracker,
        cancel: &CancellationToken,
    ) -> (
        BTreeMap<ChannelName, OrderRequests>,
        BTreeMap<ChannelName, Arc<OrderBoard>>,
    ) {
        let (mut requests, mut boards) = (BTreeMap::new(), BTreeMap::new());
        for channel in self.configuration.settings.channels.keys() {
            let Some(connector) = self.connector(channel).filter(|connector| connector.orders().is_some()) else {
                continue;
            };
            let every = self
                .configuration
                .channels
                .get(channel)
                .copied()
                .unwrap_or_default()
                .orders_every;
            let board = Arc::new(OrderBoard::default());
            let poller = OrderPoller::new(
                channel.clone(),
                connector,
                every,
                Arc::clone(&self.store),
                self.lease.clone(),
                self.inbox.clone(),
                Arc::clone(&board),
            );
            requests.insert(channel.clone(), poller.requests());
            boards.insert(channel.clone(), board);
            keep_alive(tracker, cancel, format!("orders of {channel}"), move |cancel| {
                poller.clone().run(cancel)
            });
        }
        (requests, boards)
    }

    /// One worker a channel.
    fn workers(
        &self,
        tracker: &TaskTracker,
        cancel: &CancellationToken,
        gate: &Arc<GateKeeper>,
        orders: &BTreeMap<ChannelName, OrderRequests>,
        mut order_boards: BTreeMap<ChannelName, Arc<OrderBoard>>,
    ) -> BTreeMap<ChannelName, ChannelView> {
        let fresh: Arc<dyn FreshOrders> = Arc::new(Fetches(orders.clone()));
        let mut channels = BTreeMap::new();
        for (channel, wake) in &self.wakes {
            let Some(connector) = self.connector(channel) else {
                continue;
            };
            let board = Arc::new(ChannelBoard::default());
            let (keeper, own) = (Arc::clone(gate), channel.clone());
            let audit_every = self
                .configuration
                .channels
                .get(channel)
                .copied()
                .unwrap_or_default()
                .audit_every;
            let parts = ChannelParts {
                channel: channel.clone(),
                store: Arc::clone(&self.store),
                settings: Arc::clone(&self.settings),
                connector,
                lease: self.lease.clone(),
                gate: gate.gate(channel),
                applying: self.applying.watch(),
                wake: Arc::clone(wake),
                orders: Arc::clone(&fresh),
                measured: Arc::clone(&self.measured),
                board: Arc::clone(&board),
                read_back: Arc::new(move || keeper.read_back(&own)),
                timings: Timings {
                    audit_every,
                    ..Timings::default()
                },
            };
            channels.insert(
                channel.clone(),
                ChannelView {
                    board,
                    orders: order_boards.remove(channel),
                    wake: Arc::clone(wake),
                },
            );
            keep_alive(tracker, cancel, format!("channel {channel}"), move |cancel| {
                work(parts.clone(), cancel)
            });
        }
        channels
    }

    fn stock_pollers(
        &self,
        tracker: &TaskTracker,
        cancel: &CancellationToken,
        gate: &Arc<GateKeeper>,
        channels: &BTreeMap<ChannelName, ChannelView>,
    ) -> BTreeMap<ConnectorName, SourceView> {
        let listed = listed(channels);
        let mut sources = BTreeMap::new();
        for (name, connector) in self.stock_sources() {
            let (board, wake) = (Arc::new(SourceBoard::default()), Arc::new(Notify::new()));
            let parts = StockParts {
                source: name.clone(),
                connector: Arc::clone(connector),
                schedule: self.schedule(name),
                store: Arc::clone(&self.store),
                settings: Arc::clone(&self.settings),
                lease: self.lease.clone(),
                inbox: self.inbox.clone(),
                gate: Arc::clone(gate),
                holds: Arc::clone(&self.holds),
                applying: self.applying.clone(),
                board: Arc::clone(&board),
                wake: Arc::clone(&wake),
                listed: Arc::clone(&listed),
            };
            sources.insert(name.clone(), SourceView { board, wake });
            keep_alive(tracker, cancel, format!("source {name}"), move |cancel| {
                StockPoller::new(parts.clone()).run(cancel)
            });
        }
        sources
    }

    fn schedule(&self, name: &ConnectorName) -> Schedule {
        let configured = self.configuration.connectors.get(name);
        let cron = configured.and_then(|c| Schedule::cron(c.schedule.as_deref()?, c.timezone.clone()?));
        let every = configured.and_then(|c| c.every).unwrap_or(Duration::from_mins(1));
        cron.unwrap_or(Schedule::Every(every))
    }

    /// Opens gates as back-fills come in.
    fn gate_watch(
        tracker: &TaskTracker,
        cancel: &CancellationToken,
        gate: &Arc<GateKeeper>,
        orders: &BTreeMap<ChannelName, OrderRequests>,
    ) {
        for requests in orders.values() {
            let (requests, gate, cancel) = (requests.clone(), Arc::clone(gate), cancel.clone());
            tracker.spawn(async move {
                tokio::select! {
                    () = cancel.cancelled() => {}
                    _ = requests.wait_back_filled() => gate.update(),
                }
            });
        }
        gate.update();
    }

    fn senders(&self) -> BTreeMap<ConnectorName, (Arc<dyn Connector>, ChannelName)> {
        let channels = &self.configuration.settings.channels;
        channels
            .iter()
            .filter_map(|(channel, settings)| {
                let connector = self.connectors.get(&settings.connector)?;
                connector.webhooks()?;
                Some((settings.connector.clone(), (Arc::clone(connector), channel.clone())))
            })
            .collect()
    }

    /// Makes sure, at the start and every hour, that vendors send their webhooks.
    fn subscriptions(
        &self,
        tracker: &TaskTracker,
        cancel: &CancellationToken,
        senders: &BTreeMap<ConnectorName, (Arc<dyn Connector>, ChannelName)>,
    ) {
        let Some(public) = &self.configuration.server.public_url else {
            return;
        };
        for (name, (connector, _)) in senders {
            let url = format!("{}/webhooks/{name}", public.as_str().trim_end_matches('/'));
            let (connector, name) = (Arc::clone(connector), name.clone());
            keep_alive(tracker, cancel, format!("webhooks of {name}"), move |cancel| {
                crate::intake::keep_subscribed(name.clone(), Arc::clone(&connector), url.clone(), cancel)
            });
        }
    }
}
