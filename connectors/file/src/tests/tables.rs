//! The connector's table in a configuration: what is wrong is said by key.
#![allow(clippy::too_many_lines, reason = "a table of cases")]

use super::*;

fn problems(changes: Value) -> Vec<String> {
    match planned(&context(Path::new("/in")), german(changes)) {
        Ok(plan) => panic!("accepted: {plan:?}"),
        Err(problems) => problems
            .into_iter()
            .map(|problem| format!("{}: {}", problem.key, problem.message))
            .collect(),
    }
}

#[test]
fn each_mistake_names_its_key() {
    for (changes, expected) in [
        (
            json!({ "path": "/srv/*/stock.csv" }),
            r#"path: "/srv/*/stock.csv" has a "*" in a folder"#,
        ),
        (
            json!({ "path": "stock.tmp" }),
            r#"path: "stock.tmp" means hidden or unfinished files"#,
        ),
        (json!({ "columns": { "sku": null } }), "columns.sku: "),
        (json!({ "columns": { "qty": "x" } }), "columns.qty: "),
        (json!({ "colums": {} }), "colums: "),
        (json!({ "location": "berlin" }), "location: the location is given twice"),
        (
            json!({ "columns": { "location": null } }),
            "location: nothing says where the stock lies",
        ),
        (
            json!({ "columns": { "location": null }, "location": "munich" }),
            "location: there is no [locations.munich]",
        ),
        (
            json!({ "format": { "delimiter": ";;" } }),
            r#"format.delimiter: ";;" is no sign"#,
        ),
        (
            json!({ "format": { "decimal": ";" } }),
            r#"format.decimal: ";" is neither"#,
        ),
        (
            json!({ "format": { "grouping": "," } }),
            r#"format.grouping: "," is no sign"#,
        ),
        (
            json!({ "format": { "encoding": "cp850" } }),
            r#"format.encoding: "cp850" is not known"#,
        ),
        (json!({ "format": { "quote": ";" } }), r#"format.quote: ";" is neither"#),
        (
            json!({ "format": { "kind": "jsn" } }),
            r#"format.kind: "jsn" is no kind of file, there are "csv", "json", "jsonl", "xml"; did you mean "json"?"#,
        ),
        (
            json!({ "format": { "compression": "zip" } }),
            r#"format.compression: "zip" is not known; there is "gzip""#,
        ),
        (
            json!({ "format": { "row": "x" } }),
            "format.row: unknown setting `format.row`",
        ),
        (
            json!({ "format": { "rows": "x" } }),
            "format.rows: means nothing for CSV files",
        ),
        (
            json!({ "format": { "count": "x" } }),
            "format.count: means nothing for CSV files; use format.trailer",
        ),
        (
            json!({ "path": "stock.json" }),
            "format.delimiter: means nothing for JSON files",
        ),
        (
            json!({ "path": "stock.json", "format": { "delimiter": null, "trailer": "EOF" } }),
            "format.trailer: means nothing for JSON files; use format.count and format.sum",
        ),
        (
            json!({ "path": "stock.json", "format": { "delimiter": null, "rows": "a..b" } }),
            r#"format.rows: "a..b" is no path like "data.rows""#,
        ),
        (
            json!({ "path": "stock.xml", "format": { "delimiter": null } }),
            "format.rows: XML needs the path of a row",
        ),
        (
            json!({ "path": "stock.xml", "format": { "delimiter": null, "rows": "item" } }),
            "format.rows: XML needs the path of a row",
        ),
        (
            json!({ "path": "stock.xml", "format": { "delimiter": null, "rows": "stock/@x" } }),
            r#"format.rows: "stock/@x" is no path like "stock/item""#,
        ),
        (
            json!({ "path": "stock.xml", "format": { "kind": "jsonl", "delimiter": null, "rows": "a" } }),
            "format.rows: means nothing for JSON Lines files",
        ),
        (
            json!({ "path": null }),
            "path: `path` is missing: a folder and a name, or `url`",
        ),
        (
            json!({ "url": "https://erp.test/s.csv" }),
            "url: a folder and an address are given",
        ),
        (
            json!({ "path": null, "url": "ftp://erp.test/s.csv" }),
            r#"url: "ftp" is not an address like"#,
        ),
        (
            json!({ "path": null, "url": "https://a:b@erp.test/s.csv" }),
            "url: the address must have no user",
        ),
        (
            json!({ "path": null, "url": "https://erp.test/s.csv", "settle": "5s" }),
            "settle: goes with `path` and sftp only",
        ),
        (
            json!({ "path": null, "url": "https://erp.test/s.csv", "user": "erp" }),
            "user: `user` and `password` go together",
        ),
        (
            json!({ "path": null, "url": "https://erp.test/s.csv", "token": { "env": "T" } }),
            "token: none here",
        ),
        (
            json!({ "path": null, "url": "https://erp.test/s.csv", "as_of": "now" }),
            r#"as_of: "now" is not known; there is "request""#,
        ),
        (json!({ "token": { "env": "T" } }), "token: goes with `url` only"),
        (
            json!({ "path": null, "url": "https://erp.test/s.csv",
                "orders": { "path": "o.csv", "columns": { "channel": "K", "order": "A", "line": "P", "quantity": "M" } } }),
            "orders: stock and orders must be in folders, or at addresses of one host",
        ),
        (json!({ "settle": "1 h" }), r#"settle: "1 h" is no time between"#),
        (json!({ "settle": "0ms" }), r#"settle: "0ms" is no time between"#),
        (json!({ "max_bytes": 0 }), "max_bytes: 0 would refuse every file"),
        (
            json!({ "columns": { "price": "VK" } }),
            "price_list: columns.price needs price_list",
        ),
        (
            json!({ "columns": { "price": "VK" }, "price_list": "retail" }),
            "currency: prices need currency",
        ),
        (json!({ "price_list": "retail" }), "price_list: goes with columns.price"),
        (json!({ "currency": "EUR" }), "currency: there is no columns.price"),
        (json!({ "bad_rows": { "keep_last": "many" } }), "bad_rows"),
        (
            json!({ "orders": { "path": "o.csv", "columns": { "channel": "K" } } }),
            "orders.columns.order: ",
        ),
    ] {
        let found = problems(changes.clone());
        assert!(found[0].starts_with(expected), "{changes} gives {found:?}");
    }
}

#[test]
fn all_mistakes_come_in_one_go() {
    let found = problems(
        json!({ "path": "/srv/", "location": "berlin", "settle": "soon", "format": { "decimal": "x", "delimiter": "x" } }),
    );
    assert_eq!(found.len(), 5, "{found:?}");
}

#[test]
fn a_location_for_the_whole_file_may_have_a_code_of_its_own() {
    for name in ["berlin", "hamburg"] {
        let table = german(json!({ "columns": { "location": null }, "location": name }));
        let report = stock(table, b"Artikelnummer;Bestand\nA;1\n");
        assert_eq!(figures(&report), [format!("A@{name}=1")]);
    }
}
