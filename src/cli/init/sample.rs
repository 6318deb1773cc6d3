//! The sample: its bytes, what is proposed for it, and what the connector reads of it by these settings.

use crate::cli::Failure;
use omnistock_file::propose::{self, Answers, Doubt, MOST_SAMPLE, Proposal};
use omnistock_sdk::{
    ConnectorContext, LocationCodes, Report, SecretReference, SecretResolver, SecretString, StockReport,
};
use omnistock_words::{Basis, ConnectorName, LocationName, Millis, VendorLocation};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The place of a file that names none.
pub(super) const ONE_PLACE: &str = "main";
/// Places that are written down; more of them are a job for a person.
const MOST_PLACES: usize = 200;

/// A file that was read.
pub(super) struct Sample {
    /// Its name without its folder.
    pub(super) name: String,
    folder: PathBuf,
    modified: Millis,
    bytes: Vec<u8>,
}

/// What is proposed for it.
pub(super) struct Proposed {
    pub(super) proposal: Proposal,
    /// Our names of its places, with its own.
    pub(super) places: BTreeMap<String, String>,
}

impl Sample {
    /// Reads a file.
    pub(super) fn of(path: &Path) -> Result<Self, Failure> {
        let failed = |cause: std::io::Error| Failure::usage(format!("{} can't be read: {cause}", path.display()));
        let whole = path.canonicalize().map_err(failed)?;
        let mut bytes = Vec::new();
        let file = std::fs::File::open(&whole).map_err(failed)?;
        let modified = file
            .metadata()
            .and_then(|metadata| metadata.modified())
            .map_err(failed)?;
        file.take(MOST_SAMPLE as u64 + 1)
            .read_to_end(&mut bytes)
            .map_err(failed)?;
        if bytes.len() > MOST_SAMPLE {
            return Err(Failure::usage(format!(
                "{} is larger than 256 MiB: take a smaller sample",
                path.display()
            )));
        }
        let since = modified.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Ok(Self {
            name: whole.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            folder: whole.parent().unwrap_or(Path::new("/")).to_owned(),
            modified: Millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX)),
            bytes,
        })
    }

    /// Folder and name for the configuration: a day or a running number, which changes from export to export, becomes a
    /// `*`. Short numbers belong to the name: `stock-1` and `stock-2` may be two warehouses.
    pub(super) fn path(&self) -> String {
        let name = match changing(&self.name) {
            Some((before, after)) => format!("{before}*{after}"),
            None => self.name.clone(),
        };
        self.folder.join(name).display().to_string()
    }

    /// Settings for it by these answers.
    pub(super) fn proposed(&self, answers: &Answers) -> Result<Proposed, Failure> {
        let mut proposal = propose::propose(&self.name, &self.bytes, answers).map_err(Failure::no)?;
        for meaning in ["sku", "quantity"] {
            if proposal.column(meaning).is_none() {
                let names: Vec<&str> = proposal.columns.iter().map(|column| column.name.as_str()).collect();
                return Err(Failure::no(format!(
                    "{}: no column can be the {meaning}: there are {}",
                    self.name,
                    names.join(", ")
                )));
            }
        }
        if !answers.contains_key("basis") {
            proposal.doubts.push(basis());
        }
        if changing(&self.name).is_none() && self.name.bytes().any(|byte| byte.is_ascii_digit()) {
            proposal.doubts.push(one_name(&self.name));
        }
        let places = places(&proposal.locations);
        Ok(Proposed { proposal, places })
    }

    /// What the connector reads by these settings.
    pub(super) fn read(&self, proposed: &Proposed) -> Result<StockReport, Failure> {
        let refused = |reason: &str| Failure::no(format!("read as proposed, the sample is refused:\n{reason}"));
        let one_place = proposed.places.is_empty().then_some(ONE_PLACE);
        let named = proposed.places.keys().map(String::as_str).chain(one_place);
        let declared = named.filter_map(|name| LocationName::new(name).ok()).collect();
        let codes = proposed
            .places
            .iter()
            .filter_map(|(name, code)| Some((VendorLocation::new(code).ok()?, LocationName::new(name).ok()?)));
        let context = ConnectorContext {
            name: ConnectorName::new("erp").map_err(|error| Failure::no(error.to_string()))?,
            locations: LocationCodes::new(declared, codes.collect()),
            secrets: Arc::new(NoSecrets),
            basis: Some(Basis::Physical),
            folder: PathBuf::new(),
        };
        let table: Value = proposed.proposal.table(&self.path(), ONE_PLACE);
        let report = omnistock_file::read_file(&context, table, &self.name, self.modified, self.bytes.clone());
        match report.map_err(|reason| refused(&reason))? {
            Report::Stock(report) => Ok(report),
            _ => Err(refused("it holds no stock")),
        }
    }
}

