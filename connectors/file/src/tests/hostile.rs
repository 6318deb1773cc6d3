//! Files as they come on bad days, each with the exact text that a person gets.
#![allow(clippy::too_many_lines, reason = "tables of cases")]

use super::*;

const HEAD: &str = "Artikelnummer;Lager;Bestand\n";

fn after_head(rows: &[u8]) -> Vec<u8> {
    [HEAD.as_bytes(), rows].concat()
}

pub(super) fn reason(changes: Value, bytes: &[u8]) -> String {
    match read(german(changes), bytes) {
        Err(refusal) => refusal.reason,
        Ok(report) => format!("taken: {report:?}"),
    }
}

pub(super) fn assert_reasons(cases: &[(Value, Vec<u8>, &str)]) {
    let mut wrong = Vec::new();
    for (changes, bytes, expected) in cases {
        let found = reason(changes.clone(), bytes);
        if found != *expected {
            wrong.push(format!(
                "\n{:?}\n  wanted {expected}\n  found  {found}",
                String::from_utf8_lossy(bytes)
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.concat());
}

fn plain() -> Value {
    json!({})
}

#[test]
fn cells() {
    let cut = || json!({ "format": { "grouping": "." } });
    let cases: Vec<(Value, &[u8], &str)> = vec![
        (
            plain(),
            b"A;B/01;12,x\n",
            r#"2:8: quantity "12,x" is not a number (decimal sign is ",")"#,
        ),
        (plain(), b"A;B/01;\n", "2:8: quantity is blank"),
        (plain(), b"A;B/01;  \n", "2:8: quantity is blank"),
        (
            plain(),
            b"A;B/01;1.234\n",
            r#"2:8: quantity "1.234" is ambiguous: "." is not the decimal sign (","), and format.grouping does not name it"#,
        ),
        (
            plain(),
            b"A;B/01;1.234,50\n",
            r#"2:8: quantity "1.234,50" is ambiguous: "." is not the decimal sign (","), and format.grouping does not name it"#,
        ),
        (
            plain(),
            b"A;B/01;1'234\n",
            r#"2:8: quantity "1'234" is ambiguous: "'" is not the decimal sign (","), and format.grouping does not name it"#,
        ),
        (
            cut(),
            b"A;B/01;12.34\n",
            r#"2:8: quantity "12.34" has its grouping sign '.' in an impossible place"#,
        ),
        (
            plain(),
            b"A;B/01;1e3\n",
            r#"2:8: quantity "1e3" is written with an exponent: export the column as plain digits"#,
        ),
        (
            plain(),
            b"A;B/01;1,2E+05\n",
            r#"2:8: quantity "1,2E+05" is written with an exponent: export the column as plain digits"#,
        ),
        (
            plain(),
            b"A;B/01;+7\n",
            r#"2:8: quantity "+7" is not a number (decimal sign is ",")"#,
        ),
        (
            plain(),
            b"A;B/01;7-\n",
            r#"2:8: quantity "7-" is not a number (decimal sign is ",")"#,
        ),
        (
            plain(),
            b"A;B/01;(7)\n",
            r#"2:8: quantity "(7)" is not a number (decimal sign is ",")"#,
        ),
        (
            plain(),
            b"A;B/01;NaN\n",
            r#"2:8: quantity "NaN" is not a number (decimal sign is ",")"#,
        ),
        (
            plain(),
            b"A;B/01;1,2,3\n",
            r#"2:8: quantity "1,2,3" is not a number (decimal sign is ",")"#,
        ),
        (
            plain(),
            b"A;B/01;1000000000001\n",
            r#"2:8: quantity "1000000000001" is outside ±1000000000000 or with more than six decimals"#,
        ),
        (
            plain(),
            b"A;B/01;0,0000001\n",
            r#"2:8: quantity "0,0000001" is outside ±1000000000000 or with more than six decimals"#,
        ),
        (plain(), b";B/01;1\n", "2:1: sku is blank"),
        (plain(), b"   ;B/01;1\n", "2:1: sku is blank"),
        (
            plain(),
            b"A\tB;B/01;1\n",
            r#"2:1: sku "A\tB" is not a valid SKU: 1 to 100 characters without control characters"#,
        ),
        (
            plain(),
            b"4,00638E+12;B/01;1\n",
            r#"2:1: sku "4,00638E+12" was turned into a number by a spreadsheet: export the column as text"#,
        ),
        (plain(), b"A;;1\n", "2:3: location is blank"),
        (plain(), b"A;B/01\n", "2:7: the row has 2 cells, the header has 3"),
        (plain(), b"A;B/01;1;\n", "2:10: the row has 4 cells, the header has 3"),
        (
            plain(),
            b"A;B/01;1\n\n\nB;B/01;x\n",
            r#"5:8: quantity "x" is not a number (decimal sign is ",")"#,
        ),
        (
            plain(),
            b"\"A\";\"B/01\";\"y\"\n",
            r#"2:12: quantity "y" is not a number (decimal sign is ",")"#,
        ),
        (
            plain(),
            b"\xC4\xD6;B/01;x\n",
            r#"2:9: quantity "x" is not a number (decimal sign is ",")"#,
        ),
        (
            plain(),
            b"A;B/01;1\nB;B/01;1\nA;B/01;1\n",
            r#"4:1: sku "A" at berlin already stands in line 2; duplicates = "sum" would add such rows up"#,
        ),
    ];
    let cases: Vec<(Value, Vec<u8>, String)> = cases
        .into_iter()
        .map(|(table, rows, text)| (table, after_head(rows), format!("stock-1.csv:{text}")))
        .collect();
    let borrowed: Vec<(Value, Vec<u8>, &str)> = cases
        .iter()
        .map(|(t, b, s)| (t.clone(), b.clone(), s.as_str()))
        .collect();
    assert_reasons(&borrowed);
}

#[test]
fn structure() {
    let trailer = || json!({ "format": { "trailer": "EOF;{rows};{sum}" } });
    assert_reasons(&[
        (
            plain(),
            b"".into(),
            "stock-1.csv: is empty (zero bytes): the export failed or was not finished",
        ),
        (
            plain(),
            HEAD.into(),
            "stock-1.csv:2:1: a header and no rows: a failed export, not an empty shop",
        ),
        (
            plain(),
            b"\n\n".into(),
            "stock-1.csv:1:1: no header line with at most 2000 columns",
        ),
        (
            plain(),
            after_head(b"A;B/01;1"),
            "stock-1.csv:2:9: the last line has no line end: the file is cut off or not finished",
        ),
        (
            plain(),
            b"Artikelnummer;Lager;Bestand\r\nA;B/01;1\r".into(),
            "stock-1.csv:2:9: the last line has no line end: the file is cut off or not finished",
        ),
        (
            plain(),
            b"<!DOCTYPE html>\n".into(),
            "stock-1.csv:1:1: begins with \"<\": this is a web page or XML, not CSV; look at what wrote it",
        ),
        (
            plain(),
            b"\r\n  <html>\n".into(),
            "stock-1.csv:2:3: begins with \"<\": this is a web page or XML, not CSV; look at what wrote it",
        ),
        (
            plain(),
            b"PK\x03\x04rest\n".into(),
            "stock-1.csv:1:1: is an Excel workbook or a ZIP archive: export as CSV text",
        ),
        (
            plain(),
            b"\x1F\x8B\x08\n".into(),
            r#"stock-1.csv:1:1: is compressed with gzip: let its name end in .gz, or set format.compression = "gzip"; and compress it once"#,
        ),
        (
            plain(),
            after_head(b"A;B/01;\0\n"),
            "stock-1.csv:2:8: NUL byte: a broken transfer, or UTF-16 (then set format.encoding)",
        ),
        (
            plain(),
            after_head(b"\"A;B/01;1\nB;B/01;2\n"),
            "stock-1.csv:2:1: this quote is never closed",
        ),
        (
            plain(),
            after_head(b"B;\"x;2\nC;\"y\";3\n"),
            "stock-1.csv:3:4: text after a closing quote: a quote inside of a cell is written twice",
        ),
        (
            plain(),
            after_head(b"B;\"x;2\nC;\";3\n"),
            "stock-1.csv:2:3: the cell quoted here holds a line break and a delimiter, so it may have swallowed rows: mend the quotes, or set format.line_breaks = true if your ERP writes such texts",
        ),
        (
            plain(),
            after_head(b"A;B/01;1\n\"B\"x;B/01;1\n"),
            "stock-1.csv:3:4: text after a closing quote: a quote inside of a cell is written twice",
        ),
        (
            plain(),
            b"Artikelnummer;Lager;Bestnd\nA;B/01;1\n".into(),
            r#"stock-1.csv:1:1: no column "Bestand": the columns are "Artikelnummer", "Lager", "Bestnd"; did you mean "Bestnd"?"#,
        ),
        (
            plain(),
            b"Art;Ort\nA;B/01\n".into(),
            "stock-1.csv:1:1: no column \"Artikelnummer\": the columns are \"Art\", \"Ort\"\nstock-1.csv:1:1: no column \"Bestand\": the columns are \"Art\", \"Ort\"\nstock-1.csv:1:1: no column \"Lager\": the columns are \"Art\", \"Ort\"",
        ),
        (
            json!({ "columns": { "location": null }, "location": "berlin", "format": { "delimiter": "," } }),
            HEAD.into(),
            "stock-1.csv:1:1: no column \"Artikelnummer\": there is only the column \"Artikelnummer;Lager;Bestand\"; is format.delimiter right?\nstock-1.csv:1:1: no column \"Bestand\": there is only the column \"Artikelnummer;Lager;Bestand\"; is format.delimiter right?",
        ),
        (
            plain(),
            b"Artikelnummer;Lager;Bestand;Bestand\nA;B/01;1;2\n".into(),
            r#"stock-1.csv:1:1: column "Bestand" stands twice, as number 3 and 4"#,
        ),
        (
            trailer(),
            after_head(b"A;B/01;1\n"),
            r#"stock-1.csv:2:1: the last line is not the trailer "EOF;{rows};{sum}": the file is cut off or not finished"#,
        ),
        (
            trailer(),
            after_head(b"A;B/01;1\nEOF;2;1\n"),
            r#"stock-1.csv:3:1: the trailer says "2" rows, the file has 1"#,
        ),
        (
            trailer(),
            after_head(b"A;B/01;1\nEOF;1;9,5\n"),
            r#"stock-1.csv:3:1: the trailer says the quantities add up to "9,5", they make 1"#,
        ),
    ]);
}

#[test]
fn encodings() {
    let set = |encoding: &str| json!({ "format": { "encoding": encoding } });
    assert_reasons(&[
        (
            set("utf-8"),
            after_head(b"M\xFCller;B/01;1\n"),
            "stock-1.csv:2:2: byte 0xFC at offset 29 is no character of utf-8: check format.encoding",
        ),
        (
            plain(),
            after_head("Müller;B/01;1\n".as_bytes()),
            r#"stock-1.csv:2:2: is UTF-8, but format.encoding is "windows-1252": set it to "utf-8", or export as windows-1252"#,
        ),
        (
            plain(),
            after_head(b"A\xFC\x81;B/01;1\n"),
            "stock-1.csv:2:3: byte 0x81 at offset 30 is no character of windows-1252: check format.encoding",
        ),
        (
            set("iso-8859-1"),
            after_head(b"\x80;B/01;1\n"),
            "stock-1.csv:2:1: byte 0x80 at offset 28 is no character of iso-8859-1: check format.encoding",
        ),
        (
            plain(),
            [b"\xEF\xBB\xBF", HEAD.as_bytes()].concat(),
            r#"stock-1.csv:1:1: begins with the byte order mark of utf-8, but format.encoding is "windows-1252": set it to "utf-8", or export as windows-1252"#,
        ),
        (
            set("utf-8"),
            b"\xFF\xFEA\0\n\0".into(),
            r#"stock-1.csv:1:1: begins with the byte order mark of utf-16le, but format.encoding is "utf-8": set it to "utf-16le", or export as utf-8"#,
        ),
        (
            set("utf-16le"),
            b"\xFE\xFF\0A\0\n".into(),
            r#"stock-1.csv:1:1: begins with the byte order mark of utf-16be, but format.encoding is "utf-16le": set it to "utf-16be", or export as utf-16le"#,
        ),
        (
            set("utf-16"),
            HEAD.into(),
            r#"stock-1.csv:1:1: has no byte order mark: set format.encoding to "utf-16le" or "utf-16be", or export with the mark"#,
        ),
        (
            set("utf-16"),
            b"\xFF\xFEA\0\n\0\n".into(),
            "stock-1.csv:2:1: ends within a character of utf-16: the file is cut off",
        ),
        (
            set("utf-16"),
            b"\xFF\xFEA\0\x00\xD8\n\0".into(),
            "stock-1.csv:1:2: half of a surrogate pair is no character of utf-16: check format.encoding",
        ),
        (
            set("utf-8"),
            b"\xEF\xBB\xBF".into(),
            "stock-1.csv: holds nothing but a byte order mark",
        ),
    ]);
}

#[test]
fn the_first_twenty_faults_come_in_one_go() {
    let rows = (0..50).map(|n| format!("A{n};B/01;x\n")).collect::<Vec<_>>().concat();
    let reason = reason(plain(), &after_head(rows.as_bytes()));
    assert_eq!(reason.lines().count(), 20, "{reason}");
    assert!(
        reason.lines().last().unwrap().starts_with("stock-1.csv:21:"),
        "{reason}"
    );
}
