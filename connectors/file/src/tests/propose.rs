//! What is proposed for files as ERPs write them, and that the connector then reads them.

use crate::propose::{Answers, Proposal, propose};
use omnistock_sdk::{ConnectorContext, LocationCodes, Report};
use omnistock_words::{LocationName, Millis, VendorLocation};
use serde_json::Value;
use std::path::Path;

/// The rows that the connector reads by these settings, with its locations and their codes.
fn read_by(table: Value, name: &str, bytes: Vec<u8>, places: &[(&str, &str)]) -> Vec<String> {
    let ours = |name: &str| LocationName::new(name).unwrap();
    let coded = places.iter().filter(|(_, code)| !code.is_empty());
    let codes = coded.map(|(name, code)| (VendorLocation::new(code).unwrap(), ours(name)));
    let context = ConnectorContext {
        locations: LocationCodes::new(places.iter().map(|(name, _)| ours(name)).collect(), codes.collect()),
        ..super::context(Path::new("/srv"))
    };
    match crate::read_file(&context, table, name, Millis(0), bytes) {
        Ok(Report::Stock(report)) => report
            .rows
            .iter()
            .map(|row| format!("{} {} {}", row.sku, row.location, row.quantity))
            .collect(),
        other => panic!("{other:?}"),
    }
}

fn proposed(name: &str, bytes: &[u8], answers: &[(&str, &str)]) -> Proposal {
    let answers: Answers = answers
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect();
    propose(name, bytes, &answers).unwrap_or_else(|reason| panic!("{reason}"))
}

fn format(proposal: &Proposal) -> Vec<(&str, &str)> {
    proposal
        .format
        .iter()
        .map(|(key, value)| (*key, value.as_str()))
        .collect()
}

fn doubts(proposal: &Proposal) -> Vec<&str> {
    proposal.doubts.iter().map(|doubt| doubt.key.as_str()).collect()
}

/// The columns that are sku, quantity and location.
fn named(proposal: &Proposal) -> [Option<&str>; 3] {
    ["sku", "quantity", "location"].map(|meaning| proposal.column(meaning))
}

const GERMAN: &str = "Artikelnummer;Bezeichnung;Lager;Bestand;VK\n\
    HOSE-36-BL;Hose, blau;B/01;12;1.249,00\nLAMPE;Leuchte gr\u{fc}n;H/02;3,5;9,90\nBOLT-M8;Schraube;B/01;-2;0,05\n";

fn narrow(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect()
}

#[test]
fn a_german_export_is_understood_without_a_question() {
    let bytes = narrow(GERMAN);
    let proposal = proposed("stock-01.csv", &bytes, &[]);
    assert_eq!(
        format(&proposal),
        [
            ("delimiter", ";"),
            ("decimal", ","),
            ("grouping", "."),
            ("encoding", "windows-1252")
        ]
    );
    assert_eq!(
        named(&proposal),
        [Some("Artikelnummer"), Some("Bestand"), Some("Lager")]
    );
    assert_eq!(proposal.column("price"), Some("VK"));
    assert_eq!(
        (doubts(&proposal), &proposal.locations),
        (vec![], &vec!["B/01".to_owned(), "H/02".to_owned()])
    );
    let rows = read_by(
        proposal.table("stock-*.csv", "main"),
        "stock-01.csv",
        bytes,
        &[("berlin", "B/01"), ("h", "H/02")],
    );
    assert_eq!(rows, ["HOSE-36-BL berlin 12", "LAMPE h 3.5", "BOLT-M8 berlin -2"]);
}

#[test]
fn an_english_export_of_one_place_needs_no_format() {
    let text = b"sku,name,quantity\nA-1,Lamp,7\nA-2,\"Hose, long\",12.5\n";
    let proposal = proposed("stock.csv", text, &[]);
    assert_eq!((format(&proposal), doubts(&proposal)), (vec![], vec![]));
    assert_eq!(named(&proposal), [Some("sku"), Some("quantity"), None]);
    let rows = read_by(
        proposal.table("stock.csv", "main"),
        "stock.csv",
        text.to_vec(),
        &[("main", "")],
    );
    assert_eq!(rows, ["A-1 main 7", "A-2 main 12.5"]);
}

#[test]
fn one_sign_before_three_digits_is_asked_and_the_smaller_number_is_taken() {
    let text = b"sku;qty\nA;1.234\nB;12\n";
    let proposal = proposed("s.csv", text, &[]);
    assert_eq!(
        (doubts(&proposal), format(&proposal)),
        (vec!["format.decimal"], vec![("delimiter", ";")])
    );
    let doubt = &proposal.doubts[0];
    assert_eq!(doubt.choices[0], (".".to_owned(), "1.234 is less than 2".to_owned()));
    assert!(doubt.choices[1].1.starts_with("1.234 is 1234"), "{doubt:?}");
    let answered = proposed("s.csv", text, &[("format.decimal", ",")]);
    assert_eq!(doubts(&answered), Vec::<&str>::new());
    assert_eq!(
        format(&answered),
        [("delimiter", ";"), ("decimal", ","), ("grouping", ".")]
    );
    // A number that can be read in one way only says it for the others.
    let sure = proposed("s.csv", b"sku;qty\nA;1.234\nB;12,5\n", &[]);
    assert_eq!(
        (doubts(&sure), format(&sure)),
        (vec![], vec![("delimiter", ";"), ("decimal", ","), ("grouping", ".")])
    );
}

