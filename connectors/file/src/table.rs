//! A proven text as a header and rows, with columns by name and faults with their place.

use crate::problem::{Fault, MOST_NAMED, quoted};
use crate::structure::{Shape, cell_offset};
use csv::ByteRecord;
use omnistock_sdk::nearest;

/// Rows of one file at most.
pub(crate) const MOST_ROWS: usize = 5_000_000;
/// Columns of one file at most.
const MOST_COLUMNS: usize = 2_000;

/// What is wrong with one cell of a row.
#[derive(Debug)]
pub(crate) struct CellFault {
    /// The cell, from 0.
    pub(crate) column: usize,
    pub(crate) message: String,
    /// Refuses the file whatever `bad_rows` says.
    pub(crate) whole_file: bool,
}

impl CellFault {
    pub(crate) fn new(column: usize, message: impl Into<String>) -> Self {
        Self {
            column,
            message: message.into(),
            whole_file: false,
        }
    }
}

/// The rows of a text. Its quotes must have been proven.
pub(crate) struct Table<'t> {
    text: &'t str,
    shape: Shape,
    trim: bool,
    reader: csv::Reader<&'t [u8]>,
    header: Vec<String>,
    missing: Vec<String>,
    record: ByteRecord,
    rows: usize,
}

impl<'t> Table<'t> {
    /// Reads the header.
    pub(crate) fn new(text: &'t str, shape: Shape, trim: bool) -> Result<Self, Fault> {
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
            trim,
            reader,
            header: Vec::new(),
            missing: Vec::new(),
            record: ByteRecord::new(),
            rows: 0,
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
        table.rows = 0;
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

    /// The place of a column that may not be configured.
    pub(crate) fn optional(&mut self, name: Option<&String>) -> Option<usize> {
        name.map(|name| self.column(name))
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
            return format!(
                "no column {}: there is only the column {found}; is format.delimiter right?",
                quoted(name)
            );
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
        let more = self
            .reader
            .read_byte_record(&mut self.record)
            .map_err(|error| Fault::new(0, format!("can't be read as CSV: {error}")))?;
        self.rows += usize::from(more);
        if self.rows > MOST_ROWS {
            return Err(Fault::new(
                self.start(),
                format!("more than {MOST_ROWS} rows: split the file by location"),
            ));
        }
        Ok(more)
    }

    /// Rows read so far.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Where the present row begins.
    pub(crate) fn start(&self) -> usize {
        let position = self.record.position().map_or(0, csv::Position::byte);
        let start = usize::try_from(position).unwrap_or(usize::MAX).min(self.text.len());
        let rest = self.text.get(start..).unwrap_or_default();
        // The reader begins a record before the line ends that it skips.
        start + rest.len() - rest.trim_start_matches(['\r', '\n']).len()
    }

    /// Line and column of an offset.
    pub(crate) fn place(&self, offset: usize) -> (usize, usize) {
        crate::problem::place(self.text, offset)
    }

    /// A fault of the present row with its place.
    pub(crate) fn fault(&self, fault: &CellFault) -> Fault {
        let offset = cell_offset(self.text, self.start(), fault.column, self.shape);
        Fault::new(offset, fault.message.clone())
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
        let cell = std::str::from_utf8(cell).unwrap_or_default();
        if self.trim { cell.trim() } else { cell }
    }
}
