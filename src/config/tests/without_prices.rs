//! A channel for which prices are made, of a kind that only writes stock.

use super::World;
use crate::config::render;
use crate::registry::CONNECTORS;
use async_trait::async_trait;
use omnistock_sdk::{
    ChannelRole, Connector, ConnectorContext, ConnectorError, ConnectorSpec, Manifest, SettingProblem,
};
use std::sync::Arc;

fn medusa() -> &'static ConnectorSpec {
    CONNECTORS.iter().find(|spec| spec.kind == "medusa").unwrap()
}

/// Medusa without its prices, and the kinds beside it.
fn stock_only() -> &'static [ConnectorSpec] {
    let without = |spec: &ConnectorSpec| ConnectorSpec {
        build: if spec.kind == "medusa" { build } else { spec.build },
        ..*spec
    };
    Box::leak(CONNECTORS.iter().map(without).collect())
}

struct StockOnly(Arc<dyn Connector>);

fn build(context: ConnectorContext, table: serde_json::Value) -> Result<Arc<dyn Connector>, Vec<SettingProblem>> {
    (medusa().build)(context, table).map(|whole| Arc::new(StockOnly(whole)) as Arc<dyn Connector>)
}

#[async_trait]
impl Connector for StockOnly {
    fn manifest(&self) -> &Manifest {
        self.0.manifest()
    }

    fn channel(&self) -> Option<&dyn ChannelRole> {
        self.0.channel()
    }

    async fn check(&self) -> Result<(), ConnectorError> {
        self.0.check().await
    }
}

const ERP: &str = "[connectors.erp]
kind = \"file\"
path = \"/srv/stock.csv\"
basis = \"physical\"
every = \"1m\"
columns = { sku = \"sku\", quantity = \"qty\", location = \"place\" }
[locations.berlin]
[price_lists.retail]
from = \"erp\"
currency = \"EUR\"
tax = \"gross\"
[connectors.shop]
kind = \"medusa\"
url = \"https://shop.example.com\"
api_key = { env = \"KEY\" }
[channels.shop]
locations = [\"berlin\"]
";

fn said(more: &str) -> String {
    let world = World::new(&format!("{ERP}{more}")).variable("KEY", "x");
    match world.load_with(stock_only()) {
        Ok((configuration, _)) => render(&configuration.warnings),
        Err(problems) => panic!("{}", render(&problems)),
    }
}

#[test]
fn prices_that_nobody_writes_are_told() {
    assert!(!said("").contains("price"), "{}", said(""));
    let said = said("price = { list = \"retail\", floor = \"none\" }\n");
    let expected = "omnistock.toml:12:13: warning: [connectors.shop]: the prices of channel `shop` are not written: kind \"medusa\" \
        writes stock only in this version";
    assert!(said.contains(expected), "{said}");
}
