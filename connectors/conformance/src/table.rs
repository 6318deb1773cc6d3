//! `docs/connectors.md`: written from the results of a run, and compared with the result of each case.

use crate::{CASES, NOT_POSSIBLE};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

/// The result of a case that holds.
pub const HOLDS: &str = "holds";

pub(crate) const NOT_APPLICABLE: &str = "not applicable: ";

/// Names of files with a count of exchanges begin so.
const VALIDATED: &str = "validated-";

const HEAD: &str = "# What holds for each connector

Written by `cargo xtask conformance`, which asks every case of `connectors/conformance` of every connector against its
simulator. A case whose result is another one than stands here fails in `cargo xtask test`. `toy` is the connector of
`docs/writing-a-connector.md`. A column `(real server)` is of the vendor's own program, asked the same by `cargo xtask real`.

";

/// Results by case and kind.
pub type Results = BTreeMap<(String, String), String>;

/// The page in this repository.
pub fn page() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/connectors.md")
}

/// Writes one result down, in a file of its own: cases run in several processes at once.
pub fn note(folder: &Path, kind: &str, case: &str, result: &str) {
    std::fs::create_dir_all(folder).expect("the folder of results");
    std::fs::write(folder.join(format!("{kind}.{case}")), result).expect("a result");
}

/// So many exchanges of this kind held to the vendor's own definition; counted where the results are written down.
pub fn validated(kind: &str, exchanges: usize) {
    static LAST: AtomicUsize = AtomicUsize::new(0);
    let Some(folder) = std::env::var_os("OMNISTOCK_CONFORMANCE") else {
        return;
    };
    let number = LAST.fetch_add(1, Ordering::Relaxed);
    let name = format!("{VALIDATED}{kind}-{}-{number}", std::process::id());
    std::fs::create_dir_all(&folder).expect("the folder of results");
    std::fs::write(Path::new(&folder).join(name), exchanges.to_string()).expect("a count");
}

/// Exchanges that held to a vendor's own definition, by kind.
pub fn exchanges(folder: &Path) -> std::io::Result<BTreeMap<String, usize>> {
    let mut counts = BTreeMap::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let kind = name.strip_prefix(VALIDATED).and_then(|rest| rest.split('-').next());
        if let Some(kind) = kind {
            let count = std::fs::read_to_string(&path)?.parse().unwrap_or(0);
            *counts.entry(kind.to_owned()).or_insert(0) += count;
        }
    }
    Ok(counts)
}

/// All results of a folder.
pub fn read(folder: &Path) -> std::io::Result<Results> {
    let mut results = Results::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if let Some((kind, case)) = name.split_once('.') {
            results.insert((case.to_owned(), kind.to_owned()), std::fs::read_to_string(&path)?);
        }
    }
    Ok(results)
}

