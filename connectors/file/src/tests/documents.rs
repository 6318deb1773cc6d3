//! Good files of every kind: the same figures whatever they are written in.

use super::*;
use proptest::prelude::*;
use std::fmt::Write as _;

fn table(path: &str, changes: Value) -> Value {
    let mut table = json!({
        "path": path,
        "columns": { "sku": "sku", "quantity": "qty", "location": "place", "price": "vk", "sellable": "active" },
        "price_list": "retail",
        "currency": "EUR",
    });
    lay_over(&mut table, changes);
    table
}

fn report(name: &str, table: Value, text: impl AsRef<[u8]>) -> StockReport {
    match read_as(name, table, text.as_ref()) {
        Ok(Report::Stock(report)) => report,
        other => panic!("{name}: {other:?}"),
    }
}

fn reason(name: &str, table: Value, text: impl AsRef<[u8]>) -> String {
    read_as(name, table, text.as_ref()).unwrap_err().reason
}

const JSON: &str = r#"{ "meta": { "count": 3, "sum": "15.5" }, "data": { "rows": [
  { "sku": "Ä-1", "place": "B/01", "qty": 12, "vk": 19.90, "active": true },
  { "sku": "007", "place": "hamburg", "qty": "3.5", "vk": null, "active": false, "other": [{}] },
  { "sku": 4711, "place": "B/01", "qty": 0, "vk": "5", "active": "ja" } ] } }"#;

