//! Reading keys of a table: unknown ones are told at once, wrong values with what was expected.

use super::problem::{Findings, suggestion};
use super::schema::Keys;
use super::tree::{Entry, Node, Place, Table};

/// Why a value can't be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    /// The part of the value that is meant; unset: all of it.
    place: Option<Place>,
    /// Continues "`key` in [section]".
    message: String,
}

impl Fault {
    /// Continues "`key` in [section]".
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self {
            place: None,
            message: message.into(),
        }
    }

    /// The value is none of what is meant here.
    pub(super) fn expected(what: &str, node: &Node) -> Self {
        Self {
            place: Some(node.place),
            message: format!(": expected {what}, found {}", node.describe()),
        }
    }
}

/// A table that is being read.
#[derive(Debug, Clone)]
pub(super) struct Section<'a> {
    entries: &'a Table,
    /// What a person calls it, such as `[channels.shop]`.
    pub(super) title: String,
    /// Where it stands.
    pub(super) place: Place,
    keys: &'static Keys,
    pub(super) findings: &'a Findings,
}

impl<'a> Section<'a> {
    /// Opens a table and reports its unknown keys. What is no table is reported, and gives `None`.
    pub(super) fn open(node: &'a Node, title: String, keys: &'static Keys, findings: &'a Findings) -> Option<Self> {
        let Some(entries) = node.table() else {
            findings.error(
                node.place,
                format!("{title}: expected a table, found {}", node.describe()),
            );
            return None;
        };
        let section = Self {
            entries,
            title,
            place: node.place,
            keys,
            findings,
        };
        section.report_unknown();
        Some(section)
    }

    fn report_unknown(&self) {
        for (key, entry) in self.entries {
            if self.keys.names().any(|known| known == key) {
                continue;
            }
            if self.keys.later.contains(&key.as_str()) {
                let message = format!("`{key}` in {} is not available in this version", self.title);
                self.findings
                    .error_with_help(entry.key, message, "remove it: it would have no effect");
            } else if !self.keys.open {
                let names: Vec<&str> = self.keys.names().collect();
                let rest = suggestion(key, &names, "there are");
                let key = super::tree::shorten(key);
                self.findings
                    .error(entry.key, format!("unknown setting `{key}` in {}{rest}", self.title));
            }
        }
    }

    /// The key with its value, if it is there.
    pub(super) fn entry(&self, key: &str) -> Option<&'a Entry> {
        debug_assert!(
            self.keys.names().any(|known| known == key),
            "{key} is missing in the schema"
        );
        self.entries.get(key)
    }

    /// Whether the key is there, right or wrong.
    pub(super) fn has(&self, key: &str) -> bool {
        self.entry(key).is_some()
    }

    /// Whether the table holds nothing at all, known or not.
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Keys that are not in the schema: a connector's own.
    pub(super) fn own(&self) -> impl Iterator<Item = (&'a String, &'a Entry)> {
        let keys = self.keys;
        self.entries
            .iter()
            .filter(move |(key, _)| !keys.names().any(|known| known == *key) && !keys.later.contains(&key.as_str()))
    }

    /// The value of a key. A wrong one is reported, and gives `None` like one that isn't there.
    pub(super) fn read<T>(&self, key: &str, convert: impl FnOnce(&'a Node) -> Result<T, Fault>) -> Option<T> {
        let entry = self.entry(key)?;
        match convert(&entry.node) {
            Ok(value) => Some(value),
            Err(fault) => {
                self.fault(key, &entry.node, &fault);
                None
            }
        }
    }

    /// Like [`Self::read`]; that the key is missing is reported as well.
    pub(super) fn require<T>(
        &self,
        key: &str,
        meaning: &str,
        convert: impl FnOnce(&'a Node) -> Result<T, Fault>,
    ) -> Option<T> {
        self.need(key, meaning);
        self.read(key, convert)
    }

    /// Reports that a key is missing, unless an unknown one was most likely meant to be it.
    pub(super) fn need(&self, key: &str, meaning: &str) {
        let names = || self.keys.names();
        let unknown = |other: &&String| !names().any(|known| known == other.as_str());
        let meant = |other: &String| omnistock_sdk::nearest(other, names()) == Some(key);
        if !self.has(key) && !self.entries.keys().filter(unknown).any(meant) {
            self.error(format!("{} needs `{key}`: {meaning}", self.title));
        }
    }

    /// A table inside this one.
    pub(super) fn inner(&self, key: &str, keys: &'static Keys) -> Option<Self> {
        let entry = self.entry(key)?;
        Self::open(&entry.node, format!("`{key}` of {}", self.title), keys, self.findings)
    }

    /// The members of a list; what is no list is reported.
    pub(super) fn list(&self, key: &str) -> Option<&'a [Node]> {
        self.read(key, |node| {
            node.members()
                .ok_or_else(|| Fault::expected("a list like [\"…\"]", node))
        })
    }

    /// A problem of a key's value.
    pub(super) fn fault(&self, key: &str, node: &Node, fault: &Fault) {
        let message = format!("`{key}` in {}{}", self.title, fault.message);
        self.findings.error(fault.place.unwrap_or(node.place), message);
    }

    /// A problem of the whole table.
    pub(super) fn error(&self, message: impl Into<String>) {
        self.findings.error(self.place, message);
    }

    /// A problem of a key that is there, else of the whole table.
    pub(super) fn error_at(&self, key: &str, message: impl Into<String>) {
        let place = self.entry(key).map_or(self.place, |entry| entry.key);
        self.findings.error(place, message);
    }
}
