//! Objects of JSON as rows. Values are cut out of the text as they are written, so no number is ever a float.

use crate::records::{Field, Row, Value, offset_in};
use crate::table::MOST_ROWS;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// The rows of a proven text, in its order.
pub(crate) struct JsonRows<'t> {
    text: &'t str,
    rows: std::vec::IntoIter<&'t str>,
}

impl<'t> JsonRows<'t> {
    pub(crate) fn new(text: &'t str, rows: Vec<&'t str>) -> Self {
        let rows = rows.into_iter();
        Self { text, rows }
    }

    /// Fills in the next row; false when there is none.
    pub(crate) fn next(&mut self, row: &mut Row<'t>) -> bool {
        let Some(raw) = self.rows.next() else { return false };
        row.begin(offset_in(self.text, raw));
        if raw.starts_with('{') {
            self.fill(row, raw, "");
        } else {
            row.spoil(usize::MAX, "this row is no object");
        }
        true
    }

    fn fill(&self, row: &mut Row<'t>, raw: &'t str, prefix: &str) {
        let members = match members(raw) {
            Ok(members) => members,
            Err(message) => return row.spoil(usize::MAX, message),
        };
        let mut entered: Vec<String> = Vec::new();
        for (key, value) in members {
            let column = row.wanted(prefix, &key);
            if let Some(column) = column {
                match self.field(value) {
                    Ok(field) => row.put(column, field),
                    Err(message) => row.spoil(column, message),
                }
            }
            let below = format!("{prefix}{key}.");
            if value.starts_with('{') && row.wanted_below(&below) {
                if entered.contains(&below) {
                    row.spoil(usize::MAX, format!("{key:?} stands twice in this row"));
                } else {
                    self.fill(row, value, &below);
                    entered.push(below);
                }
            }
        }
    }

    fn field(&self, raw: &'t str) -> Result<Field<'t>, String> {
        let offset = offset_in(self.text, raw);
        let (text, value) = match raw.as_bytes().first() {
            Some(b'"') => (characters(raw)?, Value::Text),
            Some(b'[' | b'{') => (Cow::Borrowed(raw), Value::Nested),
            Some(b'n') => (Cow::Borrowed(""), Value::Text),
            Some(b't' | b'f') => (Cow::Borrowed(raw), Value::Word),
            _ => (Cow::Borrowed(raw), Value::Number),
        };
        Ok(Field { text, offset, value })
    }
}

/// A string without its quotes and escapes.
fn characters(raw: &str) -> Result<Cow<'_, str>, String> {
    let inside = raw.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    match inside.filter(|inside| !inside.contains('\\')) {
        Some(plain) => Ok(Cow::Borrowed(plain)),
        None => serde_json::from_str(raw)
            .map(Cow::Owned)
            .map_err(|error| sentence(&error)),
    }
}

fn sentence(error: &serde_json::Error) -> String {
    let full = error.to_string();
    let said = full.rsplit_once(" at line ").map_or(full.as_str(), |(said, _)| said);
    format!("is not valid JSON: {said}")
}

/// The members of an object in their order, doubled names and all; the error is one sentence.
pub(crate) fn members(raw: &str) -> Result<Vec<(Cow<'_, str>, &str)>, String> {
    if !raw.starts_with('{') {
        return Err("is no object".to_owned());
    }
    let members: Members<'_> = serde_json::from_str(raw).map_err(|error| sentence(&error))?;
    Ok(members.0)
}

/// The values of a list, as many as a file may have rows.
pub(crate) fn list(raw: &str) -> Result<Vec<&str>, String> {
    let list: List<'_> = serde_json::from_str(raw).map_err(|error| sentence(&error))?;
    Ok(list.0)
}

struct Members<'t>(Vec<(Cow<'t, str>, &'t str)>);

struct List<'t>(Vec<&'t str>);

/// A key, without a copy where it has no escapes.
struct Key<'t>(Cow<'t, str>);

struct Take;

impl<'t> Deserialize<'t> for Members<'t> {
    fn deserialize<D: Deserializer<'t>>(deserializer: D) -> Result<Self, D::Error> {
        struct Take;
        impl<'t> Visitor<'t> for Take {
            type Value = Members<'t>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'t>>(self, mut map: A) -> Result<Members<'t>, A::Error> {
                let mut members = Vec::new();
                while let Some(Key(key)) = map.next_key()? {
                    let value: &'t RawValue = map.next_value()?;
                    members.push((key, value.get()));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Take)
    }
}

impl<'t> Deserialize<'t> for List<'t> {
    fn deserialize<D: Deserializer<'t>>(deserializer: D) -> Result<Self, D::Error> {
        struct Take;
        impl<'t> Visitor<'t> for Take {
            type Value = List<'t>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'t>>(self, mut list: A) -> Result<List<'t>, A::Error> {
                let mut values = Vec::new();
                while let Some(value) = list.next_element::<&'t RawValue>()? {
                    if values.len() >= MOST_ROWS {
                        return Err(A::Error::custom(format!(
                            "more than {MOST_ROWS} rows: split the file by location"
                        )));
                    }
                    values.push(value.get());
                }
                Ok(List(values))
            }
        }
        deserializer.deserialize_seq(Take)
    }
}

impl<'t> Deserialize<'t> for Key<'t> {
    fn deserialize<D: Deserializer<'t>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Take).map(Key)
    }
}

impl<'t> Visitor<'t> for Take {
    type Value = Cow<'t, str>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a name")
    }

    fn visit_borrowed_str<E: Error>(self, key: &'t str) -> Result<Cow<'t, str>, E> {
        Ok(Cow::Borrowed(key))
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Cow<'t, str>, E> {
        Ok(Cow::Owned(key.to_owned()))
    }
}
