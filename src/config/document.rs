//! One TOML file → a tree with places.

use super::problem::Findings;
use super::sources::Sources;
use super::tree::{Entry, Node, Place, Table, Value};
use toml_edit::{Document, Item, TableLike};

/// Parses the text of a source. A syntax error is reported, and gives `None`.
pub(super) fn parse(sources: &Sources, whole: Place, findings: &Findings) -> Option<Node> {
    let text = sources.text(whole.source);
    match Document::parse(text) {
        Ok(document) => {
            let reader = Reader {
                text,
                source: whole.source,
                fixed: None,
            };
            Some(Node {
                value: Value::Table(reader.table(document.as_table())),
                place: whole,
            })
        }
        Err(error) => {
            let span = error.span().unwrap_or(0..0);
            let message = error.message().trim().replace('\n', " ");
            let place = Place {
                source: whole.source,
                start: span.start,
                end: span.end,
            };
            findings.error(place, format!("not TOML: {message}"));
            None
        }
    }
}

/// A value that stands in a cell of a list: all of it has the place of the cell. `None`: not TOML.
pub(super) fn value(text: &str, place: Place) -> Option<Value> {
    let value: toml_edit::Value = text.parse().ok()?;
    let reader = Reader {
        text,
        source: place.source,
        fixed: Some(place),
    };
    Some(reader.value(&value))
}

struct Reader<'a> {
    text: &'a str,
    source: usize,
    /// The place of everything.
    fixed: Option<Place>,
}

impl Reader<'_> {
    fn place(&self, span: Option<std::ops::Range<usize>>) -> Option<Place> {
        self.fixed.or_else(|| {
            span.map(|span| Place {
                source: self.source,
                start: span.start,
                end: span.end,
            })
        })
    }

    /// Depth is bounded by the parser.
    fn table(&self, table: &dyn TableLike) -> Table {
        let mut entries = Table::new();
        for (name, item) in table.iter() {
            let key = self.place(table.key(name).and_then(toml_edit::Key::span));
            let Some(node) = self.item(item, key) else { continue };
            entries.insert(
                name.to_owned(),
                Entry {
                    key: key.unwrap_or(node.place),
                    node,
                },
            );
        }
        entries
    }

    fn item(&self, item: &Item, key: Option<Place>) -> Option<Node> {
        let value = match item {
            Item::None => return None,
            Item::Value(value) => self.value(value),
            Item::Table(table) => Value::Table(self.table(table)),
            Item::ArrayOfTables(tables) => Value::Tables(
                tables
                    .iter()
                    .map(|table| Node {
                        value: Value::Table(self.table(table)),
                        place: self.place(table.span()).or(key).unwrap_or_default(),
                    })
                    .collect(),
            ),
        };
        let span = if item.is_value() { self.place(item.span()) } else { None };
        Some(Node {
            value,
            place: span.or(key).unwrap_or(Place {
                source: self.source,
                start: 0,
                end: 0,
            }),
        })
    }

    fn value(&self, value: &toml_edit::Value) -> Value {
        match value {
            toml_edit::Value::String(text) => Value::Text(text.value().clone()),
            toml_edit::Value::Integer(number) => Value::Integer(*number.value()),
            toml_edit::Value::Boolean(value) => Value::Boolean(*value.value()),
            toml_edit::Value::Datetime(instant) => Value::Instant(instant.value().to_string()),
            toml_edit::Value::Float(number) => {
                let raw = number.span().and_then(|span| self.text.get(span));
                Value::Float(raw.map_or_else(|| number.value().to_string(), str::to_owned))
            }
            toml_edit::Value::InlineTable(table) => Value::Table(self.table(table)),
            toml_edit::Value::Array(members) => {
                let node = |member| Node {
                    value: self.value(member),
                    place: self.place(member.span()).unwrap_or(Place {
                        source: self.source,
                        start: 0,
                        end: 0,
                    }),
                };
                Value::List(members.iter().map(node).collect())
            }
        }
    }
}
