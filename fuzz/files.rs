//! Hostile files for the parsers of the file connector: whatever comes is a report or a reason, and a report is defined.
//! Used by the fuzz targets and by the connector's tests, which replay the corpora.

use omnistock_file::read_file;
use omnistock_sdk::{ConnectorContext, LocationCodes, Report, SecretReference, SecretResolver, SecretString};
use omnistock_words::{Basis, ConnectorName, LocationName, Millis};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

struct NoSecrets;

impl SecretResolver for NoSecrets {
    fn resolve(&self, _: &SecretReference) -> Result<SecretString, String> {
        Err("none here".to_owned())
    }
}

fn context() -> ConnectorContext {
    let places = ["berlin", "hamburg"].map(|name| LocationName::new(name).unwrap());
    ConnectorContext {
        name: ConnectorName::new("erp").unwrap(),
        locations: LocationCodes::new(places.to_vec(), [].into()),
        secrets: Arc::new(NoSecrets),
        basis: Some(Basis::Physical),
        folder: PathBuf::from("/in"),
    }
}

/// Settings of files with this ending: strict ones, and ones that leave out bad rows and add up doubled ones.
fn settings(ending: &str) -> Vec<Value> {
    let format = match ending {
        "csv" | "csv.gz" => json!({ "delimiter": ";", "decimal": ",", "encoding": "windows-1252" }),
        "xml" => json!({ "rows": "s/i", "count": "s/@n" }),
        _ => json!({}),
    };
    let strict = json!({ "path": format!("s.{ending}"), "format": format, "price_list": "retail", "currency": "EUR",
        "columns": { "sku": "sku", "quantity": "qty", "location": "place", "price": "vk", "as_of": "at" } });
    let mut lenient = json!({ "path": format!("s.{ending}"), "format": format, "location": "berlin", "duplicates": "sum",
        "bad_rows": { "keep_last": "90%" }, "columns": { "sku": "sku", "quantity": "qty" } });
    if ending == "xml" {
        lenient["columns"] = json!({ "sku": "@sku", "quantity": "." });
        lenient["format"] = json!({ "rows": "s/i", "trim": true });
    }
    vec![strict, lenient]
}

/// Reads an input as a file with this ending; true where it was a report by any of the settings.
pub(crate) fn survive(ending: &str, input: &[u8]) -> bool {
    let (context, name) = (context(), format!("s.{ending}"));
    let mut read = false;
    for table in settings(ending) {
        match read_file(&context, table, &name, Millis(7), input.to_vec()) {
            Ok(report) => {
                read = true;
                defined(&report);
            }
            Err(reason) => {
                assert!(reason.lines().all(|line| line.starts_with(&name)), "{reason}");
                assert!(reason.lines().count() <= 21, "{reason}");
            }
        }
    }
    read
}

fn defined(report: &Report) {
    let Report::Stock(report) = report else {
        panic!("{report:?}")
    };
    let mut keys = BTreeSet::new();
    for row in &report.rows {
        assert!(
            keys.insert((row.sku.clone(), row.location.clone())),
            "{} twice",
            row.sku
        );
    }
    assert!(!report.rows.is_empty() || !report.unknown_locations.is_empty() || !report.complete);
}
