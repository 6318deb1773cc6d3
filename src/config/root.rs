//! The whole tree: its sections, what they declare, and references to declared names.

use super::problem::{Findings, suggestion};
use super::reader::Section;
use super::schema::{Form, SECTIONS, SECTIONS_LATER, Shape};
use super::sources::Sources;
use super::tree::{Entry, Node, Place, Table, Value};
use std::path::Path;
use std::str::FromStr;

/// The tree, for all readers of sections.
#[derive(Debug, Clone, Copy)]
pub(super) struct Root<'a> {
    pub(super) table: &'a Table,
    pub(super) sources: &'a Sources,
    pub(super) findings: &'a Findings,
    /// Of the first file: rules name their place from here on.
    pub(super) folder: &'a Path,
}

/// Reports top-level keys that are no section and takes them out.
pub(super) fn keep_sections(table: &mut Table, findings: &Findings) {
    let names: Vec<&str> = SECTIONS.iter().map(|shape| shape.name).collect();
    table.retain(|name, entry| {
        let known = names.contains(&name.as_str());
        if SECTIONS_LATER.contains(&name.as_str()) {
            let title = if matches!(entry.node.value, Value::Tables(_)) {
                format!("[[{name}]]")
            } else {
                format!("[{name}]")
            };
            let message = format!("{title} is not available in this version");
            findings.error_with_help(entry.key, message, "remove it: it would have no effect");
        } else if !known {
            let rest = suggestion(name, &names, "there are");
            findings.error(
                entry.key,
                format!("unknown section `{}`{rest}", super::tree::shorten(name)),
            );
        }
        known
    });
}

impl<'a> Root<'a> {
    fn shape(name: &str) -> Option<&'static Shape> {
        SECTIONS.iter().find(|shape| shape.name == name)
    }

    /// `[name]`
    pub(super) fn one(&self, name: &str) -> Option<Section<'a>> {
        let shape = Self::shape(name)?;
        Section::open(
            &self.table.get(name)?.node,
            format!("[{name}]"),
            shape.keys,
            self.findings,
        )
    }

    /// `[name.X]` with valid names, each with the place of its name.
    pub(super) fn named<N: FromStr<Err: std::fmt::Display>>(&self, name: &str) -> Vec<(N, Place, Section<'a>)> {
        let (Some(shape), Some(entry)) = (Self::shape(name), self.table.get(name)) else {
            return Vec::new();
        };
        let Some(table) = entry.node.table() else {
            self.findings.error(
                entry.node.place,
                format!("[{name}]: expected a table, found {}", entry.node.describe()),
            );
            return Vec::new();
        };
        let open = |(key, entry): (&'a String, &'a Entry)| {
            let parsed: Result<N, _> = match key.parse() {
                // Templates, groups and pools have no type of their own: the same rule holds for all names.
                Ok(parsed) => omnistock_words::LocationName::new(key).map(|_| parsed).map_err(|_| ()),
                Err(_) => Err(()),
            };
            let section = Section::open(&entry.node, format!("[{name}.{key}]"), shape.keys, self.findings);
            let Ok(parsed) = parsed else {
                let what = if let Form::Named(what) = shape.form { what } else { name };
                let key = super::tree::shorten(key);
                let message =
                    format!("`{key}` can't be the name of a {what}: 1 to 64 characters out of a-z, 0-9 and _");
                self.findings.error(entry.key, message);
                return None;
            };
            section.map(|section| (parsed, entry.key, section))
        };
        table.iter().filter_map(open).collect()
    }

    /// `[[name]]`, in order.
    pub(super) fn list(&self, name: &str) -> Vec<Section<'a>> {
        let (Some(shape), Some(entry)) = (Self::shape(name), self.table.get(name)) else {
            return Vec::new();
        };
        let Some(members) = entry.node.members() else {
            let message = format!("`{name}`: expected [[{name}]], found {}", entry.node.describe());
            self.findings.error(entry.node.place, message);
            return Vec::new();
        };
        members
            .iter()
            .filter_map(|node| Section::open(node, format!("[[{name}]]"), shape.keys, self.findings))
            .collect()
    }

    /// `[section.name]` as it stands.
    pub(super) fn entry(&self, section: &str, name: &str) -> Option<&'a Entry> {
        self.table.get(section)?.node.table()?.get(name)
    }

    /// The names that a section declares, right or wrong inside.
    pub(super) fn declared(&self, section: &str) -> impl Iterator<Item = &'a str> {
        let table = self.table.get(section).and_then(|entry| entry.node.table());
        table.into_iter().flat_map(|table| table.keys().map(String::as_str))
    }

    /// A reference to a name of a section; one that isn't declared is reported.
    pub(super) fn name<N: FromStr>(&self, node: &Node, section: &str) -> Option<N> {
        let what = match Self::shape(section).map(|shape| shape.form) {
            Some(Form::Named(what)) => what,
            _ => section,
        };
        let Value::Text(text) = &node.value else {
            let message = format!("expected the name of a {what} in quotes, found {}", node.describe());
            self.findings.error(node.place, message);
            return None;
        };
        self.name_of(text, node.place, section, what)
    }

    /// The same for a text that stands somewhere else than in a value of its own.
    pub(super) fn name_of<N: FromStr>(&self, text: &str, place: Place, section: &str, what: &str) -> Option<N> {
        if !self.declared(section).any(|name| name == text) {
            self.findings.undeclared(place, what, text, self.declared(section));
            return None;
        }
        // A declared name that isn't valid was reported where it is declared.
        text.parse().ok()
    }

    /// A key that names something of a section.
    pub(super) fn reference<N: FromStr>(&self, from: &Section<'a>, key: &str, section: &str) -> Option<N> {
        self.name(&from.entry(key)?.node, section)
    }
}
