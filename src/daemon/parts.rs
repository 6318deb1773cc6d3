//! What a daemon is made of: one ledger, one poller a source and a channel, one worker a channel.

use super::accounts::Accounts;
use super::house::House;
use super::lease::Grant;
use super::seen::{Fetches, concerned, listed, watched};
use super::supervise::{Ends, keep_alive};
use super::term::Life;
use crate::config::ChannelTimes;
use crate::delivery::{ChannelParts, ChannelWorker, Ended, FreshOrders, Timings};
use crate::intake::{
    Applying, GateKeeper, Holds, Inbox, Ledger, LedgerParts, OrderPoller, OrderRequests, QueueParts, QueueReader,
    Schedule, StockParts, StockPoller, UpkeepTimes, Watched, WebhookBoard,
};
use crate::newest::Newest;
use crate::store::{EntryId, Lease};
use omnistock_sdk::Connector;
use omnistock_words::{ChannelName, ConnectorName};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
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

/// The parts of one term, before they work.
pub(super) struct Parts<'a> {
    house: &'a House,
    lease: watch::Receiver<Option<Lease>>,
    grant: &'a Grant,
    ends: Ends,
    inbox: Inbox,
    applied: watch::Sender<EntryId>,
    holds: Arc<Holds>,
    applying: Applying,
    /// Of this term: what another daemon writes between two terms is not in it.
    newest: Arc<Newest>,
    accounts: Accounts,
}

impl<'a> Parts<'a> {
    /// Collects what everybody shares.
    pub(super) fn new(house: &'a House, grant: &'a Grant, ends: Ends) -> Self {
        let (applied, applied_seen) = watch::channel(EntryId::default());
        let inbox = house.inbox(applied_seen);
        Self {
            house,
            // One lease for the whole term: the sender is gone, so it never changes.
            lease: watch::channel(Some(grant.lease.clone())).1,
            grant,
            ends,
            inbox,
            applied,
            holds: Arc::default(),
            applying: Applying::default(),
            newest: Arc::default(),
            accounts: Accounts::new(house, grant.rebuild.is_some()),
        }
    }

    /// Starts everything; what people may ask of it.
    pub(super) fn spawn(self, tracker: &TaskTracker) -> Life {
        let (house, grant) = (self.house, self.grant);
        let orders = self.order_pollers(tracker);
        let sources: BTreeSet<ConnectorName> = house.sources.keys().cloned().collect();
        let lost_at = grant.rebuild.as_ref().map(|rebuild| rebuild.at);
        let gate = GateKeeper::new(&house.settings.load(), &sources, orders.clone(), lost_at);
        let gate = Arc::new(gate);
        self.workers(tracker, &gate, &orders);
        self.stock_pollers(tracker, &gate);
        self.gate_watch(tracker, &gate, &orders);
        self.subscriptions(tracker);
        self.queues(tracker, &orders);
        let watched = watched(&house.channels, &orders);
        let life = Life {
            intake: house.intake(self.applied.subscribe(), orders),
            holds: Arc::clone(&self.holds),
            gate: Some((gate, grant.lease.clone())),
        };
        self.history(tracker);
        self.ledger(watched, tracker);
        life
    }

    fn history(&self, tracker: &TaskTracker) {
        let house = self.house;
        let (store, settings, lease) = (house.store.clone(), house.settings.clone(), self.lease.clone());
        let limits = house.configuration.history;
        keep_alive(tracker, &self.ends, "history".to_owned(), move |cancel| {
            super::history::keep(store.clone(), settings.clone(), lease.clone(), limits, cancel)
        });
    }

