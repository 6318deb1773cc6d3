//! The rows of a stock file.

use crate::content::FileFacts;
use crate::prices::Prices;
use crate::problem::{Fault, Refusal, quoted};
use crate::settings::{BadRows, Duplicates, StockPlan};
use crate::structure::Promise;
use crate::table::{CellFault, Table};
use crate::twice::Twice;
use crate::verdict::{AsOf, Faults, count_unknown, keep_promise};
use omnistock_sdk::{LocationCodes, StockReport, StockRow, StockRows};
use omnistock_words::{LocationName, Quantity, Sku};
use rust_decimal::Decimal;
use std::collections::{BTreeMap, HashMap};

/// Reads a whole text. Memory grows with its rows.
pub(crate) fn read(
    plan: &StockPlan,
    codes: &LocationCodes,
    facts: &FileFacts,
    text: &str,
    mut table: Table<'_>,
    promise: Option<&Promise>,
) -> Result<StockReport, Refusal> {
    let refuse = |fault: Fault| Refusal::named(&facts.title, text, &[fault], 1);
    let mut rows = Rows::new(plan, codes, &mut table);
    let mut faults = Faults::default();
    table.header_faults().into_iter().for_each(|fault| faults.file(fault));
    if faults.whole > 0 {
        return Err(faults.refusal(&facts.title, text));
    }
    let mut all_read = true;
    while table.advance().map_err(refuse)? {
        if let Err(fault) = rows.take(&table) {
            rows.left_out(&table, &fault);
            faults.row(&table, &fault);
        }
        let hopeless = faults.whole > 0 || matches!(plan.bad_rows, BadRows::Refuse);
        if hopeless && faults.enough() {
            all_read = false;
            break;
        }
    }
    // Where every row is bad, each of them has said so itself.
    if all_read && faults.rows < table.rows() {
        table.absent_faults().into_iter().for_each(|fault| faults.file(fault));
    }
    rows.finish(facts, text, &table, promise, faults)
}

/// Where the columns are.
struct Columns {
    sku: usize,
    quantity: usize,
    location: Option<usize>,
    sellable: Option<usize>,
}

struct Rows<'p> {
    plan: &'p StockPlan,
    codes: &'p LocationCodes,
    columns: Columns,
    as_of: AsOf,
    prices: Prices,
    /// Places met so far; rows refer to them by index.
    places: Vec<LocationName>,
    /// What a code means, bounded.
    known: HashMap<Box<str>, Option<u32>>,
    figures: StockRows,
    /// Where each of them stands in the text.
    offsets: Vec<u32>,
    /// What tells a row that stands twice.
    twice: Twice,
    /// Keys of rows that are left out.
    without: Vec<(Sku, u32)>,
    /// A row is left out whose key can't be read.
    unreadable: bool,
    unknown: BTreeMap<String, u64>,
    sum: Decimal,
}

impl<'p> Rows<'p> {
    fn new(plan: &'p StockPlan, codes: &'p LocationCodes, table: &mut Table<'_>) -> Self {
        let names = &plan.columns;
        let columns = Columns {
            sku: table.column(&names.sku),
            quantity: table.column(&names.quantity),
            location: table.optional(names.location.as_ref()),
            sellable: table.optional(names.sellable.as_ref()),
        };
        let as_of = AsOf::new(table.optional(names.as_of.as_ref()));
        let prices = Prices::new(plan, table);
        // Reports don't carry these yet; a column that is configured and missing is a fault all the same.
        for name in [&names.brand, &names.category, &names.tags].into_iter().flatten() {
            table.column(name);
        }
        Self {
            plan,
            codes,
            columns,
            as_of,
            prices,
            places: plan.location.iter().cloned().collect(),
            known: HashMap::new(),
            figures: StockRows::default(),
            offsets: Vec::new(),
            twice: Twice::default(),
            without: Vec::new(),
            unreadable: false,
            unknown: BTreeMap::new(),
            sum: Decimal::ZERO,
        }
    }

