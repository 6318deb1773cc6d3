//! Behaviour of the connector as its users see it.

mod documents;
mod hostile;
mod hostile_columns;
mod hostile_inputs;
mod passwords;
mod pickup;
mod propose;
mod put_away;
mod reading;
mod sftp;
mod sftp_transfers;
mod sshd;
mod tables;
mod web;

use crate::SPEC;
use crate::content::{self, FileFacts};
use crate::problem::Refusal;
use omnistock_sdk::*;
use omnistock_words::{Basis, ConnectorName, LocationName, Millis, VendorLocation};
use serde_json::{Value, json};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

struct NoSecrets;

impl SecretResolver for NoSecrets {
    fn resolve(&self, _: &SecretReference) -> Result<SecretString, String> {
        Err("none here".into())
    }
}

/// Locations berlin (`B/01` at the vendor) and hamburg (by its own name).
pub(crate) fn context(folder: &Path) -> ConnectorContext {
    let name = |text: &str| LocationName::new(text).unwrap();
    let codes = [(VendorLocation::new("B/01").unwrap(), name("berlin"))].into();
    ConnectorContext {
        name: ConnectorName::new("erp").unwrap(),
        locations: LocationCodes::new(vec![name("berlin"), name("hamburg")], codes),
        secrets: Arc::new(NoSecrets),
        basis: Some(Basis::Physical),
        folder: folder.to_owned(),
    }
}

/// As a German ERP writes it, with `changes` laid over (a null takes a key out).
pub(crate) fn german(changes: Value) -> Value {
    let mut table = json!({
        "path": "stock-*.csv",
        "columns": { "sku": "Artikelnummer", "quantity": "Bestand", "location": "Lager" },
        "format": { "delimiter": ";", "decimal": ",", "encoding": "windows-1252" },
    });
    lay_over(&mut table, changes);
    table
}

fn lay_over(table: &mut Value, changes: Value) {
    match (table, changes) {
        (Value::Object(table), Value::Object(changes)) => {
            for (key, change) in changes {
                if change.is_null() {
                    table.remove(&key);
                } else {
                    lay_over(table.entry(key).or_insert(Value::Null), change);
                }
            }
        }
        (table, change) => *table = change,
    }
}

const MODIFIED: Millis = Millis(1_767_614_400_000);

/// Reads bytes as a file `stock-1.csv` last written at `MODIFIED`.
pub(crate) fn read(table: Value, bytes: &[u8]) -> Result<Report, Refusal> {
    read_as("stock-1.csv", table, bytes)
}

/// What files say, by these settings.
pub(crate) fn planned(context: &ConnectorContext, table: Value) -> Result<crate::settings::Plan, Vec<SettingProblem>> {
    crate::settings::read(context, table).map(|(plan, _)| plan)
}

/// The same, of a file of this name.
pub(crate) fn read_as(name: &str, table: Value, bytes: &[u8]) -> Result<Report, Refusal> {
    let context = context(Path::new("/in"));
    let plan = planned(&context, table).unwrap_or_else(|problems| panic!("{problems:?}"));
    let facts = FileFacts {
        title: name.into(),
        modified: MODIFIED,
    };
    content::stock(&plan, &context.locations, &facts, bytes.to_vec())
}

pub(crate) fn stock(table: Value, bytes: &[u8]) -> StockReport {
    match read(table, bytes) {
        Ok(Report::Stock(report)) => report,
        other => panic!("{other:?}"),
    }
}

/// `sku@location=quantity`, in order.
pub(crate) fn figures(report: &StockReport) -> Vec<String> {
    report
        .rows
        .iter()
        .map(|row| format!("{}@{}={}", row.sku, row.location, row.quantity))
        .collect()
}

/// A folder and a connector that watches it.
pub(crate) struct Rig {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) connector: Arc<dyn Connector>,
}

impl Rig {
    pub(crate) fn new(changes: Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let connector =
            (SPEC.build)(context(folder.path()), german(changes)).unwrap_or_else(|problems| panic!("{problems:?}"));
        Self { folder, connector }
    }

    /// As after a crash: the same folder, nothing remembered.
    pub(crate) fn restarted(self, changes: Value) -> Self {
        let connector = (SPEC.build)(context(self.folder.path()), german(changes))
            .unwrap_or_else(|problems| panic!("{problems:?}"));
        Self {
            folder: self.folder,
            connector,
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Delivers by atomic rename, last written `second` seconds after `MODIFIED`.
    pub(crate) fn deliver(&self, name: &str, bytes: impl AsRef<[u8]>, second: u64) {
        let hidden = self.path(&format!(".{name}"));
        fs::write(&hidden, bytes).unwrap();
        let modified =
            UNIX_EPOCH + Duration::from_millis(u64::try_from(MODIFIED.0).unwrap()) + Duration::from_secs(second);
        fs::File::options()
            .write(true)
            .open(&hidden)
            .unwrap()
            .set_modified(modified)
            .unwrap();
        fs::rename(hidden, self.path(name)).unwrap();
    }

    pub(crate) async fn poll(&self) -> Result<Option<(Ticket, Report)>, ConnectorError> {
        self.connector.stock().unwrap().poll().await
    }

    /// Polls as a daemon does until there is something.
    pub(crate) async fn next(&self) -> (Ticket, Report) {
        for _ in 0..200 {
            if let Some(report) = self.poll().await.unwrap() {
                return report;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("nothing was picked up");
    }

    pub(crate) async fn acknowledge(&self, ticket: &Ticket, verdict: Verdict) -> Result<(), ConnectorError> {
        self.connector.stock().unwrap().acknowledge(ticket, &verdict).await
    }

    /// Names below a folder, hidden ones too.
    pub(crate) fn names(&self, folder: &str) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.path(folder)) else {
            return Vec::new();
        };
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    pub(crate) fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }
}

pub(crate) const GOOD: &str = "Artikelnummer;Lager;Bestand\r\nA-1;B/01;12\r\nA-2;hamburg;3,5\r\n";

pub(crate) fn title(report: &Report) -> &str {
    match report {
        Report::Stock(report) => &report.title,
        Report::Statements(report) => &report.title,
        Report::Refused(report) => &report.title,
    }
}

/// Compressed as gzip does.
pub(crate) fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