    fn ledger(self, watched: BTreeMap<ChannelName, Arc<dyn Watched>>, tracker: &TaskTracker) {
        let house = self.house;
        let parts = LedgerParts {
            store: Arc::clone(&house.store),
            settings: Arc::clone(&house.settings),
            mappings: house.steer.mappings(),
            lease: self.lease,
            applied: self.applied,
            wake: Arc::clone(&house.ledger_wake),
            channels: house.wakes.clone(),
            held: super::holds::held_at(&house.channels),
            board: Arc::clone(&house.ledger_board),
            watched,
            newest: self.newest,
            measured: Arc::clone(&house.measured),
            cutovers: house.cutovers.clone(),
            times: UpkeepTimes::default(),
        };
        keep_alive(tracker, &self.ends, "ledger".to_owned(), move |cancel| {
            Ledger::new(parts.clone()).run(cancel)
        });
    }

    fn times(&self, channel: &ChannelName) -> ChannelTimes {
        self.house
            .configuration
            .channels
            .get(channel)
            .copied()
            .unwrap_or_default()
    }

    fn order_pollers(&self, tracker: &TaskTracker) -> BTreeMap<ChannelName, OrderRequests> {
        let mut requests = BTreeMap::new();
        for (channel, view) in &self.house.channels {
            let (Some(connector), Some(board)) = (self.house.connector(channel), &view.orders) else {
                continue;
            };
            let poller = OrderPoller::new(
                channel.clone(),
                self.limited(channel, connector),
                self.times(channel).orders_every,
                Arc::clone(&self.house.store),
                self.lease.clone(),
                self.inbox.clone(),
                Arc::clone(board),
            );
            let times = self.times(channel);
            let poller = poller.anew(self.grant.rebuild.is_some());
            let poller = poller.whole(times.all_orders_every, times.missing_after);
            let poller = poller.webhooks(self.webhooks_of(channel));
            requests.insert(channel.clone(), poller.requests());
            keep_alive(tracker, &self.ends, format!("orders of {channel}"), move |cancel| {
                poller.clone().run(cancel)
            });
        }
        requests
    }

    /// The channel's connector, for reading orders within its account's limits.
    fn limited(&self, channel: &ChannelName, connector: Arc<dyn Connector>) -> Arc<dyn Connector> {
        let settings = self.house.configuration.settings.channels.get(channel);
        match settings {
            Some(settings) => self.accounts.limited(&settings.connector, connector, &self.grant.lease),
            None => connector,
        }
    }

    /// Where it is known whether the channel's vendor still sends webhooks.
    fn webhooks_of(&self, channel: &ChannelName) -> Option<Arc<WebhookBoard>> {
        let settings = self.house.configuration.settings.channels.get(channel)?;
        self.house.webhooks.get(&settings.connector).cloned()
    }

    /// One worker a channel.
    fn workers(&self, tracker: &TaskTracker, gate: &Arc<GateKeeper>, orders: &BTreeMap<ChannelName, OrderRequests>) {
        let house = self.house;
        let fresh: Arc<dyn FreshOrders> = Arc::new(Fetches(orders.clone()));
        for (channel, view) in &house.channels {
            let (Some(connector), Some(wake)) = (house.connector(channel), house.wakes.get(channel)) else {
                continue;
            };
            let (keeper, own) = (Arc::clone(gate), channel.clone());
            let Some(account) = self.accounts.of_channel(house, channel) else {
                continue;
            };
            let parts = ChannelParts {
                channel: channel.clone(),
                store: Arc::clone(&house.store),
                settings: Arc::clone(&house.settings),
                mappings: house.steer.mappings(),
                connector,
                account,
                lease: self.lease.clone(),
                right: self.grant.right.clone(),
                gate: gate.gate(channel),
                falls: gate.falls(channel),
                applying: self.applying.watch(),
                wake: Arc::clone(wake),
                orders: Arc::clone(&fresh),
                newest: Arc::clone(&self.newest),
                measured: Arc::clone(&house.measured),
                board: Arc::clone(&view.board),
                read_back: Arc::new(move || keeper.read_back(&own)),
                timings: Timings {
                    audit_every: self.times(channel).audit_every,
                    missing_after: self.times(channel).missing_after,
                    ..Timings::default()
                },
            };
            keep_alive(tracker, &self.ends, format!("channel {channel}"), move |cancel| {
                work(parts.clone(), cancel)
            });
        }
    }