const LINES: &str = "{\"sku\":\"\\u00c4-1\",\"place\":\"B/01\",\"qty\":12,\"vk\":19.90,\"active\":true}\r\n
{\"sku\":\"007\",\"place\":\"hamburg\",\"qty\":\"3.5\",\"active\":false}
{\"sku\":4711,\"place\":\"B/01\",\"qty\":0,\"vk\":\"5\",\"active\":\"ja\"}
{\"count\":3,\"sum\":15.5}
";

const XML: &str = r#"<?xml version="1.0" encoding="utf-8" standalone="yes"?>
<!-- written by an ERP -->
<w:stock xmlns:w="urn:x" rows="3">
  <w:list>
    <item sku="Ä-1"><place code="B/01"/><qty><![CDATA[12]]></qty><vk>19.90</vk><active>true</active></item>
    <item sku="007"><place code="hamburg"/><qty>3.5</qty><vk/><active>nein</active><note>a &amp; b</note></item>
    <item sku="4711"><place code="B/01"/><qty>0</qty><vk>5</vk><active>1</active></item>
  </w:list>
  <sum>15.5</sum>
</w:stock>
"#;

#[test]
fn json_lines_and_xml_of_the_same_stock_give_the_same_report() {
    let json = table(
        "stock-*.json",
        json!({ "format": { "rows": "data.rows", "count": "meta.count", "sum": "meta.sum" } }),
    );
    let lines = table(
        "stock-*.ndjson",
        json!({ "format": { "count": "count", "sum": "sum" } }),
    );
    let xml = table(
        "stock-*.xml",
        json!({ "columns": { "sku": "@sku", "location": "place/@code" },
            "format": { "rows": "w:stock/w:list/item", "count": "w:stock/@rows", "sum": "w:stock/sum" } }),
    );
    let reports = [
        report("s", json, JSON),
        report("s", lines, LINES),
        report("s", xml, XML),
    ];
    for report in &reports {
        assert_eq!(figures(report), ["Ä-1@berlin=12", "007@hamburg=3.5", "4711@berlin=0"]);
        let prices: Vec<String> = report
            .prices
            .iter()
            .map(|row| format!("{} {}", row.sku, row.price))
            .collect();
        assert_eq!(prices, ["Ä-1 19.90 EUR", "4711 5 EUR"]);
        let sellable: Vec<bool> = report.rows.iter().map(|row| row.sellable).collect();
        assert_eq!(sellable, [true, false, true]);
        assert!(report.complete && report.as_of == MODIFIED);
    }
}

#[test]
fn any_of_them_may_be_compressed() {
    let json = || table("stock-*.json.gz", json!({ "format": { "rows": "data.rows" } }));
    assert_eq!(
        report("stock-1.json.gz", json(), gzipped(JSON.as_bytes())).rows.len(),
        3
    );
    // In several members, as some tools write it.
    let (head, tail) = JSON.split_at(100);
    let members = [gzipped(head.as_bytes()), gzipped(tail.as_bytes())].concat();
    assert_eq!(report("stock-1.json.gz", json(), members).rows.len(), 3);
    let named_otherwise = german(json!({ "format": { "compression": "gzip" } }));
    assert_eq!(stock(named_otherwise, &gzipped(GOOD.as_bytes())).rows.len(), 2);
}

#[test]
fn fields_may_stand_deeper() {
    let columns = json!({ "columns": { "sku": "article.no", "quantity": "stock.free", "price": null, "sellable": null,
        "location": "stock.at.code" }, "price_list": null, "currency": null });
    let text = r#"[{"article": {"no": "A"}, "stock": {"free": 2, "at": {"code": "B/01"}}},
        {"article.no": "B", "stock": {"free": 3, "at": {"code": "hamburg"}}}]"#;
    assert_eq!(
        figures(&report("s", table("s.json", columns), text)),
        ["A@berlin=2", "B@hamburg=3"]
    );
    let columns = json!({ "columns": { "sku": "article/@no", "quantity": ".", "price": null, "sellable": null,
        "location": null }, "location": "berlin", "price_list": null, "currency": null, "format": { "rows": "s/i" } });
    let refused = reason(
        "s.xml",
        table("s.xml", columns.clone()),
        "<s><i>5<article no='A'/></i></s>",
    );
    assert!(refused.contains("quantity is blank"), "{refused}");
    let mut own = columns;
    own["columns"]["sku"] = json!("@no");
    assert_eq!(
        figures(&report("s", table("s.xml", own), "<s><i no='A'>5</i></s>")),
        ["A@berlin=5"]
    );
}

#[test]
fn encodings_of_documents() {
    let xml = |encoding: &str| plain_xml(json!({ "format": { "encoding": encoding } }));
    let text = |name: &str| format!("<?xml version='1.0' encoding='{name}'?><s><i sku='Ä' place='B/01' qty='1'/></s>");
    let narrow: Vec<u8> = text("ISO-8859-1")
        .chars()
        .map(|c| u8::try_from(u32::from(c)).unwrap())
        .collect();
    let wide = |mark: &str| {
        format!("{mark}{}", text("UTF-16"))
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect::<Vec<u8>>()
    };
    for (encoding, bytes) in [
        ("windows-1252", narrow.clone()),
        ("iso-8859-1", narrow),
        ("utf-8", text("utf-8").into_bytes()),
        ("utf-16", wide("\u{FEFF}")),
        ("utf-16le", wide("")),
    ] {
        assert_eq!(
            figures(&report("s", xml(encoding), bytes)),
            ["Ä@berlin=1"],
            "{encoding}"
        );
    }
    let json = table(
        "s.json",
        json!({ "columns": { "price": null, "sellable": null }, "price_list": null,
        "currency": null, "format": { "encoding": "windows-1252" } }),
    );
    let bytes = b"[{\"sku\":\"\xC4\",\"place\":\"B/01\",\"qty\":1}]";
    assert_eq!(figures(&report("s", json, bytes)), ["Ä@berlin=1"]);
}

fn plain_xml(changes: Value) -> Value {
    let mut table = json!({ "path": "s.xml", "format": { "rows": "s/i" },
        "columns": { "sku": "@sku", "quantity": "@qty", "location": "@place" } });
    lay_over(&mut table, changes);
    table
}

#[test]
fn a_field_that_no_row_has_is_a_mistake_even_where_it_may_be_blank() {
    let said = reason(
        "s.json",
        table("s.json", json!({ "columns": { "price": "vkk" } })),
        "[{\"sku\":\"A\",\"place\":\"B/01\",\"qty\":1,\"active\":1,\"vk\":5}]",
    );
    assert_eq!(
        said,
        r#"s.json:1:1: no row has "vkk": the first one has "sku", "place", "qty", "active", "vk"; did you mean "vk"?"#
    );
}

#[test]
fn a_few_bad_rows_may_be_left_out_of_documents_too() {
    let table = plain_xml(json!({ "bad_rows": { "keep_last": "40%" } }));
    let text =
        "<s><i sku='A' place='B/01' qty='1'/><i sku='B' place='B/01' qty='x'/><i sku='C' place='B/01' qty='2'/></s>";
    let report = report("s.xml", table, text);
    assert_eq!(figures(&report), ["A@berlin=1", "C@berlin=2"]);
    assert!(!report.complete);
}

#[test]
fn a_large_document_is_read_whole_with_the_place_of_its_only_fault() {
    let rows: Vec<String> = (0..20_000)
        .map(|n| format!("{{\"sku\":\"A-{n}\",\"place\":\"B/01\",\"qty\":{}}}", n % 97))
        .collect();
    let table = || json!({ "path": "s.json", "columns": { "sku": "sku", "quantity": "qty", "location": "place" } });
    let text = format!("[\n{}\n]", rows.join(",\n"));
    assert_eq!(report("s.json", table(), &text).rows.len(), 20_000);
    let twice = text.replace("\"A-15000\"", "\"A-7\"");
    assert_eq!(
        reason("s.json", table(), twice),
        r#"s.json:15002:8: row 15001: sku "A-7" at berlin already stands at 9:1; duplicates = "sum" would add such rows up"#
    );
}

#[test]
fn statements_may_be_documents_of_another_kind() {
    let context = context(Path::new("/in"));
    let orders = |orders: Value| {
        let mut table = table("stock-*.json", json!({}));
        table["orders"] = orders;
        planned(&context, table)
    };
    let columns = json!({ "channel": "channel", "order": "no", "line": "pos", "quantity": "qty" });
    let own = json!({ "path": "orders-*.xml", "columns": columns, "format": { "rows": "orders/line" } });
    let plan = orders(own).unwrap();
    let facts = FileFacts {
        title: "orders-1.xml".into(),
        modified: MODIFIED,
    };
    let read = |text: &str| content::statements(plan.orders.as_ref().unwrap(), &facts, text.into(), 1 << 20);
    let line = "<line><channel>shop</channel><no>1001</no><pos>1</pos><qty>2.5</qty><buyer>Frau X</buyer></line>";
    let Ok(Report::Statements(report)) = read(&format!("<orders>{line}</orders>")) else {
        panic!()
    };
    assert_eq!(report.rows[0].quantity.to_string(), "2.5");
    assert!(!format!("{report:?}").contains("Frau"), "names of buyers are not read");
    // No order is an answer where the document says so, and none where it is another one.
    assert!(matches!(read("<orders/>"), Ok(Report::Statements(report)) if report.rows.is_empty()));
    assert!(read("<error/>").unwrap_err().reason.contains("no element \"/orders\""));
    let problems = orders(json!({ "path": "orders-*.xml", "columns": columns })).unwrap_err();
    assert_eq!(problems[0].key, "orders.format");
}

proptest! {
    #[test]
    fn any_bytes_give_a_report_or_a_reason(bytes in prop::collection::vec(any::<u8>(), 0..200), kind in 0..4_usize) {
        let (name, start) = [("s.json", "[{\"sku\":\"A\""), ("s.jsonl", "{\"sku\":\"A\""), ("s.xml", "<s><i sku=\"A\""), ("s.csv.gz", "")][kind];
        let format = if kind == 2 { json!({ "rows": "s/i" }) } else { json!({}) };
        let table = table(name, json!({ "format": format }));
        for start in ["", start] {
            let bytes = [start.as_bytes(), &bytes].concat();
            if let Err(refusal) = read_as(name, table.clone(), &bytes) {
                prop_assert!(refusal.reason.starts_with(name), "{}", refusal.reason);
            }
        }
    }

    #[test]
    fn any_text_like_a_document_gives_a_report_or_a_reason(json in "([\\[\\]{},:\"a1e.\n-]|\"sku\":|\"qty\":|true|null|\\\\u){0,60}", xml in "([<>/=&;a1 '\n]|<i>|</i>|<s>|</s>|sku|<!|]]>|<\\?){0,60}") {
        for (name, text) in [("s.json", format!("[{json}]")), ("s.jsonl", format!("{json}\n")), ("s.xml", format!("<s>{xml}</s>"))] {
            let format = if name == "s.xml" { json!({ "rows": "s/i" }) } else { json!({}) };
            if let Err(refusal) = read_as(name, table(name, json!({ "format": format })), text.as_bytes()) {
                prop_assert!(refusal.reason.lines().count() <= 21);
            }
        }
    }

    #[test]
    fn what_is_written_is_read(cells in prop::collection::vec(("\\PC{0,12}", -1_000_000_i64..1_000_000), 1..20), quoted in any::<bool>()) {
        let mut expected = Vec::new();
        let (mut lines, mut xml) = (String::new(), String::from("<s>"));
        for (index, (sku, units)) in cells.iter().enumerate() {
            let (sku, units) = (format!("{index}-{sku}"), rust_decimal::Decimal::new(*units, 2));
            let quantity = if quoted { json!(units.to_string()).to_string() } else { units.to_string() };
            writeln!(lines, "{{\"place\":\"B/01\",\"qty\":{quantity},\"sku\":{}}}", json!(sku)).unwrap();
            let escaped = quick_xml::escape::escape(sku.as_str());
            writeln!(xml, "<i sku=\"{escaped}\" place=\"B/01\" qty=\"{units}\"/>").unwrap();
            expected.push((sku, units.to_string().parse().unwrap()));
        }
        xml += "</s>";
        let json = format!("[{}]", lines.trim_end().replace('\n', ","));
        let columns = json!({ "columns": { "price": null, "sellable": null }, "price_list": null, "currency": null });
        for (name, table, text) in [("s.jsonl", table("s.jsonl", columns.clone()), lines), ("s.json", table("s.json", columns), json), ("s.xml", plain_xml(json!({})), xml)] {
            let report = report(name, table, &text);
            let found: Vec<(String, omnistock_words::Quantity)> = report.rows.iter().map(|row| (row.sku.to_string(), row.quantity)).collect();
            prop_assert_eq!(&found, &expected, "{}", name);
        }
    }
}
