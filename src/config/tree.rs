//! The configuration as a tree in which every key and value knows its place in a file or variable.

use std::collections::BTreeMap;

/// A stretch of one source: bytes `start..end` of a file's text, or a whole environment variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Place {
    pub(super) source: usize,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// A value with its place.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) value: Value,
    pub(super) place: Place,
}

/// What TOML can say. A floating-point number keeps its text: it is only ever shown to the operator.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Text(String),
    Integer(i64),
    Float(String),
    Boolean(bool),
    Instant(String),
    List(Vec<Node>),
    /// `[[…]]`: appended across files, unlike a list in brackets.
    Tables(Vec<Node>),
    Table(Table),
}

/// Keys in alphabetical order; problems are sorted by place afterwards.
pub(super) type Table = BTreeMap<String, Entry>;

/// A key with its place, and its value.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) key: Place,
    pub(super) node: Node,
}

impl Node {
    /// The table's keys, if it is one.
    pub(super) fn table(&self) -> Option<&Table> {
        match &self.value {
            Value::Table(table) => Some(table),
            _ => None,
        }
    }

    /// The value under a key, if this is a table that has it.
    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        self.table()?.get(key).map(|entry| &entry.node)
    }

    /// The members of a list of either kind.
    pub(super) fn members(&self) -> Option<&[Node]> {
        match &self.value {
            Value::List(members) | Value::Tables(members) => Some(members),
            _ => None,
        }
    }

    /// The value in words, for "found …".
    pub(super) fn describe(&self) -> String {
        match &self.value {
            Value::Text(text) => format!("{:?}", shorten(text)),
            Value::Integer(number) => number.to_string(),
            Value::Float(text) | Value::Instant(text) => shorten(text),
            Value::Boolean(value) => value.to_string(),
            Value::List(_) => "a list".to_owned(),
            Value::Tables(_) => "a list of tables".to_owned(),
            Value::Table(_) => "a table".to_owned(),
        }
    }

    /// The same as JSON, for a connector's own keys.
    pub(super) fn json(&self) -> serde_json::Value {
        match &self.value {
            Value::Text(text) | Value::Instant(text) => text.as_str().into(),
            Value::Integer(number) => (*number).into(),
            Value::Float(text) => text
                .replace('_', "")
                .parse::<f64>()
                .map_or(serde_json::Value::Null, Into::into),
            Value::Boolean(value) => (*value).into(),
            Value::List(members) | Value::Tables(members) => members.iter().map(Node::json).collect(),
            Value::Table(table) => json(table.iter()),
        }
    }
}

/// Some keys of a table as a JSON object.
pub(super) fn json<'a>(entries: impl Iterator<Item = (&'a String, &'a Entry)>) -> serde_json::Value {
    serde_json::Value::Object(entries.map(|(key, entry)| (key.clone(), entry.node.json())).collect())
}

/// At most 40 characters of a text, so that a message stays one line.
pub(super) fn shorten(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