impl Proposed {
    /// Places that were only found when all rows were read.
    pub(super) fn add_places<'c>(&mut self, codes: impl Iterator<Item = &'c String>) {
        self.proposal.locations.extend(codes.cloned());
        self.places = places(&self.proposal.locations);
        let (found, written) = (self.proposal.locations.len(), self.places.len());
        if written < found {
            self.proposal.doubts.push(Doubt {
                key: "locations".to_owned(),
                question: format!("It names {found} places, of which {written} are written down: add the others."),
                choices: Vec::new(),
            });
        }
    }

    /// The next question that has an answer to choose.
    pub(super) fn open(&self, answers: &Answers) -> Option<Doubt> {
        let mut doubts = self.proposal.doubts.iter();
        doubts
            .find(|doubt| doubt.choices.len() > 1 && !answers.contains_key(&doubt.key))
            .cloned()
    }
}

/// What stands before and after the last run of digits that is long enough for a day or a running number; with the
/// `-` and `_` within it.
fn changing(name: &str) -> Option<(&str, &str)> {
    const DIGITS: usize = 6;
    let part = |c: char| c.is_ascii_digit() || c == '-' || c == '_';
    let mut end = name.len();
    while let Some(last) = name.get(..end)?.rfind(|c: char| c.is_ascii_digit()) {
        let (run, after) = (name.get(..=last)?, name.get(last + 1..)?);
        let before = run.trim_end_matches(part);
        let run = run.get(before.len()..)?.trim_start_matches(['-', '_']);
        if run.bytes().filter(u8::is_ascii_digit).count() >= DIGITS {
            return Some((name.get(..=last)?.strip_suffix(run)?, after));
        }
        end = before.len();
    }
    None
}

fn one_name(name: &str) -> Doubt {
    Doubt {
        key: "path".to_owned(),
        question: "Is every export called so? If a part of its name changes, put a `*` there.".to_owned(),
        choices: vec![(name.to_owned(), "this one file".to_owned())],
    }
}

/// No file says this of itself. First what promises least where it is wrong.
fn basis() -> Doubt {
    let choice = |value: &str, meaning: &str| (value.to_owned(), meaning.to_owned());
    Doubt {
        key: "basis".to_owned(),
        question: "What do its quantities contain?".to_owned(),
        choices: vec![
            choice("physical", "everything on the shelf, sold or not"),
            choice("net_of_reserved", "less what is set aside for orders"),
            choice("net_of_orders", "less every order the ERP knows"),
        ],
    }
}

/// Names that locations may have, for the ones of the file. More than can be written down: none.
fn places(found: &[String]) -> BTreeMap<String, String> {
    let mut places = BTreeMap::new();
    let mut taken = BTreeSet::new();
    for code in found.iter().take(MOST_PLACES) {
        let plain = code
            .to_lowercase()
            .replace('ä', "ae")
            .replace('ö', "oe")
            .replace('ü', "ue")
            .replace('ß', "ss");
        let letters = plain.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' });
        let name: String = letters.take(56).collect();
        let name = if name.trim_matches('_').is_empty() {
            "place".to_owned()
        } else {
            name.trim_matches('_').to_owned()
        };
        let numbered = (2..).map(|number| format!("{name}_{number}"));
        let free = std::iter::once(name.clone())
            .chain(numbered)
            .find(|name| !taken.contains(name));
        let free = free.unwrap_or(name);
        taken.insert(free.clone());
        places.insert(free, code.clone());
    }
    places
}

struct NoSecrets;

impl SecretResolver for NoSecrets {
    fn resolve(&self, _: &SecretReference) -> Result<SecretString, String> {
        Err("a sample has no secrets".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_get_names_that_are_allowed_and_different() {
        let codes = ["B/01", "b 01", "Köln", "***"].map(str::to_owned);
        let names: Vec<String> = places(&codes).into_keys().collect();
        assert_eq!(names, ["b_01", "b_01_2", "koeln", "place"]);
    }

    #[test]
    fn digits_in_a_name_change_from_export_to_export() {
        let path = |name: &str| {
            let sample = Sample {
                name: name.to_owned(),
                folder: PathBuf::from("/srv"),
                modified: Millis(0),
                bytes: Vec::new(),
            };
            sample.path()
        };
        assert_eq!(path("stock-2026-11-22_0300.csv"), "/srv/stock-*.csv");
        assert_eq!(path("stock.csv.gz"), "/srv/stock.csv.gz");
        assert_eq!(path("20261122export"), "/srv/*export");
        assert_eq!(path("stock.20261122.csv"), "/srv/stock.*.csv");
        assert_eq!(path("b2b-stock-20261122.csv"), "/srv/b2b-stock-*.csv");
        assert_eq!(path("stock-20261122-v2.csv"), "/srv/stock-*-v2.csv");
        assert_eq!(path("lager1.csv"), "/srv/lager1.csv", "lager2.csv is another place");
    }
}
