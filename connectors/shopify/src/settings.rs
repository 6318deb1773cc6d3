//! Own keys of `[connectors.NAME]`: read, checked, secrets resolved; all problems at once.

use omnistock_sdk::{SecretReference, SecretResolver, SecretString, SettingProblem, read_settings};
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
}

struct Reader<'a> {
    secrets: &'a dyn SecretResolver,
    problems: Vec<SettingProblem>,
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

impl Reader<'_> {
    fn problem(&mut self, key: &str, message: impl Into<String>, help: &str) {
        self.problems.push(SettingProblem {
            help: Some(help.to_owned()),
            ..SettingProblem::new(key, message)
        });
    }

    fn secret(&mut self, key: &str, reference: Option<&SecretReference>) -> Option<SecretString> {
        self.secrets
            .resolve(reference?)
            .map_err(|message| self.problems.push(SettingProblem::new(key, message)))
            .ok()
    }

    fn url(&mut self, text: Option<&str>) -> Option<Url> {
        let help =
            "give the shop's own address, such as \"https://my-shop.myshopify.com\" (not the storefront's domain)";
        let Some(text) = text else {
            self.problem("url", "`url` is missing", help);
            return None;
        };
        let url = match text.parse::<Url>() {
            Ok(url) => url,
            Err(error) => {
                self.problem("url", format!("`{text}` is not an address: {error}"), help);
                return None;
            }
        };
        let plain = url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none()
            && url.path() == "/";
        if !is_safe(&url) || url.host().is_none() {
            self.problem("url", format!("`{text}` is not an https address"), help);
        } else if !plain {
            self.problem(
                "url",
                "the address must be the bare host, without user, path or query",
                help,
            );
        } else {
            return Some(url);
        }
        None
    }

    fn credentials(&mut self, table: &Table) -> Option<Credentials> {
        const HELP: &str = "add client_id and client_secret of your app, or token = { credential = \"…\" } (shpat_…) of an older custom app";
        match (&table.token, &table.client_id, &table.client_secret) {
            (Some(token), None, _) => self.secret("token", Some(token)).map(Credentials::Token),
            (None, Some(client_id), Some(secret)) => {
                let client_secret = self.secret("client_secret", Some(secret))?;
                Some(Credentials::App {
                    client_id: client_id.clone(),
                    client_secret,
                })
            }
            (Some(_), Some(_), _) => {
                self.problem(
                    "client_id",
                    "there is a `token`, so `client_id` has no meaning",
                    "keep one way to log in",
                );
                None
            }
            (None, None, None) => {
                self.problem(
                    "token",
                    "there is neither `token` nor `client_id` and `client_secret`",
                    HELP,
                );
                None
            }
            (None, id, _) => {
                let missing = if id.is_none() { "client_id" } else { "client_secret" };
                self.problem(missing, format!("`{missing}` is missing"), HELP);
                None
            }
        }
    }

    fn version(&mut self, given: Option<String>) -> String {
        let version = given.unwrap_or_else(|| VERSION.to_owned());
        let months = ["-01", "-04", "-07", "-10"];
        let year = version.split('-').next().unwrap_or_default();
        let quarterly = version.len() == 7
            && year.len() == 4
            && year.bytes().all(|byte| byte.is_ascii_digit())
            && months.iter().any(|month| version.ends_with(month));
        if !quarterly {
            self.problem(
                "version",
                format!("`{version}` is not a version of Shopify's interface"),
                "versions are named like \"2026-07\": January, April, July or October",
            );
        } else if version.as_str() < FIRST_VERSION {
            self.problem(
                "version",
                format!("`{version}` is too old: stock is written as Shopify takes it since {FIRST_VERSION}"),
                "leave `version` out, or use a newer one",
            );
        }
        version
    }

    fn webhook_secrets(&mut self, table: &Table) -> Vec<SecretString> {
        // Shopify signs with the app's client secret; a person need not name it twice.
        let (key, present) = match &table.webhook_secret {
            Some(reference) => ("webhook_secret", Some(reference)),
            None => ("client_secret", table.client_secret.as_ref()),
        };
        if present.is_none() && table.webhook_secret_previous.is_some() {
            self.problem(
                "webhook_secret_previous",
                "there is no `webhook_secret` that came after it",
                "rename it to webhook_secret",
            );
        }
        // A client secret that can't be resolved is already told of, where it is the way to log in.
        let told = key == "client_secret" && table.token.is_none();
        let present = if told {
            present.and_then(|reference| self.secrets.resolve(reference).ok())
        } else {
            self.secret(key, present)
        };
        let previous = self.secret("webhook_secret_previous", table.webhook_secret_previous.as_ref());
        present.into_iter().chain(previous).collect()
    }

    fn within(&mut self, key: &str, value: Option<u64>, default: u64, least: u64, most: u64, unit: &str) -> u64 {
        let value = value.unwrap_or(default);
        if !(least..=most).contains(&value) {
            self.problem(
                key,
                format!("`{key}` is {value}"),
                &format!("use {least} to {most} {unit}; the default is {default}"),
            );
        }
        value
    }
}

