//! Good files in every shape, and what any bytes may never do.

use super::*;
use proptest::prelude::*;

#[test]
fn encodings_and_delimiters_of_the_same_file_give_the_same_figures() {
    let text = "Artikelnummer;Lager;Bestand;Bezeichnung\r\nÄ-1;B/01;-2,5;\"Schraube \"\"M4\"\"; groß\"\r\n\r\nB;hamburg;0;19\" Rack\r\n";
    let utf16 = |unit: fn(u16) -> [u8; 2], mark: bool| -> Vec<u8> {
        let marked = if mark {
            format!("\u{FEFF}{text}")
        } else {
            text.to_owned()
        };
        marked.encode_utf16().flat_map(unit).collect()
    };
    let narrow: Vec<u8> = text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    for (encoding, bytes) in [
        ("windows-1252", narrow.clone()),
        ("iso-8859-1", narrow.clone()),
        ("iso-8859-15", narrow),
        ("utf-8", text.into()),
        ("utf-8", format!("\u{FEFF}{text}").into()),
        ("utf-16", utf16(u16::to_le_bytes, true)),
        ("utf-16", utf16(u16::to_be_bytes, true)),
        ("utf-16le", utf16(u16::to_le_bytes, false)),
        ("utf-16be", utf16(u16::to_be_bytes, true)),
    ] {
        let report = stock(german(json!({ "format": { "encoding": encoding } })), &bytes);
        assert_eq!(figures(&report), ["Ä-1@berlin=-2.5", "B@hamburg=0"], "{encoding}");
    }
}

#[test]
fn the_euro_sign_tells_windows_1252_from_its_neighbours() {
    let report = stock(german(json!({})), b"Artikelnummer;Lager;Bestand\n\x80;B/01;1\n");
    assert_eq!(figures(&report), ["€@berlin=1"]);
}

#[test]
fn line_ends_may_be_of_any_kind() {
    for end in ["\r\n", "\n", "\r"] {
        let report = stock(german(json!({})), GOOD.replace("\r\n", end).as_bytes());
        assert_eq!(report.rows.len(), 2, "{end:?}");
    }
}

#[test]
fn a_sku_is_kept_to_the_letter_unless_trimming_is_wanted() {
    let text = b"Artikelnummer;Lager;Bestand\n 007 ;B/01; 1 \n7;B/01;2\n";
    assert_eq!(
        figures(&stock(german(json!({})), text)),
        [" 007 @berlin=1", "7@berlin=2"]
    );
    assert_eq!(
        figures(&stock(german(json!({ "format": { "trim": true } })), text)),
        ["007@berlin=1", "7@berlin=2"]
    );
}

#[test]
fn rows_at_unknown_places_are_counted() {
    let report = stock(
        german(json!({})),
        b"Artikelnummer;Lager;Bestand\nA;X9;1\nB;X9;1\nC;berlin;1\nD;B/01;4\n",
    );
    assert_eq!(figures(&report), ["D@berlin=4"]);
    // `berlin` is called B/01 here, so the bare name means nothing.
    assert_eq!(
        report.unknown_locations,
        [("X9".to_owned(), 2), ("berlin".to_owned(), 1)].into()
    );
}

#[test]
fn duplicates_add_up_where_wanted() {
    let table = german(json!({ "duplicates": "sum" }));
    let report = stock(
        table,
        b"Artikelnummer;Lager;Bestand\nA;B/01;1,5\nA;hamburg;9\nA;B/01;-3\n",
    );
    assert_eq!(figures(&report), ["A@berlin=-1.5", "A@hamburg=9"]);
}

#[test]
fn a_column_may_carry_the_time_of_the_file() {
    let table = || german(json!({ "columns": { "as_of": "Stand" } }));
    let text = "Artikelnummer;Lager;Bestand;Stand\nA;B/01;1;2026-01-05T11:00:00+01:00\nB;B/01;1;2026-01-05T10:00:00Z\n";
    assert_eq!(
        stock(table(), text.as_bytes()).as_of,
        "2026-01-05T10:00:00Z".parse().unwrap()
    );
}

