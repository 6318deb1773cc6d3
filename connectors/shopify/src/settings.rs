//! Own keys of `[connectors.NAME]`: read, checked, secrets resolved; all problems at once.

use omnistock_sdk::{SecretReference, SecretResolver, SecretString, SettingProblem, SettingsReader, read_settings};
use serde::Deserialize;
use std::time::Duration;
use url::{Host, Url};

/// The interface version that is asked for unless another is set: the newest that this connector was checked against.
const VERSION: &str = "2026-07";

/// The first version whose stock writes this connector speaks.
const FIRST_VERSION: &str = "2026-04";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    url: Option<String>,
    token: Option<SecretReference>,
    client_id: Option<String>,
    client_secret: Option<SecretReference>,
    version: Option<String>,
    webhook_secret: Option<SecretReference>,
    webhook_secret_previous: Option<SecretReference>,
    deadline_ms: Option<u64>,
    overlap_ms: Option<u64>,
    bulk_above: Option<u64>,
    prices: Option<bool>,
    compare_at: Option<bool>,
}

/// Who we are at the shop.
#[derive(Clone)]
pub(crate) enum Credentials {
    /// An access token (`shpat_…`): lives until it is revoked.
    Token(SecretString),
    /// An app of the merchant's own: the vendor hands out tokens that expire.
    App {
        /// The app's client id.
        client_id: String,
        /// The app's client secret.
        client_secret: SecretString,
    },
}

/// What a connector is built from.
pub(crate) struct Parts {
    /// The shop's own address, `https://NAME.myshopify.com`.
    pub(crate) url: Url,
    /// Who we are.
    pub(crate) credentials: Credentials,
    /// The interface version that is asked for.
    pub(crate) version: String,
    /// The present one first, then the one before; empty: webhooks are not used.
    pub(crate) webhook_secrets: Vec<SecretString>,
    /// Of one call, from connect to the last byte.
    pub(crate) deadline: Duration,
    /// How far a poll of orders looks back before the newest change seen, milliseconds.
    pub(crate) overlap: i64,
    /// Variants of a shop from which on the catalogue is read by a bulk operation.
    pub(crate) bulk_above: u64,
    /// Prices may be written.
    pub(crate) prices: bool,
    /// The former prices that are shown beside are ours too; else they are left as they are.
    pub(crate) compare_at: bool,
}

/// Plain HTTP shows the access token to everybody on the way: only to this very machine, for tests.
fn is_safe(url: &Url) -> bool {
    let loopback = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    url.scheme() == "https" || (url.scheme() == "http" && loopback)
}

fn url(reader: &mut SettingsReader<'_>, text: Option<&str>) -> Option<Url> {
    const HELP: &str =
        "give the shop's own address, such as \"https://my-shop.myshopify.com\" (not the storefront's domain)";
    let url = reader.url("url", text, HELP)?;
    if !is_safe(&url) {
        reader.problem("url", format!("`{url}` is not an https address"), HELP);
    } else if url.path() != "/" {
        reader.problem("url", "the address must be the bare host, without a path", HELP);
    } else {
        return Some(url);
    }
    None
}

fn credentials(reader: &mut SettingsReader<'_>, table: &Table) -> Option<Credentials> {
    const HELP: &str = "add client_id and client_secret of your app, or token = { credential = \"…\" } (shpat_…) of an older custom app";
    match (&table.token, &table.client_id, &table.client_secret) {
        (Some(token), None, _) => reader.secret("token", Some(token)).map(Credentials::Token),
        (None, Some(client_id), Some(secret)) => {
            let client_secret = reader.secret("client_secret", Some(secret))?;
            Some(Credentials::App {
                client_id: client_id.clone(),
                client_secret,
            })
        }
        (Some(_), Some(_), _) => {
            reader.problem(
                "client_id",
                "there is a `token`, so `client_id` has no meaning",
                "keep one way to log in",
            );
            None
        }
        (None, None, None) => {
            reader.problem(
                "token",
                "there is neither `token` nor `client_id` and `client_secret`",
                HELP,
            );
            None
        }
        (None, id, _) => {
            let missing = if id.is_none() { "client_id" } else { "client_secret" };
            reader.problem(missing, format!("`{missing}` is missing"), HELP);
            None
        }
    }
}

fn version(reader: &mut SettingsReader<'_>, given: Option<String>) -> String {
    let version = given.unwrap_or_else(|| VERSION.to_owned());
    let months = ["-01", "-04", "-07", "-10"];
    let year = version.split('-').next().unwrap_or_default();
    let quarterly = version.len() == 7
        && year.len() == 4
        && year.bytes().all(|byte| byte.is_ascii_digit())
        && months.iter().any(|month| version.ends_with(month));
    if !quarterly {
        reader.problem(
            "version",
            format!("`{version}` is not a version of Shopify's interface"),
            "versions are named like \"2026-07\": January, April, July or October",
        );
    } else if version.as_str() < FIRST_VERSION {
        reader.problem(
            "version",
            format!("`{version}` is too old: stock is written as Shopify takes it since {FIRST_VERSION}"),
            "leave `version` out, or use a newer one",
        );
    }
    version
}

