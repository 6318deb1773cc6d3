//! The connector's keys: as they stand in the table, and checked.

use crate::format::Format;
use crate::format_table::FormatTable;
use crate::kind::FileKind;
use crate::sftp::{HostKeys, SftpTable};
use crate::transport::{Place, Places, TransportTable, Where, settle};
use omnistock_sdk::{ConnectorContext, SecretReference, SettingProblem, SettingsReader, read_settings};
use omnistock_words::{Currency, LocationName, Percent, PriceListName};
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileTable {
    path: Option<String>,
    url: Option<String>,
    user: Option<String>,
    password: Option<SecretReference>,
    token: Option<SecretReference>,
    private_key: Option<SecretReference>,
    passphrase: Option<SecretReference>,
    host_key: Option<HostKeys>,
    known_hosts: Option<String>,
    deadline_ms: Option<u64>,
    as_of: Option<String>,
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
    done_file: Option<String>,
    put_away: Option<bool>,
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
    path: Option<String>,
    url: Option<String>,
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
    pub(crate) format: Format,
    pub(crate) columns: OrderColumns,
    pub(crate) duplicates: Duplicates,
}

/// All of it, checked.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) stock: StockPlan,
    pub(crate) orders: Option<OrdersPlan>,
    pub(crate) max_bytes: u64,
}

/// Reads and checks the table; all problems in one go. What the files say, and where they are.
pub(crate) fn read(context: &ConnectorContext, table: serde_json::Value) -> Result<(Plan, Where), Vec<SettingProblem>> {
    let table: FileTable = read_settings(table)?;
    let mut reader = SettingsReader::new(context.secrets.as_ref());
    let place = Place::new("", context, table.path.as_deref(), table.url.as_deref(), &mut reader);
    let name = place.as_ref().map(Place::name).unwrap_or_default();
    let format = crate::format::checked("format", &table.format, &name, &mut reader);
    check_location(context, &table, &mut reader);
    let prices = checked_prices(&table, &mut reader);
    let max_bytes = table.max_bytes.unwrap_or(512 << 20);
    if max_bytes == 0 {
        reader.problem("max_bytes", "0 would refuse every file", "");
    }
    let orders = table.orders.as_ref().map(|orders| {
        let (path, url) = (orders.path.as_deref(), orders.url.as_deref());
        let place = Place::new("orders.", context, path, url, &mut reader);
        let name = place.as_ref().map(Place::name).unwrap_or_default();
        let format = match &orders.format {
            Some(own) => crate::format::checked("orders.format", own, &name, &mut reader),
            None => inherited(&name, format.as_ref(), &mut reader),
        };
        (place, format)
    });
    let (orders_place, orders_format) = orders.unzip();
    let transport = TransportTable {
        settle: table.settle.as_deref().and_then(|text| settle(text, &mut reader)),
        settle_set: table.settle.is_some(),
        done_file: table.done_file.as_deref(),
        put_away: table.put_away,
        sftp: SftpTable {
            user: table.user.as_deref(),
            password: table.password.as_ref(),
            private_key: table.private_key.as_ref(),
            passphrase: table.passphrase.as_ref(),
            host_key: table.host_key.as_ref(),
            known_hosts: table.known_hosts.as_deref(),
            deadline_ms: table.deadline_ms,
        },
        token: table.token.as_ref(),
        as_of: table.as_of.as_deref(),
        max_bytes,
        as_of_column: table.columns.as_of.is_some(),
    };
    let places = Places::of(place, orders_place, &mut reader);
    let source = places.and_then(|places| transport.checked(context, places, &mut reader));
    let read = source.zip(format).map(|(source, format)| {
        let (bad_rows, duplicates) = (table.bad_rows, table.duplicates);
        let orders = table.orders.zip(orders_format.flatten());
        let orders = orders.map(|(orders, format)| OrdersPlan {
            format,
            columns: orders.columns,
            duplicates,
        });
        let stock = StockPlan {
            format,
            columns: table.columns,
            location: table.location,
            prices,
            currency: table.currency,
            bad_rows,
            duplicates,
        };
        let plan = Plan {
            stock,
            orders,
            max_bytes,
        };
        (plan, source)
    });
    reader.finish(read)
}

/// The stock's format, for order statements that state none of their own.
fn inherited(path: &str, stock: Option<&Format>, reader: &mut SettingsReader<'_>) -> Option<Format> {
    let stock = stock?;
    let (kind, named) = (stock.kind(), FileKind::by_name(path));
    if kind == FileKind::Xml || named.is_some_and(|named| named != kind) {
        let own = named.unwrap_or(kind);
        let message = format!(
            "{path:?} needs a format of its own, such as {{ kind = {:?}, … }}: that of the stock does not fit",
            own.word()
        );
        reader.problem("orders.format", message, "");
        return None;
    }
    Some(stock.clone().without_claims())
}

fn check_location(context: &ConnectorContext, table: &FileTable, reader: &mut SettingsReader<'_>) {
    match (&table.location, &table.columns.location) {
        (Some(_), Some(_)) => reader.problem(
            "location",
            "the location is given twice, for the whole file and as columns.location: keep one",
            "",
        ),
        (None, None) => reader.problem(
            "location",
            "nothing says where the stock lies: set location = \"berlin\" for the whole file, or columns.location",
            "",
        ),
        (Some(name), None) if context.locations.name(&context.locations.code(name)).as_ref() != Some(name) => {
            reader.problem("location", format!("there is no [locations.{name}]"), "");
        }
        _ => {}
    }
}

fn checked_prices(table: &FileTable, reader: &mut SettingsReader<'_>) -> Vec<(PriceListName, String)> {
    let mut problem = |key: &str, message: &str| reader.problem(key, message, "");
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
