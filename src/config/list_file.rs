//! A list as a spreadsheet writes it: lines of cells, of which each knows its place. The first line names the columns.

use super::tree::Place;
use std::borrow::Cow;
use std::path::Path;

/// The most bytes that a list may have.
const MOST_BYTES: u64 = 64 * 1024 * 1024;

/// One cell, without the spaces around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cell<'t> {
    pub(super) text: Cow<'t, str>,
    pub(super) place: Place,
}

/// One line.
#[derive(Debug)]
pub(super) struct Row<'t> {
    /// From 1.
    pub(super) line: usize,
    pub(super) cells: Vec<Cell<'t>>,
}

/// A line that can't be taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct BadLine {
    pub(super) place: Place,
    pub(super) message: &'static str,
}

/// Why there is no text: what to say, and, of what is no UTF-8, the readable rest with the byte that is wrong.
#[derive(Debug)]
pub(super) struct Unreadable {
    pub(super) message: String,
    pub(super) text: String,
    pub(super) at: usize,
}

/// The text of a list.
pub(super) fn read(path: &Path) -> Result<String, Unreadable> {
    use std::io::Read;
    let plain = |message: String| Unreadable {
        message,
        text: String::new(),
        at: 0,
    };
    let cant = |error: std::io::Error| plain(format!("can't be read: {error}"));
    // A pipe would let the start wait for whoever writes into it.
    if !std::fs::metadata(path).map_err(cant)?.is_file() {
        return Err(plain("is no file".to_owned()));
    }
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(cant)?;
    file.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(cant)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(plain("is larger than 64 MiB: split it into several".to_owned()));
    }
    let text = String::from_utf8(bytes).map_err(|error| Unreadable {
        at: error.utf8_error().valid_up_to(),
        message: "is not UTF-8 from here on: save it as UTF-8 (a spreadsheet calls it \"CSV UTF-8\")".to_owned(),
        text: String::from_utf8_lossy(error.as_bytes()).into_owned(),
    })?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

/// The lines of a list that hold anything, with what stands between cells: the first of `;`, `,` and tab
/// in the first line.
pub(super) fn rows(source: usize, text: &str) -> impl Iterator<Item = Result<Row<'_>, BadLine>> {
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let delimiter = first.chars().find(|c| [';', ',', '\t'].contains(c)).unwrap_or(';');
    let mut start = 0;
    text.split('\n').enumerate().filter_map(move |(index, line)| {
        let at = start;
        start += line.len() + 1;
        let line = line.strip_suffix('\r').unwrap_or(line);
        let blank = line.chars().all(|c| c == delimiter || c.is_whitespace());
        let row = |cells| Row { line: index + 1, cells };
        (!blank).then(|| cells(source, line, at, delimiter).map(row))
    })
}

/// The cells of a line that begins at byte `at`.
fn cells(source: usize, line: &str, at: usize, delimiter: char) -> Result<Vec<Cell<'_>>, BadLine> {
    let mut found = Vec::new();
    let mut from = 0;
    loop {
        let rest = line.get(from..).unwrap_or_default();
        let blank = rest.len()
            - rest
                .trim_start_matches(|c: char| c != delimiter && c.is_whitespace())
                .len();
        let place = |start: usize, end: usize| Place {
            source,
            start: at + start,
            end: at + end,
        };
        let begin = from + blank;
        let rest = line.get(begin..).unwrap_or_default();
        let (text, end) = if let Some(inner) = rest.strip_prefix('"') {
            let (text, length) = quoted(inner).ok_or_else(|| BadLine {
                place: place(begin, line.len()),
                message: "this quotation mark is not closed on its line",
            })?;
            (text, begin + 1 + length)
        } else {
            let text = rest.split(delimiter).next().unwrap_or_default();
            (Cow::Borrowed(text.trim_end()), begin + text.len())
        };
        let behind = line.get(end..).unwrap_or_default().trim_start_matches(' ');
        let visible = begin + line.get(begin..end).unwrap_or_default().trim_end().len();
        found.push(Cell {
            text,
            place: place(begin, visible),
        });
        match behind.strip_prefix(delimiter) {
            Some(next) => from = line.len() - next.len(),
            None if behind.is_empty() => return Ok(found),
            None => {
                return Err(BadLine {
                    place: place(line.len() - behind.len(), line.len()),
                    message: "this stands behind a closing quotation mark: double the marks inside a cell",
                });
            }
        }
    }
}

/// What stands in quotation marks, a doubled one being one, and how many bytes that took with the closing mark.
fn quoted(inner: &str) -> Option<(Cow<'_, str>, usize)> {
    let mut from = 0;
    loop {
        let close = from + inner.get(from..)?.find('"')?;
        if inner.get(close + 1..).is_some_and(|rest| rest.starts_with('"')) {
            from = close + 2;
            continue;
        }
        let text = inner.get(..close)?;
        let text = if text.contains('"') {
            Cow::Owned(text.replace("\"\"", "\""))
        } else {
            Cow::Borrowed(text)
        };
        return Some((text, close + 1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn texts(text: &str) -> Vec<Vec<String>> {
        let cells = |row: Row| row.cells.into_iter().map(|cell| cell.text.into_owned()).collect();
        rows(0, text).map(|row| cells(row.unwrap())).collect()
    }

    #[test]
    fn the_first_line_says_what_stands_between_cells() {
        assert_eq!(
            texts("a;b\r\n1;\"x;\"\"y\"\"\" \n\n;;\n"),
            [["a", "b"], ["1", "x;\"y\""]]
        );
        assert_eq!(texts("a,b\n 1 , 2;3 "), [["a", "b"], ["1", "2;3"]]);
        assert_eq!(texts("a\tb\n1\t\n"), [["a", "b"], ["1", ""]]);
        assert!(texts("\n \n").is_empty());
    }

    #[test]
    fn what_is_quoted_ends_on_its_line() {
        let wrong = |text| rows(0, text).find_map(Result::err).unwrap();
        assert_eq!(wrong("a;b\n1;\"x\ny\"").place.start, 6);
        assert!(wrong("a;b\n\"1\"x;2").message.contains("behind a closing"));
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(rows in proptest::collection::vec(
            proptest::collection::vec("[a-z;,\"ü\t]{0,5}", 2..4), 0..5)) {
            let quote = |cell: &String| format!("\"{}\"", cell.replace('"', "\"\""));
            let line = |row: &Vec<String>| row.iter().map(quote).collect::<Vec<_>>().join(";");
            let text = std::iter::once("x;y".to_owned()).chain(rows.iter().map(line)).collect::<Vec<_>>().join("\r\n");
            prop_assert_eq!(&texts(&text)[1..], &rows[..]);
        }

        #[test]
        fn no_text_makes_it_panic_and_places_are_within(text in "[a;\"\\n\\r ü\t]{0,30}") {
            for row in rows(0, &text).flatten() {
                for cell in row.cells {
                    prop_assert!(text.get(cell.place.start..cell.place.end).is_some());
                }
            }
        }
    }
}
