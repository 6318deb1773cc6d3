//! The table of `docs/hostile-inputs.md`: each of its rows is a case here, by name, with what a person is told.

mod csv;
mod gzip;
mod http;
mod json;
mod lines;
mod xml;

use super::*;
use std::fmt::Write;

/// What becomes of an input.
enum Becomes {
    /// The file is refused; the whole text.
    Refused(&'static str),
    /// It is read, and this is what it says: no figure is another one than was written.
    Read(&'static str),
    /// The whole is read; each shorter beginning of it is refused, as a file that may still be written.
    CutAnywhere,
    /// The same, but for cuts just behind a row: those are read, and prove no more than they hold.
    CutBetweenRows,
}

use Becomes::{CutAnywhere, CutBetweenRows, Read, Refused};

/// One row of the page.
struct Case {
    name: &'static str,
    file: &'static str,
    settings: Value,
    bytes: Vec<u8>,
    becomes: Becomes,
}

fn case(name: &'static str, file: &'static str, settings: Value, bytes: impl Into<Vec<u8>>, becomes: Becomes) -> Case {
    let bytes = bytes.into();
    Case {
        name,
        file,
        settings,
        bytes,
        becomes,
    }
}

fn all() -> Vec<(&'static str, Vec<Case>)> {
    vec![
        ("CSV", csv::cases()),
        ("JSON", json::cases()),
        ("JSON Lines", lines::cases()),
        ("XML", xml::cases()),
        ("gzip", gzip::cases()),
    ]
}

/// Settings of documents whose fields are `sku`, `place` and `qty`, with `changes` laid over.
fn plain(path: &str, changes: Value) -> Value {
    let mut table = json!({ "path": path, "columns": { "sku": "sku", "quantity": "qty", "location": "place" } });
    lay_over(&mut table, changes);
    table
}

/// Everything a report says, on one line.
fn said(report: &Report) -> String {
    let Report::Stock(report) = report else {
        panic!("{report:?}")
    };
    let mut said = figures(report).join(", ");
    for price in &report.prices {
        write!(said, ", {} {} {}", price.list, price.sku, price.price).unwrap();
    }
    said
}

/// What is wrong with a case, if anything is.
fn failing(case: &Case) -> Option<String> {
    let outcome = |bytes: &[u8]| read_as(case.file, case.settings.clone(), bytes);
    let text = |outcome: Result<Report, Refusal>| match outcome {
        Ok(report) => said(&report),
        Err(refusal) => refusal.reason,
    };
    let compared = |found: String, wanted: &str| {
        (found != wanted).then(|| format!("{}\n  wanted {wanted}\n  found  {found}", case.name))
    };
    match case.becomes {
        Refused(wanted) => match outcome(&case.bytes) {
            Ok(report) => Some(format!("{}: was read: {report:?}", case.name)),
            refused => compared(text(refused), wanted),
        },
        Read(wanted) => compared(text(outcome(&case.bytes)), wanted),
        CutAnywhere | CutBetweenRows => {
            assert!(
                outcome(&case.bytes).is_ok(),
                "{}: {}",
                case.name,
                text(outcome(&case.bytes))
            );
            (0..case.bytes.len()).find_map(|length| failing_cut(case, length))
        }
    }
}

fn failing_cut(case: &Case, length: usize) -> Option<String> {
    let part = case.bytes.get(..length).unwrap();
    let between = matches!(case.becomes, CutBetweenRows) && part.ends_with(b"\n");
    match read_as(case.file, case.settings.clone(), part) {
        Ok(_) if between => None,
        Ok(report) => Some(format!("{}: {length} bytes were read: {report:?}", case.name)),
        Err(refusal) if refusal.unfinished && refusal.reason.starts_with(case.file) => None,
        Err(refusal) => Some(format!("{}: {length} bytes: {refusal:?}", case.name)),
    }
}

#[test]
fn every_hostile_input_is_refused_with_its_place_or_read_as_it_was_meant() {
    let cases = all();
    let wrong: Vec<String> = cases.iter().flat_map(|(_, cases)| cases).filter_map(failing).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A cell of the page; long texts are cut, since a reader wants the gist.
fn shown(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let short: String = line.chars().take(180).collect();
    let more = if short.len() < text.len() { "…" } else { "" };
    format!("`{}{more}`", short.replace('|', "¦"))
}

fn page_row(case: &Case) -> String {
    let becomes = match &case.becomes {
        Refused(reason) => format!("refused: {}", shown(reason)),
        Read(figures) => format!("read: {}", shown(figures)),
        CutAnywhere => "every cut is refused".to_owned(),
        CutBetweenRows => "every cut within a row is refused; one just behind a row shows as missing rows".to_owned(),
    };
    format!("| {} | {becomes} |", case.name)
}

/// The parts of the page that are written by this table.
fn page() -> String {
    let mut page = String::new();
    for (kind, cases) in all() {
        write!(page, "\n### {kind}\n\n| what comes | what becomes of it |\n|---|---|\n").unwrap();
        for case in &cases {
            writeln!(page, "{}", page_row(case)).unwrap();
        }
    }
    write!(
        page,
        "\n### Over HTTP\n\n| what comes | what becomes of it |\n|---|---|\n"
    )
    .unwrap();
    for case in http::cases() {
        writeln!(page, "| {} | not taken: {} |", case.name, shown(case.says)).unwrap();
    }
    page
}

/// With `OMNISTOCK_WRITE_PAGES` set, the page is written instead.
#[test]
fn the_page_and_this_table_agree() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/hostile-inputs.md");
    let text = fs::read_to_string(&path).unwrap();
    let (start, end) = ("<!-- files: begin -->\n", "<!-- files: end -->");
    let (before, rest) = text.split_once(start).unwrap();
    let (found, after) = rest.split_once(end).unwrap();
    let wanted = format!("{}\n", page());
    if std::env::var_os("OMNISTOCK_WRITE_PAGES").is_some() {
        fs::write(&path, [before, start, &wanted, end, after].concat()).unwrap();
        return;
    }
    assert!(
        found == wanted,
        "docs/hostile-inputs.md tells of other cases: run this test once with OMNISTOCK_WRITE_PAGES=1 set"
    );
}

#[test]
fn no_two_cases_have_one_name_and_there_are_many() {
    let cases = all();
    let mut names: Vec<&str> = cases
        .iter()
        .flat_map(|(_, cases)| cases)
        .map(|case| case.name)
        .collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
    assert!(count >= 60, "{count}");
}
