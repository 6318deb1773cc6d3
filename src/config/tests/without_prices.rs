//! A channel for which prices are made, of a kind that only writes stock.

use super::World;
use crate::config::render;
use async_trait::async_trait;
use omnistock_sdk::{
    ChannelRole, Connector, ConnectorContext, ConnectorError, ConnectorSpec, Manifest, SettingProblem,
};
use std::sync::Arc;

const STOCK_ONLY: &[ConnectorSpec] = &[
    ConnectorSpec {
        kind: "medusa",
        about: "without its prices",
        build,
    },
    omnistock_file::SPEC,
];

struct StockOnly(Arc<dyn Connector>);

fn build(context: ConnectorContext, table: serde_json::Value) -> Result<Arc<dyn Connector>, Vec<SettingProblem>> {
    (omnistock_medusa::SPEC.build)(context, table).map(|whole| Arc::new(StockOnly(whole)) as Arc<dyn Connector>)
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
    match world.load_with(STOCK_ONLY) {
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
