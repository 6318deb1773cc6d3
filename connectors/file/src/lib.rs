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
mod transport;
mod verdict;
mod web;
mod xml;
mod xml_rows;

use async_trait::async_trait;
use omnistock_sdk::{
    Connector, ConnectorContext, ConnectorError, ConnectorSpec, Facts, Grouping, Manifest, Report, Role,
    SettingProblem, StockSource,
};
use omnistock_words::{Basis, Millis, Quantity, WriteMeaning};
use std::sync::Arc;
use std::time::Duration;
use transport::Where;

/// The registry entry of kind `file`.
pub const SPEC: ConnectorSpec = ConnectorSpec {
    kind: "file",
    about: "A folder into which an ERP drops CSV, JSON or XML files with stock, prices and order statements.",
    manifest,
    build,
};

fn build(context: ConnectorContext, table: serde_json::Value) -> Result<Arc<dyn Connector>, Vec<SettingProblem>> {
    let (plan, source) = settings::read(&context, table)?;
    let columns = &plan.stock.columns;
    if columns.brand.is_some() || columns.category.is_some() || columns.tags.is_some() {
        tracing::warn!(connector = %context.name, "columns brand, category and tags are required in each file, but not used yet");
    }
    Ok(Arc::new(FileConnector {
        manifest: manifest(),
        source: match source {
            Where::Folder(folders) => Source::Folder(source::FileSource::new(plan, folders, context.locations)),
            Where::Web(web) => Source::Web(web::WebSource::new(plan, web, context.locations)),
        },
    }))
}

/// What a stock file of this name, last written at `modified`, says by these settings (the connector's own keys), without
/// a folder or a server around it. The error has a line per fault, each beginning with the name.
pub fn read_file(
    context: &ConnectorContext,
    table: serde_json::Value,
    name: &str,
    modified: Millis,
    bytes: Vec<u8>,
) -> Result<Report, String> {
    let wrong = |problems: Vec<SettingProblem>| {
        let lines = problems
            .iter()
            .map(|problem| format!("{name}: {}: {}", problem.key, problem.message));
        lines.collect::<Vec<_>>().join("\n")
    };
    let (plan, _) = settings::read(context, table).map_err(wrong)?;
    let title = name.to_owned();
    let facts = content::FileFacts { title, modified };
    content::stock(&plan, &context.locations, &facts, bytes).map_err(|refusal| refusal.reason)
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
        facts: Facts {
            roles: &[Role::Stock, Role::SourcePrices, Role::Statements],
            basis: &[Basis::Physical, Basis::NetOfReserved, Basis::NetOfOrders],
            limits: "none: it is looked at as often as `every` says",
            ..Facts::default()
        },
    }
}

struct FileConnector {
    manifest: Manifest,
    source: Source,
}

#[allow(clippy::large_enum_variant, reason = "there is one of it for each connector")]
enum Source {
    Folder(source::FileSource),
    Web(web::WebSource),
}

#[async_trait]
impl Connector for FileConnector {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn stock(&self) -> Option<&dyn StockSource> {
        Some(match &self.source {
            Source::Folder(source) => source,
            Source::Web(source) => source,
        })
    }

    async fn check(&self) -> Result<(), ConnectorError> {
        match &self.source {
            Source::Folder(source) => source.check().await,
            Source::Web(source) => source.check().await,
        }
    }
}
