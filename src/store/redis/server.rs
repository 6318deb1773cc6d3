//! What kind of server this is: its version, whether it evicts, whether it keeps what it has.

use super::connection::Connection;
use crate::store::StoreError;
use std::collections::BTreeMap;

/// What the server says of itself; empty where it does not tell.
#[derive(Debug, Default)]
pub(super) struct Server {
    pub(super) version: String,
    settings: BTreeMap<String, String>,
}

pub(super) fn field(information: &str, name: &str) -> Option<String> {
    information
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
        .map(|value| value.trim().to_owned())
}

fn is_new_enough(version: &str) -> bool {
    version
        .split('.')
        .next()
        .and_then(|major| major.parse::<u32>().ok())
        .is_none_or(|major| major >= 7)
}

/// `None`: the server does not let this user ask (a managed service, a narrow ACL).
pub(super) async fn ask<T: redis::FromRedisValue>(
    connection: &Connection,
    command: &redis::Cmd,
) -> Result<Option<T>, StoreError> {
    match connection.raw(command).await? {
        Ok(answer) => Ok(Some(answer)),
        Err(error) => match super::problem::problem(&error) {
            StoreError::Unavailable(_) if error.code().is_none_or(|code| code != "ERR") => {
                Err(super::problem::problem(&error))
            }
            _ => Ok(None),
        },
    }
}

impl Server {
    pub(super) async fn look(connection: &Connection) -> Result<Self, StoreError> {
        let information: Option<String> = ask(connection, redis::cmd("INFO").arg("server")).await?;
        let version = information
            .and_then(|text| field(&text, "redis_version"))
            .unwrap_or_default();
        let names = ["maxmemory-policy", "appendonly", "appendfsync", "save"];
        let settings = ask(connection, redis::cmd("CONFIG").arg("GET").arg(&names)).await?;
        Ok(Self {
            version,
            settings: settings.unwrap_or_default(),
        })
    }

    fn setting(&self, name: &str) -> Option<&str> {
        self.settings.get(name).map(String::as_str)
    }

    /// What makes it unusable.
    pub(super) fn refuse(&self, address: &str) -> Result<(), StoreError> {
        if !is_new_enough(&self.version) {
            let version = &self.version;
            return Err(StoreError::Refused(format!(
                "redis at {address} has version {version}: install 7.0 or later"
            )));
        }
        match self.setting("maxmemory-policy") {
            Some(policy) if policy != "noeviction" => Err(StoreError::Refused(format!(
                "redis at {address} may evict stock and orders (maxmemory-policy {policy}): run CONFIG SET maxmemory-policy noeviction and put it into redis.conf"
            ))),
            _ => Ok(()),
        }
    }

    fn durability(&self) -> Option<String> {
        let sentence = match (self.setting("appendonly")?, self.setting("appendfsync")?) {
            ("yes", "always") => return None,
            ("yes", "everysec") => "Up to about 2 s of what was acknowledged may be lost when redis or the machine fails (appendfsync everysec); CONFIG SET appendfsync always ends that.".to_owned(),
            ("yes", other) => format!("What was acknowledged in the last half minute may be lost when the machine fails (appendfsync {other}): run CONFIG SET appendfsync always."),
            _ if self.setting("save").is_some_and(|save| !save.is_empty()) => "Redis keeps snapshots only: what came after the last one is lost when it stops unexpectedly; run CONFIG SET appendonly yes.".to_owned(),
            _ => "Redis does not persist: everything is lost when it stops; run CONFIG SET appendonly yes.".to_owned(),
        };
        Some(sentence)
    }

    /// What an operator should know, each one sentence.
    pub(super) fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.version.is_empty() {
            warnings.push(
                "The version of redis could not be checked (INFO is refused): it must be 7.0 or later.".to_owned(),
            );
        }
        let unknown: Vec<&str> = ["maxmemory-policy", "appendonly", "appendfsync"]
            .into_iter()
            .filter(|name| self.setting(name).is_none())
            .collect();
        if !unknown.is_empty() {
            let names = unknown.join(", ");
            warnings.push(format!("Could not be checked, because redis refuses CONFIG GET: {names}; it must be noeviction, and should be yes and always."));
        }
        if let Some(policy) = self
            .setting("maxmemory-policy")
            .filter(|policy| *policy != "noeviction")
        {
            warnings.push(format!("Redis may evict stock and orders (maxmemory-policy {policy}): run CONFIG SET maxmemory-policy noeviction."));
        }
        warnings.extend(self.durability());
        warnings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(settings: &[(&str, &str)]) -> Server {
        let settings = settings
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Server {
            version: "7.0.15".to_owned(),
            settings,
        }
    }

    #[test]
    fn only_versions_from_seven_on_are_taken() {
        for (version, good) in [
            ("6.2.14", false),
            ("7.0.0", true),
            ("7.2.4", true),
            ("10.1", true),
            ("", true),
        ] {
            assert_eq!(
                Server {
                    version: version.to_owned(),
                    ..Server::default()
                }
                .refuse("x")
                .is_ok(),
                good,
                "{version}"
            );
        }
    }

    #[test]
    fn warnings_say_what_may_be_lost() {
        let persistent = [
            ("maxmemory-policy", "noeviction"),
            ("appendonly", "yes"),
            ("appendfsync", "always"),
        ];
        assert!(server(&persistent).warnings().is_empty());
        for (settings, word) in [
            (
                [("appendonly", "no"), ("appendfsync", "always"), ("save", "")],
                "does not persist",
            ),
            (
                [("appendonly", "no"), ("appendfsync", "always"), ("save", "60 1")],
                "snapshots only",
            ),
            (
                [("appendonly", "yes"), ("appendfsync", "everysec"), ("save", "")],
                "2 s",
            ),
            (
                [("appendonly", "yes"), ("appendfsync", "no"), ("save", "")],
                "half minute",
            ),
        ] {
            assert!(
                server(&settings)
                    .warnings()
                    .iter()
                    .any(|warning| warning.contains(word)),
                "{word}"
            );
        }
        assert!(server(&[]).warnings()[0].contains("maxmemory-policy, appendonly, appendfsync"));
    }
}
