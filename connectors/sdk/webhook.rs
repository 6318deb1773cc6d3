//! Webhooks: verified and parsed by the connector, without I/O, before anything is stored.

use crate::{ConnectorError, ListingKey};
use async_trait::async_trait;
use bytes::Bytes;
use omnistock_words::{Millis, OrderFact, OrderId, Quantity};

/// A request as it came in: raw bytes, nothing interpreted.
#[derive(Debug, Clone)]
pub struct RawRequest {
    /// Header names in lower case, in order.
    pub headers: Vec<(String, String)>,
    /// The raw query string.
    pub query: String,
    /// The raw body, within the size limit.
    pub body: Bytes,
    /// When it came in, our clock.
    pub received_at: Millis,
}

impl RawRequest {
    /// The first header of this (lower-case) name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

/// What should be looked at again. Unsigned bodies lead to nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hint {
    /// This order.
    Order(OrderId),
    /// Orders in general.
    Orders,
    /// These listings.
    Listings(Vec<ListingKey>),
    /// This listing, which shows so many by now: whoever has just set that need not look.
    Shown(ListingKey, Quantity),
}

/// What a verified request says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Received {
    /// Nothing: a ping, a topic we don't use. Answered with 2xx.
    Nothing,
    /// Orders as they were when it was sent; signed.
    Orders(Vec<OrderFact>),
    /// Look again.
    Look(Vec<Hint>),
}

/// Why a request is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WebhookError {
    /// Answered with the same 401 whatever the cause; the cause goes to our log only.
    #[error("not signed by this channel: {0}")]
    Unsigned(&'static str),
    /// Signed, but not of a shape we know. Answered with 400, counted, leads to a fetch.
    #[error("signed, but not understood: {0}")]
    Malformed(String),
    /// It names a public key that has to be fetched first, by [`WebhookRole::fetch_key`]; then it is received again.
    #[error("signed with the key {0}, which is not known yet")]
    Key(String),
}

/// What a vendor is to be told at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Such as `application/json`.
    pub content_type: &'static str,
    /// The body, short.
    pub body: String,
}

/// Whether the vendor still sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SubscriptionState {
    /// All as it should be.
    Active,
    /// It was missing or disabled and was mended.
    Mended(String),
}

/// A sender of webhooks.
#[async_trait]
pub trait WebhookRole: Send + Sync {
    /// Verifies the signature over the raw bytes in constant time, then parses.
    fn receive(&self, request: &RawRequest) -> Result<Received, WebhookError>;

    /// Fetches the public key that [`WebhookError::Key`] named. An error leaves the request unanswered: it comes again.
    async fn fetch_key(&self, _id: &str) -> Result<(), ConnectorError> {
        Ok(())
    }

    /// The answer to a vendor that asks, by `GET` or without a body, whether this address is ours.
    fn challenge(&self, _query: &str) -> Option<Reply> {
        None
    }

    /// Makes sure that the vendor sends to `url` (a public address): registers, re-activates, removes doubles.
    async fn subscribe(&self, url: &str) -> Result<SubscriptionState, ConnectorError>;
}