#[test]
fn prices_come_along_once_per_list_and_sku() {
    let table = german(json!({ "columns": { "price": { "retail": "VK", "cost": "EK" } }, "currency": "EUR" }));
    let text = "Artikelnummer;Lager;Bestand;VK;EK\nA;B/01;1;19,90;7\nA;hamburg;1;19,9;\nB;B/01;1;;\n";
    let report = stock(table, text.as_bytes());
    let prices: Vec<String> = report
        .prices
        .iter()
        .map(|row| format!("{} {} {}", row.list, row.sku, row.price))
        .collect();
    assert_eq!(prices, ["cost A 7 EUR", "retail A 19.90 EUR"]);
    let table = german(json!({ "columns": { "price": "VK", "currency": "W" }, "price_list": "retail" }));
    let report = stock(table, b"Artikelnummer;Lager;Bestand;VK;W\nA;B/01;1;5;CHF\n");
    assert_eq!(report.prices[0].price.to_string(), "5 CHF");
}

#[test]
fn articles_may_be_kept_from_sale() {
    let table = german(json!({ "columns": { "sellable": "Aktiv" } }));
    let report = stock(table, b"Artikelnummer;Lager;Bestand;Aktiv\nA;B/01;1;Ja\nB;B/01;1;0\n");
    assert_eq!(
        report.rows.iter().map(|row| row.sellable).collect::<Vec<_>>(),
        [true, false]
    );
}

#[test]
fn a_few_bad_rows_keep_their_last_figures_and_prove_no_absence() {
    let table = || german(json!({ "bad_rows": { "keep_last": "40%" } }));
    let text = b"Artikelnummer;Lager;Bestand\nA;B/01;1\nB;B/01;x\nC;B/01;2\nD;B/01\nE;B/01;5\n";
    let report = stock(table(), text);
    assert_eq!(figures(&report), ["A@berlin=1", "C@berlin=2", "E@berlin=5"]);
    assert!(!report.complete);
    assert_eq!(report.title, "stock-1.csv (2 of 5 rows left out)");
    let narrower = german(json!({ "bad_rows": { "keep_last": "39%" } }));
    assert_eq!(read(narrower, text).unwrap_err().reason.lines().count(), 2);
}

#[test]
fn a_sum_of_which_one_row_is_bad_is_no_figure() {
    let table = || german(json!({ "bad_rows": { "keep_last": "50%" }, "duplicates": "sum" }));
    let report = stock(table(), b"Artikelnummer;Lager;Bestand\nA;B/01;10\nA;B/01;x\nB;B/01;1\n");
    assert_eq!(figures(&report), ["B@berlin=1"]);
    // A row without a readable key could belong to any of the sums.
    assert!(read(table(), b"Artikelnummer;Lager;Bestand\nA;B/01;10\n;B/01;-3\nB;B/01;1\n").is_err());
}

#[test]
fn a_trailer_proves_rows_and_sum() {
    let table = || german(json!({ "format": { "trailer": "EOF;{rows};{sum}" } }));
    let report = stock(table(), format!("{GOOD}EOF;2;15,50\r\n").as_bytes());
    assert_eq!(report.rows.len(), 2);
}

/// Every cut of a whole file: what is left is refused, or it ends with a line and then nothing in it
/// can tell; `rows_missing` and `total_drop` (DESIGN 4.6) are there for those, or a trailer.
#[test]
fn a_file_cut_at_any_byte_is_refused_unless_the_cut_is_between_lines() {
    let whole = "Artikelnummer;Lager;Bestand;Text\r\nA;B/01;12;\"a;\"\"b\"\r\nB;hamburg;3,5;x\r\nC;B/01;1;\"\"\r\n";
    for length in 0..whole.len() {
        let part = &whole.as_bytes()[..length];
        let lines = part.split(|byte| *byte == b'\n').count() - 1;
        match read(german(json!({})), part) {
            Ok(_) => assert!(part.ends_with(b"\r\n") && lines >= 2, "{length} bytes were taken"),
            Err(refusal) => {
                assert!(
                    !part.ends_with(b"\r\n") || lines < 2,
                    "{length} bytes: {}",
                    refusal.reason
                );
                assert!(refusal.unfinished, "{length} bytes: {}", refusal.reason);
            }
        }
    }
}

