//! A connector's own keys: read from its table, with errors that name the key.

use secrecy::SecretString;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// Where a secret is. Secrets themselves never stand in a configuration.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum SecretReference {
    /// A systemd credential of this name.
    Credential(String),
    /// A file with mode 0600 or 0400.
    File(String),
    /// An environment variable.
    Env(String),
}

/// Turns references into secrets.
pub trait SecretResolver: Send + Sync {
    /// The secret, or one sentence that says where it was looked for and what to do.
    fn resolve(&self, reference: &SecretReference) -> Result<SecretString, String>;
}

/// Something wrong in a connector's table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingProblem {
    /// The key inside the table, dotted; empty for the table itself.
    pub key: String,
    /// What is wrong.
    pub message: String,
    /// What to do, where it isn't plain from the message.
    pub help: Option<String>,
}

impl SettingProblem {
    /// A problem of one key.
    pub fn new(key: impl Into<String>, message: impl Into<String>) -> Self {
        Self { key: key.into(), message: message.into(), help: None }
    }
}

/// Reads a connector's own keys. The type should `deny_unknown_fields`.
pub fn read_settings<T: DeserializeOwned>(table: serde_json::Value) -> Result<T, Vec<SettingProblem>> {
    serde_path_to_error::deserialize(table).map_err(|error| {
        let path = error.path().to_string();
        let key = if path == "." { String::new() } else { path };
        vec![SettingProblem::new(key, error.into_inner().to_string())]
    })
}
