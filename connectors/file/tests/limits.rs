//! A large shop. The vendor, a folder, states no limit: what is counted are files, their bytes and their rows. One file
//! is one report, however many rows it has, and one write is one file that takes the place of the one before whole.

use omnistock_file::SPEC;
use omnistock_sdk::{Connector, ConnectorContext, ItemOutcome, Report, WriteItem, testing};
use omnistock_words::{Basis, Quantity, Sku};
use serde_json::{Value, json};
use std::fs;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

const LISTINGS: usize = 10_000;
const HEADER: &str = "sku,quantity,price,currency\n";

fn build(folder: &Path, basis: Option<Basis>, table: Value) -> Arc<dyn Connector> {
    let context = ConnectorContext {
        basis,
        folder: folder.to_owned(),
        ..testing::context("erp", &[("berlin", "")])
    };
    (SPEC.build)(context, table).unwrap_or_else(|problems| panic!("{problems:?}"))
}

fn sku(number: usize) -> String {
    format!("SKU-{number:05}")
}

/// Every name in the folder, those that are hidden too.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn ten_thousand_figures_are_one_file_and_one_report() {
    let folder = tempfile::tempdir().unwrap();
    let columns = json!({"sku": "sku", "quantity": "quantity", "location": "location"});
    let table = json!({"path": "stock-*.csv", "columns": columns});
    let connector = build(folder.path(), Some(Basis::Physical), table);
    let rows = (0..LISTINGS).map(|number| format!("{},berlin,{number}\n", sku(number)));
    let text = format!("sku,location,quantity\n{}", rows.collect::<String>());
    fs::write(folder.path().join(".new"), &text).unwrap();
    fs::rename(folder.path().join(".new"), folder.path().join("stock-1.csv")).unwrap();
    let source = connector.stock().unwrap();
    let mut polls = 0;
    let (ticket, report) = loop {
        polls += 1;
        assert!(polls < 500, "no report came");
        if let Some(found) = source.poll().await.unwrap() {
            break found;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let Report::Stock(report) = report else {
        panic!("{report:?}")
    };
    eprintln!(
        "file, {LISTINGS} figures: 1 file of {} bytes, 1 report of {} rows",
        text.len(),
        report.rows.len()
    );
    assert_eq!((report.complete, report.rows.len()), (true, LISTINGS));
    assert!(report.rows.iter().enumerate().all(|(number, row)| {
        row.sku.as_str() == sku(number) && row.quantity == Quantity::whole(i64::try_from(number).unwrap())
    }));
    source
        .acknowledge(&ticket, &omnistock_sdk::Verdict::Accepted)
        .await
        .unwrap();
    assert!(source.poll().await.unwrap().is_none(), "it was one report");
}

#[tokio::test]
async fn ten_thousand_listings_are_one_file_that_is_replaced_whole() {
    let folder = tempfile::tempdir().unwrap();
    let connector = build(folder.path(), None, json!({"path": "export.csv"}));
    let skus: Vec<Sku> = (0..LISTINGS).map(|number| Sku::new(sku(number)).unwrap()).collect();
    connector.articles().unwrap().carry(&skus).await.unwrap();
    let channel = connector.channel().unwrap();
    let (mut listings, mut cursor, mut pages) = (Vec::new(), None, 0);
    loop {
        let page = channel.catalogue(cursor.as_ref()).await.unwrap();
        pages += 1;
        listings.extend(page.listings);
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(listings.len(), LISTINGS);
    assert!(connector.manifest().max_write >= LISTINGS, "one write holds all of it");
    let write = async |units: i64| {
        let items: Vec<WriteItem> = listings
            .iter()
            .map(|listing| WriteItem {
                reference: listing.reference.clone(),
                quantity: Quantity::whole(units),
                expected: None,
            })
            .collect();
        let outcomes = channel.write(&items).await.unwrap();
        let applied = |outcome: &ItemOutcome| matches!(outcome, ItemOutcome::Applied { .. });
        assert!(outcomes.len() == LISTINGS && outcomes.iter().all(applied));
    };
    let whole = |units: i64| {
        let rows = (0..LISTINGS).map(|number| format!("{},{units},,\n", sku(number)));
        format!("{HEADER}{}", rows.collect::<String>())
    };
    let path = folder.path().join("export.csv");
    write(5).await;
    let first = fs::metadata(&path).unwrap();
    // Somebody who has opened the old file reads it to its end while the new one takes its place.
    let mut reader = fs::File::open(&path).unwrap();
    write(6).await;
    let second = fs::metadata(&path).unwrap();
    let mut old = String::new();
    reader.read_to_string(&mut old).unwrap();
    assert_eq!(old, whole(5), "the old file was changed in place");
    assert_eq!(fs::read_to_string(&path).unwrap(), whole(6));
    assert_ne!(first.ino(), second.ino());
    // The same numbers again are no new file.
    write(6).await;
    let third = fs::metadata(&path).unwrap();
    assert_eq!((third.ino(), third.mtime_nsec()), (second.ino(), second.mtime_nsec()));
    assert_eq!(names(folder.path()), ["export.csv"], "nothing is left beside it");
    eprintln!(
        "file, {LISTINGS} listings: read with {pages} pages, written with 1 call as 1 file of {} bytes and {LISTINGS} rows",
        second.len()
    );
}
