//! Rows with columns by name and faults with their place, whatever kind of file they stand in.

use crate::csv_rows::CsvRows;
use crate::number::NumberFormat;
use crate::problem::Fault;
use crate::records::{Records, Value};

/// Rows of one file at most.
pub(crate) const MOST_ROWS: usize = 5_000_000;

/// What is wrong with one cell of a row.
#[derive(Debug, Clone)]
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

/// The rows of a text that was proven to be whole.
pub(crate) struct Table<'t> {
    text: &'t str,
    trim: bool,
    body: Body<'t>,
    rows: usize,
}

enum Body<'t> {
    Csv(CsvRows<'t>),
    Records(Records<'t>),
}

impl<'t> Table<'t> {
    /// Of CSV; its header has been read.
    pub(crate) fn csv(text: &'t str, rows: CsvRows<'t>, trim: bool) -> Self {
        let body = Body::Csv(rows);
        Self {
            text,
            trim,
            body,
            rows: 0,
        }
    }

    /// Of documents whose rows name their own fields.
    pub(crate) fn records(text: &'t str, rows: Records<'t>, trim: bool) -> Self {
        let body = Body::Records(rows);
        Self {
            text,
            trim,
            body,
            rows: 0,
        }
    }

    /// The place of a column; one that is missing is remembered for `header_faults` or `absent_faults`.
    pub(crate) fn column(&mut self, name: &str) -> usize {
        match &mut self.body {
            Body::Csv(rows) => rows.column(name),
            Body::Records(rows) => rows.column(name),
        }
    }

    /// The place of a column that may not be configured.
    pub(crate) fn optional(&mut self, name: Option<&String>) -> Option<usize> {
        name.map(|name| self.column(name))
    }

    /// What `column` did not find in the header.
    pub(crate) fn header_faults(&self) -> Vec<Fault> {
        match &self.body {
            Body::Csv(rows) => rows.header_faults(),
            Body::Records(_) => Vec::new(),
        }
    }

    /// Columns that none of the rows read so far has.
    pub(crate) fn absent_faults(&self) -> Vec<Fault> {
        match &self.body {
            Body::Csv(_) => Vec::new(),
            Body::Records(_) if self.rows == 0 => Vec::new(),
            Body::Records(rows) => rows.absent_faults(),
        }
    }

    /// Goes to the next row; false at the end. Blank lines are no rows.
    pub(crate) fn advance(&mut self) -> Result<bool, Fault> {
        let more = match &mut self.body {
            Body::Csv(rows) => rows.advance()?,
            Body::Records(rows) => rows.advance()?,
        };
        self.rows += usize::from(more);
        if self.rows > MOST_ROWS {
            let message = format!("more than {MOST_ROWS} rows: split the file by location");
            return Err(Fault::new(self.start(), message));
        }
        Ok(more)
    }

    /// Rows read so far.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Where the present row begins.
    pub(crate) fn start(&self) -> usize {
        match &self.body {
            Body::Csv(rows) => rows.start(),
            Body::Records(rows) => rows.start(),
        }
    }

    /// What to say of a file without rows, and where.
    pub(crate) fn no_rows(&self) -> Fault {
        let (offset, what) = match &self.body {
            Body::Csv(_) => (self.text.len(), "a header and no rows"),
            Body::Records(rows) => (rows.start(), "no rows"),
        };
        Fault::new(offset, format!("{what}: a failed export, not an empty shop"))
    }

    /// Says where an earlier row stands, for a sentence: a document may have all of them in one line.
    pub(crate) fn there(&self, offset: usize) -> String {
        let (line, column) = crate::problem::place(self.text, offset);
        match &self.body {
            Body::Records(rows) if !rows.by_line() => format!("at {line}:{column}"),
            _ => format!("in line {line}"),
        }
    }

    /// A fault of the present row with its place.
    pub(crate) fn fault(&self, fault: &CellFault) -> Fault {
        match &self.body {
            Body::Csv(rows) => Fault::new(rows.offset(fault.column), fault.message.clone()),
            Body::Records(rows) => {
                let absent = rows.absent(fault.column);
                let hint = absent.map(|hint| format!(": {hint}")).unwrap_or_default();
                let row = if rows.by_line() {
                    String::new()
                } else {
                    format!("row {}: ", self.rows)
                };
                Fault::new(rows.offset(fault.column), format!("{row}{}{hint}", fault.message))
            }
        }
    }

    /// Refuses a row that can't be told apart into its cells.
    pub(crate) fn check_row(&self) -> Result<(), CellFault> {
        match &self.body {
            Body::Csv(rows) => rows.check_width(),
            Body::Records(rows) => rows.check_row(),
        }
    }

    /// A cell of the present row; blank where there is none.
    pub(crate) fn cell(&self, column: usize) -> &str {
        let cell = match &self.body {
            Body::Csv(rows) => rows.cell(column),
            Body::Records(rows) => rows.cell(column),
        };
        if self.trim { cell.trim() } else { cell }
    }

    /// A cell that names something: neither blank nor a value that has lost its letters on the way.
    pub(crate) fn word(&self, column: usize, what: &str) -> Result<&str, CellFault> {
        let cell = self.cell(column);
        if cell.trim().is_empty() {
            return Err(CellFault::new(column, format!("{what} is blank")));
        }
        let value = match &self.body {
            Body::Csv(_) => Value::Text,
            Body::Records(rows) => rows.value(column),
        };
        let shown = || crate::problem::quoted(cell);
        let wrong = match value {
            Value::Number if !cell.bytes().all(|byte| byte.is_ascii_digit()) => {
                format!(
                    "{what} {} is a number that may have lost signs: export it as text",
                    shown()
                )
            }
            Value::Word | Value::Nested => format!("{what} {} is neither a text nor a number", shown()),
            _ => return Ok(cell),
        };
        Err(CellFault::new(column, wrong))
    }

    /// How the number in this cell is written: as configured, unless the kind of file says it itself.
    pub(crate) fn number(&self, column: usize, configured: NumberFormat) -> NumberFormat {
        match &self.body {
            Body::Records(rows) if rows.value(column) == Value::Number => NumberFormat::JSON,
            _ => configured,
        }
    }
}
