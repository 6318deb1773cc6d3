//! Own keys of `[connectors.NAME]`: read, checked, secrets resolved; all problems at once.

use omnistock_sdk::{SecretReference, SecretResolver, SecretString, SettingProblem, SettingsReader, read_settings};
use serde::Deserialize;
use std::time::Duration;
use url::Url;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    url: Option<String>,
    api_key: Option<SecretReference>,
    email: Option<String>,
    password: Option<SecretReference>,
    deadline_ms: Option<u64>,
    overlap_ms: Option<u64>,
}

/// Who we are at the shop.
#[derive(Clone)]
pub(crate) enum Credentials {
    /// A secret API key (`sk_…`): lives until it is revoked.
    ApiKey(SecretString),
    /// An admin user; the server hands out tokens that expire.
    Login {
        /// The user's e-mail address.
        email: String,
        /// The user's password.
        password: SecretString,
    },
}

/// What a connector is built from.
pub(crate) struct Parts {
    /// The server's own address, `http` or `https`, without `/admin`.
    pub(crate) url: Url,
    /// Who we are.
    pub(crate) credentials: Credentials,
    /// Of one call, from connect to the last byte.
    pub(crate) deadline: Duration,
    /// How far a poll of orders looks back before the newest change seen, milliseconds.
    pub(crate) overlap: i64,
}

fn url(reader: &mut SettingsReader<'_>, text: Option<&str>) -> Option<Url> {
    const HELP: &str = "give the server's address without /admin, such as \"https://medusa.example.com\"";
    let url = reader.url("url", text, HELP)?;
    let end = url.path().trim_end_matches('/').rsplit('/').next();
    if matches!(end, Some("admin" | "app")) {
        reader.problem("url", "the address ends in the path of the dashboard", HELP);
        return None;
    }
    Some(url)
}

fn credentials(reader: &mut SettingsReader<'_>, table: &Table) -> Option<Credentials> {
    const HELP: &str = "add api_key = { credential = \"…\" } (a secret key from Settings > Secret API Keys), or email and password of an admin user";
    match (&table.api_key, &table.email, &table.password) {
        (Some(key), None, None) => reader.secret("api_key", Some(key)).map(Credentials::ApiKey),
        (None, Some(email), Some(password)) => {
            let password = reader.secret("password", Some(password))?;
            Some(Credentials::Login {
                email: email.clone(),
                password,
            })
        }
        (Some(_), _, _) => {
            let key = if table.email.is_some() { "email" } else { "password" };
            reader.problem(
                key,
                format!("there is an `api_key`, so `{key}` has no meaning"),
                "keep one way to log in",
            );
            None
        }
        (None, None, None) => {
            reader.problem("api_key", "there is neither `api_key` nor `email` and `password`", HELP);
            None
        }
        (None, email, _) => {
            let missing = if email.is_none() { "email" } else { "password" };
            reader.problem(missing, format!("`{missing}` is missing"), HELP);
            None
        }
    }
}

/// Reads the table, or says everything that is wrong with it.
pub(crate) fn read(table: serde_json::Value, secrets: &dyn SecretResolver) -> Result<Parts, Vec<SettingProblem>> {
    let table: Table = read_settings(table)?;
    let mut reader = SettingsReader::new(secrets);
    let url = url(&mut reader, table.url.as_deref());
    let credentials = credentials(&mut reader, &table);
    let deadline = reader.within("deadline_ms", table.deadline_ms, 30_000, 100, 120_000, "milliseconds");
    let overlap = reader.within("overlap_ms", table.overlap_ms, 60_000, 2_000, 3_600_000, "milliseconds");
    reader.finish(url.zip(credentials).map(|(url, credentials)| Parts {
        url,
        credentials,
        deadline: Duration::from_millis(deadline),
        overlap: i64::try_from(overlap).unwrap_or(60_000),
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
        assert_eq!(problems(json!({})), ["url", "api_key"]);
        assert_eq!(
            problems(json!({"url": "http://m.test", "email": "a@example.test"})),
            ["password"]
        );
        assert_eq!(
            problems(json!({"url": "http://m.test", "password": {"env": "word"}})),
            ["email"]
        );
    }

    #[test]
    fn each_bad_key_is_named() {
        for (key, value) in [
            ("url", json!("ftp://shop.test")),
            ("url", json!("medusa.test")),
            ("url", json!("https://me:pw@shop.test")),
            ("url", json!("https://shop.test/admin/")),
            ("api_key", json!({"env": "UNSET"})),
            ("email", json!("a@example.test")),
            ("password", json!({"env": "word"})),
            ("deadline_ms", json!(5)),
            ("overlap_ms", json!(0)),
            ("urll", json!(1)),
        ] {
            let mut table = json!({"url": "https://medusa.test/sub/", "api_key": {"env": "word"}});
            table[key] = value.clone();
            assert_eq!(problems(table), [key], "{key} = {value}");
        }
    }

    #[test]
    fn either_way_to_log_in_reads() {
        let key = read(
            json!({"url": "https://medusa.test", "api_key": {"env": "word"}}),
            &Names,
        )
        .ok()
        .unwrap();
        assert!(matches!(key.credentials, Credentials::ApiKey(_)));
        let table = json!({"url": "https://medusa.test", "email": "a@example.test", "password": {"env": "word"}});
        let login = read(table, &Names).ok().unwrap();
        assert!(matches!(login.credentials, Credentials::Login { .. }));
        assert_eq!((login.deadline, login.overlap), (Duration::from_secs(30), 60_000));
    }
}
