//! How a file is written: the `format` table and what it means.

use crate::decode::TextEncoding;
use crate::number::{Minus, NumberFormat};
use crate::structure::Shape;
use omnistock_sdk::SettingProblem;
use serde::Deserialize;

/// As it stands in the configuration.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct FormatTable {
    delimiter: String,
    decimal: String,
    grouping: Option<String>,
    minus: Minus,
    quote: String,
    encoding: String,
    trailer: Option<String>,
    trim: bool,
    line_breaks: bool,
}

impl Default for FormatTable {
    fn default() -> Self {
        Self {
            delimiter: ",".into(),
            decimal: ".".into(),
            grouping: None,
            minus: Minus::default(),
            quote: "\"".into(),
            encoding: "utf-8".into(),
            trailer: None,
            trim: false,
            line_breaks: false,
        }
    }
}

/// How a file is written.
#[derive(Debug, Clone)]
pub(crate) struct Format {
    pub(crate) encoding: TextEncoding,
    pub(crate) shape: Shape,
    pub(crate) number: NumberFormat,
    pub(crate) trailer: Option<Vec<String>>,
    pub(crate) trim: bool,
}

/// Checks a table; `key` is its place in the configuration. All problems in one go.
pub(crate) fn checked(key: &str, table: &FormatTable, problems: &mut Vec<SettingProblem>) -> Option<Format> {
    let before = problems.len();
    let mut note = |name: &str, message: &str| problems.push(SettingProblem::new(format!("{key}.{name}"), message));
    let delimiter = delimiter(table).map_err(|message| note("delimiter", &message)).ok();
    let quote = quote(table).map_err(|message| note("quote", &message)).ok();
    if delimiter.is_some() && quote.flatten() == delimiter {
        note("quote", "is the delimiter as well");
    }
    let decimal = decimal(table).map_err(|message| note("decimal", &message)).ok();
    let grouping = grouping(table, decimal)
        .map_err(|message| note("grouping", &message))
        .ok();
    let encoding = encoding(table).map_err(|message| note("encoding", &message)).ok();
    if problems.len() > before {
        return None;
    }
    let delimiter = delimiter?;
    let cells = |text: &String| text.split(char::from(delimiter)).map(str::to_owned).collect();
    Some(Format {
        encoding: encoding?,
        shape: Shape {
            delimiter,
            quote: quote?,
            line_breaks: table.line_breaks,
        },
        number: NumberFormat {
            decimal: decimal?,
            grouping: grouping?,
            minus: table.minus,
        },
        trailer: table.trailer.as_ref().map(cells),
        trim: table.trim,
    })
}

fn delimiter(table: &FormatTable) -> Result<u8, String> {
    match table.delimiter.as_bytes() {
        b"tab" => Ok(b'\t'),
        [byte] if (byte.is_ascii_punctuation() || matches!(byte, b'\t' | b' ')) && *byte != b'"' => Ok(*byte),
        _ => Err(format!(
            "{:?} is no sign like \";\", \",\", \"|\" or \"tab\"",
            table.delimiter
        )),
    }
}

fn decimal(table: &FormatTable) -> Result<char, String> {
    match table.decimal.as_str() {
        "." => Ok('.'),
        "," => Ok(','),
        other => Err(format!("{other:?} is neither \".\" nor \",\"")),
    }
}

fn grouping(table: &FormatTable, decimal: Option<char>) -> Result<Option<char>, String> {
    let Some(text) = &table.grouping else { return Ok(None) };
    let mut signs = text.chars();
    let plain = |sign: &char| Some(*sign) != decimal && !sign.is_alphanumeric() && !matches!(sign, '-' | '+');
    let sign = signs.next().filter(plain);
    if sign.is_some() && signs.next().is_none() {
        return Ok(sign);
    }
    Err(format!(
        "{text:?} is no sign between thousands, like \".\", \"'\" or \" \", other than the decimal sign"
    ))
}

fn quote(table: &FormatTable) -> Result<Option<u8>, String> {
    match table.quote.as_str() {
        "" => Ok(None),
        "\"" => Ok(Some(b'"')),
        "'" => Ok(Some(b'\'')),
        other => Err(format!(
            "{other:?} is neither the double nor the single quote nor \"\" (no quoting)"
        )),
    }
}

fn encoding(table: &FormatTable) -> Result<TextEncoding, String> {
    let known = "\"windows-1252\", \"utf-8\", \"iso-8859-1\", \"iso-8859-15\" or \"utf-16\"";
    TextEncoding::named(&table.encoding).ok_or_else(|| format!("{:?} is not known; use {known}", table.encoding))
}