fn webhook_secrets(reader: &mut SettingsReader<'_>, secrets: &dyn SecretResolver, table: &Table) -> Vec<SecretString> {
    let previous = table.webhook_secret_previous.as_ref();
    // Shopify signs with the app's client secret; a person need not name it twice.
    let (None, Some(app)) = (&table.webhook_secret, &table.client_secret) else {
        return reader.webhook_secrets(table.webhook_secret.as_ref(), previous);
    };
    // One that can't be resolved is already told of, where it is the way to log in.
    let present = if table.token.is_none() {
        secrets.resolve(app).ok()
    } else {
        reader.secret("client_secret", Some(app))
    };
    present
        .into_iter()
        .chain(reader.secret("webhook_secret_previous", previous))
        .collect()
}

/// Reads the table, or says everything that is wrong with it.
pub(crate) fn read(table: serde_json::Value, secrets: &dyn SecretResolver) -> Result<Parts, Vec<SettingProblem>> {
    let table: Table = read_settings(table)?;
    let mut reader = SettingsReader::new(secrets);
    let url = url(&mut reader, table.url.as_deref());
    let credentials = credentials(&mut reader, &table);
    let version = version(&mut reader, table.version.clone());
    let webhook_secrets = webhook_secrets(&mut reader, secrets, &table);
    let deadline = reader.within("deadline_ms", table.deadline_ms, 20_000, 100, 120_000, "milliseconds");
    let overlap = reader.within(
        "overlap_ms",
        table.overlap_ms,
        120_000,
        2_000,
        3_600_000,
        "milliseconds",
    );
    // The vendor lets nobody page past 25,000 objects.
    let bulk_above = reader.within("bulk_above", table.bulk_above, 10_000, 0, 20_000, "variants");
    if table.prices == Some(false) && table.compare_at == Some(true) {
        let help = "take `compare_at` out, or `prices = false`";
        reader.problem(
            "compare_at",
            "there are no prices that would have former ones beside them",
            help,
        );
    }
    reader.finish(url.zip(credentials).map(|(url, credentials)| Parts {
        url,
        credentials,
        version,
        webhook_secrets,
        deadline: Duration::from_millis(deadline),
        overlap: i64::try_from(overlap).unwrap_or(120_000),
        bulk_above,
        prices: table.prices.unwrap_or(true),
        compare_at: table.compare_at.unwrap_or(false),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use omnistock_sdk::testing::{Names, keys};
    use serde_json::{Value, json};

    fn problems(table: Value) -> Vec<String> {
        keys(read(table, &Names))
    }

    #[test]
    fn all_that_is_missing_is_named_at_once() {
        assert_eq!(problems(json!({})), ["url", "token"]);
        let url = "https://my-shop.myshopify.com";
        assert_eq!(problems(json!({"url": url, "client_id": "x"})), ["client_secret"]);
        assert_eq!(
            problems(json!({"url": url, "client_secret": {"env": "word"}})),
            ["client_id"]
        );
        assert_eq!(
            problems(json!({"url": url, "client_id": "x", "client_secret": {"env": "UNSET"}})),
            ["client_secret"]
        );
    }

    #[test]
    fn each_bad_key_is_named() {
        for (key, value) in [
            ("url", json!("ftp://my-shop.myshopify.com")),
            ("url", json!("http://my-shop.myshopify.com")),
            ("url", json!("my-shop.myshopify.com")),
            ("url", json!("https://me:pw@my-shop.myshopify.com")),
            ("url", json!("https://my-shop.myshopify.com/admin")),
            ("token", json!({"env": "UNSET"})),
            ("client_id", json!("x")),
            ("version", json!("2026-05")),
            ("version", json!("2026-01")),
            ("version", json!("unstable")),
            ("webhook_secret", json!({"env": "UNSET"})),
            ("webhook_secret_previous", json!({"env": "word"})),
            ("deadline_ms", json!(5)),
            ("overlap_ms", json!(0)),
            ("bulk_above", json!(30_000)),
            ("urll", json!(1)),
        ] {
            let mut table = json!({"url": "https://my-shop.myshopify.com", "token": {"env": "word"}});
            table[key] = value.clone();
            assert_eq!(problems(table), [key], "{key} = {value}");
        }
    }

    #[test]
    fn the_apps_secret_signs_webhooks_unless_another_is_named() {
        let app = json!({"url": "http://127.0.0.1:9/", "client_id": "id", "client_secret": {"env": "word"}});
        let parts = read(app.clone(), &Names).ok().unwrap();
        assert_eq!((parts.webhook_secrets.len(), parts.version.as_str()), (1, VERSION));
        assert!(matches!(parts.credentials, Credentials::App { .. }));
        let mut both = app;
        both["webhook_secret_previous"] = json!({"env": "word"});
        assert_eq!(read(both, &Names).ok().unwrap().webhook_secrets.len(), 2);
        let token = json!({"url": "https://my-shop.myshopify.com", "token": {"env": "word"}});
        let parts = read(token, &Names).ok().unwrap();
        assert_eq!(
            (parts.webhook_secrets.len(), parts.overlap, parts.bulk_above),
            (0, 120_000, 10_000)
        );
    }
}
