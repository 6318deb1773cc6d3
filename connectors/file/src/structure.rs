//! Whether a file begins as one of its kind does, and whether a text is a whole CSV file: its end, its quotes, its trailer.
//!
//! The `csv` crate reads an open or stray quote without complaint and lets the rows behind it
//! vanish in one cell; so the quotes are proven here before it runs.

use crate::gzip::is_gzip;
use crate::kind::FileKind;
use crate::number::NumberFormat;
use crate::problem::{Fault, Refusal, quoted};

/// How cells are separated and quoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    /// Between cells.
    pub(crate) delimiter: u8,
    /// Around cells; `None`: a quote is a character like any other.
    pub(crate) quote: Option<u8>,
    /// A quoted cell may hold line breaks together with delimiters.
    pub(crate) line_breaks: bool,
}

/// Faults that show in the raw bytes, before anything is decoded.
pub(crate) fn check_bytes(title: &str, bytes: &[u8], kind: FileKind) -> Result<(), Refusal> {
    match bytes {
        [] => Err(Refusal::whole(title, "is empty (zero bytes): the export failed or was not finished").unfinished()),
        [b'P', b'K', 3, 4, ..] => {
            let kind = if kind == FileKind::Csv {
                "CSV text"
            } else {
                kind.shown()
            };
            let message = format!("is an Excel workbook or a ZIP archive: export as {kind}");
            Err(Refusal::at(title, (1, 1), &message))
        }
        _ if is_gzip(bytes) => Err(Refusal::at(
            title,
            (1, 1),
            "is compressed with gzip: let its name end in .gz, or set format.compression = \"gzip\"; and compress it once",
        )),
        _ => Ok(()),
    }
}

/// Faults of any text: nothing in it, a web page in its place, NUL bytes.
pub(crate) fn check_beginning(title: &str, text: &str, kind: FileKind) -> Result<(), Refusal> {
    let named = |fault: Fault| Refusal::named(title, text, &[fault], 1);
    if text.is_empty() {
        return Err(Refusal::whole(title, "holds nothing but a byte order mark").unfinished());
    }
    let start = text.len() - text.trim_start().len();
    let rest = text.get(start..).unwrap_or_default();
    if rest.starts_with('<') && kind != FileKind::Xml {
        let message = format!(
            "begins with \"<\": this is a web page or XML, not {}; look at what wrote it",
            kind.shown()
        );
        return Err(named(Fault::new(start, message)));
    }
    let page = |beginning: &str| {
        rest.get(..beginning.len())
            .is_some_and(|rest| rest.eq_ignore_ascii_case(beginning))
    };
    if page("<!doctype html") || page("<html") {
        let message = "this is a web page (a login?), not the XML of an export; look at what wrote it";
        return Err(named(Fault::new(start, message)));
    }
    if let Some(offset) = text.find('\0') {
        let fault = Fault::new(
            offset,
            "NUL byte: a broken transfer, or UTF-16 (then set format.encoding)",
        );
        let tail = text.ends_with('\0');
        let refusal = named(fault);
        return Err(if tail { refusal.unfinished() } else { refusal });
    }
    Ok(())
}

/// Faults of a CSV text as a whole: its quotes and its end.
pub(crate) fn check_csv(title: &str, text: &str, shape: Shape) -> Result<(), Refusal> {
    let named = |fault: Fault| Refusal::named(title, text, &[fault], 1);
    if let Some((fault, open)) = quote_fault(text, shape) {
        let refusal = named(fault);
        return Err(if open { refusal.unfinished() } else { refusal });
    }
    // A file of CR LF lines that ends in CR alone was cut between the two.
    let ended = text.ends_with('\n') || (text.ends_with('\r') && !text.contains('\n'));
    if !ended {
        let fault = Fault::new(
            text.trim_end_matches('\r').len(),
            "the last line has no line end: the file is cut off or not finished",
        );
        return Err(named(fault).unfinished());
    }
    Ok(())
}

