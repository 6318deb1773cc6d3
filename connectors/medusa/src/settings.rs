//! Own keys of `[connectors.NAME]`: read, checked, secrets resolved; all problems at once.

use omnistock_sdk::{SecretReference, SecretResolver, SecretString, SettingProblem, read_settings};
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

    fn secret(&mut self, key: &str, reference: &SecretReference) -> Option<SecretString> {
        self.secrets
            .resolve(reference)
            .map_err(|message| self.problems.push(SettingProblem::new(key, message)))
            .ok()
    }

    fn url(&mut self, text: Option<&str>) -> Option<Url> {
        let help = "give the server's address without /admin, such as \"https://medusa.example.com\"";
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
        let plain =
            url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
        if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
            self.problem("url", format!("`{text}` is not an http or https address"), help);
        } else if !plain {
            self.problem(
                "url",
                "the address must have no user, password, query or fragment",
                help,
            );
        } else if matches!(
            url.path().trim_end_matches('/').rsplit('/').next(),
            Some("admin" | "app")
        ) {
            self.problem("url", "the address ends in the path of the dashboard", help);
        } else {
            return Some(url);
        }
        None
    }

    fn credentials(&mut self, table: &Table) -> Option<Credentials> {
        const HELP: &str = "add api_key = { credential = \"…\" } (a secret key from Settings > Secret API Keys), or email and password of an admin user";
        match (&table.api_key, &table.email, &table.password) {
            (Some(key), None, None) => self.secret("api_key", key).map(Credentials::ApiKey),
            (None, Some(email), Some(password)) => {
                let password = self.secret("password", password)?;
                Some(Credentials::Login {
                    email: email.clone(),
                    password,
                })
            }
            (Some(_), _, _) => {
                let key = if table.email.is_some() { "email" } else { "password" };
                self.problem(
                    key,
                    format!("there is an `api_key`, so `{key}` has no meaning"),
                    "keep one way to log in",
                );
                None
            }
            (None, None, None) => {
                self.problem("api_key", "there is neither `api_key` nor `email` and `password`", HELP);
                None
            }
            (None, email, _) => {
                let missing = if email.is_none() { "email" } else { "password" };
                self.problem(missing, format!("`{missing}` is missing"), HELP);
                None
            }
        }
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
    let credentials = reader.credentials(&table);
    let deadline = reader.within("deadline_ms", table.deadline_ms, 30_000, 100, 120_000);
    let overlap = reader.within("overlap_ms", table.overlap_ms, 60_000, 2_000, 3_600_000);
    match (url, credentials) {
        (Some(url), Some(credentials)) if reader.problems.is_empty() => Ok(Parts {
            url,
            credentials,
            deadline: Duration::from_millis(deadline),
            overlap: i64::try_from(overlap).unwrap_or(60_000),
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
        assert_eq!(problems(json!({})), ["url", "api_key"]);
        assert_eq!(
            problems(json!({"url": "http://m.test", "email": "a@example.test"})),
            ["password"]
        );
        assert_eq!(
            problems(json!({"url": "http://m.test", "password": {"env": "GOOD"}})),
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
            ("api_key", json!({"env": "BAD"})),
            ("email", json!("a@example.test")),
            ("password", json!({"env": "GOOD"})),
            ("deadline_ms", json!(5)),
            ("overlap_ms", json!(0)),
            ("urll", json!(1)),
        ] {
            let mut table = json!({"url": "https://medusa.test/sub/", "api_key": {"env": "GOOD"}});
            table[key] = value.clone();
            assert_eq!(problems(table), [key], "{key} = {value}");
        }
    }

    #[test]
    fn either_way_to_log_in_reads() {
        let key = read(
            json!({"url": "https://medusa.test", "api_key": {"env": "GOOD"}}),
            &Known,
        )
        .ok()
        .unwrap();
        assert!(matches!(key.credentials, Credentials::ApiKey(_)));
        let table = json!({"url": "https://medusa.test", "email": "a@example.test", "password": {"env": "GOOD"}});
        let login = read(table, &Known).ok().unwrap();
        assert!(matches!(login.credentials, Credentials::Login { .. }));
        assert_eq!((login.deadline, login.overlap), (Duration::from_secs(30), 60_000));
    }
}
