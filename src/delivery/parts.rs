//! What a channel's worker is given.

use super::{Account, ChannelBoard};
use crate::newest::Newest;
use crate::store::{Lease, Right, Store};
use arc_swap::ArcSwap;
use async_trait::async_trait;
use omnistock_engine::Measured;
use omnistock_sdk::Connector;
use omnistock_words::{ChannelName, Mappings, Millis, Settings};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, watch};

/// Fetches a channel's orders on demand.
#[async_trait]
pub trait FreshOrders: Send + Sync + 'static {
    /// Resolves when a fetch that began after this call is applied to the ledger: the time it began, our clock.
    /// Callers share fetches. The error is one sentence for the operator.
    async fn fetch(&self, channel: &ChannelName) -> Result<Millis, String>;

    /// Has every order read that may still hold stock, from the first.
    fn read_all(&self, _channel: &ChannelName) {}

    /// Whether that was done by a read that began then or later, and is in the ledgers.
    fn all_read_since(&self, _channel: &ChannelName, _at: Millis) -> bool {
        true
    }

    /// A number fell that no order explains: all orders are read, once in a while.
    fn doubt(&self, _channel: &ChannelName) {}
}

/// Times that a worker goes by.
#[derive(Debug, Clone)]
pub struct Timings {
    /// One call to the vendor, at most.
    pub call: Duration,
    /// How long the store is waited for before it counts as away.
    pub store: Duration,
    /// Between a yes and its read-back.
    pub read_back: Duration,
    /// So much later it is read back in a rush.
    pub rush: Duration,
    /// Between complete read-backs.
    pub audit_every: Duration,
    /// The dirty marks are looked at so often also without a wake-up.
    pub tick: Duration,
    /// An order that is younger may not be listed yet.
    pub missing_after: Duration,
    /// How far the vendor's clock may be off ours.
    pub skew: Duration,
    /// Between probes of a channel on which a person has to act.
    pub probe: Duration,
    /// How long a stop waits for calls on their way.
    pub stop: Duration,
}

impl Default for Timings {
    fn default() -> Self {
        Self {
            call: Duration::from_mins(1),
            store: Duration::from_secs(30),
            read_back: Duration::from_secs(1),
            rush: Duration::from_secs(4),
            audit_every: Duration::from_hours(1),
            tick: Duration::from_millis(250),
            missing_after: Duration::from_mins(15),
            skew: Duration::from_secs(1),
            probe: Duration::from_secs(30),
            stop: Duration::from_secs(5),
        }
    }
}

/// What a channel's worker is given.
#[derive(Clone)]
pub struct ChannelParts {
    /// The channel.
    pub channel: ChannelName,
    /// State.
    pub store: Arc<dyn Store>,
    /// Settings, which a reload replaces.
    pub settings: Arc<ArcSwap<Settings>>,
    /// Which listings a person has mapped.
    pub mappings: Arc<ArcSwap<Mappings>>,
    /// The connector that writes the channel.
    pub connector: Arc<dyn Connector>,
    /// The limits of the connector's account, which others may share.
    pub account: Arc<Account>,
    /// The lease; nothing is done without one.
    pub lease: watch::Receiver<Option<Lease>>,
    /// Whether the lease is certainly still ours: asked right before every write.
    pub right: Right,
    /// Whether the channel may be written.
    pub gate: watch::Receiver<bool>,
    /// Whether numbers may fall before the gate is open: the ledgers are known, only its listings were not read yet.
    pub falls: watch::Receiver<bool>,
    /// Reports that are being applied now, and ever were: what they lead to is judged as a whole.
    pub applying: watch::Receiver<(u64, u64)>,
    /// The ledger has marked something dirty.
    pub wake: Arc<Notify>,
    /// Fetches orders on demand.
    pub orders: Arc<dyn FreshOrders>,
    /// The newest ledgers, as their owner has just written them.
    pub newest: Arc<Newest>,
    /// What is measured of all channels: promises go by it.
    pub measured: Arc<ArcSwap<Measured>>,
    /// What people see.
    pub board: Arc<ChannelBoard>,
    /// Called when the listings were read back completely (also by every later complete read-back).
    pub read_back: Arc<dyn Fn() + Send + Sync>,
    /// Times.
    pub timings: Timings,
}

/// Why a worker ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It was told to.
    Cancelled,
    /// Another daemon has taken over.
    Fenced,
    /// The connector can't be written, so there is nothing to do.
    NoChannel,
}
