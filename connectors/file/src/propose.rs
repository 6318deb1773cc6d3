//! Which settings would read a file: proposed from the file itself, together with what can't be told from it.

use crate::kind::FileKind;
use crate::propose_columns::{self, Column};
use crate::propose_numbers::{self, Signs};
use crate::propose_text;
use crate::{decode, gzip};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Rows that are looked at.
const MOST_ROWS: usize = 1_000;
/// A larger sample is not needed, and is refused: bytes, before and after it is expanded.
pub const MOST_SAMPLE: usize = 256 << 20;

/// What a person decided, by the key of the [`Doubt`].
pub type Answers = BTreeMap<String, String>;

/// Something that the file leaves open. Without an answer the first choice is taken: the one that promises less.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubt {
    /// The setting, such as `format.decimal`.
    pub key: String,
    /// One sentence.
    pub question: String,
    /// Values, each with what it would mean. Empty: nothing in the file fits.
    pub choices: Vec<(String, String)>,
}

/// A column, and what it seems to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProposedColumn {
    /// As in the file.
    pub name: String,
    /// `sku`, `quantity`, `location` or `price`; `None`: it isn't needed.
    pub meaning: Option<&'static str>,
    /// Its first values.
    pub samples: Vec<String>,
}

/// Settings for one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// The kind of file, such as `CSV`.
    pub kind: &'static str,
    /// The `format` table: only what differs from its defaults, in the order in which people write it.
    pub format: Vec<(&'static str, String)>,
    /// All columns, in the file's order.
    pub columns: Vec<ProposedColumn>,
    /// What is open.
    pub doubts: Vec<Doubt>,
    /// The values of the location column in the sample, each once.
    pub locations: Vec<String>,
}

impl Proposal {
    /// The column of a meaning.
    pub fn column(&self, meaning: &str) -> Option<&str> {
        let found = self.columns.iter().find(|column| column.meaning == Some(meaning));
        found.map(|column| column.name.as_str())
    }

    /// The connector's own keys for a file at `path`; `location` is for a file without such a column.
    pub fn table(&self, path: &str, location: &str) -> Value {
        let mut columns = Map::new();
        for meaning in ["sku", "quantity", "location"] {
            if let Some(name) = self.column(meaning) {
                columns.insert(meaning.to_owned(), name.into());
            }
        }
        let format: Map<String, Value> = self
            .format
            .iter()
            .map(|(key, value)| ((*key).to_owned(), value.as_str().into()))
            .collect();
        let mut table = json!({ "path": path, "columns": columns, "format": format });
        if let (None, Some(table)) = (self.column("location"), table.as_object_mut()) {
            table.insert("location".to_owned(), location.into());
        }
        table
    }
}

/// Proposes settings for a file of this name. The error is one sentence about the file.
pub fn propose(name: &str, bytes: &[u8], answers: &Answers) -> Result<Proposal, String> {
    let expanded = if gzip::named_gzip(name) || gzip::is_gzip(bytes) {
        gzip::expand(name, bytes, MOST_SAMPLE as u64).map_err(|refusal| refusal.reason)?
    } else {
        bytes.to_vec()
    };
    let mut doubts = Vec::new();
    let encoding = propose_text::encoding(&expanded, answers, &mut doubts);
    let text = match decode::TextEncoding::named(&encoding) {
        Some(known) => decode::decode(name, expanded, known).map_err(|refusal| refusal.reason)?,
        None => return Err(format!("{name}: {encoding:?} is no encoding that is known")),
    };
    let kind = FileKind::by_name(name).unwrap_or_else(|| propose_text::kind(&text));
    let mut format = Vec::new();
    if FileKind::by_name(name).is_none_or(|named| named != kind) && kind != FileKind::Csv {
        format.push(("kind", kind.word().to_owned()));
    }
    if gzip::is_gzip(bytes) && !gzip::named_gzip(name) {
        format.push(("compression", "gzip".to_owned()));
    }
    let rows = match kind {
        FileKind::Csv => {
            let delimiter = propose_text::delimiter(name, &text, answers, &mut doubts)?;
            match delimiter {
                b',' => {}
                b'\t' => format.push(("delimiter", "tab".to_owned())),
                other => format.push(("delimiter", char::from(other).to_string())),
            }
            propose_text::cells(&text, delimiter, MOST_ROWS)
        }
        FileKind::Json => {
            let (path, rows) = propose_text::objects(name, &text, MOST_ROWS)?;
            format.extend(path.map(|path| ("rows", path)));
            rows
        }
        FileKind::JsonLines => propose_text::lines(name, &text, MOST_ROWS)?,
        FileKind::Xml => {
            return Err(format!(
                "{name}: of XML nothing is proposed; `rows` and `columns` are names of its elements, see the page of kind \"file\""
            ));
        }
    };
    let Some(rows) = rows.filter(|rows| !rows.cells.is_empty()) else {
        return Err(format!(
            "{name}: no rows below its header: take a sample with some articles in it"
        ));
    };
    let columns = propose_columns::meanings(&rows, answers, &mut doubts);
    let signs = numbers(&columns, kind, answers, &mut doubts);
    format.extend(signs.settings());
    if encoding != "utf-8" {
        format.push(("encoding", encoding));
    }
    Ok(finish(kind, format, &columns, doubts))
}

/// How the numbers are written, where they are text.
fn numbers(columns: &[Column], kind: FileKind, answers: &Answers, doubts: &mut Vec<Doubt>) -> Signs {
    let numeric = columns
        .iter()
        .filter(|column| matches!(column.meaning, Some("quantity" | "price")));
    let cells: Vec<&str> = numeric
        .filter(|column| kind == FileKind::Csv || !column.typed)
        .flat_map(|column| column.values.iter().map(String::as_str))
        .collect();
    propose_numbers::signs(&cells, answers, doubts)
}

fn finish(kind: FileKind, format: Vec<(&'static str, String)>, columns: &[Column], doubts: Vec<Doubt>) -> Proposal {
    let mut locations = Vec::new();
    for value in columns
        .iter()
        .filter(|column| column.meaning == Some("location"))
        .flat_map(|column| &column.values)
    {
        if !value.is_empty() && !locations.contains(value) {
            locations.push(value.clone());
        }
    }
    let shown = |column: &Column| {
        let mut samples: Vec<String> = Vec::new();
        for value in column.values.iter().filter(|value| !value.is_empty()) {
            if !samples.contains(value) && samples.len() < 3 {
                samples.push(value.clone());
            }
        }
        ProposedColumn {
            name: column.name.clone(),
            meaning: column.meaning,
            samples,
        }
    };
    Proposal {
        kind: kind.shown(),
        format,
        columns: columns.iter().map(shown).collect(),
        doubts,
        locations,
    }
}
