//! What connectors read from their tables beyond types: secrets, addresses, numbers within bounds; all problems at once.

use crate::{SecretReference, SecretResolver, SettingProblem};
use secrecy::SecretString;
use url::Url;

/// Reads the values of a table and gathers what is wrong with them, so that a person mends all of it in one go.
pub struct SettingsReader<'a> {
    secrets: &'a dyn SecretResolver,
    problems: Vec<SettingProblem>,
}

impl<'a> SettingsReader<'a> {
    /// Nothing is wrong yet. Secrets are looked up with `secrets`.
    pub fn new(secrets: &'a dyn SecretResolver) -> Self {
        Self {
            secrets,
            problems: Vec::new(),
        }
    }

    /// Something is wrong with this (dotted) key; `help` says what to do, where it isn't empty.
    pub fn problem(&mut self, key: &str, message: impl Into<String>, help: &str) {
        self.problems.push(SettingProblem {
            help: (!help.is_empty()).then(|| help.to_owned()),
            ..SettingProblem::new(key, message)
        });
    }

    /// How many problems there are so far.
    pub fn told(&self) -> usize {
        self.problems.len()
    }

    /// Whether nothing was wrong so far.
    pub fn is_fine(&self) -> bool {
        self.problems.is_empty()
    }

    /// The secret of this key, where it is given.
    pub fn secret(&mut self, key: &str, reference: Option<&SecretReference>) -> Option<SecretString> {
        self.secrets
            .resolve(reference?)
            .map_err(|message| self.problem(key, message, ""))
            .ok()
    }

    /// The same of a key that has to be given.
    pub fn required(&mut self, key: &str, reference: Option<&SecretReference>, help: &str) -> Option<SecretString> {
        if reference.is_none() {
            self.problem(key, format!("`{key}` is missing"), help);
        }
        self.secret(key, reference)
    }

    /// Secrets of `webhook_secret` and `webhook_secret_previous`: the present one first, then the one before.
    pub fn webhook_secrets(
        &mut self,
        present: Option<&SecretReference>,
        previous: Option<&SecretReference>,
    ) -> Vec<SecretString> {
        const PREVIOUS: &str = "webhook_secret_previous";
        if previous.is_some() && present.is_none() {
            let message = "there is no `webhook_secret` that came after it";
            self.problem(PREVIOUS, message, "rename it to webhook_secret");
        }
        let present = self.secret("webhook_secret", present);
        present.into_iter().chain(self.secret(PREVIOUS, previous)).collect()
    }

    /// An http or https address without user, password, query and fragment; `help` shows a right one.
    pub fn url(&mut self, key: &str, text: Option<&str>, help: &str) -> Option<Url> {
        let Some(text) = text else {
            self.problem(key, format!("`{key}` is missing"), help);
            return None;
        };
        let url = match text.parse::<Url>() {
            Ok(url) => url,
            Err(error) => {
                self.problem(key, format!("`{text}` is not an address: {error}"), help);
                return None;
            }
        };
        let plain =
            url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
        if !plain {
            // The address may hold a password: it is not repeated.
            let message = "the address must have no user, password, query or fragment";
            self.problem(key, message, help);
        } else if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
            self.problem(key, format!("`{text}` is not an http or https address"), help);
        } else {
            return Some(url);
        }
        None
    }

    /// A number from `least` to `most`, both included; `unit` is what it counts.
    pub fn within(&mut self, key: &str, value: Option<u64>, default: u64, least: u64, most: u64, unit: &str) -> u64 {
        let value = value.unwrap_or(default);
        if !(least..=most).contains(&value) {
            let help = format!("use {least} to {most} {unit}; the default is {default}");
            self.problem(key, format!("`{key}` is {value}"), &help);
        }
        value
    }

    /// What was read, where nothing was wrong. `None`: a value that was told of already is missing in it.
    pub fn finish<T>(self, read: Option<T>) -> Result<T, Vec<SettingProblem>> {
        read.filter(|_| self.problems.is_empty()).ok_or(self.problems)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Words;

    impl SecretResolver for Words {
        fn resolve(&self, reference: &SecretReference) -> Result<SecretString, String> {
            match reference {
                SecretReference::Env(name) => Ok(SecretString::from(name.clone())),
                other => Err(format!("nothing at {other:?}")),
            }
        }
    }

    fn env() -> SecretReference {
        SecretReference::Env("word".to_owned())
    }

    /// The keys that are complained of.
    fn told(read: impl FnOnce(&mut SettingsReader<'_>)) -> Vec<String> {
        let mut reader = SettingsReader::new(&Words);
        read(&mut reader);
        let problems = reader.finish::<()>(None).unwrap_err();
        problems.into_iter().map(|problem| problem.key).collect()
    }

    #[test]
    fn everything_that_is_wrong_is_told_in_one_go() {
        let told = told(|reader| {
            reader.url("url", Some("nowhere"), "");
            reader.required("key", None, "");
            reader.secret("secret", Some(&SecretReference::File("x".to_owned())));
            reader.within("page", Some(0), 10, 1, 20, "records");
            reader.webhook_secrets(None, Some(&env()));
        });
        assert_eq!(told, ["url", "key", "secret", "page", "webhook_secret_previous"]);
    }

    #[test]
    fn an_address_is_bare_and_a_password_in_it_is_not_repeated() {
        for good in ["https://shop.test", "http://127.0.0.1:9/sub/"] {
            assert!(
                told(|reader| drop(reader.url("url", Some(good), ""))).is_empty(),
                "{good}"
            );
        }
        for bad in [
            "ftp://shop.test",
            "shop.test",
            "https://me:pw@shop.test",
            "ftp://me:pw@shop.test",
            "https://shop.test/?key=pw",
            "https://shop.test/#pw",
            "file:///etc/passwd",
        ] {
            let mut reader = SettingsReader::new(&Words);
            assert_eq!(reader.url("url", Some(bad), ""), None, "{bad}");
            let problems = reader.finish::<()>(None).unwrap_err();
            assert!(!problems.iter().any(|problem| problem.message.contains("pw@")), "{bad}");
        }
    }

    #[test]
    fn what_is_fine_is_handed_out_and_nothing_else_is() {
        let mut reader = SettingsReader::new(&Words);
        assert_eq!(reader.within("page", None, 10, 1, 20, "records"), 10);
        assert_eq!(reader.webhook_secrets(Some(&env()), Some(&env())).len(), 2);
        assert!(reader.is_fine());
        assert_eq!(reader.finish(Some(7)).unwrap(), 7);
        let mut reader = SettingsReader::new(&Words);
        reader.problem("x", "it is wrong", "do this");
        let problems = reader.finish(Some(7)).unwrap_err();
        assert_eq!(problems[0].help.as_deref(), Some("do this"));
    }
}
