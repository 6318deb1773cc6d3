//! Own keys of `[connectors.NAME]`: read, checked, secrets resolved; all problems at once.

use omnistock_sdk::{SecretReference, SecretResolver, SecretString, SettingProblem, SettingsReader, read_settings};
use omnistock_words::{ChannelName, Currency, Millis, PriceListName};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::time::Duration;
use url::Url;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    url: String,
    database: Option<String>,
    login: Option<String>,
    key: SecretReference,
    key_expires: Option<String>,
    protocol: Option<String>,
    company: Option<i64>,
    consigned: Option<bool>,
    products: Option<Vec<serde_json::Value>>,
    full_every_ms: Option<u64>,
    overlap_ms: Option<u64>,
    deadline_ms: Option<u64>,
    page: Option<u64>,
    webhook_secret: Option<SecretReference>,
    orders: Option<OrdersTable>,
    prices: Option<BTreeMap<String, PriceTable>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OrdersTable {
    line_field: String,
    reference_field: Option<String>,
    days: Option<u64>,
    channels: BTreeMap<String, ChannelTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChannelTable {
    prefix: Option<String>,
    team: Option<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PriceTable {
    pricelist: Option<i64>,
    field: Option<String>,
    currency: String,
}

/// Which interface is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// By the server's version: JSON-2 from 19 on.
    Auto,
    /// `/jsonrpc`, 14 to 21.
    JsonRpc,
    /// `/json/2`, from 19 on.
    Json2,
}

/// How a channel's orders are known in Odoo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChannelMark {
    pub(crate) channel: ChannelName,
    /// What the reference begins with; taken off.
    pub(crate) prefix: String,
    /// The sales team's id.
    pub(crate) team: Option<i64>,
}

/// How statements are made.
#[derive(Debug, Clone)]
pub(crate) struct OrdersPlan {
    pub(crate) line_field: String,
    pub(crate) reference_field: String,
    /// A full pass looks at orders changed within so long, milliseconds.
    pub(crate) window: i64,
    pub(crate) channels: Vec<ChannelMark>,
}

/// Where the prices of one list are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PriceOrigin {
    /// Fixed prices of a pricelist, by its id.
    Pricelist(i64),
    /// A field of the product.
    Field(String),
}

/// One list of prices.
#[derive(Debug, Clone)]
pub(crate) struct PricePlan {
    pub(crate) list: PriceListName,
    pub(crate) origin: PriceOrigin,
    pub(crate) currency: Currency,
}

/// What a connector is built from.
pub(crate) struct Parts {
    pub(crate) url: Url,
    pub(crate) database: Option<String>,
    pub(crate) login: Option<String>,
    pub(crate) key: SecretString,
    pub(crate) key_expires: Option<Millis>,
    pub(crate) protocol: Protocol,
    pub(crate) company: Option<i64>,
    /// Whether goods that belong to others count.
    pub(crate) consigned: bool,
    /// A further domain on product.product.
    pub(crate) products: Vec<serde_json::Value>,
    pub(crate) full_every: Duration,
    /// How far a look for changes goes back before the newest one seen, milliseconds.
    pub(crate) overlap: i64,
    pub(crate) deadline: Duration,
    /// Records in one call.
    pub(crate) page: usize,
    pub(crate) webhook_secret: Option<SecretString>,
    pub(crate) orders: Option<OrdersPlan>,
    pub(crate) prices: Vec<PricePlan>,
}

fn url(reader: &mut SettingsReader<'_>, text: &str) -> Option<Url> {
    const HELP: &str = "give the server's own address, such as \"https://erp.example.com\"";
    let url = reader.url("url", Some(text), HELP)?;
    let end = url.path().trim_end_matches('/').rsplit('/').next();
    if matches!(end, Some("web" | "odoo" | "jsonrpc" | "xmlrpc" | "json" | "2")) {
        reader.problem("url", "the address ends in a path inside Odoo", HELP);
        return None;
    }
    Some(url)
}

fn field(reader: &mut SettingsReader<'_>, key: &str, name: &str) -> String {
    let plain = !name.is_empty()
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if !plain {
        reader.problem(
            key,
            format!("`{name}` is not the name of a field"),
            "write its technical name, such as \"x_channel_line\"",
        );
    }
    name.to_owned()
}

fn protocol(reader: &mut SettingsReader<'_>, given: Option<&str>) -> Protocol {
    match given {
        None | Some("auto") => Protocol::Auto,
        Some("json-rpc") => Protocol::JsonRpc,
        Some("json-2") => Protocol::Json2,
        Some(other) => {
            reader.problem(
                "protocol",
                format!("there is no protocol `{other}`"),
                "write \"auto\", \"json-rpc\" or \"json-2\"",
            );
            Protocol::Auto
        }
    }
}

fn expiry(reader: &mut SettingsReader<'_>, given: Option<&str>) -> Option<Millis> {
    let given = given?;
    let whole = if given.contains('T') {
        given.to_owned()
    } else {
        format!("{given}T00:00:00Z")
    };
    let at = whole.parse().ok();
    if at.is_none() {
        reader.problem(
            "key_expires",
            format!("`{given}` is not a day"),
            "write it in quotes, such as \"2026-12-31\"",
        );
    }
    at
}

