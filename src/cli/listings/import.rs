//! What an import changes, for people.

use super::super::{Failure, text};
use crate::server::{ImportView, MOST_IMPORTED, MappedView};
use std::path::Path;

/// Changes that are shown.
const SHOWN: usize = 20;

/// The table.
pub(super) fn read(file: &Path) -> Result<String, Failure> {
    let said = |what: String| Failure::usage(format!("{}: {what}", file.display()));
    let bytes = std::fs::read(file).map_err(|cause| said(cause.to_string()))?;
    // Quotes and line breaks are escaped on the way.
    if bytes.len() > MOST_IMPORTED / 5 * 4 {
        return Err(said("larger than 12 MiB: import it in parts".to_owned()));
    }
    String::from_utf8(bytes).map_err(|error| {
        let before = error
            .as_bytes()
            .get(..error.utf8_error().valid_up_to())
            .unwrap_or_default();
        let line = before.split(|byte| *byte == b'\n').count();
        said(format!("line {line} is not UTF-8: save the table as \"CSV UTF-8\""))
    })
}

fn sold(view: Option<&MappedView>) -> String {
    match view {
        None => "-".to_owned(),
        Some(one) if one.factor == omnistock_words::Quantity::ONE => one.sku.to_string(),
        Some(one) => format!("{} x {}", one.sku, one.factor),
    }
}

pub(super) fn render(answer: &ImportView) -> String {
    let changed = text::count(answer.changed, "listing changes", "listings change");
    let mut page = if answer.applied {
        format!("{changed}; the numbers follow once the orders are read\n")
    } else {
        format!("nothing written: {changed}\n")
    };
    let (same, blank) = (text::number(answer.same), text::number(answer.blank));
    page.extend([
        same.as_str(),
        " as it is already, ",
        &blank,
        " without a SKU left alone\n",
    ]);
    if answer.changes.is_empty() {
        return page;
    }
    let rows: Vec<Vec<String>> = answer
        .changes
        .iter()
        .take(SHOWN)
        .map(|change| {
            vec![
                text::shortened(change.channel.as_str(), 14),
                text::shortened(&change.listing, 16),
                text::shortened(&sold(change.before.as_ref()), 22),
                text::shortened(&sold(change.after.as_ref()), 22),
            ]
        })
        .collect();
    page += "\n";
    page += &text::table(&["CHANNEL", "LISTING", "BEFORE", "AFTER"], &rows, 4);
    let more = answer
        .changed
        .saturating_sub(u64::try_from(rows.len()).unwrap_or(u64::MAX));
    if more > 0 {
        page.extend(["and ", &text::number(more), " more\n"]);
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::{MappedBy, MappingChange};

    #[test]
    fn what_changes_is_a_table_with_before_and_after() {
        let sells = |sku: &str, factor: &str| {
            Some(MappedView {
                sku: sku.parse().unwrap(),
                factor: factor.parse().unwrap(),
                by: MappedBy::Import,
            })
        };
        let change = |listing: &str, before, after| MappingChange {
            channel: "shop".parse().unwrap(),
            listing: listing.to_owned(),
            before,
            after,
        };
        let mut answer = ImportView {
            applied: false,
            changed: 2,
            same: 20,
            blank: 1,
            changes: vec![
                change("1041", None, sells("MUG-RED", "6")),
                change("1042", sells("A", "1"), None),
            ],
        };
        let expected = "\
nothing written: 2 listings change
20 as it is already, 1 without a SKU left alone

CHANNEL  LISTING BEFORE AFTER
shop     1041    -      MUG-RED x 6
shop     1042    A      -
";
        assert_eq!(render(&answer), expected);
        (answer.applied, answer.changed) = (true, 1_002);
        assert!(render(&answer).ends_with("and 1,000 more\n"), "{}", render(&answer));
        let long = "9".repeat(90);
        answer.changes = vec![change(&long, sells(&long, "1000000.5"), sells(&long, "2"))];
        assert!(render(&answer).lines().all(|line| line.chars().count() <= 80));
        (answer.changes, answer.changed) = (Vec::new(), 0);
        assert_eq!(render(&answer).lines().count(), 2);
    }

    #[test]
    fn a_file_that_is_no_utf8_is_refused_with_its_line() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), b"channel,listing,sku,factor\nshop,1,M\xFCtze,1\n").unwrap();
        let failure = read(file.path()).unwrap_err();
        assert!(failure.message.contains("line 2 is not UTF-8"), "{failure}");
        assert!(read(&file.path().with_extension("gone")).is_err());
    }
}
