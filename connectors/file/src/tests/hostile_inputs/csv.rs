//! Hostile CSV.
#![allow(clippy::too_many_lines, reason = "a table of cases")]

use super::*;

const HEAD: &str = "Artikelnummer;Lager;Bestand\n";
const NAME: &str = "stock-1.csv";

fn rows(rows: &str) -> Vec<u8> {
    format!("{HEAD}{rows}").into_bytes()
}

fn utf16(text: &str, mark: bool) -> Vec<u8> {
    let mark: &[u8] = if mark { &[0xFF, 0xFE] } else { &[] };
    let units = text.encode_utf16().flat_map(u16::to_le_bytes);
    mark.iter().copied().chain(units).collect()
}

pub(super) fn cases() -> Vec<Case> {
    let set = |format: Value| german(json!({ "format": format }));
    let usual = || german(json!({}));
    let price = || {
        let changes = json!({ "columns": { "price": "Lager", "location": null }, "location": "berlin",
            "price_list": "retail", "currency": "EUR" });
        german(changes)
    };
    let long = "x".repeat(1 << 20);
    vec![
        case(
            "a CSV file cut at any byte",
            NAME,
            usual(),
            rows("A;B/01;12\nB;\"hamburg\";3,5\n"),
            CutBetweenRows,
        ),
        case(
            "a CSV file with a trailer, cut at any byte",
            NAME,
            set(json!({ "trailer": "EOF;{rows};{sum}" })),
            rows("A;B/01;12\nB;\"hamburg\";3,5\nEOF;2;15,5\n"),
            CutAnywhere,
        ),
        case(
            "zero bytes",
            NAME,
            usual(),
            "",
            Refused("stock-1.csv: is empty (zero bytes): the export failed or was not finished"),
        ),
        case(
            "a header and no rows",
            NAME,
            usual(),
            HEAD,
            Refused("stock-1.csv:2:1: a header and no rows: a failed export, not an empty shop"),
        ),
        case(
            "a login page in place of CSV",
            NAME,
            usual(),
            "<!DOCTYPE html>\n<html><body>Login</body></html>\n",
            Refused("stock-1.csv:1:1: begins with \"<\": this is a web page or XML, not CSV; look at what wrote it"),
        ),
        case(
            "an error message as JSON in place of CSV",
            NAME,
            usual(),
            "{\"error\":\"no permission\"}\n",
            Refused(
                "stock-1.csv:1:1: no column \"Artikelnummer\": there is only the column \"{\\\"error\\\":\\\"no permission\\\"}\"; this looks like JSON: set format.kind\nstock-1.csv:1:1: no column \"Bestand\": there is only the column \"{\\\"error\\\":\\\"no permission\\\"}\"; this looks like JSON: set format.kind\nstock-1.csv:1:1: no column \"Lager\": there is only the column \"{\\\"error\\\":\\\"no permission\\\"}\"; this looks like JSON: set format.kind",
            ),
        ),
        case(
            "a workbook in place of CSV",
            NAME,
            usual(),
            b"PK\x03\x04rest\n".to_vec(),
            Refused("stock-1.csv:1:1: is an Excel workbook or a ZIP archive: export as CSV text"),
        ),
        case(
            "every row twice",
            NAME,
            usual(),
            rows("A;B/01;1\nB;B/01;2\nA;B/01;1\nB;B/01;2\n"),
            Refused(
                "stock-1.csv:4:1: sku \"A\" at berlin already stands in line 2; duplicates = \"sum\" would add such rows up\nstock-1.csv:5:1: sku \"B\" at berlin already stands in line 3; duplicates = \"sum\" would add such rows up",
            ),
        ),
        case(
            "1.234 where the point is no sign of the numbers",
            NAME,
            usual(),
            rows("A;B/01;1.234\n"),
            Refused(
                "stock-1.csv:2:8: quantity \"1.234\" is ambiguous: \".\" is not the decimal sign (\",\"), and format.grouping does not name it",
            ),
        ),
        case(
            "1.234 where the point stands between thousands",
            NAME,
            set(json!({ "grouping": "." })),
            rows("A;B/01;1.234\n"),
            Read("A@berlin=1234"),
        ),
        case(
            "1.234 where the point is the decimal sign",
            NAME,
            set(json!({ "decimal": "." })),
            rows("A;B/01;1.234\n"),
            Read("A@berlin=1.234"),
        ),
        case(
            "1,234 where the comma is no sign of the numbers",
            NAME,
            set(json!({ "decimal": "." })),
            rows("A;B/01;1,234\n"),
            Refused(
                "stock-1.csv:2:8: quantity \"1,234\" is ambiguous: \",\" is not the decimal sign (\".\"), and format.grouping does not name it",
            ),
        ),
        case(
            "Windows-1252 in a file that should be UTF-8",
            NAME,
            set(json!({ "encoding": "utf-8" })),
            [HEAD.as_bytes(), b"M\xFCller;B/01;1\n"].concat(),
            Refused("stock-1.csv:2:2: byte 0xFC at offset 29 is no character of utf-8: check format.encoding"),
        ),
        case(
            "UTF-8 in a file that should be Windows-1252",
            NAME,
            usual(),
            rows("Müller;B/01;1\n"),
            Refused(
                "stock-1.csv:2:2: is UTF-8, but format.encoding is \"windows-1252\": set it to \"utf-8\", or export as windows-1252",
            ),
        ),
        case(
            "UTF-16 with a byte order mark, where UTF-8 should be",
            NAME,
            set(json!({ "encoding": "utf-8" })),
            utf16(&format!("{HEAD}A;B/01;1\n"), true),
            Refused(
                "stock-1.csv:1:1: begins with the byte order mark of utf-16le, but format.encoding is \"utf-8\": set it to \"utf-16le\", or export as utf-8",
            ),
        ),
        case(
            "UTF-16 without a byte order mark, where UTF-8 should be",
            NAME,
            set(json!({ "encoding": "utf-8" })),
            utf16(&format!("{HEAD}A;B/01;1\n"), false),
            Refused("stock-1.csv:1:2: NUL byte: a broken transfer, or UTF-16 (then set format.encoding)"),
        ),
        case(
            "UTF-16 without a byte order mark, nothing saying which end comes first",
            NAME,
            set(json!({ "encoding": "utf-16" })),
            utf16(&format!("{HEAD}A;B/01;1\n"), false),
            Refused(
                "stock-1.csv:1:1: has no byte order mark: set format.encoding to \"utf-16le\" or \"utf-16be\", or export with the mark",
            ),
        ),
        case(
            "a NUL byte in a cell",
            NAME,
            usual(),
            rows("A;B/01;\u{0}\n"),
            Refused("stock-1.csv:2:8: NUL byte: a broken transfer, or UTF-16 (then set format.encoding)"),
        ),
        case(
            "NUL bytes where the rest of a file should be",
            NAME,
            usual(),
            rows("A;B/01;1\n\u{0}\u{0}\u{0}\u{0}"),
            Refused("stock-1.csv:3:1: NUL byte: a broken transfer, or UTF-16 (then set format.encoding)"),
        ),
        case(
            "a quote that is never closed",
            NAME,
            usual(),
            rows("\"A;B/01;1\nB;B/01;2\n"),
            Refused("stock-1.csv:2:1: this quote is never closed"),
        ),
        case(
            "an open quote that the next row closes",
            NAME,
            usual(),
            rows("B;\"x;2\nC;\";3\n"),
            Refused(
                "stock-1.csv:2:3: the cell quoted here holds a line break and a delimiter, so it may have swallowed rows: mend the quotes, or set format.line_breaks = true if your ERP writes such texts",
            ),
        ),
        case(
            "a stray quote within a quoted cell",
            NAME,
            usual(),
            rows("B;\"19\" Rack\";2\n"),
            Refused("stock-1.csv:2:7: text after a closing quote: a quote inside of a cell is written twice"),
        ),
        case(
            "a row with a cell too few",
            NAME,
            usual(),
            rows("A;B/01\n"),
            Refused("stock-1.csv:2:7: the row has 2 cells, the header has 3"),
        ),
        case(
            "a row with a cell too many",
            NAME,
            usual(),
            rows("A;B/01;1;2\n"),
            Refused("stock-1.csv:2:10: the row has 4 cells, the header has 3"),
        ),
        case(
            "two rows that a lost line end made one",
            NAME,
            usual(),
            rows("A;B/01;1B;B/01;2\n"),
            Refused("stock-1.csv:2:11: the row has 5 cells, the header has 3"),
        ),
        case(
            "another delimiter",
            NAME,
            usual(),
            "Artikelnummer,Lager,Bestand\nA,B/01,1\n",
            Refused(
                "stock-1.csv:1:1: no column \"Artikelnummer\": there is only the column \"Artikelnummer,Lager,Bestand\"; is format.delimiter right?\nstock-1.csv:1:1: no column \"Bestand\": there is only the column \"Artikelnummer,Lager,Bestand\"; is format.delimiter right?\nstock-1.csv:1:1: no column \"Lager\": there is only the column \"Artikelnummer,Lager,Bestand\"; is format.delimiter right?",
            ),
        ),
        case(
            "a renamed column",
            NAME,
            usual(),
            "Artikelnummer;Lager;Bestande\nA;B/01;1\n",
            Refused(
                "stock-1.csv:1:1: no column \"Bestand\": the columns are \"Artikelnummer\", \"Lager\", \"Bestande\"; did you mean \"Bestande\"?",
            ),
        ),
        case(
            "a column that stands twice",
            NAME,
            usual(),
            "Artikelnummer;Lager;Bestand;Bestand\nA;B/01;1;2\n",
            Refused("stock-1.csv:1:1: column \"Bestand\" stands twice, as number 3 and 4"),
        ),
        case(
            "a quantity that is blank",
            NAME,
            usual(),
            rows("A;B/01;\n"),
            Refused("stock-1.csv:2:8: quantity is blank"),
        ),
        case(
            "NaN",
            NAME,
            usual(),
            rows("A;B/01;NaN\n"),
            Refused("stock-1.csv:2:8: quantity \"NaN\" is not a number (decimal sign is \",\")"),
        ),
        case(
            "1e400",
            NAME,
            usual(),
            rows("A;B/01;1e400\n"),
            Refused(
                "stock-1.csv:2:8: quantity \"1e400\" is written with an exponent: export the column as plain digits",
            ),
        ),
        case("negative zero", NAME, usual(), rows("A;B/01;-0\n"), Read("A@berlin=0")),
        case(
            "a minus behind the number",
            NAME,
            usual(),
            rows("A;B/01;7-\n"),
            Refused("stock-1.csv:2:8: quantity \"7-\" is not a number (decimal sign is \",\")"),
        ),
        case(
            "a negative number in parentheses",
            NAME,
            usual(),
            rows("A;B/01;(7)\n"),
            Refused("stock-1.csv:2:8: quantity \"(7)\" is not a number (decimal sign is \",\")"),
        ),
        case(
            "more units than there can be",
            NAME,
            usual(),
            rows("A;B/01;1000000000001\n"),
            Refused(
                "stock-1.csv:2:8: quantity \"1000000000001\" is outside ±1000000000000 or with more than six decimals",
            ),
        ),
        case(
            "digits of another script",
            NAME,
            set(json!({ "encoding": "utf-8" })),
            rows("A;B/01;１２\n"),
            Refused("stock-1.csv:2:8: quantity \"１２\" is not a number (decimal sign is \",\")"),
        ),
        case(
            "an article number that a spreadsheet made a float",
            NAME,
            usual(),
            rows("4,00638E+12;B/01;1\n"),
            Refused(
                "stock-1.csv:2:1: sku \"4,00638E+12\" was turned into a number by a spreadsheet: export the column as text",
            ),
        ),
        case(
            "an absurdly long SKU",
            NAME,
            usual(),
            rows(&format!("{long};B/01;1\n")),
            Refused(
                "stock-1.csv:2:1: sku \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…\" is not a valid SKU: 1 to 100 characters without control characters",
            ),
        ),
        case(
            "an absurdly long number",
            NAME,
            usual(),
            rows(&format!("A;B/01;{}\n", "9".repeat(1 << 20))),
            Refused(
                "stock-1.csv:2:8: quantity \"9999999999999999999999999999999999999999…\" is not a number (decimal sign is \",\")",
            ),
        ),
        case(
            "a megabyte without a line end",
            NAME,
            usual(),
            rows(&long),
            Refused("stock-1.csv:2:1048577: the last line has no line end: the file is cut off or not finished"),
        ),
        case(
            "a trailer that counts more rows",
            NAME,
            set(json!({ "trailer": "EOF;{rows}" })),
            rows("A;B/01;1\nEOF;2\n"),
            Refused("stock-1.csv:3:1: the trailer says \"2\" rows, the file has 1"),
        ),
        case(
            "a trailer whose sum is another",
            NAME,
            set(json!({ "trailer": "EOF;{sum}" })),
            rows("A;B/01;1\nEOF;9\n"),
            Refused("stock-1.csv:3:1: the trailer says the quantities add up to \"9\", they make 1"),
        ),
        case(
            "two times in one file",
            NAME,
            german(json!({ "columns": { "as_of": "Lager", "location": null }, "location": "berlin" })),
            rows("A;2026-01-05T12:00:00Z;1\nB;2026-01-05T13:00:00Z;1\n"),
            Refused(
                "stock-1.csv:3:3: as_of \"2026-01-05T13:00:00Z\" differs from \"2026-01-05T12:00:00Z\" in line 2: a file has one time",
            ),
        ),
        case(
            "a local time without its offset",
            NAME,
            german(json!({ "columns": { "as_of": "Lager", "location": null }, "location": "berlin" })),
            rows("A;25.10.2026 02:30;1\n"),
            Refused(
                "stock-1.csv:2:3: as_of \"25.10.2026 02:30\" is not an instant like 2026-01-05T12:00:00Z, with its offset from UTC",
            ),
        ),
        case(
            "a price below zero",
            NAME,
            price(),
            rows("A;-5,00;1\n"),
            Refused("stock-1.csv:2:3: price \"-5,00\" is below zero"),
        ),
        case(
            "a price with the other decimal sign",
            NAME,
            price(),
            rows("A;19.90;1\n"),
            Refused(
                "stock-1.csv:2:3: price \"19.90\" is ambiguous: \".\" is not the decimal sign (\",\"), and format.grouping does not name it",
            ),
        ),
        case(
            "two prices of one article",
            NAME,
            price(),
            rows("A;5;1\nA;6;2\n"),
            Refused("stock-1.csv:3:3: price 6 EUR of sku \"A\" differs from 5 EUR in line 2"),
        ),
        case(
            "a currency that is none",
            NAME,
            german(
                json!({ "columns": { "price": "Bestand", "currency": "Lager", "location": null }, "location": "berlin", "price_list": "retail" }),
            ),
            rows("A;Euro;1\n"),
            Refused("stock-1.csv:2:3: currency \"Euro\" is not a currency code like EUR"),
        ),
    ]
}
