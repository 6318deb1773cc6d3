//! The environment as the layer above the files: `OMNISTOCK__SECTION__KEY`, layered by the `config` crate.
//!
//! A value is read as TOML where it is TOML (`5`, `true`, `["berlin"]`, `{ adaptive = "1%" }`), else as text.

use super::problem::Findings;
use super::schema;
use super::sources::Sources;
use super::tree::{Entry, Node, Place, Table, Value};
use config::{Config, Environment, Map, Source, ValueKind};
use std::collections::BTreeMap;

const PREFIX: &str = "OMNISTOCK__";
/// Keys are never nested deeper than this.
const MOST_SEGMENTS: usize = 8;
/// The origin of values that come from files.
const FILES: &str = "files";

/// The merged files as a source of the `config` crate. Only which value wins is decided there: the values
/// themselves, with their places, are taken from the tree again.
#[derive(Debug, Clone)]
struct Files(Map<String, config::Value>);

impl Source for Files {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, config::Value>, config::ConfigError> {
        Ok(self.0.clone())
    }
}

/// Lays the variables over the files. What matches nothing is reported by the variable's name and left out.
pub(super) fn lay_over(
    files: Table,
    environment: &BTreeMap<String, String>,
    sources: &mut Sources,
    findings: &Findings,
) -> Table {
    let mut places = BTreeMap::new();
    let mut variables = Map::new();
    let mut paths: Vec<Vec<String>> = Vec::new();
    for (name, value) in environment
        .range(PREFIX.to_owned()..)
        .take_while(|(name, _)| name.starts_with(PREFIX))
    {
        let place = sources.add(format!("environment variable {name}"), String::new());
        let checked = path(name).and_then(|path| declared(&path, &files).map(|()| path));
        match checked.and_then(|path| alone(&path, &paths).map(|()| path)) {
            Ok(path) => {
                places.insert(path.join("."), (place, value));
                paths.push(path);
                variables.insert(name.clone(), value.clone());
            }
            Err(message) => findings.error(place, message),
        }
    }
    if variables.is_empty() {
        return files;
    }
    let above = Environment::with_prefix("OMNISTOCK")
        .prefix_separator("__")
        .separator("__")
        .source(Some(variables));
    let below = Files(
        files
            .iter()
            .map(|(key, entry)| (key.clone(), layer(&entry.node)))
            .collect(),
    );
    match Config::builder()
        .add_source(below)
        .add_source(above)
        .build()
        .and_then(|config| config.collect())
    {
        Ok(merged) => table(merged, &files, "", &places),
        Err(error) => {
            findings.error(Place::default(), format!("the environment can't be read: {error}"));
            files
        }
    }
}

/// The keys that a variable's name means.
fn path(name: &str) -> Result<Vec<String>, String> {
    let rest = name.strip_prefix(PREFIX).unwrap_or(name);
    let plain = rest
        .bytes()
        .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
    let path: Vec<String> = rest.split("__").map(str::to_ascii_lowercase).collect();
    if !plain || path.iter().any(String::is_empty) || path.len() > MOST_SEGMENTS {
        return Err(format!("not a name like {PREFIX}SECTION__KEY in capitals"));
    }
    Ok(path)
}

/// A variable sets keys of what files declare; it declares nothing itself.
fn declared(path: &[String], files: &Table) -> Result<(), String> {
    let section = path.first().map_or("", String::as_str);
    let Some(shape) = schema::SECTIONS.iter().find(|known| known.name == section) else {
        let names: Vec<&str> = schema::SECTIONS.iter().map(|known| known.name).collect();
        let rest = super::problem::suggestion(section, &names, "there are");
        return Err(format!("matches nothing: unknown section `{section}`{rest}"));
    };
    match shape.form {
        schema::Form::List => Err(format!("[[{section}]] can't be set by a variable: write it in a file")),
        schema::Form::One => Ok(()),
        schema::Form::Named(what) => {
            let Some(name) = path.get(1) else {
                return Err(format!("matches nothing: it names no {what} of [{section}]"));
            };
            let empty = Table::new();
            let there = files
                .get(section)
                .and_then(|entry| entry.node.table())
                .unwrap_or(&empty);
            if there.contains_key(name) {
                return Ok(());
            }
            let names: Vec<&str> = there.keys().map(String::as_str).collect();
            let rest = super::problem::suggestion(name, &names, "declared");
            Err(format!("matches nothing: {what} `{name}` is not declared{rest}"))
        }
    }
}

