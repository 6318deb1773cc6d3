//! A connector's own keys: read from its table, with errors that name the key, all of them in one go.

use crate::nearest;
use secrecy::SecretString;
use serde::de::{DeserializeOwned, Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt;

/// Where a secret is. Secrets themselves never stand in a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretReference {
    /// A systemd credential of this name.
    Credential(String),
    /// A file with mode 0600 or 0400.
    File(String),
    /// An environment variable.
    Env(String),
}

/// What a reference looks like.
pub(crate) const REFERENCE: &str = "{ credential = \"…\" }, { file = \"…\" } or { env = \"…\" }";

/// What is said where a secret itself stands in place of a reference. The value is never repeated.
pub const PLAIN_SECRET: &str =
    "a secret never stands in the configuration; write { credential = \"…\" }, { file = \"…\" } or { env = \"…\" }";

impl<'de> Deserialize<'de> for SecretReference {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ReferenceVisitor)
    }
}

/// Written by hand, because the errors of a derived one repeat the value: it may be the secret itself.
struct ReferenceVisitor;

impl<'de> Visitor<'de> for ReferenceVisitor {
    type Value = SecretReference;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(REFERENCE)
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<SecretReference, E> {
        Err(E::custom(PLAIN_SECRET))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<SecretReference, E> {
        Err(E::custom(PLAIN_SECRET))
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<SecretReference, E> {
        Err(E::custom(PLAIN_SECRET))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<SecretReference, E> {
        Err(E::custom(PLAIN_SECRET))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<SecretReference, A::Error> {
        let one = || A::Error::custom("expected exactly one of `credential`, `file`, `env`");
        let kind: String = map.next_key()?.ok_or_else(one)?;
        if !["credential", "file", "env"].contains(&kind.as_str()) {
            return Err(A::Error::unknown_field(&kind, &["credential", "file", "env"]));
        }
        let name: Value = map.next_value()?;
        let name = match name {
            Value::String(name) if !name.is_empty() => name,
            _ => return Err(A::Error::custom(format!("`{kind}` needs a name in quotes"))),
        };
        if map.next_key::<String>()?.is_some() {
            return Err(one());
        }
        Ok(match kind.as_str() {
            "credential" => SecretReference::Credential(name),
            "file" => SecretReference::File(name),
            _ => SecretReference::Env(name),
        })
    }
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
        Self {
            key: key.into(),
            message: message.into(),
            help: None,
        }
    }
}

/// What [`read_settings`] says of a (dotted) key that the connector doesn't know.
pub fn unknown_setting(key: &str) -> String {
    format!("unknown setting `{key}`")
}

/// More problems than this are not told in one go.
const MOST_ROUNDS: usize = 64;

/// Reads a connector's own keys. The type should `deny_unknown_fields`.
///
/// On failure every unknown key is named with the nearest right name, every wrong value and every missing
/// key: after each error the culprit is mended in a copy, and reading goes on. What was mended is never
/// returned.
pub fn read_settings<T: DeserializeOwned>(table: Value) -> Result<T, Vec<SettingProblem>> {
    crate::shape::tell::<T>();
    let mut table = table;
    let mut problems = Vec::new();
    let mut removed = BTreeSet::new();
    for _ in 0..MOST_ROUNDS {
        match attempt::<T>(&table) {
            Ok(settings) if problems.is_empty() => return Ok(settings),
            Ok(_) => break,
            Err(failure) => {
                if !mend::<T>(&mut table, failure, &mut removed, &mut problems) {
                    break;
                }
            }
        }
    }
    Err(problems)
}

/// One error of a table: the dotted path and serde's sentence.
struct Failure {
    path: String,
    sentence: String,
}

fn attempt<T: DeserializeOwned>(table: &Value) -> Result<T, Failure> {
    serde_path_to_error::deserialize(table).map_err(|error| {
        let path = error.path().to_string();
        Failure {
            path: if path == "." { String::new() } else { path },
            sentence: error.into_inner().to_string(),
        }
    })
}

/// Records a failure and changes the table so that reading gets past it; false where it can't.
fn mend<T: DeserializeOwned>(
    table: &mut Value,
    failure: Failure,
    removed: &mut BTreeSet<String>,
    problems: &mut Vec<SettingProblem>,
) -> bool {
    if let Some(name) = quoted(&failure.sentence, "unknown field `") {
        let key = if last(&failure.path) == name {
            failure.path
        } else {
            join(&failure.path, name)
        };
        let choices: Vec<&str> = failure.sentence.split('`').skip(3).step_by(2).collect();
        let help = nearest(name, choices.iter().copied()).map(|near| format!("did you mean `{near}`?"));
        let help = help.or_else(|| (!choices.is_empty()).then(|| format!("there are {}", choices.join(", "))));
        problems.push(SettingProblem {
            key: key.clone(),
            message: unknown_setting(&key),
            help,
        });
        let meant = nearest(name, choices.into_iter()).map(|near| join(parent(&key), near));
        return rename(table, &key, meant.as_deref());
    }
    if let Some(name) = quoted(&failure.sentence, "missing field `") {
        let key = join(&failure.path, name);
        if removed.contains(&key) {
            return false;
        }
        problems.push(SettingProblem::new(key.clone(), format!("`{name}` is missing")));
        return fill::<T>(table, &key);
    }
    let mut problem = SettingProblem::new(failure.path.clone(), failure.sentence);
    if problem.message.starts_with("invalid type: floating point") {
        problem.help = Some("write it in quotes".to_owned());
    }
    problems.push(problem);
    removed.insert(failure.path.clone());
    !failure.path.is_empty() && take(table, &failure.path)
}

/// Tries values of every type under a missing key until reading fails elsewhere, or not at all.
fn fill<T: DeserializeOwned>(table: &mut Value, key: &str) -> bool {
    let guesses = [
        Value::from("x"),
        serde_json::json!({ "env": "X" }),
        serde_json::json!({}),
        serde_json::json!([]),
        Value::from(1),
        Value::from(true),
        Value::from("1%"),
    ];
    for guess in guesses {
        if !put(table, key, guess) {
            return false;
        }
        match attempt::<T>(table) {
            Ok(_) => return true,
            Err(failure) if failure.path != key || failure.sentence.starts_with("missing field") => return true,
            Err(_) => {}
        }
    }
    false
}

/// The text behind `start` up to the next back-quote.
fn quoted<'a>(sentence: &'a str, start: &str) -> Option<&'a str> {
    sentence.strip_prefix(start)?.split('`').next()
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

fn last(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

/// The object that holds the last part of a path, and that part. A key with a dot of its own isn't found.
fn holder<'a, 'b>(table: &'a mut Value, path: &'b str) -> Option<(&'a mut serde_json::Map<String, Value>, &'b str)> {
    let (parents, name) = path
        .rsplit_once('.')
        .map_or((None, path), |(parents, name)| (Some(parents), name));
    let mut place = table;
    for part in parents.into_iter().flat_map(|parents| parents.split('.')) {
        let mut indices = part.split('[');
        place = place.get_mut(indices.next().unwrap_or_default())?;
        for index in indices {
            place = place.get_mut(index.strip_suffix(']')?.parse::<usize>().ok()?)?;
        }
    }
    place.as_object_mut().map(|object| (object, name))
}

fn take(table: &mut Value, path: &str) -> bool {
    holder(table, path).is_some_and(|(object, name)| object.remove(name).is_some())
}

/// Gives the value of an unknown key to the one that was most likely meant, so that it isn't missing as well.
fn rename(table: &mut Value, path: &str, meant: Option<&str>) -> bool {
    let Some(value) = holder(table, path).and_then(|(object, name)| object.remove(name)) else {
        return false;
    };
    if let Some((object, name)) = meant.and_then(|meant| holder(table, meant)) {
        object.entry(name).or_insert(value);
    }
    true
}

fn parent(path: &str) -> &str {
    path.rsplit_once('.').map_or("", |(parent, _)| parent)
}

fn put(table: &mut Value, path: &str, value: Value) -> bool {
    holder(table, path)
        .map(|(object, name)| object.insert(name.to_owned(), value))
        .is_some()
}

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;