/// The page for these results.
pub fn render(results: &Results) -> String {
    let mut kinds: Vec<&str> = results.keys().map(|(_, kind)| kind.as_str()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let mut page = HEAD.to_owned();
    let result = |case: &str, kind: &str| {
        results
            .get(&(case.to_owned(), kind.to_owned()))
            .map_or("", String::as_str)
    };
    for kind in &kinds {
        let of_kind = || CASES.iter().map(|(_, case)| result(case, kind));
        let holds = of_kind().filter(|result| *result == HOLDS).count();
        let not = of_kind().filter(|result| result.starts_with(NOT_APPLICABLE)).count();
        let impossible = of_kind().filter(|result| result.starts_with(NOT_POSSIBLE)).count();
        let impossible = match impossible {
            0 => String::new(),
            count => format!(", {count} not possible there"),
        };
        writeln!(
            page,
            "- `{kind}`: {holds} of {} cases hold, {not} are not applicable{impossible}",
            CASES.len()
        )
        .expect("text");
    }
    writeln!(page, "\n| case | {} |", kinds.join(" | ")).expect("text");
    writeln!(page, "|---|{}", "---|".repeat(kinds.len())).expect("text");
    for (room, case) in CASES {
        let cells: Vec<&str> = kinds.iter().map(|kind| cell(result(case, kind))).collect();
        writeln!(page, "| {room}: {} | {} |", sentence(case), cells.join(" | ")).expect("text");
    }
    page.push_str("\n## Not applicable, and why\n");
    for kind in &kinds {
        writeln!(page, "\n### {kind}\n").expect("text");
        for line in reasons(kind, results) {
            page.push_str(&line);
        }
    }
    page
}

/// One line per reason, with the cases that it stands for.
fn reasons(kind: &str, results: &Results) -> Vec<String> {
    let mut by_reason: Vec<(&str, Vec<String>)> = Vec::new();
    for (_, case) in CASES {
        let result = results.get(&((*case).to_owned(), kind.to_owned()));
        let Some(reason) = result.and_then(|result| reason(result)) else {
            continue;
        };
        match by_reason.iter_mut().find(|(other, _)| *other == reason) {
            Some((_, cases)) => cases.push(sentence(case)),
            None => by_reason.push((reason, vec![sentence(case)])),
        }
    }
    let line = |(reason, cases): &(&str, Vec<String>)| format!("- {reason}: *{}*\n", cases.join("*, *"));
    by_reason.iter().map(line).collect()
}

/// Why a case doesn't hold, as the page says it.
fn reason(result: &str) -> Option<&str> {
    let impossible = result.starts_with(NOT_POSSIBLE).then_some(result);
    result.strip_prefix(NOT_APPLICABLE).or(impossible)
}

pub(crate) fn cell(result: &str) -> &str {
    if result == HOLDS {
        "holds"
    } else if result.starts_with(NOT_POSSIBLE) {
        "not possible"
    } else if result.starts_with(NOT_APPLICABLE) {
        "–"
    } else {
        "?"
    }
}

pub(crate) fn sentence(case: &str) -> String {
    case.replace('_', " ")
}

/// Fails where the page says something else of this case.
pub fn compare(kind: &str, case: &str, result: &str) {
    let page = std::fs::read_to_string(page()).unwrap_or_default();
    if let Some(difference) = difference(&page, kind, case, result) {
        panic!("docs/connectors.md is not that of this run: {difference}; run `cargo xtask conformance`");
    }
}

fn difference(page: &str, kind: &str, case: &str, result: &str) -> Option<String> {
    let cells = |line: &str| line.split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    let Some(head) = page.lines().find(|line| line.starts_with("| case |")).map(cells) else {
        return Some("it has no table".to_owned());
    };
    let Some(column) = head.iter().position(|name| name == kind) else {
        return Some(format!("it has no column `{kind}`"));
    };
    let name = format!(": {} |", sentence(case));
    let row = page.lines().find(|line| line.starts_with("| ") && line.contains(&name));
    let said = row.and_then(|row| cells(row).get(column).cloned()).unwrap_or_default();
    if said != cell(result) {
        return Some(format!("it says `{said}` where the result is `{result}`"));
    }
    let reason = reason(result)?;
    let section = page.split(&format!("### {kind}\n")).nth(1).unwrap_or_default();
    let section = section.split("###").next().unwrap_or_default();
    let told = section
        .lines()
        .any(|line| line.starts_with(&format!("- {reason}: ")) && line.contains(&format!("*{}*", sentence(case))));
    (!told).then(|| format!("it doesn't say of `{kind}`: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_agrees_with_the_results_it_was_made_of_and_with_no_others() {
        let (first, second) = (CASES[0].1, CASES[1].1);
        let why = format!("{NOT_APPLICABLE}there is none");
        let results = [(first, HOLDS), (second, why.as_str())]
            .map(|(case, result)| ((case.to_owned(), "toy".to_owned()), result.to_owned()));
        let page = render(&results.into_iter().collect());
        assert_eq!(difference(&page, "toy", first, HOLDS), None);
        assert_eq!(difference(&page, "toy", second, &why), None);
        assert!(
            difference("", "toy", first, HOLDS).is_some(),
            "a page that isn't there agrees with nothing"
        );
        for (kind, case, result) in [
            ("toy", first, why.as_str()),
            ("toy", second, HOLDS),
            ("toy", second, "not applicable: another reason"),
            ("other", first, HOLDS),
        ] {
            assert!(
                difference(&page, kind, case, result).is_some(),
                "{kind} {case} {result}"
            );
        }
    }
}
