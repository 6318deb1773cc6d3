//! Elements of XML as rows: `name` is the text of a child, `name/inner` that of its child, `@name` an attribute,
//! `.` the row's own text.

use crate::format::Path;
use crate::problem::Fault;
use crate::records::{Field, Row, Value};
use crate::xml::{position, reader, resolved};
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};
use std::borrow::Cow;

/// The rows of a proven text, in its order.
pub(crate) struct XmlRows<'t> {
    reader: Reader<&'t [u8]>,
    /// The path of a row, as `/stock/item`.
    wanted: String,
    /// Where the reader is.
    place: String,
}

/// An element that is not closed yet.
struct Open<'t> {
    /// What was before it.
    prefix: usize,
    name: String,
    offset: usize,
    text: Cow<'t, str>,
    /// It holds elements: its text is only what indents them.
    holds: bool,
}

impl<'t> XmlRows<'t> {
    pub(crate) fn new(text: &'t str, rows: &Path) -> Self {
        Self {
            reader: reader(text),
            wanted: format!("/{}", rows.join("/")),
            place: String::new(),
        }
    }

    /// Fills in the next row; false when there is none.
    pub(crate) fn next(&mut self, row: &mut Row<'t>) -> Result<bool, Fault> {
        loop {
            let offset = position(&self.reader);
            match self.event()? {
                Event::Start(start) => {
                    self.place.push('/');
                    self.place.push_str(start.name().as_ref());
                    if self.place == self.wanted {
                        row.begin(offset);
                        self.fill(row, &start, offset)?;
                        self.leave();
                        return Ok(true);
                    }
                }
                Event::End(_) => self.leave(),
                Event::Eof => return Ok(false),
                _ => {}
            }
        }
    }

    fn leave(&mut self) {
        let left = self.place.rfind('/').unwrap_or_default();
        self.place.truncate(left);
    }

    fn event(&mut self) -> Result<Event<'t>, Fault> {
        let at = position(&self.reader);
        let event = self.reader.read_event();
        event.map_err(|error| Fault::new(at, format!("is not valid XML: {error}")))
    }

    fn fill(&mut self, row: &mut Row<'t>, start: &BytesStart<'t>, offset: usize) -> Result<(), Fault> {
        let mut prefix = String::new();
        let mut open = vec![Open {
            prefix: 0,
            name: ".".to_owned(),
            offset,
            text: Cow::Borrowed(""),
            holds: false,
        }];
        attributes(row, &prefix, start, offset);
        while let Some(last) = open.last_mut() {
            let offset = position(&self.reader);
            match self.event()? {
                Event::Start(start) => {
                    last.holds = true;
                    let before = prefix.len();
                    let name = start.name().as_ref().to_owned();
                    prefix.push_str(&name);
                    prefix.push('/');
                    attributes(row, &prefix, &start, offset);
                    open.push(Open {
                        prefix: before,
                        name,
                        offset,
                        text: Cow::Borrowed(""),
                        holds: false,
                    });
                }
                Event::End(_) => {
                    let Some(closed) = open.pop() else { break };
                    prefix.truncate(closed.prefix);
                    take(row, &prefix, closed);
                }
                Event::Text(text) => last.said(offset, text.xml10_content()),
                Event::CData(data) => last.said(offset, data.xml10_content()),
                Event::GeneralRef(reference) => {
                    let sign = resolved(&reference).map(String::from).unwrap_or_default();
                    last.said(offset, Cow::Owned(sign));
                }
                Event::Eof => break,
                _ => {}
            }
        }
        Ok(())
    }
}

impl<'t> Open<'t> {
    fn said(&mut self, offset: usize, more: Cow<'t, str>) {
        if self.text.is_empty() {
            self.offset = offset;
            self.text = more;
        } else {
            self.text.to_mut().push_str(&more);
        }
    }
}

fn take<'t>(row: &mut Row<'t>, prefix: &str, closed: Open<'t>) {
    if closed.holds {
        return;
    }
    if let Some(column) = row.wanted(prefix, &closed.name) {
        let Open { text, offset, .. } = closed;
        let value = Value::Text;
        row.put(column, Field { text, offset, value });
    }
}

fn attributes(row: &mut Row<'_>, prefix: &str, start: &BytesStart<'_>, offset: usize) {
    for attribute in start.attributes().flatten() {
        let key = format!("@{}", attribute.key.as_ref());
        let Some(column) = row.wanted(prefix, &key) else {
            continue;
        };
        // The proof has read it already.
        let Ok(text) = attribute.normalized_value(XmlVersion::Implicit1_0) else {
            continue;
        };
        let text = Cow::Owned(text.into_owned());
        let value = Value::Text;
        row.put(column, Field { text, offset, value });
    }
}
