//! The keys of a connector that writes: one file, its columns, its places.

use crate::decode::TextEncoding;
use crate::format::{self, Format, Layout};
use crate::format_table::FormatTable;
use crate::pattern::Pattern;
use omnistock_sdk::{ConnectorContext, SettingProblem, SettingsReader, read_settings, unknown_setting};
use omnistock_words::{LocationName, VendorLocation};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// The largest file that is written.
const MOST_BYTES: u64 = 1 << 30;

/// Keys that a source has and an export has not.
const OF_SOURCES: [&str; 18] = [
    "url",
    "user",
    "password",
    "token",
    "as_of",
    "location",
    "bad_rows",
    "duplicates",
    "orders",
    "price_list",
    "settle",
    "done_file",
    "put_away",
    "private_key",
    "passphrase",
    "host_key",
    "known_hosts",
    "deadline_ms",
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExportTable {
    path: Option<String>,
    #[serde(default)]
    columns: ColumnsTable,
    #[serde(default)]
    format: FormatTable,
    locations: Option<Vec<LocationName>>,
    prices: Option<bool>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ColumnsTable {
    sku: Option<String>,
    quantity: Option<String>,
    location: Option<String>,
    price: Option<String>,
    currency: Option<String>,
}

/// The columns, in the order in which they stand.
#[derive(Debug)]
pub(crate) struct Columns {
    pub(super) sku: String,
    pub(super) location: Option<String>,
    pub(super) quantity: String,
    /// Amount and currency.
    pub(super) price: Option<(String, String)>,
}

impl Columns {
    pub(super) fn names(&self) -> Vec<&str> {
        let (amount, currency) = self.price.as_ref().map(|(amount, currency)| (amount, currency)).unzip();
        let all = [
            Some(&self.sku),
            self.location.as_ref(),
            Some(&self.quantity),
            amount,
            currency,
        ];
        all.into_iter().flatten().map(String::as_str).collect()
    }
}

/// Where a number of a SKU stands: one row for the whole channel, or one a location.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// As the file says it.
    pub(super) code: Option<VendorLocation>,
    /// Our name.
    pub(super) name: Option<LocationName>,
}

/// What is written, and where.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(super) folder: PathBuf,
    pub(super) name: String,
    pub(super) columns: Columns,
    pub(super) places: Vec<Place>,
    pub(super) format: Format,
    pub(super) max_bytes: u64,
}

impl Plan {
    pub(super) fn path(&self) -> PathBuf {
        self.folder.join(&self.name)
    }
}

/// Reads and checks the table; all problems in one go.
pub(crate) fn read(context: &ConnectorContext, mut table: serde_json::Value) -> Result<Plan, Vec<SettingProblem>> {
    let mut forgotten = of_a_source(&mut table);
    if !forgotten.is_empty() {
        forgotten.extend(read_settings::<ExportTable>(table).err().unwrap_or_default());
        return Err(forgotten);
    }
    let table: ExportTable = read_settings(table)?;
    let mut reader = SettingsReader::new(context.secrets.as_ref());
    let path = path(context, table.path.as_deref(), &mut reader);
    let name = path.as_ref().map(|path| path.name.clone()).unwrap_or_default();
    let format = format::checked("format", &table.format, &name, &mut reader);
    let format = format.filter(|format| writable(format, &name, &mut reader));
    let places = places(context, table.locations.as_deref(), &mut reader);
    let columns = columns(&table, format.as_ref(), &mut reader);
    let plan = path.zip(format).map(|(path, format)| Plan {
        folder: path.folder,
        name: path.name,
        columns,
        places,
        format,
        max_bytes: MOST_BYTES,
    });
    reader.finish(plan)
}

/// Takes out the keys of a source: whoever gives one has forgotten its `basis`.
fn of_a_source(table: &mut serde_json::Value) -> Vec<SettingProblem> {
    let Some(table) = table.as_object_mut() else {
        return Vec::new();
    };
    let told = |key: &&str| {
        table.remove(*key)?;
        Some(SettingProblem {
            help: Some("it is a key of a source: state its `basis`; without one, this connector writes".into()),
            ..SettingProblem::new(*key, unknown_setting(key))
        })
    };
    OF_SOURCES.iter().filter_map(told).collect()
}

fn path(context: &ConnectorContext, path: Option<&str>, reader: &mut SettingsReader<'_>) -> Option<Pattern> {
    const HELP: &str = "path = \"/srv/out/stock.csv\": the one file that is written; a source states its `basis`";
    let Some(path) = path else {
        reader.problem("path", "`path` is missing", HELP);
        return None;
    };
    if path.contains('*') {
        reader.problem("path", format!("{path:?} is not the name of one file"), HELP);
        return None;
    }
    match Pattern::new(&context.folder, path) {
        Ok(pattern) => Some(pattern),
        Err(message) => {
            reader.problem("path", message, HELP);
            None
        }
    }
}