fn orders(reader: &mut SettingsReader<'_>, table: &OrdersTable) -> OrdersPlan {
    let days = reader.within("orders.days", table.days, 30, 1, 400, "days");
    let mut channels = Vec::new();
    for (name, mark) in &table.channels {
        let key = format!("orders.channels.{name}");
        match ChannelName::new(name) {
            Ok(channel) => channels.push(ChannelMark {
                channel,
                prefix: mark.prefix.clone().unwrap_or_default(),
                team: mark.team,
            }),
            Err(error) => reader.problem(&key, error.to_string(), "name a channel of this configuration"),
        }
    }
    if channels.is_empty() {
        reader.problem(
            "orders.channels",
            "no channel is named",
            "write channels = { shop = { prefix = \"S-\" } }",
        );
    }
    for (index, one) in channels.iter().enumerate() {
        let rest = channels.iter().skip(index + 1);
        if let Some(other) = rest
            .clone()
            .find(|other| other.prefix == one.prefix && other.team == one.team)
        {
            let message = format!("channels `{}` and `{}` can't be told apart", one.channel, other.channel);
            reader.problem(
                "orders.channels",
                message,
                "give each its own `prefix` of the reference, or its own sales `team`",
            );
        }
    }
    OrdersPlan {
        line_field: field(reader, "orders.line_field", &table.line_field),
        reference_field: field(
            reader,
            "orders.reference_field",
            table.reference_field.as_deref().unwrap_or("client_order_ref"),
        ),
        window: i64::try_from(days).unwrap_or(30) * 86_400_000,
        channels,
    }
}

fn price(reader: &mut SettingsReader<'_>, name: &str, table: &PriceTable) -> Option<PricePlan> {
    let key = format!("prices.{name}");
    let origin = match (table.pricelist, &table.field) {
        (Some(id), None) => PriceOrigin::Pricelist(id),
        (None, Some(name)) => PriceOrigin::Field(field(reader, &key, name)),
        _ => {
            reader.problem(
                &key,
                "it needs either `pricelist` or `field`",
                "write { pricelist = 1, currency = \"EUR\" } or { field = \"lst_price\", currency = \"EUR\" }",
            );
            return None;
        }
    };
    let list = PriceListName::new(name)
        .map_err(|error| reader.problem(&key, error.to_string(), ""))
        .ok()?;
    let currency = table
        .currency
        .parse()
        .map_err(|error: omnistock_words::ParseMoneyError| {
            reader.problem(&format!("{key}.currency"), error.to_string(), "");
        });
    Some(PricePlan {
        list,
        origin,
        currency: currency.ok()?,
    })
}

/// Reads the table, or says everything that is wrong with it.
pub(crate) fn read(table: serde_json::Value, secrets: &dyn SecretResolver) -> Result<Parts, Vec<SettingProblem>> {
    let table: Table = read_settings(table)?;
    let mut reader = SettingsReader::new(secrets);
    let url = url(&mut reader, &table.url);
    let key = reader.secret("key", Some(&table.key));
    let webhook_secret = reader.secret("webhook_secret", table.webhook_secret.as_ref());
    let protocol = protocol(&mut reader, table.protocol.as_deref());
    if protocol != Protocol::Json2 {
        for (name, given) in [("database", &table.database), ("login", &table.login)] {
            if given.is_none() {
                reader.problem(
                    name,
                    format!("`{name}` is missing"),
                    "only protocol = \"json-2\" (Odoo 19) goes without `database` and `login`",
                );
            }
        }
    }
    let key_expires = expiry(&mut reader, table.key_expires.as_deref());
    let full_every = reader.within(
        "full_every_ms",
        table.full_every_ms,
        900_000,
        100,
        86_400_000,
        "milliseconds",
    );
    let overlap = reader.within(
        "overlap_ms",
        table.overlap_ms,
        300_000,
        2_000,
        3_600_000,
        "milliseconds",
    );
    let deadline = reader.within("deadline_ms", table.deadline_ms, 30_000, 100, 300_000, "milliseconds");
    let page = reader.within("page", table.page, 1_000, 1, 5_000, "records");
    let orders = table.orders.as_ref().map(|given| orders(&mut reader, given));
    let prices = table
        .prices
        .iter()
        .flatten()
        .filter_map(|(name, given)| price(&mut reader, name, given))
        .collect();
    let parts = url.zip(key).map(|(url, key)| Parts {
        url,
        database: table.database,
        login: table.login,
        key,
        key_expires,
        protocol,
        company: table.company,
        consigned: table.consigned.unwrap_or(false),
        products: table.products.unwrap_or_default(),
        full_every: Duration::from_millis(full_every),
        overlap: i64::try_from(overlap).unwrap_or(300_000),
        deadline: Duration::from_millis(deadline),
        page: usize::try_from(page).unwrap_or(1_000),
        webhook_secret,
        orders,
        prices,
    });
    reader.finish(parts)
}

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;
