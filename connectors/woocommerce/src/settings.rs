//! Own keys of `[connectors.NAME]`: read, checked, secrets resolved; all problems at once.

use omnistock_sdk::{SecretReference, SecretResolver, SecretString, SettingProblem, SettingsReader, read_settings};
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

fn currency(reader: &mut SettingsReader<'_>, text: Option<&str>) -> Option<Currency> {
    let currency = text?.parse().ok();
    if currency.is_none() {
        let help = "use three capital letters such as \"EUR\", or leave it out: the shop is asked";
        reader.problem("currency", "`currency` is not a currency code", help);
    }
    currency
}

/// Reads the table, or says everything that is wrong with it.
pub(crate) fn read(table: serde_json::Value, secrets: &dyn SecretResolver) -> Result<Parts, Vec<SettingProblem>> {
    const ADDRESS: &str = "give the shop's address as a browser shows it, such as \"https://shop.example.com\"";
    let table: Table = read_settings(table)?;
    let mut reader = SettingsReader::new(secrets);
    let shown = |key: &str| {
        format!("add {key} = {{ credential = \"…\" }} with what WooCommerce shows under Settings > Advanced > REST API")
    };
    let url = reader.url("url", table.url.as_deref(), ADDRESS);
    let key = reader.required("key", table.key.as_ref(), &shown("key"));
    let secret = reader.required("secret", table.secret.as_ref(), &shown("secret"));
    let webhook_secrets = reader.webhook_secrets(table.webhook_secret.as_ref(), table.webhook_secret_previous.as_ref());
    let deadline = reader.within("deadline_ms", table.deadline_ms, 30_000, 100, 120_000, "milliseconds");
    let overlap = reader.within("overlap_ms", table.overlap_ms, 60_000, 2_000, 3_600_000, "milliseconds");
    let currency = currency(&mut reader, table.currency.as_deref());
    let parts = url.zip(key).zip(secret).map(|((url, key), secret)| Parts {
        url,
        key,
        secret,
        webhook_secrets,
        deadline: Duration::from_millis(deadline),
        overlap: i64::try_from(overlap).unwrap_or(60_000),
        currency,
    });
    reader.finish(parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use omnistock_sdk::testing::{Names, keys};
    use serde_json::{Value, json};

    fn problems(table: Value) -> Vec<String> {
        keys(read(table, &Names))
    }

    fn good(key: &str, value: Value) -> Value {
        let mut table = json!({"url": "https://shop.test/sub/", "key": {"env": "word"}, "secret": {"env": "word"}});
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
            ("key", json!({"env": "UNSET"})),
            ("secret", json!({"file": "/nowhere"})),
            ("webhook_secret", json!({"env": "UNSET"})),
            ("webhook_secret_previous", json!({"env": "word"})),
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
        let mut table = good("webhook_secret", json!({"env": "word"}));
        table["webhook_secret_previous"] = json!({"env": "word"});
        let parts = read(table, &Names).ok().unwrap();
        assert_eq!(parts.webhook_secrets.len(), 2);
        assert_eq!((parts.deadline, parts.overlap), (Duration::from_secs(30), 60_000));
    }
}