    /// Takes the present row, or leaves no trace of it.
    fn take(&mut self, table: &Table<'_>) -> Result<(), CellFault> {
        table.check_row()?;
        self.as_of.row(table)?;
        let sku = self.sku(table)?;
        let place = self.place(table)?;
        let number = table.number(self.columns.quantity, self.plan.format.number);
        let quantity = number.quantity(table.cell(self.columns.quantity));
        let quantity = quantity.map_err(|what| CellFault::new(self.columns.quantity, format!("quantity {what}")))?;
        let sellable = self.sellable(table)?;
        let Some(place) = place else {
            let code = table.cell(self.columns.location.unwrap_or_default());
            count_unknown(&mut self.unknown, code);
            self.sum += quantity.decimal();
            return Ok(());
        };
        self.prices.row(table, &sku)?;
        self.add(table, sku, place, quantity, sellable)
    }

    fn add(
        &mut self,
        table: &Table<'_>,
        sku: Sku,
        place: u32,
        quantity: Quantity,
        sellable: bool,
    ) -> Result<(), CellFault> {
        let location = self.places.get(usize::try_from(place).unwrap_or(usize::MAX)).cloned();
        let Some(location) = location else { return Ok(()) };
        let row = StockRow {
            sku,
            location,
            quantity,
            sellable,
        };
        match self.twice.earlier(&self.figures, &row) {
            None => {
                self.offsets.push(u32::try_from(table.start()).unwrap_or(u32::MAX));
                self.figures.push(&row);
                self.twice.added(&self.figures);
            }
            Some(first) => self.again(table, first, row)?,
        }
        self.sum += quantity.decimal();
        Ok(())
    }

    /// A row of a SKU and location that an earlier one has: added up where that is wanted.
    fn again(&mut self, table: &Table<'_>, first: usize, row: StockRow) -> Result<(), CellFault> {
        let (sku, location) = (&row.sku, &row.location);
        let offset = self.offsets.get(first).copied().unwrap_or_default();
        let there = table.there(usize::try_from(offset).unwrap_or(usize::MAX));
        let fault = |column, message| CellFault {
            column,
            message,
            whole_file: true,
        };
        if self.plan.duplicates != Duplicates::Sum {
            let message = format!(
                "sku {sku:?} at {location} already stands {there}; duplicates = \"sum\" would add such rows up"
            );
            return Err(fault(self.columns.sku, message));
        }
        let Some(known) = self.figures.seen(first) else {
            return Ok(());
        };
        if known.sellable != row.sellable {
            let message = format!("sku {sku:?} at {location} is for sale in one row and not in the other, {there}");
            return Err(fault(self.columns.sellable.unwrap_or(self.columns.sku), message));
        }
        let quantity = known.quantity + row.quantity;
        self.figures.set(first, &StockRow { quantity, ..row });
        Ok(())
    }

    fn sku(&self, table: &Table<'_>) -> Result<Sku, CellFault> {
        let column = self.columns.sku;
        let cell = table.word(column, "sku")?;
        if mangled(cell) {
            let message = format!(
                "sku {} was turned into a number by a spreadsheet: export the column as text",
                quoted(cell)
            );
            return Err(CellFault::new(column, message));
        }
        Sku::new(cell).map_err(|error| CellFault::new(column, format!("sku {} is {error}", quoted(cell))))
    }

    /// The index of the row's place; `None` where we don't know it.
    fn place(&mut self, table: &Table<'_>) -> Result<Option<u32>, CellFault> {
        const MOST_CACHED: usize = 10_000;
        let Some(column) = self.columns.location else {
            return Ok(Some(0));
        };
        let code = table.word(column, "location")?;
        if let Some(place) = self.known.get(code) {
            return Ok(*place);
        }
        let place = self.codes.name(code).map(|name| {
            let met = self.places.iter().position(|place| *place == name).unwrap_or_else(|| {
                self.places.push(name);
                self.places.len() - 1
            });
            u32::try_from(met).unwrap_or(u32::MAX)
        });
        if self.known.len() < MOST_CACHED {
            self.known.insert(code.into(), place);
        }
        Ok(place)
    }