/// The first fault of the quotes; true with a quote that is still open at the end.
fn quote_fault(text: &str, shape: Shape) -> Option<(Fault, bool)> {
    let quote = shape.quote?;
    let bytes = text.as_bytes();
    let mut at = text.find(char::from(quote))?;
    // Back to the beginning of the cell of the first quote.
    let ends_cell = |byte: u8| byte == shape.delimiter || byte == b'\n' || byte == b'\r';
    let before = bytes.get(..at)?;
    at = before
        .iter()
        .rposition(|byte| ends_cell(*byte))
        .map_or(0, |end| end + 1);
    while at < bytes.len() {
        if bytes.get(at) == Some(&quote) {
            let open = at;
            let Some(close) = closing(bytes, open, quote) else {
                return Some((Fault::new(open, "this quote is never closed"), true));
            };
            if bytes.get(close + 1).is_some_and(|byte| !ends_cell(*byte)) {
                let message = "text after a closing quote: a quote inside of a cell is written twice";
                return Some((Fault::new(close + 1, message), false));
            }
            let inside = bytes.get(open..close).unwrap_or_default();
            let swallows = inside.contains(&b'\n') && inside.contains(&shape.delimiter);
            if swallows && !shape.line_breaks {
                let message = "the cell quoted here holds a line break and a delimiter, so it may have swallowed rows: \
                               mend the quotes, or set format.line_breaks = true if your ERP writes such texts";
                return Some((Fault::new(open, message), false));
            }
            at = close + 2;
        } else {
            let rest = bytes.get(at..).unwrap_or_default();
            at += rest.iter().position(|byte| ends_cell(*byte)).unwrap_or(rest.len()) + 1;
        }
    }
    None
}

/// Where the cell that opens at `open` closes; a doubled quote is part of the cell.
fn closing(bytes: &[u8], open: usize, quote: u8) -> Option<usize> {
    let mut at = open + 1;
    loop {
        at += bytes.get(at..)?.iter().position(|byte| *byte == quote)?;
        if bytes.get(at + 1) != Some(&quote) {
            return Some(at);
        }
        at += 2;
    }
}

/// Where the cell `index` of the record at `start` begins, or the record's end where it has fewer.
pub(crate) fn cell_offset(text: &str, start: usize, index: usize, shape: Shape) -> usize {
    let bytes = text.as_bytes();
    let mut at = start;
    for _ in 0..index {
        if let Some(quote) = shape.quote
            && bytes.get(at) == Some(&quote)
        {
            at = closing(bytes, at, quote).unwrap_or(bytes.len()) + 1;
        }
        let rest = bytes.get(at..).unwrap_or_default();
        let length = rest
            .iter()
            .position(|byte| *byte == shape.delimiter || *byte == b'\n' || *byte == b'\r');
        at += length.unwrap_or(rest.len());
        if bytes.get(at) != Some(&shape.delimiter) {
            return at.min(bytes.len());
        }
        at += 1;
    }
    at
}

/// What a trailer, or the document itself, promised of its rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Promise {
    /// Where it stands.
    pub(crate) offset: usize,
    /// What a sentence calls the place.
    pub(crate) word: &'static str,
    /// How its sum is written.
    pub(crate) number: NumberFormat,
    /// Rows, as written.
    pub(crate) rows: Option<String>,
    /// Sum of the quantities, as written.
    pub(crate) sum: Option<String>,
}

impl Promise {
    /// One that promises nothing yet.
    pub(crate) fn of(word: &'static str, number: NumberFormat) -> Self {
        Self {
            offset: 0,
            word,
            number,
            rows: None,
            sum: None,
        }
    }
}

/// Takes the trailer (cells of `pattern`: literal, `{rows}` or `{sum}`) off the text.
pub(crate) fn split_trailer<'t>(
    title: &str,
    text: &'t str,
    pattern: &[String],
    shape: Shape,
    number: NumberFormat,
) -> Result<(&'t str, Promise), Refusal> {
    let trimmed = text.trim_end_matches(['\r', '\n']);
    let offset = trimmed.rfind(['\r', '\n']).map_or(0, |end| end + 1);
    let line = trimmed.get(offset..).unwrap_or_default();
    let cells: Vec<&str> = line.split(char::from(shape.delimiter)).collect();
    let mut promise = Promise {
        offset,
        ..Promise::of("trailer", number)
    };
    let mut fits = cells.len() == pattern.len();
    for (cell, wanted) in cells.iter().zip(pattern) {
        match wanted.as_str() {
            "{rows}" => promise.rows = Some((*cell).to_owned()),
            "{sum}" => promise.sum = Some((*cell).to_owned()),
            literal => fits = fits && *cell == literal,
        }
    }
    if !fits {
        let wanted = quoted(&pattern.join(&char::from(shape.delimiter).to_string()));
        let message = format!("the last line is not the trailer {wanted}: the file is cut off or not finished");
        return Err(Refusal::named(title, text, &[Fault::new(offset, message)], 1).unfinished());
    }
    Ok((text.get(..offset).unwrap_or_default(), promise))
}
