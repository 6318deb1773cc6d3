//! How a file is written, checked: what the `format` table means for each kind of file.

use crate::decode::TextEncoding;
use crate::format_table::{FormatTable, Notes};
use crate::kind::FileKind;
use crate::number::NumberFormat;
use crate::structure::Shape;
use omnistock_sdk::SettingsReader;

/// Where things stand in a document: keys from the top (JSON), elements from the root (XML).
pub(crate) type Path = Vec<String>;

/// How a file is written.
#[derive(Debug, Clone)]
pub(crate) struct Format {
    pub(crate) layout: Layout,
    pub(crate) encoding: TextEncoding,
    pub(crate) number: NumberFormat,
    pub(crate) trim: bool,
    /// Compressed whatever its name.
    pub(crate) gzip: bool,
    /// Where a document says how many rows it has, and what their quantities add up to.
    pub(crate) claims: Claims,
}

/// How rows stand in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Layout {
    /// Lines of cells below a header.
    Csv {
        shape: Shape,
        /// The cells of the last line, where it is a trailer.
        trailer: Option<Vec<String>>,
    },
    /// A list of objects; the keys that lead to it, none where it is the whole document.
    Json(Path),
    /// An object a line.
    JsonLines,
    /// Elements; the names that lead to one, the root's first.
    Xml(Path),
}

/// What a document says about its own rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Claims {
    pub(crate) count: Option<Path>,
    pub(crate) sum: Option<Path>,
}

impl Format {
    pub(crate) fn kind(&self) -> FileKind {
        match self.layout {
            Layout::Csv { .. } => FileKind::Csv,
            Layout::Json(_) => FileKind::Json,
            Layout::JsonLines => FileKind::JsonLines,
            Layout::Xml(_) => FileKind::Xml,
        }
    }

    /// For other files of the same kind: a trailer or a count belongs to the file that has it.
    pub(crate) fn without_claims(self) -> Self {
        let layout = match self.layout {
            Layout::Csv { shape, .. } => Layout::Csv { shape, trailer: None },
            other => other,
        };
        Self {
            layout,
            claims: Claims::default(),
            ..self
        }
    }
}

/// Checks a table; `key` is its place in the configuration, `name` what the files are called. All problems in one go.
pub(crate) fn checked(key: &str, table: &FormatTable, name: &str, reader: &mut SettingsReader<'_>) -> Option<Format> {
    let before = reader.told();
    let mut notes = Notes { key, reader };
    let kind = table.kind(name, &mut notes);
    let number = number(table, &mut notes);
    let encoding = notes.checked("encoding", table.encoding());
    let gzip = notes.checked("compression", table.gzip());
    let layout = kind.and_then(|kind| layout(kind, table, &mut notes));
    if let Some(kind) = kind {
        table.foreign_keys(kind, &mut notes);
    }
    let claims = Claims {
        count: kind.and_then(|kind| notes.checked("count", path(kind, table.count.as_deref(), true))?),
        sum: kind.and_then(|kind| notes.checked("sum", path(kind, table.sum.as_deref(), true))?),
    };
    if reader.told() > before {
        return None;
    }
    Some(Format {
        layout: layout?,
        encoding: encoding?,
        number: number?,
        trim: table.trim.unwrap_or_default(),
        gzip: gzip?,
        claims,
    })
}

fn number(table: &FormatTable, notes: &mut Notes<'_, '_>) -> Option<NumberFormat> {
    let decimal = notes.checked("decimal", table.decimal());
    let grouping = notes.checked("grouping", table.grouping(decimal));
    Some(NumberFormat {
        decimal: decimal?,
        grouping: grouping?,
        minus: table.minus.unwrap_or_default(),
    })
}

fn layout(kind: FileKind, table: &FormatTable, notes: &mut Notes<'_, '_>) -> Option<Layout> {
    match kind {
        FileKind::Csv => {
            let delimiter = notes.checked("delimiter", table.delimiter());
            let quote = notes.checked("quote", table.quote());
            if delimiter.is_some() && quote.flatten() == delimiter {
                notes.note("quote", "is the delimiter as well");
            }
            let delimiter = delimiter?;
            let cells = |text: &String| text.split(char::from(delimiter)).map(str::to_owned).collect();
            let shape = Shape {
                delimiter,
                quote: quote?,
                line_breaks: table.line_breaks.unwrap_or_default(),
            };
            let trailer = table.trailer.as_ref().map(cells);
            Some(Layout::Csv { shape, trailer })
        }
        FileKind::Json => {
            let rows = notes.checked("rows", path(kind, table.rows.as_deref(), false))?;
            Some(Layout::Json(rows.unwrap_or_default()))
        }
        FileKind::JsonLines => Some(Layout::JsonLines),
        FileKind::Xml => {
            let rows = notes.checked("rows", path(kind, table.rows.as_deref(), false))?;
            if rows.as_ref().is_none_or(|rows| rows.len() < 2) {
                let message = "XML needs the path of a row, from the root on, such as \"stock/item\"";
                notes.note("rows", message);
                return None;
            }
            rows.map(Layout::Xml)
        }
    }
}

/// `data.rows` of JSON, `stock/item` of XML, whose last part may be an attribute (`stock/@rows`).
fn path(kind: FileKind, text: Option<&str>, attribute: bool) -> Result<Option<Path>, String> {
    let Some(text) = text else { return Ok(None) };
    let (sign, example) = if kind == FileKind::Xml {
        ('/', "\"stock/item\"")
    } else {
        ('.', "\"data.rows\"")
    };
    let parts: Path = text
        .trim_start_matches('/')
        .split(sign)
        .map(|part| part.trim().to_owned())
        .collect();
    let last = parts.len().saturating_sub(1);
    let fits = |(index, part): (usize, &String)| {
        let misplaced = kind == FileKind::Xml && part.contains('@') && !(attribute && index == last);
        !part.is_empty() && !misplaced
    };
    if parts.iter().enumerate().all(fits) {
        Ok(Some(parts))
    } else {
        Err(format!("{text:?} is no path like {example}"))
    }
}
