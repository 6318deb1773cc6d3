//! A connector whose orders and stock are read within the limits of its account.

use super::account::{Account, Pass};
use crate::store::Lease;
use async_trait::async_trait;
use omnistock_planner::Claimant;
use omnistock_sdk::{
    CallKind, CallLimits, ChannelRole, Connector, ConnectorError, Cursor, Manifest, OrderPage, OrderSource, QueueRole,
    Report, StockSource, Ticket, Verdict, WebhookRole, learning, now,
};
use omnistock_words::{OrderFact, OrderId};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

/// Wraps a connector for those who read it: each page of orders and each report waits for its turn. What a
/// channel's worker calls is not limited here: the worker asks by itself, before it decides what to send.
pub struct Limited {
    inner: Arc<dyn Connector>,
    account: Arc<Account>,
    lease: Lease,
    claimant: Claimant,
}

impl Limited {
    /// The connector within its account's limits, under this lease.
    pub fn new(inner: Arc<dyn Connector>, account: Arc<Account>, lease: Lease) -> Arc<Self> {
        let claimant = account.claimant();
        Arc::new(Self {
            inner,
            account,
            lease,
            claimant,
        })
    }

    /// Waits for the right to a call; certainly not made where it fails.
    async fn admit(&self, kind: CallKind) -> Result<Pass, ConnectorError> {
        let failed = |error: String| ConnectorError::retry(format!("not asked: {error}"));
        self.account.open().await.map_err(|error| failed(error.to_string()))?;
        loop {
            match self.account.ask(self.claimant, kind, 1) {
                Err(until) => {
                    let wait = u64::try_from(until.since(now()).clamp(1, 60_000)).unwrap_or(1);
                    sleep(Duration::from_millis(wait)).await;
                }
                Ok(pass) => {
                    let secured = self.account.secure(&self.lease).await;
                    secured.map_err(|error| failed(error.to_string()))?;
                    return Ok(pass);
                }
            }
        }
    }
}

/// Makes the call with its pass, and tells the account what the answer told.
macro_rules! within {
    ($self:ident, $kind:expr, $role:ident, $call:expr) => {{
        let Some($role) = $self.inner.$role() else {
            return Err(ConnectorError::operator("this connector has no such role"));
        };
        let mut pass = $self.admit($kind).await?;
        let (result, told) = learning($call).await;
        pass.told(told);
        result
    }};
}

#[async_trait]
impl OrderSource for Limited {
    async fn orders(&self, cursor: Option<&Cursor>) -> Result<OrderPage, ConnectorError> {
        within!(self, CallKind::Orders, orders, orders.orders(cursor))
    }

    async fn order(&self, order: &OrderId) -> Result<Option<OrderFact>, ConnectorError> {
        within!(self, CallKind::Order, orders, orders.order(order))
    }

    fn names_listings(&self) -> bool {
        self.inner.orders().is_some_and(OrderSource::names_listings)
    }

    fn late(&self) -> Duration {
        self.inner.orders().map_or(Duration::ZERO, OrderSource::late)
    }
}

#[async_trait]
impl StockSource for Limited {
    async fn begin(&self) -> Result<(), ConnectorError> {
        match self.inner.stock() {
            Some(stock) => stock.begin().await,
            None => Ok(()),
        }
    }

    async fn poll(&self) -> Result<Option<(Ticket, Report)>, ConnectorError> {
        within!(self, CallKind::Stock, stock, stock.poll())
    }

    async fn acknowledge(&self, ticket: &Ticket, verdict: &Verdict) -> Result<(), ConnectorError> {
        match self.inner.stock() {
            Some(stock) => stock.acknowledge(ticket, verdict).await,
            None => Ok(()),
        }
    }
}

#[async_trait]
impl Connector for Limited {
    fn manifest(&self) -> &Manifest {
        self.inner.manifest()
    }

    fn limits(&self) -> CallLimits {
        self.inner.limits()
    }

    fn stock(&self) -> Option<&dyn StockSource> {
        self.inner.stock().map(|_| self as &dyn StockSource)
    }

    fn orders(&self) -> Option<&dyn OrderSource> {
        self.inner.orders().map(|_| self as &dyn OrderSource)
    }

    fn channel(&self) -> Option<&dyn ChannelRole> {
        self.inner.channel()
    }

    fn webhooks(&self) -> Option<&dyn WebhookRole> {
        self.inner.webhooks()
    }

    fn queue(&self) -> Option<&dyn QueueRole> {
        self.inner.queue()
    }

    async fn check(&self) -> Result<(), ConnectorError> {
        self.inner.check().await
    }
}
