//! A webhook's way: verified by its connector, durable in the inbox, then answered.
//!
//! Unsigned or unreadable bodies change nothing; a body that only hints leads to a fetch: of the orders of the
//! sender's channels, and of the figures where the sender is a source.

use super::deadline::{WORD, within};
use super::inbox::Inbox;
use super::orders::OrderRequests;
use super::replays::{Replays, fingerprint};
use super::webhook_board::{Taken, WebhookBoard};
use crate::store::StoreError;
use omnistock_engine::Event;
use omnistock_sdk::{
    Connector, Hint, ListingKey, RawRequest, Received, Reply, SubscriptionState, WebhookError, WebhookRole, now,
};
use omnistock_words::{ChannelName, ConnectorName, OrderFact, Quantity};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// How long a public key may take to come: its sender waits meanwhile.
const KEY: Duration = Duration::from_secs(2);

/// A connector that takes webhooks, and whom they concern.
#[derive(Clone)]
pub struct Sender {
    /// The connector.
    pub connector: Arc<dyn Connector>,
    /// The channels of whose orders it tells.
    pub channels: Vec<ChannelName>,
    /// Rings the reader of its figures, where it is a source.
    pub source: Option<Arc<Notify>>,
    /// What became of its webhooks.
    pub board: Arc<WebhookBoard>,
}

/// What a webhook may reach.
pub struct Intake {
    /// Who sends, by the connector's name.
    pub senders: BTreeMap<ConnectorName, Sender>,
    /// Pollers of the channels' orders.
    pub orders: BTreeMap<ChannelName, OrderRequests>,
    /// Whether a channel's listing shows so many because this daemon has just set that.
    pub echoes: BTreeMap<ChannelName, Arc<Echo>>,
    /// The way into the ledger.
    pub inbox: Inbox,
    /// Bodies that are durable already.
    pub replays: Replays,
}

/// Whether a listing shows so many because this daemon has just set that.
pub type Echo = dyn Fn(&ListingKey, Quantity) -> bool + Send + Sync;

/// Why a webhook was not taken.
#[derive(Debug, thiserror::Error)]
pub enum WebhookRefusal {
    /// No connector of this name takes webhooks.
    #[error("no connector of this name takes webhooks")]
    Unknown,
    /// Not signed by the sender.
    #[error("not signed")]
    Unsigned,
    /// Signed, but of no known shape.
    #[error("{0}")]
    Malformed(String),
    /// It can't be said now whether it is signed: the sender has to send it again.
    #[error("the key it is signed with was not to be had: {0}")]
    NoKey(String),
    /// It could not be made durable: the sender has to send it again.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Takes a webhook. `Ok`: everything it said is durable.
pub async fn take_webhook(intake: &Intake, connector: &str, request: &RawRequest) -> Result<(), WebhookRefusal> {
    let (sender, role) = find(intake, connector)?;
    let said = receive(role, request)
        .await
        .map_err(|error| refused(sender, connector, error));
    let taken = match said {
        Ok(received) => take(intake, sender, connector, request, received).await,
        Err(refusal) => Err(refusal),
    };
    match &taken {
        Ok(taken) => sender.board.took(*taken, now()),
        Err(WebhookRefusal::Unsigned) => sender.board.unauthorized(),
        Err(WebhookRefusal::Malformed(cause)) => {
            sender.board.malformed();
            tracing::warn!(
                connector,
                "a signed webhook was not understood, its sender is read instead: {cause}"
            );
            look(intake, sender, &[]);
        }
        Err(refusal) => {
            sender.board.busy();
            let cause = match refusal {
                WebhookRefusal::NoKey(_) => "no key",
                _ => "not kept",
            };
            if sender.board.tells(cause, now()) {
                tracing::warn!(connector, "a webhook was sent back: {refusal}");
            }
        }
    }
    taken.map(drop)
}

/// What a sender is to be told that asks whether this address is ours; `None`: it asks nothing.
pub fn challenge(intake: &Intake, connector: &str, query: &str) -> Option<Reply> {
    find(intake, connector).ok()?.1.challenge(query)
}

fn find<'a>(intake: &'a Intake, connector: &str) -> Result<(&'a Sender, &'a dyn WebhookRole), WebhookRefusal> {
    let name = ConnectorName::new(connector).map_err(|_| WebhookRefusal::Unknown)?;
    let sender = intake.senders.get(&name).ok_or(WebhookRefusal::Unknown)?;
    let role = sender.connector.webhooks().ok_or(WebhookRefusal::Unknown)?;
    Ok((sender, role))
}

