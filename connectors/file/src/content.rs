//! The bytes of one file to a report, or to the reasons why not.

use crate::decode::decode;
use crate::format::Format;
use crate::problem::{Fault, MOST_NAMED, Refusal};
use crate::settings::Plan;
use crate::structure::{Promise, check_bytes, check_text, split_trailer};
use crate::table::{CellFault, Table};
use crate::{statements, stock};
use omnistock_sdk::{LocationCodes, Report};
use omnistock_words::Millis;
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// What a file is called and when it was last written.
#[derive(Debug, Clone)]
pub(crate) struct FileFacts {
    pub(crate) title: String,
    pub(crate) modified: Millis,
}

/// A stock file.
pub(crate) fn stock(plan: &Plan, codes: &LocationCodes, facts: &FileFacts, bytes: Vec<u8>) -> Result<Report, Refusal> {
    let text = prepared(&facts.title, bytes, &plan.stock.format)?;
    let (body, promise) = body(&facts.title, &text, &plan.stock.format)?;
    stock::read(&plan.stock, codes, facts, body, promise.as_ref()).map(Report::Stock)
}

/// A file of order statements.
pub(crate) fn statements(
    plan: &crate::settings::OrdersPlan,
    facts: &FileFacts,
    bytes: Vec<u8>,
) -> Result<Report, Refusal> {
    let text = prepared(&facts.title, bytes, &plan.format)?;
    let (body, promise) = body(&facts.title, &text, &plan.format)?;
    statements::read(plan, facts, body, promise.as_ref()).map(Report::Statements)
}

fn prepared(title: &str, bytes: Vec<u8>, format: &Format) -> Result<String, Refusal> {
    check_bytes(title, &bytes)?;
    // Whatever else is wrong: without a line end its writer may still be at work.
    // Two bytes, as a line end of UTF-16 is two bytes wide.
    let ended = bytes.iter().rev().take(2).any(|byte| matches!(byte, b'\n' | b'\r'));
    let checked =
        decode(title, bytes, format.encoding).and_then(|text| check_text(title, &text, format.shape).map(|()| text));
    checked.map_err(|refusal| if ended { refusal } else { refusal.unfinished() })
}

fn body<'t>(title: &str, text: &'t str, format: &Format) -> Result<(&'t str, Option<Promise>), Refusal> {
    let Some(pattern) = &format.trailer else {
        return Ok((text, None));
    };
    let (body, promise) = split_trailer(title, text, pattern, format.shape)?;
    Ok((body, Some(promise)))
}

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
pub(crate) fn keep_promise(promise: &Promise, rows: usize, sum: Decimal, format: &Format, faults: &mut Faults) {
    if let Some(written) = &promise.rows
        && written.trim().parse() != Ok(rows)
    {
        faults.file(Fault::new(
            promise.offset,
            format!("the trailer says {written:?} rows, the file has {rows}"),
        ));
    }
    if let Some(written) = &promise.sum
        && format.number.amount(written) != Ok(sum)
    {
        let sum = sum.normalize();
        faults.file(Fault::new(
            promise.offset,
            format!("the trailer says the quantities add up to {written:?}, they make {sum}"),
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
            let (line, _) = table.place(*offset);
            let shown = crate::problem::quoted(cell);
            let message = format!("as_of {shown} differs from {text:?} in line {line}: a file has one time");
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
