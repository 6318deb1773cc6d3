//! The connector: its registry entry, its manifest, its roles.

use crate::client::{Client, PAGE};
use crate::settings;
use async_trait::async_trait;
use omnistock_sdk::{
    ChannelRole, Connector, ConnectorContext, ConnectorError, ConnectorSpec, Facts, Grouping, Manifest, OrderSource,
    PriceRole, Role, SecretString, SettingProblem, WebhookRole,
};
use omnistock_words::{Currency, OrderStatus, Quantity, WriteMeaning};
use reqwest::Method;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// The registry's line of this kind.
pub const SPEC: ConnectorSpec = ConnectorSpec {
    kind: "woocommerce",
    about: "WooCommerce shop (REST v3): stock and prices of products and variations, orders, webhooks",
    manifest,
    build,
};

/// A connected shop.
pub(crate) struct WooCommerce {
    pub(crate) client: Client,
    manifest: Manifest,
    /// How far a poll of orders looks back, milliseconds.
    pub(crate) overlap: i64,
    /// The present one first; empty: no webhooks.
    pub(crate) webhook_secrets: Vec<SecretString>,
    /// Whether this process has told the shop the present secret: it can't be read there.
    pub(crate) secret_told: AtomicBool,
    /// As configured; `None`: the shop is asked.
    pub(crate) settled_currency: Option<Currency>,
    /// As the shop said.
    pub(crate) asked_currency: tokio::sync::Mutex<Option<Currency>>,
}

#[allow(clippy::needless_pass_by_value, reason = "the registry's signature")]
fn build(context: ConnectorContext, table: serde_json::Value) -> Result<Arc<dyn Connector>, Vec<SettingProblem>> {
    let parts = settings::read(table, context.secrets.as_ref())?;
    let client = Client::new(&parts).map_err(|error| vec![SettingProblem::new("url", error.message)])?;
    Ok(Arc::new(WooCommerce {
        client,
        manifest: manifest(),
        overlap: parts.overlap,
        webhook_secrets: parts.webhook_secrets,
        secret_told: AtomicBool::new(false),
        settled_currency: parts.currency,
        asked_currency: tokio::sync::Mutex::default(),
    }))
}

fn manifest() -> Manifest {
    Manifest {
        kind: "woocommerce",
        // The shop lowers stock_quantity by its own orders [observed].
        write: WriteMeaning::Available,
        // None exists; an absolute write wipes out sales it has not seen [observed].
        compare_and_set: false,
        // 101 is answered with 413 [observed].
        max_write: PAGE,
        // per_page=101 is answered with 400 [observed].
        max_read: PAGE,
        // Variations are written by product [observed].
        grouping: Grouping::Parent,
        // Errors of single items come inside a 200 [observed].
        all_or_nothing: false,
        // No limit in the product itself, but hosts are small: 2 to 4 is what they bear.
        concurrency: 3,
        // Dates have whole seconds [observed].
        clock_grain: Duration::from_secs(1),
        // Batches cut 1.5 to 1 without an error [observed].
        decimals: 0,
        // The vendor takes negative numbers; we never mean one.
        least: Quantity::ZERO,
        // No limit is known; ours, far from where its floating-point column loses units.
        most: Quantity::whole(1_000_000_000),
        facts: Facts {
            roles: &[Role::Channel, Role::Prices, Role::Orders, Role::Webhooks],
            basis: &[],
            decrement_states: &["processing", "on-hold", "completed"],
            idempotency: "changes nothing: the number is set, not changed by a difference",
            sold_out: "0; the shop then says \"out of stock\", unless the product allows backorders",
            order_states: &[
                ("pending", OrderStatus::Open),
                ("processing", OrderStatus::Open),
                ("on-hold", OrderStatus::Open),
                ("completed", OrderStatus::Shipped),
                ("cancelled", OrderStatus::Cancelled),
                ("failed", OrderStatus::Cancelled),
                ("refunded", OrderStatus::Returned),
                ("a plugin's own", OrderStatus::Open),
            ],
            read_back: "numbers and prices after each call: a call says what it stored, a plugin may change it",
            limits: "none of its own; small hosts bear 2 to 4 calls at once, a batch of 30 takes about a second",
        },
    }
}

#[async_trait]
impl Connector for WooCommerce {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn orders(&self) -> Option<&dyn OrderSource> {
        Some(self)
    }

    fn channel(&self) -> Option<&dyn ChannelRole> {
        Some(self)
    }

    fn prices(&self) -> Option<&dyn PriceRole> {
        Some(self)
    }

    fn webhooks(&self) -> Option<&dyn WebhookRole> {
        if self.webhook_secrets.is_empty() {
            None
        } else {
            Some(self)
        }
    }

    async fn check(&self) -> Result<(), ConnectorError> {
        let one = [("per_page", "1"), ("_fields", "id")];
        self.client.get("/products", &one).await?;
        self.client.get("/orders", &one).await?;
        // An empty batch changes nothing, but a key without write permission is refused for it.
        self.client
            .send(Method::POST, "/products/batch", &json!({"update": []}))
            .await?;
        if !self.webhook_secrets.is_empty() {
            self.client.get("/webhooks", &[("per_page", "1")]).await?;
        }
        Ok(())
    }
}
