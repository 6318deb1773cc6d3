//! A webhook's way: verified by its connector, durable in the inbox, then answered.
//!
//! Unsigned or unreadable bodies change nothing; a signed body that only hints leads to a fetch.

use super::inbox::Inbox;
use super::orders::OrderRequests;
use crate::store::StoreError;
use omnistock_engine::Event;
use omnistock_sdk::{Connector, RawRequest, Received, SubscriptionState, WebhookError};
use omnistock_words::{ChannelName, ConnectorName};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// What a webhook may reach.
pub struct Intake {
    /// Connectors by name, with the channel whose orders they tell of.
    pub senders: BTreeMap<ConnectorName, (Arc<dyn Connector>, ChannelName)>,
    /// Pollers of the channels' orders.
    pub orders: BTreeMap<ChannelName, OrderRequests>,
    /// The way into the ledger.
    pub inbox: Inbox,
    /// Webhooks taken in, refused, not understood.
    pub counts: WebhookCounts,
}

/// Webhooks since the start.
#[derive(Default)]
pub struct WebhookCounts {
    /// Durable.
    pub taken: AtomicU64,
    /// Not signed by the channel.
    pub unsigned: AtomicU64,
    /// Signed, but of no known shape.
    pub malformed: AtomicU64,
}

/// Why a webhook was not taken.
#[derive(Debug, thiserror::Error)]
pub enum WebhookRefusal {
    /// No connector of this name takes webhooks.
    #[error("no connector of this name takes webhooks")]
    Unknown,
    /// Not signed by the channel.
    #[error("not signed")]
    Unsigned,
    /// Signed, but of no known shape.
    #[error("{0}")]
    Malformed(String),
    /// It could not be made durable: the sender has to send it again.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Takes a webhook. `Ok`: everything it said is durable.
pub async fn take_webhook(intake: &Intake, connector: &str, request: &RawRequest) -> Result<(), WebhookRefusal> {
    let name = ConnectorName::new(connector).map_err(|_| WebhookRefusal::Unknown)?;
    let (sender, channel) = intake.senders.get(&name).ok_or(WebhookRefusal::Unknown)?;
    let role = sender.webhooks().ok_or(WebhookRefusal::Unknown)?;
    let received = match role.receive(request) {
        Ok(received) => received,
        Err(WebhookError::Unsigned(cause)) => {
            intake.counts.unsigned.fetch_add(1, Ordering::Relaxed);
            tracing::warn!(connector, "a webhook was refused: {cause}");
            return Err(WebhookRefusal::Unsigned);
        }
        Err(WebhookError::Malformed(cause)) => {
            intake.counts.malformed.fetch_add(1, Ordering::Relaxed);
            tracing::warn!(
                connector,
                "a signed webhook was not understood, orders are fetched instead: {cause}"
            );
            look(intake, channel);
            return Err(WebhookRefusal::Malformed(cause));
        }
    };
    match received {
        Received::Nothing => {}
        Received::Look(_) => look(intake, channel),
        Received::Orders(orders) => {
            let events: Vec<Event> = orders
                .into_iter()
                .map(|order| Event::Order {
                    channel: channel.clone(),
                    order,
                })
                .collect();
            intake.inbox.append(&events).await?;
        }
    }
    intake.counts.taken.fetch_add(1, Ordering::Relaxed);
    Ok(())
}

fn look(intake: &Intake, channel: &ChannelName) {
    if let Some(orders) = intake.orders.get(channel) {
        orders.hint();
    }
}

/// Checks now and every hour that the vendor still sends to `url`; a failed check is repeated after a minute.
pub async fn keep_subscribed(
    name: ConnectorName,
    connector: Arc<dyn Connector>,
    url: String,
    cancel: CancellationToken,
) {
    let Some(role) = connector.webhooks() else { return };
    loop {
        let pause = match role.subscribe(&url).await {
            Ok(SubscriptionState::Active) => Duration::from_hours(1),
            Ok(SubscriptionState::Mended(what)) => {
                tracing::info!(connector = %name, "webhooks: {what}");
                Duration::from_hours(1)
            }
            Err(error) => {
                tracing::warn!(connector = %name, "webhooks could not be checked: {error}");
                Duration::from_mins(1)
            }
        };
        tokio::select! {
            () = cancel.cancelled() => break,
            () = tokio::time::sleep(pause) => {}
        }
    }
}
