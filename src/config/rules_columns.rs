//! The first line of a list of rules: what each column says.

use super::list_file::{Cell, Row};
use super::problem::{Findings, suggestion};
use super::schema::{CHANNEL_GUARD, Keys, PRICE, SET};
use std::collections::BTreeMap;

/// Columns that are no settings.
pub(super) const ROW: Keys = Keys::of(&[&[
    "sku", "channel", "listing", "setting", "value", "from", "until", "reason",
]]);

/// What each column is.
#[derive(Debug, Default)]
pub(super) struct Columns {
    pub(super) special: BTreeMap<&'static str, usize>,
    pub(super) settings: Vec<(usize, String)>,
    pub(super) count: usize,
}

impl Columns {
    /// What the columns are; `None` where no row can be read by them.
    pub(super) fn read(header: &Row, findings: &Findings) -> Option<Self> {
        let names: Vec<&str> = ROW.names().chain(SET.names()).collect();
        let mut known: Vec<&str> = Vec::new();
        let mut columns = Self {
            count: header.cells.len(),
            ..Self::default()
        };
        for (index, cell) in header.cells.iter().enumerate() {
            let name = &*cell.text;
            if known.contains(&name) {
                findings.error(cell.place, format!("column `{name}` stands twice"));
            } else if let Some(special) = ROW.names().find(|known| *known == name) {
                columns.special.insert(special, index);
            } else if is_setting(name) {
                columns.settings.push((index, name.to_owned()));
            } else if name.is_empty() {
                findings.error(cell.place, "this column has no name");
            } else {
                let word = name.split_once('.').map_or(name, |(word, _)| word);
                let whole = inner_names(word).map(|keys| keys.names().map(|key| format!("{word}.{key}")).collect());
                let whole: Vec<String> = whole.unwrap_or_default();
                let known: Vec<&str> = names.iter().copied().chain(whole.iter().map(String::as_str)).collect();
                let rest = suggestion(name, &known, "there are");
                let name = super::tree::shorten(name);
                findings.error(cell.place, format!("unknown column `{name}`{rest}"));
            }
            known.push(name);
        }
        let has = |name| columns.special.contains_key(name);
        let place = header.cells.first().map(|cell| cell.place).unwrap_or_default();
        let mut fine = true;
        if !has("sku") && !has("listing") {
            findings.error(
                place,
                "there is no column `sku` or `listing`: nothing says what a row is for",
            );
            fine = false;
        }
        if has("setting") != has("value") {
            findings.error(
                place,
                "`setting` and `value` are columns of one pair: one of them is missing",
            );
            fine = false;
        }
        if !has("setting") && columns.settings.is_empty() {
            findings.error(
                place,
                "no column sets anything: add `setting` and `value`, or columns named as settings",
            );
            fine = false;
        }
        fine.then_some(columns)
    }

    /// The cell in a column that is no setting.
    pub(super) fn cell<'r>(&self, row: &'r Row<'r>, name: &str) -> Option<&'r Cell<'r>> {
        self.special.get(name).and_then(|index| filled(row, *index))
    }
}

/// A cell that is there and not empty.
pub(super) fn filled<'r>(row: &'r Row<'r>, index: usize) -> Option<&'r Cell<'r>> {
    row.cells.get(index).filter(|cell| !cell.text.is_empty())
}

fn inner_names(word: &str) -> Option<&'static Keys> {
    match word {
        "price" => Some(&PRICE),
        "guard" => Some(&CHANNEL_GUARD),
        _ => None,
    }
}

/// `max_shown`, or `price.floor`.
fn is_setting(name: &str) -> bool {
    match name.split_once('.') {
        Some((word, inner)) => inner_names(word).is_some_and(|keys| keys.names().any(|known| known == inner)),
        None => SET.names().any(|known| known == name),
    }
}
