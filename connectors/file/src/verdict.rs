//! What is said of the rows of a file: its faults, the promise it keeps or not, its one time.

use crate::content::FileFacts;
use crate::problem::{Fault, MOST_NAMED, Refusal};
use crate::structure::Promise;
use crate::table::{CellFault, Table};
use omnistock_words::Millis;
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// The faults of a file, the first of them kept by name.
#[derive(Default)]
pub(crate) struct Faults {
    named: Vec<Fault>,
    /// Faults of single rows, which `bad_rows` may allow.
    pub(crate) rows: usize,
    /// Faults that refuse the file in any case.
    pub(crate) whole: usize,
}

impl Faults {
    /// Notes a fault of the present row.
    pub(crate) fn row(&mut self, table: &Table<'_>, fault: &CellFault) {
        if fault.whole_file {
            self.whole += 1;
        } else {
            self.rows += 1;
        }
        if self.named.len() < MOST_NAMED {
            self.named.push(table.fault(fault));
        }
    }

    /// Notes a fault of the file.
    pub(crate) fn file(&mut self, fault: Fault) {
        self.whole += 1;
        if self.named.len() < MOST_NAMED {
            self.named.push(fault);
        }
    }

    /// As many as are named: going on would only count.
    pub(crate) fn enough(&self) -> bool {
        self.named.len() >= MOST_NAMED
    }

    /// The reason.
    pub(crate) fn refusal(&self, title: &str, text: &str) -> Refusal {
        Refusal::named(title, text, &self.named, self.rows + self.whole)
    }
}

/// Compares what the trailer promised with what was read.
pub(crate) fn keep_promise(promise: &Promise, rows: usize, sum: Decimal, faults: &mut Faults) {
    let word = promise.word;
    if let Some(written) = &promise.rows
        && written.trim().parse() != Ok(rows)
    {
        faults.file(Fault::new(
            promise.offset,
            format!("the {word} says {written:?} rows, the file has {rows}"),
        ));
    }
    if let Some(written) = &promise.sum
        && promise.number.amount(written) != Ok(sum)
    {
        let sum = sum.normalize();
        faults.file(Fault::new(
            promise.offset,
            format!("the {word} says the quantities add up to {written:?}, they make {sum}"),
        ));
    }
}

/// The one time of a file whose rows may carry it.
pub(crate) struct AsOf {
    column: Option<usize>,
    /// The first row's text, its line start and its instant.
    first: Option<(String, usize, Millis)>,
}

impl AsOf {
    pub(crate) fn new(column: Option<usize>) -> Self {
        Self { column, first: None }
    }

    /// Reads the present row's; all rows must agree.
    pub(crate) fn row(&mut self, table: &Table<'_>) -> Result<(), CellFault> {
        let Some(column) = self.column else { return Ok(()) };
        let cell = table.cell(column);
        if let Some((text, offset, instant)) = &self.first {
            if text == cell || cell.parse() == Ok(*instant) {
                return Ok(());
            }
            let there = table.there(*offset);
            let shown = crate::problem::quoted(cell);
            let message = format!("as_of {shown} differs from {text:?} {there}: a file has one time");
            return Err(CellFault {
                column,
                message,
                whole_file: true,
            });
        }
        let instant = cell.parse().map_err(|error| {
            let message = format!(
                "as_of {} is {error}, with its offset from UTC",
                crate::problem::quoted(cell)
            );
            CellFault {
                column,
                message,
                whole_file: true,
            }
        })?;
        self.first = Some((cell.to_owned(), table.start(), instant));
        Ok(())
    }

    /// The column's instant, else the time the file was last written.
    pub(crate) fn instant(&self, facts: &FileFacts) -> Millis {
        self.first.as_ref().map_or(facts.modified, |(_, _, instant)| *instant)
    }
}

/// Counts a name that we don't know. Names beyond a thousand are counted together.
pub(crate) fn count_unknown(unknown: &mut BTreeMap<String, u64>, name: &str) {
    const MOST: usize = 1_000;
    if let Some(count) = unknown.get_mut(name) {
        *count += 1;
    } else if unknown.len() < MOST {
        unknown.insert(name.chars().take(200).collect(), 1);
    } else {
        *unknown.entry("(others)".to_owned()).or_default() += 1;
    }
}
