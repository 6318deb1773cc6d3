//! Own keys of `[connectors.NAME]`: read, checked, secrets resolved; all problems at once.

use crate::limits::Plan;
use omnistock_sdk::{SecretReference, SecretResolver, SecretString, SettingProblem, SettingsReader, read_settings};
use serde::Deserialize;
use std::time::Duration;
use url::Url;

/// Where tokens come from, for all regions [documented].
const LOGIN: &str = "https://api.amazon.com/auth/o2/token";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    region: Option<String>,
    base_url: Option<String>,
    login_url: Option<String>,
    seller_id: Option<String>,
    marketplaces: Option<Vec<String>>,
    client_id: Option<String>,
    client_secret: Option<SecretReference>,
    refresh_token: Option<SecretReference>,
    fba: Option<bool>,
    feed_from: Option<u64>,
    application_rate: Option<u64>,
    plan: Option<String>,
    settle_ms: Option<u64>,
    feed_patience_ms: Option<u64>,
    overlap_ms: Option<u64>,
    orders_late_ms: Option<u64>,
    deadline_ms: Option<u64>,
    queue_url: Option<String>,
    queue_region: Option<String>,
    queue_access_key_id: Option<SecretReference>,
    queue_secret_access_key: Option<SecretReference>,
}

/// A part of the world: its host, the code of its depots, its marketplaces [documented].
struct Region {
    name: &'static str,
    host: &'static str,
    depot: &'static str,
    marketplaces: &'static [&'static str],
}

const REGIONS: [Region; 3] = [
    Region {
        name: "eu",
        host: "https://sellingpartnerapi-eu.amazon.com",
        depot: "AMAZON_EU",
        marketplaces: &[
            "A1PA6795UKMFR9", // Germany
            "A1F83G8C2ARO7P", // United Kingdom
            "A13V1IB3VIYZZH", // France
            "APJ6JRA9NG5V4",  // Italy
            "A1RKKUPIHCS9HS", // Spain
            "A1805IZSGTT6HS", // Netherlands
            "A2NODRKZP88ZB9", // Sweden
            "A1C3SOZRARQ6R3", // Poland
            "AMEN7PMS3EDWL",  // Belgium
            "A28R8C7NBKEWEA", // Ireland
            "A33AVAJ2PDY3EV", // Turkey
            "ARBP9OOSHTCHU",  // Egypt
            "A17E79C6D8DWNP", // Saudi Arabia
            "A2VIGQ35RCS4UG", // United Arab Emirates
            "A21TJRUUN4KGV",  // India
            "AE08WJ6YKNBMC",  // South Africa
        ],
    },
    Region {
        name: "na",
        host: "https://sellingpartnerapi-na.amazon.com",
        depot: "AMAZON_NA",
        marketplaces: &["ATVPDKIKX0DER", "A2EUQ1WTGCTBG2", "A1AM78C64UM0Y8", "A2Q3Y263D00KWC"],
    },
    Region {
        name: "fe",
        host: "https://sellingpartnerapi-fe.amazon.com",
        depot: "AMAZON_JP",
        marketplaces: &["A1VC38T7YXB528", "A39IBJ37TRP1C6", "A19VAU5U5O7RUS"],
    },
];

/// Who we are at Amazon.
#[derive(Clone)]
pub(crate) struct Credentials {
    /// Where tokens come from.
    pub(crate) login: Url,
    /// The application.
    pub(crate) client_id: String,
    /// Its secret.
    pub(crate) client_secret: SecretString,
    /// The seller's word that the application may act for him.
    pub(crate) refresh_token: SecretString,
}

/// The seller's queue at Amazon SQS, and who reads it.
#[derive(Clone)]
pub(crate) struct QueueParts {
    /// The queue's own address.
    pub(crate) url: Url,
    /// Where it is, as AWS calls it.
    pub(crate) region: String,
    /// The id of the user's access key.
    pub(crate) key_id: SecretString,
    /// The key's secret.
    pub(crate) secret: SecretString,
}