/// Whether files of this format can be written, not only read.
fn writable(format: &Format, name: &str, reader: &mut SettingsReader<'_>) -> bool {
    let count = |path: &Option<format::Path>| path.as_ref().is_none_or(|path| path.len() == 1);
    let refused = [
        (
            "format.kind",
            "is not written, there are \"csv\" and \"jsonl\"",
            matches!(format.layout, Layout::Json(_) | Layout::Xml(_)),
        ),
        (
            "format.compression",
            "is for files that are read: an export is written plainly",
            format.gzip || crate::gzip::named_gzip(name),
        ),
        (
            "format.encoding",
            "is not written: use \"utf-8\", or one that the file's reader takes, such as \"windows-1252\"",
            format.encoding.decoder().is_none() || !encodes(format.encoding),
        ),
        (
            "format.decimal",
            "is the delimiter as well, so numbers would fall apart: choose another `format.delimiter`",
            matches!(&format.layout, Layout::Csv { shape, .. } if char::from(shape.delimiter) == format.number.decimal),
        ),
        (
            "format.grouping",
            "is for files that are read: numbers are written without",
            format.number.grouping.is_some(),
        ),
        (
            "format.count",
            "and format.sum are names of the last line here, without points",
            !count(&format.claims.count) || !count(&format.claims.sum),
        ),
    ];
    let mut fine = true;
    for (key, message, _) in refused.iter().filter(|(.., refused)| *refused) {
        reader.problem(key, format!("`{key}` {message}"), "");
        fine = false;
    }
    fine
}

/// Some encodings of the web are read and never written.
fn encodes(encoding: TextEncoding) -> bool {
    encoding
        .decoder()
        .is_some_and(|decoder| decoder.output_encoding() == decoder)
}

fn places(context: &ConnectorContext, names: Option<&[LocationName]>, reader: &mut SettingsReader<'_>) -> Vec<Place> {
    let Some(names) = names else {
        return vec![Place { code: None, name: None }];
    };
    if names.is_empty() {
        reader.problem(
            "locations",
            "`locations` is empty",
            "leave it out for one row an article",
        );
    }
    let mut places = Vec::new();
    for (index, name) in names.iter().enumerate() {
        let (key, code) = (format!("locations[{index}]"), context.locations.code(name));
        if context.locations.name(&code).as_ref() != Some(name) {
            reader.problem(&key, format!("there is no [locations.{name}]"), "");
        } else if names.get(..index).is_some_and(|before| before.contains(name)) {
            reader.problem(&key, format!("`{name}` is named twice"), "");
        } else {
            let (code, name) = (VendorLocation::new(code).ok(), Some(name.clone()));
            places.push(Place { code, name });
        }
    }
    places
}

fn columns(table: &ExportTable, format: Option<&Format>, reader: &mut SettingsReader<'_>) -> Columns {
    let given = &table.columns;
    let or = |given: &Option<String>, name: &str| given.clone().unwrap_or_else(|| name.to_owned());
    let priced = table.prices.unwrap_or(true);
    if given.location.is_some() && table.locations.is_none() {
        let help = "locations = [\"berlin\"] for a row a location; a source states its `basis`";
        reader.problem(
            "columns.location",
            "there are no `locations` that would stand in it",
            help,
        );
    }
    if !priced && (given.price.is_some() || given.currency.is_some()) {
        reader.problem(
            "columns.price",
            "prices = false leaves the prices out",
            "take one of them out",
        );
    }
    let columns = Columns {
        sku: or(&given.sku, "sku"),
        location: table.locations.is_some().then(|| or(&given.location, "location")),
        quantity: or(&given.quantity, "quantity"),
        price: priced.then(|| (or(&given.price, "price"), or(&given.currency, "currency"))),
    };
    let mut seen = BTreeSet::new();
    let lines = format.is_some_and(|format| matches!(format.layout, Layout::JsonLines));
    for name in columns.names() {
        if name.trim().is_empty() || name != name.trim() || !seen.insert(name) {
            reader.problem(
                "columns",
                format!("{name:?} is blank, or stands twice"),
                "give each column a name of its own",
            );
        } else if lines && name.contains('.') {
            reader.problem(
                "columns",
                format!("{name:?} has a point"),
                "keys of JSON Lines are written without",
            );
        }
    }
    columns
}