/// Reads the table, or says everything that is wrong with it.
pub(crate) fn read(table: serde_json::Value, secrets: &dyn SecretResolver) -> Result<Parts, Vec<SettingProblem>> {
    let table: Table = read_settings(table)?;
    let mut reader = Reader {
        secrets,
        problems: Vec::new(),
    };
    let url = reader.url(table.url.as_deref());
    let credentials = reader.credentials(&table);
    let version = reader.version(table.version.clone());
    let webhook_secrets = reader.webhook_secrets(&table);
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
    match (url, credentials) {
        (Some(url), Some(credentials)) if reader.problems.is_empty() => Ok(Parts {
            url,
            credentials,
            version,
            webhook_secrets,
            deadline: Duration::from_millis(deadline),
            overlap: i64::try_from(overlap).unwrap_or(120_000),
            bulk_above,
        }),
        _ => Err(reader.problems),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    struct Known;

    impl SecretResolver for Known {
        fn resolve(&self, reference: &SecretReference) -> Result<SecretString, String> {
            match reference {
                SecretReference::Env(name) if name == "GOOD" => Ok(SecretString::from("word")),
                other => Err(format!("nothing at {other:?}")),
            }
        }
    }

    fn problems(table: Value) -> Vec<String> {
        read(table, &Known)
            .err()
            .unwrap_or_default()
            .into_iter()
            .map(|problem| problem.key)
            .collect()
    }

    #[test]
    fn all_that_is_missing_is_named_at_once() {
        assert_eq!(problems(json!({})), ["url", "token"]);
        let url = "https://my-shop.myshopify.com";
        assert_eq!(problems(json!({"url": url, "client_id": "x"})), ["client_secret"]);
        assert_eq!(
            problems(json!({"url": url, "client_secret": {"env": "GOOD"}})),
            ["client_id"]
        );
        assert_eq!(
            problems(json!({"url": url, "client_id": "x", "client_secret": {"env": "BAD"}})),
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
            ("token", json!({"env": "BAD"})),
            ("client_id", json!("x")),
            ("version", json!("2026-05")),
            ("version", json!("2026-01")),
            ("version", json!("unstable")),
            ("webhook_secret", json!({"env": "BAD"})),
            ("webhook_secret_previous", json!({"env": "GOOD"})),
            ("deadline_ms", json!(5)),
            ("overlap_ms", json!(0)),
            ("bulk_above", json!(30_000)),
            ("urll", json!(1)),
        ] {
            let mut table = json!({"url": "https://my-shop.myshopify.com", "token": {"env": "GOOD"}});
            table[key] = value.clone();
            assert_eq!(problems(table), [key], "{key} = {value}");
        }
    }

    #[test]
    fn the_apps_secret_signs_webhooks_unless_another_is_named() {
        let app = json!({"url": "http://127.0.0.1:9/", "client_id": "id", "client_secret": {"env": "GOOD"}});
        let parts = read(app.clone(), &Known).ok().unwrap();
        assert_eq!((parts.webhook_secrets.len(), parts.version.as_str()), (1, VERSION));
        assert!(matches!(parts.credentials, Credentials::App { .. }));
        let mut both = app;
        both["webhook_secret_previous"] = json!({"env": "GOOD"});
        assert_eq!(read(both, &Known).ok().unwrap().webhook_secrets.len(), 2);
        let token = json!({"url": "https://my-shop.myshopify.com", "token": {"env": "GOOD"}});
        let parts = read(token, &Known).ok().unwrap();
        assert_eq!(
            (parts.webhook_secrets.len(), parts.overlap, parts.bulk_above),
            (0, 120_000, 10_000)
        );
    }
}
