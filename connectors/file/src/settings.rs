//! The connector's keys: as they stand in the table, and checked.

use crate::format::Format;
use crate::format_table::FormatTable;
use crate::kind::FileKind;
use crate::pattern::Pattern;
use omnistock_sdk::{ConnectorContext, SettingProblem, read_settings};
use omnistock_words::{Currency, LocationName, Percent, PriceListName};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::time::Duration;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileTable {
    path: String,
    columns: StockColumns,
    location: Option<LocationName>,
    #[serde(default)]
    format: FormatTable,
    #[serde(default)]
    bad_rows: BadRows,
    #[serde(default)]
    duplicates: Duplicates,
    orders: Option<OrdersTable>,
    price_list: Option<PriceListName>,
    currency: Option<Currency>,
    settle: Option<String>,
    max_bytes: Option<u64>,
}

/// Names of the columns of a stock file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StockColumns {
    pub(crate) sku: String,
    pub(crate) quantity: String,
    pub(crate) location: Option<String>,
    pub(crate) as_of: Option<String>,
    pub(crate) sellable: Option<String>,
    price: Option<PriceColumns>,
    pub(crate) currency: Option<String>,
    pub(crate) brand: Option<String>,
    pub(crate) category: Option<String>,
    pub(crate) tags: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged, expecting = "the name of a column, or a table { price list = column }")]
enum PriceColumns {
    One(String),
    Lists(BTreeMap<PriceListName, String>),
}

/// Names of the columns of a file of order statements.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OrderColumns {
    pub(crate) channel: String,
    pub(crate) order: String,
    pub(crate) line: String,
    pub(crate) quantity: String,
    pub(crate) as_of: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OrdersTable {
    path: String,
    columns: OrderColumns,
    format: Option<FormatTable>,
}

/// What a bad row does to its file.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum BadRows {
    /// Refuses it.
    #[default]
    Refuse,
    /// Up to this share of the rows is left out; the file then proves no absence.
    KeepLast(Percent),
}

/// What two rows of one SKU and location do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Duplicates {
    /// Refuse the file.
    #[default]
    Refuse,
    /// Are added up.
    Sum,
}

/// What a stock file holds.
#[derive(Debug)]
pub(crate) struct StockPlan {
    pub(crate) pattern: Pattern,
    pub(crate) format: Format,
    pub(crate) columns: StockColumns,
    pub(crate) location: Option<LocationName>,
    pub(crate) prices: Vec<(PriceListName, String)>,
    pub(crate) currency: Option<Currency>,
    pub(crate) bad_rows: BadRows,
    pub(crate) duplicates: Duplicates,
}

/// What a file of order statements holds.
#[derive(Debug)]
pub(crate) struct OrdersPlan {
    pub(crate) pattern: Pattern,
    pub(crate) format: Format,
    pub(crate) columns: OrderColumns,
    pub(crate) duplicates: Duplicates,
}

/// All of it, checked.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) stock: StockPlan,
    pub(crate) orders: Option<OrdersPlan>,
    /// How long a file must be unchanged; unset: by how it came.
    pub(crate) settle: Option<Duration>,
    pub(crate) max_bytes: u64,
}

/// Reads and checks the table; all problems in one go.
pub(crate) fn read(context: &ConnectorContext, table: serde_json::Value) -> Result<Plan, Vec<SettingProblem>> {
    let table: FileTable = read_settings(table)?;
    let mut problems = Vec::new();
    let format = crate::format::checked("format", &table.format, &table.path, &mut problems);
    let pattern = checked_path("path", context, &table.path, &mut problems);
    check_location(context, &table, &mut problems);
    let prices = checked_prices(&table, &mut problems);
    let settle = table
        .settle
        .as_deref()
        .and_then(|text| checked_settle(text, &mut problems));
    let max_bytes = table.max_bytes.unwrap_or(512 << 20);
    if max_bytes == 0 {
        problems.push(SettingProblem::new("max_bytes", "0 would refuse every file"));
    }
    let orders = table.orders.map(|orders| {
        let pattern = checked_path("orders.path", context, &orders.path, &mut problems);
        let format = match &orders.format {
            Some(own) => crate::format::checked("orders.format", own, &orders.path, &mut problems),
            None => inherited(&orders.path, format.as_ref(), &mut problems),
        };
        (pattern, format, orders.columns)
    });
    let (Some(pattern), Some(format), true) = (pattern, format, problems.is_empty()) else {
        return Err(problems);
    };
    let orders = match orders {
        None => None,
        Some((Some(pattern), Some(format), columns)) => Some(OrdersPlan {
            pattern,
            format,
            columns,
            duplicates: table.duplicates,
        }),
        Some(_) => return Err(problems),
    };
    let (bad_rows, duplicates) = (table.bad_rows, table.duplicates);
    let stock = StockPlan {
        pattern,
        format,
        columns: table.columns,
        location: table.location,
        prices,
        currency: table.currency,
        bad_rows,
        duplicates,
    };
    Ok(Plan {
        stock,
        orders,
        settle,
        max_bytes,
    })
}