/// What the request says, once its sender is known; a key that is missing is fetched, once.
async fn receive(role: &dyn WebhookRole, request: &RawRequest) -> Result<Received, Refused> {
    let first = role.receive(request);
    let Err(WebhookError::Key(id)) = &first else {
        return first.map_err(Refused::Vendor);
    };
    match tokio::time::timeout(KEY, role.fetch_key(id)).await {
        Ok(Ok(())) => role.receive(request).map_err(Refused::Vendor),
        Ok(Err(error)) => Err(Refused::Key(error.to_string())),
        Err(_) => Err(Refused::Key(format!("no answer within {} s", KEY.as_secs()))),
    }
}

/// By the connector's own judgement, or for want of a key.
enum Refused {
    Vendor(WebhookError),
    Key(String),
}

/// What its sender is told; the log is told who sent it and why, without a line for each.
fn refused(sender: &Sender, connector: &str, refused: Refused) -> WebhookRefusal {
    match refused {
        Refused::Vendor(WebhookError::Unsigned(cause)) => {
            if sender.board.tells(cause, now()) {
                tracing::warn!(
                    connector,
                    "a webhook was refused: {cause}; more of them are only counted for an hour"
                );
            }
            WebhookRefusal::Unsigned
        }
        Refused::Vendor(WebhookError::Malformed(cause)) => WebhookRefusal::Malformed(cause),
        Refused::Vendor(WebhookError::Key(id)) => WebhookRefusal::NoKey(format!("it is called {id}")),
        Refused::Key(why) => WebhookRefusal::NoKey(why),
    }
}

async fn take(
    intake: &Intake,
    sender: &Sender,
    connector: &str,
    request: &RawRequest,
    received: Received,
) -> Result<Taken, WebhookRefusal> {
    let orders = match received {
        Received::Nothing => return Ok(Taken::Nothing),
        Received::Look(hints) => {
            look(intake, sender, &hints);
            return Ok(Taken::Look);
        }
        Received::Orders(orders) => orders,
    };
    let Some(first) = intake.replays.first(fingerprint(connector, &request.body)).await else {
        // It is in the ledger. Should it be true once more, after something else, the fetch says so.
        about(intake, sender, &orders, OrderRequests::repeated);
        look(intake, sender, &[Hint::Orders]);
        return Ok(Taken::Repeated);
    };
    let events: Vec<Event> = sender
        .channels
        .iter()
        .flat_map(|channel| {
            orders.iter().map(|order| Event::Order {
                channel: channel.clone(),
                order: order.clone(),
            })
        })
        .collect();
    let entry = intake.inbox.append(&events).await?.unwrap_or_default();
    about(intake, sender, &orders, |requests, order| requests.told(order, entry));
    // Only now: one whose first copy could not be kept must be heard when it comes again.
    first.durable();
    Ok(Taken::Orders)
}

/// What a poll said of these orders before may not be the newest any more.
fn about(intake: &Intake, sender: &Sender, orders: &[OrderFact], tell: impl Fn(&OrderRequests, &OrderFact)) {
    for requests in sender.channels.iter().filter_map(|channel| intake.orders.get(channel)) {
        for order in orders {
            tell(requests, order);
        }
    }
}

/// Reads again, unless the vendor only tells what this daemon has just set. Hints about orders alone don't concern a
/// source's figures.
fn look(intake: &Intake, sender: &Sender, hints: &[Hint]) {
    let own = |channel: &ChannelName| {
        let echo = intake.echoes.get(channel);
        let set = |hint: &Hint| matches!((hint, echo), (Hint::Shown(key, number), Some(echo)) if echo(key, *number));
        !hints.is_empty() && hints.iter().all(set)
    };
    let others: Vec<&ChannelName> = sender.channels.iter().filter(|channel| !own(channel)).collect();
    if others.is_empty() && !sender.channels.is_empty() {
        return;
    }
    for requests in others.into_iter().filter_map(|channel| intake.orders.get(channel)) {
        requests.hint();
    }
    let of_orders = |hint: &Hint| matches!(hint, Hint::Order(_) | Hint::Orders);
    let only_orders = !hints.is_empty() && hints.iter().all(of_orders);
    if let Some(source) = sender.source.as_ref().filter(|_| !only_orders) {
        source.notify_one();
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
        let pause = match within(name.as_str(), "its subscriptions", WORD, role.subscribe(&url)).await {
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
