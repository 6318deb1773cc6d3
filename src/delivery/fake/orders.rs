//! The scripted channel as a source of orders: there are none.

use super::Fake;
use async_trait::async_trait;
use omnistock_sdk::{CallKind, ConnectorError, Cursor, OrderPage, OrderSource};
use omnistock_words::{OrderFact, OrderId};
use std::time::Duration;

#[async_trait]
impl OrderSource for Fake {
    async fn orders(&self, _: Option<&Cursor>) -> Result<OrderPage, ConnectorError> {
        self.arrive(CallKind::Orders, 1).await?;
        Ok(OrderPage {
            orders: vec![],
            unclear: vec![],
            cursor: Cursor(String::new()),
            more: false,
        })
    }

    async fn order(&self, _: &OrderId) -> Result<Option<OrderFact>, ConnectorError> {
        Ok(None)
    }

    fn late(&self) -> Duration {
        self.late
    }
}
