//! Rows that name their own fields: objects of JSON, elements of XML.

use crate::json_rows::JsonRows;
use crate::problem::{Fault, MOST_NAMED, quoted};
use crate::table::CellFault;
use crate::xml_rows::XmlRows;
use omnistock_sdk::nearest;
use std::borrow::Cow;

/// Names kept of the first row, for hints.
const MOST_HINTS: usize = 200;

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Value {
    /// Characters.
    Text,
    /// A number of JSON: always with a point and a leading minus.
    Number,
    /// `true` or `false`; a `null` is a blank text.
    Word,
    /// A list or an object.
    Nested,
}

/// One field of a row.
#[derive(Debug)]
pub(crate) struct Field<'t> {
    pub(crate) text: Cow<'t, str>,
    /// Where it stands in the text.
    pub(crate) offset: usize,
    pub(crate) value: Value,
}

/// The fields of one row that are wanted.
#[derive(Debug, Default)]
pub(crate) struct Row<'t> {
    wanted: Vec<String>,
    fields: Vec<Option<Field<'t>>>,
    /// Whether any row had it.
    met: Vec<bool>,
    /// Names in the first row.
    names: Vec<String>,
    first: bool,
    pub(crate) start: usize,
    fault: Option<CellFault>,
}

impl<'t> Row<'t> {
    /// Begins a row at this offset.
    pub(crate) fn begin(&mut self, start: usize) {
        self.start = start;
        self.fault = None;
        self.fields.iter_mut().for_each(|field| *field = None);
    }

    fn column(&mut self, name: &str) -> usize {
        if let Some(known) = self.wanted.iter().position(|wanted| wanted == name) {
            return known;
        }
        self.wanted.push(name.to_owned());
        self.fields.push(None);
        self.met.push(false);
        self.wanted.len() - 1
    }

    /// The column of the field `key` below `prefix`, where it is wanted.
    pub(crate) fn wanted(&mut self, prefix: &str, key: &str) -> Option<usize> {
        if self.first && self.names.len() < MOST_HINTS {
            self.names.push(format!("{prefix}{key}"));
        }
        let is_it = |name: &String| name.strip_prefix(prefix) == Some(key);
        self.wanted.iter().position(is_it)
    }

    /// Whether any field below this prefix is wanted.
    pub(crate) fn wanted_below(&self, prefix: &str) -> bool {
        self.wanted.iter().any(|name| name.starts_with(prefix))
    }

    /// Takes a field. One that stands twice spoils the row: nothing says which of them is meant.
    pub(crate) fn put(&mut self, column: usize, field: Field<'t>) {
        if let Some(met) = self.met.get_mut(column) {
            *met = true;
        }
        let Some(place) = self.fields.get_mut(column) else {
            return;
        };
        if place.is_none() {
            *place = Some(field);
            return;
        }
        let name = self.wanted.get(column).map(|name| quoted(name)).unwrap_or_default();
        // The second one is where a person has to look.
        *place = Some(field);
        self.spoil(column, format!("{name} stands twice in this row"));
    }

    /// The row can't be used, for the first reason given.
    pub(crate) fn spoil(&mut self, column: usize, message: impl Into<String>) {
        self.fault.get_or_insert_with(|| CellFault::new(column, message));
    }
}

enum Source<'t> {
    Json(JsonRows<'t>),
    Xml(XmlRows<'t>),
}

/// The rows of a document.
pub(crate) struct Records<'t> {
    source: Source<'t>,
    row: Row<'t>,
    by_line: bool,
}

impl<'t> Records<'t> {
    /// Of JSON; `by_line`: each in a line of its own.
    pub(crate) fn json(rows: JsonRows<'t>, by_line: bool) -> Self {
        Self::new(Source::Json(rows), by_line)
    }

    /// Of XML.
    pub(crate) fn xml(rows: XmlRows<'t>) -> Self {
        Self::new(Source::Xml(rows), false)
    }

    fn new(source: Source<'t>, by_line: bool) -> Self {
        let row = Row {
            first: true,
            ..Row::default()
        };
        Self { source, row, by_line }
    }

    pub(crate) fn column(&mut self, name: &str) -> usize {
        self.row.column(name)
    }

    pub(crate) fn advance(&mut self) -> Result<bool, Fault> {
        let more = match &mut self.source {
            Source::Json(rows) => rows.next(&mut self.row),
            Source::Xml(rows) => rows.next(&mut self.row)?,
        };
        self.row.first = false;
        Ok(more)
    }

    /// Whether a line is a row.
    pub(crate) fn by_line(&self) -> bool {
        self.by_line
    }

    pub(crate) fn start(&self) -> usize {
        self.row.start
    }

    fn field(&self, column: usize) -> Option<&Field<'t>> {
        self.row.fields.get(column)?.as_ref()
    }

    /// Where a field stands; one that is absent, where the row begins.
    pub(crate) fn offset(&self, column: usize) -> usize {
        self.field(column).map_or(self.row.start, |field| field.offset)
    }

    pub(crate) fn cell(&self, column: usize) -> &str {
        self.field(column).map_or("", |field| &field.text)
    }

    pub(crate) fn value(&self, column: usize) -> Value {
        self.field(column).map_or(Value::Text, |field| field.value)
    }

    pub(crate) fn check_row(&self) -> Result<(), CellFault> {
        self.row.fault.clone().map_or(Ok(()), Err)
    }

    /// A hint where the present row lacks the field.
    pub(crate) fn absent(&self, column: usize) -> Option<String> {
        let name = self.row.wanted.get(column)?;
        if self.field(column).is_some() || self.row.fault.is_some() {
            return None;
        }
        let near = nearest(
            name,
            self.row.names.iter().map(String::as_str).filter(|near| near != name),
        );
        let hint = near.map(|near| format!("; did you mean {}?", quoted(near)));
        Some(format!("the row has no {}{}", quoted(name), hint.unwrap_or_default()))
    }

    /// Wanted fields that no row had.
    pub(crate) fn absent_faults(&self) -> Vec<Fault> {
        let met = self.row.met.iter();
        let absent = self.row.wanted.iter().zip(met).filter(|(_, met)| !**met);
        absent
            .map(|(name, _)| {
                let mut found: Vec<String> = self
                    .row
                    .names
                    .iter()
                    .take(MOST_NAMED)
                    .map(|name| quoted(name))
                    .collect();
                if self.row.names.len() > found.len() {
                    found.push("…".into());
                }
                let near = nearest(name, self.row.names.iter().map(String::as_str));
                let hint = near.map(|near| format!("; did you mean {}?", quoted(near)));
                let message = format!(
                    "no row has {}: the first one has {}{}",
                    quoted(name),
                    found.join(", "),
                    hint.unwrap_or_default()
                );
                Fault::new(0, message)
            })
            .collect()
    }
}

/// Where a part of a text stands in it. The part must have been cut out of it.
pub(crate) fn offset_in(text: &str, part: &str) -> usize {
    let distance = part.as_ptr().addr().wrapping_sub(text.as_ptr().addr());
    distance.min(text.len())
}