/// No variable may set a key inside what another one sets as a whole: the outcome would depend on their order.
fn alone(path: &[String], others: &[Vec<String>]) -> Result<(), String> {
    let clash = others
        .iter()
        .find(|other| path.starts_with(other) || other.starts_with(path));
    clash.map_or(Ok(()), |other| {
        Err(format!(
            "sets the same as {PREFIX}{}: keep one of them",
            other.join("__").to_ascii_uppercase()
        ))
    })
}

/// A tree as the `config` crate sees it. Lists stand for themselves as a whole.
fn layer(node: &Node) -> config::Value {
    let origin = FILES.to_owned();
    match &node.value {
        Value::Table(table) => {
            let map: Map<String, config::Value> = table
                .iter()
                .map(|(key, entry)| (key.clone(), layer(&entry.node)))
                .collect();
            config::Value::new(Some(&origin), ValueKind::Table(map))
        }
        _ => config::Value::new(Some(&origin), ValueKind::Nil),
    }
}

/// The merged layers as a tree with places again.
fn table(
    merged: Map<String, config::Value>,
    files: &Table,
    title: &str,
    places: &BTreeMap<String, (Place, &String)>,
) -> Table {
    let mut entries = Table::new();
    for (key, value) in merged {
        let path = if title.is_empty() {
            key.clone()
        } else {
            format!("{title}.{key}")
        };
        let file = files.get(&key);
        let from_files = value.origin() == Some(FILES);
        let entry = match value.kind {
            ValueKind::Table(map) => {
                let empty = Table::new();
                let below = file.and_then(|entry| entry.node.table()).unwrap_or(&empty);
                let table = table(map, below, &path, places);
                let place = table.values().next().map(|entry| entry.key).unwrap_or_default();
                let (key, place) = file.map_or((place, place), |entry| (entry.key, entry.node.place));
                Some(Entry {
                    key,
                    node: Node {
                        value: Value::Table(table),
                        place,
                    },
                })
            }
            _ if from_files => file.cloned(),
            _ => places.get(&path).map(|(place, text)| Entry {
                key: *place,
                node: Node {
                    value: typed(text, *place),
                    place: *place,
                },
            }),
        };
        if let Some(entry) = entry {
            entries.insert(key, entry);
        }
    }
    entries
}

/// The value of a variable: TOML where it is a whole TOML value that can be exact, else text.
fn typed(text: &str, place: Place) -> Value {
    let scratch = format!("x = {text}\n");
    let mut sources = Sources::default();
    let whole = sources.add(String::new(), scratch);
    let parsed = super::document::parse(&sources, whole, &Findings::default());
    let value = parsed.filter(|node| node.table().is_some_and(|table| table.len() == 1));
    match value.and_then(|node| node.get("x").map(|node| relocated(node, place))) {
        Some(Node {
            value: Value::Float(_), ..
        })
        | None => Value::Text(text.to_owned()),
        Some(node) => node.value,
    }
}

/// The same tree, all of it at one place.
fn relocated(node: &Node, place: Place) -> Node {
    let members = |members: &[Node]| members.iter().map(|member| relocated(member, place)).collect();
    let value = match &node.value {
        Value::List(nodes) => Value::List(members(nodes)),
        Value::Tables(nodes) => Value::Tables(members(nodes)),
        Value::Table(table) => Value::Table(
            table
                .iter()
                .map(|(key, entry)| {
                    (
                        key.clone(),
                        Entry {
                            key: place,
                            node: relocated(&entry.node, place),
                        },
                    )
                })
                .collect(),
        ),
        other => other.clone(),
    };
    Node { value, place }
}