#[test]
fn two_columns_that_could_be_the_stock_are_asked_about() {
    let text = b"SKU\tBestand\tVerf\xc3\xbcgbar\tFiliale\nA\t5\t3\t07\nB\t9\t9\t08\n";
    let proposal = proposed("s.txt", text, &[]);
    assert_eq!(
        (doubts(&proposal), named(&proposal)),
        (
            vec!["columns.quantity"],
            [Some("SKU"), Some("Bestand"), Some("Filiale")]
        )
    );
    assert_eq!(format(&proposal), [("delimiter", "tab")]);
    let answered = proposed("s.txt", text, &[("columns.quantity", "Verfügbar")]);
    assert_eq!(
        (doubts(&answered), answered.column("quantity")),
        (vec![], Some("Verfügbar"))
    );
    // Names that nobody knows: by their values, and asked.
    let unknown = proposed("s.csv", b"a;b;c\nX-1;Lamp big;5\nX-2;Lamp big;6\n", &[]);
    assert_eq!(
        (doubts(&unknown), named(&unknown)),
        (vec!["columns.sku", "columns.quantity"], [Some("a"), Some("c"), None])
    );
}

#[test]
fn encodings_are_told_by_their_bytes() {
    let wide: Vec<u8> = "sku;qty\r\nA;1\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(
        format(&proposed("s.csv", &wide, &[])),
        [("delimiter", ";"), ("encoding", "utf-16le")]
    );
    let marked = [b"\xef\xbb\xbf".as_slice(), b"sku,qty\nA,1\n"].concat();
    assert_eq!(format(&proposed("s.csv", &marked, &[])), []);
    // 0xA4 is the euro in one of them and nothing of the kind in the other.
    let either = proposed("s.csv", b"sku;qty;name\nA;1;Karte 5\xa4\n", &[]);
    assert_eq!(
        (doubts(&either), either.doubts[0].choices.len()),
        (vec!["format.encoding"], 3)
    );
    assert!(
        either.doubts[0]
            .choices
            .contains(&("iso-8859-15".to_owned(), "5€".to_owned())),
        "{either:?}"
    );
}

#[test]
fn json_needs_the_way_to_its_rows() {
    let text = br#"{"meta": {"n": 2}, "data": {"stock": [{"sku": "A", "qty": 5, "warehouse": "x"}, {"sku": "B", "qty": 1.5, "warehouse": "x"}]}}"#;
    let proposal = proposed("stock.json", text, &[]);
    assert_eq!(
        (format(&proposal), doubts(&proposal)),
        (vec![("rows", "data.stock")], vec![])
    );
    let rows = read_by(
        proposal.table("stock.json", ""),
        "stock.json",
        text.to_vec(),
        &[("x", "")],
    );
    assert_eq!(rows, ["A x 5", "B x 1.5"]);
    let lines = proposed(
        "stock",
        b"{\"sku\": \"A\", \"qty\": 5}\n{\"sku\": \"B\", \"qty\": 7}\n",
        &[],
    );
    assert_eq!(
        (format(&lines), named(&lines)),
        (vec![("kind", "jsonl")], [Some("sku"), Some("qty"), None])
    );
}

#[test]
fn what_is_no_table_is_told_in_a_sentence() {
    let none = |name: &str, bytes: &[u8]| propose(name, bytes, &Answers::new()).unwrap_err();
    assert!(none("s.csv", b"just text\nwithout cells\n").contains("do all lines have as many cells"));
    assert!(none("s.csv", b"sku;qty\n").contains("no rows below its header"));
    assert!(none("s.json", b"{\"a\": [1]}").contains("no list of objects"));
    assert!(none("s.xml", b"<stock/>").contains("of XML nothing is proposed"));
    assert!(none("s.csv", b"").starts_with("s.csv: "));
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_proposed_for_or_told(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200), lines in "([a-z0-9.,;\\-\t ]{0,12}\n){0,8}") {
        for name in ["s.csv", "s", "s.json", "s.gz"] {
            drop(propose(name, &bytes, &Answers::new()));
            if let Err(reason) = propose(name, lines.as_bytes(), &Answers::new()) {
                proptest::prop_assert!(!reason.is_empty());
            }
        }
    }
}

#[test]
fn a_number_of_the_trade_beside_the_own_one_is_no_question() {
    let proposal = proposed(
        "s.csv",
        b"EAN;Artikelnummer;Menge\n4006381333931;A-1;5\n4006381333948;A-2;6\n",
        &[],
    );
    assert_eq!(
        (doubts(&proposal), proposal.column("sku")),
        (vec![], Some("Artikelnummer"))
    );
}
