//! What the rooms see of each other through the daemon, which alone knows them all.

use super::house::House;
use super::view::ChannelView;
use crate::delivery::{ChannelBoard, FreshOrders};
use crate::intake::{Concerned, Echo, Listed, OrderRequests, Watched};
use omnistock_sdk::{ListingKey, now};
use omnistock_words::{ChannelName, ConnectorName, Millis, Quantity, Sku};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Fetches orders for delivery; a channel without an order role has none to see.
pub(super) struct Fetches(pub(super) BTreeMap<ChannelName, OrderRequests>);

#[async_trait::async_trait]
impl FreshOrders for Fetches {
    async fn fetch(&self, channel: &ChannelName) -> Result<Millis, String> {
        match self.0.get(channel) {
            None => Ok(now()),
            Some(requests) => requests
                .fetch()
                .await
                .ok_or_else(|| format!("the orders of {channel} are not read any more")),
        }
    }

    fn read_all(&self, channel: &ChannelName) {
        if let Some(requests) = self.0.get(channel) {
            requests.read_all(false);
        }
    }

    fn all_read_since(&self, channel: &ChannelName, at: Millis) -> bool {
        self.0.get(channel).is_none_or(|requests| requests.all_read_since(at))
    }

    fn doubt(&self, channel: &ChannelName) {
        if let Some(requests) = self.0.get(channel) {
            requests.read_all(true);
        }
    }
}

/// A channel's worker, as the ledger's owner sees it.
struct Seen(Arc<ChannelBoard>, Option<OrderRequests>);

impl Watched for Seen {
    fn pushes(&self) -> Vec<i64> {
        self.0.take_pushes()
    }

    fn at_zero(&self) -> BTreeMap<Sku, Millis> {
        self.0.at_zero()
    }

    fn lists(&self, sku: &Sku) -> Option<bool> {
        self.0.lists(sku)
    }

    fn back_filled(&self) -> bool {
        self.1.as_ref().is_none_or(OrderRequests::back_filled)
    }
}

/// Every channel that has a worker.
pub(super) fn watched(
    channels: &BTreeMap<ChannelName, ChannelView>,
    orders: &BTreeMap<ChannelName, OrderRequests>,
) -> BTreeMap<ChannelName, Arc<dyn Watched>> {
    let seen = |(name, view): (&ChannelName, &ChannelView)| {
        let seen = Seen(Arc::clone(&view.board), orders.get(name).cloned());
        (name.clone(), Arc::new(seen) as Arc<dyn Watched>)
    };
    channels.iter().map(seen).collect()
}

/// Whether any channel lists a SKU; `None` where one that does not list it may not have told all yet.
pub(super) fn listed(channels: &BTreeMap<ChannelName, ChannelView>) -> Arc<Listed> {
    let boards: Vec<Arc<ChannelBoard>> = channels.values().map(|channel| Arc::clone(&channel.board)).collect();
    Arc::new(move |sku| {
        let mut all = Some(false);
        for board in &boards {
            match board.lists(sku) {
                Some(true) => return Some(true),
                Some(false) => {}
                None => all = None,
            }
        }
        all
    })
}

/// What each channel's worker has set lately.
pub(super) fn echoes(channels: &BTreeMap<ChannelName, ChannelView>) -> BTreeMap<ChannelName, Arc<Echo>> {
    let echo = |(name, view): (&ChannelName, &ChannelView)| {
        let board = Arc::clone(&view.board);
        let echo = move |key: &ListingKey, quantity: Quantity| board.is_echo(key, quantity);
        (name.clone(), Arc::new(echo) as Arc<Echo>)
    };
    channels.iter().map(echo).collect()
}

/// The channels of a connector, as the reader of its queue reaches them.
pub(super) fn concerned(
    house: &House,
    connector: &ConnectorName,
    orders: &BTreeMap<ChannelName, OrderRequests>,
) -> BTreeMap<ChannelName, Concerned> {
    let settings = &house.configuration.settings.channels;
    let own = |(name, _): &(&ChannelName, &ChannelView)| {
        let settings = settings.get(*name);
        settings.is_some_and(|settings| settings.connector == *connector)
    };
    let reach = |(name, view): (&ChannelName, &ChannelView)| {
        let (board, wake) = (Arc::clone(&view.board), Arc::clone(&view.wake));
        let listings = move |keys: &[ListingKey]| {
            board.look_at(keys);
            wake.notify_one();
        };
        let concerned = Concerned {
            orders: orders.get(name).cloned(),
            listings: Arc::new(listings),
        };
        (name.clone(), concerned)
    };
    house.channels.iter().filter(own).map(reach).collect()
}
