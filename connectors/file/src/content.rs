//! The bytes of one file to a report, or to the reasons why not.

use crate::csv_rows::CsvRows;
use crate::decode::decode;
use crate::format::{Format, Layout};
use crate::kind::FileKind;
use crate::problem::Refusal;
use crate::records::Records;
use crate::settings::Plan;
use crate::structure::{Promise, Shape, check_beginning, check_bytes, check_csv, split_trailer};
use crate::table::Table;
use crate::xml_rows::XmlRows;
use crate::{gzip, json, statements, stock, xml};
use omnistock_sdk::{LocationCodes, Report};
use omnistock_words::Millis;

/// What a file is called and when it was last written.
#[derive(Debug, Clone)]
pub(crate) struct FileFacts {
    pub(crate) title: String,
    pub(crate) modified: Millis,
}

/// A stock file.
pub(crate) fn stock(plan: &Plan, codes: &LocationCodes, facts: &FileFacts, bytes: Vec<u8>) -> Result<Report, Refusal> {
    let format = &plan.stock.format;
    let text = prepared(&facts.title, bytes, format, plan.max_bytes)?;
    let (table, promise) = opened(&facts.title, &text, format)?;
    stock::read(&plan.stock, codes, facts, &text, table, promise.as_ref()).map(Report::Stock)
}

/// A file of order statements, expanded to `max_bytes` at most.
pub(crate) fn statements(
    plan: &crate::settings::OrdersPlan,
    facts: &FileFacts,
    bytes: Vec<u8>,
    max_bytes: u64,
) -> Result<Report, Refusal> {
    let text = prepared(&facts.title, bytes, &plan.format, max_bytes)?;
    let (table, promise) = opened(&facts.title, &text, &plan.format)?;
    statements::read(plan, facts, &text, table, promise.as_ref()).map(Report::Statements)
}

/// The text of a file: expanded, decoded, and not obviously something else.
pub(crate) fn prepared(title: &str, bytes: Vec<u8>, format: &Format, max_bytes: u64) -> Result<String, Refusal> {
    let kind = format.kind();
    let bytes = if format.gzip || gzip::named_gzip(title) {
        gzip::expand(title, &bytes, max_bytes)?
    } else {
        bytes
    };
    check_bytes(title, &bytes, kind)?;
    let ended = ended(&bytes, kind);
    let declared = match kind {
        FileKind::Xml => xml::check_encoding(title, &bytes, format.encoding),
        _ => Ok(()),
    };
    let checked = declared
        .and_then(|()| decode(title, bytes, format.encoding))
        .and_then(|text| check_beginning(title, &text, kind).map(|()| text));
    checked.map_err(|refusal| if ended { refusal } else { refusal.unfinished() })
}

/// Whether the last bytes could be those of a whole file: without them its writer may still be at work, whatever
/// else is wrong.
fn ended(bytes: &[u8], kind: FileKind) -> bool {
    if matches!(kind, FileKind::Csv | FileKind::JsonLines) {
        // Two bytes, as a line end of UTF-16 is two bytes wide.
        return bytes.iter().rev().take(2).any(|byte| matches!(byte, b'\n' | b'\r'));
    }
    let mut last = bytes
        .iter()
        .rev()
        .filter(|byte| !matches!(byte, 0 | b' ' | b'\t' | b'\n' | b'\r'));
    matches!(last.next(), Some(b']' | b'}' | b'>'))
}

/// Proves that the text is whole, and finds its rows.
pub(crate) fn opened<'t>(title: &str, text: &'t str, format: &Format) -> Result<(Table<'t>, Option<Promise>), Refusal> {
    let table = |rows| Table::records(text, rows, format.trim);
    match &format.layout {
        Layout::Csv { shape, trailer } => csv(title, text, format, *shape, trailer.as_deref()),
        Layout::Json(path) => {
            let (rows, promise) = json::document(title, text, path, format)?;
            Ok((table(Records::json(rows, false)), promise))
        }
        Layout::JsonLines => {
            let (rows, promise) = json::lines(title, text, format)?;
            Ok((table(Records::json(rows, true)), promise))
        }
        Layout::Xml(path) => {
            let promise = xml::proven(title, text, path, format)?;
            Ok((table(Records::xml(XmlRows::new(text, path))), promise))
        }
    }
}

fn csv<'t>(
    title: &str,
    text: &'t str,
    format: &Format,
    shape: Shape,
    trailer: Option<&[String]>,
) -> Result<(Table<'t>, Option<Promise>), Refusal> {
    let ended = ended(text.as_bytes(), FileKind::Csv);
    check_csv(title, text, shape).map_err(|refusal| if ended { refusal } else { refusal.unfinished() })?;
    let (body, promise) = match trailer {
        None => (text, None),
        Some(pattern) => {
            let (body, promise) = split_trailer(title, text, pattern, shape, format.number)?;
            (body, Some(promise))
        }
    };
    let rows = CsvRows::new(body, shape).map_err(|fault| Refusal::named(title, text, &[fault], 1))?;
    Ok((Table::csv(body, rows, format.trim), promise))
}
