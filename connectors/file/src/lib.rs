//! Source `file`: a folder into which an ERP drops CSV, JSON or XML files. See the README beside.

mod aside;
mod content;
mod csv_rows;
mod decode;
mod folder;
mod format;
mod format_table;
mod gzip;
mod json;
mod json_rows;
mod kind;
mod looks;
mod number;
mod pattern;
mod prices;
mod problem;
mod records;
mod settings;
mod source;
mod statements;
mod stock;
mod structure;
mod table;
#[cfg(test)]
mod tests;
mod verdict;
mod xml;
mod xml_rows;

use async_trait::async_trait;
use omnistock_sdk::{
    Connector, ConnectorContext, ConnectorError, ConnectorSpec, Grouping, Manifest, SettingProblem, StockSource,
};
use omnistock_words::{Quantity, WriteMeaning};
use std::sync::Arc;
use std::time::Duration;

/// The registry entry of kind `file`.
pub const SPEC: ConnectorSpec = ConnectorSpec {
    kind: "file",
    about: "A folder into which an ERP drops CSV, JSON or XML files with stock, prices and order statements.",
    build,
};

fn build(context: ConnectorContext, table: serde_json::Value) -> Result<Arc<dyn Connector>, Vec<SettingProblem>> {
    let plan = settings::read(&context, table)?;
    let columns = &plan.stock.columns;
    if columns.brand.is_some() || columns.category.is_some() || columns.tags.is_some() {
        tracing::warn!(connector = %context.name, "columns brand, category and tags are required in each file, but not used yet");
    }
    Ok(Arc::new(FileConnector {
        manifest: manifest(),
        source: source::FileSource::new(plan, context.locations),
    }))
}

/// Nothing is written: only the fields about reading mean anything.
fn manifest() -> Manifest {
    Manifest {
        kind: "file",
        write: WriteMeaning::Available,
        compare_and_set: false,
        max_write: 1,
        max_read: 1,
        grouping: Grouping::Any,
        all_or_nothing: true,
        concurrency: 1,
        clock_grain: Duration::from_secs(1),
        decimals: 6,
        least: Quantity::MIN,
        most: Quantity::MAX,
    }
}

struct FileConnector {
    manifest: Manifest,
    source: source::FileSource,
}

#[async_trait]
impl Connector for FileConnector {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn stock(&self) -> Option<&dyn StockSource> {
        Some(&self.source)
    }

    async fn check(&self) -> Result<(), ConnectorError> {
        self.source.check().await
    }
}
