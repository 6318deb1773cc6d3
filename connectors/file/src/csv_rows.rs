//! A proven CSV text as a header and rows, with columns by name and faults with their place.

use crate::problem::{Fault, MOST_NAMED, quoted};
use crate::structure::{Shape, cell_offset};
use crate::table::CellFault;
use csv::ByteRecord;
use omnistock_sdk::nearest;

/// Columns of one file at most.
const MOST_COLUMNS: usize = 2_000;

/// The rows of a text. Its quotes must have been proven.
pub(crate) struct CsvRows<'t> {
    text: &'t str,
    shape: Shape,
    reader: csv::Reader<&'t [u8]>,
    header: Vec<String>,
    missing: Vec<String>,
    record: ByteRecord,
}

impl<'t> CsvRows<'t> {
    /// Reads the header.
    pub(crate) fn new(text: &'t str, shape: Shape) -> Result<Self, Fault> {
        let reader = csv::ReaderBuilder::new()
            .delimiter(shape.delimiter)
            .quoting(shape.quote.is_some())
            .quote(shape.quote.unwrap_or(b'"'))
            .has_headers(false)
            // Ragged rows are refused by `check_width`, which can say where they are.
            .flexible(true)
            .buffer_capacity(1 << 16)
            .from_reader(text.as_bytes());
        let mut table = Self {
            text,
            shape,
            reader,
            header: Vec::new(),
            missing: Vec::new(),
            record: ByteRecord::new(),
        };
        if !table.advance()? || table.record.len() > MOST_COLUMNS {
            return Err(Fault::new(
                0,
                format!("no header line with at most {MOST_COLUMNS} columns"),
            ));
        }
        table.header = table
            .record
            .iter()
            .map(|cell| String::from_utf8_lossy(cell).trim().to_owned())
            .collect();
        Ok(table)
    }

    /// The place of a column; one that is missing or there twice is remembered for `header_faults`.
    pub(crate) fn column(&mut self, name: &str) -> usize {
        let mut found = self
            .header
            .iter()
            .enumerate()
            .filter(|(_, header)| *header == name)
            .map(|(index, _)| index);
        match (found.next(), found.next()) {
            (Some(index), None) => index,
            (Some(first), Some(second)) => {
                let message = format!(
                    "column {} stands twice, as number {} and {}",
                    quoted(name),
                    first + 1,
                    second + 1
                );
                self.missing.push(message);
                first
            }
            (None, _) => {
                self.missing.push(self.no_column(name));
                0
            }
        }
    }

    fn no_column(&self, name: &str) -> String {
        let mut found: Vec<String> = self
            .header
            .iter()
            .take(MOST_NAMED)
            .map(|header| quoted(header))
            .collect();
        if self.header.len() > found.len() {
            found.push("…".into());
        }
        let found = found.join(", ");
        if self.header.len() == 1 {
            let json = self.text.trim_start().starts_with(['{', '[']);
            let hint = if json {
                "this looks like JSON: set format.kind"
            } else {
                "is format.delimiter right?"
            };
            return format!("no column {}: there is only the column {found}; {hint}", quoted(name));
        }
        let nearest = nearest(name, self.header.iter().map(String::as_str));
        let hint = nearest
            .map(|header| format!("; did you mean {}?", quoted(header)))
            .unwrap_or_default();
        format!("no column {}: the columns are {found}{hint}", quoted(name))
    }

    /// What `column` did not find.
    pub(crate) fn header_faults(&self) -> Vec<Fault> {
        self.missing
            .iter()
            .map(|message| Fault::new(0, message.clone()))
            .collect()
    }

    /// Goes to the next row; false at the end. Blank lines are no rows.
    pub(crate) fn advance(&mut self) -> Result<bool, Fault> {
        self.reader
            .read_byte_record(&mut self.record)
            .map_err(|error| Fault::new(0, format!("can't be read as CSV: {error}")))
    }

    /// Where the present row begins.
    pub(crate) fn start(&self) -> usize {
        let position = self.record.position().map_or(0, csv::Position::byte);
        let start = usize::try_from(position).unwrap_or(usize::MAX).min(self.text.len());
        let rest = self.text.get(start..).unwrap_or_default();
        // The reader begins a record before the line ends that it skips.
        start + rest.len() - rest.trim_start_matches(['\r', '\n']).len()
    }

    /// Where a cell of the present row begins.
    pub(crate) fn offset(&self, column: usize) -> usize {
        cell_offset(self.text, self.start(), column, self.shape)
    }

    /// Refuses a row that has more or fewer cells than the header.
    pub(crate) fn check_width(&self) -> Result<(), CellFault> {
        let (found, wanted) = (self.record.len(), self.header.len());
        if found == wanted {
            return Ok(());
        }
        let cells = if found == 1 { "cell" } else { "cells" };
        let message = format!("the row has {found} {cells}, the header has {wanted}");
        Err(CellFault::new(if found > wanted { wanted } else { found }, message))
    }

    /// A cell of the present row; blank where there is none.
    pub(crate) fn cell(&self, column: usize) -> &str {
        let cell = self.record.get(column).unwrap_or_default();
        std::str::from_utf8(cell).unwrap_or_default()
    }
}
