//! `file`: a folder, here or on a server, into which an ERP drops CSV, JSON or XML files, or the one file that a channel is written to. See the README beside.

mod aside;
mod content;
mod csv_rows;
mod decode;
mod depot;
mod done_file;
mod export;
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
pub mod propose;
mod propose_columns;
mod propose_numbers;
mod propose_text;
mod records;
mod settings;
mod sftp;
mod source;
mod statements;
mod stock;
mod structure;
mod table;
#[cfg(test)]
mod tests;
mod transport;
mod twice;
mod verdict;
mod web;
mod xml;
mod xml_rows;

use async_trait::async_trait;
use omnistock_sdk::{
    ArticleRole, ChannelRole, Connector, ConnectorContext, ConnectorError, ConnectorSpec, Facts, Grouping,
    LocationCodes, Manifest, PriceRole, Report, Role, SettingProblem, StockSource,
};
use omnistock_words::{Basis, Millis, Quantity, WriteMeaning};
use std::sync::Arc;
use std::time::Duration;
use transport::{Files, Where};

/// The registry entry of kind `file`.
pub const SPEC: ConnectorSpec = ConnectorSpec {
    kind: "file",
    about: "A folder, here or on an SFTP server, into which an ERP drops CSV, JSON or XML files with stock, prices and order statements; or a file that is written, with what a channel may promise.",
    manifest,
    build,
};

fn build(context: ConnectorContext, table: serde_json::Value) -> Result<Arc<dyn Connector>, Vec<SettingProblem>> {
    // A source states what its figures contain; what has no figures is written.
    if context.basis.is_none() {
        let export = export::Export::new(export::read(&context, table)?);
        return Ok(Arc::new(FileConnector {
            manifest: manifest(),
            face: Face::Export(export),
        }));
    }
    let (plan, source) = settings::read(&context, table)?;
    let columns = &plan.stock.columns;
    if columns.brand.is_some() || columns.category.is_some() || columns.tags.is_some() {
        tracing::warn!(connector = %context.name, "columns brand, category and tags are required in each file, but not used yet");
    }
    Ok(Arc::new(FileConnector {
        manifest: manifest(),
        face: match source {
            Where::Folder(files) => {
                let depot = depot::Local::new(Arc::clone(&files.meant));
                Face::Files(listed(plan, Box::new(depot), files, context.locations))
            }
            Where::Server(remote, files) => {
                let depot = sftp::Server::new(remote, Arc::clone(&files.meant));
                Face::Files(listed(plan, Box::new(depot), files, context.locations))
            }
            Where::Web(web) => Face::Web(web::WebSource::new(plan, web, context.locations)),
        },
    }))
}

fn listed(
    plan: settings::Plan,
    depot: Box<dyn depot::Depot>,
    files: Files,
    codes: LocationCodes,
) -> source::FileSource {
    source::FileSource::new(plan, depot, files.meant, files.settle, codes)
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

/// Of both: a source, and a file that is written. Nobody counts down what we write.
fn manifest() -> Manifest {
    Manifest {
        kind: "file",
        write: WriteMeaning::Available,
        compare_and_set: false,
        max_write: export::MOST_WRITE,
        max_read: export::MOST_WRITE,
        grouping: Grouping::Any,
        all_or_nothing: false,
        concurrency: 1,
        clock_grain: Duration::from_secs(1),
        decimals: 6,
        least: Quantity::ZERO,
        most: Quantity::MAX,
        facts: Facts {
            roles: &[
                Role::Stock,
                Role::SourcePrices,
                Role::Statements,
                Role::Channel,
                Role::Prices,
            ],
            basis: &[Basis::Physical, Basis::NetOfReserved, Basis::NetOfOrders],
            idempotency: "the file is replaced whole: the same numbers again are the same file",
            sold_out: "0",
            read_back: "the file, after each write; one that is gone is written again",
            limits: "none: a source is looked at as often as `every` says",
            ..Facts::default()
        },
    }
}

struct FileConnector {
    manifest: Manifest,
    face: Face,
}

#[allow(clippy::large_enum_variant, reason = "there is one of it for each connector")]
enum Face {
    Files(source::FileSource),
    Web(web::WebSource),
    Export(export::Export),
}

impl FileConnector {
    fn export(&self) -> Option<&export::Export> {
        match &self.face {
            Face::Export(export) => Some(export),
            Face::Files(_) | Face::Web(_) => None,
        }
    }
}

#[async_trait]
impl Connector for FileConnector {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn stock(&self) -> Option<&dyn StockSource> {
        match &self.face {
            Face::Files(source) => Some(source),
            Face::Web(source) => Some(source),
            Face::Export(_) => None,
        }
    }

    fn channel(&self) -> Option<&dyn ChannelRole> {
        self.export().map(|export| -> &dyn ChannelRole { export })
    }

    fn articles(&self) -> Option<&dyn ArticleRole> {
        self.export().map(|export| -> &dyn ArticleRole { export })
    }

    fn prices(&self) -> Option<&dyn PriceRole> {
        let export = self.export().filter(|export| export.has_prices());
        export.map(|export| -> &dyn PriceRole { export })
    }

    async fn check(&self) -> Result<(), ConnectorError> {
        match &self.face {
            Face::Files(source) => source.check().await,
            Face::Web(source) => source.check().await,
            Face::Export(export) => export.check().await,
        }
    }
}