    fn sellable(&self, table: &Table<'_>) -> Result<bool, CellFault> {
        let Some(column) = self.columns.sellable else {
            return Ok(true);
        };
        let cell = table.cell(column);
        match cell.trim().to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "y" | "ja" | "j" => Ok(true),
            "false" | "0" | "no" | "n" | "nein" => Ok(false),
            _ => Err(CellFault::new(
                column,
                format!("sellable {} is neither yes nor no", quoted(cell)),
            )),
        }
    }

    /// Remembers which figure a bad row would have given.
    fn left_out(&mut self, table: &Table<'_>, fault: &CellFault) {
        if fault.whole_file || matches!(self.plan.bad_rows, BadRows::Refuse) {
            return;
        }
        let readable = table.check_row().is_ok();
        match (readable, self.sku(table), self.place(table)) {
            (true, Ok(sku), Ok(Some(place))) => self.without.push((sku, place)),
            (true, Ok(_), Ok(None)) => {}
            _ => self.unreadable = true,
        }
        let shown = table.fault(fault);
        tracing::debug!(offset = shown.offset, message = %shown.message, "row left out");
    }

    fn finish(
        mut self,
        facts: &FileFacts,
        text: &str,
        table: &Table<'_>,
        promise: Option<&Promise>,
        mut faults: Faults,
    ) -> Result<StockReport, Refusal> {
        let (bad, total) = (faults.rows, table.rows());
        if total == 0 {
            return Err(Refusal::named(&facts.title, text, &[table.no_rows()], 1).unfinished());
        }
        let too_many = match self.plan.bad_rows {
            BadRows::Refuse => bad > 0,
            BadRows::KeepLast(share) => share.exceeded_by(Decimal::from(bad), Decimal::from(total)),
        };
        // A row that can't be placed may belong to any sum.
        let unsure = self.unreadable && self.plan.duplicates == Duplicates::Sum;
        if let (Some(promise), false) = (promise, too_many) {
            keep_promise(promise, total, self.sum, &mut faults);
        }
        if too_many || unsure || faults.whole > 0 {
            return Err(faults.refusal(&facts.title, text));
        }
        self.forget_left_out();
        let title = if bad == 0 {
            facts.title.clone()
        } else {
            format!("{} ({bad} of {total} rows left out)", facts.title)
        };
        if bad > 0 {
            tracing::warn!(file = %facts.title, "{}", faults.refusal(&facts.title, text).reason);
        }
        Ok(StockReport {
            title,
            as_of: self.as_of.instant(facts),
            complete: bad == 0,
            rows: self.figures,
            prices: self.prices.finish(),
            unknown_locations: self.unknown,
        })
    }

    /// A key of which one row is bad has no figure in this file, whatever its other rows say.
    fn forget_left_out(&mut self) {
        if self.without.is_empty() {
            return;
        }
        let places = &self.places;
        let place_of = |place: u32| usize::try_from(place).ok().and_then(|index| places.get(index));
        let without: std::collections::HashSet<(&Sku, Option<&LocationName>)> = self
            .without
            .iter()
            .map(|(sku, place)| (sku, place_of(*place)))
            .collect();
        let kept = self.figures.iter();
        let kept = kept.filter(|row| !without.contains(&(&row.sku, Some(&row.location))));
        self.figures = kept.collect();
    }
}

/// `4,00638E+12`: an EAN as a spreadsheet shows it. Two articles would become one.
fn mangled(cell: &str) -> bool {
    let Some((number, exponent)) = cell.trim().split_once("E+") else {
        return false;
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let fraction = number.split_once([',', '.']);
    digits(exponent) && exponent.len() <= 3 && fraction.is_some_and(|(whole, rest)| digits(whole) && digits(rest))
}