/// What a connector is built from.
#[derive(Clone)]
pub(crate) struct Parts {
    /// Where the region's interface begins.
    pub(crate) base: Url,
    /// Who we are.
    pub(crate) credentials: Credentials,
    /// The seller's id.
    pub(crate) seller: String,
    /// Stores that share one quantity; prices are those of the first.
    pub(crate) marketplaces: Vec<String>,
    /// What Amazon calls the depots of this region.
    pub(crate) depot: &'static str,
    /// Whether the depots' stock is reported.
    pub(crate) fba: bool,
    /// So many numbers at once go by a feed.
    pub(crate) feed_from: usize,
    /// Changes a second that the application may make for all its sellers together.
    pub(crate) application_rate: Option<u32>,
    /// How many calls there may be before an answer has told of it.
    pub(crate) plan: Plan,
    /// So long after a yes the old number may still be shown, milliseconds.
    pub(crate) settle: i64,
    /// A feed that is not done after so long is given up, milliseconds.
    pub(crate) patience: i64,
    /// How far a poll of orders looks back before the last one, milliseconds.
    pub(crate) overlap: i64,
    /// So late Amazon finds an order for certain.
    pub(crate) late: Duration,
    /// Of one call, from connect to the last byte.
    pub(crate) deadline: Duration,
    /// Where notifications wait.
    pub(crate) queue: Option<QueueParts>,
}

fn plan(reader: &mut SettingsReader<'_>, name: Option<&str>) -> Plan {
    match name {
        None | Some("default") => Plan::Default,
        Some("sandbox") => Plan::Sandbox,
        Some(other) => {
            let help = "write \"default\", or \"sandbox\" where `base_url` is that of a sandbox";
            reader.problem("plan", format!("there is no plan `{other}`"), help);
            Plan::Default
        }
    }
}

fn region(reader: &mut SettingsReader<'_>, name: Option<&str>) -> Option<&'static Region> {
    const HELP: &str = "write \"eu\", \"na\" or \"fe\": where the seller's account is";
    let found = REGIONS.iter().find(|region| Some(region.name) == name);
    match (found, name) {
        (Some(_), _) => {}
        (None, Some(name)) => reader.problem("region", format!("there is no region `{name}`"), HELP),
        (None, None) => reader.problem("region", "`region` is missing", HELP),
    }
    found
}

/// The seller's stores, where they fit to the region and to each other.
fn marketplaces(
    reader: &mut SettingsReader<'_>,
    given: Option<Vec<String>>,
    region: Option<&Region>,
) -> Option<Vec<String>> {
    const KEY: &str = "marketplaces";
    const HELP: &str =
        "give the marketplace ids, such as [\"A1PA6795UKMFR9\"] for Germany; prices are those of the first";
    let Some(given) = given.filter(|given| !given.is_empty()) else {
        reader.problem(KEY, "`marketplaces` is missing", HELP);
        return None;
    };
    if given.len() > 20 {
        reader.problem(KEY, "more than 20 marketplaces", HELP);
        return None;
    }
    for (index, id) in given.iter().enumerate() {
        let elsewhere = REGIONS.iter().find(|other| other.marketplaces.contains(&id.as_str()));
        match (elsewhere, region) {
            (Some(other), Some(region)) if other.name != region.name => {
                let message = format!(
                    "marketplace {id} is in region \"{}\", not \"{}\"",
                    other.name, region.name
                );
                reader.problem(KEY, message, "correct it or `region`");
            }
            _ if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
                reader.problem(KEY, format!("`{id}` is not a marketplace id"), HELP);
            }
            _ if given.iter().take(index).any(|other| other == id) => {
                reader.problem(KEY, format!("{id} is given twice"), "");
            }
            _ => {}
        }
    }
    if given.len() > 1 && region.is_some_and(|region| region.name != "eu") {
        let message = "several marketplaces share one quantity in region \"eu\" only";
        reader.problem(KEY, message, "give each its own connector and channel");
    }
    Some(given)
}

fn word(reader: &mut SettingsReader<'_>, key: &'static str, text: Option<String>, help: &str) -> Option<String> {
    match text {
        Some(text) if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic()) => Some(text),
        Some(_) => {
            reader.problem(
                key,
                format!("`{key}` is empty or has characters that can't be in it"),
                help,
            );
            None
        }
        None => {
            reader.problem(key, format!("`{key}` is missing"), help);
            None
        }
    }
}

fn address(reader: &mut SettingsReader<'_>, key: &str, given: Option<&str>, usual: Option<&str>) -> Option<Url> {
    match given.or(usual) {
        Some(text) => reader.url(key, Some(text), "leave it out: it is only for trying things out"),
        // What is missing was told of under `region`.
        None => None,
    }
}

struct Times {
    settle: i64,
    patience: i64,
    overlap: i64,
    late: Duration,
    deadline: Duration,
}

fn times(reader: &mut SettingsReader<'_>, table: &Table) -> Times {
    let hour = 3_600_000;
    let mut time = |key, given, default, (least, most)| reader.within(key, given, default, least, most, "milliseconds");
    let settle = time("settle_ms", table.settle_ms, 600_000, (0, hour));
    let patience = time(
        "feed_patience_ms",
        table.feed_patience_ms,
        1_800_000,
        (1_000, 24 * hour),
    );
    let overlap = time("overlap_ms", table.overlap_ms, 300_000, (0, hour));
    let late = time("orders_late_ms", table.orders_late_ms, 120_000, (0, 600_000));
    let deadline = time("deadline_ms", table.deadline_ms, 30_000, (100, 120_000));
    let milliseconds = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    Times {
        settle: milliseconds(settle),
        patience: milliseconds(patience),
        overlap: milliseconds(overlap),
        late: Duration::from_millis(late),
        deadline: Duration::from_millis(deadline),
    }
}