    fn stock_pollers(&self, tracker: &TaskTracker, gate: &Arc<GateKeeper>) {
        let house = self.house;
        let listed = listed(&house.channels);
        for (name, connector) in house.stock_sources() {
            let Some(view) = house.sources.get(name) else { continue };
            let parts = StockParts {
                source: name.clone(),
                connector: self.accounts.limited(name, Arc::clone(connector), &self.grant.lease),
                schedule: self.schedule(name),
                store: Arc::clone(&house.store),
                settings: Arc::clone(&house.settings),
                lease: self.lease.clone(),
                inbox: self.inbox.clone(),
                gate: Arc::clone(gate),
                holds: Arc::clone(&self.holds),
                applying: self.applying.clone(),
                board: Arc::clone(&view.board),
                wake: Arc::clone(&view.wake),
                listed: Arc::clone(&listed),
            };
            keep_alive(tracker, &self.ends, format!("source {name}"), move |cancel| {
                StockPoller::new(parts.clone()).run(cancel)
            });
        }
    }

    fn schedule(&self, name: &ConnectorName) -> Schedule {
        let configured = self.house.configuration.connectors.get(name);
        let cron = configured.and_then(|c| Schedule::cron(c.schedule.as_deref()?, c.timezone.clone()?));
        let every = configured.and_then(|c| c.every).unwrap_or(Duration::from_mins(1));
        cron.unwrap_or(Schedule::Every(every))
    }

    /// Opens gates as back-fills come in, and ends the decisions to go without them.
    fn gate_watch(&self, tracker: &TaskTracker, gate: &Arc<GateKeeper>, orders: &BTreeMap<ChannelName, OrderRequests>) {
        for (channel, requests) in orders {
            let (channel, requests, gate) = (channel.clone(), requests.clone(), Arc::clone(gate));
            let (store, lease) = (Arc::clone(&self.house.store), self.grant.lease.clone());
            self.ends.spawn(tracker, async move {
                if !requests.wait_back_filled().await {
                    return;
                }
                gate.update();
                if let Err(error) = gate.orders_came(store.as_ref(), &lease, &channel).await {
                    tracing::warn!(%channel, "a decision about gates was not taken back: {error}");
                }
            });
        }
        gate.update();
    }

    /// One reader a queue.
    fn queues(&self, tracker: &TaskTracker, orders: &BTreeMap<ChannelName, OrderRequests>) {
        for (name, connector) in self.house.queues() {
            let parts = QueueParts {
                name: name.clone(),
                connector: self.accounts.limited(name, Arc::clone(connector), &self.grant.lease),
                channels: concerned(self.house, name, orders),
                source: self.house.sources.get(name).map(|source| Arc::clone(&source.wake)),
                inbox: self.inbox.clone(),
                board: self.house.webhooks.get(name).map(Arc::clone).unwrap_or_default(),
            };
            keep_alive(tracker, &self.ends, format!("queue of {name}"), move |cancel| {
                QueueReader::new(parts.clone()).run(cancel)
            });
        }
    }

    /// Makes sure, at the start and every hour, that vendors send their webhooks.
    fn subscriptions(&self, tracker: &TaskTracker) {
        let Some(public) = &self.house.configuration.server.public_url else {
            return;
        };
        for (name, sender) in self.house.senders() {
            let connector = sender.connector;
            let url = format!("{}/webhooks/{name}", public.as_str().trim_end_matches('/'));
            keep_alive(tracker, &self.ends, format!("webhooks of {name}"), move |cancel| {
                crate::intake::keep_subscribed(name.clone(), Arc::clone(&connector), url.clone(), cancel)
            });
        }
    }
}
