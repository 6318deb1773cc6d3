//! What `init` found in the sample, for people and programs.

use super::sample::{Proposed, Sample};
use crate::cli::text;
use omnistock_file::propose::Answers;
use omnistock_sdk::StockReport;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Rows that are shown.
const MOST_SHOWN: usize = 5;

/// Everything that is said.
#[derive(Serialize)]
pub(super) struct Facts {
    /// The configuration that was written.
    written: PathBuf,
    #[serde(skip_serializing_if = "Option::is_none")]
    sample: Option<Found>,
}

#[derive(Serialize)]
struct Found {
    name: String,
    kind: String,
    format: Vec<(String, String)>,
    columns: Vec<Column>,
    rows: usize,
    locations: usize,
    first: Vec<Row>,
    unsure: Vec<Unsure>,
}

#[derive(Serialize)]
struct Column {
    name: String,
    meaning: Option<String>,
    values: Vec<String>,
}

#[derive(Serialize)]
struct Row {
    sku: String,
    location: String,
    quantity: String,
}

#[derive(Serialize)]
struct Unsure {
    key: String,
    question: String,
    taken: Option<String>,
}

impl Facts {
    /// Without a sample.
    pub(super) fn empty(written: &Path) -> Self {
        Self {
            written: written.to_owned(),
            sample: None,
        }
    }

    /// Of a sample, as it was read.
    pub(super) fn of(
        written: &Path,
        sample: &Sample,
        proposed: &Proposed,
        read: &StockReport,
        answers: &Answers,
    ) -> Self {
        let proposal = &proposed.proposal;
        let columns = proposal.columns.iter().map(|column| Column {
            name: column.name.clone(),
            meaning: column.meaning.map(str::to_owned),
            values: column.samples.clone(),
        });
        let first = read.rows.iter().take(MOST_SHOWN).map(|row| Row {
            sku: row.sku.to_string(),
            location: row.location.to_string(),
            quantity: row.quantity.to_string(),
        });
        let open = proposal.doubts.iter().filter(|doubt| !answers.contains_key(&doubt.key));
        let unsure = open.map(|doubt| Unsure {
            key: doubt.key.clone(),
            question: doubt.question.clone(),
            taken: doubt.choices.first().map(|(value, _)| value.clone()),
        });
        let found = Found {
            name: sample.name.clone(),
            kind: proposal.kind.to_owned(),
            format: proposal
                .format
                .iter()
                .map(|(key, value)| ((*key).to_owned(), value.clone()))
                .collect(),
            columns: columns.collect(),
            rows: read.rows.len(),
            locations: proposed.places.len().max(1),
            first: first.collect(),
            unsure: unsure.collect(),
        };
        Self {
            written: written.to_owned(),
            sample: Some(found),
        }
    }
}

/// The text.
pub(super) fn render(facts: &Facts) -> String {
    let file = facts.written.display();
    let sample = facts.sample.as_ref().map(found).unwrap_or_default();
    format!("{sample}wrote {file}\nnext: omnistock check -c {file}\n")
}

fn found(found: &Found) -> String {
    let mut said = vec![found.kind.clone()];
    said.extend(found.format.iter().map(|(key, value)| format!("{key} {value:?}")));
    let mut text = wrapped(&format!("{}: {}", found.name, said.join(", ")));
    text.extend([format!("{:26}  {:8}  FIRST VALUES\n", "COLUMN", "MEANS")]);
    for column in &found.columns {
        let (name, values) = (
            text::shortened(&column.name, 26),
            text::shortened(&column.values.join(", "), 42),
        );
        let meaning = column.meaning.as_deref().unwrap_or("-");
        text += format!("{name:26}  {meaning:8}  {values}").trim_end();
        text.push('\n');
    }
    let count = |value: usize, one, many| text::count(u64::try_from(value).unwrap_or(u64::MAX), one, many);
    let (rows, places) = (
        count(found.rows, "row", "rows"),
        count(found.locations, "location", "locations"),
    );
    text.extend([format!(
        "\nread as proposed: {rows}, {places}\n{:34}  {:26}  QUANTITY\n",
        "SKU", "LOCATION"
    )]);
    for row in &found.first {
        let (sku, location) = (text::shortened(&row.sku, 34), text::shortened(&row.location, 26));
        text.extend([format!(
            "{sku:34}  {location:26}  {:>8}\n",
            text::shortened(&row.quantity, 16)
        )]);
    }
    text.push('\n');
    for unsure in &found.unsure {
        let taken = unsure.taken.as_deref().unwrap_or("nothing");
        text += &wrapped(&format!("unsure: {}: {} Taken: {taken}", unsure.key, unsure.question));
    }
    text
}

fn wrapped(sentence: &str) -> String {
    text::lines(sentence, text::WIDTH, "  ")
        .into_iter()
        .map(|line| line + "\n")
        .collect()
}