/// The stock's format, for order statements that state none of their own.
fn inherited(path: &str, stock: Option<&Format>, problems: &mut Vec<SettingProblem>) -> Option<Format> {
    let stock = stock?;
    let (kind, named) = (stock.kind(), FileKind::by_name(path));
    if kind == FileKind::Xml || named.is_some_and(|named| named != kind) {
        let own = named.unwrap_or(kind);
        let message = format!(
            "{path:?} needs a format of its own, such as {{ kind = {:?}, … }}: that of the stock does not fit",
            own.word()
        );
        problems.push(SettingProblem::new("orders.format", message));
        return None;
    }
    Some(stock.clone().without_claims())
}

fn checked_path(
    key: &str,
    context: &ConnectorContext,
    path: &str,
    problems: &mut Vec<SettingProblem>,
) -> Option<Pattern> {
    Pattern::new(&context.folder, path)
        .map_err(|message| problems.push(SettingProblem::new(key, message)))
        .ok()
}

fn check_location(context: &ConnectorContext, table: &FileTable, problems: &mut Vec<SettingProblem>) {
    match (&table.location, &table.columns.location) {
        (Some(_), Some(_)) => problems.push(SettingProblem::new(
            "location",
            "the location is given twice, for the whole file and as columns.location: keep one",
        )),
        (None, None) => problems.push(SettingProblem::new(
            "location",
            "nothing says where the stock lies: set location = \"berlin\" for the whole file, or columns.location",
        )),
        (Some(name), None) if context.locations.name(&context.locations.code(name)).as_ref() != Some(name) => {
            problems.push(SettingProblem::new(
                "location",
                format!("there is no [locations.{name}]"),
            ));
        }
        _ => {}
    }
}

fn checked_prices(table: &FileTable, problems: &mut Vec<SettingProblem>) -> Vec<(PriceListName, String)> {
    let mut problem = |key: &str, message: &str| problems.push(SettingProblem::new(key, message));
    let prices = match (&table.columns.price, &table.price_list) {
        (None, None) => Vec::new(),
        (Some(PriceColumns::One(column)), Some(list)) => vec![(list.clone(), column.clone())],
        (Some(PriceColumns::Lists(lists)), None) => lists
            .iter()
            .map(|(list, column)| (list.clone(), column.clone()))
            .collect(),
        (Some(PriceColumns::One(_)), None) => {
            problem(
                "price_list",
                "columns.price needs price_list = \"retail\", the list that the prices belong to",
            );
            Vec::new()
        }
        (_, Some(_)) => {
            problem("price_list", "goes with columns.price = \"COLUMN\" only");
            Vec::new()
        }
    };
    match (prices.is_empty(), &table.columns.currency, table.currency) {
        (false, None, None) => problem("currency", "prices need currency = \"EUR\" or columns.currency"),
        (false, Some(_), Some(_)) => problem(
            "currency",
            "the currency is given twice, here and as columns.currency: keep one",
        ),
        (true, None, Some(_)) => problem("currency", "there is no columns.price that would have it"),
        (true, Some(_), _) => problem("columns.currency", "there is no columns.price that would have it"),
        _ => {}
    }
    prices
}

fn checked_settle(text: &str, problems: &mut Vec<SettingProblem>) -> Option<Duration> {
    let units = [("ms", 1), ("s", 1_000), ("m", 60_000)];
    let read = units.iter().find_map(|(unit, factor)| {
        let number: u64 = text.strip_suffix(unit)?.trim_end().parse().ok()?;
        number
            .checked_mul(*factor)
            .filter(|milliseconds| (50..=3_600_000).contains(milliseconds))
    });
    if read.is_none() {
        let message = format!("{text:?} is no time between \"50ms\" and \"60m\"");
        problems.push(SettingProblem::new("settle", message));
    }
    read.map(Duration::from_millis)
}
