//! What a running 18.0 answered: every sample reads as the connector reads it.
//!
//! `OMNISTOCK_SPECS` names the folder with the vendors' definitions; the samples are beside it.

use crate::client::major;
use crate::failure::Said;
use crate::wire::{Figure, Link, Stamp, Text};
use omnistock_sdk::ErrorClass;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::path::Path;

/// The samples as JSON; the recorder wrote them as another language prints them.
fn samples(line: &str) -> Vec<Value> {
    let json = line
        .replace('\'', "\"")
        .replace("True", "true")
        .replace("False", "false")
        .replace("None", "null");
    let mut found = Vec::new();
    let mut rest = json.as_str();
    while let Some(start) = rest.find(['[', '{']) {
        rest = rest.get(start..).unwrap_or_default();
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
        let Some(Ok(value)) = values.next() else { break };
        let end = values.byte_offset();
        found.push(value);
        rest = rest.get(end..).unwrap_or_default();
    }
    found
}

fn reads<T: DeserializeOwned>(value: &Value) {
    assert!(serde_json::from_value::<T>(value.clone()).is_ok(), "{value}");
}

/// Reads every field that the connector knows; how many there were.
fn fields(record: &Value) -> usize {
    let mut known = 0;
    for (name, value) in record.as_object().unwrap() {
        known += 1;
        match name.as_str() {
            "id" => assert!(value.is_i64()),
            "product_id" | "location_id" | "lot_stock_id" => reads::<Link>(value),
            "write_date" => reads::<Stamp>(value),
            "name" | "code" => reads::<Text>(value),
            name if name.ends_with("quantity") || name.ends_with("qty") || name.starts_with("qty") => {
                reads::<Figure>(value);
            }
            _ => known -= 1,
        }
    }
    known
}

#[test]
fn every_captured_sample_reads() {
    let Ok(folder) = std::env::var("OMNISTOCK_SPECS") else {
        eprintln!("the captured samples were not read: OMNISTOCK_SPECS is not set");
        return;
    };
    let file = Path::new(&folder).join("../vendors/captured/odoo-18.0.txt");
    let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let (mut records, mut known, mut errors) = (0, 0, Vec::new());
    for line in text.lines() {
        if let Some((_, body)) = line.split_once("[200, ") {
            // Cut off inside its traceback.
            let said = Said::body(body).unwrap();
            errors.push((said.name.clone(), said.meaning("check `key`").0));
            continue;
        }
        for sample in samples(line) {
            if let Some(version) = sample.get("server_version_info") {
                assert_eq!(version.get(0).and_then(major), Some(18));
                continue;
            }
            let rows = sample.as_array().cloned().unwrap_or_else(|| vec![sample.clone()]);
            for row in rows.iter().filter(|row| row.is_object()) {
                records += 1;
                known += fields(row);
            }
        }
    }
    assert_eq!(
        errors,
        [
            (
                "odoo.exceptions.MissingError".to_owned(),
                ErrorClass::Retry { after: None }
            ),
            ("odoo.exceptions.AccessDenied".to_owned(), ErrorClass::Operator),
        ]
    );
    println!("{records} captured records read, {known} fields");
    assert!(records >= 12 && known >= 50, "{records} records, {known} fields");
}
