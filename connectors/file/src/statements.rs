//! The rows of a file that says which order lines the figures contain.

use crate::content::FileFacts;
use crate::problem::{Fault, Refusal, quoted};
use crate::settings::{Duplicates, OrdersPlan};
use crate::structure::Promise;
use crate::table::{CellFault, Table};
use crate::verdict::{AsOf, Faults, count_unknown, keep_promise};
use omnistock_sdk::{StatementReport, StatementRow};
use omnistock_words::{ChannelName, LineId, OrderId, Quantity};
use rust_decimal::Decimal;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};

struct Columns {
    channel: usize,
    order: usize,
    line: usize,
    quantity: usize,
}

/// Reads a whole text. No rows at all is an answer: no order is contained yet. Any bad row refuses the file.
pub(crate) fn read(
    plan: &OrdersPlan,
    facts: &FileFacts,
    text: &str,
    mut table: Table<'_>,
    promise: Option<&Promise>,
) -> Result<StatementReport, Refusal> {
    let refuse = |fault: Fault| Refusal::named(&facts.title, text, &[fault], 1);
    let columns = Columns {
        channel: table.column(&plan.columns.channel),
        order: table.column(&plan.columns.order),
        line: table.column(&plan.columns.line),
        quantity: table.column(&plan.columns.quantity),
    };
    let as_of = AsOf::new(table.optional(plan.columns.as_of.as_ref()));
    let mut faults = Faults::default();
    table.header_faults().into_iter().for_each(|fault| faults.file(fault));
    let mut rows = Rows {
        plan,
        columns,
        as_of,
        lines: Vec::new(),
        seen: HashMap::new(),
        unknown: BTreeMap::new(),
        sum: Decimal::ZERO,
    };
    if faults.whole > 0 {
        return Err(faults.refusal(&facts.title, text));
    }
    while !faults.enough() && table.advance().map_err(refuse)? {
        if let Err(fault) = rows.take(&table) {
            faults.row(&table, &fault);
        }
    }
    if faults.rows == 0 {
        table.absent_faults().into_iter().for_each(|fault| faults.file(fault));
    }
    if let (Some(promise), 0) = (promise, faults.whole + faults.rows) {
        keep_promise(promise, table.rows(), rows.sum, &mut faults);
    }
    if faults.whole + faults.rows > 0 {
        return Err(faults.refusal(&facts.title, text));
    }
    let as_of = rows.as_of.instant(facts);
    Ok(StatementReport {
        title: facts.title.clone(),
        as_of,
        rows: rows.lines,
        unknown_channels: rows.unknown,
    })
}

struct Rows<'p> {
    plan: &'p OrdersPlan,
    columns: Columns,
    as_of: AsOf,
    lines: Vec<StatementRow>,
    seen: HashMap<(ChannelName, OrderId, LineId), (usize, usize)>,
    unknown: BTreeMap<String, u64>,
    sum: Decimal,
}

impl Rows<'_> {
    fn take(&mut self, table: &Table<'_>) -> Result<(), CellFault> {
        table.check_row()?;
        self.as_of.row(table)?;
        let order = OrderId::new(table.word(self.columns.order, "order")?)
            .map_err(|error| CellFault::new(self.columns.order, format!("order is {error}")))?;
        let line = LineId::new(table.word(self.columns.line, "line")?)
            .map_err(|error| CellFault::new(self.columns.line, format!("line is {error}")))?;
        let quantity = self.quantity(table)?;
        let channel = table.word(self.columns.channel, "channel")?;
        let Ok(channel) = ChannelName::new(channel) else {
            count_unknown(&mut self.unknown, channel);
            self.sum += quantity.decimal();
            return Ok(());
        };
        self.add(
            table,
            StatementRow {
                channel,
                order,
                line,
                quantity,
            },
        )
    }

    fn quantity(&self, table: &Table<'_>) -> Result<Quantity, CellFault> {
        let column = self.columns.quantity;
        let cell = table.cell(column);
        let quantity = table.number(column, self.plan.format.number).quantity(cell);
        let quantity = quantity.map_err(|what| CellFault::new(column, format!("quantity {what}")))?;
        if quantity.is_negative() {
            return Err(CellFault::new(
                column,
                format!("quantity {} of an order line is below zero", quoted(cell)),
            ));
        }
        Ok(quantity)
    }

    fn add(&mut self, table: &Table<'_>, row: StatementRow) -> Result<(), CellFault> {
        self.sum += row.quantity.decimal();
        match self
            .seen
            .entry((row.channel.clone(), row.order.clone(), row.line.clone()))
        {
            Entry::Vacant(slot) => {
                slot.insert((self.lines.len(), table.start()));
                self.lines.push(row);
                Ok(())
            }
            Entry::Occupied(slot) if self.plan.duplicates == Duplicates::Sum => {
                if let Some(first) = self.lines.get_mut(slot.get().0) {
                    first.quantity += row.quantity;
                }
                Ok(())
            }
            Entry::Occupied(slot) => {
                let there = table.there(slot.get().1);
                let message = format!(
                    "order {:?} line {:?} of {} already stands {there}; duplicates = \"sum\" would add such rows up",
                    row.order, row.line, row.channel
                );
                Err(CellFault {
                    column: self.columns.order,
                    message,
                    whole_file: true,
                })
            }
        }
    }
}
