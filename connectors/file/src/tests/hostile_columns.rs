//! Columns beside SKU, place and quantity, and lists of orders, as they come on bad days.
#![allow(clippy::too_many_lines, reason = "tables of cases")]

use super::hostile::{assert_reasons, reason};
use super::*;

#[test]
fn other_columns() {
    let as_of = || json!({ "columns": { "as_of": "T", "location": null }, "location": "berlin" });
    let price = || json!({ "columns": { "price": "T", "location": null }, "location": "berlin", "price_list": "retail", "currency": "EUR" });
    let currency = || json!({ "columns": { "price": "Bestand", "currency": "T", "location": null }, "location": "berlin", "price_list": "retail" });
    let sellable = || json!({ "columns": { "sellable": "T", "location": null }, "location": "berlin" });
    let rows = |rows: &str| format!("Artikelnummer;Bestand;T\n{rows}").into_bytes();
    assert_reasons(&[
        (
            as_of(),
            rows("A;1;31.12.2026 14:05\n"),
            r#"stock-1.csv:2:5: as_of "31.12.2026 14:05" is not an instant like 2026-01-05T12:00:00Z, with its offset from UTC"#,
        ),
        (
            as_of(),
            rows("A;1;2026-01-05T12:00:00Z\nB;1;2026-01-05T12:00:01Z\n"),
            r#"stock-1.csv:3:5: as_of "2026-01-05T12:00:01Z" differs from "2026-01-05T12:00:00Z" in line 2: a file has one time"#,
        ),
        (
            price(),
            rows("A;1;19.90\n"),
            r#"stock-1.csv:2:5: price "19.90" is ambiguous: "." is not the decimal sign (","), and format.grouping does not name it"#,
        ),
        (
            price(),
            rows("A;1;-1\n"),
            r#"stock-1.csv:2:5: price "-1" is below zero"#,
        ),
        (
            currency(),
            rows("A;1;€\n").into_iter().collect::<Vec<u8>>(),
            r#"stock-1.csv:2:5: is UTF-8, but format.encoding is "windows-1252": set it to "utf-8", or export as windows-1252"#,
        ),
        (
            currency(),
            rows("A;1;Euro\n"),
            r#"stock-1.csv:2:5: currency "Euro" is not a currency code like EUR"#,
        ),
        (
            sellable(),
            rows("A;1;\n"),
            r#"stock-1.csv:2:5: sellable "" is neither yes nor no"#,
        ),
        (
            sellable(),
            rows("A;1;vielleicht\n"),
            r#"stock-1.csv:2:5: sellable "vielleicht" is neither yes nor no"#,
        ),
    ]);
    let two = json!({ "columns": { "price": "VK" }, "price_list": "retail", "currency": "EUR" });
    assert_eq!(
        reason(two, b"Artikelnummer;Lager;Bestand;VK\nA;B/01;1;5\nA;hamburg;1;6\n"),
        r#"stock-1.csv:3:13: price 6 EUR of sku "A" differs from 5 EUR in line 2"#
    );
}

#[test]
fn statements() {
    let context = context(Path::new("/in"));
    let table = german(json!({ "orders": { "path": "orders-*.csv",
        "columns": { "channel": "Kanal", "order": "Auftrag", "line": "Pos", "quantity": "Menge", "as_of": "Stand" } } }));
    let plan = planned(&context, table).unwrap();
    let facts = FileFacts {
        title: "orders-1.csv".into(),
        modified: MODIFIED,
    };
    let read = |rows: &str| {
        let text = format!("Kanal;Auftrag;Pos;Menge;Stand\n{rows}");
        content::statements(plan.orders.as_ref().unwrap(), &facts, text.into_bytes(), 1 << 20)
            .map_err(|refusal| refusal.reason)
    };
    let t = "2026-01-05T10:00:00Z";
    for (rows, expected) in [
        (format!("shop;;1;1;{t}\n"), "orders-1.csv:2:6: order is blank"),
        (format!("shop;1;;1;{t}\n"), "orders-1.csv:2:8: line is blank"),
        (format!(";1;1;1;{t}\n"), "orders-1.csv:2:1: channel is blank"),
        (
            format!("shop;1;1;-1;{t}\n"),
            r#"orders-1.csv:2:10: quantity "-1" of an order line is below zero"#,
        ),
        (
            format!("shop;1;1;1;{t}\nshop;1;1;2;{t}\n"),
            r#"orders-1.csv:3:6: order "1" line "1" of shop already stands in line 2; duplicates = "sum" would add such rows up"#,
        ),
    ] {
        assert_eq!(read(&rows).unwrap_err(), expected);
    }
    let Ok(Report::Statements(report)) = read(&format!("Shop DE;1;1;1;{t}\nshop;1;1;2;{t}\n")) else {
        panic!()
    };
    assert_eq!(
        (report.rows.len(), report.unknown_channels),
        (1, [("Shop DE".to_owned(), 1)].into())
    );
    assert_eq!(report.as_of, t.parse().unwrap());
    // No open order is an answer, not a fault; its time is then that of the file.
    assert!(matches!(read(""), Ok(Report::Statements(report)) if report.rows.is_empty() && report.as_of == MODIFIED));
}