#[test]
fn a_large_file_is_read_whole_with_the_line_of_its_only_fault() {
    let rows: Vec<String> = (0..100_000).map(|n| format!("A-{n};B/01;{}\r\n", n % 97)).collect();
    let text = format!("Artikelnummer;Lager;Bestand\r\n{}", rows.concat());
    assert_eq!(stock(german(json!({})), text.as_bytes()).rows.len(), 100_000);
    let twice = format!("{text}A-4711;B/01;1\r\n");
    assert_eq!(
        read(german(json!({})), twice.as_bytes()).unwrap_err().reason,
        r#"stock-1.csv:100002:1: sku "A-4711" at berlin already stands in line 4713; duplicates = "sum" would add such rows up"#
    );
}

#[test]
fn with_a_trailer_no_cut_is_taken_at_all() {
    let whole = format!("{GOOD}EOF;2\r\n");
    let table = || german(json!({ "format": { "trailer": "EOF;{rows}" } }));
    for length in 0..whole.len() {
        assert!(
            read(table(), &whole.as_bytes()[..length]).is_err(),
            "{length} bytes were taken"
        );
    }
    assert!(read(table(), whole.as_bytes()).is_ok());
}

fn cell() -> impl Strategy<Value = String> {
    "[a-zäöüß0-9 ;,.'\"|€-]{0,12}"
}

proptest! {
    #[test]
    fn any_bytes_give_a_report_or_a_reason(bytes in prop::collection::vec(any::<u8>(), 0..200), header in any::<bool>(), set in 0..5_usize) {
        let encoding = ["utf-8", "windows-1252", "utf-16", "iso-8859-1", "shift_jis"][set];
        let table = german(json!({ "format": { "encoding": encoding, "trailer": "E;{rows}" }, "bad_rows": { "keep_last": "50%" } }));
        let mut file = if header { GOOD.as_bytes().to_vec() } else { Vec::new() };
        file.extend(&bytes);
        if let Err(refusal) = read(table, &file) {
            prop_assert!(refusal.reason.starts_with("stock-1.csv:"), "{}", refusal.reason);
        }
    }

    #[test]
    fn any_csv_like_text_gives_a_report_or_a_reason(rows in "([ab\";,\r\n1]|B/01){0,60}") {
        let text = format!("{GOOD}{rows}\n");
        if let Err(refusal) = read(german(json!({})), text.as_bytes()) {
            prop_assert!(refusal.reason.lines().count() <= 21);
        }
    }

    #[test]
    fn what_is_written_is_read(
        cells in prop::collection::vec((cell(), -1_000_000_i64..1_000_000, cell()), 1..20),
        delimiter in prop::sample::select(vec![b';', b',', b'\t', b'|']), crlf in any::<bool>(), set in 0..3_usize,
    ) {
        let (encoding, number) = (["utf-8", "windows-1252", "utf-16le"][set], |n: i64| format!("{}", rust_decimal::Decimal::new(n, 2)));
        let ends = if crlf { csv::Terminator::CRLF } else { csv::Terminator::Any(b'\n') };
        let mut writer = csv::WriterBuilder::new().delimiter(delimiter).terminator(ends).from_writer(Vec::new());
        writer.write_record(["Text", "Artikelnummer", "Lager", "Bestand"]).unwrap();
        let mut expected = Vec::new();
        for (index, (sku, units, note)) in cells.iter().enumerate() {
            let (sku, units) = (format!("{index}-{sku}"), number(*units));
            writer.write_record([note, &sku, "B/01", &units]).unwrap();
            expected.push((sku, units.parse().unwrap()));
        }
        let text = String::from_utf8(writer.into_inner().unwrap()).unwrap();
        let bytes: Vec<u8> = match set {
            0 => text.into_bytes(),
            1 => encoding_rs::WINDOWS_1252.encode(&text).0.into_owned(),
            _ => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        };
        // A file that reads as UTF-8 as well is asked about, instead of being taken for something that it may not be.
        prop_assume!(set != 1 || bytes.is_ascii() || std::str::from_utf8(&bytes).is_err());
        let name = char::from(delimiter).to_string();
        let report = stock(german(json!({ "format": { "delimiter": name, "decimal": ".", "encoding": encoding } })), &bytes);
        let found: Vec<(String, omnistock_words::Quantity)> = report.rows.iter().map(|row| (row.sku.to_string(), row.quantity)).collect();
        prop_assert_eq!(found, expected);
    }
}
