//! Orders on the admin listener: what is open and where it comes from, what leaks, and a person's word on a line.

use super::admin::{Answer, Asked, Body, MOST_LISTED, Shared, channel, json, query, reason};
use super::{ApiError, Listed};
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use omnistock_words::{ChannelName, ConnectorName, LineId, LocationName, Millis, OrderId, OrderStatus, Quantity, Sku};
use serde::{Deserialize, Serialize};

/// An order with its lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderView {
    /// Where it was placed.
    pub channel: ChannelName,
    /// The channel's id of it.
    pub order: OrderId,
    /// Where it stands.
    pub status: OrderStatus,
    /// When the buyer bought, vendor's clock.
    pub placed_at: Millis,
    /// Its lines.
    #[serde(default)]
    pub lines: Vec<OrderLineState>,
}

/// One line of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderLineState {
    /// The channel's id of it.
    pub line: LineId,
    /// What was sold; none where it is nothing that we know.
    #[serde(default)]
    pub sku: Option<Sku>,
    /// Units sold and not cancelled.
    pub quantity: Quantity,
    /// Where it stands.
    pub status: OrderStatus,
    /// Units that are not subtracted any more: figures contain them, or a person gave them back.
    #[serde(default)]
    pub contained: Quantity,
    /// Where the rest comes from.
    #[serde(default)]
    pub sourced: Vec<SourcedView>,
    /// Units that are nowhere to be found.
    #[serde(default)]
    pub short: Quantity,
    /// Some of it is still subtracted.
    #[serde(default)]
    pub open: bool,
    /// What people said of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mends: Vec<MendView>,
}

/// Units and the place they come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourcedView {
    /// The place.
    pub location: LocationName,
    /// Units.
    pub quantity: Quantity,
    /// The part, where the line sold a bundle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sku: Option<Sku>,
}

/// What a person said of a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MendView {
    /// Whose figures contain it; none: it was given back.
    #[serde(default)]
    pub source: Option<ConnectorName>,
    /// Units.
    pub quantity: Quantity,
    /// When.
    pub at: Millis,
}

/// Something that takes stock without an order that lives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leak {
    /// `line` or `reservation`.
    pub what: String,
    /// What it takes.
    pub sku: Sku,
    /// Units.
    pub quantity: Quantity,
    /// Where it was sold.
    #[serde(default)]
    pub channel: Option<ChannelName>,
    /// The order, or the reservation's id.
    pub id: String,
    /// The line.
    #[serde(default)]
    pub line: Option<LineId>,
    /// Why it is thought to leak, one sentence.
    pub because: String,
    /// What would mend it: a command, or what will happen by itself.
    pub mend: String,
}

/// Which leaks are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaksAsked {
    /// Of one channel; of all unless said.
    pub channel: Option<ChannelName>,
    /// Only those of articles behind this one.
    pub after: Option<Sku>,
    /// Entries at most.
    pub most: usize,
}

/// The body of `absorb` and `release`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MendBody {
    /// Where the order was placed.
    pub channel: ChannelName,
    /// The order.
    pub order: OrderId,
    /// One line; all lines unless said.
    #[serde(default)]
    pub line: Option<LineId>,
    /// `absorb`: whose figures contain it; unless said, the only source there is.
    #[serde(default)]
    pub source: Option<ConnectorName>,
    /// Units in all, of one line; the whole line unless said. Zero takes an earlier word back.
    #[serde(default)]
    pub quantity: Option<Quantity>,
    /// Why, for the record; 1 to 500 characters.
    pub reason: String,
}

/// What a person says of an order line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mend {
    /// A source's figures contain it.
    Absorb,
    /// It takes no stock any more.
    Release,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OfList {
    channel: Option<String>,
    /// Entries at most, up to 10,000; 100 unless said.
    limit: Option<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OfLeaks {
    channel: Option<String>,
    /// Behind which article; from the first one unless said.
    after: Option<String>,
    /// Entries at most, up to 10,000; 100 unless said.
    limit: Option<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OfOrder {
    channel: String,
    order: String,
}

pub(super) async fn list(State(view): Shared, asked: Asked<OfList>) -> Answer<Listed<OrderView>> {
    let asked = query(asked)?;
    let most = asked.limit.unwrap_or(100).min(MOST_LISTED);
    view.orders(channel(asked.channel.as_deref())?, most).await.map(Json)
}

pub(super) async fn leaks(State(view): Shared, asked: Asked<OfLeaks>) -> Answer<Listed<Leak>> {
    let asked = query(asked)?;
    let wanted = LeaksAsked {
        channel: channel(asked.channel.as_deref())?,
        after: asked.after.as_deref().map(super::admin::named).transpose()?,
        most: asked.limit.unwrap_or(100).min(MOST_LISTED),
    };
    view.leaks(wanted).await.map(Json)
}

/// The order as a parameter: an id may hold what can't be part of a path.
pub(super) async fn show(State(view): Shared, asked: Asked<OfOrder>) -> Answer<OrderView> {
    let asked = query(asked)?;
    let (channel, order) = (super::admin::named(&asked.channel)?, super::admin::named(&asked.order)?);
    view.order(channel, order).await.map(Json)
}

pub(super) async fn absorb(state: Shared, headers: HeaderMap, body: Body) -> Answer<OrderView> {
    mend(state, Mend::Absorb, &headers, body).await
}

pub(super) async fn release(state: Shared, headers: HeaderMap, body: Body) -> Answer<OrderView> {
    mend(state, Mend::Release, &headers, body).await
}

async fn mend(State(view): Shared, mend: Mend, headers: &HeaderMap, body: Body) -> Answer<OrderView> {
    let mut asked: MendBody = json(headers, body)?;
    asked.reason = reason(&asked.reason)?.to_owned();
    if mend == Mend::Release && asked.source.is_some() {
        return Err(
            ApiError::bad_request("`release` takes no `source`").help("`absorb` says that a source contains it")
        );
    }
    if asked.quantity.is_some() && asked.line.is_none() {
        return Err(ApiError::bad_request("`quantity` needs a `line`"));
    }
    view.mend(mend, asked).await.map(Json)
}