/// The region in a queue's usual address: `sqs.eu-central-1.amazonaws.com`.
fn region_of(host: &str) -> Option<String> {
    let (region, rest) = host.strip_prefix("sqs.")?.split_once('.')?;
    matches!(rest, "amazonaws.com" | "amazonaws.com.cn").then(|| region.to_owned())
}

/// The queue, where one of its keys is given.
fn queue(reader: &mut SettingsReader<'_>, table: &Table) -> Option<QueueParts> {
    const HELP: &str = "as in queue_url = \"https://sqs.eu-central-1.amazonaws.com/123456789012/omnistock\"";
    let keys = [&table.queue_access_key_id, &table.queue_secret_access_key];
    let given = table.queue_url.is_some() || table.queue_region.is_some() || keys.iter().any(|key| key.is_some());
    if !given {
        return None;
    }
    let url = reader.url("queue_url", table.queue_url.as_deref(), HELP);
    if url.as_ref().is_some_and(|url| url.path().trim_matches('/').is_empty()) {
        reader.problem("queue_url", "the address names no queue", HELP);
    }
    let usual = url.as_ref().and_then(Url::host_str).and_then(region_of);
    let region = table.queue_region.clone().or(usual);
    let region = match region {
        None if url.is_none() => None,
        region => word(
            reader,
            "queue_region",
            region,
            "as AWS calls it, such as \"eu-central-1\"",
        ),
    };
    let key = "the access key of a user that may read this queue and nothing else (see the README)";
    let key_id = reader.required("queue_access_key_id", table.queue_access_key_id.as_ref(), key);
    let secret = reader.required("queue_secret_access_key", table.queue_secret_access_key.as_ref(), key);
    Some(QueueParts {
        url: url?,
        region: region?,
        key_id: key_id?,
        secret: secret?,
    })
}

/// Reads the table, or says everything that is wrong with it.
pub(crate) fn read(table: serde_json::Value, secrets: &dyn SecretResolver) -> Result<Parts, Vec<SettingProblem>> {
    const PORTAL: &str = "it stands in the Solution Provider Portal, beside the application";
    let table: Table = read_settings(table)?;
    let mut reader = SettingsReader::new(secrets);
    let times = times(&mut reader, &table);
    let queue = queue(&mut reader, &table);
    let region = region(&mut reader, table.region.as_deref());
    let host = region.map(|region| region.host);
    let base = address(&mut reader, "base_url", table.base_url.as_deref(), host);
    let login = address(&mut reader, "login_url", table.login_url.as_deref(), Some(LOGIN));
    let seller = word(
        &mut reader,
        "seller_id",
        table.seller_id,
        "the Merchant Token of Account Info in Seller Central",
    );
    let marketplaces = marketplaces(&mut reader, table.marketplaces, region);
    let client_id = word(&mut reader, "client_id", table.client_id, PORTAL);
    let client_secret = reader.required(
        "client_secret",
        table.client_secret.as_ref(),
        "add client_secret = { credential = \"…\" }",
    );
    let refresh_token = reader.required(
        "refresh_token",
        table.refresh_token.as_ref(),
        "authorize the application for the seller's account and add refresh_token = { credential = \"…\" }",
    );
    let feed_from = reader.within("feed_from", table.feed_from, 1_000, 20, 10_000, "numbers");
    let rate = table.application_rate;
    let application = reader.within("application_rate", rate, 100, 1, 10_000, "changes a second");
    let plan = plan(&mut reader, table.plan.as_deref());
    let read = (|| {
        Some(Parts {
            base: base?,
            credentials: Credentials {
                login: login?,
                client_id: client_id?,
                client_secret: client_secret?,
                refresh_token: refresh_token?,
            },
            seller: seller?,
            marketplaces: marketplaces?,
            depot: region?.depot,
            fba: table.fba.unwrap_or(false),
            feed_from: usize::try_from(feed_from).unwrap_or(1_000),
            application_rate: rate.and_then(|_| u32::try_from(application).ok()),
            plan,
            settle: times.settle,
            patience: times.patience,
            overlap: times.overlap,
            late: times.late,
            deadline: times.deadline,
            queue,
        })
    })();
    reader.finish(read)
}

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;
