//! Own keys of `[connectors.NAME]`: read, checked, secrets resolved; all problems at once.

use omnistock_sdk::{SecretReference, SecretResolver, SecretString, SettingProblem, read_settings};
use omnistock_words::Currency;
use serde::Deserialize;
use std::time::Duration;
use url::Url;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    url: Option<String>,
    key: Option<SecretReference>,
    secret: Option<SecretReference>,
    webhook_secret: Option<SecretReference>,
    webhook_secret_previous: Option<SecretReference>,
    deadline_ms: Option<u64>,
    overlap_ms: Option<u64>,
    currency: Option<String>,
}

/// What a connector is built from.
pub(crate) struct Parts {
    /// The shop's own address, `http` or `https`.
    pub(crate) url: Url,
    /// Consumer key.
    pub(crate) key: SecretString,
    /// Consumer secret.
    pub(crate) secret: SecretString,
    /// The present one first, then the one before; empty: webhooks are not used.
    pub(crate) webhook_secrets: Vec<SecretString>,
    /// Of one call, from connect to the last byte.
    pub(crate) deadline: Duration,
    /// How far a poll of orders looks back before the start of the last one, milliseconds.
    pub(crate) overlap: i64,
    /// The shop's currency, where it is not to be asked for it.
    pub(crate) currency: Option<Currency>,
}

struct Reader<'a> {
    secrets: &'a dyn SecretResolver,
    problems: Vec<SettingProblem>,
}

impl Reader<'_> {
    fn problem(&mut self, key: &str, message: impl Into<String>, help: &str) {
        self.problems.push(SettingProblem {
            help: Some(help.to_owned()),
            ..SettingProblem::new(key, message)
        });
    }

    fn secret(&mut self, key: &str, reference: Option<&SecretReference>) -> Option<SecretString> {
        match self.secrets.resolve(reference?) {
            Ok(secret) => Some(secret),
            Err(message) => {
                self.problems.push(SettingProblem::new(key, message));
                None
            }
        }
    }

    fn required(&mut self, key: &str, reference: Option<&SecretReference>) -> Option<SecretString> {
        if reference.is_none() {
            let help = format!(
                "add {key} = {{ credential = \"…\" }} with what WooCommerce shows under Settings > Advanced > REST API"
            );
            self.problem(key, format!("`{key}` is missing"), &help);
        }
        self.secret(key, reference)
    }

    fn url(&mut self, text: Option<&str>) -> Option<Url> {
        let help = "give the shop's address as a browser shows it, such as \"https://shop.example.com\"";
        let Some(text) = text else {
            self.problem("url", "`url` is missing", help);
            return None;
        };
        match text.parse::<Url>() {
            Ok(url) if !matches!(url.scheme(), "http" | "https") || url.host().is_none() => {
                self.problem("url", format!("`{text}` is not an http or https address"), help);
                None
            }
            Ok(url)
                if !url.username().is_empty()
                    || url.password().is_some()
                    || url.query().is_some()
                    || url.fragment().is_some() =>
            {
                self.problem(
                    "url",
                    "the address must have no user, password, query or fragment",
                    help,
                );
                None
            }
            Ok(url) => Some(url),
            Err(error) => {
                self.problem("url", format!("`{text}` is not an address: {error}"), help);
                None
            }
        }
    }

    fn currency(&mut self, text: Option<&str>) -> Option<Currency> {
        let currency = text?.parse().ok();
        if currency.is_none() {
            let help = "use three capital letters such as \"EUR\", or leave it out: the shop is asked";
            self.problem("currency", "`currency` is not a currency code", help);
        }
        currency
    }

    fn within(&mut self, key: &str, value: Option<u64>, default: u64, least: u64, most: u64) -> u64 {
        let value = value.unwrap_or(default);
        if !(least..=most).contains(&value) {
            self.problem(
                key,
                format!("`{key}` is {value}"),
                &format!("use {least} to {most} milliseconds; the default is {default}"),
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
    let key = reader.required("key", table.key.as_ref());
    let secret = reader.required("secret", table.secret.as_ref());
    let webhook = reader.secret("webhook_secret", table.webhook_secret.as_ref());
    let previous = reader.secret("webhook_secret_previous", table.webhook_secret_previous.as_ref());
    if table.webhook_secret_previous.is_some() && table.webhook_secret.is_none() {
        reader.problem(
            "webhook_secret_previous",
            "there is no `webhook_secret` that came after it",
            "rename it to webhook_secret",
        );
    }
    let deadline = reader.within("deadline_ms", table.deadline_ms, 30_000, 100, 120_000);
    let overlap = reader.within("overlap_ms", table.overlap_ms, 60_000, 2_000, 3_600_000);
    let currency = reader.currency(table.currency.as_deref());
    let webhook_secrets = webhook.into_iter().chain(previous).collect();
    match (url, key, secret) {
        (Some(url), Some(key), Some(secret)) if reader.problems.is_empty() => Ok(Parts {
            url,
            key,
            secret,
            webhook_secrets,
            deadline: Duration::from_millis(deadline),
            overlap: i64::try_from(overlap).unwrap_or(60_000),
            currency,
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

    fn good(key: &str, value: Value) -> Value {
        let mut table = json!({"url": "https://shop.test/sub/", "key": {"env": "GOOD"}, "secret": {"env": "GOOD"}});
        table[key] = value;
        table
    }

    #[test]
    fn all_that_is_missing_is_named_at_once() {
        assert_eq!(problems(json!({})), ["url", "key", "secret"]);
    }

    #[test]
    fn each_bad_key_is_named() {
        for (key, value) in [
            ("url", json!("ftp://shop.test")),
            ("url", json!("shop.test")),
            ("url", json!("https://me:pw@shop.test")),
            ("url", json!("https://shop.test/?x=1")),
            ("key", json!({"env": "BAD"})),
            ("secret", json!({"file": "/nowhere"})),
            ("webhook_secret", json!({"env": "BAD"})),
            ("webhook_secret_previous", json!({"env": "GOOD"})),
            ("deadline_ms", json!(5)),
            ("overlap_ms", json!(0)),
            ("currency", json!("euro")),
            ("urll", json!(1)),
        ] {
            assert_eq!(problems(good(key, value.clone())), [key], "{key} = {value}");
        }
    }

    #[test]
    fn a_good_table_reads_with_both_webhook_secrets() {
        let mut table = good("webhook_secret", json!({"env": "GOOD"}));
        table["webhook_secret_previous"] = json!({"env": "GOOD"});
        let parts = read(table, &Known).ok().unwrap();
        assert_eq!(parts.webhook_secrets.len(), 2);
        assert_eq!((parts.deadline, parts.overlap), (Duration::from_secs(30), 60_000));
    }
}
