//! The `format` table as it stands in a configuration, and the check of each of its keys.

use crate::decode::TextEncoding;
use crate::kind::FileKind;
use crate::number::Minus;
use omnistock_sdk::SettingsReader;
use serde::Deserialize;

/// As it stands in the configuration.
#[derive(Default, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct FormatTable {
    kind: Option<String>,
    compression: Option<String>,
    delimiter: Option<String>,
    decimal: Option<String>,
    grouping: Option<String>,
    pub(crate) minus: Option<Minus>,
    quote: Option<String>,
    encoding: Option<String>,
    pub(crate) trailer: Option<String>,
    pub(crate) trim: Option<bool>,
    pub(crate) line_breaks: Option<bool>,
    pub(crate) rows: Option<String>,
    pub(crate) count: Option<String>,
    pub(crate) sum: Option<String>,
}

/// Collects problems of one table.
pub(crate) struct Notes<'n, 's> {
    pub(crate) key: &'n str,
    pub(crate) reader: &'n mut SettingsReader<'s>,
}

impl Notes<'_, '_> {
    pub(crate) fn note(&mut self, name: &str, message: &str) {
        let key = format!("{}.{name}", self.key);
        self.reader.problem(&key, message, "");
    }

    /// The value, or a problem of this name.
    pub(crate) fn checked<T>(&mut self, name: &str, value: Result<T, String>) -> Option<T> {
        value.map_err(|message| self.note(name, &message)).ok()
    }
}

impl FormatTable {
    /// As configured, else by the name of the files, else CSV.
    pub(crate) fn kind(&self, name: &str, notes: &mut Notes<'_, '_>) -> Option<FileKind> {
        match &self.kind {
            Some(word) => notes.checked("kind", FileKind::by_word(word)),
            None => Some(FileKind::by_name(name).unwrap_or(FileKind::Csv)),
        }
    }

    /// Refuses keys that mean nothing for this kind of file.
    pub(crate) fn foreign_keys(&self, kind: FileKind, notes: &mut Notes<'_, '_>) {
        let cells = kind == FileKind::Csv;
        let foreign = [
            ("delimiter", self.delimiter.is_some() && !cells),
            ("quote", self.quote.is_some() && !cells),
            ("line_breaks", self.line_breaks.is_some() && !cells),
            ("trailer", self.trailer.is_some() && !cells),
            (
                "rows",
                self.rows.is_some() && matches!(kind, FileKind::Csv | FileKind::JsonLines),
            ),
            ("count", self.count.is_some() && cells),
            ("sum", self.sum.is_some() && cells),
        ];
        for (name, _) in foreign.iter().filter(|(_, foreign)| *foreign) {
            let instead = match (*name, cells) {
                ("trailer", _) => "; use format.count and format.sum",
                ("count" | "sum", true) => "; use format.trailer",
                _ => "",
            };
            let message = format!("means nothing for {} files{instead}", kind.shown());
            notes.note(name, &message);
        }
    }

    pub(crate) fn gzip(&self) -> Result<bool, String> {
        match self.compression.as_deref() {
            None => Ok(false),
            Some("gzip") => Ok(true),
            Some(other) => Err(format!("{other:?} is not known; there is \"gzip\"")),
        }
    }

    pub(crate) fn delimiter(&self) -> Result<u8, String> {
        let delimiter = self.delimiter.as_deref().unwrap_or(",");
        match delimiter.as_bytes() {
            b"tab" => Ok(b'\t'),
            [byte] if (byte.is_ascii_punctuation() || matches!(byte, b'\t' | b' ')) && *byte != b'"' => Ok(*byte),
            _ => Err(format!("{delimiter:?} is no sign like \";\", \",\", \"|\" or \"tab\"")),
        }
    }

    pub(crate) fn decimal(&self) -> Result<char, String> {
        match self.decimal.as_deref() {
            Some(".") | None => Ok('.'),
            Some(",") => Ok(','),
            Some(other) => Err(format!("{other:?} is neither \".\" nor \",\"")),
        }
    }

    pub(crate) fn grouping(&self, decimal: Option<char>) -> Result<Option<char>, String> {
        let Some(text) = &self.grouping else { return Ok(None) };
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

    pub(crate) fn quote(&self) -> Result<Option<u8>, String> {
        match self.quote.as_deref() {
            Some("") => Ok(None),
            Some("\"") | None => Ok(Some(b'"')),
            Some("'") => Ok(Some(b'\'')),
            Some(other) => Err(format!(
                "{other:?} is neither the double nor the single quote nor \"\" (no quoting)"
            )),
        }
    }

    pub(crate) fn encoding(&self) -> Result<TextEncoding, String> {
        let known = "\"windows-1252\", \"utf-8\", \"iso-8859-1\", \"iso-8859-15\" or \"utf-16\"";
        let name = self.encoding.as_deref().unwrap_or("utf-8");
        TextEncoding::named(name).ok_or_else(|| format!("{name:?} is not known; use {known}"))
    }
}
