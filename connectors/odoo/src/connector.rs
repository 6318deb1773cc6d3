//! The connector: its manifest, its roles, its check.

use crate::client::Client;
use crate::settings;
use crate::source::OdooSource;
use crate::touched::Touched;
use crate::webhook::HintReceiver;
use async_trait::async_trait;
use omnistock_sdk::{
    Connector, ConnectorContext, ConnectorError, ConnectorSpec, Facts, Grouping, Manifest, Role, SettingProblem,
    StockSource, WebhookRole,
};
use omnistock_words::{Basis, Quantity, WriteMeaning};
use std::sync::Arc;
use std::time::Duration;

/// The registry's line.
pub const SPEC: ConnectorSpec = ConnectorSpec {
    kind: "odoo",
    about: "Odoo 14 to 19: stock per location, prices, and which orders its figures contain are read",
    manifest,
    build,
};

struct Odoo {
    manifest: Manifest,
    source: OdooSource,
    hints: Option<HintReceiver>,
}

fn build(context: ConnectorContext, table: serde_json::Value) -> Result<Arc<dyn Connector>, Vec<SettingProblem>> {
    let mut parts = settings::read(table, context.secrets.as_ref())?;
    let client = Client::new(&parts).map_err(|error| vec![SettingProblem::new("", error.message)])?;
    let touched = Arc::new(Touched::default());
    let hints = parts.webhook_secret.take().map(|secret| HintReceiver {
        secret,
        touched: Arc::clone(&touched),
    });
    // Without a basis it is no source, and nobody polls it.
    let basis = context.basis.unwrap_or(Basis::Physical);
    Ok(Arc::new(Odoo {
        manifest: manifest(),
        source: OdooSource::new(parts, client, context.locations, basis, touched),
        hints,
    }))
}

/// Nothing is written: only the fields about reading mean anything.
fn manifest() -> Manifest {
    Manifest {
        kind: "odoo",
        write: WriteMeaning::Available,
        compare_and_set: false,
        max_write: 1,
        max_read: 1_000,
        grouping: Grouping::Any,
        all_or_nothing: true,
        // One worker process serves one call; a merchant has few of them.
        concurrency: 1,
        // Times of change are printed to the second.
        clock_grain: Duration::from_secs(1),
        decimals: 6,
        least: Quantity::MIN,
        most: Quantity::MAX,
        facts: Facts {
            roles: &[Role::Stock, Role::SourcePrices, Role::Statements, Role::Webhooks],
            basis: &[Basis::Physical, Basis::NetOfReserved, Basis::NetOfOrders],
            limits: "none stated: one call at once, 1,000 records each; hosted ones throttle with 429",
            ..Facts::default()
        },
    }
}

#[async_trait]
impl Connector for Odoo {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn stock(&self) -> Option<&dyn StockSource> {
        Some(&self.source)
    }

    fn webhooks(&self) -> Option<&dyn WebhookRole> {
        self.hints.as_ref().map(|hints| hints as &dyn WebhookRole)
    }

    async fn check(&self) -> Result<(), ConnectorError> {
        self.source.check().await
    }
}
